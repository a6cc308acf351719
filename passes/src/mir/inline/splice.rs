//! The body of a function in place of a call.
//!
//! Promises: each copy has slots, blocks and values of its own, and the places of what it is a copy of; a value is handed
//! over directly where it has the type of the parameter, else through a block parameter. Leaves out: deciding.

use super::decide::{self, Decision};
use pbpf_core::entity::Table;
use pbpf_core::mir::{Block, BlockCall, FuncId, Function, Inst, Module, Op, Slot, Value};
use std::collections::BTreeMap;

/// Puts the bodies in place of the calls in `id` that were decided so; where it would grow past all measure the callee stays
/// a call, and its decision says so from here on.
pub(super) fn calls(module: &mut Module, id: FuncId, decisions: &mut Table<FuncId, Option<Decision>>) {
    let wanted = |op: &Op, decisions: &Table<FuncId, Option<Decision>>| match op {
        Op::Call { callee, .. } => {
            let decision = decisions.get(*callee).and_then(Option::as_ref);
            decision.filter(|d| d.inlined).map(|d| (*callee, d.forced))
        }
        _ => None,
    };
    let func = &module.functions[id];
    if !func.each_inst().any(|(_, i)| wanted(&func.insts[i].op, decisions).is_some()) {
        return;
    }
    let mut func = module.functions[id].clone();
    let mut size = decide::size(&func);
    let mut becomes: BTreeMap<Value, Value> = BTreeMap::new();
    // Blocks are added behind the one at hand, so the walk comes to the rest of it, and not to what was copied.
    let mut work: Vec<Block> = func.layout.iter().rev().copied().collect();
    while let Some(block) = work.pop() {
        let found = func.blocks[block].insts.iter().enumerate().find_map(|(at, inst)| {
            let (callee, forced) = wanted(&func.insts[*inst].op, decisions)?;
            let grown = size + decide::size(&module.functions[callee]);
            (forced || grown <= decide::MEASURE).then_some((at, *inst, callee, grown))
        });
        let Some((at, call, callee, grown)) = found else { continue };
        size = grown;
        work.push(splice(&mut func, block, at, call, &module.functions[callee], &mut becomes));
    }
    let end_of = |mut value: Value| {
        while let Some(next) = becomes.get(&value) {
            value = *next;
        }
        value
    };
    for inst in func.insts.values_mut() {
        inst.op.map_args(end_of);
    }
    module.functions[id] = func;
}

/// Puts the body of `callee` in place of the call at position `at` of `block`; gives the block that goes on behind it.
fn splice(
    func: &mut Function,
    block: Block,
    at: usize,
    call: Inst,
    callee: &Function,
    becomes: &mut BTreeMap<Value, Value>,
) -> Block {
    let Op::Call { args, .. } = func.insts[call].op.clone() else { return block };
    let span = func.insts[call].span;
    let rest = func.split_block(block, at);
    func.blocks[rest].insts.remove(0);
    if let Some(result) = func.insts[call].result {
        let ty = func.type_of(result);
        let param = func.add_block_param(rest, ty);
        becomes.insert(result, param);
    }
    let copy = copy(func, block, rest, callee);
    let mut handed = BlockCall { block: rest, args: Vec::new() };
    if let Some(entry) = callee.entry() {
        handed.block = copy.blocks.get(&entry).copied().unwrap_or(rest);
        for (param, arg) in callee.blocks[entry].params.iter().zip(&args) {
            let Some(&inner) = copy.values.get(param) else { continue };
            if func.type_of(inner) == func.type_of(*arg) {
                becomes.insert(inner, *arg);
            } else {
                func.blocks[handed.block].params.push(inner);
                handed.args.push(*arg);
            }
        }
    }
    let jump = func.make_inst(Op::Jump(handed), None, span);
    func.blocks[block].insts.push(jump);
    rest
}

/// What became of the parts of the callee.
struct Copy {
    blocks: BTreeMap<Block, Block>,
    values: BTreeMap<Value, Value>,
}

/// Copies blocks, slots and instructions; a return goes to `rest`. Parameters of the entry have values and are no
/// parameters yet.
fn copy(func: &mut Function, before: Block, rest: Block, callee: &Function) -> Copy {
    let slots: Vec<Slot> = callee.slots.values().map(|slot| func.slots.push(slot.clone())).collect();
    let mut copy = Copy { blocks: BTreeMap::new(), values: BTreeMap::new() };
    let mut last = before;
    let mut copies: Vec<(Inst, Inst)> = Vec::new();
    for &old in &callee.layout {
        last = func.add_block_after(last);
        copy.blocks.insert(old, last);
        for param in &callee.blocks[old].params {
            let value = func.add_block_param(last, callee.type_of(*param));
            copy.values.insert(*param, value);
        }
        if Some(old) == callee.entry() {
            func.blocks[last].params.clear();
        }
        for &inst in &callee.blocks[old].insts {
            let data = &callee.insts[inst];
            let new = func.make_inst(data.op.clone(), data.result.map(|v| callee.type_of(v)), data.span);
            if let (Some(result), Some(value)) = (data.result, func.insts[new].result) {
                copy.values.insert(result, value);
            }
            func.blocks[last].insts.push(new);
            copies.push((inst, new));
        }
    }
    for (_, new) in copies {
        let mut op = func.insts[new].op.clone();
        op.map_args(|v| copy.values.get(&v).copied().unwrap_or(v));
        for target in op.targets_mut() {
            target.block = copy.blocks.get(&target.block).copied().unwrap_or(target.block);
        }
        if let Op::SlotAddr(slot) | Op::SlotLive(slot) | Op::SlotDead(slot) = &mut op {
            *slot = slots.get(pbpf_core::entity::Entity::index(*slot)).copied().unwrap_or(*slot);
        }
        if let Op::Return(value) = op {
            let wanted = func.blocks[rest].params.len();
            let args = value.into_iter().take(wanted).collect();
            op = Op::Jump(BlockCall { block: rest, args });
        }
        func.insts[new].op = op;
    }
    copy
}

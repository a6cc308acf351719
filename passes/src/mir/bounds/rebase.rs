//! Pointers that move on in a loop by a variable.
//!
//! ```text
//! Before                                   After
//!   block1(v1: ptr.packet):                  block1(v5: i64):
//!                                              v1 = ptr_add v0, v5  ; v0: the start of the data
//!     v3 = ptr_add v1, v2                      v3 = ptr_add v1, v2
//!                                              v6 = ptr_sub v3, v0
//!     jump block1(v3)                          jump block1(v6)
//! ```
//!
//! Promises: the pointer is the same in each round; its offset is a number that can be held against a limit. Leaves out:
//! pointers that move on by constants, which the verifier follows round by round.
//!
//! Why: the verifier adds the greatest step in each round to the greatest offset so far, and past 0xffff it learns
//! nothing from comparisons any more: `invalid access to packet, off=0 size=1, R1(id=3,off=0,r=0)`.

use super::GivenBy;
use pbpf_core::mir::analysis::{Cfg, Dominators, Loops};
use pbpf_core::mir::{Block, Builder, Function, Inst, Op, Region, Type, Value, ValueDef};

/// Rewrites such pointers; gives the parameters that could not be.
pub(super) fn rebase(func: &mut Function, fields: &GivenBy, moves: bool) -> Vec<(Value, Inst)> {
    let mut left = Vec::new();
    let cfg = Cfg::new(func);
    let dominators = Dominators::new(func, &cfg);
    let loops = Loops::new(&cfg, &dominators);
    let mut headers: Vec<(Block, Vec<Block>)> =
        loops.loops.values().map(|l| (l.header, l.latches.clone())).collect();
    headers.sort_by_key(|(header, _)| cfg.position(*header));
    for (header, latches) in headers {
        for param in func.blocks[header].params.clone() {
            if func.type_of(param) != Type::ptr(Region::Packet) {
                continue;
            }
            let Some(step) = variable_step(func, header, &latches, param) else { continue };
            let data = start(func, fields, &dominators, header).filter(|_| !moves);
            match data {
                Some(data) if comes_from(func, &cfg, header, &latches, param, data, fields) => {
                    replace(func, &cfg, header, param, data);
                }
                _ => left.push((param, step)),
            }
        }
    }
    left
}

/// What a latch hands over to a parameter.
fn handed(func: &Function, from: Block, header: Block, param: Value) -> Vec<Value> {
    let Some(at) = func.blocks[header].params.iter().position(|p| *p == param) else { return Vec::new() };
    let Some(terminator) = func.terminator(from) else { return Vec::new() };
    let calls = func.insts[terminator].op.targets().into_iter().filter(|c| c.block == header);
    calls.filter_map(|c| c.args.get(at).copied()).collect()
}

/// The pointers that one was made from, itself first, with the instruction that added a variable, if there is one.
fn ancestors(func: &Function, mut value: Value) -> (Value, Option<Inst>) {
    let mut variable = None;
    for _ in 0..256 {
        let ValueDef::Inst(inst) = func.values[value].def else { break };
        match func.insts[inst].op {
            Op::PtrAdd(base, by) => {
                if func.constant(by).is_none() {
                    variable = Some(inst);
                }
                value = base;
            }
            Op::FieldAddr { base, .. } | Op::Refine(base) | Op::Unary(_, base) => value = base,
            _ => break,
        }
    }
    (value, variable)
}

/// The instruction that adds a variable to the parameter on the way round.
fn variable_step(func: &Function, header: Block, latches: &[Block], param: Value) -> Option<Inst> {
    let args = latches.iter().flat_map(|l| handed(func, *l, header, param));
    let mut work: Vec<Value> = args.collect();
    let mut seen = Vec::new();
    while let Some(value) = work.pop() {
        let (root, variable) = ancestors(func, value);
        if variable.is_some() {
            return variable;
        }
        // Ways may join before they go round.
        if root != param && !seen.contains(&root) {
            seen.push(root);
            if let ValueDef::Param(block) = func.values[root].def {
                for &pred in &func.predecessors()[block] {
                    work.extend(handed(func, pred, block, root));
                }
            }
        }
    }
    None
}

/// The start of the data, read where it reaches the header.
fn start(func: &Function, fields: &GivenBy, dominators: &Dominators, header: Block) -> Option<Value> {
    func.each_inst()
        .filter(|(_, inst)| GivenBy::reads(func, &func.insts[*inst].op, fields.data.as_ref()))
        .filter_map(|(_, inst)| func.insts[inst].result)
        .filter(|value| func.type_of(*value) == Type::ptr(Region::Packet))
        .find(|value| dominators.is_defined_at(func, *value, header, 0))
}

/// Whether all that is handed to the parameter is made from the start of the data, or from the parameter itself.
fn comes_from(
    func: &Function,
    cfg: &Cfg,
    header: Block,
    latches: &[Block],
    param: Value,
    data: Value,
    fields: &GivenBy,
) -> bool {
    let is_start = |v: Value| {
        v == data || func.def(v).is_some_and(|d| GivenBy::reads(func, &d.op, fields.data.as_ref()))
    };
    cfg.predecessors(header).iter().all(|pred| {
        handed(func, *pred, header, param).into_iter().all(|arg| {
            let (root, _) = ancestors(func, arg);
            is_start(root)
                || (latches.contains(pred)
                    && (root == param || matches!(func.values[root].def, ValueDef::Param(_))))
        })
    })
}

fn replace(func: &mut Function, cfg: &Cfg, header: Block, param: Value, data: Value) {
    let Some(at) = func.blocks[header].params.iter().position(|p| *p == param) else { return };
    let span = func.blocks[header].insts.first().map_or(func.span, |i| func.insts[*i].span);
    for &pred in cfg.predecessors(header) {
        let Some(terminator) = func.terminator(pred) else { continue };
        let mut op = func.insts[terminator].op.clone();
        let last = func.blocks[pred].insts.len() - 1;
        let mut b = Builder::before(func, pred, last, span);
        for call in op.targets_mut().into_iter().filter(|c| c.block == header) {
            if let Some(arg) = call.args.get_mut(at) {
                *arg = b.op(Op::PtrSub([*arg, data]));
            }
        }
        func.insts[terminator].op = op;
    }
    let offset = func.add_block_param(header, Type::I64);
    func.blocks[header].params.pop();
    func.blocks[header].params[at] = offset;
    let inst = func.make_inst(Op::PtrAdd(data, offset), None, span);
    func.insts[inst].result = Some(param);
    func.values[param].def = ValueDef::Inst(inst);
    func.blocks[header].insts.insert(0, inst);
}

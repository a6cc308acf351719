//! From where to where slots are needed.
//!
//! Promises: a slot is marked live once, at a place that dominates all its uses, and dead on each way behind the last; what
//! it holds is never lost between two uses. Leaves out: slots that have marks already.

use pbpf_core::entity::{Entity, Table};
use pbpf_core::mir::analysis::{Cfg, Dominators, Loops, SlotLiveness};
use pbpf_core::mir::{Block, Function, Inst, Op, Region, Slot, Value};
use std::collections::BTreeSet;

/// Marks the slots of `func` that have no marks.
pub(super) fn mark(func: &mut Function) {
    let cfg = Cfg::new(func);
    let dominators = Dominators::new(func, &cfg);
    let loops = Loops::new(&cfg, &dominators);
    let marked = SlotLiveness::new(func, &cfg);
    let mut marks: Vec<(Block, usize, Op)> = Vec::new();
    for slot in func.slots.keys().filter(|s| !marked.is_marked(*s)) {
        let Some(uses) = uses(func, &cfg, slot) else { continue };
        if let Some(found) = range(func, &cfg, &dominators, &loops, slot, &uses) {
            marks.extend(found);
        }
    }
    // From behind, so that positions stay right; of marks at one place, the dead first.
    marks.sort_by_key(|(block, at, op)| (*block, *at, matches!(op, Op::SlotLive(_))));
    for (block, at, op) in marks.into_iter().rev() {
        let insts = &func.blocks[block].insts;
        let near = insts.get(at).or(insts.last());
        let span = near.map_or(func.span, |i| func.insts[*i].span);
        let mark = func.make_inst(op, None, span);
        func.blocks[block].insts.insert(at, mark);
    }
}

/// Where the slot is used, by block and position; none if its address gets out of sight.
fn uses(func: &Function, cfg: &Cfg, slot: Slot) -> Option<BTreeSet<(usize, Block, usize)>> {
    let mut derived: BTreeSet<Value> = BTreeSet::new();
    let mut found = BTreeSet::new();
    let mut changed = true;
    while changed {
        changed = false;
        for &block in cfg.reverse_post_order() {
            let order = cfg.position(block).unwrap_or(usize::MAX);
            for (at, &inst) in func.blocks[block].insts.iter().enumerate() {
                let op = &func.insts[inst].op;
                if matches!(op, Op::SlotAddr(s) if *s == slot) {
                    changed |= func.insts[inst].result.is_some_and(|r| derived.insert(r));
                    continue;
                }
                if !op.args().iter().any(|v| derived.contains(v)) {
                    continue;
                }
                // A comparison or a sum touches nothing, but keeping it inside costs nothing either.
                found.insert((order, block, at));
                match op {
                    Op::Store { value, .. } | Op::Atomic { value, .. } if derived.contains(value) => {
                        return None;
                    }
                    Op::PtrToInt(_) | Op::PtrSub(_) | Op::Return(_) => return None,
                    Op::PtrAdd(..)
                    | Op::FieldAddr { .. }
                    | Op::Refine(_)
                    | Op::Select(..)
                    | Op::Unary(..) => {
                        changed |= func.insts[inst].result.is_some_and(|r| derived.insert(r));
                    }
                    Op::CallHelper { .. } | Op::CallKfunc { .. } | Op::Call { .. } => {
                        // What it gives may point into the slot.
                        let into = |r: Value| {
                            matches!(
                                func.type_of(r).region(),
                                Some(Region::Stack | Region::Mem | Region::Dynptr)
                            )
                        };
                        let result = func.insts[inst].result.filter(|r| into(*r));
                        changed |= result.is_some_and(|r| derived.insert(r));
                    }
                    _ => {}
                }
                for call in op.targets() {
                    for (param, arg) in func.blocks[call.block].params.iter().zip(&call.args) {
                        if derived.contains(arg) {
                            changed |= derived.insert(*param);
                        }
                    }
                }
            }
        }
    }
    Some(found)
}

type Mark = (Block, usize, Op);

fn range(
    func: &Function,
    cfg: &Cfg,
    dominators: &Dominators,
    loops: &Loops,
    slot: Slot,
    uses: &BTreeSet<(usize, Block, usize)>,
) -> Option<Vec<Mark>> {
    let blocks: BTreeSet<Block> = uses.iter().map(|(_, b, _)| *b).collect();
    let mut start = *blocks.iter().next()?;
    for &block in &blocks {
        while !dominators.dominates(start, block) {
            start = dominators.immediate(start)?;
        }
    }
    let position = |block: Block| {
        let first = uses.iter().filter(|(_, b, _)| *b == block).map(|(_, _, at)| *at).min();
        // Without a use in it the block only leads on to them.
        first.unwrap_or(func.blocks[block].insts.len().saturating_sub(1))
    };
    // Where a round reads what the round before has written, the slot lives around the loop.
    while let Some(id) = loops.innermost(start) {
        if !is_read_first(func, cfg, slot, uses, start, position(start)) {
            break;
        }
        start = dominators.immediate(loops.loops[id].header)?;
    }
    let at = position(start);
    let mut marks = vec![(start, at, Op::SlotLive(slot))];
    // Whether a use can still come where a block begins, without passing the start again.
    let mut needed: Table<Block, bool> = func.blocks.keys().map(|_| false).collect();
    let inside = |block: Block| dominators.dominates(start, block);
    let mut changed = true;
    while changed {
        changed = false;
        for &block in cfg.reverse_post_order().iter().rev().filter(|b| inside(**b) && **b != start) {
            let now = blocks.contains(&block)
                || cfg.successors(block).iter().any(|s| *s != start && inside(*s) && needed[*s]);
            changed |= now != std::mem::replace(&mut needed[block], now);
        }
    }
    for &block in cfg.reverse_post_order().iter().filter(|b| inside(**b)) {
        let successors = cfg.successors(block);
        let out = successors.iter().any(|s| *s != start && inside(*s) && needed[*s]);
        let here = block == start || needed[block];
        if !here {
            continue;
        }
        if out {
            for &succ in successors.iter().filter(|s| **s != start && !(inside(**s) && needed[**s])) {
                marks.push((succ, 0, Op::SlotDead(slot)));
            }
            continue;
        }
        let last = uses.iter().filter(|(_, b, _)| *b == block).map(|(_, _, at)| *at).max();
        let Some(last) = last else { continue };
        // A terminator that uses it hands it on, and is the last use itself.
        let end = (last + 1).min(func.blocks[block].insts.len().saturating_sub(1));
        marks.push((block, end.max(at * usize::from(block == start)), Op::SlotDead(slot)));
    }
    marks.sort_by_key(|(block, at, op)| (block.index(), *at, matches!(op, Op::SlotDead(_))));
    marks.dedup();
    Some(marks)
}

/// Whether some way from a place leads to a use of the slot before all of it was written.
fn is_read_first(
    func: &Function,
    cfg: &Cfg,
    slot: Slot,
    uses: &BTreeSet<(usize, Block, usize)>,
    start: Block,
    at: usize,
) -> bool {
    // By block: whether the first use in it, if any, writes all.
    let first = |block: Block, from: usize| -> Option<bool> {
        let use_at =
            uses.iter().filter(|(_, b, at)| *b == block && *at >= from).map(|(_, _, at)| *at).min()?;
        Some(writes_all(func, slot, func.blocks[block].insts[use_at]))
    };
    let (mut work, mut seen) = (vec![(start, at)], BTreeSet::new());
    while let Some((block, from)) = work.pop() {
        match first(block, from) {
            Some(true) => {}
            Some(false) => return true,
            None => work.extend(cfg.successors(block).iter().filter(|s| seen.insert(**s)).map(|s| (*s, 0))),
        }
    }
    false
}

fn writes_all(func: &Function, slot: Slot, inst: Inst) -> bool {
    let size = func.slots[slot].size;
    let is_slot = |v: Value| matches!(func.def(v).map(|d| &d.op), Some(Op::SlotAddr(s)) if *s == slot);
    match &func.insts[inst].op {
        Op::MemSet { dst, len, .. } => is_slot(*dst) && *len >= size,
        Op::MemCopy { dst, src, len } => is_slot(*dst) && !is_slot(*src) && *len >= size,
        Op::Store { ptr, offset: 0, value } => is_slot(*ptr) && func.type_of(*value).bytes() >= size,
        _ => false,
    }
}

//! The loop that is taken out: its blocks, and the ways into it and out of it.
//!
//! Promises: the header tells at its end whether there is an entry. Leaves out: values.

use pbpf_core::mir::analysis::{Cfg, Dominators, Loops};
use pbpf_core::mir::{Block, BlockCall, Builder, Cond, Function, Inst, MapId, Op, Value, ValueDef};
use pbpf_core::source::Span;

/// A way out of a loop, other than its end.
#[derive(Clone, Debug)]
pub(super) struct Exit {
    /// The block that leaves.
    pub(super) from: Block,
    /// Which of its targets.
    pub(super) at: usize,
    /// Where to.
    pub(super) target: BlockCall,
}

/// A loop over the entries of a map.
#[derive(Clone, Debug)]
pub(super) struct Region {
    pub(super) map: MapId,
    pub(super) header: Block,
    /// The `map_entry`.
    pub(super) entry: Inst,
    /// Its result.
    pub(super) found: Value,
    /// All blocks, in reverse post-order; the header first.
    pub(super) blocks: Vec<Block>,
    /// Where the header goes with an entry.
    pub(super) body: BlockCall,
    /// Where it goes without one.
    pub(super) end: BlockCall,
    pub(super) exits: Vec<Exit>,
    pub(super) span: Span,
}

impl Region {
    /// The outermost loop over a map of a function; an error with its place if it has no such form.
    pub(super) fn next(func: &mut Function) -> Option<Result<Region, Span>> {
        let cfg = Cfg::new(func);
        let found = cfg.reverse_post_order().iter().find_map(|block| {
            let insts = &func.blocks[*block].insts;
            let at = insts.iter().position(|i| matches!(func.insts[*i].op, Op::MapEntry { .. }))?;
            Some((*block, at, insts[at]))
        });
        let (block, at, entry) = found?;
        let Op::MapEntry { map, position } = func.insts[entry].op else { return None };
        let span = func.insts[entry].span;
        let counted = matches!(func.values[position].def, ValueDef::Param(at) if at == block);
        let dominators = Dominators::new(func, &cfg);
        let loops = Loops::new(&cfg, &dominators);
        let natural = loops.loops.values().find(|l| l.header == block && counted).map(|l| l.blocks.clone());
        let (header, blocks) = match natural {
            Some(blocks) => (block, blocks),
            // A body that always leaves is no loop any more.
            None => {
                let header = func.split_block(block, at);
                Builder::at_end(func, block, span).jump(header);
                (header, vec![header])
            }
        };
        Some(Self::read(func, map, header, entry, blocks).ok_or(span))
    }

    fn read(func: &Function, map: MapId, header: Block, entry: Inst, blocks: Vec<Block>) -> Option<Region> {
        let found = func.insts[entry].result?;
        let Op::Branch { cond, then, otherwise } = &func.insts[func.terminator(header)?].op else {
            return None;
        };
        let Op::Icmp(cond, [a, b]) = func.def(*cond)?.op else { return None };
        let null = |v: Value| func.def(v).is_some_and(|d| d.op == Op::Null);
        if !((a == found && null(b)) || (b == found && null(a))) {
            return None;
        }
        let (body, end) = match cond {
            Cond::Ne => (then.clone(), otherwise.clone()),
            Cond::Eq => (otherwise.clone(), then.clone()),
            _ => return None,
        };
        if blocks.contains(&end.block) {
            return None;
        }
        // Nothing but the entry is asked for before it is known to be there.
        let quiet =
            |i: &Inst| *i == entry || !func.insts[*i].op.has_effect() || func.insts[*i].op.is_terminator();
        if !func.blocks[header].insts.iter().all(quiet) {
            return None;
        }
        let mut exits = Vec::new();
        for &from in &blocks {
            let op = &func.insts[func.terminator(from)?].op;
            for (at, target) in op.targets().into_iter().enumerate() {
                let is_end = from == header && (at == 0) != (cond == Cond::Ne);
                if !is_end && !blocks.contains(&target.block) {
                    exits.push(Exit { from, at, target: target.clone() });
                }
            }
        }
        let span = func.insts[entry].span;
        Some(Region { map, header, entry, found, blocks, body, end, exits, span })
    }

    /// Where a pointer that one round hands to the next is moved.
    pub(super) fn moving(&self, func: &Function) -> Option<Span> {
        let params = &func.blocks[self.header].params;
        for block in &self.blocks {
            let Some(terminator) = func.terminator(*block) else { continue };
            for target in func.insts[terminator].op.targets() {
                if target.block != self.header {
                    continue;
                }
                for (param, next) in params.iter().zip(&target.args) {
                    let mut at = *next;
                    while let Some(data) = func.def(at) {
                        let (Op::PtrAdd(base, _) | Op::FieldAddr { base, .. } | Op::Refine(base)) = data.op
                        else {
                            break;
                        };
                        if base == *param {
                            return Some(data.span);
                        }
                        at = base;
                    }
                }
            }
        }
        None
    }

    /// The blocks outside that go to the header.
    pub(super) fn entrances(&self, func: &Function) -> Vec<Block> {
        let all = func.predecessors();
        all[self.header].iter().copied().filter(|p| !self.blocks.contains(p)).collect()
    }

    /// Whether a value is made inside.
    pub(super) fn makes(&self, func: &Function, value: Value) -> bool {
        self.maker(func, value).is_some()
    }

    /// The block inside that makes a value.
    pub(super) fn maker(&self, func: &Function, value: Value) -> Option<Block> {
        match func.values[value].def {
            ValueDef::Param(block) => Some(block).filter(|b| self.blocks.contains(b)),
            ValueDef::Inst(inst) => {
                self.blocks.iter().copied().find(|b| func.blocks[*b].insts.contains(&inst))
            }
        }
    }
}

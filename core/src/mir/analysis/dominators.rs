//! The dominator tree of a function.
//!
//! Promises: a question costs constant time. A block dominates itself; an unreachable block dominates nothing else and
//! is dominated by nothing else. Leaves out: post-dominators and frontiers.
//!
//! The tree is made by iterating in reverse post-order until nothing changes (Cooper, Harvey, Kennedy: "A Simple, Fast
//! Dominance Algorithm").

use super::Cfg;
use crate::entity::{Entity, Table};
use crate::mir::{Block, Function, Inst, Value, ValueDef};

/// The dominator tree of a function.
#[derive(Clone, Debug)]
pub struct Dominators {
    /// The immediate dominator; none for the entry and for unreachable blocks.
    parent: Table<Block, Option<Block>>,
    /// Children in reverse post-order.
    children: Table<Block, Vec<Block>>,
    /// When a walk of the tree enters and leaves the block; none for unreachable blocks.
    interval: Table<Block, Option<(u32, u32)>>,
    /// The block of each instruction of the layout and its position there.
    place: Table<Inst, Option<(Block, u32)>>,
}

impl Dominators {
    /// The tree of `func`, whose graph is `cfg`.
    pub fn new(func: &Function, cfg: &Cfg) -> Self {
        let order = cfg.reverse_post_order();
        // By position in the order; the entry is its own parent while iterating.
        let mut idom: Vec<Option<usize>> = vec![None; order.len()];
        if let Some(first) = idom.first_mut() {
            *first = Some(0);
        }
        let mut changed = true;
        while changed {
            changed = false;
            for (i, &block) in order.iter().enumerate().skip(1) {
                let mut best: Option<usize> = None;
                for pred in cfg.predecessors(block).iter().filter_map(|p| cfg.position(*p)) {
                    if idom[pred].is_some() {
                        best = Some(best.map_or(pred, |b| meet(&idom, b, pred)));
                    }
                }
                if best != idom[i] {
                    idom[i] = best;
                    changed = true;
                }
            }
        }
        let empty = || (0..cfg.table_len()).map(|_| None);
        let mut parent: Table<Block, Option<Block>> = empty().collect();
        let mut children: Table<Block, Vec<Block>> = (0..cfg.table_len()).map(|_| Vec::new()).collect();
        for (i, &block) in order.iter().enumerate().skip(1) {
            if let Some(above) = idom[i].map(|p| order[p]) {
                parent[block] = Some(above);
                children[above].push(block);
            }
        }
        let interval = walk(cfg, &children);
        let mut place: Table<Inst, Option<(Block, u32)>> = func.insts.keys().map(|_| None).collect();
        for &block in &func.layout {
            let insts = func.blocks.get(block).map_or(&[][..], |b| b.insts.as_slice());
            for (at, inst) in insts.iter().enumerate() {
                if let Some(slot) = place.get_mut(*inst) {
                    *slot = Some((block, at as u32));
                }
            }
        }
        Self { parent, children, interval, place }
    }

    /// The nearest other block that dominates `block`.
    pub fn immediate(&self, block: Block) -> Option<Block> {
        self.parent.get(block).copied().flatten()
    }

    /// The blocks whose immediate dominator is `block`, in reverse post-order.
    pub fn children(&self, block: Block) -> &[Block] {
        self.children.get(block).map_or(&[], Vec::as_slice)
    }

    /// Whether every way from the entry to `b` goes through `a`; true where they are the same.
    pub fn dominates(&self, a: Block, b: Block) -> bool {
        if a == b {
            return true;
        }
        let at = |x: Block| self.interval.get(x).copied().flatten();
        match (at(a), at(b)) {
            (Some((a_in, a_out)), Some((b_in, b_out))) => a_in <= b_in && b_out <= a_out,
            _ => false,
        }
    }

    /// The block and the position of an instruction; none if it is dead.
    pub fn place(&self, inst: Inst) -> Option<(Block, usize)> {
        self.place.get(inst).copied().flatten().map(|(b, at)| (b, at as usize))
    }

    /// Whether `value` of `func` is defined on every way to position `at` of `block` (before it).
    pub fn is_defined_at(&self, func: &Function, value: Value, block: Block, at: usize) -> bool {
        match func.values.get(value).map(|v| v.def) {
            Some(ValueDef::Param(owner)) => self.dominates(owner, block),
            Some(ValueDef::Inst(inst)) => match self.place(inst) {
                Some((owner, defined)) if owner == block => defined < at,
                Some((owner, _)) => self.dominates(owner, block),
                None => false,
            },
            None => false,
        }
    }
}

fn meet(idom: &[Option<usize>], mut a: usize, mut b: usize) -> usize {
    while a != b {
        let (low, high) = (a.min(b), a.max(b));
        // The position of an immediate dominator is always smaller, so this ends at the entry at the latest.
        (a, b) = (low, idom[high].unwrap_or(0));
    }
    a
}

fn walk(cfg: &Cfg, children: &Table<Block, Vec<Block>>) -> Table<Block, Option<(u32, u32)>> {
    let mut interval: Table<Block, Option<(u32, u32)>> = children.keys().map(|_| None).collect();
    let mut clock = 0u32;
    let mut stack: Vec<(Block, u32, usize)> = cfg.entry().map(|e| (e, 0, 0)).into_iter().collect();
    while let Some((block, entered, next)) = stack.last_mut() {
        if let Some(&child) = children[*block].get(*next) {
            *next += 1;
            clock += 1;
            stack.push((child, clock, 0));
        } else {
            interval[*block] = Some((*entered, clock));
            stack.pop();
        }
    }
    debug_assert!(cfg.entry().is_none_or(|e| e.index() < interval.len()));
    interval
}

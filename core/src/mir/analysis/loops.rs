//! The natural loops of a function.
//!
//! Promises: one loop a header; outer loops before the loops inside them. A cycle whose entry does not dominate it
//! (irreducible) is no loop and is told apart, so that who needs bounded loops can refuse it.
//! Leaves out: how often a loop runs.

use super::{Cfg, Dominators};
use crate::entity;
use crate::entity::{Entity, Table};
use crate::mir::Block;

entity! {
    /// A loop of [`Loops`].
    LoopId, "loop"
}

/// A natural loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loop {
    /// The one block through which it is entered.
    pub header: Block,
    /// The blocks that go back to the header.
    pub latches: Vec<Block>,
    /// All blocks, in reverse post-order; the header first.
    pub blocks: Vec<Block>,
    /// The edges out of it: from a block inside to one outside.
    pub exits: Vec<(Block, Block)>,
    /// The loop around it.
    pub parent: Option<LoopId>,
    /// 1 for an outermost loop.
    pub depth: u32,
}

/// The loops of a function.
#[derive(Clone, Debug)]
pub struct Loops {
    /// Outer before inner; those of one depth by header in reverse post-order.
    pub loops: Table<LoopId, Loop>,
    /// Edges against the order whose target does not dominate their source: each closes an irreducible cycle.
    pub irreducible: Vec<(Block, Block)>,
    innermost: Table<Block, Option<LoopId>>,
}

impl Loops {
    /// The loops in `cfg`.
    pub fn new(cfg: &Cfg, dominators: &Dominators) -> Self {
        let order = cfg.reverse_post_order();
        let mut irreducible = Vec::new();
        let mut latches: Vec<Vec<Block>> = vec![Vec::new(); order.len()];
        for (from_at, &from) in order.iter().enumerate() {
            for &to in cfg.successors(from) {
                let Some(to_at) = cfg.position(to).filter(|at| *at <= from_at) else { continue };
                if dominators.dominates(to, from) {
                    latches[to_at].push(from);
                } else {
                    irreducible.push((from, to));
                }
            }
        }
        let mut loops: Table<LoopId, Loop> = Table::new();
        let mut innermost: Table<Block, Option<LoopId>> = (0..cfg.table_len()).map(|_| None).collect();
        // The header of an outer loop comes first in the order, so the last loop that claims a block is its innermost.
        let mut claimed = vec![None; cfg.table_len()];
        for (at, latches) in latches.into_iter().enumerate().filter(|(_, l)| !l.is_empty()) {
            let header = order[at];
            let blocks = body(cfg, header, &latches, &mut claimed);
            let parent = innermost[header];
            let depth = 1 + parent.map_or(0, |p: LoopId| loops[p].depth);
            let id = loops.next_key();
            for &block in &blocks {
                innermost[block] = Some(id);
            }
            loops.push(Loop { header, latches, blocks, exits: Vec::new(), parent, depth });
        }
        for l in loops.values_mut() {
            let inside = |b: &Block| l.blocks.binary_search_by_key(&cfg.position(*b), |x| cfg.position(*x));
            for &from in &l.blocks {
                for to in cfg.successors(from) {
                    if inside(to).is_err() {
                        l.exits.push((from, *to));
                    }
                }
            }
        }
        Self { loops, irreducible, innermost }
    }

    /// The innermost loop that holds `block`.
    pub fn innermost(&self, block: Block) -> Option<LoopId> {
        self.innermost.get(block).copied().flatten()
    }

    /// Whether `block` is in loop `id`.
    pub fn contains(&self, id: LoopId, block: Block) -> bool {
        let mut at = self.innermost(block);
        while let Some(l) = at {
            if l == id {
                return true;
            }
            at = self.loops[l].parent;
        }
        false
    }

    /// How many loops are around `block`.
    pub fn depth(&self, block: Block) -> u32 {
        self.innermost(block).map_or(0, |l| self.loops[l].depth)
    }
}

/// The blocks that reach a latch without passing the header, and the header. `claimed` holds the last header that
/// each block was found for.
fn body(cfg: &Cfg, header: Block, latches: &[Block], claimed: &mut [Option<Block>]) -> Vec<Block> {
    let mut list = Vec::new();
    let mut work: Vec<Block> = vec![header];
    work.extend(latches);
    while let Some(block) = work.pop() {
        let mark = &mut claimed[block.index()];
        if cfg.is_reachable(block) && *mark != Some(header) {
            *mark = Some(header);
            list.push(block);
            if block != header {
                work.extend(cfg.predecessors(block));
            }
        }
    }
    list.sort_by_key(|b| cfg.position(*b));
    list
}

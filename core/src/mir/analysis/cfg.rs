//! The control-flow graph of a function: successors, predecessors and reverse post-order.
//!
//! Promises: lists are in the order of the terminator and of the layout; each edge once. Blocks that the entry does not
//! reach are in no order. Leaves out: edges to blocks that do not exist, which the verifier reports.

use crate::entity::{Entity, Table};
use crate::mir::{Block, Function};

/// The control-flow graph of a function.
#[derive(Clone, Debug)]
pub struct Cfg {
    successors: Table<Block, Vec<Block>>,
    predecessors: Table<Block, Vec<Block>>,
    order: Vec<Block>,
    position: Table<Block, Option<u32>>,
}

impl Cfg {
    /// The graph of `func`.
    pub fn new(func: &Function) -> Self {
        let none = || func.blocks.keys().map(|_| Vec::new()).collect::<Table<Block, Vec<Block>>>();
        let (mut successors, mut predecessors) = (none(), none());
        for &block in &func.layout {
            if func.blocks.get(block).is_none() {
                continue;
            }
            let mut list: Vec<Block> = Vec::new();
            for succ in func.successors(block) {
                // A switch may name one block many times; `predecessors` sees blocks in order, so its end tells.
                if func.blocks.get(succ).is_some() && predecessors[succ].last() != Some(&block) {
                    predecessors[succ].push(block);
                    list.push(succ);
                }
            }
            successors[block] = list;
        }
        let order = reverse_post_order(func.entry(), &successors);
        let mut position: Table<Block, Option<u32>> = func.blocks.keys().map(|_| None).collect();
        for (i, &block) in order.iter().enumerate() {
            position[block] = Some(i as u32);
        }
        Self { successors, predecessors, order, position }
    }

    /// The entry block, if the function has one.
    pub fn entry(&self) -> Option<Block> {
        self.order.first().copied()
    }

    /// The blocks that `block` may go to, each once.
    pub fn successors(&self, block: Block) -> &[Block] {
        self.successors.get(block).map_or(&[], Vec::as_slice)
    }

    /// The blocks of the layout that may go to `block`, each once, unreachable ones too.
    pub fn predecessors(&self, block: Block) -> &[Block] {
        self.predecessors.get(block).map_or(&[], Vec::as_slice)
    }

    /// The reachable blocks in reverse post-order: each before its successors, back edges aside; the entry first.
    pub fn reverse_post_order(&self) -> &[Block] {
        &self.order
    }

    /// The position of `block` in [`reverse_post_order`](Self::reverse_post_order); none if it is unreachable.
    pub fn position(&self, block: Block) -> Option<usize> {
        self.position.get(block).copied().flatten().map(|p| p as usize)
    }

    /// Whether the entry reaches `block`.
    pub fn is_reachable(&self, block: Block) -> bool {
        self.position(block).is_some()
    }

    /// The number of blocks of the function's table.
    pub(super) fn table_len(&self) -> usize {
        self.position.len()
    }
}

fn reverse_post_order(entry: Option<Block>, successors: &Table<Block, Vec<Block>>) -> Vec<Block> {
    let Some(entry) = entry.filter(|e| e.index() < successors.len()) else { return Vec::new() };
    let mut seen: Table<Block, bool> = successors.keys().map(|_| false).collect();
    seen[entry] = true;
    let mut stack = vec![(entry, 0usize)];
    let mut order = Vec::new();
    while let Some((block, next)) = stack.last_mut() {
        if let Some(&succ) = successors[*block].get(*next) {
            *next += 1;
            if !seen[succ] {
                seen[succ] = true;
                stack.push((succ, 0));
            }
        } else {
            order.push(*block);
            stack.pop();
        }
    }
    order.reverse();
    order
}

//! The order of basic blocks.
//!
//! Promises: runs behind the optimiser; each block is followed by one that it goes to where one is left: one that all ways to have been
//! laid out for, if there is one, and not one that leaves the function, if there is another. The optimiser's order stays where this one
//! has no fewer blocks that go on elsewhere.
//! Leaves out: what is hot; the kernel has no cache of instructions to win here.
//!
//! Why: a conditional jump falls through on one side only if that block is next when instructions are selected, where the condition may
//! still be turned round. Later the machine cannot do so (`BPFInstrInfo` has no `reverseBranchCondition`), and a jump over a jump is left.

use crate::errors::Fault;
use inkwell::basic_block::BasicBlock;
use inkwell::module::Module;
use std::collections::HashMap;

/// Orders the blocks of each function.
pub(crate) fn order(module: &Module<'_>) -> Result<(), Fault> {
    for function in module.get_functions() {
        let blocks = function.get_basic_blocks();
        let successors = successors(&blocks);
        let (found, chain) = ((0..blocks.len()).collect::<Vec<_>>(), chain(&successors));
        if jumps(&successors, &chain) >= jumps(&successors, &found) {
            continue;
        }
        let mut last: Option<BasicBlock<'_>> = None;
        for at in chain {
            if let Some(last) = last {
                let moved = blocks[at].move_after(last);
                moved.map_err(|()| Fault::mir("a block has no function".to_owned()))?;
            }
            last = Some(blocks[at]);
        }
    }
    Ok(())
}

/// Where each block may go, by positions in the list.
fn successors(blocks: &[BasicBlock<'_>]) -> Vec<Vec<usize>> {
    let at: HashMap<_, usize> = blocks.iter().enumerate().map(|(at, block)| (*block, at)).collect();
    let targets = |block: &BasicBlock<'_>| -> Vec<usize> {
        let Some(last) = block.get_terminator() else { return Vec::new() };
        let operands = (0..last.get_num_operands()).filter_map(|i| last.get_operand(i)?.block());
        operands.filter_map(|block| at.get(&block).copied()).collect()
    };
    blocks.iter().map(targets).collect()
}

/// How many blocks of an order go on with none of those they go to.
fn jumps(successors: &[Vec<usize>], order: &[usize]) -> usize {
    let next = |at: usize| order.get(at + 1);
    let goes_on = |at: usize| next(at).is_some_and(|next| successors[order[at]].contains(next));
    (0..order.len()).filter(|at| !successors[order[*at]].is_empty() && !goes_on(*at)).count()
}

/// The order, of all blocks.
fn chain(successors: &[Vec<usize>]) -> Vec<usize> {
    let mut waiting = vec![0_usize; successors.len()];
    for &to in successors.iter().flatten() {
        waiting[to] += 1;
    }
    let mut placed = vec![false; successors.len()];
    let mut order = Vec::with_capacity(successors.len());
    // What is left is taken up again where it was left last, so that a loop's blocks stay together.
    let mut open: Vec<usize> = (0..successors.len()).rev().collect();
    while let Some(start) = open.pop() {
        let mut next = Some(start).filter(|at| !placed[*at]);
        while let Some(at) = next {
            placed[at] = true;
            order.push(at);
            for &to in &successors[at] {
                waiting[to] -= 1;
            }
            let left = || successors[at].iter().copied().filter(|to| !placed[*to]);
            next = left().min_by_key(|to| (successors[*to].is_empty(), waiting[*to]));
            open.extend(left().filter(|to| Some(*to) != next));
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_followed_by_one_that_it_goes_to() {
        // Two checks whose failures meet in 1.
        let successors = [vec![1, 2], vec![], vec![1, 3], vec![4], vec![]];
        assert_eq!(chain(&successors), [0, 2, 3, 4, 1]);
        assert_eq!(jumps(&successors, &chain(&successors)), 0);
        assert_eq!(jumps(&successors, &[0, 3, 4, 2, 1]), 1);
    }

    #[test]
    fn blocks_of_a_loop_stay_together() {
        // 0 -> 1 (header) -> 3 (body) -> 1, and 1 -> 2, which leaves.
        let successors = [vec![1], vec![2, 3], vec![], vec![1]];
        assert_eq!(chain(&successors), [0, 1, 3, 2]);
        assert_eq!(jumps(&successors, &[0, 2, 1, 3]), 2);
    }

    #[test]
    fn every_block_is_placed_once() {
        let successors = [vec![4], vec![], vec![2, 1], vec![], vec![3, 4]];
        let mut order = chain(&successors);
        order.sort_unstable();
        assert_eq!(order, [0, 1, 2, 3, 4]);
    }
}

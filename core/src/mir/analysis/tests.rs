//! Analyses on small graphs whose answers are known, and on random graphs against plain definitions.

#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use super::{Cfg, Dominators, Loops, SlotLiveness, Uses};
use crate::entity::Entity;
use crate::mir::{Block, BlockCall, Builder, Function, FunctionKind, Linkage, Op, Slot, Type};
use crate::source::{FileId, Span};

fn span() -> Span {
    Span::new(FileId::new(0), 0, 0)
}

/// A function with one block for each list; block `i` goes to the blocks of list `i`, or returns.
fn graph(edges: &[&[usize]]) -> Function {
    let mut func = Function::new("f", FunctionKind::Subprogram(Linkage::Static), None, span());
    let blocks: Vec<Block> = edges.iter().map(|_| func.add_block()).collect();
    for (i, targets) in edges.iter().enumerate() {
        let mut b = Builder::at_end(&mut func, blocks[i], span());
        let call = |t: usize| BlockCall { block: Block::new(t), args: Vec::new() };
        match targets {
            [] => {
                b.effect(Op::Return(None));
            }
            [one] => b.jump(Block::new(*one)),
            [rest @ .., last] => {
                let value = b.iconst(Type::I64, 0);
                let cases = rest.iter().enumerate().map(|(n, t)| (n as i64, call(*t))).collect();
                b.effect(Op::Switch { value, cases, default: call(*last) });
            }
        }
    }
    func
}

fn all(func: &Function) -> (Cfg, Dominators, Loops) {
    let cfg = Cfg::new(func);
    let dominators = Dominators::new(func, &cfg);
    let loops = Loops::new(&cfg, &dominators);
    (cfg, dominators, loops)
}

fn ids(blocks: &[Block]) -> Vec<usize> {
    blocks.iter().map(|b| b.index()).collect()
}

#[test]
fn nested_loops_are_found_from_the_outside() {
    // 0 -> 1 (outer header) -> 2 (inner header) -> 3 -> 2, 2 -> 4 -> 1, 1 -> 5; 6 is not reached.
    let func = graph(&[&[1], &[2, 5], &[3, 4], &[2], &[1], &[], &[5]]);
    let (cfg, dominators, loops) = all(&func);
    assert_eq!(cfg.reverse_post_order().len(), 6);
    assert!(!cfg.is_reachable(Block::new(6)));
    assert_eq!(ids(cfg.predecessors(Block::new(5))), [1, 6]);
    assert_eq!(dominators.immediate(Block::new(4)), Some(Block::new(2)));
    assert!(dominators.dominates(Block::new(1), Block::new(5)));
    assert!(!dominators.dominates(Block::new(2), Block::new(5)));
    let found: Vec<_> = loops.loops.values().map(|l| (l.header.index(), ids(&l.latches), l.depth)).collect();
    assert_eq!(found, [(1, vec![4], 1), (2, vec![3], 2)]);
    let outer = loops.loops.keys().next().unwrap();
    let mut blocks = ids(&loops.loops[outer].blocks);
    blocks.sort_unstable();
    assert_eq!(blocks, [1, 2, 3, 4]);
    assert_eq!(loops.loops[outer].exits, [(Block::new(1), Block::new(5))]);
    assert!(loops.contains(outer, Block::new(3)));
    assert_eq!(loops.depth(Block::new(3)), 2);
    assert_eq!(loops.depth(Block::new(5)), 0);
    assert!(loops.irreducible.is_empty());
}

#[test]
fn a_cycle_with_two_entries_is_no_loop() {
    let func = graph(&[&[1, 2], &[2], &[1, 3], &[]]);
    let (_, _, loops) = all(&func);
    assert!(loops.loops.is_empty());
    assert_eq!(loops.irreducible.len(), 1);
}

#[test]
fn a_switch_to_one_block_is_one_edge() {
    let func = graph(&[&[1, 1, 1], &[]]);
    let cfg = Cfg::new(&func);
    assert_eq!(ids(cfg.successors(Block::new(0))), [1]);
    assert_eq!(ids(cfg.predecessors(Block::new(1))), [0]);
}

#[test]
fn dominators_agree_with_their_definition() {
    let mut state = 1u64;
    let mut next = |n: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n
    };
    for _ in 0..300 {
        let n = 1 + next(12);
        let edges: Vec<Vec<usize>> = (0..n).map(|_| (0..next(4)).map(|_| next(n)).collect()).collect();
        let func = graph(&edges.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let (cfg, dominators, loops) = all(&func);
        for a in 0..n {
            let without = reach(&edges, Some(a));
            for (b, reached) in without.iter().enumerate() {
                let (x, y) = (Block::new(a), Block::new(b));
                let expected = a == b || (cfg.is_reachable(x) && cfg.is_reachable(y) && !reached);
                assert_eq!(dominators.dominates(x, y), expected, "{edges:?} {a} {b}");
            }
        }
        for l in loops.loops.values() {
            assert_eq!(l.blocks[0], l.header);
            assert!(l.blocks.iter().all(|b| dominators.dominates(l.header, *b)));
            assert!(l.latches.iter().all(|b| l.blocks.contains(b)));
        }
    }
}

fn reach(edges: &[Vec<usize>], without: Option<usize>) -> Vec<bool> {
    let mut seen = vec![false; edges.len()];
    let mut work = vec![0];
    while let Some(at) = work.pop() {
        if Some(at) != without && !std::mem::replace(&mut seen[at], true) {
            work.extend(&edges[at]);
        }
    }
    seen
}

#[test]
fn a_deep_graph_needs_no_deep_stack() {
    let n = 100_000;
    let edges: Vec<Vec<usize>> = (0..n).map(|i| if i + 1 < n { vec![i + 1] } else { vec![] }).collect();
    let func = graph(&edges.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let (cfg, dominators, _) = all(&func);
    assert_eq!(cfg.reverse_post_order().len(), n);
    assert!(dominators.dominates(Block::new(1), Block::new(n - 1)));
}

#[test]
fn slots_that_never_live_together_do_not_interfere() {
    let mut func = Function::new("f", FunctionKind::Callback, None, span());
    let block = func.add_block();
    let mut b = Builder::at_end(&mut func, block, span());
    let (one, two, always) = (b.slot("one", 8, 8), b.slot("two", 8, 8), b.slot("always", 8, 8));
    for op in [Op::SlotLive(one), Op::SlotDead(one), Op::SlotLive(two), Op::SlotDead(two), Op::Return(None)] {
        b.effect(op);
    }
    let cfg = Cfg::new(&func);
    let live = SlotLiveness::new(&func, &cfg);
    assert!(!live.interfere(one, two));
    assert!(live.interfere(one, always) && live.interfere(always, two));
    assert!(live.is_marked(one) && !live.is_marked(always));
    let at = |n| live.live_at(&func, block, n).iter().collect::<Vec<Slot>>();
    assert_eq!(at(1), [one, always]);
    assert_eq!(at(2), [always]);
}

#[test]
fn a_slot_that_is_live_around_a_loop_interferes_with_those_inside() {
    let mut func = graph(&[&[1], &[1, 2], &[]]);
    let mut b = Builder::before(&mut func, Block::new(0), 0, span());
    let (outer, inner) = (b.slot("outer", 8, 8), b.slot("inner", 8, 8));
    b.effect(Op::SlotLive(outer));
    let mut b = Builder::before(&mut func, Block::new(1), 0, span());
    b.effect(Op::SlotLive(inner));
    b.effect(Op::SlotDead(inner));
    let cfg = Cfg::new(&func);
    assert!(SlotLiveness::new(&func, &cfg).interfere(inner, outer));
}

#[test]
fn uses_are_counted_by_operand() {
    let mut func = graph(&[&[]]);
    let mut b = Builder::before(&mut func, Block::new(0), 0, span());
    let x = b.iconst(Type::I64, 1);
    let sum = b.op(Op::Binary(crate::mir::BinaryOp::Add, [x, x]));
    let uses = Uses::new(&func);
    assert_eq!(uses.of(x).iter().map(|u| u.operand).collect::<Vec<_>>(), [0, 1]);
    assert!(uses.is_unused(sum));
}

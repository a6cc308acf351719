//! What is known in a block because of the branches that lead to it.
//!
//! Promises: a fact of a block holds wherever the block runs: it comes from an edge that every way to the block takes.
//! Conditions are taken apart through `not`, `and` and `or`. Leaves out: what follows from facts by arithmetic.

use pbpf_core::entity::Table;
use pbpf_core::mir::analysis::{Cfg, Dominators};
use pbpf_core::mir::{BinaryOp, Block, CastKind, Cond, Function, Op, Type, UnaryOp, Value};
use std::collections::HashMap;

/// A comparison that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fact {
    /// The relation.
    pub(super) cond: Cond,
    /// Left side.
    pub(super) a: Value,
    /// Right side.
    pub(super) b: Right,
}

/// The right side of a [`Fact`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Right {
    /// A value.
    Value(Value),
    /// A number.
    Const(i64),
}

/// The facts of all blocks.
pub(super) struct Facts {
    /// Those of the one edge into the block.
    own: Table<Block, Vec<Fact>>,
    /// The facts of which a value is the left side, in reverse post-order of the blocks that have them.
    about: HashMap<Value, Vec<(Block, Fact)>>,
}

impl Facts {
    /// The facts in `func`.
    pub(super) fn new(func: &Function, cfg: &Cfg) -> Self {
        let own = func
            .blocks
            .keys()
            .map(|block| match cfg.predecessors(block) {
                [pred] if cfg.is_reachable(block) && func.entry() != Some(block) => {
                    edge_facts(func, *pred, block)
                }
                _ => Vec::new(),
            })
            .collect();
        let own: Table<Block, Vec<Fact>> = own;
        let mut about: HashMap<Value, Vec<(Block, Fact)>> = HashMap::new();
        for &block in cfg.reverse_post_order() {
            for fact in &own[block] {
                about.entry(fact.a).or_default().push((block, *fact));
            }
        }
        Self { own, about }
    }

    /// What holds of a value in `block`, the nearest first.
    pub(super) fn about<'a>(
        &'a self,
        dominators: &'a Dominators,
        value: Value,
        block: Block,
    ) -> impl Iterator<Item = Fact> + 'a {
        let all = self.about.get(&value).map_or(&[][..], Vec::as_slice);
        all.iter().rev().filter(move |(at, _)| dominators.dominates(*at, block)).map(|(_, fact)| *fact)
    }

    /// The facts that hold in `block`, the nearest first.
    pub(super) fn of<'a>(
        &'a self,
        dominators: &'a Dominators,
        block: Block,
    ) -> impl Iterator<Item = (Block, Fact)> + 'a {
        std::iter::successors(Some(block), |b| dominators.immediate(*b))
            .flat_map(|b| self.own.get(b).into_iter().flatten().map(move |f| (b, *f)))
    }
}

/// What holds when `pred` went to `to`.
pub(super) fn edge_facts(func: &Function, pred: Block, to: Block) -> Vec<Fact> {
    let mut out = Vec::new();
    let Some(terminator) = func.terminator(pred) else { return out };
    match &func.insts[terminator].op {
        Op::Branch { cond, then, otherwise } if then.block != otherwise.block => {
            condition(func, *cond, then.block == to, &mut out, 0);
        }
        Op::Switch { value, cases, default } if default.block != to => {
            let mut here = cases.iter().filter(|(_, call)| call.block == to);
            if let (Some((case, _)), None) = (here.next(), here.next()) {
                out.push(Fact { cond: Cond::Eq, a: *value, b: Right::Const(*case) });
            }
        }
        Op::Switch { value, cases, default } if default.block == to => {
            for (case, _) in cases.iter().filter(|(_, call)| call.block != to) {
                out.push(Fact { cond: Cond::Ne, a: *value, b: Right::Const(*case) });
            }
        }
        _ => {}
    }
    out
}

/// What holds when `pred` went to the target at `way`, to which another way may lead as well.
pub(super) fn way_facts(func: &Function, pred: Block, way: usize) -> Vec<Fact> {
    let mut out = Vec::new();
    let Some(terminator) = func.terminator(pred) else { return out };
    let op = &func.insts[terminator].op;
    match op {
        Op::Branch { cond, .. } => condition(func, *cond, way == 0, &mut out, 0),
        _ => out.extend(op.targets().get(way).map(|to| edge_facts(func, pred, to.block)).unwrap_or_default()),
    }
    out
}

/// Takes a condition apart that is known to be `holds`.
fn condition(func: &Function, value: Value, holds: bool, out: &mut Vec<Fact>, depth: u32) {
    let Some(data) = func.def(value).filter(|_| depth < 16) else { return };
    let is = |v: Value, n: i64| func.constant(v).is_some_and(|c| c & 1 == n);
    match &data.op {
        Op::Icmp(cond, [a, b]) => {
            // A comparison of a truth value with 0 or 1 is that truth value, or not.
            if let (Some(truth), Some(n), Cond::Eq | Cond::Ne) =
                (truth_value(func, *a), func.constant(*b), cond)
                && (n == 0 || n == 1)
            {
                return condition(func, truth, holds == ((*cond == Cond::Eq) == (n == 1)), out, depth + 1);
            }
            let cond = if holds { *cond } else { cond.negate() };
            let right = |v: Value| func.constant(v).map_or(Right::Value(v), Right::Const);
            out.push(Fact { cond, a: *a, b: right(*b) });
            out.push(Fact { cond: cond.swap(), a: *b, b: right(*a) });
        }
        Op::Unary(UnaryOp::Not, a) if func.type_of(*a) == Type::I1 => {
            condition(func, *a, !holds, out, depth + 1);
        }
        Op::Binary(BinaryOp::Xor, [a, b]) if func.type_of(*a) == Type::I1 && is(*b, 1) => {
            condition(func, *a, !holds, out, depth + 1);
        }
        Op::Binary(BinaryOp::And, [a, b]) if func.type_of(*a) == Type::I1 && holds => {
            condition(func, *a, true, out, depth + 1);
            condition(func, *b, true, out, depth + 1);
        }
        Op::Binary(BinaryOp::Or, [a, b]) if func.type_of(*a) == Type::I1 && !holds => {
            condition(func, *a, false, out, depth + 1);
            condition(func, *b, false, out, depth + 1);
        }
        Op::Select(c, [a, b]) if holds && is(*b, 0) => {
            condition(func, *c, true, out, depth + 1);
            condition(func, *a, true, out, depth + 1);
        }
        Op::Select(c, [a, b]) if !holds && is(*a, 1) => {
            condition(func, *c, false, out, depth + 1);
            condition(func, *b, false, out, depth + 1);
        }
        Op::Select(c, [a, b]) if is(*a, 0) && is(*b, 1) => condition(func, *c, !holds, out, depth + 1),
        _ => {}
    }
}

/// The `i1` that a value is, perhaps made wider.
fn truth_value(func: &Function, value: Value) -> Option<Value> {
    if func.type_of(value) == Type::I1 {
        return Some(value);
    }
    match func.def(value)?.op {
        Op::Cast(CastKind::Zext, inner) if func.type_of(inner) == Type::I1 => Some(inner),
        _ => None,
    }
}

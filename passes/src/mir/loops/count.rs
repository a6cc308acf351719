//! How often a loop runs, told from a counter.
//!
//! Promises: the number of rounds is never too small; where it is unknown, the loop still has a counter that goes in
//! constant steps towards a limit which is tested on every round. Leaves out: what is done with it.

use crate::mir::exact::Exact;
use crate::mir::facts::{Fact, Facts, Right, edge_facts};
use crate::mir::ranges::{Range, Ranges};
use pbpf_core::entity::Entity;
use pbpf_core::mir::analysis::{Cfg, Dominators, Loop, LoopId, Loops};
use pbpf_core::mir::{BinaryOp, Block, CastKind, Cond, Function, Inst, Op, Type, Value, ValueDef};

/// The counter of a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counter {
    /// A parameter of the loop's header.
    pub(super) param: Value,
    /// Its position among them.
    pub(super) position: usize,
    /// What each round adds to it.
    pub(super) step: i64,
    /// At most so many times the body runs.
    pub(super) rounds: Option<u64>,
    /// Whether the verifier sees that: start and limit are constants.
    pub(super) decided: bool,
    /// The least start (the greatest, where it counts down), if it is known.
    pub(super) start: Option<i64>,
    /// The other end of where it may start.
    pub(super) farthest: i64,
    /// Whether the verifier may take it to start before `start`: it walks rounds from there that there never are.
    pub(super) hidden: bool,
}

impl Counter {
    /// A number that the counter never passes when it runs at most so many rounds, from wherever it starts.
    pub(super) fn end(&self, rounds: u64) -> Option<i64> {
        let start = self.start?;
        let end = start.checked_add(i64::try_from(rounds).ok()?.checked_mul(self.step)?)?;
        if start == self.farthest {
            return Some(end);
        }
        // From another start it meets the limit up to a step behind; or it starts behind the limit, and runs no round.
        let slack = self.step - self.step.signum();
        let end = end.checked_add(slack)?;
        Some(if self.step > 0 { end.max(self.farthest) } else { end.min(self.farthest) })
    }
}

/// A function and what is known of it.
pub(super) struct View<'a> {
    pub(super) func: &'a Function,
    pub(super) cfg: &'a Cfg,
    pub(super) dominators: &'a Dominators,
    pub(super) facts: &'a Facts,
    pub(super) ranges: &'a Ranges<'a>,
    pub(super) loops: &'a Loops,
    pub(super) exact: &'a Exact,
}

impl View<'_> {
    /// The counter of a loop, the one that bounds it best.
    pub(super) fn counter(&self, id: LoopId) -> Option<Counter> {
        let l = self.loops.loops.get(id)?;
        let params = &self.func.blocks[l.header].params;
        let found = params.iter().enumerate().filter_map(|(at, p)| self.counted(id, l, at, *p));
        found.min_by_key(|c| (c.rounds.unwrap_or(u64::MAX), !c.decided))
    }

    fn counted(&self, id: LoopId, l: &Loop, position: usize, param: Value) -> Option<Counter> {
        let ty = self.func.type_of(param);
        if !ty.is_int() || ty == Type::I1 {
            return None;
        }
        let mut step = None;
        let mut next = Vec::new();
        let mut start: Option<Range> = None;
        let mut seen: Option<Range> = None;
        for &pred in self.cfg.predecessors(l.header).iter().filter(|p| self.cfg.is_reachable(**p)) {
            let terminator = self.func.terminator(pred)?;
            for call in self.func.insts[terminator].op.targets() {
                let Some(&arg) = call.args.get(position).filter(|_| call.block == l.header) else { continue };
                if self.loops.contains(id, pred) {
                    let by = self.step_of(param, arg)?;
                    if *step.get_or_insert(by) != by {
                        return None;
                    }
                    next.push((pred, arg));
                } else {
                    let range = self.ranges.at(arg, pred);
                    start = Some(start.map_or(range, |s| s.union(range)));
                    let range = self.ranges.seen(arg, pred);
                    seen = Some(seen.map_or(range, |s| s.union(range)));
                }
            }
        }
        let (step, start, seen) = (step?, start?, seen?);
        let mut rounds = Some(0);
        let mut decided = start.lo == start.hi;
        for (latch, next) in next {
            let inside = |b: Block| b != l.header && self.loops.contains(id, b);
            let facts = self.facts.of(self.dominators, latch).take_while(|(b, _)| inside(*b)).map(|(_, f)| f);
            let last = edge_facts(self.func, latch, l.header);
            let mixed = if step > 0 && start.is_natural() { self.mixed(latch, inside) } else { Vec::new() };
            let bounds = facts
                .chain(last)
                .chain(mixed)
                .filter_map(|f| self.bound(&f, latch, (param, next), step, start));
            let (least, seen) = bounds.min_by_key(|(n, seen)| (n.unwrap_or(u64::MAX), !seen))?;
            rounds = rounds.zip(least).map(|(a, b)| a.max(b));
            decided &= seen;
        }
        let all = Range::all(ty);
        let first = if step > 0 { start.lo } else { start.hi };
        let farthest = if step > 0 { start.hi } else { start.lo };
        let known = first != all.lo && first != all.hi;
        let hidden = if step > 0 { seen.lo < start.lo } else { seen.hi > start.hi };
        Some(Counter {
            param,
            position,
            step,
            rounds,
            decided,
            start: known.then_some(first),
            farthest,
            hidden,
        })
    }

    /// Comparisons of a signed with an unsigned number, `x < 0 or x < y`, on the way to a latch, for an `x` that starts at
    /// zero or above and goes up: by the time it is negative it has met the limit.
    fn mixed(&self, latch: Block, inside: impl Fn(Block) -> bool) -> Vec<Fact> {
        let mut out = Vec::new();
        let mut at = Some(latch);
        while let Some(block) = at.filter(|b| inside(*b)) {
            at = self.dominators.immediate(block);
            let [pred] = self.cfg.predecessors(block) else { continue };
            let Some(terminator) = self.func.terminator(*pred) else { continue };
            let Op::Branch { cond, then, otherwise } = &self.func.insts[terminator].op else { continue };
            let Some(Op::Select(negative, [a, b])) = self.func.def(*cond).map(|d| &d.op) else { continue };
            let op = |v: &Value| self.func.def(*v).map(|d| &d.op);
            let (Some(Op::Icmp(Cond::Slt, [x, zero])), Some(Op::Icmp(rel, [y, limit]))) =
                (op(negative), op(b))
            else {
                continue;
            };
            let holds = then.block == block;
            let answer = self.func.constant(*a).map(|n| n & 1 == 1);
            if then.block != otherwise.block
                && answer == Some(holds)
                && self.func.constant(*zero) == Some(0)
                && x == y
            {
                let cond = if holds { *rel } else { rel.negate() };
                let right = self.func.constant(*limit).map_or(Right::Value(*limit), Right::Const);
                out.push(Fact { cond, a: *x, b: right });
            }
        }
        out
    }

    /// The rounds that a fact allows which holds on the way to the next one, and whether the verifier knows its limit.
    /// None: it does not stop the counter.
    fn bound(
        &self,
        fact: &Fact,
        latch: Block,
        (param, next): (Value, Value),
        step: i64,
        start: Range,
    ) -> Option<(Option<u64>, bool)> {
        let (value, zero_extended) = self.bare(fact.a);
        if value != param && value != next {
            return None;
        }
        let limit = match fact.b {
            Right::Const(n) => Range::of(n),
            Right::Value(v) if self.func.type_of(v).is_int() => self.ranges.at(v, latch),
            Right::Value(_) => return None,
        };
        let constant = limit.lo == limit.hi;
        // The verifier does not draw every conclusion: that a number is zero where a mask of it is, for one.
        let decided = match fact.b {
            Right::Const(_) => true,
            Right::Value(v) => {
                let seen = self.ranges.seen(v, latch);
                seen.lo == seen.hi
            }
        };
        let natural = start.is_natural() && limit.is_natural();
        let all = Range::all(self.func.type_of(param));
        let wide = |n: i64| i128::from(n);
        let by = wide(step).abs();
        // How far the counter goes at most while the fact holds, both ends included.
        let (way, fits) = match fact.cond {
            Cond::Slt | Cond::Ult if step > 0 => {
                (wide(limit.hi) - 1 - wide(start.lo), wide(limit.hi) - 1 + by <= wide(all.hi))
            }
            Cond::Sle | Cond::Ule if step > 0 => {
                (wide(limit.hi) - wide(start.lo), wide(limit.hi) + by <= wide(all.hi))
            }
            Cond::Sgt | Cond::Ugt if step < 0 => {
                (wide(start.hi) - wide(limit.lo) - 1, wide(limit.lo) + 1 - by >= wide(all.lo))
            }
            Cond::Sge | Cond::Uge if step < 0 => {
                (wide(start.hi) - wide(limit.lo), wide(limit.lo) - by >= wide(all.lo))
            }
            Cond::Ne => {
                let way =
                    if step > 0 { wide(limit.lo) - wide(start.lo) } else { wide(start.lo) - wide(limit.lo) };
                let meets = constant && start.lo == start.hi && way >= 0 && way % by == 0;
                // Otherwise it may step over the limit.
                return meets.then(|| (u64::try_from(way / by).ok(), decided));
            }
            _ => return None,
        };
        let unsigned = matches!(fact.cond, Cond::Ult | Cond::Ule | Cond::Ugt | Cond::Uge);
        // Counting down to zero without a sign, the counter wraps before it is below.
        if !fits || ((unsigned || zero_extended) && !(natural && (step > 0 || wide(limit.lo) + 1 >= by))) {
            // Unknown, but a limit all the same: the counter reaches it, or wraps and meets it.
            return Some((None, false));
        }
        let rounds = if way < 0 { 0 } else { way / by + 1 };
        // A variable of which only the width is known is no limit to speak of.
        let rounds = u64::try_from(rounds).ok().filter(|n| constant || *n < 1 << 31);
        Some((rounds, decided))
    }

    /// The value before it was made wider, and whether that was done with zeros.
    fn bare(&self, value: Value) -> (Value, bool) {
        match self.func.def(value).map(|d| &d.op) {
            Some(Op::Cast(CastKind::Sext, inner)) => (*inner, false),
            Some(Op::Cast(CastKind::Zext, inner)) => (*inner, true),
            _ => (value, false),
        }
    }

    /// The constant that makes `arg` of `param`.
    fn step_of(&self, param: Value, arg: Value) -> Option<i64> {
        let step = match self.func.def(arg)?.op {
            Op::Binary(BinaryOp::Add, [a, b]) if a == param => self.func.constant(b),
            Op::Binary(BinaryOp::Add, [a, b]) if b == param => self.func.constant(a),
            Op::Binary(BinaryOp::Sub, [a, b]) if a == param => self.func.constant(b)?.checked_neg(),
            _ => None,
        };
        step.filter(|n| *n != 0)
    }

    /// Whether a branch is decided by the numbers of the rounds.
    pub(super) fn is_decided(&self, branch: Inst) -> bool {
        let Op::Branch { cond, .. } = self.func.insts[branch].op else { return false };
        self.exact(cond).is_some()
    }

    /// The headers of the loops whose rounds decide a value, if they do.
    pub(super) fn exact(&self, value: Value) -> Option<&[Block]> {
        self.exact.headers(value)
    }

    /// The block that makes a value.
    pub(super) fn place(&self, value: Value) -> Block {
        match self.func.values[value].def {
            ValueDef::Param(block) => block,
            ValueDef::Inst(inst) => self.dominators.place(inst).map_or(Block::new(0), |(block, _)| block),
        }
    }
}

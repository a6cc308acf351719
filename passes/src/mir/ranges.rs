//! Which numbers a value can be, and whether the verifier can see it.
//!
//! Promises: [`Ranges::at`] never leaves out a number that the value can be where the block runs. A range is `visible`
//! if the verifier finds it (or a smaller one) in the code as it is: by the widths of loads, masks, shifts, sums and
//! by comparisons with constants that come before the value is used. It loses the range of a quotient or remainder, and
//! a comparison tells it only of the register compared, not of what was computed from it before.
//! Leaves out: relations between two variables.
//!
//! Numbers are signed at their own width; an `i1` is 0 or 1.

use super::eval;
use super::facts::{Facts, Right};
use pbpf_core::mir::analysis::{Cfg, Dominators};
use pbpf_core::mir::{BinaryOp, Block, CastKind, Cond, Function, Inst, Op, Type, UnaryOp, Value, ValueDef};
use std::cell::RefCell;
use std::collections::HashMap;

/// A range of numbers, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    /// The least.
    pub(super) lo: i64,
    /// The greatest.
    pub(super) hi: i64,
    /// Whether the verifier can see it.
    pub(super) visible: bool,
}

impl Range {
    /// One number.
    fn of(n: i64) -> Self {
        Self { lo: n, hi: n, visible: true }
    }

    /// All numbers of a type.
    pub(super) fn all(ty: Type) -> Self {
        match ty.bits() {
            1 => Self { lo: 0, hi: 1, visible: true },
            64 => Self { lo: i64::MIN, hi: i64::MAX, visible: true },
            bits => Self { lo: -(1 << (bits - 1)), hi: (1 << (bits - 1)) - 1, visible: true },
        }
    }

    fn hidden(self) -> Self {
        Self { visible: false, ..self }
    }

    fn union(self, other: Self) -> Self {
        Self { lo: self.lo.min(other.lo), hi: self.hi.max(other.hi), visible: self.visible && other.visible }
    }

    /// The numbers of both; a comparison makes the verifier see both ends that it gives.
    fn narrowed(self, lo: i64, hi: i64) -> Self {
        let out = Self { lo: self.lo.max(lo), hi: self.hi.min(hi), visible: self.visible };
        // What contradicts itself is never reached.
        if out.lo > out.hi { self } else { out }
    }

    /// Whether no number is negative.
    pub(super) fn is_natural(self) -> bool {
        self.lo >= 0
    }

    /// The range if it is one of `ty`, all of `ty` otherwise: the sum may have wrapped.
    fn fit(ty: Type, lo: i128, hi: i128, visible: bool) -> Self {
        let all = Self::all(ty);
        match (i64::try_from(lo), i64::try_from(hi)) {
            (Ok(lo), Ok(hi)) if lo >= all.lo && hi <= all.hi => Self { lo, hi, visible },
            _ => all,
        }
    }
}

/// The ranges of the values of a function.
pub(super) struct Ranges<'a> {
    func: &'a Function,
    cfg: &'a Cfg,
    dominators: &'a Dominators,
    facts: &'a Facts,
    known: RefCell<HashMap<(Value, Block), Range>>,
    /// Parameters being asked for, which a loop asks for again.
    open: RefCell<Vec<Value>>,
}

/// How far the definition of a value is followed.
const DEPTH: u32 = 32;

impl<'a> Ranges<'a> {
    /// The ranges in `func`.
    pub(super) fn new(
        func: &'a Function,
        cfg: &'a Cfg,
        dominators: &'a Dominators,
        facts: &'a Facts,
    ) -> Self {
        Self { func, cfg, dominators, facts, known: RefCell::default(), open: RefCell::default() }
    }

    /// The numbers that `value` can be where `block` runs.
    pub(super) fn at(&self, value: Value, block: Block) -> Range {
        self.find(value, block, 0)
    }

    fn find(&self, value: Value, block: Block, depth: u32) -> Range {
        let ty = self.func.type_of(value);
        if !ty.is_int() || depth > DEPTH {
            return Range::all(if ty.is_int() { ty } else { Type::I64 });
        }
        if let Some(known) = self.known.borrow().get(&(value, block)) {
            return *known;
        }
        let home = match self.func.values[value].def {
            ValueDef::Param(home) => home,
            ValueDef::Inst(inst) => self.dominators.place(inst).map_or(block, |(home, _)| home),
        };
        let base = match self.func.values[value].def {
            ValueDef::Param(home) => self.param(value, home, depth),
            ValueDef::Inst(inst) => self.result(inst, ty, home, depth),
        };
        let range = self.narrow(value, ty, base, block);
        // Below a loop that is still open the answer may be too wide; it is not kept.
        if self.open.borrow().is_empty() {
            self.known.borrow_mut().insert((value, block), range);
        }
        range
    }

    /// What the comparisons on the way to `block` leave of a range.
    fn narrow(&self, value: Value, ty: Type, mut range: Range, block: Block) -> Range {
        let (mut lo, mut hi, mut shown) = (range.lo, range.hi, true);
        for (_, fact) in self.facts.of(self.dominators, block).filter(|(_, f)| f.a == value) {
            let (n_lo, n_hi) = match fact.b {
                Right::Const(n) => {
                    let n = eval::wrap(ty, n);
                    (n, n)
                }
                // The other side may be known to lie between constants.
                Right::Value(other) => {
                    let Some(ValueDef::Inst(inst)) = self.func.values.get(other).map(|v| v.def) else {
                        continue;
                    };
                    match self.func.insts[inst].op {
                        Op::Binary(..) | Op::Cast(..) | Op::Load { .. } | Op::Select(..) => {
                            let home = self.dominators.place(inst).map_or(block, |(b, _)| b);
                            let r = self.result(inst, ty, home, DEPTH - 4);
                            // Before 6.8 the verifier learns nothing from a comparison of two variables.
                            shown &= r.lo == r.hi;
                            (r.lo, r.hi)
                        }
                        _ => continue,
                    }
                }
            };
            tighten(fact.cond, (n_lo, n_hi), &mut lo, &mut hi);
        }
        if (lo, hi) != (range.lo, range.hi) {
            // A hidden range stays hidden in the end that no comparison gave.
            let both = lo != range.lo && hi != range.hi;
            range = range.narrowed(lo, hi);
            range.visible = (range.visible || both) && shown;
        }
        range
    }

    fn result(&self, inst: Inst, ty: Type, home: Block, depth: u32) -> Range {
        let of = |v: Value| self.find(v, home, depth + 1);
        match &self.func.insts[inst].op {
            Op::Iconst(n) => Range::of(eval::wrap(ty, *n)),
            Op::Binary(op, [a, b]) => binary(*op, ty, of(*a), of(*b)),
            Op::Unary(UnaryOp::Neg, a) => {
                let r = of(*a);
                Range::fit(ty, -i128::from(r.hi), -i128::from(r.lo), r.visible)
            }
            Op::Unary(UnaryOp::Opaque, a) => of(*a),
            Op::Icmp(..) => Range::all(Type::I1),
            Op::Cast(kind, a) => cast(*kind, self.func.type_of(*a), ty, of(*a)),
            Op::Select(cond, [a, b]) => {
                let side = |value: Value, holds: bool| self.chosen(*cond, holds, value, of(value));
                side(*a, true).union(side(*b, false))
            }
            _ => Range::all(ty),
        }
    }

    /// The range of a value that is selected because `cond` is `holds`: `min` and `max` are compared with a constant.
    fn chosen(&self, cond: Value, holds: bool, value: Value, range: Range) -> Range {
        let Some(Op::Icmp(cond, [a, b])) = self.func.def(cond).map(|d| &d.op) else { return range };
        let cond = if holds { *cond } else { cond.negate() };
        let (cond, limit) = match (self.func.constant(*a), self.func.constant(*b)) {
            (None, Some(n)) if *a == value => (cond, n),
            (Some(n), None) if *b == value => (cond.swap(), n),
            _ => return range,
        };
        let n = eval::wrap(self.func.type_of(value), limit);
        let (mut lo, mut hi) = (range.lo, range.hi);
        tighten(cond, (n, n), &mut lo, &mut hi);
        let both = lo != range.lo && hi != range.hi;
        let out = range.narrowed(lo, hi);
        Range { visible: out.visible || both, ..out }
    }

    fn param(&self, value: Value, home: Block, depth: u32) -> Range {
        let all = Range::all(self.func.type_of(value));
        if self.func.entry() == Some(home) || self.open.borrow().contains(&value) {
            return all;
        }
        let Some(at) = self.func.blocks[home].params.iter().position(|p| *p == value) else { return all };
        self.open.borrow_mut().push(value);
        let mut out: Option<Range> = None;
        let mut steps = Vec::new();
        for &pred in self.cfg.predecessors(home).iter().filter(|p| self.cfg.is_reachable(**p)) {
            let Some(terminator) = self.func.terminator(pred) else { continue };
            for call in self.func.insts[terminator].op.targets() {
                let Some(&arg) = call.args.get(at).filter(|_| call.block == home) else { continue };
                if let Some(step) = self.step_of(value, arg) {
                    steps.push((pred, step));
                } else {
                    let range = self.find(arg, pred, depth + 1);
                    out = Some(out.map_or(range, |o: Range| o.union(range)));
                }
            }
        }
        let mut out = out.unwrap_or(all);
        for (pred, step) in steps {
            // Counting stays inside what the loop's condition says where it goes round again; past it, it may wrap.
            let bound = self.narrow(value, self.func.type_of(value), all, pred);
            let (from, to) = if step > 0 {
                (out.lo, bound.hi.checked_add(step))
            } else {
                (bound.lo.checked_add(step).unwrap_or(all.lo), Some(out.hi))
            };
            match to {
                Some(to) if to <= all.hi && from >= all.lo && bound != all => {
                    let visible = out.visible && bound.visible;
                    out = Range { lo: out.lo.min(from), hi: out.hi.max(to), visible };
                }
                _ => out = all,
            }
        }
        self.open.borrow_mut().pop();
        out
    }

    /// The constant that is added to a parameter to make the value handed back to it.
    fn step_of(&self, param: Value, arg: Value) -> Option<i64> {
        if arg == param {
            return None;
        }
        match self.func.def(arg)?.op {
            Op::Binary(BinaryOp::Add, [a, b]) if a == param => self.func.constant(b).filter(|n| *n != 0),
            Op::Binary(BinaryOp::Sub, [a, b]) if a == param => {
                self.func.constant(b)?.checked_neg().filter(|n| *n != 0)
            }
            _ => None,
        }
    }
}

/// What a comparison with a number between two leaves of a range.
fn tighten(cond: Cond, (n_lo, n_hi): (i64, i64), lo: &mut i64, hi: &mut i64) {
    match cond {
        Cond::Eq => (*lo, *hi) = ((*lo).max(n_lo), (*hi).min(n_hi)),
        Cond::Slt => *hi = (*hi).min(n_hi.saturating_sub(1)),
        Cond::Sle => *hi = (*hi).min(n_hi),
        Cond::Sgt => *lo = (*lo).max(n_lo.saturating_add(1)),
        Cond::Sge => *lo = (*lo).max(n_lo),
        Cond::Ult if n_lo >= 0 => (*lo, *hi) = ((*lo).max(0), (*hi).min(n_hi.saturating_sub(1))),
        Cond::Ule if n_lo >= 0 => (*lo, *hi) = ((*lo).max(0), (*hi).min(n_hi)),
        Cond::Ugt if n_lo >= 0 && *lo >= 0 => *lo = (*lo).max(n_lo.saturating_add(1)),
        Cond::Uge if n_lo >= 0 && *lo >= 0 => *lo = (*lo).max(n_lo),
        Cond::Ne if n_lo == n_hi && *lo == n_lo => *lo = (*lo).saturating_add(1),
        Cond::Ne if n_lo == n_hi && *hi == n_lo => *hi = (*hi).saturating_sub(1),
        _ => {}
    }
}

/// The least number of the form `2^k - 1` that is not below a natural one.
pub(super) fn mask_over(n: i64) -> i64 {
    if n <= 0 { 0 } else { (i64::MAX >> (n.leading_zeros() - 1)).max(n) }
}

fn binary(op: BinaryOp, ty: Type, a: Range, b: Range) -> Range {
    use BinaryOp as B;
    let visible = a.visible && b.visible;
    let wide = |n: i64| i128::from(n);
    let constant = (b.lo == b.hi).then_some(b.lo);
    let all = Range::all(ty);
    match op {
        _ if a.lo == a.hi && b.lo == b.hi => Range::of(eval::binary(op, ty, a.lo, b.lo)),
        B::Add => Range::fit(ty, wide(a.lo) + wide(b.lo), wide(a.hi) + wide(b.hi), visible),
        B::Sub => Range::fit(ty, wide(a.lo) - wide(b.hi), wide(a.hi) - wide(b.lo), visible),
        B::Mul => {
            let ends = [
                wide(a.lo) * wide(b.lo),
                wide(a.lo) * wide(b.hi),
                wide(a.hi) * wide(b.lo),
                wide(a.hi) * wide(b.hi),
            ];
            let (lo, hi) = ends.iter().fold((ends[0], ends[0]), |(lo, hi), e| (lo.min(*e), hi.max(*e)));
            // Of a product the verifier knows natural numbers only.
            Range::fit(ty, lo, hi, visible && a.is_natural() && b.is_natural())
        }
        B::And if a.is_natural() || b.is_natural() => {
            // A mask is all that the verifier sees of what was hidden before.
            let (a, visible) = match constant {
                Some(mask) if mask >= 0 && !a.visible => (Range::all(ty), true),
                _ => (a, visible),
            };
            let hi = match (a.is_natural(), b.is_natural()) {
                (true, true) => a.hi.min(b.hi),
                (true, false) => a.hi,
                _ => b.hi,
            };
            Range { lo: 0, hi, visible }
        }
        B::Or | B::Xor if a.is_natural() && b.is_natural() => {
            Range { lo: 0, hi: mask_over(a.hi) | mask_over(b.hi), visible }
        }
        B::Shl => match constant {
            Some(k) if (0..i64::from(ty.bits())).contains(&k) => {
                Range::fit(ty, wide(a.lo) << k, wide(a.hi) << k, visible && a.is_natural())
            }
            _ => all,
        },
        B::Lshr => match constant {
            Some(k) if k > 0 && k < i64::from(ty.bits()) => {
                if a.is_natural() {
                    return Range { lo: a.lo >> k, hi: a.hi >> k, visible };
                }
                let hi = (eval::unsigned(ty, -1) >> k) as i64;
                Range { lo: 0, hi, visible: true }
            }
            _ => all,
        },
        B::Ashr => match constant {
            Some(k) if (0..i64::from(ty.bits())).contains(&k) => {
                Range { lo: a.lo >> k, hi: a.hi >> k, visible }
            }
            _ => all,
        },
        B::Udiv | B::Sdiv | B::Floordiv if a.is_natural() && b.is_natural() => {
            let (least, most) = (b.lo.max(1), b.hi.max(1));
            let lo = if b.lo == 0 { 0 } else { a.lo / most };
            Range { lo, hi: a.hi / least, visible: false }
        }
        B::Urem | B::Srem | B::Floormod if b.lo > 0 && (a.is_natural() || op == B::Floormod) => {
            let hi = if a.is_natural() { a.hi.min(b.hi - 1) } else { b.hi - 1 };
            Range { lo: 0, hi, visible: false }
        }
        B::Urem if b.lo > 0 => Range { lo: 0, hi: b.hi - 1, visible: false },
        B::Urem | B::Srem | B::Floormod if a.is_natural() && b.is_natural() => {
            Range { lo: 0, hi: a.hi, visible: false }
        }
        _ => all,
    }
}

fn cast(kind: CastKind, from: Type, to: Type, a: Range) -> Range {
    match kind {
        CastKind::Sext if from == Type::I1 => Range { lo: -1, hi: 0, visible: true },
        CastKind::Sext => a,
        CastKind::Zext if a.is_natural() => a,
        CastKind::Zext => {
            let hi = eval::unsigned(from, -1) as i64;
            Range { lo: 0, hi, visible: true }
        }
        CastKind::Trunc => {
            let all = Range::all(to);
            if a.lo >= all.lo && a.hi <= all.hi {
                a
            } else if a.visible {
                all
            } else {
                all.hidden()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_cover() {
        assert_eq!([0, 1, 2, 9, 15, 16].map(mask_over), [0, 1, 3, 15, 15, 31]);
        assert_eq!(mask_over(i64::MAX), i64::MAX);
    }

    #[test]
    fn ranges_of_operations() {
        let r = |lo, hi| Range { lo, hi, visible: true };
        let byte = cast(CastKind::Zext, Type::I8, Type::I64, Range::all(Type::I8));
        assert_eq!(byte, r(0, 255));
        let nibble = binary(BinaryOp::And, Type::I64, byte, Range::of(15));
        assert_eq!(binary(BinaryOp::Shl, Type::I64, nibble, Range::of(2)), r(0, 60));
        let rest = binary(BinaryOp::Floormod, Type::I64, Range::all(Type::I64), Range::of(10));
        assert_eq!(rest, r(0, 9).hidden());
        assert_eq!(binary(BinaryOp::And, Type::I64, rest, Range::of(15)), r(0, 15));
        assert_eq!(
            binary(BinaryOp::Add, Type::I64, Range::all(Type::I64), Range::of(1)),
            Range::all(Type::I64)
        );
        assert_eq!(binary(BinaryOp::Lshr, Type::I64, Range::all(Type::I64), Range::of(60)), r(0, 15));
    }
}

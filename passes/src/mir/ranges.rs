//! Which numbers a value can be, and which the verifier takes it for.
//!
//! Promises: [`Ranges::at`] never leaves out a number that the value can be where the block runs. [`Ranges::seen`] is
//! what the verifier can be relied on to find in the code that LLVM makes: by the widths of loads, by constant shifts, sums
//! and products, and by masks and comparisons of opaque values with constants. It is not to be relied on for other
//! comparisons (LLVM compares something else instead, or computes in front what follows from them), for other masks (LLVM
//! drops those that change nothing where the result is used), and for quotients and remainders, of which the verifier
//! knows nothing.
//! Leaves out: relations between two variables.
//!
//! Numbers are signed at their own width; an `i1` is 0 or 1.

use super::eval;
use super::facts::{Fact, Facts, Right};
use super::loops::Walked;
use pbpf_core::mir::analysis::{Cfg, Dominators};
use pbpf_core::mir::{BinaryOp, Block, CastKind, Cond, Function, Inst, Op, Type, UnaryOp, Value, ValueDef};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;

/// A range of numbers, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    /// The least.
    pub(super) lo: i64,
    /// The greatest.
    pub(super) hi: i64,
}

impl Range {
    /// One number.
    pub(super) fn of(n: i64) -> Self {
        Self { lo: n, hi: n }
    }

    /// All numbers of a type.
    pub(super) fn all(ty: Type) -> Self {
        match ty.bits() {
            1 => Self { lo: 0, hi: 1 },
            64 => Self { lo: i64::MIN, hi: i64::MAX },
            bits => Self { lo: -(1 << (bits - 1)), hi: (1 << (bits - 1)) - 1 },
        }
    }

    /// The numbers of either.
    pub(super) fn union(self, other: Self) -> Self {
        Self { lo: self.lo.min(other.lo), hi: self.hi.max(other.hi) }
    }

    /// The numbers of both; `self` where there are none, for what contradicts itself is never reached.
    fn both(self, other: Self) -> Self {
        let out = Self { lo: self.lo.max(other.lo), hi: self.hi.min(other.hi) };
        if out.lo > out.hi { self } else { out }
    }

    /// Whether all numbers are also in the other.
    fn is_inside(self, other: Self) -> bool {
        other.lo <= self.lo && self.hi <= other.hi
    }

    /// Whether no number is negative.
    pub(super) fn is_natural(self) -> bool {
        self.lo >= 0
    }

    /// The range if it is one of `ty`, all of `ty` otherwise: the sum may have wrapped.
    fn fit(ty: Type, lo: i128, hi: i128) -> Self {
        let all = Self::all(ty);
        match (i64::try_from(lo), i64::try_from(hi)) {
            (Ok(lo), Ok(hi)) if (Self { lo, hi }).is_inside(all) => Self { lo, hi },
            _ => all,
        }
    }
}

/// Whose knowledge is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Eye {
    /// What is so.
    Truth,
    /// What the verifier can be relied on to find.
    Verifier,
}

/// The ranges of the values of a function.
pub(super) struct Ranges<'a> {
    func: &'a Function,
    cfg: &'a Cfg,
    dominators: &'a Dominators,
    facts: &'a Facts,
    known: RefCell<HashMap<(Value, Block, Eye), Range>>,
    /// What is known of the loops.
    walked: Option<&'a Walked>,
    /// What was found while parameters are being asked for; it may be too wide, and is forgotten with them.
    meanwhile: RefCell<HashMap<(Value, Block, Eye), Range>>,
    /// Parameters being asked for, which a loop asks for again.
    open: RefCell<Vec<(Value, Eye)>>,
    /// The lowest of them that was asked for again since this was last set.
    again: Cell<usize>,
}

/// How far the definition of a value is followed.
const DEPTH: u32 = 24;

/// So many parameters that hand on one number are followed.
const WEB: usize = 32;

impl<'a> Ranges<'a> {
    /// The ranges in `func`.
    pub(super) fn new(
        func: &'a Function,
        cfg: &'a Cfg,
        dominators: &'a Dominators,
        facts: &'a Facts,
    ) -> Self {
        Self {
            func,
            cfg,
            dominators,
            facts,
            walked: None,
            known: RefCell::default(),
            meanwhile: RefCell::default(),
            open: RefCell::default(),
            again: Cell::new(usize::MAX),
        }
    }

    /// The ranges, where it is known how often loops run, and which of them the verifier walks.
    pub(super) fn with_loops(self, walked: &'a Walked) -> Self {
        Self { walked: Some(walked), ..self }
    }

    /// The numbers that `value` can be where `block` runs.
    pub(super) fn at(&self, value: Value, block: Block) -> Range {
        self.find(value, block, Eye::Truth, 0)
    }

    /// The numbers that the verifier takes `value` for where `block` runs.
    pub(super) fn seen(&self, value: Value, block: Block) -> Range {
        self.find(value, block, Eye::Verifier, 0)
    }

    fn find(&self, value: Value, block: Block, eye: Eye, depth: u32) -> Range {
        let ty = self.func.type_of(value);
        if !ty.is_int() {
            return Range::all(Type::I64);
        }
        if depth > DEPTH {
            return Range::all(ty);
        }
        if let Some(known) = self.known.borrow().get(&(value, block, eye)) {
            return *known;
        }
        let before = self.again.get();
        if let Some(found) = self.meanwhile.borrow().get(&(value, block, eye)) {
            self.again.set(0);
            return *found;
        }
        self.again.set(usize::MAX);
        let base = match self.func.values[value].def {
            ValueDef::Param(home) => self.param(value, home, eye, depth),
            ValueDef::Inst(inst) => {
                // What a comparison says later of an operand, the verifier does not take over to the result.
                let home = self.dominators.place(inst).map_or(block, |(home, _)| home);
                let place = if eye == Eye::Verifier { home } else { block };
                self.result(inst, ty, place, eye, depth)
            }
        };
        let range = self.narrow(value, ty, base, block, eye, depth);
        let open = self.open.borrow().len();
        // Where a parameter that is still open was asked for again the answer may be too wide.
        let place = if self.again.get() >= open { &self.known } else { &self.meanwhile };
        place.borrow_mut().insert((value, block, eye), range);
        self.again.set(if self.again.get() >= open { before } else { self.again.get().min(before) });
        if open == 0 {
            self.meanwhile.borrow_mut().clear();
        }
        range
    }

    /// What the comparisons on the way to `block` leave of a range.
    fn narrow(&self, value: Value, ty: Type, mut range: Range, block: Block, eye: Eye, depth: u32) -> Range {
        // What follows from a comparison LLVM may compute in front of it, where it has an effect on nothing.
        if eye == Eye::Verifier && !self.is_opaque(value) {
            return range;
        }
        for fact in self.facts.about(self.dominators, value, block) {
            let Some(limit) = self.limit(&fact, ty, block, eye, depth) else { continue };
            if let Some(allowed) = allowed(fact.cond, ty, range, limit) {
                range = range.both(allowed);
            }
        }
        range
    }

    /// The numbers that the right side of a fact can be, if the comparison is of use.
    fn limit(&self, fact: &Fact, ty: Type, block: Block, eye: Eye, depth: u32) -> Option<Range> {
        match fact.b {
            Right::Const(n) => Some(Range::of(eval::wrap(ty, n))),
            // Before 6.8 the verifier learns nothing from a comparison of two variables.
            Right::Value(_) if eye == Eye::Verifier => None,
            Right::Value(other) => {
                let ValueDef::Inst(inst) = self.func.values.get(other)?.def else { return None };
                match self.func.insts[inst].op {
                    Op::Binary(..) | Op::Cast(..) | Op::Load { .. } | Op::Select(..)
                        if depth + 8 <= DEPTH =>
                    {
                        Some(self.result(inst, ty, block, eye, depth + 8))
                    }
                    _ => None,
                }
            }
        }
    }

    fn is_opaque(&self, value: Value) -> bool {
        self.func.def(value).is_some_and(|d| matches!(d.op, Op::Unary(UnaryOp::Opaque, _)))
    }

    /// Whether a value is the low bits of one that LLVM may know something of.
    fn is_cut(&self, value: Value) -> bool {
        let Some(Op::Cast(CastKind::Trunc, whole)) = self.func.def(value).map(|d| &d.op) else {
            return false;
        };
        let made = self.func.def(*whole).map(|d| &d.op);
        !matches!(made, Some(Op::Unary(UnaryOp::Opaque, _) | Op::Load { .. } | Op::CallHelper { .. }))
    }

    /// The range of a result, of operands as they are known in `place`.
    fn result(&self, inst: Inst, ty: Type, place: Block, eye: Eye, depth: u32) -> Range {
        let of = |v: Value| self.find(v, place, eye, depth + 1);
        match &self.func.insts[inst].op {
            Op::Iconst(n) => Range::of(eval::wrap(ty, *n)),
            // A mask may be dropped for what is known where the result is used: of an opaque number nothing is.
            Op::Binary(BinaryOp::And, [a, _]) if eye == Eye::Verifier && !self.is_opaque(*a) => {
                let seen = of(*a);
                if seen.is_natural() { seen } else { Range::all(ty) }
            }
            Op::Binary(op, [a, b]) => match (eye, op) {
                (
                    Eye::Verifier,
                    BinaryOp::Udiv
                    | BinaryOp::Urem
                    | BinaryOp::Sdiv
                    | BinaryOp::Srem
                    | BinaryOp::Floordiv
                    | BinaryOp::Floormod,
                ) => Range::all(ty),
                (Eye::Verifier, BinaryOp::Mul) => {
                    // Of a product the verifier knows natural numbers only.
                    let (a, b) = (of(*a), of(*b));
                    if a.is_natural() && b.is_natural() { binary(*op, ty, a, b) } else { Range::all(ty) }
                }
                _ => binary(*op, ty, of(*a), of(*b)),
            },
            Op::Unary(UnaryOp::Neg, a) => {
                let r = of(*a);
                Range::fit(ty, -i128::from(r.hi), -i128::from(r.lo))
            }
            Op::Unary(UnaryOp::Opaque, a) => of(*a),
            Op::Icmp(..) => Range::all(Type::I1),
            Op::Cast(CastKind::Zext, a) if eye == Eye::Verifier && self.is_cut(*a) => {
                // LLVM drops the cut where it knows that it changes nothing.
                let seen = of(*a);
                if seen == Range::all(self.func.type_of(*a)) { Range::all(ty) } else { seen }
            }
            // Of a truth value LLVM makes the number it was found by, where it knows that to be 0 or 1: a shift, say.
            Op::Cast(CastKind::Zext, a) if eye == Eye::Verifier && self.func.type_of(*a) == Type::I1 => {
                Range::all(ty)
            }
            Op::Cast(kind, a) => cast(*kind, self.func.type_of(*a), ty, of(*a)),
            Op::Select(cond, [a, b]) => {
                let side = |value: Value, holds: bool| self.chosen(*cond, holds, value, of(value), eye);
                side(*a, true).union(side(*b, false))
            }
            _ => Range::all(ty),
        }
    }

    /// The range of a value that is selected because `cond` is `holds`: `min` and `max` are compared with a constant.
    fn chosen(&self, cond: Value, holds: bool, value: Value, range: Range, eye: Eye) -> Range {
        let Some(Op::Icmp(cond, [a, b])) = self.func.def(cond).map(|d| &d.op) else { return range };
        let cond = if holds { *cond } else { cond.negate() };
        let (cond, limit) = match (self.func.constant(*a), self.func.constant(*b)) {
            (None, Some(n)) if *a == value => (cond, n),
            (Some(n), None) if *b == value => (cond.swap(), n),
            _ => return range,
        };
        if eye == Eye::Verifier && !self.is_opaque(value) {
            return range;
        }
        let ty = self.func.type_of(value);
        let limit = Range::of(eval::wrap(ty, limit));
        allowed(cond, ty, range, limit).map_or(range, |allowed| range.both(allowed))
    }

    fn param(&self, value: Value, home: Block, eye: Eye, depth: u32) -> Range {
        let ty = self.func.type_of(value);
        let all = Range::all(ty);
        if self.func.entry() == Some(home) {
            return all;
        }
        if let Some(at) = self.open.borrow().iter().position(|p| *p == (value, eye)) {
            self.again.set(self.again.get().min(at));
            return all;
        }
        let Some(at) = self.func.blocks[home].params.iter().position(|p| *p == value) else { return all };
        self.open.borrow_mut().push((value, eye));
        let mut out: Option<Range> = None;
        let mut steps = Vec::new();
        for &pred in self.cfg.predecessors(home).iter().filter(|p| self.cfg.is_reachable(**p)) {
            let Some(terminator) = self.func.terminator(pred) else { continue };
            for call in self.func.insts[terminator].op.targets() {
                let Some(&arg) = call.args.get(at).filter(|_| call.block == home) else { continue };
                let counted = self.walked.is_some_and(|w| w.rounds.contains_key(&home));
                if let Some(step) = self.step_of(value, arg).filter(|s| counted || s.lo == s.hi) {
                    steps.push((pred, step));
                } else {
                    let range = self.find(arg, pred, eye, depth + 1);
                    out = Some(out.map_or(range, |o: Range| o.union(range)));
                }
            }
        }
        let mut out = out.unwrap_or(all);
        for (pred, steps) in steps {
            // Where the ways of a round add different numbers, only the number of rounds is a bound.
            let step = if steps.lo == steps.hi { steps.lo } else { 0 };
            // Counting stays inside what the loop's condition says where it goes round again; past it, it may wrap.
            // The verifier walks a loop with a counter that starts at a constant, and needs no comparison.
            let walks = self.walked.is_none_or(|w| w.are_sure(&[home]));
            let eye = if out.lo == out.hi && walks { Eye::Truth } else { eye };
            let bound = self.narrow(value, ty, all, pred, eye, depth);
            let (from, to) = match step.signum() {
                0 => (out.lo, None),
                1 => (out.lo, bound.hi.checked_add(step)),
                _ => (bound.lo.checked_add(step).unwrap_or(all.lo), Some(out.hi)),
            };
            let often = self
                .walked
                .and_then(|w| w.rounds.get(&home))
                .filter(|_| walks || eye == Eye::Truth)
                .map(|n| (i128::from(*n) * i128::from(steps.lo), i128::from(*n) * i128::from(steps.hi)));
            match (to, often) {
                (Some(to), _) if to <= all.hi && from >= all.lo && bound != all => {
                    out = Range { lo: out.lo.min(from), hi: out.hi.max(to) };
                }
                (_, Some((down, up))) => {
                    let (lo, hi) = (i128::from(out.lo) + down.min(0), i128::from(out.hi) + up.max(0));
                    out = Range::fit(ty, lo, hi);
                }
                _ => out = all,
            }
        }
        self.open.borrow_mut().pop();
        if out == all && self.open.borrow().is_empty() {
            self.handed_on(value, home, eye, depth)
        } else {
            out
        }
    }

    /// The range of a parameter that ways hand round unchanged: that of all that is put into it somewhere.
    fn handed_on(&self, value: Value, home: Block, eye: Eye, depth: u32) -> Range {
        let all = Range::all(self.func.type_of(value));
        let (mut web, mut put, mut at) = (vec![(value, home)], Vec::new(), 0);
        while let Some(&(param, block)) = web.get(at) {
            at += 1;
            let Some(position) = self.func.blocks[block].params.iter().position(|p| *p == param) else {
                return all;
            };
            if self.func.entry() == Some(block) || web.len() > WEB {
                return all;
            }
            for &pred in self.cfg.predecessors(block).iter().filter(|p| self.cfg.is_reachable(**p)) {
                let Some(terminator) = self.func.terminator(pred) else { continue };
                for call in self.func.insts[terminator].op.targets() {
                    let Some(&arg) = call.args.get(position).filter(|_| call.block == block) else {
                        continue;
                    };
                    match self.func.values[arg].def {
                        ValueDef::Param(from) if web.contains(&(arg, from)) => {}
                        ValueDef::Param(from)
                            if self.facts.about(self.dominators, arg, pred).next().is_none() =>
                        {
                            web.push((arg, from));
                        }
                        _ => put.push((arg, pred)),
                    }
                }
            }
        }
        if web.len() == 1 {
            return all;
        }
        let opened = web.len();
        self.open.borrow_mut().extend(web.into_iter().map(|(param, _)| (param, eye)));
        let ranges = put.into_iter().map(|(arg, pred)| self.find(arg, pred, eye, depth + 1));
        let out = ranges.reduce(Range::union).unwrap_or(all);
        let mut open = self.open.borrow_mut();
        let left = open.len() - opened;
        open.truncate(left);
        out
    }

    /// What is added to a parameter to make the value handed back to it, on whatever way through the round; nothing where it is handed
    /// back as it is, or is no sum.
    fn step_of(&self, param: Value, arg: Value) -> Option<Range> {
        let steps = self.steps(param, arg, &mut HashMap::new())?;
        (steps != Range::of(0)).then_some(steps)
    }

    fn steps(&self, param: Value, mut arg: Value, seen: &mut HashMap<Value, Option<Range>>) -> Option<Range> {
        let mut added = 0_i64;
        while let Some(Op::Binary(op @ (BinaryOp::Add | BinaryOp::Sub), [a, b])) =
            self.func.def(arg).map(|d| &d.op)
        {
            let by = self.func.constant(*b)?;
            added = if *op == BinaryOp::Add { added.checked_add(by)? } else { added.checked_sub(by)? };
            arg = *a;
        }
        let steps = if arg == param { Range::of(0) } else { self.met(param, arg, seen)? };
        Some(Range { lo: steps.lo.checked_add(added)?, hi: steps.hi.checked_add(added)? })
    }

    /// The same of a parameter where ways of one round meet. A loop inside comes back to what is being looked at: no sum.
    fn met(&self, param: Value, arg: Value, seen: &mut HashMap<Value, Option<Range>>) -> Option<Range> {
        let ValueDef::Param(home) = self.func.values[arg].def else { return None };
        if let Some(steps) = seen.get(&arg) {
            return *steps;
        }
        if seen.len() >= WEB {
            return None;
        }
        seen.insert(arg, None);
        let at = self.func.blocks[home].params.iter().position(|p| *p == arg)?;
        let mut out: Option<Range> = None;
        for &pred in self.cfg.predecessors(home).iter().filter(|p| self.cfg.is_reachable(**p)) {
            let terminator = self.func.terminator(pred)?;
            for call in self.func.insts[terminator].op.targets() {
                let Some(&arg) = call.args.get(at).filter(|_| call.block == home) else { continue };
                let steps = self.steps(param, arg, seen)?;
                out = Some(out.map_or(steps, |o| o.union(steps)));
            }
        }
        seen.insert(arg, out);
        out
    }
}

/// The numbers of which a comparison with one of `limit` can hold, for one known to be in `known`.
fn allowed(cond: Cond, ty: Type, known: Range, limit: Range) -> Option<Range> {
    let all = Range::all(ty);
    let up_to = |hi: i64| Range { hi, ..all };
    let from = |lo: i64| Range { lo, ..all };
    Some(match cond {
        Cond::Eq => limit,
        Cond::Slt => up_to(limit.hi.saturating_sub(1)),
        Cond::Sle => up_to(limit.hi),
        Cond::Sgt => from(limit.lo.saturating_add(1)),
        Cond::Sge => from(limit.lo),
        Cond::Ult if limit.is_natural() => Range { lo: 0, hi: limit.hi.saturating_sub(1) },
        Cond::Ule if limit.is_natural() => Range { lo: 0, hi: limit.hi },
        Cond::Ugt if limit.is_natural() && known.is_natural() => from(limit.lo.saturating_add(1)),
        Cond::Uge if limit.is_natural() && known.is_natural() => from(limit.lo),
        Cond::Ne if limit.lo == limit.hi && known.lo == limit.lo => from(limit.lo.saturating_add(1)),
        Cond::Ne if limit.lo == limit.hi && known.hi == limit.lo => up_to(limit.lo.saturating_sub(1)),
        _ => return None,
    })
}

/// The least number of the form `2^k - 1` that is not below a natural one.
pub(super) fn mask_over(n: i64) -> i64 {
    if n <= 0 { 0 } else { (i64::MAX >> (n.leading_zeros() - 1)).max(n) }
}

fn binary(op: BinaryOp, ty: Type, a: Range, b: Range) -> Range {
    use BinaryOp as B;
    let wide = |n: i64| i128::from(n);
    let constant = (b.lo == b.hi).then_some(b.lo);
    let all = Range::all(ty);
    match op {
        _ if a.lo == a.hi && b.lo == b.hi => Range::of(eval::binary(op, ty, a.lo, b.lo)),
        B::Add => Range::fit(ty, wide(a.lo) + wide(b.lo), wide(a.hi) + wide(b.hi)),
        B::Sub => Range::fit(ty, wide(a.lo) - wide(b.hi), wide(a.hi) - wide(b.lo)),
        B::Mul => {
            let ends = [
                wide(a.lo) * wide(b.lo),
                wide(a.lo) * wide(b.hi),
                wide(a.hi) * wide(b.lo),
                wide(a.hi) * wide(b.hi),
            ];
            let (lo, hi) = ends.iter().fold((ends[0], ends[0]), |(lo, hi), e| (lo.min(*e), hi.max(*e)));
            Range::fit(ty, lo, hi)
        }
        B::And if a.is_natural() || b.is_natural() => {
            let hi = match (a.is_natural(), b.is_natural()) {
                (true, true) => a.hi.min(b.hi),
                (true, false) => a.hi,
                _ => b.hi,
            };
            Range { lo: 0, hi }
        }
        B::Or | B::Xor if a.is_natural() && b.is_natural() => {
            Range { lo: 0, hi: mask_over(a.hi) | mask_over(b.hi) }
        }
        B::Shl => match constant {
            Some(k) if (0..i64::from(ty.bits())).contains(&k) => {
                Range::fit(ty, wide(a.lo) << k, wide(a.hi) << k)
            }
            _ => all,
        },
        B::Lshr => match constant {
            Some(k) if k > 0 && k < i64::from(ty.bits()) => {
                if a.is_natural() {
                    return Range { lo: a.lo >> k, hi: a.hi >> k };
                }
                let hi = (eval::unsigned(ty, -1) >> k) as i64;
                Range { lo: 0, hi }
            }
            _ => all,
        },
        B::Ashr => match constant {
            Some(k) if (0..i64::from(ty.bits())).contains(&k) => Range { lo: a.lo >> k, hi: a.hi >> k },
            _ => all,
        },
        B::Udiv | B::Sdiv | B::Floordiv if a.is_natural() && b.is_natural() => {
            let (least, most) = (b.lo.max(1), b.hi.max(1));
            let lo = if b.lo == 0 { 0 } else { a.lo / most };
            Range { lo, hi: a.hi / least }
        }
        B::Urem | B::Srem | B::Floormod if b.lo > 0 && (a.is_natural() || op == B::Floormod) => {
            let hi = if a.is_natural() { a.hi.min(b.hi - 1) } else { b.hi - 1 };
            Range { lo: 0, hi }
        }
        B::Urem if b.lo > 0 => Range { lo: 0, hi: b.hi - 1 },
        // Whatever the divisor: by zero a remainder is the dividend, and a quotient zero.
        B::Udiv | B::Urem | B::Srem if a.is_natural() => Range { lo: 0, hi: a.hi },
        B::Urem | B::Srem | B::Floormod if a.is_natural() && b.is_natural() => Range { lo: 0, hi: a.hi },
        _ => all,
    }
}

fn cast(kind: CastKind, from: Type, to: Type, a: Range) -> Range {
    match kind {
        CastKind::Sext if from == Type::I1 => Range { lo: -1, hi: 0 },
        CastKind::Sext => a,
        CastKind::Zext if a.is_natural() => a,
        CastKind::Zext => {
            let hi = eval::unsigned(from, -1) as i64;
            Range { lo: 0, hi }
        }
        CastKind::Trunc => {
            let all = Range::all(to);
            if a.lo >= all.lo && a.hi <= all.hi { a } else { all }
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
        let r = |lo, hi| Range { lo, hi };
        let all = Range::all(Type::I64);
        let byte = cast(CastKind::Zext, Type::I8, Type::I64, Range::all(Type::I8));
        assert_eq!(byte, r(0, 255));
        let nibble = binary(BinaryOp::And, Type::I64, byte, Range::of(15));
        assert_eq!(binary(BinaryOp::Shl, Type::I64, nibble, Range::of(2)), r(0, 60));
        assert_eq!(binary(BinaryOp::Floormod, Type::I64, all, Range::of(10)), r(0, 9));
        assert_eq!(binary(BinaryOp::Add, Type::I64, all, Range::of(1)), all);
        assert_eq!(binary(BinaryOp::Lshr, Type::I64, all, Range::of(60)), r(0, 15));
    }
}

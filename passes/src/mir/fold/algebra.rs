//! The identities of [`fold`](super).
//!
//! Promises: each holds for every operand, wrapping included. Leaves out: identities that need more than one
//! new constant.

use super::Outcome;
use crate::mir::eval;
use pbpf_core::mir::{BinaryOp, CastKind, Cond, Function, Op, Type, UnaryOp, Value};

/// The simpler form of a pure instruction whose result has type `ty`.
pub(super) fn simplify(func: &Function, op: &Op, ty: Type) -> Option<Outcome> {
    match op {
        Op::Binary(op, [a, b]) => binary(func, *op, ty, *a, *b),
        Op::Unary(op, a) => unary(func, *op, ty, *a),
        Op::Icmp(cond, [a, b]) => compare(func, *cond, *a, *b),
        Op::Cast(kind, a) => cast(func, *kind, ty, *a),
        Op::Select(c, [a, b]) => {
            if a == b {
                return Some(Outcome::Same(*a));
            }
            if let Some(n) = func.constant(*c) {
                return Some(Outcome::Same(if n & 1 == 1 { *a } else { *b }));
            }
            let arms = (func.constant(*a)?, func.constant(*b)?);
            match (ty, arms.0 & 1, arms.1 & 1) {
                (Type::I1, 1, 0) => Some(Outcome::Same(*c)),
                (Type::I1, 0, 1) => {
                    Some(Outcome::WithConst(Type::I1, 1, |l, r| Op::Binary(BinaryOp::Xor, [l, r]), *c))
                }
                _ => None,
            }
        }
        Op::PtrAdd(p, n) => pointer_add(func, *p, *n),
        Op::PtrSub([a, b]) => {
            if a == b {
                return Some(Outcome::Const(0));
            }
            match func.def(*a)?.op {
                Op::PtrAdd(base, by) if base == *b => Some(Outcome::Same(by)),
                _ => None,
            }
        }
        Op::PtrToInt(p) => match func.def(*p)?.op {
            Op::Null => Some(Outcome::Const(0)),
            Op::IntToPtr(n) => Some(Outcome::Same(n)),
            _ => None,
        },
        Op::IntToPtr(n) => match func.def(*n)?.op {
            Op::Iconst(0) if ty.is_nullable() => Some(Outcome::Null),
            Op::PtrToInt(p) if func.type_of(p) == ty => Some(Outcome::Same(p)),
            _ => None,
        },
        Op::Refine(p) if func.type_of(*p) == ty => Some(Outcome::Same(*p)),
        Op::Load { ptr, offset } => {
            let (ptr, offset) = address(func, *ptr, *offset)?;
            Some(Outcome::Op(Op::Load { ptr, offset }))
        }
        _ => None,
    }
}

/// The pointer and the number that a pointer is the sum of.
fn constant_step(func: &Function, ptr: Value) -> Option<(Value, i64)> {
    match func.def(ptr)?.op {
        Op::PtrAdd(base, by) => Some((base, func.constant(by)?)),
        _ => None,
    }
}

/// The address with one constant step taken into the offset, if it has one.
pub(super) fn address(func: &Function, ptr: Value, offset: i32) -> Option<(Value, i32)> {
    let (base, n) = constant_step(func, ptr)?;
    // Offsets in instructions have 16 bits; what is past them stays an addition.
    let offset = i64::from(offset).checked_add(n).filter(|n| i16::try_from(*n).is_ok())?;
    Some((base, i32::try_from(offset).ok()?))
}

fn pointer_add(func: &Function, p: Value, n: Value) -> Option<Outcome> {
    let n = func.constant(n)?;
    if n == 0 {
        return Some(Outcome::Same(p));
    }
    let (base, m) = constant_step(func, p)?;
    Some(Outcome::WithConst(Type::I64, m.checked_add(n)?, Op::PtrAdd, base))
}

fn commutes(op: BinaryOp) -> bool {
    matches!(op, BinaryOp::Add | BinaryOp::Mul | BinaryOp::And | BinaryOp::Or | BinaryOp::Xor)
}

/// The logarithm of a power of two.
fn log2(n: i64) -> Option<i64> {
    (n > 0 && n.count_ones() == 1).then(|| i64::from(n.trailing_zeros()))
}

fn binary(func: &Function, op: BinaryOp, ty: Type, a: Value, b: Value) -> Option<Outcome> {
    use BinaryOp as B;
    let number = |v: Value| func.constant(v).map(|n| eval::wrap(ty, n));
    match (number(a), number(b)) {
        (Some(m), Some(n)) => return Some(Outcome::Const(eval::binary(op, ty, m, n))),
        (Some(_), None) if commutes(op) => return Some(Outcome::Op(Op::Binary(op, [b, a]))),
        // Shifts and quotients of 0 are 0, remainders too: 0 divided by 0 leaves the dividend, 0.
        (Some(0), None) if !matches!(op, B::Sub) => return Some(Outcome::Const(0)),
        (_, Some(n)) => return with_constant(func, op, ty, a, n),
        _ => {}
    }
    match op {
        B::Sub | B::Xor if a == b => Some(Outcome::Const(0)),
        B::And | B::Or if a == b => Some(Outcome::Same(a)),
        _ => None,
    }
}

/// `a op n`.
fn with_constant(func: &Function, op: BinaryOp, ty: Type, a: Value, n: i64) -> Option<Outcome> {
    use BinaryOp as B;
    let all = eval::wrap(ty, -1);
    let shifts = matches!(op, B::Shl | B::Lshr | B::Ashr);
    match (op, n) {
        (B::Add | B::Sub | B::Or | B::Xor, 0) => return Some(Outcome::Same(a)),
        (_, 0) if shifts => return Some(Outcome::Same(a)),
        (B::Mul | B::And | B::Udiv | B::Sdiv | B::Floordiv, 0) => return Some(Outcome::Const(0)),
        (B::Urem | B::Srem | B::Floormod, 0) => return Some(Outcome::Same(a)),
        (B::And, n) if n == all => return Some(Outcome::Same(a)),
        (B::Or, n) if n == all => return Some(Outcome::Const(all)),
        // In one bit, 1 is also -1.
        (_, 1) if ty == Type::I1 => {}
        (B::Mul | B::Udiv | B::Sdiv | B::Floordiv, 1) => return Some(Outcome::Same(a)),
        (B::Urem | B::Srem | B::Floormod, 1) => return Some(Outcome::Const(0)),
        _ => {}
    }
    let make = |op: fn(Value, Value) -> Op, n: i64| Some(Outcome::WithConst(ty, n, op, a));
    if let Some(k) = log2(n).filter(|_| ty != Type::I1) {
        // Floor division is a shift and its remainder a mask for negative numbers too.
        let simpler = match op {
            B::Mul => make(|l, r| Op::Binary(B::Shl, [l, r]), k),
            B::Udiv => make(|l, r| Op::Binary(B::Lshr, [l, r]), k),
            B::Floordiv => make(|l, r| Op::Binary(B::Ashr, [l, r]), k),
            B::Urem | B::Floormod => make(|l, r| Op::Binary(B::And, [l, r]), n - 1),
            _ => None,
        };
        if simpler.is_some() {
            return simpler;
        }
    }
    match (op, &func.def(a)?.op) {
        (B::Sub, _) if ty != Type::I1 => {
            make(|l, r| Op::Binary(B::Add, [l, r]), eval::wrap(ty, n.wrapping_neg()))
        }
        (B::Add, Op::Binary(B::Add, [x, m])) => {
            let sum = eval::wrap(ty, func.constant(*m)?.wrapping_add(n));
            Some(Outcome::WithConst(ty, sum, |l, r| Op::Binary(B::Add, [l, r]), *x))
        }
        (B::And, Op::Binary(B::And, [x, m])) => {
            let both = eval::wrap(ty, func.constant(*m)? & n);
            Some(Outcome::WithConst(ty, both, |l, r| Op::Binary(B::And, [l, r]), *x))
        }
        (B::Xor, Op::Icmp(cond, sides)) if ty == Type::I1 => {
            Some(Outcome::Op(Op::Icmp(cond.negate(), *sides)))
        }
        (B::Xor, Op::Binary(B::Xor, [x, m])) => {
            let both = eval::wrap(ty, func.constant(*m)? ^ n);
            Some(Outcome::WithConst(ty, both, |l, r| Op::Binary(B::Xor, [l, r]), *x))
        }
        _ => None,
    }
}

fn unary(func: &Function, op: UnaryOp, ty: Type, a: Value) -> Option<Outcome> {
    if op == UnaryOp::Opaque {
        return None;
    }
    if let Some(n) = func.constant(a) {
        return Some(Outcome::Const(eval::unary(op, ty, n)));
    }
    match func.def(a)?.op {
        Op::Unary(inner, x) if inner == op => Some(Outcome::Same(x)),
        Op::Icmp(cond, sides) if op == UnaryOp::Not => Some(Outcome::Op(Op::Icmp(cond.negate(), sides))),
        _ => None,
    }
}

/// Whether a pointer is sure not to be null: it is the address of something of the program's, or was checked.
fn is_address(func: &Function, ptr: Value) -> bool {
    func.def(ptr).is_some_and(|d| {
        matches!(d.op, Op::SlotAddr(_) | Op::GlobalAddr(_) | Op::MapAddr(_) | Op::FuncAddr(_) | Op::Refine(_))
    })
}

fn compare(func: &Function, cond: Cond, a: Value, b: Value) -> Option<Outcome> {
    let ty = func.type_of(a);
    if a == b {
        let holds = matches!(cond, Cond::Eq | Cond::Sle | Cond::Sge | Cond::Ule | Cond::Uge);
        return Some(Outcome::Const(i64::from(holds)));
    }
    if !ty.is_int() {
        let null = |v: Value| func.def(v).is_some_and(|d| d.op == Op::Null);
        if null(a) && !null(b) {
            return Some(Outcome::Op(Op::Icmp(cond.swap(), [b, a])));
        }
        let known = (null(a) && null(b)) || (is_address(func, a) && null(b));
        let holds = matches!((cond, null(a)), (Cond::Eq, true) | (Cond::Ne, false));
        return (known && matches!(cond, Cond::Eq | Cond::Ne)).then_some(Outcome::Const(i64::from(holds)));
    }
    let (m, n) = (func.constant(a), func.constant(b));
    match (m, n) {
        (Some(m), Some(n)) => Some(Outcome::Const(i64::from(eval::compare(cond, ty, m, n)))),
        (Some(_), None) => Some(Outcome::Op(Op::Icmp(cond.swap(), [b, a]))),
        (None, Some(n)) => compare_constant(func, cond, ty, a, eval::wrap(ty, n)),
        (None, None) => None,
    }
}

fn compare_constant(func: &Function, cond: Cond, ty: Type, a: Value, n: i64) -> Option<Outcome> {
    let equality = matches!(cond, Cond::Eq | Cond::Ne);
    if n == 0 && matches!(cond, Cond::Ult | Cond::Uge) {
        return Some(Outcome::Const(i64::from(cond == Cond::Uge)));
    }
    if ty == Type::I1 && equality {
        return if (cond == Cond::Eq) == (n == 1) {
            Some(Outcome::Same(a))
        } else {
            Some(Outcome::WithConst(Type::I1, 1, |l, r| Op::Binary(BinaryOp::Xor, [l, r]), a))
        };
    }
    // A comparison of something made wider is one of the thing itself, if the constant is one of its numbers.
    let Op::Cast(kind, inner) = func.def(a)?.op else { return None };
    let from = func.type_of(inner);
    let fits = match kind {
        CastKind::Zext => eval::cast(CastKind::Zext, from, ty, n) == n,
        CastKind::Sext => eval::cast(CastKind::Sext, from, ty, n) == n && from != Type::I1,
        CastKind::Trunc => false,
    };
    if !(fits && equality && from == Type::I1) {
        return None;
    }
    let make: fn(Value, Value) -> Op = match cond {
        Cond::Eq => |l, r| Op::Icmp(Cond::Eq, [l, r]),
        _ => |l, r| Op::Icmp(Cond::Ne, [l, r]),
    };
    Some(Outcome::WithConst(from, eval::wrap(from, n), make, inner))
}

fn cast(func: &Function, kind: CastKind, ty: Type, a: Value) -> Option<Outcome> {
    let from = func.type_of(a);
    if let Some(n) = func.constant(a) {
        return Some(Outcome::Const(eval::cast(kind, from, ty, n)));
    }
    if from == ty {
        return Some(Outcome::Same(a));
    }
    let Op::Cast(inner_kind, inner) = func.def(a)?.op else { return None };
    let inner_ty = func.type_of(inner);
    match (inner_kind, kind) {
        (CastKind::Zext, CastKind::Zext | CastKind::Sext) => {
            Some(Outcome::Op(Op::Cast(CastKind::Zext, inner)))
        }
        (CastKind::Sext, CastKind::Sext) => Some(Outcome::Op(Op::Cast(CastKind::Sext, inner))),
        (CastKind::Trunc, CastKind::Trunc) => Some(Outcome::Op(Op::Cast(CastKind::Trunc, inner))),
        (CastKind::Zext | CastKind::Sext, CastKind::Trunc) => Some(match inner_ty.bits().cmp(&ty.bits()) {
            std::cmp::Ordering::Equal => Outcome::Same(inner),
            std::cmp::Ordering::Less => Outcome::Op(Op::Cast(inner_kind, inner)),
            std::cmp::Ordering::Greater => Outcome::Op(Op::Cast(CastKind::Trunc, inner)),
        }),
        _ => None,
    }
}

//! What instructions on integers compute.
//!
//! Promises: exactly what `docs/mir.md` says, for every operand: wrapping, shifts modulo the width, division by zero
//! gives 0 and remainder by zero the dividend. Leaves out: pointers.
//!
//! A number is kept sign-extended to 64 bits, an `i1` as 0 or 1.

use pbpf_core::mir::{BinaryOp, CastKind, Cond, Type, UnaryOp};

/// The number that `value` is in type `ty`.
pub(super) fn wrap(ty: Type, value: i64) -> i64 {
    match ty.bits() {
        1 => value & 1,
        64 => value,
        bits => value << (64 - bits) >> (64 - bits),
    }
}

/// The bits of a number as an unsigned one.
pub(super) fn unsigned(ty: Type, value: i64) -> u64 {
    match ty.bits() {
        64 => value as u64,
        bits => value as u64 & ((1 << bits) - 1),
    }
}

/// The result of a binary operation.
pub(super) fn binary(op: BinaryOp, ty: Type, a: i64, b: i64) -> i64 {
    let (a, b) = (wrap(ty, a), wrap(ty, b));
    let (ua, ub) = (unsigned(ty, a), unsigned(ty, b));
    let amount = (ub % u64::from(ty.bits())) as u32;
    let result = match op {
        BinaryOp::Add => a.wrapping_add(b),
        BinaryOp::Sub => a.wrapping_sub(b),
        BinaryOp::Mul => a.wrapping_mul(b),
        BinaryOp::Udiv => ua.checked_div(ub).unwrap_or(0) as i64,
        BinaryOp::Urem => ua.checked_rem(ub).unwrap_or(ua) as i64,
        BinaryOp::Sdiv if b == 0 => 0,
        BinaryOp::Sdiv => a.wrapping_div(b),
        BinaryOp::Srem if b == 0 => a,
        BinaryOp::Srem => a.wrapping_rem(b),
        BinaryOp::Floordiv if b == 0 => 0,
        BinaryOp::Floordiv => floor_div(a, b),
        BinaryOp::Floormod if b == 0 => a,
        BinaryOp::Floormod => a.wrapping_sub(floor_div(a, b).wrapping_mul(b)),
        BinaryOp::And => a & b,
        BinaryOp::Or => a | b,
        BinaryOp::Xor => a ^ b,
        BinaryOp::Shl => a << amount,
        BinaryOp::Lshr => (ua >> amount) as i64,
        BinaryOp::Ashr => a >> amount,
    };
    wrap(ty, result)
}

fn floor_div(a: i64, b: i64) -> i64 {
    let (quotient, rest) = (a.wrapping_div(b), a.wrapping_rem(b));
    if rest != 0 && (rest < 0) != (b < 0) { quotient - 1 } else { quotient }
}

/// The result of a unary operation.
pub(super) fn unary(op: UnaryOp, ty: Type, a: i64) -> i64 {
    let result = match op {
        UnaryOp::Neg => wrap(ty, a).wrapping_neg(),
        UnaryOp::Not => !a,
        UnaryOp::Bswap => (a as u64).swap_bytes().wrapping_shr(64 - ty.bits()) as i64,
        UnaryOp::Opaque => a,
    };
    wrap(ty, result)
}

/// Whether a comparison of two integers of type `ty` holds.
pub(super) fn compare(cond: Cond, ty: Type, a: i64, b: i64) -> bool {
    // The sign of an `i1` is its only bit.
    let signed = |v: i64| if ty == Type::I1 { -(v & 1) } else { wrap(ty, v) };
    let (a, b) = (signed(a), signed(b));
    let (ua, ub) = (unsigned(ty, a), unsigned(ty, b));
    match cond {
        Cond::Eq => a == b,
        Cond::Ne => a != b,
        Cond::Slt => a < b,
        Cond::Sle => a <= b,
        Cond::Sgt => a > b,
        Cond::Sge => a >= b,
        Cond::Ult => ua < ub,
        Cond::Ule => ua <= ub,
        Cond::Ugt => ua > ub,
        Cond::Uge => ua >= ub,
    }
}

/// The number that a change of width gives.
pub(super) fn cast(kind: CastKind, from: Type, to: Type, value: i64) -> i64 {
    let wide = match kind {
        CastKind::Zext => unsigned(from, value) as i64,
        CastKind::Sext if from == Type::I1 => -(value & 1),
        CastKind::Sext => wrap(from, value),
        CastKind::Trunc => value,
    };
    wrap(to, wide)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floor_division_is_that_of_python() {
        let pairs = [(7, 2, 3, 1), (-7, 2, -4, 1), (7, -2, -4, -1), (-7, -2, 3, -1), (6, -3, -2, 0)];
        for (a, b, quotient, rest) in pairs {
            assert_eq!(binary(BinaryOp::Floordiv, Type::I64, a, b), quotient);
            assert_eq!(binary(BinaryOp::Floormod, Type::I64, a, b), rest);
        }
        assert_eq!(binary(BinaryOp::Floordiv, Type::I64, i64::MIN, -1), i64::MIN);
        assert_eq!(binary(BinaryOp::Floormod, Type::I64, i64::MIN, -1), 0);
        assert_eq!(binary(BinaryOp::Floormod, Type::I32, 5, 0), 5);
        assert_eq!(binary(BinaryOp::Floordiv, Type::I32, 5, 0), 0);
    }

    #[test]
    fn narrow_numbers_wrap() {
        assert_eq!(binary(BinaryOp::Add, Type::I8, 127, 1), -128);
        assert_eq!(binary(BinaryOp::Udiv, Type::I8, -1, 2), 127);
        assert_eq!(binary(BinaryOp::Lshr, Type::I16, -1, 17), 0x7fff);
        assert_eq!(unary(UnaryOp::Bswap, Type::I16, 0x1234), 0x3412);
        assert_eq!(unary(UnaryOp::Bswap, Type::I32, 0x80), i64::from(0x8000_0000_u32 as i32));
        assert_eq!(cast(CastKind::Zext, Type::I8, Type::I16, -1), 255);
        assert_eq!(cast(CastKind::Sext, Type::I1, Type::I64, 1), -1);
        assert!(compare(Cond::Ugt, Type::I8, -1, 1) && compare(Cond::Slt, Type::I8, -1, 1));
    }
}

//! Arithmetic on integers of a width, as `docs/mir.md` defines it.
//!
//! Promises: total; a value is kept in the low bits of a `u64`, the others zero. Leaves out: pointers.

use crate::mir::{AtomicOp, BinaryOp, Cond, UnaryOp};

/// The low `bits` of a value.
pub(super) fn cut(value: u64, bits: u32) -> u64 {
    if bits >= 64 { value } else { value & ((1 << bits) - 1) }
}

/// A value of `bits` with its sign.
pub(super) fn signed(value: u64, bits: u32) -> i64 {
    let shift = 64 - bits.clamp(1, 64);
    ((value << shift) as i64) >> shift
}

pub(super) fn binary(op: BinaryOp, bits: u32, a: u64, b: u64) -> u64 {
    let (sa, sb) = (signed(a, bits), signed(b, bits));
    let shift = (b % u64::from(bits.max(1))) as u32;
    let result = match op {
        BinaryOp::Add => a.wrapping_add(b),
        BinaryOp::Sub => a.wrapping_sub(b),
        BinaryOp::Mul => a.wrapping_mul(b),
        BinaryOp::Udiv => a.checked_div(b).unwrap_or(0),
        BinaryOp::Urem => a.checked_rem(b).unwrap_or(a),
        BinaryOp::Sdiv if sb == 0 => 0,
        BinaryOp::Sdiv => sa.wrapping_div(sb) as u64,
        BinaryOp::Srem if sb == 0 => a,
        BinaryOp::Srem => sa.wrapping_rem(sb) as u64,
        BinaryOp::Floordiv if sb == 0 => 0,
        BinaryOp::Floordiv => {
            let (quotient, rest) = (sa.wrapping_div(sb), sa.wrapping_rem(sb));
            quotient.wrapping_sub(i64::from(rest != 0 && (rest < 0) != (sb < 0))) as u64
        }
        BinaryOp::Floormod if sb == 0 => a,
        BinaryOp::Floormod => {
            let rest = sa.wrapping_rem(sb);
            (if rest != 0 && (rest < 0) != (sb < 0) { rest.wrapping_add(sb) } else { rest }) as u64
        }
        BinaryOp::And => a & b,
        BinaryOp::Or => a | b,
        BinaryOp::Xor => a ^ b,
        BinaryOp::Shl => a << shift,
        BinaryOp::Lshr => a >> shift,
        BinaryOp::Ashr => (sa >> shift) as u64,
    };
    cut(result, bits)
}

pub(super) fn unary(op: UnaryOp, bits: u32, a: u64) -> u64 {
    let result = match op {
        UnaryOp::Neg => a.wrapping_neg(),
        UnaryOp::Not => !a,
        UnaryOp::Bswap => a.swap_bytes() >> (64 - bits.clamp(8, 64)),
        UnaryOp::Opaque => a,
    };
    cut(result, bits)
}

pub(super) fn compare(cond: Cond, bits: u32, a: u64, b: u64) -> bool {
    let (sa, sb) = (signed(a, bits), signed(b, bits));
    match cond {
        Cond::Eq => a == b,
        Cond::Ne => a != b,
        Cond::Slt => sa < sb,
        Cond::Sle => sa <= sb,
        Cond::Sgt => sa > sb,
        Cond::Sge => sa >= sb,
        Cond::Ult => a < b,
        Cond::Ule => a <= b,
        Cond::Ugt => a > b,
        Cond::Uge => a >= b,
    }
}

/// What an atomic operation leaves in memory.
pub(super) fn atomic(op: AtomicOp, bits: u32, old: u64, operand: u64) -> u64 {
    let result = match op {
        AtomicOp::Add => old.wrapping_add(operand),
        AtomicOp::And => old & operand,
        AtomicOp::Or => old | operand,
        AtomicOp::Xor => old ^ operand,
        AtomicOp::Xchg => operand,
    };
    cut(result, bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(op: BinaryOp, bits: u32, a: i64, b: i64) -> i64 {
        signed(binary(op, bits, cut(a as u64, bits), cut(b as u64, bits)), bits)
    }

    #[test]
    fn division_is_total() {
        use BinaryOp::{Floordiv, Floormod, Sdiv, Srem, Udiv, Urem};
        for op in [Udiv, Sdiv, Floordiv] {
            assert_eq!(s(op, 32, 7, 0), 0);
        }
        for op in [Urem, Srem, Floormod] {
            assert_eq!(s(op, 32, -7, 0), -7);
        }
        for bits in [8, 16, 32, 64] {
            let least = i64::MIN >> (64 - bits);
            for op in [Sdiv, Floordiv] {
                assert_eq!(s(op, bits, least, -1), least);
            }
            for op in [Srem, Floormod] {
                assert_eq!(s(op, bits, least, -1), 0);
            }
        }
    }

    #[test]
    fn floor_is_pythons() {
        for (a, b, quotient, rest) in
            [(7, 2, 3, 1), (-7, 2, -4, 1), (7, -2, -4, -1), (-7, -2, 3, -1), (6, -2, -3, 0)]
        {
            assert_eq!(s(BinaryOp::Floordiv, 16, a, b), quotient);
            assert_eq!(s(BinaryOp::Floormod, 16, a, b), rest);
            assert_eq!(s(BinaryOp::Sdiv, 16, a, b), a / b);
            assert_eq!(s(BinaryOp::Srem, 16, a, b), a % b);
        }
    }

    #[test]
    fn shifts_and_swaps() {
        assert_eq!(s(BinaryOp::Shl, 8, 1, 9), 2);
        assert_eq!(s(BinaryOp::Lshr, 8, -128, 1), 64);
        assert_eq!(s(BinaryOp::Ashr, 8, -128, 8 + 7), -1);
        assert_eq!(unary(UnaryOp::Bswap, 16, 0x1234), 0x3412);
        assert_eq!(unary(UnaryOp::Bswap, 64, 1), 1 << 56);
        assert_eq!(unary(UnaryOp::Not, 1, 0), 1);
        assert!(compare(Cond::Slt, 8, 255, 0) && compare(Cond::Ugt, 8, 255, 0));
        assert_eq!(atomic(AtomicOp::Add, 32, u64::from(u32::MAX), 2), 1);
    }
}

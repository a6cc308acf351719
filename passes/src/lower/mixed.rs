//! Division of a signed by an unsigned 64-bit number, or the other way round, by value.
//!
//! Promises: Python's quotient and remainder, although no signed type holds both operands; 0 and the dividend where the divisor
//! is 0. Leaves out: operands that one signedness holds, which `number` divides.
//!
//! Why: `sdiv` would take 2 ** 63 for a negative number, `udiv` would take -1 for 2 ** 64 - 1.

use super::Lowering;
use pbpf_core::mir::{BinaryOp, CastKind, Cond, Op, Type, Value};

impl Lowering<'_, '_> {
    fn bits(&mut self, op: BinaryOp, a: Value, b: Value) -> Value {
        self.op(Op::Binary(op, [a, b]))
    }

    /// All ones if the number is negative, else 0.
    fn sign(&mut self, a: Value) -> Value {
        let top = self.iconst(Type::I64, 63);
        self.bits(BinaryOp::Ashr, a, top)
    }

    /// `a // b`, or `a % b` if `remainder`, of a signed `a` and an unsigned `b`.
    pub(super) fn divide_signed_by_unsigned(&mut self, remainder: bool, a: Value, b: Value) -> Value {
        // Of a negative a, ~a = -a - 1: the quotient is ~(~a / b), and the remainder b - 1 - ~a % b.
        let sign = self.sign(a);
        let magnitude = self.bits(BinaryOp::Xor, a, sign);
        if remainder {
            let rest = self.bits(BinaryOp::Urem, magnitude, b);
            let turned = self.bits(BinaryOp::Xor, rest, sign);
            let by = self.bits(BinaryOp::And, sign, b);
            return self.bits(BinaryOp::Add, turned, by);
        }
        let quotient = self.bits(BinaryOp::Udiv, magnitude, b);
        let turned = self.bits(BinaryOp::Xor, quotient, sign);
        let zero = self.iconst(Type::I64, 0);
        let by_zero = self.op(Op::Icmp(Cond::Eq, [b, zero]));
        self.op(Op::Select(by_zero, [zero, turned]))
    }

    /// `a // b`, or `a % b` if `remainder`, of an unsigned `a` and a signed `b`.
    pub(super) fn divide_unsigned_by_signed(&mut self, remainder: bool, a: Value, b: Value) -> Value {
        // Of a negative b: minus the quotient by -b, one less where there is a rest; the rest is then short of b.
        let sign = self.sign(b);
        let turned = self.bits(BinaryOp::Xor, b, sign);
        let magnitude = self.bits(BinaryOp::Sub, turned, sign);
        let rest = self.bits(BinaryOp::Urem, a, magnitude);
        let zero = self.iconst(Type::I64, 0);
        let uneven = self.op(Op::Icmp(Cond::Ne, [rest, zero]));
        if remainder {
            let by = self.bits(BinaryOp::And, sign, b);
            let short = self.bits(BinaryOp::Add, rest, by);
            return self.op(Op::Select(uneven, [short, rest]));
        }
        let quotient = self.bits(BinaryOp::Udiv, a, magnitude);
        let one = self.value(Op::Cast(CastKind::Zext, uneven), Type::I64);
        let one = self.bits(BinaryOp::And, one, sign);
        let quotient = self.bits(BinaryOp::Add, quotient, one);
        let turned = self.bits(BinaryOp::Xor, quotient, sign);
        self.bits(BinaryOp::Sub, turned, sign)
    }
}

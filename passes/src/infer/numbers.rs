//! The types of numbers under Python's meaning and under C's: the only place where the two differ.
//!
//! Promises: under Python's, a result type in which every value fits, as long as it fits 64 bits at all (a difference is
//! signed, even of unsigned numbers, because it may be negative). Under C's, the usual arithmetic conversions (C11 6.3.1.8)
//! on x86-64, for shifts too, as PythonBPF has them. Leaves out: the instructions.

use pbpf_core::hir::{Arithmetic, BinaryOp};

/// An integer type: width in bits, whether signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Int {
    pub(crate) bits: u8,
    pub(crate) signed: bool,
    /// Whether it is a literal that is not negative, which fits either sign.
    pub(crate) literal: bool,
}

impl Int {
    pub(crate) const S64: Int = Int { bits: 64, signed: true, literal: false };
    pub(crate) const U64: Int = Int { bits: 64, signed: false, literal: false };

    /// Whether all its values are at least 0.
    pub(crate) fn natural(self) -> bool {
        !self.signed || self.literal
    }

    /// Whether it has values past the greatest signed 64-bit number.
    fn huge(self) -> bool {
        self.bits == 64 && !self.signed && !self.literal
    }
}

/// The types of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Typing {
    /// What both operands are converted to first; where there is nothing, they keep their values.
    pub(crate) operands: Option<Int>,
    /// The result.
    pub(crate) result: Int,
}

/// The types of `a op b`.
pub(crate) fn binary(arithmetic: Arithmetic, op: BinaryOp, a: Int, b: Int) -> Typing {
    match arithmetic {
        Arithmetic::Python => Typing { operands: None, result: python_result(op, a, b) },
        Arithmetic::C => {
            // An exponent is a number of multiplications, and takes no part in conversions.
            let common = if op == BinaryOp::Pow { promote(a) } else { usual(a, b) };
            Typing { operands: Some(common), result: common }
        }
    }
}

/// The type of `-a` and `~a`.
pub(crate) fn unary(arithmetic: Arithmetic, a: Int) -> Int {
    match arithmetic {
        Arithmetic::Python => Int::S64,
        Arithmetic::C => promote(a),
    }
}

/// What the operands of a comparison are converted to; where there is nothing, they are compared by value.
pub(crate) fn compared(arithmetic: Arithmetic, a: Int, b: Int) -> Option<Int> {
    match arithmetic {
        Arithmetic::Python => None,
        Arithmetic::C => Some(usual(a, b)),
    }
}

/// The type of a value that is one or the other: `a if t else b`, `a or b`, `min(a, b)`.
pub(crate) fn either(arithmetic: Arithmetic, a: Int, b: Int) -> Int {
    match arithmetic {
        Arithmetic::Python => join(a, b),
        Arithmetic::C => usual(a, b),
    }
}

/// The type of `abs(a)`.
pub(crate) fn magnitude(arithmetic: Arithmetic, a: Int) -> Int {
    match arithmetic {
        Arithmetic::Python if a.signed => Int::S64,
        Arithmetic::Python => a,
        Arithmetic::C => promote(a),
    }
}

/// The type of a literal.
pub(crate) fn literal(arithmetic: Arithmetic, value: i64) -> Int {
    // C writes the least `int` as the negative of a number that no `int` holds.
    let is_int = i32::try_from(value).is_ok_and(|value| value != i32::MIN);
    let bits = if arithmetic == Arithmetic::C && is_int { 32 } else { 64 };
    Int { bits, signed: true, literal: value >= 0 }
}

/// A literal as C ranks it, of whose value only the sign is known here: most fit an `int`.
pub(crate) fn c_rank(a: Int) -> Int {
    if a.literal { Int { bits: 32, ..a } } else { a }
}

/// The type of a local without an annotation, from a value that is assigned to it; `made` if the value is a conversion
/// that the user wrote, `c_uint8(1)`.
pub(crate) fn local(arithmetic: Arithmetic, value: Int, made: bool) -> Int {
    match arithmetic {
        Arithmetic::C if !made => Int { bits: 64, ..value },
        _ => value,
    }
}

/// Integer promotion: what is narrower than `int` becomes one.
fn promote(a: Int) -> Int {
    if a.bits < 32 { Int { bits: 32, signed: true, literal: a.literal } } else { a }
}

/// The usual arithmetic conversions.
fn usual(a: Int, b: Int) -> Int {
    let (a, b) = (promote(a), promote(b));
    let (bits, literal) = (a.bits.max(b.bits), false);
    if a.signed == b.signed {
        return Int { bits, signed: a.signed, literal };
    }
    let (unsigned, signed) = if a.signed { (b, a) } else { (a, b) };
    Int { bits, signed: signed.bits > unsigned.bits, literal }
}

/// The type of `a op b` under Python's meaning.
fn python_result(op: BinaryOp, a: Int, b: Int) -> Int {
    match op {
        BinaryOp::Sub => Int::S64,
        BinaryOp::Shr => widen(a),
        BinaryOp::FloorMod if b.natural() && !b.huge() => Int::S64,
        BinaryOp::And if a.natural() && !a.huge() || b.natural() && !b.huge() => Int::S64,
        _ if (a.huge() && b.natural()) || (b.huge() && a.natural()) => Int::U64,
        _ => Int::S64,
    }
}

/// The 64-bit type that holds the values.
pub(crate) fn widen(a: Int) -> Int {
    if a.huge() { Int::U64 } else { Int::S64 }
}

/// The type that holds the values of both.
pub(crate) fn join(a: Int, b: Int) -> Int {
    if a.literal && b.literal {
        return a;
    }
    if a.literal && b.natural() {
        return Int { bits: 64, ..b };
    }
    if b.literal && a.natural() {
        return Int { bits: 64, ..a };
    }
    if a.signed == b.signed {
        return Int { bits: a.bits.max(b.bits), signed: a.signed, literal: false };
    }
    Int::S64
}

#[cfg(test)]
mod tests {
    use super::*;

    const U32: Int = Int { bits: 32, signed: false, literal: false };
    const LITERAL: Int = Int { bits: 64, signed: true, literal: true };

    #[test]
    fn results_hold_pythons_values() {
        assert_eq!(python_result(BinaryOp::Sub, Int::U64, Int::U64), Int::S64);
        assert_eq!(python_result(BinaryOp::Add, Int::U64, LITERAL), Int::U64);
        assert_eq!(python_result(BinaryOp::Add, U32, U32), Int::S64);
        assert_eq!(python_result(BinaryOp::And, Int::U64, LITERAL), Int::S64);
        assert_eq!(python_result(BinaryOp::Shr, Int::U64, LITERAL), Int::U64);
        assert_eq!(join(LITERAL, Int::U64), Int::U64);
        assert_eq!(join(U32, Int::S64), Int::S64);
    }

    #[test]
    fn conversions_are_those_of_c() {
        const U8: Int = Int { bits: 8, signed: false, literal: false };
        const S32: Int = Int { bits: 32, signed: true, literal: false };
        assert_eq!(usual(U8, U8), S32);
        assert_eq!(usual(U32, S32), U32);
        assert_eq!(usual(U32, Int::S64), Int::S64);
        assert_eq!(usual(Int::U64, S32), Int::U64);
        assert_eq!(literal(Arithmetic::C, -1).bits, 32);
        assert_eq!(literal(Arithmetic::C, 1 << 31).bits, 64);
    }
}

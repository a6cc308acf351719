//! The types of numbers under Python's meaning.
//!
//! Promises: a result type in which every value fits, as long as it fits 64 bits at all. A difference is signed, even of
//! unsigned numbers, because it may be negative. Leaves out: the instructions.

use pbpf_core::ast::BinaryOp;

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

/// The type of `a op b`.
pub(crate) fn binary(op: BinaryOp, a: Int, b: Int) -> Int {
    match op {
        BinaryOp::Sub => Int::S64,
        BinaryOp::Shr => widen(a),
        BinaryOp::Mod if b.natural() && !b.huge() => Int::S64,
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
        assert_eq!(binary(BinaryOp::Sub, Int::U64, Int::U64), Int::S64);
        assert_eq!(binary(BinaryOp::Add, Int::U64, LITERAL), Int::U64);
        assert_eq!(binary(BinaryOp::Add, U32, U32), Int::S64);
        assert_eq!(binary(BinaryOp::And, Int::U64, LITERAL), Int::S64);
        assert_eq!(binary(BinaryOp::Shr, Int::U64, LITERAL), Int::U64);
        assert_eq!(join(LITERAL, Int::U64), Int::U64);
        assert_eq!(join(U32, Int::S64), Int::S64);
    }
}

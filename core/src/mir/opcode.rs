//! The variants of instructions that come in families: arithmetic, comparisons, casts, atomics.
//!
//! Promises: each variant has its spelling in the text and is listed in `ALL`.
//! Leaves out: operands, which [`Op`](super::Op) holds.

/// Operations on two integers of one type; the result has that type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// Sum, wrapping.
    Add,
    /// Difference, wrapping.
    Sub,
    /// Product, wrapping.
    Mul,
    /// Unsigned quotient; 0 for a zero divisor.
    Udiv,
    /// Unsigned remainder; the dividend for a zero divisor.
    Urem,
    /// Signed quotient towards zero; 0 for a zero divisor. Concrete only for `--cpu v4`.
    Sdiv,
    /// Signed remainder with the dividend's sign; the dividend for a zero divisor. Concrete only for `--cpu v4`.
    Srem,
    /// Signed quotient towards minus infinity, Python's `//`; 0 for a zero divisor. Abstract.
    Floordiv,
    /// Signed remainder with the divisor's sign, Python's `%`; the dividend for a zero divisor. Abstract.
    Floormod,
    /// Bits of both.
    And,
    /// Bits of either.
    Or,
    /// Bits of exactly one.
    Xor,
    /// Shift left; the amount is taken modulo the width.
    Shl,
    /// Unsigned shift right; the amount is taken modulo the width.
    Lshr,
    /// Signed shift right; the amount is taken modulo the width.
    Ashr,
}

impl BinaryOp {
    /// Whether it is a quotient or a remainder.
    pub fn divides(self) -> bool {
        use BinaryOp as B;
        matches!(self, B::Udiv | B::Urem | B::Sdiv | B::Srem | B::Floordiv | B::Floormod)
    }

    /// All of them.
    pub const ALL: [BinaryOp; 15] = [
        BinaryOp::Add,
        BinaryOp::Sub,
        BinaryOp::Mul,
        BinaryOp::Udiv,
        BinaryOp::Urem,
        BinaryOp::Sdiv,
        BinaryOp::Srem,
        BinaryOp::Floordiv,
        BinaryOp::Floormod,
        BinaryOp::And,
        BinaryOp::Or,
        BinaryOp::Xor,
        BinaryOp::Shl,
        BinaryOp::Lshr,
        BinaryOp::Ashr,
    ];

    /// The mnemonic.
    pub fn as_str(self) -> &'static str {
        match self {
            BinaryOp::Add => "add",
            BinaryOp::Sub => "sub",
            BinaryOp::Mul => "mul",
            BinaryOp::Udiv => "udiv",
            BinaryOp::Urem => "urem",
            BinaryOp::Sdiv => "sdiv",
            BinaryOp::Srem => "srem",
            BinaryOp::Floordiv => "floordiv",
            BinaryOp::Floormod => "floormod",
            BinaryOp::And => "and",
            BinaryOp::Or => "or",
            BinaryOp::Xor => "xor",
            BinaryOp::Shl => "shl",
            BinaryOp::Lshr => "lshr",
            BinaryOp::Ashr => "ashr",
        }
    }
}

/// Operations on one integer; the result has its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    /// Negation, wrapping.
    Neg,
    /// Each bit flipped.
    Not,
    /// Bytes in reverse order (16, 32 or 64 bits).
    Bswap,
    /// The same value, of which the optimiser behind MIR knows nothing: a bound that the verifier is shown behind it
    /// stays (an empty `asm` in LLVM IR). 32 or 64 bits, or a pointer.
    Opaque,
}

impl UnaryOp {
    /// All of them.
    pub const ALL: [UnaryOp; 4] = [UnaryOp::Neg, UnaryOp::Not, UnaryOp::Bswap, UnaryOp::Opaque];

    /// The mnemonic.
    pub fn as_str(self) -> &'static str {
        match self {
            UnaryOp::Neg => "neg",
            UnaryOp::Not => "not",
            UnaryOp::Bswap => "bswap",
            UnaryOp::Opaque => "opaque",
        }
    }
}

/// Comparisons of two integers of one type, or of two pointers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cond {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Signed less.
    Slt,
    /// Signed less or equal.
    Sle,
    /// Signed greater.
    Sgt,
    /// Signed greater or equal.
    Sge,
    /// Unsigned less.
    Ult,
    /// Unsigned less or equal.
    Ule,
    /// Unsigned greater.
    Ugt,
    /// Unsigned greater or equal.
    Uge,
}

impl Cond {
    /// All of them.
    pub const ALL: [Cond; 10] = [
        Cond::Eq,
        Cond::Ne,
        Cond::Slt,
        Cond::Sle,
        Cond::Sgt,
        Cond::Sge,
        Cond::Ult,
        Cond::Ule,
        Cond::Ugt,
        Cond::Uge,
    ];

    /// The spelling after `icmp.`.
    pub fn as_str(self) -> &'static str {
        match self {
            Cond::Eq => "eq",
            Cond::Ne => "ne",
            Cond::Slt => "slt",
            Cond::Sle => "sle",
            Cond::Sgt => "sgt",
            Cond::Sge => "sge",
            Cond::Ult => "ult",
            Cond::Ule => "ule",
            Cond::Ugt => "ugt",
            Cond::Uge => "uge",
        }
    }

    /// The condition that holds exactly where this one does not.
    pub fn negate(self) -> Cond {
        match self {
            Cond::Eq => Cond::Ne,
            Cond::Ne => Cond::Eq,
            Cond::Slt => Cond::Sge,
            Cond::Sle => Cond::Sgt,
            Cond::Sgt => Cond::Sle,
            Cond::Sge => Cond::Slt,
            Cond::Ult => Cond::Uge,
            Cond::Ule => Cond::Ugt,
            Cond::Ugt => Cond::Ule,
            Cond::Uge => Cond::Ult,
        }
    }

    /// The condition with its operands exchanged.
    pub fn swap(self) -> Cond {
        match self {
            Cond::Eq => Cond::Eq,
            Cond::Ne => Cond::Ne,
            Cond::Slt => Cond::Sgt,
            Cond::Sle => Cond::Sge,
            Cond::Sgt => Cond::Slt,
            Cond::Sge => Cond::Sle,
            Cond::Ult => Cond::Ugt,
            Cond::Ule => Cond::Uge,
            Cond::Ugt => Cond::Ult,
            Cond::Uge => Cond::Ule,
        }
    }
}

/// Changes of an integer's width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CastKind {
    /// Wider, with zeros.
    Zext,
    /// Wider, with the sign.
    Sext,
    /// Narrower.
    Trunc,
}

impl CastKind {
    /// All of them.
    pub const ALL: [CastKind; 3] = [CastKind::Zext, CastKind::Sext, CastKind::Trunc];

    /// The mnemonic.
    pub fn as_str(self) -> &'static str {
        match self {
            CastKind::Zext => "zext",
            CastKind::Sext => "sext",
            CastKind::Trunc => "trunc",
        }
    }
}

/// Atomic operations on memory; the result is the old value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AtomicOp {
    /// Sum.
    Add,
    /// Bits of both.
    And,
    /// Bits of either.
    Or,
    /// Bits of exactly one.
    Xor,
    /// Replace.
    Xchg,
}

impl AtomicOp {
    /// All of them.
    pub const ALL: [AtomicOp; 5] =
        [AtomicOp::Add, AtomicOp::And, AtomicOp::Or, AtomicOp::Xor, AtomicOp::Xchg];

    /// The spelling after `atomic.`.
    pub fn as_str(self) -> &'static str {
        match self {
            AtomicOp::Add => "add",
            AtomicOp::And => "and",
            AtomicOp::Or => "or",
            AtomicOp::Xor => "xor",
            AtomicOp::Xchg => "xchg",
        }
    }
}

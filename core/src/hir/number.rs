//! Operators on numbers, and the two meanings that arithmetic can have.
//!
//! Promises: an operator here has one meaning; which one a source operator has is decided in `infer`.
//! Leaves out: the types of results.

use crate::ast;

/// What arithmetic means in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Arithmetic {
    /// Python's values, as long as they fit 64 bits.
    #[default]
    Python,
    /// C's usual arithmetic conversions, as PythonBPF has them.
    C,
}

impl Arithmetic {
    /// The spelling in `pbpf.toml` and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Arithmetic::Python => "python",
            Arithmetic::C => "c",
        }
    }

    /// The meaning of that spelling.
    pub fn parse(text: &str) -> Option<Arithmetic> {
        [Arithmetic::Python, Arithmetic::C].into_iter().find(|a| a.as_str() == text)
    }
}

/// A binary operator on numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `+`.
    Add,
    /// `-`.
    Sub,
    /// `*`.
    Mul,
    /// The quotient towards zero, as in C.
    Div,
    /// The remainder with the sign of the dividend, as in C.
    Rem,
    /// The quotient towards minus infinity, as in Python.
    FloorDiv,
    /// The remainder with the sign of the divisor, as in Python.
    FloorMod,
    /// `**` with a constant exponent.
    Pow,
    /// `<<`.
    Shl,
    /// `>>`.
    Shr,
    /// `&`.
    And,
    /// `|`.
    Or,
    /// `^`.
    Xor,
}

impl BinaryOp {
    /// The operator as Python means it; none for `/` and `@`, which Python has no numbers of the kernel's for.
    pub fn python(op: ast::BinaryOp) -> Option<BinaryOp> {
        Some(match op {
            ast::BinaryOp::Add => BinaryOp::Add,
            ast::BinaryOp::Sub => BinaryOp::Sub,
            ast::BinaryOp::Mul => BinaryOp::Mul,
            ast::BinaryOp::FloorDiv => BinaryOp::FloorDiv,
            ast::BinaryOp::Mod => BinaryOp::FloorMod,
            ast::BinaryOp::Pow => BinaryOp::Pow,
            ast::BinaryOp::Shl => BinaryOp::Shl,
            ast::BinaryOp::Shr => BinaryOp::Shr,
            ast::BinaryOp::And => BinaryOp::And,
            ast::BinaryOp::Or => BinaryOp::Or,
            ast::BinaryOp::Xor => BinaryOp::Xor,
            ast::BinaryOp::Div | ast::BinaryOp::MatMul => return None,
        })
    }

    /// The same operator in a meaning.
    pub fn meant(self, arithmetic: Arithmetic) -> BinaryOp {
        match (arithmetic, self) {
            (Arithmetic::C, BinaryOp::FloorDiv) => BinaryOp::Div,
            (Arithmetic::C, BinaryOp::FloorMod) => BinaryOp::Rem,
            (_, op) => op,
        }
    }

    /// Whether it divides.
    pub fn divides(self) -> bool {
        matches!(self, BinaryOp::Div | BinaryOp::Rem | BinaryOp::FloorDiv | BinaryOp::FloorMod)
    }

    /// As HIR prints it.
    pub fn as_str(self) -> &'static str {
        match self {
            BinaryOp::Add => "+",
            BinaryOp::Sub => "-",
            BinaryOp::Mul => "*",
            BinaryOp::Div => "/",
            BinaryOp::Rem => "rem",
            BinaryOp::FloorDiv => "//",
            BinaryOp::FloorMod => "%",
            BinaryOp::Pow => "**",
            BinaryOp::Shl => "<<",
            BinaryOp::Shr => ">>",
            BinaryOp::And => "&",
            BinaryOp::Or => "|",
            BinaryOp::Xor => "^",
        }
    }
}

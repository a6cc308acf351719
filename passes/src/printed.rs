//! What a printed value needs of the kernel's `printf`.
//!
//! Promises: `check`, which counts arguments, and `lower`, which makes them, ask here. Leaves out: the conversions.

use pbpf_core::hir::{BinaryOp, Expr, ExprKind, Format, FormatKind, PrintPart};
use pbpf_core::types::{Type, TypeId, Types};

/// Whether a value is printed as its hexadecimal distance from zero with a sign in front, as Python does. The kernel
/// prints the 64 bits, so that a number that may be negative takes two arguments.
pub(crate) fn has_sign(types: &Types, value: &Expr, format: Format) -> bool {
    matches!(format.kind, FormatKind::Hex | FormatKind::HexUpper) && !natural(types, value)
}

/// Whether a text can be part of a format: the kernel refuses any but printable ASCII (`bpf_bprintf_prepare`).
pub(crate) fn is_plain(text: &str) -> bool {
    text.chars().all(|c| matches!(c, ' '..='~' | '\t' | '\n'))
}

/// Whether a text may stand right behind `%s`: "%sabc" is refused (`bpf_bprintf_prepare`).
pub(crate) fn may_follow_text(text: &str) -> bool {
    text.chars().next().is_none_or(|c| c.is_ascii_punctuation() || c.is_ascii_whitespace())
}

/// Whether a pointer to characters is printed as their text, which the kernel reads itself.
pub(crate) fn is_text_behind(types: &Types, ty: TypeId, format: Format) -> bool {
    matches!(format.kind, FormatKind::Plain | FormatKind::Text) && types.points_to_characters(ty)
}

/// How many arguments the parts take.
pub(crate) fn arguments(types: &Types, parts: &[PrintPart]) -> usize {
    let mut count = 0;
    // Whether the format ends with `%s`.
    let mut behind_text = false;
    for part in parts {
        let (text, quoted) = match part {
            PrintPart::Text(text) => (text, false),
            PrintPart::Value(Expr { kind: ExprKind::Text(text), .. }, format) if format.is_bare() => {
                (text, format.quoted)
            }
            PrintPart::Value(value, format) => {
                let sign = has_sign(types, value, *format);
                let prefix = !sign && (format.prefix || format.kind == FormatKind::Pointer);
                count += 1 + usize::from(sign) + usize::from(prefix && behind_text);
                behind_text = !format.quoted
                    && match types.get(value.ty) {
                        Type::Str { .. } => true,
                        Type::Bool => is_word(*format),
                        Type::Ptr { .. } if is_text_behind(types, value.ty, *format) => true,
                        _ => format.kind == FormatKind::Char,
                    };
                continue;
            }
        };
        if text.is_empty() && !quoted {
            continue;
        }
        let as_argument = !is_plain(text) || (behind_text && !quoted && !may_follow_text(text));
        count += usize::from(as_argument);
        behind_text = as_argument && !quoted;
    }
    count
}

/// Whether a truth value is printed as a word; with a width Python prints a number.
pub(crate) fn is_word(format: Format) -> bool {
    format.kind == FormatKind::Plain && (format.converted || format.is_bare())
}

/// Whether a number cannot be negative, as far as its form tells.
fn natural(types: &Types, value: &Expr) -> bool {
    let unsigned = match types.get(value.ty) {
        Type::Int { signed, .. } => !signed,
        Type::Enum(e) => !types.enums[*e].signed,
        _ => true,
    };
    unsigned
        || match &value.kind {
            ExprKind::Int(n) => *n >= 0,
            ExprKind::Binary(BinaryOp::And, a, b) => natural(types, a) || natural(types, b),
            ExprKind::Binary(
                BinaryOp::FloorMod | BinaryOp::Rem | BinaryOp::FloorDiv | BinaryOp::Div,
                a,
                b,
            ) => natural(types, a) && natural(types, b),
            ExprKind::Binary(BinaryOp::Shr, a, _) => narrow(types, a) || natural(types, a),
            ExprKind::If(_, a, b) => natural(types, a) && natural(types, b),
            ExprKind::Convert(inner) => widens(types, inner, value) && natural(types, inner),
            ExprKind::Reveal(inner) => natural(types, inner),
            _ => false,
        }
}

/// Whether it is unsigned and narrower than 64 bits.
fn narrow(types: &Types, value: &Expr) -> bool {
    matches!(types.get(value.ty), Type::Int { bits, signed: false } if *bits < 64)
}

/// Whether a conversion keeps every value.
fn widens(types: &Types, from: &Expr, to: &Expr) -> bool {
    match (types.get(from.ty), types.get(to.ty)) {
        (Type::Int { bits: a, signed: x }, Type::Int { bits: b, signed: y }) => {
            if x == y {
                a <= b
            } else {
                a < b
            }
        }
        (Type::Bool, _) => true,
        _ => false,
    }
}

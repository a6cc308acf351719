//! Values that are known although the program has not run.
//!
//! Promises: every value that an expression can have, or nothing. Leaves out: variables.

use pbpf_core::hir::{BinaryOp, Expr, ExprKind, UnaryOp};
use pbpf_core::types::{Type, Types};

/// The most values that one expression is followed into.
const MOST: usize = 64;

/// The values that an expression can have, with the part of it that gives each; nothing for those that are not known.
pub(super) fn values<'e>(types: &Types, expr: &'e Expr) -> Vec<(i128, &'e Expr)> {
    let mut found = Vec::new();
    collect(types, expr, &mut found);
    found.truncate(MOST);
    found
}

fn collect<'e>(types: &Types, expr: &'e Expr, found: &mut Vec<(i128, &'e Expr)>) {
    match &expr.kind {
        ExprKind::If(_, a, b) => {
            collect(types, a, found);
            collect(types, b, found);
        }
        ExprKind::Convert(inner) => {
            for (value, _) in values(types, inner) {
                found.push((cut(types, expr, value), expr));
            }
        }
        _ => found.extend(value(types, expr).map(|v| (v, expr))),
    }
}

/// The value of a constant expression.
pub(super) fn value(types: &Types, expr: &Expr) -> Option<i128> {
    Some(match &expr.kind {
        ExprKind::Int(value) if matches!(types.get(expr.ty), Type::Int { bits: 64, signed: false }) => {
            i128::from(value.cast_unsigned())
        }
        ExprKind::Int(value) => i128::from(*value),
        ExprKind::Bool(value) => i128::from(*value),
        ExprKind::Convert(inner) => cut(types, expr, value(types, inner)?),
        ExprKind::Unary(UnaryOp::Neg, inner) => value(types, inner)?.checked_neg()?,
        ExprKind::Unary(UnaryOp::Invert, inner) => !value(types, inner)?,
        ExprKind::Binary(op, a, b) => {
            let (a, b) = (value(types, a)?, value(types, b)?);
            let shift = || u32::try_from(b).ok().filter(|s| *s < 64);
            match op {
                BinaryOp::Add => a.checked_add(b)?,
                BinaryOp::Sub => a.checked_sub(b)?,
                BinaryOp::Mul => a.checked_mul(b)?,
                BinaryOp::Shl => a.checked_mul(1i128 << shift()?)?,
                BinaryOp::Shr => a >> shift()?,
                BinaryOp::And => a & b,
                BinaryOp::Or => a | b,
                BinaryOp::Xor => a ^ b,
                _ => return None,
            }
        }
        _ => return None,
    })
}

/// The value as the type of a conversion holds it.
fn cut(types: &Types, expr: &Expr, value: i128) -> i128 {
    match types.get(expr.ty) {
        Type::Bool => i128::from(value != 0),
        Type::Int { bits, signed } => {
            let low = value & ((1i128 << bits) - 1);
            if *signed && low >> (bits - 1) != 0 { low - (1i128 << bits) } else { low }
        }
        _ => value,
    }
}

//! How much memory there is behind an argument.
//!
//! Promises: no more than the verifier lets a helper have. Leaves out: packets, which `bounds` knows, and memory of the kernel.

use pbpf_core::hir::{Expr, ExprKind};
use pbpf_core::types::{Region, Type, TypeId, Types};

/// The bytes of the program's own memory that an expression is, or points to, where that is all there is; not of an element,
/// behind which others may be, and not of a pointer to a number, which may be the first of several.
pub(crate) fn extent(types: &Types, expr: &Expr) -> Option<u32> {
    let whole = |ty: TypeId| Some(types.size_of(ty)).filter(|size| *size > 0);
    if !is_own(types, expr) {
        return None;
    }
    match types.get(expr.ty) {
        Type::Ptr { to, .. } if !types.is_scalar(*to) => whole(*to),
        Type::Ptr { .. } => None,
        _ => whole(expr.ty),
    }
}

/// Whether it is memory that the program has for itself, or points there.
fn is_own(types: &Types, expr: &Expr) -> bool {
    if let Type::Ptr { region, .. } = types.get(expr.ty) {
        return matches!(region, Region::Stack | Region::MapValue | Region::Mem);
    }
    match &expr.kind {
        ExprKind::Field(of, _) | ExprKind::Deref(of) => is_own(types, of),
        ExprKind::Index(..) => false,
        _ => true,
    }
}

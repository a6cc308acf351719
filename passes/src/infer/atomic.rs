//! Atomic operations.
//!
//! Promises: the place is memory that other programs may see, of 32 or 64 bits; else a diagnostic has been told. Leaves out:
//! instruction sets that lack one.

use super::{Frame, Infer_};
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{Atomic, Expr, ExprKind};
use pbpf_core::types::{Region, Type, TypeId};

impl Infer_<'_, '_> {
    /// The type of `atomic_add(place, value)`: that of the number at the place.
    pub(super) fn atomic(
        &mut self,
        frame: &mut Frame,
        op: Atomic,
        place: &mut Expr,
        value: &mut Expr,
    ) -> Option<TypeId> {
        let ty = self.expr(frame, place)?;
        self.number(frame, value)?;
        let span = place.span;
        let (number, region) = match *self.module.types.get(ty) {
            Type::Ptr { to, region, .. } => (to, Some(region)),
            _ => (ty, self.place_region(place)),
        };
        let wide = matches!(self.module.types.get(number), Type::Int { bits: 32 | 64, .. });
        let why = match region {
            Some(Region::MapValue | Region::Mem | Region::Arena) if wide => return Some(number),
            Some(Region::MapValue | Region::Mem | Region::Arena) => {
                format!("{} is no integer of 32 or 64 bits", self.module.types.display(number))
            }
            Some(Region::Stack) | None => "this is a local variable, which no other program sees".to_owned(),
            Some(region) => format!("{} cannot be changed atomically", region.describe()),
        };
        self.error(frame, |_| {
            Diagnostic::error("bad-atomic", why)
                .at(span)
                .help(format!("`{}` takes a global variable, or a value or field in a map", op.name()))
        });
        None
    }

    /// Where a place is, through fields and elements; none for a local variable.
    fn place_region(&self, place: &Expr) -> Option<Region> {
        match &place.kind {
            ExprKind::Global(_) | ExprKind::Item(..) => Some(Region::MapValue),
            ExprKind::Field(base, _) | ExprKind::Index(base, _) | ExprKind::Deref(base) => {
                match *self.module.types.get(base.ty) {
                    Type::Ptr { region, .. } => Some(region),
                    _ => self.place_region(base),
                }
            }
            _ => None,
        }
    }
}

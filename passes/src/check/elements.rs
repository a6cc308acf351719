//! Elements of arrays in the context.
//!
//! Promises: an element that is named by a number is one that the context has. Leaves out: arrays whose length their type says,
//! which `infer` knows.

use super::{Checker, Running, constant};
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{Expr, ExprKind, FuncId};
use pbpf_core::types::{Region, Type};

impl Checker<'_, '_> {
    /// Holds `ctx.args[12]` against how many there are in the row.
    pub(super) fn element(&mut self, id: FuncId, running: &[Running<'_>], array: &Expr, index: &Expr) {
        let types = &self.module.types;
        let ExprKind::Field(context, name) = &array.kind else { return };
        if !matches!(types.get(context.ty), Type::Ptr { region: Region::Ctx, .. }) {
            return;
        }
        let Some(at) = constant::value(types, index) else { return };
        for running in running {
            let field = running.row.context.fields.iter().find(|f| f.name == *name && f.elements > 0);
            let Some(field) = field.filter(|f| !(0..i128::from(f.elements)).contains(&at)) else { continue };
            let message = format!("index {at} is outside an array of {}", field.elements);
            let error = Diagnostic::error("index-out-of-range", message).at(index.span);
            let error = self.because(id, running, error);
            self.cx.emit(error);
        }
    }
}

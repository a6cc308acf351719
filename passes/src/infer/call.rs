//! Calls of functions of the file, and prints.
//!
//! Promises: arguments fit the parameters, or a diagnostic has been told. Leaves out: helpers.

use super::{Frame, Infer_, State};
use pbpf_core::diag::Diagnostic;
use pbpf_core::entity::Entity;
use pbpf_core::hir::{Expr, FuncId, PrintPart};
use pbpf_core::source::Span;
use pbpf_core::types::{Type, TypeId};

impl Infer_<'_, '_> {
    /// The type of a call of a function.
    pub(super) fn call(
        &mut self,
        frame: &mut Frame,
        id: FuncId,
        args: &mut [Expr],
        span: Span,
    ) -> Option<TypeId> {
        let void = self.module.types.void();
        for arg in args.iter_mut() {
            self.expr(frame, arg);
        }
        if matches!(self.state[id.index()], State::Active | State::Recursive) {
            self.function(id);
            return None;
        }
        self.function(id);
        let callee = &self.module.functions[id];
        let (ret, name, declared) = (callee.ret.unwrap_or(void), callee.name.clone(), callee.span);
        let params: Vec<TypeId> = callee.params.iter().map(|p| callee.locals[*p].ty).collect();
        if params.len() != args.len() {
            let given = args.len();
            self.error(frame, |_| {
                let message = format!("`{name}` takes {} arguments, not {given}", params.len());
                Diagnostic::error("wrong-argument-count", message)
                    .at(span)
                    .label(declared, "it is declared here")
            });
            return Some(ret);
        }
        for (arg, want) in args.iter_mut().zip(params) {
            self.check_item(frame, arg, Some(want), "argument");
            self.same_region(frame, arg, want);
        }
        Some(ret)
    }

    /// Types what is printed.
    pub(super) fn print(&mut self, frame: &mut Frame, parts: &mut [PrintPart]) {
        for part in parts {
            let PrintPart::Value(value, _) = part else { continue };
            let Some(ty) = self.expr(frame, value) else { continue };
            if self.is_number_behind(ty) {
                self.as_number(frame, value);
            } else if matches!(self.module.types.get(ty), Type::Void | Type::Record(_) | Type::Array { .. }) {
                let span = value.span;
                self.error(frame, |this| {
                    Diagnostic::error(
                        "type-mismatch",
                        format!("{} cannot be printed", this.module.types.display(ty)),
                    )
                    .at(span)
                });
            }
        }
    }
}

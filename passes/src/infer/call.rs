//! Calls of functions of the file, and prints.
//!
//! Promises: arguments fit the parameters, or a diagnostic has been told. Leaves out: helpers.

use super::{Frame, Infer_};
use crate::printed;
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{Argument, Expr, ExprKind, FuncId, FunctionKind, PrintPart};
use pbpf_core::types::{Region, Type, TypeId};

impl Infer_<'_, '_> {
    /// The type of a call of a function; `callee` becomes the instance for these arguments.
    pub(super) fn call(
        &mut self,
        frame: &mut Frame,
        callee: &mut FuncId,
        args: &mut [Argument],
    ) -> Option<TypeId> {
        let void = self.module.types.void();
        let mut typed = true;
        for arg in args.iter_mut() {
            typed &= self.expr(frame, &mut arg.value).is_some();
            typed &= self.is_value(frame, &arg.value);
        }
        if !typed {
            return None;
        }
        let template = self.template(*callee);
        if self.recursive.contains(&template) {
            return None;
        }
        if let FunctionKind::Program(_) = self.module.functions[template].kind {
            // Which `check` refuses.
            return self.module.functions[template].ret.or(Some(self.module.types.int(32, true)));
        }
        let id = self.instance(template, args);
        *callee = id;
        self.function(id);
        let function = &self.module.functions[id];
        let ret = function.ret.unwrap_or(void);
        let is_global = function.linkage == pbpf_core::hir::Linkage::Global;
        let params: Vec<TypeId> = function.params.iter().map(|p| function.locals[*p].ty).collect();
        for arg in args.iter_mut() {
            let Some(want) = params.get(arg.param).copied() else { continue };
            self.check_item(frame, &mut arg.value, Some(want), "argument");
            if is_global {
                self.own_memory(frame, &arg.value, want);
            } else {
                self.same_region(frame, &arg.value, want);
            }
        }
        Some(ret)
    }

    /// Holds that an argument is a value that a function can be given.
    fn is_value(&mut self, frame: &Frame, arg: &Expr) -> bool {
        let what = match (&arg.kind, self.module.types.get(arg.ty)) {
            (ExprKind::Map(_), _) | (_, Type::Ptr { region: Region::Map, .. }) => "a map",
            (ExprKind::Function(_), _) | (_, Type::Ptr { region: Region::Func, .. }) => "a function",
            (_, Type::Void) if arg.ty == self.module.types.void() => "nothing",
            _ => return true,
        };
        let span = arg.span;
        self.error(frame, |_| {
            let message = format!("this is {what}, which cannot be handed over");
            Diagnostic::error("bad-argument", message).at(span).help(match what {
                "nothing" => "give a value",
                _ => "functions know maps and functions of the file by name",
            })
        });
        false
    }

    /// Holds that a pointer for a function that is verified on its own points to memory of the program's own.
    fn own_memory(&mut self, frame: &Frame, arg: &Expr, want: TypeId) {
        let region = match *self.module.types.get(want) {
            Type::Ptr { region: Region::Mem, .. } => match *self.module.types.get(arg.ty) {
                Type::Ptr { region, .. } => region,
                _ => self.region_of(arg),
            },
            _ => return,
        };
        if matches!(region, Region::Stack | Region::MapValue | Region::Mem) {
            return;
        }
        let span = arg.span;
        self.error(frame, |_| {
            let message = format!(
                "this points to {}, and a function that is verified on its own takes memory of the program",
                region.describe()
            );
            Diagnostic::error("type-mismatch", message).at(span).help("hand over a copy")
        });
    }

    /// Types what is printed.
    pub(super) fn print(&mut self, frame: &mut Frame, parts: &mut [PrintPart]) {
        for part in parts {
            let PrintPart::Value(value, format) = part else { continue };
            let Some(ty) = self.expr(frame, value) else { continue };
            if printed::is_text_behind(&self.module.types, ty, *format) {
                continue;
            }
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

//! Subprograms: what a call can pass, and what a function that is verified on its own may take.
//!
//! Promises: each function is told once. Leaves out: whether a function stays a call (the pass `inline`).

use super::Checker;
use crate::lower::{MAX_PARAMS, result_type};
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{Function, FunctionKind, Linkage};
use pbpf_core::types::{Origin, Region, Type, TypeId};

impl Checker<'_, '_> {
    pub(super) fn linkage(&mut self, function: &Function) {
        if function.kind != FunctionKind::Subprogram {
            return;
        }
        let result = result_type(&self.module.types, function);
        let passed = function.params.len() + usize::from(result.is_some());
        if passed > MAX_PARAMS && matches!(function.linkage, Linkage::Global | Linkage::NoInline) {
            let message =
                format!("`{}` takes {passed} values, and a call passes {MAX_PARAMS}", function.name);
            let error = Diagnostic::error("too-many-parameters", message).at(function.span);
            let error = match result {
                Some(_) => error
                    .note("a result that no register holds takes one: it is written where the caller says"),
                None => error,
            };
            self.cx
                .emit(error.help("put them into a struct, or let the function become a part of its callers"));
        }
        if function.linkage == Linkage::Global {
            self.global(function, result.is_some());
        }
    }

    /// What `btf_prepare_func_args` of the kernel accepts.
    fn global(&mut self, function: &Function, by_reference: bool) {
        let types = &self.module.types;
        let help = "a function that is verified on its own takes numbers, the context, and structs of the file, and gives a number or nothing";
        let returns_pointer = function.ret.is_some_and(|r| matches!(types.get(r), Type::Ptr { .. }));
        if by_reference || returns_pointer {
            let ret = function.ret.map_or_else(String::new, |r| types.display(r));
            let message = format!("`{}` is verified on its own, and cannot give {ret}", function.name);
            self.cx.emit(Diagnostic::error("bad-global-function", message).at(function.span).help(help));
        }
        for param in &function.params {
            let local = &function.locals[*param];
            if !self.crosses(local.ty) {
                let display = self.module.types.display(local.ty);
                let message = format!(
                    "`{}` is verified on its own, and its parameter `{}` cannot be {display}",
                    function.name, local.name
                );
                self.cx.emit(Diagnostic::error("bad-global-function", message).at(local.span).help(help));
            }
        }
    }

    fn crosses(&self, ty: TypeId) -> bool {
        let types = &self.module.types;
        match types.get(ty) {
            Type::Int { .. } | Type::Bool | Type::Enum(_) => true,
            Type::Ptr { region: Region::Ctx, .. } => true,
            Type::Ptr { to, region: Region::Mem, .. } => match types.get(*to) {
                Type::Record(record) => types.records[*record].origin == Origin::User,
                Type::Array { .. } | Type::Str { .. } => true,
                _ => false,
            },
            _ => false,
        }
    }
}

//! New records and arrays, as constructors make them.
//!
//! Promises: each field is given at most once; what is left out has its default, or is zero. Leaves out: types.

use super::Resolver;
use super::body::Body;
use pbpf_core::ast::{Expr, ExprKind, Keyword};
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir;
use pbpf_core::names;
use pbpf_core::source::Span;
use pbpf_core::types::{Origin, RecordId, Type, TypeId};

impl Resolver<'_, '_> {
    /// `S(1, b=2)`.
    pub(super) fn new_record(
        &mut self,
        body: &mut Body,
        (record, ty): (RecordId, TypeId),
        args: &[Expr],
        keywords: &[Keyword],
        span: Span,
    ) -> Option<hir::Expr> {
        if self.module.types.records[record].origin != Origin::User {
            let [arg] = args else {
                self.error(
                    "bad-call",
                    "a kernel struct cannot be made, only read: `struct_x(address)`",
                    span,
                );
                return None;
            };
            let value = self.expr(body, arg)?;
            return Some(hir::Expr { kind: hir::ExprKind::Cast(Box::new(value)), ty, span });
        }
        let known: Vec<(String, TypeId)> =
            self.module.types.records[record].fields.iter().map(|f| (f.name.clone(), f.ty)).collect();
        let name = self.module.types.records[record].name.clone();
        if let Some(extra) = args.get(known.len()) {
            let (have, given) = (known.len(), args.len());
            self.error(
                "wrong-argument-count",
                format!("`{name}` has {have} fields, and {given} values are given"),
                extra.span,
            );
            return None;
        }
        let mut fields: Vec<(String, hir::Expr)> = Vec::new();
        let mut complete = true;
        for (arg, (field, ty)) in args.iter().zip(&known) {
            match self.initial(body, arg, *ty) {
                Some(value) => fields.push((field.clone(), value)),
                None => complete = false,
            }
        }
        for keyword in keywords {
            let Some(field) = &keyword.name else {
                self.error("bad-call", "`**` has no meaning here", keyword.value.span);
                return None;
            };
            if fields.iter().any(|(f, _)| *f == field.text) {
                self.error("bad-call", format!("field `{}` is given twice", field.text), field.span);
                return None;
            }
            let Some(ty) = self.module.types.find_field(record, &field.text).map(|(_, f)| f.ty) else {
                let near = names::nearest(&field.text, known.iter().map(|(f, _)| f.as_str()))
                    .map(|n| format!("did you mean `{n}`?"));
                let message = format!("`{name}` has no field `{}`", field.text);
                self.cx.emit(Diagnostic::error("unknown-field", message).at(field.span).maybe_help(near));
                return None;
            };
            match self.initial(body, &keyword.value, ty) {
                Some(value) => fields.push((field.text.clone(), value)),
                None => complete = false,
            }
        }
        if !complete {
            return None;
        }
        // `S(pointer)` is a cast; `infer` knows whether it is one.
        if let ([_], []) = (args, keywords)
            && let Some((first, _)) = fields.first_mut()
        {
            first.clear();
        }
        let given: Vec<String> = match args.len() {
            1 if keywords.is_empty() => known.iter().take(1).map(|(f, _)| f.clone()).collect(),
            _ => fields.iter().map(|(f, _)| f.clone()).collect(),
        };
        let defaults = self.records.get(&record).map(|r| r.defaults.clone()).unwrap_or_default();
        // Defaults know the names of the file, not those of the function.
        let mut nowhere = Body::new(body.func);
        for (field, default) in defaults {
            if !given.contains(&field) {
                fields.push((field, self.expr(&mut nowhere, &default)?));
            }
        }
        Some(hir::Expr { kind: hir::ExprKind::New(fields), ty, span })
    }

    /// `(c_int * 4)(1, 2)`.
    pub(super) fn new_array(
        &mut self,
        body: &mut Body,
        ty: TypeId,
        (element, len): (TypeId, u32),
        args: &[Expr],
        keywords: &[Keyword],
        span: Span,
    ) -> Option<hir::Expr> {
        if let Some(keyword) = keywords.first() {
            self.error("bad-call", "elements have no names", keyword.value.span);
            return None;
        }
        if args.is_empty() {
            return Some(hir::Expr { kind: hir::ExprKind::Zeroed, ty, span });
        }
        if let Some(extra) = args.get(len as usize) {
            let given = args.len();
            let message = format!("the array has {len} elements, and {given} values are given");
            self.error("wrong-argument-count", message, extra.span);
            return None;
        }
        let values: Vec<Option<hir::Expr>> =
            args.iter().map(|arg| self.initial(body, arg, element)).collect();
        let values: Option<Vec<hir::Expr>> = values.into_iter().collect();
        Some(hir::Expr { kind: hir::ExprKind::NewArray(values?), ty, span })
    }

    /// What a field or element starts as: as ctypes has it, a tuple makes a struct or array.
    fn initial(&mut self, body: &mut Body, value: &Expr, ty: TypeId) -> Option<hir::Expr> {
        if let ExprKind::Tuple(items) = &value.kind {
            match *self.module.types.get(ty) {
                Type::Record(record) => return self.new_record(body, (record, ty), items, &[], value.span),
                Type::Array { element, len } => {
                    return self.new_array(body, ty, (element, len), items, &[], value.span);
                }
                _ => {}
            }
        }
        self.expr(body, value)
    }
}

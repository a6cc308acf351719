//! Calls: built-in functions, types, helpers, map methods and functions of the file.
//!
//! Promises: arguments in the order of the row, whatever way they are written. Leaves out: their types.

use super::Resolver;
use super::body::Body;
use super::method::MethodCall;
use super::scope::Entry;
use pbpf_core::ast::{Expr, ExprKind, Keyword};
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{self};
use pbpf_core::names;
use pbpf_core::source::Span;
use pbpf_core::types::{Type, TypeId};

impl Resolver<'_, '_> {
    pub(super) fn call(
        &mut self,
        body: &mut Body,
        func: &Expr,
        args: &[Expr],
        keywords: &[Keyword],
        span: Span,
    ) -> Option<hir::Expr> {
        if let ExprKind::Attribute { value, attr } = &func.kind
            && let Some(map) = self.map_of(body, value)
        {
            return self.method(body, MethodCall { map, of: value, name: attr, args, keywords, span });
        }
        if let ExprKind::Attribute { value, attr } = &func.kind
            && let Some(test) = match attr.text.as_str() {
                "startswith" => Some(hir::TextTest::Starts),
                "endswith" => Some(hir::TextTest::Ends),
                _ => None,
            }
        {
            let [wanted] = self.exact(args, keywords, &attr.text, span)?;
            let text = self.expr(body, value);
            let Some(wanted) = self.text_constant(wanted).map(str::to_owned) else {
                self.error("not-constant", format!("`{}` takes constant text", attr.text), wanted.span);
                return None;
            };
            return Some(self.make(hir::ExprKind::TextTest(test, Box::new(text?), wanted), span));
        }
        let entry = match (self.entry_named(func), &func.kind) {
            (None, ExprKind::Name(name)) => {
                return self.builtin(body, name, func.span, args, keywords, span);
            }
            (entry, _) => entry,
        };
        match entry {
            Some(Entry::Helper(helper, take)) => self.helper_call(body, helper, take, args, keywords, span),
            Some(Entry::Iterator(_)) => {
                self.cx.emit(
                    Diagnostic::error("bad-value", "an iterator of the kernel has no value")
                        .at(span)
                        .help("go over it: `for x in ...:`"),
                );
                None
            }
            Some(Entry::Atomic(op)) => {
                let [place, value] = self.exact(args, keywords, op.name(), span)?;
                let (place, value) = (self.expr(body, place), self.expr(body, value));
                Some(self.make(hir::ExprKind::Atomic(op, Box::new(place?), Box::new(value?)), span))
            }
            Some(Entry::Deref) => {
                let [arg] = self.exact(args, keywords, "deref", span)?;
                let value = self.expr(body, arg)?;
                Some(self.make(hir::ExprKind::Deref(Box::new(value)), span))
            }
            Some(Entry::Function(id)) => {
                let args = self.arguments_of(body, id, args, keywords, span)?;
                Some(self.make(hir::ExprKind::Call(id, args), span))
            }
            Some(Entry::Builtin(name)) => self.builtin(body, name, func.span, args, keywords, span),
            Some(
                Entry::Type(_)
                | Entry::Char
                | Entry::NoType(_)
                | Entry::Record(_)
                | Entry::KernelRecord(_)
                | Entry::Enum(_)
                | Entry::Unusable(_),
            ) => {
                let ty = self.type_of(func)?;
                self.type_call(body, ty, args, keywords, span)
            }
            Some(Entry::Map(map)) if args.is_empty() => Some(self.make(hir::ExprKind::Map(map), span)),
            Some(Entry::Broken) => None,
            Some(Entry::Foreign) => {
                let text = self.cx.sources.snippet(func.span).to_owned();
                self.cx.emit(
                    Diagnostic::error(
                        "user-space-name",
                        format!("`{text}` belongs to user space; programs cannot call it"),
                    )
                    .at(func.span)
                    .help("decorate functions that programs call with `@bpf`"),
                );
                None
            }
            _ => {
                // `(c_int * 4)()` makes an array.
                if let Some(ty) = self.quiet_type(func) {
                    return self.type_call(body, ty, args, keywords, span);
                }
                if let ExprKind::Attribute { value, .. } = &func.kind
                    && self.is_broken(value)
                {
                    return None;
                }
                let text = self.cx.sources.snippet(func.span).to_owned();
                let name = text.rsplit('.').next().unwrap_or(&text).to_owned();
                let known = self.cx.registry.helpers().map(|(_, h)| h.row.name.as_str());
                let there = self.cx.kernel.btf().is_ok_and(|btf| btf.function(&name).is_some());
                let near = if there && matches!(self.entry_named(func), Some(Entry::KernelName(..))) {
                    Some(
                        "the kernel has a function of that name; a row of a plugin can make it one to call"
                            .to_owned(),
                    )
                } else {
                    names::nearest(&name, known).map(|n| format!("did you mean the helper `{n}`?"))
                };
                self.cx.emit(
                    Diagnostic::error("unknown-function", format!("`{text}` is nothing that can be called"))
                        .at(func.span)
                        .maybe_help(near),
                );
                None
            }
        }
    }

    pub(super) fn exact<'e, const N: usize>(
        &mut self,
        args: &'e [Expr],
        keywords: &[Keyword],
        name: &str,
        span: Span,
    ) -> Option<&'e [Expr; N]> {
        if keywords.is_empty()
            && let Ok(args) = <&[Expr; N]>::try_from(args)
        {
            return Some(args);
        }
        let given = args.len() + keywords.len();
        self.error("wrong-argument-count", format!("`{name}` takes {N} arguments, not {given}"), span);
        None
    }

    pub(super) fn convert(
        &mut self,
        body: &mut Body,
        ty: TypeId,
        arg: &Expr,
        span: Span,
    ) -> Option<hir::Expr> {
        let value = self.expr(body, arg)?;
        Some(hir::Expr { kind: hir::ExprKind::Convert(Box::new(value)), ty, span })
    }

    /// A type called: a conversion, a cast, or a new object.
    pub(super) fn type_call(
        &mut self,
        body: &mut Body,
        ty: TypeId,
        args: &[Expr],
        keywords: &[Keyword],
        span: Span,
    ) -> Option<hir::Expr> {
        match self.module.types.get(ty).clone() {
            Type::Record(record) => self.new_record(body, (record, ty), args, keywords, span),
            Type::Array { element, len } => self.new_array(body, ty, (element, len), args, keywords, span),
            Type::Str { .. } => {
                if !args.is_empty() || !keywords.is_empty() {
                    self.error("bad-call", "new text starts empty: call its type without arguments", span);
                    return None;
                }
                Some(hir::Expr { kind: hir::ExprKind::Zeroed, ty, span })
            }
            Type::Ptr { .. } => {
                let [arg] = self.exact(args, keywords, "a pointer type", span)?;
                let value = self.expr(body, arg)?;
                Some(hir::Expr { kind: hir::ExprKind::Cast(Box::new(value)), ty, span })
            }
            Type::Enum(id) => {
                let [arg] = self.exact(args, keywords, "an enum", span)?;
                let e = &self.module.types.enums[id];
                if let Some(value) = self.quiet_constant(arg)
                    && !self.flags.contains(&id)
                    && !e.variants.iter().any(|(_, v)| *v == value)
                {
                    let message = format!("{value} is no member of `{}`", e.name);
                    self.error("bad-value", message, arg.span);
                    return None;
                }
                self.convert(body, ty, arg, span)
            }
            _ => {
                let [arg] = self.exact(args, keywords, "a type", span)?;
                self.convert(body, ty, arg, span)
            }
        }
    }
}

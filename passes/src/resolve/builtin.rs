//! Built-in functions.
//!
//! Promises: a name of the file that is called like one wins. Leaves out: `print`.

use super::Resolver;
use super::body::Body;
use pbpf_core::ast::{Expr, ExprKind, Keyword};
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{self, Builtin};
use pbpf_core::names;
use pbpf_core::source::Span;
use pbpf_core::types::Type;

impl Resolver<'_, '_> {
    pub(super) fn builtin(
        &mut self,
        body: &mut Body,
        name: &str,
        name_span: Span,
        args: &[Expr],
        keywords: &[Keyword],
        span: Span,
    ) -> Option<hir::Expr> {
        if matches!(name, "offsetof" | "container_of") && self.lookup(name).is_none() {
            self.cx.emit(
                Diagnostic::error("unknown-function", format!("`{name}` is not known"))
                    .at(name_span)
                    .help(format!("import it: `from pbpf import {name}`")),
            );
            return None;
        }
        let kind = match name {
            "print" => self.print(body, args, keywords)?,
            "int" | "bool" => {
                let [arg] = self.exact(args, keywords, name, span)?;
                let ty =
                    if name == "bool" { self.module.types.bool() } else { self.module.types.int(64, true) };
                return self.convert(body, ty, arg, span);
            }
            "reveal_type" => {
                let [arg] = self.exact(args, keywords, name, span)?;
                hir::ExprKind::Reveal(Box::new(self.expr(body, arg)?))
            }
            "abs" => {
                let [arg] = self.exact(args, keywords, name, span)?;
                hir::ExprKind::Builtin(Builtin::Abs, vec![self.expr(body, arg)?])
            }
            "min" | "max" | "sum" | "any" | "all" => {
                let which = match name {
                    "min" => Builtin::Min,
                    "max" => Builtin::Max,
                    "sum" => Builtin::Sum,
                    "any" => Builtin::Any,
                    _ => Builtin::All,
                };
                // Several numbers, a tuple of them, or an array.
                let several = matches!(which, Builtin::Min | Builtin::Max) && args.len() > 1;
                let args = match args {
                    _ if several => args,
                    [Expr { kind: ExprKind::Tuple(items) | ExprKind::List(items), .. }]
                        if !items.is_empty() =>
                    {
                        items
                    }
                    [_] => args,
                    _ => {
                        let message = format!("`{name}` takes an array, or a tuple of numbers");
                        self.error("wrong-argument-count", message, span);
                        return None;
                    }
                };
                if let Some(keyword) = keywords.first() {
                    let message = format!("`{name}` takes no keywords here");
                    self.error("bad-call", message, keyword.value.span);
                    return None;
                }
                let args = self.exprs(body, args)?;
                hir::ExprKind::Builtin(which, args)
            }
            "hasattr" => return self.hasattr(body, args, keywords, span),
            "offsetof" => return self.offsetof(args, keywords, span),
            "container_of" => return self.container_of(body, args, keywords, span),
            "sizeof" => {
                let [arg] = self.exact(args, keywords, name, span)?;
                match self.quiet_type(arg) {
                    Some(ty) => return Some(self.sizeof(ty, span)),
                    None => hir::ExprKind::Size(Box::new(self.expr(body, arg)?)),
                }
            }
            "len" => {
                let [arg] = self.exact(args, keywords, name, span)?;
                let local = matches!(&arg.kind, ExprKind::Name(n) if body.locals.contains_key(n));
                if let (Some(length), false) = (self.constant_length(arg), local) {
                    return self.number(Some(length), span);
                }
                hir::ExprKind::Len(Box::new(self.expr(body, arg)?))
            }
            "cast" => {
                let [value, ty] = self.exact(args, keywords, name, span)?;
                let (value, ty) = (self.expr(body, value), self.type_of(ty));
                let (value, ty) = (value?, ty?);
                let Type::Ptr { to, .. } = *self.module.types.get(ty) else {
                    self.error("bad-type", "`cast` gives a pointer: name its type with `POINTER(...)`", span);
                    return None;
                };
                return Some(hir::Expr { kind: hir::ExprKind::Cast(Box::new(value)), ty: to, span });
            }
            "str" | "bytes" => {
                let call = Expr {
                    kind: ExprKind::Call {
                        func: Box::new(Expr { kind: ExprKind::Name(name.to_owned()), span: name_span }),
                        args: args.to_vec(),
                        keywords: keywords.to_vec(),
                    },
                    span,
                };
                let ty = self.type_of(&call)?;
                return Some(hir::Expr { kind: hir::ExprKind::Zeroed, ty, span });
            }
            _ => {
                let helpers = self.cx.registry.helpers();
                let aliases = helpers.flat_map(|(_, h)| {
                    std::iter::once(h.row.name.as_str()).chain(h.row.aliases.iter().map(|(n, _)| n.as_str()))
                });
                let builtins = [
                    "print", "int", "bool", "abs", "min", "max", "sum", "any", "all", "len", "sizeof",
                    "hasattr",
                ];
                let near = names::nearest(name, aliases.chain(builtins)).map(str::to_owned);
                let exact = self.cx.registry.find_helper(name).is_some();
                let mut error =
                    Diagnostic::error("unknown-function", format!("`{name}` is not known")).at(name_span);
                if exact {
                    error = error.help(format!("import it: `from pbpf.helper import {name}`"));
                } else if let Some(near) = near {
                    error = error.help(format!("did you mean `{near}`?"));
                }
                self.cx.emit(error);
                return None;
            }
        };
        Some(self.make(kind, span))
    }
}

//! Expressions.
//!
//! Promises: a name becomes what it stands for. Leaves out: calls and operators.

use super::Resolver;
use super::body::Body;
use super::scope::Entry;
use crate::infer::decided;
use pbpf_core::ast::{Expr, ExprKind, UnaryOp};
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir;
use pbpf_core::names;
use pbpf_core::rows::Take;
use pbpf_core::source::Span;

impl Resolver<'_, '_> {
    pub(super) fn make(&self, kind: hir::ExprKind, span: Span) -> hir::Expr {
        hir::Expr { kind, ty: self.module.types.void(), span }
    }

    pub(super) fn int_expr(&self, value: i64, span: Span) -> hir::Expr {
        self.make(hir::ExprKind::Int(value), span)
    }

    /// A number as written; those past `i64` are unsigned from here on.
    pub(super) fn number(&mut self, value: Option<i128>, span: Span) -> Option<hir::Expr> {
        let word = value.and_then(super::constant::word);
        let Some(word) = word else {
            self.error("number-too-large", "the number does not fit 64 bits", span);
            return None;
        };
        let mut expr = self.int_expr(word, span);
        if value.is_some_and(|v| v > i128::from(i64::MAX)) {
            expr.ty = self.module.types.int(64, false);
        }
        Some(expr)
    }

    pub(super) fn exprs(&mut self, body: &mut Body, list: &[Expr]) -> Option<Vec<hir::Expr>> {
        // All operands are looked at, so that each mistake is told.
        let all: Vec<Option<hir::Expr>> = list.iter().map(|e| self.expr(body, e)).collect();
        all.into_iter().collect()
    }

    pub(super) fn expr(&mut self, body: &mut Body, expr: &Expr) -> Option<hir::Expr> {
        let span = expr.span;
        let kind = match &expr.kind {
            ExprKind::Name(name) => return self.name(body, name, span),
            ExprKind::Int(value) => return self.number(*value, span),
            ExprKind::Bool(value) => hir::ExprKind::Bool(*value),
            ExprKind::None => hir::ExprKind::None,
            ExprKind::Str(text) => hir::ExprKind::Text(text.clone()),
            ExprKind::FString(_) => {
                self.error("unsupported-f-string", "an f-string stands in `print(...)` only", span);
                return None;
            }
            ExprKind::BoolOp { and, values } => {
                let values = self.operands(body, *and, values)?;
                if let [only] = values.as_slice() {
                    return Some(only.clone());
                }
                hir::ExprKind::Logical(*and, values)
            }
            ExprKind::Binary { op, left, right } => return self.binary(body, *op, left, right, span),
            ExprKind::Unary { op, operand } => {
                if let Some(value) = self.quiet_constant(expr)
                    && matches!(op, UnaryOp::Neg | UnaryOp::Plus)
                {
                    return Some(self.int_expr(value, span));
                }
                let operand = Box::new(self.expr(body, operand)?);
                match op {
                    UnaryOp::Not => hir::ExprKind::Not(operand),
                    UnaryOp::Neg => hir::ExprKind::Unary(hir::UnaryOp::Neg, operand),
                    UnaryOp::Invert => hir::ExprKind::Unary(hir::UnaryOp::Invert, operand),
                    UnaryOp::Plus => return Some(*operand),
                }
            }
            ExprKind::Compare { first, rest } => return self.compare(body, first, rest, span),
            ExprKind::IfExp { test, then, orelse } => {
                let test = self.expr(body, test);
                match test.as_ref().and_then(decided) {
                    Some(true) => return self.expr(body, then),
                    Some(false) => return self.expr(body, orelse),
                    None => {}
                }
                let then = self.expr(body, then);
                let orelse = self.expr(body, orelse);
                hir::ExprKind::If(Box::new(test?), Box::new(then?), Box::new(orelse?))
            }
            ExprKind::Call { func, args, keywords } => return self.call(body, func, args, keywords, span),
            ExprKind::Attribute { value, attr } => {
                if self.is_enum_attribute(expr) {
                    return self.enum_attribute(expr);
                }
                if let Some(entry) = self.module_attribute(body, expr) {
                    return self.entry(Some(&entry), &attr.text, span);
                }
                match self.meaning(body, value) {
                    Some(Entry::KernelEnum(of)) => {
                        return self.enumerator(&of, &attr.text, value.span, span);
                    }
                    Some(Entry::Tristate) => return self.tristate(&attr.text, span),
                    _ => {}
                }
                hir::ExprKind::Field(Box::new(self.expr(body, value)?), attr.text.clone())
            }
            ExprKind::Subscript { .. } if let Some(value) = self.constant_value(expr) => {
                return self.number(Some(value), span);
            }
            ExprKind::Subscript { value, index } => match self.map_of(body, value) {
                Some(map) => return self.item(body, map, value, index, span),
                None => {
                    let (value, index) = (self.expr(body, value), self.expr(body, index));
                    hir::ExprKind::Index(Box::new(value?), Box::new(index?))
                }
            },
            ExprKind::Walrus { target, value } => {
                let inner = self.inner_of(body, value);
                let value = self.expr(body, value)?;
                let Some(local) = body.locals.get(&target.text).copied() else {
                    let message = format!("`:=` cannot assign the global variable `{}`", target.text);
                    self.error("bad-assignment", message, target.span);
                    return None;
                };
                if let Some(map) = inner {
                    body.handles.insert(local, map);
                }
                hir::ExprKind::Walrus(local, Box::new(value))
            }
            ExprKind::Tuple(_) | ExprKind::List(_) | ExprKind::Bytes(_) => {
                self.error("unsupported-value", "this value cannot be used here", span);
                return None;
            }
            // The pass `subset` has refused these.
            ExprKind::Unsupported(_) => return None,
        };
        Some(self.make(kind, span))
    }

    /// The operands of `and` and `or`, up to one behind which none ever runs.
    fn operands(&mut self, body: &mut Body, and: bool, values: &[Expr]) -> Option<Vec<hir::Expr>> {
        let mut all = Vec::with_capacity(values.len());
        for value in values {
            let value = self.expr(body, value);
            let last = value.as_ref().and_then(decided) == Some(!and);
            all.push(value);
            if last {
                break;
            }
        }
        all.into_iter().collect()
    }

    pub(super) fn name(&mut self, body: &Body, name: &str, span: Span) -> Option<hir::Expr> {
        if body.iterators.contains_key(name) {
            let message = format!("`{name}` is an iterator of the kernel, and no value");
            let help = "it is given to functions that take such an iterator, and used for nothing else";
            self.cx.emit(Diagnostic::error("bad-value", message).at(span).help(help));
            return None;
        }
        if let Some(local) = body.locals.get(name) {
            return Some(self.make(hir::ExprKind::Local(*local), span));
        }
        let entry = self.lookup(name).cloned();
        if entry.is_none() {
            let locals: Vec<String> = body.locals.keys().cloned().collect();
            let globals: Vec<String> = self.scope.names().map(str::to_owned).collect();
            let known = locals.iter().chain(&globals).map(String::as_str);
            let near = names::nearest(name, known).map(|n| format!("did you mean `{n}`?"));
            self.cx.emit(
                Diagnostic::error("unknown-name", format!("`{name}` is not known")).at(span).maybe_help(near),
            );
            return None;
        }
        self.entry(entry.as_ref(), name, span)
    }

    /// The value of a name of the top level.
    pub(super) fn entry(&mut self, entry: Option<&Entry>, name: &str, span: Span) -> Option<hir::Expr> {
        let kind = match entry {
            Some(Entry::Constant(value)) => return self.number(Some(*value), span),
            Some(Entry::Swapped(helper, value)) => {
                let args = vec![Some(self.number(Some(*value), span)?)];
                hir::ExprKind::Helper { helper: *helper, take: Take::All, args }
            }
            Some(Entry::Text(text)) => hir::ExprKind::Text(text.clone()),
            Some(Entry::KernelName(module, kernel)) => {
                if let Some(id) = self.kernel_variable(kernel) {
                    return Some(self.external(id, span));
                }
                let value = self.kernel_constant(module, kernel, span)?;
                return self.number(Some(value), span);
            }
            Some(Entry::External(id)) => return Some(self.external(*id, span)),
            Some(Entry::Map(map)) => hir::ExprKind::Map(*map),
            Some(Entry::Global(global)) => hir::ExprKind::Global(*global),
            Some(Entry::Function(func)) => hir::ExprKind::Function(*func),
            Some(Entry::Foreign) => {
                self.cx.emit(
                    Diagnostic::error(
                        "user-space-name",
                        format!("`{name}` belongs to user space; programs cannot use it"),
                    )
                    .at(span)
                    .help("decorate what programs use with `@bpf`, or make it a constant number"),
                );
                return None;
            }
            Some(Entry::Absent) | None => {
                self.error("unknown-name", format!("`{name}` is not known"), span);
                return None;
            }
            Some(Entry::Broken) => return None,
            Some(Entry::Unusable(why)) => {
                self.unusable(why, span);
                return None;
            }
            Some(Entry::Helper(..)) => {
                self.error("bad-call", format!("helper `{name}` must be called: `{name}(...)`"), span);
                return None;
            }
            Some(_) => {
                self.error("bad-value", format!("`{name}` is no value"), span);
                return None;
            }
        };
        Some(self.make(kind, span))
    }
}

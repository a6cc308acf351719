//! Parameters and arguments: positions, keywords and defaults.
//!
//! Promises: each parameter of a call has one argument, in the order in which Python evaluates them; a default is a constant.
//! Leaves out: types.

use super::Resolver;
use super::body::Body;
use pbpf_core::ast::{self, ExprKind, Keyword, Passed};
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{self, Argument, FuncId, FunctionKind};
use pbpf_core::names;
use pbpf_core::source::Span;

/// What a call of a function must give.
#[derive(Clone, Debug)]
pub(super) struct Signature {
    name: String,
    span: Span,
    params: Vec<Parameter>,
}

#[derive(Clone, Debug)]
struct Parameter {
    name: String,
    passed: Passed,
    default: Option<Default>,
}

#[derive(Clone, Debug)]
enum Default {
    Written(ast::Expr),
    Value(hir::Expr),
    /// No constant, which has been told.
    Broken,
}

impl Signature {
    /// As it is declared, with the defaults as they are written.
    pub(super) fn of(name: &str, def: &ast::FunctionDef) -> Self {
        let params = def.params.iter().map(|p| Parameter {
            name: p.name.text.clone(),
            passed: p.passed,
            default: p.default.clone().map(Default::Written),
        });
        Self { name: name.to_owned(), span: def.name.span, params: params.collect() }
    }

    /// How it is called, for people.
    fn usage(&self) -> String {
        let params = self.params.iter().map(|p| match (&p.default, p.passed) {
            (Some(_), _) => format!("{}=...", p.name),
            (None, Passed::Keyword) => format!("{}=", p.name),
            (None, _) => p.name.clone(),
        });
        format!("it is called as `{}({})`", self.name, params.collect::<Vec<_>>().join(", "))
    }
}

impl Resolver<'_, '_> {
    /// Computes the defaults of a function, once all names of its file are declared.
    pub(super) fn defaults(&mut self, id: FuncId) {
        let Some(mut signature) = self.signatures.remove(&id) else { return };
        let is_program = matches!(self.module.functions[id].kind, FunctionKind::Program(_));
        for param in &mut signature.params {
            let Some(Default::Written(written)) = &param.default else { continue };
            let mut error = None;
            let value = if is_program {
                error = Some("the kernel calls programs, and gives every argument".to_owned());
                None
            } else {
                let value = self.constant_expr(written);
                if value.is_none() && !self.is_broken(written) {
                    error = Some(format!("the default of `{}` is no constant", param.name));
                }
                value
            };
            if let Some(message) = error {
                self.cx.emit(
                    Diagnostic::error("unsupported-default", message).at(written.span).help(
                        "a default is a number, a truth value, text, `None`, or a constant of the file",
                    ),
                );
            }
            param.default = Some(value.map_or(Default::Broken, Default::Value));
        }
        self.signatures.insert(id, signature);
    }

    /// A constant as an expression: a number, a truth value, text or `None`.
    fn constant_expr(&mut self, expr: &ast::Expr) -> Option<hir::Expr> {
        let span = expr.span;
        match &expr.kind {
            ExprKind::Bool(value) => Some(self.make(hir::ExprKind::Bool(*value), span)),
            ExprKind::None => Some(self.make(hir::ExprKind::None, span)),
            ExprKind::Str(text) => Some(self.make(hir::ExprKind::Text(text.clone()), span)),
            ExprKind::Name(name) => {
                use super::scope::Entry;
                let entry = self.lookup(name).cloned();
                match &entry {
                    Some(
                        Entry::Constant(_) | Entry::Swapped(..) | Entry::Text(_) | Entry::KernelName(..),
                    ) => self.entry(entry.as_ref(), name, span),
                    _ => None,
                }
            }
            _ => {
                let value = self.constant_value(expr)?;
                self.number(Some(value), span)
            }
        }
    }

    /// The arguments of a call, each with its parameter.
    pub(super) fn arguments_of(
        &mut self,
        body: &mut Body,
        id: FuncId,
        args: &[ast::Expr],
        keywords: &[Keyword],
        span: Span,
    ) -> Option<Vec<Argument>> {
        let signature = self.signatures.get(&id)?.clone();
        let by_position: Vec<usize> =
            (0..signature.params.len()).filter(|i| signature.params[*i].passed != Passed::Keyword).collect();
        let mut given: Vec<Option<Span>> = vec![None; signature.params.len()];
        let mut found = Vec::with_capacity(given.len());
        // All arguments are looked at, so that each mistake is told.
        let mut complete = true;
        for (i, arg) in args.iter().enumerate() {
            let value = self.expr(body, arg);
            match by_position.get(i) {
                Some(&param) => {
                    given[param] = Some(arg.span);
                    complete &= value.is_some();
                    found.extend(value.map(|value| Argument { param, value }));
                }
                None if complete => {
                    complete = false;
                    let (takes, has) = (by_position.len(), args.len());
                    let message = if takes < signature.params.len() {
                        format!("`{}` takes {takes} arguments by position, not {has}", signature.name)
                    } else {
                        format!("`{}` takes {takes} arguments, not {has}", signature.name)
                    };
                    self.call_error("wrong-argument-count", message, span, &signature);
                }
                None => {}
            }
        }
        for keyword in keywords {
            let value = self.expr(body, &keyword.value);
            let Some(name) = &keyword.name else { return None };
            let param = signature.params.iter().position(|p| p.name == name.text);
            let Some(param) = param.filter(|p| signature.params[*p].passed != Passed::Position) else {
                complete = false;
                let known = signature.params.iter().map(|p| p.name.as_str());
                let near = names::nearest(&name.text, known).map(|n| format!("did you mean `{n}`?"));
                let message = match param {
                    Some(_) => format!("`{}` takes `{}` by position only", signature.name, name.text),
                    None => format!("`{}` has no parameter `{}`", signature.name, name.text),
                };
                let error = Diagnostic::error("bad-call", message)
                    .at(name.span)
                    .label(signature.span, "it is declared here")
                    .help(near.unwrap_or_else(|| signature.usage()));
                self.cx.emit(error);
                continue;
            };
            if let Some(first) = given[param] {
                complete = false;
                let message = format!("`{}` is given twice", name.text);
                let error = Diagnostic::error("bad-call", message).at(name.span);
                self.cx.emit(error.label(first, "the first is here"));
                continue;
            }
            given[param] = Some(name.span);
            complete &= value.is_some();
            found.extend(value.map(|value| Argument { param, value }));
        }
        let mut missing = Vec::new();
        for (i, param) in signature.params.iter().enumerate().filter(|(i, _)| given[*i].is_none()) {
            match &param.default {
                Some(Default::Value(value)) => {
                    // What is wrong with it is told where it is used.
                    found.push(Argument { param: i, value: hir::Expr { span, ..value.clone() } });
                }
                Some(Default::Broken) => complete = false,
                Some(Default::Written(_)) | None => missing.push(format!("`{}`", param.name)),
            }
        }
        if !missing.is_empty() && complete {
            let message = format!("`{}` is called without {}", signature.name, missing.join(", "));
            self.call_error("wrong-argument-count", message, span, &signature);
            return None;
        }
        complete.then_some(found)
    }

    fn call_error(&mut self, code: &'static str, message: String, span: Span, signature: &Signature) {
        let error = Diagnostic::error(code, message).at(span).help(signature.usage());
        self.cx.emit(error.label(signature.span, "it is declared here"));
    }
}

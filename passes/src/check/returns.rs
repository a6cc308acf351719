//! Results: every way through a body ends in one, and constant ones are in range.
//!
//! Promises: follows `if`, loops and `return`; a `while True` without `break` does not end.
//! Leaves out: values that are computed, which the verifier bounds.

use super::{Checker, constant};
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{Case, Expr, ExprKind, FuncId, Function, FunctionKind, Stmt, StmtKind};
use pbpf_core::rows::{ArgumentKind, Returns};
use pbpf_core::source::Span;
use pbpf_core::types::{Type, TypeId};

impl Checker<'_, '_> {
    pub(super) fn results(&mut self, id: FuncId, function: &Function) {
        let module = self.module;
        let Some(ret) = function.ret else { return };
        let nothing = ret == module.types.void();
        let mut returned = Vec::new();
        returns(&function.body, &mut returned);
        let program = self.running(id).into_iter().find(|r| std::ptr::eq(r.function, function));
        let Some(running) = program.filter(|_| matches!(function.kind, FunctionKind::Program(_))) else {
            if !nothing {
                self.subprogram(function, &returned);
            }
            self.callback(id, &returned);
            return;
        };
        let rule = running.returns();
        for (value, span) in &returned {
            let Some(value) = value else {
                if rule.default.is_none() && !nothing {
                    self.missing(function, *span, rule, Some("this `return` gives no value"));
                }
                continue;
            };
            if nothing {
                continue;
            }
            if !self.is_number(value.ty) {
                let message =
                    format!("a program returns a number, and this is {}", module.types.display(value.ty));
                self.cx.emit(Diagnostic::error("type-mismatch", message).at(value.span));
                continue;
            }
            // Without a range the verifier takes any 32 bits, signed or not.
            let (low, high) = rule.range.unwrap_or((i64::from(i32::MIN), i64::from(u32::MAX)));
            for (got, place) in constant::values(&module.types, value) {
                if !(i128::from(low)..=i128::from(high)).contains(&got) {
                    let what = format!("programs of type `{}`", running.id);
                    let error = out_of_range(&what, got, place.span, (low, high), rule);
                    self.cx.emit(error);
                }
            }
        }
        if !nothing && rule.default.is_none() && falls_through(&function.body) {
            self.missing(function, function.span, rule, None);
        }
    }

    /// A function that gives a value gives one on every way.
    fn subprogram(&mut self, function: &Function, returned: &[(Option<&Expr>, Span)]) {
        let empty = returned.iter().find(|(value, _)| value.is_none());
        if let Some((_, span)) = empty {
            self.missing(function, *span, &Returns::default(), Some("this `return` gives no value"));
        }
        if falls_through(&function.body) {
            self.missing(function, function.span, &Returns::default(), None);
        }
    }

    fn missing(&mut self, function: &Function, span: Span, rule: &Returns, what: Option<&str>) {
        let name = &function.name;
        let error = match what {
            Some(what) => Diagnostic::error("missing-return", format!("{what}, and `{name}` must")).at(span),
            None => Diagnostic::error("missing-return", format!("`{name}` may end without `return`"))
                .at_with(span, "a way through it ends without a value"),
        };
        let help = match rule.names.iter().find(|(_, value)| Some(**value) == rule.on_failed_check) {
            Some((name, _)) => format!("end it with `return`, for example `return {name}`"),
            None => "end it with `return` and a value".to_owned(),
        };
        self.cx.emit(error.help(help));
    }

    /// A function that a helper calls back.
    fn callback(&mut self, id: FuncId, returned: &[(Option<&Expr>, Span)]) {
        let (module, registry) = (self.module, self.registry);
        let mut ranges = Vec::new();
        for function in module.functions.values() {
            crate::walk::exprs(&function.body, &mut |e| {
                let ExprKind::Helper { helper, args, .. } = &e.kind else { return };
                let row = &registry.helper(*helper).row;
                for (arg, given) in row.args.iter().zip(args) {
                    if let (ArgumentKind::Callback(signature), Some(ExprKind::Function(given))) =
                        (&arg.kind, given.as_ref().map(|g| &g.kind))
                        && *given == id
                    {
                        ranges.push((row.name.as_str(), signature.range));
                    }
                }
            });
        }
        for (helper, range) in ranges {
            for (value, _) in returned {
                let Some(value) = value else { continue };
                for (got, place) in constant::values(&module.types, value) {
                    if !(i128::from(range.0)..=i128::from(range.1)).contains(&got) {
                        let what = format!("callbacks of `{helper}`");
                        let error = out_of_range(&what, got, place.span, range, &Returns::default());
                        self.cx.emit(error);
                    }
                }
            }
        }
    }

    pub(super) fn is_number(&self, ty: TypeId) -> bool {
        matches!(self.module.types.get(ty), Type::Int { .. } | Type::Bool | Type::Enum(_))
    }
}

fn out_of_range(what: &str, got: i128, span: Span, (low, high): (i64, i64), rule: &Returns) -> Diagnostic {
    let mut names: Vec<(&String, &i64)> = rule.names.iter().collect();
    names.sort_by_key(|(_, value)| **value);
    let names: Vec<String> = names.into_iter().map(|(name, value)| format!("{name} ({value})")).collect();
    let allowed =
        if low == high { format!("{what} return {low}") } else { format!("{what} return {low} to {high}") };
    let error = Diagnostic::error("return-out-of-range", format!("{got} cannot be returned here")).at(span);
    let error = error.note(allowed);
    if names.is_empty() { error } else { error.help(format!("the values are {}", names.join(", "))) }
}

/// All `return` statements of a block.
fn returns<'e>(block: &'e [Stmt], found: &mut Vec<(Option<&'e Expr>, Span)>) {
    for stmt in block {
        match &stmt.kind {
            StmtKind::Return(value) => {
                let value = value.as_ref().filter(|v| !matches!(v.kind, ExprKind::None));
                found.push((value, stmt.span));
            }
            kind => kind.blocks().into_iter().for_each(|block| returns(block, found)),
        }
    }
}

/// Whether the statement behind a block may be reached.
fn falls_through(block: &[Stmt]) -> bool {
    block.iter().all(|stmt| match &stmt.kind {
        StmtKind::Return(_) | StmtKind::Break | StmtKind::Continue => false,
        StmtKind::If { test, then, orelse } => match truth(test) {
            Some(true) => falls_through(then),
            Some(false) => falls_through(orelse),
            None => falls_through(then) || falls_through(orelse),
        },
        StmtKind::While { test, body, orelse } => {
            breaks(body) || (truth(test) != Some(true) && falls_through(orelse))
        }
        StmtKind::For { body, orelse, .. } => breaks(body) || falls_through(orelse),
        StmtKind::Match { cases, .. } => {
            !cases.iter().any(Case::is_irrefutable) || cases.iter().any(|c| falls_through(&c.body))
        }
        StmtKind::With { body, .. } => falls_through(body),
        _ => true,
    })
}

/// Whether a `break` of the loop around a block may be reached.
fn breaks(block: &[Stmt]) -> bool {
    for stmt in block {
        let found = match &stmt.kind {
            StmtKind::Break => true,
            StmtKind::If { test, then, orelse } => match truth(test) {
                Some(true) => breaks(then),
                Some(false) => breaks(orelse),
                None => breaks(then) || breaks(orelse),
            },
            // Those in the body are the inner loop's own.
            StmtKind::While { orelse, .. } | StmtKind::For { orelse, .. } => breaks(orelse),
            StmtKind::Match { cases, .. } => cases.iter().any(|c| breaks(&c.body)),
            StmtKind::With { body, .. } => breaks(body),
            _ => false,
        };
        if found {
            return true;
        }
        if !falls_through(std::slice::from_ref(stmt)) {
            return false;
        }
    }
    false
}

fn truth(test: &Expr) -> Option<bool> {
    match &test.kind {
        ExprKind::Bool(value) => Some(*value),
        ExprKind::Int(value) => Some(*value != 0),
        ExprKind::Not(inner) => truth(inner).map(|t| !t),
        _ => None,
    }
}

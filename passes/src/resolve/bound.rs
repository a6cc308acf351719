//! The names that a function binds.
//!
//! Promises: every name that CPython makes local: assigned, a loop variable, a capture of `case`, bound by `:=`.
//! Leaves out: parameters.

use pbpf_core::ast::{Expr, ExprKind, FPart, Pattern, PatternKind, Stmt, StmtKind};
use pbpf_core::source::Span;

/// What a block binds, in order.
#[derive(Debug, Default)]
pub(super) struct Bound {
    /// The local names, with their places.
    pub(super) locals: Vec<(String, Span)>,
    /// The names declared `global`.
    pub(super) globals: Vec<String>,
}

impl Bound {
    pub(super) fn block(&mut self, block: &[Stmt]) {
        for stmt in block {
            self.stmt(stmt);
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::Assign { targets, value } => {
                self.expr(value);
                targets.iter().for_each(|t| self.target(t));
            }
            StmtKind::AugAssign { target, value, .. } => {
                self.expr(value);
                self.target(target);
            }
            StmtKind::AnnAssign { target, value, .. } => {
                value.iter().for_each(|v| self.expr(v));
                self.target(target);
            }
            StmtKind::For { target, iter, body, orelse } => {
                self.expr(iter);
                self.target(target);
                self.block(body);
                self.block(orelse);
            }
            StmtKind::While { test, body, orelse } | StmtKind::If { test, body, orelse } => {
                self.expr(test);
                self.block(body);
                self.block(orelse);
            }
            StmtKind::With { items, body } => {
                items.iter().for_each(|(context, _)| self.expr(context));
                self.block(body);
            }
            StmtKind::Match { subject, cases } => {
                self.expr(subject);
                for case in cases {
                    self.pattern(&case.pattern);
                    case.guard.iter().for_each(|g| self.expr(g));
                    self.block(&case.body);
                }
            }
            StmtKind::Global(names) => self.globals.extend(names.iter().map(|n| n.text.clone())),
            StmtKind::Return(Some(e)) | StmtKind::Expr(e) | StmtKind::Assert { test: e, .. } => self.expr(e),
            StmtKind::Delete(targets) => targets.iter().for_each(|t| self.expr(t)),
            _ => {}
        }
    }

    fn target(&mut self, target: &Expr) {
        match &target.kind {
            ExprKind::Name(name) => self.locals.push((name.clone(), target.span)),
            ExprKind::Tuple(items) | ExprKind::List(items) => items.iter().for_each(|t| self.target(t)),
            _ => self.expr(target),
        }
    }

    fn pattern(&mut self, pattern: &Pattern) {
        match &pattern.kind {
            PatternKind::Or(all) => all.iter().for_each(|p| self.pattern(p)),
            PatternKind::Capture(inner, name) => {
                inner.iter().for_each(|p| self.pattern(p));
                self.locals.push((name.text.clone(), name.span));
            }
            _ => {}
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Walrus { target, value } => {
                self.expr(value);
                self.locals.push((target.text.clone(), target.span));
            }
            ExprKind::FString(parts) => {
                for part in parts {
                    if let FPart::Value { value, .. } = part {
                        self.expr(value);
                    }
                }
            }
            ExprKind::BoolOp { values, .. } | ExprKind::Tuple(values) | ExprKind::List(values) => {
                values.iter().for_each(|v| self.expr(v));
            }
            ExprKind::Binary { left: a, right: b, .. } | ExprKind::Subscript { value: a, index: b } => {
                self.expr(a);
                self.expr(b);
            }
            ExprKind::Unary { operand: a, .. } | ExprKind::Attribute { value: a, .. } => self.expr(a),
            ExprKind::Compare { first, rest } => {
                self.expr(first);
                rest.iter().for_each(|(_, e)| self.expr(e));
            }
            ExprKind::IfExp { test, then, orelse } => {
                self.expr(test);
                self.expr(then);
                self.expr(orelse);
            }
            ExprKind::Call { func, args, keywords } => {
                self.expr(func);
                args.iter().for_each(|a| self.expr(a));
                keywords.iter().for_each(|k| self.expr(&k.value));
            }
            _ => {}
        }
    }
}

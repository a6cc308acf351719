//! Where `break`, `continue`, `return` and `global` may stand.
//!
//! Promises: CPython's own rules, for the whole file, since CPython would not load it otherwise.
//! Leaves out: the inside of statements that the tree does not keep (`try`).

use pbpf_core::ast::{Expr, ExprKind, FunctionDef, Module, Stmt, StmtKind};
use pbpf_core::diag::Diagnostic;
use pbpf_core::pass::Context;
use pbpf_core::source::Span;
use std::collections::BTreeMap;

/// Checks a file.
pub(super) fn check(tree: &Module, cx: &mut Context<'_>) {
    block(&tree.body, Place { in_function: false, in_loop: false }, cx);
}

#[derive(Clone, Copy)]
struct Place {
    in_function: bool,
    in_loop: bool,
}

fn wrong(cx: &mut Context<'_>, message: impl Into<String>, span: Span, help: &str) {
    cx.emit(Diagnostic::error("syntax-error", message).at(span).help(help));
}

fn block(stmts: &[Stmt], place: Place, cx: &mut Context<'_>) {
    for stmt in stmts {
        match &stmt.kind {
            StmtKind::Break if !place.in_loop => {
                wrong(cx, "`break` outside a loop", stmt.span, "put it into a `for` or `while` loop");
            }
            StmtKind::Continue if !place.in_loop => {
                wrong(cx, "`continue` outside a loop", stmt.span, "put it into a `for` or `while` loop");
            }
            StmtKind::Return(_) if !place.in_function => {
                wrong(cx, "`return` outside a function", stmt.span, "check the indentation");
            }
            StmtKind::FunctionDef(def) => function(def, cx),
            StmtKind::ClassDef(def) => block(&def.body, Place { in_function: false, in_loop: false }, cx),
            StmtKind::For { body, orelse, .. } | StmtKind::While { body, orelse, .. } => {
                block(body, Place { in_loop: true, ..place }, cx);
                block(orelse, place, cx);
            }
            StmtKind::If { body, orelse, .. } => {
                block(body, place, cx);
                block(orelse, place, cx);
            }
            StmtKind::With { body, .. } => block(body, place, cx),
            StmtKind::Match { cases, .. } => {
                for c in cases {
                    block(&c.body, place, cx);
                }
            }
            _ => {}
        }
    }
}

fn function(def: &FunctionDef, cx: &mut Context<'_>) {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for param in &def.params {
        seen.insert(param.name.text.clone(), "a parameter");
    }
    globals(&def.body, &mut seen, cx);
    block(&def.body, Place { in_function: true, in_loop: false }, cx);
}

/// `global x` behind a use of `x` as something else.
fn globals(stmts: &[Stmt], seen: &mut BTreeMap<String, &'static str>, cx: &mut Context<'_>) {
    for stmt in stmts {
        match &stmt.kind {
            StmtKind::Global(names) => {
                for name in names {
                    if let Some(what) = seen.get(&name.text) {
                        let message = format!("`{}` is {what} before it is declared `global`", name.text);
                        wrong(cx, message, name.span, "put `global` at the start of the function");
                    }
                }
            }
            StmtKind::Assign { targets, .. } => {
                for t in targets {
                    assigned(t, seen);
                }
            }
            StmtKind::AugAssign { target, .. } | StmtKind::AnnAssign { target, .. } => assigned(target, seen),
            StmtKind::For { target, body, orelse, .. } => {
                assigned(target, seen);
                globals(body, seen, cx);
                globals(orelse, seen, cx);
            }
            StmtKind::While { body, orelse, .. } | StmtKind::If { body, orelse, .. } => {
                globals(body, seen, cx);
                globals(orelse, seen, cx);
            }
            StmtKind::With { body, .. } => globals(body, seen, cx),
            StmtKind::Match { cases, .. } => {
                for c in cases {
                    globals(&c.body, seen, cx);
                }
            }
            _ => {}
        }
    }
}

fn assigned(target: &Expr, seen: &mut BTreeMap<String, &'static str>) {
    match &target.kind {
        ExprKind::Name(name) => {
            seen.entry(name.clone()).or_insert("assigned");
        }
        ExprKind::Tuple(items) | ExprKind::List(items) => {
            for t in items {
                assigned(t, seen);
            }
        }
        _ => {}
    }
}

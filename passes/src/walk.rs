//! Walks over HIR.
//!
//! Promises: every expression once, in order of evaluation. Leaves out: changing anything.

use pbpf_core::hir::{Expr, ExprKind, MapRef, Place, PlaceKind, PrintPart, Stmt, StmtKind};

/// Calls `f` on each expression of a block, inner ones first.
pub(crate) fn exprs(block: &[Stmt], f: &mut dyn FnMut(&Expr)) {
    for stmt in block {
        match &stmt.kind {
            StmtKind::Expr(e) | StmtKind::Assert(e) | StmtKind::Return(Some(e)) => expr(e, f),
            StmtKind::Assign { places, value } => {
                expr(value, f);
                places.iter().for_each(|p| place(p, f));
            }
            StmtKind::Unpack { places, values } => {
                values.iter().for_each(|v| expr(v, f));
                places.iter().for_each(|p| place(p, f));
            }
            StmtKind::Update { place: p, value, .. } => {
                place(p, f);
                expr(value, f);
            }
            StmtKind::Delete { map, key } => {
                handle(map, f);
                expr(key, f);
            }
            StmtKind::If { test, then, orelse } => {
                expr(test, f);
                exprs(then, f);
                exprs(orelse, f);
            }
            StmtKind::While { test, body, orelse } => {
                expr(test, f);
                exprs(body, f);
                exprs(orelse, f);
            }
            StmtKind::For { over, body, orelse } => {
                over.exprs().into_iter().for_each(|e| expr(e, f));
                exprs(body, f);
                exprs(orelse, f);
            }
            StmtKind::Match { value, cases, .. } => {
                expr(value, f);
                for case in cases {
                    case.tests.iter().for_each(|t| expr(t, f));
                    exprs(&case.captures, f);
                    case.guard.iter().for_each(|g| expr(g, f));
                    exprs(&case.body, f);
                }
            }
            StmtKind::With { enter, body, .. } => {
                expr(enter, f);
                exprs(body, f);
            }
            StmtKind::Return(None) | StmtKind::Break | StmtKind::Continue | StmtKind::Pass => {}
        }
    }
}

fn place(place: &Place, f: &mut dyn FnMut(&Expr)) {
    match &place.kind {
        PlaceKind::Local(_) | PlaceKind::Global(_) => {}
        PlaceKind::Field { base, .. } => expr(base, f),
        PlaceKind::Index { base, index } => {
            expr(base, f);
            expr(index, f);
        }
        PlaceKind::MapItem { map, key } => {
            handle(map, f);
            expr(key, f);
        }
    }
}

fn handle(map: &MapRef, f: &mut dyn FnMut(&Expr)) {
    if let Some(handle) = &map.handle {
        expr(handle, f);
    }
}

/// Calls `f` on an expression and all in it, inner ones first.
pub(crate) fn expr(e: &Expr, f: &mut dyn FnMut(&Expr)) {
    match &e.kind {
        ExprKind::Int(_)
        | ExprKind::Bool(_)
        | ExprKind::None
        | ExprKind::Text(_)
        | ExprKind::Local(_)
        | ExprKind::Global(_)
        | ExprKind::Map(_)
        | ExprKind::Function(_)
        | ExprKind::External(_)
        | ExprKind::Query(_)
        // What is asked about is not evaluated.
        | ExprKind::HasField(..)
        | ExprKind::Absent
        | ExprKind::Zeroed => {}
        ExprKind::Unary(_, a)
        | ExprKind::Not(a)
        | ExprKind::Walrus(_, a)
        | ExprKind::Convert(a)
        | ExprKind::Cast(a)
        | ExprKind::Container(a, _)
        | ExprKind::Field(a, _)
        | ExprKind::Deref(a)
        | ExprKind::Len(a)
        | ExprKind::Size(a)
        | ExprKind::TextTest(_, a, _)
        | ExprKind::TextAt(a)
        | ExprKind::Checked(a)
        | ExprKind::Reveal(a) => expr(a, f),
        ExprKind::Contains { map, key: a, .. }
        | ExprKind::Lookup(map, a)
        | ExprKind::Item(map, a)
        | ExprKind::Remove(map, a) => {
            handle(map, f);
            expr(a, f);
        }
        ExprKind::Take(map, _) => handle(map, f),
        ExprKind::Binary(_, a, b)
        | ExprKind::Atomic(_, a, b)
        | ExprKind::Index(a, b)
        | ExprKind::Within { value: a, array: b, .. } => {
            expr(a, f);
            expr(b, f);
        }
        ExprKind::Get(map, a, b) | ExprKind::SetDefault(map, a, b) => {
            handle(map, f);
            expr(a, f);
            expr(b, f);
        }
        ExprKind::Compare(a, rest) => {
            expr(a, f);
            rest.iter().for_each(|(_, e)| expr(e, f));
        }
        ExprKind::Logical(_, all) | ExprKind::Builtin(_, all) => {
            all.iter().for_each(|e| expr(e, f));
        }
        ExprKind::Call(_, args) => args.iter().for_each(|arg| expr(&arg.value, f)),
        ExprKind::If(a, b, c) => {
            expr(a, f);
            expr(b, f);
            expr(c, f);
        }
        ExprKind::Store(map, a, b, c) => {
            handle(map, f);
            expr(a, f);
            expr(b, f);
            expr(c, f);
        }
        ExprKind::NewArray(items) => items.iter().for_each(|e| expr(e, f)),
        ExprKind::After(first, last) => {
            first.iter().for_each(|e| expr(e, f));
            expr(last, f);
        }
        ExprKind::New(fields) => fields.iter().for_each(|(_, e)| expr(e, f)),
        ExprKind::Helper { args, .. } => args.iter().flatten().for_each(|e| expr(e, f)),
        ExprKind::Print(parts, to) => {
            for part in parts {
                if let PrintPart::Value(value, _) = part {
                    expr(value, f);
                }
            }
            to.iter().flat_map(|(_, before)| before).for_each(|e| expr(e, f));
        }
    }
    f(e);
}

//! What happens inside `with`: while a lock is held, the kernel lets nothing be called.
//!
//! Promises: every call, also those that reading a map or the kernel's memory becomes. Leaves out: locks taken by calls
//! that are no `with`.

use super::Checker;
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{Expr, ExprKind, Function, Over, Place, PlaceKind, Stmt, StmtKind};
use pbpf_core::rows::HelperCall;
use pbpf_core::source::Span;
use pbpf_core::types::{Region, Type};

impl Checker<'_, '_> {
    pub(super) fn held(&mut self, function: &Function) {
        let mut regions = Vec::new();
        self.regions(&function.body, &mut regions);
        for (span, body) in regions {
            let mut calls = Vec::new();
            self.calls_in(body, &mut calls);
            calls.sort_by_key(|(at, _): &(Span, String)| at.lo);
            calls.dedup();
            for (at, what) in calls {
                self.cx.emit(
                    Diagnostic::error("held-lock", format!("{what} is a call, and a lock is held"))
                        .at(at)
                        .label(span, "it is taken here")
                        .note("the kernel lets nothing be called until the lock is given back")
                        .help("do this before the `with`, or behind it"),
                );
            }
        }
    }

    /// The outermost bodies during which nothing may be called.
    fn regions<'s>(&self, block: &'s [Stmt], found: &mut Vec<(Span, &'s [Stmt])>) {
        for stmt in block {
            if let StmtKind::With {
                enter: Expr { kind: ExprKind::Helper { helper, .. }, span, .. },
                body,
                ..
            } = &stmt.kind
                && self.registry.helper(*helper).row.exclusive
            {
                found.push((*span, body));
                continue;
            }
            for inner in stmt.kind.blocks() {
                self.regions(inner, found);
            }
        }
    }

    fn calls_in(&self, block: &[Stmt], found: &mut Vec<(Span, String)>) {
        crate::walk::exprs(block, &mut |e| {
            if let Some(what) = self.call_made(e) {
                found.push((e.span, what));
            }
        });
        statements(block, found);
    }

    /// The call that an expression is, or becomes.
    fn call_made(&self, e: &Expr) -> Option<String> {
        let read = |base: &Expr| match self.module.types.get(base.ty) {
            Type::Ptr { region: Region::KernelUntrusted | Region::User, .. } => {
                Some("reading this memory".to_owned())
            }
            _ => None,
        };
        match &e.kind {
            ExprKind::Helper { helper, .. } => {
                let row = &self.registry.helper(*helper).row;
                (row.call != HelperCall::ByteSwap).then(|| format!("`{}`", row.name))
            }
            ExprKind::Call(id, _) => Some(format!("`{}`", self.module.functions[*id].name)),
            ExprKind::Print(_) => Some("`print`".to_owned()),
            ExprKind::Lookup(..) | ExprKind::Item(..) | ExprKind::Get(..) | ExprKind::Contains { .. } => {
                Some("looking into a map".to_owned())
            }
            ExprKind::Store(..) | ExprKind::Remove(..) => Some("changing a map".to_owned()),
            ExprKind::Field(base, _) | ExprKind::Index(base, _) | ExprKind::Deref(base) => read(base),
            _ => None,
        }
    }
}

/// The calls that statements become.
fn statements(block: &[Stmt], found: &mut Vec<(Span, String)>) {
    for stmt in block {
        let item = |p: &&Place| matches!(p.kind, PlaceKind::MapItem { .. });
        match &stmt.kind {
            StmtKind::Assign { places, .. } | StmtKind::Unpack { places, .. } => {
                let items = places.iter().filter(item);
                found.extend(items.map(|p| (p.span, "storing into a map".to_owned())));
            }
            StmtKind::Update { place, .. } if item(&place) => {
                found.push((place.span, "updating a map".to_owned()));
            }
            StmtKind::Delete { .. } => found.push((stmt.span, "deleting from a map".to_owned())),
            StmtKind::For { over: Over::Entries { .. }, .. } => {
                found.push((stmt.span, "going through a map".to_owned()));
            }
            _ => {}
        }
        for inner in stmt.kind.blocks() {
            statements(inner, found);
        }
    }
}

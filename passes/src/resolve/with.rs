//! `with`: a call that another call ends, or a lock.
//!
//! Promises: which helpers belong together is in their rows. Leaves out: what a lock is, which its type says (`infer`).

use super::Resolver;
use super::body::Body;
use pbpf_core::ast::{Expr, ExprKind, Stmt};
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir;
use pbpf_core::source::Span;

impl Resolver<'_, '_> {
    pub(super) fn with(
        &mut self,
        body: &mut Body,
        items: &[(Expr, Option<Expr>)],
        inner: &[Stmt],
        span: Span,
    ) -> Option<hir::StmtKind> {
        let mut entered = Vec::with_capacity(items.len());
        let mut complete = true;
        for (context, target) in items {
            if let Some(target) = target {
                self.cx.emit(
                    Diagnostic::error("unsupported-with", "there is nothing to name: the lock has its name")
                        .at(target.span)
                        .help("leave `as` out"),
                );
                complete = false;
            }
            match self.entered(body, context) {
                Some(found) => entered.push(found),
                None => complete = false,
            }
        }
        let mut block = self.block(body, inner);
        complete.then_some(())?;
        while let Some((enter, leave)) = entered.pop() {
            let kind = hir::StmtKind::With { enter, leave, body: block };
            if entered.is_empty() {
                return Some(kind);
            }
            block = vec![hir::Stmt { kind, span }];
        }
        None
    }

    /// What is entered, and the helper that leaves it, where the call says so.
    fn entered(
        &mut self,
        body: &mut Body,
        context: &Expr,
    ) -> Option<(hir::Expr, Option<pbpf_core::registry::HelperId>)> {
        let enter = self.expr(body, context)?;
        let registry = self.cx.registry;
        let leave = match &enter.kind {
            hir::ExprKind::Helper { helper, .. } => {
                let row = &registry.helper(*helper).row;
                match row.ended_by.as_ref().and_then(|name| registry.find_helper(name)) {
                    Some(leave) => Some(leave),
                    None => {
                        let message = format!("nothing ends what `{}` does", row.name);
                        self.not_entered(message, context.span);
                        return None;
                    }
                }
            }
            _ if matches!(context.kind, ExprKind::Call { .. }) => {
                self.not_entered("this call begins nothing that ends".to_owned(), context.span);
                return None;
            }
            _ => None,
        };
        Some((enter, leave))
    }

    fn not_entered(&mut self, message: String, span: Span) {
        let registry = self.cx.registry;
        let mut known: Vec<&str> = registry
            .helpers()
            .filter(|(_, h)| h.row.ended_by.is_some())
            .map(|(_, h)| h.row.name.as_str())
            .collect();
        known.sort_unstable();
        let mut error = Diagnostic::error("unsupported-with", message).at(span);
        error = error.note("`with` takes a lock in a map value: `with v.lock:`");
        if !known.is_empty() {
            error = error.note(format!("and calls of {}", known.join(", ")));
        }
        self.cx.emit(error.help("call what begins and what ends the work yourself"));
    }
}

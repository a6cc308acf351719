//! `with`: enters, and leaves on every way out.
//!
//! Promises: a `return`, `break` or `continue` leaves what it goes out of, the innermost first, behind the evaluation of
//! what is returned. Leaves out: automatic checks that later passes insert (`scopes`).

use super::Lowering;
use pbpf_core::hir::{Expr, ExprKind, Stmt};
use pbpf_core::mir::{Op, Value};
use pbpf_core::registry::HelperId;
use pbpf_core::rows::HelperCall;

/// What is entered and not left.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    leave: HelperId,
    args: Vec<Value>,
}

impl Lowering<'_, '_> {
    pub(super) fn with(&mut self, enter: &Expr, leave: HelperId, body: &[Stmt]) {
        let span = self.span;
        let ExprKind::Helper { helper, args, .. } = &enter.kind else { return };
        let registry = self.cx.registry;
        let row = &registry.helper(*helper).row;
        let mut values = Vec::with_capacity(args.len());
        for (arg, given) in row.args.iter().zip(args) {
            let Some(value) = self.argument(row, arg, given.as_ref(), args, enter) else { return };
            values.push(value);
        }
        self.span = enter.span;
        self.call_row(*helper, values.clone());
        values.truncate(registry.helper(leave).row.args.len());
        self.scopes.push(Scope { leave, args: values });
        self.stmts(body);
        self.span = span;
        if self.block.is_some() {
            self.leave_to(self.scopes.len() - 1);
        }
        self.scopes.pop();
    }

    /// Leaves what was entered since there were `depth` scopes.
    pub(super) fn leave_to(&mut self, depth: usize) {
        let entered: Vec<Scope> = self.scopes.iter().skip(depth).rev().cloned().collect();
        for scope in entered {
            self.call_row(scope.leave, scope.args);
        }
    }

    /// Calls a helper whose result is not needed.
    fn call_row(&mut self, id: HelperId, args: Vec<Value>) {
        let registry = self.cx.registry;
        let row = &registry.helper(id).row;
        match row.call {
            HelperCall::Id(id) => self.effect(Op::CallHelper { name: row.name.clone(), id, args }),
            HelperCall::Kfunc => {
                let callee = self.kfunc(row, None);
                self.effect(Op::CallKfunc { callee, args });
            }
            HelperCall::ByteSwap => {}
        }
    }
}

//! Cases of `match` that nothing gets to.
//!
//! Promises: numbers that an earlier case takes, and those that the subject never is. Leaves out: what guards decide.

use super::{Checker, constant};
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{Case, Expr, ExprKind, Function, LocalId, Stmt, StmtKind};
use pbpf_core::source::Span;
use pbpf_core::types::{Type, TypeId};
use std::collections::BTreeMap;

impl Checker<'_, '_> {
    pub(super) fn matching(&mut self, function: &Function) {
        let mut found = Vec::new();
        matches_in(&function.body, &mut found);
        for (local, cases) in found {
            self.cases(function.locals[local].ty, cases);
        }
    }

    fn cases(&mut self, subject: TypeId, cases: &[Case]) {
        let types = &self.module.types;
        let range = match types.get(subject) {
            Type::Int { bits, signed: true } => Some((-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1)),
            Type::Int { bits, signed: false } => Some((0, (1i128 << bits) - 1)),
            Type::Bool => Some((0, 1)),
            _ => None,
        };
        let mut taken: BTreeMap<i128, Span> = BTreeMap::new();
        for case in cases {
            for test in &case.tests {
                let ExprKind::Compare(_, rest) = &test.kind else { continue };
                let [(_, value)] = rest.as_slice() else { continue };
                let display = self.module.types.display(subject);
                if matches!(value.kind, ExprKind::Bool(_))
                    && !matches!(self.module.types.get(subject), Type::Bool)
                {
                    self.cx.emit(
                        Diagnostic::error(
                            "unreachable-case",
                            format!("this is never {display}, but a truth value"),
                        )
                        .at(value.span)
                        .help("compare with the number"),
                    );
                    continue;
                }
                let Some(number) = self.constant_of(value) else { continue };
                if let Some((low, high)) = range
                    && !(low..=high).contains(&number)
                {
                    self.cx.emit(
                        Diagnostic::warning("unreachable-case", format!("{display} is never {number}"))
                            .at(value.span)
                            .help("leave the case out"),
                    );
                } else if let Some(first) = taken.get(&number) {
                    self.cx.emit(
                        Diagnostic::warning("unreachable-case", format!("{number} never gets here"))
                            .at(value.span)
                            .label(*first, "it is taken here")
                            .help("leave the second one out"),
                    );
                } else if case.guard.is_none() {
                    taken.insert(number, value.span);
                }
            }
        }
    }

    fn constant_of(&self, value: &Expr) -> Option<i128> {
        constant::value(&self.module.types, value)
    }
}

/// All `match` statements of a block.
fn matches_in<'s>(block: &'s [Stmt], found: &mut Vec<(LocalId, &'s [Case])>) {
    for stmt in block {
        if let StmtKind::Match { local, cases, .. } = &stmt.kind {
            found.push((*local, cases));
        }
        stmt.kind.blocks().into_iter().for_each(|inner| matches_in(inner, found));
    }
}

//! Functions that call themselves.
//!
//! Promises: each circle of calls is told once, as the calls that make it. Leaves out: calls that helpers make back, which
//! come from the helper.

use pbpf_core::diag::{Diagnostic, Diagnostics};
use pbpf_core::entity::Table;
use pbpf_core::hir::{ExprKind, FuncId, FunctionKind, Module};
use std::collections::BTreeSet;

/// The functions that are on a circle of calls.
pub(super) fn find(module: &Module, diagnostics: &mut Diagnostics) -> BTreeSet<FuncId> {
    let calls: Table<FuncId, Vec<FuncId>> = module
        .functions
        .values()
        .map(|function| {
            let mut callees = Vec::new();
            crate::walk::exprs(&function.body, &mut |e| {
                // That nothing calls programs is for `check`.
                if let ExprKind::Call(callee, _) | ExprKind::Function(callee) = e.kind
                    && module.functions[callee].kind == FunctionKind::Subprogram
                    && !callees.contains(&callee)
                {
                    callees.push(callee);
                }
            });
            callees
        })
        .collect();
    let mut recursive = BTreeSet::new();
    let mut done: Table<FuncId, bool> = calls.keys().map(|_| false).collect();
    for root in calls.keys() {
        // The way from the root, with the position of the next call of each.
        let mut way = vec![(root, 0usize)];
        while let Some((at, next)) = way.last_mut() {
            let at = *at;
            let callee = calls[at].get(*next).copied().filter(|_| !done[at]);
            *next += 1;
            let Some(callee) = callee else {
                done[at] = true;
                way.pop();
                continue;
            };
            if let Some(start) = way.iter().position(|(on, _)| *on == callee) {
                let circle: Vec<FuncId> = way[start..].iter().map(|(on, _)| *on).collect();
                tell(module, &circle, diagnostics);
                recursive.extend(circle);
            } else if !done[callee] {
                way.push((callee, 0));
            }
        }
    }
    recursive
}

fn tell(module: &Module, circle: &[FuncId], diagnostics: &mut Diagnostics) {
    let Some(first) = circle.first().map(|id| &module.functions[*id]) else { return };
    let names: Vec<&str> =
        circle.iter().chain(circle.first()).map(|id| module.functions[*id].name.as_str()).collect();
    diagnostics.push(
        Diagnostic::error("recursion", format!("`{}` calls itself", first.name))
            .at(first.span)
            .note(format!("the calls: {}", names.join(" → ")))
            .help("the kernel allows no recursion: write a loop"),
    );
}

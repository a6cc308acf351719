//! `versions`: a local variable becomes as many as its values that never meet.
//!
//! ```text
//! Before                          After
//!   v = m.lookup(1)  # v: local0    v = m.lookup(1)  # v: local0
//!   v = v + 1        # v: local0    v = v + 1        # local1 = local0 + 1
//!   m.update(1, v)   # v: local0    m.update(1, v)   # v: local1
//! ```
//!
//! Before: HIR in which a name is one local. After: assignments that reach a common use share a local, others do not; a
//! local that is annotated, and the first version of each other, keep their id.
//! Requires: `resolve`. Keeps: the program's meaning; names.
//! Why: a name may be bound to another type, as in Python, and each version has the type that its uses agree on.
//!
//! Leaves out: versions whose types disagree where they meet; `infer` tells both places.

mod flow;
mod walk;

use flow::{Flow, Node};
use pbpf_core::entity::Entity;
use pbpf_core::hir::{Function, Local, LocalId};
use pbpf_core::pass::{Context, Level, Pass, PassInfo, Unit};
use pbpf_core::types::TypeId;
use std::collections::BTreeMap;

/// The pass.
#[derive(Clone, Copy, Debug, Default)]
pub struct Versions;

impl Pass for Versions {
    fn info(&self) -> PassInfo {
        PassInfo::new("versions", Level::Hir, "a local becomes as many as its values that never meet")
            .requires(&["resolve"])
            .before(&["infer"])
    }

    fn run(&self, unit: Unit, _: &mut Context<'_>) -> Option<Unit> {
        let Unit::Hir(mut module) = unit else { return None };
        let void = module.types.void();
        for function in module.functions.values_mut() {
            split(function, void);
        }
        Some(Unit::Hir(module))
    }
}

fn split(function: &mut Function, untyped: TypeId) {
    let mut body = std::mem::take(&mut function.body);
    let mut flow = Flow::new(function.locals.values().map(|l| !l.declared).collect());
    let params: Vec<(LocalId, Node)> = function.params.iter().map(|p| (*p, flow.define(*p))).collect();
    let mut found = Vec::new();
    walk::Walk {
        flow: &mut flow,
        visit: &mut |occurrence: &mut LocalId, node, span| found.push((*occurrence, node, span)),
    }
    .block(&mut body);

    // The parameters' versions keep their ids, then the first of each local in order of appearance.
    let mut ids: BTreeMap<Node, LocalId> = BTreeMap::new();
    let mut taken = vec![false; function.locals.len()];
    for (local, node) in params {
        ids.insert(flow.version(node), local);
        taken[local.index()] = true;
    }
    let mut renamed = Vec::with_capacity(found.len());
    for (local, node, span) in found {
        let id = match node.map(|node| flow.version(node)) {
            // Never assigned before, or annotated: the local itself.
            None => local,
            Some(version) => *ids.entry(version).or_insert_with(|| {
                if std::mem::replace(&mut taken[local.index()], true) {
                    let name = function.locals[local].name.clone();
                    function.locals.push(Local { name, ty: untyped, declared: false, binding: None, span })
                } else {
                    local
                }
            }),
        };
        renamed.push(id);
    }
    let mut renamed = renamed.into_iter();
    // The walk is the same, so its occurrences come in the same order.
    let mut again = Flow::new(vec![false; function.locals.len()]);
    walk::Walk {
        flow: &mut again,
        visit: &mut |occurrence: &mut LocalId, _, _| *occurrence = renamed.next().unwrap_or(*occurrence),
    }
    .block(&mut body);
    function.body = body;
}

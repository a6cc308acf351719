//! What the kernel manages in the program's memory: `Kptr` fields, locks, timers, roots of lists and trees.
//!
//! Promises: it is where the kernel looks after it, which are values of some kinds of maps, and nowhere else.
//! Leaves out: copies (`held`), and what is done with them.

use super::Checker;
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{Function, Map};
use pbpf_core::source::Span;
use pbpf_core::types::{GraphKind, Origin, Type, TypeId};
use std::collections::BTreeSet;

/// The locks of map values.
const LOCKS: [&str; 2] = ["bpf_spin_lock", "bpf_res_spin_lock"];

impl Checker<'_, '_> {
    /// Holds maps and global variables against what may hold objects.
    pub(super) fn objects(&mut self) {
        let module = self.module;
        for map in module.maps.values() {
            if let Some(key) = map.key.filter(|key| self.managed(*key).is_some()) {
                self.misplaced("keys of a map", key, map.span);
            }
            self.map_values(map);
        }
        for global in module.globals.values() {
            if self.managed(global.ty).is_some() {
                self.misplaced("global variables", global.ty, global.span);
            }
        }
    }

    /// Holds that no variable of a function is a `Kptr`.
    pub(super) fn kptr_variables(&mut self, function: &Function) {
        for local in function.locals.values() {
            if matches!(self.module.types.get(local.ty), Type::Kptr(_) | Type::GraphRoot { .. }) {
                self.misplaced("variables", local.ty, local.span);
            }
        }
    }

    fn misplaced(&mut self, what: &str, ty: TypeId, span: Span) {
        let display = self.module.types.display(ty);
        self.cx.emit(
            Diagnostic::error(
                "held-object",
                format!("{what} hold nothing that the kernel manages, and this is {display}"),
            )
            .at(span)
            .help("it belongs into a field of a struct that is the value of a map"),
        );
    }

    fn map_values(&mut self, map: &Map) {
        let (Some(value), Some(kind)) = (map.value, self.registry.map_kind(&map.kind)) else { return };
        let mut held = BTreeSet::new();
        self.held_in(value, &mut held);
        let root = GraphKind::ALL.into_iter().find(|kind| held.contains(kind.root()));
        if let Some(root) = root.filter(|_| !LOCKS.iter().any(|lock| held.contains(*lock))) {
            let message = format!("the values have a `{}` and no lock", root.python());
            self.cx.emit(
                Diagnostic::error("bad-map", message)
                    .at(map.span)
                    .help("add a field `lock: struct_bpf_spin_lock`, which is held where the objects are put in and taken out"),
            );
        }
        for what in held.iter().filter(|what| !kind.holds.contains(*what)) {
            let kinds: Vec<&str> = self
                .registry
                .map_kinds()
                .filter(|kind| kind.holds.contains(what))
                .filter_map(|kind| kind.python.first().map(String::as_str))
                .collect();
            if kinds.is_empty() {
                continue;
            }
            let told = told(what);
            self.cx.emit(
                Diagnostic::error(
                    "bad-map",
                    format!("values of a map of kind {} cannot hold {told}", map.kind),
                )
                .at(map.span)
                .help(format!("kinds that can: {}", kinds.join(", "))),
            );
        }
    }

    /// What of the kernel's is in a type: `kptr`, and names of kernel structs.
    fn held_in(&self, ty: TypeId, found: &mut BTreeSet<String>) {
        let types = &self.module.types;
        match types.get(ty) {
            Type::Kptr(_) => {
                found.insert("kptr".to_owned());
            }
            Type::GraphRoot { kind, .. } => {
                found.insert(kind.root().to_owned());
            }
            Type::Array { element, .. } => self.held_in(*element, found),
            Type::Record(record) => {
                let record = &types.records[*record];
                match record.origin {
                    Origin::User => record.fields.iter().for_each(|f| self.held_in(f.ty, found)),
                    Origin::Kernel | Origin::Abi => {
                        found.insert(record.name.clone());
                    }
                }
            }
            _ => {}
        }
    }

    /// What is in a type that only the kernel changes, and what it is called.
    pub(super) fn managed(&self, ty: TypeId) -> Option<String> {
        let mut held = BTreeSet::new();
        self.held_in(ty, &mut held);
        let is_node = |what: &str| GraphKind::ALL.iter().any(|kind| kind.node() == what);
        let managed =
            |what: &String| is_node(what) || self.registry.map_kinds().any(|kind| kind.holds.contains(what));
        held.iter().find(|what| managed(what)).map(|what| told(what))
    }
}

/// What people call it.
fn told(what: &str) -> String {
    if what == "kptr" {
        return "a `Kptr`".to_owned();
    }
    let root = GraphKind::ALL.into_iter().find(|kind| kind.root() == what);
    format!("a `{}`", root.map_or_else(|| what.to_owned(), |kind| kind.python().to_owned()))
}

//! Objects of the kernel in the program's memory: `Kptr` fields, locks, timers.
//!
//! Promises: they are where the kernel looks after them, which are values of some kinds of maps; a `Kptr` is nowhere else.
//! Leaves out: copies (`held`), and what is done with them.

use super::Checker;
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{Function, Map};
use pbpf_core::source::Span;
use pbpf_core::types::{Origin, Type, TypeId};
use std::collections::BTreeSet;

impl Checker<'_, '_> {
    /// Holds maps and global variables against what may hold objects.
    pub(super) fn objects(&mut self) {
        let module = self.module;
        for map in module.maps.values() {
            if let Some(key) = map.key.filter(|key| self.holds_kptr(*key)) {
                self.misplaced("keys of a map", key, map.span);
            }
            self.map_values(map);
        }
        for global in module.globals.values() {
            if self.holds_kptr(global.ty) {
                self.misplaced("global variables", global.ty, global.span);
            }
        }
    }

    /// Holds that no variable of a function is a `Kptr`.
    pub(super) fn kptr_variables(&mut self, function: &Function) {
        for local in function.locals.values() {
            if matches!(self.module.types.get(local.ty), Type::Kptr(_)) {
                self.misplaced("variables", local.ty, local.span);
            }
        }
    }

    fn misplaced(&mut self, what: &str, ty: TypeId, span: Span) {
        let display = self.module.types.display(ty);
        self.cx.emit(
            Diagnostic::error("held-object", format!("{what} hold no kernel objects, and this is {display}"))
                .at(span)
                .help("a `Kptr` is a field of a struct that is the value of a map"),
        );
    }

    fn map_values(&mut self, map: &Map) {
        let (Some(value), Some(kind)) = (map.value, self.registry.map_kind(&map.kind)) else { return };
        let mut held = BTreeSet::new();
        self.held_in(value, &mut held);
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
            let told = if what == "kptr" { "a `Kptr`".to_owned() } else { format!("a `{what}`") };
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

    /// Whether there is a `Kptr` in a type.
    pub(super) fn holds_kptr(&self, ty: TypeId) -> bool {
        let mut held = BTreeSet::new();
        self.held_in(ty, &mut held);
        held.contains("kptr")
    }
}

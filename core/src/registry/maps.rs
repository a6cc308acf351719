//! Kinds of maps and their methods in a registry.
//!
//! Promises: a kind, a Python name and a method of a kind have one owner. Leaves out: whether a method's helper is there,
//! which its use tells.

use crate::rows::{MapKind, MapMethod};

/// The kinds and methods that the plugins bring, with the plugins.
#[derive(Clone, Debug, Default)]
pub(super) struct Maps {
    kinds: Vec<(String, MapKind)>,
    methods: Vec<(String, MapMethod)>,
}

/// What is there twice, its name, and the plugin that brought it first.
pub(super) type Clash = (&'static str, String, String);

impl Maps {
    pub(super) fn kinds(&self) -> impl Iterator<Item = &MapKind> {
        self.kinds.iter().map(|(_, kind)| kind)
    }

    pub(super) fn methods(&self) -> impl Iterator<Item = &MapMethod> {
        self.methods.iter().map(|(_, method)| method)
    }

    pub(super) fn add(
        &mut self,
        plugin: &str,
        kinds: Vec<MapKind>,
        methods: Vec<MapMethod>,
    ) -> Result<(), Clash> {
        for kind in kinds {
            let same = |other: &MapKind| {
                other.name == kind.name
                    || other.id == kind.id
                    || other.python.iter().any(|n| kind.python.contains(n))
            };
            if let Some((owner, _)) = self.kinds.iter().find(|(_, other)| same(other)) {
                return Err(("map kind", kind.name, owner.clone()));
            }
            self.kinds.push((plugin.to_owned(), kind));
        }
        for method in methods {
            let same =
                |m: &MapMethod| m.name == method.name && m.kinds.iter().any(|k| method.kinds.contains(k));
            if let Some((owner, _)) = self.methods.iter().find(|(_, other)| same(other)) {
                return Err(("map method", method.name, owner.clone()));
            }
            self.methods.push((plugin.to_owned(), method));
        }
        Ok(())
    }
}

//! The registry: what all plugins together bring, ready to look up.
//!
//! Promises: ids are `plugin:name`; a clash names both plugins; order is that of loading. Nothing in it knows a program
//! type, a helper or a constant by name.
//! Leaves out: finding plugins, and running their code.

mod maps;
mod pattern;

pub use pattern::{Holes, Pattern};

use crate::diag::Diagnostic;
use crate::entity;
use crate::entity::Table;
use crate::names;
use crate::rows::{
    Explanation, Helper, HelperCall, Manifest, MapKind, MapMethod, PassRow, ProgramType, SectionPattern,
    StructOpsRow,
};
use crate::target::KernelVersion;
use std::collections::{BTreeMap, BTreeSet};

entity! {
    /// A program type of a [`Registry`].
    ProgramTypeId, "type"
}
entity! {
    /// A helper of a [`Registry`].
    HelperId, "helper"
}

/// A program type and where it comes from.
#[derive(Clone, Debug)]
pub struct RegisteredType {
    /// `plugin:name`.
    pub id: String,
    /// The row.
    pub row: ProgramType,
    patterns: Vec<Pattern>,
}

/// A helper and where it comes from.
#[derive(Clone, Debug)]
pub struct RegisteredHelper {
    /// `plugin:set`.
    pub set: String,
    /// Whether every program type may call it.
    pub everywhere: bool,
    /// The row.
    pub row: Helper,
}

/// A constant of a mapping and where it comes from.
#[derive(Clone, Debug)]
struct RegisteredConstant {
    plugin: String,
    value: i128,
}

/// A pass and where it comes from.
#[derive(Clone, Debug)]
pub struct RegisteredPass {
    /// `plugin:name`.
    pub id: String,
    /// The plugin.
    pub plugin: String,
    /// The row.
    pub row: PassRow,
}

/// A section name that matched.
#[derive(Clone, Debug)]
pub struct SectionMatch {
    /// The program type.
    pub program_type: ProgramTypeId,
    /// Which of its patterns.
    pub pattern: SectionPattern,
    /// What stood in the holes.
    pub holes: Holes,
}

/// Everything that the loaded plugins bring.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    plugins: Vec<String>,
    types: Table<ProgramTypeId, RegisteredType>,
    /// Ids of program types that a plugin stands for.
    replaced: BTreeSet<String>,
    helpers: Table<HelperId, RegisteredHelper>,
    maps: maps::Maps,
    /// By module, then by name.
    constants: BTreeMap<String, BTreeMap<String, RegisteredConstant>>,
    records: Vec<(String, String, String)>,
    passes: Vec<RegisteredPass>,
    explanations: Vec<Explanation>,
    nullable_fields: BTreeSet<(String, String)>,
}

/// Whether `id` (`plugin:name`) is what `name` (with or without the plugin) means.
fn names_id(name: &str, id: &str) -> bool {
    name == id || id.split_once(':').is_some_and(|(_, n)| n == name)
}

impl Registry {
    /// An empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what a plugin brings. A plugin with a known id, and names that another plugin brings too, are refused.
    pub fn add(&mut self, manifest: Manifest) -> Result<(), Diagnostic> {
        let plugin = manifest.id.clone();
        if self.plugins.contains(&plugin) {
            return Err(Diagnostic::error("plugin-clash", format!("two plugins have the id `{plugin}`")));
        }
        let clash = |what: &str, name: &str, other: &str| {
            Diagnostic::error(
                "plugin-clash",
                format!("{what} `{name}` is brought by two plugins: `{other}` and `{plugin}`"),
            )
            .help("leave one of the two plugins out")
        };
        for row in manifest.program_types {
            let id = format!("{plugin}:{}", row.name);
            if self.replaced.contains(&id) {
                continue;
            }
            self.replaced.extend(row.replaces.iter().cloned());
            let mut patterns = Vec::new();
            for section in &row.sections {
                let pattern = Pattern::parse(&section.pattern)
                    .map_err(|e| Diagnostic::error("plugin-manifest", format!("plugin `{plugin}`: {e}")))?;
                // A plugin may have a type of its own for one of the names that another of its types has a pattern for.
                let own = |t: &RegisteredType| t.id.split_once(':').is_some_and(|(p, _)| p == plugin);
                let twins = |t: &RegisteredType, p: &Pattern| {
                    p.overlaps(&pattern) && !(own(t) && p.is_whole() != pattern.is_whole())
                };
                let twin = self.types.values().find(|t| t.patterns.iter().any(|p| twins(t, p)));
                if let Some(other) = twin {
                    return Err(clash("section", &section.pattern, &other.id));
                }
                patterns.push(pattern);
            }
            self.types.push(RegisteredType { id, row, patterns });
        }
        for set in manifest.helper_sets {
            let id = format!("{plugin}:{}", set.name);
            for row in set.helpers {
                let names = std::iter::once(&row.name).chain(row.aliases.iter().map(|(n, _)| n));
                for name in names {
                    if let Some(other) = self.find_helper(name) {
                        return Err(clash("helper", name, &self.helpers[other].set));
                    }
                }
                let everywhere = set.everywhere;
                self.helpers.push(RegisteredHelper { set: id.clone(), everywhere, row });
            }
        }
        self.maps
            .add(&plugin, manifest.map_kinds, manifest.map_methods)
            .map_err(|(what, name, other)| clash(what, &name, &other))?;
        for mapping in manifest.mappings {
            for (name, constant) in mapping.constants {
                let value = constant.value();
                let known = self.constants.get(&mapping.module).and_then(|m| m.get(&name));
                if let Some(other) = known {
                    if other.value != value {
                        return Err(clash("constant", &name, &other.plugin));
                    }
                    continue;
                }
                let constant = RegisteredConstant { plugin: plugin.clone(), value };
                self.constants.entry(mapping.module.clone()).or_default().insert(name, constant);
            }
            let records = mapping.records.into_iter();
            self.records.extend(records.map(|(name, record)| (mapping.module.clone(), name, record)));
        }
        for row in manifest.passes {
            self.passes.push(RegisteredPass {
                id: format!("{plugin}:{}", row.name),
                plugin: plugin.clone(),
                row,
            });
        }
        for (record, fields) in manifest.nullable_fields {
            self.nullable_fields.extend(fields.into_iter().map(|field| (record.clone(), field)));
        }
        self.explanations.extend(manifest.explanations);
        self.plugins.push(plugin);
        Ok(())
    }

    /// The ids of the plugins, in order of loading.
    pub fn plugins(&self) -> &[String] {
        &self.plugins
    }

    /// All program types.
    pub fn program_types(&self) -> impl Iterator<Item = (ProgramTypeId, &RegisteredType)> {
        self.types.iter()
    }

    /// A program type.
    pub fn program_type(&self, id: ProgramTypeId) -> &RegisteredType {
        &self.types[id]
    }

    /// The program type with the id `plugin:name`, or the only one called `name`.
    pub fn find_program_type(&self, name: &str) -> Option<ProgramTypeId> {
        self.types.iter().find(|(_, t)| names_id(name, &t.id)).map(|(id, _)| id)
    }

    /// The program type whose struct of callbacks has that name, or else the one for any such struct.
    pub fn find_struct_ops(&self, record: &str) -> Option<ProgramTypeId> {
        let of = |name: &str| {
            let is = |t: &RegisteredType| t.row.struct_ops.as_ref().is_some_and(|ops| ops.record == name);
            self.types.iter().find(|(_, t)| is(t)).map(|(id, _)| id)
        };
        of(record).or_else(|| of(StructOpsRow::ANY))
    }

    /// The program type that owns a section name: that with all of the name, or else with a pattern for it. A question mark in
    /// front only asks libbpf not to load the program by itself.
    pub fn match_section(&self, section: &str) -> Option<SectionMatch> {
        let section = section.strip_prefix('?').unwrap_or(section);
        let matching = |whole: bool| {
            self.types.iter().find_map(|(id, registered)| {
                registered.patterns.iter().zip(&registered.row.sections).find_map(|(pattern, row)| {
                    let holes = pattern.matches(section).filter(|_| !whole || row.pattern == section)?;
                    Some(SectionMatch { program_type: id, pattern: row.clone(), holes })
                })
            })
        };
        matching(true).or_else(|| matching(false))
    }

    /// The pattern nearest to a section name that nothing owns.
    pub fn nearest_section(&self, section: &str) -> Option<&str> {
        let head = section.split('/').next().unwrap_or(section);
        let patterns = || self.types.values().flat_map(|t| t.row.sections.iter().map(|s| s.pattern.as_str()));
        let heads = self.types.values().flat_map(|t| t.patterns.iter().map(Pattern::head));
        let near = names::nearest(head, heads)?;
        patterns().find(|p| p.split(['/', '[']).next() == Some(near))
    }

    /// The helper with that kernel name or alias.
    pub fn find_helper(&self, name: &str) -> Option<HelperId> {
        self.helpers
            .iter()
            .find(|(_, h)| h.row.name == name || h.row.aliases.iter().any(|(n, _)| n == name))
            .map(|(id, _)| id)
    }

    /// A helper.
    pub fn helper(&self, id: HelperId) -> &RegisteredHelper {
        &self.helpers[id]
    }

    /// All helpers.
    pub fn helpers(&self) -> impl Iterator<Item = (HelperId, &RegisteredHelper)> {
        self.helpers.iter()
    }

    /// Whether a program type may call a helper: either side may say so, the type by naming the helper's set, the helper
    /// by naming the type, so that a later plugin can bring helpers for earlier types. One that is no call to the kernel is everybody's.
    pub fn allows(&self, program_type: ProgramTypeId, helper: HelperId) -> bool {
        let (helper_id, ty, helper) = (helper, &self.types[program_type], &self.helpers[helper]);
        if helper.row.call == HelperCall::ByteSwap {
            return true;
        }
        let listed = if helper.row.program_types.is_empty() {
            ty.row.helper_sets.iter().any(|set| names_id(set, &helper.set))
        } else {
            helper.row.program_types.iter().any(|t| names_id(t, &ty.id))
        };
        let listed = listed
            || helper.everywhere
            || self.takes_object(program_type, helper_id)
            || ty.row.helpers.contains(&helper.row.name);
        listed && !ty.row.helpers_refused.contains(&helper.row.name)
    }

    /// Whether a program type gives a helper an object of the kernel where others give the context.
    pub fn takes_object(&self, program_type: ProgramTypeId, helper: HelperId) -> bool {
        let ty = &self.types[program_type];
        self.helpers[helper].row.objects_in.iter().any(|t| names_id(t, &ty.id))
    }

    /// The program types that may call a helper, by id.
    pub fn where_allowed(&self, helper: HelperId) -> Vec<&str> {
        self.types.iter().filter(|(id, _)| self.allows(*id, helper)).map(|(_, t)| t.id.as_str()).collect()
    }

    /// The first kernel version in which a program type may call a helper; none: not known.
    pub fn since(&self, program_type: ProgramTypeId, helper: HelperId) -> Option<KernelVersion> {
        let (ty, helper) = (&self.types[program_type], &self.helpers[helper]);
        let later = ty.row.helpers_since.get(&helper.row.name);
        later.or(helper.row.since.as_ref()).and_then(|text| KernelVersion::parse(text))
    }

    /// What refusals of the verifier mean: those of a program type first, then those for any.
    pub fn explanations(&self, program_type: Option<ProgramTypeId>) -> impl Iterator<Item = &Explanation> {
        let own = program_type.map_or(&[][..], |id| &self.types[id].row.explanations);
        own.iter().chain(&self.explanations)
    }

    /// All kinds of maps.
    pub fn map_kinds(&self) -> impl Iterator<Item = &MapKind> {
        self.maps.kinds()
    }

    /// The kind of maps that has that name in the kernel (`lru_hash`).
    pub fn map_kind(&self, name: &str) -> Option<&MapKind> {
        self.maps.kinds().find(|k| k.name == name)
    }

    /// The kind of maps that has that name in Python.
    pub fn find_map_kind(&self, name: &str) -> Option<&MapKind> {
        self.maps.kinds().find(|k| k.python.iter().any(|n| n == name))
    }

    /// The methods of a kind of maps, by its name in the kernel.
    pub fn map_methods<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a MapMethod> {
        self.maps.methods().filter(move |m| m.kinds.iter().any(|k| k == kind))
    }

    /// The constant of that name in a Python module.
    pub fn constant(&self, module: &str, name: &str) -> Option<i128> {
        self.constants.get(module)?.get(name).map(|c| c.value)
    }

    /// The names of the constants of a Python module.
    pub fn constant_names<'a>(&'a self, module: &'a str) -> impl Iterator<Item = &'a str> {
        self.constants.get(module).into_iter().flat_map(|all| all.keys().map(String::as_str))
    }

    /// The kernel record that a Python module offers under that name.
    pub fn record(&self, module: &str, name: &str) -> Option<&str> {
        self.records.iter().find(|(m, n, _)| m == module && n == name).map(|(_, _, r)| r.as_str())
    }

    /// Whether the verifier takes a trusted pointer's pointer for null until it is tested.
    pub fn may_be_null(&self, record: &str, field: &str) -> bool {
        self.nullable_fields.iter().any(|(r, f)| r == record && f == field)
    }

    /// All passes.
    pub fn passes(&self) -> &[RegisteredPass] {
        &self.passes
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test may panic")]
    use super::*;

    fn manifest(id: &str, section: &str) -> Manifest {
        Manifest::from_toml(&format!(
            r#"
            schema = 1
            id = "{id}"
            [[program_types]]
            name = "t"
            doc = "A type."
            sections = [{{ pattern = "{section}" }}]
            kernel_type = "BPF_PROG_TYPE_UNSPEC"
            context = {{ record = "r_{{b}}", records = [{{ hole = "b", matches = "x*", record = "rx" }}] }}
            returns = {{}}
            helper_sets = ["h"]
            helpers_since = {{ "bpf_b_{id}" = "6.2" }}
            explanations = [{{ pattern = "R* invalid", cause = "c", fix = "f" }}]
            [[helper_sets]]
            name = "h"
            doc = "Helpers."
            [[helper_sets.helpers]]
            name = "bpf_a_{id}"
            call = {{ id = 1 }}
            returns = {{ kind = "void" }}
            since = "4.1"
            [[helper_sets.helpers]]
            name = "bpf_b_{id}"
            call = {{ id = 2 }}
            returns = {{ kind = "void" }}
            [[explanations]]
            pattern = "too many"
            cause = "c"
            fix = "f"
            "#
        ))
        .unwrap()
    }

    #[test]
    fn a_type_may_have_a_helper_later_than_others() {
        let mut registry = Registry::new();
        registry.add(manifest("x", "a/{b}")).unwrap();
        let ty = registry.find_program_type("t").unwrap();
        let since = |name| registry.since(ty, registry.find_helper(name).unwrap()).unwrap().to_string();
        assert_eq!(since("bpf_a_x"), "4.1");
        assert_eq!(since("bpf_b_x"), "6.2");
    }

    #[test]
    fn the_context_follows_the_holes() {
        let mut registry = Registry::new();
        registry.add(manifest("x", "a/{b}")).unwrap();
        let records = |section: &str| {
            let found = registry.match_section(section).unwrap();
            let row = &registry.program_type(found.program_type).row;
            row.context_records(&found.pattern, &found.holes)
        };
        assert_eq!(records("a/y"), ["r_y"]);
        assert_eq!(records("a/xy"), ["rx", "r_xy"]);
    }

    #[test]
    fn sections_clash_only_where_a_name_would_match_twice() {
        let mut registry = Registry::new();
        registry.add(manifest("x", "a/b")).unwrap();
        registry.add(manifest("y", "a/c")).unwrap();
        let error = registry.add(manifest("z", "a/{any}")).unwrap_err();
        assert!(error.message.contains("`a/{any}`") && error.message.contains("`x:t`"), "{}", error.message);
    }

    #[test]
    fn a_program_type_may_stand_for_one_that_comes_later() {
        let mut registry = Registry::new();
        let mut own = manifest("own", "a/{any}");
        own.program_types[0].replaces.push("shipped:t".to_owned());
        registry.add(own).unwrap();
        registry.add(manifest("shipped", "a/b")).unwrap();
        let found = registry.match_section("a/b").unwrap();
        assert_eq!(registry.program_type(found.program_type).id, "own:t");
        assert_eq!(registry.program_types().count(), 1);
    }

    #[test]
    fn explanations_of_the_type_come_first() {
        let mut registry = Registry::new();
        registry.add(manifest("x", "a")).unwrap();
        let ty = registry.find_program_type("t");
        let matching = |message: &str| {
            let found = registry.explanations(ty).find(|e| e.matches(message));
            found.map(|e| e.pattern.clone())
        };
        assert_eq!(matching("R3 invalid mem access").unwrap(), "R* invalid");
        assert_eq!(matching("too many states").unwrap(), "too many");
        assert_eq!(matching("invalid R3"), None);
    }
}

//! A plugin's manifest: everything it brings, as data.
//!
//! Promises: unknown keys, an unknown schema version and rows that contradict themselves are refused, with the place in
//! the manifest. Leaves out: clashes between plugins, which the registry finds.

use super::{
    ArgumentKind, Arguments, CType, Explanation, HelperSet, MapKind, MapMethod, ProgramType, ResultKind,
    Returns, c_int,
};
use crate::target::KernelVersion;
use crate::types::Region;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Everything a plugin brings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of this schema: 1.
    pub schema: u32,
    /// The plugin's id; in a shared library it must equal the descriptor's.
    pub id: String,
    /// The plugin's version.
    #[serde(default)]
    pub version: String,
    /// The plugin's license.
    #[serde(default)]
    pub license: String,
    /// Program types.
    #[serde(default)]
    pub program_types: Vec<ProgramType>,
    /// Helper sets.
    #[serde(default)]
    pub helper_sets: Vec<HelperSet>,
    /// Kinds of maps.
    #[serde(default)]
    pub map_kinds: Vec<MapKind>,
    /// Methods of maps, also of kinds that another plugin brings.
    #[serde(default)]
    pub map_methods: Vec<MapMethod>,
    /// Python names for kernel types and constants.
    #[serde(default)]
    pub mappings: Vec<Mapping>,
    /// Pointers in kernel records that the verifier takes for null until they are tested: names of fields by record. Others
    /// it lets be followed, and null reads as zero.
    #[serde(default)]
    pub nullable_fields: BTreeMap<String, BTreeSet<String>>,
    /// What refusals of the verifier mean for any program type; asked after those of the type.
    #[serde(default)]
    pub explanations: Vec<Explanation>,
    /// Passes; they need code, so a plugin without code has none.
    #[serde(default)]
    pub passes: Vec<PassRow>,
}

/// Names that a Python module offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// The Python module (`vmlinux`, `pbpf.net`).
    pub module: String,
    /// `#define` values and enumerators by name.
    #[serde(default)]
    pub constants: BTreeMap<String, Constant>,
    /// Kernel records by Python name, for names that do not follow `struct_NAME`.
    #[serde(default)]
    pub records: BTreeMap<String, String>,
}

/// A constant: a number, or a number with a line for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Constant {
    /// The value.
    Value(Number),
    /// The value and what it means.
    Documented {
        /// The value.
        value: Number,
        /// What it means.
        doc: String,
    },
}

/// A number of at most 64 bits, signed or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Number {
    /// One that fits a signed word.
    Signed(i64),
    /// One that does not.
    Unsigned(u64),
}

impl Constant {
    /// The value: any of 64 bits, signed or not.
    pub fn value(&self) -> i128 {
        match self {
            Constant::Value(number) | Constant::Documented { value: number, .. } => match number {
                Number::Signed(value) => i128::from(*value),
                Number::Unsigned(value) => i128::from(*value),
            },
        }
    }
}

/// A pass that a plugin brings: MIR text in, MIR text out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PassRow {
    /// The name, unique in its plugin; in the graph it is `plugin:name`.
    pub name: String,
    /// One line for people.
    pub doc: String,
    /// Where in the pipeline.
    #[serde(default)]
    pub point: PassPoint,
    /// Whether it runs for each module. Otherwise it runs for those with a program whose type lists it, and where it is asked for.
    #[serde(default)]
    pub default: bool,
}

/// Where a pass goes: behind and before these passes, as late as that allows, and before the pass that makes MIR concrete
/// unless it must be behind that.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PassPoint {
    /// Passes it runs after.
    #[serde(default)]
    pub after: Vec<String>,
    /// Passes it runs before.
    #[serde(default)]
    pub before: Vec<String>,
}

/// Why a manifest is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestError {
    /// The place, as a path of keys (`program_types[0].returns.default`); empty for the whole.
    pub place: String,
    /// What is wrong.
    pub message: String,
}

impl std::fmt::Display for ManifestError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.place.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.place, self.message)
        }
    }
}

/// Whether a name can stand in ids, options and file names.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

impl Manifest {
    /// Reads the JSON of a shared library.
    pub fn from_json(text: &str) -> Result<Manifest, ManifestError> {
        let mut manifest: Manifest = serde_json::from_str(text)
            .map_err(|e| ManifestError { place: String::new(), message: e.to_string() })?;
        manifest.fill()?;
        manifest.check()?;
        Ok(manifest)
    }

    /// Reads the TOML of a plugin without code.
    pub fn from_toml(text: &str) -> Result<Manifest, ManifestError> {
        let mut manifest: Manifest = toml::from_str(text)
            .map_err(|e| ManifestError { place: String::new(), message: e.to_string() })?;
        manifest.fill()?;
        manifest.check()?;
        Ok(manifest)
    }

    /// Gives the program types that are like another what they leave to it.
    fn fill(&mut self) -> Result<(), ManifestError> {
        for at in 0..self.program_types.len() {
            let (before, rest) = self.program_types.split_at_mut(at);
            let Some(row) = rest.first_mut() else { continue };
            let Some(name) = row.like.take() else { continue };
            let Some(model) = before.iter().find(|r| r.name == name) else {
                let message = format!("no program type `{name}` stands before this one");
                return Err(ManifestError { place: format!("program_types[{at}].like"), message });
            };
            row.fill_from(model);
        }
        for row in &mut self.program_types {
            row.context.settle();
        }
        Ok(())
    }

    /// Holds what the schema cannot say.
    pub fn check(&self) -> Result<(), ManifestError> {
        let fail = |place: String, message: String| Err(ManifestError { place, message });
        if self.schema != 1 {
            return fail("schema".into(), format!("is {}, this pbpf reads 1", self.schema));
        }
        if !is_name(&self.id) {
            return fail("id".into(), format!("`{}` is no name", self.id));
        }
        let mut names = BTreeSet::new();
        for (i, row) in self.program_types.iter().enumerate() {
            let place = format!("program_types[{i}]");
            if !is_name(&row.name) || !names.insert(row.name.clone()) {
                return fail(format!("{place}.name"), format!("`{}` is no name, or there twice", row.name));
            }
            check_program_type(&place, row)?;
            if let Some(name) = row.passes.iter().find(|name| self.passes.iter().all(|p| p.name != **name)) {
                return fail(format!("{place}.passes"), format!("`{name}` is no pass of this plugin"));
            }
        }
        names.clear();
        for (i, set) in self.helper_sets.iter().enumerate() {
            let place = format!("helper_sets[{i}]");
            if !is_name(&set.name) || !names.insert(set.name.clone()) {
                return fail(format!("{place}.name"), format!("`{}` is no name, or there twice", set.name));
            }
            check_helper_set(&place, set)?;
        }
        for (i, kind) in self.map_kinds.iter().enumerate() {
            let place = format!("map_kinds[{i}]");
            if self.map_kinds[..i].iter().any(|k| k.name == kind.name || k.id == kind.id) {
                return fail(
                    format!("{place}.name"),
                    format!("`{}` or its number is there twice", kind.name),
                );
            }
            if kind.map_extra.is_some_and(|(least, most)| least > most) {
                return fail(format!("{place}.map_extra"), "the least is greater than the greatest".into());
            }
            if !is_version(kind.since.as_ref()) {
                return fail(format!("{place}.since"), "is no kernel version".into());
            }
        }
        for (i, method) in self.map_methods.iter().enumerate() {
            let twin =
                |m: &&MapMethod| m.name == method.name && m.kinds.iter().any(|k| method.kinds.contains(k));
            if self.map_methods[..i].iter().any(|m| twin(&m)) {
                return fail(
                    format!("map_methods[{i}]"),
                    format!("`{}` is there twice for one kind", method.name),
                );
            }
        }
        names.clear();
        for (i, pass) in self.passes.iter().enumerate() {
            if !is_name(&pass.name) || !names.insert(pass.name.clone()) {
                return fail(
                    format!("passes[{i}].name"),
                    format!("`{}` is no name, or there twice", pass.name),
                );
            }
        }
        Ok(())
    }
}

fn check_program_type(place: &str, row: &ProgramType) -> Result<(), ManifestError> {
    let fail = |key: &str, message: String| Err(ManifestError { place: format!("{place}.{key}"), message });
    if row.sections.is_empty() && row.struct_ops.is_none() {
        return fail("sections", "is empty".into());
    }
    for (i, section) in row.sections.iter().enumerate() {
        if let Err(message) = crate::registry::Pattern::parse(&section.pattern) {
            return fail(&format!("sections[{i}].pattern"), message);
        }
        if !is_version(section.since.as_ref()) {
            return fail(&format!("sections[{i}].since"), "is no kernel version".into());
        }
    }
    if row.kernel_type.is_empty() {
        return fail("kernel_type", "is missing".into());
    }
    check_returns(&format!("{place}.returns"), &row.returns)?;
    for (i, section) in row.sections.iter().enumerate() {
        if let Some(returns) = &section.returns {
            check_returns(&format!("{place}.sections[{i}].returns"), returns)?;
        }
    }
    let of_sections = row.sections.iter().filter_map(|s| s.arguments.as_ref());
    for arguments in of_sections.chain([&row.arguments]) {
        if let Arguments::Prototype(p) = arguments
            && p.function.is_some() == p.typedef.is_some()
        {
            return fail("arguments.prototype", "is that of a `function` or behind a `typedef`".into());
        }
    }
    for (i, field) in row.context.fields.iter().enumerate() {
        if !matches!(field.bits, 8 | 16 | 32 | 64) {
            return fail(
                &format!("context.fields[{i}].bits"),
                format!("is {}, not 8, 16, 32 or 64", field.bits),
            );
        }
    }
    for (region, rule) in &row.regions {
        if *region == Region::PacketEnd
            && (rule.read != super::Access::Forbidden || rule.write != super::Access::Forbidden)
        {
            return fail("regions.packet_end", "the end of a packet cannot be read or written".into());
        }
    }
    if !is_version(row.needs.kernel.as_ref()) {
        return fail("needs.kernel", "is no kernel version".into());
    }
    if let Some((name, _)) = row.helpers_since.iter().find(|(_, since)| !is_version(Some(since))) {
        return fail(&format!("helpers_since.{name}"), "is no kernel version".into());
    }
    if let Some(ops) = &row.struct_ops {
        for (i, callback) in ops.callbacks.iter().enumerate() {
            if let Some(returns) = &callback.returns {
                check_returns(&format!("{place}.struct_ops.callbacks[{i}].returns"), returns)?;
            }
            let types = callback.params.iter().map(|(_, ty)| ty).chain([&callback.ret]);
            for ty in types {
                if CType::parse(ty).is_none() {
                    return fail(&format!("struct_ops.callbacks[{i}]"), format!("unknown C type `{ty}`"));
                }
            }
        }
        for (name, ty) in &ops.members {
            if CType::parse(ty).is_none() {
                return fail(&format!("struct_ops.members.{name}"), format!("unknown C type `{ty}`"));
            }
        }
    }
    Ok(())
}

fn check_returns(place: &str, returns: &Returns) -> Result<(), ManifestError> {
    let fail = |key: &str, message: String| Err(ManifestError { place: format!("{place}.{key}"), message });
    let Some((low, high)) = returns.range else { return Ok(()) };
    let inside = |v: Option<i64>| v.is_none_or(|v| (low..=high).contains(&v));
    if low > high {
        return fail("range", format!("{low} is greater than {high}"));
    }
    if !inside(returns.default) || !inside(returns.on_failed_check) {
        return fail("default", "is outside the range".into());
    }
    Ok(())
}

/// Whether a kernel version can be read, or none is given.
fn is_version(text: Option<&String>) -> bool {
    text.is_none_or(|text| KernelVersion::parse(text).is_some())
}

fn check_helper_set(place: &str, set: &HelperSet) -> Result<(), ManifestError> {
    let mut names = BTreeSet::new();
    for (i, helper) in set.helpers.iter().enumerate() {
        let fail = |key: &str, message: String| {
            Err(ManifestError { place: format!("{place}.helpers[{i}].{key}"), message })
        };
        if !names.insert(&helper.name) {
            return fail("name", format!("`{}` is there twice", helper.name));
        }
        if !is_version(helper.since.as_ref()) {
            return fail("since", "is no kernel version".into());
        }
        if helper.args.len() > 5 {
            return fail("args", "a helper takes at most five arguments".into());
        }
        for (j, arg) in helper.args.iter().enumerate() {
            match &arg.kind {
                ArgumentKind::Scalar(ty) if c_int(ty).is_none() => {
                    return fail(&format!("args[{j}].kind"), format!("unknown integer type `{ty}`"));
                }
                ArgumentKind::Callback(callback) if callback.params.len() > 5 => {
                    return fail(
                        &format!("args[{j}].kind"),
                        "a callback takes at most five parameters".into(),
                    );
                }
                ArgumentKind::SizeOf(of) | ArgumentKind::KptrValue(of) | ArgumentKind::GraphNode(of)
                    if !helper.args.iter().any(|a| a.name == *of) =>
                {
                    return fail(&format!("args[{j}].kind"), format!("there is no argument `{of}`"));
                }
                _ => {}
            }
        }
        match &helper.returns.kind {
            ResultKind::Scalar(ty) | ResultKind::Number(ty) if c_int(ty).is_none() => {
                return fail("returns.kind", format!("unknown integer type `{ty}`"));
            }
            ResultKind::Mem(of)
            | ResultKind::Packet(of)
            | ResultKind::OfCpu(of)
            | ResultKind::Kptr(of)
            | ResultKind::Allocated(of)
            | ResultKind::Same(of)
            | ResultKind::GraphNode(of)
                if !helper.args.iter().any(|a| a.name == *of) =>
            {
                return fail("returns.kind", format!("there is no argument `{of}`"));
            }
            _ => {}
        }
    }
    Ok(())
}

//! A program type as a row: sections, context, arguments, result, and the rules of its memory regions.
//!
//! Promises: everything the passes need to know of a program type is here; no pass knows one by name.
//! Leaves out: what data cannot say; a plugin brings a pass for that.

use super::memory::{Access, Arithmetic, Proof, RegionRule};
use crate::types::Region;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A program type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgramType {
    /// The name, unique in its plugin.
    pub name: String,
    /// One line for people.
    pub doc: String,
    /// A program type of the same plugin, above this one: what is left empty here is as there. Its `sections`, `doc` and `notes`
    /// are its own, and with `helper_sets` all that it may call is.
    #[serde(default)]
    pub like: Option<String>,
    /// Program types of other plugins (`plugin:name`) that this one stands for: they are left out. Plugins that come later only,
    /// as the shipped ones do behind the user's.
    #[serde(default)]
    pub replaces: Vec<String>,
    /// More for people: what the other keys do not say.
    #[serde(default)]
    pub notes: String,
    /// The section names it owns.
    pub sections: Vec<SectionPattern>,
    /// `BPF_PROG_TYPE_*`, or `struct_ops`.
    #[serde(default)]
    pub kernel_type: String,
    /// How it is attached.
    #[serde(default)]
    pub attach: AttachKind,
    /// The context.
    #[serde(default)]
    pub context: Context,
    /// How parameters behind the context bind.
    #[serde(default)]
    pub arguments: Arguments,
    /// The result.
    #[serde(default)]
    pub returns: Returns,
    /// What may be done with pointers, by region. The program's own memory (`stack`, `map_value`, `mem`) is read and written
    /// where nothing else is said, and its context read; any other region that is not named is forbidden.
    #[serde(default)]
    pub regions: BTreeMap<Region, RegionRule>,
    /// Fields of kernel structs that may be written through trusted pointers: by struct, paths with dots.
    #[serde(default)]
    pub writable_fields: BTreeMap<String, Vec<String>>,
    /// Helper sets (`plugin:name`, or `name`) whose helpers it may call.
    #[serde(default)]
    pub helper_sets: Vec<String>,
    /// Helpers of other sets that it may call too.
    #[serde(default)]
    pub helpers: Vec<String>,
    /// Helpers of those sets that it may not call after all.
    #[serde(default)]
    pub helpers_refused: Vec<String>,
    /// Helpers of those sets that it may call only from a later kernel version than the helper's own: name and version.
    #[serde(default)]
    pub helpers_since: BTreeMap<String, String>,
    /// Helpers that one of its callbacks may not call, by callback.
    #[serde(default)]
    pub helpers_refused_in: BTreeMap<String, Vec<String>>,
    /// Whether it may sleep.
    #[serde(default)]
    pub sleepable: bool,
    /// What the kernel must have.
    #[serde(default)]
    pub needs: Needs,
    /// Passes of the same plugin that run for modules with such a program.
    #[serde(default)]
    pub passes: Vec<String>,
    /// What refusals of the verifier mean.
    #[serde(default)]
    pub explanations: Vec<Explanation>,
    /// The kernel struct of callbacks, for program types written as a class.
    #[serde(default)]
    pub struct_ops: Option<StructOpsRow>,
}

/// Takes a key from another row where it is empty here.
fn take<T: Default + PartialEq + Clone>(own: &mut T, model: &T) {
    if *own == T::default() {
        own.clone_from(model);
    }
}

impl ProgramType {
    /// Takes from another row what is empty here.
    pub(super) fn fill_from(&mut self, model: &ProgramType) {
        take(&mut self.kernel_type, &model.kernel_type);
        take(&mut self.attach, &model.attach);
        self.context.fill_from(&model.context);
        take(&mut self.arguments, &model.arguments);
        take(&mut self.returns, &model.returns);
        take(&mut self.regions, &model.regions);
        take(&mut self.writable_fields, &model.writable_fields);
        // What may be called is taken as a whole.
        if self.helper_sets.is_empty() {
            take(&mut self.helper_sets, &model.helper_sets);
            take(&mut self.helpers, &model.helpers);
            take(&mut self.helpers_refused, &model.helpers_refused);
            take(&mut self.helpers_refused_in, &model.helpers_refused_in);
            take(&mut self.helpers_since, &model.helpers_since);
        }
        take(&mut self.needs, &model.needs);
        take(&mut self.passes, &model.passes);
        take(&mut self.explanations, &model.explanations);
    }

    /// The rules for results: those of the callback of that name, those of the section, or else those of the type.
    pub fn returns_of<'a>(
        &'a self,
        section: Option<&'a SectionPattern>,
        callback: Option<&str>,
    ) -> &'a Returns {
        let callbacks = self.struct_ops.iter().flat_map(|ops| &ops.callbacks);
        let named = callback.and_then(|name| callbacks.into_iter().find(|c| c.name == name));
        let of_callback = named.and_then(|c| c.returns.as_ref());
        of_callback.or_else(|| section?.returns.as_ref()).unwrap_or(&self.returns)
    }

    /// What may be done with pointers into a region; none: nothing.
    pub fn region(&self, region: Region) -> Option<RegionRule> {
        let said = self.regions.get(&region).cloned();
        let (write, proof, arithmetic) = match region {
            Region::Ctx => (Access::Forbidden, Proof::None, Arithmetic::None),
            // A fault there reads as zero.
            Region::Arena => (Access::Direct, Proof::None, Arithmetic::Bounded),
            Region::Stack | Region::MapValue | Region::Mem => {
                (Access::Direct, Proof::ObjectBounds, Arithmetic::Bounded)
            }
            _ => return said,
        };
        said.or(Some(RegionRule { read: Access::Direct, write, proof, arithmetic, moves: false, align: 0 }))
    }

    /// The context's field of that name, if it has a rule of its own.
    pub fn context_field(&self, name: &str) -> Option<&ContextField> {
        self.context.fields.iter().find(|f| f.name == name && f.elements == 0)
    }

    /// Whether programs may write the context's field of that name, or its elements.
    pub fn may_write_context(&self, name: &str) -> bool {
        self.context.handed_over || self.context.fields.iter().any(|f| f.name == name && f.write)
    }

    /// The kernel structs that the context of such a section may be, in order of preference: the first that the kernel
    /// has is meant. Empty: opaque.
    pub fn context_records(&self, section: &SectionPattern, holes: &[(String, String)]) -> Vec<String> {
        let fill = |text: &str| {
            holes.iter().fold(text.to_owned(), |text, (hole, by)| text.replace(&format!("{{{hole}}}"), by))
        };
        if let Some(record) = &section.record {
            return vec![fill(record)];
        }
        let matching = self.context.records.iter().filter(|rule| {
            holes.iter().any(|(hole, value)| {
                *hole == rule.hole
                    && match rule.matches.strip_suffix('*') {
                        Some(start) => value.starts_with(start),
                        None => *value == rule.matches,
                    }
            })
        });
        matching.map(|rule| &rule.record).chain(&self.context.record).map(|record| fill(record)).collect()
    }

    /// How parameters bind where the section's pattern says nothing else.
    pub fn context_arguments(&self) -> Arguments {
        if self.struct_ops.is_some() { Arguments::Callback } else { self.arguments.clone() }
    }
}

/// A section name, with holes: `tracepoint/{category}/{event}`, `kprobe/{function}`, `xdp`. The last hole takes the rest
/// of the name, slashes included. A part in square brackets may be missing: `kprobe[/{function}]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SectionPattern {
    /// The pattern.
    pub pattern: String,
    /// For such sections, overrides [`Arguments`] (`ksyscall` binds otherwise than `kprobe`).
    #[serde(default)]
    pub arguments: Option<Arguments>,
    /// For such sections, overrides [`Context::record`].
    #[serde(default)]
    pub record: Option<String>,
    /// For such sections, the first kernel version, where it is later than that of [`ProgramType::needs`].
    #[serde(default)]
    pub since: Option<String>,
    /// For such sections, overrides [`ProgramType::sleepable`].
    #[serde(default)]
    pub sleepable: Option<bool>,
    /// For such sections, overrides [`ProgramType::returns`].
    #[serde(default)]
    pub returns: Option<Returns>,
}

/// How a program is attached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttachKind {
    /// By its section name.
    #[default]
    Auto,
    /// To a network interface.
    Interface,
    /// To a control group.
    Cgroup,
    /// To a network namespace.
    NetNamespace,
    /// To a clock of each processor.
    Clock,
    /// To a hook of netfilter.
    Hook,
    /// To the sockets of a map of the program's.
    Sockets,
    /// With the struct_ops map that names it.
    StructOps,
    /// By the user's own means only.
    Manual,
}

/// The context of a program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Context {
    /// The kernel struct; holes of the section pattern may stand in it (`trace_event_raw_{event}`). None: opaque.
    #[serde(default)]
    pub record: Option<String>,
    /// Other structs for some targets: of those that match, the first that the kernel has is taken, before `record`.
    #[serde(default)]
    pub records: Vec<RecordRule>,
    /// Whether fields not listed are read from the record as BTF lays it out, by CO-RE.
    #[serde(default)]
    pub open: bool,
    /// Fields with rules.
    #[serde(default)]
    pub fields: Vec<ContextField>,
    /// Whether it is memory that user space hands over, of a struct that the program says.
    #[serde(default)]
    pub handed_over: bool,
    /// Fields among them that the verifier does not let these programs read.
    #[serde(default)]
    pub without: Vec<String>,
    /// Fields among them that these programs may write; none: those that say so themselves.
    #[serde(default)]
    pub writes: Option<Vec<String>>,
}

impl Context {
    /// Takes the record and the fields of another context, if this one has none.
    fn fill_from(&mut self, model: &Context) {
        if *self == Context::default() {
            self.clone_from(model);
        } else if self.record.is_none() && self.fields.is_empty() {
            self.record.clone_from(&model.record);
            self.records.clone_from(&model.records);
            self.fields.clone_from(&model.fields);
            self.open = model.open;
        }
    }

    /// Lets each field say itself what `without` and `writes` say of it.
    pub(super) fn settle(&mut self) {
        for field in &mut self.fields {
            if let Some(writes) = &self.writes {
                field.write = writes.contains(&field.name);
            }
            if self.without.contains(&field.name) {
                field.gives = Gives::Forbidden;
                field.write = false;
                field.elements = 0;
            }
        }
    }
}

/// A struct for some targets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordRule {
    /// The hole of the section pattern.
    pub hole: String,
    /// What it must be; `*` at the end matches any rest.
    pub matches: String,
    /// The struct.
    pub record: String,
}

/// A field of the context.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContextField {
    /// The name.
    pub name: String,
    /// Offset in bytes.
    pub offset: u32,
    /// Width in bits: 8, 16, 32 or 64.
    pub bits: u8,
    /// Whether negative values exist.
    #[serde(default)]
    pub signed: bool,
    /// Whether programs may write it.
    #[serde(default)]
    pub write: bool,
    /// How many there are, of an array; 0: it is none. The record says what an element is.
    #[serde(default)]
    pub elements: u32,
    /// How many of its low bits are a number in network byte order (`__sk_buff.protocol`: 16); 0: none.
    #[serde(default)]
    pub network: u8,
    /// What a load gives.
    #[serde(default)]
    pub gives: Gives,
}

/// What a load from the context gives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Gives {
    /// A number.
    #[default]
    Scalar,
    /// Nothing: the verifier refuses the load, although an open context's record has the field.
    Forbidden,
    /// A pointer into a region; `record` is the kernel struct, if it points to one.
    Pointer {
        /// The region.
        region: Region,
        /// The struct.
        #[serde(default)]
        record: Option<String>,
        /// Whether it may be null.
        #[serde(default)]
        nullable: bool,
    },
}

/// How parameters behind the context bind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Arguments {
    /// There are none.
    #[default]
    None,
    /// To registers of the context, by architecture.
    Registers(Registers),
    /// To the parameters of a kernel prototype in BTF. The context is an array of 64-bit words.
    Prototype(Prototype),
    /// To 64-bit words of the context, untyped.
    Words,
    /// To places that notes of the traced program describe, which libbpf hands over in maps of the object.
    Described,
    /// To the parameters of the callback, in the row's [`StructOpsRow`].
    Callback,
}

/// A prototype in the kernel's BTF: that of a function, or the one behind a typedef. Holes of the section's pattern may
/// stand in the names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prototype {
    /// The function.
    #[serde(default)]
    pub function: Option<String>,
    /// The typedef of a pointer to a function type.
    #[serde(default)]
    pub typedef: Option<String>,
    /// Parameters left out at the beginning.
    #[serde(default)]
    pub skip: u32,
    /// The name of a parameter that is what the function returned, which stands behind its arguments.
    #[serde(default)]
    pub result: Option<String>,
    /// What pointers among them point into.
    #[serde(default = "trusted")]
    pub pointers: Region,
    /// Whether pointers behind the first may be None.
    #[serde(default)]
    pub nullable: bool,
}

fn trusted() -> Region {
    Region::Kernel
}

/// Registers that hold arguments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registers {
    /// By architecture (`x86_64`), the fields of the record (`di`, `regs[0]`), in order of the arguments.
    pub arguments: BTreeMap<String, Vec<String>>,
    /// By architecture, the field with the return value.
    #[serde(default)]
    pub result: BTreeMap<String, String>,
    /// By architecture, the field that holds a pointer to the record with the arguments (system-call wrappers).
    #[serde(default)]
    pub behind: BTreeMap<String, String>,
}

/// The result of a program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Returns {
    /// The least and the greatest value that the kernel takes; none: any `i32`.
    #[serde(default)]
    pub range: Option<(i64, i64)>,
    /// Whether the verifier holds results against the range: it refuses a program whose result it does not know to be inside.
    #[serde(default)]
    pub held: bool,
    /// Names of values (`XDP_PASS`).
    #[serde(default)]
    pub names: BTreeMap<String, i64>,
    /// What falling off the end returns; none: a missing `return` is an error.
    #[serde(default)]
    pub default: Option<i64>,
    /// What a failed automatic check and a failed `assert` return; `default` if not said.
    #[serde(default)]
    pub on_failed_check: Option<i64>,
    /// The keyword of `@section` by which a program says something else for that.
    #[serde(default)]
    pub settable: Option<String>,
}

/// What the kernel must have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Needs {
    /// The first kernel version, `4.7`.
    #[serde(default)]
    pub kernel: Option<String>,
    /// Kernel configuration it needs, for people.
    #[serde(default)]
    pub config: Vec<String>,
    /// Whether the object must have a GPL-compatible license.
    #[serde(default)]
    pub gpl: bool,
}

/// What a refusal of the verifier means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explanation {
    /// A part of the verifier's message; `*` matches anything.
    pub pattern: String,
    /// The cause in the user's terms.
    pub cause: String,
    /// What to do.
    pub fix: String,
}

impl Explanation {
    /// Whether a message of the verifier is meant: the parts of the pattern between `*` occur in it, in order.
    pub fn matches(&self, message: &str) -> bool {
        let mut rest = Some(message);
        for part in self.pattern.split('*') {
            rest = rest.and_then(|text| text.split_once(part)).map(|(_, behind)| behind);
        }
        rest.is_some()
    }
}

/// A kernel struct of callbacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StructOpsRow {
    /// The struct (`sched_ext_ops`), which is also the class to derive from; `*` for any that has no row of its own.
    pub record: String,
    /// Whether it is attached through a link.
    #[serde(default)]
    pub link: bool,
    /// Callbacks; empty: those of the kernel's BTF, and its other members.
    #[serde(default)]
    pub callbacks: Vec<Callback>,
    /// Other members: names and C types (`u32`, `u64`, `char[128]`).
    #[serde(default)]
    pub members: BTreeMap<String, String>,
    /// Members that the kernel's struct has and the kernel refuses to have set, and why.
    #[serde(default)]
    pub refused_members: BTreeMap<String, String>,
    /// Where the kernel shows that it has ended the callbacks by itself, if it does such a thing.
    #[serde(default)]
    pub ended: Option<EndedRow>,
}

/// How the kernel tells that it has ended callbacks by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndedRow {
    /// The file that shows their state, one word.
    pub state: String,
    /// The words while they are at work.
    pub at_work: Vec<String>,
    /// What lines of the kernel log about it begin with.
    pub log: String,
    /// What those lines mean; the first that fits is it.
    #[serde(default)]
    pub reasons: Vec<Explanation>,
}

impl EndedRow {
    /// What lines of the log mean.
    pub fn reason(&self, lines: &[String]) -> Option<&Explanation> {
        self.reasons.iter().find(|row| lines.iter().any(|line| row.matches(line)))
    }
}

impl StructOpsRow {
    /// The name of a row for any struct.
    pub const ANY: &'static str = "*";
}

/// A callback of a [`StructOpsRow`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Callback {
    /// The member.
    pub name: String,
    /// Names and C types (`u64`, `s32`, `bool`, `struct task_struct *`), see [`CType`](super::CType).
    pub params: Vec<(String, String)>,
    /// The C type of the result; `void` for none.
    pub ret: String,
    /// Overrides [`ProgramType::returns`].
    #[serde(default)]
    pub returns: Option<Returns>,
    /// Whether it may sleep: it goes to section `struct_ops.s`.
    #[serde(default)]
    pub sleepable: bool,
    /// One line for people.
    #[serde(default)]
    pub doc: String,
}

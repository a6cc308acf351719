//! Kinds of maps and their methods as rows.
//!
//! Promises: what a kind takes for keys, values, sizes and flags, and which helper does what, is all in its row; nothing
//! else knows a kind of map by name. Numbers and rules are those of `include/uapi/linux/bpf.h` and of the kind's
//! `map_alloc_check` in the kernel.
//! Leaves out: which program type may call a method, which is a matter of the helper behind it.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A kind of map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapKind {
    /// `BPF_MAP_TYPE_*` without the prefix, in lower case.
    pub name: String,
    /// Its number in `enum bpf_map_type`.
    pub id: u32,
    /// Names in Python, the usual one first; empty: it cannot be declared, and `doc` says why.
    #[serde(default)]
    pub python: Vec<String>,
    /// One line for people.
    pub doc: String,
    /// The first kernel version, `4.1`.
    #[serde(default)]
    pub since: Option<String>,
    /// What its keys are.
    #[serde(default)]
    pub key: MapKey,
    /// What its values are.
    #[serde(default)]
    pub value: MapValue,
    /// What `max_entries` counts.
    #[serde(default)]
    pub max_entries: MaxEntries,
    /// Names of the arguments that may be given by position.
    #[serde(default)]
    pub positional: Vec<String>,
    /// The flags that the kernel takes, by name.
    #[serde(default)]
    pub flags: BTreeMap<String, u32>,
    /// Flags that are always set, because the kernel makes no such map without them.
    #[serde(default)]
    pub flags_always: u32,
    /// What of the kernel's its values may hold: `kptr` for pointers to kernel objects, else kernel structs
    /// (`bpf_spin_lock`); `map_check_btf` in `kernel/bpf/syscall.c`.
    #[serde(default)]
    pub holds: BTreeSet<String>,
    /// The most bytes of a key.
    #[serde(default)]
    pub key_max: Option<u32>,
    /// The most bytes of a value.
    #[serde(default)]
    pub value_max: Option<u32>,
    /// The least and the greatest `map_extra`, of kinds that have one.
    #[serde(default)]
    pub map_extra: Option<(u32, u32)>,
    /// What programs do by Python's own means (`m[k]`, `k in m`, `del m[k]`).
    #[serde(default)]
    pub operations: BTreeSet<MapOperation>,
    /// How programs go through its entries (`for k in m`), if the kernel has a way.
    #[serde(default)]
    pub walk: Option<MapWalk>,
}

/// A way through the entries of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MapWalk {
    /// Positions from 0 on are the keys.
    Positions,
    /// The kernel calls back for each entry (`map_for_each_callback` in `kernel/bpf/hashtab.c`).
    Callback,
}

/// What the keys of a map are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MapKey {
    /// There are none.
    #[default]
    None,
    /// Any type that has a size.
    Any,
    /// A 32-bit position; it may be left out.
    Index,
    /// A prefix: a struct whose first member is a 32-bit length in bits, and up to 256 bytes behind it.
    Prefix,
    /// For user space a 32-bit descriptor, for programs a pointer to a kernel struct.
    Object(ObjectKey),
}

/// How programs find and remove what a map keeps for an object of the kernel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectKey {
    /// The helper that finds it: map and object are its first arguments.
    pub get: String,
    /// The argument of that helper, and the bits in it, that make it if it is not there.
    pub create: (String, i64),
    /// The helper that removes it.
    pub delete: String,
}

/// What the values of a map are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MapValue {
    /// There are none.
    #[default]
    None,
    /// Any type that has a size.
    Any,
    /// A type of one of these sizes in bytes; left out, a number of the first.
    Sizes(Vec<u32>),
    /// A type whose size is a multiple of the first number of bytes and at most the second.
    Multiple(u32, u32),
    /// A 32-bit number whose type is not told to the kernel.
    Descriptor,
    /// Other maps, all made as `inner` says.
    Maps,
    /// Programs.
    Programs,
}

/// What `max_entries` counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaxEntries {
    /// Entries; it must be given.
    #[default]
    Entries,
    /// Bytes: a power of two of at least a page.
    Bytes,
    /// Pages; it must be given.
    Pages,
    /// Entries; without it there is one for each processor.
    Processors,
    /// Nothing: it is not given.
    None,
}

/// What a program does with a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MapOperation {
    /// Finds a value: `m.lookup(k)`, `m[k]`, `m.get(k, d)`.
    Lookup,
    /// Tells whether there is one: `k in m`.
    Contains,
    /// Stores: `m[k] = v`, `m.update(k, v)`.
    Update,
    /// Removes: `del m[k]`, `m.delete(k)`.
    Delete,
}

/// A method of maps that is a call of a helper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapMethod {
    /// The name in Python.
    pub name: String,
    /// The kinds of maps that have it.
    pub kinds: Vec<String>,
    /// The helper. The map is its map argument; the other arguments are the method's, in order. Empty: there is no such
    /// method, and `doc` says what to write instead.
    #[serde(default)]
    pub helper: String,
    /// An argument that is a size: a type may be given instead, and the result then points to one of that type.
    #[serde(default)]
    pub typed: Option<String>,
    /// Whether the value that the helper fills in may be left out: the result then is a pointer to it, or None.
    #[serde(default)]
    pub yields: bool,
    /// Whether the helper reads the value that its row says it fills, and 0 means that the map has it. It is also what
    /// `value in m` does.
    #[serde(default)]
    pub asks: bool,
    /// Arguments of the helper that the method sets itself.
    #[serde(default)]
    pub fixed: BTreeMap<String, i64>,
    /// Keyword arguments that are yes or no: the argument of the helper, and the bits that a yes sets in it.
    #[serde(default)]
    pub options: BTreeMap<String, (String, i64)>,
    /// One line for people.
    pub doc: String,
}

impl MapKind {
    /// The usual name in Python.
    pub fn title(&self) -> &str {
        self.python.first().map_or(&self.name, String::as_str)
    }

    /// All flags that may be given.
    pub fn flags_allowed(&self) -> u32 {
        self.flags.values().fold(self.flags_always, |all, flag| all | flag)
    }
}

impl MapOperation {
    /// What it does, for people.
    pub fn describe(self) -> &'static str {
        match self {
            MapOperation::Lookup => "looked up",
            MapOperation::Contains => "asked for a key",
            MapOperation::Update => "stored to",
            MapOperation::Delete => "removed from",
        }
    }
}

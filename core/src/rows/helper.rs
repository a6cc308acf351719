//! A helper set as rows.
//!
//! Promises: how a call is written, checked and coerced is all in its row. Leaves out: what BTF says of kfuncs, though
//! a row may carry a prototype for kernels whose BTF is not at hand.

use serde::{Deserialize, Serialize};

/// A set of helpers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HelperSet {
    /// The name, unique in its plugin.
    pub name: String,
    /// One line for people.
    pub doc: String,
    /// Whether every program type may call them, without naming the set.
    #[serde(default)]
    pub everywhere: bool,
    /// The helpers.
    pub helpers: Vec<Helper>,
}

/// A helper or a kfunc.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Helper {
    /// The kernel's name (`bpf_ktime_get_ns`).
    pub name: String,
    /// Short Python names (`ktime`), each with what it takes of the result.
    #[serde(default)]
    pub aliases: Vec<(String, Take)>,
    /// How it is called.
    pub call: HelperCall,
    /// Arguments as the kernel takes them.
    #[serde(default)]
    pub args: Vec<Argument>,
    /// The result.
    pub returns: Result_,
    /// Whether the object must have a GPL-compatible license.
    #[serde(default)]
    pub gpl: bool,
    /// Whether it may sleep.
    #[serde(default)]
    pub sleepable: bool,
    /// Whether only programs that are bound to a device may call it.
    #[serde(default)]
    pub device_bound: bool,
    /// Whether it moves packet data, so that packet pointers become invalid.
    #[serde(default)]
    pub moves_packet: bool,
    /// Whether it never returns on success (`bpf_tail_call`).
    #[serde(default)]
    pub leaves: bool,
    /// Whether the number it gives is in network byte order.
    #[serde(default)]
    pub network: bool,
    /// The helper that ends what this one begins, with the same first argument: the two are a `with`.
    #[serde(default)]
    pub ended_by: Option<String>,
    /// Whether it is called while the lock of its map value is held, and only then.
    #[serde(default)]
    pub under_lock: bool,
    /// Whether the kernel lets nothing be called until then.
    #[serde(default)]
    pub exclusive: bool,
    /// Whether it formats text with values in an array, which it takes last: it may be called with an f-string.
    #[serde(default)]
    pub formats: bool,
    /// What it does with the record of a ring buffer, for which a perf buffer can stand; none: nothing, or what a perf buffer
    /// has not.
    #[serde(default)]
    pub record: Option<RecordUse>,
    /// The first kernel version, `4.1`.
    #[serde(default)]
    pub since: Option<String>,
    /// The program types (`plugin:name`, or `name`) that may call it, whether they name its set or not; empty: all that
    /// name its set.
    #[serde(default)]
    pub program_types: Vec<String>,
    /// The program types that may call it too, and give an object of the kernel where the others give the context.
    #[serde(default)]
    pub objects_in: Vec<String>,
    /// The callbacks of a struct_ops program that may call it; empty: any, and programs that are no callbacks.
    #[serde(default)]
    pub callbacks: Vec<String>,
    /// One line for people.
    #[serde(default)]
    pub doc: String,
}

impl Helper {
    /// What programs call it: a kernel function with hidden arguments has a name without `_impl` for them.
    pub fn called(&self) -> &str {
        let whole = |(name, take): &&(String, Take)| {
            *take == Take::All && self.name.strip_suffix("_impl") == Some(name)
        };
        self.aliases.iter().find(whole).map_or(&self.name, |(name, _)| name)
    }

    /// Whether it may be called from that callback of a struct_ops program, or from a program that is none.
    pub fn allowed_in(&self, callback: Option<&str>) -> bool {
        self.callbacks.is_empty() || callback.is_some_and(|name| self.callbacks.iter().any(|c| c == name))
    }
}

/// What an alias takes of the helper's result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Take {
    /// All of it.
    #[default]
    All,
    /// The low 32 bits, as an unsigned number.
    Low32,
    /// The high 32 bits, as an unsigned number.
    High32,
}

/// What a helper of ring buffers does with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordUse {
    /// Sends the bytes it is given: `(map, data, size, flags)`.
    Output,
    /// Gives room for one: `(map, size, flags)`.
    Reserve,
    /// Sends what was reserved: `(record, flags)`.
    Submit,
    /// Drops what was reserved: `(record, flags)`.
    Discard,
}

/// How a helper is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HelperCall {
    /// By its number in `enum bpf_func_id`.
    Id(u32),
    /// By name, resolved against the kernel's BTF.
    Kfunc,
    /// It is no call: the value of the one argument with its bytes swapped to or from network order (`htons`).
    ByteSwap,
}

/// An argument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Argument {
    /// The name, also for keyword arguments.
    pub name: String,
    /// What it takes.
    pub kind: ArgumentKind,
    /// The value where the user gives none; for a pointer, 0 is null.
    #[serde(default)]
    pub default: Option<i64>,
    /// Whether a size may be zero, for a helper; kernel functions take no memory at all.
    #[serde(default)]
    pub or_zero: bool,
    /// Whether the verifier must know the value: a literal or a constant.
    #[serde(default)]
    pub constant: bool,
    /// What a pointer to memory is to in the kernel's prototype, as a C type or a `struct NAME`, for programs that are compiled
    /// where the kernel's types are not at hand; `void` where this says nothing. Text for a `char` must be in memory that could
    /// be written to.
    #[serde(default)]
    pub points_to: Option<String>,
    /// The iterator of the kernel (`bpf_iter_scx_dsq`) that it takes: one that a loop goes over, by the name that the loop gives it.
    #[serde(default)]
    pub iterator: Option<String>,
    /// Whether the call releases it: the pointer cannot be used afterwards.
    #[serde(default)]
    pub releases: bool,
    /// The helpers that release the object that the call makes of it, whatever the call returns; the first is called
    /// where a failed check ends the program.
    #[serde(default)]
    pub released_by: Vec<String>,
}

/// A function that a helper calls back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallbackSignature {
    /// Names and kinds of its parameters. A [`ArgumentKind::Map`] is the map argument of the call, a
    /// [`ArgumentKind::MapKey`] and a [`ArgumentKind::MapValue`] point into it, and an [`ArgumentKind::Object`] is the
    /// object that the call was given.
    pub params: Vec<(String, ArgumentKind)>,
    /// The least and the greatest value it may return.
    pub range: (i64, i64),
}

/// What an argument takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArgumentKind {
    /// An integer of that C type (`u64`, `s32`).
    Scalar(String),
    /// The context; the user does not write it.
    Ctx,
    /// The context, or in the program types of [`Helper::objects_in`] a trusted pointer as [`Self::Kernel`] says.
    CtxOr(String),
    /// A map, of one of these kinds; empty: any.
    Map(Vec<String>),
    /// A pointer to a key of the map argument.
    MapKey,
    /// A pointer to a value of the map argument.
    MapValue,
    /// A pointer to room for a value of the map argument, which the helper fills.
    MapValueOut,
    /// Memory that the helper reads; its size is the argument of that name (or fixed, see [`SizeOf`](Self::SizeOf)).
    MemIn,
    /// Memory that the helper fills.
    MemOut,
    /// The size of the memory argument of that name: if the user leaves it out, the size of the object given there.
    SizeOf(String),
    /// Text: a literal, or a buffer that holds a NUL.
    Text,
    /// The address of kernel memory, as a number or pointer.
    KernelAddress,
    /// The address of user memory, as a number or pointer.
    UserAddress,
    /// A trusted pointer to a kernel struct, or to one of several: `cpumask | bpf_cpumask`.
    Kernel(String),
    /// A field of a map value that holds a kernel object.
    Kptr,
    /// A variable of which each CPU has its own.
    PerCpu,
    /// A trusted pointer to what the [`ArgumentKind::Kptr`] of that name holds, which is given away.
    KptrValue(String),
    /// Memory of an arena.
    Arena,
    /// A struct of the program, named, by its number in the object's BTF.
    TypeId,
    /// What the program allocated.
    Allocated,
    /// A root of that kind, by the kernel's name (`bpf_list_head`), in a map value.
    GraphRoot(String),
    /// An object for the [`ArgumentKind::GraphRoot`] of that name, or of it.
    GraphNode(String),
    /// A function of the program.
    Callback(CallbackSignature),
    /// A pointer to an object of the program of at least that many bytes (`bpf_dynptr`, `bpf_timer`).
    Object(u32),
    /// Memory that an earlier helper handed out as an acquired [`ResultKind::Mem`] (a ring buffer record).
    Reserved,
}

/// The result of a helper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Result_ {
    /// What it is.
    pub kind: ResultKind,
    /// Whether it may be null.
    #[serde(default)]
    pub nullable: bool,
    /// Whether it is a reference that must be released.
    #[serde(default)]
    pub acquired: bool,
    /// The helpers that release it; the first is called where a failed check ends the program.
    #[serde(default)]
    pub released_by: Vec<String>,
}

/// What a result is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResultKind {
    /// Nothing.
    Void,
    /// An integer of that C type; a status is `s64`.
    Scalar(String),
    /// A pointer to a value of the map argument.
    MapValue,
    /// A pointer to a number of that C type.
    Number(String),
    /// Memory of the size given by that argument.
    Mem(String),
    /// A trusted pointer to a kernel struct.
    Kernel(String),
    /// The plain address of a kernel struct.
    KernelUntrusted(String),
    /// Packet data of the size given by that argument.
    Packet(String),
    /// What the [`ArgumentKind::Kptr`] of that name held.
    Kptr(String),
    /// Memory of an arena.
    Arena,
    /// A new object of the [`ArgumentKind::TypeId`] of that name.
    Allocated(String),
    /// The same as the argument of that name.
    Same(String),
    /// An object of the [`ArgumentKind::GraphRoot`] of that name.
    GraphNode(String),
    /// What one CPU has of the [`ArgumentKind::PerCpu`] of that name.
    OfCpu(String),
}

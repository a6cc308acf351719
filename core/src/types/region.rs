//! Regions: where pointers point.
//!
//! Promises: one spelling for each, in MIR and in manifests. Leaves out: what programs of a type may do there, which rows say.

/// Where a pointer points, and with that what may be done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Region {
    /// The program's context.
    Ctx,
    /// A slot of this function or of a caller.
    Stack,
    /// A value inside a map, and a global variable (which the kernel treats as one).
    MapValue,
    /// Packet data.
    Packet,
    /// Metadata in front of packet data.
    PacketMeta,
    /// One past the last byte of packet data; only compared.
    PacketEnd,
    /// Kernel memory that the verifier knows the type of.
    Kernel,
    /// Kernel memory by plain address: read by copying.
    KernelUntrusted,
    /// Memory that each CPU has of its own, of a type that the verifier knows: reached by `bpf_per_cpu_ptr` alone.
    PerCpu,
    /// User-space memory: read by copying.
    User,
    /// Memory of a known size handed out by a helper (a ring buffer record).
    Mem,
    /// Memory of an arena, which user space sees at the same addresses.
    Arena,
    /// A dynptr.
    Dynptr,
    /// A map itself, as helpers take it.
    Map,
    /// A function, as helpers take callbacks.
    Func,
}

impl Region {
    /// All regions.
    pub const ALL: [Region; 15] = [
        Region::Ctx,
        Region::Stack,
        Region::MapValue,
        Region::Packet,
        Region::PacketMeta,
        Region::PacketEnd,
        Region::Kernel,
        Region::KernelUntrusted,
        Region::PerCpu,
        Region::User,
        Region::Mem,
        Region::Arena,
        Region::Dynptr,
        Region::Map,
        Region::Func,
    ];

    /// The spelling in MIR and in manifests.
    pub fn as_str(self) -> &'static str {
        match self {
            Region::Ctx => "ctx",
            Region::Stack => "stack",
            Region::MapValue => "map_value",
            Region::Packet => "packet",
            Region::PacketMeta => "packet_meta",
            Region::PacketEnd => "packet_end",
            Region::Kernel => "kernel",
            Region::KernelUntrusted => "kernel_untrusted",
            Region::PerCpu => "per_cpu",
            Region::User => "user",
            Region::Mem => "mem",
            Region::Arena => "arena",
            Region::Dynptr => "dynptr",
            Region::Map => "map",
            Region::Func => "func",
        }
    }

    /// The region of that spelling.
    pub fn parse(text: &str) -> Option<Region> {
        Region::ALL.into_iter().find(|r| r.as_str() == text)
    }

    /// What people call memory of that region.
    pub fn describe(self) -> &'static str {
        match self {
            Region::Ctx => "the context",
            Region::Stack => "a local variable",
            Region::MapValue => "a map value",
            Region::Packet => "packet data",
            Region::PacketMeta => "packet metadata",
            Region::PacketEnd => "the end of the packet",
            Region::Kernel | Region::KernelUntrusted => "kernel memory",
            Region::PerCpu => "per-CPU memory",
            Region::User => "user memory",
            Region::Mem => "a reserved record",
            Region::Arena => "memory of an arena",
            Region::Dynptr => "a dynptr",
            Region::Map => "a map",
            Region::Func => "a function",
        }
    }
}

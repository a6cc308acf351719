//! The machine and kernel compiled for.
//!
//! Promises: plain values, given by the caller. Leaves out: probing the running machine.

/// A kernel version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KernelVersion {
    /// Major.
    pub major: u16,
    /// Minor.
    pub minor: u16,
}

impl KernelVersion {
    /// Reads `6.12` or `6.12.3-anything`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(['.', '-', '+']);
        let major = parts.next()?.parse().ok()?;
        let minor = parts.next()?.parse().ok()?;
        Some(Self { major, minor })
    }
}

impl std::fmt::Display for KernelVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The BPF instruction set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cpu {
    /// The first.
    V1,
    /// With signed and less-than jumps.
    V2,
    /// With 32-bit registers and atomics.
    #[default]
    V3,
    /// With signed division and sign-extending moves and loads.
    V4,
}

impl Cpu {
    /// The instruction set of that name.
    pub fn parse(text: &str) -> Option<Self> {
        [Cpu::V1, Cpu::V2, Cpu::V3, Cpu::V4].into_iter().find(|c| c.as_str() == text)
    }

    /// The name, as LLVM has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Cpu::V1 => "v1",
            Cpu::V2 => "v2",
            Cpu::V3 => "v3",
            Cpu::V4 => "v4",
        }
    }
}

/// The machine and kernel compiled for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The architecture of the traced kernel, for registers (`x86_64`).
    pub arch: String,
    /// The BPF instruction set.
    pub cpu: Cpu,
    /// The oldest kernel that must accept the object; none: any that has what is used.
    pub kernel: Option<KernelVersion>,
}

impl Default for Target {
    fn default() -> Self {
        Self { arch: "x86_64".to_owned(), cpu: Cpu::default(), kernel: None }
    }
}

impl Target {
    /// Whether something that came with version `since` may be used.
    pub fn has(&self, since: KernelVersion) -> bool {
        self.kernel.is_none_or(|k| k >= since)
    }
}

//! What can go wrong when MIR runs.
//!
//! Promises: every kind tells what was done and to what, in words for the author of a test.
//! Leaves out: what only the kernel's verifier refuses; a wrong program may run here without a fault.

use crate::source::Span;

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// A null pointer was read or written through.
    NullPointer,
    /// Memory outside every object, or outside the one meant, was accessed.
    OutOfBounds {
        /// The object that is nearest, if one is near.
        object: Option<String>,
        /// Where the access begins, from the start of that object, or as an address.
        offset: i64,
        /// Bytes accessed.
        len: u64,
        /// Bytes that the object has.
        size: u64,
    },
    /// A pointer of one region pointed into another.
    WrongRegion {
        /// The region of the pointer.
        pointer: &'static str,
        /// The object that it pointed to.
        object: String,
    },
    /// Bytes were read that nothing has written.
    Uninitialised {
        /// The object.
        object: String,
        /// The first such byte.
        offset: u64,
    },
    /// A slot was used before its `slot_live` or behind its `slot_dead`.
    DeadSlot {
        /// The slot's name.
        slot: String,
    },
    /// Read-only memory was written.
    ReadOnly {
        /// The object.
        object: String,
    },
    /// A helper that neither the interpreter nor the environment knows.
    UnknownHelper(String),
    /// A kernel function that the environment does not know.
    UnknownKfunc(String),
    /// A kernel variable has no place here.
    UnknownVariable(String),
    /// A field, argument or result that the context does not have.
    NoContextField(String),
    /// A helper was given what it does not take.
    BadArgument(String),
    /// A record of a ring buffer was reserved and neither submitted nor discarded.
    Leak(String),
    /// More instructions than allowed were run.
    StepLimit,
    /// Calls nest deeper than the kernel allows.
    CallDepth,
    /// The program's objects take more memory than allowed.
    MemoryLimit,
    /// The MIR does not verify.
    Invalid(String),
}

impl std::fmt::Display for FaultKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            FaultKind::NullPointer => f.write_str("a null pointer is accessed"),
            FaultKind::OutOfBounds { object: Some(object), offset, len, size } => {
                write!(f, "{len} bytes at {offset} of {object} are accessed, which has {size}")
            }
            FaultKind::OutOfBounds { object: None, offset, len, .. } => {
                write!(f, "{len} bytes at address {offset:#x} are accessed, where nothing is")
            }
            FaultKind::WrongRegion { pointer, object } => {
                write!(f, "a pointer of region `{pointer}` points to {object}")
            }
            FaultKind::Uninitialised { object, offset } => {
                write!(f, "byte {offset} of {object} is read and was never written")
            }
            FaultKind::DeadSlot { slot } => write!(f, "slot `{slot}` is used where it is not live"),
            FaultKind::ReadOnly { object } => write!(f, "{object} is written, which is read-only"),
            FaultKind::UnknownHelper(name) => write!(f, "helper `{name}` is not known here"),
            FaultKind::UnknownVariable(name) => write!(f, "kernel variable `{name}` is not known here"),
            FaultKind::UnknownKfunc(name) => write!(f, "kernel function `{name}` is not known here"),
            FaultKind::NoContextField(name) => write!(f, "the context has no {name}"),
            FaultKind::BadArgument(what) => f.write_str(what),
            FaultKind::Leak(map) => {
                write!(f, "a record of `{map}` is reserved and neither submitted nor discarded")
            }
            FaultKind::StepLimit => f.write_str("the step limit is reached"),
            FaultKind::CallDepth => f.write_str("calls nest deeper than 8"),
            FaultKind::MemoryLimit => f.write_str("the memory limit is reached"),
            FaultKind::Invalid(what) => write!(f, "invalid MIR: {what}"),
        }
    }
}

/// What went wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What.
    pub kind: FaultKind,
    /// In which function.
    pub function: String,
    /// The place of the instruction, in the files of the module.
    pub span: Span,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "in `{}`: {}", self.function, self.kind)
    }
}

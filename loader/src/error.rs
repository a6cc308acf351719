//! What goes wrong between an object file and a program that runs.
//!
//! Promises: each error names the program or map concerned, the error number, and what libbpf said; its text
//! is one line in lower case without a full stop. Whether the machine or the user's program is at fault shows
//! in the variant.
//! Leaves out: diagnostics with a place in the user's file; `diagnostic` makes them from a [`Refused`].

use crate::errno::Errno;
use crate::message::Message;
use crate::verifier_log::{self, Refusal, SourceLine};
use std::error::Error;
use std::fmt;
use std::path::PathBuf;

/// An object cannot be opened.
#[derive(Clone, Debug)]
pub enum OpenError {
    /// The file cannot be read.
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        errno: Errno,
    },
    /// The bytes are not a BPF object, or its sections, maps or BTF do not parse.
    NotAnObject {
        /// libbpf's number.
        errno: Errno,
        /// What libbpf said.
        messages: Vec<Message>,
    },
    /// The selection names a program that the object does not have.
    NoSuchProgram {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// A global variable cannot be set as the options say.
    Global(crate::initial::SetError),
    /// A name or path in the options has a NUL byte.
    NulByte {
        /// Which option.
        option: &'static str,
    },
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { path, errno } => write!(f, "cannot read {}: {errno}", path.display()),
            Self::NotAnObject { errno, messages } => {
                write!(f, "not a BPF object: {}", first_warning(messages).unwrap_or(&errno.to_string()))
            }
            Self::NoSuchProgram { name, known } if known.is_empty() => {
                write!(f, "no program '{name}': the object has no programs")
            }
            Self::NoSuchProgram { name, known } => {
                write!(f, "no program '{name}'; there are: {}", known.join(", "))
            }
            Self::Global(error) => error.fmt(f),
            Self::NulByte { option } => write!(f, "the option {option} has a NUL byte"),
        }
    }
}

impl Error for OpenError {}

/// A program that the verifier refused.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The program.
    pub program: String,
    /// Its section.
    pub section: String,
    /// `EACCES` or `EINVAL` mostly; `E2BIG` for too many instructions.
    pub errno: Errno,
    /// The verifier's log up to the refusal, along the path that led there. [`crate::verifier_log::parse`]
    /// reads it.
    pub log: String,
    /// The object's line info for the program, by instruction.
    pub lines: Vec<SourceLine>,
    /// What libbpf said during the load.
    pub messages: Vec<Message>,
}

impl Refused {
    /// Reads the log.
    pub fn refusal(&self) -> Refusal {
        let mut refusal = verifier_log::parse(&self.program, &self.log, &self.lines);
        if refusal.message.is_empty() {
            // The verifier never saw it: the system call counts first.
            refusal.message = match self.errno {
                Errno::E2BIG => "the program has more instructions than the kernel takes".to_owned(),
                errno => errno.to_string(),
            };
        }
        refusal
    }
}

/// An object cannot be loaded.
#[derive(Clone, Debug)]
pub enum LoadError {
    /// The verifier refused a program: the program is wrong.
    Refused(Box<Refused>),
    /// A map could not be made, pinned, or taken from its pin.
    Map {
        /// The map.
        map: String,
        /// Why.
        errno: Errno,
        /// What libbpf said.
        messages: Vec<Message>,
    },
    /// A field, type or enumerator that the program reads is not in the target kernel's BTF.
    CoRe {
        /// The program, where known.
        program: Option<String>,
        /// What was looked for, in libbpf's words: `<byte_off> [9] struct task_struct.no_such (0:0 @ offset
        /// 0)`.
        detail: String,
        /// What libbpf said.
        messages: Vec<Message>,
    },
    /// This process may not do that.
    MissingPrivilege {
        /// What was tried.
        doing: String,
        /// `EPERM` or `EACCES`.
        errno: Errno,
        /// What libbpf said.
        messages: Vec<Message>,
    },
    /// The running kernel lacks something.
    MissingFeature {
        /// The program that needs it, where known.
        program: Option<String>,
        /// What.
        what: String,
        /// The kernel's answer.
        errno: Errno,
        /// What libbpf said.
        messages: Vec<Message>,
    },
    /// Anything else that libbpf or the kernel refused; `messages` says what.
    Other {
        /// The program concerned, where known.
        program: Option<String>,
        /// The number.
        errno: Errno,
        /// What libbpf said.
        messages: Vec<Message>,
    },
}

impl LoadError {
    /// What libbpf said during the load.
    pub fn messages(&self) -> &[Message] {
        match self {
            Self::Refused(refused) => &refused.messages,
            Self::Map { messages, .. }
            | Self::CoRe { messages, .. }
            | Self::MissingPrivilege { messages, .. }
            | Self::MissingFeature { messages, .. }
            | Self::Other { messages, .. } => messages,
        }
    }

    /// The error number; CO-RE failures have none.
    pub fn errno(&self) -> Option<Errno> {
        match self {
            Self::Refused(refused) => Some(refused.errno),
            Self::Map { errno, .. }
            | Self::MissingPrivilege { errno, .. }
            | Self::MissingFeature { errno, .. }
            | Self::Other { errno, .. } => Some(*errno),
            Self::CoRe { .. } => None,
        }
    }

    /// The program that cannot load, where it is one program's fault.
    pub fn program(&self) -> Option<&str> {
        match self {
            Self::Refused(refused) => Some(&refused.program),
            Self::CoRe { program, .. }
            | Self::MissingFeature { program, .. }
            | Self::Other { program, .. } => program.as_deref(),
            Self::Map { .. } | Self::MissingPrivilege { .. } => None,
        }
    }

    /// Whether another machine, kernel or user could load the same object: the environment is at fault, not
    /// the program.
    pub fn is_environment(&self) -> bool {
        matches!(self, Self::MissingPrivilege { .. } | Self::MissingFeature { .. })
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refused) => {
                write!(f, "the verifier refused program '{}': {}", refused.program, refused.errno)
            }
            Self::Map { map, errno, messages } => {
                let said = messages.iter().rev().find(|m| m.text.contains(&format!("'{map}'")));
                match said {
                    Some(said) => write!(f, "cannot make map '{map}': {}", said.text),
                    None => write!(f, "cannot make map '{map}': {errno}"),
                }
            }
            Self::CoRe { program: Some(program), detail, .. } => {
                write!(f, "program '{program}' needs what the kernel's BTF does not have: {detail}")
            }
            Self::CoRe { program: None, detail, .. } => write!(f, "the kernel's BTF does not have: {detail}"),
            Self::MissingPrivilege { doing, errno, .. } => {
                write!(f, "not permitted: {doing}: {errno} (needs root, or CAP_BPF and CAP_PERFMON)")
            }
            Self::MissingFeature { what, errno, .. } => {
                write!(f, "this kernel cannot do it: {what}: {errno}")
            }
            Self::Other { errno, messages, .. } => match first_warning(messages) {
                Some(said) => write!(f, "cannot load: {said}"),
                None => write!(f, "cannot load: {errno}"),
            },
        }
    }
}

impl Error for LoadError {}

/// A program, or a struct_ops map, cannot be attached.
#[derive(Clone, Debug)]
pub struct AttachError {
    /// The program or map.
    pub name: String,
    /// Where it should go: the section's text, or the target given.
    pub target: String,
    /// Why not.
    pub errno: Errno,
    /// What libbpf said.
    pub messages: Vec<Message>,
}

impl AttachError {
    /// Whether nothing says where to attach: the section names no place, and no target was given.
    pub fn needs_target(&self) -> bool {
        self.errno == Errno::EOPNOTSUPP
    }
}

impl fmt::Display for AttachError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot attach '{}' to {}: {}", self.name, self.target, self.errno)?;
        match first_warning(&self.messages) {
            Some(said) => write!(f, ": {said}"),
            None => Ok(()),
        }
    }
}

impl Error for AttachError {}

/// A map operation failed.
#[derive(Clone, Debug)]
pub enum MapError {
    /// The kernel said no.
    Kernel {
        /// The map.
        map: String,
        /// The operation: `look up`, `update`, `delete`, `iterate`, `poll`.
        doing: &'static str,
        /// Why.
        errno: Errno,
    },
    /// The bytes given are not as long as the map's keys or values.
    Length {
        /// The map.
        map: String,
        /// `key` or `value`.
        what: &'static str,
        /// The map's size in bytes.
        expected: usize,
        /// The size given in bytes.
        got: usize,
    },
    /// The value given does not fit the map's type, or the map has no type (its object had no BTF for it).
    Type {
        /// The map.
        map: String,
        /// `key` or `value`, then a path to the member concerned.
        what: String,
        /// What is wrong.
        reason: String,
    },
}

impl fmt::Display for MapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kernel { map, doing, errno } => write!(f, "map '{map}': cannot {doing}: {errno}"),
            Self::Length { map, what, expected, got } => {
                write!(f, "map '{map}': its {what} has {expected} bytes, not {got}")
            }
            Self::Type { map, what, reason } => write!(f, "map '{map}': {what}: {reason}"),
        }
    }
}

impl Error for MapError {}

/// The first warning among `messages`, its first line: libbpf tells the cause first and what it led to after.
pub(crate) fn first_warning(messages: &[Message]) -> Option<&str> {
    messages.iter().find(|m| m.is_warning()).and_then(|m| m.text.lines().next())
}

//! What can be wrong with bytes that claim to be BTF.
//!
//! Promises a sentence for each that reads well after "FILE: ". Leaves out the file's name, which core never learns.

use std::fmt;

/// Why bytes could not be read as BTF, or up to where they could.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BtfError {
    /// Fewer bytes than the smallest header.
    TooShort {
        /// Bytes there are.
        len: usize,
    },
    /// The first two bytes are not the magic number `0xeb9f`, nor do the bytes start an ELF file.
    NotBtf {
        /// What stands where the magic number should.
        magic: u16,
    },
    /// Big-endian BTF or ELF: a BPF program compiled here is little-endian.
    BigEndian,
    /// A version other than 1.
    Version {
        /// The version in the header.
        version: u8,
    },
    /// An ELF file that has no readable `.BTF` section.
    NoSection,
    /// The header, or a section that it announces, reaches past the end of the bytes.
    OutOfBounds {
        /// `header`, `type section`, `string section` or `layout section`.
        what: &'static str,
        /// The byte after its last one.
        end: u64,
        /// Bytes there are.
        len: usize,
    },
    /// The string section does not start and end with a zero byte.
    Strings,
    /// A type's description reaches past the end of the type section.
    Truncated {
        /// The type's id.
        id: u32,
    },
    /// A type of a kind whose length this reader does not know and the file's layout section does not tell.
    UnknownKind {
        /// The type's id.
        id: u32,
        /// The kind's number in `linux/btf.h`.
        kind: u8,
    },
}

impl fmt::Display for BtfError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BtfError::TooShort { len } => write!(f, "{len} bytes are too few for a BTF header"),
            BtfError::NotBtf { magic } => {
                write!(f, "neither BTF nor an ELF file: starts with {magic:#06x}, BTF starts with 0xeb9f")
            }
            BtfError::BigEndian => f.write_str("big-endian BTF is not supported"),
            BtfError::Version { version } => write!(f, "BTF version {version} is not supported, only 1"),
            BtfError::NoSection => f.write_str("the ELF file has no readable .BTF section"),
            BtfError::OutOfBounds { what, end, len } => {
                write!(f, "the BTF {what} ends at byte {end}, but there are {len} bytes")
            }
            BtfError::Strings => {
                f.write_str("the BTF string section does not start and end with a zero byte")
            }
            BtfError::Truncated { id } => {
                write!(f, "BTF type [{id}] reaches past the end of the type section")
            }
            BtfError::UnknownKind { id, kind } => write!(f, "BTF type [{id}] is of the unknown kind {kind}"),
        }
    }
}

impl std::error::Error for BtfError {}

//! What may be done with memory, by region.
//!
//! Promises: a rule says how memory is read and written, what must be proved before, and what moves a pointer.
//! Leaves out: how a pass keeps the rule.

use serde::{Deserialize, Serialize};

/// What may be done with pointers into a region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegionRule {
    /// How it is read.
    pub read: Access,
    /// How it is written.
    pub write: Access,
    /// What must be proved before an access.
    #[serde(default)]
    pub proof: Proof,
    /// What may be added to the pointer.
    #[serde(default)]
    pub arithmetic: Arithmetic,
    /// Whether helpers that move packet data invalidate it.
    #[serde(default)]
    pub moves: bool,
    /// The alignment that accesses need, in bytes; 0 and 1: none.
    #[serde(default)]
    pub align: u32,
}

/// How memory is accessed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Access {
    /// By load and store instructions.
    Direct,
    /// By a helper that copies.
    Copy(Via),
    /// Not at all.
    Forbidden,
}

/// The helper that copies memory: `f(dst, size, src)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Via {
    /// Kernel name.
    pub helper: String,
    /// Kernel name of the one that copies text up to its NUL, with the same arguments.
    #[serde(default)]
    pub text: Option<String>,
}

/// What must be proved before an access.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// Nothing.
    #[default]
    None,
    /// That the end is not passed: a comparison with a pointer of region `packet_end`.
    PacketBounds,
    /// That the offset is inside the object.
    ObjectBounds,
}

/// What may be added to a pointer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arithmetic {
    /// Nothing but a constant offset of the access.
    #[default]
    None,
    /// Constants.
    Constant,
    /// Numbers with a known bound.
    Bounded,
}

//! What plugins say about program types, helpers, kinds of maps and kernel types: rows of data.
//!
//! Promises: the same schema in JSON (in a shared library) and in TOML (a plugin without code); unknown keys are refused.
//! [`Manifest::check`] holds what the schema cannot.
//! Leaves out: finding and reading plugins.

mod c_type;
mod helper;
mod manifest;
mod map_kind;
mod memory;
mod program_type;

pub use c_type::{CType, c_int};
pub use helper::{
    Argument, ArgumentKind, CallbackSignature, Helper, HelperCall, HelperSet, RecordUse, Result_, ResultKind,
    Take,
};
pub use manifest::{Constant, Manifest, ManifestError, Mapping, Number, PassPoint, PassRow};
pub use map_kind::{MapKey, MapKind, MapMethod, MapOperation, MapValue, MapWalk, MaxEntries, ObjectKey};
pub use memory::{Access, Arithmetic, Proof, RegionRule, Via};
pub use program_type::{
    Arguments, AttachKind, Callback, Context, ContextField, EndedRow, Explanation, Gives, Needs, ProgramType,
    Prototype, RecordRule, Registers, Returns, SectionPattern, StructOpsRow,
};

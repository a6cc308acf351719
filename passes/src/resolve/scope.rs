//! What names mean at the top level of a file.
//!
//! Promises: a later definition of a name replaces an earlier one, as in Python. Leaves out: locals.

use super::class::Base;
use super::iterators::KernelIterator;
use pbpf_core::ast::Expr;
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{ExternId, FuncId, GlobalId, MapId};
use pbpf_core::registry::HelperId;
use pbpf_core::rows::Take;
use pbpf_core::source::{FileId, Span};
use pbpf_core::types::{EnumId, GraphKind, RecordId, RecordKind, Region, TypeId};
use std::collections::BTreeMap;

/// A decorator of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decorator {
    /// `@bpf`.
    Bpf,
    /// `@map`.
    Map,
    /// `@section`.
    Section,
    /// `@bpfglobal`.
    Global,
    /// `@struct`, `@union`.
    Record(RecordKind),
    /// `@subprogram`.
    Subprogram,
    /// `@ksym`.
    Ksym,
    /// `@kconfig`.
    Kconfig,
}

/// What a name means.
#[derive(Clone, Debug)]
pub(super) enum Entry {
    /// A decorator.
    Decorator(Decorator),
    /// A kind of map, by its name in the kernel.
    MapKind(String),
    /// A type.
    Type(TypeId),
    /// `c_char`: a byte, and an array of them is text.
    Char,
    /// `POINTER(T)`, `Ptr[T]`, `UserPtr[T]`: makes a type of a type.
    Pointer(Region),
    /// `ListHead[T, "node"]`, `RbRoot[T, "node"]`: makes the type of what leads to objects of the program.
    GraphRoot(GraphKind),
    /// `Kptr[T]`: makes the type of a pointer to a kernel object that a map holds.
    Kptr,
    /// A type of Python's that programs cannot have, and what to use.
    NoType(&'static str),
    /// A record of the program.
    Record(RecordId),
    /// An enum of the program.
    Enum(EnumId),
    /// What classes derive from.
    Base(Base),
    /// `auto`, the next value of an enum.
    Auto,
    /// `bits(N)`, the width of a bitfield.
    Bits,
    /// A function that must be imported: `sizeof` of ctypes, `offsetof` and `container_of` of ours.
    Builtin(&'static str),
    /// A record of the kernel, by its C name; looked up on use.
    KernelRecord(String),
    /// An enum of the kernel, by its C name; looked up on use.
    KernelEnum(String),
    /// A variable of the kernel, or an option of its configuration.
    External(ExternId),
    /// `tristate`, the type of options that may be modules.
    Tristate,
    /// A name of the kernel that is no record: a constant, looked up on use. With the module it was imported from.
    KernelName(String, String),
    /// A helper or kfunc.
    Helper(HelperId, Take),
    /// An iterator of the kernel.
    Iterator(KernelIterator),
    /// A number.
    Constant(i128),
    /// A number with its bytes swapped by that function.
    Swapped(HelperId, i128),
    /// Text.
    Text(String),
    /// A tuple of what is constant, or of what user space has.
    Tuple(Vec<Expr>),
    /// A map.
    Map(MapId),
    /// A global variable.
    Global(GlobalId),
    /// A function.
    Function(FuncId),
    /// `struct_ops`: its attributes are kernel structs of callbacks.
    StructOps,
    /// A function that changes memory atomically.
    Atomic(pbpf_core::hir::Atomic),
    /// `deref`, which PythonBPF keeps among the helpers.
    Deref,
    /// A module, by its full name.
    Module(String),
    /// A module that is a file of the user's.
    File(FileId),
    /// What a module does not have.
    Absent,
    /// What another file has under that name.
    Imported(FileId, String),
    /// Something of user space.
    Foreign,
    /// A name whose definition is wrong, which has been told.
    Broken,
    /// A class of user space's that programs cannot use; why is told where one does.
    Unusable(Vec<Diagnostic>),
}

/// The names of a file.
#[derive(Debug, Default)]
pub(super) struct Scope {
    names: BTreeMap<String, (Entry, Span)>,
}

impl Scope {
    pub(super) fn insert(&mut self, name: &str, entry: Entry, span: Span) {
        self.names.insert(name.to_owned(), (entry, span));
    }

    pub(super) fn get(&self, name: &str) -> Option<&Entry> {
        self.names.get(name).map(|(entry, _)| entry)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }
}

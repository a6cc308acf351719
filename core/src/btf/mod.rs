//! Kernel BTF, read lazily: types by name or id, members by name, enumerators, functions.
//!
//! Promises that cost follows what is asked. [`Btf::new`] looks at the header only; types are walked once and only as
//! far as a question reaches (a few nanoseconds a type); a name is one search of the string section; a type is decoded
//! when it is looked at, and nothing is copied out of the bytes. The bytes may be hostile: every answer is then `None`,
//! [`Type::Invalid`] or shorter, in bounded time, and [`Btf::check`] says what is wrong. The same bytes give the same
//! answers, lowest id first.
//!
//! Leaves out I/O (the bytes are handed in, best as a memory map), split BTF of kernel modules, big-endian BTF,
//! `.BTF.ext`, and writing BTF.
//!
//! Format: `include/uapi/linux/btf.h` and `Documentation/bpf/btf.rst` of the kernel, with the wider `info` word and
//! the layout section of kernels from 7.1 on.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use pbpf_core::btf::{Btf, Kind};
//! use std::sync::Arc;
//! let btf = Btf::new(Arc::new(std::fs::read("/sys/kernel/btf/vmlinux")?))?;
//! let task = btf.find("task_struct", Kind::Struct).ok_or("no task_struct")?;
//! let pid = btf.member(task, "pid").ok_or("no pid")?;
//! println!("pid is a {} at byte {}", btf.spell(pid.ty), pid.bit_offset / 8);
//! # Ok(())
//! # }
//! ```

mod container;
mod error;
mod index;
mod members;
mod spell;
mod strings;
mod types;

#[cfg(test)]
mod builder;
#[cfg(test)]
mod tests;

pub use error::BtfError;
pub use members::{MemberPath, MemberStep};
pub use types::{
    Array, DataSec, DeclTag, Enum, FuncProto, Function, Int, Linkage, Member, Param, Record, SectionVar,
    Type, Variable, Variant,
};

use container::Sections;
use index::{Chunk, Head, Index, Named};
use std::fmt;
use std::sync::Arc;
use strings::Names;

/// How many typedefs, qualifiers and arrays may stand in a row; the kernel's own limit is 32.
const MAX_CHAIN: usize = 64;

/// The number of a type within one BTF: 0 is `void`, the first type is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeId(pub u32);

impl TypeId {
    /// `void`.
    pub const VOID: TypeId = TypeId(0);
    /// No type: what [`Btf::resolve`] gives for a chain without an end. [`Btf::get`] of it is [`Type::Invalid`].
    pub const INVALID: TypeId = TypeId(u32::MAX);
}

/// The name spaces of [`Btf::find`]. Forward declarations are in none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `int`, `char`, `_Bool` and their like.
    Int,
    /// A floating-point type.
    Float,
    /// `struct` with its members.
    Struct,
    /// `union` with its members.
    Union,
    /// `enum`, of 32 or 64 bits.
    Enum,
    /// `typedef`.
    Typedef,
    /// A function, kfuncs included.
    Func,
    /// A global variable.
    Var,
    /// A section of variables.
    DataSec,
}

impl Kind {
    const COUNT: usize = Kind::DataSec as usize + 1;
}

/// One named value of an enum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enumerator {
    /// Its value; `i128` holds the signed and the unsigned 64-bit ones alike.
    pub value: i128,
    /// The enum that declares it, often an anonymous one.
    pub enum_id: TypeId,
}

/// The types of one kernel, or of one object file. Cheap to make, `Sync`, and meant to be shared.
pub struct Btf {
    bytes: Arc<dyn AsRef<[u8]> + Send + Sync>,
    sections: Sections,
    index: Index,
    names: Names,
}

impl fmt::Debug for Btf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Btf").field("sections", &self.sections).finish_non_exhaustive()
    }
}

impl Btf {
    /// Takes bare BTF, as in `/sys/kernel/btf/vmlinux`, or a little-endian ELF file with a `.BTF` section.
    ///
    /// Checks the header and the bounds of the sections, no type: see [`Btf::check`].
    pub fn new(bytes: Arc<dyn AsRef<[u8]> + Send + Sync>) -> Result<Btf, BtfError> {
        let sections = container::locate((*bytes).as_ref())?;
        let index = Index::new(sections.types.len());
        Ok(Btf { bytes, sections, index, names: Names::default() })
    }

    /// Walks all types and says whether the section is whole. What stands before the damage can be used all the same.
    pub fn check(&self) -> Result<(), BtfError> {
        self.chunks().find_map(|chunk| chunk.damage.clone()).map_or(Ok(()), Err)
    }

    /// How many types there are; their ids are 1 to this number.
    pub fn len(&self) -> u32 {
        self.chunks().map(Chunk::len).sum::<usize>() as u32
    }

    /// Whether there is no type but `void`.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first type of that kind and name. The name is the bare one: `task_struct`.
    pub fn find(&self, name: &str, kind: Kind) -> Option<TypeId> {
        let offsets = self.names.offsets(self.strings(), name)?;
        self.named(kind).find(|n| strings::contains(&offsets, n.name)).map(|n| n.id)
    }

    /// The type with that id; [`Type::Invalid`] where there is none or it is of a kind this reader does not know.
    pub fn get(&self, id: TypeId) -> Type<'_> {
        types::decode(self, id)
    }

    /// The name of the type with that id, empty for an anonymous or invalid one.
    pub fn name(&self, id: TypeId) -> &str {
        self.head(id).map_or("", |(head, _)| self.text(head.name))
    }

    /// Skips typedefs, qualifiers and type tags. [`TypeId::INVALID`] where they form a ring.
    pub fn resolve(&self, id: TypeId) -> TypeId {
        let mut at = id;
        for _ in 0..MAX_CHAIN {
            match self.head(at) {
                Some((head, _)) if types::is_transparent(head.kind) => at = TypeId(head.size_or_type),
                _ => return at,
            }
        }
        TypeId::INVALID
    }

    /// The size in bytes, through typedefs and qualifiers; a pointer has 8, as on every machine with BPF that has
    /// 64-bit registers. `None` for `void`, functions, forward declarations, and what is invalid.
    pub fn size_of(&self, id: TypeId) -> Option<u64> {
        let mut at = self.resolve(id);
        let mut count = 1_u64;
        for _ in 0..MAX_CHAIN {
            let size = match self.get(at) {
                Type::Array(array) => {
                    count = count.checked_mul(u64::from(array.len))?;
                    at = self.resolve(array.element);
                    continue;
                }
                Type::Ptr(_) => 8,
                Type::Int(int) => u64::from(int.size),
                Type::Float { size, .. } => u64::from(size),
                Type::Struct(record) | Type::Union(record) => u64::from(record.size),
                Type::Enum(item) => u64::from(item.size),
                Type::DataSec(section) => u64::from(section.size),
                Type::Var(var) => {
                    at = self.resolve(var.ty);
                    continue;
                }
                _ => return None,
            };
            return count.checked_mul(size);
        }
        None
    }

    /// The enumerator of that name, of any enum, anonymous ones included.
    pub fn enumerator(&self, name: &str) -> Option<Enumerator> {
        let offsets = self.names.offsets(self.strings(), name)?;
        for named in self.named(Kind::Enum) {
            let Type::Enum(item) = self.get(named.id) else { continue };
            if let Some(value) = item.value_at(|name| strings::contains(&offsets, name)) {
                return Some(Enumerator { value, enum_id: named.id });
            }
        }
        None
    }

    /// Names and values of an enum (through typedefs); nothing for another type.
    pub fn enumerators(&self, enum_id: TypeId) -> impl Iterator<Item = Variant<'_>> {
        let item = match self.get(self.resolve(enum_id)) {
            Type::Enum(item) => Some(item),
            _ => None,
        };
        item.into_iter().flat_map(|item| item.variants())
    }

    /// The function of that name with its prototype: a kfunc, or what fentry and its like attach to.
    pub fn function(&self, name: &str) -> Option<Function<'_>> {
        match self.get(self.find(name, Kind::Func)?) {
            Type::Func(function) => Some(function),
            _ => None,
        }
    }

    /// All names of a kind with their ids, in id order; a name can come more than once.
    pub fn names(&self, kind: Kind) -> impl Iterator<Item = (&str, TypeId)> {
        self.named(kind).filter(|n| n.name != 0).map(|n| (self.text(n.name), n.id))
    }

    /// The names of all structs, then of all unions: candidates when one is not found.
    pub fn record_names(&self) -> impl Iterator<Item = &str> {
        self.names(Kind::Struct).chain(self.names(Kind::Union)).map(|(name, _)| name)
    }

    /// The names of all enumerators: candidates when one is not found.
    pub fn enumerator_names(&self) -> impl Iterator<Item = &str> {
        self.named(Kind::Enum).flat_map(|n| self.enumerators(n.id)).map(|variant| variant.name)
    }

    /// The declaration tags on a type and on its members or parameters, such as `kfunc` and `bpf_fastcall`.
    pub fn decl_tags(&self, id: TypeId) -> Vec<DeclTag<'_>> {
        let tags = self.chunks().flat_map(|chunk| &chunk.decl_tags).filter_map(|tag| match self.get(*tag) {
            Type::DeclTag(tag) if tag.target == id => Some(tag),
            _ => None,
        });
        tags.collect()
    }

    fn chunks(&self) -> impl Iterator<Item = &Chunk> {
        self.index.chunks(self.section(&self.sections.types), self.section(&self.sections.layout))
    }

    fn named(&self, kind: Kind) -> impl Iterator<Item = &Named> {
        self.chunks().flat_map(move |chunk| chunk.named(kind))
    }

    fn section(&self, range: &std::ops::Range<usize>) -> &[u8] {
        // `as_ref` may give other bytes than it gave to `new`; ask, do not index.
        (*self.bytes).as_ref().get(range.clone()).unwrap_or_default()
    }

    fn strings(&self) -> &[u8] {
        self.section(&self.sections.strings)
    }

    fn text(&self, offset: u32) -> &str {
        strings::text(self.strings(), offset)
    }

    /// The head of a type and what follows it up to the end of the section.
    fn head(&self, id: TypeId) -> Option<(Head, &[u8])> {
        let types = self.section(&self.sections.types);
        let at = self.index.offset(id, types, self.section(&self.sections.layout))?;
        let bytes = types.get(at..)?;
        Some((Head::read(bytes)?, &bytes[Head::LEN..]))
    }
}

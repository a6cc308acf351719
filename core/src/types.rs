//! Types of the language and their layout in memory, shared by HIR and MIR.
//!
//! Promises: equal types have equal [`TypeId`]s; sizes and offsets are those of C on a 64-bit little-endian target.
//! A record that comes from the kernel holds only the fields that the program uses, at the offsets of the kernel that
//! was compiled against; they are relocated when the object is loaded (CO-RE).
//! Leaves out: the types of MIR values, which are machine types ([`crate::mir::Type`]).

use crate::entity;
use crate::entity::{Entity, Table};
use crate::mir::MapId;
use crate::source::Span;
use std::collections::{BTreeSet, HashMap};

mod graph;
mod region;

pub use graph::GraphKind;
pub use region::Region;

entity! {
    /// A type of a [`Types`] table.
    TypeId, "t"
}
entity! {
    /// A struct or union of a [`Types`] table.
    RecordId, "r"
}
entity! {
    /// An enum of a [`Types`] table.
    EnumId, "e"
}

/// A type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// No value.
    Void,
    /// A truth value; one byte in memory.
    Bool,
    /// An integer.
    Int {
        /// 8, 16, 32 or 64.
        bits: u8,
        /// Whether negative values exist.
        signed: bool,
    },
    /// A pointer to one object or to the first of several.
    Ptr {
        /// What it points to; `Void` where that is not known.
        to: TypeId,
        /// Where.
        region: Region,
        /// Whether it may be null.
        nullable: bool,
    },
    /// An array.
    Array {
        /// The type of one element.
        element: TypeId,
        /// How many.
        len: u32,
    },
    /// Text in a buffer of `len` bytes, ended by a NUL.
    Str {
        /// Bytes, the NUL included.
        len: u32,
    },
    /// A struct or union.
    Record(RecordId),
    /// An enum.
    Enum(EnumId),
    /// A pointer to a kernel object that the memory it is in owns (`kptr`): read as a pointer that may be null, and only
    /// exchanged for another.
    Kptr(TypeId),
    /// What leads to objects that the program allocated: each has a node, in the field of that name.
    GraphRoot {
        /// In which way.
        kind: GraphKind,
        /// The objects.
        record: RecordId,
        /// The field of their nodes.
        node: String,
    },
    /// A map that is made as that one is: what a handle of an inner map points to.
    Map(MapId),
    /// A function: kfunc prototypes and struct_ops members.
    Func {
        /// Names and types.
        params: Vec<(String, TypeId)>,
        /// Result.
        ret: TypeId,
    },
}

/// Struct or union.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordKind {
    /// Fields one after the other.
    Struct,
    /// Fields at the same place.
    Union,
}

/// Whose record it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Declared in the program; the layout is fixed.
    User,
    /// The kernel's; accesses are relocated when the object is loaded.
    Kernel,
    /// The kernel's user-space ABI (`xdp_md`, `ethhdr`): known layout that never changes.
    Abi,
}

/// A field of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name; empty for an anonymous struct or union member.
    pub name: String,
    /// The type; a bitfield's is the integer that it is declared with.
    pub ty: TypeId,
    /// Offset from the start of the record, in bits.
    pub bit_offset: u32,
    /// Width in bits, for a bitfield.
    pub bit_size: Option<u32>,
    /// The position among the members of the kernel's own declaration (0 for others): diagnostics and debug info only.
    pub index: u32,
}

impl Field {
    /// Offset in whole bytes.
    pub fn offset(&self) -> u32 {
        self.bit_offset / 8
    }
}

/// A struct or union.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The name as C knows it (`task_struct`); empty for an anonymous one.
    pub name: String,
    /// Struct or union.
    pub kind: RecordKind,
    /// Whose.
    pub origin: Origin,
    /// Size in bytes.
    pub size: u32,
    /// Alignment in bytes.
    pub align: u32,
    /// Fields by offset; of a kernel record those that are used.
    pub fields: Vec<Field>,
    /// Where it is declared, if in the program.
    pub span: Option<Span>,
}

impl Record {
    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<(usize, &Field)> {
        self.fields.iter().enumerate().find(|(_, f)| f.name == name)
    }
}

/// An enum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enum {
    /// The name; may be empty.
    pub name: String,
    /// Size in bytes.
    pub size: u32,
    /// Whether negative values exist.
    pub signed: bool,
    /// Names and values; of a kernel enum those that are used.
    pub variants: Vec<(String, i64)>,
}

/// All types of one module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Types {
    list: Table<TypeId, Type>,
    ids: HashMap<Type, TypeId>,
    /// Structs and unions.
    pub records: Table<RecordId, Record>,
    /// Enums.
    pub enums: Table<EnumId, Enum>,
    /// Named fields, by position, whose own fields are also reached as fields of the record (`_anonymous_` of ctypes).
    pub transparent: BTreeSet<(RecordId, u32)>,
    /// Fields, by name, whose numbers are declared to be in network byte order. Told by diagnostics: they are numbers as others.
    pub network: BTreeSet<(RecordId, String)>,
}

impl Default for Types {
    fn default() -> Self {
        Self::new()
    }
}

impl Types {
    /// The table with the types that are always there.
    pub fn new() -> Self {
        let mut types: Table<TypeId, Type> = Table::new();
        types.push(Type::Void);
        types.push(Type::Bool);
        for bits in [8, 16, 32, 64] {
            for signed in [false, true] {
                types.push(Type::Int { bits, signed });
            }
        }
        let ids = types.iter().map(|(id, ty)| (ty.clone(), id)).collect();
        Self {
            list: types,
            ids,
            records: Table::new(),
            enums: Table::new(),
            transparent: BTreeSet::new(),
            network: BTreeSet::new(),
        }
    }

    /// `void`.
    pub fn void(&self) -> TypeId {
        TypeId::new(0)
    }

    /// `bool`.
    pub fn bool(&self) -> TypeId {
        TypeId::new(1)
    }

    /// An integer type; `bits` is 8, 16, 32 or 64.
    pub fn int(&self, bits: u8, signed: bool) -> TypeId {
        let row = match bits {
            8 => 0,
            16 => 1,
            32 => 2,
            _ => 3,
        };
        TypeId::new(2 + row * 2 + usize::from(signed))
    }

    /// The id of `ty`, added if it is new.
    pub fn intern(&mut self, ty: Type) -> TypeId {
        if let Some(id) = self.ids.get(&ty) {
            return *id;
        }
        let id = self.list.push(ty.clone());
        self.ids.insert(ty, id);
        id
    }

    /// A pointer type.
    pub fn ptr(&mut self, to: TypeId, region: Region, nullable: bool) -> TypeId {
        self.intern(Type::Ptr { to, region, nullable })
    }

    /// The type.
    pub fn get(&self, id: TypeId) -> &Type {
        &self.list[id]
    }

    /// The type, if the id is one of this table.
    pub fn try_get(&self, id: TypeId) -> Option<&Type> {
        self.list.get(id)
    }

    /// All types with their ids, in order; the first are those of [`Types::new`].
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (TypeId, &Type)> {
        self.list.iter()
    }

    /// The number of types.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Never: the table is made with types in it.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The record of that name.
    pub fn find_record(&self, name: &str) -> Option<RecordId> {
        self.records.iter().find(|(_, r)| r.name == name).map(|(id, _)| id)
    }

    /// The field of that name, also behind anonymous members, and its offset from the start of the record in bits.
    pub fn find_field(&self, record: RecordId, name: &str) -> Option<(u32, &Field)> {
        let fields = &self.records[record].fields;
        if let Some(own) = fields.iter().find(|f| f.name == name) {
            return Some((own.bit_offset, own));
        }
        fields.iter().enumerate().find_map(|(at, f)| match self.get(f.ty) {
            Type::Record(inner) if f.name.is_empty() || self.transparent.contains(&(record, at as u32)) => {
                self.find_field(*inner, name).map(|(bits, field)| (f.bit_offset + bits, field))
            }
            _ => None,
        })
    }

    /// Whether the field of that name, also behind anonymous members, holds numbers in network byte order.
    pub fn is_network(&self, record: RecordId, name: &str) -> bool {
        let fields = &self.records[record].fields;
        if fields.iter().any(|f| f.name == name) {
            return self.network.contains(&(record, name.to_owned()));
        }
        fields.iter().enumerate().any(|(at, f)| match self.get(f.ty) {
            Type::Record(inner) if f.name.is_empty() || self.transparent.contains(&(record, at as u32)) => {
                self.is_network(*inner, name)
            }
            _ => false,
        })
    }

    /// Whether values of the type point to characters in memory that must be copied: the kernel's `char *`, and the user's.
    pub fn points_to_characters(&self, id: TypeId) -> bool {
        match self.get(id) {
            Type::Ptr { to, region: Region::Kernel | Region::KernelUntrusted | Region::User, .. } => {
                matches!(self.get(*to), Type::Int { bits: 8, .. })
            }
            _ => false,
        }
    }

    /// The type of what `x[i]` is for an `x` of that type, and how many there are, if that is known. What lies in a packet is
    /// bytes where no header is known.
    pub fn element(&self, id: TypeId) -> Option<(TypeId, Option<u32>)> {
        match *self.get(id) {
            Type::Array { element, len } => Some((element, Some(len))),
            Type::Str { len } => Some((self.int(8, false), Some(len))),
            Type::Ptr { to, region, .. } => match self.get(to) {
                Type::Array { .. } | Type::Str { .. } => self.element(to),
                Type::Void if matches!(region, Region::Packet | Region::PacketMeta) => {
                    Some((self.int(8, false), None))
                }
                _ => (self.size_of(to) > 0).then_some((to, None)),
            },
            _ => None,
        }
    }

    /// Size in bytes; `void` and functions have none.
    pub fn size_of(&self, id: TypeId) -> u32 {
        match self.get(id) {
            Type::Void | Type::Map(_) | Type::Func { .. } => 0,
            Type::Bool => 1,
            Type::Int { bits, .. } => u32::from(*bits) / 8,
            Type::Ptr { .. } | Type::Kptr(_) => 8,
            Type::Array { element, len } => self.size_of(*element).saturating_mul(*len),
            Type::Str { len } => *len,
            Type::GraphRoot { .. } => 16,
            Type::Record(r) => self.records[*r].size,
            Type::Enum(e) => self.enums[*e].size,
        }
    }

    /// Alignment in bytes.
    pub fn align_of(&self, id: TypeId) -> u32 {
        match self.get(id) {
            Type::Array { element, .. } => self.align_of(*element),
            Type::GraphRoot { .. } => 8,
            Type::Str { .. } => 1,
            Type::Record(r) => self.records[*r].align.max(1),
            _ => self.size_of(id).max(1),
        }
    }

    /// Whether values of the type live in a register.
    pub fn is_scalar(&self, id: TypeId) -> bool {
        matches!(self.get(id), Type::Bool | Type::Int { .. } | Type::Ptr { .. } | Type::Enum(_))
    }

    /// Whether values of the type have a sign.
    pub fn is_signed(&self, id: TypeId) -> bool {
        match self.get(id) {
            Type::Int { signed, .. } => *signed,
            Type::Enum(e) => self.enums[*e].signed,
            _ => false,
        }
    }

    /// The type as the user would write or read it: `c_uint64`, `str(16)`, `struct task_struct *`.
    pub fn display(&self, id: TypeId) -> String {
        match self.get(id) {
            Type::Void => "None".to_owned(),
            Type::Bool => "bool".to_owned(),
            Type::Int { bits, signed } => format!("c_{}int{bits}", if *signed { "" } else { "u" }),
            Type::Ptr { to, region, nullable } => {
                let target = if *to == self.void() { "c_void".to_owned() } else { self.display(*to) };
                format!(
                    "pointer to {target} in {}{}",
                    region.as_str(),
                    if *nullable { " or None" } else { "" }
                )
            }
            Type::Array { element, len } => format!("{} * {len}", self.display(*element)),
            Type::Str { len } => format!("str({len})"),
            Type::Record(r) => {
                let record = &self.records[*r];
                match record.origin {
                    Origin::User => record.name.clone(),
                    Origin::Kernel | Origin::Abi => format!("struct_{}", record.name),
                }
            }
            Type::Enum(e) => format!("enum {}", self.enums[*e].name),
            Type::Kptr(to) => format!("Kptr[{}]", self.display(*to)),
            Type::GraphRoot { kind, record, node } => {
                format!("{}[{}, \"{node}\"]", kind.python(), self.records[*record].name)
            }
            Type::Map(_) => "map".to_owned(),
            Type::Func { .. } => "function".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_types_have_equal_ids() {
        let mut types = Types::new();
        let a = types.intern(Type::Array { element: types.int(8, false), len: 4 });
        let b = types.intern(Type::Array { element: types.int(8, false), len: 4 });
        assert_eq!(a, b);
        assert_eq!(types.intern(Type::Int { bits: 32, signed: true }), types.int(32, true));
    }
}

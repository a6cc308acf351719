//! What one type is: views into the bytes, decoded when looked at.
//!
//! Promises plain data and iterators that end with the section. Leaves out following a type to the next one, which is
//! the reader's ([`Btf::resolve`], [`Btf::member`]).

use super::container::u32_at;
use super::index::{Head, raw};
use super::{Btf, TypeId};

/// A type, by kind.
#[derive(Debug, Clone, Copy)]
pub enum Type<'a> {
    /// `void`, the type with id 0.
    Void,
    /// An integer, character or boolean.
    Int(Int<'a>),
    /// A pointer to the type.
    Ptr(TypeId),
    /// An array.
    Array(Array),
    /// A struct with its members.
    Struct(Record<'a>),
    /// A union with its members.
    Union(Record<'a>),
    /// An enum, of 32 or 64 bits.
    Enum(Enum<'a>),
    /// A struct or union that is only declared.
    Fwd {
        /// Its name.
        name: &'a str,
        /// Whether it is a union.
        union: bool,
    },
    /// Another name for a type.
    Typedef {
        /// The name.
        name: &'a str,
        /// The type it stands for.
        target: TypeId,
    },
    /// `const`.
    Const(TypeId),
    /// `volatile`.
    Volatile(TypeId),
    /// `restrict`.
    Restrict(TypeId),
    /// A tag on what a pointer points to, such as `user`, `rcu` and `percpu`.
    TypeTag {
        /// The tag; with `attribute`, the text of a whole attribute.
        tag: &'a str,
        /// Whether it is any other attribute than `btf_type_tag`.
        attribute: bool,
        /// The type tagged.
        target: TypeId,
    },
    /// A function.
    Func(Function<'a>),
    /// The prototype of a function or of a function pointer's target.
    FuncProto(FuncProto<'a>),
    /// A global variable.
    Var(Variable<'a>),
    /// A section and its variables.
    DataSec(DataSec<'a>),
    /// A floating-point type.
    Float {
        /// Its name.
        name: &'a str,
        /// Bytes.
        size: u32,
    },
    /// A tag on a declaration.
    DeclTag(DeclTag<'a>),
    /// There is no type with this id, or it is of a kind that this reader does not know.
    Invalid,
}

/// An integer type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Int<'a> {
    /// Its name, as in `long unsigned int`.
    pub name: &'a str,
    /// Bytes.
    pub size: u32,
    /// Bits in use; fewer than `size * 8` only in bitfields of old encoders.
    pub bits: u8,
    /// Where those bits start.
    pub bit_offset: u8,
    /// Whether it is signed.
    pub signed: bool,
    /// Whether the encoder marked it as a character; few encoders do.
    pub char: bool,
    /// Whether it is `_Bool`.
    pub bool: bool,
}

/// An array type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Array {
    /// The elements' type.
    pub element: TypeId,
    /// The type of its index, which says nothing about the array.
    pub index: TypeId,
    /// Number of elements, 0 for a flexible array.
    pub len: u32,
}

/// A struct or union.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// Its name, empty where anonymous.
    pub name: &'a str,
    /// Bytes.
    pub size: u32,
    btf: &'a Btf,
    kind_flag: bool,
    body: &'a [u8],
}

/// A member of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member<'a> {
    /// Its name, empty where anonymous.
    pub name: &'a str,
    /// Its type.
    pub ty: TypeId,
    /// Bits from the start of the record that was asked.
    pub bit_offset: u64,
    /// Bits, where it is a bitfield.
    pub bitfield: Option<u32>,
}

impl<'a> Record<'a> {
    /// Number of members.
    pub fn len(&self) -> usize {
        self.body.len() / 12
    }

    /// Whether it has no member.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The members, in declaration order, anonymous ones as they stand.
    pub fn members(&self) -> impl Iterator<Item = Member<'a>> + use<'a> {
        let Record { btf, kind_flag, body, .. } = *self;
        body.as_chunks::<12>().0.iter().map(move |bytes| decode_member(btf, kind_flag, bytes))
    }

    /// The member with that index.
    pub fn member(&self, index: usize) -> Option<Member<'a>> {
        let bytes = self.body.as_chunks::<12>().0.get(index)?;
        Some(decode_member(self.btf, self.kind_flag, bytes))
    }
}

fn decode_member<'a>(btf: &'a Btf, kind_flag: bool, bytes: &[u8; 12]) -> Member<'a> {
    let [name, ty, place] = words(bytes);
    let ty = TypeId(ty);
    let name = btf.text(name);
    if kind_flag {
        let width = place >> 24;
        let bitfield = (width != 0).then_some(width);
        return Member { name, ty, bit_offset: u64::from(place & 0x00ff_ffff), bitfield };
    }
    // Without the flag a bitfield shows only in its integer type.
    let mut member = Member { name, ty, bit_offset: u64::from(place), bitfield: None };
    if let Type::Int(int) = btf.get(btf.resolve(ty)) {
        let whole = u32::from(int.bits) == int.size.saturating_mul(8)
            && int.bit_offset == 0
            && place.is_multiple_of(8);
        if !whole {
            member.bit_offset += u64::from(int.bit_offset);
            member.bitfield = Some(u32::from(int.bits));
        }
    }
    member
}

/// An enum.
#[derive(Debug, Clone, Copy)]
pub struct Enum<'a> {
    /// Its name, empty where anonymous.
    pub name: &'a str,
    /// Bytes: 1, 2, 4 or 8.
    pub size: u32,
    /// Whether its values are signed.
    pub signed: bool,
    btf: &'a Btf,
    wide: bool,
    body: &'a [u8],
}

/// A name and a value of an enum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variant<'a> {
    /// The enumerator's name.
    pub name: &'a str,
    /// Its value.
    pub value: i128,
}

impl<'a> Enum<'a> {
    /// Number of enumerators.
    pub fn len(&self) -> usize {
        self.body.len() / if self.wide { 12 } else { 8 }
    }

    /// Whether it has no enumerator.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The enumerators, in declaration order.
    pub fn variants(&self) -> impl Iterator<Item = Variant<'a>> + use<'a> {
        let btf = self.btf;
        self.raw().map(move |(name, value)| Variant { name: btf.text(name), value })
    }

    /// The value of the first enumerator whose name offset is wanted.
    pub(super) fn value_at(&self, mut wanted: impl FnMut(u32) -> bool) -> Option<i128> {
        self.raw().find(|(name, _)| wanted(*name)).map(|(_, value)| value)
    }

    fn raw(&self) -> impl Iterator<Item = (u32, i128)> + use<'a> {
        let Enum { wide, signed, body, .. } = *self;
        let (narrow, broad) = if wide { (&[][..], body) } else { (body, &[][..]) };
        let narrow = narrow.as_chunks::<8>().0.iter().map(move |bytes| {
            let [name, value] = words(bytes);
            (name, if signed { i128::from(value.cast_signed()) } else { i128::from(value) })
        });
        let broad = broad.as_chunks::<12>().0.iter().map(move |bytes| {
            let [name, low, high] = words(bytes);
            let value = u64::from(high) << 32 | u64::from(low);
            (name, if signed { i128::from(value.cast_signed()) } else { i128::from(value) })
        });
        narrow.chain(broad)
    }
}

/// Who sees a function or variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Linkage {
    /// One file.
    Static,
    /// All files.
    Global,
    /// Defined elsewhere.
    Extern,
    /// A number that `linux/btf.h` does not name.
    Unknown(u32),
}

impl Linkage {
    fn new(number: u32) -> Linkage {
        match number {
            0 => Linkage::Static,
            1 => Linkage::Global,
            2 => Linkage::Extern,
            other => Linkage::Unknown(other),
        }
    }
}

/// A function.
#[derive(Debug, Clone, Copy)]
pub struct Function<'a> {
    /// Its id: what a kfunc call and fentry name.
    pub id: TypeId,
    /// Its name.
    pub name: &'a str,
    /// Static or global; in a kernel's BTF nearly all are static, whatever the source says.
    pub linkage: Linkage,
    /// The id of its prototype.
    pub proto_id: TypeId,
    /// Its prototype.
    pub proto: FuncProto<'a>,
}

/// A prototype.
#[derive(Debug, Clone, Copy)]
pub struct FuncProto<'a> {
    /// What it returns, [`TypeId::VOID`] for nothing.
    pub ret: TypeId,
    btf: &'a Btf,
    body: &'a [u8],
}

/// A parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Param<'a> {
    /// Its name; empty in the prototype of a function pointer.
    pub name: &'a str,
    /// Its type.
    pub ty: TypeId,
}

impl<'a> FuncProto<'a> {
    /// Number of parameters, without the `...`.
    pub fn len(&self) -> usize {
        self.body.len() / 8 - usize::from(self.is_variadic())
    }

    /// Whether it takes none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether it ends in `...`.
    pub fn is_variadic(&self) -> bool {
        self.body.as_chunks::<8>().0.last().is_some_and(|last| words(last) == [0, 0])
    }

    /// The parameters, without the `...`.
    pub fn params(&self) -> impl Iterator<Item = Param<'a>> + use<'a> {
        let FuncProto { btf, body, .. } = *self;
        body.as_chunks::<8>().0.iter().take(self.len()).map(move |bytes| {
            let [name, ty] = words(bytes);
            Param { name: btf.text(name), ty: TypeId(ty) }
        })
    }
}

/// A global variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its type.
    pub ty: TypeId,
    /// Static, global or extern.
    pub linkage: Linkage,
}

/// A section of variables, such as `.data..percpu`.
#[derive(Debug, Clone, Copy)]
pub struct DataSec<'a> {
    /// The section's name.
    pub name: &'a str,
    /// Bytes; 0 in objects that no loader has finished.
    pub size: u32,
    body: &'a [u8],
}

/// Where a variable lies in its section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SectionVar {
    /// The [`Type::Var`].
    pub var: TypeId,
    /// Bytes from the start of the section.
    pub offset: u32,
    /// Bytes.
    pub size: u32,
}

impl<'a> DataSec<'a> {
    /// The variables, by offset.
    pub fn vars(&self) -> impl Iterator<Item = SectionVar> + use<'a> {
        self.body.as_chunks::<12>().0.iter().map(|bytes| {
            let [var, offset, size] = words(bytes);
            SectionVar { var: TypeId(var), offset, size }
        })
    }
}

/// A tag on a declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeclTag<'a> {
    /// The tag; with `attribute`, the text of a whole attribute.
    pub tag: &'a str,
    /// Whether it is any other attribute than `btf_decl_tag`.
    pub attribute: bool,
    /// The type that is tagged.
    pub target: TypeId,
    /// The member or parameter that is tagged; `None` for the type as a whole.
    pub component: Option<u32>,
}

/// Whether [`Btf::resolve`] looks through types of this kind.
pub(super) fn is_transparent(kind: u8) -> bool {
    matches!(kind, raw::TYPEDEF | raw::CONST | raw::VOLATILE | raw::RESTRICT | raw::TYPE_TAG)
}

pub(super) fn decode(btf: &Btf, id: TypeId) -> Type<'_> {
    if id == TypeId::VOID {
        return Type::Void;
    }
    let Some((head, rest)) = btf.head(id) else { return Type::Invalid };
    decode_head(btf, id, &head, rest).unwrap_or(Type::Invalid)
}

fn decode_head<'a>(btf: &'a Btf, id: TypeId, head: &Head, rest: &'a [u8]) -> Option<Type<'a>> {
    let name = || btf.text(head.name);
    let size = head.size_or_type;
    let target = TypeId(head.size_or_type);
    let body = |each: usize| rest.get(..(head.vlen as usize).checked_mul(each)?);
    Some(match head.kind {
        raw::INT => {
            let info = u32_at(rest, 0)?;
            let encoding = info >> 24;
            Type::Int(Int {
                name: name(),
                size,
                bits: info as u8,
                bit_offset: (info >> 16) as u8,
                signed: encoding & 1 != 0,
                char: encoding & 2 != 0,
                bool: encoding & 4 != 0,
            })
        }
        raw::PTR => Type::Ptr(target),
        raw::ARRAY => {
            let [element, index, len] = words(rest.first_chunk::<12>()?);
            Type::Array(Array { element: TypeId(element), index: TypeId(index), len })
        }
        raw::STRUCT | raw::UNION => {
            let record = Record { name: name(), size, btf, kind_flag: head.kind_flag, body: body(12)? };
            if head.kind == raw::STRUCT { Type::Struct(record) } else { Type::Union(record) }
        }
        raw::ENUM | raw::ENUM64 => {
            let wide = head.kind == raw::ENUM64;
            let body = body(if wide { 12 } else { 8 })?;
            Type::Enum(Enum { name: name(), size, signed: head.kind_flag, btf, wide, body })
        }
        raw::FWD => Type::Fwd { name: name(), union: head.kind_flag },
        raw::TYPEDEF => Type::Typedef { name: name(), target },
        raw::CONST => Type::Const(target),
        raw::VOLATILE => Type::Volatile(target),
        raw::RESTRICT => Type::Restrict(target),
        raw::TYPE_TAG => Type::TypeTag { tag: name(), attribute: head.kind_flag, target },
        raw::FUNC => {
            let (proto_head, proto_rest) = btf.head(target)?;
            let Some(Type::FuncProto(proto)) = proto_of(btf, &proto_head, proto_rest) else { return None };
            let linkage = Linkage::new(head.vlen);
            Type::Func(Function { id, name: name(), linkage, proto_id: target, proto })
        }
        raw::FUNC_PROTO => proto_of(btf, head, rest)?,
        raw::VAR => Type::Var(Variable { name: name(), ty: target, linkage: Linkage::new(u32_at(rest, 0)?) }),
        raw::DATASEC => Type::DataSec(DataSec { name: name(), size, body: body(12)? }),
        raw::FLOAT => Type::Float { name: name(), size },
        raw::DECL_TAG => {
            let component = u32_at(rest, 0)?;
            let component = (component != u32::MAX).then_some(component);
            Type::DeclTag(DeclTag { tag: name(), attribute: head.kind_flag, target, component })
        }
        _ => return None,
    })
}

fn proto_of<'a>(btf: &'a Btf, head: &Head, rest: &'a [u8]) -> Option<Type<'a>> {
    if head.kind != raw::FUNC_PROTO {
        return None;
    }
    let body = rest.get(..(head.vlen as usize).checked_mul(8)?)?;
    Some(Type::FuncProto(FuncProto { ret: TypeId(head.size_or_type), btf, body }))
}

/// `bytes` as little-endian words.
fn words<const BYTES: usize, const WORDS: usize>(bytes: &[u8; BYTES]) -> [u32; WORDS] {
    const { assert!(BYTES == WORDS * 4) };
    std::array::from_fn(|i| {
        u32::from_le_bytes([bytes[i * 4], bytes[i * 4 + 1], bytes[i * 4 + 2], bytes[i * 4 + 3]])
    })
}

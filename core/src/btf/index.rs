//! The walk over the type section: where each type starts, and which types have names.
//!
//! Promises that no type is walked twice and none before it is needed: types have no fixed length, so a type is
//! reached only through those before it. A damaged section gives the types before the damage and the error. Leaves out
//! names as text and everything inside a type.

use super::container::u32_at;
use super::{BtfError, Kind, TypeId};
use std::sync::OnceLock;

/// The numbers of the kinds in `linux/btf.h`.
pub(super) mod raw {
    pub(crate) const INT: u8 = 1;
    pub(crate) const PTR: u8 = 2;
    pub(crate) const ARRAY: u8 = 3;
    pub(crate) const STRUCT: u8 = 4;
    pub(crate) const UNION: u8 = 5;
    pub(crate) const ENUM: u8 = 6;
    pub(crate) const FWD: u8 = 7;
    pub(crate) const TYPEDEF: u8 = 8;
    pub(crate) const VOLATILE: u8 = 9;
    pub(crate) const CONST: u8 = 10;
    pub(crate) const RESTRICT: u8 = 11;
    pub(crate) const FUNC: u8 = 12;
    pub(crate) const FUNC_PROTO: u8 = 13;
    pub(crate) const VAR: u8 = 14;
    pub(crate) const DATASEC: u8 = 15;
    pub(crate) const FLOAT: u8 = 16;
    pub(crate) const DECL_TAG: u8 = 17;
    pub(crate) const TYPE_TAG: u8 = 18;
    pub(crate) const ENUM64: u8 = 19;
}

/// The twelve bytes that start every type.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) name: u32,
    pub(super) kind: u8,
    pub(super) kind_flag: bool,
    pub(super) vlen: u32,
    /// A size in bytes or a type's id, by kind.
    pub(super) size_or_type: u32,
}

impl Head {
    pub(super) const LEN: usize = 12;

    /// Kernels before 7.2 used 16 bits for the length and 5 for the kind and kept the rest zero, so the wider
    /// reading holds for both.
    pub(super) fn read(bytes: &[u8]) -> Option<Head> {
        let bytes: &[u8; Head::LEN] = bytes.first_chunk()?;
        let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let info = word(4);
        Some(Head {
            name: word(0),
            kind: (info >> 24) as u8 & 0x7f,
            kind_flag: info >> 31 != 0,
            vlen: info & 0x00ff_ffff,
            size_or_type: word(8),
        })
    }
}

/// A named type: the offset of its name in the string section, and its id.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named {
    pub(super) name: u32,
    pub(super) id: TypeId,
}

/// How many types are walked at a time. A kernel's common types stand among the first, where the encoder met them.
const CHUNK: usize = 4096;

/// The walk so far, in chunks that are made when they are first needed, in order.
pub(super) struct Index {
    chunks: Box<[OnceLock<Chunk>]>,
}

/// What the walk found in up to [`CHUNK`] types.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    /// Where each type starts in the type section.
    offsets: Vec<u32>,
    /// Where the next chunk starts.
    end: usize,
    /// Per [`Kind`], the named types in id order; anonymous enums are in it too, with name 0.
    named: [Vec<Named>; Kind::COUNT],
    /// The declaration tags, in id order.
    pub(super) decl_tags: Vec<TypeId>,
    /// What stopped the walk before the end of the section.
    pub(super) damage: Option<BtfError>,
}

impl Index {
    /// An index of which nothing is made yet, for a type section of so many bytes.
    pub(super) fn new(types_len: usize) -> Index {
        let most = types_len / Head::LEN / CHUNK + 1;
        Index { chunks: std::iter::repeat_with(OnceLock::new).take(most).collect() }
    }

    /// The chunks in order, each walked when the iterator reaches it. `types` and `layout` are the sections; the
    /// latter is the file's own table of lengths by kind, or empty.
    pub(super) fn chunks<'a>(&'a self, types: &'a [u8], layout: &'a [u8]) -> impl Iterator<Item = &'a Chunk> {
        let mut previous: Option<&Chunk> = None;
        self.chunks.iter().enumerate().map_while(move |(i, slot)| {
            let start = match previous {
                Some(chunk) if chunk.offsets.len() < CHUNK => return None,
                Some(chunk) => chunk.end,
                None => 0,
            };
            let chunk = slot.get_or_init(|| Chunk::walk(types, layout, start, i * CHUNK));
            previous = Some(chunk);
            Some(chunk)
        })
    }

    /// Where the type starts in the type section.
    pub(super) fn offset(&self, id: TypeId, types: &[u8], layout: &[u8]) -> Option<usize> {
        let index = id.0.checked_sub(1)? as usize;
        let slot = self.chunks.get(index / CHUNK)?;
        let chunk = match slot.get() {
            Some(chunk) => chunk,
            None => self.chunks(types, layout).nth(index / CHUNK)?,
        };
        chunk.offsets.get(index % CHUNK).map(|at| *at as usize)
    }
}

impl Chunk {
    /// Walks from byte `at`; `before` types stand before it.
    fn walk(types: &[u8], layout: &[u8], mut at: usize, before: usize) -> Chunk {
        let mut chunk =
            Chunk { offsets: Vec::with_capacity(CHUNK.min(types.len() / Head::LEN)), ..Chunk::default() };
        while at < types.len() && chunk.offsets.len() < CHUNK {
            let id = TypeId((before + chunk.offsets.len() + 1) as u32);
            let Some(head) = types.get(at..).and_then(Head::read) else {
                chunk.damage = Some(BtfError::Truncated { id: id.0 });
                break;
            };
            let Some(body) = body_len(&head, layout) else {
                chunk.damage = Some(BtfError::UnknownKind { id: id.0, kind: head.kind });
                break;
            };
            let end = (at + Head::LEN) as u64 + body;
            if end > types.len() as u64 {
                chunk.damage = Some(BtfError::Truncated { id: id.0 });
                break;
            }
            chunk.offsets.push(at as u32);
            chunk.note(id, &head);
            at = end as usize;
        }
        chunk.end = at;
        chunk
    }

    fn note(&mut self, id: TypeId, head: &Head) {
        let kind = match head.kind {
            raw::INT => Kind::Int,
            raw::STRUCT => Kind::Struct,
            raw::UNION => Kind::Union,
            raw::ENUM | raw::ENUM64 => Kind::Enum,
            raw::TYPEDEF => Kind::Typedef,
            raw::FUNC => Kind::Func,
            raw::VAR => Kind::Var,
            raw::DATASEC => Kind::DataSec,
            raw::FLOAT => Kind::Float,
            raw::DECL_TAG => return self.decl_tags.push(id),
            _ => return,
        };
        if head.name != 0 || kind == Kind::Enum {
            self.named[kind as usize].push(Named { name: head.name, id });
        }
    }

    /// How many types are in it.
    pub(super) fn len(&self) -> usize {
        self.offsets.len()
    }

    /// The named types of a kind, in id order.
    pub(super) fn named(&self, kind: Kind) -> &[Named] {
        &self.named[kind as usize]
    }
}

/// Bytes after the head.
fn body_len(head: &Head, layout: &[u8]) -> Option<u64> {
    let each = |size: u64| Some(size * u64::from(head.vlen));
    match head.kind {
        raw::PTR | raw::FWD | raw::TYPEDEF | raw::VOLATILE | raw::CONST | raw::RESTRICT => Some(0),
        raw::FUNC | raw::FLOAT | raw::TYPE_TAG => Some(0),
        raw::INT | raw::VAR | raw::DECL_TAG => Some(4),
        raw::ARRAY => Some(12),
        raw::ENUM | raw::FUNC_PROTO => each(8),
        raw::STRUCT | raw::UNION | raw::DATASEC | raw::ENUM64 => each(12),
        // `struct btf_layout { u8 info_sz; u8 elem_sz; u16 flags; }` for each kind the encoder knew, from kind 0.
        0 => None,
        kind => {
            let [fixed, each, ..] = u32_at(layout, usize::from(kind) * 4)?.to_le_bytes();
            Some(u64::from(fixed) + u64::from(each) * u64::from(head.vlen))
        }
    }
}

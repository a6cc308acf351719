//! Layouts from an object's BTF.
//!
//! Promises: any BTF gives a layout, never a panic or an endless walk: what cannot be told becomes
//! [`Layout::Bytes`]. Types nest at most [`MAX_DEPTH`] deep and have at most [`MAX_MEMBERS`] members in all.
//! Leaves out: function types and kernel types that only have a name (forward declarations), which are bytes.

use crate::layout::{Layout, Member};
use pbpf_core::btf::{self, Btf, DataSec, Int, Type, TypeId};

/// How deep types may nest. Map values of real programs nest three or four deep.
const MAX_DEPTH: usize = 32;
/// How many members are read in all; the rest is bytes. Guards against struct types that double at each
/// level.
const MAX_MEMBERS: usize = 65_536;

/// The layout of type `id`; `size` bytes without a type when it cannot be told, or has another size than the
/// map says.
pub(crate) fn layout(btf: Option<&Btf>, id: u32, size: usize) -> Layout {
    let known = btf.filter(|_| id != 0).and_then(|btf| Walk { btf, members: 0 }.layout(TypeId(id), 0));
    known.filter(|layout| layout.size() == size).unwrap_or(Layout::Bytes { size })
}

struct Walk<'a> {
    btf: &'a Btf,
    members: usize,
}

impl Walk<'_> {
    fn layout(&mut self, id: TypeId, depth: usize) -> Option<Layout> {
        if depth > MAX_DEPTH {
            return None;
        }
        let id = self.btf.resolve(id);
        match self.btf.get(id) {
            Type::Int(ty) => int(&ty),
            Type::Float { size, .. } => Some(Layout::Float { size: size as usize }),
            Type::Ptr(_) => Some(Layout::Pointer),
            Type::Enum(ty) => {
                let names = ty.variants().map(|v| (v.name.to_owned(), v.value)).collect();
                Some(Layout::Enum { size: ty.size as usize, signed: ty.signed, names })
            }
            Type::Array(array) => {
                let element = self.layout(array.element, depth + 1)?;
                // Elements without bytes would make a length of four thousand million free in the BTF and
                // dear here.
                let length = if element.size() == 0 { 0 } else { array.len as usize };
                Some(Layout::Array { element: Box::new(element), length })
            }
            Type::Struct(record) | Type::Union(record) => {
                let members =
                    self.btf.members(id).into_iter().map(|m| self.member(m, depth)).collect::<Option<_>>()?;
                Some(Layout::Struct { name: record.name.to_owned(), size: record.size as usize, members })
            }
            Type::DataSec(section) => self.section(section, depth),
            _ => None,
        }
    }

    fn member(&mut self, member: btf::Member<'_>, depth: usize) -> Option<Member> {
        self.count()?;
        let layout = self.layout(member.ty, depth + 1)?;
        if member.bitfield.is_some_and(|bits| !(1..=64).contains(&bits)) {
            return None;
        }
        let bit_offset = usize::try_from(member.bit_offset).ok()?;
        Some(Member { name: member.name.to_owned(), bit_offset, bits: member.bitfield, layout })
    }

    /// The variables of a data section, as members.
    fn section(&mut self, section: DataSec<'_>, depth: usize) -> Option<Layout> {
        let mut members = Vec::new();
        for place in section.vars() {
            self.count()?;
            let Type::Var(variable) = self.btf.get(place.var) else { return None };
            let size = place.size as usize;
            let known = self.layout(variable.ty, depth + 1).filter(|layout| layout.size() == size);
            let layout = known.unwrap_or(Layout::Bytes { size });
            let name = variable.name.to_owned();
            members.push(Member { name, bit_offset: place.offset as usize * 8, bits: None, layout });
        }
        Some(Layout::Struct { name: section.name.to_owned(), size: section.size as usize, members })
    }

    fn count(&mut self) -> Option<()> {
        self.members += 1;
        (self.members <= MAX_MEMBERS).then_some(())
    }
}

fn int(ty: &Int<'_>) -> Option<Layout> {
    let size = ty.size as usize;
    if !matches!(size, 1 | 2 | 4 | 8 | 16) {
        return None;
    }
    // clang gives `char` the encoding of a signed integer, so that only its name tells it from `signed char`.
    if size == 1 && (ty.char || ty.name == "char") {
        return Some(Layout::Char);
    }
    Some(if ty.bool { Layout::Bool { size } } else { Layout::Int { size, signed: ty.signed } })
}

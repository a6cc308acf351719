//! The way into a record: from the names in a path to a place and a type.
//!
//! Promises: members inside anonymous members are found; the first that leads to the name is taken. Bounded on any
//! types. Leaves out: relocation; offsets are those of the kernel compiled against.

use super::FieldStep;
use crate::types::{RecordId, Type, TypeId, Types};
use std::collections::BTreeSet;

/// How deep anonymous members may nest.
const MAX_DEPTH: u32 = 64;

/// Where a path leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldPlace {
    /// Bits from the start of the record.
    pub bit_offset: u64,
    /// Width in bits, if it is a bitfield.
    pub bit_size: Option<u32>,
    /// The type.
    pub ty: TypeId,
    /// For each step, anonymous members included, the position among the fields of the table or in the array.
    pub positions: Vec<u32>,
}

impl FieldPlace {
    /// Whole bytes from the start of the record.
    pub fn offset(&self) -> u64 {
        self.bit_offset / 8
    }
}

/// Follows `path` into `record`.
///
/// # Errors
/// What is wrong with the path, as a phrase.
pub fn follow(types: &Types, record: RecordId, path: &[FieldStep]) -> Result<FieldPlace, String> {
    let mut at: Option<FieldPlace> = None;
    for step in path {
        let (mut place, next) = match at.take() {
            None => {
                let place =
                    FieldPlace { bit_offset: 0, bit_size: None, ty: types.void(), positions: Vec::new() };
                (place, Some(Type::Record(record)))
            }
            Some(place) => {
                let ty = types.try_get(place.ty).cloned();
                (place, ty)
            }
        };
        match (step, next) {
            (FieldStep::Field(name), Some(Type::Record(inner))) => {
                let owner = types.records.get(inner).map_or("", |r| r.name.as_str());
                let found = find(types, inner, name, MAX_DEPTH, &mut BTreeSet::new())
                    .ok_or_else(|| format!("`{owner}` has no field `{name}`"))?;
                place.bit_offset += found.bit_offset;
                place.bit_size = found.bit_size;
                place.ty = found.ty;
                place.positions.extend(found.positions);
            }
            (FieldStep::Field(name), _) => return Err(format!("`{name}` is taken of what is no record")),
            (FieldStep::Index(index), Some(Type::Array { element, len })) => {
                // The length of a flexible array member is not known.
                if len != 0 && *index >= len {
                    return Err(format!("element {index} is taken of an array of {len}"));
                }
                place.bit_offset += 8 * u64::from(types.size_of(element)) * u64::from(*index);
                place.ty = element;
                place.positions.push(*index);
            }
            (FieldStep::Index(index), Some(Type::Str { len })) => {
                if *index >= len {
                    return Err(format!("byte {index} is taken of a text of {len}"));
                }
                place.bit_offset += 8 * u64::from(*index);
                place.ty = types.int(8, true);
                place.positions.push(*index);
            }
            (FieldStep::Index(index), _) => {
                return Err(format!("element {index} is taken of what is no array"));
            }
        }
        at = Some(place);
    }
    at.ok_or_else(|| "the path is empty".to_owned())
}

/// A field by name, also inside anonymous members. Records in `without` are known not to have it: the same record may
/// be an anonymous member many times over.
fn find(
    types: &Types,
    id: RecordId,
    name: &str,
    depth: u32,
    without: &mut BTreeSet<RecordId>,
) -> Option<FieldPlace> {
    if without.contains(&id) {
        return None;
    }
    let record = types.records.get(id)?;
    if let Some((position, field)) = record.field(name) {
        return Some(FieldPlace {
            bit_offset: u64::from(field.bit_offset),
            bit_size: field.bit_size,
            ty: field.ty,
            positions: vec![position as u32],
        });
    }
    let depth = depth.checked_sub(1)?;
    let mut anonymous = record.fields.iter().enumerate().filter(|(_, f)| f.name.is_empty());
    let found = anonymous.find_map(|(position, field)| {
        let Some(Type::Record(inner)) = types.try_get(field.ty) else { return None };
        let mut found = find(types, *inner, name, depth, without)?;
        found.bit_offset += u64::from(field.bit_offset);
        found.positions.insert(0, position as u32);
        Some(found)
    });
    if found.is_none() {
        without.insert(id);
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test may panic")]
    use super::*;
    use crate::types::{Field, RecordKind};

    #[test]
    fn paths_lead_through_anonymous_members_and_arrays() {
        let mut types = Types::new();
        let int = types.int(32, false);
        let name = |text: &str| text.to_owned();
        let record = |types: &mut Types, text: &str, kind, fields: &[(&str, TypeId)]| {
            let fields: Vec<_> = fields.iter().map(|(n, ty)| (name(n), *ty)).collect();
            types.add_user_record(text, kind, false, &fields, None)
        };
        let pair = record(&mut types, "", RecordKind::Struct, &[("daddr", int), ("saddr", int)]);
        let pair_ty = types.intern(Type::Record(pair));
        let both = types.int(64, false);
        let union = record(&mut types, "", RecordKind::Union, &[("both", both), ("", pair_ty)]);
        let union = types.intern(Type::Record(union));
        let ports = types.intern(Type::Array { element: types.int(16, false), len: 4 });
        let comm = types.intern(Type::Str { len: 16 });
        let fields = [("family", int), ("", union), ("ports", ports), ("comm", comm)];
        let sock = record(&mut types, "sock", RecordKind::Struct, &fields);
        types.records[pair].fields.push(Field {
            name: name("bit"),
            ty: int,
            bit_offset: 35,
            bit_size: Some(2),
            index: 0,
        });
        let field = |text: &str| FieldStep::Field(name(text));
        let get = |path: &[FieldStep]| follow(&types, sock, path);
        let saddr = get(&[field("saddr")]).unwrap();
        assert_eq!((saddr.offset(), saddr.ty, saddr.positions), (12, int, vec![1, 1, 1]));
        let port = get(&[field("ports"), FieldStep::Index(2)]).unwrap();
        assert_eq!((port.offset(), port.positions), (20, vec![2, 2]));
        let bit = get(&[field("bit")]).unwrap();
        assert_eq!((bit.bit_offset, bit.bit_size), (8 * 8 + 35, Some(2)));
        assert_eq!(get(&[field("comm"), FieldStep::Index(15)]).unwrap().offset(), 39);
        for (path, message) in [
            (vec![], "the path is empty"),
            (vec![field("nosuch")], "`sock` has no field `nosuch`"),
            (vec![field("family"), field("x")], "`x` is taken of what is no record"),
            (vec![field("family"), FieldStep::Index(0)], "element 0 is taken of what is no array"),
            (vec![FieldStep::Index(0)], "element 0 is taken of what is no array"),
            (vec![field("ports"), FieldStep::Index(4)], "element 4 is taken of an array of 4"),
            (vec![field("comm"), FieldStep::Index(16)], "byte 16 is taken of a text of 16"),
        ] {
            assert_eq!(get(&path).unwrap_err(), message);
        }
    }

    #[test]
    fn many_anonymous_members_are_searched_once() {
        let mut types = Types::new();
        let mut inner = types.int(32, false);
        let mut last = None;
        for _ in 0..60 {
            let fields = [(String::new(), inner), (String::new(), inner)];
            let record = types.add_user_record("", RecordKind::Union, false, &fields, None);
            inner = types.intern(Type::Record(record));
            last = Some(record);
        }
        let path = [FieldStep::Field("nosuch".to_owned())];
        assert!(follow(&types, last.unwrap(), &path).is_err());
    }
}

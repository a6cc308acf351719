//! The way into a record: from names to positions and offsets.
//!
//! Promises: steps through anonymous members are found; the first member that leads to the name is taken, in order.
//! Leaves out: relocation, which is of `relocs`.

use pbpf_core::mir::FieldStep;
use pbpf_core::types::{Field, Record, RecordId, Type, TypeId, Types};

/// A path with its positions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Way {
    /// The position among the fields, or in the array, of each step, anonymous members included.
    pub(crate) positions: Vec<u32>,
    /// Bytes from the start of the record.
    pub(crate) offset: u64,
}

/// Follows `path` into `record`.
///
/// # Errors
/// What is wrong with the path, as a phrase.
pub(crate) fn follow(types: &Types, record: RecordId, path: &[FieldStep]) -> Result<Way, String> {
    let mut way = Way { positions: Vec::new(), offset: 0 };
    let mut at: Option<TypeId> = None;
    for step in path {
        match step {
            FieldStep::Field(name) => {
                let record = match at.map(|ty| types.get(ty)) {
                    None => record,
                    Some(Type::Record(r)) => *r,
                    Some(_) => return Err(format!("`{name}` is taken of what is no record")),
                };
                let mut found = Vec::new();
                let Some((offset, ty)) = find(types, record, name, &mut found) else {
                    return Err(format!("`{}` has no field `{name}`", types.records[record].name));
                };
                found.reverse();
                way.positions.extend(found);
                way.offset += u64::from(offset);
                at = Some(ty);
            }
            FieldStep::Index(index) => {
                let size = match at.map(|ty| types.get(ty)) {
                    Some(Type::Array { element, .. }) => {
                        at = Some(*element);
                        types.size_of(*element)
                    }
                    Some(Type::Str { .. }) => {
                        at = Some(types.int(8, true));
                        1
                    }
                    _ => return Err(format!("element {index} is taken of what is no array")),
                };
                way.positions.push(*index);
                way.offset += u64::from(size) * u64::from(*index);
            }
        }
    }
    Ok(way)
}

/// The fields by offset, which is the order that BTF must have: "Invalid member bits_offset".
pub(crate) fn in_order(record: &Record) -> Vec<&Field> {
    let mut fields: Vec<&Field> = record.fields.iter().collect();
    fields.sort_by_key(|f| f.bit_offset);
    fields
}

/// Offset and type of a field; the positions that lead to it are put into `found`, the last first.
fn find(types: &Types, record: RecordId, name: &str, found: &mut Vec<u32>) -> Option<(u32, TypeId)> {
    let fields = in_order(&types.records[record]);
    if let Some((position, field)) = fields.iter().enumerate().find(|(_, f)| f.name == name) {
        found.push(position as u32);
        return Some((field.offset(), field.ty));
    }
    fields.iter().enumerate().filter(|(_, f)| f.name.is_empty()).find_map(|(position, field)| {
        let Type::Record(inner) = types.get(field.ty) else { return None };
        let (offset, ty) = find(types, *inner, name, found)?;
        found.push(position as u32);
        Some((field.offset() + offset, ty))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test may panic")]
    use super::*;
    use pbpf_core::types::{RecordKind, Types};

    #[test]
    fn anonymous_members_are_found() {
        let mut types = Types::new();
        let int = types.int(32, false);
        let s = |text: &str| text.to_owned();
        let pair = types.add_user_record(
            "",
            RecordKind::Struct,
            false,
            &[(s("daddr"), int), (s("saddr"), int)],
            None,
        );
        let pair = types.intern(Type::Record(pair));
        let union = types.add_user_record(
            "",
            RecordKind::Union,
            false,
            &[(s("both"), types.int(64, false)), (s(""), pair)],
            None,
        );
        let union = types.intern(Type::Record(union));
        let ports = types.intern(Type::Array { element: types.int(16, false), len: 4 });
        let sock = types.add_user_record(
            "sock",
            RecordKind::Struct,
            false,
            &[(s("family"), int), (s(""), union), (s("ports"), ports)],
            None,
        );
        let field = |name: &str| FieldStep::Field(s(name));
        let follow = |path: &[FieldStep]| follow(&types, sock, path);
        assert_eq!(follow(&[field("saddr")]).unwrap(), Way { positions: vec![1, 1, 1], offset: 12 });
        let second = [field("ports"), FieldStep::Index(2)];
        assert_eq!(follow(&second).unwrap(), Way { positions: vec![2, 2], offset: 20 });
        assert_eq!(follow(&[field("nosuch")]).unwrap_err(), "`sock` has no field `nosuch`");
        assert_eq!(follow(&[field("family"), field("x")]).unwrap_err(), "`x` is taken of what is no record");
        let odd = [field("family"), FieldStep::Index(0)];
        assert_eq!(follow(&odd).unwrap_err(), "element 0 is taken of what is no array");
    }
}

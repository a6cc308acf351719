//! What a program asks of the kernel that its object is loaded into: where a field is, how large it is, whether it is
//! there, what an enumerator is worth (CO-RE).
//!
//! Promises: each question has its spelling in the text and its number among the kinds of relocation of libbpf
//! (`enum bpf_core_relo_kind`), and an answer for the kernel that was compiled against.
//! Leaves out: relocating, which the loader does.

use super::FieldStep;
use super::path::{FieldPlace, follow};
use crate::types::{EnumId, RecordId, Types};

/// A question about a field of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldQuery {
    /// Bytes from the start of the record; of a bitfield, to the word that holds it.
    Offset,
    /// Bytes; of a bitfield, those of the word that holds it: 1, 2, 4 or 8.
    Size,
    /// 1 if the kernel has the field, else 0.
    Exists,
    /// By how much to shift the word, as 64 bits, to the left, for the bitfield to be on top.
    LeftShift,
    /// By how much to shift it back to the right.
    RightShift,
}

/// A question about a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecordQuery {
    /// 1 if the kernel has the record, else 0.
    Exists,
    /// Bytes.
    Size,
    /// The number of the record in the BTF of the object itself, by which the kernel finds what to allocate.
    LocalId,
}

/// A question about an enumerator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EnumQuery {
    /// 1 if the kernel has the enumerator, else 0.
    Exists,
    /// Its value.
    Value,
}

/// A question, answered when the object is loaded.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Query {
    /// About a field.
    Field(FieldQuery, RecordId, Vec<FieldStep>),
    /// About a record.
    Record(RecordQuery, RecordId),
    /// About an enumerator, by name.
    Enum(EnumQuery, EnumId, String),
}

impl FieldQuery {
    /// All of them.
    pub const ALL: [FieldQuery; 5] = [
        FieldQuery::Offset,
        FieldQuery::Size,
        FieldQuery::Exists,
        FieldQuery::LeftShift,
        FieldQuery::RightShift,
    ];

    /// The mnemonic.
    pub fn as_str(self) -> &'static str {
        match self {
            FieldQuery::Offset => "field_offset",
            FieldQuery::Size => "field_size",
            FieldQuery::Exists => "field_exists",
            FieldQuery::LeftShift => "field_lshift",
            FieldQuery::RightShift => "field_rshift",
        }
    }
}

impl RecordQuery {
    /// All of them.
    pub const ALL: [RecordQuery; 3] = [RecordQuery::Exists, RecordQuery::Size, RecordQuery::LocalId];

    /// The mnemonic.
    pub fn as_str(self) -> &'static str {
        match self {
            RecordQuery::Exists => "type_exists",
            RecordQuery::Size => "type_size",
            RecordQuery::LocalId => "type_id",
        }
    }
}

impl EnumQuery {
    /// All of them.
    pub const ALL: [EnumQuery; 2] = [EnumQuery::Exists, EnumQuery::Value];

    /// The mnemonic.
    pub fn as_str(self) -> &'static str {
        match self {
            EnumQuery::Exists => "enum_exists",
            EnumQuery::Value => "enum_value",
        }
    }
}

impl Query {
    /// The mnemonic.
    pub fn as_str(&self) -> &'static str {
        match self {
            Query::Field(ask, ..) => ask.as_str(),
            Query::Record(ask, _) => ask.as_str(),
            Query::Enum(ask, ..) => ask.as_str(),
        }
    }

    /// The kind of relocation, by its number in `enum bpf_core_relo_kind`.
    pub fn kind(&self) -> u32 {
        match self {
            Query::Field(FieldQuery::Offset, ..) => 0,
            Query::Field(FieldQuery::Size, ..) => 1,
            Query::Field(FieldQuery::Exists, ..) => 2,
            Query::Field(FieldQuery::LeftShift, ..) => 4,
            Query::Field(FieldQuery::RightShift, ..) => 5,
            Query::Record(RecordQuery::LocalId, _) => 6,
            Query::Record(RecordQuery::Exists, _) => 8,
            Query::Record(RecordQuery::Size, _) => 9,
            Query::Enum(EnumQuery::Exists, ..) => 10,
            Query::Enum(EnumQuery::Value, ..) => 11,
        }
    }

    /// Whether the answer says that something is there.
    pub fn is_existence(&self) -> bool {
        matches!(
            self,
            Query::Field(FieldQuery::Exists, ..)
                | Query::Record(RecordQuery::Exists, _)
                | Query::Enum(EnumQuery::Exists, ..)
        )
    }

    /// The answer of the kernel that was compiled against.
    ///
    /// # Errors
    /// What is wrong with the question, as a phrase.
    pub fn answer(&self, types: &Types) -> Result<i64, String> {
        match self {
            Query::Field(ask, record, path) => {
                let place = follow(types, *record, path)?;
                let size = u64::from(types.size_of(place.ty));
                let word = Word::of(&place, size);
                Ok(match (ask, place.bit_size) {
                    (FieldQuery::Exists, _) => 1,
                    (FieldQuery::Offset, None) => place.offset(),
                    (FieldQuery::Size, None) => size,
                    (FieldQuery::Offset, Some(_)) => word.offset,
                    (FieldQuery::Size, Some(_)) => word.size,
                    (FieldQuery::LeftShift, _) => word.left,
                    (FieldQuery::RightShift, _) => word.right,
                }
                .cast_signed())
            }
            Query::Record(ask, record) => {
                let record = types.records.get(*record).ok_or("the record does not exist")?;
                Ok(match ask {
                    RecordQuery::Exists => 1,
                    RecordQuery::Size => i64::from(record.size),
                    // The object is not written yet.
                    RecordQuery::LocalId => 0,
                })
            }
            Query::Enum(ask, id, name) => {
                let (_, value) = enumerator(types, *id, name)?;
                Ok(if *ask == EnumQuery::Exists { 1 } else { value })
            }
        }
    }
}

/// The position of an enumerator in its enum, and its value.
///
/// # Errors
/// What is wrong, as a phrase.
pub fn enumerator(types: &Types, id: EnumId, name: &str) -> Result<(usize, i64), String> {
    let owner = types.enums.get(id).ok_or("the enum does not exist")?;
    let found = owner.variants.iter().enumerate().find(|(_, (n, _))| n == name);
    let (position, (_, value)) =
        found.ok_or_else(|| format!("`{}` has no enumerator `{name}`", owner.name))?;
    Ok((position, *value))
}

/// The word that holds a bitfield, as libbpf finds it (`bpf_core_calc_field_relo`): as large as the declared type at least,
/// at a multiple of its size.
struct Word {
    offset: u64,
    size: u64,
    left: u64,
    right: u64,
}

impl Word {
    fn of(place: &FieldPlace, declared: u64) -> Word {
        let bits = place.bit_size.map_or(declared * 8, u64::from);
        let mut size = declared.clamp(1, 8).next_power_of_two();
        let offset = |size: u64| place.bit_offset / 8 / size * size;
        while size < 8 && place.bit_offset + bits > (offset(size) + size) * 8 {
            size *= 2;
        }
        let end = (place.bit_offset + bits).saturating_sub(offset(size) * 8);
        Word {
            offset: offset(size),
            size,
            left: 64u64.saturating_sub(end),
            right: 64u64.saturating_sub(bits),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test may panic")]
    use super::*;
    use crate::types::{Enum, Field, Origin, Record, RecordKind};

    #[test]
    fn bitfields_are_in_the_word_that_libbpf_finds() {
        let mut types = Types::new();
        let field = |name: &str, ty, bit_offset, bit_size| Field {
            name: name.to_owned(),
            ty,
            bit_offset,
            bit_size,
            index: 0,
        };
        let (u32, u64, u8) = (types.int(32, false), types.int(64, false), types.int(8, false));
        let record = types.records.push(Record {
            name: "r".to_owned(),
            kind: RecordKind::Struct,
            origin: Origin::Kernel,
            size: 32,
            align: 8,
            fields: vec![
                field("low", u32, 64, Some(3)),
                field("high", u32, 64 + 29, Some(3)),
                field("byte", u8, 128 + 1, Some(2)),
                // Packed: across the declared word, so in one twice as large.
                field("across", u32, 30, Some(4)),
                field("plain", u64, 192, None),
            ],
            span: None,
        });
        let ask = |ask, name: &str| {
            Query::Field(ask, record, vec![FieldStep::Field(name.to_owned())]).answer(&types).unwrap()
        };
        let all = |name: &str| FieldQuery::ALL.map(|q| ask(q, name));
        assert_eq!(all("low"), [8, 4, 1, 61, 61]);
        assert_eq!(all("high"), [8, 4, 1, 32, 61]);
        assert_eq!(all("byte"), [16, 1, 1, 61, 62]);
        assert_eq!(all("across"), [0, 8, 1, 30, 60]);
        assert_eq!(all("plain"), [24, 8, 1, 0, 0]);
        assert_eq!(Query::Record(RecordQuery::Size, record).answer(&types), Ok(32));
    }

    #[test]
    fn enumerators_are_found_by_name() {
        let mut types = Types::new();
        let variants = vec![("A".to_owned(), 1), ("B".to_owned(), -2)];
        let id = types.enums.push(Enum { name: "e".to_owned(), size: 4, signed: true, variants });
        let ask = |ask, name: &str| Query::Enum(ask, id, name.to_owned()).answer(&types);
        assert_eq!(ask(EnumQuery::Value, "B"), Ok(-2));
        assert_eq!(ask(EnumQuery::Exists, "A"), Ok(1));
        assert_eq!(ask(EnumQuery::Value, "C").unwrap_err(), "`e` has no enumerator `C`");
    }
}

//! Values of maps, as a tree that prints and serialises.
//!
//! Promises: members keep their order; the text form is the JSON form, so that a tool can print either;
//! integers of all widths up to 128 bits keep their value.
//! Leaves out: types and bytes; [`crate::layout`] turns one into the other.

use serde::ser::{Serialize, SerializeMap, Serializer};
use std::fmt;

/// A key or a value of a map, or a part of one.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// An integer, pointer, or enumerator without a name.
    Int(i128),
    /// A `bool`.
    Bool(bool),
    /// A `float` or `double`.
    Float(f64),
    /// A character array, up to its first NUL.
    Str(String),
    /// An enumerator with a name.
    Enum {
        /// Its name.
        name: String,
        /// Its number.
        value: i128,
    },
    /// An array, or the values of a per-CPU map by CPU.
    Array(Vec<Value>),
    /// A struct or union, members in order; members of a nameless member count as its owner's.
    Struct(Vec<(String, Value)>),
    /// Bytes without a type, or a character array that is not UTF-8. In JSON: an array of numbers.
    Bytes(Vec<u8>),
}

impl Value {
    /// The member of that name.
    pub fn member(&self, name: &str) -> Option<&Value> {
        match self {
            Self::Struct(members) => members.iter().find(|(n, _)| n == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The number: of an integer, a bool or an enumerator.
    pub fn as_int(&self) -> Option<i128> {
        match self {
            Self::Int(value) | Self::Enum { value, .. } => Some(*value),
            Self::Bool(value) => Some(i128::from(*value)),
            _ => None,
        }
    }

    /// The text of a character array or an enumerator.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) | Self::Enum { name: text, .. } => Some(text),
            _ => None,
        }
    }

    /// The JSON value. Integers that no JSON reader holds (past 64 bits) become strings.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Int(value) => int_json(*value),
            Self::Bool(value) => (*value).into(),
            Self::Float(value) => (*value).into(),
            Self::Str(text) | Self::Enum { name: text, .. } => text.clone().into(),
            Self::Array(items) => items.iter().map(Self::to_json).collect(),
            Self::Struct(members) => {
                members.iter().map(|(name, value)| (name.clone(), value.to_json())).collect()
            }
            Self::Bytes(bytes) => bytes.iter().copied().collect(),
        }
    }
}

fn int_json(value: i128) -> serde_json::Value {
    i64::try_from(value)
        .map(Into::into)
        .or_else(|_| u64::try_from(value).map(Into::into))
        .unwrap_or_else(|_| value.to_string().into())
}

/// Keeps the order of members, which [`Value::to_json`] cannot.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Array(items) => serializer.collect_seq(items),
            Self::Struct(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
            leaf => leaf.to_json().serialize(serializer),
        }
    }
}

/// JSON on one line, members in order.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = serde_json::to_string(self).map_err(|_| fmt::Error)?;
        f.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_json_in_the_order_of_members() {
        let value = Value::Struct(vec![
            ("pid".into(), Value::Int(7)),
            ("comm".into(), Value::Str("a\"b".into())),
            ("big".into(), Value::Int(i128::from(u64::MAX))),
            ("huge".into(), Value::Int(1 << 70)),
            ("raw".into(), Value::Bytes(vec![1, 255])),
            ("state".into(), Value::Enum { name: "RUNNING".into(), value: 0 }),
            ("flags".into(), Value::Array(vec![Value::Bool(true), Value::Float(0.5)])),
        ]);
        assert_eq!(
            value.to_string(),
            r#"{"pid":7,"comm":"a\"b","big":18446744073709551615,"huge":"1180591620717411303424","raw":[1,255],"state":"RUNNING","flags":[true,0.5]}"#
        );
        assert_eq!(value.member("pid").and_then(Value::as_int), Some(7));
        assert_eq!(value.member("state").and_then(Value::as_int), Some(0));
        assert_eq!(value.member("comm").and_then(Value::as_str), Some("a\"b"));
        assert!(value.member("nope").is_none());
    }
}

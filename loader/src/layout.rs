//! How a key or value lies in memory, and the way between its bytes and a [`Value`].
//!
//! Promises: no input panics: bytes that are too short, or a value that does not fit, give an error that
//! names the member; decoding what was encoded gives the same value. Numbers are in this machine's byte
//! order, which is the kernel's.
//! Leaves out: where layouts come from (`layout_btf`), and pointers' targets (a pointer is a number).

use crate::value::Value;

/// The type of a key, a value, or a part of one. Sizes in bytes, offsets in bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layout {
    /// An integer of 1 to 16 bytes.
    Int {
        /// Its size.
        size: usize,
        /// Whether it has a sign.
        signed: bool,
    },
    /// A `bool` of so many bytes.
    Bool {
        /// Its size.
        size: usize,
    },
    /// One character; in an array, text.
    Char,
    /// A `float` (4) or `double` (8).
    Float {
        /// Its size.
        size: usize,
    },
    /// An address.
    Pointer,
    /// An enumeration.
    Enum {
        /// Its size.
        size: usize,
        /// Whether its numbers have a sign.
        signed: bool,
        /// Names and numbers in order.
        names: Vec<(String, i128)>,
    },
    /// An array.
    Array {
        /// Type of an element.
        element: Box<Layout>,
        /// Number of elements.
        length: usize,
    },
    /// A struct, a union (members overlap), or the variables of a data section.
    Struct {
        /// Its name; empty for a nameless one.
        name: String,
        /// Its size.
        size: usize,
        /// Members in order. Members of nameless members are lifted into their owner.
        members: Vec<Member>,
    },
    /// Bytes without a type.
    Bytes {
        /// How many.
        size: usize,
    },
}

/// A member of a [`Layout::Struct`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// From the start of the struct, in bits.
    pub bit_offset: usize,
    /// Bits of a bit-field; `None` for an ordinary member.
    pub bits: Option<u32>,
    /// Its type.
    pub layout: Layout,
}

/// Why bytes or a value do not fit a layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Path to the part concerned, `a.b[3]`; empty for the whole.
    pub path: String,
    /// What is wrong.
    pub reason: String,
}

impl Misfit {
    fn new(reason: impl Into<String>) -> Self {
        Self { path: String::new(), reason: reason.into() }
    }

    fn under(mut self, part: &str) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{part}{dot}{}", self.path);
        self
    }
}

impl Layout {
    /// Its size in bytes.
    pub fn size(&self) -> usize {
        match self {
            Self::Int { size, .. }
            | Self::Bool { size }
            | Self::Float { size }
            | Self::Enum { size, .. }
            | Self::Struct { size, .. }
            | Self::Bytes { size } => *size,
            Self::Char => 1,
            Self::Pointer => 8,
            Self::Array { element, length } => element.size().saturating_mul(*length),
        }
    }

    /// The value in `bytes`, which may be longer.
    pub fn decode(&self, bytes: &[u8]) -> Result<Value, Misfit> {
        let Some(bytes) = bytes.get(..self.size()) else {
            return Err(Misfit::new(format!("needs {} bytes, there are {}", self.size(), bytes.len())));
        };
        Ok(match self {
            Self::Int { signed, .. } => Value::Int(read_int(bytes, *signed)),
            Self::Bool { .. } => Value::Bool(bytes.iter().any(|b| *b != 0)),
            Self::Char => Value::Int(i128::from(bytes[0])),
            Self::Float { size: 4 } => Value::Float(f32::from_bits(read_int(bytes, false) as u32).into()),
            Self::Float { size: 8 } => Value::Float(f64::from_bits(read_int(bytes, false) as u64)),
            Self::Float { .. } => Value::Bytes(bytes.to_vec()),
            Self::Pointer => Value::Int(read_int(bytes, false)),
            Self::Enum { signed, names, .. } => enumerator(read_int(bytes, *signed), names),
            Self::Array { element, .. } if **element == Self::Char => text(bytes),
            Self::Array { element, length } => {
                let step = element.size();
                let item = |i| element.decode(&bytes[i * step..]).map_err(|m| m.under(&format!("[{i}]")));
                Value::Array((0..*length).map(item).collect::<Result<_, _>>()?)
            }
            Self::Struct { members, .. } => {
                let member =
                    |m: &Member| Ok((m.name.clone(), m.decode(bytes).map_err(|e| e.under(&m.name))?));
                Value::Struct(members.iter().map(member).collect::<Result<_, _>>()?)
            }
            Self::Bytes { .. } => Value::Bytes(bytes.to_vec()),
        })
    }

    /// The bytes of `value`, [`Layout::size`] of them. Members that a [`Value::Struct`] leaves out are zero;
    /// so is the rest of a shorter array, text or byte string. A struct also takes an array of its members in
    /// order.
    pub fn encode(&self, value: &Value) -> Result<Vec<u8>, Misfit> {
        let mut bytes = vec![0; self.size()];
        self.write(value, &mut bytes)?;
        Ok(bytes)
    }

    fn write(&self, value: &Value, out: &mut [u8]) -> Result<(), Misfit> {
        match (self, value) {
            (_, Value::Bytes(bytes)) => copy(bytes, out),
            (Self::Int { signed, .. }, _) => write_int(int_of(value, "an integer")?, *signed, out),
            (Self::Pointer, _) => write_int(int_of(value, "an address")?, false, out),
            (Self::Char, Value::Str(text)) => copy(text.as_bytes(), out),
            (Self::Char, _) => write_int(int_of(value, "a character")?, false, out),
            (Self::Bool { .. }, _) => write_int(i128::from(int_of(value, "a bool")? != 0), false, out),
            (Self::Float { size }, _) => write_float(*size, value, out),
            (Self::Enum { signed, names, .. }, Value::Str(name) | Value::Enum { name, .. }) => {
                match names.iter().find(|(known, _)| known == name) {
                    Some((_, number)) => write_int(*number, *signed, out),
                    None => Err(Misfit::new(format!("no enumerator '{name}'"))),
                }
            }
            (Self::Enum { signed, .. }, _) => write_int(int_of(value, "an enumerator")?, *signed, out),
            (Self::Array { element, .. }, Value::Str(text)) if **element == Self::Char => {
                copy(text.as_bytes(), out)
            }
            (Self::Array { element, length }, Value::Array(items)) => {
                if items.len() > *length {
                    return Err(Misfit::new(format!("has {length} elements, not {}", items.len())));
                }
                let step = element.size().max(1);
                for (i, (item, out)) in items.iter().zip(out.chunks_mut(step)).enumerate() {
                    element.write(item, out).map_err(|m| m.under(&format!("[{i}]")))?;
                }
                Ok(())
            }
            (Self::Struct { members, .. }, Value::Struct(given)) => {
                for (name, value) in given {
                    let Some(member) = members.iter().find(|m| m.name == *name) else {
                        return Err(Misfit::new(format!("no member '{name}'")));
                    };
                    member.write(value, out).map_err(|m| m.under(name))?;
                }
                Ok(())
            }
            (Self::Struct { members, .. }, Value::Array(items)) => {
                if items.len() > members.len() {
                    return Err(Misfit::new(format!("has {} members, not {}", members.len(), items.len())));
                }
                for (member, value) in members.iter().zip(items) {
                    member.write(value, out).map_err(|m| m.under(&member.name))?;
                }
                Ok(())
            }
            (Self::Struct { members, .. }, _) if members.len() == 1 => members[0].write(value, out),
            (Self::Array { .. }, _) => Err(Misfit::new(format!("needs an array, not {value}"))),
            (Self::Struct { .. }, _) => Err(Misfit::new(format!("needs its members, not {value}"))),
            (Self::Bytes { .. }, Value::Int(value)) => write_int(*value, *value < 0, out),
            (Self::Bytes { .. }, Value::Str(text)) => copy(text.as_bytes(), out),
            (Self::Bytes { size }, _) => Err(Misfit::new(format!("needs {size} bytes, not {value}"))),
        }
    }
}

impl Member {
    /// The bytes from the member's first byte on, and its first bit in them.
    fn place(&self) -> (usize, usize) {
        (self.bit_offset / 8, self.bit_offset % 8)
    }

    fn decode(&self, owner: &[u8]) -> Result<Value, Misfit> {
        let (byte, bit) = self.place();
        let bytes = owner.get(byte..).unwrap_or_default();
        let Some(bits) = self.bits else { return self.layout.decode(bytes) };
        let window = bytes
            .get(..(bit + bits as usize).div_ceil(8))
            .ok_or_else(|| Misfit::new("lies outside its struct"))?;
        let raw = (read_int(window, false) as u128 >> bit) & mask(bits);
        let signed =
            matches!(self.layout, Layout::Int { signed: true, .. } | Layout::Enum { signed: true, .. });
        let number =
            if signed && raw >> (bits - 1) & 1 == 1 { (raw | !mask(bits)) as i128 } else { raw as i128 };
        Ok(match &self.layout {
            Layout::Bool { .. } => Value::Bool(number != 0),
            Layout::Enum { names, .. } => enumerator(number, names),
            _ => Value::Int(number),
        })
    }

    fn write(&self, value: &Value, owner: &mut [u8]) -> Result<(), Misfit> {
        let (byte, bit) = self.place();
        let size = self.layout.size();
        let Some(bits) = self.bits else {
            let place =
                owner.get_mut(byte..byte + size).ok_or_else(|| Misfit::new("lies outside its struct"))?;
            return self.layout.write(value, place);
        };
        let window = owner
            .get_mut(byte..byte + (bit + bits as usize).div_ceil(8))
            .ok_or_else(|| Misfit::new("lies outside its struct"))?;
        let number = read_int(&self.layout.encode(value)?, false) as u128;
        if number & !mask(bits) != 0 && int_of(value, "an integer")? >= 0 {
            return Err(Misfit::new(format!("{value} does not fit {bits} bits")));
        }
        let kept = read_int(window, false) as u128 & !(mask(bits) << bit);
        let merged = (kept | (number & mask(bits)) << bit).to_le_bytes();
        copy(&merged[..window.len()], window)
    }
}

/// `bits` ones; BTF bit-fields have 1 to 64 bits and start in bit 0 to 7 of their first byte, so that all
/// fits 128 bits.
fn mask(bits: u32) -> u128 {
    (1u128 << bits.min(127)) - 1
}

fn enumerator(value: i128, names: &[(String, i128)]) -> Value {
    match names.iter().find(|(_, number)| *number == value) {
        Some((name, _)) => Value::Enum { name: name.clone(), value },
        None => Value::Int(value),
    }
}

fn text(bytes: &[u8]) -> Value {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    match std::str::from_utf8(&bytes[..end]) {
        Ok(text) => Value::Str(text.to_owned()),
        Err(_) => Value::Bytes(bytes.to_vec()),
    }
}

/// The little-endian integer in up to 16 bytes. Kernel and user side share one machine; big-endian machines
/// are not supported yet.
fn read_int(bytes: &[u8], signed: bool) -> i128 {
    let negative = signed && bytes.last().is_some_and(|b| b & 0x80 != 0);
    let mut wide = [if negative { 0xff } else { 0 }; 16];
    let length = bytes.len().min(16);
    wide[..length].copy_from_slice(&bytes[..length]);
    i128::from_le_bytes(wide)
}

fn write_int(value: i128, signed: bool, out: &mut [u8]) -> Result<(), Misfit> {
    if out.is_empty() {
        return Err(Misfit::new(format!("has no bytes for {value}")));
    }
    let bits = (out.len() * 8).min(127) as u32;
    let (low, high) =
        if signed { (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1) } else { (0, mask(bits) as i128) };
    // Two's complement is welcome in unsigned places: -1 is how a user writes all ones.
    let low = if signed { low } else { -(1i128 << (bits - 1)) };
    if out.len() < 16 && !(low..=high).contains(&value) {
        return Err(Misfit::new(format!("{value} does not fit {bits} bits")));
    }
    let length = out.len().min(16);
    out[..length].copy_from_slice(&value.to_le_bytes()[..length]);
    Ok(())
}

fn write_float(size: usize, value: &Value, out: &mut [u8]) -> Result<(), Misfit> {
    let number = match value {
        Value::Float(number) => *number,
        #[allow(clippy::cast_precision_loss)] // Python's float() does the same.
        other => int_of(other, "a number")? as f64,
    };
    match size {
        4 => copy(&(number as f32).to_le_bytes(), out),
        8 => copy(&number.to_le_bytes(), out),
        _ => Err(Misfit::new(format!("floats of {size} bytes are not supported"))),
    }
}

fn int_of(value: &Value, wanted: &str) -> Result<i128, Misfit> {
    value.as_int().ok_or_else(|| Misfit::new(format!("needs {wanted}, not {value}")))
}

fn copy(bytes: &[u8], out: &mut [u8]) -> Result<(), Misfit> {
    match out.get_mut(..bytes.len()) {
        Some(place) => {
            place.copy_from_slice(bytes);
            Ok(())
        }
        None => Err(Misfit::new(format!("has {} bytes, not {}", out.len(), bytes.len()))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A test stops at the first surprise.
    use super::*;

    fn int(size: usize, signed: bool) -> Layout {
        Layout::Int { size, signed }
    }

    fn member(name: &str, bit_offset: usize, layout: Layout) -> Member {
        Member { name: name.into(), bit_offset, bits: None, layout }
    }

    fn event() -> Layout {
        let comm = Layout::Array { element: Box::new(Layout::Char), length: 16 };
        let state =
            Layout::Enum { size: 4, signed: false, names: vec![("IDLE".into(), 0), ("BUSY".into(), 7)] };
        let bits = |name: &str, at, bits, signed| Member {
            name: name.into(),
            bit_offset: at,
            bits: Some(bits),
            layout: int(4, signed),
        };
        Layout::Struct {
            name: "event".into(),
            size: 40,
            members: vec![
                member("pid", 0, int(4, false)),
                member("delta", 32, int(4, true)),
                member("comm", 64, comm),
                member("state", 192, state),
                bits("low", 224, 3, false),
                bits("mid", 227, 7, true),
                member("ok", 240, Layout::Bool { size: 1 }),
                member("ratio", 256, Layout::Float { size: 8 }),
            ],
        }
    }

    fn sample() -> Value {
        Value::Struct(vec![
            ("pid".into(), Value::Int(4_000_000_000)),
            ("delta".into(), Value::Int(-5)),
            ("comm".into(), Value::Str("bash".into())),
            ("state".into(), Value::Enum { name: "BUSY".into(), value: 7 }),
            ("low".into(), Value::Int(5)),
            ("mid".into(), Value::Int(-33)),
            ("ok".into(), Value::Bool(true)),
            ("ratio".into(), Value::Float(0.25)),
        ])
    }

    #[test]
    fn what_is_encoded_decodes_to_the_same() {
        let bytes = event().encode(&sample()).unwrap();
        assert_eq!(bytes.len(), 40);
        assert_eq!(&bytes[..8], [0x00, 0x28, 0x6b, 0xee, 0xfb, 0xff, 0xff, 0xff]);
        assert_eq!(event().decode(&bytes).unwrap(), sample());
    }

    #[test]
    fn leaves_out_is_zero_and_arrays_stand_for_members() {
        let short = Value::Array(vec![Value::Int(1), Value::Int(2)]);
        let value = event().decode(&event().encode(&short).unwrap()).unwrap();
        assert_eq!(value.member("delta"), Some(&Value::Int(2)));
        assert_eq!(value.member("comm"), Some(&Value::Str(String::new())));
    }

    #[test]
    fn what_does_not_fit_names_the_member() {
        let wrong =
            |name: &str, value| event().encode(&Value::Struct(vec![(name.into(), value)])).unwrap_err();
        let misfit = |path: &str, reason: &str| Misfit { path: path.into(), reason: reason.into() };
        assert_eq!(wrong("pid", Value::Int(1 << 32)), misfit("pid", "4294967296 does not fit 32 bits"));
        assert_eq!(wrong("low", Value::Int(8)), misfit("low", "8 does not fit 3 bits"));
        assert_eq!(wrong("comm", Value::Str("x".repeat(17))), misfit("comm", "has 16 bytes, not 17"));
        assert_eq!(wrong("state", Value::Str("GONE".into())), misfit("state", "no enumerator 'GONE'"));
        assert_eq!(wrong("nope", Value::Int(0)), misfit("", "no member 'nope'"));
        assert_eq!(wrong("pid", Value::Str("1".into())), misfit("pid", "needs an integer, not \"1\""));
        assert_eq!(event().decode(&[0; 39]).unwrap_err(), misfit("", "needs 40 bytes, there are 39"));
    }

    #[test]
    fn unknown_enumerators_and_odd_text_keep_their_bytes() {
        let state = Layout::Enum { size: 1, signed: true, names: vec![("NO".into(), -1)] };
        assert_eq!(state.decode(&[0xff]).unwrap(), Value::Enum { name: "NO".into(), value: -1 });
        assert_eq!(state.decode(&[3]).unwrap(), Value::Int(3));
        let text = Layout::Array { element: Box::new(Layout::Char), length: 3 };
        assert_eq!(text.decode(&[0xff, 1, 0]).unwrap(), Value::Bytes(vec![0xff, 1, 0]));
        assert_eq!(int(8, false).encode(&Value::Int(-1)).unwrap(), [0xff; 8]);
        assert_eq!(int(16, true).decode(&[0xff; 16]).unwrap(), Value::Int(-1));
    }
}

//! What a program is run on: its context and its packet.
//!
//! Promises: a field can be read by name, as abstract MIR does, and by offset, as concrete MIR does, with one value.
//! Leaves out: what fields there are; that is in the program type's row.

use crate::mir::Region;
use crate::rows::{Context as ContextRow, Gives};
use std::collections::BTreeMap;

/// Where in a context something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Bytes from the start.
    pub offset: u32,
    /// Width in bits: 8, 16, 32 or 64.
    pub bits: u8,
    /// Whether it is read with its sign.
    pub signed: bool,
    /// For a pointer, where it points; packet pointers are filled in when a packet is given.
    pub region: Option<Region>,
}

impl Place {
    /// An unsigned number.
    pub fn new(offset: u32, bits: u8) -> Self {
        Self { offset, bits, signed: false, region: None }
    }

    /// Bytes.
    pub fn bytes(self) -> u32 {
        u32::from(self.bits) / 8
    }
}

/// The context of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Fields by name.
    pub fields: BTreeMap<String, Place>,
    /// Arguments of the traced function, event or callback, in order.
    pub args: Vec<Place>,
    /// The result of the traced function.
    pub result: Option<Place>,
}

impl Context {
    /// A context of `size` zero bytes without fields.
    pub fn new(size: usize) -> Self {
        Self { bytes: vec![0; size], ..Self::default() }
    }

    /// A context with the fields of a program type's row, all zero.
    pub fn from_row(row: &ContextRow) -> Self {
        let mut context = Self::new(0);
        for field in &row.fields {
            let region = match &field.gives {
                Gives::Pointer { region, .. } => Some(*region),
                Gives::Scalar | Gives::Forbidden => None,
            };
            let place = Place { offset: field.offset, bits: field.bits, signed: field.signed, region };
            context.add_field(&field.name, place);
        }
        context
    }

    /// A context of 64-bit words that are the arguments.
    pub fn of_words(words: &[u64]) -> Self {
        let mut context = Self::new(0);
        context.bytes = words.iter().flat_map(|w| w.to_le_bytes()).collect();
        context.args = (0..words.len()).map(|i| Place::new(8 * i as u32, 64)).collect();
        context
    }

    /// Adds a field, and bytes for it.
    pub fn add_field(&mut self, name: &str, place: Place) {
        let end = place.offset as usize + place.bytes() as usize;
        self.bytes.resize(self.bytes.len().max(end), 0);
        self.fields.insert(name.to_owned(), place);
    }

    /// Sets a field; says whether there is one of that name.
    pub fn set(&mut self, name: &str, value: u64) -> bool {
        let Some(place) = self.fields.get(name).copied() else { return false };
        self.put(place, value);
        true
    }

    /// Puts a number where a field, an argument or the result is.
    pub fn put(&mut self, place: Place, value: u64) {
        let (at, len) = (place.offset as usize, place.bytes() as usize);
        if let Some(bytes) = self.bytes.get_mut(at..at + len) {
            bytes.copy_from_slice(&value.to_le_bytes()[..len]);
        }
    }
}

/// What a program is run on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Input {
    /// The context.
    pub context: Context,
    /// The packet, for contexts with packet pointers.
    pub packet: Option<Vec<u8>>,
}

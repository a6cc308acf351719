//! Encodes small BTF for tests, so that they need no kernel.
//!
//! Promises bytes as `linux/btf.h` describes them, also for shapes that no encoder emits. Leaves out any check: a test
//! may want nonsense.

use super::Btf;
use super::index::raw;
use std::sync::Arc;

/// The types and strings gathered so far.
pub(super) struct Builder {
    types: Vec<u8>,
    strings: Vec<u8>,
    layout: Vec<u8>,
    count: u32,
}

impl Builder {
    pub(super) fn new() -> Builder {
        Builder { types: Vec::new(), strings: vec![0], layout: Vec::new(), count: 0 }
    }

    /// The offset of `text`, which is appended when it is new and not empty.
    pub(super) fn string(&mut self, text: &str) -> u32 {
        let closed = format!("\0{text}\0");
        let known = self.strings.windows(closed.len()).position(|w| w == closed.as_bytes());
        match known {
            _ if text.is_empty() => 0,
            Some(at) => at as u32 + 1,
            None => self.append(text),
        }
    }

    /// Appends `text` even if it is there already.
    pub(super) fn append(&mut self, text: &str) -> u32 {
        let at = self.strings.len() as u32;
        self.strings.extend_from_slice(text.as_bytes());
        self.strings.push(0);
        at
    }

    /// A type from its parts; `body` as words. Gives its id.
    pub(super) fn raw(&mut self, name: u32, kind: u8, flag: bool, vlen: u32, size: u32, body: &[u32]) -> u32 {
        let info = u32::from(flag) << 31 | u32::from(kind) << 24 | vlen;
        for word in [name, info, size].iter().chain(body) {
            self.types.extend_from_slice(&word.to_le_bytes());
        }
        self.count += 1;
        self.count
    }

    pub(super) fn int(&mut self, name: &str, size: u32, encoding: u32) -> u32 {
        let name = self.string(name);
        self.raw(name, raw::INT, false, 0, size, &[(encoding << 24) | (size * 8)])
    }

    /// A kind that has only a name and a target: pointer, typedef, qualifier, tag, function, forward declaration.
    pub(super) fn link(&mut self, kind: u8, name: &str, target: u32) -> u32 {
        let name = self.string(name);
        self.raw(name, kind, false, 0, target, &[])
    }

    pub(super) fn array(&mut self, element: u32, len: u32) -> u32 {
        self.raw(0, raw::ARRAY, false, 0, 0, &[element, element, len])
    }

    /// Members are name, type and the raw offset word.
    pub(super) fn record(
        &mut self,
        kind: u8,
        name: &str,
        flag: bool,
        size: u32,
        members: &[(&str, u32, u32)],
    ) -> u32 {
        let name = self.string(name);
        let body: Vec<u32> =
            members.iter().flat_map(|(n, ty, place)| [self.string(n), *ty, *place]).collect();
        self.raw(name, kind, flag, members.len() as u32, size, &body)
    }

    pub(super) fn enum32(&mut self, name: &str, signed: bool, values: &[(&str, u32)]) -> u32 {
        let name = self.string(name);
        let body: Vec<u32> = values.iter().flat_map(|(n, value)| [self.string(n), *value]).collect();
        self.raw(name, raw::ENUM, signed, values.len() as u32, 4, &body)
    }

    pub(super) fn enum64(&mut self, name: &str, signed: bool, values: &[(&str, u64)]) -> u32 {
        let name = self.string(name);
        let words = |value: u64| [value as u32, (value >> 32) as u32];
        let body: Vec<u32> =
            values.iter().flat_map(|(n, v)| [self.string(n), words(*v)[0], words(*v)[1]]).collect();
        self.raw(name, raw::ENUM64, signed, values.len() as u32, 8, &body)
    }

    pub(super) fn proto(&mut self, ret: u32, params: &[(&str, u32)]) -> u32 {
        let body: Vec<u32> = params.iter().flat_map(|(n, ty)| [self.string(n), *ty]).collect();
        self.raw(0, raw::FUNC_PROTO, false, params.len() as u32, ret, &body)
    }

    /// Sets the lengths of the kinds from 0 on, as pairs of fixed bytes and bytes for each element.
    pub(super) fn layout(&mut self, kinds: &[(u8, u8)]) {
        self.layout = kinds.iter().flat_map(|(fixed, each)| [*fixed, *each, 0, 0]).collect();
    }

    /// The whole file: header, types, strings, and a layout section if there is one.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let header: u32 = if self.layout.is_empty() { 24 } else { 32 };
        let (types, strings) = (self.types.len() as u32, self.strings.len() as u32);
        let mut out = vec![0x9f, 0xeb, 1, 0];
        let mut words = vec![header, 0, types, types, strings];
        if !self.layout.is_empty() {
            words.extend([types + strings, self.layout.len() as u32]);
        }
        out.extend(words.iter().flat_map(|w| w.to_le_bytes()));
        out.extend_from_slice(&self.types);
        out.extend_from_slice(&self.strings);
        out.extend_from_slice(&self.layout);
        out
    }

    pub(super) fn build(&self) -> Btf {
        Btf::new(Arc::new(self.bytes())).expect("the builder writes a header")
    }
}

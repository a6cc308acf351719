//! The memory of the interpreter: objects in one flat address space.
//!
//! Promises: every object has its own range of addresses with a wide gap behind it, so that an access that misses its
//! object hits none; each byte knows whether it was written; addresses are the same in every run. Packets lie below
//! 4 GiB, for contexts hold 32-bit addresses of them. Leaves out: who may access what beyond read-only and live.

use super::FaultKind;
use crate::mir::Region;
use std::collections::BTreeMap;

/// The gap behind every object.
const GAP: u64 = 1 << 16;

/// Addresses below it are null pointers with an offset.
const FIRST_ADDRESS: u64 = 1 << 16;

type Done<T> = Result<T, FaultKind>;

/// One object.
#[derive(Clone, Debug)]
struct Object {
    name: String,
    region: Region,
    bytes: Vec<u8>,
    /// Whether each byte was written; none: all were.
    written: Option<Vec<bool>>,
    writable: bool,
    live: bool,
}

/// The memory.
#[derive(Clone, Debug)]
pub struct Memory {
    objects: BTreeMap<u64, Object>,
    next: BTreeMap<Region, u64>,
    used: u64,
    limit: u64,
}

impl Memory {
    /// Empty memory for at most `limit` bytes.
    pub(super) fn new(limit: u64) -> Self {
        Self { objects: BTreeMap::new(), next: BTreeMap::new(), used: 0, limit }
    }

    /// Adds an object and gives its address.
    pub fn add(&mut self, region: Region, name: &str, bytes: Vec<u8>) -> Result<u64, FaultKind> {
        self.place(Object { name: name.to_owned(), region, bytes, written: None, writable: true, live: true })
    }

    /// Adds a slot, of which nothing is written yet.
    pub(super) fn add_slot(&mut self, name: &str, size: u32, live: bool) -> Done<u64> {
        // Before the memory is taken from the machine.
        self.reserve(u64::from(size))?;
        self.used -= u64::from(size);
        let size = size as usize;
        self.place(Object {
            name: format!("slot `{name}`"),
            region: Region::Stack,
            bytes: vec![0; size],
            written: Some(vec![false; size]),
            writable: true,
            live,
        })
    }

    fn reserve(&mut self, size: u64) -> Done<()> {
        let used = self.used.saturating_add(size);
        if used > self.limit {
            return Err(FaultKind::MemoryLimit);
        }
        self.used = used;
        Ok(())
    }

    fn place(&mut self, object: Object) -> Done<u64> {
        let size = object.bytes.len() as u64;
        self.reserve(size)?;
        let next = self.next.entry(object.region).or_insert_with(|| first(object.region));
        let base = *next;
        *next = (base + size).next_multiple_of(16) + GAP;
        self.objects.insert(base, object);
        Ok(base)
    }

    /// Takes an object away; its addresses are not used again.
    pub(super) fn remove(&mut self, base: u64) {
        if let Some(object) = self.objects.remove(&base) {
            self.used -= object.bytes.len() as u64;
        }
    }

    /// Takes all objects of a region away, and uses their addresses again.
    pub(super) fn clear(&mut self, region: Region) {
        let bases: Vec<u64> =
            self.objects.iter().filter(|(_, o)| o.region == region).map(|(base, _)| *base).collect();
        for base in bases {
            self.remove(base);
        }
        self.next.remove(&region);
    }

    pub(super) fn protect(&mut self, base: u64) {
        if let Some(object) = self.objects.get_mut(&base) {
            object.writable = false;
        }
    }

    /// A slot begins or ends to hold something.
    pub(super) fn set_live(&mut self, base: u64, live: bool) {
        if let Some(object) = self.objects.get_mut(&base) {
            object.live = live;
            if let Some(written) = &mut object.written {
                written.fill(false);
            }
        }
    }

    /// All bytes of the object at `base`.
    pub fn object(&self, base: u64) -> Option<&[u8]> {
        self.objects.get(&base).map(|o| o.bytes.as_slice())
    }

    /// The object that holds `len` bytes at `address`, and where in it.
    fn find(&self, address: u64, len: u64) -> Done<(u64, usize)> {
        if address < FIRST_ADDRESS {
            return Err(FaultKind::NullPointer);
        }
        let below = self.objects.range(..=address).next_back();
        if let Some((base, object)) = below {
            let offset = address - base;
            let size = object.bytes.len() as u64;
            if offset <= size && len <= size - offset {
                return Ok((*base, offset as usize));
            }
            if offset < size + GAP / 2 {
                return Err(outside(object, offset as i64, len));
            }
        }
        // A little before an object it is that object that was missed.
        if let Some((base, object)) = self.objects.range(address..).next()
            && base - address < GAP / 2
        {
            return Err(outside(object, -((base - address) as i64), len));
        }
        Err(FaultKind::OutOfBounds { object: None, offset: address as i64, len, size: 0 })
    }

    /// Reads `len` bytes, whatever the region.
    pub fn read(&self, address: u64, len: u64) -> Result<Vec<u8>, FaultKind> {
        let (base, at) = self.find(address, len)?;
        let object = &self.objects[&base];
        let range = at..at + len as usize;
        alive(object)?;
        if let Some(written) = &object.written
            && let Some(first) = written[range.clone()].iter().position(|w| !w)
        {
            let offset = (at + first) as u64;
            return Err(FaultKind::Uninitialised { object: object.name.clone(), offset });
        }
        Ok(object.bytes[range].to_vec())
    }

    /// Writes bytes, whatever the region.
    pub fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), FaultKind> {
        let (base, at) = self.find(address, bytes.len() as u64)?;
        let Some(object) = self.objects.get_mut(&base) else { return Err(FaultKind::NullPointer) };
        alive(object)?;
        if !object.writable {
            return Err(FaultKind::ReadOnly { object: object.name.clone() });
        }
        object.bytes[at..at + bytes.len()].copy_from_slice(bytes);
        if let Some(written) = &mut object.written {
            written[at..at + bytes.len()].fill(true);
        }
        Ok(())
    }

    /// Whether a pointer of `region` may be used for `len` bytes at `address`.
    pub(super) fn check(&self, region: Region, address: u64, len: u64) -> Done<()> {
        let (base, _) = self.find(address, len)?;
        let object = &self.objects[&base];
        let right = match region {
            Region::Kernel | Region::KernelUntrusted => object.region == Region::Kernel,
            Region::PacketMeta => matches!(object.region, Region::PacketMeta | Region::Packet),
            region => object.region == region,
        };
        if right {
            return Ok(());
        }
        Err(FaultKind::WrongRegion { pointer: region.as_str(), object: object.name.clone() })
    }

    /// The bytes at `address` up to a NUL, which is left out; at most `limit`, and what is readable.
    pub fn text(&self, address: u64, limit: usize) -> Vec<u8> {
        let mut text = Vec::new();
        while text.len() < limit {
            match self.read(address.wrapping_add(text.len() as u64), 1).ok().as_deref() {
                Some([byte]) if *byte != 0 => text.push(*byte),
                _ => break,
            }
        }
        text
    }
}

fn alive(object: &Object) -> Done<()> {
    if object.live {
        return Ok(());
    }
    let slot = object.name.trim_start_matches("slot ").trim_matches('`').to_owned();
    Err(FaultKind::DeadSlot { slot })
}

fn outside(object: &Object, offset: i64, len: u64) -> FaultKind {
    FaultKind::OutOfBounds { object: Some(object.name.clone()), offset, len, size: object.bytes.len() as u64 }
}

/// Where the objects of a region begin.
fn first(region: Region) -> u64 {
    match region {
        Region::Packet => 0x0200_0000,
        Region::PacketMeta => 0x0400_0000,
        Region::PacketEnd => 0x0600_0000,
        Region::Ctx => 0x1000_0000_0000,
        Region::Stack => 0x2000_0000_0000,
        Region::MapValue => 0x3000_0000_0000,
        Region::Mem | Region::Dynptr | Region::Arena => 0x4000_0000_0000,
        Region::Map => 0x5000_0000_0000,
        Region::Func => 0x6000_0000_0000,
        Region::User => 0x7000_0000_0000,
        Region::Kernel | Region::KernelUntrusted | Region::PerCpu => 0xffff_8880_0000_0000,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test may panic")]
    use super::*;

    #[test]
    fn accesses_that_miss_say_what_they_missed() {
        let mut memory = Memory::new(1 << 20);
        let a = memory.add(Region::MapValue, "a", vec![1, 2, 3, 4]).unwrap();
        let b = memory.add(Region::MapValue, "b", vec![5; 8]).unwrap();
        assert_eq!(memory.read(a + 1, 3).unwrap(), [2, 3, 4]);
        let missed = |address, len| match memory.read(address, len) {
            Err(FaultKind::OutOfBounds { object, offset, .. }) => (object.unwrap_or_default(), offset),
            other => panic!("{other:?}"),
        };
        assert_eq!(missed(a + 1, 4), ("a".to_owned(), 1));
        assert_eq!(missed(a + 100, 1), ("a".to_owned(), 100));
        assert_eq!(missed(b - 2, 1), ("b".to_owned(), -2));
        assert_eq!(missed(b - 2, u64::MAX), ("b".to_owned(), -2));
        assert_eq!(missed(u64::MAX, 8).0, "");
        assert_eq!(memory.read(8, 1), Err(FaultKind::NullPointer));
        assert!(memory.check(Region::Packet, a, 1).is_err());
        assert!(memory.check(Region::MapValue, a, 4).is_ok());
        memory.protect(a);
        assert!(matches!(memory.write(a, &[0]), Err(FaultKind::ReadOnly { .. })));
        memory.remove(a);
        assert!(memory.read(a, 1).is_err());
        assert_eq!(memory.add(Region::Mem, "c", vec![0; 1 << 21]), Err(FaultKind::MemoryLimit));
    }

    #[test]
    fn slots_hold_what_was_written_while_live() {
        let mut memory = Memory::new(1 << 20);
        let slot = memory.add_slot("x", 8, false).unwrap();
        assert!(matches!(memory.write(slot, &[1]), Err(FaultKind::DeadSlot { .. })));
        memory.set_live(slot, true);
        memory.write(slot + 2, &[7]).unwrap();
        assert_eq!(memory.read(slot + 2, 1).unwrap(), [7]);
        let object = "slot `x`".to_owned();
        assert_eq!(memory.read(slot + 2, 2), Err(FaultKind::Uninitialised { object, offset: 3 }));
        memory.set_live(slot, true);
        assert!(memory.read(slot + 2, 1).is_err());
        assert!(memory.add_slot("big", u32::MAX, true).is_err());
    }
}

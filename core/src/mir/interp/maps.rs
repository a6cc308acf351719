//! Maps as the interpreter keeps them.
//!
//! Promises: the results and error numbers of the kernel for hashes, arrays, their per-CPU and LRU forms, queues,
//! stacks, ring buffers and perf arrays; a pointer to a value stays valid after its key is gone, until the run ends.
//! Leaves out: maps in maps and longest-prefix matching: a map of another kind with keys is a plain hash.

use super::{FaultKind, Memory};
use crate::mir::{Map, Region};
use crate::types::Types;
use std::collections::{BTreeMap, VecDeque};

/// How many processors per-CPU maps have.
pub(super) const CPUS: usize = 4;

const E2BIG: i64 = -7;
const ENOENT: i64 = -2;
const EEXIST: i64 = -17;
const EINVAL: i64 = -22;

type Done<T> = Result<T, FaultKind>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Hash { lru: bool },
    Array,
    Queue { last_first: bool },
    Records,
}

/// The value of a key: its addresses, one for each processor of a per-CPU map.
#[derive(Clone, Debug)]
struct Entry {
    addresses: Vec<u64>,
    used: u64,
}

/// A map and what is in it.
#[derive(Clone, Debug)]
pub(super) struct Store {
    pub(super) name: String,
    kind: Kind,
    per_cpu: bool,
    pub(super) key_size: u32,
    pub(super) value_size: u32,
    max: u32,
    entries: BTreeMap<Vec<u8>, Entry>,
    clock: u64,
    queue: VecDeque<Vec<u8>>,
    /// Records of ring buffers and perf arrays that nobody has taken.
    records: Vec<Vec<u8>>,
    /// Addresses of records that are reserved.
    pub(super) reserved: Vec<u64>,
    /// Values that are no longer in the map, and may still be pointed to.
    gone: Vec<u64>,
}

impl Store {
    pub(super) fn new(map: &Map, types: &Types) -> Self {
        let size = |ty: Option<crate::types::TypeId>| ty.map_or(0, |ty| types.size_of(ty));
        let kind = match map.kind.as_str() {
            "ringbuf" | "perf_event_array" | "user_ringbuf" => Kind::Records,
            "queue" => Kind::Queue { last_first: false },
            "stack" => Kind::Queue { last_first: true },
            kind if kind.ends_with("array") => Kind::Array,
            kind => Kind::Hash { lru: kind.starts_with("lru") },
        };
        Self {
            name: map.name.clone(),
            kind,
            per_cpu: map.kind.contains("percpu"),
            key_size: size(map.key),
            value_size: size(map.value),
            max: map.max_entries,
            entries: BTreeMap::new(),
            clock: 0,
            queue: VecDeque::new(),
            records: Vec::new(),
            reserved: Vec::new(),
            gone: Vec::new(),
        }
    }

    fn index(key: &[u8]) -> u64 {
        let mut word = [0; 8];
        word.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        u64::from_le_bytes(word)
    }

    fn values(&self, memory: &mut Memory, value: &[u8]) -> Done<Vec<u64>> {
        let name = format!("a value of map `{}`", self.name);
        let count = if self.per_cpu { CPUS } else { 1 };
        (0..count).map(|_| memory.add(Region::MapValue, &name, value.to_vec())).collect()
    }

    /// The addresses of the value of a key, one for each processor; none if the key is not there.
    fn addresses(&mut self, memory: &mut Memory, key: &[u8]) -> Done<Option<Vec<u64>>> {
        self.clock += 1;
        match self.kind {
            Kind::Hash { .. } => {}
            Kind::Array if Self::index(key) >= u64::from(self.max) => return Ok(None),
            // Arrays are all there and zero from the start; here they come when they are looked at.
            Kind::Array if !self.entries.contains_key(key) => {
                let addresses = self.values(memory, &vec![0; self.value_size as usize])?;
                self.entries.insert(key.to_vec(), Entry { addresses, used: self.clock });
            }
            Kind::Array => {}
            Kind::Queue { .. } | Kind::Records => {
                return Err(FaultKind::BadArgument(format!("map `{}` has no keys", self.name)));
            }
        }
        let clock = self.clock;
        Ok(self.entries.get_mut(key).map(|entry| {
            entry.used = clock;
            entry.addresses.clone()
        }))
    }

    /// The address of the value of a key for a processor; 0 if the key is not there.
    pub(super) fn lookup(&mut self, memory: &mut Memory, key: &[u8], cpu: u32) -> Done<u64> {
        let addresses = self.addresses(memory, key)?.unwrap_or_default();
        let cpu = if self.per_cpu { cpu as usize } else { 0 };
        Ok(addresses.get(cpu).copied().unwrap_or(0))
    }

    /// Stores a value, of a per-CPU map that of processor `cpu`. Gives 0 or a negative error number.
    pub(super) fn update(
        &mut self,
        memory: &mut Memory,
        key: &[u8],
        value: &[u8],
        flags: u64,
        cpu: u32,
    ) -> Done<i64> {
        if flags > 2 {
            return Ok(EINVAL);
        }
        if self.kind == Kind::Array && Self::index(key) >= u64::from(self.max) {
            return Ok(E2BIG);
        }
        let address = self.lookup(memory, key, cpu)?;
        match (flags, address != 0 || self.entries.contains_key(key)) {
            (1, true) => return Ok(EEXIST),
            (2, false) => return Ok(ENOENT),
            (_, true) => {
                if address != 0 {
                    memory.write(address, value)?;
                }
                return Ok(0);
            }
            (_, false) => {}
        }
        if self.max != 0 && self.entries.len() >= self.max as usize {
            let oldest = self.entries.iter().min_by_key(|(_, e)| e.used).map(|(k, _)| k.clone());
            match (self.kind, oldest) {
                (Kind::Hash { lru: true }, Some(oldest)) => {
                    self.remove(&oldest);
                }
                _ => return Ok(E2BIG),
            }
        }
        let addresses = self.values(memory, &vec![0; self.value_size as usize])?;
        let of_cpu = if self.per_cpu { cpu as usize } else { 0 };
        if let Some(address) = addresses.get(of_cpu) {
            memory.write(*address, value)?;
        }
        self.entries.insert(key.to_vec(), Entry { addresses, used: self.clock });
        Ok(0)
    }

    fn remove(&mut self, key: &[u8]) -> bool {
        let entry = self.entries.remove(key);
        let found = entry.is_some();
        self.gone.extend(entry.into_iter().flat_map(|e| e.addresses));
        found
    }

    /// Removes a key. Gives 0 or a negative error number.
    pub(super) fn delete(&mut self, key: &[u8]) -> i64 {
        if self.kind == Kind::Array {
            return EINVAL;
        }
        if self.remove(key) { 0 } else { ENOENT }
    }

    /// The keys, in order.
    pub(super) fn keys(&self) -> Vec<Vec<u8>> {
        self.entries.keys().cloned().collect()
    }

    /// The values of a key, one for each processor of a per-CPU map.
    pub(super) fn read(&self, memory: &Memory, key: &[u8]) -> Option<Vec<Vec<u8>>> {
        let entry = self.entries.get(key)?;
        Some(entry.addresses.iter().filter_map(|a| memory.object(*a)).map(<[u8]>::to_vec).collect())
    }

    /// Adds to a queue or stack. Gives 0 or a negative error number.
    pub(super) fn push(&mut self, value: Vec<u8>, flags: u64) -> i64 {
        if !matches!(self.kind, Kind::Queue { .. }) {
            return EINVAL;
        }
        if self.max != 0 && self.queue.len() >= self.max as usize {
            // BPF_EXIST: the oldest makes room.
            if flags != 2 {
                return E2BIG;
            }
            self.queue.pop_front();
        }
        self.queue.push_back(value);
        0
    }

    /// What a queue or stack gives next; it stays there if `keep`.
    pub(super) fn pop(&mut self, keep: bool) -> Option<Vec<u8>> {
        let last = self.kind == Kind::Queue { last_first: true };
        match (last, keep) {
            (false, true) => self.queue.front().cloned(),
            (true, true) => self.queue.back().cloned(),
            (false, false) => self.queue.pop_front(),
            (true, false) => self.queue.pop_back(),
        }
    }

    /// Whether a ring buffer has room for another record: each takes eight bytes more, and multiples of eight.
    fn has_room(&self, memory: &Memory, len: u64) -> bool {
        if self.max == 0 {
            return true;
        }
        let size = |len: u64| (len + 8).next_multiple_of(8);
        let reserved = self.reserved.iter().filter_map(|a| memory.object(*a)).map(|o| size(o.len() as u64));
        let used: u64 = self.records.iter().map(|r| size(r.len() as u64)).chain(reserved).sum();
        len < u64::from(self.max) && used + size(len) <= u64::from(self.max)
    }

    /// Reserves a record of a ring buffer; 0 if there is no room.
    pub(super) fn reserve(&mut self, memory: &mut Memory, len: u64) -> Done<u64> {
        if self.kind != Kind::Records || !self.has_room(memory, len) {
            return Ok(0);
        }
        let name = format!("a record of `{}`", self.name);
        let address = memory.add(Region::Mem, &name, vec![0; len as usize])?;
        self.reserved.push(address);
        Ok(address)
    }

    /// Submits or discards a reserved record; says whether it was one of this map.
    pub(super) fn finish(&mut self, memory: &mut Memory, address: u64, submit: bool) -> bool {
        let Some(at) = self.reserved.iter().position(|a| *a == address) else { return false };
        self.reserved.remove(at);
        if submit && let Some(bytes) = memory.object(address) {
            self.records.push(bytes.to_vec());
        }
        memory.remove(address);
        true
    }

    /// Adds a record. Gives 0 or a negative error number.
    pub(super) fn output(&mut self, memory: &Memory, bytes: Vec<u8>, bounded: bool) -> i64 {
        if self.kind != Kind::Records {
            return EINVAL;
        }
        if bounded && !self.has_room(memory, bytes.len() as u64) {
            return -11;
        }
        self.records.push(bytes);
        0
    }

    /// The records that nobody has taken yet.
    pub(super) fn take_records(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.records)
    }

    /// Ends a run: values that are no longer in the map go.
    pub(super) fn settle(&mut self, memory: &mut Memory) {
        for address in self.gone.drain(..).chain(self.reserved.drain(..)) {
            memory.remove(address);
        }
    }
}

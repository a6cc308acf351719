//! Maps: keys and values as bytes, and as trees through the map's BTF.
//!
//! Promises: lengths are checked before the kernel is asked; a key that is not there is `None`, not an error;
//! iteration ends also while others write to the map.
//! Leaves out: buffers that are polled (`records`), and map types in maps.

#![allow(unsafe_code)] // Map calls go to libbpf-sys for their error numbers, which libbpf-rs hides.

use crate::errno::Errno;
use crate::error::MapError;
use crate::layout::{Layout, Misfit};
use crate::layout_btf;
use crate::loaded::Handle;
use crate::message::{Level, Message};
use crate::object::plain_map_name;
use crate::value::Value;
use libbpf_rs::{AsRawLibbpf as _, MapCore as _, MapHandle};
use pbpf_core::btf::Btf;
use std::ffi::CStr;
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::ptr;
use std::sync::Arc;

/// `BPF_MAP_TYPE_*` of `include/uapi/linux/bpf.h` that need another call or size than the rest.
mod kind {
    pub(super) const PERCPU: [u32; 4] = [5, 6, 10, 21];
    pub(super) const QUEUE_OR_STACK: [u32; 2] = [22, 23];
    pub(super) const STRUCT_OPS: u32 = 26;
    /// Ring buffers, perf event arrays and arenas: `bpf()` does not look up values in them.
    pub(super) const WITHOUT_VALUES: [u32; 5] = [4, 26, 27, 31, 33];
    /// Hash of maps and array of maps: a value read is an id.
    pub(super) const OF_MAPS: [u32; 2] = [12, 13];
}

/// When [`Map::update_with`] may write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Update {
    /// Whether the key is there or not.
    #[default]
    Any,
    /// Only a new key; `EEXIST` otherwise.
    New,
    /// Only a key that is there; `ENOENT` otherwise.
    Existing,
}

/// A map in the kernel. Keeps its object in the kernel.
#[derive(Debug)]
pub struct Map {
    pub(crate) handle: MapHandle,
    pub(crate) object: Arc<Handle>,
    pub(crate) index: usize,
    name: String,
    kind: u32,
    key: Layout,
    value: Layout,
}

impl Map {
    pub(crate) fn new(
        object: &Arc<Handle>,
        map: &libbpf_rs::Map<'_>,
        btf: Option<&Btf>,
    ) -> Result<Self, Message> {
        let full_name = map.name().to_string_lossy().into_owned();
        let handle = MapHandle::try_from(map)
            .map_err(|e| Message { level: Level::Warning, text: format!("map '{full_name}': {e}") })?;
        let raw = map.as_libbpf_object();
        let index = object.object.maps().position(|m| m.as_libbpf_object() == raw).unwrap_or(usize::MAX);
        let raw = raw.as_ptr();
        // SAFETY: the map belongs to `object`, which lives. (libbpf-rs's own map type forgets numbers newer
        // than it.)
        let (kind, key_id, value_id) = unsafe {
            let key_id = libbpf_sys::bpf_map__btf_key_type_id(raw);
            (libbpf_sys::bpf_map__type(raw), key_id, libbpf_sys::bpf_map__btf_value_type_id(raw))
        };
        // The value type of a struct_ops map is numbered in the kernel's BTF, not in the object's.
        let btf = btf.filter(|_| kind != kind::STRUCT_OPS);
        Ok(Self {
            object: Arc::clone(object),
            index,
            name: plain_map_name(&full_name).to_owned(),
            kind,
            key: layout_btf::layout(btf, key_id, map.key_size() as usize),
            value: layout_btf::layout(btf, value_id, map.value_size() as usize),
            handle,
        })
    }

    /// Its name; of a data section, `.bss`, `.data`, `.rodata` and so on.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The kernel's number of its type (`enum bpf_map_type`).
    pub fn kind(&self) -> u32 {
        self.kind
    }

    /// The kernel's name of its type: `hash`, `percpu_array`, `ringbuf`.
    pub fn kind_name(&self) -> String {
        map_type_name(self.kind)
    }

    /// Key bytes; 0 for maps without keys.
    pub fn key_size(&self) -> usize {
        self.handle.key_size() as usize
    }

    /// Value bytes, for one CPU.
    pub fn value_size(&self) -> usize {
        self.handle.value_size() as usize
    }

    /// Most entries it takes; bytes for a ring buffer, pages for an arena.
    pub fn max_entries(&self) -> usize {
        self.handle.max_entries() as usize
    }

    /// Whether each CPU has values of its own.
    pub fn is_percpu(&self) -> bool {
        kind::PERCPU.contains(&self.kind)
    }

    /// Whether its values are sockets, to which programs are attached.
    pub fn holds_sockets(&self) -> bool {
        matches!(self.kind, libbpf_sys::BPF_MAP_TYPE_SOCKMAP | libbpf_sys::BPF_MAP_TYPE_SOCKHASH)
    }

    /// Whether it is the struct_ops map of a set of callbacks.
    pub fn is_struct_ops(&self) -> bool {
        self.kind == kind::STRUCT_OPS
    }

    /// Whether `bpf()` reads its values: false for ring buffers, perf event arrays, arenas and struct_ops.
    pub fn has_values(&self) -> bool {
        !kind::WITHOUT_VALUES.contains(&self.kind)
    }

    /// How its keys lie in memory.
    pub fn key_layout(&self) -> &Layout {
        &self.key
    }

    /// How its values lie in memory; of a data section, one struct of all its variables.
    pub fn value_layout(&self) -> &Layout {
        &self.value
    }

    /// The bytes under `key`. Of a per-CPU map: those of each possible CPU, see [`Map::lookup_percpu`].
    pub fn lookup(&self, key: &[u8]) -> Result<Option<Vec<u8>>, MapError> {
        self.check("key", self.key_size(), key.len())?;
        let mut value = vec![0; self.buffer_size()?];
        // SAFETY: `key` has as many bytes as the map's keys (or is null for maps without), `value` as many as
        // the kernel writes.
        let code = unsafe {
            libbpf_sys::bpf_map_lookup_elem(self.fd(), self.key_pointer(key), value.as_mut_ptr().cast())
        };
        match Errno::from_return(code) {
            None => Ok(Some(value)),
            Some(Errno::ENOENT) => Ok(None),
            Some(errno) => Err(self.kernel("look up", errno)),
        }
    }

    /// The bytes under `key` for each possible CPU, `value_size` each.
    pub fn lookup_percpu(&self, key: &[u8]) -> Result<Option<Vec<Vec<u8>>>, MapError> {
        let (step, size) = (self.cpu_step(), self.value_size());
        Ok(self
            .lookup(key)?
            .map(|all| all.chunks(step.max(1)).map(|one| one[..size.min(one.len())].to_vec()).collect()))
    }

    /// Writes `value` under `key`.
    pub fn update(&self, key: &[u8], value: &[u8]) -> Result<(), MapError> {
        self.update_with(key, value, Update::Any)
    }

    /// Writes `value` under `key` if `when` allows it. A per-CPU map gets the value for every CPU.
    pub fn update_with(&self, key: &[u8], value: &[u8], when: Update) -> Result<(), MapError> {
        self.check("key", self.key_size(), key.len())?;
        self.check("value", self.value_size(), value.len())?;
        let spread: Vec<u8>;
        let bytes = if self.is_percpu() {
            let mut one = value.to_vec();
            one.resize(self.cpu_step(), 0);
            spread = one.repeat(self.possible_cpus()?);
            &spread
        } else {
            value
        };
        // BPF_ANY, BPF_NOEXIST, BPF_EXIST
        let flags = match when {
            Update::Any => 0,
            Update::New => 1,
            Update::Existing => 2,
        };
        // SAFETY: key and value have the lengths that the kernel reads.
        let code = unsafe {
            libbpf_sys::bpf_map_update_elem(self.fd(), self.key_pointer(key), bytes.as_ptr().cast(), flags)
        };
        Errno::from_return(code).map_or(Ok(()), |errno| Err(self.kernel("update", errno)))
    }

    /// Removes `key`; false when it was not there.
    pub fn delete(&self, key: &[u8]) -> Result<bool, MapError> {
        self.check("key", self.key_size(), key.len())?;
        // SAFETY: `key` has as many bytes as the map's keys.
        let code = unsafe { libbpf_sys::bpf_map_delete_elem(self.fd(), self.key_pointer(key)) };
        match Errno::from_return(code) {
            None => Ok(true),
            Some(Errno::ENOENT) => Ok(false),
            Some(errno) => Err(self.kernel("delete", errno)),
        }
    }

    /// Takes the next value out of a queue or stack, or the value under `key` out of a hash map.
    pub fn take(&self, key: &[u8]) -> Result<Option<Vec<u8>>, MapError> {
        self.check("key", self.key_size(), key.len())?;
        let mut value = vec![0; self.buffer_size()?];
        // SAFETY: as for `lookup`.
        let code = unsafe {
            libbpf_sys::bpf_map_lookup_and_delete_elem(
                self.fd(),
                self.key_pointer(key),
                value.as_mut_ptr().cast(),
            )
        };
        match Errno::from_return(code) {
            None => Ok(Some(value)),
            Some(Errno::ENOENT) => Ok(None),
            Some(errno) => Err(self.kernel("take", errno)),
        }
    }

    /// All keys. Keys that others add or remove meanwhile may be missed or come twice; at most twice
    /// `max_entries` come.
    pub fn keys(&self) -> Result<Vec<Vec<u8>>, MapError> {
        let mut keys: Vec<Vec<u8>> = Vec::new();
        if kind::QUEUE_OR_STACK.contains(&self.kind) || !self.has_values() {
            return Ok(keys);
        }
        let most = self.max_entries().saturating_mul(2).max(2);
        while keys.len() < most {
            let mut next = vec![0; self.key_size()];
            let last = keys.last().map_or(ptr::null(), |key| key.as_ptr().cast());
            // SAFETY: both keys have as many bytes as the map's; null asks for the first.
            let code = unsafe { libbpf_sys::bpf_map_get_next_key(self.fd(), last, next.as_mut_ptr().cast()) };
            match Errno::from_return(code) {
                None => keys.push(next),
                Some(Errno::ENOENT) => break,
                Some(errno) => return Err(self.kernel("iterate", errno)),
            }
        }
        Ok(keys)
    }

    /// The value under `key`, as trees; of a per-CPU map an array by CPU.
    pub fn get(&self, key: &Value) -> Result<Option<Value>, MapError> {
        let key = self.encode_key(key)?;
        self.read(&key)
    }

    /// Writes a value under a key, both as trees.
    pub fn set(&self, key: &Value, value: &Value) -> Result<(), MapError> {
        let value = self.value.encode(value).map_err(|m| self.misfit("value", m))?;
        self.update(&self.encode_key(key)?, &value)
    }

    /// The bytes of a key given as a tree.
    pub fn encode_key(&self, key: &Value) -> Result<Vec<u8>, MapError> {
        self.key.encode(key).map_err(|m| self.misfit("key", m))
    }

    /// All entries as trees, in the kernel's order. Entries that vanish meanwhile are left out.
    pub fn entries(&self) -> Result<Vec<(Value, Value)>, MapError> {
        let mut entries = Vec::new();
        for key in self.keys()? {
            if let Some(value) = self.read(&key)? {
                entries.push((self.key.decode(&key).map_err(|m| self.misfit("key", m))?, value));
            }
        }
        Ok(entries)
    }

    /// The variables of a data section, by name and value; `None` for another map.
    pub fn variables(&self) -> Result<Option<Vec<(String, Value)>>, MapError> {
        if !self.name.starts_with('.') {
            return Ok(None);
        }
        match self.read(&0u32.to_ne_bytes())? {
            Some(Value::Struct(variables)) => Ok(Some(variables)),
            _ => Ok(None),
        }
    }

    fn read(&self, key: &[u8]) -> Result<Option<Value>, MapError> {
        let decode = |bytes: &[u8]| {
            let id = Layout::Int { size: 4, signed: false };
            if kind::OF_MAPS.contains(&self.kind) { id.decode(bytes) } else { self.value.decode(bytes) }
        };
        let value = if self.is_percpu() {
            let Some(all) = self.lookup_percpu(key)? else { return Ok(None) };
            all.iter().map(|one| decode(one)).collect::<Result<_, _>>().map(Value::Array)
        } else {
            let Some(bytes) = self.lookup(key)? else { return Ok(None) };
            decode(&bytes)
        };
        value.map(Some).map_err(|m| self.misfit("value", m))
    }

    /// Bytes that the kernel copies for one key.
    fn buffer_size(&self) -> Result<usize, MapError> {
        Ok(if self.is_percpu() { self.cpu_step() * self.possible_cpus()? } else { self.value_size() })
    }

    /// Bytes from one CPU's value to the next: the kernel rounds up to 8.
    fn cpu_step(&self) -> usize {
        self.value_size().next_multiple_of(8)
    }

    fn possible_cpus(&self) -> Result<usize, MapError> {
        // SAFETY: no arguments; libbpf caches the number that it reads from sysfs.
        let count = unsafe { libbpf_sys::libbpf_num_possible_cpus() };
        Errno::from_return(count)
            .map_or(Ok(count as usize), |errno| Err(self.kernel("count the CPUs of", errno)))
    }

    fn key_pointer(&self, key: &[u8]) -> *const std::ffi::c_void {
        if self.key_size() == 0 { ptr::null() } else { key.as_ptr().cast() }
    }

    fn fd(&self) -> i32 {
        self.handle.as_fd().as_raw_fd()
    }

    fn check(&self, what: &'static str, expected: usize, got: usize) -> Result<(), MapError> {
        if expected == got {
            return Ok(());
        }
        Err(MapError::Length { map: self.name.clone(), what, expected, got })
    }

    pub(crate) fn kernel(&self, doing: &'static str, errno: Errno) -> MapError {
        MapError::Kernel { map: self.name.clone(), doing, errno }
    }

    fn misfit(&self, what: &str, misfit: Misfit) -> MapError {
        let what = if misfit.path.is_empty() { what.to_owned() } else { format!("{what} {}", misfit.path) };
        MapError::Type { map: self.name.clone(), what, reason: misfit.reason }
    }
}

/// The kernel's name of a map type, by libbpf; the number where libbpf has no name for it.
fn map_type_name(number: u32) -> String {
    // SAFETY: any number may be asked; the answer is null or a static string.
    unsafe {
        let name = libbpf_sys::libbpf_bpf_map_type_str(number);
        if name.is_null() { number.to_string() } else { CStr::from_ptr(name).to_string_lossy().into_owned() }
    }
}

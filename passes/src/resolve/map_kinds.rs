//! The kinds of maps and what they are called in Python.
//!
//! Promises: numbers are those of `enum bpf_map_type` (include/uapi/linux/bpf.h).
//! Leaves out: map kinds whose values are other maps or programs set from user space.

/// A kind of map.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct MapKind {
    /// Names in `pbpf.maps`; the first is the usual one.
    pub(super) names: &'static [&'static str],
    /// The kernel's name in lower case.
    pub(super) kind: &'static str,
    /// The kernel's number.
    pub(super) id: u32,
    /// What it holds.
    pub(super) shape: Shape,
}

/// What a map holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Values by key.
    KeyValue,
    /// Values by a 32-bit position.
    Array,
    /// Values without keys.
    ValueOnly,
    /// Records of any size; `max_entries` counts bytes.
    Ring,
    /// Descriptors of perf events, by processor.
    Perf,
}

const fn row(names: &'static [&'static str], kind: &'static str, id: u32, shape: Shape) -> MapKind {
    MapKind { names, kind, id, shape }
}

/// All kinds.
pub(super) const MAP_KINDS: &[MapKind] = &[
    row(&["HashMap", "Hash"], "hash", 1, Shape::KeyValue),
    row(&["ArrayMap", "Array"], "array", 2, Shape::Array),
    row(&["PerfEventArray"], "perf_event_array", 4, Shape::Perf),
    row(&["PerCpuHash", "PerCPUHash", "PercpuHash"], "percpu_hash", 5, Shape::KeyValue),
    row(&["PerCpuArray", "PerCPUArray", "PercpuArray"], "percpu_array", 6, Shape::Array),
    row(&["LruHash", "LRUHash", "LRUHashMap"], "lru_hash", 9, Shape::KeyValue),
    row(&["LruPerCpuHash", "LRUPerCPUHash"], "lru_percpu_hash", 10, Shape::KeyValue),
    row(&["LpmTrie", "LPMTrie"], "lpm_trie", 11, Shape::KeyValue),
    row(&["Queue"], "queue", 22, Shape::ValueOnly),
    row(&["Stack"], "stack", 23, Shape::ValueOnly),
    row(&["RingBuffer", "RingBuf"], "ringbuf", 27, Shape::Ring),
];

/// The kind of that Python name.
pub(super) fn find(name: &str) -> Option<&'static MapKind> {
    MAP_KINDS.iter().find(|k| k.names.contains(&name))
}

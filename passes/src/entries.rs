//! How the entries of a map are gone through.
//!
//! Promises: `infer` refuses the kinds that are not here, and `lower` knows the way of the others.
//! Leaves out: the loops.

/// A way through a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Positions from 0 on are the keys.
    Positions,
    /// The kernel calls back for each entry (`map_for_each_callback` in `kernel/bpf/hashtab.c`).
    Callback,
}

/// The way through maps of that kind, if the kernel has one.
pub(crate) fn way(kind: &str) -> Option<Way> {
    Some(match kind {
        "array" | "percpu_array" => Way::Positions,
        "hash" | "percpu_hash" | "lru_hash" | "lru_percpu_hash" => Way::Callback,
        _ => return None,
    })
}

//! The program type of sets of callbacks that the kernel calls.
//!
//! Promises: all of it is in `manifest.json`, as data. Leaves out: code.

pbpf_plugin::export! {
    id: "struct-ops",
    manifest: include_str!("../manifest.json"),
}

//! The program type that walks objects of the kernel.
//!
//! Promises: all of it is in `manifest.json`, as data. Leaves out: code.

pbpf_plugin::export! {
    id: "iter",
    manifest: include_str!("../manifest.json"),
}

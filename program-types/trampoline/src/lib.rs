//! The program types that the kernel calls through a trampoline at a function.
//!
//! Promises: all of it is in `manifest.json`, as data. Leaves out: code.

pbpf_plugin::export! {
    id: "trampoline",
    manifest: include_str!("../manifest.json"),
}

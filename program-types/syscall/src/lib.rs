//! The program type that user space runs.
//!
//! Promises: all of it is in `manifest.json`, as data. Leaves out: code.

pbpf_plugin::export! {
    id: "syscall",
    manifest: include_str!("../manifest.json"),
}

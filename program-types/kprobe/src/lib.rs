//! Program types at functions: kprobe in the kernel, uprobe in user space.
//!
//! Promises: all of it is in `manifest.json`, as data. Leaves out: code.

pbpf_plugin::export! {
    id: "kprobe",
    manifest: include_str!("../manifest.json"),
}

//! Kernel functions that every program type may call.
//!
//! Promises: all of it is in `manifest.json`, as data. Leaves out: code, and functions of some program types only.

pbpf_plugin::export! {
    id: "kfuncs",
    manifest: include_str!("../manifest.json"),
}

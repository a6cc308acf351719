//! The program type of schedulers: struct_ops over sched_ext_ops.
//!
//! Promises: all of it is in `manifest.json`, as data. Leaves out: code.

pbpf_plugin::export! {
    id: "sched-ext",
    manifest: include_str!("../manifest.json"),
}

//! Kernel functions for schedulers, and their constants.
//!
//! Promises: all of it is in `manifest.json`, as data. Leaves out: code.

pbpf_plugin::export! {
    id: "sched-ext-kfuncs",
    manifest: include_str!("../manifest.json"),
}

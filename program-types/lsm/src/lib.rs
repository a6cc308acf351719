//! The program types at security hooks.
//!
//! Promises: all of it is in `manifest.json`, as data. Leaves out: code.

pbpf_plugin::export! {
    id: "lsm",
    manifest: include_str!("../manifest.json"),
}

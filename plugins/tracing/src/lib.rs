//! Helpers that look at the running task, at memory and at the traced event.
//!
//! Promises: all of it is in `manifest.json`, as data. Leaves out: code.

pbpf_plugin::export! {
    id: "tracing",
    manifest: include_str!("../manifest.json"),
}

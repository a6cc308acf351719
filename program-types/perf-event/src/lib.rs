//! The program type of perf events.
//!
//! Promises: all of it is in `manifest.json`, as data. Leaves out: code.

pbpf_plugin::export! {
    id: "perf-event",
    manifest: include_str!("../manifest.json"),
}

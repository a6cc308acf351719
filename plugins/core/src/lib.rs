//! Helpers that every program type may call, and what common refusals of the verifier mean.
//!
//! Promises: all of it is in `manifest.json`, as data. Leaves out: code.

pbpf_plugin::export! {
    id: "core",
    manifest: include_str!("../manifest.json"),
}

//! The program types that hold processes of a control group to rules.
//!
//! Promises: all of it is in `manifest.json`, as data. Leaves out: code.

pbpf_plugin::export! {
    id: "cgroup",
    manifest: include_str!("../manifest.json"),
}

//! The program type at netfilter hooks.
//!
//! Promises: all of it is in `manifest.json`, as data. Leaves out: code.

pbpf_plugin::export! {
    id: "netfilter",
    manifest: include_str!("../manifest.json"),
}

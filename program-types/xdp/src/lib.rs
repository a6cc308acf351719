//! The program type that sees packets before the network stack.
//!
//! Promises: all of it is in `manifest.json`, as data. Leaves out: code.

pbpf_plugin::export! {
    id: "xdp",
    manifest: include_str!("../manifest.json"),
}

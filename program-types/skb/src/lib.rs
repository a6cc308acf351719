//! The program types that see a packet of the network stack.
//!
//! Promises: all of it is in `manifest.json`, as data. Leaves out: code.

pbpf_plugin::export! {
    id: "skb",
    manifest: include_str!("../manifest.json"),
}

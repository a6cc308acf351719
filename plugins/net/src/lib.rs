//! Helpers for packets and sockets, byte order, and the constants of network protocols.
//!
//! Promises: all of it is in `manifest.json`, as data. Leaves out: code.

pbpf_plugin::export! {
    id: "net",
    manifest: include_str!("../manifest.json"),
}

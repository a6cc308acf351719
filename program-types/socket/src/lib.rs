//! The program types of sockets and connections.
//!
//! Promises: all of it is in `manifest.json`, as data. Leaves out: code.

pbpf_plugin::export! {
    id: "socket",
    manifest: include_str!("../manifest.json"),
}

//! Socket filters for pbpf: programs that say how much of each packet a socket gets.
//!
//! Promises: data only. Leaves out: reuseport selection, which is attached otherwise.

pbpf_plugin::export! {
    id: "socket-filter",
    manifest: include_str!("../manifest.json"),
}

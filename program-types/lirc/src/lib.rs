//! The program type of infrared receivers.
//!
//! Promises: all of it is in `manifest.json`, as data. Leaves out: code.

pbpf_plugin::export! {
    id: "lirc",
    manifest: include_str!("../manifest.json"),
}

//! The program types of routes.
//!
//! Promises: all of it is in `manifest.json`, as data. Leaves out: code.

pbpf_plugin::export! {
    id: "lwt",
    manifest: include_str!("../manifest.json"),
}

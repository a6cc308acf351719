//! The kinds of maps and their methods, and the constants of maps.
//!
//! Promises: all of it is in `manifest.json`, as data. Leaves out: code, and methods whose helpers another plugin brings.

pbpf_plugin::export! {
    id: "maps",
    manifest: include_str!("../manifest.json"),
}

//! Program types that run at the kernel's tracepoints: tracepoint, raw_tp, tp_btf.
//!
//! Promises: all of it is in `manifest.json`, as data. Leaves out: code.

pbpf_plugin::export! {
    id: "tracepoint",
    manifest: include_str!("../manifest.json"),
}

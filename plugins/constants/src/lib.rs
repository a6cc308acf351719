//! Constants of the kernel that are `#define`s, which BTF does not have.
//!
//! Promises: all of it is in `manifest.json`, as data, for `vmlinux`: the user-space ABI of x86-64 as its headers have it
//! (`include/uapi/asm-generic`, `include/uapi/linux`), and of the kernel's own headers those flags of tasks that are the
//! same in all kernels since 6.1 (`include/linux/sched.h`). Leaves out: code, and constants of one subsystem, which its
//! plugin brings.

pbpf_plugin::export! {
    id: "constants",
    manifest: include_str!("../manifest.json"),
}

//! Asks the running kernel's verifier about a program of a few instructions, without libbpf.
//!
//! Promises: the verdict and the verifier's log; nothing stays loaded. Leaves out: maps, BTF of the program, attaching.

#![allow(unsafe_code, reason = "one system call, with a structure that this file lays out")]

use std::ffi::c_void;
use std::os::fd::{FromRawFd, OwnedFd};

/// What a program is loaded as.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoadAs {
    /// `enum bpf_prog_type`.
    pub program_type: u32,
    /// `enum bpf_attach_type`, or a member of a struct of callbacks.
    pub attach_type: u32,
    /// The type in the kernel's BTF that it is attached to; 0 for none.
    pub attach_btf_id: u32,
    /// `BPF_F_*`.
    pub flags: u32,
}

/// The first members of `union bpf_attr` for `BPF_PROG_LOAD`, as `linux/bpf.h` lays them out.
#[repr(C)]
#[derive(Default)]
struct LoadAttr {
    prog_type: u32,
    insn_cnt: u32,
    insns: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log_buf: u64,
    kern_version: u32,
    prog_flags: u32,
    prog_name: [u8; 16],
    prog_ifindex: u32,
    expected_attach_type: u32,
    prog_btf_fd: u32,
    func_info_rec_size: u32,
    func_info: u64,
    func_info_cnt: u32,
    line_info_rec_size: u32,
    line_info: u64,
    line_info_cnt: u32,
    attach_btf_id: u32,
}

const BPF_PROG_LOAD: libc::c_int = 5;

/// Loads a GPL program of these instructions: whether it is accepted, and the log.
pub fn load(load_as: LoadAs, instructions: &[u64]) -> (bool, String) {
    let mut log = vec![0_u8; 1 << 16];
    let attr = LoadAttr {
        prog_type: load_as.program_type,
        insn_cnt: instructions.len() as u32,
        insns: instructions.as_ptr() as u64,
        license: c"GPL".as_ptr() as u64,
        log_level: 1,
        log_size: log.len() as u32,
        log_buf: log.as_mut_ptr() as u64,
        prog_flags: load_as.flags,
        expected_attach_type: load_as.attach_type,
        attach_btf_id: load_as.attach_btf_id,
        ..LoadAttr::default()
    };
    // SAFETY: the kernel reads `size_of::<LoadAttr>()` bytes of `attr`, and the instructions, the license and the log that it
    // points to, all of which outlive the call; the new descriptor has no other owner.
    let accepted = unsafe {
        let fd = libc::syscall(
            libc::SYS_bpf,
            BPF_PROG_LOAD,
            (&raw const attr).cast::<c_void>(),
            std::mem::size_of::<LoadAttr>(),
        );
        if fd >= 0 {
            drop(OwnedFd::from_raw_fd(fd as libc::c_int));
        }
        fd >= 0
    };
    let end = log.iter().position(|b| *b == 0).unwrap_or(log.len());
    (accepted, String::from_utf8_lossy(&log[..end]).into_owned())
}

/// The instruction `call HELPER`.
pub fn call(helper: u32) -> u64 {
    u64::from(helper) << 32 | 0x85
}

/// The instruction that calls the kernel function with that id in BTF.
pub fn call_kernel(function: u32) -> u64 {
    u64::from(function) << 32 | 2 << 12 | 0x85
}

/// The instructions `r0 = 0` and `exit`.
pub const RETURN_0: [u64; 2] = [0xb7, 0x95];

/// The instructions `r0 = 1` and `exit`.
pub const RETURN_1: [u64; 2] = [0xb7 | 1 << 32, 0x95];

//! Filters of traffic control: how packet programs are attached to an interface where the kernel makes no link for them.
//!
//! Promises: the filter is of the program's own, and goes when it drops; the queueing discipline that it needs stays, for others may
//! use it. Leaves out: priorities, and blocks shared by interfaces.

#![allow(unsafe_code)] // libbpf's functions for traffic control.

use crate::errno::Errno;
use std::os::fd::RawFd;

/// Packets that come in, or go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    In,
    Out,
}

/// A filter at work.
#[derive(Debug)]
pub(crate) struct Filter {
    hook: libbpf_sys::bpf_tc_hook,
    handle: u32,
    priority: u32,
}

// SAFETY: the one pointer in it, the name of a queueing discipline, is null.
unsafe impl Send for Filter {}
// SAFETY: as above; nothing is changed through a shared reference.
unsafe impl Sync for Filter {}

impl Filter {
    /// Attaches a program to an interface in direct-action mode.
    pub(crate) fn attach(program: RawFd, interface: u32, direction: Direction) -> Result<Self, Errno> {
        let mut hook = libbpf_sys::bpf_tc_hook {
            sz: size_of::<libbpf_sys::bpf_tc_hook>() as libbpf_sys::size_t,
            ifindex: interface as i32,
            attach_point: match direction {
                Direction::In => libbpf_sys::BPF_TC_INGRESS,
                Direction::Out => libbpf_sys::BPF_TC_EGRESS,
            },
            ..Default::default()
        };
        let mut options = libbpf_sys::bpf_tc_opts {
            sz: size_of::<libbpf_sys::bpf_tc_opts>() as libbpf_sys::size_t,
            prog_fd: program,
            ..Default::default()
        };
        // SAFETY: both structures say their sizes, and live through the calls.
        unsafe {
            match Errno::from_return(libbpf_sys::bpf_tc_hook_create(&raw mut hook)) {
                None | Some(Errno::EEXIST) => {}
                Some(errno) => return Err(errno),
            }
            match Errno::from_return(libbpf_sys::bpf_tc_attach(&raw const hook, &raw mut options)) {
                None => Ok(Self { hook, handle: options.handle, priority: options.priority }),
                Some(errno) => Err(errno),
            }
        }
    }
}

impl Drop for Filter {
    fn drop(&mut self) {
        let options = libbpf_sys::bpf_tc_opts {
            sz: size_of::<libbpf_sys::bpf_tc_opts>() as libbpf_sys::size_t,
            handle: self.handle,
            priority: self.priority,
            ..Default::default()
        };
        // SAFETY: as in `attach`. An interface that is gone took the filter with it: nothing is left to do then.
        let _ = unsafe { libbpf_sys::bpf_tc_detach(&raw const self.hook, &raw const options) };
    }
}

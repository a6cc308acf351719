//! Places that no section and no descriptor names: clocks of processors, hooks of netfilter, maps of sockets.
//!
//! Promises: what was attached is detached when it drops. Leaves out: which programs go where, which targets say.

#![allow(unsafe_code)] // libbpf's attach functions, and perf_event_open(2).

use crate::attach::take_link;
use crate::errno::Errno;
use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, IntoRawFd as _, OwnedFd, RawFd};

/// A hook of netfilter, by the kernel's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hook {
    /// `NFPROTO_*` (`include/uapi/linux/netfilter.h`): 2 for IPv4, 10 for IPv6.
    pub family: u32,
    /// `NF_INET_*`: 0 before routing, 1 local in, 2 forward, 3 local out, 4 after routing.
    pub number: u32,
    /// The lower, the earlier.
    pub priority: i32,
}

/// Lets a program see the registers of each processor so many times a second.
pub(crate) fn sample(
    program: *mut libbpf_sys::bpf_program,
    frequency: u64,
) -> Result<Vec<libbpf_rs::Link>, Errno> {
    let mut links = Vec::new();
    for cpu in online()? {
        let mut attributes = libbpf_sys::perf_event_attr {
            type_: libbpf_sys::PERF_TYPE_SOFTWARE,
            size: size_of::<libbpf_sys::perf_event_attr>() as u32,
            config: u64::from(libbpf_sys::PERF_COUNT_SW_CPU_CLOCK),
            ..Default::default()
        };
        attributes.__bindgen_anon_1.sample_freq = frequency;
        attributes.set_freq(1);
        // SAFETY: the attributes say their size; a non-negative result is a new descriptor.
        let event = unsafe {
            let close_on_exec = 8u64; // PERF_FLAG_FD_CLOEXEC
            let fd =
                libc::syscall(libc::SYS_perf_event_open, &raw const attributes, -1, cpu, -1, close_on_exec);
            match Errno::from_return(fd as i32) {
                Some(errno) => return Err(errno),
                None => OwnedFd::from_raw_fd(fd as i32),
            }
        };
        // SAFETY: the caller's program is loaded; the link takes the descriptor where it is made.
        let link = unsafe { libbpf_sys::bpf_program__attach_perf_event(program, event.as_raw_fd()) };
        links.push(take_link(link)?);
        let _ = event.into_raw_fd();
    }
    Ok(links)
}

/// The numbers of the processors that run: `0-3,5`.
fn online() -> Result<Vec<i32>, Errno> {
    let text = std::fs::read_to_string("/sys/devices/system/cpu/online").map_err(|e| Errno::from(&e))?;
    let number = |text: &str| text.parse::<i32>().map_err(|_| Errno::EINVAL);
    let mut cpus = Vec::new();
    for range in text.trim().split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        cpus.extend(number(first)?..=number(last)?);
    }
    Ok(cpus)
}

/// Attaches a program to a hook of netfilter, in the network namespace of this process.
pub(crate) fn hook(program: *mut libbpf_sys::bpf_program, hook: Hook) -> Result<libbpf_rs::Link, Errno> {
    let options = libbpf_sys::bpf_netfilter_opts {
        sz: size_of::<libbpf_sys::bpf_netfilter_opts>() as libbpf_sys::size_t,
        pf: hook.family,
        hooknum: hook.number,
        priority: hook.priority,
        ..Default::default()
    };
    // SAFETY: the caller's program is loaded; the options say their size.
    take_link(unsafe { libbpf_sys::bpf_program__attach_netfilter(program, &raw const options) })
}

/// Attaches a program to a socket, by that option of setsockopt(2).
pub(crate) fn attach_to_socket(
    program: BorrowedFd<'_>,
    socket: RawFd,
    option: libc::c_int,
) -> Result<(), Errno> {
    let fd = program.as_raw_fd();
    // SAFETY: the value is an integer that lives through the call, and its size is given.
    let done = unsafe {
        let size = size_of::<libc::c_int>() as libc::socklen_t;
        libc::setsockopt(socket, libc::SOL_SOCKET, option, (&raw const fd).cast(), size)
    };
    if done == 0 { Ok(()) } else { Err(Errno::last()) }
}

/// A program at a map of sockets.
#[derive(Debug)]
pub(crate) struct AtSockets {
    program: OwnedFd,
    map: OwnedFd,
    how: libbpf_sys::bpf_attach_type,
}

impl AtSockets {
    /// Attaches a program to the sockets of a map.
    pub(crate) fn attach(
        program: BorrowedFd<'_>,
        map: BorrowedFd<'_>,
        how: libbpf_sys::bpf_attach_type,
    ) -> Result<Self, Errno> {
        let own = |fd: BorrowedFd<'_>| fd.try_clone_to_owned().map_err(|e| Errno::from(&e));
        let (program, map) = (own(program)?, own(map)?);
        // SAFETY: both descriptors are open.
        let done = unsafe { libbpf_sys::bpf_prog_attach(program.as_raw_fd(), map.as_raw_fd(), how, 0) };
        match Errno::from_return(done) {
            None => Ok(Self { program, map, how }),
            Some(errno) => Err(errno),
        }
    }
}

impl Drop for AtSockets {
    fn drop(&mut self) {
        // SAFETY: both descriptors are open. Where it is gone already nothing is left to do.
        unsafe { libbpf_sys::bpf_prog_detach2(self.program.as_raw_fd(), self.map.as_raw_fd(), self.how) };
    }
}

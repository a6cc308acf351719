//! The system calls that the standard library does not have: namespaces, the name of a process, raw sockets, resource use.
//!
//! Promises: errors are `io::Error`; descriptors are owned. Leaves out: everything that `std` can do.

#![allow(unsafe_code, reason = "each function is one system call with its arguments checked beside it")]

use std::{
    ffi::CStr,
    io,
    net::{Ipv4Addr, UdpSocket},
    os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd},
};

fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// Whether this process runs as root.
pub fn is_root() -> bool {
    // SAFETY: takes nothing, cannot fail.
    unsafe { libc::geteuid() == 0 }
}

/// Moves this thread into a new network namespace.
pub fn unshare_network() -> io::Result<()> {
    // SAFETY: takes a number only.
    check(unsafe { libc::unshare(libc::CLONE_NEWNET) }).map(drop)
}

/// Moves this thread into the network namespace that `namespace` refers to.
pub fn enter_network(namespace: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: the descriptor is open for the whole call.
    check(unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) }).map(drop)
}

/// Sets the name that the kernel shows for this thread (`comm`), at most 15 bytes of it.
pub fn set_name(name: &CStr) {
    // SAFETY: the kernel reads the text up to its end; a longer one is cut.
    unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr()) };
}

/// Keeps this thread on the first processor.
pub fn only_on_first_processor() -> io::Result<()> {
    // SAFETY: all zeros is a valid set; it lives through the call, which is given its size.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(0, &mut set);
        check(libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set)).map(drop)
    }
}

/// Sets the nice value of this process.
pub fn set_nice(nice: i32) -> io::Result<()> {
    // SAFETY: takes numbers only.
    check(unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, nice) }).map(drop)
}

/// The system call with this number and no arguments; its result does not matter to the caller.
pub fn call(number: libc::c_long) {
    // SAFETY: the callers' table holds calls that take no arguments.
    unsafe { libc::syscall(number) };
}

/// A raw ICMP socket; `send_to` and `recv_from` work as on a UDP one, the port is not looked at.
pub fn icmp_socket() -> io::Result<UdpSocket> {
    // SAFETY: takes numbers only, and the new descriptor has no other owner.
    unsafe {
        let fd = check(libc::socket(libc::AF_INET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, libc::IPPROTO_ICMP))?;
        Ok(OwnedFd::from_raw_fd(fd).into())
    }
}

/// A socket for whole frames of a network device; `send` and `recv` work as on a connected UDP one.
pub fn frame_socket(device: &CStr) -> io::Result<UdpSocket> {
    let everything = (libc::ETH_P_ALL as u16).to_be();
    // SAFETY: all zeros is a valid `sockaddr_ll`; it lives through the call, which is given its size, and the new descriptor has no
    // other owner.
    unsafe {
        let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC;
        let fd = check(libc::socket(libc::AF_PACKET, kind, i32::from(everything)))?;
        let socket = OwnedFd::from_raw_fd(fd);
        let mut address: libc::sockaddr_ll = std::mem::zeroed();
        address.sll_family = libc::AF_PACKET as libc::sa_family_t;
        address.sll_protocol = everything;
        address.sll_ifindex = device_index(device)? as libc::c_int;
        let size = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
        check(libc::bind(fd, (&raw const address).cast(), size))?;
        Ok(socket.into())
    }
}

/// A UDP socket at a port of 127.0.0.1, which others may share.
pub fn shared_socket(port: u16) -> io::Result<UdpSocket> {
    let address = libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: port.to_be(),
        sin_addr: libc::in_addr { s_addr: u32::from(Ipv4Addr::LOCALHOST).to_be() },
        sin_zero: [0; 8],
    };
    // SAFETY: the new descriptor has no other owner; option and address live through the calls, which are given their sizes.
    unsafe {
        let fd = check(libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0))?;
        let socket = OwnedFd::from_raw_fd(fd);
        let (on, size) = (1 as libc::c_int, size_of::<libc::c_int>() as libc::socklen_t);
        check(libc::setsockopt(fd, libc::SOL_SOCKET, libc::SO_REUSEPORT, (&raw const on).cast(), size))?;
        let size = size_of::<libc::sockaddr_in>() as libc::socklen_t;
        check(libc::bind(fd, (&raw const address).cast(), size))?;
        Ok(socket.into())
    }
}

/// Sets the loopback device of this thread's network namespace up.
pub fn raise_loopback() -> io::Result<()> {
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    // SAFETY: all zeros is a valid `ifreq`; the name is short and closed by the zero after it; the request outlives both calls.
    unsafe {
        let mut request: libc::ifreq = std::mem::zeroed();
        request.ifr_name[0] = b'l' as libc::c_char;
        request.ifr_name[1] = b'o' as libc::c_char;
        check(libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFFLAGS, &raw mut request))?;
        request.ifr_ifru.ifru_flags |= libc::IFF_UP as libc::c_short;
        check(libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request)).map(drop)
    }
}

/// The index of a network device in this thread's namespace.
pub fn device_index(name: &CStr) -> io::Result<u32> {
    // SAFETY: the name is closed by a zero.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => Err(io::Error::last_os_error()),
        index => Ok(index),
    }
}

/// How a process ended.
#[derive(Debug, Clone, Copy)]
pub struct Ended {
    /// Exit status; `None` if a signal ended it.
    pub status: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Peak of its resident memory in bytes.
    pub peak_memory: u64,
}

/// Waits for the child process `pid`.
pub fn wait(pid: u32) -> io::Result<Ended> {
    let mut status = 0;
    loop {
        // SAFETY: both results live here; all zeros is a valid `rusage`.
        let (result, usage) = unsafe {
            let mut usage: libc::rusage = std::mem::zeroed();
            (libc::wait4(pid as libc::pid_t, &raw mut status, 0, &raw mut usage), usage)
        };
        match check(result) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
            Ok(_) => {
                return Ok(Ended {
                    status: libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status)),
                    signal: libc::WIFSIGNALED(status).then(|| libc::WTERMSIG(status)),
                    peak_memory: usage.ru_maxrss as u64 * 1024,
                });
            }
        }
    }
}

/// Ends the process group `group` at once.
pub fn kill_group(group: u32) {
    // SAFETY: takes numbers only; the caller started that group and has not yet waited for its leader.
    unsafe { libc::kill(-(group as libc::pid_t), libc::SIGKILL) };
}

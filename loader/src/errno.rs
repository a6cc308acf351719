//! Error numbers of the kernel and of libbpf.
//!
//! Promises: every number prints as its symbol where it has one (`EACCES`), with its text; libbpf's own
//! numbers (4000 and up) too.
//! Leaves out: what a number means for one operation; the error types say that.

use std::fmt;
use std::io;

/// A positive error number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Errno(pub i32);

/// Symbols that `bpf()`, `perf_event_open()` and libbpf return. Source: `include/uapi/asm-generic/errno*.h`,
/// `include/linux/errno.h`, libbpf's `libbpf.h`.
const NAMES: &[(i32, &str, &str)] = &[
    (1, "EPERM", "operation not permitted"),
    (2, "ENOENT", "no such file, symbol or key"),
    (3, "ESRCH", "not found"),
    (4, "EINTR", "interrupted"),
    (5, "EIO", "input/output error"),
    (6, "ENXIO", "no such device or address"),
    (7, "E2BIG", "too big, or full"),
    (9, "EBADF", "bad file descriptor"),
    (11, "EAGAIN", "try again"),
    (12, "ENOMEM", "out of memory"),
    (13, "EACCES", "permission denied"),
    (14, "EFAULT", "bad address"),
    (16, "EBUSY", "busy"),
    (17, "EEXIST", "exists already"),
    (19, "ENODEV", "no such device"),
    (20, "ENOTDIR", "not a directory"),
    (21, "EISDIR", "is a directory"),
    (22, "EINVAL", "invalid argument"),
    (23, "ENFILE", "too many open files in the system"),
    (24, "EMFILE", "too many open files"),
    (27, "EFBIG", "file too large"),
    (28, "ENOSPC", "no space left"),
    (34, "ERANGE", "out of range"),
    (36, "ENAMETOOLONG", "name too long"),
    (38, "ENOSYS", "no such system call"),
    (40, "ELOOP", "too many levels"),
    (61, "ENODATA", "no data"),
    (71, "EPROTO", "protocol error"),
    (75, "EOVERFLOW", "value too large"),
    (77, "EBADFD", "file descriptor in bad state"),
    (84, "EILSEQ", "illegal sequence"),
    (90, "EMSGSIZE", "message too long"),
    (95, "EOPNOTSUPP", "operation not supported"),
    (98, "EADDRINUSE", "address in use"),
    (100, "ENETDOWN", "network is down"),
    (110, "ETIMEDOUT", "timed out"),
    (114, "EALREADY", "already in progress"),
    (116, "ESTALE", "stale handle"),
    (524, "ENOTSUPP", "not supported by this kernel"),
    (4000, "LIBBPF_ELIBELF", "something wrong in libelf"),
    (4001, "LIBBPF_EFORMAT", "not a BPF object"),
    (4002, "LIBBPF_EKVERSION", "bad kernel version section"),
    (4003, "LIBBPF_EENDIAN", "other byte order than this machine's"),
    (4004, "LIBBPF_EINTERNAL", "libbpf internal error"),
    (4005, "LIBBPF_ERELOC", "relocation failed"),
    (4006, "LIBBPF_ELOAD", "load failed for an unknown reason"),
    (4007, "LIBBPF_EVERIFY", "refused by the verifier"),
    (4008, "LIBBPF_EPROG2BIG", "program too big"),
    (4009, "LIBBPF_EKVER", "wrong kernel version"),
    (4010, "LIBBPF_EPROGTYPE", "kernel has no such program type"),
    (4011, "LIBBPF_EWRNGPID", "wrong process id in a netlink message"),
    (4012, "LIBBPF_EINVSEQ", "wrong sequence number in a netlink message"),
    (4013, "LIBBPF_ENLPARSE", "bad netlink message"),
];

impl Errno {
    /// `EPERM`.
    pub const EPERM: Self = Self(1);
    /// `ENOENT`.
    pub const ENOENT: Self = Self(2);
    /// `ESRCH`.
    pub const ESRCH: Self = Self(3);
    /// `E2BIG`.
    pub const E2BIG: Self = Self(7);
    /// `EACCES`.
    pub const EACCES: Self = Self(13);
    /// It is there already.
    pub const EEXIST: Self = Self(17);
    /// `EINVAL`.
    pub const EINVAL: Self = Self(22);
    /// `ENOSPC`.
    pub const ENOSPC: Self = Self(28);
    /// `EOPNOTSUPP`.
    pub const EOPNOTSUPP: Self = Self(95);
    /// The kernel's internal `ENOTSUPP`, which leaks to user space in places.
    pub const ENOTSUPP: Self = Self(524);

    /// The number that a call returned as `-errno`, or `None` for zero and above.
    pub(crate) fn from_return(value: i32) -> Option<Self> {
        (value < 0).then(|| Self(value.saturating_neg()))
    }

    /// The number that the last failing call of this thread left.
    pub(crate) fn last() -> Self {
        Self(io::Error::last_os_error().raw_os_error().unwrap_or(0))
    }

    /// The symbol, where this crate knows one.
    pub fn name(self) -> Option<&'static str> {
        NAMES.iter().find(|row| row.0 == self.0).map(|row| row.1)
    }

    /// A few words in lower case.
    pub fn text(self) -> &'static str {
        NAMES.iter().find(|row| row.0 == self.0).map_or("unknown error", |row| row.2)
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} ({})", self.text()),
            None => write!(f, "error {}", self.0),
        }
    }
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name}"),
            None => write!(f, "Errno({})", self.0),
        }
    }
}

impl From<&io::Error> for Errno {
    fn from(error: &io::Error) -> Self {
        Self(error.raw_os_error().unwrap_or(5))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A test stops at the first surprise.
    use super::*;

    #[test]
    fn numbers_print_as_symbols() {
        assert_eq!(Errno::EACCES.to_string(), "EACCES (permission denied)");
        assert_eq!(Errno(4001).to_string(), "LIBBPF_EFORMAT (not a BPF object)");
        assert_eq!(Errno(3999).to_string(), "error 3999");
        assert_eq!(Errno::from_return(-22), Some(Errno::EINVAL));
        assert_eq!(Errno::from_return(0), None);
    }

    #[test]
    fn the_table_is_sorted_without_twins() {
        assert!(NAMES.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}

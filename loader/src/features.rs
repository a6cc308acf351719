//! What the running kernel and this process can do.
//!
//! Promises: probing changes nothing and needs no privileges; a probe that cannot find out answers no. Tests
//! name what they need in the words of [`Feature::parse`].
//! Leaves out: which program type needs what; its row says.

#![allow(unsafe_code)] // uname() and the one trial load have no safe wrapper here.

use crate::errno::Errno;
use crate::message;
use pbpf_core::btf::{Btf, Kind};
use std::ffi::CStr;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// Where the kernel shows its own BTF.
pub const KERNEL_BTF: &str = "/sys/kernel/btf/vmlinux";

/// A kernel version. The order is by number; the release text comes last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KernelVersion {
    /// 6 in 6.18.44.
    pub major: u32,
    /// 18 in 6.18.44.
    pub minor: u32,
    /// 44 in 6.18.44; 0 where missing.
    pub patch: u32,
    /// The whole text: `6.18.44-cloud-amd64`.
    pub release: String,
}

impl KernelVersion {
    /// The running kernel's.
    pub fn running() -> Option<Self> {
        // SAFETY: an all-zero utsname is valid, and uname() fills it with NUL-terminated strings.
        let release = unsafe {
            let mut names: libc::utsname = std::mem::zeroed();
            if libc::uname(&raw mut names) != 0 {
                return None;
            }
            CStr::from_ptr(names.release.as_ptr()).to_string_lossy().into_owned()
        };
        Self::parse(&release)
    }

    /// Reads `6.18`, `6.18.44`, `6.18.44-cloud-amd64`.
    pub fn parse(release: &str) -> Option<Self> {
        let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let mut parts = release.splitn(3, '.');
        let major = parts.next()?.parse().ok()?;
        let minor = parts.next().unwrap_or("0");
        let minor = minor[..digits(minor)].parse().ok()?;
        let patch = parts.next().and_then(|p| p[..digits(p)].parse().ok()).unwrap_or(0);
        Some(Self { major, minor, patch, release: release.to_owned() })
    }

    /// Whether it is `major.minor` or later.
    pub fn at_least(&self, major: u32, minor: u32) -> bool {
        (self.major, self.minor) >= (major, minor)
    }
}

impl fmt::Display for KernelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.release)
    }
}

/// Whether this process holds the capabilities that loading takes: CAP_SYS_ADMIN, or CAP_BPF and CAP_PERFMON.
pub fn privileged() -> bool {
    // Bits of include/uapi/linux/capability.h.
    let (sys_admin, perfmon, bpf) = (1 << 21, 1 << 38, 1 << 39);
    match effective_capabilities() {
        Some(set) => set & sys_admin != 0 || set & (perfmon | bpf) == perfmon | bpf,
        // Without /proc (an init that has not mounted it yet) root is assumed to have them.
        // SAFETY: geteuid() has no preconditions and cannot fail.
        None => unsafe { libc::geteuid() == 0 },
    }
}

fn effective_capabilities() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let hex = status.lines().find_map(|line| line.strip_prefix("CapEff:"))?;
    u64::from_str_radix(hex.trim(), 16).ok()
}

/// Whether the kernel loads a program of two instructions for this process; the error number where it does not.
pub fn bpf_permitted() -> Result<(), Errno> {
    // A tracing type: socket filters load without privileges where sysctl kernel.unprivileged_bpf_disabled is 0.
    trial_load(libbpf_sys::BPF_PROG_TYPE_TRACEPOINT, None)
}

/// Loads `r0 = 0; exit` as a program of the kernel's type `kind`, to be attached at the place named, and lets it go.
fn trial_load(kind: u32, attach: Option<(u32, &CStr)>) -> Result<(), Errno> {
    let instructions = [
        libbpf_sys::bpf_insn { code: 0xb7, ..Default::default() },
        libbpf_sys::bpf_insn { code: 0x95, ..Default::default() },
    ];
    let mut options = libbpf_sys::bpf_prog_load_opts {
        sz: size_of::<libbpf_sys::bpf_prog_load_opts>() as libbpf_sys::size_t,
        ..Default::default()
    };
    let load = || {
        // SAFETY: instructions, options and strings live past the calls.
        unsafe {
            if let Some((attach_type, function)) = attach {
                let id = libbpf_sys::libbpf_find_vmlinux_btf_id(function.as_ptr(), attach_type);
                if id <= 0 {
                    return id;
                }
                options.expected_attach_type = attach_type;
                options.attach_btf_id = id as u32;
            }
            let (name, license) = (std::ptr::null(), c"GPL".as_ptr());
            let count = instructions.len() as libbpf_sys::size_t;
            libbpf_sys::bpf_prog_load(kind, name, license, instructions.as_ptr(), count, &raw mut options)
        }
    };
    let fd = message::capture(load).0;
    if let Some(errno) = Errno::from_return(fd) {
        return Err(errno);
    }
    // SAFETY: the kernel just returned this descriptor, and nothing else holds it.
    unsafe { libc::close(fd) };
    Ok(())
}

/// Whether the kernel has BTF of itself.
pub fn has_btf() -> bool {
    Path::new(KERNEL_BTF).exists()
}

/// Something a kernel may have or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Feature {
    /// This version or later.
    Kernel {
        /// Major number.
        major: u32,
        /// Minor number.
        minor: u32,
    },
    /// `bpf()` loads programs for this process.
    Bpf,
    /// The kernel has BTF of itself.
    Btf,
    /// This file exists.
    File(String),
    /// The kernel's BTF has a struct of that name.
    Struct(String),
    /// The kernel's BTF has a function of that name.
    Function(String),
    /// The kernel tells the address of a symbol of that name: a function, or with CONFIG_KALLSYMS_ALL a variable.
    Symbol(String),
    /// Programs load at the entry of kernel functions. The BTF may name what this needs and the kernel refuse all
    /// the same, so one is loaded.
    Fentry,
    /// Programs load at security hooks.
    BpfLsm,
}

/// Names for probes that would be long to spell; each is the kernel's own word for the feature.
const NAMED: &[(&str, &str)] = &[
    // The perf event source that CONFIG_KPROBE_EVENTS registers.
    ("kprobes", "file:/sys/bus/event_source/devices/kprobe"),
    ("uprobes", "file:/sys/bus/event_source/devices/uprobe"),
    ("sched_ext", "file:/sys/kernel/sched_ext/state"),
];

impl Feature {
    /// Reads `kernel>=6.12`, `bpf`, `btf`, `file:/sys/...`, `struct:sched_ext_ops`, `function:vfs_unlink`,
    /// `symbol:jiffies`, or a name: `kprobes`, `uprobes`, `sched_ext`, `fentry`, `bpf_lsm`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(version) =
            text.strip_prefix("kernel").map(str::trim_start).and_then(|t| t.strip_prefix(">="))
        {
            let version = KernelVersion::parse(version.trim())?;
            return Some(Self::Kernel { major: version.major, minor: version.minor });
        }
        let argument = |prefix| text.strip_prefix(prefix).map(str::to_owned).filter(|a| !a.is_empty());
        match text {
            "bpf" => Some(Self::Bpf),
            "btf" => Some(Self::Btf),
            "fentry" => Some(Self::Fentry),
            "bpf_lsm" => Some(Self::BpfLsm),
            _ => argument("file:")
                .map(Self::File)
                .or_else(|| argument("struct:").map(Self::Struct))
                .or_else(|| argument("function:").map(Self::Function))
                .or_else(|| argument("symbol:").map(Self::Symbol))
                .or_else(|| NAMED.iter().find(|row| row.0 == text).and_then(|row| Self::parse(row.1))),
        }
    }

    /// The words that [`Feature::parse`] knows beside `kernel>=`, `file:`, `struct:`, `function:` and `symbol:`.
    pub fn names() -> impl Iterator<Item = &'static str> {
        ["bpf", "btf", "fentry", "bpf_lsm"].into_iter().chain(NAMED.iter().map(|row| row.0))
    }

    /// Whether the running kernel has it.
    pub fn present(&self) -> bool {
        match self {
            Self::Kernel { major, minor } => {
                KernelVersion::running().is_some_and(|k| k.at_least(*major, *minor))
            }
            Self::Bpf => bpf_permitted().is_ok(),
            Self::Btf => has_btf(),
            Self::File(path) => Path::new(path).exists(),
            Self::Struct(name) => in_kernel_btf(name, Kind::Struct),
            Self::Function(name) => in_kernel_btf(name, Kind::Func),
            Self::Symbol(name) => std::fs::read_to_string("/proc/kallsyms")
                .is_ok_and(|all| all.lines().any(|line| line.split_whitespace().nth(2) == Some(name))),
            Self::Fentry => {
                let attach = libbpf_sys::BPF_TRACE_FENTRY;
                trial_load(libbpf_sys::BPF_PROG_TYPE_TRACING, Some((attach, c"vfs_read"))).is_ok()
            }
            Self::BpfLsm => {
                let attach = libbpf_sys::BPF_LSM_MAC;
                trial_load(libbpf_sys::BPF_PROG_TYPE_LSM, Some((attach, c"file_open"))).is_ok()
            }
        }
    }
}

fn in_kernel_btf(name: &str, kind: Kind) -> bool {
    let Ok(bytes) = std::fs::read(KERNEL_BTF) else { return false };
    Btf::new(Arc::new(bytes)).is_ok_and(|btf| btf.find(name, kind).is_some())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A test stops at the first surprise.
    use super::*;

    #[test]
    fn versions_parse_and_compare() {
        let version = |text| KernelVersion::parse(text).unwrap();
        let v = version("6.18.44-cloud-amd64");
        assert_eq!((v.major, v.minor, v.patch), (6, 18, 44));
        assert!(v.at_least(6, 12) && v.at_least(6, 18) && !v.at_least(6, 19) && !v.at_least(7, 0));
        assert_eq!(version("7.3-rc1").minor, 3);
        assert_eq!(version("7").major, 7);
        assert!(KernelVersion::parse("linux").is_none());
        assert!(KernelVersion::parse("6.x").is_none());
        assert!(KernelVersion::running().is_some());
    }

    #[test]
    fn features_parse() {
        assert_eq!(Feature::parse("kernel >= 6.12"), Some(Feature::Kernel { major: 6, minor: 12 }));
        assert_eq!(Feature::parse("struct:sched_ext_ops"), Some(Feature::Struct("sched_ext_ops".into())));
        assert_eq!(Feature::parse("sched_ext"), Some(Feature::File("/sys/kernel/sched_ext/state".into())));
        assert_eq!(Feature::parse("file:"), None);
        assert_eq!(Feature::parse("warp"), None);
        for name in Feature::names() {
            assert!(Feature::parse(name).is_some(), "{name}");
        }
    }
}

//! A program in the kernel.
//!
//! Promises: what the kernel and the verifier say about it, as plain data that outlives it.
//! Leaves out: attaching (`attach`) and test runs (`test_run`).

#![allow(unsafe_code)] // bpf_prog_info has more members than libbpf-rs shows.

use crate::classify::ProgramLog;
use crate::loaded::Handle;
use crate::verifier_log::Stats;
use libbpf_rs::AsRawLibbpf as _;
use std::ffi::CStr;
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::ptr::NonNull;
use std::sync::Arc;

/// What is known of an accepted program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProgramReport {
    /// The kernel's name of its type: `kprobe`, `sched_cls`.
    pub kernel_type: String,
    /// Instructions (of 8 bytes) after the verifier rewrote it, subprograms included.
    pub instructions: u32,
    /// Bytes of machine code; 0 when the JIT is off.
    pub machine_bytes: u32,
    /// Instructions that the verifier walked, by `bpf_prog_info` (kernels from 5.16 on); the log has it too.
    pub verified_instructions: u32,
    /// What the verifier counted.
    pub stats: Stats,
    /// The verifier's log: numbers only, unless [`crate::OpenOptions::log`] asked for more.
    pub log: String,
}

/// A loaded program. Cheap to clone; keeps its object in the kernel.
#[derive(Clone, Debug)]
pub struct Program {
    pub(crate) handle: Arc<Handle>,
    pub(crate) index: usize,
    name: String,
    section: String,
    report: ProgramReport,
}

impl Program {
    /// The program at `index` of the object, if it was loaded.
    pub(crate) fn new(handle: &Arc<Handle>, index: usize, logs: &[ProgramLog]) -> Option<Self> {
        let program = handle.object.progs().nth(index)?;
        let name = program.name().to_string_lossy().into_owned();
        let section = program.section().to_string_lossy().into_owned();
        let log = logs.iter().find(|log| log.program == name).map(|log| log.log.clone()).unwrap_or_default();
        let kernel_type = program_type_name(program.prog_type() as u32);
        let mut this =
            Self { handle: Arc::clone(handle), index, name, section, report: ProgramReport::default() };
        let info = program_info(this.fd()?);
        this.report = ProgramReport {
            kernel_type,
            instructions: info.xlated_prog_len / 8,
            machine_bytes: info.jited_prog_len,
            verified_instructions: info.verified_insns,
            stats: Stats::parse(&log),
            log,
        };
        Some(this)
    }

    /// Its name: the function's.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its section, as written.
    pub fn section(&self) -> &str {
        &self.section
    }

    /// What is known of it.
    pub fn report(&self) -> &ProgramReport {
        &self.report
    }

    /// How often it ran and for how many nanoseconds in all. Both are 0 unless run statistics are on (sysctl
    /// `kernel.bpf_stats_enabled`).
    pub fn runs(&self) -> (u64, u64) {
        let info = self.fd().map(program_info).unwrap_or_default();
        (info.run_cnt, info.run_time_ns)
    }

    /// libbpf's object for it, valid as long as `self`.
    pub(crate) fn raw(&self) -> Option<NonNull<libbpf_sys::bpf_program>> {
        self.handle.object.progs().nth(self.index).map(|program| program.as_libbpf_object())
    }

    /// Its descriptor; programs that were not selected have none.
    pub(crate) fn fd(&self) -> Option<BorrowedFd<'_>> {
        let raw = self.raw()?;
        // SAFETY: `raw` is valid while the handle lives. A descriptor that is not negative stays open as long
        // as the object, which `self.handle` keeps.
        unsafe {
            let fd = libbpf_sys::bpf_program__fd(raw.as_ptr());
            (fd >= 0).then(|| BorrowedFd::borrow_raw(fd))
        }
    }
}

fn program_info(fd: BorrowedFd<'_>) -> libbpf_sys::bpf_prog_info {
    let mut info = libbpf_sys::bpf_prog_info::default();
    let mut length = size_of::<libbpf_sys::bpf_prog_info>() as u32;
    // SAFETY: `info` is zeroed, asks for no arrays, and `length` is its size; the kernel writes at most that
    // much. On failure it stays zeroed, which reads as "unknown".
    unsafe { libbpf_sys::bpf_prog_get_info_by_fd(fd.as_raw_fd(), &raw mut info, &raw mut length) };
    info
}

/// The kernel's name of a program type, by libbpf; the number where libbpf has no name for it.
fn program_type_name(number: u32) -> String {
    // SAFETY: any number may be asked; the answer is null or a static string.
    unsafe {
        let name = libbpf_sys::libbpf_bpf_prog_type_str(number);
        if name.is_null() { number.to_string() } else { CStr::from_ptr(name).to_string_lossy().into_owned() }
    }
}

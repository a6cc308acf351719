//! Running a program once, on data or a context given here (`BPF_PROG_TEST_RUN`).
//!
//! Promises: one call gives the result, the data and context afterwards, and the time; the kernel's number
//! where it refuses.
//! Leaves out: program types that the kernel cannot run so (`ENOTSUPP`), and live packets.

#![allow(unsafe_code)] // libbpf-rs hides the error number and cannot leave out the CPU.

use crate::errno::Errno;
use crate::program::Program;
use std::error::Error;
use std::fmt;
use std::os::fd::AsRawFd as _;
use std::time::Duration;

/// Bytes of packet that the kernel takes at least: an Ethernet header (`bpf_test_init` in
/// `net/bpf/test_run.c`).
const MIN_PACKET: usize = 14;
/// Packet meta data put in front of a shorter packet: a multiple of 4, at least [`MIN_PACKET`].
const FILLER: usize = 16;
/// Room for a program that makes the packet longer.
const GROWTH: usize = 512;

/// What a program runs on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TestRun {
    /// The packet, for program types that see one. The kernel refuses packets under 14 bytes; where the
    /// context has `data` and `data_end` first, shorter ones are passed as the beginning or the end of a
    /// longer buffer, and the program sees the length given here.
    pub data: Option<Vec<u8>>,
    /// The context struct as the kernel takes it: `struct __sk_buff` with its writable fields, `u64`
    /// arguments for a raw tracepoint, any bytes for `syscall`.
    pub context: Option<Vec<u8>>,
    /// How often; 0 and 1 are once. Only packets repeat.
    pub repeat: u32,
    /// The CPU to run on, where the program type lets one choose (raw tracepoints).
    pub cpu: Option<u32>,
    /// `BPF_F_TEST_*` of `include/uapi/linux/bpf.h`.
    pub flags: u32,
}

impl TestRun {
    /// A run on a packet.
    pub fn packet(data: impl Into<Vec<u8>>) -> Self {
        Self { data: Some(data.into()), ..Self::default() }
    }

    /// A run on a context.
    pub fn context(context: impl Into<Vec<u8>>) -> Self {
        Self { context: Some(context.into()), ..Self::default() }
    }

    fn is_short_packet(&self) -> bool {
        self.context.is_none() && self.data.as_ref().is_some_and(|data| data.len() < MIN_PACKET)
    }

    /// The same run in a buffer of which the program sees a part. `struct xdp_md` starts with `data` and
    /// `data_end`, offsets in the buffer when given to a run.
    fn within(&self, buffer: Vec<u8>, data: usize, data_end: usize) -> Self {
        let mut context = vec![0; 24];
        context[..4].copy_from_slice(&(data as u32).to_ne_bytes());
        context[4..8].copy_from_slice(&(data_end as u32).to_ne_bytes());
        Self { data: Some(buffer), context: Some(context), ..self.clone() }
    }
}

/// What came of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TestResult {
    /// The program's result; `as i32` for program types that return negative numbers.
    pub value: u32,
    /// The packet afterwards.
    pub data: Vec<u8>,
    /// The context afterwards, where the kernel returns it.
    pub context: Vec<u8>,
    /// Time of one run, on average.
    pub duration: Duration,
}

/// The kernel did not run the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestRunError {
    /// The program.
    pub program: String,
    /// `ENOTSUPP` where the program type cannot be run; `EINVAL` for data, context or flags that do not suit
    /// it.
    pub errno: Errno,
}

impl fmt::Display for TestRunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot run program '{}': {}", self.program, self.errno)?;
        match self.errno {
            Errno::ENOTSUPP => f.write_str("; programs of its type only run where they are attached"),
            Errno::EINVAL => f.write_str("; the data or context given does not suit its type"),
            _ => Ok(()),
        }
    }
}

impl Error for TestRunError {}

impl Program {
    /// Runs it.
    pub fn test_run(&self, run: &TestRun) -> Result<TestResult, TestRunError> {
        match self.run_once(run) {
            Err(Errno::EINVAL) if run.is_short_packet() => {
                self.run_short_packet(run.data.as_deref().unwrap_or_default(), run)
            }
            other => other,
        }
        .map_err(|errno| TestRunError { program: self.name().to_owned(), errno })
    }

    /// Runs on a packet that is too short for the kernel's taste.
    fn run_short_packet(&self, packet: &[u8], run: &TestRun) -> Result<TestResult, Errno> {
        // Kernels from 6.18 on take a `data_end` before the end of the buffer: the program sees what is
        // before it.
        let mut padded = packet.to_vec();
        padded.resize(MIN_PACKET, 0);
        if let Ok(mut result) = self.run_once(&run.within(padded, 0, packet.len())) {
            result.data.truncate(packet.len());
            return Ok(result);
        }
        // Older ones count packet meta data, which lies before `data`, into the length that they check.
        let mut behind = vec![0; FILLER];
        behind.extend(packet);
        let end = behind.len();
        let mut result = self.run_once(&run.within(behind, FILLER, end))?;
        result.data.drain(..FILLER.min(result.data.len()));
        Ok(result)
    }

    fn run_once(&self, run: &TestRun) -> Result<TestResult, Errno> {
        let fd = self.fd().ok_or(Errno::EINVAL)?;
        let mut options = libbpf_sys::bpf_test_run_opts {
            sz: size_of::<libbpf_sys::bpf_test_run_opts>() as libbpf_sys::size_t,
            repeat: run.repeat.min(i32::MAX as u32) as i32,
            flags: run.flags,
            ..Default::default()
        };
        if let Some(cpu) = run.cpu {
            options.cpu = cpu;
            options.flags |= 1; // BPF_F_TEST_RUN_ON_CPU
        }
        let mut data = Vec::new();
        if let Some(bytes) = &run.data {
            data = vec![0; bytes.len() + GROWTH];
            options.data_in = bytes.as_ptr().cast();
            options.data_size_in = bytes.len() as u32;
            options.data_out = data.as_mut_ptr().cast();
            options.data_size_out = data.len() as u32;
        }
        let mut context_in = run.context.clone().unwrap_or_default();
        // A raw tracepoint takes a context and gives none back: it refuses a buffer for it.
        let mut context = if run.data.is_some() { vec![0; context_in.len()] } else { Vec::new() };
        if run.context.is_some() {
            // `syscall` programs write to the buffer given.
            options.ctx_in = context_in.as_mut_ptr().cast();
            options.ctx_size_in = context_in.len() as u32;
        }
        if !context.is_empty() {
            options.ctx_out = context.as_mut_ptr().cast();
            options.ctx_size_out = context.len() as u32;
        }
        // SAFETY: each buffer is as long as its size says and lives past the call.
        let code = unsafe { libbpf_sys::bpf_prog_test_run_opts(fd.as_raw_fd(), &raw mut options) };
        if let Some(errno) = Errno::from_return(code) {
            return Err(errno);
        }
        data.truncate(options.data_size_out as usize);
        if context.is_empty() {
            context = context_in;
        } else {
            context.truncate(options.ctx_size_out as usize);
        }
        let duration = Duration::from_nanos(options.duration.into());
        Ok(TestResult { value: options.retval, data, context, duration })
    }
}

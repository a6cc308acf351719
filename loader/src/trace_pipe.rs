//! What programs print with `bpf_trace_printk`, as it comes.
//!
//! Promises: nothing that was printed before [`TracePipe::open`] shows, and nothing printed after it is lost
//! to another reader: the lines come from a tracing instance of our own, `instances/pbpf-PID-N` in tracefs,
//! that the kernel feeds beside the global buffer. Dropping the pipe removes the instance; opening one
//! removes those of processes that died. Where no instance can be made (kernels before 5.9 have no event to
//! feed it with), the global pipe is read, which takes its lines from other readers, and
//! [`TracePipe::is_shared`] says so.
//! Leaves out: telling programs apart: the kernel does not record which one printed. Filter by process or by
//! text.
//!
//! tracefs is taken from `/sys/kernel/tracing`, mounted there if it is not (this takes root; it stays
//! mounted), or from `/sys/kernel/debug/tracing`.

#![allow(unsafe_code)] // mount() and poll().

use crate::errno::Errno;
use std::collections::VecDeque;
use std::error::Error;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const TRACEFS: &str = "/sys/kernel/tracing";
const OLD_TRACEFS: &str = "/sys/kernel/debug/tracing";
const EVENT: &str = "bpf_trace_printk";
const OUR_PREFIX: &str = "pbpf-";
/// The longest sleep: the global pipe only wakes a reader when its buffer is half full.
const NAP: Duration = Duration::from_millis(20);

/// One line that a program printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceLine {
    /// Name of the thread that was running; `<...>` where the kernel forgot it.
    pub comm: String,
    /// Its thread id.
    pub pid: u32,
    /// The CPU.
    pub cpu: u32,
    /// Time since boot.
    pub time: Duration,
    /// What was printed, without line breaks at the end.
    pub text: String,
}

/// The pipe cannot be opened or read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceError {
    /// The file or folder.
    pub path: PathBuf,
    /// `mount`, `open`, `read`.
    pub doing: &'static str,
    /// Why.
    pub errno: Errno,
}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {} {}: {}", self.doing, self.path.display(), self.errno)
    }
}

impl Error for TraceError {}

/// An open pipe.
#[derive(Debug)]
pub struct TracePipe {
    file: File,
    path: PathBuf,
    instance: Option<Instance>,
    reader: Reader,
}

impl TracePipe {
    /// Opens the pipe. Open it before attaching, so that no line is missed.
    pub fn open() -> Result<Self, TraceError> {
        let root = tracefs()?;
        let instance = Instance::new(&root);
        let path = instance.as_ref().map_or(root.as_path(), |i| i.folder.as_path()).join("trace_pipe");
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NONBLOCK)
            .open(&path)
            .map_err(|e| TraceError { path: path.clone(), doing: "open", errno: Errno::from(&e) })?;
        Ok(Self { file, path, instance, reader: Reader::default() })
    }

    /// Whether the lines are taken from other readers of the global pipe, and may be older than the pipe.
    pub fn is_shared(&self) -> bool {
        self.instance.is_none()
    }

    /// Lines that the kernel dropped because they came faster than they were read.
    pub fn lost(&self) -> u64 {
        self.reader.lost
    }

    /// The next line, waiting for it until `deadline`.
    pub fn next_line(&mut self, deadline: Instant) -> Result<Option<TraceLine>, TraceError> {
        loop {
            if let Some(line) = self.reader.lines.pop_front() {
                return Ok(Some(line));
            }
            let mut bytes = [0; 16 << 10];
            match self.file.read(&mut bytes) {
                Ok(0) => {}
                Ok(length) => {
                    self.reader.feed(&bytes[..length]);
                    continue;
                }
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                Err(e) => {
                    return Err(TraceError {
                        path: self.path.clone(),
                        doing: "read",
                        errno: Errno::from(&e),
                    });
                }
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            self.wait(left.min(NAP));
        }
    }

    fn wait(&self, time: Duration) {
        let mut poll = libc::pollfd { fd: self.file.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        let millis = time.as_millis().max(1) as i32;
        // SAFETY: one entry, valid for the call. Its answer does not matter: the next read tells.
        let ready = unsafe { libc::poll(&raw mut poll, 1, millis) };
        // A descriptor that is always "ready" must not make a busy loop.
        if ready != 0 && poll.revents & libc::POLLIN == 0 {
            std::thread::sleep(time);
        }
    }
}

impl Drop for TracePipe {
    fn drop(&mut self) {
        // An instance is busy as long as its pipe is open.
        if let Some(instance) = self.instance.take()
            && let Ok(null) = File::open("/dev/null")
        {
            self.file = null;
            drop(instance);
        }
    }
}

/// A tracing instance of our own.
#[derive(Debug)]
struct Instance {
    folder: PathBuf,
}

impl Instance {
    fn new(root: &Path) -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let instances = root.join("instances");
        remove_dead(&instances);
        let name = format!("{OUR_PREFIX}{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = instances.join(name);
        fs::create_dir(&folder).ok()?;
        let instance = Self { folder };
        let write = |file: &str, text: &str| fs::write(instance.folder.join(file), text);
        write(&format!("events/bpf_trace/{EVENT}/enable"), "1").ok()?;
        // Wake a reader at the first line. Kernels without the file wake at once.
        let _ = write("buffer_percent", "0");
        Some(instance)
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // Nobody to tell: the next pipe that opens removes what stays.
        let _ = fs::remove_dir(&self.folder);
    }
}

/// Removes instances of this crate whose process is gone. An instance that is in use is busy and stays.
fn remove_dead(instances: &Path) {
    for entry in fs::read_dir(instances).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(pid) = name.strip_prefix(OUR_PREFIX).and_then(|rest| rest.split('-').next()) else {
            continue;
        };
        if Path::new("/proc/self").exists() && !Path::new("/proc").join(pid).exists() {
            let _ = fs::remove_dir(entry.path());
        }
    }
}

/// The root of tracefs, mounted if need be.
fn tracefs() -> Result<PathBuf, TraceError> {
    let there = |root: &str| Path::new(root).join("trace_pipe").exists();
    if there(TRACEFS) {
        return Ok(TRACEFS.into());
    }
    // SAFETY: all strings are NUL-terminated and live past the call; tracefs takes no data.
    let code = unsafe {
        let name = c"tracefs".as_ptr();
        libc::mount(name, c"/sys/kernel/tracing".as_ptr(), name, 0, std::ptr::null())
    };
    let errno = if code == 0 { Errno(0) } else { Errno::last() };
    if there(TRACEFS) {
        Ok(TRACEFS.into())
    } else if there(OLD_TRACEFS) {
        Ok(OLD_TRACEFS.into())
    } else {
        Err(TraceError { path: TRACEFS.into(), doing: "mount tracefs at", errno })
    }
}

/// Bytes in, lines out.
#[derive(Debug, Default)]
struct Reader {
    /// The beginning of a line whose end has not come.
    partial: Vec<u8>,
    lines: VecDeque<TraceLine>,
    lost: u64,
}

impl Reader {
    /// Takes what one read gave. The kernel gives whole records, so that a line without a header, which
    /// belongs to the line before it (a program printed a line break), comes in the same read as that.
    fn feed(&mut self, bytes: &[u8]) {
        self.partial.extend_from_slice(bytes);
        let Some(end) = self.partial.iter().rposition(|b| *b == b'\n') else { return };
        let rest = self.partial.split_off(end + 1);
        let whole = std::mem::replace(&mut self.partial, rest);
        let mut open = false;
        for line in String::from_utf8_lossy(&whole).lines() {
            if let Some(parsed) = parse(line) {
                self.lines.push_back(parsed);
                open = true;
            } else if let Some(count) = lost_events(line) {
                self.lost += count;
                open = false;
            } else if open && let Some(last) = self.lines.back_mut() {
                last.text.push('\n');
                last.text.push_str(line);
            }
        }
        for line in &mut self.lines {
            line.text.truncate(line.text.trim_end_matches('\n').len());
        }
    }
}

/// `CPU:1 [LOST 12 EVENTS]`
fn lost_events(line: &str) -> Option<u64> {
    line.strip_prefix("CPU:")?.split_once("[LOST ")?.1.split(' ').next()?.parse().ok()
}

/// `     my-comm-4242    [001] ...21  1234.567890: bpf_trace_printk: text`; a thread name may hold anything
/// but is 15 bytes long.
fn parse(line: &str) -> Option<TraceLine> {
    let (head, text) = line.split_once(": bpf_trace_printk: ").or_else(|| {
        // A text of no characters: the kernel prints no space.
        line.strip_suffix(": bpf_trace_printk:").map(|head| (head, ""))
    })?;
    let (head, time) = head.trim_end().rsplit_once(' ')?;
    let (seconds, micros) = time.split_once('.')?;
    let (head, _flags) = head.trim_end().rsplit_once(' ')?;
    let (task, cpu) = head.trim_end().rsplit_once(" [")?;
    let task = task.trim_end();
    // With the option record-tgid: `comm-4242  (   4242)`.
    let task = if task.ends_with(')') { task.rsplit_once('(')?.0.trim_end() } else { task };
    let (comm, pid) = task.rsplit_once('-')?;
    Some(TraceLine {
        comm: comm.trim_start().to_owned(),
        pid: pid.parse().ok()?,
        cpu: cpu.strip_suffix(']')?.parse().ok()?,
        time: Duration::from_secs(seconds.parse().ok()?) + Duration::from_micros(micros.parse().ok()?),
        text: text.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A test stops at the first surprise.
    use super::*;

    #[test]
    fn lines_parse() {
        let line =
            parse("            bash-1234    [001] d..31  5617.204031: bpf_trace_printk: hello: 1").unwrap();
        let time = Duration::new(5617, 204_031_000);
        let expected = TraceLine { comm: "bash".into(), pid: 1234, cpu: 1, time, text: "hello: 1".into() };
        assert_eq!(line, expected);
        let line = parse("   a-b c] [0-7 (   7) [000] ...21     0.000001: bpf_trace_printk: ").unwrap();
        assert_eq!((line.comm.as_str(), line.pid, line.cpu, line.text.as_str()), ("a-b c] [0", 7, 0, ""));
        assert_eq!(
            parse("          <idle>-0       [001] d.h1.  1.5: bpf_trace_printk: x").unwrap().comm,
            "<idle>"
        );
        assert!(parse("# tracer: nop").is_none());
        assert!(parse("bash-1 [001] d..31 5.2: sched_switch: x").is_none());
    }

    #[test]
    fn pieces_and_continuations_join() {
        let mut reader = Reader::default();
        let text = "  a-1   [000] ...1.  1.000000: bpf_trace_printk: one\n\n  a-1   [000] ...1.  1.000001: bpf_trace_printk: two\nmore\n\
                    CPU:1 [LOST 12 EVENTS]\nstray\n";
        let (first, second) = text.as_bytes().split_at(70);
        reader.feed(first);
        reader.feed(second);
        let texts: Vec<&str> = reader.lines.iter().map(|l| l.text.as_str()).collect();
        assert_eq!(texts, ["one", "two\nmore"]);
        assert_eq!(reader.lost, 12);
    }
}

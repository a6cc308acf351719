//! What programs print with `bpf_printk`, read from a trace instance of this process's own.
//!
//! Promises: other readers of the trace pipe take nothing away, and nothing is taken from them: since kernel 5.9 the helper is the
//! event `bpf_trace/bpf_trace_printk`, which every instance can record for itself. Instances of dead processes are removed.
//! Leaves out: other events.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read},
    os::{fd::AsFd, unix::fs::OpenOptionsExt},
    path::{Path, PathBuf},
    process,
    time::{Duration, Instant},
};

const INSTANCES: &str = "/sys/kernel/tracing/instances";
const PREFIX: &str = "pbpf-test-";

/// One printed line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Printed {
    /// The process in which the program ran.
    pub pid: u32,
    /// The text.
    pub text: String,
}

/// An open trace instance.
#[derive(Debug)]
pub struct Trace {
    folder: PathBuf,
    pipe: File,
    partial: Vec<u8>,
    lines: Vec<Printed>,
}

impl Trace {
    /// Starts recording.
    pub fn open() -> io::Result<Self> {
        remove_stale();
        let folder = Path::new(INSTANCES).join(format!("{PREFIX}{}", process::id()));
        fs::create_dir(&folder)?;
        let started =
            fs::write(folder.join("events/bpf_trace/bpf_trace_printk/enable"), "1").and_then(|()| {
                OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(folder.join("trace_pipe"))
            });
        match started {
            Ok(pipe) => Ok(Self { folder, pipe, partial: Vec::new(), lines: Vec::new() }),
            Err(e) => {
                // The first error is the one to tell.
                let _ = fs::remove_dir(&folder);
                Err(e)
            }
        }
    }

    /// All lines up to now, once `enough` of them are there or the time is over.
    pub fn lines(&mut self, limit: Duration, enough: impl Fn(&[Printed]) -> bool) -> io::Result<&[Printed]> {
        let until = Instant::now() + limit;
        loop {
            self.read_what_is_there()?;
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || enough(&self.lines) {
                return Ok(&self.lines);
            }
            // A short wait each: trace_pipe does not wake a poll for every line.
            crate::sys::readable(self.pipe.as_fd(), left.min(Duration::from_millis(50)))?;
        }
    }

    fn read_what_is_there(&mut self) -> io::Result<()> {
        let mut buffer = [0; 4096];
        loop {
            match self.pipe.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(n) => self.partial.extend(&buffer[..n]),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
            while let Some(end) = self.partial.iter().position(|b| *b == b'\n') {
                let line: Vec<u8> = self.partial.drain(..=end).collect();
                self.lines.extend(parse(&String::from_utf8_lossy(&line)));
            }
        }
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        // The pipe keeps the instance busy; it is replaced by something that is not of it.
        if let Ok(null) = File::open("/dev/null") {
            self.pipe = null;
        }
        // What cannot be removed now is removed by the next run.
        let _ = fs::remove_dir(&self.folder);
    }
}

fn remove_stale() {
    let Ok(entries) = fs::read_dir(INSTANCES) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Some(pid) = name.strip_prefix(PREFIX)
            && !Path::new("/proc").join(pid).exists()
        {
            let _ = fs::remove_dir(entry.path());
        }
    }
}

/// Reads `   comm-123   [001] ...11  99.5: bpf_trace_printk: text`. The comm may hold anything but the last `-digits` before the
/// bracket is the process.
fn parse(line: &str) -> Option<Printed> {
    let (head, text) = line.split_once(": bpf_trace_printk: ")?;
    let (task, _) = head.rsplit_once(" [")?;
    let (_, pid) = task.trim_end().rsplit_once('-')?;
    Some(Printed { pid: pid.parse().ok()?, text: text.trim_end_matches('\n').to_owned() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]
    use super::*;

    #[test]
    fn lines_are_taken_apart() {
        let line = "       my [x]-7-1234    [001] ...11   99.531: bpf_trace_printk: hello: 5\n";
        assert_eq!(parse(line), Some(Printed { pid: 1234, text: "hello: 5".to_owned() }));
        assert_eq!(parse("CPU:1 [LOST 12 EVENTS]\n"), None);
    }
}

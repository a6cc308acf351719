//! Runs a program to its end, or to a time limit.
//!
//! Promises: output of any size does not block it; at the limit the program and everything it started is ended; the peak of its memory is known.
//! Leaves out: a terminal, and standard input (there is none).

use crate::sys;
use std::{
    io::{self, Read},
    os::unix::process::CommandExt,
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// What a finished program left behind.
#[derive(Debug, Clone)]
pub struct Finished {
    /// Exit status; `None` if a signal ended it.
    pub status: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Whether the time limit ended it.
    pub timed_out: bool,
    /// Standard output, bytes that are not UTF-8 replaced.
    pub stdout: String,
    /// Standard error, the same.
    pub stderr: String,
    /// Peak of its resident memory in bytes.
    pub peak_memory: u64,
    /// How long it took.
    pub time: Duration,
}

impl Finished {
    /// How it ended, for a message.
    pub fn ending(&self) -> String {
        match (self.timed_out, self.status, self.signal) {
            (true, ..) => format!("ran into the time limit after {:.1} s", self.time.as_secs_f32()),
            (_, Some(status), _) => format!("ended with status {status}"),
            (_, _, Some(signal)) => format!("was ended by signal {signal}"),
            _ => "ended in an unknown way".to_owned(),
        }
    }

    /// The last lines of standard error, for a message.
    pub fn last_words(&self) -> String {
        let lines: Vec<&str> = self.stderr.lines().collect();
        lines[lines.len().saturating_sub(12)..].join("\n")
    }
}

/// Runs `command` for at most `limit`.
pub fn run(command: &mut Command, limit: Duration) -> io::Result<Finished> {
    run_and_watch(command, limit, |_| {})
}

/// The same; `line` sees each piece of standard output as it comes.
pub fn run_and_watch(
    command: &mut Command,
    limit: Duration,
    line: impl FnMut(&[u8]) + Send,
) -> io::Result<Finished> {
    let began = Instant::now();
    // A group of its own, so that the limit reaches what the program started too.
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()?;
    let (pid, stdout, stderr) = (child.id(), child.stdout.take(), child.stderr.take());
    thread::scope(|scope| {
        let stdout = scope.spawn(|| drain(stdout, line));
        let stderr = scope.spawn(|| drain(stderr, |_| {}));
        let (sender, ended) = mpsc::channel();
        scope.spawn(move || {
            // The receiver is there until the answer came.
            let _ = sender.send(sys::wait(pid));
        });
        let (end, timed_out) = if let Ok(end) = ended.recv_timeout(limit) {
            (end?, false)
        } else {
            sys::kill_group(pid);
            (ended.recv().map_err(io::Error::other)??, true)
        };
        // A process that outlives its parent would keep the pipes open; it also keeps the number of the group from being used anew.
        sys::kill_group(pid);
        let text =
            |bytes: thread::Result<Vec<u8>>| String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned();
        Ok(Finished {
            status: end.status,
            signal: end.signal,
            timed_out,
            stdout: text(stdout.join()),
            stderr: text(stderr.join()),
            peak_memory: end.peak_memory,
            time: began.elapsed(),
        })
    })
}

fn drain(pipe: Option<impl Read>, mut line: impl FnMut(&[u8])) -> Vec<u8> {
    let mut all = Vec::new();
    let Some(mut pipe) = pipe else { return all };
    let mut buffer = [0; 4096];
    loop {
        match pipe.read(&mut buffer) {
            Ok(0) => return all,
            Ok(n) => {
                line(&buffer[..n]);
                all.extend(&buffer[..n]);
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return all,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]
    use super::*;

    #[test]
    fn output_and_status() {
        let done =
            run(Command::new("sh").args(["-c", "echo out; echo err >&2; exit 3"]), Duration::from_secs(10))
                .unwrap();
        assert_eq!((done.status, done.stdout.as_str(), done.stderr.as_str()), (Some(3), "out\n", "err\n"));
        assert!(done.peak_memory > 100_000);
        assert_eq!(done.ending(), "ended with status 3");
    }

    #[test]
    fn the_limit_reaches_the_children() {
        let began = Instant::now();
        let done =
            run(Command::new("sh").args(["-c", "sleep 60 & sleep 60"]), Duration::from_millis(200)).unwrap();
        assert!(done.timed_out && began.elapsed() < Duration::from_secs(10));
        assert_eq!(done.signal, Some(9));
    }

    #[test]
    fn much_output_does_not_block() {
        let done = run(Command::new("sh").args(["-c", "head -c 300000 /dev/zero"]), Duration::from_secs(10))
            .unwrap();
        assert_eq!(done.stdout.len(), 300_000);
    }
}

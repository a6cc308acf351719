//! A command as a pass: MIR text on its standard input and output, diagnostics on its standard error.
//!
//! Promises: a time limit for all of it, after which the whole process group is killed; a bound on what is read. The
//! command runs in the folder of the configuration that names it.
//! Leaves out: a shell; the command is a list of arguments.

#![allow(unsafe_code, reason = "std cannot signal a process group")]

use pbpf_core::diag::Diagnostic;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// The time limit where the configuration gives none.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest time limit: a day.
const MAX_TIMEOUT: Duration = Duration::from_secs(86400);

/// More than this is not read.
const MAX_OUTPUT: u64 = 64 << 20;

/// A pass of `[passes.external]`.
#[derive(Clone, Debug)]
pub struct External {
    /// The name.
    pub(crate) name: String,
    /// The program and its arguments.
    pub(crate) command: Vec<String>,
    /// Where it runs: the folder of the configuration.
    dir: PathBuf,
    /// The time limit.
    timeout: Duration,
    /// Passes it runs after.
    pub after: Vec<String>,
    /// Passes it runs before.
    pub before: Vec<String>,
}

/// What the command gave.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) out: Vec<u8>,
    pub(crate) err: Vec<u8>,
    /// Whether it wrote more than is taken.
    pub(crate) overflow: bool,
}

impl External {
    /// The pass `name` of `[passes.external]` of a configuration in `dir`, with a time limit in seconds. It has no place
    /// of its own yet: see [`after`](Self::after) and [`before`](Self::before).
    pub fn new(
        name: &str,
        command: Vec<String>,
        dir: PathBuf,
        timeout: Option<f64>,
    ) -> Result<Self, Diagnostic> {
        if command.first().is_none_or(String::is_empty) {
            let message = format!("the command of external pass `{name}` is empty");
            return Err(Diagnostic::error("plugin-failed", message)
                .help(format!("`[passes.external.{name}]` needs `command = [\"program\", \"argument\"]`")));
        }
        let seconds = timeout.unwrap_or(DEFAULT_TIMEOUT.as_secs_f64());
        let timeout = Duration::try_from_secs_f64(seconds).ok().filter(|t| !t.is_zero() && *t <= MAX_TIMEOUT);
        let Some(timeout) = timeout else {
            let message = format!("the time limit of external pass `{name}` is {seconds} s");
            return Err(Diagnostic::error("plugin-timeout", message)
                .help("`timeout` is a number of seconds above 0, at most 86400"));
        };
        // The empty path, the folder of a configuration named without one, is none to go to.
        let dir = if dir.as_os_str().is_empty() { PathBuf::from(".") } else { dir };
        Ok(Self { name: name.to_owned(), command, dir, timeout, after: Vec::new(), before: Vec::new() })
    }

    /// Runs the command on a text.
    pub(crate) fn run(&self, input: &str) -> Result<Finished, Diagnostic> {
        let name = &self.name;
        let (program, args) = self.command.split_first().map_or(("", &[][..]), |(p, a)| (p.as_str(), a));
        let started = Command::new(program)
            .args(args)
            .current_dir(&self.dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn();
        let mut child = started.map_err(|error| {
            let message = format!("the command `{program}` of external pass `{name}` cannot be started");
            let code = match error.kind() {
                ErrorKind::NotFound | ErrorKind::PermissionDenied => "plugin-missing",
                _ => "plugin-failed",
            };
            Diagnostic::error(code, message)
                .note(format!("{error}, in folder `{}`", self.dir.display()))
                .help("a program without a slash is looked for in PATH, another one from the folder of the configuration")
        })?;
        let deadline = Instant::now() + self.timeout;
        let finished = talk(&mut child, input, deadline);
        // Also behind a command that ended: what it started must not go on. The command is not waited for before, so its
        // number, which is the group's, cannot have been given out again.
        kill_group(&child);
        let status = child.wait();
        let seconds = self.timeout.as_secs_f64();
        let Some((out, err)) = finished else {
            let message = format!("external pass `{name}` took longer than {seconds} s");
            let longer = (seconds * 10.0).ceil();
            return Err(Diagnostic::error("plugin-timeout", message)
                .note("it was killed, with all that it had started")
                .help(format!("give it more time: `timeout = {longer}` in `[passes.external.{name}]`")));
        };
        let status = status.map_err(|error| {
            Diagnostic::error("plugin-failed", format!("cannot wait for external pass `{name}`: {error}"))
        })?;
        let overflow = [&out, &err].iter().any(|b| b.len() as u64 > MAX_OUTPUT);
        Ok(Finished { status, out, err, overflow })
    }
}

/// Writes the input and reads what comes back until the command ends. `None` if the deadline came first.
fn talk(child: &mut Child, input: &str, deadline: Instant) -> Option<(Vec<u8>, Vec<u8>)> {
    // The threads are not joined: a process that left the group may hold the pipes open for ever.
    if let Some(mut stdin) = child.stdin.take() {
        let input = input.to_owned();
        // A command that does not read all is none of our business.
        std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    }
    let out = read_all(child.stdout.take());
    let err = read_all(child.stderr.take());
    let left = || deadline.saturating_duration_since(Instant::now());
    let out = out.recv_timeout(left()).ok()?;
    let err = err.recv_timeout(left()).ok()?;
    let mut pause = Duration::from_micros(100);
    while !has_ended(child) {
        if left().is_zero() {
            return None;
        }
        std::thread::sleep(pause.min(left()));
        pause = (pause * 2).min(Duration::from_millis(20));
    }
    Some((out, err))
}

/// Whether a child ended; it is not waited for, so its number stays taken.
fn has_ended(child: &Child) -> bool {
    // SAFETY: an all-zero siginfo_t is valid, and waitid writes at most that; it leaves the number 0 if none ended.
    unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        let flags = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
        libc::waitid(libc::P_PID, child.id(), &raw mut info, flags) != 0 || info.si_pid() != 0
    }
}

/// Reads a pipe to its end, in a thread of its own, so that neither side waits for the other.
fn read_all(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<Vec<u8>> {
    let (send, receive) = mpsc::channel();
    if let Some(pipe) = pipe {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            // One byte more than is taken shows that there was more; closing the pipe then ends the command.
            let _ = pipe.take(MAX_OUTPUT + 1).read_to_end(&mut bytes);
            let _ = send.send(bytes);
        });
    }
    receive
}

fn kill_group(child: &Child) {
    if let Ok(group) = i32::try_from(child.id()) {
        // SAFETY: no memory is involved.
        unsafe { libc::kill(-group, libc::SIGKILL) };
    }
}

//! Callbacks that the kernel may end by itself, and what it says then.
//!
//! Promises: what the kernel log says is from behind [`Watch::new`], the lines of the subsystem only. Leaves out: what the lines mean.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The kernel log: one record for each read.
const LOG: &str = "/dev/kmsg";

/// The longest record (`PRINTK_MESSAGE_MAX`).
const RECORD: usize = 8192;

/// How long the last lines may take to come behind the state.
const PATIENCE: Duration = Duration::from_millis(500);

/// Where the kernel shows whether it still runs callbacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// A file with one word.
    pub state: PathBuf,
    /// The words while they are at work.
    pub at_work: Vec<String>,
    /// What the subsystem's lines in the kernel log begin with.
    pub log: String,
}

/// A watch over callbacks that were attached.
#[derive(Debug)]
pub struct Watch {
    shown: Shown,
    log: Option<File>,
    lines: Vec<String>,
}

impl Watch {
    /// Begins before they are attached: what the log has already is not theirs. Without a log that can be read the state alone is
    /// watched.
    pub fn new(shown: Shown) -> Self {
        let open = || -> io::Result<File> {
            let mut log = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(LOG)?;
            log.seek(SeekFrom::End(0))?;
            Ok(log)
        };
        Self { shown, log: open().ok(), lines: Vec::new() }
    }

    /// What the kernel said, once it has ended them; nothing while they are at work.
    pub fn ended(&mut self) -> Option<&[String]> {
        let state = std::fs::read_to_string(&self.shown.state).unwrap_or_default();
        if self.shown.at_work.iter().any(|word| word == state.trim()) {
            return None;
        }
        // The state changes in front of the last lines.
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            self.read();
            std::thread::sleep(PATIENCE / 10);
        }
        Some(&self.lines)
    }

    fn read(&mut self) {
        let Some(log) = &mut self.log else { return };
        let mut record = vec![0; RECORD];
        loop {
            match log.read(&mut record) {
                Ok(0) => return,
                Ok(length) => {
                    let text = String::from_utf8_lossy(&record[..length]);
                    // `PRIORITY,NUMBER,TIME,FLAGS;TEXT`, and lines of further facts.
                    let line = text.split_once(';').and_then(|(_, text)| text.lines().next());
                    let line = line.filter(|line| line.starts_with(&self.shown.log));
                    self.lines.extend(line.map(str::to_owned));
                }
                // Records that were overwritten before they were read.
                Err(e) if e.raw_os_error() == Some(libc::EPIPE) => {}
                Err(_) => return,
            }
        }
    }
}

//! Callbacks that the kernel may end by itself, and what it says then.
//!
//! Promises: what the kernel log says is from behind [`Watch::new`], the lines of the subsystem only. Leaves out: what the lines mean.

#![allow(unsafe_code)] // bpf(BPF_OBJ_GET_INFO_BY_FD).

use crate::features::KERNEL_BTF;
use crate::map::Map;
use pbpf_core::btf::{Btf, Type, TypeId};
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;
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

impl Map {
    /// The kernel's struct whose callbacks it is (`sched_ext_ops`), of a struct_ops map.
    pub fn callbacks_of(&self) -> Option<String> {
        if !self.is_struct_ops() {
            return None;
        }
        let mut info = libbpf_sys::bpf_map_info::default();
        let mut size = size_of_val(&info) as u32;
        // SAFETY: the descriptor is open as long as the map, and `info` has the size that is named.
        let done = unsafe {
            libbpf_sys::bpf_map_get_info_by_fd(self.handle.as_fd().as_raw_fd(), &raw mut info, &raw mut size)
        };
        let btf = Btf::new(Arc::new(std::fs::read(KERNEL_BTF).ok()?)).ok()?;
        let id = TypeId(info.btf_vmlinux_value_type_id);
        match btf.get(id) {
            Type::Struct(record) if done == 0 => {
                record.name.strip_prefix("bpf_struct_ops_").map(str::to_owned)
            }
            _ => None,
        }
    }
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
        Self::reading(shown, open().ok())
    }

    /// The same with a log that is open, of which each read gives a record or does not wait.
    pub fn reading(shown: Shown, log: Option<File>) -> Self {
        Self { shown, log, lines: Vec::new() }
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

//! From an opened object to one in the kernel.
//!
//! Promises: each program's verifier log is kept apart. Accepted programs are verified once, with the log
//! level that costs nothing; when one is refused, the object is loaded a second time with the full log for
//! that one, so that refusals read well and loads are fast. A failed load leaves nothing behind (libbpf
//! unpins what it pinned).
//! Leaves out: telling what a failure means (`classify`).

#![allow(unsafe_code)] // Log buffers and the errno of a load are not reachable through libbpf-rs.

use crate::classify::{self, Failure, ProgramLog};
use crate::errno::Errno;
use crate::error::LoadError;
use crate::line_info;
use crate::loaded::Loaded;
use crate::message::{self, Message};
use crate::object::{self, LogDetail, Object, OpenOptions, Programs};
use crate::program::ProgramReport;
use crate::verifier_log::SourceLine;
use libbpf_rs::{AsRawLibbpf as _, OpenObject};
use std::collections::BTreeMap;

/// Log bytes for an accepted program: the numbers take a few hundred, warnings of the verifier the rest.
const STATS_BYTES: usize = 64 << 10;
/// Log level for a refused program: `BPF_LOG_LEVEL1`, which keeps the path that failed and forgets the
/// others, with `BPF_LOG_STATS`.
const REFUSED_LEVEL: u32 = 1 | 4;
/// Log bytes for a refused program at first, and at most. The refusal is at the end of the log. Kernels from
/// 6.4 on keep the end of a log that is too long (a loop without an end writes 70 MB), so that the first size
/// does; older ones keep its beginning.
const FULL_BYTES: usize = 1 << 20;
const MAX_BYTES: usize = 256 << 20;

/// What the verifier said of one program.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The program.
    pub program: String,
    /// Its section.
    pub section: String,
    /// The numbers of an accepted program, or why it cannot load.
    pub outcome: Result<ProgramReport, Box<LoadError>>,
}

impl Object {
    /// Loads the selected programs and all maps.
    pub fn load(self) -> Result<Loaded, LoadError> {
        let Self { bytes, options, open, .. } = self;
        let mut logs = BTreeMap::new();
        let (mut open, mut stats) = (open, STATS_BYTES);
        let first = loop {
            let failure = match attempt(open, &options, &logs, stats) {
                Ok(loaded) => return Ok(loaded),
                Err(failure) => failure,
            };
            // Accepted, but for what the verifier had to say on the way, which is more than the log holds.
            if failure.errno != Errno::ENOSPC || failure.refused_program().is_some() || stats >= MAX_BYTES {
                break failure;
            }
            stats *= 64;
            let reopened = message::capture(|| object::open_raw(&bytes, &options)).0;
            let Ok(Ok(mut again)) = reopened else { break failure };
            select(&mut again, &options.programs);
            let mut object =
                Object { bytes: bytes.clone(), options: options.clone(), open: again, messages: Vec::new() };
            // What cannot be set was told when the object was opened first.
            let _ = object.set_from_options();
            open = object.open;
        };
        let Some(mut program) = first.refused_program() else { return Err(first.into_error()) };
        let mut size = FULL_BYTES;
        loop {
            logs.insert(program.clone(), size);
            // The object opened before; should it not open again, the first failure tells what there is to
            // tell.
            let reopened = message::capture(|| object::open_raw(&bytes, &options)).0;
            let Ok(Ok(mut again)) = reopened else { return Err(first.into_error()) };
            select(&mut again, &options.programs);
            let failure = match attempt(again, &options, &logs, stats) {
                Ok(loaded) => return Ok(loaded),
                Err(failure) => failure,
            };
            match failure.refused_program() {
                Some(other) if other != program => program = other,
                Some(_) if failure.errno != Errno::ENOSPC => return Err(failure.into_error()),
                Some(_) if size < MAX_BYTES && !failure.log_has_end(&program) => size *= 4,
                // The log is cut, and the number says so instead of the refusal's.
                Some(_) => return Err(Failure { errno: first.errno, ..failure }.into_error()),
                None => return Err(failure.into_error()),
            }
        }
    }

    /// Asks the kernel about each selected program, attaching nothing and keeping nothing loaded. One verdict
    /// per selected program, in the object's order. `Err` when it is not about one program: no privilege, a
    /// map that cannot be made.
    pub fn verify(self) -> Result<(Vec<Verdict>, Vec<Message>), LoadError> {
        let entries: Vec<_> = self.programs().into_iter().filter(|p| p.selected).collect();
        let Self { bytes, mut options, open, .. } = self;
        let mut refused: BTreeMap<String, LoadError> = BTreeMap::new();
        let mut current = Some(open);
        let loaded = loop {
            let remaining: Vec<String> =
                entries.iter().map(|p| p.name.clone()).filter(|name| !refused.contains_key(name)).collect();
            if remaining.is_empty() {
                break None;
            }
            options.programs = Programs::Only(remaining);
            let open = match current.take() {
                Some(open) => open,
                None => match message::capture(|| object::open_raw(&bytes, &options)) {
                    (Ok(Ok(mut open)), _) => {
                        select(&mut open, &options.programs);
                        open
                    }
                    (Ok(Err(errno)), messages) => {
                        return Err(LoadError::Other { program: None, errno, messages });
                    }
                    (Err(_), messages) => {
                        return Err(LoadError::Other { program: None, errno: Errno::EINVAL, messages });
                    }
                },
            };
            let mut object =
                Object { bytes: bytes.clone(), options: options.clone(), open, messages: Vec::new() };
            // What cannot be set was told when the object was opened first.
            let _ = object.set_from_options();
            match object.load() {
                Ok(loaded) => break Some(loaded),
                Err(error) => match error.program().map(str::to_owned) {
                    Some(name) if !refused.contains_key(&name) && entries.iter().any(|p| p.name == name) => {
                        refused.insert(name, error);
                    }
                    _ => return Err(error),
                },
            }
        };
        let messages = loaded.as_ref().map(|l| l.messages().to_vec()).unwrap_or_default();
        let verdict = |entry: object::ProgramEntry| {
            let outcome = match refused.remove(&entry.name) {
                Some(error) => Err(Box::new(error)),
                None => Ok(loaded
                    .as_ref()
                    .and_then(|l| l.program(&entry.name))
                    .map(|p| p.report().clone())
                    .unwrap_or_default()),
            };
            Verdict { program: entry.name, section: entry.section, outcome }
        };
        Ok((entries.into_iter().map(verdict).collect(), messages))
    }
}

fn select(open: &mut OpenObject, programs: &Programs) {
    for mut program in open.progs_mut() {
        let selected = programs.includes(&program.name().to_string_lossy());
        program.set_autoload(selected);
    }
}

/// Binds a program for packets to a device (`BPF_F_XDP_DEV_BOUND_ONLY` of `include/uapi/linux/bpf.h`).
fn bind(program: &mut libbpf_rs::OpenProgramMut<'_>, device: u32) {
    const DEVICE_BOUND_ONLY: u32 = 1 << 6;
    let raw = program.as_libbpf_object().as_ptr();
    // SAFETY: the program is opened and not loaded.
    unsafe {
        if libbpf_sys::bpf_program__type(raw) == libbpf_sys::BPF_PROG_TYPE_XDP {
            libbpf_sys::bpf_program__set_ifindex(raw, device);
            libbpf_sys::bpf_program__set_flags(raw, libbpf_sys::bpf_program__flags(raw) | DEVICE_BOUND_ONLY);
        }
    }
}

/// Loads once. `full` names programs that were refused before, and the bytes to give their logs; the others get `stats`.
fn attempt(
    mut open: OpenObject,
    options: &OpenOptions,
    full: &BTreeMap<String, usize>,
    stats: usize,
) -> Result<Loaded, Failure> {
    let mut logs = Vec::new();
    for mut program in open.progs_mut() {
        if !program.autoload() {
            continue;
        }
        if let Some(device) = options.device {
            bind(&mut program, device);
        }
        let name = program.name().to_string_lossy().into_owned();
        let (level, bytes) = match (full.get(&name), options.log) {
            (Some(bytes), _) => (REFUSED_LEVEL, *bytes),
            (None, LogDetail::Stats) => (options.log.level(), stats),
            (None, LogDetail::All) => (options.log.level(), MAX_BYTES),
        };
        let mut buffer = LogBuffer {
            name,
            section: program.section().to_string_lossy().into_owned(),
            bytes: vec![0; bytes],
            lines: Vec::new(),
        };
        program.set_log_level(level);
        // SAFETY: the program belongs to `open`, which is not loaded yet. The kernel writes the log during
        // the load below only; the buffer's heap block stays in place until `logs` drops after it.
        unsafe {
            libbpf_sys::bpf_program__set_log_buf(
                program.as_libbpf_object().as_ptr(),
                buffer.bytes.as_mut_ptr().cast(),
                buffer.bytes.len() as libbpf_sys::size_t,
            );
        }
        logs.push(buffer);
    }
    let object = open.as_libbpf_object().as_ptr();
    let (code, messages) = message::capture(|| {
        // SAFETY: `open` owns a valid object that was not loaded before. Line info is there between preparing
        // and loading: a load that fails frees it.
        unsafe {
            if !full.is_empty() {
                let code = libbpf_sys::bpf_object__prepare(object);
                if code < 0 {
                    return code;
                }
                for program in open.progs() {
                    let name = program.name().to_string_lossy();
                    if let Some(buffer) =
                        logs.iter_mut().find(|log| full.contains_key(&log.name) && log.name == name)
                    {
                        buffer.lines = line_info::lines(object, program.as_libbpf_object().as_ptr());
                    }
                }
            }
            libbpf_sys::bpf_object__load(object)
        }
    });
    let logs: Vec<ProgramLog> = logs.into_iter().map(LogBuffer::into_log).collect();
    if let Some(errno) = Errno::from_return(code) {
        return Err(Failure { errno, messages, logs, privileged: crate::features::privileged() });
    }
    // SAFETY: the object is loaded now, and `take_ptr` gives up `open`'s ownership.
    let object = unsafe { libbpf_rs::Object::from_ptr(open.take_ptr()) };
    Ok(Loaded::new(object, &logs, messages))
}

struct LogBuffer {
    name: String,
    section: String,
    bytes: Vec<u8>,
    lines: Vec<SourceLine>,
}

impl LogBuffer {
    fn into_log(self) -> ProgramLog {
        let end = self.bytes.iter().position(|b| *b == 0).unwrap_or(self.bytes.len());
        let log = String::from_utf8_lossy(&self.bytes[..end]).into_owned();
        ProgramLog { program: self.name, section: self.section, log, lines: self.lines }
    }
}

impl Failure {
    fn into_error(self) -> LoadError {
        classify::classify(self)
    }
}

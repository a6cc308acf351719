//! The code of a plugin: a shared library, opened when its first pass runs.
//!
//! Promises: opened `RTLD_NOW | RTLD_LOCAL` and never closed, because code of it may still be referenced (thread-local
//! destructors, a panic hook); `init` once before the first pass; one thread at a time; memory stays with who made it.
//! Leaves out: stopping a pass that never ends, and surviving one that crashes: they share the process.

#![allow(unsafe_code, reason = "calls through the C interface of plugins")]

use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
use pbpf_core::diag::Diagnostic;
use pbpf_core::target::Target;
use pbpf_plugin::abi;
use std::ffi::{c_char, c_void};
use std::path::PathBuf;
use std::sync::Mutex;

/// More than this is not taken from a plugin in one call.
const MAX_OUTPUT: usize = 64 << 20;

/// A library that was checked, and perhaps opened.
#[derive(Debug)]
pub(crate) struct Code {
    pub(crate) plugin: String,
    pub(crate) real: PathBuf,
    state: Mutex<Option<Result<Opened, Diagnostic>>>,
}

/// What a pass gave.
#[derive(Debug)]
pub(crate) struct Given {
    /// One of the `PBPF_*` results.
    pub(crate) status: i32,
    pub(crate) out: Vec<u8>,
    pub(crate) diagnostics: Vec<u8>,
    /// Whether it wrote more than is taken.
    pub(crate) overflow: bool,
}

#[derive(Debug)]
struct Opened {
    descriptor: *const abi::Plugin,
    instance: *mut c_void,
}

// SAFETY: the instance is used under the mutex of `Code` only, and the header says that any thread may call, one at a time.
unsafe impl Send for Opened {}

impl Code {
    /// The library of that plugin, still closed.
    pub(crate) fn new(plugin: String, real: PathBuf) -> Self {
        Self { plugin, real, state: Mutex::new(None) }
    }

    /// Opens the library and calls `init`, once.
    pub(crate) fn open(&self) -> Result<(), Diagnostic> {
        self.with(|_| Ok(()))
    }

    /// Runs a pass on a module.
    pub(crate) fn run(&self, pass: &str, mir: &str, target: &Target) -> Result<Given, Diagnostic> {
        self.with(|opened| {
            // SAFETY: `open` checked the descriptor; the library is never closed.
            let run_pass = unsafe { (*opened.descriptor).run_pass };
            let Some(run_pass) = run_pass else {
                let message = format!("the plugin `{}` has passes and no `run_pass`", self.plugin);
                return Err(Diagnostic::error("plugin-manifest", message));
            };
            let kernel = target.kernel.map(|k| k.to_string()).unwrap_or_default();
            let request = abi::Request {
                size: size_of::<abi::Request>() as u32,
                reserved: 0,
                pass: abi::Str::new(pass),
                mir: abi::Str::new(mir),
                arch: abi::Str::new(&target.arch),
                cpu: abi::Str::new(target.cpu.as_str()),
                kernel: abi::Str::new(&kernel),
            };
            let (mut out, mut diagnostics) = (Buffer::default(), Buffer::default());
            let (out_sink, diagnostics_sink) = (out.sink(), diagnostics.sink());
            // SAFETY: all that is handed in lives until the call returns, and is what the header says.
            let status = unsafe {
                run_pass(
                    opened.instance,
                    &raw const request,
                    &raw const out_sink,
                    &raw const diagnostics_sink,
                )
            };
            let overflow = out.overflow || diagnostics.overflow;
            Ok(Given { status, out: out.bytes, diagnostics: diagnostics.bytes, overflow })
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Opened) -> Result<T, Diagnostic>) -> Result<T, Diagnostic> {
        // A panic of ours under the lock leaves nothing half-changed.
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match state.get_or_insert_with(|| self.load()) {
            Ok(opened) => work(opened),
            Err(error) => Err(error.clone()),
        }
    }

    fn load(&self) -> Result<Opened, Diagnostic> {
        let plugin = &self.plugin;
        // SAFETY: opening runs the library's constructors. Who can write the file was checked: it is trusted as much as
        // the user's own programs are.
        let library = unsafe { Library::open(Some(&self.real), RTLD_NOW | RTLD_LOCAL) }.map_err(|error| {
            Diagnostic::error("plugin-failed", format!("the plugin `{plugin}` cannot be loaded"))
                .note(whole(&error))
                .help("`ldd` shows which libraries it needs and does not find")
        })?;
        // SAFETY: the symbol is the descriptor; its size and versions were read from the same file.
        let symbol = unsafe { library.get::<*const abi::Plugin>(abi::SYMBOL) };
        let descriptor: *const abi::Plugin = match symbol {
            Ok(symbol) => symbol.into_raw().cast(),
            Err(error) => {
                let message = format!("the plugin `{plugin}` does not export `{}`", abi::SYMBOL);
                return Err(Diagnostic::error("plugin-symbol", message).note(whole(&error)));
            }
        };
        // Never closed.
        let _ = library.into_raw();
        let mut opened = Opened { descriptor, instance: std::ptr::null_mut() };
        // SAFETY: as above; members of version 1.0 only.
        let init = unsafe { (*descriptor).init };
        let Some(init) = init else { return Ok(opened) };
        let host = abi::Host {
            size: size_of::<abi::Host>() as u32,
            abi_major: abi::MAJOR,
            abi_minor: abi::MINOR,
            version: abi::Str::new(env!("CARGO_PKG_VERSION")),
        };
        let mut said = Buffer::default();
        let sink = said.sink();
        // SAFETY: all that is handed in lives until the call returns, and is what the header says.
        let status = unsafe { init(&raw const host, &raw const sink, &raw mut opened.instance) };
        if status == abi::OK {
            return Ok(opened);
        }
        let messages = crate::message::read(&said.bytes, &format!("plugin `{plugin}`"));
        let message = format!("the plugin `{plugin}` could not be started: its `init` gave {status}");
        // No instance was made, so there is none to drop.
        opened.descriptor = std::ptr::null();
        let mut error = Diagnostic::error("plugin-failed", message);
        error.notes = messages.diagnostics.into_iter().map(|d| d.message).chain(messages.lines).collect();
        Err(error)
    }
}

/// An error of the dynamic linker with what it said.
fn whole(error: &libloading::Error) -> String {
    let said = std::error::Error::source(error).map(|said| format!(": {said}"));
    format!("{error}{}", said.unwrap_or_default())
}

impl Drop for Opened {
    fn drop(&mut self) {
        if self.descriptor.is_null() {
            return;
        }
        // SAFETY: the library is never closed, and `init` gave this instance, or there is no `init` and it is null.
        unsafe {
            if let Some(drop) = (*self.descriptor).drop {
                drop(self.instance);
            }
        }
    }
}

/// What a plugin writes.
#[derive(Debug, Default)]
struct Buffer {
    bytes: Vec<u8>,
    overflow: bool,
}

impl Buffer {
    /// A sink that ends with this borrow.
    fn sink(&mut self) -> abi::Sink {
        abi::Sink { state: std::ptr::from_mut(self).cast(), write }
    }
}

/// # Safety
/// `state` is the [`Buffer`] that the sink was made from; `data` has `len` bytes.
unsafe extern "C" fn write(state: *mut c_void, data: *const c_char, len: usize) -> i32 {
    // SAFETY: the sink is lent for one call, during which nothing else uses the buffer.
    let buffer = unsafe { &mut *state.cast::<Buffer>() };
    if len > MAX_OUTPUT - buffer.bytes.len() {
        buffer.overflow = true;
        return 1;
    }
    if len > 0 {
        // SAFETY: the header asks the plugin for `len` bytes at `data`.
        buffer.bytes.extend_from_slice(unsafe { std::slice::from_raw_parts(data.cast::<u8>(), len) });
    }
    0
}

//! What [`crate::export!`] puts between the C interface and the passes of a plugin.
//!
//! Promises: a panic in a pass is caught here, in the library it happened in (the host cannot: to it the panic is
//! foreign), and written out as a diagnostic with its place. Leaves out: everything that an author calls by name.

#![allow(unsafe_code, reason = "the C interface hands over raw pointers")]

use crate::report::Diagnostic;
use crate::{Outcome, PassFn, Report, Request, abi};
use std::cell::RefCell;
use std::ffi::{c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What the descriptor says made the plugin.
pub const SDK: &str = concat!("pbpf-plugin ", env!("CARGO_PKG_VERSION"));

/// The passes of a plugin, by name.
pub trait Code {
    /// Name in the manifest, and function.
    const PASSES: &'static [(&'static str, PassFn)];
}

/// The bytes of `text`, as an array that needs no relocation.
pub const fn bytes<const N: usize>(text: &str) -> [u8; N] {
    match text.as_bytes().first_chunk() {
        Some(array) => *array,
        None => panic!("the text is shorter than the array"),
    }
}

/// `text`, filled up with NULs, one at least.
pub const fn padded<const N: usize>(text: &str) -> [u8; N] {
    let (from, mut to) = (text.as_bytes(), [0; N]);
    assert!(from.len() < N, "the plugin's id is too long");
    let mut i = 0;
    while i < from.len() {
        to[i] = from[i];
        i += 1;
    }
    to
}

thread_local! {
    /// Where the last panic of this thread was, as the hook saw it.
    static PANIC_PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// `init` of every plugin that is written with this SDK.
///
/// # Safety
/// Called by the host as the header says.
pub unsafe extern "C" fn init(_: *const abi::Host, _: *const abi::Sink, instance: *mut *mut c_void) -> i32 {
    // This library has its own copy of std, so the hook is its own too: it keeps a panic from printing.
    std::panic::set_hook(Box::new(|info| {
        PANIC_PLACE.set(info.location().map(ToString::to_string));
    }));
    // SAFETY: the header says that `instance` may be written.
    unsafe { *instance = std::ptr::null_mut() };
    abi::OK
}

/// `run_pass` of every plugin that is written with this SDK.
///
/// # Safety
/// Called by the host as the header says.
pub unsafe extern "C" fn run_pass<C: Code>(
    _: *mut c_void,
    request: *const abi::Request,
    out: *const abi::Sink,
    diagnostics: *const abi::Sink,
) -> i32 {
    // SAFETY: the header says that the sinks are valid during the call.
    let (out, diagnostics) = unsafe { (&*out, &*diagnostics) };
    // SAFETY: the header says that the request is valid during the call, as far as its size says.
    let request = unsafe { read_request(request) };
    let result = catch_unwind(AssertUnwindSafe(|| {
        let Some((_, pass)) = C::PASSES.iter().find(|(name, _)| *name == request.pass) else {
            let message = format!("the manifest names a pass `{}`, and the library has none", request.pass);
            return (Outcome::Failed, Diagnostic::error(message).to_json_line());
        };
        let mut report = Report::default();
        let outcome = pass(&request, &mut report);
        (outcome, report.lines())
    }));
    match result {
        Ok((outcome, lines)) => {
            let told = write(diagnostics, &lines);
            match outcome {
                _ if !told => abi::FAILED,
                Outcome::Unchanged => abi::UNCHANGED,
                Outcome::Failed => abi::FAILED,
                Outcome::Changed(mir) => {
                    if write(out, &mir) {
                        abi::OK
                    } else {
                        abi::FAILED
                    }
                }
            }
        }
        Err(payload) => {
            let text = payload
                .downcast_ref::<&str>()
                .map(ToString::to_string)
                .or_else(|| payload.downcast_ref::<String>().cloned())
                .unwrap_or_else(|| "panic".to_owned());
            // The payload's own drop may panic as well.
            std::mem::forget(payload);
            let mut diagnostic = Diagnostic::error(text);
            if let Some(place) = PANIC_PLACE.take() {
                diagnostic = diagnostic.note(format!("at {place}"));
            }
            write(diagnostics, &diagnostic.to_json_line());
            abi::PANICKED
        }
    }
}

/// # Safety
/// `request` points to a request as the header describes it; the texts live as long as the result.
unsafe fn read_request<'a>(request: *const abi::Request) -> Request<'a> {
    let has = |end: usize| {
        // SAFETY: every request begins with its size.
        let size = unsafe { (*request).size };
        size as usize >= end
    };
    // SAFETY: the members of 1.0 are in every request; the others are read only where the size covers them.
    unsafe {
        let newer = has(size_of::<abi::Request>());
        let newer = |text: *const abi::Str| if newer { lend(*text) } else { "" };
        Request {
            pass: lend((*request).pass),
            mir: lend((*request).mir),
            arch: newer(&raw const (*request).arch),
            cpu: newer(&raw const (*request).cpu),
            kernel: newer(&raw const (*request).kernel),
        }
    }
}

/// # Safety
/// `text` is valid UTF-8 that lives as long as the result.
unsafe fn lend<'a>(text: abi::Str) -> &'a str {
    if text.len == 0 {
        return "";
    }
    // SAFETY: the header says that texts are UTF-8 of that length, valid until the call returns.
    let bytes = unsafe { std::slice::from_raw_parts(text.data.cast::<u8>(), text.len) };
    std::str::from_utf8(bytes).unwrap_or("")
}

fn write(sink: &abi::Sink, text: &str) -> bool {
    // SAFETY: the header says that the sink copies what it is given; it is valid during the call that lent it.
    unsafe { (sink.write)(sink.state, text.as_ptr().cast::<c_char>(), text.len()) == 0 }
}

//! A thread of its own for each run of LLVM, so that no error of LLVM's ends the process or is printed.
//!
//! Where LLVM meets an error it calls fatal, its handler must not return, or LLVM ends the process. The handler hands the
//! message to the thread that waits and then sleeps for ever: a thread and what it holds are lost, the process goes on.
//!
//! Promises: the caller gets the job's result, or LLVM's message. Leaves out: crashes of LLVM, which nothing catches.
#![allow(unsafe_code, reason = "handlers are C callbacks, which inkwell has no safe form for")]

use inkwell::context::Context;
use inkwell::llvm_sys::LLVMDiagnosticSeverity;
use inkwell::llvm_sys::core::{
    LLVMContextSetDiagnosticHandler, LLVMDisposeMessage, LLVMGetDiagInfoDescription, LLVMGetDiagInfoSeverity,
};
use inkwell::llvm_sys::error_handling::LLVMInstallFatalErrorHandler;
use inkwell::llvm_sys::prelude::LLVMDiagnosticInfoRef;
use std::cell::RefCell;
use std::ffi::{CStr, c_char, c_void};
use std::sync::Once;
use std::sync::mpsc::{Sender, channel};

/// LLVM recurses over what it compiles.
const STACK: usize = 16 << 20;

thread_local! {
    /// Where the fatal handler of this thread sends the message.
    static FATAL: RefCell<Option<Sender<Option<String>>>> = const { RefCell::new(None) };
}

/// Runs `job` on a thread of its own.
///
/// # Errors
/// The message of the fatal error that ended LLVM's work.
pub(crate) fn run<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
    static INSTALL: Once = Once::new();
    // SAFETY: the handler is a plain function that lives as long as the process.
    INSTALL.call_once(|| unsafe { LLVMInstallFatalErrorHandler(Some(on_fatal)) });
    let (sender, receiver) = channel();
    let thread = std::thread::Builder::new()
        .name("llvm".to_owned())
        .stack_size(STACK)
        .spawn(move || {
            FATAL.with_borrow_mut(|slot| *slot = Some(sender.clone()));
            let result = job();
            // Nobody waits only where the waiting thread is gone.
            let _ = sender.send(None);
            result
        })
        .map_err(|e| format!("no thread for LLVM: {e}"))?;
    // Sent is a message, or that the job is done; nothing is sent where it panicked.
    if let Ok(Some(message)) = receiver.recv() {
        return Err(message);
    }
    thread.join().map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("the back end panicked").to_owned()
    })
}

extern "C" fn on_fatal(reason: *const c_char) {
    // SAFETY: LLVM hands over a C string that lives through the call.
    let reason = unsafe { CStr::from_ptr(reason) }.to_string_lossy().into_owned();
    let sender = FATAL.try_with(|slot| slot.try_borrow().ok().and_then(|s| s.clone())).ok().flatten();
    // A thread that is not ours: LLVM prints the message and ends the process, as it does without a handler.
    let Some(sender) = sender else { return };
    let _ = sender.send(Some(reason));
    loop {
        std::thread::park();
    }
}

/// The errors that LLVM reports and goes on after. What it makes then is of no use.
pub(crate) struct Reports {
    // In a box: LLVM holds its address.
    errors: Box<RefCell<Vec<String>>>,
}

impl Reports {
    /// Collects the errors of `context`, for as long as both live.
    pub(crate) fn of(context: &Context) -> Self {
        let reports = Self { errors: Box::new(RefCell::new(Vec::new())) };
        let address: *const RefCell<Vec<String>> = &raw const *reports.errors;
        // SAFETY: the box outlives every call into LLVM with this context: `build` makes it before the module.
        unsafe {
            LLVMContextSetDiagnosticHandler(
                context.raw(),
                Some(on_report),
                address.cast_mut().cast::<c_void>(),
            );
        }
        reports
    }

    /// The errors so far.
    pub(crate) fn take(&self) -> Vec<String> {
        self.errors.take()
    }
}

extern "C" fn on_report(info: LLVMDiagnosticInfoRef, errors: *mut c_void) {
    // SAFETY: LLVM hands over a valid report and the address given when the handler was set; the message is ours to free.
    unsafe {
        if LLVMGetDiagInfoSeverity(info) != LLVMDiagnosticSeverity::LLVMDSError {
            return;
        }
        let text = LLVMGetDiagInfoDescription(info);
        let message = CStr::from_ptr(text).to_string_lossy().into_owned();
        LLVMDisposeMessage(text);
        let errors = &*errors.cast::<RefCell<Vec<String>>>();
        if let Ok(mut errors) = errors.try_borrow_mut() {
            errors.push(message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EmitOptions, machine};
    use inkwell::memory_buffer::MemoryBuffer;

    /// BPF has no fence: "Cannot select", which LLVM calls fatal.
    fn fatal() -> Result<bool, String> {
        run(|| {
            let options = EmitOptions::default();
            let machine = machine::create(options.cpu, options.opt)?;
            let context = Context::create();
            let text = b"target triple = \"bpfel\"\ndefine void @f() {\n  fence seq_cst\n  ret void\n}\n";
            let text = MemoryBuffer::create_from_memory_range_copy(text, "fence");
            let module = context.create_module_from_ir(text).map_err(|e| e.to_string())?;
            machine::emit(&machine, &module, &options).map(|a| a.object.is_some())
        })?
    }

    #[test]
    fn a_fatal_error_of_llvms_is_an_error() {
        for _ in 0..2 {
            let message = fatal().expect_err("a fence is refused");
            assert!(message.starts_with("Cannot select: "), "{message}");
            assert!(message.contains("In function: f"), "{message}");
        }
        assert_eq!(run(|| 5), Ok(5));
    }

    #[test]
    fn a_panic_is_an_error() {
        let ended = run(|| std::panic::resume_unwind(Box::new("on purpose".to_owned())));
        assert_eq!(ended, Err::<(), _>("on purpose".to_owned()));
    }
}

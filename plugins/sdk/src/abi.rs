//! The C interface of `include/pbpf_plugin.h`, as Rust types.
//!
//! Promises: layout and meaning are the header's, which documents them; a test compiles the header and compares.
//! Leaves out: safety; [`crate::export!`] is the safe way to make a plugin.

use std::ffi::{c_char, c_void};

/// `PBPF_ABI_MAJOR`.
pub const MAJOR: u16 = 1;
/// `PBPF_ABI_MINOR`.
pub const MINOR: u16 = 1;
/// `PBPF_OK`.
pub const OK: i32 = 0;
/// `PBPF_UNCHANGED`.
pub const UNCHANGED: i32 = 1;
/// `PBPF_FAILED`.
pub const FAILED: i32 = 2;
/// `PBPF_PANICKED`.
pub const PANICKED: i32 = 3;

/// The name of the descriptor's symbol.
pub const SYMBOL: &str = "pbpf_plugin_v1";
/// The name of the manifest's symbol.
pub const MANIFEST_SYMBOL: &str = "pbpf_plugin_manifest";

/// `struct pbpf_str`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Str {
    /// First byte.
    pub data: *const c_char,
    /// Bytes.
    pub len: usize,
}

impl Str {
    /// Lends a text; valid as long as the text is.
    pub fn new(text: &str) -> Self {
        Self { data: text.as_ptr().cast(), len: text.len() }
    }
}

/// `struct pbpf_sink`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Sink {
    /// For `write`.
    pub state: *mut c_void,
    /// Takes bytes.
    pub write: unsafe extern "C" fn(*mut c_void, *const c_char, usize) -> i32,
}

/// `struct pbpf_host_v1`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Host {
    /// Bytes filled.
    pub size: u32,
    /// Of pbpf.
    pub abi_major: u16,
    /// Of pbpf.
    pub abi_minor: u16,
    /// Of pbpf.
    pub version: Str,
}

/// `struct pbpf_request_v1`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// Bytes filled.
    pub size: u32,
    /// 0.
    pub reserved: u32,
    /// The pass.
    pub pass: Str,
    /// The module.
    pub mir: Str,
    /// Since 1.1.
    pub arch: Str,
    /// Since 1.1.
    pub cpu: Str,
    /// Since 1.1.
    pub kernel: Str,
}

/// The type of `init`.
pub type Init = unsafe extern "C" fn(*const Host, *const Sink, *mut *mut c_void) -> i32;
/// The type of `run_pass`.
pub type RunPass = unsafe extern "C" fn(*mut c_void, *const Request, *const Sink, *const Sink) -> i32;
/// The type of `drop`.
pub type Drop = unsafe extern "C" fn(*mut c_void);

/// `struct pbpf_plugin_v1`, the descriptor.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Plugin {
    /// Bytes of the descriptor as the plugin knows it.
    pub size: u32,
    /// Made for.
    pub abi_major: u16,
    /// Made for.
    pub abi_minor: u16,
    /// The manifest's id, filled up with NULs.
    pub id: [u8; 64],
    /// What made the plugin, filled up with NULs.
    pub sdk: [u8; 32],
    /// Called before the first pass.
    pub init: Option<Init>,
    /// Runs a pass.
    pub run_pass: Option<RunPass>,
    /// Called at the end.
    pub drop: Option<Drop>,
}

/// The bytes of [`Plugin`] in version 1.0: a shorter one is refused.
pub const PLUGIN_SIZE_1_0: u32 = size_of::<Plugin>() as u32;

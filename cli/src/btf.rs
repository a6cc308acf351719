//! The kernel's types, opened when a program first needs them.
//!
//! Promises: the file is mapped, so that a program pays for the types it uses; where it cannot be mapped it is read.
//! Leaves out: reading BTF, which `pbpf_core::btf` does.

#![allow(unsafe_code, reason = "a file is mapped")]

use crate::setup::reason;
use pbpf_core::btf::Btf;
use pbpf_core::diag::Diagnostic;
use pbpf_core::pass::KernelTypes;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// The types of the running kernel.
const RUNNING: &str = "/sys/kernel/btf/vmlinux";

/// A BTF file that may never be needed.
#[derive(Debug)]
pub(crate) struct KernelFile {
    path: Option<PathBuf>,
    opened: OnceLock<Result<Btf, Diagnostic>>,
}

impl KernelFile {
    /// The file that the user named, or the running kernel's.
    pub(crate) fn new(path: Option<PathBuf>) -> Self {
        Self { path, opened: OnceLock::new() }
    }
}

impl KernelTypes for KernelFile {
    fn btf(&self) -> Result<&Btf, Diagnostic> {
        let path = self.path.as_deref().unwrap_or(Path::new(RUNNING));
        let named = self.path.is_some();
        self.opened.get_or_init(|| open(path, named)).as_ref().map_err(Clone::clone)
    }
}

fn open(path: &Path, named: bool) -> Result<Btf, Diagnostic> {
    let missing = |why: String| {
        let what = if named { format!("`{}`", path.display()) } else { "the running kernel".to_owned() };
        let error = Diagnostic::error("no-kernel-types", format!("no kernel types from {what}: {why}"));
        if named { error } else { error.help("name a kernel's BTF with `--btf FILE`") }
    };
    let file = std::fs::File::open(path).map_err(|e| missing(reason(&e).to_owned()))?;
    // SAFETY: the map is private and read-only. If someone changes the file meanwhile, types are read wrong, and the
    // reader promises not to fail on wrong types.
    let mapped = unsafe { memmap2::MmapOptions::new().map_copy_read_only(&file) };
    let bytes: Arc<dyn AsRef<[u8]> + Send + Sync> = match mapped {
        Ok(map) => Arc::new(map),
        // Before 6.16 the kernel's file cannot be mapped.
        Err(_) => Arc::new(std::fs::read(path).map_err(|e| missing(reason(&e).to_owned()))?),
    };
    Btf::new(bytes).map_err(|e| missing(e.to_string()))
}

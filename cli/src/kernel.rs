//! What the kernel says, as diagnostics.
//!
//! Promises: a refusal leads to the Python line; the program type's explanations give cause and fix. Missing privileges
//! and missing features are the environment's fault, not the program's.
//! Leaves out: the loading itself, which `pbpf-loader` does.

use crate::setup::{Setup, reason};
use pbpf_core::diag::Diagnostic;
use pbpf_core::source::{SourceMap, Span};
use pbpf_loader::{AttachError, LoadError, Object, OpenError, OpenOptions, Verdict, load_diagnostic};
use std::path::Path;

/// An object in memory.
#[derive(Debug)]
pub(crate) struct Built {
    /// The name, for maps of data sections.
    pub(crate) name: String,
    /// The ELF file.
    pub(crate) bytes: Vec<u8>,
    /// The classes of callbacks and where they are; none where there is no source.
    pub(crate) callbacks: Vec<(String, Span)>,
}

/// Whether a file is an object rather than a source, by its first bytes.
pub(crate) fn is_object(file: &Path) -> bool {
    use std::io::Read as _;
    let mut magic = [0; 4];
    std::fs::File::open(file).and_then(|mut f| f.read_exact(&mut magic)).is_ok() && magic == *b"\x7fELF"
}

/// Reads an object file.
pub(crate) fn read_object(file: &Path) -> Result<Built, Diagnostic> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let name = name.split('.').next().unwrap_or("object").to_owned();
    match std::fs::read(file) {
        Ok(bytes) => Ok(Built { name, bytes, callbacks: Vec::new() }),
        Err(e) => Err(Diagnostic::error(
            "unreadable",
            format!("`{}` cannot be read: {}", file.display(), reason(&e)),
        )),
    }
}

/// Whether this process may use BPF at all.
pub(crate) fn permitted() -> Result<(), Diagnostic> {
    pbpf_loader::features::bpf_permitted().map_err(|errno| {
        Diagnostic::error(
            "no-privilege",
            format!("the kernel does not let this process use BPF: {}", errno.text()),
        )
        .help("run it as root")
    })
}

/// Asks the verifier about each program.
pub(crate) fn verify(
    built: &Built,
    globals: &[(String, String)],
    setup: &Setup,
) -> Result<Vec<Verdict>, Diagnostic> {
    permitted()?;
    let name = Some(built.name.clone());
    let options = OpenOptions { name, globals: globals.to_vec(), ..OpenOptions::default() };
    let object = Object::open_bytes(built.bytes.clone(), &options).map_err(|e| open_error(&e))?;
    let (verdicts, _) = object.verify().map_err(|e| {
        let all = load_error(&e, &SourceMap::new(), setup);
        all.into_iter()
            .next()
            .unwrap_or_else(|| Diagnostic::error("not-loaded", "the object cannot be loaded"))
    })?;
    Ok(verdicts)
}

/// An object that libbpf cannot read.
pub(crate) fn open_error(error: &OpenError) -> Diagnostic {
    if let OpenError::Global(error) = error {
        return Diagnostic::error("bad-option", error.to_string())
            .help("write `--set NAME=VALUE` with a `@bpfglobal` of the program");
    }
    Diagnostic::error("not-loaded", format!("the object cannot be opened: {error}"))
}

/// A program that cannot be attached.
pub(crate) fn attach_error(error: &AttachError) -> Diagnostic {
    Diagnostic::error("not-attached", error.to_string())
}

/// An object that cannot be loaded.
pub(crate) fn load_error(error: &LoadError, sources: &SourceMap, setup: &Setup) -> Vec<Diagnostic> {
    let registry = setup.session.plugins.registry();
    let section = match error {
        LoadError::Refused(refused) => registry.match_section(&refused.section),
        _ => None,
    };
    let explanations = registry.explanations(section.map(|s| s.program_type));
    vec![load_diagnostic(error, explanations, sources)]
}

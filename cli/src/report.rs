//! Diagnostics on their way out, and the exit status that they call for.
//!
//! Promises: each diagnostic is written once, by place. Leaves out: their texts.

use crate::args::MessageFormat;
use pbpf_core::diag::render::{Format, render};
use pbpf_core::diag::{Diagnostic, Diagnostics};
use pbpf_core::source::SourceMap;
use std::io::{IsTerminal, Write};

/// The status of a run in which all went well.
pub(crate) const DONE: u8 = 0;
/// The user's program is wrong.
pub(crate) const PROGRAM: u8 = 1;
/// Usage or configuration.
pub(crate) const USAGE: u8 = 2;
/// The environment.
pub(crate) const ENVIRONMENT: u8 = 3;

/// Codes of this crate and of the core that are no fault of the program's, with their status.
const STATUS: &[(&str, u8)] = &[
    ("bad-config", USAGE),
    ("unknown-key", USAGE),
    ("bad-option", USAGE),
    ("pass-graph", USAGE),
    ("no-output", ENVIRONMENT),
    ("unreadable", ENVIRONMENT),
    ("no-kernel-types", ENVIRONMENT),
    ("no-privilege", ENVIRONMENT),
    ("kernel-lacks", ENVIRONMENT),
    ("not-loaded", ENVIRONMENT),
    ("not-attached", ENVIRONMENT),
    ("no-trace", ENVIRONMENT),
];

/// The exit status for these diagnostics: that of the error that comes first in the order program, usage, environment
/// from behind, so that a missing file is not hidden by what follows from it.
pub(crate) fn status(diagnostics: &[Diagnostic]) -> u8 {
    diagnostics.iter().filter(|d| d.is_error()).map(one_status).max().unwrap_or(DONE)
}

fn one_status(d: &Diagnostic) -> u8 {
    let own = STATUS.iter().find(|(code, _)| *code == d.code).map(|(_, status)| *status);
    own.or_else(|| pbpf_plugin_host::exit_status(d)).unwrap_or(PROGRAM)
}

/// Writes diagnostics.
pub(crate) fn write(diagnostics: &[&Diagnostic], sources: &SourceMap, format: MessageFormat) {
    let (format, to_stdout) = match format {
        MessageFormat::Human => (Format::Human, false),
        MessageFormat::Short => (Format::Short, false),
        MessageFormat::Json => (Format::Json, true),
    };
    let color = !to_stdout && std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let text: String = diagnostics.iter().map(|d| render(d, sources, format, color)).collect();
    if to_stdout {
        out(&text);
    } else {
        let _ = std::io::stderr().write_all(text.as_bytes());
    }
}

/// Writes diagnostics and gives the exit status.
pub(crate) fn finish(diagnostics: &Diagnostics, sources: &SourceMap, format: MessageFormat) -> u8 {
    write(&diagnostics.sorted(), sources, format);
    status(diagnostics.list())
}

/// Writes diagnostics without places and gives the exit status.
pub(crate) fn fail(diagnostics: Vec<Diagnostic>, sources: &SourceMap, format: MessageFormat) -> u8 {
    let mut all = Diagnostics::new();
    all.extend(diagnostics);
    finish(&all, sources, format)
}

/// Writes to standard output. A reader that has gone away is no error.
pub(crate) fn out(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes());
    let _ = stdout.flush();
}

/// Writes bytes to standard output.
pub(crate) fn out_bytes(bytes: &[u8]) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(bytes);
    let _ = stdout.flush();
}

/// Writes text to standard error.
pub(crate) fn err(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}

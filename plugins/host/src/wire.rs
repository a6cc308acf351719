//! Modules on their way out and back: the text form of MIR, read and verified.
//!
//! Promises: what comes back is a module that verifies, as concrete as the one that went out and of the same sources;
//! otherwise the diagnostic quotes the lines that are wrong. Leaves out: who was asked.

use pbpf_core::diag::Diagnostic;
use pbpf_core::mir::{self, Module};
use pbpf_core::source::SourceMap;
use pbpf_core::target::Target;

/// So many errors are quoted.
const MAX_QUOTED: usize = 5;

/// Reads and verifies what `who` gave for `before`.
pub(crate) fn receive(text: &str, before: &Module, target: &Target, who: &str) -> Result<Module, Diagnostic> {
    let mut sources = SourceMap::new();
    let file = sources.add(String::new(), text);
    let module = mir::parse(text, file).map_err(|errors| {
        let mut out = Diagnostic::error("plugin-output", format!("{who} gave something that is not MIR"));
        for error in errors.iter().take(MAX_QUOTED) {
            let place = error.primary.as_ref().and_then(|label| sources.start(label.span));
            let line = place.and_then(|at| sources.get(file)?.line(at.line));
            out = match (place, line) {
                (Some(at), Some(line)) => {
                    let line: String = line.trim().chars().take(80).collect();
                    out.note(format!("line {}: {}: `{line}`", at.line, error.message))
                }
                _ => out.note(error.message.clone()),
            };
        }
        out.help("`docs/mir.md` specifies the text form")
    })?;
    if module.files != before.files {
        return Err(Diagnostic::error("plugin-output", format!("{who} changed the list of source files"))
            .note("the places of all instructions refer to it"));
    }
    let mut wrong = mir::verify(&module);
    if wrong.is_empty() && mir::verify_concrete(before, target.cpu).is_empty() {
        wrong = mir::verify_concrete(&module, target.cpu);
    }
    if wrong.is_empty() {
        return Ok(module);
    }
    let mut out =
        Diagnostic::error("plugin-output", format!("{who} gave MIR that breaks a rule of the level"));
    if let Some(span) = wrong.iter().find_map(|violation| violation.span) {
        out = out.at(span);
    }
    out.notes.extend(wrong.iter().take(MAX_QUOTED).map(ToString::to_string));
    Err(out.help("`docs/mir.md` lists the rules"))
}

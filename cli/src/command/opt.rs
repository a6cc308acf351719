//! `pbpf opt`: passes over MIR text, and the interpreter.
//!
//! Promises: MIR is verified before any pass runs. Leaves out: passes of other levels.

use super::failed;
use crate::args::OptArgs;
use crate::compile::{Watching, compile};
use crate::report;
use crate::setup::{self, Setup};
use pbpf_core::diag::Diagnostic;
use pbpf_core::graph::{Entry, Plan, Source};
use pbpf_core::mir;
use pbpf_core::pass::{Level, Unit};
use pbpf_core::source::SourceMap;
use std::io::Read as _;

/// Runs the command.
pub(crate) fn run(args: &OptArgs) -> u8 {
    let format = args.compiling.common.message_format;
    let setup = match Setup::new(&args.compiling) {
        Ok(setup) => setup,
        Err(error) => return failed(error, format),
    };
    let mut entries: Vec<Entry> =
        pbpf_passes::pipeline::builtin().into_iter().map(|p| Entry::new(p, Source::Builtin)).collect();
    let asked: Vec<&str> = args.passes.iter().map(String::as_str).collect();
    match setup.session.candidates(&asked) {
        Ok(candidates) => entries.extend(candidates.into_iter().map(|(entry, _)| entry)),
        Err(error) => return failed(error, format),
    }
    let plan = match Plan::only(entries, &args.passes, Level::Mir) {
        Ok(plan) => plan,
        Err(errors) => return report::fail(errors, &SourceMap::new(), format),
    };
    let name = args.file.display().to_string();
    let text = match read(&args.file) {
        Ok(text) => text,
        Err(error) => return report::fail(vec![error], &SourceMap::new(), format),
    };
    let mut listing = SourceMap::new();
    let file = listing.add(name, text.clone());
    let module = match mir::parse(&text, file) {
        Ok(module) => module,
        Err(errors) => return report::fail(errors, &listing, format),
    };
    let violations: Vec<Diagnostic> = mir::verify(&module).iter().map(mir::Violation::diagnostic).collect();
    let sources = named_sources(&module);
    if !violations.is_empty() {
        return report::fail(violations, &sources, format);
    }
    let compiled =
        compile(&setup, &plan, &sources, Unit::Mir(module), Level::Mir, &Watching::from(&args.compiling));
    let status = report::finish(&compiled.diagnostics, &sources, format);
    report::err(&compiled.watched);
    let Some(Unit::Mir(module)) = &compiled.unit else { return status };
    if let Some(call) = &args.interpret {
        return super::interpret::run(module, call, format);
    }
    let text = mir::print(module);
    match &args.output {
        Some(path) => match std::fs::write(path, text) {
            Ok(()) => status,
            Err(e) => {
                let message = format!("`{}` cannot be written: {}", path.display(), setup::reason(&e));
                report::fail(vec![Diagnostic::error("no-output", message)], &sources, format)
            }
        },
        None => {
            report::out(&text);
            status
        }
    }
}

fn read(path: &std::path::Path) -> Result<String, Diagnostic> {
    if path.as_os_str() != "-" {
        return setup::read_text(path);
    }
    let mut text = String::new();
    match std::io::stdin().lock().read_to_string(&mut text) {
        Ok(_) => Ok(text),
        Err(_) => Err(Diagnostic::error("not-text", "standard input is not text")),
    }
}

/// The Python sources that the module names, as far as they are there: for excerpts only.
fn named_sources(module: &mir::Module) -> SourceMap {
    let mut sources = SourceMap::new();
    for name in &module.files {
        let text = setup::read_text(std::path::Path::new(name)).unwrap_or_default();
        sources.add(name.clone(), text);
    }
    sources
}

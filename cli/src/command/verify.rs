//! `pbpf verify`: what the kernel's verifier says, attaching nothing.
//!
//! Promises: one verdict for each program; a refusal is a diagnostic on the Python line. Leaves out:
//! attaching.

use super::{Job, compile_file, emit, failed};
use crate::args::{MessageFormat, VerifyArgs};
use crate::compile::Watching;
use crate::kernel::{self, Built};
use crate::report;
use crate::setup::Setup;
use pbpf_core::diag::Diagnostics;
use pbpf_core::graph::Plan;
use pbpf_core::pass::{Level, Unit};
use pbpf_core::source::SourceMap;
use pbpf_llvm::{Artifact, EmitOptions};
use serde_json::json;
use std::fmt::Write as _;
use std::path::Path;

/// Runs the command.
pub(crate) fn run(args: &VerifyArgs) -> u8 {
    let format = args.compiling.common.message_format;
    let setup = match Setup::new(&args.compiling) {
        Ok(setup) => setup,
        Err(error) => return failed(error, format),
    };
    let plan = match setup.session.plan() {
        Ok(plan) => plan,
        Err(error) => return failed(error, format),
    };
    let watching = Watching::from(&args.compiling);
    let mut worst = report::DONE;
    for file in &args.files {
        worst = worst.max(verify(&setup, &plan, file, &args.set, &watching, format));
    }
    worst
}

fn verify(
    setup: &Setup,
    plan: &Plan,
    file: &Path,
    globals: &[(String, String)],
    watching: &Watching,
    format: MessageFormat,
) -> u8 {
    let (built, mut diagnostics, sources) = match object(setup, plan, file, watching) {
        (Some(built), diagnostics, sources) => (built, diagnostics, sources),
        (None, diagnostics, sources) => return report::finish(&diagnostics, &sources, format),
    };
    let verdicts = match kernel::verify(&built, globals, setup) {
        Ok(verdicts) => verdicts,
        Err(error) => {
            diagnostics.push(error);
            return report::finish(&diagnostics, &sources, format);
        }
    };
    let name = file.display().to_string();
    let mut lines = String::new();
    for verdict in verdicts {
        match verdict.outcome {
            Ok(told) => {
                let s = &told.stats;
                if matches!(format, MessageFormat::Json) {
                    let line = json!({
                        "verified": verdict.program, "section": verdict.section, "file": name,
                        "instructions": told.instructions,
                        "processed": s.processed, "states": s.total_states, "stack": s.stack.iter().sum::<u64>(),
                    });
                    // Not a diagnostic, so not where diagnostics go.
                    report::err(&format!("{line}\n"));
                } else {
                    let _ = writeln!(
                        lines,
                        "{name}: {}: accepted, {} instructions, {} processed, {} states, stack {}",
                        verdict.program,
                        told.instructions,
                        s.processed.map_or_else(|| "?".to_owned(), |n| n.to_string()),
                        s.total_states.map_or_else(|| "?".to_owned(), |n| n.to_string()),
                        s.stack.iter().sum::<u64>(),
                    );
                }
            }
            Err(error) => diagnostics.extend(kernel::load_error(&error, &sources, setup)),
        }
    }
    report::out(&lines);
    report::finish(&diagnostics, &sources, format)
}

/// The object of a source, or the object file itself.
pub(super) fn object(
    setup: &Setup,
    plan: &Plan,
    file: &Path,
    watching: &Watching,
) -> (Option<Built>, Diagnostics, SourceMap) {
    if kernel::is_object(file) {
        let mut diagnostics = Diagnostics::new();
        return match kernel::read_object(file) {
            Ok(built) => (Some(built), diagnostics, SourceMap::new()),
            Err(error) => {
                diagnostics.push(error);
                (None, diagnostics, SourceMap::new())
            }
        };
    }
    let mut job: Job = compile_file(setup, plan, file, Level::Object, watching);
    let made = emit(setup, &mut job, vec![Artifact::Object], &EmitOptions::default());
    let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let callbacks = match &job.compiled.unit {
        Some(Unit::Mir(module)) => module.struct_ops.iter().map(|ops| (ops.name.clone(), ops.span)).collect(),
        _ => Vec::new(),
    };
    let built = made.and_then(|a| a.object).map(|bytes| Built { name, bytes, callbacks });
    (built, job.compiled.diagnostics, job.sources)
}

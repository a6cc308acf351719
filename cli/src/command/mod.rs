//! The commands, one file each.
//!
//! Promises: what several commands share is here once. Leaves out: the commands themselves.

pub(crate) mod build;
pub(crate) mod check;
pub(crate) mod explain;
mod interpret;
pub(crate) mod opt;
pub(crate) mod passes;
pub(crate) mod plugin;
pub(crate) mod run;
pub(crate) mod verify;
mod watched;

use crate::args::{Compiling, MessageFormat};
use crate::compile::{Compiled, Watching, compile};
use crate::modules;
use crate::report;
use crate::setup::{self, Failed, Setup};
use pbpf_core::diag::Diagnostics;
use pbpf_core::graph::Plan;
use pbpf_core::pass::{Level, Unit};
use pbpf_core::source::SourceMap;
use pbpf_llvm::{Artifact, Artifacts, EmitOptions};
use std::path::Path;

/// Tells what kept a command from starting.
fn failed((diagnostics, sources): Failed, format: MessageFormat) -> u8 {
    report::fail(diagnostics, &sources, format)
}

impl From<&Compiling> for Watching {
    fn from(c: &Compiling) -> Self {
        Watching {
            verify_each: c.verify_each,
            print_before: c.print_before.clone(),
            print_after: c.print_after.clone(),
            print_changed: c.print_changed,
            time: c.time_passes,
        }
    }
}

/// One source file on its way.
struct Job {
    sources: SourceMap,
    compiled: Compiled,
}

/// Reads a source and compiles it up to a level.
fn compile_file(setup: &Setup, plan: &Plan, path: &Path, until: Level, watching: &Watching) -> Job {
    let mut sources = SourceMap::new();
    let compiled = match setup::read_text(path) {
        Ok(text) => {
            let file = sources.add(path.display().to_string(), text);
            modules::load(&mut sources, file, path, &setup.module_roots());
            compile(setup, plan, &sources, Unit::Source(file), until, watching)
        }
        Err(error) => {
            let mut diagnostics = Diagnostics::new();
            diagnostics.push(error);
            Compiled { diagnostics, ..Compiled::default() }
        }
    };
    report::err(&compiled.watched);
    Job { sources, compiled }
}

/// Emits what is asked for, if the program is whole.
fn emit(setup: &Setup, job: &mut Job, emit: Vec<Artifact>, options: &EmitOptions) -> Option<Artifacts> {
    let Some(Unit::Mir(module)) = &job.compiled.unit else { return None };
    let options = EmitOptions { cpu: setup.target.cpu, emit, ..options.clone() };
    match pbpf_llvm::emit(module, &job.sources, &options) {
        Ok(artifacts) => Some(artifacts),
        Err(errors) => {
            job.compiled.diagnostics.extend(errors);
            None
        }
    }
}

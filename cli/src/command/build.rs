//! `pbpf build`.
//!
//! Promises: a file with errors writes nothing, and the errors of all files are told. Leaves out: loading.

use super::{Job, compile_file, emit, failed};
use crate::args::BuildArgs;
use crate::compile::{Watching, text_of};
use crate::report;
use crate::setup::{Setup, bad_option, reason};
use pbpf_core::diag::{Diagnostic, Diagnostics};
use pbpf_core::graph::Plan;
use pbpf_core::names;
use pbpf_core::pass::Level;
use pbpf_core::source::SourceMap;
use pbpf_llvm::{Artifact, EmitOptions, OptLevel};
use std::path::{Path, PathBuf};

/// A kind of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Ast,
    Hir,
    Mir,
    LlvmBefore,
    Llvm,
    Assembly,
    Object,
}

/// Names and endings of file names.
const KINDS: [(Kind, &str, &str); 7] = [
    (Kind::Ast, "ast", "ast"),
    (Kind::Hir, "hir", "hir"),
    (Kind::Mir, "mir", "mir"),
    (Kind::LlvmBefore, "llvm-before", "before.ll"),
    (Kind::Llvm, "llvm", "ll"),
    (Kind::Assembly, "asm", "s"),
    (Kind::Object, "obj", "bpf.o"),
];

impl Kind {
    fn artifact(self) -> Option<Artifact> {
        Some(match self {
            Kind::LlvmBefore => Artifact::LlvmIrBefore,
            Kind::Llvm => Artifact::LlvmIr,
            Kind::Assembly => Artifact::Assembly,
            Kind::Object => Artifact::Object,
            Kind::Ast | Kind::Hir | Kind::Mir => return None,
        })
    }

    fn level(self) -> Level {
        match self {
            Kind::Ast => Level::Ast,
            Kind::Hir => Level::Hir,
            Kind::Mir => Level::Mir,
            _ => Level::Object,
        }
    }
}

/// What is to be written, and where.
struct Outputs {
    kinds: Vec<Kind>,
    single: Option<PathBuf>,
    dir: PathBuf,
    emit: EmitOptions,
}

/// Runs the command.
pub(crate) fn run(args: &BuildArgs) -> u8 {
    let format = args.compiling.common.message_format;
    let setup = match Setup::new(&args.compiling) {
        Ok(setup) => setup,
        Err(error) => return failed(error, format),
    };
    let (files, outputs) = match plan_outputs(args, &setup) {
        Ok(planned) => planned,
        Err(errors) => return report::fail(errors, &SourceMap::new(), format),
    };
    let plan = match setup.session.plan() {
        Ok(plan) => plan,
        Err(error) => return failed(error, format),
    };
    let watching = Watching::from(&args.compiling);
    let mut worst = report::DONE;
    // Every file is compiled, so that the errors of all are told.
    for file in &files {
        let job = build_file(&setup, &plan, file, &outputs, &watching);
        let mut diagnostics = job.compiled.diagnostics;
        if denied(&setup, &diagnostics) {
            diagnostics.push(
                Diagnostic::error("denied-warning", "warnings are errors here")
                    .note("`deny-warnings` is set in `[build]`"),
            );
        }
        worst = worst.max(report::finish(&diagnostics, &job.sources, format));
    }
    worst
}

/// Whether all that is wrong are warnings, and the configuration makes them errors.
fn denied(setup: &Setup, diagnostics: &Diagnostics) -> bool {
    setup.session.config.build.deny_warnings && !diagnostics.has_errors() && !diagnostics.list().is_empty()
}

fn plan_outputs(args: &BuildArgs, setup: &Setup) -> Result<(Vec<PathBuf>, Outputs), Vec<Diagnostic>> {
    let mut errors = Vec::new();
    let table = &setup.session.config.build;
    let files: Vec<PathBuf> = if args.files.is_empty() {
        table.sources.iter().map(|s| setup.session.dir.join(s)).collect()
    } else {
        args.files.clone()
    };
    if files.is_empty() {
        errors.push(bad_option(
            "there is nothing to build",
            "name sources, or a configuration that does: `--config pbpf.toml`",
        ));
    }
    let names: &[String] = if args.emit.is_empty() { &table.emit } else { &args.emit };
    let mut kinds = Vec::new();
    for name in names {
        match KINDS.iter().find(|(_, n, _)| n == name) {
            Some((kind, ..)) if kinds.contains(kind) => {}
            Some((kind, ..)) => kinds.push(*kind),
            None => {
                let near = names::nearest(name, KINDS.iter().map(|(_, n, _)| *n))
                    .map(|n| format!("did you mean `{n}`?"));
                let all: Vec<&str> = KINDS.iter().map(|(_, n, _)| *n).collect();
                errors.push(
                    Diagnostic::error("bad-option", format!("there is no output `{name}`"))
                        .note(format!("there are {}", all.join(", ")))
                        .maybe_help(near),
                );
            }
        }
    }
    if kinds.is_empty() {
        kinds.push(Kind::Object);
    }
    let mut options = EmitOptions::default();
    if let Some(level) = args.opt_level.as_ref().or(table.opt_level.as_ref()) {
        match OptLevel::parse(level) {
            Some(level) => options.opt = level,
            None => errors.push(bad_option(
                &format!("there is no optimisation level `{level}`"),
                "use O1, O2, O3, Os or Oz",
            )),
        }
    }
    options.dwarf = args.dwarf || table.dwarf.unwrap_or(false);
    if args.output.is_some() && (files.len() > 1 || kinds.len() > 1) {
        errors.push(bad_option("`-o` names one file, and there are several outputs", "use `--out-dir`"));
    }
    let dir = args
        .out_dir
        .clone()
        .or_else(|| table.out_dir.as_ref().map(|d| setup.session.dir.join(d)))
        .unwrap_or_default();
    let mut stems: Vec<_> = files.iter().filter_map(|f| f.file_stem()).collect();
    stems.sort();
    if let Some(pair) = stems.windows(2).find(|p| p[0] == p[1]) {
        let name = pair[0].to_string_lossy();
        errors.push(bad_option(
            &format!("two sources are called `{name}`, so one output would replace the other"),
            "rename one",
        ));
    }
    if errors.is_empty() {
        Ok((files, Outputs { kinds, single: args.output.clone(), dir, emit: options }))
    } else {
        Err(errors)
    }
}

fn build_file(setup: &Setup, plan: &Plan, file: &Path, outputs: &Outputs, watching: &Watching) -> Job {
    let until = outputs.kinds.iter().map(|k| k.level()).max().unwrap_or(Level::Object);
    let mut texts = Vec::new();
    // Levels above MIR are made on their own: the passes behind them consume them.
    for kind in outputs.kinds.iter().filter(|k| matches!(k, Kind::Ast | Kind::Hir) && k.level() < until) {
        let job = compile_file(setup, plan, file, kind.level(), &Watching::default());
        if let Some(unit) = &job.compiled.unit {
            texts.push((*kind, text_of(unit, &job.sources, setup.session.plugins.registry()).into_bytes()));
        }
    }
    let mut job = compile_file(setup, plan, file, until, watching);
    let artifacts: Vec<Artifact> = outputs.kinds.iter().filter_map(|k| k.artifact()).collect();
    if let Some(unit) = &job.compiled.unit {
        for kind in outputs.kinds.iter().filter(|k| k.artifact().is_none() && (k.level() == unit.level())) {
            texts.push((*kind, text_of(unit, &job.sources, setup.session.plugins.registry()).into_bytes()));
        }
    }
    if !artifacts.is_empty()
        && let Some(made) = emit(setup, &mut job, artifacts, &outputs.emit)
    {
        let all = [
            (Kind::Object, made.object),
            (Kind::Llvm, made.llvm_ir.map(String::into_bytes)),
            (Kind::LlvmBefore, made.llvm_ir_before.map(String::into_bytes)),
            (Kind::Assembly, made.assembly.map(String::into_bytes)),
        ];
        texts.extend(all.into_iter().filter_map(|(kind, bytes)| Some((kind, bytes?))));
    }
    // A program with errors writes nothing.
    if !job.compiled.diagnostics.has_errors() && !denied(setup, &job.compiled.diagnostics) {
        for (kind, bytes) in texts {
            if let Err(error) = write(file, kind, &bytes, outputs) {
                job.compiled.diagnostics.push(error);
            }
        }
    }
    job
}

fn write(source: &Path, kind: Kind, bytes: &[u8], outputs: &Outputs) -> Result<(), Diagnostic> {
    let path = match &outputs.single {
        Some(path) if path.as_os_str() == "-" => {
            report::out_bytes(bytes);
            return Ok(());
        }
        Some(path) => path.clone(),
        None => {
            let ending = KINDS.iter().find(|(k, ..)| *k == kind).map_or("", |(.., e)| e);
            let stem = source.file_stem().unwrap_or_default().to_string_lossy();
            outputs.dir.join(format!("{stem}.{ending}"))
        }
    };
    let fail = |e: &std::io::Error| {
        Diagnostic::error("no-output", format!("`{}` cannot be written: {}", path.display(), reason(e)))
    };
    if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        std::fs::create_dir_all(parent).map_err(|e| fail(&e))?;
    }
    std::fs::write(&path, bytes).map_err(|e| fail(&e))
}

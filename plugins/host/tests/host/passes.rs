//! Passes that go wrong: what happens is said, and by whom.

use crate::build::{bad, cargo_refused, folder, named, panics, sources, write};
use pbpf_core::diag::{Diagnostic, Diagnostics, Severity};
use pbpf_core::entity::Entity;
use pbpf_core::mir;
use pbpf_core::pass::{Context, MirPass, NoKernelTypes, Options, Pass, Unit};
use pbpf_core::registry::Registry;
use pbpf_core::source::{FileId, SourceMap, Span};
use pbpf_core::target::{KernelVersion, Target};
use pbpf_plugin_host::{Answer, External, ExternalPass, SAMPLE, exit_status};
use std::time::{Duration, Instant};

/// Runs pass `bad:bad` of a plugin spoilt as the flags say.
fn run_bad(name: &str, flags: &[&str]) -> Answer {
    let library = bad(&folder(name), flags);
    named(&[&library]).unwrap().pass("bad:bad").unwrap().transform("mir 1\n", &Target::default())
}

fn only_error(answer: Answer, code: &str) -> Diagnostic {
    assert!(answer.mir.is_none());
    let [error] = <[Diagnostic; 1]>::try_from(answer.diagnostics).unwrap();
    assert!(error.is_error() && error.code == code, "{error:?}");
    error
}

#[test]
fn a_panic_names_the_plugin() {
    let plugins = named(&[panics()]).unwrap();
    let answer = plugins.pass("panics:panics").unwrap().transform("a\nb\n", &Target::default());
    let error = only_error(answer, "plugin-panicked");
    assert_eq!(error.message, "the plugin `panics` panicked in its pass `panics`");
    assert_eq!(error.notes[0], "this module has 2 lines");
    assert!(error.notes[1].starts_with("at src/lib.rs:"), "{error:?}");
    // The plugin goes on to work.
    let target = Target { kernel: KernelVersion::parse("6.1"), ..Target::default() };
    let answer = plugins.pass("panics:tells").unwrap().transform("m", &target);
    assert!(answer.mir.is_none());
    assert_eq!(answer.diagnostics[0].message, "tells x86_64 v3 6.1");
    assert_eq!(answer.diagnostics[0].severity, Severity::Note);
}

#[test]
fn a_plugin_that_could_not_catch_its_panics_does_not_build() {
    let said = cargo_refused("panics", "profile.dev.panic=\"abort\"");
    assert!(said.contains("a plugin with passes must be built with panic = \"unwind\""), "{said}");
}

#[test]
fn an_error_of_a_pass_has_its_place() {
    let plugins = named(&[panics()]).unwrap();
    let answer = plugins.pass("panics:fails").unwrap().transform("x @1:4..9\n", &Target::default());
    let error = only_error(answer, "plugin-reported");
    assert_eq!((error.message.as_str(), exit_status(&error)), ("there must be no program", Some(1)));
    assert_eq!(error.primary.unwrap().span, Span::new(FileId::new(1), 4, 9));
    assert_eq!(error.notes, ["said by pass `fails` of plugin `panics`"]);
    let answer = plugins.pass("panics:missing").unwrap().transform("x", &Target::default());
    let error = only_error(answer, "plugin-reported");
    assert!(error.message.contains("names a pass `missing`"), "{error:?}");
}

#[test]
fn what_is_no_module_is_refused() {
    let error = only_error(run_bad("empty", &["-DWRITES=\"\""]), "plugin-output");
    assert_eq!(error.message, "pass `bad` of plugin `bad` gave no module");
    let error = only_error(run_bad("bytes", &["-DWRITES=\"\\xff\""]), "plugin-output");
    assert!(error.message.ends_with("gave something that is not text"), "{error:?}");
    let error = only_error(run_bad("flood", &["-DWRITES_FOR_EVER"]), "plugin-output");
    assert!(error.message.ends_with("wrote more than 64 MiB"), "{error:?}");
}

#[test]
fn a_failure_without_a_reason_is_the_plugins() {
    for status in ["PBPF_FAILED", "-1", "99"] {
        let error = only_error(run_bad("status", &[&format!("-DRETURNS={status}")]), "plugin-failed");
        assert_eq!(error.message, "pass `bad` of plugin `bad` failed and did not say why");
    }
    let error = only_error(run_bad("no-run", &["-DNO_RUN_PASS"]), "plugin-manifest");
    assert_eq!(error.message, "the plugin `bad` has passes and no `run_pass`");
    let error = only_error(run_bad("init", &["-DINIT_FAILS"]), "plugin-failed");
    assert_eq!(error.notes, ["no license server"]);
}

#[test]
fn a_library_that_cannot_be_loaded() {
    let dir = folder("unloadable");
    // It needs a symbol that nobody has.
    write(
        &dir.join("u.c"),
        "#include \"pbpf_plugin.h\"\nint32_t nobody(void);\n#define RETURNS nobody()\n#include \"bad.c\"\n",
    );
    let include = sources().join("bad");
    let library = dir.join("libpbpf_u.so");
    crate::build::cc_file(&dir.join("u.c"), &["-I", include.to_str().unwrap()], &library);
    let answer = named(&[&library]).unwrap().pass("bad:bad").unwrap().transform("m", &Target::default());
    let error = only_error(answer, "plugin-failed");
    assert_eq!(error.message, "the plugin `bad` cannot be loaded");
    assert!(error.notes[0].contains("nobody"), "{error:?}");
}

fn external(command: &[&str], timeout: Option<f64>) -> Result<External, Diagnostic> {
    let command = command.iter().map(ToString::to_string).collect();
    External::new("ext", command, sources().join("shout"), timeout)
}

fn command(command: &[&str]) -> ExternalPass {
    ExternalPass::new(external(command, None).unwrap())
}

fn shell(script: &str) -> Answer {
    command(&["sh", "-c", script]).transform("in\n")
}

#[test]
fn a_command_changes_a_module() {
    let pass = command(&["python3", "shout.py"]);
    let answer = pass.transform("mir 1\n  print \"hello %d\\n\", v1 @1..2\n");
    assert_eq!(answer.mir.unwrap(), "mir 1\n  print \"HELLO %d\\n\", v1 @1..2\n");
    assert_eq!(answer.diagnostics[0].message, "1 prints shout");
    assert_eq!(answer.diagnostics[0].notes, ["said by external pass `ext`"]);
}

#[test]
fn a_command_that_fails() {
    let error = only_error(shell("echo oh dear >&2; exit 3"), "plugin-failed");
    assert_eq!(error.message, "external pass `ext` failed: exit status: 3");
    assert_eq!(error.notes, ["oh dear"]);
    let error = only_error(shell("kill -9 $$"), "plugin-failed");
    assert!(error.message.contains("signal: 9"), "{error:?}");
    // A reason makes it the program's fault.
    let error = only_error(shell("echo '{\"message\": \"no\"}' >&2; exit 1"), "plugin-reported");
    assert_eq!(error.message, "no");
    let error = only_error(command(&["./none"]).transform(""), "plugin-missing");
    assert_eq!(exit_status(&error), Some(3));
    assert_eq!(external(&[], None).unwrap_err().code, "plugin-failed");
    for seconds in [0.0, -1.0, 1e9, f64::NAN, f64::INFINITY] {
        assert_eq!(external(&["x"], Some(seconds)).unwrap_err().code, "plugin-timeout");
    }
}

#[test]
fn a_command_that_gives_no_module() {
    only_error(shell("cat > /dev/null"), "plugin-output");
    only_error(shell("printf '\\377'"), "plugin-output");
    only_error(shell("yes"), "plugin-output");
}

#[test]
fn other_lines_of_a_command_are_a_note() {
    let answer = shell("echo warning: old >&2; cat");
    assert_eq!(answer.mir.unwrap(), "in\n");
    assert_eq!(answer.diagnostics[0].severity, Severity::Note);
    assert_eq!(answer.diagnostics[0].notes, ["warning: old"]);
}

#[test]
fn a_command_need_not_read_and_may_be_given_much() {
    let pass = command(&["sh", "-c", "echo short"]);
    assert_eq!(pass.transform(&"x".repeat(1 << 22)).mir.unwrap(), "short\n");
    let pass = command(&["cat"]);
    assert_eq!(pass.transform(&"x".repeat(1 << 22)).mir.unwrap().len(), 1 << 22);
}

#[test]
fn a_command_that_never_ends_is_killed_with_what_it_started() {
    let dir = folder("timeout");
    let mark = dir.join("pid");
    let script = format!("sleep 600 & echo $! > {}; cat > /dev/null; wait", mark.display());
    let row = external(&["sh", "-c", &script], Some(0.5)).unwrap();
    let began = Instant::now();
    let error = only_error(ExternalPass::new(row).transform("m"), "plugin-timeout");
    assert_eq!(error.message, "external pass `ext` took longer than 0.5 s");
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    let pid = std::fs::read_to_string(mark).unwrap();
    // A killed process may stay a zombie until its parent notices.
    let state = || std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    let gone = || {
        state().rsplit(')').next().is_none_or(|rest| rest.trim().is_empty() || rest.trim().starts_with('Z'))
    };
    let until = Instant::now() + Duration::from_secs(5);
    while !gone() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(gone(), "{}", state());
}

/// Runs passes on the sample, as the pipeline does, and gives what comes out and what was said.
fn pipeline(passes: Vec<Box<dyn Pass>>) -> (String, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let mut cx = Context {
        diagnostics: &mut diagnostics,
        sources: &SourceMap::new(),
        registry: &Registry::new(),
        kernel: &NoKernelTypes,
        target: &Target::default(),
        options: &Options::default(),
        decisions: &mut Vec::new(),
    };
    let mut unit = Unit::Mir(mir::parse(SAMPLE, FileId::new(0)).unwrap());
    for pass in passes {
        unit = pass.run(unit, &mut cx).unwrap();
    }
    let Unit::Mir(module) = unit else { panic!("{unit:?}") };
    (mir::print(&module), diagnostics)
}

#[test]
fn passes_of_c_and_python_run_in_the_pipeline() {
    let library = folder("pipeline").join("libpbpf_answer.so");
    crate::build::cc("answer/answer.c", &[], &library);
    let answer = named(&[&library]).unwrap().pass("answer:answer").unwrap();
    assert_eq!(MirPass::info(&answer).name, "answer:answer");
    let mut row = external(&["python3", "shout.py"], None).unwrap();
    row.after = vec!["answer:answer".to_owned()];
    let shout = ExternalPass::new(row);
    assert_eq!(MirPass::info(&shout).after, ["answer:answer"]);
    let (text, said) = pipeline(vec![Box::new(answer), Box::new(shout)]);
    assert_eq!(text, SAMPLE.replace("iconst 41", "iconst 42").replace("hello", "HELLO"));
    assert!(!said.has_errors(), "{said:?}");
    let told: Vec<&str> = said.list().iter().map(|d| d.message.as_str()).collect();
    assert_eq!(told, ["41 became 42, 1 times", "1 prints shout"]);
}

#[test]
fn what_breaks_a_rule_leaves_the_module_as_it_was() {
    let pass = command(&["sed", "/return/d"]);
    let (text, said) = pipeline(vec![Box::new(pass)]);
    assert_eq!(text, SAMPLE);
    let [error] = said.list() else { panic!("{said:?}") };
    assert_eq!(error.code, "plugin-output");
    assert_eq!(error.message, "external pass `ext` gave MIR that breaks a rule of the level");
    assert!(error.notes[0].starts_with("M012 in `sample`"), "{error:?}");
    assert_eq!(exit_status(error), Some(2));
}

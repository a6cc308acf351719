//! What a case file asks for: the comments that start with `#:` and the expectations on its lines.
//!
//! Promises: a directive that is not understood is an error with its line, never ignored; the order of the steps is the order in
//! the file. Leaves out: doing anything about it. `tests/cases/README.md` is the user's page of this grammar.

pub mod expectations;
mod steps;

use crate::{
    golden::{self, Golden},
    plan::{Action, Step, Verdict},
    scan::Cursor,
};
pub use expectations::{Expectation, Severity, Target};

/// The kind of a case file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kind {
    /// Python source: built by `pbpf build`.
    #[default]
    Python,
    /// MIR text: run through `pbpf opt`.
    Mir,
    /// C source: built by clang, to try the harness itself on objects that pbpf did not make.
    C,
}

impl Kind {
    /// The kind that a file name's extension names.
    pub fn of(name: &str) -> Option<Self> {
        match name.rsplit_once('.')?.1 {
            "py" => Some(Self::Python),
            // A `.case` file holds directives only; its `source` is Python elsewhere.
            "case" => Some(Self::Python),
            "mir" => Some(Self::Mir),
            "c" => Some(Self::C),
            _ => None,
        }
    }

    /// What starts a comment in such a file.
    pub fn comment(self) -> &'static str {
        match self {
            Self::Python => "#",
            Self::Mir => ";",
            Self::C => "//",
        }
    }
}

/// What the independent loader does with an object that the kernel must accept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Bpftool {
    /// `bpftool prog loadall`.
    #[default]
    Programs,
    /// `bpftool struct_ops register`, and unregister.
    StructOps,
    /// Nothing: the case says why.
    Nothing,
}

/// A run in the MIR interpreter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interpret {
    /// Line of the case.
    pub line: u32,
    /// The call, as `pbpf opt --interpret` takes it.
    pub call: String,
    /// What it must print.
    pub result: String,
}

/// One case file, read.
#[derive(Debug, Clone, Default)]
pub struct Case {
    /// Diagnostics that must appear; others must not.
    pub expectations: Vec<Expectation>,
    /// Arguments for pbpf besides the harness's own.
    pub flags: Vec<String>,
    /// The source file from the root of the repository, where it is not the case itself.
    pub source: Option<String>,
    /// Further source files, beside the case.
    pub files: Vec<String>,
    /// Only `pbpf check` is run: the case needs no object.
    pub check_only: bool,
    /// The exit status that pbpf must have; not given: 1 with an expected error, else 0.
    pub exit: Option<i32>,
    /// What a kernel must have for the case to be loaded at all: the `needs` before any other word about the kernel.
    pub needs: Vec<String>,
    /// The plan must fail, saying this: such a case tries the harness.
    pub fails: Option<String>,
    /// What the kernel must say; `None`: the kernel is not asked.
    pub verdict: Option<Verdict>,
    /// What bpftool does with the object.
    pub bpftool: Bpftool,
    /// What is done once the kernel has accepted the object.
    pub steps: Vec<Step>,
    /// Kernels that run the plan in a VM, besides the running one.
    pub vms: Vec<String>,
    /// Global variables set before loading, by name, as text.
    pub globals: Vec<(String, String)>,
    /// Whether programs are bound to a device before they are loaded.
    pub bound: bool,
    /// The passes that `pbpf opt` runs.
    pub passes: Option<String>,
    /// Runs in the MIR interpreter.
    pub interpret: Vec<Interpret>,
    /// Blocks of text that a command must print.
    pub goldens: Vec<Golden>,
}

/// A directive that was not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Line of the case, from 1.
    pub line: u32,
    /// What is wrong.
    pub message: String,
}

impl std::fmt::Display for Mistake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

/// Reads the directives of a case.
pub fn parse(text: &str, kind: Kind) -> Result<Case, Vec<Mistake>> {
    let mut case = Case::default();
    let mut mistakes = Vec::new();
    let prefix = format!("{}:", kind.comment());
    for (at, line) in text.lines().enumerate() {
        let number = at as u32 + 1;
        let Some(directive) = line.trim_start().strip_prefix(&prefix) else { continue };
        if let Err(message) = header(&mut case, number, directive) {
            mistakes.push(Mistake { line: number, message });
        }
    }
    match expectations::parse(text, kind) {
        Ok(found) => case.expectations = found,
        Err(found) => mistakes.extend(found),
    }
    case.goldens = golden::find(text, kind);
    if let (Some(Verdict::Refuse { lines, .. }), true) = (&mut case.verdict, mistakes.is_empty()) {
        // A refusal is reported by the kernel, so its line is expected there too, in each VM.
        *lines = case.expectations.iter().filter_map(Expectation::error_line).collect();
        if !case.steps.is_empty() {
            mistakes.push(Mistake {
                line: case.steps[0].line,
                message: "an object that the kernel must refuse cannot be run".to_owned(),
            });
        }
    }
    mistakes.sort_by_key(|m| m.line);
    if mistakes.is_empty() { Ok(case) } else { Err(mistakes) }
}

const WORDS: &str = "verify, reject, bpftool, flags, source, files, fails, check, exit, vm, passes, interpret, needs, run, attach, detach, workload, \
                     prints, prints-any, reads, map, put, receive, received, global, insns, file";

fn header(case: &mut Case, line: u32, text: &str) -> Result<(), String> {
    let (word, value) = match text.split_once(':') {
        Some((word, value)) => (word.trim(), value.trim()),
        None => (text.trim(), ""),
    };
    let mut c = Cursor::new(value);
    let words = || value.split_whitespace().map(str::to_owned);
    let no_value =
        |what: &str| if value.is_empty() { Ok(()) } else { Err(format!("`{what}` takes no value")) };
    match word {
        "verify" => {
            no_value("verify")?;
            return set_verdict(case, Verdict::Accept);
        }
        "reject" => {
            let mut texts = vec![c.quoted()?];
            while c.eat("|") {
                texts.push(c.quoted()?);
            }
            c.finish()?;
            return set_verdict(case, Verdict::Refuse { texts, lines: Vec::new() });
        }
        "bound" if value == "veth" => case.bound = true,
        "bpftool" if value == "struct_ops" => case.bpftool = Bpftool::StructOps,
        "bpftool" => {
            c.expect("no").map_err(|_| c.wanted("`struct_ops` or `no \"why\"`"))?;
            c.quoted()?;
            c.finish()?;
            case.bpftool = Bpftool::Nothing;
        }
        "fails" => {
            case.fails = Some(c.quoted()?);
            c.finish()?;
        }
        "source" => case.source = Some(value.to_owned()),
        "flags" => case.flags.extend(words()),
        "files" => case.files.extend(words()),
        "check" => {
            no_value("check")?;
            case.check_only = true;
        }
        "exit" => {
            case.exit = Some(c.integer()? as i32);
            c.finish()?;
        }
        "set" => {
            let (name, text) = value.split_once('=').ok_or("expected `NAME=VALUE`")?;
            case.globals.push((name.trim().to_owned(), text.trim().to_owned()));
        }
        "vm" => case.vms.extend(words()),
        "passes" => case.passes = Some(value.to_owned()),
        "interpret" => {
            let (call, result) = value.split_once("==").ok_or("expected `CALL == VALUE`")?;
            case.interpret.push(Interpret {
                line,
                call: call.trim().to_owned(),
                result: result.trim().to_owned(),
            });
        }
        _ => {
            let found = steps::parse(word, line, &mut c)?
                .ok_or_else(|| format!("unknown directive `{word}`; there are {WORDS}"))?;
            if let (None, [Step { action: Action::Needs(need), .. }]) = (&case.verdict, &found[..]) {
                case.needs.push(need.clone());
                return Ok(());
            }
            case.steps.extend(found);
            // Whatever is run must have been accepted, so a step asks for the verdict too.
            if case.verdict.is_none() {
                case.verdict = Some(Verdict::Accept);
            }
        }
    }
    Ok(())
}

fn set_verdict(case: &mut Case, verdict: Verdict) -> Result<(), String> {
    match &case.verdict {
        Some(old) if *old != verdict => Err("the kernel cannot both accept and refuse the object".to_owned()),
        _ => {
            case.verdict = Some(verdict);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]
    use super::*;
    #[test]
    fn a_whole_header() {
        let case = parse(
            "#: verify\n#: flags: --cpu v2 --debug\n#: vm: 6.12 7.3\n#: bpftool: no \"too old\"\n#: attach\n#: workload: exec 5\n#: map: counts[$pid] == 5\n",
            Kind::Python,
        )
        .unwrap();
        assert_eq!(case.verdict, Some(Verdict::Accept));
        assert_eq!(case.flags, ["--cpu", "v2", "--debug"]);
        assert_eq!(case.vms, ["6.12", "7.3"]);
        assert_eq!(case.bpftool, Bpftool::Nothing);
        assert_eq!(case.steps.len(), 3);
        assert_eq!(case.steps[2].line, 7);
        assert!(matches!(case.steps[2].action, Action::Map(_)));
    }

    #[test]
    fn needs_count_from_where_they_stand() {
        let case =
            parse("#: needs: sched_ext\n#: verify\n#: needs: fentry\n#: attach\n", Kind::Python).unwrap();
        assert_eq!(case.needs, ["sched_ext"]);
        assert_eq!(case.steps[0].action, Action::Needs("fentry".to_owned()));
    }

    #[test]
    fn refusals_take_the_expected_lines() {
        let case =
            parse("#: reject: \"invalid\" | \"bad\"\nx = 1  # error: [verifier]\n", Kind::Python).unwrap();
        assert_eq!(
            case.verdict,
            Some(Verdict::Refuse { texts: vec!["invalid".to_owned(), "bad".to_owned()], lines: vec![2] })
        );
    }

    #[test]
    fn mistakes_have_lines() {
        let mistakes =
            parse("#: verfy\n#: verify: x\n#: reject: \"a\"\n#: verify\n#: exit: one\n", Kind::Python)
                .unwrap_err();
        let lines: Vec<u32> = mistakes.iter().map(|m| m.line).collect();
        assert_eq!(lines, [1, 2, 4, 5]);
        assert!(mistakes[0].to_string().starts_with("line 1: unknown directive `verfy`"));
    }

    #[test]
    fn mir_has_its_own_comments() {
        let case = parse(";: passes: bounds\n#: nonsense\n", Kind::Mir).unwrap();
        assert_eq!(case.passes.as_deref(), Some("bounds"));
    }
}

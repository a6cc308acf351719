//! Refusals as users see them: real logs, rendered on the source.
//!
//! Promises: no privileges, no kernel. Leaves out: the shipped rows, which the plugins own.
#![allow(clippy::unwrap_used, missing_docs)] // A test stops at the first surprise.

use pbpf_core::diag::render::{Format, render};
use pbpf_core::rows::Explanation;
use pbpf_core::source::SourceMap;
use pbpf_loader::{Errno, LoadError, Refused, load_diagnostic, refusal_diagnostic, verifier_log};
use std::path::Path;

fn log(program: &str, kernel: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/logs/{kernel}/{program}.log"));
    std::fs::read_to_string(path).unwrap()
}

fn sources() -> SourceMap {
    let mut sources = SourceMap::new();
    sources.add("refused.py", include_str!("fixtures/refused.py"));
    sources
}

fn rows() -> Vec<Explanation> {
    let row = |pattern: &str, cause: &str, fix: &str| Explanation {
        pattern: pattern.into(),
        cause: cause.into(),
        fix: fix.into(),
    };
    vec![
        row("no such words", "Wrong.", "Wrong."),
        row(
            "invalid mem access 'map_value_or_null'",
            "The result of a lookup is used without a test.",
            "Test it first: `if value is None: return 0`.",
        ),
        row("min value is outside*memory", "The index is past the end.", "Compare it with the length."),
    ]
}

fn shown(program: &str, kernel: &str, rows: &[Explanation]) -> String {
    let refusal = verifier_log::parse(program, &log(program, kernel), &[]);
    let sources = sources();
    render(&refusal_diagnostic(&refusal, rows, &sources), &sources, Format::Human, false)
}

#[test]
fn a_row_gives_cause_and_fix_on_the_line() {
    let expected = "\
error[verifier]: the verifier refuses `nested`: the result of a lookup is used without a test
   --> refused.py:111:9
    |
111 |         total += other.slots[0]
    |         ^^^^^^^^^^^^^^^^^^^^^^^
110 |         other = table.lookup(key)
    |         ------------------------- this may be None: the key need not be in the map
    |
    = note: verifier: R0 invalid mem access 'map_value_or_null'
    = help: Test it first: `if value is None: return 0`.

";
    assert_eq!(shown("nested", "6.18", &rows()), expected);
    assert_eq!(shown("nested", "6.12", &rows()), expected);
    // Kernel 7.3 gives the column too.
    let shown = shown("nested", "7.3", &rows());
    assert!(shown.contains("--> refused.py:111:16\n"), "{shown}");
    assert!(shown.contains("= help: Test it first"), "{shown}");
}

#[test]
fn a_row_may_match_what_the_verifier_adds() {
    let shown = shown("past_the_value", "6.18", &rows());
    assert!(shown.contains("the verifier refuses `past_the_value`: the index is past the end\n"), "{shown}");
    assert!(
        shown.contains("note: verifier: invalid access to map value, value_size=8 off=8 size=8\n"),
        "{shown}"
    );
}

#[test]
fn without_a_row_the_kernel_explains_itself() {
    let expected = "\
error[verifier]: the verifier refuses `leak`: Unreleased reference id=2 alloc_insn=4
  --> refused.py:61:5
   |
61 |     return 0 if event else 1
   |     ^^^^^^^^^^^^^^^^^^^^^^^^
   |
   = note: Owned resource (id=2) was acquired at instruction 4 and still needs to be released before this exit path.
   = help: Release or transfer ownership of the acquired resource on every path before the program exits.

";
    assert_eq!(shown("leak", "7.3", &rows()), expected);
}

#[test]
fn other_failures_name_who_is_at_fault() {
    let sources = sources();
    let code = |error: &LoadError| load_diagnostic(error, &[], &sources).code;
    let messages = Vec::new;
    let errno = Errno::EPERM;
    let privilege =
        LoadError::MissingPrivilege { doing: "loading BPF programs".into(), errno, messages: messages() };
    assert_eq!(code(&privilege), "no-privilege");
    assert_eq!(
        load_diagnostic(&privilege, &[], &sources).message,
        "loading BPF programs is not permitted: operation not permitted"
    );
    let field = LoadError::CoRe { program: None, detail: "x".into(), messages: messages() };
    assert_eq!(code(&field), "kernel-lacks");
    assert_eq!(code(&LoadError::Map { map: "m".into(), errno, messages: messages() }), "not-loaded");
    let refused = Refused {
        program: "p".into(),
        section: "xdp".into(),
        errno: Errno::E2BIG,
        log: String::new(),
        lines: Vec::new(),
        messages: messages(),
    };
    let diagnostic = load_diagnostic(&LoadError::Refused(Box::new(refused)), &[], &sources);
    assert_eq!((diagnostic.code, diagnostic.primary), ("verifier", None));
    assert_eq!(
        diagnostic.message,
        "the verifier refuses `p`: the program has more instructions than the kernel takes"
    );
}

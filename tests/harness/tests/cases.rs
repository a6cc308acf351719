//! Runs the cases: `cargo test -p pbpf-tests --test cases -- [FILTER..] [--exact] [--no-kernel] [--no-vm] [--list]`.
//!
//! Promises: the closing line is that of `cargo test`; status 1 if a case failed; a table of cases and kernels in
//! `target/test-report/kernels.md`. `BLESS=1` rewrites golden blocks. Leaves out: everything else; see `pbpf_tests::suite`.

use pbpf_tests::{
    directives::Kind,
    places::Places,
    runner,
    suite::{self, Selection},
};
use std::{
    fs,
    io::{self, Write},
    process::{Command, ExitCode},
};

/// Where the part of `docs/kernels.md` begins that a run of all cases with `BLESS=1` writes.
const MARKER: &str =
    "<!-- Behind this line a run of all cases with `BLESS=1` writes what kernels said. -->\n";

fn main() -> ExitCode {
    runner::main_if_asked();
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            say(&format!("cases: {message}"));
            ExitCode::FAILURE
        }
    }
}

/// A closed output, by `head` for example, is no reason to stop testing.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

fn run() -> Result<bool, String> {
    let places = Places::find()?;
    let mut selection = Selection::default();
    let mut list = false;
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--exact" => selection.exact = true,
            "--no-kernel" => selection.no_kernel = true,
            "--no-vm" => selection.no_vm = true,
            "--list" => list = true,
            // Options of the standard test harness that `cargo test -- OPTION` hands to every test program.
            other if other.starts_with('-') => {}
            filter => selection.filters.push(filter.to_owned()),
        }
    }
    let found = suite::find(&places, &selection);
    if list {
        for case in &found {
            say(&format!("{}: test", case.name));
        }
        return Ok(true);
    }
    say(&format!("\nrunning {} cases", found.len()));
    // The harness's own cases are in C and need no pbpf.
    if found.iter().any(|case| case.kind != Kind::C) {
        places.build_pbpf()?;
    }
    // What is mounted already stays; without privileges nothing is, and nothing needs it.
    let _ = Command::new(places.root.join("scripts/mounts")).output();
    let results = suite::run(&places, &selection, &say);
    let table = places.report().join("kernels.md");
    fs::create_dir_all(places.report())
        .and_then(|()| fs::write(&table, results.table()))
        .map_err(|e| format!("{}: {e}", table.display()))?;
    if std::env::var_os("BLESS").is_some() && selection.filters.is_empty() && !selection.no_vm {
        let page = places.root.join("docs/kernels.md");
        let there = fs::read_to_string(&page).map_err(|e| format!("{}: {e}", page.display()))?;
        let head = there.split_once(MARKER).map_or(there.as_str(), |(head, _)| head);
        fs::write(&page, format!("{head}{MARKER}\n{}", results.by_kernel("program-types/")))
            .map_err(|e| format!("{}: {e}", page.display()))?;
    }
    if suite::ci() {
        say(&format!("\n{}", results.table()));
    }
    for need in results.never_met() {
        say(&format!("not done on any kernel: {need}"));
    }
    let counts = results.counts(suite::ci());
    say(&format!("\n{}", counts.closing_line()));
    say(&format!("cases: {} passed, {} failed, {} skipped", counts.passed, counts.failed, counts.skipped));
    Ok(counts.failed == 0)
}

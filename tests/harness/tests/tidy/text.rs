//! What every file looks like.
//!
//! Promises: length, opening line, white space, words that mean unfinished work, paths and hosts that only one machine knows.
//! Leaves out: formatting, which rustfmt does.

use crate::{
    none,
    rust::{Piece, pieces},
    tree::{File, files, rust_files},
};

/// Most lines of a file.
const LONGEST: usize = 600;

/// Files that a program writes.
const GENERATED: &[&str] = &["Cargo.lock", "docs/mir-passes.md", "python/pbpf/model/constants.py"];

fn is_generated(file: &File) -> bool {
    GENERATED.iter().any(|name| file.path == *name || file.path.ends_with(&format!("/{name}")))
}

#[test]
fn no_file_is_long() {
    let long: Vec<String> = files()
        .iter()
        .filter(|file| !is_generated(file))
        .map(|file| (file.text.lines().count(), file))
        .filter(|(lines, _)| *lines > LONGEST)
        .map(|(lines, file)| format!("{}: {lines} lines", file.path))
        .collect();
    none("No file is over 600 lines: split it by noun.", &long);
}

#[test]
fn guides_are_short() {
    let limit = |path: &str| match path {
        "ARCHITECTURE.md" => Some(250),
        "docs/adding-a-pass.md" | "docs/adding-a-program-type.md" | "docs/writing-a-plugin.md" => Some(100),
        _ => None,
    };
    let long: Vec<String> = files()
        .iter()
        .filter_map(|file| Some((limit(&file.path)?, file)))
        .filter(|(limit, file)| file.text.lines().count() > *limit)
        .map(|(limit, file)| format!("{}: over {limit} lines", file.path))
        .collect();
    none("A guide that is long is not read.", &long);
}

#[test]
fn every_rust_file_opens_with_its_purpose() {
    let silent: Vec<String> = rust_files()
        .into_iter()
        .filter(|file| !file.text.starts_with("//! "))
        .map(|file| file.path)
        .collect();
    none(
        "Every Rust file opens with `//!`: one sentence, then what it promises and what it leaves out.",
        &silent,
    );
}

#[test]
fn every_rust_file_says_what_it_promises() {
    let vague: Vec<String> = rust_files()
        .into_iter()
        .filter(|file| !file.is_test())
        .filter(|file| {
            let head: String = file.text.lines().take_while(|line| line.starts_with("//!")).collect();
            !(head.contains("Promises") || head.contains("Before"))
                || !(head.contains("Leaves out") || head.contains("Keeps"))
        })
        .map(|file| file.path)
        .collect();
    none(
        "The opening of a Rust file says what it promises and what it leaves out (a pass: Before, After, Keeps).",
        &vague,
    );
}

#[test]
fn every_script_opens_with_its_purpose() {
    let silent: Vec<String> = files()
        .into_iter()
        .filter(|file| {
            let is_script = file.text.starts_with("#!") || matches!(file.extension(), "sh" | "h");
            let first = file.text.lines().find(|line| !line.starts_with("#!")).unwrap_or("");
            is_script && !["#", "//", "/*", "\"\"\""].iter().any(|comment| first.starts_with(comment))
        })
        .map(|file| file.path)
        .collect();
    none("Every script and header opens with a comment that says what it is for.", &silent);
}

#[test]
fn white_space_is_clean() {
    let mut wrong = Vec::new();
    for file in files().iter().filter(|file| !is_generated(file)) {
        // C is indented as the kernel's is; a case may be about a tab.
        let is_c = matches!(file.extension(), "c" | "h");
        let tabs_allowed = file.path.contains("Makefile") || is_c || file.path.starts_with("tests/cases/");
        for (at, line) in file.text.lines().enumerate() {
            if line.ends_with([' ', '\t', '\r']) {
                wrong.push(format!("{}: white space at the end", file.at(at + 1)));
            }
            if line.contains('\t') && !tabs_allowed {
                wrong.push(format!("{}: a tab", file.at(at + 1)));
            }
        }
        if !file.text.is_empty() && (!file.text.ends_with('\n') || file.text.ends_with("\n\n")) {
            wrong.push(format!("{}: must end with one line break", file.path));
        }
    }
    none("No tabs, and no white space at the ends of lines.", &wrong);
}

/// Words that mean unfinished work, put together here so that this file does not hold them.
fn unfinished() -> [String; 5] {
    [["TO", "DO"], ["FIX", "ME"], ["XX", "X"], ["todo", "!("], ["unimplemented", "!("]]
        .map(|parts| parts.concat())
}

#[test]
fn nothing_is_unfinished() {
    let words = unfinished();
    let mut wrong = Vec::new();
    for file in files().iter().filter(|file| !is_generated(file)) {
        for (at, line) in file.text.lines().enumerate() {
            let is_word = |from: usize, word: &String| {
                let before = line[..from].chars().next_back();
                let after = line[from + word.len()..].chars().next();
                let inside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
                !inside(before) && (word.ends_with('(') || !inside(after))
            };
            if let Some(word) = words
                .iter()
                .find(|word| line.match_indices(word.as_str()).any(|(from, _)| is_word(from, word)))
            {
                wrong.push(format!("{}: {word}", file.at(at + 1)));
            }
        }
    }
    none("What is in the repository is finished; what is not is an issue.", &wrong);
}

#[test]
fn no_path_of_one_machine() {
    // Put together so that this file does not hold them.
    let roots = [["/wo", "rk/"], ["/ro", "ot/"]].map(|parts| parts.concat());
    let mut wrong = Vec::new();
    for file in files().iter().filter(|file| !is_generated(file)) {
        for (at, line) in file.text.lines().enumerate() {
            let starts_a_path = |from: usize| {
                let before = line[..from].chars().next_back();
                !before.is_some_and(|c| c.is_alphanumeric() || "._-~}$*".contains(c))
            };
            for root in &roots {
                if line.match_indices(root.as_str()).any(|(from, _)| starts_a_path(from)) {
                    wrong.push(format!("{}: {root}", file.at(at + 1)));
                }
            }
        }
    }
    none("No absolute path of one machine.", &wrong);
}

/// Hosts that the text may name: projects, their documentation, and names that RFC 2606 keeps free.
const HOSTS: &[&str] = &[
    "github.com",
    "docs.rs",
    "docs.kernel.org",
    "www.kernel.org",
    "kernel.org",
    "git.kernel.org",
    "elixir.bootlin.com",
    "llvm.org",
    "docs.python.org",
    "libbpf.readthedocs.io",
    "keepachangelog.com",
    "semver.org",
    "www.apache.org",
    "rustup.rs",
    "json-schema.org",
    "packages.debian.org",
    "example.com",
    "example.org",
    "pypi.org",
    "crates.io",
    "doc.rust-lang.org",
];

#[test]
fn no_host_of_one_network() {
    let mut wrong = Vec::new();
    for file in files() {
        for (at, line) in file.text.lines().enumerate() {
            for (from, _) in line.match_indices("://") {
                let host = line[from + 3..]
                    .split(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '-')
                    .next();
                let host = host.unwrap_or("");
                // `registry+https://github.com/...` in a lock file is cargo's name for its registry, not an address.
                let is_web = line[..from].ends_with("http") || line[..from].ends_with("https");
                if is_web && host.contains('.') && !HOSTS.contains(&host) {
                    wrong.push(format!("{}: {host}", file.at(at + 1)));
                }
            }
        }
    }
    none("No host but the known ones: a mirror or a proxy is a matter of the machine.", &wrong);
}

#[test]
fn no_printing_from_a_library() {
    // clippy refuses the macros; this refuses the handles where nothing is to be printed at all.
    let mut wrong = Vec::new();
    let quiet = ["core/src/", "passes/src/", "passes/llvm/src/", "plugins/host/src/", "loader/src/"];
    for file in rust_files()
        .iter()
        .filter(|file| quiet.iter().any(|folder| file.path.starts_with(folder)) && !file.is_test())
    {
        for (piece, line, text) in pieces(file.without_tests()) {
            if piece == Piece::Code
                && ["io::stdout()", "io::stderr()"].iter().any(|handle| text.contains(handle))
            {
                wrong.push(file.at(line));
            }
        }
    }
    none("Libraries do not print; the command line does.", &wrong);
}

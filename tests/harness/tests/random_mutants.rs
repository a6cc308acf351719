//! Programs that work, changed in a few places: what pbpf still accepts, the kernel accepts.
//!
//! Promises: each change is of a word, a number, an operator or a line, so that many programs stay programs; no signal, no panic, no
//! mistake of the compiler's own, and no program that the verifier refuses. `PBPF_SEED` makes others, `PBPF_ROUNDS` more; a program that
//! fails is kept.
//! Leaves out: what is no Python any more, which `inputs` does; what the programs do.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a failing test may panic, and a skipped one must say so"
)]

use pbpf_tests::{
    diagnostics,
    places::Places,
    process::{self, Finished},
    sys,
};
use std::{env, fs, path::Path, process::Command, time::Duration};

/// The longest time for a program, beside other tests on a debug build.
const TIME: Duration = Duration::from_secs(60);

/// Folders of programs.
const FOLDERS: [&str; 6] = [
    "examples",
    "tests/cases/language",
    "tests/cases/passes",
    "tests/cases/program-types/skb",
    "tests/cases/program-types/tracepoint",
    "tests/cases/programs/xdp",
];

const OPERATORS: [&str; 16] =
    ["+", "-", "*", "//", "%", "&", "|", "^", "<<", ">>", "<", ">", "==", "!=", "<=", ">="];
const NUMBERS: [&str; 18] = [
    "0",
    "1",
    "2",
    "3",
    "7",
    "15",
    "16",
    "31",
    "32",
    "63",
    "64",
    "255",
    "256",
    "4095",
    "65535",
    "0x7fffffff",
    "0xffffffff",
    "0x8000000000000000",
];

/// A small generator of numbers, the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        // xorshift64*, Vigna 2016.
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit.max(1)
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

/// A program, and what its directives add to the command line.
struct Source {
    text: String,
    flags: Vec<String>,
}

fn sources(folder: &Path, found: &mut Vec<Source>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "py") && !name.starts_with('_') {
            let text = fs::read_to_string(&path).unwrap();
            let directive =
                |word: &str| text.lines().find_map(|line| line.strip_prefix(&format!("#: {word}: ")));
            // What needs more than this kernel, or files beside it.
            let alone = ["needs", "bound", "files", "source"].iter().all(|word| directive(word).is_none());
            let flags: Vec<String> =
                directive("flags").unwrap_or_default().split_whitespace().map(str::to_owned).collect();
            if alone && !flags.iter().any(|flag| flag.contains('$')) {
                found.push(Source { text, flags });
            }
        }
    }
}

/// Splits text into words, numbers, texts, comments, operators and white space; joined again they are the same.
fn tokens(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let run = |test: fn(char) -> bool| rest.find(|c: char| !test(c)).unwrap_or(rest.len());
        let length = match first {
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '"' => rest[1..].find(['"', '\n']).map_or(rest.len(), |at| at + 2),
            c if c.is_alphanumeric() || c == '_' => run(|c| c.is_alphanumeric() || c == '_'),
            c if c.is_whitespace() => run(char::is_whitespace),
            _ => {
                let two = rest.get(..2).filter(|two| OPERATORS.contains(two) || *two == "**");
                two.map_or(first.len_utf8(), str::len)
            }
        };
        found.push(rest[..length].to_owned());
        rest = &rest[length..];
    }
    found
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// One change behind the imports.
fn change(text: &str, random: &mut Random) -> String {
    let mut tokens = tokens(text);
    let begin = tokens.iter().position(|token| token == "@").unwrap_or(0);
    let places = |test: &dyn Fn(&str) -> bool| -> Vec<usize> {
        (begin..tokens.len()).filter(|at| test(&tokens[*at])).collect()
    };
    let what = random.below(6);
    let found = match what {
        0 => places(&is_word),
        1 => places(&|token| token.starts_with(|c: char| c.is_ascii_digit())),
        2 => places(&|token| OPERATORS.contains(&token)),
        _ => return change_lines(text, what, random),
    };
    if found.is_empty() {
        return text.to_owned();
    }
    let at = found[random.below(found.len())];
    tokens[at] = match what {
        0 => tokens[found[random.below(found.len())]].clone(),
        1 => random.pick(&NUMBERS).to_owned(),
        _ => random.pick(&OPERATORS).to_owned(),
    };
    tokens.concat()
}

fn change_lines(text: &str, what: usize, random: &mut Random) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let body: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].starts_with("    ")).collect();
    if body.is_empty() {
        return text.to_owned();
    }
    let (at, other) = (body[random.below(body.len())], body[random.below(body.len())]);
    match what {
        3 => drop(lines.remove(at)),
        4 => lines.swap(at, other),
        _ => {
            let indent = lines[at].len() - lines[at].trim_start().len();
            let line = format!("{}{}", " ".repeat(indent), lines[other].trim_start());
            lines.insert(at, line);
        }
    }
    lines.join("\n") + "\n"
}

fn pbpf(places: &Places, folder: &Path, words: &[&str], flags: &[String]) -> Finished {
    let mut command = Command::new(&places.pbpf);
    command.args(words).args(flags).args(["--message-format", "json"]).current_dir(folder);
    process::run(command.env_remove("PBPF_PLUGIN_PATH"), TIME).unwrap()
}

/// What is wrong with how pbpf ended.
fn wrong(done: &Finished) -> Option<String> {
    if done.signal.is_some() || done.timed_out || !matches!(done.status, Some(0..=3)) {
        return Some(format!("pbpf {}: {}", done.ending(), done.last_words()));
    }
    if let Some(line) = done.stderr.lines().find(|line| line.contains("panicked at")) {
        return Some(line.to_owned());
    }
    let seen = diagnostics::parse(&done.stdout).unwrap_or_default();
    let own = seen.iter().find(|d| ["mir-invalid", "backend", "verifier"].contains(&d.code.as_str()));
    own.map(ToString::to_string)
}

#[test]
fn what_is_accepted_loads() {
    let places = Places::find().unwrap();
    places.build_pbpf().unwrap();
    let folder = places.target.join("test-mutants");
    fs::create_dir_all(&folder).unwrap();
    let number = |name: &str| env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (seed, rounds) = (number("PBPF_SEED").unwrap_or(0), number("PBPF_ROUNDS").unwrap_or(200));
    let kernel = sys::is_root();
    if !kernel {
        eprintln!("not loaded: loading takes root");
    }
    let mut found = Vec::new();
    FOLDERS.iter().for_each(|folder| sources(&places.root.join(folder), &mut found));
    let (mut accepted, mut failed) = (0, Vec::new());
    for round in 0..rounds {
        // Each has numbers of its own, so that one can be had again without those before.
        let mut random = Random((seed * 0x1_0000 + round + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let source = &found[random.below(found.len())];
        let mut text = source.text.clone();
        for _ in 0..=random.below(3) {
            text = change(&text, &mut random);
        }
        fs::write(folder.join("mutant.py"), &text).unwrap();
        let mut done = pbpf(&places, &folder, &["build", "mutant.py", "-o", "mutant.o"], &source.flags);
        if done.status == Some(0) && kernel {
            accepted += 1;
            done = pbpf(&places, &folder, &["verify", "mutant.py"], &source.flags);
        }
        if let Some(message) = wrong(&done) {
            let name = format!("mutant-{seed}-{round}.py");
            fs::write(folder.join(&name), &text).unwrap();
            failed.push(format!("{name}: {message}"));
        }
    }
    assert!(failed.is_empty(), "of seed {seed}, kept in {}:\n{}", folder.display(), failed.join("\n"));
    assert!(!kernel || accepted * 10 > rounds, "only {accepted} of {rounds} were accepted");
}

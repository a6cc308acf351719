//! Bad input is normal input: whatever is given to pbpf ends in a diagnostic, in bounded time and memory.
//!
//! Promises: no signal, no panic, no Rust error in front of the user; at most [`TIME`] and [`MEMORY`] for each.
//! Leaves out: what the diagnostics say in detail; cases do that.

#![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

use pbpf_tests::{
    diagnostics,
    places::Places,
    process::{self, Finished},
};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::Duration,
};

/// Longest time that any input may take: these tests run beside others on a debug build.
const TIME: Duration = Duration::from_secs(20);

/// Most memory that any input may take.
const MEMORY: u64 = 512 << 20;

fn places() -> &'static Places {
    static PLACES: OnceLock<Places> = OnceLock::new();
    PLACES.get_or_init(|| {
        let places = Places::find().unwrap();
        places.build_pbpf().unwrap();
        fs::create_dir_all(places.target.join("test-inputs")).unwrap();
        places
    })
}

fn pbpf(arguments: &[&str]) -> Finished {
    let mut command = Command::new(&places().pbpf);
    command.args(arguments).current_dir(places().target.join("test-inputs")).env_remove("PBPF_PLUGIN_PATH");
    process::run(&mut command, TIME * 2).unwrap()
}

fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = places().target.join("test-inputs").join(name);
    fs::write(&path, bytes).unwrap();
    path
}

/// What no end may look like, whatever the input was.
fn bounded(done: &Finished) -> Result<(), String> {
    if done.signal.is_some() || done.timed_out || done.time > TIME {
        return Err(format!(
            "pbpf {} after {:.1} s: {}",
            done.ending(),
            done.time.as_secs_f32(),
            done.last_words()
        ));
    }
    if done.peak_memory > MEMORY {
        return Err(format!("pbpf took {} MiB", done.peak_memory >> 20));
    }
    if let Some(panic) =
        done.stderr.lines().find(|line| line.contains("panicked at") || line.contains("RUST_BACKTRACE"))
    {
        return Err(format!("pbpf panicked: {panic}"));
    }
    // These are mistakes of the compiler, whatever the program was.
    let said = [done.stdout.as_str(), &done.stderr].concat();
    if let Some(line) = said.lines().find(|line| line.contains("[mir-invalid]") || line.contains("[backend]"))
    {
        return Err(format!("pbpf blames itself: {line}"));
    }
    match done.status {
        Some(0..=3) => Ok(()),
        _ => Err(format!("pbpf {}", done.ending())),
    }
}

/// The input must be refused with diagnostics, the first with this code, by `check` and by `build`.
fn refused_as(code: &str, path: &Path) {
    let shown = path.to_string_lossy();
    let done = pbpf(&["check", &shown, "--message-format", "json"]);
    let seen = diagnostics::parse(&done.stdout).unwrap_or_default();
    let codes: Vec<&str> = seen.iter().map(|d| d.code.as_str()).collect();
    assert_eq!(codes.first(), Some(&code), "{shown}: {codes:?}");
    refused(path);
}

/// The input must be refused with a diagnostic, by `check` and by `build`.
fn refused(path: &Path) {
    let path = path.to_string_lossy();
    for words in [&["check", &path][..], &["build", &path, "-o", "refused.o"]] {
        let done = pbpf(&[words, &["--message-format", "json"]].concat());
        bounded(&done).unwrap_or_else(|message| panic!("{words:?}: {message}"));
        let seen = diagnostics::parse(&done.stdout).unwrap_or_else(|message| panic!("{words:?}: {message}"));
        assert!(matches!(done.status, Some(1..=3)), "{words:?}: pbpf {}", done.ending());
        assert!(
            seen.iter().any(|d| d.severity == "error"),
            "{words:?}: no error is reported: {}",
            done.last_words()
        );
        for diagnostic in &seen {
            assert!(
                !diagnostic.code.is_empty() && !diagnostic.message.is_empty(),
                "{words:?}: {diagnostic:?}"
            );
            assert!(
                diagnostic.message.len() < 20_000,
                "{words:?}: a message of {} bytes",
                diagnostic.message.len()
            );
        }
        // The human form of the same must be as bounded.
        bounded(&pbpf(words)).unwrap_or_else(|message| panic!("{words:?}: {message}"));
    }
}

/// The input must end, one way or the other.
fn survived(path: &Path) {
    let path = path.to_string_lossy();
    let done = pbpf(&["build", &path, "-o", "survived.o"]);
    bounded(&done).unwrap_or_else(|message| panic!("{path}: {message}"));
}

#[test]
fn files_that_are_no_programs() {
    refused_as("no-program", &file("empty.py", b""));
    refused_as("no-program", &file("space.py", b"  \n\n\t\n"));
    refused_as("no-program", &file("comment.py", b"# nothing here\n"));
    let bytes: Vec<u8> = (0..=255).cycle().take(4096).collect();
    refused_as("not-text", &file("bytes.py", &bytes));
    refused_as("syntax-error", &file("zeros.py", &[0; 4096]));
    refused_as("not-text", &file("latin1.py", b"# caf\xe9\nx = 1\n"));
    refused_as("not-text", &file("half.py", "x = 'é".as_bytes().split_last().unwrap().1));
    refused_as("syntax-error", &file("elf.py", b"\x7fELF\x02\x01\x01\0\0\0"));
    refused_as("unreadable", Path::new("no-such-file.py"));
    refused_as("unreadable", Path::new("no/such/folder/file.py"));
    refused_as("unreadable", Path::new("/"));
    refused_as("no-program", Path::new("/dev/null"));
    refused_as("file-too-large", Path::new("/dev/zero"));
    refused_as("unreadable", Path::new(&"long".repeat(2000)));
}

#[test]
fn large_files() {
    refused(&file("large-noise.py", &b"x = (1 +\n".repeat(600_000)));
    refused_as(
        "file-too-large",
        &file("large-comment.py", &b"# five megabytes of comment\n".repeat(190_000)),
    );
    refused(&file("large-statements.py", &b"x = 1\n".repeat(900_000)));
    refused(&file("long-line.py", &[b"x = ".to_vec(), b"1 + ".repeat(1_000_000), b"y\n".to_vec()].concat()));
    refused(&file("long-name.py", &[b"a".repeat(3_000_000), b"\n".to_vec()].concat()));
    refused(&file("long-text.py", &[b"x = '".to_vec(), b"a".repeat(5_000_000), b"\n".to_vec()].concat()));
}

/// A program around `body`, which is indented by four spaces.
fn program(body: &str) -> Vec<u8> {
    format!("from pbpf import bpf, section, bpfglobal\n\n@bpf\n@section(\"tracepoint/syscalls/sys_enter_execve\")\ndef f(ctx):\n{body}\n    return 0\n\n@bpf\n@bpfglobal\ndef LICENSE() -> str:\n    return \"GPL\"\n")
        .into_bytes()
}

const DEPTH: usize = 10_000;

#[test]
fn deep_expressions() {
    let nest = |open: &str, inside: &str, close: &str| {
        program(&format!("    x = {}{inside}{}", open.repeat(DEPTH), close.repeat(DEPTH)))
    };
    refused_as("too-deep", &file("deep-parentheses.py", &nest("(", "1", ")")));
    refused(&file("deep-brackets.py", &nest("[", "1", "]")));
    refused(&file("deep-braces.py", &nest("{1:", "1", "}")));
    refused(&file("deep-calls.py", &nest("f(", "1", ")")));
    refused(&file("deep-index.py", &nest("a[", "1", "]")));
    refused(&file("deep-minus.py", &nest("-", "1", "")));
    refused(&file("deep-not.py", &nest("not ", "1", "")));
    refused(&file("deep-lambda.py", &nest("lambda: ", "1", "")));
    refused(&file("deep-if-else.py", &nest("1 if 1 else ", "1", "")));
    refused(&file("deep-open.py", &nest("(", "1", "")));
    refused(&file("deep-power.py", &nest("1 ** ", "1", "")));
}

#[test]
fn long_chains() {
    // Left-nested without a bracket: a limit on brackets alone does not see them.
    let chain = |link: &str| program(&format!("    x = 1{}", link.repeat(DEPTH)));
    survived(&file("chain-plus.py", &chain(" + 1")));
    survived(&file("chain-and.py", &chain(" and 1")));
    survived(&file("chain-less.py", &chain(" < 1")));
    survived(&file("chain-member.py", &chain(".a")));
    survived(&file("chain-index.py", &chain("[0]")));
    survived(&file("chain-call.py", &chain("()")));
    let elif = format!("    if 1:\n        x = 1\n{}", "    elif 2:\n        x = 2\n".repeat(DEPTH));
    survived(&file("chain-elif.py", &program(&elif)));
    survived(&file("many-statements.py", &program(&"    x = 1\n".repeat(DEPTH))));
    survived(&file("many-ifs.py", &program(&"    if ctx.id:\n        x = 1\n".repeat(2000))));
    let function =
        |n: u32| ["@bpf\ndef g".to_owned(), n.to_string(), "(x):\n    return x\n\n".to_owned()].concat();
    let functions: String = (0..2000).map(function).collect();
    survived(&file("many-functions.py", &[functions.into_bytes(), program("    pass")].concat()));
}

#[test]
fn deep_blocks() {
    let block = |word: &str, depth: usize| {
        let lines: String = (0..depth).flat_map(|n| [" ".repeat(n + 4), format!("{word}:\n")]).collect();
        program(&format!("{lines}{}x = 1", " ".repeat(depth + 4)))
    };
    // One space each: 3000 deep is 4.5 MB of white space already.
    for (name, word) in [
        ("if", "if 1"),
        ("while", "while 1"),
        ("for", "for i in range(2)"),
        ("def", "def g()"),
        ("with", "with a"),
    ] {
        refused(&file(&format!("deep-{name}.py"), &block(word, 3000)));
    }
}

#[test]
fn unusual_texts() {
    let body = String::from_utf8(program("    print(\"hi\")")).unwrap();
    survived(&file("bom.py", format!("\u{feff}{body}").as_bytes()));
    survived(&file("crlf.py", body.replace('\n', "\r\n").as_bytes()));
    survived(&file("cr.py", body.replace('\n', "\r").as_bytes()));
    survived(&file("no-end.py", body.trim_end().as_bytes()));
    survived(&file("form-feed.py", body.replace("\n\n", "\n\x0c\n").as_bytes()));
    survived(&file("continuation.py", body.replace("(ctx)", "(\\\nctx)").as_bytes()));
    survived(&file("unicode-name.py", body.replace("def f", "def ünïcødé").as_bytes()));
    survived(&file("emoji.py", body.replace("hi", "\u{1f600}\u{202e}").as_bytes()));
    survived(&file("ends-in-backslash.py", format!("{body}\\").as_bytes()));
    survived(&file("huge-number.py", &program(&format!("    x = {}", "9".repeat(100_000)))));
    survived(&file("huge-power.py", &program("    x = 9 ** 9 ** 9 ** 9")));
    survived(&file("huge-shift.py", &program("    x = 1 << 99999999999")));
    survived(&file("huge-text.py", &program("    x = 'a' * 99999999999")));
    survived(&file("huge-range.py", &program("    for i in range(2 ** 62):\n        x = i")));
    survived(&file("number.py", &program("    x = 0x\n    y = 1_\n    z = 0o9")));
    survived(&file("f-text.py", &program("    x = f'{f\"{f}\"!r:{1}}'")));
}

#[test]
fn outputs_that_cannot_be_written() {
    let source = file("fine.py", &program("    print(\"hi\")"));
    let source = source.to_string_lossy();
    // A folder that is missing is made; a file is no folder.
    for to in ["fine.py/x.o", "/", "/dev/full", "/proc/nothing/x.o"] {
        let done = pbpf(&["build", &source, "-o", to, "--message-format", "json"]);
        bounded(&done).unwrap_or_else(|message| panic!("-o {to}: {message}"));
        assert_eq!(done.status, Some(3), "-o {to}: {}{}", done.stdout, done.last_words());
        let seen = diagnostics::parse(&done.stdout).unwrap_or_default();
        assert!(seen.iter().any(|d| d.code == "no-output"), "-o {to}: {}", done.stdout);
    }
}

#[test]
fn wrong_usage() {
    for words in [
        &[][..],
        &["no-such-command"],
        &["build"],
        &["check", ""],
        &["build", "x.py", "--no-such-flag"],
        &["build", "x.py", "--cpu", "v9"],
        &["build", "x.py", "--emit", "nonsense"],
        &["build", "--config", "no-such.toml"],
        &["opt", "no-such.mir", "--passes", "nonsense"],
        &["explain", "no-such-code"],
        &["plugin", "show", "no-such-plugin"],
    ] {
        let done = pbpf(words);
        bounded(&done).unwrap_or_else(|message| panic!("{words:?}: {message}"));
        assert!(matches!(done.status, Some(2 | 3)), "{words:?}: pbpf {}", done.ending());
        assert!(!format!("{}{}", done.stdout, done.stderr).trim().is_empty(), "{words:?}: nothing is said");
    }
}

#[test]
fn wrong_configurations() {
    file("fine.py", &program("    print(\"hi\")"));
    let told = |name: &str, lines: &str| {
        let text = format!("[build]\nsources = [\"fine.py\"]\n{lines}");
        let path = file(name, text.as_bytes());
        let done = pbpf(&["build", "--config", &path.to_string_lossy(), "--message-format", "json"]);
        bounded(&done).unwrap_or_else(|message| panic!("{name}: {message}"));
        assert_eq!(done.status, Some(2), "{name}: {}", done.stdout);
        let seen = diagnostics::parse(&done.stdout).unwrap();
        (seen[0].code.clone(), seen[0].line, seen[0].column)
    };
    assert_eq!(told("key.toml", "optt = 3\n"), ("unknown-key".to_owned(), Some(3), Some(1)));
    assert_eq!(told("pass.toml", "[passes]\ndisable = [\"lower\"]\n").0, "pass-graph");
}

/// A small generator of numbers, the same in each run; `PBPF_SEED` makes others.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        // xorshift64*, Vigna 2016.
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit.max(1)
    }
}

#[test]
fn random_damage_to_programs() {
    let seed = env::var("PBPF_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(0_u64);
    let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ seed);
    let rounds = env::var("PBPF_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(100);
    let mut sources: Vec<Vec<u8>> =
        vec![program("    x = 1\n    if ctx.id > 3:\n        print(\"hi %d\", x)")];
    for folder in ["examples", "tests/cases/language", "tests/cases/program-types"] {
        for path in python_files(&places().root.join(folder)) {
            sources.push(fs::read(path).unwrap());
        }
    }
    for round in 0..rounds {
        let mut source = sources[random.below(sources.len())].clone();
        for _ in 0..=random.below(4) {
            damage(&mut source, &mut random);
        }
        let path = file("damaged.py", &source);
        let done = pbpf(&["build", &path.to_string_lossy(), "-o", "damaged.o"]);
        if let Err(message) = bounded(&done) {
            let kept = file(&format!("damaged-{seed}-{round}.py"), &source);
            panic!("round {round} of seed {seed}: {message}; the source is {}", kept.display());
        }
    }
}

fn python_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(python_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "py") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Removes, doubles, swaps or replaces a piece: mostly what still looks like Python.
fn damage(source: &mut Vec<u8>, random: &mut Random) {
    const PIECES: [&str; 16] = [
        "(", ")", "[", ":", "\n", "    ", "not ", "0", "-1", "None", "**", ".x", "lambda: ", "@", "=",
        "\"\u{e9}",
    ];
    let at = random.below(source.len());
    let length = random.below(12).min(source.len() - at);
    match random.below(5) {
        0 => drop(source.drain(at..at + length)),
        1 => {
            let piece = source[at..at + length].to_vec();
            source.splice(at..at, piece);
        }
        2 => drop(source.splice(at..at, PIECES[random.below(PIECES.len())].bytes())),
        3 => source.truncate(at),
        _ => {
            if let Some(byte) = source.get_mut(at) {
                *byte = random.below(256) as u8;
            }
        }
    }
}

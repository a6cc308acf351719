//! The documentation as tests: each page of an error shows that error, each Python block is a program that pbpf takes.
//!
//! Promises: the first Python block of `docs/errors/CODE.md` gives CODE and no other error (with comments such as
//! `# error: [CODE]`, on just those lines), the text block after it is what pbpf prints, and each further Python block is
//! without errors. `BLESS=1` rewrites the text blocks.
//! Leaves out: whether the prose is right.
//!
//! After the fence may stand: `python build` or `python verify` for errors that only that command gives, `python user` for a program
//! that is user-space only, options of pbpf such as `--lint=arithmetic`, `mir PASSES` for errors of these passes. `console` blocks of error pages are commands to run:
//! `$ pbpf check missing.py`. A page whose first block is in another language is about something that other tests make; one of
//! them must name its code.

#![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

use pbpf_tests::{
    diagnostics::{self, Diagnostic, Expected},
    directives::{Kind, expectations},
    golden,
    pages::{self, Block},
    places::Places,
    process::{self, Finished},
    sys,
};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::Duration,
};

/// The places, with pbpf built once for all tests here.
fn places() -> &'static Places {
    static PLACES: OnceLock<Places> = OnceLock::new();
    PLACES.get_or_init(|| {
        let places = Places::find().unwrap();
        places.build_pbpf().unwrap();
        places
    })
}

/// A page below the repository's root.
struct Page {
    path: PathBuf,
    text: String,
}

fn pages_below(folder: &str) -> Vec<Page> {
    let root = &places().root;
    let mut found = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                let text = fs::read_to_string(&path).unwrap();
                found.push(Page { path: path.strip_prefix(root).unwrap().to_owned(), text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// A fresh folder for the example at `line` of a page.
fn folder(page: &Page, line: usize) -> PathBuf {
    let name = page.path.to_string_lossy().replace(['/', '.'], "-");
    let folder = places().target.join("test-docs").join(format!("{name}-{line}"));
    // What an earlier run left must not help this one.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn run(folder: &Path, program: &Path, arguments: &[&str]) -> Finished {
    let mut path = places().pbpf.parent().unwrap().as_os_str().to_owned();
    path.push(":");
    path.push(env::var_os("PATH").unwrap_or_default());
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).env("PATH", path).env_remove("PBPF_PLUGIN_PATH");
    process::run(&mut command, Duration::from_secs(60)).unwrap()
}

/// The words that run pbpf on `example.py` as the block asks for; `--btf=$btf:7.3` means the types of that VM kernel.
fn words(block: &Block) -> Vec<String> {
    let words: &[&str] = match block.words.first().map(String::as_str) {
        Some("build") => &["build", "example.py", "-o", "example.o"],
        Some("verify") => &["verify", "example.py"],
        _ => &["check", "example.py"],
    };
    let named = |word: &String| match word.strip_prefix("--btf=$btf:") {
        None => word.clone(),
        Some(version) => {
            let folder = places().kernel(version).expect("`make kernels` fetches the kernels of VMs");
            format!("--btf={}", folder.join("vmlinux.btf").display())
        }
    };
    let flags = block.words.iter().filter(|word| word.starts_with("--")).map(named);
    words.iter().map(|word| (*word).to_owned()).chain(flags).collect()
}

fn diagnose(folder: &Path, block: &Block) -> Result<Vec<Diagnostic>, String> {
    fs::write(folder.join("example.py"), &block.text).unwrap();
    let words = words(block);
    let words: Vec<&str> = words.iter().map(String::as_str).chain(["--message-format", "json"]).collect();
    let done = run(folder, &places().pbpf, &words);
    if done.signal.is_some() || done.timed_out {
        return Err(format!("pbpf {}: {}", done.ending(), done.last_words()));
    }
    diagnostics::parse(&done.stdout)
}

fn needs_privileges(block: &Block) -> bool {
    block.words.iter().any(|word| word == "verify") && !sys::is_root()
}

/// What is wrong with a page of an error.
fn judge_error_page(page: &Page, code: &str) -> Result<(), String> {
    let blocks = pages::blocks(&page.text);
    let Some(first) = blocks.iter().find(|block| block.language != "text") else {
        return named_by_a_test(code);
    };
    match first.language.as_str() {
        "python" if needs_privileges(first) => return Ok(()),
        "python" => {
            let folder = folder(page, first.line);
            let seen = diagnose(&folder, first)?;
            let expectations =
                expectations::parse(&first.text, Kind::Python).map_err(|m| format!("{m:?}"))?;
            if expectations.is_empty() {
                let others: Vec<String> = seen
                    .iter()
                    .filter(|d| d.code != code && d.severity == "error")
                    .map(ToString::to_string)
                    .collect();
                if !others.is_empty() {
                    return Err(format!("the example gives other errors: {}", others.join("; ")));
                }
            } else {
                let failures =
                    diagnostics::compare(&seen, &[Expected { file: "example.py".to_owned(), expectations }]);
                if !failures.is_empty() {
                    return Err(failures.join("; "));
                }
            }
            if !seen.iter().any(|d| d.code == code) {
                return Err("the example does not give the error".to_owned());
            }
            shown(page, &blocks, first, &folder)?;
        }
        "console" => {
            let folder = folder(page, first.line);
            for line in first.text.lines().filter_map(|line| line.strip_prefix("$ ")) {
                let done = run(&folder, Path::new("sh"), &["-c", line]);
                if line.contains("pbpf")
                    && !format!("{}{}", done.stdout, done.stderr).contains(&format!("[{code}]"))
                {
                    return Err(format!(
                        "`{line}` {} without the error: {}",
                        done.ending(),
                        done.last_words()
                    ));
                }
            }
        }
        "mir" => {
            let folder = folder(page, first.line);
            fs::write(folder.join("example.mir"), &first.text).unwrap();
            let mut words = vec!["opt", "example.mir"];
            if let Some(passes) = first.words.first() {
                words.extend(["--passes", passes]);
            }
            gives(&folder, &words, code)?;
        }
        // A configuration, beside a program without mistakes. Where more is needed to see the error, a test makes it.
        "toml" => {
            let folder = folder(page, first.line);
            fs::write(folder.join("pbpf.toml"), &first.text).unwrap();
            fs::write(folder.join("example.py"), FINE).unwrap();
            let words = ["build", "example.py", "--config", "pbpf.toml", "--out-dir", "out"];
            return gives(&folder, &words, code).or_else(|_| named_by_a_test(code));
        }
        _ => return named_by_a_test(code),
    }
    // The further programs show how it is done right.
    let after =
        blocks.iter().skip_while(|block| block.line <= first.line).filter(|block| block.language == "python");
    after.into_iter().try_for_each(|block| clean(page, block))
}

/// A program without mistakes.
const FINE: &str = "from pbpf import bpf, bpfglobal, section\n\n\n@bpf\n@section(\"tracepoint/syscalls/sys_enter_execve\")\n\
                    def hello(ctx):\n    print(\"hello\")\n    return 0\n\n\n@bpf\n@bpfglobal\ndef LICENSE() -> str:\n    return \"GPL\"\n";

/// pbpf with these words gives the error.
fn gives(folder: &Path, words: &[&str], code: &str) -> Result<(), String> {
    let done = run(folder, &places().pbpf, &[words, &["--message-format", "json"]].concat());
    let seen = diagnostics::parse(&done.stdout)?;
    if seen.iter().any(|d| d.code == code) {
        return Ok(());
    }
    Err(format!(
        "the example does not give the error: pbpf {}: {}{}",
        done.ending(),
        done.stdout,
        done.last_words()
    ))
}

/// The text block right after the example is what pbpf prints.
fn shown(page: &Page, blocks: &[Block], example: &Block, folder: &Path) -> Result<(), String> {
    let next = blocks.iter().find(|block| block.line > example.line);
    let Some(text) = next.filter(|block| block.language == "text") else { return Ok(()) };
    let done = run(folder, &places().pbpf, &words(example).iter().map(String::as_str).collect::<Vec<_>>());
    let printed = format!("{}{}", done.stdout, done.stderr);
    if golden::same(&text.text, &printed) {
        return Ok(());
    }
    if env::var_os("BLESS").is_some() {
        let blessed = pages::with_block(&page.text, text.line, &printed);
        return fs::write(places().root.join(&page.path), blessed).map_err(|e| e.to_string());
    }
    let difference = golden::difference(&text.text, &printed);
    Err(format!(
        "line {}: what pbpf prints differs in {difference} (BLESS=1 writes what it printed)",
        text.line
    ))
}

/// A Python block without errors and warnings.
fn clean(page: &Page, block: &Block) -> Result<(), String> {
    if block.words.iter().any(|word| word == "user") || needs_privileges(block) {
        return Ok(());
    }
    let seen = diagnose(&folder(page, block.line), block)?;
    let seen: Vec<String> = seen.iter().map(ToString::to_string).collect();
    if seen.is_empty() { Ok(()) } else { Err(format!("line {}: {}", block.line, seen.join("; "))) }
}

/// An example that no page can hold, such as a broken plugin, is made by a test that names the code.
fn named_by_a_test(code: &str) -> Result<(), String> {
    let wanted = format!("\"{code}\"");
    let bracketed = format!("[{code}]");
    let listed = Command::new("git").args(["ls-files"]).current_dir(&places().root).output().unwrap();
    let named = String::from_utf8_lossy(&listed.stdout).lines().any(|path| {
        let is_test = path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("/tests.rs");
        let text = || fs::read_to_string(places().root.join(path)).unwrap_or_default();
        is_test && [&wanted, &bracketed].iter().any(|name| text().contains(name.as_str()))
    });
    if named { Ok(()) } else { Err("the example is no program, and no test names the code".to_owned()) }
}

fn report(mistakes: &[String]) {
    assert!(mistakes.is_empty(), "\n\n  {}\n", mistakes.join("\n  "));
}

#[test]
fn each_page_of_an_error_shows_it() {
    let mistakes: Vec<String> = pages_below("docs/errors")
        .iter()
        .filter_map(|page| {
            let code = page.path.file_stem()?.to_string_lossy().into_owned();
            let mistake = judge_error_page(page, &code).err()?;
            (code != "README").then(|| format!("{}: {mistake}", page.path.display()))
        })
        .collect();
    report(&mistakes);
}

#[test]
fn each_python_block_is_a_program() {
    let mut all = pages_below("docs");
    for path in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"] {
        if let Ok(text) = fs::read_to_string(places().root.join(path)) {
            all.push(Page { path: path.into(), text });
        }
    }
    let mut mistakes = Vec::new();
    for page in all.iter().filter(|page| !page.path.starts_with("docs/errors")) {
        for block in pages::blocks(&page.text).iter().filter(|block| block.language == "python") {
            if let Err(mistake) = clean(page, block) {
                mistakes.push(format!("{}: {mistake}", page.path.display()));
            }
        }
    }
    report(&mistakes);
}

#[test]
fn each_mir_block_is_mir() {
    let mut mistakes = Vec::new();
    for page in pages_below("docs").iter().filter(|page| !page.path.starts_with("docs/errors")) {
        // A module opens with its version; what does not is a piece of one.
        let is_module = |block: &&Block| block.language == "mir" && block.text.starts_with("mir ");
        for block in pages::blocks(&page.text).iter().filter(is_module) {
            let folder = folder(page, block.line);
            fs::write(folder.join("example.mir"), &block.text).unwrap();
            let done = run(&folder, &places().pbpf, &["opt", "example.mir"]);
            if done.status != Some(0) {
                mistakes.push(format!("{}:{}: {}", page.path.display(), block.line, done.last_words()));
            }
        }
    }
    report(&mistakes);
}

/// The table of `docs/sched-ext.md` has each scheduler of the tests, with its lines that are neither empty nor comments.
#[test]
fn lines_of_schedulers() {
    let root = places().root.clone();
    let page = fs::read_to_string(root.join("docs/sched-ext.md")).unwrap();
    let mut wanted = Vec::new();
    for entry in fs::read_dir(root.join("tests/cases/programs/sched-ext")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "py") {
            let text = fs::read_to_string(&path).unwrap();
            let lines = text.lines().map(str::trim);
            let count =
                lines.filter(|l| !l.is_empty() && !l.starts_with('#') && !l.starts_with("\"\"\"")).count();
            let name = path.file_name().unwrap().to_string_lossy();
            wanted.push(format!("| `{name}` | {count} |"));
        }
    }
    wanted.sort();
    let written: Vec<&str> = page.lines().filter(|l| l.starts_with("| `") && l.contains(".py` | ")).collect();
    assert_eq!(written, wanted, "docs/sched-ext.md, \"How much there is to write\"");
}

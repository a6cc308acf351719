//! The part of a case that needs no privileges: building it as a user would, and holding what pbpf says against the case.
//!
//! Promises: pbpf is run as a program, once more for the bytes (the same input must give the same object); anything that it prints and
//! that is not a diagnostic is a failure. Leaves out: kernels, which get the object and a plan.

use crate::{
    diagnostics::{self, Diagnostic, Expected},
    directives::{Case, Kind, Severity, expectations},
    golden,
    places::Places,
    plan::{Plan, Verdict},
    process::{self, Finished},
};
use pbpf_core::rows::{EndedRow, Manifest};
use std::{
    cell::RefCell,
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

/// How long one run of pbpf may take.
pub const LIMIT: Duration = Duration::from_secs(60);

/// A case that was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its name: the path below `tests/cases` without the extension.
    pub name: String,
    /// The file with the directives, from the root of the repository.
    pub file: PathBuf,
    /// Its kind.
    pub kind: Kind,
}

/// What came of building a case.
#[derive(Debug)]
pub struct Built {
    /// The directives.
    pub case: Case,
    /// What is wrong.
    pub failures: Vec<String>,
    /// Why it could not be tried here.
    pub skipped: Option<String>,
    /// What is left for a kernel.
    pub plan: Option<Plan>,
    /// Codes of diagnostics that were seen and have no page in `docs/errors/`.
    pub without_page: BTreeSet<String>,
}

/// Reads and builds a case. `kernel`: whether the running kernel may be asked about a program that it must refuse.
pub fn build(places: &Places, found: &Found, kernel: bool) -> Built {
    let mut built = Built {
        case: Case::default(),
        failures: Vec::new(),
        skipped: None,
        plan: None,
        without_page: BTreeSet::new(),
    };
    let text = match fs::read_to_string(places.root.join(&found.file)) {
        Ok(text) => text,
        Err(e) => {
            built.failures.push(format!("{}: {e}", found.file.display()));
            return built;
        }
    };
    match crate::directives::parse(&text, found.kind) {
        Ok(case) => built.case = case,
        Err(mistakes) => {
            built.failures.extend(mistakes.iter().map(ToString::to_string));
            return built;
        }
    }
    match flags(places, &built.case.flags) {
        Ok(flags) => built.case.flags = flags,
        Err(missing) => {
            built.skipped = Some(missing);
            return built;
        }
    }
    let bench = Bench { places, found, case: &built.case, kernel, without_page: RefCell::default() };
    let result = match found.kind {
        Kind::C => bench.clang(),
        Kind::Mir => bench.mir(&text),
        Kind::Python => bench.python(&text),
    };
    built.without_page = bench.without_page.into_inner();
    match result {
        Ok(object) => {
            built.plan = object.zip(built.case.verdict.clone()).map(|(object, verdict)| Plan {
                case: found.name.clone(),
                object,
                globals: built.case.globals.clone(),
                bound: built.case.bound,
                ended: ended(places),
                needs: built.case.needs.clone(),
                verdict,
                steps: built.case.steps.clone(),
                fails: built.case.fails.clone(),
            });
        }
        Err(failures) => built.failures = failures,
    }
    built
}

/// Where the kernel shows that it has ended callbacks, as the row of the shipped program type that has such a place says.
fn ended(places: &Places) -> Option<EndedRow> {
    let folders = fs::read_dir(places.root.join("program-types")).ok()?;
    let manifests = folders.flatten().map(|folder| folder.path().join("manifest.json"));
    manifests
        .filter_map(|file| Manifest::from_json(&fs::read_to_string(file).ok()?).ok())
        .flat_map(|manifest| manifest.program_types)
        .find_map(|row| row.struct_ops?.ended)
}

/// Replaces `$btf:VERSION` by the BTF file of that VM kernel.
fn flags(places: &Places, flags: &[String]) -> Result<Vec<String>, String> {
    flags
        .iter()
        .map(|flag| match flag.strip_prefix("$btf:") {
            None => Ok(flag.clone()),
            Some(version) => places
                .kernel(version)
                .map(|folder| folder.join("vmlinux.btf").to_string_lossy().into_owned())
                .ok_or_else(|| format!("kernel {version} is not there; `make kernels` fetches it")),
        })
        .collect()
}

/// One case on the bench.
struct Bench<'a> {
    places: &'a Places,
    found: &'a Found,
    case: &'a Case,
    kernel: bool,
    without_page: RefCell<BTreeSet<String>>,
}

type Failures = Vec<String>;

impl Bench<'_> {
    fn run(&self, command: &mut Command) -> Result<Finished, Failures> {
        command
            .current_dir(&self.places.root)
            // What the tester's shell holds must not change a result.
            .env_remove("PBPF_PLUGIN_PATH")
            .env_remove("RUST_BACKTRACE");
        let program = command.get_program().to_string_lossy().into_owned();
        process::run(command, LIMIT).map_err(|e| vec![format!("{program}: {e}")])
    }

    fn pbpf(&self, arguments: &[&str]) -> Result<Finished, Failures> {
        self.run(Command::new(&self.places.pbpf).args(arguments))
    }

    /// The source file, from the root of the repository.
    fn source(&self) -> String {
        self.case.source.clone().unwrap_or_else(|| self.found.file.to_string_lossy().into_owned())
    }

    fn out(&self, suffix: &str) -> Result<PathBuf, Failures> {
        let path = self.places.object(&self.found.name).with_extension(suffix);
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(|e| vec![format!("{}: {e}", folder.display())])?;
        // What an earlier run left must not be taken for what this one makes; mostly there is nothing.
        let _ = fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path));
        Ok(path)
    }

    fn clang(&self) -> Result<Option<PathBuf>, Failures> {
        let object = self.out("o")?;
        let compiler = env::var_os("PBPF_TEST_CLANG").unwrap_or_else(|| "clang-19".into());
        let mut command = Command::new(compiler);
        command
            .args(["-O2", "-g", "-target", "bpf", "-mcpu=v3", "-Wall", "-Werror", "-c"])
            .args(&self.case.flags);
        let done = self.run(command.arg(self.source()).arg("-o").arg(&object))?;
        if done.status == Some(0) {
            Ok(Some(object))
        } else {
            Err(vec![format!("clang: {}", done.last_words())])
        }
    }

    fn python(&self, text: &str) -> Result<Option<PathBuf>, Failures> {
        let source = self.source();
        let folder = self.found.file.parent().unwrap_or(Path::new("")).to_owned();
        let mut sources = vec![source.clone()];
        sources.extend(self.case.files.iter().map(|file| folder.join(file).to_string_lossy().into_owned()));
        let all = self.expected(&sources)?;
        // A refusal by the kernel is expected of `pbpf verify`; building must say nothing of it.
        let refused = matches!(self.case.verdict, Some(Verdict::Refuse { .. }));
        let mut expected = all.clone();
        if refused {
            for file in &mut expected {
                file.expectations.retain(|e| e.severity != Severity::Error);
            }
        }
        if self.case.check_only {
            let done = self.pbpf(&self.words(&["check", "--message-format", "json"], &sources))?;
            self.judge(&done, &expected)?;
            return Ok(None);
        }
        let mut failures = Vec::new();
        let object = self.out("o")?;
        // MIR is verified after each pass here, which must not change what comes out.
        let built = self.build(&sources, &object, &["--verify-each"], &expected)?;
        if built {
            // The same input gives the same bytes, whatever the output is called and whenever it is made.
            let again = self.out("again.o")?;
            self.build(&sources, &again, &[], &expected)?;
            let same = fs::read(&object).ok() == fs::read(&again).ok();
            if !same {
                failures.push("two builds of the same source gave different bytes".to_owned());
            }
            let _ = fs::remove_file(again);
        }
        if !built && self.case.verdict.is_some() {
            failures.push("there is no object for the kernel".to_owned());
        }
        if refused && self.kernel {
            let words = self.words(&["verify", "--message-format", "json"], &sources);
            self.judge(&self.pbpf(&words)?, &all)?;
        }
        failures.extend(self.goldens(text, |bench, golden| bench.printed(&golden.what, &source)));
        if failures.is_empty() { Ok(built.then_some(object)) } else { Err(failures) }
    }

    /// The expectations of each source: those of the case, and those in its further files.
    fn expected(&self, sources: &[String]) -> Result<Vec<Expected>, Failures> {
        let mut all =
            vec![Expected { file: sources[0].clone(), expectations: self.case.expectations.clone() }];
        for file in &sources[1..] {
            let fail = |message: String| vec![format!("{file}: {message}")];
            let text = fs::read_to_string(self.places.root.join(file)).map_err(|e| fail(e.to_string()))?;
            let expectations = expectations::parse(&text, self.found.kind).map_err(|mistakes| {
                mistakes.iter().map(|mistake| format!("{file}: {mistake}")).collect::<Failures>()
            })?;
            all.push(Expected { file: file.clone(), expectations });
        }
        Ok(all)
    }

    /// Whether an object was made, after holding the diagnostics against the expectations.
    fn build(
        &self,
        sources: &[String],
        object: &Path,
        more: &[&str],
        expected: &[Expected],
    ) -> Result<bool, Failures> {
        let object_text = object.to_string_lossy().into_owned();
        // Several files make several objects, so those go to a folder.
        let to = if sources.len() > 1 { "--out-dir" } else { "-o" };
        let command = [&["build", "--message-format", "json", to, &object_text], more].concat();
        let done = self.pbpf(&self.words(&command, sources))?;
        self.judge(&done, expected)?;
        Ok(done.status == Some(0) && object.is_file())
    }

    /// The arguments of pbpf: the command, the sources, what the case adds.
    fn words<'w>(&'w self, command: &[&'w str], sources: &'w [String]) -> Vec<&'w str> {
        let sources = sources.iter().map(String::as_str);
        let flags = self.case.flags.iter().map(String::as_str);
        command.iter().copied().chain(sources).chain(flags).collect()
    }

    fn judge(&self, done: &Finished, expected: &[Expected]) -> Result<(), Failures> {
        let mut failures = Vec::new();
        let seen: Vec<Diagnostic> = match diagnostics::parse(&done.stdout) {
            Ok(seen) => seen,
            Err(message) => {
                failures.push(message);
                Vec::new()
            }
        };
        // `pbpf verify` tells the numbers of accepted programs there.
        let is_number = |line: &str| line.starts_with('{') && line.contains("\"verified\"");
        if !done.stderr.lines().all(|line| line.trim().is_empty() || is_number(line)) {
            failures.push(format!("on standard error: {}", done.last_words()));
        }
        failures.extend(diagnostics::compare(&seen, expected));
        failures.extend(diagnostics::without_columns(&seen, expected));
        let codes = seen.iter().map(|d| d.code.as_str());
        let without_page =
            codes.filter(|code| !self.places.root.join(format!("docs/errors/{code}.md")).exists());
        self.without_page.borrow_mut().extend(without_page.map(str::to_owned));
        let errors = expected.iter().flat_map(|f| &f.expectations).any(|e| e.severity == Severity::Error);
        let status = self.case.exit.unwrap_or(i32::from(errors));
        if done.status != Some(status) {
            failures.push(format!("pbpf {}, expected status {status}", done.ending()));
        }
        if failures.is_empty() { Ok(()) } else { Err(failures) }
    }

    fn mir(&self, text: &str) -> Result<Option<PathBuf>, Failures> {
        let sources = [self.source()];
        let out = self.out("out.mir")?;
        let out_text = out.to_string_lossy().into_owned();
        let mut command = vec!["opt", "--verify-each"];
        if let Some(passes) = &self.case.passes {
            command.extend(["--passes", passes]);
        }
        let print = [&command[..], &["--message-format", "json", "-o", &out_text]].concat();
        let done = self.pbpf(&self.words(&print, &sources))?;
        let expected = Expected { file: sources[0].clone(), expectations: self.case.expectations.clone() };
        self.judge(&done, &[expected])?;
        let printed = || fs::read_to_string(&out).map_err(|e| vec![format!("{}: {e}", out.display())]);
        let mut failures = self.goldens(text, |_, _| printed());
        // The interpreter checks the passes and the other way round: a pass must not change what a function gives.
        for (run, passes) in self.case.interpret.iter().flat_map(|run| [(run, false), (run, true)]) {
            let opt = if passes { &command[..] } else { &["opt"] };
            let interpret = [opt, &["--interpret", &run.call]].concat();
            let done = self.pbpf(&self.words(&interpret, &sources))?;
            let seen = done.stdout.trim();
            if done.status != Some(0) || seen != run.result {
                let when = if passes { "after the passes" } else { "before the passes" };
                let end = format!("{seen} {}", done.last_words());
                let said = if done.status == Some(0) { end } else { format!("{} {end}", done.ending()) };
                failures
                    .push(format!("line {}: {} {when}: {said}, expected {}", run.line, run.call, run.result));
            }
        }
        if failures.is_empty() { Ok(None) } else { Err(failures) }
    }

    /// Holds each golden block against what `print` gives for it, or blesses it.
    fn goldens(
        &self,
        text: &str,
        print: impl Fn(&Self, &golden::Golden) -> Result<String, Failures>,
    ) -> Failures {
        let mut failures = Vec::new();
        let mut blessed = text.to_owned();
        // From the last to the first, so that blessing one does not move the lines of the next.
        for golden in self.case.goldens.iter().rev() {
            match print(self, golden) {
                Err(found) => failures.extend(found),
                Ok(seen) if golden::same(&golden.text, &seen) => {}
                Ok(seen) if env::var_os("BLESS").is_some() => {
                    blessed = golden::bless(&blessed, self.found.kind, golden.line, &seen);
                }
                Ok(seen) => failures.push(format!(
                    "the golden block on line {} differs in {} (BLESS=1 writes what was seen)",
                    golden.line,
                    golden::difference(&golden.text, &seen)
                )),
            }
        }
        if blessed != text
            && let Err(e) = fs::write(self.places.root.join(&self.found.file), &blessed)
        {
            failures.push(format!("{}: {e}", self.found.file.display()));
        }
        failures
    }

    /// What a golden block of a Python case holds: `after PASS` the program after that pass, any other word the output of that kind.
    fn printed(&self, what: &str, source: &str) -> Result<String, Failures> {
        let sources = [source.to_owned()];
        let command = match what.strip_prefix("after ") {
            Some(pass) => vec!["check", "--print-after", pass],
            None => vec!["build", "--emit", what, "-o", "-"],
        };
        let done = self.pbpf(&self.words(&command, &sources))?;
        let is_listing = command[0] == "check";
        match done.status {
            // An example of a program that is refused further on may still show what was made of it before.
            Some(0..=1) if is_listing => Ok(done.stderr),
            Some(0) => Ok(done.stdout),
            _ => Err(vec![format!("`#= {what}`: pbpf {}: {}", done.ending(), done.last_words())]),
        }
    }
}

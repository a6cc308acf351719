//! What the tests share: a module from MIR text, emitted and loaded.
//!
//! Promises: whatever a loader has to say is a failure, for libbpf only warns where the kernel refuses BTF; each object is
//! also loaded by bpftool, whose libbpf is another. Nothing stays pinned. Where the kernel cannot be had, that is
//! said, and under `CI=true` it is a failure.
//! Leaves out: the modules.
#![allow(dead_code, reason = "each test file uses a part")]
#![allow(unreachable_pub, reason = "the test files are crates of one module each")]
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use pbpf_core::diag::Diagnostic;
use pbpf_core::mir::{self, Module};
use pbpf_core::source::{FileId, SourceMap};
use pbpf_llvm::{Artifact, Artifacts, EmitOptions, emit};
use pbpf_loader::{Loaded, Object, OpenOptions, TestRun, Value, features};
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// A module and the Python that it is said to come from: 40 lines of 20 bytes.
#[derive(Clone)]
pub struct Case {
    pub module: Module,
    pub sources: SourceMap,
}

impl Case {
    /// The module of a MIR text. The lines `mir 1`, `source` and `license` are put in front.
    pub fn new(text: &str) -> Self {
        let text = format!("mir 1\nsource \"prog.py\"\nlicense \"GPL\"\n{text}");
        let module = mir::parse(&text, pbpf_core::entity::Entity::new(0)).unwrap_or_else(|e| {
            let all: Vec<String> = e.iter().map(|d| show(d, &text)).collect();
            panic!("{}", all.join("\n"))
        });
        let mut sources = SourceMap::new();
        sources.add("prog.py", (1..=40).fold(String::new(), |t, n| format!("{t}    python({n:07})\n")));
        Self { module, sources }
    }

    pub fn try_emit(&self, options: &EmitOptions) -> Result<Artifacts, Vec<Diagnostic>> {
        emit(&self.module, &self.sources, options)
    }

    pub fn emit(&self, options: &EmitOptions) -> Artifacts {
        self.try_emit(options).unwrap_or_else(|e| panic!("{e:#?}"))
    }

    pub fn object(&self) -> Vec<u8> {
        self.emit(&EmitOptions::default()).object.unwrap()
    }

    pub fn assembly(&self) -> String {
        let options = EmitOptions { emit: vec![Artifact::Assembly], ..EmitOptions::default() };
        self.emit(&options).assembly.unwrap()
    }

    pub fn ir(&self) -> String {
        let options = EmitOptions { emit: vec![Artifact::LlvmIr], ..EmitOptions::default() };
        self.emit(&options).llvm_ir.unwrap()
    }

    /// Loads the object; none where the kernel cannot be had.
    pub fn load(&self) -> Option<Loaded> {
        let object = self.object();
        bpftool_loads(&object, &[]);
        load(&object)
    }
}

/// A diagnostic of the MIR parser.
fn show(diagnostic: &Diagnostic, text: &str) -> String {
    let lo = diagnostic.primary.as_ref().map_or(0, |p| p.span.lo as usize);
    let line = text[..lo].lines().count();
    format!("line {line}: {}: {}", diagnostic.message, text.lines().nth(line.saturating_sub(1)).unwrap_or(""))
}

/// Whether the kernel may be used; says so where it may not.
pub fn kernel() -> bool {
    if features::bpf_permitted().is_ok() {
        return true;
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "the kernel does not load programs for this user");
    // Not by a macro, whose output the test runner keeps to itself.
    let _ = writeln!(std::io::stderr(), "SKIPPED: the kernel does not load programs for this user");
    false
}

/// Loads an object, and nothing may be said about it.
pub fn load(object: &[u8]) -> Option<Loaded> {
    if !kernel() {
        return None;
    }
    let open = Object::open_bytes(object, &OpenOptions::default()).unwrap_or_else(|e| panic!("{e:#?}"));
    assert!(open.messages().is_empty(), "{:#?}", open.messages());
    let loaded = open.load().unwrap_or_else(|e| panic!("{e:#?}"));
    let warnings: Vec<_> = loaded.warnings().collect();
    assert!(warnings.is_empty(), "{warnings:#?}");
    Some(loaded)
}

/// Loads an object with bpftool, and nothing may be said about it; then runs bpftool with `args`, in which `PROG:` and
/// `MAP:` stand for the folders of pins, and gives what it says.
pub fn bpftool_loads(object: &[u8], args: &[&str]) -> Option<String> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    if !kernel() {
        return None;
    }
    let name = format!("pbpf-llvm-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let file = std::env::temp_dir().join(format!("{name}.o"));
    let pins = PathBuf::from("/sys/fs/bpf").join(&name);
    let (progs, maps) = (format!("{}/", pins.display()), format!("{}/maps/", pins.display()));
    std::fs::write(&file, object).unwrap();
    let run = |args: &[String]| {
        let out = Command::new("bpftool").args(args).output().unwrap();
        let said = String::from_utf8_lossy(&out.stderr).into_owned() + &String::from_utf8_lossy(&out.stdout);
        (out.status.success(), said)
    };
    let load = ["prog", "loadall", file.to_str().unwrap(), &progs, "pinmaps", &maps].map(str::to_owned);
    let (loaded, said) = run(&load);
    let args: Vec<String> = args.iter().map(|a| a.replace("PROG:", &progs).replace("MAP:", &maps)).collect();
    let answer = if loaded && !args.is_empty() { run(&args) } else { (true, String::new()) };
    let _ = std::fs::remove_dir_all(&pins);
    let _ = std::fs::remove_file(&file);
    assert!(loaded && said.trim().is_empty(), "bpftool:\n{said}");
    assert!(answer.0, "bpftool {args:?}:\n{}", answer.1);
    Some(answer.1)
}

/// Runs a program on a context of 64-bit words.
pub fn run(loaded: &Loaded, program: &str, words: &[u64]) -> u32 {
    let context: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
    let program = loaded.program(program).unwrap();
    program.test_run(&TestRun::context(context)).unwrap_or_else(|e| panic!("{e}")).value
}

/// Runs a program on a packet.
pub fn run_packet(loaded: &Loaded, program: &str, packet: &[u8]) -> u32 {
    let program = loaded.program(program).unwrap();
    program.test_run(&TestRun::packet(packet)).unwrap_or_else(|e| panic!("{e}")).value
}

/// A global variable of a loaded object.
pub fn variable(loaded: &Loaded, name: &str) -> Value {
    let mut all = loaded.maps().iter().filter_map(|m| m.variables().unwrap()).flatten();
    all.find(|(n, _)| n == name).unwrap_or_else(|| panic!("no variable {name}")).1
}

/// The first line number of a span's file.
pub fn file() -> FileId {
    pbpf_core::entity::Entity::new(0)
}

//! What the tests share: sources made on the fly, and loading by an independent loader.
//!
//! Promises: a loaded object is unpinned again; anything the loader says is a failure, for libbpf only warns where the
//! kernel refuses BTF. Leaves out: the modules.
#![allow(dead_code, reason = "each test file uses a part")]
#![allow(unreachable_pub, reason = "the test files are crates of one module each")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a failing test may panic, and a skipped one must say so"
)]

use pbpf_core::mir::{Builder, Function, FunctionKind, Module, Param, Region, Type, Value};
use pbpf_core::source::{FileId, SourceMap, Span};
use pbpf_core::types;
use pbpf_llvm::{Artifact, Artifacts, EmitOptions, emit};
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// A module with one file of 40 lines.
pub struct Case {
    pub module: Module,
    pub sources: SourceMap,
    pub file: FileId,
}

impl Case {
    pub fn new() -> Self {
        let mut sources = SourceMap::new();
        let text = (1..=40).fold(String::new(), |text, line| format!("{text}    python_line({line})\n"));
        let file = sources.add("prog.py", text);
        let module = Module {
            files: vec!["prog.py".to_owned()],
            license: Some("GPL".to_owned()),
            ..Module::default()
        };
        Self { module, sources, file }
    }

    /// The place of a line.
    pub fn line(&self, line: u32) -> Span {
        let (lo, hi) = self.sources.get(self.file).unwrap().line_range(line).unwrap();
        Span::new(self.file, lo, hi)
    }

    /// Adds a program whose body `fill` makes; it takes the context.
    pub fn program(&mut self, name: &str, section: &str, fill: impl FnOnce(&mut Builder<'_>, Value)) {
        let kind = FunctionKind::Program { section: section.to_owned(), program_type: "test:any".to_owned() };
        let ctx = self.module.types.void();
        let ctx = self.module.types.ptr(ctx, Region::Ctx, false);
        self.function(name, kind, &[("ctx", ctx)], Some(Type::I32), |b, args| fill(b, args[0]));
    }

    /// Adds a function.
    pub fn function(
        &mut self,
        name: &str,
        kind: FunctionKind,
        params: &[(&str, types::TypeId)],
        ret: Option<Type>,
        fill: impl FnOnce(&mut Builder<'_>, &[Value]),
    ) -> pbpf_core::mir::FuncId {
        let span = self.line(1);
        let mut func = Function::new(name, kind, ret, span);
        let entry = func.add_block();
        let mut args = Vec::new();
        for (name, ty) in params {
            func.params.push(Param { name: (*name).to_owned(), ty: *ty });
            args.push(func.add_block_param(entry, self.module.machine_type(*ty).unwrap()));
        }
        fill(&mut Builder::at_end(&mut func, entry, self.line(2)), &args);
        self.module.functions.push(func)
    }

    pub fn emit_with(&self, options: &EmitOptions) -> Artifacts {
        emit(&self.module, &self.sources, options).unwrap_or_else(|e| panic!("{e:#?}"))
    }

    pub fn object(&self) -> Vec<u8> {
        self.emit_with(&EmitOptions::default()).object.unwrap()
    }

    pub fn assembly(&self) -> String {
        let options = EmitOptions { emit: vec![Artifact::Assembly], ..EmitOptions::default() };
        self.emit_with(&options).assembly.unwrap()
    }

    pub fn ir(&self) -> String {
        let options = EmitOptions { emit: vec![Artifact::LlvmIr], ..EmitOptions::default() };
        self.emit_with(&options).llvm_ir.unwrap()
    }

    /// Loads the object.
    pub fn load(&self) -> Option<Loaded> {
        Loaded::load(&self.object())
    }
}

/// Whether the kernel may be used; says so loudly where it may not.
pub fn kernel() -> bool {
    let root = Command::new("id").arg("-u").output().is_ok_and(|o| o.stdout == b"0\n");
    let bpf =
        root && Command::new("bpftool").args(["prog", "list"]).output().is_ok_and(|o| o.status.success());
    if !bpf {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "no root, bpftool or bpf(): cannot load");
        eprintln!("SKIPPED: no root, bpftool or bpf(): the object was not loaded");
    }
    bpf
}

/// Programs pinned for as long as it lives.
pub struct Loaded {
    pins: PathBuf,
    object: PathBuf,
}

impl Loaded {
    /// Loads an object and pins its programs and maps; none where the kernel may not be used.
    pub fn load(object: &[u8]) -> Option<Self> {
        if !kernel() {
            return None;
        }
        match Self::try_load(object) {
            Ok(loaded) => Some(loaded),
            Err(log) => panic!("not loaded cleanly:\n{log}"),
        }
    }

    /// Loads an object.
    ///
    /// # Errors
    /// What the loader says.
    pub fn try_load(object: &[u8]) -> Result<Self, String> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("pbpf-llvm-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let file = std::env::temp_dir().join(format!("{name}.o"));
        std::fs::write(&file, object).unwrap();
        let loaded = Self { pins: PathBuf::from("/sys/fs/bpf").join(&name), object: file };
        let maps = loaded.pins.join("maps");
        let out = Command::new("bpftool")
            .args(["prog", "loadall"])
            .arg(&loaded.object)
            .arg(&loaded.pins)
            .arg("pinmaps")
            .arg(&maps)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&out.stderr).into_owned() + &String::from_utf8_lossy(&out.stdout);
        if out.status.success() && said.trim().is_empty() { Ok(loaded) } else { Err(said) }
    }

    /// What bpftool says when run with these arguments; `PROG` in front of a name is its pin, `MAP` a map's.
    pub fn tool(&self, args: &[&str]) -> String {
        let args = args.iter().map(|arg| {
            if let Some(name) = arg.strip_prefix("PROG:") {
                self.pins.join(name).into_os_string()
            } else if let Some(name) = arg.strip_prefix("MAP:") {
                self.pins.join("maps").join(name).into_os_string()
            } else {
                arg.into()
            }
        });
        let out = Command::new("bpftool").args(args).output().unwrap();
        let said = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "{said}");
        said
    }

    /// The value that a test run returns; `data` is the packet.
    pub fn test_run(&self, program: &str, data: &[u8]) -> u32 {
        let input = self.object.with_extension("in");
        std::fs::write(&input, data).unwrap();
        let input = input.to_str().unwrap().to_owned();
        let said = self.tool(&["prog", "run", &format!("PROG:{program}"), "data_in", &input]);
        let value = said.split("Return value: ").nth(1).unwrap_or_else(|| panic!("{said}"));
        value.split(',').next().unwrap().trim().parse().unwrap()
    }
}

impl Drop for Loaded {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.pins);
        let _ = std::fs::remove_file(&self.object);
        let _ = std::fs::remove_file(self.object.with_extension("in"));
    }
}

//! The machines that run compiled programs: the interpreter of MIR, and the kernel.
//!
//! Promises: a run starts with the global variables at the row's values and empty maps, and tells all that it left.
//! Leaves out: CPython (`cpython`), and what should come out.

use crate::program::Program;
use pbpf_core::diag::{Diagnostic, Diagnostics};
use pbpf_core::mir::interp::{Context as MachineContext, Deterministic, Input, Machine};
use pbpf_core::mir::{Module, print, verify};
use pbpf_core::pass::{Context, Level, NoKernelTypes, Options, Unit};
use pbpf_core::registry::Registry;
use pbpf_core::rows::Manifest;
use pbpf_core::source::SourceMap;
use pbpf_core::target::{Cpu, Target};
use pbpf_llvm::{EmitOptions, OptLevel, emit};
use pbpf_loader::{Layout, Loaded, Map, Object, OpenOptions, TestRun};
use std::collections::BTreeMap;
use std::path::Path;

/// How programs are compiled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Variant {
    pub(crate) cpu: Cpu,
    pub(crate) opt: OptLevel,
    /// Without the passes that may be left out.
    pub(crate) plain: bool,
}

/// Bytes of global variables by name: the input of a run.
pub(crate) type Row = BTreeMap<String, Vec<u8>>;

/// What a run left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) value: u32,
    /// By global variable, in the program's order; empty where the object has none of that name.
    pub(crate) globals: Vec<Vec<u8>>,
    /// By map, in the program's order: keys and values.
    pub(crate) maps: Vec<Vec<(Vec<u8>, Vec<u8>)>>,
    /// Not told by the kernel.
    pub(crate) printed: Option<Vec<String>>,
}

/// A compiled file.
#[derive(Debug)]
pub(crate) struct Compiled {
    /// Behind `lower`.
    pub(crate) lowered: Module,
    /// Behind the last pass.
    pub(crate) done: Module,
    sources: SourceMap,
}

/// What the shipped plugins bring.
pub(crate) fn registry() -> Registry {
    let mut registry = Registry::new();
    for folder in ["plugins", "program-types"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
        let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            if let Ok(text) = std::fs::read_to_string(path.join("manifest.json")) {
                registry.add(Manifest::from_json(&text).unwrap()).unwrap();
            }
        }
    }
    registry
}

/// Source to concrete MIR; the diagnostics where pbpf refuses.
pub(crate) fn compile(
    text: &str,
    registry: &Registry,
    variant: Variant,
) -> Result<Compiled, Vec<Diagnostic>> {
    let mut sources = SourceMap::new();
    let file = sources.add("random.py", text);
    let mut diagnostics = Diagnostics::new();
    let target = Target { cpu: variant.cpu, ..Target::default() };
    let mut unit = Some(Unit::Source(file));
    let mut lowered = Module::default();
    for pass in pbpf_passes::pipeline::builtin() {
        let info = pass.info();
        if variant.plain && info.optional {
            continue;
        }
        let mut cx = Context {
            diagnostics: &mut diagnostics,
            sources: &sources,
            registry,
            kernel: &NoKernelTypes,
            target: &target,
            options: &Options::default(),
            decisions: &mut Vec::new(),
        };
        unit = unit.and_then(|unit| pass.run(unit, &mut cx));
        if let Some(Unit::Mir(module)) = &unit {
            let broken = verify(module);
            if !broken.is_empty() {
                return Err(broken.iter().map(|v| v.diagnostic().note(print(module))).collect());
            }
            if info.from < Level::Mir {
                lowered = module.clone();
            }
        }
        if diagnostics.has_errors() {
            return Err(diagnostics.list().iter().filter(|d| d.is_error()).cloned().collect());
        }
    }
    match unit {
        Some(Unit::Mir(done)) => Ok(Compiled { lowered, done, sources }),
        _ => Err(diagnostics.list().to_vec()),
    }
}

/// Runs the programs in the interpreter.
pub(crate) fn interpret(
    module: &Module,
    registry: &Registry,
    programs: &[Program],
    row: &Row,
) -> Vec<Result<Seen, String>> {
    let mut machine = Machine::new(module, Deterministic::default()).unwrap();
    for (id, global) in module.globals.iter() {
        if let Some(bytes) = row.get(&global.name) {
            machine.set_global(id, bytes).unwrap();
        }
    }
    let context = &registry.program_type(registry.find_program_type("xdp:xdp").unwrap()).row.context;
    let input = Input { context: MachineContext::from_row(context), packet: Some(vec![0; 64]) };
    let mut seen = Vec::new();
    for program in programs {
        let Some(id) = module.find_function(&program.name) else {
            seen.push(Err("there is no such function".to_owned()));
            continue;
        };
        let outcome = machine.run(id, &input);
        let printed = machine.take_printed();
        seen.push(outcome.map_err(|fault| format!("{fault:?}")).map(|outcome| Seen {
            value: outcome.value.unwrap_or(0) as u32,
            globals: program.globals.iter().map(|g| global_bytes(module, &machine, &g.name)).collect(),
            maps: program.maps.iter().map(|m| entries(module, &machine, &m.name)).collect(),
            printed: Some(printed.iter().map(|line| line.trim_end().to_owned()).collect()),
        }));
    }
    seen
}

fn global_bytes(module: &Module, machine: &Machine<'_, Deterministic>, name: &str) -> Vec<u8> {
    let id = module.globals.iter().find(|(_, g)| g.name == name).map(|(id, _)| id);
    id.and_then(|id| machine.global(id)).map(<[u8]>::to_vec).unwrap_or_default()
}

fn entries(module: &Module, machine: &Machine<'_, Deterministic>, name: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    let Some((id, map)) = module.maps.iter().find(|(_, m)| m.name == name) else { return Vec::new() };
    let size = map.value.map_or(0, |ty| module.types.size_of(ty)) as usize;
    let value = |key: &[u8]| machine.map_get(id, key).and_then(|values| values.into_iter().next());
    if map.kind == "array" {
        // All of them are there; the interpreter tells those that were looked at.
        let key = |n: u32| n.to_le_bytes().to_vec();
        return (0..map.max_entries).map(|n| (key(n), value(&key(n)).unwrap_or(vec![0; size]))).collect();
    }
    let mut all: Vec<_> =
        machine.map_keys(id).into_iter().map(|key| (key.clone(), value(&key).unwrap_or_default())).collect();
    all.sort();
    all
}

/// A loaded object, with where its global variables are.
pub(crate) struct Kernel {
    loaded: Loaded,
    /// Map, offset and size by name.
    variables: BTreeMap<String, (String, usize, usize)>,
    /// The initial bytes of data sections.
    images: Vec<(String, Vec<u8>)>,
}

/// Emits and loads; the reason where the kernel refuses.
pub(crate) fn load(compiled: &Compiled, variant: Variant) -> Result<Kernel, String> {
    let options = EmitOptions { cpu: variant.cpu, opt: variant.opt, ..EmitOptions::default() };
    let artifacts = emit(&compiled.done, &compiled.sources, &options).map_err(|e| format!("emit: {e:#?}"))?;
    let object = artifacts.object.ok_or("no object")?;
    let open = Object::open_bytes(object, &OpenOptions::default()).map_err(|e| format!("open: {e:#?}"))?;
    let loaded = open.load().map_err(|e| match &e {
        pbpf_loader::LoadError::Refused(refused) => {
            let log: Vec<&str> = refused.log.lines().collect();
            let end = log[log.len().saturating_sub(40)..].join("\n");
            format!("the kernel refuses {}: {}\n{end}", refused.program, refused.refusal().message)
        }
        _ => format!("load: {e:#?}"),
    })?;
    let mut kernel = Kernel { loaded, variables: BTreeMap::new(), images: Vec::new() };
    for map in kernel.loaded.maps() {
        let Layout::Struct { members, .. } = map.value_layout() else { continue };
        if !map.name().starts_with('.') {
            continue;
        }
        for member in members {
            let place = (map.name().to_owned(), member.bit_offset / 8, member.layout.size());
            kernel.variables.insert(member.name.clone(), place);
        }
        if let Ok(Some(image)) = map.lookup(&0u32.to_ne_bytes()) {
            kernel.images.push((map.name().to_owned(), image));
        }
    }
    Ok(kernel)
}

impl Kernel {
    /// Runs the programs on the kernel.
    pub(crate) fn run(&self, programs: &[Program], row: &Row) -> Vec<Result<Seen, String>> {
        for (name, image) in &self.images {
            let mut image = image.clone();
            for (variable, bytes) in row {
                if let Some((map, at, size)) = self.variables.get(variable)
                    && map == name
                {
                    image[*at..*at + (*size).min(bytes.len())]
                        .copy_from_slice(&bytes[..(*size).min(bytes.len())]);
                }
            }
            if name != ".rodata" {
                let map = self.loaded.map(name).unwrap();
                map.update(&0u32.to_ne_bytes(), &image).unwrap();
            }
        }
        for map in self.loaded.maps().iter().filter(|m| !m.name().starts_with('.')) {
            clear(map);
        }
        programs.iter().map(|program| self.run_one(program)).collect()
    }

    fn run_one(&self, program: &Program) -> Result<Seen, String> {
        let handle = self.loaded.program(&program.name).ok_or("the object has no such program")?;
        let result = handle.test_run(&TestRun::packet(vec![0; 64])).map_err(|e| format!("{e:?}"))?;
        Ok(Seen {
            value: result.value,
            globals: program.globals.iter().map(|g| self.global(&g.name)).collect(),
            maps: program.maps.iter().map(|m| self.loaded.map(&m.name).map_or(Vec::new(), all)).collect(),
            printed: None,
        })
    }

    fn global(&self, name: &str) -> Vec<u8> {
        let Some((map, at, size)) = self.variables.get(name) else { return Vec::new() };
        let image = self.loaded.map(map).and_then(|m| m.lookup(&0u32.to_ne_bytes()).ok().flatten());
        image.map_or(Vec::new(), |image| image[*at..at + size].to_vec())
    }
}

fn clear(map: &Map) {
    for key in map.keys().unwrap() {
        if map.kind_name() == "array" {
            map.update(&key, &vec![0; map.value_size()]).unwrap();
        } else {
            map.delete(&key).unwrap();
        }
    }
}

fn all(map: &Map) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut all: Vec<_> = map
        .keys()
        .unwrap()
        .into_iter()
        .map(|key| {
            let value = map.lookup(&key).unwrap().unwrap_or_default();
            (key, value)
        })
        .collect();
    all.sort();
    all
}

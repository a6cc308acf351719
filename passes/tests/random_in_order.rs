//! All passes over MIR on random modules, in order, with the rules of a program type.
//!
//! Promises: after every pass the module verifies and runs to the same results, contexts, packets, maps, globals and printed
//! lines; after all of them it is concrete. `PBPF_SOAK=N` takes N seeds, `PBPF_SEED` others. Leaves out: what the kernel
//! says, which cases and the harness ask.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use pbpf_core::diag::Diagnostics;
use pbpf_core::mir::interp::Machine;
use pbpf_core::mir::random::{Shape, environment, input, module, programs};
use pbpf_core::mir::{FunctionKind, Linkage, Module, print, verify, verify_concrete};
use pbpf_core::pass::{Context, MirPass, NoKernelTypes, Options};
use pbpf_core::registry::Registry;
use pbpf_core::rows::Manifest;
use pbpf_core::source::SourceMap;
use pbpf_core::target::{Cpu, Target};
use pbpf_core::types::{Field, Origin, Record, RecordKind};
use pbpf_passes::mir::{bounds, cse, dce, divide, fold, legalise, null_checks, simplify_cfg, stack};

/// The program type of random modules: the context of `random::input`.
const TYPE: &str = r#"{
  "schema": 1, "id": "random", "version": "1.0.0", "license": "GPL",
  "program_types": [{
    "name": "any", "doc": "Random programs.", "sections": [{ "pattern": "s/{any}" }],
    "kernel_type": "BPF_PROG_TYPE_UNSPEC",
    "context": { "record": "random_context", "fields": [
      { "name": "data", "offset": 0, "bits": 32, "gives": { "pointer": { "region": "packet" } } },
      { "name": "data_end", "offset": 4, "bits": 32, "gives": { "pointer": { "region": "packet_end" } } },
      { "name": "mark", "offset": 8, "bits": 32, "write": true }
    ] },
    "arguments": { "registers": { "arguments": { "x86_64": ["a0", "a1", "a2"] }, "result": { "x86_64": "result" } } },
    "returns": { "default": 0 },
    "regions": {
      "ctx": { "read": "direct", "write": "forbidden" },
      "stack": { "read": "direct", "write": "direct", "proof": "object_bounds", "arithmetic": "bounded" },
      "map_value": { "read": "direct", "write": "direct", "proof": "object_bounds", "arithmetic": "bounded" },
      "mem": { "read": "direct", "write": "direct", "proof": "object_bounds", "arithmetic": "bounded" },
      "packet": { "read": "direct", "write": "direct", "proof": "packet_bounds", "arithmetic": "bounded" },
      "kernel": { "read": "direct", "write": "forbidden" },
      "kernel_untrusted": { "read": { "copy": { "helper": "bpf_probe_read_kernel" } }, "write": "forbidden" },
      "user": { "read": { "copy": { "helper": "bpf_probe_read_user" } }, "write": "forbidden" }
    },
    "helper_sets": []
  }]
}"#;

/// A random module with the record of its programs' context, and a license that allows every helper.
fn prepared(seed: u64) -> Module {
    let mut module = module(seed, Shape { statements: 8 + (seed % 20) as usize, ..Shape::default() });
    module.license = Some("GPL".to_owned());
    // A global function that no program calls stays, and what its context is nobody knows.
    for func in module.functions.values_mut() {
        if func.kind == FunctionKind::Subprogram(Linkage::Global) {
            func.kind = FunctionKind::Subprogram(Linkage::Static);
        }
    }
    let u64_type = module.types.int(64, false);
    let s64_type = module.types.int(64, true);
    let fields = [("a0", 16, u64_type), ("a1", 24, s64_type), ("a2", 32, u64_type), ("result", 40, u64_type)];
    let field = |(name, at, ty): (&str, u32, _)| Field {
        name: name.to_owned(),
        ty,
        bit_offset: at * 8,
        bit_size: None,
        index: 0,
    };
    module.types.records.push(Record {
        name: "random_context".to_owned(),
        kind: RecordKind::Struct,
        origin: Origin::Kernel,
        size: 48,
        align: 8,
        fields: fields.into_iter().map(field).collect(),
        span: None,
    });
    module
}

/// What the programs of a module do, as text.
fn behaviour(module: &Module, seed: u64) -> Vec<String> {
    let mut machine = Machine::new(module, environment()).unwrap();
    let mut seen = Vec::new();
    for name in programs(module).into_iter().map(|id| module.functions[id].name.clone()) {
        for round in 0..3 {
            let outcome = machine.run(module.find_function(&name).unwrap(), &input(seed * 3 + round));
            seen.push(match outcome {
                Ok(o) => format!("{name}: {:?} {:?} {:?}", o.value, o.context, o.packet),
                Err(fault) => format!("{name}: {:?}", fault.kind),
            });
            seen.extend(machine.take_printed());
        }
    }
    for (id, map) in module.maps.iter() {
        for key in machine.map_keys(id) {
            seen.push(format!("{}[{key:?}] = {:?}", map.name, machine.map_get(id, &key)));
        }
    }
    for (id, global) in module.globals.iter().filter(|(_, g)| !g.name.starts_with('.')) {
        seen.push(format!("{} = {:?}", global.name, machine.global(id)));
    }
    seen
}

fn run(pass: &dyn MirPass, module: &mut Module, registry: &Registry, cpu: Cpu) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    let target = Target { cpu, ..Target::default() };
    let mut cx = Context {
        diagnostics: &mut diagnostics,
        sources: &SourceMap::new(),
        registry,
        kernel: &NoKernelTypes,
        target: &target,
        options: &Options::default(),
        decisions: &mut Vec::new(),
    };
    pass.run(module, &mut cx);
    diagnostics
}

fn registry() -> Registry {
    let mut registry = Registry::new();
    registry.add(Manifest::from_json(TYPE).unwrap()).unwrap();
    registry
}

/// Runs passes one after the other and holds the module against what it did before.
fn keeps(passes: &[&dyn MirPass], seed: u64, cpu: Cpu) -> Module {
    let registry = registry();
    let mut module = prepared(seed);
    let before = behaviour(&module, seed);
    for pass in passes {
        let text = print(&module);
        let name = pass.info().name;
        let said = run(*pass, &mut module, &registry, cpu);
        assert!(!said.has_errors(), "seed {seed}, {name}: {:#?}\n{text}", said.list());
        let broken = verify(&module);
        assert!(broken.is_empty(), "seed {seed}, {name}: {broken:#?}\n{text}\n{}", print(&module));
        let after = behaviour(&module, seed);
        let first = before.iter().zip(&after).find(|(a, b)| a != b);
        assert!(
            first.is_none() && before.len() == after.len(),
            "seed {seed}, {name}: {first:#?}\n{text}\n{}",
            print(&module)
        );
    }
    module
}

/// The seeds of a test.
fn seeds(few: u64) -> std::ops::Range<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse::<u64>().ok());
    let first = number("PBPF_SEED").unwrap_or(0).wrapping_mul(1_000_000) % (1 << 60);
    first..first + number("PBPF_SOAK").unwrap_or(few)
}

#[test]
fn all_in_order() {
    for seed in seeds(120) {
        let cpu = if seed % 2 == 0 { Cpu::V3 } else { Cpu::V4 };
        let module = keeps(
            &[
                &fold::Fold,
                &simplify_cfg::SimplifyCfg,
                &cse::Cse,
                &dce::Dce,
                &null_checks::NullChecks,
                &bounds::Bounds,
                &divide::Divide,
                &legalise::Legalise,
                &stack::Stack,
            ],
            seed,
            cpu,
        );
        let broken = verify_concrete(&module, cpu);
        assert!(broken.is_empty(), "seed {seed}: {broken:#?}\n{}", print(&module));
    }
}

//! Random concrete MIR: what the verifier of the level accepts is emitted, and the kernel computes what the interpreter
//! computes. `PBPF_SOAK=N` takes N seeds.
//!
//! Promises: result, packet, global variables and maps are compared after each run. Leaves out: helpers whose answers
//! depend on the machine.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

mod support;

use pbpf_core::mir::interp::{Input, Machine};
use pbpf_core::mir::random::{Shape, environment, input, module, programs};
use pbpf_core::mir::{Module, print};
use pbpf_core::source::SourceMap;
use pbpf_core::types::{Field, Origin};
use pbpf_llvm::{EmitOptions, OptLevel, emit};
use pbpf_loader::{Loaded, TestRun};

fn seeds(few: u64) -> std::ops::Range<u64> {
    0..std::env::var("PBPF_SOAK").ok().and_then(|n| n.parse().ok()).unwrap_or(few)
}

fn shape(seed: u64) -> Shape {
    Shape { statements: 4 + (seed % 12) as usize, untidy: true, kernel: Some("xdp"), with_abstract: false }
}

/// The object; none where BPF has too little stack, which MIR does not count.
fn object(module: &Module, seed: u64) -> Option<Vec<u8>> {
    let options = EmitOptions {
        opt: if seed.is_multiple_of(4) { OptLevel::O1 } else { OptLevel::default() },
        ..EmitOptions::default()
    };
    match emit(module, &SourceMap::new(), &options) {
        Ok(artifacts) => artifacts.object,
        Err(errors) => {
            let is_stack =
                errors.iter().all(|e| e.code == "backend" && e.message.contains("512 bytes of stack"));
            assert!(is_stack, "seed {seed}: {errors:#?}\n{}", print(module));
            None
        }
    }
}

#[test]
fn what_is_concrete_is_emitted() {
    for seed in seeds(60) {
        let shape = Shape { kernel: (seed % 2 == 0).then_some("xdp"), ..shape(seed) };
        let mut module = module(seed, shape);
        if shape.kernel.is_none() {
            // Names of any characters are right in MIR, and not in BTF.
            rename(&mut module);
        }
        object(&module, seed);
    }
}

/// Gives everything a name that BTF takes.
fn rename(module: &mut Module) {
    let plain = |name: &mut String, n: usize| {
        let word: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        *name = format!("n{n}_{word}");
    };
    let mut n = 0;
    let mut next = |name: &mut String| {
        n += 1;
        plain(name, n);
    };
    module.functions.values_mut().for_each(|f| next(&mut f.name));
    module.maps.values_mut().for_each(|m| next(&mut m.name));
    module.globals.values_mut().for_each(|g| next(&mut g.name));
    module.struct_ops.iter_mut().for_each(|s| next(&mut s.name));
    for record in module.types.records.values_mut().filter(|r| r.origin == Origin::User) {
        if !record.name.is_empty() {
            next(&mut record.name);
        }
        let is_plain = |f: &Field| f.name.chars().all(|c| c.is_ascii_alphanumeric());
        // Paths name the plain ones.
        record.fields.iter_mut().filter(|f| !is_plain(f)).for_each(|f| next(&mut f.name));
    }
}

#[test]
fn the_kernel_computes_what_the_interpreter_computes() {
    let mut compared = 0;
    for seed in seeds(60) {
        let module = module(seed, shape(seed));
        let Some(object) = object(&module, seed) else { continue };
        let Some(loaded) = support::load(&object) else { return };
        compare(&module, &loaded, seed);
        compared += 1;
    }
    assert!(compared > 0);
}

fn compare(module: &Module, loaded: &Loaded, seed: u64) {
    let mut machine = Machine::new(module, environment()).unwrap();
    for func in programs(module) {
        let name = &module.functions[func].name;
        for n in 0..3 {
            let Input { context, packet } = input(seed * 3 + n);
            let mut packet = packet.unwrap();
            packet.resize(packet.len().max(14), 7);
            let here = machine.run(func, &Input { context, packet: Some(packet.clone()) }).unwrap();
            let there = loaded.program(name).unwrap().test_run(&TestRun::packet(packet)).unwrap();
            let what = || format!("seed {seed}, `{name}`, run {n}\n{}", print(module));
            assert_eq!(there.value as i32, here.value.unwrap() as i32, "{}", what());
            assert_eq!(there.data, here.packet.unwrap(), "{}", what());
            for map in ["hash", "array"] {
                let Some((id, data)) = module.maps.iter().find(|(_, m)| m.kind == map) else { continue };
                for key in machine.map_keys(id) {
                    let there = loaded.map(&data.name).unwrap().lookup(&key).unwrap();
                    let here = machine.map_get(id, &key).map(|v| v[0].clone());
                    assert_eq!(there, here, "{map} {key:?} {}", what());
                }
            }
        }
    }
}

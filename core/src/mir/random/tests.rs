//! Random modules through everything: verifier, text, renumbering, interpreter, analyses; and damaged texts through the
//! parser. `PBPF_SOAK=N` runs each on N seeds.

#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use super::{Random, Shape, environment, input, module, programs};
use crate::entity::Entity;
use crate::mir::analysis::{Cfg, Dominators, Loops, SlotLiveness, Uses};
use crate::mir::interp::{Fault, FaultKind, Limits, Machine};
use crate::mir::{Block, Inst, MapId, Module, Region, Type, Value, parse, print, verify, verify_concrete};
use crate::source::FileId;
use crate::target::Cpu;
use std::time::{Duration, Instant};

/// How many seeds a test takes.
fn seeds(few: u64) -> std::ops::Range<u64> {
    let soak = std::env::var("PBPF_SOAK").ok().and_then(|n| n.parse().ok());
    0..soak.unwrap_or(few)
}

fn shape(seed: u64) -> Shape {
    Shape {
        with_abstract: !seed.is_multiple_of(3),
        statements: 4 + (seed % 20) as usize,
        untidy: !seed.is_multiple_of(5),
        kernel: (seed % 7 == 2).then_some("test"),
    }
}

/// All that a module does on a few inputs.
fn behaviour(module: &Module) -> Vec<String> {
    let mut machine = Machine::new(module, environment()).unwrap();
    let mut seen = Vec::new();
    for func in programs(module) {
        for seed in 0..3 {
            let result = machine.run(func, &input(seed));
            // Places and steps are the same, so is all of it.
            seen.push(format!("{result:?} {:?}", machine.take_printed()));
        }
    }
    for map in 0..6 {
        let map = MapId::new(map);
        for key in machine.map_keys(map) {
            seen.push(format!("{map} {key:?} {:?}", machine.map_get(map, &key)));
        }
        seen.push(format!("{:?}", machine.take_records(map)));
    }
    seen
}

#[test]
fn random_modules_verify_and_run() {
    for seed in seeds(1000) {
        let shape = shape(seed);
        let module = module(seed, shape);
        let is_abstract = shape.with_abstract && shape.kernel.is_none();
        let found = if is_abstract { verify(&module) } else { verify_concrete(&module, Cpu::V3) };
        assert_eq!(found, [], "seed {seed}\n{}", print(&module));
        let seen = behaviour(&module);
        assert!(!seen.iter().any(|s| s.contains("Err(")), "seed {seed}\n{seen:#?}\n{}", print(&module));
    }
}

#[test]
fn text_goes_both_ways() {
    for seed in seeds(1000) {
        let mut module = module(seed, shape(seed));
        let text = print(&module);
        let read = parse(&text, FileId::new(0)).unwrap_or_else(|e| panic!("seed {seed}: {e:#?}\n{text}"));
        module.compact();
        assert_eq!(read, module, "seed {seed}\n{text}");
        assert_eq!(print(&read), text, "seed {seed}");
        let mut again = module.clone();
        again.compact();
        assert_eq!(again, module, "seed {seed}");
    }
}

#[test]
fn renumbering_keeps_the_meaning() {
    for seed in seeds(300) {
        let module = module(seed, shape(seed));
        let mut compact = module.clone();
        compact.compact();
        assert_eq!(behaviour(&module), behaviour(&compact), "seed {seed}\n{}", print(&module));
    }
}

#[test]
fn analyses_agree_with_the_code() {
    for seed in seeds(300) {
        for func in module(seed, shape(seed)).functions.values() {
            let cfg = Cfg::new(func);
            let dominators = Dominators::new(func, &cfg);
            let loops = Loops::new(&cfg, &dominators);
            let uses = Uses::new(func);
            assert!(loops.irreducible.is_empty());
            for l in loops.loops.values() {
                assert!(l.blocks.iter().all(|b| dominators.dominates(l.header, *b)));
            }
            for value in func.values.keys() {
                for u in uses.of(value) {
                    assert_eq!(func.insts[u.inst].op.args()[u.operand as usize], value);
                }
            }
            let live = SlotLiveness::new(func, &cfg);
            for (a, b) in func.slots.keys().flat_map(|a| func.slots.keys().map(move |b| (a, b))) {
                assert_eq!(live.interfere(a, b), live.interfere(b, a));
            }
        }
    }
}

/// Damages text as a broken pass would: bytes, words and lines.
fn damage(random: &mut Random, text: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for _ in 0..=random.below(4) {
        if lines.is_empty() {
            break;
        }
        let (at, other) = (random.below(lines.len()), random.below(lines.len()));
        match random.below(6) {
            0 => {
                lines.remove(at);
            }
            1 => lines.swap(at, other),
            2 => {
                let copy = lines[other].clone();
                lines.insert(at, copy);
            }
            3 => {
                let mut words: Vec<&str> = lines[at].split(' ').collect();
                let from: Vec<&str> = lines[other].split(' ').collect();
                let place = random.below(words.len());
                words[place] = random.pick::<&str>(&from);
                lines[at] = words.join(" ");
            }
            4 => {
                let mut bytes = lines[at].clone().into_bytes();
                let place = random.below(bytes.len());
                if let Some(byte) = bytes.get_mut(place) {
                    *byte = random.bits() as u8;
                }
                lines[at] = String::from_utf8_lossy(&bytes).into_owned();
            }
            _ => {
                let keep = random.below(lines[at].len() + 1);
                lines[at] = lines[at].chars().take(keep).collect();
            }
        }
    }
    lines.join("\n")
}

#[test]
fn damaged_text_never_panics() {
    let mut accepted = 0;
    let mut slowest = Duration::ZERO;
    for seed in seeds(1000) {
        let mut random = Random::new(seed);
        let text = print(&module(seed % 97, shape(seed)));
        let damaged = damage(&mut random, &text);
        let start = Instant::now();
        match parse(&damaged, FileId::new(0)) {
            Ok(mut module) => {
                accepted += 1;
                // What is read can be printed, read again, verified, and run if it verifies.
                let text = print(&module);
                module.compact();
                assert_eq!(parse(&text, FileId::new(0)).unwrap(), module, "seed {seed}\n{damaged}");
                if verify(&module).is_empty() {
                    behaviour(&module);
                }
            }
            Err(errors) => {
                assert!(!errors.is_empty() && errors.len() <= 40);
                for e in errors {
                    let span = e.primary.unwrap().span;
                    assert!(damaged.get(span.lo as usize..span.hi as usize).is_some(), "seed {seed}");
                }
            }
        }
        slowest = slowest.max(start.elapsed());
    }
    assert!(accepted > 30, "{accepted}");
    assert!(slowest < Duration::from_secs(20), "{slowest:?}");
}

#[test]
fn any_bytes_never_panic() {
    for seed in seeds(2000) {
        let mut random = Random::new(seed);
        let words = [
            "mir 1\n",
            "function fn0 f() static {\n",
            "block0:\n",
            "v1: i64 = ",
            "}",
            "\"",
            "@1..",
            "b\"",
            "type t10 = ",
        ];
        let mut text = "mir 1\n".to_owned();
        for _ in 0..random.below(60) {
            if random.chance(50) {
                text += random.pick::<&str>(&words);
            } else {
                text.push(char::from(random.bits() as u8 & 0x7f));
            }
        }
        let _ = parse(&text, FileId::new(0));
    }
}

/// Changes tables as a broken pass would.
fn corrupt(random: &mut Random, module: &mut Module) {
    let count = module.functions.len();
    let id = crate::mir::FuncId::new(random.below(count));
    if random.chance(10) {
        let far = crate::types::TypeId::new(random.below(60));
        match random.below(4) {
            0 => module.maps.values_mut().for_each(|m| m.key = m.key.map(|_| far)),
            1 => module.globals.values_mut().for_each(|g| g.ty = far),
            2 => module.externs.values_mut().for_each(|e| e.ty = far),
            _ => module.types.records.values_mut().flat_map(|r| &mut r.fields).for_each(|f| f.ty = far),
        }
        return;
    }
    let func = &mut module.functions[id];
    let any = |random: &mut Random, len: usize| random.below(len + 2);
    let (insts, values, blocks) = (func.insts.len(), func.values.len(), func.blocks.len());
    let inst = Inst::new(random.below(insts));
    match random.below(12) {
        0..=3 => {
            let to = Value::new(any(random, values));
            let mut left = random.below(3);
            func.insts[inst].op.map_args(|v| {
                left = left.wrapping_sub(1);
                if left == usize::MAX { to } else { v }
            });
        }
        4 => {
            let to = Block::new(any(random, blocks));
            func.insts[inst].op.targets_mut().into_iter().for_each(|call| call.block = to);
        }
        5 => func.insts[inst].result = random.chance(50).then(|| Value::new(any(random, values))),
        6 => {
            let ty = *random.pick(&[
                Type::I1,
                Type::I8,
                Type::I64,
                Type::ptr(Region::Stack),
                Type::nullable(Region::Map),
            ]);
            func.values[Value::new(random.below(values))].ty = ty;
        }
        7 => {
            let other = Inst::new(random.below(insts));
            func.insts[inst].op = func.insts[other].op.clone();
        }
        8 => {
            let at = random.below(func.layout.len());
            let block = Block::new(any(random, blocks));
            func.layout.insert(at, block);
        }
        9 => {
            let block = Block::new(random.below(blocks));
            let at = random.below(func.blocks[block].insts.len() + 1);
            let inst = Inst::new(any(random, insts));
            func.blocks[block].insts.insert(at, inst);
        }
        10 => {
            let block = Block::new(random.below(blocks));
            func.blocks[block].insts.pop();
        }
        _ => func.slots.values_mut().for_each(|s| s.size = s.size.wrapping_sub(15)),
    }
}

#[test]
fn corrupt_tables_never_panic() {
    let mut right = 0;
    for seed in seeds(500) {
        let mut random = Random::new(seed);
        let mut module = module(seed % 101, shape(seed));
        for _ in 0..=random.below(3) {
            corrupt(&mut random, &mut module);
        }
        let found = verify(&module);
        let _ = (print(&module), verify_concrete(&module, Cpu::V1));
        // It runs, whatever it is; limits end what does not end.
        let limits = Limits { steps: 20_000, memory: 1 << 20 };
        if let Ok(mut machine) = Machine::with_limits(&module, environment(), limits) {
            for func in module.functions.keys() {
                let result = machine.run(func, &input(seed));
                let invalid = matches!(&result, Err(Fault { kind: FaultKind::Invalid(_), .. }));
                let is_program = programs(&module).contains(&func);
                assert!(
                    !(found.is_empty() && invalid && is_program),
                    "seed {seed}: {result:?}\n{}",
                    print(&module)
                );
            }
        }
        if found.is_empty() {
            right += 1;
            let mut compact = module.clone();
            compact.compact();
            assert_eq!(parse(&print(&module), FileId::new(0)).unwrap(), compact, "seed {seed}");
        }
        module.compact();
        let _ = verify(&module);
    }
    assert!(right > 10, "{right}");
}

#[test]
fn nearly_every_instruction_occurs() {
    let text: String = (0..200).map(|seed| print(&module(seed, Shape::default()))).collect();
    for word in [
        "iconst",
        "null",
        "floordiv",
        "srem",
        "bswap",
        "opaque",
        "icmp.sle",
        "zext",
        "sext",
        "trunc",
        "select",
        "slot_addr",
        "global_addr",
        "map_addr",
        "func_addr",
        "ptr_add",
        "ptr_sub",
        "field_addr",
        "int_to_ptr",
        "refine",
        "load",
        "store",
        "memcpy",
        "memset",
        "atomic.xchg",
        "slot_live",
        "slot_dead",
        "call_helper",
        "call_kfunc",
        "call fn",
        "ctx_load",
        "ctx_store",
        "ctx_arg",
        "ctx_return",
        "map_lookup",
        "map_update",
        "map_delete",
        "print",
        "jump",
        "branch",
        "switch",
        "return",
    ] {
        assert!(text.contains(word), "{word}");
    }
}

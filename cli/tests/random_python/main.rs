//! Random programs of the subset: CPython, the kernel and the interpreter of MIR compute the same.
//!
//! Promises: each program is run as Python by the model of `python/pbpf`, on the kernel by test run and in the interpreter, on rows of
//! inputs at the edges of widths; with every pass and without those that may be left out. What pbpf accepts the kernel accepts; what
//! pbpf refuses is what the generator expects. What fails is made smaller and printed, as it is with `PBPF_SHRINK=0`.
//! `PBPF_PROGRAMS=N` takes N programs, `PBPF_SEED` others, `PBPF_SKIP=N` those behind the first N. Leaves out: contexts, packets, and
//! what only tracing programs have.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a failing test may panic, and a skipped one must say so"
)]

mod cpython;
mod expressions;
mod generator;
mod machines;
mod program;
mod shrink;

use cpython::{Answer, Python};
use machines::{Row, Seen, Variant};
use pbpf_core::mir::random::Random;
use pbpf_core::registry::Registry;
use pbpf_core::target::Cpu;
use pbpf_llvm::OptLevel;
use pbpf_loader::features;
use program::{Int, Program};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// Programs in one file.
const TOGETHER: u64 = 10;

/// Runs of each program.
const ROWS: u64 = 6;

/// What pbpf may refuse in a random program: what a constant turned out to be when it was folded, and loops that it cannot bound.
const EXPECTED: [&str; 4] = ["division-by-zero", "bad-shift", "number-too-large", "index-out-of-range"];

/// What is wrong with a program.
#[derive(Clone, Debug)]
struct Failure {
    /// The kind of failure; a smaller program must fail in the same way.
    kind: String,
    detail: String,
}

struct Tester {
    registry: Registry,
    python: Python,
    kernel: bool,
    c: bool,
    /// Runs that were compared, and those whose sign the model did not know.
    compared: u64,
    unsure: u64,
    refused: u64,
}

fn variants(seed: u64) -> [Variant; 2] {
    let cpu = [Cpu::V3, Cpu::V1, Cpu::V4][(seed % 3) as usize];
    let other = [Cpu::V4, Cpu::V3, Cpu::V1][(seed % 3) as usize];
    [Variant { cpu, opt: OptLevel::O2, plain: false }, Variant { cpu: other, opt: OptLevel::O2, plain: true }]
}

/// The inputs of a run: numbers at the edges, small numbers, any numbers. Those of a program are the same beside others and alone.
fn row(programs: &[Program], seed: u64) -> Row {
    let mut row = Row::new();
    for program in programs {
        let own = program.name.bytes().fold(0u64, |sum, b| sum * 31 + u64::from(b));
        let mut random = Random::new(seed.wrapping_mul(97).wrapping_add(own) ^ 0x0070_7974_686f_6e00);
        let style = random.below(4);
        for global in &program.globals {
            let mut bytes = vec![0; global.size];
            for (at, ty) in &global.numbers {
                let n = number(&mut random, style, *ty);
                bytes[*at..at + ty.size()].copy_from_slice(&n.to_le_bytes()[..ty.size()]);
            }
            row.insert(global.name.clone(), bytes);
        }
    }
    row
}

fn number(random: &mut Random, style: usize, ty: Int) -> u64 {
    let small = random.below(9) as u64;
    match (style, random.below(6)) {
        (0, _) | (1, 0..=2) => small,
        (1 | 2, 3 | 4) => (*random.pick(&generator::EDGES) as u64).wrapping_sub(random.below(2) as u64),
        (2 | 3, 0) => 1u64 << (ty.bits - 1),
        (2 | 3, 1) => u64::MAX >> (64 - ty.bits),
        (2 | 3, 2) => small.wrapping_neg(),
        (3, 3) => random.bits() >> random.below(64),
        _ => small << random.below(usize::from(ty.bits)),
    }
}

impl Tester {
    fn new(folder: &Path, c: bool) -> Tester {
        Tester {
            registry: machines::registry(),
            python: Python::start(folder),
            kernel: features::bpf_permitted().is_ok(),
            c,
            compared: 0,
            unsure: 0,
            refused: 0,
        }
    }

    /// Runs programs in one file; what fails of them, by program.
    fn test(&mut self, programs: &[Program], seed: u64) -> Vec<(usize, Failure)> {
        let text = program::text(programs, self.c);
        let rows: Vec<Row> = (0..ROWS).map(|n| row(programs, seed * ROWS + n)).collect();
        let mut failures = Vec::new();
        let mut wanted: Option<Vec<Vec<Answer>>> = None;
        for variant in variants(seed) {
            let compiled = match machines::compile(&text, &self.registry, variant) {
                Ok(compiled) => compiled,
                Err(diagnostics) => {
                    if programs.len() > 1 {
                        return self.one_by_one(programs, seed);
                    }
                    // Where nothing is folded and straightened, less is proved.
                    let unproved = ["unbounded-loop", "unchecked-null"];
                    let expected =
                        |code| EXPECTED.contains(&code) || variant.plain && unproved.contains(&code);
                    let unexpected = diagnostics.iter().find(|d| !expected(d.code));
                    let Some(unexpected) = unexpected else {
                        self.refused += 1;
                        return Vec::new();
                    };
                    let kind = format!("pbpf refuses: {}", unexpected.code);
                    return vec![(0, Failure { kind, detail: format!("{variant:?}: {diagnostics:#?}") })];
                }
            };
            let kernel = if self.kernel { Some(machines::load(&compiled, variant)) } else { None };
            let kernel = match kernel {
                Some(Err(reason)) => {
                    if programs.len() > 1 {
                        return self.one_by_one(programs, seed);
                    }
                    let kind = format!("refused: {}", reason.lines().next().unwrap_or_default());
                    let kind = kind.split([':', '\'']).take(2).collect();
                    return vec![(0, Failure { kind, detail: format!("{variant:?}: {reason}") })];
                }
                Some(Ok(kernel)) => Some(kernel),
                None => None,
            };
            let wanted = wanted.get_or_insert_with(|| self.python.run(&text, programs, &rows));
            for (at, row) in rows.iter().enumerate() {
                let mut answers = vec![
                    (
                        "the interpreter behind `lower`",
                        machines::interpret(&compiled.lowered, &self.registry, programs, row),
                    ),
                    (
                        "the interpreter behind the last pass",
                        machines::interpret(&compiled.done, &self.registry, programs, row),
                    ),
                ];
                answers.extend(kernel.as_ref().map(|k| ("the kernel", k.run(programs, row))));
                for (index, program) in programs.iter().enumerate() {
                    let want = match &wanted[index][at] {
                        Answer::Seen(seen) => seen,
                        Answer::Unsure => {
                            self.unsure += 1;
                            continue;
                        }
                        Answer::Failed(error) => {
                            let last = error.trim_end().lines().last().unwrap_or_default();
                            let kind =
                                format!("CPython fails: {}", last.split(':').next().unwrap_or_default());
                            failures.push((index, Failure { kind, detail: error.clone() }));
                            continue;
                        }
                    };
                    self.compared += 1;
                    for (who, seen) in &answers {
                        if let Some(detail) = differs(program, want, &seen[index], row) {
                            let detail = format!("{who}, {variant:?}\n{detail}");
                            let kind = if seen[index].is_err() { "a fault" } else { "a difference" };
                            failures.push((index, Failure { kind: kind.to_owned(), detail }));
                            break;
                        }
                    }
                }
            }
        }
        failures.dedup_by_key(|(index, _)| *index);
        failures
    }

    fn one_by_one(&mut self, programs: &[Program], seed: u64) -> Vec<(usize, Failure)> {
        let mut failures = Vec::new();
        for (index, program) in programs.iter().enumerate() {
            failures
                .extend(self.test(std::slice::from_ref(program), seed).into_iter().map(|(_, f)| (index, f)));
        }
        failures
    }
}

/// How a run differs from what CPython computed.
fn differs(program: &Program, want: &Seen, seen: &Result<Seen, String>, row: &Row) -> Option<String> {
    let seen = match seen {
        Ok(seen) => seen,
        Err(fault) => return Some(fault.clone()),
    };
    let mut text = String::new();
    if want.value != seen.value {
        let _ = writeln!(text, "result: CPython {}, here {}", want.value, seen.value);
    }
    for (global, (a, b)) in program.globals.iter().zip(want.globals.iter().zip(&seen.globals)) {
        // A variable that nothing uses is not in the object.
        if a != b && !b.is_empty() {
            let _ = writeln!(text, "{}: CPython {}, here {}", global.name, show(a), show(b));
        }
    }
    for (map, (a, b)) in program.maps.iter().zip(want.maps.iter().zip(&seen.maps)) {
        if a != b {
            let _ = writeln!(text, "{}: CPython {a:?}, here {b:?}", map.name);
        }
    }
    if let (Some(a), Some(b)) = (&want.printed, &seen.printed)
        && a != b
    {
        let _ = writeln!(text, "printed: CPython {a:?}, here {b:?}");
    }
    if text.is_empty() {
        return None;
    }
    let inputs: Vec<String> = program
        .globals
        .iter()
        .filter_map(|g| row.get(&g.name).map(|bytes| format!("{}={}", g.name, show(bytes))))
        .collect();
    Some(format!("{text}inputs: {}", inputs.join(" ")))
}

fn show(bytes: &[u8]) -> String {
    let mut eight = [0; 8];
    match bytes.len() {
        1 | 2 | 4 | 8 => {
            eight[..bytes.len()].copy_from_slice(bytes);
            u64::from_le_bytes(eight).to_string()
        }
        _ => format!("{bytes:02x?}"),
    }
}

fn environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|n| n.parse().ok())
}

/// Tests `programs` random programs on two threads; the texts of those that fail.
fn differential(programs: u64, c: bool) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(if c { "random-c" } else { "random-python" });
    let first = environment("PBPF_SEED").unwrap_or(0).wrapping_mul(1_000_000) % (1 << 60);
    let first = first + environment("PBPF_SKIP").unwrap_or(0) / TOGETHER * TOGETHER;
    if features::bpf_permitted().is_err() {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "the kernel does not load programs for this user"
        );
        eprintln!("SKIPPED: the kernel's half, for it does not load programs for this user");
    }
    let shrinks = environment("PBPF_SHRINK") != Some(0);
    let (next, batches) = (AtomicU64::new(0), programs.div_ceil(TOGETHER));
    let work = |worker: usize| {
        let mut tester = Tester::new(&folder.join(worker.to_string()), c);
        let mut texts = Vec::new();
        loop {
            let batch = next.fetch_add(1, Ordering::Relaxed);
            if batch >= batches || shrinks && texts.len() > 20 {
                return (tester.compared, tester.unsure, tester.refused, texts);
            }
            let seed = first + batch * TOGETHER;
            let programs: Vec<Program> =
                (0..TOGETHER).map(|n| generator::program(seed + n, n as usize, c)).collect();
            for (index, failure) in tester.test(&programs, seed) {
                let (program, failure) = if shrinks {
                    shrink::smallest(&mut tester, &programs[index], &failure, seed)
                } else {
                    (programs[index].clone(), failure)
                };
                let text = program::text(&[program], c);
                texts.push(format!(
                    "# seed {}: {}\n{}\n{text}",
                    seed + index as u64,
                    failure.kind,
                    failure.detail
                ));
                eprintln!("{}", texts.last().unwrap());
            }
        }
    };
    let results: Vec<_> = std::thread::scope(|scope| {
        let work = &work;
        let spawn = |n| {
            std::thread::Builder::new().stack_size(256 << 20).spawn_scoped(scope, move || work(n)).unwrap()
        };
        let threads: Vec<_> = (0..2).map(spawn).collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    let (mut compared, mut unsure, mut refused, mut failed) = (0, 0, 0, 0);
    for result in &results {
        compared += result.0;
        unsure += result.1;
        refused += result.2;
        failed += result.3.len();
    }
    eprintln!(
        "{programs} programs from seed {first}: {compared} runs compared, {unsure} not sure, {refused} programs refused, {failed} failed"
    );
    assert!(failed == 0, "{failed} programs failed");
    assert!(refused * 25 <= programs, "{refused} of {programs} programs were refused");
    assert!(unsure <= compared, "the model was not sure of {unsure} runs and of {compared} it was");
}

#[test]
fn programs_compute_what_python_computes() {
    differential(environment("PBPF_PROGRAMS").unwrap_or(1000), false);
}

#[test]
fn programs_of_pythonbpf_compute_what_c_computes() {
    differential(environment("PBPF_PROGRAMS").unwrap_or(1000), true);
}

//! Loops before and after the pass, in the interpreter.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use super::Loops;
use pbpf_core::diag::Diagnostics;
use pbpf_core::entity::Entity;
use pbpf_core::mir::interp::{Deterministic, Limits, Machine};
use pbpf_core::mir::{Module, Op, parse, verify};
use pbpf_core::pass::{Context, MirPass, NoKernelTypes, Options};
use pbpf_core::registry::Registry;
use pbpf_core::source::{FileId, SourceMap};
use pbpf_core::target::{KernelVersion, Target};

/// A function of `v0`; `v1` is 0.
fn module(body: &str) -> Module {
    let text = format!(
        "mir 1\nsource \"a.py\"\nlicense \"GPL\"\n\nfunction fn0 f(n: s64) -> i64 static @0..1 {{\nblock0(v0: i64):\n  v1: i64 = iconst 0 @0..1\n{body}}}\n"
    );
    let module = parse(&text, FileId::new(0)).unwrap_or_else(|e| panic!("{e:?}\n{text}"));
    assert_eq!(verify(&module), [], "{text}");
    module
}

fn run(module: &Module, n: i64) -> i64 {
    let limits = Limits { steps: 100_000, ..Limits::default() };
    let mut machine = Machine::with_limits(module, Deterministic::default(), limits).unwrap();
    let f = module.find_function("f").unwrap();
    machine.call(f, vec![n as u64]).unwrap().0.unwrap()
}

/// The codes of the diagnostics.
fn apply(module: &mut Module, kernel: Option<KernelVersion>) -> Vec<String> {
    let mut diagnostics = Diagnostics::default();
    let (sources, registry) = (SourceMap::default(), Registry::new());
    let (target, options) = (Target { kernel, ..Target::default() }, Options::default());
    let mut cx = Context {
        diagnostics: &mut diagnostics,
        sources: &sources,
        registry: &registry,
        kernel: &NoKernelTypes,
        target: &target,
        options: &options,
        decisions: &mut Vec::new(),
    };
    Loops.run(module, &mut cx);
    assert_eq!(verify(module), [], "{}", pbpf_core::mir::print(module));
    diagnostics.list().iter().map(|d| d.code.to_string()).collect()
}

fn counted(module: &Module) -> usize {
    let func = &module.functions[module.find_function("f").unwrap()];
    func.each_inst().filter(|(_, i)| matches!(func.insts[*i].op, Op::CallKfunc { .. })).count()
}

const SUM: &str = "  jump block1(v1, v1) @0..1
block1(v2: i64, v3: i64):
  v4 = icmp.slt v2, v0 @0..1
  branch v4, block2, block3 @0..1
block2:
  v5 = add v3, v2 @0..1
  v6: i64 = iconst 3 @0..1
  v7 = add v2, v6 @0..1
  jump block1(v7, v5) @0..1
block3:
  return v3 @0..1
";

#[test]
fn a_loop_of_unknown_length_is_counted_by_the_kernel() {
    let before = module(SUM);
    let mut after = before.clone();
    assert_eq!(apply(&mut after, None), Vec::<String>::new());
    // Made, asked, and destroyed on two ways out.
    assert_eq!(counted(&after), 4);
    for n in [-1, 0, 1, 3, 4, 100] {
        assert_eq!(run(&after, n), run(&before, n));
    }
}

#[test]
fn an_old_kernel_does_not_count() {
    let mut after = module(SUM);
    assert_eq!(apply(&mut after, KernelVersion::parse("6.3")), ["unbounded-loop"]);
    assert_eq!(counted(&after), 0);
}

#[test]
fn a_short_loop_is_walked() {
    let before = module(&SUM.replace("icmp.slt v2, v0", "icmp.slt v2, v8").replacen(
        "  jump",
        "  v8: i64 = iconst 30 @0..1\n  jump",
        1,
    ));
    let mut after = before.clone();
    assert_eq!(apply(&mut after, KernelVersion::parse("5.10")), Vec::<String>::new());
    assert_eq!(after, before);
}

#[test]
fn an_inner_return_destroys_both_iterators() {
    let nested = "  jump block1(v1) @0..1
block1(v2: i64):
  v4 = icmp.slt v2, v0 @0..1
  branch v4, block2(v1), block6 @0..1
block2(v3: i64):
  v5 = icmp.slt v3, v0 @0..1
  branch v5, block3, block5 @0..1
block3:
  v6 = mul v3, v2 @0..1
  v7: i64 = iconst 42 @0..1
  v8 = icmp.eq v6, v7 @0..1
  branch v8, block7, block4 @0..1
block4:
  v9: i64 = iconst 1 @0..1
  v10 = add v3, v9 @0..1
  jump block2(v10) @0..1
block5:
  v11: i64 = iconst 1 @0..1
  v12 = add v2, v11 @0..1
  jump block1(v12) @0..1
block6:
  return v1 @0..1
block7:
  v13 = sub v3, v2 @0..1
  return v13 @0..1
";
    let before = module(nested);
    let mut after = before.clone();
    assert_eq!(apply(&mut after, None), Vec::<String>::new());
    for n in [0, 1, 8, 50] {
        assert_eq!(run(&after, n), run(&before, n));
    }
}

#[test]
fn a_loop_without_a_counter_is_refused() {
    let halves = "  jump block1(v0) @0..1
block1(v2: i64):
  v4 = icmp.sgt v2, v1 @0..1
  branch v4, block2, block3 @0..1
block2:
  v6: i64 = iconst 1 @0..1
  v7 = ashr v2, v6 @0..1
  jump block1(v7) @0..1
block3:
  return v2 @0..1
";
    assert_eq!(apply(&mut module(halves), None), ["unbounded-loop"]);
}

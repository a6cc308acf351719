//! The passes over MIR on random modules: what they leave verifies, and does what it did. `PBPF_SOAK=N` takes N seeds.
//!
//! Promises: each pass alone, and all of them in a random order, several times over. Leaves out: the passes that need the
//! rules of a program type.

#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use pbpf_core::diag::Diagnostics;
use pbpf_core::entity::Entity;
use pbpf_core::mir::interp::Machine;
use pbpf_core::mir::random::{Random, Shape, environment, input, module, programs};
use pbpf_core::mir::{MapId, Module, print, verify};
use pbpf_core::pass::{Context, MirPass, NoKernelTypes, Options};
use pbpf_core::registry::Registry;
use pbpf_core::source::SourceMap;
use pbpf_core::target::Target;
use pbpf_passes::mir::cse::Cse;
use pbpf_passes::mir::dce::Dce;
use pbpf_passes::mir::divide::Divide;
use pbpf_passes::mir::fold::Fold;
use pbpf_passes::mir::simplify_cfg::SimplifyCfg;
use pbpf_passes::mir::stack::Stack;

fn seeds(few: u64) -> std::ops::Range<u64> {
    0..std::env::var("PBPF_SOAK").ok().and_then(|n| n.parse().ok()).unwrap_or(few)
}

fn shape(seed: u64) -> Shape {
    Shape {
        with_abstract: !seed.is_multiple_of(3),
        statements: 4 + (seed % 20) as usize,
        untidy: !seed.is_multiple_of(5),
        kernel: (seed % 7 == 2).then_some("test"),
    }
}

fn passes() -> [(&'static str, &'static dyn MirPass); 6] {
    [
        ("fold", &Fold),
        ("simplify_cfg", &SimplifyCfg),
        ("cse", &Cse),
        ("dce", &Dce),
        ("divide", &Divide),
        ("stack", &Stack),
    ]
}

fn apply(pass: &dyn MirPass, module: &mut Module) {
    let mut diagnostics = Diagnostics::new();
    let mut cx = Context {
        diagnostics: &mut diagnostics,
        sources: &SourceMap::new(),
        registry: &Registry::new(),
        kernel: &NoKernelTypes,
        target: &Target::default(),
        options: &Options::default(),
        decisions: &mut Vec::new(),
    };
    pass.run(module, &mut cx);
    // Random functions may well take too much stack.
    assert!(diagnostics.list().iter().all(|d| d.code == "stack-over-budget"), "{:#?}", diagnostics.list());
}

/// What a module does on a few inputs, but for the number of steps.
fn behaviour(module: &Module) -> Vec<String> {
    let mut machine = Machine::new(module, environment()).unwrap();
    let mut seen = Vec::new();
    for func in programs(module) {
        for seed in 0..3 {
            let result = machine.run(func, &input(seed)).map(|o| (o.value, o.context, o.packet));
            seen.push(format!("{result:?} {:?}", machine.take_printed()));
        }
    }
    for map in (0..6).map(MapId::new) {
        for key in machine.map_keys(map) {
            seen.push(format!("{map} {key:?} {:?}", machine.map_get(map, &key)));
        }
        seen.push(format!("{:?}", machine.take_records(map)));
    }
    // Constants of the compiler's own may be dropped.
    for (id, global) in module.globals.iter().filter(|(_, g)| !g.name.starts_with('.')) {
        seen.push(format!("{} {:?}", global.name, machine.global(id)));
    }
    seen
}

fn check(seed: u64, name: &str, before: &Module, after: &Module) {
    let text = || format!("seed {seed}, behind `{name}`\n{}\nbefore:\n{}", print(after), print(before));
    assert_eq!(verify(after), [], "{}", text());
    let (was, is) = (behaviour(before), behaviour(after));
    assert!(was == is, "{}\nwas: {was:#?}\nis: {is:#?}", text());
}

#[test]
fn each_pass_keeps_what_a_module_does() {
    for seed in seeds(150) {
        let mut before = module(seed, shape(seed));
        for (n, global) in before.globals.values_mut().enumerate().filter(|(n, _)| n % 2 == 0) {
            global.name = format!("kept{n}");
        }
        for (name, pass) in passes() {
            let mut after = before.clone();
            apply(pass, &mut after);
            check(seed, name, &before, &after);
        }
    }
}

#[test]
fn passes_in_any_order_keep_what_a_module_does() {
    for seed in seeds(150) {
        let mut random = Random::new(seed);
        let mut before = module(seed, shape(seed));
        for (n, global) in before.globals.values_mut().enumerate().filter(|(n, _)| n % 2 == 0) {
            global.name = format!("kept{n}");
        }
        let mut after = before.clone();
        let mut names = Vec::new();
        for _ in 0..8 {
            let (name, pass) = *random.pick(&passes());
            names.push(name);
            apply(pass, &mut after);
        }
        check(seed, &names.join(", "), &before, &after);
    }
}

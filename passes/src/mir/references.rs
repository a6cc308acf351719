//! `references`: what was acquired is released on every way out, once.
//!
//! ```text
//! Before                                   After
//!   v1: ptr.mem? = call_helper reserve(..)   v1: ptr.mem? = call_helper reserve(..)
//!   ...  ; v1 is not null here               ...
//!   branch v2, block1, block9                branch v2, block1, block10
//! block9 failed:                           block10:
//!   return v3                                v4 = refine v1
//!                                            call_helper discard(v4, v5)
//!                                            jump block9
//! ```
//!
//! - Where a failed check ends the function, what it holds is released by the first helper that its row names.
//! - Any other end that may hold a reference is the diagnostic `leaked-reference`, with both places.
//! - What may have been released already is neither used nor released again, and what was only lent is not released:
//!   `released-reference`.
//!
//! What acquires and what releases is in the rows of helpers and kfuncs. A reference that is stored in memory, or that a
//! function hands to a caller or another function, is left to the kernel's verifier.
//!
//! Requires: every check is inserted. Keeps: what the program does where no check fails.
//!
//! Why: `Unreleased reference id=2 alloc_insn=5`, `BPF_EXIT instruction in main prog would lead to reference leak`, and
//! for a use after the release `R1 invalid mem access 'scalar'`.

mod flow;
mod release;
mod tokens;

use super::facts::{Right, edge_facts};
use flow::{Flow, HELD, RELEASED, State};
use pbpf_core::diag::Diagnostic;
use pbpf_core::mir::analysis::Cfg;
use pbpf_core::mir::{Function, Inst, Module, Op};
use pbpf_core::pass::{Context, Level, MirPass, PassInfo};
use pbpf_core::registry::Registry;
pub(super) use tokens::Tokens;

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct References;

impl MirPass for References {
    fn info(&self) -> PassInfo {
        PassInfo::new("references", Level::Mir, "what was acquired is released on every way out, once")
            .after(&["null_checks", "bounds", "loops", "scopes"])
            .before(&["legalise"])
    }

    fn run(&self, module: &mut Module, cx: &mut Context<'_>) {
        let names: Vec<String> = module.externs.values().map(|e| e.name.clone()).collect();
        for id in module.functions.keys() {
            let func = &mut module.functions[id];
            let tokens = Tokens::new(func, &names, cx.registry);
            for (release, from) in &tokens.unowned {
                cx.emit(unowned(func, *release, *from));
            }
            if tokens.list.is_empty() {
                continue;
            }
            let cfg = Cfg::new(func);
            let flow = Flow::new(func, &cfg, &tokens);
            told(func, &cfg, &tokens, &flow, cx);
            release::at_failed_checks(func, &cfg, &tokens, &flow, &names, cx);
        }
    }
}

/// Tells of ends that hold something, and of uses behind a release.
fn told(func: &Function, cfg: &Cfg, tokens: &Tokens, flow: &Flow, cx: &mut Context<'_>) {
    let mut leaked = vec![false; tokens.list.len()];
    let mut used = vec![false; tokens.list.len()];
    // Once for calls that a loop comes back to while the last result is held: that says more than the end behind it.
    each(func, cfg, tokens, flow, |inst, _, state| {
        for token in tokens.acquired_by(inst) {
            if state.may_be(token, HELD) && !std::mem::replace(&mut leaked[token], true) {
                cx.emit(leak(func, tokens, token, inst, cx.registry));
            }
        }
    });
    each(func, cfg, tokens, flow, |inst, failed, state| {
        for token in tokens.used_by(inst) {
            if state.may_be(token, RELEASED) && !std::mem::replace(&mut used[token], true) {
                cx.emit(released(func, tokens, token, inst, cx.registry));
            }
        }
        if failed || !matches!(func.insts[inst].op, Op::Return(_)) {
            return;
        }
        let escaped: Vec<usize> = tokens.escaped_by(inst).collect();
        for (token, leaked) in leaked.iter_mut().enumerate() {
            let held = state.may_be(token, HELD) && !escaped.contains(&token);
            if held && !std::mem::replace(leaked, true) {
                cx.emit(leak(func, tokens, token, inst, cx.registry));
            }
        }
    });
}

/// Visits each instruction with what is held before it, and whether its block is one for failed checks.
fn each(func: &Function, cfg: &Cfg, tokens: &Tokens, flow: &Flow, mut visit: impl FnMut(Inst, bool, &State)) {
    for &block in cfg.reverse_post_order() {
        let Some(mut state) = flow.before(block).cloned() else { continue };
        for &inst in &func.blocks[block].insts {
            visit(inst, func.blocks[block].failed, &state);
            flow::step(tokens, inst, &mut state);
        }
    }
}

/// How people call a helper: as a method of maps if it is one.
fn called(name: &str, registry: &Registry) -> String {
    let method = registry
        .map_kinds()
        .find_map(|kind| registry.map_methods(&kind.name).find(|m| m.helper == name).map(|m| m.name.clone()));
    let called = || registry.find_helper(name).map_or(name, |id| registry.helper(id).row.called());
    method.unwrap_or_else(|| called().to_owned())
}

fn leak(func: &Function, tokens: &Tokens, token: usize, end: Inst, registry: &Registry) -> Diagnostic {
    let found = &tokens.list[token];
    let by: Vec<String> = found.released_by.iter().map(|n| format!("`{}`", called(n, registry))).collect();
    let (acquired, end) = (func.insts[found.inst].span, func.insts[end].span);
    let name = called(&found.name, registry);
    let error = if acquired == end {
        Diagnostic::error(
            "leaked-reference",
            format!("what `{name}` gave is still held when it is called again"),
        )
        .at(acquired)
    } else {
        Diagnostic::error(
            "leaked-reference",
            format!("the function may end here and still hold what `{name}` gave"),
        )
        .at(end)
        .label(acquired, "acquired here")
    };
    match by.as_slice() {
        [] => error.help("release it on every way out"),
        _ => error.help(format!("hand it to {} on every way out", by.join(" or "))),
    }
}

fn released(func: &Function, tokens: &Tokens, token: usize, inst: Inst, registry: &Registry) -> Diagnostic {
    let found = &tokens.list[token];
    let again = tokens.released_by(inst).any(|t| t == token);
    let name = called(&found.name, registry);
    let message = if again {
        format!("what `{name}` gave may have been released already")
    } else {
        format!("what `{name}` gave may have been released, and is used")
    };
    let mut error = Diagnostic::error("released-reference", message).at(func.insts[inst].span);
    let first =
        func.each_inst().find(|(_, other)| *other != inst && tokens.released_by(*other).any(|t| t == token));
    if let Some((_, first)) = first {
        error = error.label(func.insts[first].span, "released here");
    }
    error.help("release it last, and once on each way")
}

fn unowned(func: &Function, release: Inst, from: Inst) -> Diagnostic {
    Diagnostic::error("released-reference", "this gives away what the program does not own")
        .at(func.insts[release].span)
        .label(func.insts[from].span, "this only lends it")
        .help("acquire a reference of your own first, and test it for None")
}

/// Whether a fact says that a pointer is null, or that it is not.
fn null_fact(func: &Function, fact: &super::facts::Fact) -> Option<(pbpf_core::mir::Value, bool)> {
    use pbpf_core::mir::Cond;
    let zero = match fact.b {
        Right::Const(n) => n == 0,
        Right::Value(v) => func.def(v).is_some_and(|d| d.op == Op::Null),
    };
    let pointer = match func.def(fact.a).map(|d| &d.op) {
        Some(Op::PtrToInt(pointer)) => *pointer,
        _ => fact.a,
    };
    match fact.cond {
        Cond::Eq if zero => Some((pointer, true)),
        Cond::Ne if zero => Some((pointer, false)),
        _ => None,
    }
}

/// What is known on an edge.
fn on_edge(
    func: &Function,
    tokens: &Tokens,
    from: pbpf_core::mir::Block,
    to: pbpf_core::mir::Block,
    state: &mut State,
) {
    for fact in edge_facts(func, from, to) {
        let Some((pointer, is_null)) = null_fact(func, &fact) else { continue };
        for token in tokens.origins(pointer) {
            state.tested(token, is_null);
        }
    }
}

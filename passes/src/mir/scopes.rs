//! `scopes`: what was begun is ended on the ways that checks have added.
//!
//! ```text
//! Before                                    After
//!   call_helper bpf_spin_lock(v1)             call_helper bpf_spin_lock(v1)
//!   v2 = icmp.ult v3, 8                       v2 = icmp.ult v3, 8
//!   branch v2, block1, block2                 branch v2, block1, block3
//! block1:                                   block3:
//!   ...                                       call_helper bpf_spin_unlock(v1)
//!   call_helper bpf_spin_unlock(v1)           jump block2
//! block2:  ; the check failed               block2:
//!   return v4                                 return v4
//! ```
//!
//! A call begins something if its row names the helper that ends it. On a way that leads from where it is open to where
//! it is not, and before a `return`, the ending call is inserted. What a function begins and nowhere ends is left to its
//! callers.
//!
//! Requires: every pass that adds a way out: `null_checks`, `bounds`, `loops`. Keeps: what `lower` ended itself.
//!
//! Why: `bpf_spin_lock is missing unlock`, and `BPF_EXIT instruction in main prog would lead to reference leak`.

use pbpf_core::entity::Entity;
use pbpf_core::mir::analysis::Cfg;
use pbpf_core::mir::{Block, BlockCall, Builder, Function, Inst, Module, Op, Value};
use pbpf_core::pass::{Context, Level, MirPass, PassInfo};
use pbpf_core::registry::Registry;
use std::collections::BTreeMap;

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scopes;

impl MirPass for Scopes {
    fn info(&self) -> PassInfo {
        PassInfo::new("scopes", Level::Mir, "what was begun is ended on the ways that checks have added")
            .after(&["null_checks", "bounds", "loops"])
            .before(&["legalise"])
    }

    fn run(&self, module: &mut Module, cx: &mut Context<'_>) {
        let names: Vec<String> = module.externs.values().map(|e| e.name.clone()).collect();
        for func in module.functions.values_mut() {
            let calls = Calls::new(func, &names, cx.registry);
            if !calls.begins.is_empty() {
                close(func, &calls);
            }
        }
    }
}

/// The calls of a function that begin something which it ends somewhere, and those that end it.
struct Calls {
    begins: BTreeMap<Inst, Op>,
    ends: BTreeMap<Inst, (String, Option<Value>)>,
    names: BTreeMap<Inst, (String, Option<Value>)>,
}

impl Calls {
    fn new(func: &Function, externs: &[String], registry: &Registry) -> Calls {
        let mut begun: Vec<(Inst, String, Vec<Value>)> = Vec::new();
        let mut called: Vec<(Inst, String, Op)> = Vec::new();
        for (_, inst) in func.each_inst() {
            let op = &func.insts[inst].op;
            let (name, args) = match op {
                Op::CallHelper { name, args, .. } => (name.clone(), args),
                Op::CallKfunc { callee, args } => match externs.get(callee.index()) {
                    Some(name) => (name.clone(), args),
                    None => continue,
                },
                _ => continue,
            };
            let row = registry.find_helper(&name).map(|id| &registry.helper(id).row);
            if let Some(ends) = row.and_then(|row| row.ended_by.clone()) {
                begun.push((inst, ends, args.clone()));
            }
            called.push((inst, name, op.clone()));
        }
        let mut calls = Calls { begins: BTreeMap::new(), ends: BTreeMap::new(), names: BTreeMap::new() };
        for (inst, ends, args) in begun {
            // The ending call as it is written in this function, for its number or declaration.
            let Some((_, _, form)) = called.iter().find(|(_, name, _)| *name == ends) else { continue };
            let mut form = form.clone();
            if let Op::CallHelper { args: given, .. } | Op::CallKfunc { args: given, .. } = &mut form {
                let count = given.len().min(args.len());
                *given = args[..count].to_vec();
            }
            calls.names.insert(inst, (ends.clone(), args.first().copied()));
            calls.begins.insert(inst, form);
        }
        for (inst, name, op) in called {
            if calls.names.values().any(|(ends, _)| *ends == name) {
                let first = op.args().first().copied();
                calls.ends.insert(inst, (name, first));
            }
        }
        calls
    }

    /// What is open behind an instruction.
    fn step(&self, open: &mut Vec<Inst>, inst: Inst) {
        if self.begins.contains_key(&inst) {
            open.push(inst);
        } else if let Some(end) = self.ends.get(&inst) {
            let of = |begin: &Inst| self.names.get(begin).is_some_and(|b| b == end);
            if let Some(at) = open.iter().rposition(of) {
                open.remove(at);
            }
        }
    }
}

/// Ends what is open where the ways meet others on which it is not.
fn close(func: &mut Function, calls: &Calls) {
    let cfg = Cfg::new(func);
    let (before, behind) = states(func, &cfg, calls);
    let mut splits: Vec<(Block, usize, Vec<Inst>)> = Vec::new();
    for &block in cfg.reverse_post_order() {
        let open = behind.get(&block).cloned().unwrap_or_default();
        let Some(terminator) = func.terminator(block) else { continue };
        if matches!(func.insts[terminator].op, Op::Return(_)) {
            let at = func.blocks[block].insts.len() - 1;
            let span = func.insts[terminator].span;
            let mut b = Builder::before(func, block, at, span);
            for begin in open.iter().rev() {
                b.effect(calls.begins[begin].clone());
            }
            continue;
        }
        for (at, target) in func.insts[terminator].op.targets().into_iter().enumerate() {
            let wanted = before.get(&target.block).map_or(0, Vec::len);
            if open.len() > wanted {
                splits.push((block, at, open[wanted..].to_vec()));
            }
        }
    }
    for (block, at, open) in splits {
        let Some(terminator) = func.terminator(block) else { continue };
        let span = func.insts[terminator].span;
        let edge = func.add_block_after(block);
        let mut way = BlockCall { block: edge, args: Vec::new() };
        if let Some(target) = func.insts[terminator].op.targets_mut().into_iter().nth(at) {
            std::mem::swap(target, &mut way);
        }
        let mut b = Builder::at_end(func, edge, span);
        for begin in open.iter().rev() {
            b.effect(calls.begins[begin].clone());
        }
        b.effect(Op::Jump(way));
    }
}

type States = BTreeMap<Block, Vec<Inst>>;

/// What is open at the start and at the end of each block: where ways meet, what is open on all of them.
fn states(func: &Function, cfg: &Cfg, calls: &Calls) -> (States, States) {
    let (mut before, mut behind) = (States::new(), States::new());
    loop {
        let mut changed = false;
        for &block in cfg.reverse_post_order() {
            let mut known = cfg.predecessors(block).iter().filter_map(|p| behind.get(p));
            let mut open = match known.next() {
                Some(first) if func.entry() != Some(block) => first.clone(),
                _ => Vec::new(),
            };
            for other in known {
                let common = open.iter().zip(other).take_while(|(a, b)| a == b).count();
                open.truncate(common);
            }
            before.insert(block, open.clone());
            for inst in &func.blocks[block].insts {
                calls.step(&mut open, *inst);
            }
            if behind.get(&block) != Some(&open) {
                behind.insert(block, open);
                changed = true;
            }
        }
        if !changed {
            return (before, behind);
        }
    }
}

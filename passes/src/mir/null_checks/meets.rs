//! Pointers that were tested on every way to where the ways meet.
//!
//! ```text
//! Before                                    After
//!   branch v4, block1, block3(v2)             branch v4, block1, block4
//! block1:                                   block1:
//!   ..                                        ..
//!   branch v7, block2, block3(v6)             branch v7, block2, block5
//! block3(v9: ptr.map_value?):               block4:
//!   v11: i64 = load v9                        v12 = refine v2
//!                                             jump block3(v2, v12)
//!                                           block3(v9: ptr.map_value?, v14: ptr.map_value):
//!                                             v11: i64 = load v14
//! ```
//!
//! Promises: a second parameter that is not null beside one of which each way in proves it; `p = m.lookup(a)`, and where that is `None`,
//! `p = m.lookup(b)`. Leaves out: ways that need a check.

use super::{Refined, checked_operands, not_null, says_not_null};
use crate::mir::facts::{Facts, way_facts};
use pbpf_core::mir::analysis::{Cfg, Dominators};
use pbpf_core::mir::{Block, BlockCall, Function, Inst, Op, Value};
use pbpf_core::registry::Registry;
use std::collections::{BTreeMap, BTreeSet};

/// One way into a block: the block that it comes from, and which of the targets there.
type Way = (Block, usize);

/// Adds the parameters; gives them with those that they are beside.
pub(super) fn tested_before(func: &mut Function, externs: &[String], registry: &Registry) -> Refined {
    let cfg = Cfg::new(func);
    let wanted = wanted(func, &cfg, externs, registry);
    if wanted.is_empty() {
        return Refined::new();
    }
    let proved = proved(func, &cfg, &wanted);
    let mut beside = BTreeMap::new();
    for (&param, &block) in &proved {
        let ty = not_null(func.type_of(param));
        beside.insert(param, func.add_block_param(block, ty));
    }
    let blocks: BTreeSet<Block> = proved.values().copied().collect();
    for block in blocks {
        let params: Vec<Value> = func.blocks[block].params.clone();
        for (way, args) in ways_into(func, &cfg, block) {
            // In the order in which they were added.
            let mut given: Vec<(Value, Value)> = Vec::new();
            for (param, arg) in params.iter().zip(&args) {
                if let Some(new) = beside.get(param) {
                    given.push((*new, beside.get(arg).copied().unwrap_or(*arg)));
                }
            }
            given.sort_by_key(|(new, _)| params.iter().position(|p| p == new));
            give(func, way, given.into_iter().map(|(_, arg)| arg).collect());
        }
    }
    beside.into_iter().map(|(param, new)| (param, proved[&param], new)).collect()
}

/// The parameters that are used where they must not be null, and those that become such ones.
fn wanted(func: &Function, cfg: &Cfg, externs: &[String], registry: &Registry) -> BTreeSet<Value> {
    let mut params = BTreeSet::new();
    let mut ways = Vec::new();
    for &block in cfg.reverse_post_order().iter().filter(|b| func.entry() != Some(**b)) {
        for (at, &param) in func.blocks[block].params.iter().enumerate() {
            if func.type_of(param).is_nullable() {
                params.insert(param);
                ways.extend(ways_into(func, cfg, block).into_iter().map(|(_, args)| (args[at], param)));
            }
        }
    }
    let mut wanted = BTreeSet::new();
    if params.is_empty() {
        return wanted;
    }
    for (_, inst) in func.each_inst() {
        let used = checked_operands(func, inst, externs, registry);
        wanted.extend(used.into_iter().filter(|v| params.contains(v)));
    }
    loop {
        let before = wanted.len();
        for (arg, param) in &ways {
            if params.contains(arg) && wanted.contains(param) {
                wanted.insert(*arg);
            }
        }
        if wanted.len() == before {
            return wanted;
        }
    }
}

/// The ways into a block with what they give for its parameters.
fn ways_into(func: &Function, cfg: &Cfg, block: Block) -> Vec<(Way, Vec<Value>)> {
    let mut from: Vec<Block> = cfg.predecessors(block).to_vec();
    from.sort_unstable();
    from.dedup();
    let mut all = Vec::new();
    for pred in from.into_iter().filter(|p| cfg.is_reachable(*p)) {
        let Some(terminator) = func.terminator(pred) else { continue };
        for (at, call) in func.insts[terminator].op.targets().into_iter().enumerate() {
            if call.block == block {
                all.push(((pred, at), call.args.clone()));
            }
        }
    }
    all
}

/// Those of the parameters of which every way in proves that they are not null, with their blocks. They may prove one another: what comes
/// around a loop is what came in.
fn proved(func: &Function, cfg: &Cfg, wanted: &BTreeSet<Value>) -> BTreeMap<Value, Block> {
    let dominators = Dominators::new(func, cfg);
    let facts = Facts::new(func, cfg);
    let mut left = BTreeMap::new();
    for &block in cfg.reverse_post_order() {
        let params = &func.blocks[block].params;
        left.extend(params.iter().filter(|p| wanted.contains(p)).map(|p| (*p, block)));
    }
    loop {
        let proves = |(pred, at): Way, arg: Value| {
            let here = way_facts(func, pred, at);
            let before = facts.of(&dominators, pred).map(|(_, f)| f);
            left.contains_key(&arg)
                || !func.type_of(arg).is_nullable()
                || before.chain(here).any(|f| says_not_null(func, f.cond, f.a, f.b, arg))
        };
        let holds = |param: Value, block: Block| {
            let at = func.blocks[block].params.iter().position(|p| *p == param);
            let ways = ways_into(func, cfg, block);
            ways.iter()
                .all(|(way, args)| at.and_then(|at| args.get(at)).is_some_and(|arg| proves(*way, *arg)))
        };
        let kept: BTreeMap<Value, Block> =
            left.iter().filter(|(param, block)| holds(**param, **block)).map(|(p, b)| (*p, *b)).collect();
        if kept.len() == left.len() {
            return left;
        }
        left = kept;
    }
}

/// Adds arguments to a way; those that may be null are refined where only this way leads.
fn give(func: &mut Function, (pred, at): Way, given: Vec<Value>) {
    let Some(terminator) = func.terminator(pred) else { return };
    let span = func.insts[terminator].span;
    let mut refines: Vec<Inst> = Vec::new();
    let mut better = Vec::with_capacity(given.len());
    for arg in given {
        let ty = func.type_of(arg);
        if !ty.is_nullable() {
            better.push(arg);
            continue;
        }
        let refine = func.make_inst(Op::Refine(arg), Some(not_null(ty)), span);
        better.push(func.insts[refine].result.unwrap_or(arg));
        refines.push(refine);
    }
    let between = (!refines.is_empty()).then(|| func.add_block_after(pred));
    let mut targets = func.insts[terminator].op.targets_mut();
    let Some(call) = targets.get_mut(at) else { return };
    call.args.extend(better);
    let Some(between) = between else { return };
    let to = std::mem::replace(*call, BlockCall { block: between, args: Vec::new() });
    let jump = func.make_inst(Op::Jump(to), None, span);
    func.blocks[between].insts.extend(refines.into_iter().chain([jump]));
}

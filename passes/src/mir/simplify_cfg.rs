//! `simplify_cfg`: straightens control flow.
//!
//! ```text
//! Before                                  After
//!   block0:                                 block0:
//!     v1 = icmp.ne v0, v9  ; v9 = null        v1 = icmp.ne v0, v9
//!     branch v1, block1, block2(v8)           branch v1, block1, block4
//!   block1:                                 block1:
//!     v2 = icmp.sgt v3, v4                    v2 = icmp.sgt v3, v4
//!     jump block2(v2)                         branch v2, block3, block4
//!   block2(v5: i1):  ; v8 = 0
//!     branch v5, block3, block4
//! ```
//!
//! A block that does nothing but go on is skipped. A block that only decides on one of its parameters is skipped by
//! those who hand over a constant. A block with one predecessor that always goes to it is joined to that one.
//!
//! Requires: nothing; folds more behind `fold`. Keeps: what the program does; headers of loops, so that loops keep their
//! shape.
//!
//! Why: `a is not None and a.x > 3` computes a truth value and then decides on it. Where the deciding block is skipped,
//! the null check leads directly to the access, and both `null_checks` and the verifier see it; through the truth value
//! the verifier says `R0 invalid mem access 'map_value_or_null'`.

use super::eval;
use pbpf_core::entity::Entity;
use pbpf_core::mir::analysis::{Cfg, Dominators, Loops, Uses};
use pbpf_core::mir::{Block, BlockCall, Function, Module, Op, Value};
use pbpf_core::pass::{Context, Level, MirPass, PassInfo};
use std::collections::{BTreeSet, HashMap};

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct SimplifyCfg;

/// No function needs more rounds but one made to; what is left then stays.
const ROUNDS: usize = 32;

impl MirPass for SimplifyCfg {
    fn info(&self) -> PassInfo {
        PassInfo::new("simplify_cfg", Level::Mir, "straightens control flow").after(&["fold"]).optional()
    }

    fn run(&self, module: &mut Module, _cx: &mut Context<'_>) {
        for func in module.functions.values_mut() {
            for _ in 0..ROUNDS {
                let skipped = skip(func);
                if !(join(func) | skipped) {
                    break;
                }
            }
        }
    }
}

/// Redirects edges past blocks that need not be entered.
fn skip(func: &mut Function) -> bool {
    let cfg = Cfg::new(func);
    let dominators = Dominators::new(func, &cfg);
    let loops = Loops::new(&cfg, &dominators);
    let uses = Uses::new(func);
    let is_header = |b: Block| loops.innermost(b).is_some_and(|id| loops.loops[id].header == b);
    let skippable: Vec<bool> = func
        .blocks
        .keys()
        .map(|b| {
            cfg.is_reachable(b)
                && func.entry() != Some(b)
                && !is_header(b)
                && only_decides(func, b)
                && keeps_to_itself(func, &uses, b)
        })
        .collect();
    let mut changed = false;
    // From the ends backwards: the edges of a block skipped are short already, so a long chain takes one step for each.
    for &block in cfg.reverse_post_order().iter().rev() {
        let Some(terminator) = func.terminator(block) else { continue };
        let mut op = func.insts[terminator].op.clone();
        for call in op.targets_mut() {
            // Each step goes to another block and never to a header, so there is no way around in a circle.
            while skippable[call.block.index()] && call.block != block {
                let Some(next) = next(func, call) else { break };
                *call = next;
                changed = true;
            }
        }
        func.insts[terminator].op = op;
    }
    if changed {
        let cfg = Cfg::new(func);
        func.layout.retain(|b| cfg.is_reachable(*b));
    }
    changed
}

/// Whether a block holds nothing but constants, comparisons and a terminator.
fn only_decides(func: &Function, block: Block) -> bool {
    let insts = &func.blocks[block].insts;
    let Some((last, rest)) = insts.split_last() else { return false };
    rest.len() <= 8
        && rest.iter().all(|i| matches!(func.insts[*i].op, Op::Iconst(_) | Op::Icmp(..)))
        && matches!(func.insts[*last].op, Op::Jump(_) | Op::Branch { .. })
}

/// Whether nothing outside the block uses its values.
fn keeps_to_itself(func: &Function, uses: &Uses, block: Block) -> bool {
    let data = &func.blocks[block];
    let results = data.insts.iter().filter_map(|i| func.insts[*i].result);
    results.chain(data.params.iter().copied()).all(|v| uses.of(v).iter().all(|u| u.block == block))
}

/// Where a call of a block that only decides ends up, if that is known and nothing that the block computes goes along.
fn next(func: &Function, call: &BlockCall) -> Option<BlockCall> {
    let data = &func.blocks[call.block];
    let handed = |v: Value| {
        let at = data.params.iter().position(|p| *p == v);
        at.map_or(Some(v), |at| call.args.get(at).copied())
    };
    let target = match &func.insts[func.terminator(call.block)?].op {
        Op::Jump(target) => target,
        Op::Branch { cond, then, otherwise } => {
            if constant(func, *cond, &handed, 0)? & 1 == 1 {
                then
            } else {
                otherwise
            }
        }
        _ => return None,
    };
    let computed_here = |v: &Value| data.insts.iter().any(|i| func.insts[*i].result == Some(*v));
    if target.args.iter().any(computed_here) {
        return None;
    }
    let args = target.args.iter().map(|v| handed(*v)).collect::<Option<Vec<Value>>>()?;
    Some(BlockCall { block: target.block, args })
}

/// The number that a value is where the block is entered with what `handed` says.
fn constant(
    func: &Function,
    value: Value,
    handed: &impl Fn(Value) -> Option<Value>,
    depth: u32,
) -> Option<i64> {
    let value = handed(value)?;
    match &func.def(value).filter(|_| depth < 8)?.op {
        Op::Iconst(n) => Some(*n),
        Op::Icmp(cond, [a, b]) if func.type_of(*a).is_int() => {
            let (x, y) = (constant(func, *a, handed, depth + 1)?, constant(func, *b, handed, depth + 1)?);
            Some(i64::from(eval::compare(*cond, func.type_of(*a), x, y)))
        }
        _ => None,
    }
}

/// Joins each block to its only predecessor, where that goes nowhere else.
fn join(func: &mut Function) -> bool {
    let mut preds = func.predecessors();
    let mut gone: BTreeSet<Block> = BTreeSet::new();
    // What became of the parameters of blocks that are gone.
    let mut same: HashMap<Value, Value> = HashMap::new();
    let layout = func.layout.clone();
    let mut at = 0;
    while let Some(&block) = layout.get(at) {
        let terminator = func.terminator(block).filter(|_| !gone.contains(&block));
        let Some(Op::Jump(call)) = terminator.map(|t| func.insts[t].op.clone()) else {
            at += 1;
            continue;
        };
        if preds[call.block] != [block] || call.block == block || func.entry() == Some(call.block) {
            at += 1;
            continue;
        }
        func.blocks[block].insts.pop();
        let tail = std::mem::take(&mut func.blocks[call.block].insts);
        func.blocks[block].insts.extend(tail);
        func.blocks[block].failed |= func.blocks[call.block].failed;
        same.extend(std::mem::take(&mut func.blocks[call.block].params).into_iter().zip(call.args));
        gone.insert(call.block);
        for next in func.successors(block) {
            for pred in &mut preds[next] {
                if *pred == call.block {
                    *pred = block;
                }
            }
        }
    }
    if gone.is_empty() {
        return false;
    }
    func.layout.retain(|b| !gone.contains(b));
    let last = |mut value: Value| {
        while let Some(next) = same.get(&value) {
            value = *next;
        }
        value
    };
    for inst in func.insts.values_mut() {
        inst.op.map_args(last);
    }
    true
}

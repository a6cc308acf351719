//! `unroll`: a short loop over elements becomes its rounds, one behind the other.
//!
//! ```text
//! Before                              After
//!   jump block1(v0, v9)  ; v0 = 0       jump block4(v9)
//! block1(v1: i64, v2: i64):           block4(v12: i64):
//!   v3 = icmp.slt v1, v8  ; v8 = 2      v13 = iconst 0
//!   branch v3, block2, block3           jump block5
//! block2:                             block5:
//!   v4 = shl v1, v7                     v14 = shl v13, v7
//!   v5 = ptr_add v10, v4                v15 = ptr_add v10, v14
//!   v6: i32 = load v5                   ..
//!   ..                                  jump block6(v16)
//!   jump block1(v20, v21)             block6(v17: i64): the second round, with 1
//!                                       ..
//! ```
//!
//! A loop is written out if nothing loops in it, its counter starts at a constant and is compared with one, the rounds are at most
//! `ROUNDS`, they have at most `SIZE` instructions together, and the counter decides on an address: what it decides is a constant then.
//!
//! Requires: nothing. Before `fold`, which computes the places, and `bounds`, which checks them all at once. Keeps: what the loop does.
//!
//! Why: LLVM writes such loops out too, but behind the checks: each element of a packet has its own, and an element on the stack is
//! at a place that must look like a variable ("R2 bitwise operator |= on pointer prohibited", see `pbpf-llvm`).

use super::eval;
use pbpf_core::mir::analysis::{Cfg, Dominators, Loop, Loops};
use pbpf_core::mir::{BinaryOp, Block, Function, Inst, Module, Op, Region, Value};
use pbpf_core::pass::{Context, Level, MirPass, PassInfo};
use std::collections::{BTreeMap, BTreeSet};

/// The most rounds of a loop that is written out.
const ROUNDS: usize = 8;

/// The most instructions that the rounds have together.
const SIZE: usize = 128;

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unroll;

impl MirPass for Unroll {
    fn info(&self) -> PassInfo {
        PassInfo::new("unroll", Level::Mir, "a short loop over elements becomes its rounds")
            .after(&["inline"])
            .before(&["fold"])
            .optional()
    }

    fn run(&self, module: &mut Module, cx: &mut Context<'_>) {
        for func in module.functions.values_mut() {
            // Each takes a loop away, so this ends.
            while let Some(plan) = Plan::next(func) {
                let span = func.terminator(plan.header).map_or(func.span, |t| func.insts[t].span);
                cx.explain(span, || {
                    let rounds = plan.counts.len() - 1;
                    format!(
                        "the {rounds} rounds of this loop are written out: each element has a constant place"
                    )
                });
                plan.apply(func);
            }
        }
    }
}

/// A loop that is written out.
struct Plan {
    header: Block,
    blocks: Vec<Block>,
    /// Which of the header's parameters is the counter.
    counter: usize,
    /// Its value in each round, and behind the last.
    counts: Vec<i64>,
}

impl Plan {
    /// The first loop of a function that is written out.
    fn next(func: &Function) -> Option<Self> {
        let cfg = Cfg::new(func);
        let loops = Loops::new(&cfg, &Dominators::new(func, &cfg));
        let around: BTreeSet<_> = loops.loops.values().filter_map(|l| l.parent).collect();
        let innermost = loops.loops.iter().filter(|(id, _)| !around.contains(id));
        innermost.map(|(_, l)| l).find_map(|l| Self::of(func, l))
    }

    fn of(func: &Function, l: &Loop) -> Option<Self> {
        let header = l.header;
        if func.entry() == Some(header) {
            return None;
        }
        let Op::Branch { cond, then, otherwise } = &func.insts[func.terminator(header)?].op else {
            return None;
        };
        let is_inside = |block: Block| l.blocks.contains(&block);
        // What the test says as long as the loop goes on.
        let goes_on = match (is_inside(then.block), is_inside(otherwise.block)) {
            (true, false) => true,
            (false, true) => false,
            _ => return None,
        };
        let Op::Icmp(test, [a, b]) = func.def(*cond)?.op else { return None };
        let params = &func.blocks[header].params;
        let (param, limit, swapped) = match (func.constant(a), func.constant(b)) {
            (None, Some(limit)) => (a, limit, false),
            (Some(limit), None) => (b, limit, true),
            _ => return None,
        };
        let counter = params.iter().position(|p| *p == param)?;
        let ty = func.type_of(param);
        let (start, step) = steps(func, l, counter)?;
        let mut counts = vec![start];
        loop {
            let now = *counts.last()?;
            let holds = if swapped {
                eval::compare(test, ty, limit, now)
            } else {
                eval::compare(test, ty, now, limit)
            };
            if holds != goes_on {
                break;
            }
            if counts.len() > ROUNDS {
                return None;
            }
            counts.push(eval::wrap(ty, now.wrapping_add(step)));
        }
        let rounds = counts.len() - 1;
        let size: usize = l.blocks.iter().map(|b| func.blocks[*b].insts.len()).sum();
        if rounds == 0 || rounds * size > SIZE || !decides_on_addresses(func, l, param) {
            return None;
        }
        let plan = Self { header, blocks: l.blocks.clone(), counter, counts };
        // What the loop makes is used behind it: then that is what the last test left, if nothing else leaves it.
        (l.exits.len() == 1 || !plan.is_used_outside(func)).then_some(plan)
    }

    /// Whether something outside the loop uses a value that is made inside.
    fn is_used_outside(&self, func: &Function) -> bool {
        let mut made: BTreeSet<Value> = BTreeSet::new();
        for block in &self.blocks {
            made.extend(&func.blocks[*block].params);
            made.extend(func.blocks[*block].insts.iter().filter_map(|i| func.insts[*i].result));
        }
        func.each_inst().any(|(b, i)| {
            !self.blocks.contains(&b) && func.insts[i].op.args().iter().any(|v| made.contains(v))
        })
    }

    /// Puts the rounds where the loop was.
    fn apply(&self, func: &mut Function) {
        let rounds = self.counts.len() - 1;
        let mut last = self.blocks.iter().copied().max_by_key(|b| func.layout.iter().position(|at| at == b));
        let mut copies: Vec<Round> = Vec::new();
        for (round, count) in self.counts.iter().enumerate() {
            let blocks = if round < rounds { &self.blocks[..] } else { &[self.header][..] };
            let mut copy = Round::default();
            for &block in blocks {
                last = Some(copy.add(func, block, last.unwrap_or(block)));
            }
            self.count(func, &mut copy, *count);
            copies.push(copy);
        }
        for (round, copy) in copies.iter().enumerate() {
            let mut decided: BTreeSet<Value> =
                copy.values.get(&self.param(func)).copied().into_iter().collect();
            let next = copies.get(round + 1).and_then(|c| c.blocks.get(&self.header)).copied();
            for &(old, new) in &copy.insts {
                let mut op = func.insts[old].op.clone();
                op.map_args(|v| copy.values.get(&v).copied().unwrap_or(v));
                if let Op::Branch { cond, then, otherwise } = &op
                    && decided.contains(cond)
                    && let Some(holds) = func.constant(*cond)
                {
                    op = Op::Jump(if holds == 0 { otherwise.clone() } else { then.clone() });
                }
                for target in op.targets_mut() {
                    if target.block == self.header {
                        target.args.remove(self.counter);
                        target.block = next.unwrap_or(target.block);
                    } else {
                        target.block = copy.blocks.get(&target.block).copied().unwrap_or(target.block);
                    }
                }
                if let Some(number) = decides(func, &op, &decided) {
                    op = Op::Iconst(number);
                    decided.extend(func.insts[new].result);
                }
                func.insts[new].op = op;
            }
        }
        let (Some(first), Some(end)) =
            (copies.first().and_then(|c| c.blocks.get(&self.header)), copies.last())
        else {
            return;
        };
        func.layout.retain(|b| !self.blocks.contains(b));
        let new: BTreeSet<Inst> = copies.iter().flat_map(|c| c.insts.iter().map(|(_, new)| *new)).collect();
        for inst in func.each_inst().map(|(_, i)| i).filter(|i| !new.contains(i)).collect::<Vec<_>>() {
            let op = &mut func.insts[inst].op;
            op.map_args(|v| end.values.get(&v).copied().unwrap_or(v));
            for target in op.targets_mut().into_iter().filter(|t| t.block == self.header) {
                target.args.remove(self.counter);
                target.block = *first;
            }
        }
        // What no round does: behind an index that is past the end there is an access outside of its memory.
        let cfg = Cfg::new(func);
        func.layout.retain(|b| cfg.is_reachable(*b));
    }

    fn param(&self, func: &Function) -> Value {
        func.blocks[self.header].params[self.counter]
    }

    /// Makes the counter of a round a constant.
    fn count(&self, func: &mut Function, copy: &mut Round, count: i64) {
        let param = self.param(func);
        let Some(&header) = copy.blocks.get(&self.header) else { return };
        func.blocks[header].params.remove(self.counter);
        let span = func.terminator(self.header).map_or(func.span, |t| func.insts[t].span);
        let inst = func.make_inst(Op::Iconst(count), Some(func.type_of(param)), span);
        func.blocks[header].insts.insert(0, inst);
        copy.values.extend(func.insts[inst].result.map(|value| (param, value)));
    }
}

/// Where the counter starts, the same on all ways in, and what is added to it on all ways round.
fn steps(func: &Function, l: &Loop, counter: usize) -> Option<(i64, i64)> {
    let param = func.blocks[l.header].params[counter];
    let (mut start, mut step) = (None, None);
    for &block in &func.layout {
        let Some(terminator) = func.terminator(block) else { continue };
        for target in func.insts[terminator].op.targets().into_iter().filter(|t| t.block == l.header) {
            let arg = *target.args.get(counter)?;
            let (known, found) = if l.blocks.contains(&block) {
                let Op::Binary(BinaryOp::Add, [a, b]) = func.def(arg)?.op else { return None };
                let by = if a == param { b } else { a };
                (&mut step, (a == param || b == param).then(|| func.constant(by)).flatten()?)
            } else {
                (&mut start, func.constant(arg)?)
            };
            if known.is_some_and(|known| known != found) {
                return None;
            }
            *known = Some(found);
        }
    }
    start.zip(step)
}

/// Whether an address in the loop is made of the counter, and none is in a context, whose fields have their own form.
fn decides_on_addresses(func: &Function, l: &Loop, counter: Value) -> bool {
    let mut follows: BTreeSet<Value> = BTreeSet::from([counter]);
    let mut found = false;
    for block in &l.blocks {
        for inst in &func.blocks[*block].insts {
            let data = &func.insts[*inst];
            if let Op::PtrAdd(base, by) = data.op {
                if func.type_of(base).region() == Some(Region::Ctx) {
                    return false;
                }
                found |= follows.contains(&by);
            }
            if data.op.args().iter().any(|v| follows.contains(v)) {
                follows.extend(data.result);
            }
        }
    }
    found
}

/// The number that an instruction gives, if the counter of a round decides it. An index need not look unknown any more.
fn decides(func: &Function, op: &Op, decided: &BTreeSet<Value>) -> Option<i64> {
    if !op.args().iter().any(|v| decided.contains(v)) {
        return None;
    }
    match *op {
        Op::Binary(op, [a, b]) => {
            Some(eval::binary(op, func.type_of(a), func.constant(a)?, func.constant(b)?))
        }
        Op::Unary(op, a) => Some(eval::unary(op, func.type_of(a), func.constant(a)?)),
        Op::Icmp(cond, [a, b]) => {
            let holds = eval::compare(cond, func.type_of(a), func.constant(a)?, func.constant(b)?);
            Some(i64::from(holds))
        }
        _ => None,
    }
}

/// What became of the parts of a loop in one round.
#[derive(Default)]
struct Round {
    blocks: BTreeMap<Block, Block>,
    values: BTreeMap<Value, Value>,
    insts: Vec<(Inst, Inst)>,
}

impl Round {
    /// Copies a block behind another; what its instructions take is not mapped yet.
    fn add(&mut self, func: &mut Function, block: Block, after: Block) -> Block {
        let new = func.add_block_after(after);
        func.blocks[new].failed = func.blocks[block].failed;
        self.blocks.insert(block, new);
        for param in func.blocks[block].params.clone() {
            let value = func.add_block_param(new, func.type_of(param));
            self.values.insert(param, value);
        }
        for inst in func.blocks[block].insts.clone() {
            let data = func.insts[inst].clone();
            let made = func.make_inst(data.op, data.result.map(|v| func.type_of(v)), data.span);
            if let (Some(old), Some(value)) = (data.result, func.insts[made].result) {
                self.values.insert(old, value);
            }
            func.blocks[new].insts.push(made);
            self.insts.push((inst, made));
        }
        new
    }
}

//! `results`: a program returns what the kernel takes.
//!
//! ```text
//! Before: the kernel takes 0 and 1        After
//!   return v3                               v4: i64 = zext v3
//!                                           v5 = opaque v4
//!                                           v6: i64 = iconst 1
//!                                           v7 = icmp.ule v5, v6
//!                                           branch v7, block1, block2
//!                                         block1:
//!                                           v8: i32 = trunc v5
//!                                           return v8
//!                                         block2 failed:
//!                                           ...returns what the program type says
//! ```
//!
//! Where the verifier holds the results of a program type against a range, a result that is not plainly inside is compared with
//! it; one that is outside is a failed check. Plainly inside are constants, truth values, and what is chosen from them.
//!
//! Requires: nothing; finds more behind `fold` and `simplify_cfg`. Keeps: what the program returns, where the kernel takes it.
//!
//! Why: `At program exit the register R0 has unknown scalar value should have been in [0, 1]`. The comparison is of 64 bits: one
//! of 32 says nothing about the register where the processor has no instructions for it.

use super::exit::Exit;
use super::rules::{Program, Rules};
use pbpf_core::mir::{
    Block, Builder, CastKind, Cond, Function, FunctionKind, Module, Op, Type, UnaryOp, Value,
};
use pbpf_core::pass::{Context, Level, MirPass, PassInfo};
use std::collections::BTreeSet;

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct Results;

impl MirPass for Results {
    fn info(&self) -> PassInfo {
        PassInfo::new("results", Level::Mir, "a program returns what the kernel takes")
            .after(&["inline", "fold", "simplify_cfg", "dce"])
            .before(&["legalise", "loops"])
    }

    fn run(&self, module: &mut Module, cx: &mut Context<'_>) {
        let (rules, _) = Rules::new(module, cx.registry);
        for id in module.functions.keys() {
            let func = &mut module.functions[id];
            if !matches!(func.kind, FunctionKind::Program { .. }) {
                continue;
            }
            let Ok(Some(range)) = rules.of(id).common(Program::held_range) else { continue };
            let mut exit = Exit::new(rules.of(id).on_failed_check());
            for block in func.layout.clone() {
                hold(func, block, range, &mut exit, cx);
            }
        }
    }
}

/// Compares what a block returns with the range, if it may be outside.
fn hold(func: &mut Function, block: Block, range: (i64, i64), exit: &mut Exit, cx: &mut Context<'_>) {
    let Some(last) = func.terminator(block) else { return };
    let Op::Return(Some(value)) = func.insts[last].op else { return };
    let ty = func.type_of(value);
    if !ty.is_int() || inside(func, value, range, &mut BTreeSet::new()) {
        return;
    }
    let span = func.insts[last].span;
    let (least, most) = range;
    cx.explain(span, || format!("the kernel takes {least} to {most}: another result is a failed check"));
    let end = |func: &Function, block: Block| func.blocks[block].insts.len() - 1;
    // An unsigned comparison says both where there is nothing below zero.
    let signed = least != 0;
    let kind = if signed { CastKind::Sext } else { CastKind::Zext };
    let mut seen = value;
    let at = end(func, block);
    let mut rest = exit.unless(func, block, at, span, |b| {
        let wide = if ty == Type::I64 { value } else { b.value(Op::Cast(kind, value), Type::I64) };
        seen = b.op(Op::Unary(UnaryOp::Opaque, wide));
        let limit = b.iconst(Type::I64, most);
        b.op(Op::Icmp(if signed { Cond::Sle } else { Cond::Ule }, [seen, limit]))
    });
    if signed {
        let at = end(func, rest);
        rest = exit.unless(func, rest, at, span, |b| {
            // LLVM would make one comparison of a sum of the two, which tells the verifier nothing.
            seen = b.op(Op::Unary(UnaryOp::Opaque, seen));
            let limit = b.iconst(Type::I64, least);
            b.op(Op::Icmp(Cond::Sge, [seen, limit]))
        });
    }
    let at = end(func, rest);
    let mut b = Builder::before(func, rest, at, span);
    let narrow = if ty == Type::I64 { seen } else { b.value(Op::Cast(CastKind::Trunc, seen), ty) };
    func.insts[last].op = Op::Return(Some(narrow));
}

/// Whether a number is plainly inside the range, for the verifier too.
fn inside(func: &Function, value: Value, range: (i64, i64), asked: &mut BTreeSet<Value>) -> bool {
    if !asked.insert(value) {
        // Around a loop: what comes in elsewhere decides.
        return true;
    }
    let (least, most) = range;
    if let Some(number) = func.constant(value) {
        return (least..=most).contains(&number);
    }
    match func.def(value).map(|data| &data.op) {
        Some(Op::Cast(CastKind::Zext, narrow)) if func.type_of(*narrow) == Type::I1 => {
            least <= 0 && most >= 1
        }
        Some(Op::Cast(_, from)) => inside(func, *from, range, asked),
        Some(Op::Select(_, ways)) => ways.iter().all(|way| inside(func, *way, range, asked)),
        Some(_) => false,
        None => {
            incoming(func, value).is_some_and(|all| all.into_iter().all(|v| inside(func, v, range, asked)))
        }
    }
}

/// What the ways to its block hand over for a parameter; none for one of the function.
fn incoming(func: &Function, param: Value) -> Option<Vec<Value>> {
    let place = func.blocks.iter().find_map(|(block, data)| {
        let position = data.params.iter().position(|p| *p == param)?;
        Some((block, position))
    });
    let (block, position) = place.filter(|(block, _)| func.entry() != Some(*block))?;
    let mut all = Vec::new();
    for from in &func.layout {
        let Some(last) = func.terminator(*from) else { continue };
        let calls = func.insts[last].op.targets();
        all.extend(calls.iter().filter(|c| c.block == block).filter_map(|c| c.args.get(position).copied()));
    }
    Some(all)
}

//! Releases where failed checks end a function.
//!
//! Promises: a block for each end and each set of what is held there. Leaves out: ends that the user wrote.

use super::called;
use super::flow::{Flow, HELD};
use super::tokens::{Token, Tokens};
use pbpf_core::diag::Diagnostic;
use pbpf_core::entity::Entity;
use pbpf_core::mir::analysis::{Cfg, Dominators};
use pbpf_core::mir::{Block, BlockCall, Builder, ExternId, Function, Op, Type};
use pbpf_core::pass::Context;
use pbpf_core::rows::{ArgumentKind, Helper, HelperCall, ResultKind};
use pbpf_core::types::Region;

pub(super) fn at_failed_checks(
    func: &mut Function,
    cfg: &Cfg,
    tokens: &Tokens,
    flow: &Flow,
    externs: &[String],
    cx: &mut Context<'_>,
) {
    let dominators = Dominators::new(func, cfg);
    let is_end = |b: &Block| {
        func.blocks[*b].failed
            && func.terminator(*b).is_some_and(|t| matches!(func.insts[t].op, Op::Return(_)))
    };
    let ends: Vec<Block> = cfg.reverse_post_order().iter().copied().filter(is_end).collect();
    for end in ends {
        // The ways there, by what is held on them.
        let mut groups: Vec<(Vec<usize>, Vec<Block>)> = Vec::new();
        for &from in cfg.predecessors(end) {
            let Some(state) = flow.edge(func, tokens, from, end) else { continue };
            let held: Vec<usize> = (0..tokens.list.len()).filter(|t| state.may_be(*t, HELD)).collect();
            if held.is_empty() {
                continue;
            }
            let known = |t: &usize| {
                let place = dominators.place(tokens.list[*t].inst);
                state.is_held(*t) && place.is_some_and(|(block, _)| dominators.dominates(block, from))
            };
            if let Some(token) = held.iter().find(|t| !known(t)) {
                untested(func, &tokens.list[*token], from, cx);
                continue;
            }
            match groups.iter_mut().find(|(tokens, _)| *tokens == held) {
                Some((_, blocks)) => blocks.push(from),
                None => groups.push((held, vec![from])),
            }
        }
        for (held, from) in groups {
            release(func, tokens, &held, end, &from, externs, cx);
        }
    }
}

/// A check fails before the reference is known to be there.
fn untested(func: &Function, token: &Token, from: Block, cx: &mut Context<'_>) {
    let name = called(&token.name, cx.registry);
    let check = func.terminator(from).map_or(func.span, |t| func.insts[t].span);
    let acquired = func.insts[token.inst].span;
    cx.emit(
        Diagnostic::error(
            "leaked-reference",
            format!("the check that pbpf inserts here may end the program, which may still hold what `{name}` gave"),
        )
        .at(check)
        .label(acquired, "acquired here")
        .help("test the result right behind the call, and release it before what may fail"),
    );
}

/// Goes from `from` to `end` by way of a block that releases.
fn release(
    func: &mut Function,
    tokens: &Tokens,
    held: &[usize],
    end: Block,
    from: &[Block],
    externs: &[String],
    cx: &mut Context<'_>,
) {
    let span = func.terminator(from[0]).map_or(func.span, |t| func.insts[t].span);
    let block = func.add_block();
    for &token in held {
        let token = &tokens.list[token];
        let row = token.released_by.first().and_then(|name| cx.registry.find_helper(name));
        let row = row.map(|id| &cx.registry.helper(id).row);
        let Some(call) = row.and_then(|row| call_of(func, block, row, token, externs)) else {
            untested(func, token, from[0], cx);
            continue;
        };
        let mut b = Builder::at_end(func, block, span);
        match row.map(|r| &r.returns.kind) {
            Some(ResultKind::Void) | None => {
                b.effect(call);
            }
            Some(_) => {
                b.value(call, Type::I64);
            }
        }
        let name = called(&token.name, cx.registry);
        cx.explain(span, || format!("where the check fails, what `{name}` gave is released"));
    }
    let mut b = Builder::at_end(func, block, span);
    b.effect(Op::Jump(BlockCall { block: end, args: Vec::new() }));
    for &from in from {
        let Some(terminator) = func.terminator(from) else { continue };
        for call in func.insts[terminator].op.targets_mut() {
            if call.block == end {
                call.block = block;
            }
        }
    }
}

/// The call that releases, its operands in `block`.
fn call_of(func: &mut Function, block: Block, row: &Helper, token: &Token, externs: &[String]) -> Option<Op> {
    let span = func.span;
    let ty = func.type_of(token.value);
    let mut args = Vec::new();
    for arg in &row.args {
        let mut b = Builder::at_end(func, block, span);
        args.push(if arg.releases {
            match ty {
                Type::Ptr { nullable: true, region } => b.value(Op::Refine(token.value), Type::ptr(region)),
                _ => token.value,
            }
        } else if matches!(arg.kind, ArgumentKind::KernelAddress) && row.call == HelperCall::Kfunc {
            b.value(Op::Null, Type::nullable(Region::Kernel))
        } else {
            b.iconst(Type::I64, arg.default?)
        });
    }
    match row.call {
        HelperCall::Id(id) => Some(Op::CallHelper { name: row.name.clone(), id, args }),
        HelperCall::Kfunc => {
            let at = externs.iter().position(|name| *name == row.name)?;
            Some(Op::CallKfunc { callee: ExternId::new(at), args })
        }
        HelperCall::ByteSwap => None,
    }
}

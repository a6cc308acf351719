//! A loop counted by the kernel: an open-coded iterator around it.
//!
//! Promises: the loop does what it did for its first [`MOST`] rounds; the iterator is destroyed on every way out. The
//! counter is made anew from the iterator on each round. Leaves out: whether the kernel has iterators.

use super::count::Counter;
use super::veil::{self, Veil};
use crate::mir::exit::Exit;
use pbpf_core::mir::analysis::{Cfg, Loop};
use pbpf_core::mir::{
    BinaryOp, Block, BlockCall, Builder, CastKind, Cond, Extern, ExternId, Function, Module, Op, Slot,
    SlotData, Type, Value,
};
use pbpf_core::source::Span;
use pbpf_core::types::{Region, Type as T, TypeId};

/// As often as the kernel counts (`BPF_MAX_LOOPS` in `include/linux/bpf_verifier.h`).
pub(super) const MOST: u64 = 1 << 23;

/// The kernel functions of the iterator over numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kfuncs {
    new: ExternId,
    next: ExternId,
    destroy: ExternId,
}

impl Kfuncs {
    /// Declares them in `module`, those that it does not have.
    pub(super) fn declare(module: &mut Module) -> Self {
        let types = &mut module.types;
        let record = crate::kernel::opaque(types, "bpf_iter_num");
        let record = types.intern(T::Record(record));
        let it = types.ptr(record, Region::Stack, false);
        let int = types.int(32, true);
        let (void, found) = (types.void(), types.ptr(int, Region::Mem, true));
        let it = ("it".to_owned(), it);
        let bounds = [it.clone(), ("start".to_owned(), int), ("end".to_owned(), int)];
        Self {
            new: declare(module, "bpf_iter_num_new", bounds.to_vec(), int),
            next: declare(module, "bpf_iter_num_next", vec![it.clone()], found),
            destroy: declare(module, "bpf_iter_num_destroy", vec![it], void),
        }
    }
}

fn declare(module: &mut Module, name: &str, params: Vec<(String, TypeId)>, ret: TypeId) -> ExternId {
    if let Some((id, _)) = module.externs.iter().find(|(_, e)| e.name == name) {
        return id;
    }
    let ty = module.types.intern(T::Func { params, ret });
    module.externs.push(Extern {
        name: name.to_owned(),
        ty,
        kind: pbpf_core::mir::ExternKind::Function,
        weak: false,
    })
}

/// A loop that is to be counted.
pub(super) struct Site<'a> {
    /// The flow of its function.
    pub(super) cfg: &'a Cfg,
    /// The loop.
    pub(super) l: &'a Loop,
    /// Its counter.
    pub(super) counter: &'a Counter,
    /// What the verifier must not know.
    pub(super) veil: &'a Veil,
    /// The iterators around loops that it lies in, as far as they are there already, the innermost first.
    pub(super) around: &'a [LoopIterator],
    /// Its place in the source.
    pub(super) span: Span,
}

/// An iterator around a loop.
#[derive(Clone, Copy, Debug)]
pub(super) struct LoopIterator {
    /// Its address.
    it: Value,
    slot: Slot,
}

impl LoopIterator {
    fn finish(self, func: &mut Function, block: Block, calls: Kfuncs, span: Span) {
        let mut b = Builder::at_end(func, block, span);
        b.effect(Op::CallKfunc { callee: calls.destroy, args: vec![self.it] });
        b.effect(Op::SlotDead(self.slot));
    }
}

/// Puts the iterator around a loop that is not the function's entry, and is entered.
pub(super) fn guard(
    func: &mut Function,
    site: &Site<'_>,
    calls: Kfuncs,
    exit: &mut Exit,
) -> Option<LoopIterator> {
    let Site { cfg, l, counter, veil, around, span } = *site;
    let slot = func.slots.push(SlotData { name: "loop".to_owned(), size: 8, align: 8, span });
    let (before, mut args) = enter(func, cfg, l)?;
    let mut b = Builder::at_end(func, before, span);
    b.effect(Op::SlotLive(slot));
    let it = b.op(Op::SlotAddr(slot));
    let (zero, most) = (b.iconst(Type::I32, 0), b.iconst(Type::I32, MOST as i64));
    let new = Op::CallKfunc { callee: calls.new, args: vec![it, zero, most] };
    let hidden = veil.begin(&mut b, new, &mut args, counter.position);
    let start = args.remove(counter.position);
    b.effect(Op::Jump(BlockCall { block: l.header, args }));

    let iterator = LoopIterator { it, slot };
    for &(from, to) in &l.exits {
        let Some(terminator) = func.terminator(from) else { continue };
        for at in 0..func.insts[terminator].op.targets().len() {
            let block = func.insts[terminator].op.targets()[at].block;
            if block != to {
                continue;
            }
            let edge = func.add_block_after(from);
            iterator.finish(func, edge, calls, span);
            let mut way = BlockCall { block: edge, args: Vec::new() };
            if let Some(call) = func.insts[terminator].op.targets_mut().into_iter().nth(at) {
                std::mem::swap(call, &mut way);
            }
            Builder::at_end(func, edge, span).effect(Op::Jump(way));
        }
    }

    for latch in &l.latches {
        retarget(func, *latch, l.header, |call| {
            call.args.remove(counter.position);
        });
    }
    func.blocks[l.header].params.remove(counter.position);
    let body = func.split_block(l.header, 0);
    let gone = func.add_block_after(body);
    let found_type = Type::nullable(Region::Mem);
    let mut b = Builder::at_end(func, l.header, span);
    let found = b.value(Op::CallKfunc { callee: calls.next, args: vec![it] }, found_type);
    let null = b.value(Op::Null, found_type);
    let more = b.op(Op::Icmp(Cond::Ne, [found, null]));
    b.branch(more, body, gone);
    for ended in std::iter::once(&iterator).chain(around) {
        ended.finish(func, gone, calls, span);
    }
    let out = exit.block(func, span);
    Builder::at_end(func, gone, span).jump(out);

    let value = recount(func, body, found, start, counter, span);
    func.replace_uses(counter.param, value);
    let latches: Vec<Block> = l.latches.iter().map(|b| if *b == l.header { body } else { *b }).collect();
    veil::go_round(func, l.header, &latches, &hidden);
    Some(iterator)
}

/// A block that all enter the loop by, with its parameters, and no terminator yet; none if nothing enters it.
pub(super) fn enter(func: &mut Function, cfg: &Cfg, l: &Loop) -> Option<(Block, Vec<Value>)> {
    let params = func.blocks[l.header].params.clone();
    let outer: Vec<Block> =
        cfg.predecessors(l.header).iter().copied().filter(|p| !l.blocks.contains(p)).collect();
    let before = func.add_block_after(*outer.last()?);
    let args = params.into_iter().map(|param| func.add_block_param(before, func.type_of(param))).collect();
    for pred in outer {
        retarget(func, pred, l.header, |call| call.block = before);
    }
    Some((before, args))
}

/// The counter from the number of the round.
fn recount(
    func: &mut Function,
    body: Block,
    found: Value,
    start: Value,
    counter: &Counter,
    span: Span,
) -> Value {
    let ty = func.type_of(counter.param);
    let mut b = Builder::before(func, body, 0, span);
    let place = b.op(Op::Refine(found));
    let round = b.load(Type::I32, place, 0);
    // The number is below the mask, which tells the verifier that it is not negative.
    let mask = b.iconst(Type::I32, MOST as i64 - 1);
    let round = b.op(Op::Binary(BinaryOp::And, [round, mask]));
    let round = match ty {
        Type::I64 => b.value(Op::Cast(CastKind::Zext, round), ty),
        Type::I32 => round,
        narrow => b.value(Op::Cast(CastKind::Trunc, round), narrow),
    };
    let by = match counter.step {
        1 => round,
        step => {
            let step = b.iconst(ty, step);
            b.op(Op::Binary(BinaryOp::Mul, [round, step]))
        }
    };
    if b.func.constant(start) == Some(0) { by } else { b.op(Op::Binary(BinaryOp::Add, [start, by])) }
}

pub(super) fn retarget(func: &mut Function, from: Block, to: Block, mut change: impl FnMut(&mut BlockCall)) {
    let Some(terminator) = func.terminator(from) else { return };
    for call in func.insts[terminator].op.targets_mut() {
        if call.block == to {
            change(call);
        }
    }
}

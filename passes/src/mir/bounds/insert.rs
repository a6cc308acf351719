//! The code of checks.
//!
//! Promises: a comparison is `pointer + constant > end` and nothing else; an index is made opaque before it is bounded, so
//! that LLVM neither drops nor moves the bound. Leaves out: deciding what needs a check.

use super::GivenBy;
use super::compare::position;
use crate::mir::exit::Exit;
use pbpf_core::mir::analysis::{Cfg, Dominators};
use pbpf_core::mir::{
    BinaryOp, Block, BlockCall, Builder, Cond, Function, Inst, Op, Region, Type, UnaryOp, Value,
};
use pbpf_core::rows::ContextField;

/// A change to be made.
#[derive(Clone, Copy, Debug)]
pub(super) enum Edit {
    /// Check that `len` bytes from `ptr` on are in the packet; `end` is the end, if there is one at hand.
    Check {
        /// The pointer.
        ptr: Value,
        /// Bytes.
        len: i64,
        /// The end of the packet, or of its metadata.
        end: Option<Value>,
    },
    /// The comparison has one outcome. Left in, the verifier would walk the way that is never taken, where for it the
    /// packet has ended: `R1 offset is outside of the packet`.
    Known(bool),
    /// Show the verifier that what this `ptr_add` adds is at most this: a mask that changes nothing.
    Mask(i64),
    /// Hold what this `ptr_add` adds against a number: `R1 offset is outside of the packet` says the verifier where an
    /// offset may be 0xffff, whatever is compared; with the size it must stay below its limit. A packet shorter than half
    /// of the number ends before either, so that comparisons with its end have the same outcome when less is added.
    Hold {
        /// The number.
        limit: i64,
        /// The end of the packet, if there is one at hand.
        end: Option<Value>,
    },
}

/// Makes the change before instruction `inst`.
pub(super) fn apply(
    func: &mut Function,
    block: Block,
    inst: Inst,
    edit: Edit,
    ctx: Option<Value>,
    fields: &GivenBy,
    exit: &mut Exit,
) {
    // An instruction that touches two places of the packet moves to another block with the first check made.
    let mut places = std::iter::once(block).chain(func.layout.iter().copied());
    let Some((block, at)) = places.find_map(|b| Some((b, position(func, b, inst)?))) else { return };
    let span = func.insts[inst].span;
    match edit {
        Edit::Check { ptr, len, end } => {
            let meta = func.type_of(ptr).region() == Some(Region::PacketMeta);
            let field = if meta { &fields.data } else { &fields.end };
            let region = if meta { Region::Packet } else { Region::PacketEnd };
            exit.unless(func, block, at, span, |b| {
                let end = end.unwrap_or_else(|| read(b, ctx, field.as_ref(), region));
                let len = b.iconst(Type::I64, len);
                let behind = b.op(Op::PtrAdd(ptr, len));
                b.op(Op::Icmp(Cond::Ule, [behind, end]))
            });
        }
        Edit::Known(known) => func.insts[inst].op = Op::Iconst(i64::from(known)),
        Edit::Mask(most) => {
            let Op::PtrAdd(base, by) = func.insts[inst].op else { return };
            let mut b = Builder::before(func, block, at, span);
            let hidden = b.op(Op::Unary(UnaryOp::Opaque, by));
            let mask = b.iconst(Type::I64, most);
            let masked = b.op(Op::Binary(BinaryOp::And, [hidden, mask]));
            func.insts[inst].op = Op::PtrAdd(base, masked);
        }
        Edit::Hold { limit, end } => {
            let Op::PtrAdd(base, by) = func.insts[inst].op else { return };
            let readable = ctx.is_some() && fields.end.is_some();
            let rest = func.split_block(block, at);
            let held = func.add_block_param(rest, Type::I64);
            let out = exit.block(func, span);
            let over = if end.is_some() || readable { func.add_block_after(block) } else { out };
            let far = if over == out { out } else { func.add_block_after(over) };
            let mut b = Builder::at_end(func, block, span);
            let opaque = b.op(Op::Unary(UnaryOp::Opaque, by));
            let most = b.iconst(Type::I64, limit);
            let cond = b.op(Op::Icmp(Cond::Ule, [opaque, most]));
            let to = |block, args| BlockCall { block, args };
            b.effect(Op::Branch { cond, then: to(rest, vec![opaque]), otherwise: to(over, Vec::new()) });
            if over != out {
                // In front of the data nothing is ever proved.
                let mut b = Builder::at_end(func, over, span);
                let zero = b.iconst(Type::I64, 0);
                let cond = b.op(Op::Icmp(Cond::Slt, [opaque, zero]));
                b.branch(cond, out, far);
                let mut b = Builder::at_end(func, far, span);
                let end = end.unwrap_or_else(|| read(&mut b, ctx, fields.end.as_ref(), Region::PacketEnd));
                let half = b.iconst(Type::I64, limit / 2);
                let behind = b.op(Op::PtrAdd(base, half));
                let cond = b.op(Op::Icmp(Cond::Ule, [behind, end]));
                b.effect(Op::Branch { cond, then: to(out, Vec::new()), otherwise: to(rest, vec![most]) });
            }
            func.insts[inst].op = Op::PtrAdd(base, held);
        }
    }
}

/// Reads an end from the context, which is there where this is called.
fn read(b: &mut Builder<'_>, ctx: Option<Value>, field: Option<&ContextField>, region: Region) -> Value {
    match (ctx, field) {
        (Some(ctx), Some(field)) => {
            b.value(Op::CtxLoad { ctx, field: field.name.clone() }, Type::ptr(region))
        }
        _ => b.value(Op::Null, Type::nullable(region)),
    }
}

/// Makes later reads of the packet's end uses of the first, in a function that moves no packet: a check is an instruction shorter.
pub(super) fn join_reads(func: &mut Function, fields: &GivenBy) {
    let (cfg, dominators) = flow(func);
    let mut reads: Vec<(Block, Value)> = Vec::new();
    for &block in cfg.reverse_post_order() {
        for inst in func.blocks[block].insts.clone() {
            let data = &func.insts[inst];
            let (Op::CtxLoad { .. }, Some(result)) = (&data.op, data.result) else { continue };
            if !GivenBy::reads(func, &data.op, fields.end.as_ref()) {
                continue;
            }
            match reads.iter().find(|(at, _)| dominators.dominates(*at, block)) {
                Some((_, first)) => {
                    func.replace_uses(result, *first);
                    func.blocks[block].insts.retain(|i| *i != inst);
                }
                None => reads.push((block, result)),
            }
        }
    }
}

/// The ends of the packet that are at hand before `inst`: values of that region whose definition dominates it.
pub(super) fn ends<'a>(
    func: &'a Function,
    dominators: &'a Dominators,
    block: Block,
    inst: Inst,
    region: Region,
) -> impl Iterator<Item = Value> + 'a {
    let at = position(func, block, inst).unwrap_or(0);
    func.values
        .iter()
        .filter(move |(_, v)| v.ty == Type::ptr(region))
        .map(|(value, _)| value)
        .filter(move |value| dominators.is_defined_at(func, *value, block, at))
}

/// The control flow and who dominates whom.
pub(super) fn flow(func: &Function) -> (Cfg, Dominators) {
    let cfg = Cfg::new(func);
    let dominators = Dominators::new(func, &cfg);
    (cfg, dominators)
}

//! Numbers that the verifier must not know around a loop which the kernel counts.
//!
//! Around an iterator the verifier walks until a round leaves it in a state that it was in. Each of what the rounds compute, and
//! of what the ways through the loop leave in a number, is another state; of more than 64 it forgets the first, and walks
//! without end: "The sequence of 8193 jumps is too complex."
//!
//! Promises: values stay what they are; what is added to an address or handed to the kernel stays known as well, where a
//! round does not compute it. Leaves out: what lies in slots.

use super::count::View;
use super::guard::retarget;
use super::knowledge::Webs;
use pbpf_core::mir::analysis::LoopId;
use pbpf_core::mir::{
    BinaryOp, Block, Builder, CastKind, Function, Inst, Op, Type, UnaryOp, Value, ValueDef,
};

/// A parameter that a round computes from the last.
#[derive(Clone, Copy, Debug)]
struct Growing {
    /// Its position.
    at: usize,
    /// Whether it must not be known in any round, not in the first alone.
    always: bool,
}

/// What is hidden of one loop.
#[derive(Clone, Debug, Default)]
pub(super) struct Veil {
    growing: Vec<Growing>,
    /// Truth values as numbers that only decide, and their blocks.
    truths: Vec<(Block, Inst)>,
}

/// The ways through so many comparisons (32) are fewer than the states that the verifier keeps of an iterator's loop.
const FEW: usize = 5;

/// What makes of a number of 32 bits one of which the verifier knows nothing: the product may wrap in any way.
const SCATTER: i64 = 0x3fff_ffff_0000_0001;

impl Veil {
    /// Of the loop `id`. Each round computes the growing parameters anew from the last, and the verifier will be asked for
    /// them exactly. Where there are many ways through the loop, it is left to know nothing of what only decides.
    pub(super) fn new(view: &View<'_>, webs: &Webs, id: LoopId) -> Self {
        let l = &view.loops.loops[id];
        // BPF has no other use for a comparison than a branch.
        let insts = l.blocks.iter().flat_map(|block| &view.func.blocks[*block].insts);
        let compares = insts.filter(|inst| match view.func.insts[**inst].op {
            Op::Icmp(..) => view.func.insts[**inst].result.is_some_and(|r| view.exact(r).is_none()),
            _ => false,
        });
        let many = compares.count() > FEW;
        let mut out = Self::default();
        for (at, &param) in view.func.blocks[l.header].params.iter().enumerate() {
            let always = many && webs.only_decides(param);
            let grows = always || view.exact(param).is_some() || Webs::is_computed(view, id, param);
            if is_wide(view.func.type_of(param)) && webs.is_needed(param) && grows {
                out.growing.push(Growing { at, always });
            }
        }
        for &block in l.blocks.iter().filter(|_| many) {
            let insts = view.func.blocks[block].insts.windows(2);
            let truths = insts.filter(|pair| is_truth(view.func, webs, pair[0], pair[1]));
            out.truths.extend(truths.map(|pair| (block, pair[0])));
        }
        out
    }

    /// Makes the iterator by `new` at the end of the block in front of the loop, and hides what the loop is entered with;
    /// gives the positions of the header's parameters that are to be hidden at the end of each round, counted without the
    /// counter's, and what hides them.
    pub(super) fn begin(
        &self,
        b: &mut Builder<'_>,
        new: Op,
        args: &mut [Value],
        counter: usize,
    ) -> Vec<(usize, Value)> {
        let mut hidden = Vec::new();
        let growing: Vec<Growing> = self.growing.iter().copied().filter(|g| g.at != counter).collect();
        if growing.is_empty() && self.truths.is_empty() {
            b.effect(new);
            return hidden;
        }
        // It gives 0, for its arguments are right; the verifier takes it for any number.
        let given = b.value(new, Type::I32);
        let given = b.value(Op::Cast(CastKind::Zext, given), Type::I64);
        let scatter = b.iconst(Type::I64, SCATTER);
        let nothing = b.op(Op::Binary(BinaryOp::Mul, [given, scatter]));
        let narrowed = |b: &mut Builder<'_>, ty: Type| {
            if ty == Type::I64 { nothing } else { b.value(Op::Cast(CastKind::Trunc, nothing), ty) }
        };
        for Growing { at, always } in growing {
            let ty = b.func.type_of(args[at]);
            let nothing = narrowed(b, ty);
            args[at] = veiled(b, args[at], nothing);
            if always {
                hidden.push((at - usize::from(at > counter), nothing));
            }
        }
        for &(block, truth) in &self.truths {
            let func = &mut *b.func;
            let at = func.blocks[block].insts.iter().position(|inst| *inst == truth);
            let (Some(at), Some(result)) = (at, func.insts[truth].result) else { continue };
            let span = func.insts[truth].span;
            let nothing = narrowed(b, b.func.type_of(result));
            let unknown = veiled(&mut Builder::before(b.func, block, at + 1, span), result, nothing);
            b.func.replace_uses(result, unknown);
            if let ValueDef::Inst(veil) = b.func.values[unknown].def {
                b.func.insts[veil].op = Op::Binary(BinaryOp::Xor, [result, nothing]);
            }
        }
        hidden
    }
}

/// Whether an instruction makes a number of a truth value which only decides, and no loop inside hides it already.
fn is_truth(func: &Function, webs: &Webs, inst: Inst, next: Inst) -> bool {
    let Op::Cast(CastKind::Zext, truth) = func.insts[inst].op else { return false };
    let Some(result) = func.insts[inst].result else { return false };
    let hidden = matches!(func.insts[next].op, Op::Binary(BinaryOp::Xor, [a, _]) if a == result);
    func.type_of(truth) == Type::I1 && !hidden && webs.is_needed(result) && webs.only_decides(result)
}

fn is_wide(ty: Type) -> bool {
    ty.is_int() && ty != Type::I1
}

/// A number that the verifier does not know. By no sum: what it learns of a sum with a constant it knows of the number that was
/// added too, as it does of a copy, which LLVM makes of a number and zero.
fn veiled(b: &mut Builder<'_>, value: Value, nothing: Value) -> Value {
    let value = match b.func.constant(value) {
        Some(_) if b.func.type_of(value).bits() >= 32 => b.op(Op::Unary(UnaryOp::Opaque, value)),
        _ => value,
    };
    b.op(Op::Binary(BinaryOp::Xor, [value, nothing]))
}

/// Hides what latches hand over: all ways through the round then come back in one state.
pub(super) fn go_round(func: &mut Function, header: Block, latches: &[Block], hidden: &[(usize, Value)]) {
    for latch in latches {
        let Some(terminator) = func.terminator(*latch) else { continue };
        let span = func.insts[terminator].span;
        let call = func.insts[terminator].op.targets().into_iter().find(|call| call.block == header);
        let Some(mut args) = call.map(|call| call.args.clone()) else { continue };
        for (position, nothing) in hidden {
            let end = func.blocks[*latch].insts.len() - 1;
            args[*position] =
                veiled(&mut Builder::before(func, *latch, end, span), args[*position], *nothing);
        }
        retarget(func, *latch, header, |call| call.args.clone_from(&args));
    }
}

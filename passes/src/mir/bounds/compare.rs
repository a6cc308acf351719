//! Comparisons of packet pointers, in the one form that the verifier reads.
//!
//! Promises: `end - p < n`, comparisons of pointers as numbers, and sums of pointers as numbers become comparisons and sums
//! of pointers, where they mean the same. Leaves out: lengths that are computed and used otherwise.

use super::places::is_packet;
use pbpf_core::mir::analysis::{Cfg, Dominators, Loops};
use pbpf_core::mir::{BinaryOp, Block, Builder, Cond, Function, Inst, Op, Type, UnaryOp, Value, ValueDef};
use pbpf_core::source::Span;
use pbpf_core::types::Region;
use std::collections::BTreeSet;

/// Rewrites what can be; gives the places where it did.
pub(super) fn normalise(func: &mut Function) -> Vec<Span> {
    let mut told = Vec::new();
    for block in func.layout.clone() {
        for inst in func.blocks[block].insts.clone() {
            let Some(at) = func.blocks[block].insts.iter().position(|i| *i == inst) else { continue };
            let span = func.insts[inst].span;
            let op = match func.insts[inst].op {
                Op::Icmp(cond, sides) if func.type_of(sides[0]) == Type::I64 => {
                    comparison(func, block, at, span, cond, sides)
                }
                Op::IntToPtr(number) => {
                    func.insts[inst].result.and_then(|r| sum(func, block, at, span, number, func.type_of(r)))
                }
                _ => None,
            };
            if let Some(op) = op {
                func.insts[inst].op = op;
                told.push(span);
            }
        }
    }
    told
}

/// A pointer, and what was added to it as a number, the last first.
struct Sum {
    ptr: Value,
    by: Vec<Value>,
}

/// The sum that a number is, if it starts from a pointer into a packet or to its end.
fn parts(func: &Function, number: Value) -> Option<Sum> {
    let (mut at, mut by) = (number, Vec::new());
    for _ in 0..16 {
        match func.def(at)?.op {
            Op::PtrToInt(ptr) => {
                let known = is_packet(func.type_of(ptr)) || is_end(func, ptr);
                return known.then_some(Sum { ptr, by });
            }
            Op::Binary(BinaryOp::Add, [a, b]) => {
                let swapped = parts_of_pointer(func, a).is_none() && parts_of_pointer(func, b).is_some();
                let (next, added) = if swapped { (b, a) } else { (a, b) };
                by.push(added);
                at = next;
            }
            _ => return None,
        }
    }
    None
}

fn parts_of_pointer(func: &Function, number: Value) -> Option<()> {
    match func.def(number)?.op {
        Op::PtrToInt(_) => Some(()),
        Op::Binary(BinaryOp::Add, [a, b]) => {
            let deeper = |v: Value| {
                matches!(func.def(v).map(|d| &d.op), Some(Op::PtrToInt(_) | Op::Binary(BinaryOp::Add, _)))
            };
            (deeper(a) || deeper(b)).then_some(())
        }
        _ => None,
    }
}

fn is_end(func: &Function, ptr: Value) -> bool {
    func.type_of(ptr).region() == Some(Region::PacketEnd)
}

/// Makes the sum one of pointers.
fn build(b: &mut Builder<'_>, sum: &Sum) -> Value {
    sum.by.iter().rev().fold(sum.ptr, |ptr, by| b.op(Op::PtrAdd(ptr, *by)))
}

/// `int_to_ptr` of a sum that starts from a pointer of the type that it gives.
fn sum(func: &mut Function, block: Block, at: usize, span: Span, number: Value, ty: Type) -> Option<Op> {
    let mut sum = parts(func, number)?;
    if !is_packet(ty) || func.type_of(sum.ptr) != ty {
        return None;
    }
    let mut b = Builder::before(func, block, at, span);
    let last = if sum.by.is_empty() { b.iconst(Type::I64, 0) } else { sum.by.remove(0) };
    let base = build(&mut b, &sum);
    Some(Op::PtrAdd(base, last))
}

fn comparison(
    func: &mut Function,
    block: Block,
    at: usize,
    span: Span,
    cond: Cond,
    [a, b]: [Value; 2],
) -> Option<Op> {
    // Addresses have one order, as signed numbers and as others.
    let (length, limit, cond) = match (length(func, a), length(func, b)) {
        (Some(length), None) => (Some(length), b, cond),
        (None, Some(length)) => (Some(length), a, cond.swap()),
        _ => (None, b, cond),
    };
    if let Some((end, ptr)) = length {
        let signed = matches!(cond, Cond::Slt | Cond::Sle | Cond::Sgt | Cond::Sge);
        // An unsigned length is a length only where the pointer is not behind the end: at the start of the data.
        let at_start = matches!(func.def(ptr).map(|d| &d.op), Some(Op::CtxLoad { .. }));
        if matches!(cond, Cond::Eq | Cond::Ne) || !(signed || at_start) || !is_offset(func, limit) {
            return None;
        }
        let mut b = Builder::before(func, block, at, span);
        let behind = b.op(Op::PtrAdd(ptr, limit));
        return Some(Op::Icmp(as_addresses(cond), [end, behind]));
    }
    let (x, y) = (parts(func, a)?, parts(func, b)?);
    let mut build_at = Builder::before(func, block, at, span);
    let sides = [build(&mut build_at, &x), build(&mut build_at, &y)];
    Some(Op::Icmp(as_addresses(cond), sides))
}

/// Whether a comparison of a length with this number can prove anything: it is a constant, or it is added to packet pointers
/// too, or what it is a sum of is.
fn is_offset(func: &Function, number: Value) -> bool {
    let (mut work, mut of) = (vec![number], Vec::new());
    while let Some(value) = work.pop() {
        if func.constant(value).is_some() || of.contains(&value) {
            continue;
        }
        of.push(value);
        if let Some(Op::Binary(BinaryOp::Add | BinaryOp::Sub, sides)) = func.def(value).map(|d| &d.op) {
            work.extend(sides);
        }
    }
    let is_added = |op: &Op| match op {
        Op::PtrAdd(base, by) => is_packet(func.type_of(*base)) && of.contains(by),
        _ => false,
    };
    of.is_empty() || func.each_inst().any(|(_, inst)| is_added(&func.insts[inst].op))
}

/// The end and the pointer that a number is the distance of.
fn length(func: &Function, number: Value) -> Option<(Value, Value)> {
    let (end, ptr) = match func.def(number)?.op {
        Op::PtrSub([end, ptr]) => (end, ptr),
        Op::Binary(BinaryOp::Sub, [a, b]) => match (func.def(a)?.op.clone(), func.def(b)?.op.clone()) {
            (Op::PtrToInt(end), Op::PtrToInt(ptr)) => (end, ptr),
            _ => return None,
        },
        _ => return None,
    };
    (is_end(func, end) && is_packet(func.type_of(ptr))).then_some((end, ptr))
}

fn as_addresses(cond: Cond) -> Cond {
    match cond {
        Cond::Slt => Cond::Ult,
        Cond::Sle => Cond::Ule,
        Cond::Sgt => Cond::Ugt,
        Cond::Sge => Cond::Uge,
        other => other,
    }
}

/// Makes opaque in loops what LLVM would compute otherwise there. Of what is held against the end, `data + i + 1 > end`
/// becomes `data + i > end - 1`: "R2 pointer arithmetic on pkt_end prohibited". Of what is read, `(data + i) + 13` becomes
/// `(data + 13) + i`, of which the comparison says nothing: "R1 offset is outside of the packet".
///
/// Opaque as well is a pointer that is held against the end and comes from several ways. Where LLVM peels a loop it is known
/// on one way what it is, and that it has been held against the end before; the verifier still walks the side where it is
/// behind the end. LLVM moves no access over an opaque copy, so none that was proved before is made there.
pub(super) fn shade(func: &mut Function, known: &BTreeSet<Value>) {
    let cfg = Cfg::new(func);
    let dominators = Dominators::new(func, &cfg);
    let loops = Loops::new(&cfg, &dominators);
    for &block in cfg.reverse_post_order() {
        let in_loop = loops.depth(block) > 0;
        for inst in func.blocks[block].insts.clone() {
            if let (Op::PtrAdd(base, by), true) = (&func.insts[inst].op, in_loop) {
                let (base, by) = (*base, *by);
                if !func.insts[inst].result.is_some_and(|r| known.contains(&r)) {
                    shade_sum(func, block, inst, base, by);
                }
            }
            let Op::Icmp(cond, sides) = func.insts[inst].op else { continue };
            let end = |v: Value| is_end(func, v);
            let starts = |v: Value| func.type_of(v).region() == Some(Region::PacketMeta);
            let held = match sides {
                [a, b] if end(b) || starts(a) => a,
                [a, b] if end(a) || starts(b) => b,
                _ => continue,
            };
            let done = matches!(func.def(held).map(|d| &d.op), Some(Op::Unary(UnaryOp::Opaque, _)));
            let wanted = !done && is_packet(func.type_of(held)) && (in_loop || is_joined(func, held));
            let Some(at) = position(func, block, inst).filter(|_| wanted) else {
                continue;
            };
            let span = func.insts[inst].span;
            let opaque = Builder::before(func, block, at, span).op(Op::Unary(UnaryOp::Opaque, held));
            func.insts[inst].op = Op::Icmp(cond, sides.map(|v| if v == held { opaque } else { v }));
        }
    }
}

/// Whether a pointer is a number of bytes from one that several ways hand over.
fn is_joined(func: &Function, mut ptr: Value) -> bool {
    loop {
        match &func.values[ptr].def {
            ValueDef::Param(block) => return func.entry() != Some(*block),
            ValueDef::Inst(inst) => match &func.insts[*inst].op {
                Op::PtrAdd(base, _) | Op::FieldAddr { base, .. } | Op::Refine(base) => ptr = *base,
                _ => return false,
            },
        }
    }
}

/// Makes a sum with a variable opaque.
fn shade_sum(func: &mut Function, block: Block, inst: Inst, base: Value, by: Value) {
    let (Some(result), Some(at)) = (func.insts[inst].result, position(func, block, inst)) else { return };
    let hides = |i: &Inst| func.insts[*i].op == Op::Unary(UnaryOp::Opaque, result);
    if !is_packet(func.type_of(result))
        || func.constant(by).is_some()
        || func.blocks[block].insts.iter().any(hides)
    {
        return;
    }
    let span = func.insts[inst].span;
    let sum = Builder::before(func, block, at, span).op(Op::PtrAdd(base, by));
    func.insts[inst].op = Op::Unary(UnaryOp::Opaque, sum);
}

/// The place of an instruction in its block.
pub(super) fn position(func: &Function, block: Block, inst: Inst) -> Option<usize> {
    func.blocks[block].insts.iter().position(|i| *i == inst)
}

//! `divide`: makes division what the instruction set has.
//!
//! ```text
//! Before                          After
//!   v2 = floordiv v0, v1            v3 = ashr v0, v9    ; the sign of v0: 0 or -1
//!                                   ...                 ; v4, v5: the magnitudes, v6: -1 where the signs differ
//!                                   v7 = opaque v5
//!                                   v8 = udiv v12, v7   ; v12 = v4 + (v5 - 1 & v6)
//!                                   v10 = opaque v8
//!                                   v2 = sub v13, v6    ; v13 = v10 ^ v6
//! ```
//!
//! `floordiv` and `floormod` go, and `sdiv` and `srem` unless the target has them and the divisor is a constant other
//! than 0 and -1. Where both sides are known not to be negative, one `udiv` or `urem` is enough. Each divisor that may be
//! zero is made opaque, and so is each result but that of a shift or a mask. Operands of 8 and 16 bits are made wider.
//!
//! Requires: nothing. Keeps: results, also of a zero divisor (0, or the dividend) and of the least number by -1.
//!
//! Why: `unsupported signed division, please convert to unsigned div/mod.` says LLVM before `v4`. A division by zero has
//! no meaning in LLVM IR, which then takes the divisor for a number other than zero in the code around it; the BPF
//! instruction gives 0 or the dividend, and behind `opaque` LLVM assumes nothing. A signed division of the least number
//! by -1 stopped kernels without the fix of 2024.

use super::facts::Facts;
use super::ranges::Ranges;
use pbpf_core::mir::analysis::{Cfg, Dominators};
use pbpf_core::mir::{BinaryOp, Block, Builder, CastKind, Function, Inst, Module, Op, Type, UnaryOp, Value};
use pbpf_core::pass::{Context, Level, MirPass, PassInfo};
use pbpf_core::target::Cpu;

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct Divide;

impl MirPass for Divide {
    fn info(&self) -> PassInfo {
        PassInfo::new("divide", Level::Mir, "makes division what the instruction set has")
            .after(&["fold", "bounds"])
    }

    fn run(&self, module: &mut Module, cx: &mut Context<'_>) {
        for func in module.functions.values_mut() {
            for job in jobs(func, cx.target.cpu) {
                let span = func.insts[job.inst].span;
                expand(func, &job);
                cx.explain(span, || match (job.a.natural, job.b.natural) {
                    (true, true) => "both sides are never negative: one unsigned division".to_owned(),
                    _ => "a side may be negative: divides magnitudes and mends the sign".to_owned(),
                });
            }
        }
    }
}

/// A division to be expanded.
struct Job {
    block: Block,
    inst: Inst,
    /// How many instructions the block has behind it.
    behind: usize,
    op: BinaryOp,
    ty: Type,
    a: Side,
    b: Side,
}

/// An operand.
#[derive(Clone, Copy)]
struct Side {
    value: Value,
    /// Whether it is never negative.
    natural: bool,
    /// Whether it is never zero.
    nonzero: bool,
    /// Whether it is a power of two: a division by it is a shift, and a remainder a mask.
    shifts: bool,
}

fn jobs(func: &Function, cpu: Cpu) -> Vec<Job> {
    let cfg = Cfg::new(func);
    let dominators = Dominators::new(func, &cfg);
    let facts = Facts::new(func, &cfg);
    let ranges = Ranges::new(func, &cfg, &dominators, &facts);
    let mut jobs = Vec::new();
    let each = func.layout.iter().flat_map(|block| {
        let insts = &func.blocks[*block].insts;
        insts.iter().enumerate().map(move |(at, inst)| (*block, *inst, insts.len() - 1 - at))
    });
    for (block, inst, behind) in each {
        let Op::Binary(op, [a, b]) = func.insts[inst].op else { continue };
        let signed = matches!(op, BinaryOp::Sdiv | BinaryOp::Srem | BinaryOp::Floordiv | BinaryOp::Floormod);
        if !signed && !matches!(op, BinaryOp::Udiv | BinaryOp::Urem) {
            continue;
        }
        let side = |value: Value| {
            let range = ranges.at(value, block);
            let shifts = func.constant(value).is_some_and(|n| n > 0 && n & (n - 1) == 0);
            Side { value, natural: range.is_natural(), nonzero: range.lo > 0 || range.hi < 0, shifts }
        };
        let (a, b) = (side(a), side(b));
        let ty = func.type_of(a.value);
        let native = cpu >= Cpu::V4
            && matches!(op, BinaryOp::Sdiv | BinaryOp::Srem)
            && func.constant(b.value).is_some_and(|n| n != 0 && n != -1)
            && !(a.natural && b.natural);
        let plain = !signed && b.shifts;
        if (!native && !plain) || ty.bits() < 32 {
            jobs.push(Job { block, inst, behind, op, ty, a, b });
        }
    }
    jobs
}

fn expand(func: &mut Function, job: &Job) {
    // What was put in front so far moved it on; what is behind it is as it was.
    let at = func.blocks[job.block].insts.len() - 1 - job.behind;
    let span = func.insts[job.inst].span;
    let mut b = Builder::before(func, job.block, at, span);
    let unsigned = matches!(job.op, BinaryOp::Udiv | BinaryOp::Urem);
    let narrow = job.ty.bits() < 32;
    let ty = if narrow { Type::I32 } else { job.ty };
    let widen = |b: &mut Builder<'_>, side: Side| {
        let kind = if unsigned { CastKind::Zext } else { CastKind::Sext };
        let value = if narrow { b.value(Op::Cast(kind, side.value), ty) } else { side.value };
        Side { value, ..side }
    };
    let (a, d) = (widen(&mut b, job.a), widen(&mut b, job.b));
    let last = match job.op {
        BinaryOp::Udiv | BinaryOp::Urem => divide(&mut b, job.op, a.value, d),
        BinaryOp::Sdiv | BinaryOp::Floordiv if a.natural && d.natural => {
            divide(&mut b, BinaryOp::Udiv, a.value, d)
        }
        BinaryOp::Srem | BinaryOp::Floormod if a.natural && d.natural => {
            divide(&mut b, BinaryOp::Urem, a.value, d)
        }
        BinaryOp::Srem => {
            let (numerator, denominator) = (Signed::of(&mut b, ty, a), Signed::of(&mut b, ty, d));
            let magnitude = Side { value: denominator.magnitude, ..d };
            let rest = divide(&mut b, BinaryOp::Urem, numerator.magnitude, magnitude);
            with_sign(&mut b, rest, numerator.sign)
        }
        BinaryOp::Floormod => {
            let quotient = quotient(&mut b, ty, true, a, d);
            let quotient = b.op(quotient);
            let product = b.op(Op::Binary(BinaryOp::Mul, [quotient, d.value]));
            Op::Binary(BinaryOp::Sub, [a.value, product])
        }
        _ => quotient(&mut b, ty, job.op == BinaryOp::Floordiv, a, d),
    };
    let last = if narrow {
        let wide = b.value(last, ty);
        Op::Cast(CastKind::Trunc, wide)
    } else {
        last
    };
    func.insts[job.inst].op = last;
}

/// A number as sign (0 or -1; none: never negative) and magnitude.
struct Signed {
    sign: Option<Value>,
    magnitude: Value,
}

impl Signed {
    fn of(b: &mut Builder<'_>, ty: Type, side: Side) -> Self {
        if side.natural {
            return Self { sign: None, magnitude: side.value };
        }
        let last = b.iconst(ty, i64::from(ty.bits()) - 1);
        let sign = b.op(Op::Binary(BinaryOp::Ashr, [side.value, last]));
        let flipped = b.op(Op::Binary(BinaryOp::Xor, [side.value, sign]));
        let magnitude = b.op(Op::Binary(BinaryOp::Sub, [flipped, sign]));
        Self { sign: Some(sign), magnitude }
    }
}

/// The quotient, towards zero or towards minus infinity.
fn quotient(b: &mut Builder<'_>, ty: Type, floor: bool, a: Side, d: Side) -> Op {
    let (numerator, denominator) = (Signed::of(b, ty, a), Signed::of(b, ty, d));
    let differ = match (numerator.sign, denominator.sign) {
        (Some(x), Some(y)) => Some(b.op(Op::Binary(BinaryOp::Xor, [x, y]))),
        (one, other) => one.or(other),
    };
    let mut dividend = numerator.magnitude;
    if let (true, Some(differ)) = (floor, differ) {
        // Where the signs differ the magnitude is rounded up. The sum of two magnitudes less 1 fits; a zero divisor gives
        // 0 whatever the dividend.
        let minus_one = b.iconst(ty, -1);
        let less = b.op(Op::Binary(BinaryOp::Add, [denominator.magnitude, minus_one]));
        let more = b.op(Op::Binary(BinaryOp::And, [less, differ]));
        dividend = b.op(Op::Binary(BinaryOp::Add, [dividend, more]));
    }
    let magnitude = Side { value: denominator.magnitude, ..d };
    let divided = divide(b, BinaryOp::Udiv, dividend, magnitude);
    with_sign(b, divided, differ)
}

/// An unsigned division; its result is not yet in a value.
fn divide(b: &mut Builder<'_>, op: BinaryOp, dividend: Value, divisor: Side) -> Op {
    if divisor.shifts {
        return Op::Binary(op, [dividend, divisor.value]);
    }
    // LLVM must not draw conclusions from the result either: to it `a / b == 0` is `a < b`, which is wrong of 0 and 0; and
    // of `a % 5` it knows more than the verifier, which then walks loops that do not end ("infinite loop detected").
    let hidden =
        if divisor.nonzero { divisor.value } else { b.op(Op::Unary(UnaryOp::Opaque, divisor.value)) };
    let result = b.op(Op::Binary(op, [dividend, hidden]));
    Op::Unary(UnaryOp::Opaque, result)
}

/// A magnitude with a sign.
fn with_sign(b: &mut Builder<'_>, magnitude: Op, sign: Option<Value>) -> Op {
    let Some(sign) = sign else { return magnitude };
    let magnitude = b.op(magnitude);
    let flipped = b.op(Op::Binary(BinaryOp::Xor, [magnitude, sign]));
    Op::Binary(BinaryOp::Sub, [flipped, sign])
}

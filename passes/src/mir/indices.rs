//! `indices`: drops the checks of indices that the verifier can do without.
//!
//! ```text
//! Before                                   After
//!   v1 = and v0, v9  ; v9 = 15               v7 = opaque v0
//!   v2 = opaque v1                           v1 = and v7, v9
//!   v3 = icmp.ult v2, v8  ; v8 = 16          jump block1
//!   branch v3, block1, block2              block1:
//! block1:                                    v5 = ptr_add v4, v1
//!   v5 = ptr_add v4, v2
//! ```
//!
//! An index that cannot be out of bounds needs no comparison if the verifier sees that too: it was computed from constants
//! and the counters of loops that it walks, so that it is one number each time; or it is a mask of something, or was loaded
//! from few bits.
//!
//! Requires: `loops`, behind which it is settled which loops are walked. Keeps: what the program does.
//!
//! Why: a check costs an instruction and a copy each, and in a loop as many as there are rounds. Where the verifier knows
//! the number itself, it decides the comparison each time and never walks its other side.

use super::exact::Exact;
use super::facts::Facts;
use super::loops::Walked;
use super::ranges::{Range, Ranges};
use pbpf_core::mir::analysis::{Cfg, Dominators, Loops};
use pbpf_core::mir::{BinaryOp, Block, BlockCall, Builder, Cond, Function, Inst, Module, Op, UnaryOp, Value};
use pbpf_core::pass::{Context, Level, MirPass, PassInfo};

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct Indices;

impl MirPass for Indices {
    fn info(&self) -> PassInfo {
        PassInfo::new("indices", Level::Mir, "drops the checks of indices that the verifier can do without")
            .after(&["fold", "cse", "bounds", "loops"])
            .optional()
    }

    fn run(&self, module: &mut Module, cx: &mut Context<'_>) {
        for func in module.functions.values_mut() {
            for check in checks(func) {
                let span = func.insts[check.branch].span;
                drop_check(func, &check);
                cx.explain(span, || {
                    "the index needs no check: it is never out of bounds, and the verifier sees it".to_owned()
                });
            }
        }
    }
}

/// A check that can go.
struct Check {
    block: Block,
    branch: Inst,
    /// The opaque copy that is compared, and of what it is one.
    copy: Inst,
    index: Value,
    /// Where the check passes.
    passed: BlockCall,
    seen: Seen,
}

/// By what the verifier sees the bound.
#[derive(Clone, Copy)]
enum Seen {
    /// It knows the number, or its width.
    Itself,
    /// By the mask that makes the index of this, if that is opaque.
    Mask(Inst),
}

fn checks(func: &Function) -> Vec<Check> {
    let is_check = |inst: &Inst| matches!(func.insts[*inst].op, Op::Unary(UnaryOp::Opaque, _));
    if !func.each_inst().any(|(_, inst)| is_check(&inst)) {
        return Vec::new();
    }
    let cfg = Cfg::new(func);
    let dominators = Dominators::new(func, &cfg);
    let loops = Loops::new(&cfg, &dominators);
    let facts = Facts::new(func, &cfg);
    let walked = Walked::new(func, &cfg, &dominators, &facts);
    let ranges = Ranges::new(func, &cfg, &dominators, &facts).with_loops(&walked);
    let exact = Exact::new(func, &cfg, &loops);
    let mut out = Vec::new();
    for &block in cfg.reverse_post_order() {
        let Some(branch) = func.terminator(block) else { continue };
        let Op::Branch { cond, then, otherwise } = &func.insts[branch].op else { continue };
        let Some(Op::Icmp(Cond::Ult, [copied, limit])) = func.def(*cond).map(|d| &d.op) else { continue };
        let (Some(limit), Some(copy)) = (func.constant(*limit), made_by(func, *copied)) else { continue };
        let Op::Unary(UnaryOp::Opaque, index) = func.insts[copy].op else { continue };
        let inside = |r: Range| r.is_natural() && r.hi < limit;
        if then.block == otherwise.block || !inside(ranges.at(index, block)) {
            continue;
        }
        let mask = made_by(func, index).filter(|inst| match func.insts[*inst].op {
            Op::Binary(BinaryOp::And, [_, mask]) => {
                func.constant(mask).is_some_and(|m| (0..limit).contains(&m))
            }
            _ => false,
        });
        let seen = match mask {
            _ if exact.is_walked(index) || inside(ranges.seen(index, block)) => Seen::Itself,
            Some(mask) => Seen::Mask(mask),
            None => continue,
        };
        out.push(Check { block, branch, copy, index, passed: then.clone(), seen });
    }
    out
}

fn made_by(func: &Function, value: Value) -> Option<Inst> {
    match func.values.get(value)?.def {
        pbpf_core::mir::ValueDef::Inst(inst) => Some(inst),
        pbpf_core::mir::ValueDef::Param(_) => None,
    }
}

fn drop_check(func: &mut Function, check: &Check) {
    func.insts[check.branch].op = Op::Jump(check.passed.clone());
    if let Some(copied) = func.insts[check.copy].result {
        func.replace_uses(copied, check.index);
    }
    for at in func.layout.clone() {
        func.blocks[at].insts.retain(|i| *i != check.copy);
    }
    if let Seen::Mask(mask) = check.seen {
        let Op::Binary(op, [of, by]) = func.insts[mask].op else { return };
        let hidden = matches!(func.def(of).map(|d| &d.op), Some(Op::Unary(UnaryOp::Opaque, _)));
        let home = func
            .layout
            .iter()
            .copied()
            .find_map(|b| func.blocks[b].insts.iter().position(|i| *i == mask).map(|at| (b, at)));
        if let Some((block, at)) = home.filter(|_| !hidden) {
            let span = func.insts[mask].span;
            let opaque = Builder::before(func, block, at, span).op(Op::Unary(UnaryOp::Opaque, of));
            func.insts[mask].op = Op::Binary(op, [opaque, by]);
        }
    }
    let _ = check.block;
}

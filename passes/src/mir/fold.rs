//! `fold`: computes what is known when compiling.
//!
//! ```text
//! Before                         After
//!   v2 = mul v1, v0  ; v0 = 8      v2 = shl v1, v3  ; v3 = 3
//!   v4 = floormod v1, v0           v4 = and v1, v5  ; v5 = 7
//!   v6 = icmp.eq v7, v7            v6 = iconst 1
//!   branch v6, block1, block2      jump block1
//! ```
//!
//! Requires: nothing. Keeps: what the program computes, bit for bit; every instruction with an effect; the blocks.
//! What nothing uses any more is left for `dce`.
//!
//! Why: later passes ask for constants (offsets, bounds, masks), and the verifier knows the range of `x & 7` while of
//! `x % 8` it says `math between map_value pointer and register with unbounded min value is not allowed`.

mod algebra;
mod params;

use pbpf_core::entity::Entity;
use pbpf_core::mir::analysis::Cfg;
use pbpf_core::mir::{Block, BlockCall, Function, Inst, Module, Op, Type, Value};
use pbpf_core::pass::{Context, Level, MirPass, PassInfo};

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fold;

/// No function needs more rounds but one made to; what is left then stays.
const ROUNDS: usize = 16;

impl MirPass for Fold {
    fn info(&self) -> PassInfo {
        PassInfo::new("fold", Level::Mir, "computes what is known when compiling").optional()
    }

    fn run(&self, module: &mut Module, _cx: &mut Context<'_>) {
        for func in module.functions.values_mut() {
            for _ in 0..ROUNDS {
                if !round(func) {
                    break;
                }
            }
        }
    }
}

/// What becomes of an instruction.
enum Outcome {
    /// The number.
    Const(i64),
    /// The null pointer.
    Null,
    /// A value that there is already.
    Same(Value),
    /// Another instruction.
    Op(Op),
    /// Another instruction on a new constant of that type, which the function is given.
    WithConst(Type, i64, fn(Value, Value) -> Op, Value),
}

/// Values that are to be replaced by others.
struct Aliases {
    to: Vec<Option<Value>>,
    any: bool,
}

impl Aliases {
    fn of(&self, mut value: Value) -> Value {
        while let Some(Some(next)) = self.to.get(value.index()) {
            value = *next;
        }
        value
    }

    fn set(&mut self, from: Value, to: Value) {
        if self.to.len() <= from.index() {
            self.to.resize(from.index() + 1, None);
        }
        if self.of(to) != from {
            self.to[from.index()] = Some(to);
            self.any = true;
        }
    }
}

fn round(func: &mut Function) -> bool {
    let cfg = Cfg::new(func);
    let mut aliases = Aliases { to: vec![None; func.values.len()], any: false };
    let mut changed = params::merge(func, &cfg, &mut aliases);
    for &block in cfg.reverse_post_order() {
        changed |= fold_block(func, block, &mut aliases);
    }
    if aliases.any {
        for inst in func.insts.values_mut() {
            inst.op.map_args(|v| aliases.of(v));
        }
    }
    changed | aliases.any
}

fn fold_block(func: &mut Function, block: Block, aliases: &mut Aliases) -> bool {
    let mut changed = false;
    let old = std::mem::take(&mut func.blocks[block].insts);
    let mut new = Vec::with_capacity(old.len());
    for inst in old {
        if aliases.any {
            func.insts[inst].op.map_args(|v| aliases.of(v));
        }
        if let Some(outcome) = outcome(func, inst) {
            let span = func.insts[inst].span;
            match outcome {
                Outcome::Const(n) => func.insts[inst].op = Op::Iconst(n),
                Outcome::Null => func.insts[inst].op = Op::Null,
                Outcome::Op(op) => func.insts[inst].op = op,
                Outcome::WithConst(ty, n, op, left) => {
                    let value = func.values.next_key();
                    new.push(func.make_inst(Op::Iconst(n), Some(ty), span));
                    func.insts[inst].op = op(left, value);
                }
                Outcome::Same(value) => {
                    if let Some(result) = func.insts[inst].result {
                        aliases.set(result, value);
                    }
                    new.push(inst);
                    continue;
                }
            }
            changed = true;
        }
        new.push(inst);
    }
    func.blocks[block].insts = new;
    changed
}

fn outcome(func: &Function, inst: Inst) -> Option<Outcome> {
    let data = &func.insts[inst];
    match (&data.op, data.result) {
        (Op::Branch { cond, then, otherwise }, _) => {
            if then == otherwise {
                return Some(Outcome::Op(Op::Jump(then.clone())));
            }
            let taken = if func.constant(*cond)? & 1 == 1 { then } else { otherwise };
            Some(Outcome::Op(Op::Jump(taken.clone())))
        }
        (Op::Switch { value, cases, default }, _) => fold_switch(func, *value, cases, default),
        (Op::Store { ptr, offset, value }, _) => {
            let (ptr, offset) = algebra::address(func, *ptr, *offset)?;
            Some(Outcome::Op(Op::Store { ptr, offset, value: *value }))
        }
        (op, Some(result)) if !op.has_effect() => algebra::simplify(func, op, func.type_of(result)),
        _ => None,
    }
}

fn fold_switch(
    func: &Function,
    value: Value,
    cases: &[(i64, BlockCall)],
    default: &BlockCall,
) -> Option<Outcome> {
    if cases.iter().all(|(_, call)| call == default) {
        return Some(Outcome::Op(Op::Jump(default.clone())));
    }
    let (ty, n) = (func.type_of(value), func.constant(value)?);
    let same = |case: &i64| super::eval::wrap(ty, *case) == super::eval::wrap(ty, n);
    let taken = cases.iter().find(|(case, _)| same(case)).map_or(default, |(_, call)| call);
    Some(Outcome::Op(Op::Jump(taken.clone())))
}

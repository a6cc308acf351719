//! Which pointers are known not to be null, block by block of the dominator tree: what rule M044 rests on.
//!
//! Promises: a pointer is known behind a branch on a comparison with `null` (or of its number with 0), through `not`,
//! `and`, `or` and the `select` forms of them, in blocks that only that branch leads to; and behind a `refine` of it.
//! Leaves out: what follows only when several ways are taken together.

use crate::entity::Table;
use crate::mir::analysis::Cfg;
use crate::mir::{BinaryOp, Block, Cond, Function, Op, UnaryOp, Value};

/// The pointers known not to be null where the walk is.
pub(super) struct KnownPointers {
    known: Table<Value, bool>,
    /// What each block entered has added.
    added: Vec<Vec<Value>>,
}

/// How many parts of a condition are looked at.
const MAX_PARTS: usize = 64;

impl KnownPointers {
    pub(super) fn new(func: &Function) -> Self {
        Self { known: func.values.keys().map(|_| false).collect(), added: Vec::new() }
    }

    pub(super) fn contains(&self, value: Value) -> bool {
        self.known.get(value).copied().unwrap_or(false)
    }

    pub(super) fn add(&mut self, value: Value) {
        if let (Some(known), Some(added)) = (self.known.get_mut(value), self.added.last_mut())
            && !std::mem::replace(known, true)
        {
            added.push(value);
        }
    }

    /// Enters a block; what its only way in proves is added.
    pub(super) fn enter(&mut self, func: &Function, cfg: &Cfg, block: Block) {
        self.added.push(Vec::new());
        let mut ways = cfg.predecessors(block).iter().filter(|b| cfg.is_reachable(**b));
        let (Some(&before), None) = (ways.next(), ways.next()) else { return };
        let Some(Op::Branch { cond, then, otherwise }) = func.terminator(before).map(|t| &func.insts[t].op)
        else {
            return;
        };
        if then.block != otherwise.block {
            for value in non_null(func, *cond, then.block == block) {
                self.add(value);
            }
        }
    }

    /// Leaves the block entered last.
    pub(super) fn leave(&mut self) {
        for value in self.added.pop().unwrap_or_default() {
            self.known[value] = false;
        }
    }
}

/// The pointers that are not null if `cond` is `is`.
fn non_null(func: &Function, cond: Value, is: bool) -> Vec<Value> {
    let mut work = vec![(cond, is)];
    let mut pointers = Vec::new();
    let mut looked = 0;
    while let Some((cond, is)) = work.pop() {
        looked += 1;
        if looked > MAX_PARTS {
            break;
        }
        let Some(def) = func.def(cond) else { continue };
        match &def.op {
            Op::Unary(UnaryOp::Not, inner) => work.push((*inner, !is)),
            Op::Binary(BinaryOp::And, both) if is => work.extend(both.map(|c| (c, true))),
            Op::Binary(BinaryOp::Or, both) if !is => work.extend(both.map(|c| (c, false))),
            Op::Binary(BinaryOp::Xor, [inner, one]) if func.constant(*one) == Some(1) => {
                work.push((*inner, !is));
            }
            // `a and b`: if it is true, so are both.
            Op::Select(a, [b, other]) if is && func.constant(*other) == Some(0) => {
                work.extend([(*a, true), (*b, true)]);
            }
            // `a or b`: if it is false, so are both.
            Op::Select(a, [other, b]) if !is && func.constant(*other).is_some_and(|c| c != 0) => {
                work.extend([(*a, false), (*b, false)]);
            }
            Op::Icmp(test @ (Cond::Eq | Cond::Ne), operands) => {
                let differs = (*test == Cond::Ne) == is;
                for (value, other) in [(operands[0], operands[1]), (operands[1], operands[0])] {
                    let is_null = func.def(other).is_some_and(|d| d.op == Op::Null);
                    let is_zero = func.constant(other) == Some(0);
                    if is_null && differs {
                        pointers.push(value);
                    } else if is_zero && func.values.get(value).is_some_and(|v| v.ty.bits() == 1) {
                        // A truth value compared with 0: it is true exactly if it differs.
                        work.push((value, differs));
                    } else if is_zero
                        && differs
                        && let Some(Op::PtrToInt(pointer)) = func.def(value).map(|d| &d.op)
                    {
                        pointers.push(*pointer);
                    }
                }
            }
            _ => {}
        }
    }
    pointers
}

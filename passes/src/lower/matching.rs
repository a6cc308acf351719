//! `match`: comparisons with constants become a `switch`, others are made one after the other.
//!
//! Promises: the first case whose tests and guard hold runs. Leaves out: cases that nothing gets to, which `check` has
//! told.

use super::Lowering;
use crate::lower::number;
use pbpf_core::ast::CompareOp;
use pbpf_core::hir::{Case, Expr, ExprKind, LocalId};
use pbpf_core::mir::{Block, BlockCall, Op};
use pbpf_core::types::Type as T;
use std::collections::BTreeSet;

/// From so many constants on there is a `switch`.
const DENSE: usize = 3;

impl Lowering<'_, '_> {
    pub(super) fn matching(&mut self, local: LocalId, value: &Expr, cases: &[Case]) {
        let ty = self.source.locals[local].ty;
        if self.module.types.is_scalar(ty) {
            let value = self.converted(value, ty);
            self.set_local(local, value);
        } else if let Some(slot) = self.slots.get(&local).copied() {
            let dst = self.op(Op::SlotAddr(slot));
            self.fill(dst, ty, value);
        }
        let next = self.new_block();
        let mut rest = cases;
        while !rest.is_empty() && self.block.is_some() {
            let run = self.constant_cases(local, rest);
            let count: usize = run.iter().map(Vec::len).sum();
            if count >= DENSE {
                self.switch(local, &rest[..run.len()], &run, next);
                rest = &rest[run.len()..];
            } else {
                self.case(&rest[0], next);
                rest = &rest[1..];
            }
        }
        self.jump(next);
        self.join(next);
    }

    /// The constants of the cases at the front that compare a number with constants and have no guard.
    fn constant_cases(&self, local: LocalId, cases: &[Case]) -> Vec<Vec<i64>> {
        let ty = self.source.locals[local].ty;
        let mut run = Vec::new();
        if !matches!(self.type_of(ty), T::Int { .. } | T::Enum(_)) {
            return run;
        }
        let (bits, signed) = (self.module.types.size_of(ty) * 8, self.is_signed(ty));
        for case in cases {
            if case.guard.is_some() || case.tests.is_empty() {
                break;
            }
            let mut constants = Vec::with_capacity(case.tests.len());
            for test in &case.tests {
                let ExprKind::Compare(_, rest) = &test.kind else { return run };
                let [(CompareOp::Eq, Expr { kind: ExprKind::Int(n), ty: wide, .. })] = rest.as_slice() else {
                    return run;
                };
                let huge = matches!(self.type_of(*wide), T::Int { bits: 64, signed: false }) && *n < 0;
                let value = if huge { i128::from(n.cast_unsigned()) } else { i128::from(*n) };
                let (low, high) = if signed {
                    (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1)
                } else {
                    (0, (1i128 << bits) - 1)
                };
                // A number that the subject never is, is not compared with.
                if (low..=high).contains(&value) {
                    constants.push(*n);
                }
            }
            run.push(constants);
        }
        run
    }

    fn switch(&mut self, local: LocalId, cases: &[Case], constants: &[Vec<i64>], next: Block) {
        let value = self.get_local(local);
        let machine = self.func.type_of(value);
        let default = self.new_block();
        let blocks: Vec<Block> = cases.iter().map(|_| self.new_block()).collect();
        let mut arms = Vec::new();
        let mut seen = BTreeSet::new();
        for (constants, block) in constants.iter().zip(&blocks) {
            for n in constants {
                let n = number::cut(*n, machine);
                if seen.insert(n) {
                    arms.push((n, BlockCall { block: *block, args: Vec::new() }));
                }
            }
        }
        self.terminate(Op::Switch {
            value,
            cases: arms,
            default: BlockCall { block: default, args: Vec::new() },
        });
        for (case, block) in cases.iter().zip(blocks) {
            self.join(block);
            if self.block.is_some() {
                self.span = case.span;
                self.stmts(&case.captures);
                self.stmts(&case.body);
                self.jump(next);
            }
        }
        self.join(default);
    }

    /// One case; goes on where it does not hold.
    fn case(&mut self, case: &Case, next: Block) {
        let (taken, other) = (self.new_block(), self.new_block());
        self.span = case.span;
        match case.tests.split_last() {
            None => self.jump(taken),
            Some((last, first)) => {
                for test in first {
                    let more = self.new_block();
                    self.condition(test, taken, more);
                    self.seal(more);
                    self.switch_to(more);
                }
                self.condition(last, taken, other);
            }
        }
        self.join(taken);
        if self.block.is_some() {
            self.stmts(&case.captures);
            if let Some(guard) = &case.guard {
                let inner = self.new_block();
                self.condition(guard, inner, other);
                self.join(inner);
            }
            if self.block.is_some() {
                self.stmts(&case.body);
            }
            self.jump(next);
        }
        self.join(other);
    }
}

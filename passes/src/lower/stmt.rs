//! Statements.
//!
//! Promises: what is never reached is not lowered. Leaves out: expressions.

use super::assign::Update;
use super::{Loop, Lowering};
use pbpf_core::hir::{Stmt, StmtKind};
use pbpf_core::mir::{Op, Type};

impl Lowering<'_, '_> {
    pub(super) fn stmts(&mut self, block: &[Stmt]) {
        for stmt in block {
            // What follows a `return` is never reached.
            if self.block.is_none() {
                return;
            }
            self.span = stmt.span;
            self.stmt(stmt);
        }
    }

    pub(super) fn stmt(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::Expr(e) => {
                if let pbpf_core::hir::ExprKind::Atomic(op, place, value) = &e.kind {
                    self.atomic(*op, place, value, e, false);
                    return;
                }
                self.evaluate(e);
            }
            StmtKind::Assign { places, value } => self.assign(places, value),
            StmtKind::Unpack { places, values } => self.unpack(places, values),
            StmtKind::Update { place, op, value, through } => {
                self.update(place, &Update { op: *op, value, through: *through });
            }
            StmtKind::Delete { map, key } => {
                let target = self.target(map);
                let key = self.key(target, key);
                self.remove(target, key);
            }
            StmtKind::If { test, then, orelse } => {
                let (yes, no, next) = (self.new_block(), self.new_block(), self.new_block());
                self.condition(test, yes, no);
                self.join(yes);
                self.stmts(then);
                self.jump(next);
                self.join(no);
                self.stmts(orelse);
                self.jump(next);
                self.join(next);
            }
            StmtKind::While { test, body, orelse } => {
                let (head, inner, end, exit) =
                    (self.new_block(), self.new_block(), self.new_block(), self.new_block());
                self.jump(head);
                self.switch_to(head);
                self.condition(test, inner, end);
                self.join(inner);
                if self.block.is_some() {
                    self.rounds(head, exit, body);
                }
                self.seal(head);
                self.join(end);
                self.stmts(orelse);
                self.jump(exit);
                self.join(exit);
            }
            StmtKind::For { over, body, orelse } => self.for_(over, body, orelse),
            StmtKind::Match { local, value, cases } => self.matching(*local, value, cases),
            StmtKind::With { enter, leave, body } => {
                if let Some(leave) = leave {
                    self.with(enter, *leave, body);
                }
            }
            StmtKind::Return(None) => {
                self.leave_to(0);
                self.return_default();
            }
            StmtKind::Return(Some(value)) => {
                let value = match self.func.ret {
                    None if self.result.is_some() => {
                        if let (Some(dst), Some(ty)) = (self.result, self.source.ret) {
                            self.fill(dst, ty, value);
                        }
                        None
                    }
                    None => {
                        self.evaluate(value);
                        None
                    }
                    Some(Type::Ptr { .. }) => Some(self.converted(value, value.ty)),
                    Some(Type::I1) => Some(self.truth(value)),
                    Some(int) => {
                        // The declared type cuts, the register widens.
                        let declared = self.source.ret.unwrap_or(value.ty);
                        let cut = self.converted(value, declared);
                        let signed = self.is_signed(declared);
                        Some(self.resize(cut, int, signed))
                    }
                };
                self.leave_to(0);
                self.terminate(Op::Return(value));
            }
            StmtKind::Assert(test) => {
                let (yes, no) = (self.new_block(), self.new_block());
                self.condition(test, yes, no);
                self.join(no);
                if self.block.is_some() {
                    self.leave_to(0);
                    if let Some(block) = self.block {
                        self.func.blocks[block].failed = true;
                    }
                    let value = self.failure_value();
                    self.return_constant(value);
                }
                self.join(yes);
            }
            StmtKind::Break => {
                if let Some(Loop { exit, scopes, .. }) = self.loops.last().copied() {
                    self.leave_to(scopes);
                    self.jump(exit);
                }
            }
            StmtKind::Continue => {
                if let Some(Loop { next, scopes, .. }) = self.loops.last().copied() {
                    self.leave_to(scopes);
                    self.jump(next);
                }
            }
            StmtKind::Pass => {}
        }
    }

    /// Goes on in a block where ways may meet; if none leads there, what follows is never reached.
    pub(super) fn join(&mut self, block: pbpf_core::mir::Block) {
        self.seal(block);
        if self.variables.is_reached(block) {
            self.switch_to(block);
        } else {
            self.func.layout.retain(|b| *b != block);
            self.block = None;
        }
    }
}

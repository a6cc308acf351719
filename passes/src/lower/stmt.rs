//! Statements.
//!
//! Promises: what is never reached is not lowered. Leaves out: expressions.

use super::assign::Update;
use super::{Loop, Lowering};
use pbpf_core::hir::{Expr, LocalId, Stmt, StmtKind};
use pbpf_core::mir::{BinaryOp, Cond, Op, Type};

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
                self.loops.push(Loop { next: head, exit });
                self.stmts(body);
                self.loops.pop();
                self.jump(head);
                self.seal(head);
                self.join(end);
                self.stmts(orelse);
                self.jump(exit);
                self.join(exit);
            }
            StmtKind::Range { local, start, stop, step, body, orelse } => {
                self.range(*local, (start, stop, *step), body, orelse);
            }
            StmtKind::Return(None) => self.return_default(),
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
                self.terminate(Op::Return(value));
            }
            StmtKind::Assert(test) => {
                let (yes, no) = (self.new_block(), self.new_block());
                self.condition(test, yes, no);
                self.join(no);
                if self.block.is_some() {
                    self.return_default();
                }
                self.join(yes);
            }
            StmtKind::Break => {
                if let Some(Loop { exit, .. }) = self.loops.last().copied() {
                    self.jump(exit);
                }
            }
            StmtKind::Continue => {
                if let Some(Loop { next, .. }) = self.loops.last().copied() {
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

    pub(super) fn range(
        &mut self,
        local: LocalId,
        (start, stop, step): (&Expr, &Expr, i64),
        body: &[Stmt],
        orelse: &[Stmt],
    ) {
        let span = self.span;
        let first = self.int_value(start, Type::I64);
        let last = self.int_value(stop, Type::I64);
        self.span = span;
        // The counter is not the variable: assigning the variable in the body does not change the loop.
        let (head, inner, next, end, exit) =
            (self.new_block(), self.new_block(), self.new_block(), self.new_block(), self.new_block());
        let counter = self.func.add_block_param(head, Type::I64);
        self.terminate(Op::Jump(pbpf_core::mir::BlockCall { block: head, args: vec![first] }));
        self.switch_to(head);
        let cond = if step > 0 { Cond::Slt } else { Cond::Sgt };
        let more = self.op(Op::Icmp(cond, [counter, last]));
        self.branch(more, inner, end);
        self.seal(inner);
        self.switch_to(inner);
        let ty = self.source.locals[local].ty;
        let machine = super::machine_type(&self.module.types, ty).unwrap_or(Type::I64);
        let value = self.resize(counter, machine, true);
        self.set_local(local, value);
        self.loops.push(Loop { next, exit });
        self.stmts(body);
        self.loops.pop();
        self.jump(next);
        self.join(next);
        // A body that always leaves goes round once at most.
        if self.block.is_some() {
            self.span = span;
            let step = self.iconst(Type::I64, step);
            let following = self.op(Op::Binary(BinaryOp::Add, [counter, step]));
            self.terminate(Op::Jump(pbpf_core::mir::BlockCall { block: head, args: vec![following] }));
        }
        self.seal(head);
        self.seal(end);
        self.switch_to(end);
        self.stmts(orelse);
        self.jump(exit);
        self.join(exit);
    }
}

//! Statements, places, and what assignments make of locals.
//!
//! Promises: types of locals only widen, so that rounds end. Leaves out: expressions.

use super::numbers::{self, Int, Typing};
use super::{Frame, Infer_, decided, leaves};
use pbpf_core::diag::Diagnostic;
use pbpf_core::entity::Entity;
use pbpf_core::hir::{BinaryOp, Expr, ExprKind, FunctionKind, PlaceKind, Stmt, StmtKind};
use pbpf_core::types::{Type, TypeId};

impl Infer_<'_, '_> {
    pub(super) fn block(&mut self, frame: &mut Frame, block: &mut Vec<Stmt>) {
        let mut at = 0;
        while let Some(stmt) = block.get_mut(at) {
            self.stmt(frame, stmt);
            at += 1;
            if leaves(stmt) {
                block.truncate(at);
            }
        }
    }

    pub(super) fn stmt(&mut self, frame: &mut Frame, stmt: &mut Stmt) {
        match &mut stmt.kind {
            StmtKind::Expr(e) => {
                self.expr(frame, e);
            }
            StmtKind::Assign { places, value } => {
                let Some(ty) = self.expr(frame, value) else { return };
                for place in places {
                    self.store(frame, place, value, ty);
                }
            }
            StmtKind::Unpack { places, values } => {
                let types: Vec<Option<TypeId>> = values.iter_mut().map(|v| self.expr(frame, v)).collect();
                for ((place, value), ty) in places.iter_mut().zip(values.iter_mut()).zip(types) {
                    if let Some(ty) = ty {
                        self.store(frame, place, value, ty);
                    }
                }
            }
            StmtKind::Update { place, op, value, through } => {
                let Some(current) = self.place(frame, place) else { return };
                if self.number(frame, value).is_none() {
                    return;
                }
                let target = self.scalar_target(current);
                let (Some(a), Some(b)) = (self.int_of(target, None), self.int_of(value.ty, Some(value)))
                else {
                    // `data += 14` on a packet pointer.
                    if matches!(self.module.types.get(current), Type::Ptr { .. }) {
                        return;
                    }
                    let span = place.span;
                    self.error(frame, |this| {
                        Diagnostic::error(
                            "type-mismatch",
                            format!("{} cannot be updated", this.module.types.display(current)),
                        )
                        .at(span)
                    });
                    return;
                };
                self.lint_binary(frame, *op, a, b, stmt.span);
                let changed = match place.kind {
                    PlaceKind::Local(local) if target == current => Some(local),
                    _ => None,
                };
                let a = Int { literal: changed.is_some_and(|l| frame.flexible[l.index()]), ..a };
                let Typing { operands, result } = numbers::binary(frame.function.arithmetic, *op, a, b);
                if let Some(common) = operands {
                    if *op != BinaryOp::Pow {
                        self.convert(frame, value, common);
                    }
                    *through = Some(self.module.types.int(common.bits, common.signed));
                }
                // Where operands are converted, a variable keeps its type, as in C.
                if let Some(local) = changed
                    && (operands.is_none() || current == self.module.types.bool())
                {
                    let ty = self.module.types.int(result.bits, result.signed);
                    self.widen_local(frame, local, ty, None, place.span);
                    place.ty = frame.function.locals[local].ty;
                }
            }
            StmtKind::Delete { map, key } => {
                self.keys(frame, map, key, stmt.span);
            }
            StmtKind::If { test, then, orelse } => {
                self.condition(frame, test);
                match decided(test) {
                    Some(true) => orelse.clear(),
                    Some(false) => then.clear(),
                    None => {}
                }
                self.block(frame, then);
                self.block(frame, orelse);
            }
            StmtKind::While { test, body, orelse } => {
                self.condition(frame, test);
                self.block(frame, body);
                self.block(frame, orelse);
            }
            StmtKind::For { over, body, orelse } => {
                self.over(frame, over, stmt.span);
                self.block(frame, body);
                self.block(frame, orelse);
            }
            StmtKind::Match { local, value, cases } => {
                let local = *local;
                if let Some(ty) = self.expr(frame, value) {
                    self.widen_local(frame, local, ty, Some(value), value.span);
                }
                for case in cases {
                    for test in &mut case.tests {
                        self.expr(frame, test);
                    }
                    self.block(frame, &mut case.captures);
                    if let Some(guard) = &mut case.guard {
                        self.condition(frame, guard);
                    }
                    self.block(frame, &mut case.body);
                }
            }
            StmtKind::With { enter, leave, body } => {
                self.entered(frame, enter, leave);
                self.block(frame, body);
            }
            StmtKind::Return(value) => {
                // `return None` is `return`, but where a pointer is returned.
                let is_none = matches!(value, Some(Expr { kind: ExprKind::None, .. }));
                let pointer =
                    frame.function.ret.is_some_and(|r| matches!(self.module.types.get(r), Type::Ptr { .. }));
                if is_none
                    && !pointer
                    && (frame.function.ret.is_some() || frame.function.kind != FunctionKind::Subprogram)
                {
                    *value = None;
                }
                self.returned(frame, value.as_mut(), stmt.span);
            }
            StmtKind::Assert(test) => {
                self.condition(frame, test);
            }
            StmtKind::Break | StmtKind::Continue | StmtKind::Pass => {}
        }
    }
}

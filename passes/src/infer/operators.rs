//! Operators, and values that meet.
//!
//! Promises: operands have types that the operator takes, or a diagnostic has been told. Leaves out: the rules of numbers.

use super::numbers;
use super::{Frame, Infer_};
use pbpf_core::ast::{BinaryOp, CompareOp};
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{Expr, ExprKind};
use pbpf_core::source::Span;
use pbpf_core::types::{Region, Type, TypeId};

impl Infer_<'_, '_> {
    pub(super) fn join_values(&mut self, a: TypeId, va: &Expr, b: TypeId, vb: &Expr) -> Option<TypeId> {
        let bool = self.module.types.bool();
        if a == bool && b == bool {
            return Some(bool);
        }
        match (self.int_of(a, Some(va)), self.int_of(b, Some(vb))) {
            (Some(x), Some(y)) => {
                let joined = numbers::join(x, y);
                Some(self.module.types.int(joined.bits, joined.signed))
            }
            _ if matches!(va.kind, ExprKind::None) => self.join_other(b, a, Some(va)),
            _ => self.join_other(a, b, Some(vb)),
        }
    }

    pub(super) fn join_all(&mut self, types: &[TypeId], values: &[Expr]) -> Option<TypeId> {
        let (first, rest) = types.split_first()?;
        let mut joined = *first;
        let mut value = values.first()?.clone();
        for (ty, v) in rest.iter().zip(&values[1..]) {
            joined = self.join_values(joined, &value, *ty, v)?;
            value = v.clone();
        }
        Some(joined)
    }

    pub(super) fn binary(
        &mut self,
        frame: &mut Frame,
        op: BinaryOp,
        a: &mut Expr,
        b: &mut Expr,
        span: Span,
    ) -> Option<TypeId> {
        let (ta, tb) = (self.expr(frame, a), self.expr(frame, b));
        let (ta, tb) = (ta?, tb?);
        let pointer = |this: &Self, ty: TypeId| match this.module.types.get(ty) {
            Type::Ptr { region: Region::Packet | Region::PacketMeta | Region::PacketEnd, .. } => true,
            Type::Ptr { to, region: Region::KernelUntrusted | Region::User, .. } => {
                *to == this.module.types.void()
            }
            _ => false,
        };
        match (op, pointer(self, ta), pointer(self, tb)) {
            (BinaryOp::Add | BinaryOp::Sub, true, false) => {
                self.number(frame, b)?;
                return Some(ta);
            }
            (BinaryOp::Add, false, true) => {
                self.number(frame, a)?;
                return Some(tb);
            }
            (BinaryOp::Sub, true, true) => return Some(self.module.types.int(64, true)),
            _ => {}
        }
        let (ta, tb) = (self.number(frame, a)?, self.number(frame, b)?);
        let (x, y) = (self.int_of(ta, Some(a))?, self.int_of(tb, Some(b))?);
        if matches!(op, BinaryOp::Shl | BinaryOp::Shr)
            && let ExprKind::Int(amount) = b.kind
            && !(0..64).contains(&amount)
        {
            let at = b.span;
            self.error(frame, |_| {
                Diagnostic::error("bad-shift", format!("a shift by {amount} is not defined"))
                    .at(at)
                    .help("shift by 0 to 63")
            });
            return None;
        }
        if op == BinaryOp::Pow && !matches!(b.kind, ExprKind::Int(0..=63)) {
            self.error(frame, |_| {
                Diagnostic::error("unsupported-operator", "`**` needs a constant exponent from 0 to 63")
                    .at(span)
            });
            return None;
        }
        let result = numbers::binary(op, x, y);
        Some(self.module.types.int(result.bits, result.signed))
    }

    pub(super) fn compare(
        &mut self,
        frame: &mut Frame,
        first: &mut Expr,
        rest: &mut [(CompareOp, Expr)],
    ) -> Option<()> {
        let mut complete = self.expr(frame, first).is_some();
        for (_, operand) in rest.iter_mut() {
            complete &= self.expr(frame, operand).is_some();
        }
        if !complete {
            return None;
        }
        let is_none = |e: &Expr| matches!(e.kind, ExprKind::None);
        let any_none = is_none(first) || rest.iter().any(|(_, e)| is_none(e));
        let is_text = |this: &Self, e: &Expr| matches!(this.module.types.get(e.ty), Type::Str { .. });
        let any_text = is_text(self, first) || rest.iter().any(|(_, e)| is_text(self, e));
        let pointers = |this: &Self, e: &Expr| matches!(this.module.types.get(e.ty), Type::Ptr { .. });
        if any_text {
            for (op, operand) in &*rest {
                if !matches!(op, CompareOp::Eq | CompareOp::Ne)
                    || !is_text(self, operand)
                    || !is_text(self, first)
                {
                    let (span, op) = (operand.span, op.as_str());
                    self.error(frame, |_| {
                        Diagnostic::error(
                            "type-mismatch",
                            format!("text cannot be compared with `{op}` here"),
                        )
                        .at(span)
                    });
                    return None;
                }
            }
            return Some(());
        }
        let all_pointers = pointers(self, first) && rest.iter().all(|(_, e)| pointers(self, e));
        let numbers_behind =
            self.is_number_behind(first.ty) || rest.iter().any(|(_, e)| self.is_number_behind(e.ty));
        if any_none || (all_pointers && !numbers_behind) {
            let wrong = rest.iter().find(|(_, e)| !pointers(self, e)).map(|(_, e)| e.span);
            let wrong = wrong.or_else(|| (!pointers(self, first)).then_some(first.span));
            if let Some(span) = wrong {
                self.error(frame, |_| {
                    Diagnostic::error("type-mismatch", "only a pointer can be `None`").at(span)
                });
                return None;
            }
            return Some(());
        }
        self.number(frame, first)?;
        for (_, operand) in rest.iter_mut() {
            self.number(frame, operand)?;
        }
        Some(())
    }
}

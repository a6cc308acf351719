//! Numbers and conditions.
//!
//! Promises: a pointer to a number is read where a number is needed. Leaves out: operators.

use super::numbers::Int;
use super::{Frame, Infer_};
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{Expr, ExprKind};
use pbpf_core::registry::HelperId;
use pbpf_core::rows::ArgumentKind;
use pbpf_core::types::{Region, Type, TypeId};

impl Infer_<'_, '_> {
    /// Whether the type is a number, a truth value or an enum.
    pub(super) fn is_number(&self, ty: TypeId) -> bool {
        matches!(self.module.types.get(ty), Type::Int { .. } | Type::Bool | Type::Enum(_))
    }

    /// Whether the type is a pointer to a number.
    pub(super) fn is_number_behind(&self, ty: TypeId) -> bool {
        matches!(self.module.types.get(ty), Type::Ptr { to, .. } if self.is_number(*to))
    }

    /// The integer type, of a number; `value` tells literals.
    pub(super) fn int_of(&self, ty: TypeId, value: Option<&Expr>) -> Option<Int> {
        let plain = |ty| matches!(self.module.types.get(ty), Type::Int { signed: true, .. } | Type::Enum(_));
        let literal = value.is_some_and(|v| matches!(v.kind, ExprKind::Int(n) if n >= 0 && plain(v.ty)));
        Some(match self.module.types.get(ty) {
            Type::Int { bits, signed } => Int { bits: *bits, signed: *signed, literal },
            Type::Bool => Int { bits: 8, signed: false, literal: false },
            Type::Enum(e) => {
                let e = &self.module.types.enums[*e];
                Int { bits: (e.size * 8) as u8, signed: e.signed, literal }
            }
            _ => return None,
        })
    }

    /// Types a condition: a number, a truth value, or a pointer (true if not null).
    pub(super) fn condition(&mut self, frame: &mut Frame, expr: &mut Expr) -> Option<TypeId> {
        if matches!(expr.kind, ExprKind::Logical(..)) {
            let ty = self.logical(frame, expr, true)?;
            expr.ty = ty;
            return Some(ty);
        }
        let ty = self.expr(frame, expr)?;
        let text = matches!(self.module.types.get(ty), Type::Str { .. });
        if !self.module.types.is_scalar(ty) && !text && !matches!(expr.kind, ExprKind::None) {
            let span = expr.span;
            self.error(frame, |this| {
                Diagnostic::error(
                    "type-mismatch",
                    format!("{} is neither true nor false", this.module.types.display(ty)),
                )
                .at(span)
            });
        }
        Some(ty)
    }

    /// Types a number; a pointer to one is read.
    pub(super) fn number(&mut self, frame: &mut Frame, expr: &mut Expr) -> Option<TypeId> {
        self.expr(frame, expr)?;
        self.as_number(frame, expr)
    }

    /// Makes a number of an expression that has its type: a pointer to one is read.
    pub(super) fn as_number(&mut self, frame: &mut Frame, expr: &mut Expr) -> Option<TypeId> {
        let ty = expr.ty;
        if self.is_number(ty) {
            return Some(ty);
        }
        if let Type::Ptr { to, region, .. } = self.module.types.get(ty).clone() {
            if self.is_number(to) && !matches!(region, Region::Packet | Region::PacketMeta) {
                Self::deref(expr, to);
                return Some(to);
            }
            // An address used as a number.
            if !matches!(
                region,
                Region::Packet
                    | Region::PacketMeta
                    | Region::PacketEnd
                    | Region::MapValue
                    | Region::Stack
                    | Region::Map
                    | Region::Func
            ) {
                let target = self.module.types.int(64, false);
                let inner =
                    std::mem::replace(expr, Expr { kind: ExprKind::None, ty: target, span: expr.span });
                expr.kind = ExprKind::Convert(Box::new(inner));
                return Some(target);
            }
        }
        let span = expr.span;
        let map = match expr.kind {
            ExprKind::Map(map) => Some(self.module.maps[map].name.clone()),
            _ => None,
        };
        self.error(frame, |this| {
            let what = map.map_or_else(|| this.module.types.display(ty), |map| format!("map `{map}`"));
            Diagnostic::error("type-mismatch", format!("{what} is no number")).at(span)
        });
        None
    }

    /// Converts an operand, once types are settled.
    pub(super) fn convert(&self, frame: &Frame, expr: &mut Expr, to: Int) {
        let ty = self.module.types.int(to.bits, to.signed);
        if !frame.last || expr.ty == ty {
            return;
        }
        let span = expr.span;
        // A literal takes the type itself: its bits are the same.
        if let ExprKind::Int(value) = expr.kind
            && (to.bits == 64 || i32::try_from(value).is_ok_and(|v| v >= 0))
        {
            expr.ty = ty;
            return;
        }
        let inner = std::mem::replace(expr, Expr { kind: ExprKind::None, ty, span });
        expr.kind = ExprKind::Convert(Box::new(inner));
    }

    /// Where a helper takes a number and is given a pointer to one, what is meant is that number.
    pub(super) fn numbers_behind(&self, frame: &Frame, helper: HelperId, args: &mut [Option<Expr>]) {
        let row = &self.cx.registry.helper(helper).row;
        for (arg, given) in row.args.iter().zip(args).filter(|_| frame.last) {
            if let (ArgumentKind::Scalar(_) | ArgumentKind::SizeOf(_), Some(given)) = (&arg.kind, given)
                && let Type::Ptr { to, .. } = *self.module.types.get(given.ty)
                && self.is_number(to)
            {
                Self::deref(given, to);
            }
        }
    }

    pub(super) fn deref(expr: &mut Expr, to: TypeId) {
        let inner = std::mem::replace(expr, Expr { kind: ExprKind::None, ty: to, span: expr.span });
        expr.kind = ExprKind::Deref(Box::new(inner));
    }
}

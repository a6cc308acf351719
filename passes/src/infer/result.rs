//! What functions return.
//!
//! Promises: a function without an annotation returns what holds all that is returned. Leaves out: whether every way ends in
//! a `return` (`check`).

use super::numbers::{self, Int};
use super::{Frame, Infer_};
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{Expr, ExprKind, FunctionKind};
use pbpf_core::source::Span;
use pbpf_core::types::{Region, Type, TypeId};

impl Infer_<'_, '_> {
    pub(super) fn returned(&mut self, frame: &mut Frame, value: Option<&mut Expr>, span: Span) {
        let void = self.module.types.void();
        let Some(value) = value else {
            if frame.function.kind == FunctionKind::Subprogram && frame.function.ret.is_none() {
                frame.function.ret = Some(void);
            }
            return;
        };
        let Some(ty) = self.expr(frame, value) else { return };
        let ty = if self.is_number_behind(ty) { self.as_number(frame, value).unwrap_or(ty) } else { ty };
        if frame.infers_result {
            let is_none = matches!(value.kind, ExprKind::None);
            if is_none && frame.function.ret.is_none() {
                // What else is returned says of which type it is.
                return;
            }
            let new = self.result_of(ty, value);
            let joined = match frame.function.ret {
                None => Some(new),
                Some(old) => self.join_results(frame, old, new, value),
            };
            let literal = self.int_of(ty, Some(value)).is_some_and(|i| i.literal);
            frame.flexible_result &= literal;
            if let Some(joined) = joined {
                if frame.function.ret != Some(joined) {
                    frame.function.ret = Some(joined);
                    frame.changed = true;
                }
                return;
            }
        }
        match frame.function.ret {
            None => {}
            Some(ret) if self.fits(value, ty, ret) => {}
            Some(ret) => self.error(frame, |this| {
                let (have, want) = (this.module.types.display(ty), this.module.types.display(ret));
                let message = format!("the function returns {want}, and this is {have}");
                Diagnostic::error("type-mismatch", message).at(span)
            }),
        }
    }

    /// The type in which a value is returned: numbers are as wide as a register, and what lies on the stack is copied, which
    /// the caller has no more when the function has ended ("cannot return stack pointer to the caller").
    fn result_of(&mut self, ty: TypeId, value: &Expr) -> TypeId {
        match *self.module.types.get(ty) {
            Type::Ptr { to, region: Region::Stack, .. }
                if matches!(
                    self.module.types.get(to),
                    Type::Record(_) | Type::Array { .. } | Type::Str { .. }
                ) =>
            {
                to
            }
            Type::Int { .. } | Type::Enum(_) => {
                let int = self.int_of(ty, Some(value)).map_or(Int::S64, numbers::widen);
                self.module.types.int(int.bits, int.signed)
            }
            _ => ty,
        }
    }

    fn join_results(&mut self, frame: &Frame, old: TypeId, new: TypeId, value: &Expr) -> Option<TypeId> {
        if old == new {
            return Some(old);
        }
        if let (Some(a), Some(b)) = (self.int_of(old, None), self.int_of(new, Some(value))) {
            let a = Int { literal: frame.flexible_result, ..a };
            let joined = numbers::widen(numbers::join(a, b));
            return Some(self.module.types.int(joined.bits, joined.signed));
        }
        match (self.module.types.get(old).clone(), self.module.types.get(new).clone()) {
            (Type::Str { len: a }, Type::Str { len: b }) => {
                Some(self.module.types.intern(Type::Str { len: a.max(b) }))
            }
            (Type::Record(_) | Type::Array { .. }, Type::Ptr { to, nullable: false, .. }) if to == old => {
                Some(old)
            }
            (Type::Ptr { to, nullable: false, .. }, Type::Record(_) | Type::Array { .. }) if to == new => {
                Some(new)
            }
            _ => self.join_other(old, new, Some(value)),
        }
    }
}

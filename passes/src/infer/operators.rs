//! Operators, and values that meet.
//!
//! Promises: operands have types that the operator takes, or a diagnostic has been told. Leaves out: the rules of numbers.

use super::numbers::{self, Typing};
use super::object::Compared;
use super::{Frame, Infer_, decided};
use pbpf_core::ast::CompareOp;
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{Arithmetic, BinaryOp, Expr, ExprKind, Local};
use pbpf_core::source::Span;
use pbpf_core::types::{Region, Type, TypeId};

impl Infer_<'_, '_> {
    pub(super) fn join_values(
        &mut self,
        arithmetic: Arithmetic,
        (a, va): (TypeId, &Expr),
        (b, vb): (TypeId, &Expr),
    ) -> Option<TypeId> {
        let bool = self.module.types.bool();
        if a == bool && b == bool {
            return Some(bool);
        }
        match (self.int_of(a, Some(va)), self.int_of(b, Some(vb))) {
            (Some(x), Some(y)) => {
                let joined = numbers::either(arithmetic, x, y);
                Some(self.module.types.int(joined.bits, joined.signed))
            }
            _ if matches!(va.kind, ExprKind::None) => self.join_other(b, a, Some(va)),
            _ => self.join_other(a, b, Some(vb)),
        }
    }

    /// The type of `a and b` or `a or b`: of the value that decides, or, where it is only a condition, perhaps just a truth
    /// value.
    pub(super) fn logical(&mut self, frame: &mut Frame, expr: &mut Expr, condition: bool) -> Option<TypeId> {
        let span = expr.span;
        let ExprKind::Logical(and, values) = &mut expr.kind else { return None };
        let (and, mut types, mut complete) = (*and, Vec::with_capacity(values.len()), true);
        while let Some(value) = values.get_mut(types.len()) {
            let ty = if condition { self.condition(frame, value) } else { self.expr(frame, value) };
            complete &= ty.is_some();
            types.push(ty.unwrap_or_else(|| self.module.types.void()));
            if decided(value) == Some(!and) {
                values.truncate(types.len());
            }
        }
        if let [only] = values.as_slice() {
            *expr = only.clone();
            return complete.then_some(expr.ty);
        }
        if !complete {
            return None;
        }
        let joined = self.join_all(frame.function.arithmetic, &types, values);
        let joined = joined.or_else(|| self.join_behind(frame, &types, values));
        if joined.is_none() && condition {
            return Some(self.module.types.bool());
        }
        if joined.is_none() {
            let (word, first) = (if and { "and" } else { "or" }, types[0]);
            let other = types.iter().copied().find(|ty| *ty != first).unwrap_or(first);
            self.error(frame, |this| {
                let (x, y) = (this.module.types.display(first), this.module.types.display(other));
                Diagnostic::error("type-mismatch", format!("`{word}` gives one of {x} and {y} here"))
                    .at(span)
                    .help("test it with `if` and `else`")
            });
        }
        joined
    }

    pub(super) fn join_all(
        &mut self,
        arithmetic: Arithmetic,
        types: &[TypeId],
        values: &[Expr],
    ) -> Option<TypeId> {
        let (first, rest) = types.split_first()?;
        let mut joined = *first;
        let mut value = values.first()?.clone();
        for (ty, v) in rest.iter().zip(&values[1..]) {
            joined = self.join_values(arithmetic, (joined, &value), (*ty, v))?;
            // A constant stands for all of them only if all are constants that are not negative.
            if matches!(value.kind, ExprKind::Int(0..) | ExprKind::None) {
                value = v.clone();
            }
        }
        Some(joined)
    }

    /// The type of `p or 0`, where a pointer leads to a number: the number, if the pointer decides.
    pub(super) fn join_behind(
        &mut self,
        frame: &mut Frame,
        types: &[TypeId],
        values: &mut [Expr],
    ) -> Option<TypeId> {
        let numbers = types.iter().map(|ty| match self.module.types.get(*ty) {
            Type::Ptr { to, .. } if self.is_number(*to) => Some(*to),
            _ => Some(*ty).filter(|ty| self.is_number(*ty)),
        });
        let numbers: Option<Vec<TypeId>> = numbers.collect();
        let joined = self.join_all(frame.function.arithmetic, &numbers?, values)?;
        // Nothing tests the last one.
        self.number(frame, values.last_mut()?)?;
        Some(joined)
    }

    /// The type of a pointer that was moved: the verifier knows one object behind a trusted one.
    fn moved(&mut self, ty: TypeId) -> TypeId {
        match *self.module.types.get(ty) {
            Type::Ptr { to, region: Region::Kernel, .. } => {
                self.module.types.ptr(to, Region::KernelUntrusted, false)
            }
            _ => ty,
        }
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
            // C's, as the kernel's declaration is C's.
            Type::Ptr { region: Region::Kernel | Region::KernelUntrusted | Region::User, .. } => true,
            _ => false,
        };
        match (op, pointer(self, ta), pointer(self, tb)) {
            (BinaryOp::Add | BinaryOp::Sub, true, false) => {
                self.as_number(frame, b)?;
                return Some(self.moved(ta));
            }
            (BinaryOp::Add, false, true) => {
                self.as_number(frame, a)?;
                return Some(self.moved(tb));
            }
            (BinaryOp::Sub, true, true) => return Some(self.module.types.int(64, true)),
            _ => {}
        }
        let (ta, tb) = (self.as_number(frame, a)?, self.as_number(frame, b)?);
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
        let Typing { operands, result } = numbers::binary(frame.function.arithmetic, op, x, y);
        self.lint_binary(frame, op, x, y, span);
        if let Some(common) = operands {
            self.convert(frame, a, common);
            if op != BinaryOp::Pow {
                self.convert(frame, b, common);
            }
        }
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
        if any_none {
            // Whether the kernel has a variable is asked of its address, not of its value.
            for operand in std::iter::once(&mut *first).chain(rest.iter_mut().map(|(_, e)| e)) {
                if let ExprKind::Deref(inner) = &operand.kind
                    && matches!(inner.kind, ExprKind::External(_))
                {
                    *operand = (**inner).clone();
                }
            }
        }
        match self.compare_objects(frame, first, rest) {
            Compared::Scalars => {}
            Compared::Objects => return Some(()),
            Compared::Wrong => return None,
        }
        let pointers = |this: &Self, e: &Expr| matches!(this.module.types.get(e.ty), Type::Ptr { .. });
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
        self.as_number(frame, first)?;
        for (_, operand) in rest.iter_mut() {
            self.as_number(frame, operand)?;
        }
        self.convert_compared(frame, first, rest)
    }

    /// Converts the operands of a comparison, where numbers do not compare by value; of a chain, `split_chain` does.
    fn convert_compared(
        &mut self,
        frame: &Frame,
        first: &mut Expr,
        rest: &mut [(CompareOp, Expr)],
    ) -> Option<()> {
        let mut left = self.int_of(first.ty, Some(first))?;
        let chain = rest.len() > 1;
        for (_, operand) in rest.iter_mut() {
            let right = self.int_of(operand.ty, Some(operand))?;
            self.lint_compare(frame, left, right, operand.span);
            if let Some(common) = numbers::compared(frame.function.arithmetic, left, right)
                && !chain
            {
                self.convert(frame, first, common);
                self.convert(frame, operand, common);
            }
            left = right;
        }
        Some(())
    }

    /// A chain of comparisons of which each pair has conversions of its own becomes pairs: `a < b <= c` is
    /// `a < (t := b) and t <= c`. Where numbers compare by value, and where types are not settled, a chain stays.
    pub(super) fn split_chain(
        &mut self,
        frame: &mut Frame,
        first: &mut Expr,
        rest: &mut Vec<(CompareOp, Expr)>,
    ) -> Option<ExprKind> {
        let numbers = |this: &Self, e: &Expr| this.int_of(e.ty, Some(e)).is_some();
        let splits = frame.last && frame.function.arithmetic == Arithmetic::C && rest.len() > 1;
        if !splits || !numbers(self, first) || !rest.iter().all(|(_, e)| numbers(self, e)) {
            return None;
        }
        let bool = self.module.types.bool();
        let none = Expr { kind: ExprKind::None, ty: first.ty, span: first.span };
        let mut left = std::mem::replace(first, none);
        let (mut pairs, last) = (Vec::with_capacity(rest.len()), rest.len() - 1);
        for (i, (op, mut right)) in std::mem::take(rest).into_iter().enumerate() {
            let (ty, span) = (right.ty, right.span);
            let mut next = right.clone();
            if i < last && !matches!(right.kind, ExprKind::Local(_) | ExprKind::Int(_)) {
                let local = Local { name: "operand".to_owned(), ty, declared: true, binding: None, span };
                let local = frame.function.locals.push(local);
                right = Expr { kind: ExprKind::Walrus(local, Box::new(right)), ty, span };
                next = Expr { kind: ExprKind::Local(local), ty, span };
            }
            let (a, b) = (self.int_of(left.ty, Some(&left))?, self.int_of(ty, Some(&next))?);
            if let Some(common) = numbers::compared(frame.function.arithmetic, a, b) {
                self.convert(frame, &mut left, common);
                self.convert(frame, &mut right, common);
            }
            let span = left.span.to(span);
            let kind = ExprKind::Compare(Box::new(left), vec![(op, right)]);
            pairs.push(Expr { kind, ty: bool, span });
            left = next;
        }
        Some(ExprKind::Logical(true, pairs))
    }
}

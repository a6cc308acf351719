//! Operators between two expressions: arithmetic, comparison, `in`.
//!
//! Promises: each operand is evaluated once, left to right. Leaves out: types of operands (`infer`).

use super::Resolver;
use super::body::Body;
use pbpf_core::ast::{BinaryOp, CompareOp, Expr, ExprKind};
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir;
use pbpf_core::source::Span;

impl Resolver<'_, '_> {
    pub(super) fn binary(
        &mut self,
        body: &mut Body,
        op: BinaryOp,
        left: &Expr,
        right: &Expr,
        span: Span,
    ) -> Option<hir::Expr> {
        let op = self.operator(op, span)?;
        let (a, b) = (self.expr(body, left), self.expr(body, right));
        let (a, b) = (a?, b?);
        self.divisor(op, &b, right.span)?;
        Some(self.make(hir::ExprKind::Binary(op, Box::new(a), Box::new(b)), span))
    }

    /// Refuses a constant divisor of 0.
    pub(super) fn divisor(&mut self, op: hir::BinaryOp, value: &hir::Expr, span: Span) -> Option<()> {
        if op.divides() && matches!(value.kind, hir::ExprKind::Int(0)) {
            self.error("division-by-zero", "the divisor is 0", span);
            return None;
        }
        Some(())
    }

    /// What an operator means in the file.
    pub(super) fn operator(&mut self, op: BinaryOp, span: Span) -> Option<hir::BinaryOp> {
        if op == BinaryOp::Div {
            if self.arithmetic == hir::Arithmetic::C {
                return Some(hir::BinaryOp::Div);
            }
            self.cx.emit(
                Diagnostic::error(
                    "true-division",
                    "`/` gives a fraction, which the kernel has no numbers for",
                )
                .at(span)
                .help("use `//`"),
            );
            return None;
        }
        let meant = hir::BinaryOp::python(op).map(|op| op.meant(self.arithmetic));
        if meant.is_none() {
            self.error("unsupported-operator", "`@` has no meaning on numbers", span);
        }
        meant
    }

    pub(super) fn compare(
        &mut self,
        body: &mut Body,
        first: &Expr,
        rest: &[(CompareOp, Expr)],
        span: Span,
    ) -> Option<hir::Expr> {
        if let [(op @ (CompareOp::In | CompareOp::NotIn), container)] = rest {
            let negated = *op == CompareOp::NotIn;
            if let Some(map) = self.map_of(body, container) {
                return self.contains(body, map, container, first, negated, span);
            }
            if let ExprKind::Tuple(items) | ExprKind::List(items) = &container.kind {
                // `x in (a, b)` is a chain of comparisons; `x` must not be evaluated again and again.
                let value = self.expr(body, first)?;
                if !matches!(value.kind, hir::ExprKind::Local(_) | hir::ExprKind::Int(_)) {
                    self.error("unsupported-in", "the left side of `in` is a variable here", first.span);
                    return None;
                }
                let op = if negated { CompareOp::Ne } else { CompareOp::Eq };
                let mut tests = Vec::with_capacity(items.len());
                for item in items {
                    let item = self.expr(body, item)?;
                    tests.push(
                        self.make(hir::ExprKind::Compare(Box::new(value.clone()), vec![(op, item)]), span),
                    );
                }
                return Some(self.make(hir::ExprKind::Logical(negated, tests), span));
            }
            if let Some(wanted) = self.text_constant(first).map(str::to_owned) {
                let text = Box::new(self.expr(body, container)?);
                let holds = self.make(hir::ExprKind::TextTest(hir::TextTest::Holds, text, wanted), span);
                return Some(if negated {
                    self.make(hir::ExprKind::Not(Box::new(holds)), span)
                } else {
                    holds
                });
            }
            self.error("unsupported-in", "`in` looks into a map or a tuple", container.span);
            return None;
        }
        let first = self.expr(body, first);
        let mut chain = Vec::with_capacity(rest.len());
        for (op, operand) in rest {
            if matches!(op, CompareOp::In | CompareOp::NotIn) {
                self.error("unsupported-in", "`in` cannot be chained", operand.span);
                return None;
            }
            let operand = self.expr(body, operand);
            chain.push((*op, operand));
        }
        let chain: Option<Vec<_>> = chain.into_iter().map(|(op, e)| Some((op, e?))).collect();
        Some(self.make(hir::ExprKind::Compare(Box::new(first?), chain?), span))
    }
}

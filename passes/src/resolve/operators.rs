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
            let written = matches!(container.kind, ExprKind::Str(_)) || self.items(body, container).is_some();
            if !written && let Some(wanted) = self.text_constant(first).map(str::to_owned) {
                let text = Box::new(self.expr(body, container)?);
                let holds = self.make(hir::ExprKind::TextTest(hir::TextTest::Holds, text, wanted), span);
                let negate = |holds| hir::ExprKind::Not(Box::new(holds));
                return Some(if negated { self.make(negate(holds), span) } else { holds });
            }
            let value = self.expr(body, first);
            return self.searched(body, value?, negated, container, span);
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

    /// `value in container`, where that is no map.
    fn searched(
        &mut self,
        body: &mut Body,
        value: hir::Expr,
        negated: bool,
        container: &Expr,
        span: Span,
    ) -> Option<hir::Expr> {
        if let Some(items) = self.items(body, container) {
            let mut all = vec![value];
            all.extend(self.exprs(body, &items)?);
            // All of the tuple is evaluated before the first comparison.
            let mut before = Vec::new();
            let mut items = self.held(body, all, &mut before);
            let value = items.remove(0);
            let op = if negated { CompareOp::Ne } else { CompareOp::Eq };
            let test = |item| hir::ExprKind::Compare(Box::new(value.clone()), vec![(op, item)]);
            let tests: Vec<_> = items.into_iter().map(|item| self.make(test(item), span)).collect();
            let found = match tests.len() {
                0 => hir::ExprKind::Bool(negated),
                _ => hir::ExprKind::Logical(negated, tests),
            };
            let found = self.make(found, span);
            return Some(self.after(before, found));
        }
        match &container.kind {
            ExprKind::Call { func, .. } if matches!(&func.kind, ExprKind::Name(n) if n == "range" && self.lookup(n).is_none()) => {
                self.in_range(body, value, negated, container)
            }
            ExprKind::Str(_) | ExprKind::Bytes(_) | ExprKind::Int(_) | ExprKind::FString(_) => {
                self.cx.emit(
                    Diagnostic::error("unsupported-in", "this cannot be searched")
                        .at(container.span)
                        .help("`in` looks into maps, arrays, ranges and tuples of values"),
                );
                None
            }
            _ => {
                let array = Box::new(self.expr(body, container)?);
                Some(self.make(hir::ExprKind::Within { value: Box::new(value), array, negated }, span))
            }
        }
    }

    /// Expressions that can be repeated: the values of `exprs`, which are evaluated before, once and in order.
    pub(super) fn held(
        &mut self,
        body: &Body,
        exprs: Vec<hir::Expr>,
        before: &mut Vec<hir::Expr>,
    ) -> Vec<hir::Expr> {
        use hir::ExprKind as K;
        let mut held = Vec::with_capacity(exprs.len());
        let mut rest = exprs.into_iter();
        while let Some(expr) = rest.next() {
            let repeats = match expr.kind {
                K::Int(_) | K::Bool(_) | K::None | K::Text(_) => true,
                // `x in ((x := 1), 2)`: the variable is another behind it.
                K::Local(local) => !rest.as_slice().iter().any(|e| assigns(e, local)),
                _ => false,
            };
            if repeats {
                held.push(expr);
                continue;
            }
            let span = expr.span;
            let local = self.hidden(body, "held", span);
            before.push(self.make(K::Walrus(local, Box::new(expr)), span));
            held.push(self.make(K::Local(local), span));
        }
        held
    }

    /// Evaluates `before` first.
    pub(super) fn after(&self, before: Vec<hir::Expr>, expr: hir::Expr) -> hir::Expr {
        if before.is_empty() {
            return expr;
        }
        let span = expr.span;
        self.make(hir::ExprKind::After(before, Box::new(expr)), span)
    }

    /// A local that the program does not name.
    pub(super) fn hidden(&mut self, body: &Body, what: &str, span: Span) -> hir::LocalId {
        let ty = self.module.types.void();
        let local = hir::Local { name: format!("({what})"), ty, declared: false, binding: None, span };
        self.module.functions[body.func].locals.push(local)
    }
}

/// Whether an expression assigns a variable.
fn assigns(expr: &hir::Expr, local: hir::LocalId) -> bool {
    let mut found = false;
    crate::walk::expr(expr, &mut |e| found |= matches!(e.kind, hir::ExprKind::Walrus(to, _) if to == local));
    found
}

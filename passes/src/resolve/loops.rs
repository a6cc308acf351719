//! `for`: what it goes over.
//!
//! Promises: a form that is no loop has a diagnostic that says what is. Leaves out: what only types tell, such as whether
//! an object is an array (`infer`).

use super::Resolver;
use super::body::Body;
use pbpf_core::ast::{Expr, ExprKind, Keyword};
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{self, LocalId, Over};

/// The most values of a tuple that a loop goes over.
const MOST_VALUES: usize = 64;

impl Resolver<'_, '_> {
    pub(super) fn over(&mut self, body: &mut Body, target: &Expr, iter: &Expr) -> Option<Over> {
        if let ExprKind::Call { func, args, keywords } = &iter.kind {
            match &func.kind {
                ExprKind::Name(name) if self.lookup(name).is_none() => match name.as_str() {
                    "range" => {
                        let (start, stop, step) = self.range(body, args, keywords, iter)?;
                        let local = self.loop_variable(body, target)?;
                        return Some(Over::Range { local, start, stop, step });
                    }
                    "enumerate" => return self.enumerated(body, target, args, keywords, iter),
                    "reversed" | "zip" | "map" | "filter" | "sorted" | "iter" => {
                        self.cx.emit(
                            Diagnostic::error("unsupported-for", format!("`{name}` makes an iterator, which programs do not have"))
                                .at(iter.span)
                                .help("go over positions, `for i in range(n)`, backwards with `range(n - 1, -1, -1)`"),
                        );
                        return None;
                    }
                    _ => {}
                },
                ExprKind::Attribute { value, attr } => {
                    if matches!(attr.text.as_str(), "items" | "keys" | "values")
                        && let Some(map) = self.map_of(body, value)
                    {
                        if !args.is_empty() || !keywords.is_empty() {
                            let message = format!("`{}` takes no arguments", attr.text);
                            self.error("wrong-argument-count", message, iter.span);
                            return None;
                        }
                        return self.entries(body, &map, &attr.text, target, iter);
                    }
                }
                _ => {}
            }
        }
        if let Some(map) = self.map_of(body, iter) {
            return self.entries(body, &map, "keys", target, iter);
        }
        self.elements(body, target, None, iter)
    }

    /// The elements of a tuple or an array.
    fn elements(
        &mut self,
        body: &mut Body,
        target: &Expr,
        index: Option<LocalId>,
        iter: &Expr,
    ) -> Option<Over> {
        if let Some(items) = self.items(body, iter) {
            let values = self.exprs(body, &items);
            let local = self.loop_variable(body, target)?;
            if items.is_empty() || items.len() > MOST_VALUES {
                self.cx.emit(
                    Diagnostic::error(
                        "unsupported-for",
                        format!("a loop goes over 1 to {MOST_VALUES} values as written, not {}", items.len()),
                    )
                    .at(iter.span)
                    .help("put them into an array"),
                );
                return None;
            }
            return Some(Over::Values { local, index, values: values? });
        }
        if matches!(iter.kind, ExprKind::Str(_) | ExprKind::Bytes(_) | ExprKind::Int(_)) {
            self.cx.emit(
                Diagnostic::error("unsupported-for", "this cannot be gone over")
                    .at(iter.span)
                    .help("`for` goes over `range(...)`, arrays, maps and tuples of values"),
            );
            return None;
        }
        let array = self.expr(body, iter);
        let local = self.loop_variable(body, target)?;
        Some(Over::Array { local, index, array: array? })
    }

    fn enumerated(
        &mut self,
        body: &mut Body,
        target: &Expr,
        args: &[Expr],
        keywords: &[Keyword],
        iter: &Expr,
    ) -> Option<Over> {
        let ([array], []) = (args, keywords) else {
            self.error("wrong-argument-count", "`enumerate` takes an array", iter.span);
            return None;
        };
        let (ExprKind::Tuple(names) | ExprKind::List(names)) = &target.kind else {
            self.two_names(target, "i, x", "enumerate(a)");
            return None;
        };
        let [index, target] = names.as_slice() else {
            self.two_names(target, "i, x", "enumerate(a)");
            return None;
        };
        let index = self.loop_variable(body, index)?;
        self.elements(body, target, Some(index), array)
    }

    fn two_names(&mut self, target: &Expr, names: &str, over: &str) {
        self.cx.emit(
            Diagnostic::error("unsupported-for", "this loop has two variables")
                .at(target.span)
                .help(format!("write `for {names} in {over}:`")),
        );
    }

    /// The entries of a map.
    fn entries(
        &mut self,
        body: &mut Body,
        map: &hir::MapRef,
        what: &str,
        target: &Expr,
        iter: &Expr,
    ) -> Option<Over> {
        if map.handle.is_some() {
            self.error("unsupported-for", "a map in a map cannot be gone through", iter.span);
            return None;
        }
        let map = map.map;
        let row = &self.module.maps[map];
        if row.key.is_none() || row.value.is_none() {
            let message = format!("{} map `{}` has no keys to go over", row.kind, row.name);
            self.error("unsupported-for", message, iter.span);
            return None;
        }
        let (key, value) = match what {
            "keys" => (Some(self.loop_variable(body, target)?), None),
            "values" => (None, Some(self.loop_variable(body, target)?)),
            _ => {
                let (ExprKind::Tuple(names) | ExprKind::List(names)) = &target.kind else {
                    self.two_names(target, "k, v", "m.items()");
                    return None;
                };
                let [key, value] = names.as_slice() else {
                    self.two_names(target, "k, v", "m.items()");
                    return None;
                };
                (Some(self.loop_variable(body, key)?), Some(self.loop_variable(body, value)?))
            }
        };
        Some(Over::Entries { map, key, value })
    }

    pub(super) fn loop_variable(&mut self, body: &Body, target: &Expr) -> Option<LocalId> {
        let ExprKind::Name(name) = &target.kind else {
            self.error("unsupported-for", "the loop variable of `for` is one name", target.span);
            return None;
        };
        let local = body.locals.get(name).copied();
        if local.is_none() {
            self.cx.emit(
                Diagnostic::error(
                    "unsupported-for",
                    format!("the loop variable `{name}` is a global variable"),
                )
                .at(target.span)
                .help("use a local variable, and assign the global one in the loop"),
            );
        }
        local
    }

    fn range(
        &mut self,
        body: &mut Body,
        args: &[Expr],
        keywords: &[Keyword],
        iter: &Expr,
    ) -> Option<(hir::Expr, hir::Expr, hir::Expr)> {
        if !keywords.is_empty() || args.is_empty() || args.len() > 3 {
            let message = format!("`range` takes one to three numbers, not {}", args.len() + keywords.len());
            self.error("wrong-argument-count", message, iter.span);
            return None;
        }
        let mut all = self.exprs(body, args)?.into_iter();
        let (first, second, third) = (all.next()?, all.next(), all.next());
        let step = third.unwrap_or_else(|| self.int_expr(1, iter.span));
        if matches!(step.kind, hir::ExprKind::Int(0)) {
            self.error("bad-range", "the step of `range` is 0", step.span);
            return None;
        }
        Some(match second {
            Some(stop) => (first, stop, step),
            None => (self.int_expr(0, iter.span), first, step),
        })
    }

    /// `value in range(...)`.
    pub(super) fn in_range(
        &mut self,
        body: &mut Body,
        value: hir::Expr,
        negated: bool,
        range: &Expr,
    ) -> Option<hir::Expr> {
        use hir::BinaryOp;
        use pbpf_core::ast::CompareOp;
        let ExprKind::Call { args, keywords, .. } = &range.kind else { return None };
        let span = value.span.to(range.span);
        let (start, stop, step) = self.range(body, args, keywords, range)?;
        let hir::ExprKind::Int(by) = step.kind else {
            self.error("unsupported-in", "the step of a range that is searched is a constant", step.span);
            return None;
        };
        let mut before = Vec::new();
        let held = self.held(body, vec![value, start, stop], &mut before);
        let [value, start, stop] = <[hir::Expr; 3]>::try_from(held).ok()?;
        let make = |this: &Self, kind| this.make(kind, span);
        let compare = |this: &Self, a: &hir::Expr, op, b: hir::Expr| {
            make(this, hir::ExprKind::Compare(Box::new(a.clone()), vec![(op, b)]))
        };
        let (after, until) =
            if by > 0 { (CompareOp::Ge, CompareOp::Lt) } else { (CompareOp::Le, CompareOp::Gt) };
        let mut tests = vec![compare(self, &value, after, start.clone()), compare(self, &value, until, stop)];
        if by.unsigned_abs() > 1 {
            let way = hir::ExprKind::Binary(BinaryOp::Sub, Box::new(value), Box::new(start));
            let (way, by) = (make(self, way), self.int_expr(by.wrapping_abs(), span));
            let rest = make(self, hir::ExprKind::Binary(BinaryOp::FloorMod, Box::new(way), Box::new(by)));
            tests.push(compare(self, &rest, CompareOp::Eq, self.int_expr(0, span)));
        }
        let all = make(self, hir::ExprKind::Logical(true, tests));
        let all = if negated { make(self, hir::ExprKind::Not(Box::new(all))) } else { all };
        Some(self.after(before, all))
    }
}

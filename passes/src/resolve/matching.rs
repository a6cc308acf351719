//! `match`: patterns become comparisons with a variable that holds the subject.
//!
//! Promises: the subject is evaluated once; a case behind one that takes anything is an error, as in CPython.
//! Leaves out: which cases cannot be met because of what they compare with (`check`).

use super::Resolver;
use super::body::Body;
use super::scope::Entry;
use pbpf_core::ast::{CompareOp, Expr, MatchCase, Name, Pattern, PatternKind};
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{self, Case, Place, PlaceKind};
use pbpf_core::source::Span;

/// What a pattern asks for.
struct Wanted {
    subject: hir::Expr,
    tests: Vec<hir::Expr>,
    captures: Vec<hir::Stmt>,
}

impl Resolver<'_, '_> {
    pub(super) fn matching(
        &mut self,
        body: &mut Body,
        subject: &Expr,
        cases: &[MatchCase],
    ) -> Option<hir::StmtKind> {
        let value = self.expr(body, subject);
        let local = self.hidden(body, "subject", subject.span);
        let subject = self.make(hir::ExprKind::Local(local), subject.span);
        let mut out = Vec::with_capacity(cases.len());
        let mut complete = true;
        let mut taken: Option<Span> = None;
        for case in cases {
            if let Some(first) = taken {
                self.unreachable(case.pattern.span, first);
            }
            let case = self.case(body, &subject, case);
            if let Some(case) = case {
                taken = taken.or_else(|| case.is_irrefutable().then_some(case.span));
                out.push(case);
            } else {
                complete = false;
            }
        }
        complete.then_some(())?;
        Some(hir::StmtKind::Match { local, value: value?, cases: out })
    }

    fn unreachable(&mut self, span: Span, first: Span) {
        self.cx.emit(
            Diagnostic::error("unreachable-case", "no value gets here")
                .at(span)
                .label(first, "this takes any value")
                .help("put the case that takes any value last"),
        );
    }

    fn case(&mut self, body: &mut Body, subject: &hir::Expr, case: &MatchCase) -> Option<Case> {
        let mut wanted = Wanted { subject: subject.clone(), tests: Vec::new(), captures: Vec::new() };
        let any = self.pattern(body, &case.pattern, &mut wanted);
        let guard = case.guard.as_ref().map(|guard| self.expr(body, guard));
        let stmts = self.block(body, &case.body);
        if any? {
            wanted.tests.clear();
        }
        let guard = match guard {
            Some(guard) => Some(guard?),
            None => None,
        };
        let Wanted { tests, captures, .. } = wanted;
        Some(Case { tests, captures, guard, body: stmts, span: case.pattern.span })
    }

    /// Adds what a pattern asks for; gives whether it takes any value.
    fn pattern(&mut self, body: &mut Body, pattern: &Pattern, wanted: &mut Wanted) -> Option<bool> {
        match &pattern.kind {
            PatternKind::Wildcard => Some(true),
            PatternKind::Capture(inner, name) => {
                let any = match inner {
                    Some(inner) => self.pattern(body, inner, wanted)?,
                    None => {
                        self.hides(name);
                        true
                    }
                };
                let local = body.locals.get(&name.text).copied();
                let Some(local) = local else {
                    let message = format!("`{}` is a global variable: a capture is local", name.text);
                    self.error("unsupported-match", message, name.span);
                    return None;
                };
                let place =
                    Place { kind: PlaceKind::Local(local), ty: self.module.types.void(), span: name.span };
                let kind = hir::StmtKind::Assign { places: vec![place], value: wanted.subject.clone() };
                wanted.captures.push(hir::Stmt { kind, span: name.span });
                Some(any)
            }
            PatternKind::Or(all) => {
                for (i, one) in all.iter().enumerate() {
                    if captures(one) {
                        self.cx.emit(
                            Diagnostic::error("unsupported-match", "an alternative cannot capture")
                                .at(one.span)
                                .help("capture the whole: `case 1 | 2 as x`"),
                        );
                        return None;
                    }
                    if self.pattern(body, one, wanted)? {
                        if let Some(next) = all.get(i + 1) {
                            self.unreachable(next.span, one.span);
                            return None;
                        }
                        return Some(true);
                    }
                }
                Some(false)
            }
            PatternKind::Value(value) => {
                let value = self.expr(body, value)?;
                self.test(wanted, CompareOp::Eq, value, pattern.span);
                Some(false)
            }
            PatternKind::Singleton(value) => {
                let value = self.expr(body, value)?;
                let op =
                    if matches!(value.kind, hir::ExprKind::None) { CompareOp::Is } else { CompareOp::Eq };
                self.test(wanted, op, value, pattern.span);
                Some(false)
            }
            // The pass `subset` has refused it.
            PatternKind::Unsupported(_) => None,
        }
    }

    fn test(&mut self, wanted: &mut Wanted, op: CompareOp, value: hir::Expr, span: Span) {
        // What is wrong is the pattern, not the subject.
        let subject = hir::Expr { span, ..wanted.subject.clone() };
        let kind = hir::ExprKind::Compare(Box::new(subject), vec![(op, value)]);
        let test = self.make(kind, span);
        wanted.tests.push(test);
    }

    /// Warns of a capture that looks like a comparison.
    fn hides(&mut self, name: &Name) {
        if matches!(
            self.lookup(&name.text),
            Some(
                Entry::Constant(_)
                    | Entry::Swapped(..)
                    | Entry::KernelName(..)
                    | Entry::Text(_)
                    | Entry::Global(_)
            )
        ) {
            let name_text = &name.text;
            self.cx.emit(
                Diagnostic::warning(
                    "capture-hides-name",
                    format!("`{name_text}` is not compared with here: it takes any value"),
                )
                .at(name.span)
                .help(format!(
                    "compare in a guard, `case x if x == {name_text}:`, or with a dotted name, `case module.{name_text}:`"
                )),
            );
        }
    }
}

fn captures(pattern: &Pattern) -> bool {
    match &pattern.kind {
        PatternKind::Capture(..) => true,
        PatternKind::Or(all) => all.iter().any(captures),
        _ => false,
    }
}

//! Variables in memory have a value before they are read.
//!
//! Promises: records, arrays and text, on every way; `lower` finds the same of numbers and pointers.
//! Leaves out: elements and fields, which a zeroed or copied whole has.

use super::Checker;
use pbpf_core::diag::Diagnostic;
use pbpf_core::entity::Entity;
use pbpf_core::hir::{Expr, ExprKind, Function, LocalId, Place, PlaceKind, PrintPart, Stmt, StmtKind};
use pbpf_core::types::Type;
use std::collections::BTreeSet;

/// The variables that have a value; none: this is never reached.
type Known = Option<BTreeSet<LocalId>>;

struct Walk<'a> {
    function: &'a Function,
    /// Whether each local lives in memory.
    watched: Vec<bool>,
    known: Known,
    /// What is known where the loops at hand are left.
    breaks: Vec<Known>,
    missing: Vec<(LocalId, pbpf_core::source::Span)>,
}

impl Checker<'_, '_> {
    pub(super) fn assigned(&mut self, function: &Function) {
        let types = &self.module.types;
        let watched = function
            .locals
            .values()
            .map(|l| matches!(types.get(l.ty), Type::Record(_) | Type::Array { .. } | Type::Str { .. }));
        let mut walk = Walk {
            function,
            watched: watched.collect(),
            known: Some(function.params.iter().copied().collect()),
            breaks: Vec::new(),
            missing: Vec::new(),
        };
        walk.block(&function.body);
        let mut told = BTreeSet::new();
        for (local, span) in walk.missing {
            if told.insert(local) {
                let name = &function.locals[local].name;
                self.cx.emit(
                    Diagnostic::error("maybe-unassigned", format!("`{name}` may have no value here"))
                        .at(span)
                        .help(format!("assign `{name}` on every way that leads here")),
                );
            }
        }
    }
}

fn meet(a: Known, b: Known) -> Known {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.intersection(&b).copied().collect()),
        (a, None) => a,
        (None, b) => b,
    }
}

impl Walk<'_> {
    fn block(&mut self, block: &[Stmt]) {
        for s in block {
            self.stmt(s);
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::Expr(e) | StmtKind::Assert(e) => self.expr(e),
            StmtKind::Assign { places, value } => {
                self.expr(value);
                for p in places {
                    self.store(p);
                }
            }
            StmtKind::Unpack { places, values } => {
                for v in values {
                    self.expr(v);
                }
                for p in places {
                    self.store(p);
                }
            }
            StmtKind::Update { place, value, .. } => {
                self.place(place);
                self.expr(value);
            }
            StmtKind::Delete { key, .. } => self.expr(key),
            StmtKind::If { test, then, orelse } => {
                self.expr(test);
                let before = self.known.clone();
                self.block(then);
                let after = std::mem::replace(&mut self.known, before);
                self.block(orelse);
                self.known = meet(after, self.known.take());
            }
            StmtKind::While { test, body, orelse } => {
                self.expr(test);
                let forever = matches!(test.kind, ExprKind::Bool(true) | ExprKind::Int(1));
                self.looped(body, orelse, forever);
            }
            StmtKind::For { over, body, orelse } => {
                over.exprs().into_iter().for_each(|e| self.expr(e));
                let before = self.known.clone();
                over.locals().into_iter().for_each(|local| self.assign(local));
                let inner = std::mem::replace(&mut self.known, before);
                self.looped_from(inner, body, orelse, false);
            }
            StmtKind::Match { local, value, cases } => {
                self.expr(value);
                self.assign(*local);
                let mut after = None;
                for case in cases {
                    case.tests.iter().for_each(|t| self.expr(t));
                    let before = self.known.clone();
                    self.block(&case.captures);
                    case.guard.iter().for_each(|g| self.expr(g));
                    self.block(&case.body);
                    after = meet(after, self.known.take());
                    self.known = if case.is_irrefutable() { None } else { before };
                }
                self.known = meet(after, self.known.take());
            }
            StmtKind::With { enter, body, .. } => {
                self.expr(enter);
                self.block(body);
            }
            StmtKind::Return(value) => {
                if let Some(v) = value {
                    self.expr(v);
                }
                self.known = None;
            }
            StmtKind::Break => {
                let known = self.known.take();
                if let Some(at) = self.breaks.last_mut() {
                    *at = meet(at.take(), known);
                }
            }
            StmtKind::Continue => self.known = None,
            StmtKind::Pass => {}
        }
    }

    fn looped(&mut self, body: &[Stmt], orelse: &[Stmt], forever: bool) {
        self.looped_from(self.known.clone(), body, orelse, forever);
    }

    /// A body that runs any number of times proves nothing for what is behind it.
    fn looped_from(&mut self, inner: Known, body: &[Stmt], orelse: &[Stmt], forever: bool) {
        let before = std::mem::replace(&mut self.known, inner);
        self.breaks.push(None);
        self.block(body);
        let left = self.breaks.pop().flatten();
        self.known = if forever { None } else { before };
        self.block(orelse);
        self.known = meet(self.known.take(), left);
    }

    fn assign(&mut self, local: LocalId) {
        // The others are not asked for, and sets of all of them would be copied at every branch.
        let watched = self.watched.get(local.index()).copied().unwrap_or(false);
        if let Some(known) = self.known.as_mut().filter(|_| watched) {
            known.insert(local);
        }
    }

    fn store(&mut self, place: &Place) {
        match place.kind {
            PlaceKind::Local(local) => self.assign(local),
            _ => self.place(place),
        }
    }

    /// What a place reads before it is stored to.
    fn place(&mut self, place: &Place) {
        match &place.kind {
            PlaceKind::Local(local) => self.read(*local, place.span),
            PlaceKind::Global(_) => {}
            PlaceKind::Field { base, .. } => self.expr(base),
            PlaceKind::Index { base, index } => {
                self.expr(base);
                self.expr(index);
            }
            PlaceKind::MapItem { key, .. } => self.expr(key),
        }
    }

    fn read(&mut self, local: LocalId, span: pbpf_core::source::Span) {
        let watched = self.watched.get(local.index()).copied().unwrap_or(false);
        let parameter = self.function.params.contains(&local);
        if watched && !parameter && self.known.as_ref().is_some_and(|k| !k.contains(&local)) {
            self.missing.push((local, span));
        }
    }

    fn expr(&mut self, e: &Expr) {
        match &e.kind {
            ExprKind::Local(local) => self.read(*local, e.span),
            ExprKind::Walrus(local, value) => {
                self.expr(value);
                self.assign(*local);
            }
            // What is behind the first operand may not run.
            ExprKind::Logical(_, values) => {
                let mut values = values.iter();
                values.next().iter().for_each(|v| self.expr(v));
                let before = self.known.clone();
                values.for_each(|v| self.expr(v));
                self.known = before;
            }
            ExprKind::If(test, a, b) => {
                self.expr(test);
                let before = self.known.clone();
                self.expr(a);
                let after = std::mem::replace(&mut self.known, before);
                self.expr(b);
                self.known = meet(after, self.known.take());
            }
            // A helper may fill what it is handed; the zeroed whole is asked for all the same, as in `buf = str(16)`.
            ExprKind::Helper { args, .. } => args.iter().flatten().for_each(|a| self.expr(a)),
            ExprKind::Print(parts, to) => {
                for part in parts {
                    if let PrintPart::Value(value, _) = part {
                        self.expr(value);
                    }
                }
                to.iter().flat_map(|(_, before)| before).for_each(|value| self.expr(value));
            }
            _ => children(e, &mut |child| self.expr(child)),
        }
    }
}

/// The operands of an expression that are evaluated in any case.
fn children(e: &Expr, f: &mut dyn FnMut(&Expr)) {
    match &e.kind {
        ExprKind::Unary(_, a)
        | ExprKind::Not(a)
        | ExprKind::Convert(a)
        | ExprKind::Cast(a)
        | ExprKind::Container(a, _)
        | ExprKind::Field(a, _)
        | ExprKind::Deref(a)
        | ExprKind::Len(a)
        | ExprKind::Size(a)
        | ExprKind::TextTest(_, a, _)
        | ExprKind::TextAt(a)
        | ExprKind::Checked(a)
        | ExprKind::Reveal(a) => f(a),
        ExprKind::Contains { map, key: a, .. }
        | ExprKind::Lookup(map, a)
        | ExprKind::Item(map, a)
        | ExprKind::Remove(map, a) => {
            map.handle.iter().for_each(|h| f(h));
            f(a);
        }
        ExprKind::Take(map, _) => map.handle.iter().for_each(|h| f(h)),
        ExprKind::Binary(_, a, b)
        | ExprKind::Atomic(_, a, b)
        | ExprKind::Index(a, b)
        | ExprKind::Within { value: a, array: b, .. } => {
            f(a);
            f(b);
        }
        ExprKind::Get(map, a, b) | ExprKind::SetDefault(map, a, b) => {
            map.handle.iter().for_each(|h| f(h));
            f(a);
            f(b);
        }
        ExprKind::Compare(a, rest) => {
            f(a);
            for (_, b) in rest {
                f(b);
            }
        }
        ExprKind::Call(_, args) => args.iter().map(|arg| &arg.value).for_each(f),
        ExprKind::Builtin(_, all) | ExprKind::NewArray(all) => all.iter().for_each(f),
        ExprKind::Store(map, a, b, c) => {
            map.handle.iter().for_each(|h| f(h));
            f(a);
            f(b);
            f(c);
        }
        ExprKind::After(first, last) => {
            first.iter().for_each(&mut *f);
            f(last);
        }
        ExprKind::New(fields) => {
            for (_, v) in fields {
                f(v);
            }
        }
        _ => {}
    }
}

//! The walk over a function, in order of evaluation.
//!
//! Promises: each occurrence of a local is visited once, always in the same order. Leaves out: what flows where.

use super::flow::{Flow, Node, Way};
use pbpf_core::hir::{Case, Expr, ExprKind, LocalId, MapRef, Place, PlaceKind, PrintPart, Stmt, StmtKind};
use pbpf_core::source::Span;

/// The walk.
pub(super) struct Walk<'a> {
    pub(super) flow: &'a mut Flow,
    /// Told of each occurrence, with its node if the local is split and has a value.
    pub(super) visit: &'a mut dyn FnMut(&mut LocalId, Option<Node>, Span),
}

/// A loop at hand.
struct Loop {
    heads: Vec<(LocalId, Node)>,
    breaks: Vec<Way>,
}

impl Walk<'_> {
    pub(super) fn block(&mut self, block: &mut [Stmt]) {
        self.stmts(block, &mut None);
    }

    fn stmts(&mut self, block: &mut [Stmt], inside: &mut Option<Loop>) {
        for stmt in block {
            self.stmt(stmt, inside);
        }
    }

    fn stmt(&mut self, stmt: &mut Stmt, inside: &mut Option<Loop>) {
        let span = stmt.span;
        match &mut stmt.kind {
            StmtKind::Expr(e) | StmtKind::Assert(e) => self.expr(e),
            StmtKind::Assign { places, value } => {
                self.expr(value);
                places.iter_mut().for_each(|p| self.store(p));
            }
            StmtKind::Unpack { places, values } => {
                values.iter_mut().for_each(|v| self.expr(v));
                places.iter_mut().for_each(|p| self.store(p));
            }
            StmtKind::Update { place, value, .. } => {
                // What is updated stays the variable that it was, also where the value assigns it: `x += (x := 1)`.
                let mut updated = None;
                if let PlaceKind::Local(local) = &mut place.kind {
                    let node = self.flow.read(*local);
                    updated = node.map(|node| (*local, node));
                    (self.visit)(local, node, place.span);
                } else {
                    self.place(place);
                }
                self.expr(value);
                if let Some((local, node)) = updated {
                    self.flow.become_again(local, node);
                }
            }
            StmtKind::Delete { map, key } => {
                self.handle(map);
                self.expr(key);
            }
            StmtKind::If { test, then, orelse } => {
                self.expr(test);
                let way = self.flow.begin_way();
                self.stmts(then, inside);
                let yes = self.flow.end_way(way);
                let way = self.flow.begin_way();
                self.stmts(orelse, inside);
                let no = self.flow.end_way(way);
                self.flow.join(vec![yes, no]);
            }
            StmtKind::While { test, body, orelse } => {
                let mut assigned = assigned_in(body);
                assigned_by(test, &mut assigned);
                let forever = matches!(test.kind, ExprKind::Bool(true) | ExprKind::Int(1));
                self.looped(assigned, forever, orelse, inside, |this, inner| {
                    this.expr(test);
                    let way = this.flow.begin_way();
                    this.stmts(body, inner);
                    way
                });
            }
            StmtKind::For { over, body, orelse } => {
                over.exprs_mut().into_iter().for_each(|e| self.expr(e));
                let mut assigned = assigned_in(body);
                assigned.extend(over.locals());
                self.looped(assigned, false, orelse, inside, |this, inner| {
                    let way = this.flow.begin_way();
                    for local in over.locals_mut() {
                        let node = this.flow.assign(*local);
                        (this.visit)(local, node, span);
                    }
                    this.stmts(body, inner);
                    way
                });
            }
            StmtKind::Match { local, value, cases } => {
                self.expr(value);
                let node = self.flow.assign(*local);
                (self.visit)(local, node, span);
                self.cases(cases, inside);
            }
            StmtKind::With { enter, body, .. } => {
                self.expr(enter);
                self.stmts(body, inside);
            }
            StmtKind::Return(value) => {
                if let Some(value) = value {
                    self.expr(value);
                }
                self.flow.stop();
            }
            StmtKind::Break => {
                if let Some(inside) = inside {
                    inside.breaks.push(self.flow.way_out(&inside.heads));
                }
                self.flow.stop();
            }
            StmtKind::Continue => {
                if let Some(inside) = inside {
                    self.flow.next_round(&inside.heads);
                }
                self.flow.stop();
            }
            StmtKind::Pass => {}
        }
    }

    fn cases(&mut self, cases: &mut [Case], inside: &mut Option<Loop>) {
        let Some((case, rest)) = cases.split_first_mut() else { return };
        case.tests.iter_mut().for_each(|test| self.expr(test));
        let way = self.flow.begin_way();
        self.stmts(&mut case.captures, inside);
        case.guard.iter_mut().for_each(|guard| self.expr(guard));
        let captured = self.flow.end_way(way);
        let way = self.flow.begin_way();
        self.flow.join(vec![captured.clone()]);
        self.stmts(&mut case.body, inside);
        let taken = self.flow.end_way(way);
        if case.is_irrefutable() {
            self.flow.join(vec![taken]);
            return;
        }
        let way = self.flow.begin_way();
        if case.guard.is_some() {
            // The tests failed, or the guard did.
            let failed = (!case.tests.is_empty()).then(|| Some(Vec::new()));
            self.flow.join(failed.into_iter().chain([captured]).collect());
        }
        self.cases(rest, inside);
        let others = self.flow.end_way(way);
        self.flow.join(vec![taken, others]);
    }

    /// A loop: `round` walks the test and then the body, and gives where the body began.
    fn looped(
        &mut self,
        mut assigned: Vec<LocalId>,
        forever: bool,
        orelse: &mut [Stmt],
        outside: &mut Option<Loop>,
        round: impl FnOnce(&mut Self, &mut Option<Loop>) -> (usize, bool),
    ) {
        assigned.sort_unstable();
        assigned.dedup();
        let heads = self.flow.begin_loop(&assigned);
        let mut inner = Some(Loop { heads, breaks: Vec::new() });
        let body = round(self, &mut inner);
        let Some(Loop { heads, breaks }) = inner else { return };
        self.flow.next_round(&heads);
        // Behind the loop holds what its test left.
        self.flow.end_way(body);
        let way = self.flow.begin_way();
        if forever {
            self.flow.stop();
        }
        self.stmts(orelse, outside);
        let mut ways = vec![self.flow.end_way(way)];
        ways.extend(breaks);
        self.flow.join(ways);
    }

    fn store(&mut self, place: &mut Place) {
        if let PlaceKind::Local(local) = &mut place.kind {
            let node = self.flow.assign(*local);
            (self.visit)(local, node, place.span);
        } else {
            self.place(place);
        }
    }

    /// What a place reads.
    fn place(&mut self, place: &mut Place) {
        match &mut place.kind {
            PlaceKind::Local(_) | PlaceKind::Global(_) => {}
            PlaceKind::Field { base, .. } => self.expr(base),
            PlaceKind::Index { base, index } => {
                self.expr(base);
                self.expr(index);
            }
            PlaceKind::MapItem { map, key } => {
                self.handle(map);
                self.expr(key);
            }
        }
    }

    /// The handle of an inner map.
    fn handle(&mut self, map: &mut MapRef) {
        if let Some(handle) = &mut map.handle {
            self.expr(handle);
        }
    }

    /// Operands of which each is evaluated only if the one before did not decide.
    fn short_circuit(&mut self, operands: &mut dyn Iterator<Item = &mut Expr>) {
        let Some(operand) = operands.next() else { return };
        let way = self.flow.begin_way();
        self.expr(operand);
        self.short_circuit(operands);
        let rest = self.flow.end_way(way);
        self.flow.join(vec![Some(Vec::new()), rest]);
    }

    fn expr(&mut self, e: &mut Expr) {
        match &mut e.kind {
            ExprKind::Int(_)
            | ExprKind::Bool(_)
            | ExprKind::None
            | ExprKind::Text(_)
            | ExprKind::Global(_)
            | ExprKind::Map(_)
            | ExprKind::Function(_)
            | ExprKind::External(_)
            | ExprKind::Query(_)
            | ExprKind::Absent
            | ExprKind::Zeroed => {}
            ExprKind::Local(local) => {
                let node = self.flow.read(*local);
                (self.visit)(local, node, e.span);
            }
            ExprKind::Walrus(local, value) => {
                self.expr(value);
                let node = self.flow.assign(*local);
                (self.visit)(local, node, e.span);
            }
            ExprKind::Unary(_, a)
            | ExprKind::Not(a)
            | ExprKind::Convert(a)
            | ExprKind::Cast(a)
            | ExprKind::HasField(a, _)
            | ExprKind::Container(a, _)
            | ExprKind::Field(a, _)
            | ExprKind::Deref(a)
            | ExprKind::Len(a)
            | ExprKind::Size(a)
            | ExprKind::TextTest(_, a, _)
            | ExprKind::TextAt(a)
            | ExprKind::Checked(a)
            | ExprKind::Reveal(a) => self.expr(a),
            ExprKind::Contains { map, key: a, .. }
            | ExprKind::Lookup(map, a)
            | ExprKind::Item(map, a)
            | ExprKind::Remove(map, a) => {
                self.handle(map);
                self.expr(a);
            }
            ExprKind::Take(map, _) => self.handle(map),
            ExprKind::Binary(_, a, b)
            | ExprKind::Atomic(_, a, b)
            | ExprKind::Index(a, b)
            | ExprKind::Within { value: a, array: b, .. } => {
                self.expr(a);
                self.expr(b);
            }
            ExprKind::Get(map, a, b) | ExprKind::SetDefault(map, a, b) => {
                self.handle(map);
                self.expr(a);
                self.expr(b);
            }
            ExprKind::Compare(first, rest) => {
                self.expr(first);
                let mut operands = rest.iter_mut().map(|(_, operand)| operand);
                if let Some(second) = operands.next() {
                    self.expr(second);
                }
                self.short_circuit(&mut operands);
            }
            ExprKind::Logical(_, values) => {
                let mut values = values.iter_mut();
                if let Some(first) = values.next() {
                    self.expr(first);
                }
                self.short_circuit(&mut values);
            }
            ExprKind::If(test, a, b) => {
                self.expr(test);
                let way = self.flow.begin_way();
                self.expr(a);
                let yes = self.flow.end_way(way);
                let way = self.flow.begin_way();
                self.expr(b);
                let no = self.flow.end_way(way);
                self.flow.join(vec![yes, no]);
            }
            ExprKind::Call(_, args) => args.iter_mut().for_each(|arg| self.expr(&mut arg.value)),
            ExprKind::Builtin(_, all) | ExprKind::NewArray(all) => all.iter_mut().for_each(|e| self.expr(e)),
            ExprKind::Store(map, a, b, c) => {
                self.handle(map);
                self.expr(a);
                self.expr(b);
                self.expr(c);
            }
            ExprKind::After(first, last) => {
                first.iter_mut().for_each(|e| self.expr(e));
                self.expr(last);
            }
            ExprKind::New(fields) => fields.iter_mut().for_each(|(_, e)| self.expr(e)),
            ExprKind::Helper { args, .. } => args.iter_mut().flatten().for_each(|e| self.expr(e)),
            ExprKind::Print(parts, to) => {
                for part in parts {
                    if let PrintPart::Value(value, _) = part {
                        self.expr(value);
                    }
                }
                to.iter_mut().flat_map(|(_, before)| before).for_each(|value| self.expr(value));
            }
        }
    }
}

/// The locals that a block assigns, with repetitions.
fn assigned_in(block: &[Stmt]) -> Vec<LocalId> {
    let mut found = Vec::new();
    stmts_assign(block, &mut found);
    crate::walk::exprs(block, &mut |e| {
        if let ExprKind::Walrus(local, _) = e.kind {
            found.push(local);
        }
    });
    found
}

fn assigned_by(e: &Expr, found: &mut Vec<LocalId>) {
    crate::walk::expr(e, &mut |e| {
        if let ExprKind::Walrus(local, _) = e.kind {
            found.push(local);
        }
    });
}

fn stmts_assign(block: &[Stmt], found: &mut Vec<LocalId>) {
    let local = |place: &Place| match place.kind {
        PlaceKind::Local(local) => Some(local),
        _ => None,
    };
    for stmt in block {
        match &stmt.kind {
            StmtKind::Assign { places, .. } | StmtKind::Unpack { places, .. } => {
                found.extend(places.iter().filter_map(local));
            }
            StmtKind::For { over, .. } => found.extend(over.locals()),
            StmtKind::Match { local, .. } => found.push(*local),
            _ => {}
        }
        stmt.kind.blocks().into_iter().for_each(|block| stmts_assign(block, found));
    }
}

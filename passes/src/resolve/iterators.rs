//! `for x in bpf_iter_task(...)`: loops over what an iterator of the kernel gives.
//!
//! ```text
//! it = (room for the iterator)
//! with bpf_iter_task_new(it, ...):        # ended by bpf_iter_task_destroy(it)
//!     while True:
//!         x = bpf_iter_task_next(it)
//!         if x is None:
//!             (else of the loop)
//!             break
//!         (body)
//! ```
//!
//! Promises: three helpers of one name with `_new`, `_next` and `_destroy` are an iterator, which the kernel demands too; it is
//! destroyed on every way out. `for x in (it := bpf_iter_task(...))` names it, for functions that take it; the name is good for that in
//! the loop, and for nothing else, because the kernel watches what becomes of an iterator. Leaves out: that the loop ends, which the verifier takes for granted.

use super::Resolver;
use super::body::Body;
use super::scope::Entry;
use pbpf_core::ast::{CompareOp, Expr, ExprKind, Keyword, Name, Stmt, StmtKind};
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{self, LocalId, Place, PlaceKind};
use pbpf_core::registry::{HelperId, Registry};
use pbpf_core::rows::{ArgumentKind, ResultKind, Take};
use pbpf_core::source::Span;
use pbpf_core::types::Type;

/// The helpers of an iterator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KernelIterator {
    new: HelperId,
    next: HelperId,
    destroy: HelperId,
}

/// An iterator that a loop has named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NamedIterator {
    /// What its helpers' names have in common.
    kind: String,
    /// Where it is.
    local: LocalId,
}

impl KernelIterator {
    /// What its helpers' names have in common.
    fn name(self, registry: &Registry) -> &str {
        let new = registry.helper(self.new).row.name.as_str();
        new.strip_suffix("_new").unwrap_or(new)
    }
}

impl Resolver<'_, '_> {
    /// The iterator of that name.
    pub(super) fn kernel_iterator(&self, name: &str) -> Option<KernelIterator> {
        let find = |end: &str| self.cx.registry.find_helper(&format!("{name}_{end}"));
        Some(KernelIterator { new: find("new")?, next: find("next")?, destroy: find("destroy")? })
    }

    /// The statements for a loop over an iterator of the kernel; none if it is no such loop.
    pub(super) fn kernel_loop(&mut self, body: &mut Body, stmt: &Stmt) -> Option<Vec<hir::Stmt>> {
        let StmtKind::For { target, iter, body: inner, orelse } = &stmt.kind else { return None };
        let (iter, named) = match &iter.kind {
            ExprKind::Walrus { target, value } => (&**value, Some(target)),
            _ => (iter, None),
        };
        let ExprKind::Call { func, args, keywords } = &iter.kind else { return None };
        let Some(Entry::Iterator(iterator)) = self.entry_named(func) else { return None };
        let found = self.go_over(body, iterator, (args, keywords), target, iter.span);
        let named = named.filter(|name| self.may_name_iterator(body, name));
        if let (Some(name), Some((local, ..))) = (named, &found) {
            let kind = iterator.name(self.cx.registry).to_owned();
            body.iterators.insert(name.text.clone(), NamedIterator { kind, local: *local });
        }
        let inner = self.block(body, inner);
        named.and_then(|name| body.iterators.remove(&name.text));
        let orelse = self.block(body, orelse);
        let Some((_, room, enter, step)) = found else { return Some(Vec::new()) };
        let stmt = |kind| hir::Stmt { kind, span: iter.span };
        let mut ended = orelse;
        ended.push(stmt(hir::StmtKind::Break));
        let mut round = vec![stmt(step.next)];
        round.push(stmt(hir::StmtKind::If { test: step.is_none, then: ended, orelse: Vec::new() }));
        round.extend(step.number.map(stmt));
        round.extend(inner);
        let always = self.make(hir::ExprKind::Bool(true), iter.span);
        let rounds = stmt(hir::StmtKind::While { test: always, body: round, orelse: Vec::new() });
        let with = hir::StmtKind::With { enter, leave: Some(iterator.destroy), body: vec![rounds] };
        Some(vec![stmt(room), stmt(with)])
    }

    /// Whether a loop may give its iterator that name: one that the function uses for nothing else.
    fn may_name_iterator(&mut self, body: &Body, name: &Name) -> bool {
        let free = !body.rebound.contains(&name.text) && body.locals.contains_key(&name.text);
        if !free {
            let message =
                format!("`{}` is the name of an iterator here, and is bound elsewhere too", name.text);
            let help = "the kernel watches what becomes of an iterator; take a name that nothing else has";
            self.cx.emit(Diagnostic::error("duplicate-name", message).at(name.span).help(help));
        }
        free
    }

    /// The iterator that an argument names, for a parameter that takes one of that kind.
    pub(super) fn named_iterator(&mut self, body: &Body, kind: &str, arg: &Expr) -> Option<hir::Expr> {
        let named = match &arg.kind {
            ExprKind::Name(name) => body.iterators.get(name),
            _ => None,
        };
        match named.filter(|it| it.kind == kind) {
            Some(it) => Some(self.make(hir::ExprKind::Local(it.local), arg.span)),
            None => {
                let message = format!("this must be an iterator `{kind}` that a loop around goes over");
                let help = format!("name it in the loop: `for x in (it := {kind}(...)):`");
                self.cx.emit(Diagnostic::error("wrong-argument-type", message).at(arg.span).help(help));
                None
            }
        }
    }

    /// Room for the iterator and the variable that is it, the call that begins, and a step.
    fn go_over(
        &mut self,
        body: &mut Body,
        iterator: KernelIterator,
        (args, keywords): (&[Expr], &[Keyword]),
        target: &Expr,
        span: Span,
    ) -> Option<(LocalId, hir::StmtKind, hir::Expr, Step)> {
        let registry = self.cx.registry;
        let variable = self.loop_variable(body, target)?;
        let size = match registry.helper(iterator.new).row.args.first().map(|a| &a.kind) {
            Some(ArgumentKind::Object(size)) => *size,
            _ => {
                let text = "the row of the function that begins this iterator gives it no room";
                self.cx.emit(Diagnostic::error("unsupported-for", text).at(span));
                return None;
            }
        };
        let params = &registry.helper(iterator.new).row.args;
        let least = params.iter().skip(1).filter(|a| a.default.is_none()).count();
        let given = args.len() + keywords.len();
        if given < least || given >= params.len() {
            let names: Vec<&str> = params.iter().skip(1).map(|a| a.name.as_str()).collect();
            let message = format!("{given} arguments do not fit this iterator");
            let help =
                format!("it is gone over as `for x in {}({})`", iterator.name(registry), names.join(", "));
            self.cx.emit(Diagnostic::error("wrong-argument-count", message).at(span).help(help));
            return None;
        }
        let word = self.module.types.int(64, false);
        let room = self.module.types.intern(Type::Array { element: word, len: size.div_ceil(8) });
        let hidden = self.hidden(body, "iterator", span);
        let local = &mut self.module.functions[body.func].locals[hidden];
        (local.ty, local.declared) = (room, true);
        // A name that no program can write.
        let name = format!("iterator {}", body.locals.len());
        body.locals.insert(name.clone(), hidden);
        let mut zeroed = self.make(hir::ExprKind::Zeroed, span);
        zeroed.ty = room;
        let place = |kind| Place { kind, ty: self.module.types.void(), span };
        let places = vec![place(PlaceKind::Local(hidden))];
        let it = Expr { kind: ExprKind::Name(name), span };
        let all: Vec<Expr> = std::iter::once(it.clone()).chain(args.iter().cloned()).collect();
        let enter = self.helper_call(body, iterator.new, Take::All, &all, keywords, span)?;
        let value = self.helper_call(body, iterator.next, Take::All, &[it], &[], span)?;
        let is_number = matches!(registry.helper(iterator.next).row.returns.kind, ResultKind::Number(_));
        let void = self.module.types.void();
        let found = if is_number { self.hidden(body, "found", span) } else { variable };
        let place = |kind| Place { kind, ty: void, span };
        let next = hir::StmtKind::Assign { places: vec![place(PlaceKind::Local(found))], value };
        let again = self.make(hir::ExprKind::Local(found), span);
        let none = self.make(hir::ExprKind::None, span);
        let is_none = self.make(hir::ExprKind::Compare(Box::new(again), vec![(CompareOp::Is, none)]), span);
        let number = is_number.then(|| {
            let pointer = self.make(hir::ExprKind::Local(found), span);
            let value = self.make(hir::ExprKind::Deref(Box::new(pointer)), span);
            hir::StmtKind::Assign { places: vec![place(PlaceKind::Local(variable))], value }
        });
        Some((hidden, hir::StmtKind::Assign { places, value: zeroed }, enter, Step { next, is_none, number }))
    }
}

/// What a round begins with.
struct Step {
    next: hir::StmtKind,
    is_none: hir::Expr,
    /// Reads the number that is pointed to.
    number: Option<hir::StmtKind>,
}

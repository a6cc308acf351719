//! Calls of helpers: allowed here, in this kernel, under this license.
//!
//! Promises: each call against each program that may run it. Leaves out: arguments.

use super::{Checker, Running};
use crate::mir::perf_buffers;
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{Expr, ExprKind, FuncId, Function};
use pbpf_core::pass::RingBuffers;
use pbpf_core::registry::HelperId;
use pbpf_core::rows::{ArgumentKind, RecordUse};
use pbpf_core::source::Span;

impl Checker<'_, '_> {
    pub(super) fn calls(&mut self, id: FuncId, function: &Function) {
        let module = self.module;
        let running = self.running(id);
        crate::walk::exprs(&function.body, &mut |e| match &e.kind {
            ExprKind::Helper { helper, args, .. } => {
                self.helper(id, &running, *helper, e.span);
                self.objects_given(id, &running, *helper, args, e.span);
                self.arguments(*helper, args, e.span);
            }
            ExprKind::Index(array, index) => self.element(id, &running, array, index),
            ExprKind::Print(parts, to) => {
                self.print(parts, e.span);
                if let Some((helper, before)) = to {
                    self.helper(id, &running, *helper, e.span);
                    self.first_arguments(*helper, before);
                }
            }
            ExprKind::Function(callee) => {
                let callee = &module.functions[*callee];
                if matches!(callee.kind, pbpf_core::hir::FunctionKind::Program(_)) {
                    let message = format!("`{}` is a program, which only the kernel calls", callee.name);
                    self.cx.emit(call_error(message, e.span, callee.span));
                }
            }
            ExprKind::Call(callee, _) => {
                let callee = &module.functions[*callee];
                if matches!(callee.kind, pbpf_core::hir::FunctionKind::Program(_)) {
                    let message = format!("`{}` is a program, which only the kernel calls", callee.name);
                    self.cx.emit(call_error(message, e.span, callee.span));
                }
            }
            _ => {}
        });
    }

    /// The helper that the kernel will see, if any, where ring buffers become perf buffers.
    fn called(&self, helper: HelperId) -> Option<HelperId> {
        let record = self.registry.helper(helper).row.record;
        match record.filter(|_| self.cx.options.ring_buffers == RingBuffers::Perf) {
            Some(RecordUse::Output | RecordUse::Submit) => self.registry.find_helper(perf_buffers::OUTPUT.0),
            Some(RecordUse::Reserve | RecordUse::Discard) => None,
            None => Some(helper),
        }
    }

    /// Holds that a function gives a helper an object only where its program's helper takes one.
    fn objects_given(
        &mut self,
        id: FuncId,
        running: &[Running<'_>],
        helper: HelperId,
        args: &[Option<Expr>],
        span: Span,
    ) {
        let registry = self.registry;
        let row = &registry.helper(helper).row;
        let given =
            row.args.iter().zip(args).any(|(a, e)| matches!(a.kind, ArgumentKind::CtxOr(_)) && e.is_some());
        let takes_context = |r: &&Running<'_>| !registry.takes_object(r.program.program_type, helper);
        if let Some(running) = running.iter().find(takes_context).filter(|_| given) {
            let message = format!("`{}` takes the context in programs of type `{}`", row.name, running.id);
            let error = Diagnostic::error("bad-call", message).at(span).help("call it in the program itself");
            let error = self.because(id, running, error);
            self.cx.emit(error);
        }
    }

    fn helper(&mut self, id: FuncId, running: &[Running<'_>], helper: HelperId, span: Span) {
        let registry = self.registry;
        let Some(helper) = self.called(helper) else { return };
        let row = &registry.helper(helper).row;
        let name = &row.name;
        for running in running {
            let kind = running.id;
            let program_type = running.program.program_type;
            if !registry.allows(program_type, helper) {
                let message = format!("`{name}` cannot be called from programs of type `{kind}`");
                let allowed = registry.where_allowed(helper);
                let note = match allowed.as_slice() {
                    [] => "no program type that is loaded may call it".to_owned(),
                    _ => format!("it may be called from {}", allowed.join(", ")),
                };
                let error = Diagnostic::error("helper-not-allowed", message).at(span).note(note).help(
                    "do this work in a program of one of those types, and share the result through a map",
                );
                let error = self.because(id, running, error);
                self.cx.emit(error);
                continue;
            }
            if !row.allowed_in(running.callback()) {
                let here =
                    running.callback().map_or_else(|| "here".to_owned(), |c| format!("from callback `{c}`"));
                let error =
                    Diagnostic::error("helper-not-allowed", format!("`{name}` cannot be called {here}"))
                        .at(span)
                        .note(format!("it may be called from {}", row.callbacks.join(", ")))
                        .help("call it in one of those callbacks");
                let error = self.because(id, running, error);
                self.cx.emit(error);
                continue;
            }
            let refused = |callback: &&str| {
                let refused = running.row.helpers_refused_in.get(*callback);
                refused.is_some_and(|helpers| helpers.contains(name))
            };
            if let Some(callback) = running.callback().filter(refused) {
                let message = format!("`{name}` cannot be called from callback `{callback}`");
                let error = Diagnostic::error("helper-not-allowed", message)
                    .at(span)
                    .help("call it in another callback");
                let error = self.because(id, running, error);
                self.cx.emit(error);
                continue;
            }
            if row.sleepable && !running.sleepable() {
                let message = format!("`{name}` may sleep, and programs of type `{kind}` here must not");
                let sections: Vec<&str> = running
                    .row
                    .sections
                    .iter()
                    .filter(|s| s.sleepable == Some(true))
                    .map(|s| s.pattern.as_str())
                    .collect();
                let help = match sections.as_slice() {
                    [] => "call it in a program that may sleep".to_owned(),
                    _ => format!("use a section whose programs may sleep: {}", sections.join(", ")),
                };
                let error = Diagnostic::error("helper-sleeps", message).at(span).help(help);
                let error = self.because(id, running, error);
                self.cx.emit(error);
            }
            if let Some(first) = registry.since(program_type, helper).filter(|f| !self.cx.target.has(*f)) {
                let message = format!("programs of type `{kind}` can call `{name}` since kernel {first}");
                let error = self.too_old(message, first).at(span);
                let error = self.because(id, running, error);
                self.cx.emit(error);
            }
        }
        if row.gpl && !self.is_gpl() {
            let error =
                self.license_error(format!("the kernel keeps `{name}` for GPL-compatible programs")).at(span);
            self.cx.emit(error);
        }
    }
}

fn call_error(message: String, span: Span, declared: Span) -> Diagnostic {
    Diagnostic::error("bad-call", message)
        .at(span)
        .label(declared, "it is declared here")
        .help("move what both need into a function with `@bpf` and without `@section`")
}

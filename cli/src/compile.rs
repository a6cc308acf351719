//! The compiler: one function that reads top to bottom.
//!
//! Promises: a source text and a setup in, a program at the level asked for and diagnostics out.
//! Leaves out: files and options.

use crate::setup::Setup;
use pbpf_core::diag::{Diagnostic, Diagnostics};
use pbpf_core::graph::{Observer, Plan};
use pbpf_core::pass::{Context, Level, PassInfo, Unit};
use pbpf_core::registry::Registry;
use pbpf_core::source::{SourceMap, Span};
use pbpf_core::{ast, hir, mir};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// What the user wants to see of the passes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watching {
    pub(crate) verify_each: bool,
    pub(crate) print_before: Vec<String>,
    pub(crate) print_after: Vec<String>,
    pub(crate) print_changed: bool,
    pub(crate) time: bool,
}

/// What came out.
#[derive(Debug, Default)]
pub(crate) struct Compiled {
    /// The program at the level asked for, or at the last that was reached.
    pub(crate) unit: Option<Unit>,
    /// What is wrong with it.
    pub(crate) diagnostics: Diagnostics,
    /// What `--print-...` and `--time-passes` ask for.
    pub(crate) watched: String,
}

/// Takes a program from its level up to `until`.
pub(crate) fn compile(
    setup: &Setup,
    plan: &Plan,
    sources: &SourceMap,
    unit: Unit,
    until: Level,
    watching: &Watching,
) -> Compiled {
    let mut compiled = Compiled::default();
    let mut decisions = Vec::new();
    let mut watch = Watch {
        watching,
        text: String::new(),
        last: String::new(),
        started: Instant::now(),
        times: Vec::new(),
        broken: Vec::new(),
    };
    // Source, tree, HIR, MIR: each pass in the order of the plan.
    let unit = plan.run(
        unit,
        until,
        &mut Context {
            diagnostics: &mut compiled.diagnostics,
            sources,
            registry: setup.session.plugins.registry(),
            kernel: &setup.kernel,
            target: &setup.target,
            options: &setup.options,
            decisions: &mut decisions,
        },
        &mut watch,
    );
    compiled.diagnostics.extend(std::mem::take(&mut watch.broken));
    // What the passes decided, if the user asked.
    compiled.diagnostics.extend(decisions.into_iter().map(explained));
    compiled.watched = watch.finish();
    // Emission relies on MIR that is concrete and whole.
    if let (Some(Unit::Mir(module)), false) = (&unit, compiled.diagnostics.has_errors())
        && until >= Level::Object
    {
        let violations = mir::verify_concrete(module, setup.target.cpu);
        compiled.diagnostics.extend(violations.iter().map(mir::Violation::diagnostic));
    }
    compiled.unit = unit.filter(|_| !compiled.diagnostics.has_errors());
    compiled
}

fn explained((span, text): (Span, String)) -> Diagnostic {
    Diagnostic::note_only("explain-lowering", text).at(span)
}

/// Looks at the program between passes.
struct Watch<'a> {
    watching: &'a Watching,
    text: String,
    last: String,
    started: Instant,
    times: Vec<(String, Duration)>,
    broken: Vec<Diagnostic>,
}

impl Watch<'_> {
    fn show(&mut self, when: &str, pass: &PassInfo, unit: &Unit, cx: &Context<'_>) {
        let _ = writeln!(self.text, "; {when} {}", pass.name);
        self.text.push_str(&text_of(unit, cx.sources, cx.registry));
    }

    fn finish(mut self) -> String {
        if self.watching.time {
            let total: Duration = self.times.iter().map(|(_, t)| *t).sum();
            for (name, time) in &self.times {
                let _ = writeln!(self.text, "{:>10.3} ms  {name}", time.as_secs_f64() * 1000.0);
            }
            let _ = writeln!(self.text, "{:>10.3} ms  all passes", total.as_secs_f64() * 1000.0);
        }
        self.text
    }
}

impl Observer for Watch<'_> {
    fn before(&mut self, pass: &PassInfo, unit: &Unit, cx: &Context<'_>) {
        if self.watching.print_before.contains(&pass.name) {
            self.show("before", pass, unit, cx);
        }
        self.started = Instant::now();
    }

    fn after(&mut self, pass: &PassInfo, unit: &Unit, cx: &Context<'_>) {
        if self.watching.time {
            self.times.push((pass.name.clone(), self.started.elapsed()));
        }
        if self.watching.print_after.contains(&pass.name) {
            self.show("after", pass, unit, cx);
        }
        if self.watching.print_changed {
            let now = text_of(unit, cx.sources, cx.registry);
            if now != self.last {
                let _ = writeln!(self.text, "; changed by {}", pass.name);
                self.text.push_str(&now);
                self.last = now;
            }
        }
        if self.watching.verify_each
            && let Unit::Mir(module) = unit
        {
            let violations = mir::verify(module);
            self.broken.extend(
                violations.iter().map(|v| v.diagnostic().note(format!("after pass `{}`", pass.name))),
            );
        }
    }
}

/// A program as text, at its level.
pub(crate) fn text_of(unit: &Unit, sources: &SourceMap, registry: &Registry) -> String {
    match unit {
        Unit::Source(file) => sources.get(*file).map(|f| f.text.clone()).unwrap_or_default(),
        Unit::Ast(module) => ast::print(module),
        Unit::Hir(module) => hir::print(module, registry),
        Unit::Mir(module) => mir::print_annotated(module, sources),
    }
}

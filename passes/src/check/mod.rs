//! `check`: what is well-typed and still not allowed.
//!
//! Before: typed HIR. After: the same; calls, results, writes and names keep the rules of their program types.
//! Requires: `infer`. Keeps: everything.
//! Why: the rows know what the kernel refuses, and here the refusal has the user's words and place.
//!
//! A function that several programs call is held against the rules of each of them.
//!
//! Leaves out: what depends on values (`null_checks`, `bounds`), and how memory is accessed (`legalise`).

mod arguments;
mod assigned;
mod byte_order;
mod calls;
mod constant;
mod elements;
mod held;
mod linkage;
mod matching;
mod names;
mod objects;
mod print;
mod returns;
mod writes;

use crate::mir::perf_buffers;
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{ExprKind, FuncId, Function, FunctionKind, Module, Program};
use pbpf_core::pass::{Context, Level, Pass, PassInfo, RingBuffers, Unit};
use pbpf_core::registry::Registry;
use pbpf_core::rows::{ProgramType, Returns, SectionPattern};
use pbpf_core::target::KernelVersion;
use std::collections::{BTreeMap, BTreeSet};

/// The pass.
#[derive(Clone, Copy, Debug, Default)]
pub struct Check;

impl Pass for Check {
    fn info(&self) -> PassInfo {
        PassInfo::new("check", Level::Hir, "holds calls, results and writes against the rows")
            .requires(&["infer"])
    }

    fn run(&self, unit: Unit, cx: &mut Context<'_>) -> Option<Unit> {
        let Unit::Hir(module) = unit else { return None };
        let reaching = reaching(&module);
        let mut check = Checker { module: &module, registry: cx.registry, reaching, cx };
        check.names();
        check.program_types();
        check.map_kinds();
        check.objects();
        check.byte_order();
        for (id, function) in module.functions.iter() {
            check.linkage(function);
            check.calls(id, function);
            check.results(id, function);
            check.writes(id, function);
            check.assigned(function);
            check.matching(function);
            check.held(function);
            check.locks(function);
            check.kptr_variables(function);
        }
        Some(Unit::Hir(module))
    }
}

/// The state of the pass.
struct Checker<'a, 'b> {
    module: &'a Module,
    registry: &'a Registry,
    /// The programs that run each function: itself, or those that call it.
    reaching: BTreeMap<FuncId, Vec<FuncId>>,
    cx: &'a mut Context<'b>,
}

/// A program and its row.
#[derive(Clone, Copy)]
struct Running<'a> {
    function: &'a Function,
    program: &'a Program,
    id: &'a str,
    row: &'a ProgramType,
}

impl<'a> Running<'a> {
    /// The name of the callback, of one that is a callback.
    fn callback(&self) -> Option<&'a str> {
        self.program.callback.as_ref().map(|c| c.name.as_str())
    }

    fn section(&self) -> Option<&'a SectionPattern> {
        self.program.pattern.and_then(|i| self.row.sections.get(i))
    }

    fn returns(&self) -> &'a Returns {
        self.row.returns_of(self.section(), self.callback())
    }

    fn sleepable(&self) -> bool {
        if let Some(callback) = &self.program.callback {
            return callback.sleepable;
        }
        self.section().and_then(|s| s.sleepable).unwrap_or(self.row.sleepable)
    }
}

/// For each function the programs that may run it.
pub(crate) fn reaching(module: &Module) -> BTreeMap<FuncId, Vec<FuncId>> {
    let mut reaching: BTreeMap<FuncId, Vec<FuncId>> = BTreeMap::new();
    for (program, function) in module.functions.iter() {
        if !matches!(function.kind, FunctionKind::Program(_)) {
            continue;
        }
        let mut seen = BTreeSet::from([program]);
        let mut stack = vec![program];
        while let Some(id) = stack.pop() {
            reaching.entry(id).or_default().push(program);
            crate::walk::exprs(&module.functions[id].body, &mut |e| {
                if let ExprKind::Call(callee, _) | ExprKind::Function(callee) = e.kind
                    && module.functions[callee].kind == FunctionKind::Subprogram
                    && seen.insert(callee)
                {
                    stack.push(callee);
                }
            });
        }
    }
    reaching
}

impl<'a> Checker<'a, '_> {
    /// The programs that may run a function.
    fn running(&self, id: FuncId) -> Vec<Running<'a>> {
        let (module, registry) = (self.module, self.registry);
        let programs = self.reaching.get(&id).into_iter().flatten();
        let running = programs.filter_map(|program| {
            let function = &module.functions[*program];
            let FunctionKind::Program(program) = &function.kind else { return None };
            let registered = registry.program_type(program.program_type);
            Some(Running { function, program, id: &registered.id, row: &registered.row })
        });
        running.collect()
    }

    /// Says at an error in a function that a program calls where the rules come from.
    fn because(&self, id: FuncId, running: &Running<'_>, diagnostic: Diagnostic) -> Diagnostic {
        if std::ptr::eq(running.function, &raw const self.module.functions[id]) {
            return diagnostic;
        }
        let text = format!("`{}`, a program of type `{}`, gets here", running.function.name, running.id);
        diagnostic.label(running.function.span, text)
    }

    /// Whether the license is one that the kernel takes for compatible with the GPL.
    fn is_gpl(&self) -> bool {
        crate::license::is_gpl_compatible(self.module.license.as_deref())
    }

    /// What the rows of program types ask for.
    fn program_types(&mut self) {
        let module = self.module;
        for (id, function) in module.functions.iter() {
            let FunctionKind::Program(program) = &function.kind else { continue };
            let Some(running) = self.running(id).into_iter().find(|r| std::ptr::eq(r.function, function))
            else {
                continue;
            };
            // The class of callbacks is told once.
            let span = module
                .struct_ops
                .iter()
                .find(|ops| program.callback.is_some() && ops.callbacks.iter().any(|(_, f)| *f == id))
                .map_or(program.section_span, |ops| ops.span);
            let name = running.id;
            if running.row.needs.gpl && !self.is_gpl() {
                let message =
                    format!("the kernel loads programs of type `{name}` only with a GPL-compatible license");
                let error = self.license_error(message).at(span);
                self.cx.emit(error);
            }
            let first = running.row.needs.kernel.as_deref().and_then(KernelVersion::parse);
            if let Some(first) = first.filter(|f| !self.cx.target.has(*f)) {
                let message = format!("programs of type `{name}` came with kernel {first}");
                let error = self.too_old(message, first).at(span);
                self.cx.emit(error);
            }
        }
    }

    /// What the rows of map kinds ask for.
    fn map_kinds(&mut self) {
        for map in self.module.maps.values() {
            // A perf buffer takes its place.
            if map.kind == perf_buffers::RING && self.cx.options.ring_buffers == RingBuffers::Perf {
                continue;
            }
            let row = self.registry.map_kind(&map.kind);
            let first = row.and_then(|row| row.since.as_deref()).and_then(KernelVersion::parse);
            if let Some(first) = first.filter(|first| !self.cx.target.has(*first)) {
                let message = format!("maps of kind {} came with kernel {first}", map.kind);
                let error = self.too_old(message, first).at(map.span);
                self.cx.emit(error);
            }
        }
    }

    fn license_error(&self, message: String) -> Diagnostic {
        let error = Diagnostic::error("gpl-only", message);
        match &self.module.license {
            Some(license) => error
                .note(format!("the license is `{license}`"))
                .help(format!("compatible licenses: {}", crate::license::GPL_COMPATIBLE.join(", "))),
            None => error
                .note("the file declares no license")
                .help("declare one: a function `LICENSE` with `@bpf` and `@bpfglobal` that returns \"GPL\""),
        }
    }

    fn too_old(&self, message: String, first: KernelVersion) -> Diagnostic {
        let error = Diagnostic::error("target-too-old", message)
            .help(format!("compile for a later kernel: `--target-kernel {first}`"));
        match self.cx.target.kernel {
            Some(kernel) => error.note(format!("the object must load on kernel {kernel}")),
            None => error,
        }
    }
}

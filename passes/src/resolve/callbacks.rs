//! Classes of callbacks: a kernel struct whose members are methods and plain values.
//!
//! Promises: members are those of the row, each set once. Leaves out: bodies of the methods.

use super::declare::Bodies;
use super::scope::Entry;
use super::{Resolver, body};
use pbpf_core::ast::{ClassDef, Expr, ExprKind, StmtKind};
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{FunctionKind, Linkage, Program, StructOps, StructOpsValue};
use pbpf_core::names;
use pbpf_core::source::Span;

impl Resolver<'_, '_> {
    /// The kernel struct that a class derives from, if it derives from one.
    pub(super) fn struct_ops_base(&self, def: &ClassDef) -> Option<String> {
        let [Expr { kind: ExprKind::Attribute { value, attr }, .. }] = def.bases.as_slice() else {
            return None;
        };
        let ExprKind::Name(module) = &value.kind else { return None };
        match self.lookup(module) {
            Some(Entry::StructOps) => Some(attr.text.clone()),
            Some(Entry::Module(name)) if name == "pbpf.struct_ops" => Some(attr.text.clone()),
            _ => None,
        }
    }

    fn twice(&mut self, record: &str, name: &str, span: Span) {
        self.error("duplicate-name", format!("member `{name}` of `{record}` is set twice"), span);
    }

    pub(super) fn declare_struct_ops<'t>(
        &mut self,
        def: &'t ClassDef,
        record: &str,
        bodies: &mut Bodies<'t>,
    ) {
        let Some(program_type) = self.cx.registry.find_struct_ops(record) else {
            let known = self.cx.registry.program_types().filter_map(|(_, t)| t.row.struct_ops.as_ref());
            let near = names::nearest(record, known.map(|ops| ops.record.as_str()))
                .map(|n| format!("did you mean `struct_ops.{n}`?"));
            self.cx.emit(
                Diagnostic::error(
                    "unknown-struct-ops",
                    format!("no plugin knows the kernel struct of callbacks `{record}`"),
                )
                .at(def.bases[0].span)
                .maybe_help(near),
            );
            return;
        };
        let registry = self.cx.registry;
        let row = &registry.program_type(program_type).row;
        let Some(ops) = &row.struct_ops else { return };
        let mut found = StructOps {
            name: def.name.text.clone(),
            program_type,
            members: Vec::new(),
            callbacks: Vec::new(),
            span: def.name.span,
        };
        for stmt in &def.body {
            let unknown = |this: &mut Self, name: &str, span: Span| {
                let known = ops
                    .callbacks
                    .iter()
                    .map(|c| c.name.as_str())
                    .chain(ops.members.keys().map(String::as_str));
                let near = names::nearest(name, known).map(|n| format!("did you mean `{n}`?"));
                this.cx.emit(
                    Diagnostic::error("unknown-callback", format!("`{record}` has no member `{name}`"))
                        .at(span)
                        .maybe_help(near),
                );
            };
            match &stmt.kind {
                StmtKind::FunctionDef(method) => {
                    let Some(position) = ops.callbacks.iter().position(|c| c.name == method.name.text) else {
                        unknown(self, &method.name.text, method.name.span);
                        continue;
                    };
                    let callback = &ops.callbacks[position];
                    if found.callbacks.iter().any(|(n, _)| *n == callback.name) {
                        self.twice(record, &callback.name, method.name.span);
                        continue;
                    }
                    let given = method.params.len().saturating_sub(1);
                    if method.params.is_empty() || given != callback.params.len() {
                        let names: Vec<&str> = callback.params.iter().map(|(n, _)| n.as_str()).collect();
                        self.cx.emit(
                            Diagnostic::error(
                                "wrong-arity",
                                format!(
                                    "callback `{}` takes {} parameters behind `self`, not {given}",
                                    callback.name,
                                    names.len()
                                ),
                            )
                            .at(method.name.span)
                            .help(format!(
                                "write `def {}({})`",
                                callback.name,
                                std::iter::once("self").chain(names).collect::<Vec<_>>().join(", ")
                            )),
                        );
                        continue;
                    }
                    let suffix = if callback.sleepable { ".s" } else { "" };
                    let program = Program {
                        section: format!("struct_ops{suffix}/{}", callback.name),
                        program_type,
                        holes: Vec::new(),
                        pattern: None,
                        callback: Some(position),
                        section_span: method.name.span,
                    };
                    let name = format!("{}_{}", def.name.text.to_lowercase(), callback.name);
                    let id = self.add_function(
                        method,
                        FunctionKind::Program(program),
                        &name,
                        Linkage::Static,
                        true,
                        bodies,
                    );
                    found.callbacks.push((callback.name.clone(), id));
                }
                StmtKind::Assign { targets, value } => {
                    let [Expr { kind: ExprKind::Name(name), span }] = targets.as_slice() else { continue };
                    if !ops.members.contains_key(name) {
                        unknown(self, name, *span);
                        continue;
                    }
                    if found.members.iter().any(|(n, ..)| n == name) {
                        self.twice(record, name, *span);
                        continue;
                    }
                    let value = match &value.kind {
                        ExprKind::Str(text) => Some(StructOpsValue::Str(text.clone())),
                        _ => self.constant(value, &format!("`{name}`")).map(StructOpsValue::Int),
                    };
                    found.members.extend(value.map(|v| (name.clone(), v, *span)));
                }
                StmtKind::Pass => {}
                _ if body::is_docstring(stmt) => {}
                _ => self.error(
                    "bad-declaration",
                    "a class of callbacks holds methods and plain values only",
                    stmt.span,
                ),
            }
        }
        self.scope.insert(&def.name.text, Entry::Foreign, def.name.span);
        self.module.struct_ops.push(found);
    }
}

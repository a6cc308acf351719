//! `resolve`: names become ids.
//!
//! Before: the syntax tree. After: HIR, untyped: each name is a local, a map, a global, a function, a type, a helper or
//! a constant; each decorated definition is in its table; sections have found their program types.
//! Requires: `parse`, `subset`. Keeps: evaluation order.
//! Why: strings end here; every later pass works on ids.
//!
//! Leaves out: types of expressions (`infer`), and whether a call is allowed (`check`).

mod arithmetic;
mod body;
mod bound;
mod builtin;
mod call;
mod callbacks;
mod class;
mod constant;
mod declare;
mod entry;
mod enums;
mod expr;
mod global;
mod helper_call;
mod imports;
mod loops;
mod map;
mod map_rules;
mod matching;
mod method;
mod new;
mod operators;
mod print;
mod record;
mod scope;
mod signature;
mod stmt;
mod typing;
mod with;

use pbpf_core::ast;
use pbpf_core::diag::Diagnostic;
use pbpf_core::entity::Table;
use pbpf_core::hir;
use pbpf_core::pass::{Context, Level, Pass, PassInfo, Unit};
use pbpf_core::source::Span;
use pbpf_core::types::{EnumId, RecordId, Types};
use scope::{Entry, Scope};
use signature::Signature;
use std::collections::{BTreeMap, BTreeSet};

/// The pass.
#[derive(Clone, Copy, Debug, Default)]
pub struct Resolve;

impl Pass for Resolve {
    fn info(&self) -> PassInfo {
        PassInfo::between("resolve", Level::Ast, Level::Hir, "names become ids")
            .requires(&["parse"])
            .after(&["subset"])
    }

    fn run(&self, unit: Unit, cx: &mut Context<'_>) -> Option<Unit> {
        let Unit::Ast(tree) = unit else { return None };
        let mut resolver = Resolver {
            module: hir::Module {
                file: tree.file,
                license: None,
                types: Types::new(),
                maps: Table::new(),
                globals: Table::new(),
                struct_ops: Vec::new(),
                functions: Table::new(),
            },
            scope: Scope::default(),
            arithmetic: arithmetic::of(&tree, cx),
            records: BTreeMap::new(),
            flags: BTreeSet::new(),
            class_names: BTreeMap::new(),
            held: Vec::new(),
            signatures: BTreeMap::new(),
            cx,
        };
        resolver.module(&tree);
        Some(Unit::Hir(resolver.module))
    }
}

/// The state of the pass: the module so far, and what names mean at its top level.
struct Resolver<'a, 'b> {
    cx: &'a mut Context<'b>,
    module: hir::Module,
    scope: Scope,
    arithmetic: hir::Arithmetic,
    /// What is known of the records of the file beside their types.
    records: BTreeMap<RecordId, record::RecordInfo>,
    /// The enums whose values may be combined.
    flags: BTreeSet<EnumId>,
    /// Names of the class that is being read.
    class_names: BTreeMap<String, i128>,
    /// What maps hold from the start; looked up when everything is declared.
    held: Vec<map::Held>,
    /// What calls of functions must give.
    signatures: BTreeMap<hir::FuncId, Signature>,
}

impl Resolver<'_, '_> {
    fn error(&mut self, code: &'static str, message: impl Into<String>, span: Span) {
        self.cx.emit(Diagnostic::error(code, message).at(span));
    }

    /// Reads the top level in four walks: imports and constants, then types, then other declarations (a function may use a
    /// map that is declared below it), then bodies.
    fn module(&mut self, tree: &ast::Module) {
        for stmt in &tree.body {
            self.import_or_constant(stmt);
        }
        self.declare_types(tree);
        let mut bodies = Vec::new();
        for stmt in &tree.body {
            match &stmt.kind {
                ast::StmtKind::FunctionDef(def) => self.declare_function(def, &mut bodies),
                ast::StmtKind::ClassDef(def) => self.declare_class(def, &mut bodies),
                _ => {}
            }
        }
        if bodies.is_empty() && self.module.struct_ops.is_empty() && !self.cx.diagnostics.has_errors() {
            self.cx.emit(
                Diagnostic::error("no-program", "the file has no BPF program")
                    .at(Span::new(tree.file, 0, 0))
                    .help("decorate a function with `@bpf` and `@section(\"...\")`"),
            );
        }
        self.held_values();
        for (id, ..) in &bodies {
            self.defaults(*id);
        }
        for (id, def, drop_self) in bodies {
            self.function_body(id, def, drop_self);
        }
    }

    /// What a name means at the top level.
    fn lookup(&self, name: &str) -> Option<&Entry> {
        self.scope.get(name)
    }
}

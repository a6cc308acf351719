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
mod externals;
mod global;
mod helper_call;
mod imports;
mod initial;
mod iterators;
mod loops;
mod map;
mod map_rules;
mod matching;
mod method;
mod modules;
mod new;
mod operators;
mod print;
mod questions;
mod reach;
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
use pbpf_core::source::{FileId, Span};
use pbpf_core::types::{EnumId, RecordId, Types};
use reach::Trees;
use scope::Scope;
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
                externals: Table::new(),
                struct_ops: Vec::new(),
                functions: Table::new(),
            },
            file: tree.file,
            scope: Scope::default(),
            scopes: BTreeMap::new(),
            defined: BTreeMap::new(),
            used: BTreeSet::new(),
            entered: BTreeSet::new(),
            order: Vec::new(),
            arithmetic: hir::Arithmetic::Python,
            arithmetics: BTreeMap::new(),
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
    /// The file at hand, and its names.
    file: FileId,
    scope: Scope,
    /// The names of the other files.
    scopes: BTreeMap<FileId, Scope>,
    /// What each file defines.
    defined: BTreeMap<FileId, BTreeSet<String>>,
    /// What of the imported files is used.
    used: BTreeSet<(FileId, String)>,
    /// The files whose imports are taken in or being so, and those that are, in order.
    entered: BTreeSet<FileId>,
    order: Vec<FileId>,
    /// What numbers mean in the file at hand, and in each.
    arithmetic: hir::Arithmetic,
    arithmetics: BTreeMap<FileId, hir::Arithmetic>,
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

    /// Reads the files in four walks: imports and constants, then types, then other declarations (a function may use a map
    /// that is declared below it, or in a file that imports its own), then bodies.
    fn module(&mut self, main: &ast::Module) {
        let trees: Trees<'_> = std::iter::once(main).chain(&main.modules).map(|t| (t.file, t)).collect();
        for tree in trees.values() {
            let arithmetic = arithmetic::of(tree, self.cx);
            self.arithmetics.insert(tree.file, arithmetic);
            self.defined.insert(tree.file, reach::defined(tree));
        }
        self.arithmetic = self.arithmetics.get(&main.file).copied().unwrap_or(self.arithmetic);
        self.used = reach::used(main, &trees, self.cx.sources);
        self.top_level(&trees, main.file);
        // What a file imports comes before it, so that its types are known.
        let order = std::mem::take(&mut self.order);
        let kept: Vec<ast::Module> = order
            .iter()
            .filter_map(|file| trees.get(file))
            .map(|tree| ast::Module { file: tree.file, body: self.kept(tree), modules: Vec::new() })
            .collect();
        for tree in &kept {
            self.enter(tree.file);
            self.declare_types(tree);
            for stmt in &tree.body {
                self.constant_of_types(stmt);
            }
        }
        let mut bodies = Vec::new();
        // The program's own names are those in the object.
        for tree in kept.iter().rev() {
            self.enter(tree.file);
            for stmt in &tree.body {
                match &stmt.kind {
                    ast::StmtKind::FunctionDef(def) => self.declare_function(def, &mut bodies),
                    ast::StmtKind::ClassDef(def) => self.declare_class(def, &mut bodies),
                    ast::StmtKind::Assign { targets, value } if targets.iter().any(global::is_license) => {
                        self.declare_license(value);
                    }
                    _ => {}
                }
            }
        }
        if bodies.is_empty() && self.module.struct_ops.is_empty() && !self.cx.diagnostics.has_errors() {
            self.cx.emit(
                Diagnostic::error("no-program", "the file has no BPF program")
                    .at(Span::new(main.file, 0, 0))
                    .help("decorate a function with `@bpf` and `@section(\"...\")`"),
            );
        }
        self.held_values();
        for (id, def, _) in &bodies {
            self.enter(def.name.span.file);
            self.defaults(*id);
        }
        for (id, def, drop_self) in bodies {
            self.enter(def.name.span.file);
            self.function_body(id, def, drop_self);
        }
    }
}

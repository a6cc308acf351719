//! What of the imported files a program uses.
//!
//! Promises: every definition that a program can name is found; some that it does not use may be. Leaves out: what names mean.

use super::imports::unpacked;
use pbpf_core::ast::{Expr, ExprKind, FPart, FunctionDef, Module, PatternKind, Stmt, StmtKind, submodule};
use pbpf_core::source::{FileId, SourceMap};
use std::collections::{BTreeMap, BTreeSet};

/// The trees of all files.
pub(super) type Trees<'t> = BTreeMap<FileId, &'t Module>;

/// The names that a file defines at its top level.
pub(super) fn defined(tree: &Module) -> BTreeSet<String> {
    tree.body.iter().flat_map(bound).collect()
}

fn bound(stmt: &Stmt) -> Vec<String> {
    let names = |e: &Expr| -> Vec<String> {
        unpacked(e, None).into_iter().map(|(name, ..)| name.to_owned()).collect()
    };
    match &stmt.kind {
        StmtKind::FunctionDef(def) => vec![def.name.text.clone()],
        StmtKind::ClassDef(def) => vec![def.name.text.clone()],
        StmtKind::Assign { targets, .. } => targets.iter().flat_map(names).collect(),
        StmtKind::AnnAssign { target, .. } => names(target),
        StmtKind::Import(aliases) => aliases
            .iter()
            .map(|a| match &a.rename {
                Some(rename) => rename.text.clone(),
                None => a.name.text.split('.').next().unwrap_or_default().to_owned(),
            })
            .collect(),
        StmtKind::ImportFrom { names, .. } => {
            names.iter().map(|a| a.rename.as_ref().unwrap_or(&a.name).text.clone()).collect()
        }
        _ => Vec::new(),
    }
}

/// The modules that a statement imports.
pub(super) fn imports_of(stmt: &Stmt) -> Vec<String> {
    match &stmt.kind {
        StmtKind::Import(aliases) => aliases.iter().map(|a| a.name.text.clone()).collect(),
        StmtKind::ImportFrom { module, names } => std::iter::once(module.text.clone())
            .chain(names.iter().map(|a| submodule(&module.text, &a.name.text)))
            .collect(),
        _ => Vec::new(),
    }
}

/// What a module is called in names of the object file.
pub(super) fn module_name(file: &str) -> String {
    let path = file.strip_suffix("/__init__.py").or_else(|| file.strip_suffix(".py")).unwrap_or(file);
    let stem = path.rsplit(['/', '\\']).next().unwrap_or(path);
    stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// The definitions, by file and name, that `main` uses.
pub(super) fn used(main: &Module, trees: &Trees<'_>, sources: &SourceMap) -> BTreeSet<(FileId, String)> {
    let mut used = BTreeSet::new();
    let mut work: Vec<(FileId, Names)> = vec![(main.file, Names::of(&main.body))];
    // The license is the object's, whoever declares it.
    for file in trees.keys().filter(|f| **f != main.file) {
        used.insert((*file, "LICENSE".to_owned()));
    }
    while let Some((file, names)) = work.pop() {
        let Some(tree) = trees.get(&file) else { continue };
        let mut found: Vec<(FileId, String)> = Vec::new();
        if file != main.file {
            found.extend(names.plain.iter().map(|name| (file, name.clone())));
        }
        for stmt in &tree.body {
            if let StmtKind::ImportFrom { module, names: imported } = &stmt.kind
                && let Some(target) = sources.linked(file, &module.text)
            {
                for alias in imported {
                    let bound = &alias.rename.as_ref().unwrap_or(&alias.name).text;
                    if alias.name.text == "*" {
                        found.extend(names.plain.iter().map(|name| (target, name.clone())));
                    } else if names.plain.contains(bound) || file == main.file {
                        found.push((target, alias.name.text.clone()));
                    }
                }
            }
        }
        // `m.name`, whatever `m` is.
        for target in sources.imported(file) {
            found.extend(names.attributes.iter().map(|name| (target, name.clone())));
        }
        for (target, name) in found {
            let Some(tree) = trees.get(&target) else { continue };
            let definitions: Vec<&Stmt> = tree.body.iter().filter(|s| bound(s).contains(&name)).collect();
            if !definitions.is_empty() && used.insert((target, name.clone())) {
                let mut names = Names::default();
                names.plain.insert(name);
                definitions.into_iter().for_each(|stmt| names.stmt(stmt));
                work.push((target, names));
            }
        }
    }
    used
}

/// The names that code mentions.
#[derive(Debug, Default)]
struct Names {
    plain: BTreeSet<String>,
    attributes: BTreeSet<String>,
}

impl Names {
    fn of(block: &[Stmt]) -> Self {
        let mut names = Self::default();
        names.block(block);
        names
    }

    fn block(&mut self, block: &[Stmt]) {
        block.iter().for_each(|stmt| self.stmt(stmt));
    }

    fn function(&mut self, def: &FunctionDef) {
        self.exprs(&def.decorators);
        for param in &def.params {
            self.exprs(param.annotation.iter().chain(&param.default));
        }
        self.exprs(&def.returns);
        self.block(&def.body);
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::FunctionDef(def) => self.function(def),
            StmtKind::ClassDef(def) => {
                self.exprs(def.decorators.iter().chain(&def.bases));
                self.block(&def.body);
            }
            StmtKind::Return(value) => self.exprs(value),
            StmtKind::Delete(targets) => self.exprs(targets),
            StmtKind::Assign { targets, value } => self.exprs(targets.iter().chain([value])),
            StmtKind::AugAssign { target, value, .. } => self.exprs([target, value]),
            StmtKind::AnnAssign { target, annotation, value } => {
                self.exprs([target, annotation].into_iter().chain(value));
            }
            StmtKind::For { target, iter, body, orelse } => {
                self.exprs([target, iter]);
                self.block(body);
                self.block(orelse);
            }
            StmtKind::While { test, body, orelse } | StmtKind::If { test, body, orelse } => {
                self.expr(test);
                self.block(body);
                self.block(orelse);
            }
            StmtKind::With { items, body } => {
                items.iter().for_each(|(item, target)| self.exprs([item].into_iter().chain(target)));
                self.block(body);
            }
            StmtKind::Match { subject, cases } => {
                self.expr(subject);
                for case in cases {
                    self.pattern(&case.pattern.kind);
                    self.exprs(&case.guard);
                    self.block(&case.body);
                }
            }
            StmtKind::Assert { test, message } => self.exprs([test].into_iter().chain(message)),
            StmtKind::Expr(e) => self.expr(e),
            StmtKind::Global(names) => self.plain.extend(names.iter().map(|n| n.text.clone())),
            StmtKind::Import(_)
            | StmtKind::ImportFrom { .. }
            | StmtKind::Pass
            | StmtKind::Break
            | StmtKind::Continue
            | StmtKind::Unsupported(_) => {}
        }
    }

    fn pattern(&mut self, pattern: &PatternKind) {
        match pattern {
            PatternKind::Value(value) | PatternKind::Singleton(value) => self.expr(value),
            PatternKind::Or(all) => all.iter().for_each(|p| self.pattern(&p.kind)),
            PatternKind::Capture(Some(inner), _) => self.pattern(&inner.kind),
            PatternKind::Capture(None, _) | PatternKind::Wildcard | PatternKind::Unsupported(_) => {}
        }
    }

    fn exprs<'e>(&mut self, all: impl IntoIterator<Item = &'e Expr>) {
        all.into_iter().for_each(|e| self.expr(e));
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Name(name) => {
                self.plain.insert(name.clone());
            }
            ExprKind::Attribute { value, attr } => {
                self.attributes.insert(attr.text.clone());
                self.expr(value);
            }
            ExprKind::FString(parts) => {
                for part in parts {
                    if let FPart::Value { value, .. } = part {
                        self.expr(value);
                    }
                }
            }
            ExprKind::BoolOp { values, .. } | ExprKind::Tuple(values) | ExprKind::List(values) => {
                self.exprs(values);
            }
            ExprKind::Binary { left, right, .. } => self.exprs([&**left, &**right]),
            ExprKind::Unary { operand, .. } => self.expr(operand),
            ExprKind::Compare { first, rest } => {
                self.exprs(std::iter::once(&**first).chain(rest.iter().map(|(_, e)| e)));
            }
            ExprKind::IfExp { test, then, orelse } => self.exprs([&**test, &**then, &**orelse]),
            ExprKind::Call { func, args, keywords } => {
                self.expr(func);
                self.exprs(args.iter().chain(keywords.iter().map(|k| &k.value)));
            }
            ExprKind::Walrus { value, .. } => self.expr(value),
            ExprKind::Subscript { value, index } => self.exprs([&**value, &**index]),
            ExprKind::Int(_)
            | ExprKind::Bool(_)
            | ExprKind::None
            | ExprKind::Str(_)
            | ExprKind::Bytes(_)
            | ExprKind::Unsupported(_) => {}
        }
    }
}

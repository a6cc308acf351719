//! `subset`: refuses what of Python the language leaves out.
//!
//! Before: any syntax tree. After: decorated functions and classes hold only what `resolve` understands; `break`,
//! `continue`, `return` and `global` stand where CPython allows them.
//! Requires: `parse`. Keeps: the tree, unchanged.
//! Why: the kernel runs bounded code on numbers and memory of fixed size; what needs objects, exceptions or a heap has no
//! meaning there.
//!
//! Leaves out: code without `@bpf`, which is user space's and may use all of Python.

mod placement;
mod refusals;

use pbpf_core::ast::{
    ClassDef, Expr, ExprKind, FPart, FunctionDef, Module, Pattern, PatternKind, Stmt, StmtKind,
};
use pbpf_core::diag::Diagnostic;
use pbpf_core::pass::{Context, Level, Pass, PassInfo, Unit};
use pbpf_core::source::Span;
use refusals::Refusal;

/// The pass.
#[derive(Clone, Copy, Debug, Default)]
pub struct Subset;

impl Pass for Subset {
    fn info(&self) -> PassInfo {
        PassInfo::new("subset", Level::Ast, "refuses what of Python the language leaves out")
            .requires(&["parse"])
            .before(&["resolve"])
    }

    fn run(&self, unit: Unit, cx: &mut Context<'_>) -> Option<Unit> {
        let Unit::Ast(tree) = unit else { return None };
        for module in std::iter::once(&tree).chain(&tree.modules) {
            placement::check(module, cx);
            let mut walk = Walk { names: decorator_names(module), cx };
            for stmt in &module.body {
                match &stmt.kind {
                    StmtKind::FunctionDef(def) if walk.is_ours(&def.decorators) => {
                        walk.function(def, stmt.span);
                    }
                    StmtKind::ClassDef(def) if walk.is_ours(&def.decorators) => walk.class(def),
                    _ => {}
                }
            }
        }
        Some(Unit::Ast(tree))
    }
}

/// The names under which a file knows the decorator `bpf`.
fn decorator_names(tree: &Module) -> Vec<String> {
    let mut names = vec!["bpf".to_owned()];
    for stmt in &tree.body {
        let StmtKind::ImportFrom { names: imported, .. } = &stmt.kind else { continue };
        let renamed = imported.iter().filter(|a| a.name.text == "bpf");
        names.extend(renamed.filter_map(|a| a.rename.as_ref()).map(|n| n.text.clone()));
    }
    names
}

struct Walk<'a, 'b> {
    names: Vec<String>,
    cx: &'a mut Context<'b>,
}

impl Walk<'_, '_> {
    fn is_ours(&self, decorators: &[Expr]) -> bool {
        decorators.iter().any(|d| match &d.kind {
            ExprKind::Name(name) => self.names.contains(name),
            ExprKind::Attribute { attr, .. } => attr.text == "bpf",
            _ => false,
        })
    }

    fn refuse(&mut self, refusal: Refusal, span: Span) {
        let error = Diagnostic::error(refusal.code, refusal.message).at(span).help(refusal.help);
        self.cx.emit(error);
    }

    /// The first word of a statement: a whole block is no useful place.
    fn word(&self, span: Span) -> Span {
        let text = self.cx.sources.snippet(span);
        let length = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
        Span { hi: span.lo + length as u32, ..span }
    }

    fn function(&mut self, def: &FunctionDef, span: Span) {
        if def.is_async {
            let lo = self.cx.sources.snippet(span).find("async").map_or(span.lo, |at| span.lo + at as u32);
            self.refuse(refusals::ASYNC_DEF, Span { lo, hi: lo + 5, ..span });
        }
        if let Some((span, _)) = def.unsupported_param {
            self.refuse(refusals::VARARG, span);
        }
        for param in &def.params {
            param.annotation.iter().chain(&param.default).for_each(|e| self.expr(e));
        }
        self.block(&def.body);
    }

    fn class(&mut self, def: &ClassDef) {
        for keyword in &def.keywords {
            self.refuse(refusals::CLASS_KEYWORD, keyword.value.span);
        }
        for stmt in &def.body {
            match &stmt.kind {
                StmtKind::FunctionDef(method) => self.function(method, stmt.span),
                _ => self.stmt(stmt),
            }
        }
    }

    fn block(&mut self, block: &[Stmt]) {
        for s in block {
            self.stmt(s);
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::FunctionDef(def) => self.refuse(refusals::NESTED_FUNCTION, def.name.span),
            StmtKind::ClassDef(def) => self.refuse(refusals::NESTED_CLASS, def.name.span),
            StmtKind::With { items, body } => {
                for (context, target) in items {
                    self.expr(context);
                    target.iter().for_each(|t| self.expr(t));
                }
                self.block(body);
            }
            StmtKind::Match { subject, cases } => {
                self.expr(subject);
                for case in cases {
                    self.pattern(&case.pattern);
                    case.guard.iter().for_each(|g| self.expr(g));
                    self.block(&case.body);
                }
            }
            StmtKind::Unsupported(name) => {
                let word = self.word(stmt.span);
                self.refuse(refusals::statement(name), word);
            }
            StmtKind::Return(value) => {
                if let Some(e) = value {
                    self.expr(e);
                }
            }
            StmtKind::Delete(targets) => {
                for e in targets {
                    self.expr(e);
                }
            }
            StmtKind::Assign { targets, value } => {
                self.expr(value);
                for e in targets {
                    self.expr(e);
                }
            }
            StmtKind::AugAssign { target, value, .. } => {
                self.expr(target);
                self.expr(value);
            }
            StmtKind::AnnAssign { target, annotation, value } => {
                self.expr(target);
                self.expr(annotation);
                if let Some(e) = value {
                    self.expr(e);
                }
            }
            StmtKind::For { target, iter, body, orelse } => {
                self.expr(target);
                self.expr(iter);
                self.block(body);
                self.block(orelse);
            }
            StmtKind::While { test, body, orelse } | StmtKind::If { test, body, orelse } => {
                self.expr(test);
                self.block(body);
                self.block(orelse);
            }
            StmtKind::Assert { test, message } => {
                self.expr(test);
                if let Some(e) = message {
                    self.expr(e);
                }
            }
            // `...` alone does nothing, as in Python.
            StmtKind::Expr(Expr { kind: ExprKind::Unsupported("..."), .. }) => {}
            StmtKind::Expr(e) => self.expr(e),
            StmtKind::Import(_)
            | StmtKind::ImportFrom { .. }
            | StmtKind::Global(_)
            | StmtKind::Pass
            | StmtKind::Break
            | StmtKind::Continue => {}
        }
    }

    fn pattern(&mut self, pattern: &Pattern) {
        match &pattern.kind {
            PatternKind::Value(value) | PatternKind::Singleton(value) => self.expr(value),
            PatternKind::Or(all) => all.iter().for_each(|p| self.pattern(p)),
            PatternKind::Capture(Some(inner), _) => self.pattern(inner),
            PatternKind::Capture(None, _) | PatternKind::Wildcard => {}
            PatternKind::Unsupported(name) => self.refuse(refusals::pattern(name), pattern.span),
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Unsupported(name) => self.refuse(refusals::expression(name), expr.span),
            ExprKind::Name(_)
            | ExprKind::Int(_)
            | ExprKind::Bool(_)
            | ExprKind::None
            | ExprKind::Str(_)
            | ExprKind::Bytes(_) => {}
            ExprKind::FString(parts) => {
                for part in parts {
                    if let FPart::Value { value, .. } = part {
                        self.expr(value);
                    }
                }
            }
            ExprKind::BoolOp { values, .. } | ExprKind::Tuple(values) | ExprKind::List(values) => {
                for e in values {
                    self.expr(e);
                }
            }
            ExprKind::Binary { left, right, .. } => {
                self.expr(left);
                self.expr(right);
            }
            ExprKind::Unary { operand, .. } => self.expr(operand),
            ExprKind::Compare { first, rest } => {
                self.expr(first);
                for (_, e) in rest {
                    self.expr(e);
                }
            }
            ExprKind::IfExp { test, then, orelse } => {
                self.expr(test);
                self.expr(then);
                self.expr(orelse);
            }
            ExprKind::Call { func, args, keywords } => {
                self.expr(func);
                for e in args {
                    self.expr(e);
                }
                for keyword in keywords {
                    if keyword.name.is_none() {
                        self.refuse(refusals::STAR, keyword.value.span);
                    }
                    self.expr(&keyword.value);
                }
            }
            ExprKind::Attribute { value, .. } | ExprKind::Walrus { value, .. } => self.expr(value),
            ExprKind::Subscript { value, index } => {
                self.expr(value);
                self.expr(index);
            }
        }
    }
}

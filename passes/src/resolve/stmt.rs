//! Statements, and places that they assign to.
//!
//! Promises: a statement that is wrong is told once and dropped. Leaves out: expressions.

use super::Resolver;
use super::body::{Body, is_docstring};
use super::scope::Entry;
use crate::infer::{decided, leaves};
use pbpf_core::ast::{Expr, ExprKind, Stmt, StmtKind};
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{self, Place, PlaceKind};

impl Resolver<'_, '_> {
    pub(super) fn block(&mut self, body: &mut Body, block: &[Stmt]) -> Vec<hir::Stmt> {
        let mut out = Vec::with_capacity(block.len());
        for stmt in block {
            if is_docstring(stmt) {
                continue;
            }
            if let Some(stmts) = self.kernel_loop(body, stmt) {
                out.extend(stmts);
                continue;
            }
            if let Some(kind) = self.stmt(body, stmt) {
                out.push(hir::Stmt { kind, span: stmt.span });
                if out.last().is_some_and(leaves) {
                    break;
                }
            }
        }
        out
    }

    pub(super) fn stmt(&mut self, body: &mut Body, stmt: &Stmt) -> Option<hir::StmtKind> {
        Some(match &stmt.kind {
            StmtKind::Expr(e) => hir::StmtKind::Expr(self.expr(body, e)?),
            StmtKind::Assign { targets, value } => return self.assign(body, targets, value),
            StmtKind::AnnAssign { target, annotation, value } => {
                let ty = self.type_of(annotation);
                if let (ExprKind::Name(name), Some(ty)) = (&target.kind, ty)
                    && let Some(local) = body.locals.get(name)
                {
                    let local = &mut self.module.functions[body.func].locals[*local];
                    if local.declared && local.ty != ty {
                        let first = local.span;
                        self.cx.emit(
                            Diagnostic::error(
                                "type-mismatch",
                                format!("`{name}` is annotated twice, with two types"),
                            )
                            .at(annotation.span)
                            .label(first, "the first is here"),
                        );
                        return None;
                    }
                    local.ty = ty;
                    local.declared = true;
                }
                let Some(value) = value else { return Some(hir::StmtKind::Pass) };
                return self.assign(body, std::slice::from_ref(target), value);
            }
            StmtKind::AugAssign { target, op, value } => {
                let place = self.place(body, target)?;
                let (op, at) = (self.operator(*op, stmt.span)?, value.span);
                let value = self.expr(body, value)?;
                self.divisor(op, &value, at)?;
                hir::StmtKind::Update { place, op, value, through: None }
            }
            StmtKind::Delete(targets) => {
                let [Expr { kind: ExprKind::Subscript { value, index }, .. }] = targets.as_slice() else {
                    self.error(
                        "unsupported-delete",
                        "`del` removes one key of a map: `del m[key]`",
                        stmt.span,
                    );
                    return None;
                };
                let Some(map) = self.map_of(body, value) else {
                    if self.is_broken(value) {
                        return None;
                    }
                    self.error(
                        "unsupported-delete",
                        "`del` removes one key of a map: `del m[key]`",
                        value.span,
                    );
                    return None;
                };
                self.delete(body, map, value, index, stmt.span)?
            }
            StmtKind::If { test, body: then, orelse } => {
                let test = self.expr(body, test);
                // What never runs may use what the kernel compiled against has not.
                let way = test.as_ref().and_then(decided);
                let then = if way == Some(false) { Vec::new() } else { self.block(body, then) };
                let orelse = if way == Some(true) { Vec::new() } else { self.block(body, orelse) };
                hir::StmtKind::If { test: test?, then, orelse }
            }
            StmtKind::While { test, body: inner, orelse } => hir::StmtKind::While {
                test: self.expr(body, test)?,
                body: self.block(body, inner),
                orelse: self.block(body, orelse),
            },
            StmtKind::For { target, iter, body: inner, orelse } => {
                let over = self.over(body, target, iter);
                let (inner, orelse) = (self.block(body, inner), self.block(body, orelse));
                hir::StmtKind::For { over: over?, body: inner, orelse }
            }
            StmtKind::Match { subject, cases } => return self.matching(body, subject, cases),
            StmtKind::With { items, body: inner } => return self.with(body, items, inner, stmt.span),
            StmtKind::Return(value) => hir::StmtKind::Return(match value {
                Some(value) => Some(self.expr(body, value)?),
                None => None,
            }),
            StmtKind::Assert { test, .. } => hir::StmtKind::Assert(self.expr(body, test)?),
            StmtKind::Break => hir::StmtKind::Break,
            StmtKind::Continue => hir::StmtKind::Continue,
            StmtKind::Pass => hir::StmtKind::Pass,
            StmtKind::Global(names) => {
                for name in names {
                    if !matches!(self.lookup(&name.text), Some(Entry::Global(_))) {
                        self.error(
                            "unknown-name",
                            format!("there is no `@bpfglobal` `{}`", name.text),
                            name.span,
                        );
                    }
                }
                hir::StmtKind::Pass
            }
            // Imports inside a function bind for the whole file, as far as programs are concerned.
            StmtKind::Import(_) | StmtKind::ImportFrom { .. } => {
                self.import_or_constant(stmt);
                hir::StmtKind::Pass
            }
            // The pass `subset` has refused these.
            StmtKind::FunctionDef(_) | StmtKind::ClassDef(_) | StmtKind::Unsupported(_) => return None,
        })
    }

    pub(super) fn assign(
        &mut self,
        body: &mut Body,
        targets: &[Expr],
        value: &Expr,
    ) -> Option<hir::StmtKind> {
        if targets.iter().any(|t| matches!(t.kind, ExprKind::Tuple(_) | ExprKind::List(_))) {
            return self.unpack(body, targets, value);
        }
        if let [Expr { kind: ExprKind::Name(name), .. }] = targets
            && let Some(map) = self.inner_of(body, value)
            && let Some(local) = body.locals.get(name)
        {
            body.handles.insert(*local, map);
        }
        let value = self.expr(body, value);
        let places: Option<Vec<_>> = targets.iter().map(|t| self.place(body, t)).collect();
        Some(hir::StmtKind::Assign { places: places?, value: value? })
    }

    /// `(a, (b, c)) = d, (e, f)`, and chains of such targets.
    fn unpack(&mut self, body: &mut Body, targets: &[Expr], value: &Expr) -> Option<hir::StmtKind> {
        if !matches!(value.kind, ExprKind::Tuple(_) | ExprKind::List(_)) {
            self.error("unsupported-unpack", "only a tuple as written can be unpacked", value.span);
            return None;
        }
        let (mut flat, mut values) = (Vec::new(), Vec::new());
        for (i, target) in targets.iter().enumerate() {
            let mut pairs = Vec::new();
            self.pair(target, value, &mut pairs)?;
            if i > 0 {
                // `a, b = c, d = 1, 2`: each value is evaluated once.
                self.error("unsupported-unpack", "a tuple is unpacked into one row of names", target.span);
                return None;
            }
            for (target, value) in pairs {
                flat.push(target);
                values.push(self.expr(body, value));
            }
        }
        let places: Option<Vec<_>> = flat.into_iter().map(|t| self.place(body, t)).collect();
        let values: Option<Vec<_>> = values.into_iter().collect();
        Some(hir::StmtKind::Unpack { places: places?, values: values? })
    }

    /// The single targets in a target, each with its value.
    fn pair<'e>(
        &mut self,
        target: &'e Expr,
        value: &'e Expr,
        pairs: &mut Vec<(&'e Expr, &'e Expr)>,
    ) -> Option<()> {
        let (ExprKind::Tuple(targets) | ExprKind::List(targets)) = &target.kind else {
            pairs.push((target, value));
            return Some(());
        };
        let (ExprKind::Tuple(values) | ExprKind::List(values)) = &value.kind else {
            self.error("unsupported-unpack", "only a tuple as written can be unpacked", value.span);
            return None;
        };
        if values.len() != targets.len() {
            let message = format!("{} values cannot be unpacked into {} names", values.len(), targets.len());
            self.error("wrong-arity", message, target.span);
            return None;
        }
        targets.iter().zip(values).try_for_each(|(t, v)| self.pair(t, v, pairs))
    }

    pub(super) fn place(&mut self, body: &mut Body, target: &Expr) -> Option<Place> {
        let span = target.span;
        let kind = match &target.kind {
            ExprKind::Name(name) => match body.locals.get(name) {
                Some(local) => PlaceKind::Local(*local),
                None => match self.lookup(name) {
                    Some(Entry::Global(global)) => PlaceKind::Global(*global),
                    Some(Entry::Broken) => return None,
                    _ => {
                        self.error("unknown-name", format!("`{name}` cannot be assigned"), span);
                        return None;
                    }
                },
            },
            ExprKind::Attribute { attr, .. } if let Some(entry) = self.module_attribute(body, target) => {
                let Entry::Global(global) = entry else {
                    let name = &attr.text;
                    self.error("unknown-name", format!("`{name}` cannot be assigned"), span);
                    return None;
                };
                PlaceKind::Global(global)
            }
            ExprKind::Attribute { value, attr } => {
                PlaceKind::Field { base: self.expr(body, value)?, name: attr.text.clone() }
            }
            ExprKind::Subscript { value, index } => match self.map_of(body, value) {
                Some(map) => self.item_place(body, map, value, index, span)?,
                None => PlaceKind::Index { base: self.expr(body, value)?, index: self.expr(body, index)? },
            },
            _ => {
                self.error("bad-assignment", "this cannot be assigned", span);
                return None;
            }
        };
        Some(Place { kind, ty: self.module.types.void(), span })
    }
}

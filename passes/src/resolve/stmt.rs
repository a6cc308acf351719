//! Statements, and places that they assign to.
//!
//! Promises: a statement that is wrong is told once and dropped. Leaves out: expressions.

use super::Resolver;
use super::body::{Body, is_docstring};
use super::scope::Entry;
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
            if let Some(kind) = self.stmt(body, stmt) {
                out.push(hir::Stmt { kind, span: stmt.span });
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
                    self.error(
                        "unsupported-delete",
                        "`del` removes one key of a map: `del m[key]`",
                        value.span,
                    );
                    return None;
                };
                self.delete(body, map, value, index, stmt.span)?
            }
            StmtKind::If { test, body: then, orelse } => hir::StmtKind::If {
                test: self.expr(body, test)?,
                then: self.block(body, then),
                orelse: self.block(body, orelse),
            },
            StmtKind::While { test, body: inner, orelse } => hir::StmtKind::While {
                test: self.expr(body, test)?,
                body: self.block(body, inner),
                orelse: self.block(body, orelse),
            },
            StmtKind::For { target, iter, body: inner, orelse } => {
                let (start, stop, step) = self.range(body, iter)?;
                let ExprKind::Name(name) = &target.kind else {
                    self.error("unsupported-for", "the loop variable of `for` is one name", target.span);
                    return None;
                };
                let local = *body.locals.get(name)?;
                let inner = self.block(body, inner);
                hir::StmtKind::Range {
                    local,
                    start,
                    stop,
                    step,
                    body: inner,
                    orelse: self.block(body, orelse),
                }
            }
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
            StmtKind::FunctionDef(_)
            | StmtKind::ClassDef(_)
            | StmtKind::With { .. }
            | StmtKind::Match { .. }
            | StmtKind::Unsupported(_) => return None,
        })
    }

    pub(super) fn range(&mut self, body: &mut Body, iter: &Expr) -> Option<(hir::Expr, hir::Expr, i64)> {
        let refuse = |this: &mut Self| {
            this.cx.emit(
                Diagnostic::error("unsupported-for", "`for` iterates over `range(...)` only")
                    .at(iter.span)
                    .help("write `for i in range(n):`"),
            );
            None
        };
        let ExprKind::Call { func, args, keywords } = &iter.kind else { return refuse(self) };
        let is_range =
            matches!(&func.kind, ExprKind::Name(name) if name == "range" && self.lookup(name).is_none());
        if !is_range || !keywords.is_empty() || args.is_empty() || args.len() > 3 {
            return refuse(self);
        }
        let zero = self.int_expr(0, iter.span);
        let (start, stop) = match args.as_slice() {
            [stop] => (zero, self.expr(body, stop)?),
            [start, stop, ..] => (self.expr(body, start)?, self.expr(body, stop)?),
            [] => return None,
        };
        let step = match args.get(2) {
            Some(step) => self.constant(step, "the step of `range`")?,
            None => 1,
        };
        if step == 0 {
            self.error("bad-range", "the step of `range` is 0", args[2].span);
            return None;
        }
        Some((start, stop, step))
    }

    pub(super) fn assign(
        &mut self,
        body: &mut Body,
        targets: &[Expr],
        value: &Expr,
    ) -> Option<hir::StmtKind> {
        if let [Expr { kind: ExprKind::Tuple(targets) | ExprKind::List(targets), span }] = targets {
            let (ExprKind::Tuple(values) | ExprKind::List(values)) = &value.kind else {
                self.error("unsupported-unpack", "only a tuple as written can be unpacked", value.span);
                return None;
            };
            if values.len() != targets.len() {
                let message =
                    format!("{} values cannot be unpacked into {} names", values.len(), targets.len());
                self.error("wrong-arity", message, *span);
                return None;
            }
            let values: Option<Vec<_>> = values.iter().map(|v| self.expr(body, v)).collect();
            let places: Option<Vec<_>> = targets.iter().map(|t| self.place(body, t)).collect();
            return Some(hir::StmtKind::Unpack { places: places?, values: values? });
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

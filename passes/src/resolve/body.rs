//! Bodies of functions: statements, places and expressions.
//!
//! Promises: a name assigned anywhere in a function is local there, as in Python. Leaves out: calls and
//! operators.

use super::Resolver;
use super::scope::Entry;
use pbpf_core::ast::{self, Expr, ExprKind, Stmt, StmtKind, UnaryOp};
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{self, Binding, FuncId, FunctionKind, Local, LocalId, Place, PlaceKind};
use pbpf_core::names;
use pbpf_core::rows::Arguments;
use pbpf_core::source::Span;
use pbpf_core::types::{Region, Type, TypeId};
use std::collections::BTreeMap;

/// Whether a statement is text that stands alone.
pub(super) fn is_docstring(stmt: &Stmt) -> bool {
    matches!(&stmt.kind, StmtKind::Expr(Expr { kind: ExprKind::Str(_), .. }))
}

/// Names of one function.
pub(super) struct Body {
    pub(super) func: FuncId,
    locals: BTreeMap<String, LocalId>,
    globals: Vec<String>,
}

/// All names that a block binds.
fn bound_names(block: &[Stmt], out: &mut Vec<(String, Span)>, globals: &mut Vec<String>) {
    let mut target = |expr: &Expr| {
        let mut stack = vec![expr];
        while let Some(expr) = stack.pop() {
            match &expr.kind {
                ExprKind::Name(name) => out.push((name.clone(), expr.span)),
                ExprKind::Tuple(items) | ExprKind::List(items) => stack.extend(items.iter().rev()),
                _ => {}
            }
        }
    };
    for stmt in block {
        match &stmt.kind {
            StmtKind::Assign { targets, .. } => targets.iter().for_each(&mut target),
            StmtKind::AugAssign { target: t, .. } | StmtKind::AnnAssign { target: t, .. } => target(t),
            StmtKind::For { target: t, .. } => target(t),
            StmtKind::Global(names) => globals.extend(names.iter().map(|n| n.text.clone())),
            _ => {}
        }
    }
    for stmt in block {
        match &stmt.kind {
            StmtKind::For { body, orelse, .. }
            | StmtKind::While { body, orelse, .. }
            | StmtKind::If { body, orelse, .. } => {
                bound_names(body, out, globals);
                bound_names(orelse, out, globals);
            }
            StmtKind::With { body, .. } => bound_names(body, out, globals),
            StmtKind::Match { cases, .. } => cases.iter().for_each(|c| bound_names(&c.body, out, globals)),
            _ => {}
        }
    }
}

impl Resolver<'_, '_> {
    pub(super) fn function_body(&mut self, func: FuncId, def: &ast::FunctionDef, drop_self: bool) {
        let mut body = Body { func, locals: BTreeMap::new(), globals: Vec::new() };
        self.params(&mut body, def, drop_self);
        if let Some(returns) = &def.returns {
            let void = matches!(returns.kind, ExprKind::None);
            let ty = if void { Some(self.module.types.void()) } else { self.type_of(returns) };
            self.module.functions[func].ret = ty;
        }
        let mut bound = Vec::new();
        bound_names(&def.body, &mut bound, &mut body.globals);
        for (name, span) in bound {
            if !body.globals.contains(&name) && !body.locals.contains_key(&name) {
                let void = self.module.types.void();
                let local = Local { name: name.clone(), ty: void, declared: false, binding: None, span };
                let id = self.module.functions[func].locals.push(local);
                body.locals.insert(name, id);
            }
        }
        let stmts = self.block(&mut body, &def.body);
        self.module.functions[func].body = stmts;
    }

    /// Whether a first parameter is the context: it is called `ctx`, or its annotation says so. Without an annotation it
    /// is, unless the program's parameters may be the arguments themselves.
    fn is_context(&mut self, param: &ast::Param, arguments: Option<&Arguments>) -> bool {
        if param.name.text == "ctx" {
            return true;
        }
        let Some(annotation) = &param.annotation else {
            return !matches!(arguments, Some(Arguments::Prototype { .. }));
        };
        let name = match &annotation.kind {
            ExprKind::Name(name) => name,
            ExprKind::Attribute { attr, .. } => &attr.text,
            _ => return false,
        };
        name == "c_void_p" || matches!(self.lookup(name), Some(Entry::KernelRecord(_)))
    }

    fn params(&mut self, body: &mut Body, def: &ast::FunctionDef, drop_self: bool) {
        let func = body.func;
        let program = match &self.module.functions[func].kind {
            FunctionKind::Program(program) => Some(program.clone()),
            FunctionKind::Subprogram => None,
        };
        let row = program.as_ref().map(|p| &self.cx.registry.program_type(p.program_type).row);
        let arguments = row.map(|row| {
            let pattern = program.as_ref().and_then(|p| p.pattern).and_then(|i| row.sections.get(i));
            pattern.and_then(|p| p.arguments.clone()).unwrap_or_else(|| row.context_arguments())
        });
        let mut next_argument = 0;
        for (i, param) in def.params.iter().enumerate().skip(usize::from(drop_self)) {
            let callback = program.as_ref().is_some_and(|p| p.callback.is_some());
            let (binding, ty) = if program.is_none() {
                // The context handed on by a program.
                let is_context = param.name.text == "ctx" && self.is_context(param, None);
                let ty = match &param.annotation {
                    _ if is_context => {
                        let void = self.module.types.void();
                        Some(self.module.types.ptr(void, Region::Ctx, false))
                    }
                    Some(annotation) => self.parameter_type(annotation),
                    None => Some(self.module.types.int(64, true)),
                };
                (None, ty)
            } else if !callback && i == 0 && self.is_context(param, arguments.as_ref()) {
                let void = self.module.types.void();
                (Some(Binding::Context), Some(self.module.types.ptr(void, Region::Ctx, false)))
            } else {
                let index = next_argument;
                next_argument += 1;
                if matches!(arguments, Some(Arguments::None)) {
                    // PythonBPF ignores further parameters; nothing could be in them.
                    self.cx.emit(
                        Diagnostic::error(
                            "wrong-arity",
                            format!("programs of this type have no argument `{}`", param.name.text),
                        )
                        .at(param.name.span)
                        .help("take the context alone: `def f(ctx)`"),
                    );
                }
                let ty = match &param.annotation {
                    Some(annotation) => self.parameter_type(annotation),
                    None => Some(self.module.types.void()),
                };
                (Some(Binding::Argument(index)), ty)
            };
            let Some(ty) = ty else { continue };
            let declared = param.annotation.is_some();
            let local = Local { name: param.name.text.clone(), ty, declared, binding, span: param.name.span };
            let id = self.module.functions[func].locals.push(local);
            if binding == Some(Binding::Context) {
                self.module.functions[func].context = Some(id);
            }
            self.module.functions[func].params.push(id);
            if body.locals.insert(param.name.text.clone(), id).is_some() {
                self.error(
                    "duplicate-name",
                    format!("there are two parameters `{}`", param.name.text),
                    param.name.span,
                );
            }
            if let Some(default) = &param.default {
                self.error("unsupported-default", "parameters have no defaults", default.span);
            }
        }
    }

    /// The type of a parameter: a record is passed by reference.
    fn parameter_type(&mut self, annotation: &Expr) -> Option<TypeId> {
        let ty = self.type_of(annotation)?;
        Some(match self.module.types.get(ty) {
            Type::Record(record) => {
                let user = self.module.types.records[*record].origin == pbpf_core::types::Origin::User;
                let region = if user { Region::Stack } else { Region::KernelUntrusted };
                self.module.types.ptr(ty, region, false)
            }
            _ => ty,
        })
    }

    fn block(&mut self, body: &mut Body, block: &[Stmt]) -> Vec<hir::Stmt> {
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

    fn stmt(&mut self, body: &mut Body, stmt: &Stmt) -> Option<hir::StmtKind> {
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
                hir::StmtKind::Update { place, op: *op, value: self.expr(body, value)? }
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
                let Some(map) = self.map_of(value) else {
                    self.error(
                        "unsupported-delete",
                        "`del` removes one key of a map: `del m[key]`",
                        value.span,
                    );
                    return None;
                };
                hir::StmtKind::Delete { map, key: self.expr(body, index)? }
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

    fn range(&mut self, body: &mut Body, iter: &Expr) -> Option<(hir::Expr, hir::Expr, i64)> {
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

    fn assign(&mut self, body: &mut Body, targets: &[Expr], value: &Expr) -> Option<hir::StmtKind> {
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
        let value = self.expr(body, value);
        let places: Option<Vec<_>> = targets.iter().map(|t| self.place(body, t)).collect();
        Some(hir::StmtKind::Assign { places: places?, value: value? })
    }

    fn place(&mut self, body: &mut Body, target: &Expr) -> Option<Place> {
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
            ExprKind::Subscript { value, index } => match self.map_of(value) {
                Some(map) => PlaceKind::MapItem { map, key: self.expr(body, index)? },
                None => PlaceKind::Index { base: self.expr(body, value)?, index: self.expr(body, index)? },
            },
            _ => {
                self.error("bad-assignment", "this cannot be assigned", span);
                return None;
            }
        };
        Some(Place { kind, ty: self.module.types.void(), span })
    }

    /// The map that an expression names: `m`, or `m()` as older PythonBPF programs write.
    pub(super) fn map_of(&self, expr: &Expr) -> Option<hir::MapId> {
        let name = match &expr.kind {
            ExprKind::Name(name) => name,
            ExprKind::Call { func, args, keywords } if args.is_empty() && keywords.is_empty() => {
                match &func.kind {
                    ExprKind::Name(name) => name,
                    _ => return None,
                }
            }
            _ => return None,
        };
        match self.lookup(name) {
            Some(Entry::Map(map)) => Some(*map),
            _ => None,
        }
    }

    pub(super) fn make(&self, kind: hir::ExprKind, span: Span) -> hir::Expr {
        hir::Expr { kind, ty: self.module.types.void(), span }
    }

    pub(super) fn int_expr(&self, value: i64, span: Span) -> hir::Expr {
        self.make(hir::ExprKind::Int(value), span)
    }

    /// A number as written; those past `i64` are unsigned from here on.
    fn number(&mut self, value: Option<i128>, span: Span) -> Option<hir::Expr> {
        let word = value.and_then(super::constant::word);
        let Some(word) = word else {
            self.error("number-too-large", "the number does not fit 64 bits", span);
            return None;
        };
        let mut expr = self.int_expr(word, span);
        if value.is_some_and(|v| v > i128::from(i64::MAX)) {
            expr.ty = self.module.types.int(64, false);
        }
        Some(expr)
    }

    pub(super) fn exprs(&mut self, body: &mut Body, list: &[Expr]) -> Option<Vec<hir::Expr>> {
        // All operands are looked at, so that each mistake is told.
        let all: Vec<Option<hir::Expr>> = list.iter().map(|e| self.expr(body, e)).collect();
        all.into_iter().collect()
    }

    pub(super) fn expr(&mut self, body: &mut Body, expr: &Expr) -> Option<hir::Expr> {
        let span = expr.span;
        let kind = match &expr.kind {
            ExprKind::Name(name) => return self.name(body, name, span),
            ExprKind::Int(value) => return self.number(*value, span),
            ExprKind::Bool(value) => hir::ExprKind::Bool(*value),
            ExprKind::None => hir::ExprKind::None,
            ExprKind::Str(text) => hir::ExprKind::Text(text.clone()),
            ExprKind::FString(_) => {
                self.error("unsupported-f-string", "an f-string stands in `print(...)` only", span);
                return None;
            }
            ExprKind::BoolOp { and, values } => hir::ExprKind::Logical(*and, self.exprs(body, values)?),
            ExprKind::Binary { op, left, right } => return self.binary(body, *op, left, right, span),
            ExprKind::Unary { op, operand } => {
                if let Some(value) = self.quiet_constant(expr)
                    && matches!(op, UnaryOp::Neg | UnaryOp::Plus)
                {
                    return Some(self.int_expr(value, span));
                }
                let operand = Box::new(self.expr(body, operand)?);
                match op {
                    UnaryOp::Not => hir::ExprKind::Not(operand),
                    UnaryOp::Neg => hir::ExprKind::Unary(hir::UnaryOp::Neg, operand),
                    UnaryOp::Invert => hir::ExprKind::Unary(hir::UnaryOp::Invert, operand),
                    UnaryOp::Plus => return Some(*operand),
                }
            }
            ExprKind::Compare { first, rest } => return self.compare(body, first, rest, span),
            ExprKind::IfExp { test, then, orelse } => {
                let test = self.expr(body, test);
                let then = self.expr(body, then);
                let orelse = self.expr(body, orelse);
                hir::ExprKind::If(Box::new(test?), Box::new(then?), Box::new(orelse?))
            }
            ExprKind::Call { func, args, keywords } => return self.call(body, func, args, keywords, span),
            ExprKind::Attribute { value, attr } => {
                if let ExprKind::Name(name) = &value.kind
                    && !body.locals.contains_key(name)
                    && let Some(Entry::Module(module)) = self.lookup(name).cloned()
                {
                    let entry = self.entry_of(&module, &attr.text);
                    return self.entry(entry.as_ref(), &attr.text, span);
                }
                hir::ExprKind::Field(Box::new(self.expr(body, value)?), attr.text.clone())
            }
            ExprKind::Subscript { value, index } => match self.map_of(value) {
                Some(map) => hir::ExprKind::Item(map, Box::new(self.expr(body, index)?)),
                None => {
                    let (value, index) = (self.expr(body, value), self.expr(body, index));
                    hir::ExprKind::Index(Box::new(value?), Box::new(index?))
                }
            },
            ExprKind::Walrus { target, value } => {
                let value = self.expr(body, value)?;
                let local = match body.locals.get(&target.text) {
                    Some(local) => *local,
                    None => {
                        let void = self.module.types.void();
                        let local = Local {
                            name: target.text.clone(),
                            ty: void,
                            declared: false,
                            binding: None,
                            span: target.span,
                        };
                        let id = self.module.functions[body.func].locals.push(local);
                        body.locals.insert(target.text.clone(), id);
                        id
                    }
                };
                hir::ExprKind::Walrus(local, Box::new(value))
            }
            ExprKind::Tuple(_) | ExprKind::List(_) | ExprKind::Bytes(_) => {
                self.error("unsupported-value", "this value cannot be used here", span);
                return None;
            }
            // The pass `subset` has refused these.
            ExprKind::Unsupported(_) => return None,
        };
        Some(self.make(kind, span))
    }

    fn name(&mut self, body: &Body, name: &str, span: Span) -> Option<hir::Expr> {
        if let Some(local) = body.locals.get(name) {
            return Some(self.make(hir::ExprKind::Local(*local), span));
        }
        let entry = self.lookup(name).cloned();
        if entry.is_none() {
            let locals: Vec<String> = body.locals.keys().cloned().collect();
            let globals: Vec<String> = self.scope.names().map(str::to_owned).collect();
            let known = locals.iter().chain(&globals).map(String::as_str);
            let near = names::nearest(name, known).map(|n| format!("did you mean `{n}`?"));
            self.cx.emit(
                Diagnostic::error("unknown-name", format!("`{name}` is not known")).at(span).maybe_help(near),
            );
            return None;
        }
        self.entry(entry.as_ref(), name, span)
    }

    /// The value of a name of the top level.
    fn entry(&mut self, entry: Option<&Entry>, name: &str, span: Span) -> Option<hir::Expr> {
        let kind = match entry {
            Some(Entry::Constant(value)) => return self.number(Some(*value), span),
            Some(Entry::Text(text)) => hir::ExprKind::Text(text.clone()),
            Some(Entry::KernelName(module, kernel)) => {
                let value = self.kernel_constant(module, kernel, span)?;
                return self.number(Some(value), span);
            }
            Some(Entry::Map(map)) => hir::ExprKind::Map(*map),
            Some(Entry::Global(global)) => hir::ExprKind::Global(*global),
            Some(Entry::Function(func)) => hir::ExprKind::Function(*func),
            Some(Entry::Foreign) => {
                self.cx.emit(
                    Diagnostic::error(
                        "user-space-name",
                        format!("`{name}` belongs to user space; programs cannot use it"),
                    )
                    .at(span)
                    .help("decorate what programs use with `@bpf`, or make it a constant number"),
                );
                return None;
            }
            Some(Entry::Broken) => return None,
            Some(Entry::Helper(..)) => {
                self.error("bad-call", format!("helper `{name}` must be called: `{name}(...)`"), span);
                return None;
            }
            Some(_) => {
                self.error("bad-value", format!("`{name}` is no value"), span);
                return None;
            }
            None => {
                self.error("unknown-name", format!("`{name}` is not known"), span);
                return None;
            }
        };
        Some(self.make(kind, span))
    }
}

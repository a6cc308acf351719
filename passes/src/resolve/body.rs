//! Bodies of functions: statements, places and expressions.
//!
//! Promises: a name assigned anywhere in a function is local there, as in Python. Leaves out: calls and
//! operators.

use super::Resolver;
use super::bound::Bound;
use super::iterators::NamedIterator;
use super::scope::Entry;
use pbpf_core::ast::{self, Expr, ExprKind, Stmt, StmtKind};
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{Binding, FuncId, FunctionKind, Local, LocalId, MapId};
use pbpf_core::rows::Arguments;
use pbpf_core::types::{Region, Type, TypeId};
use std::collections::{BTreeMap, BTreeSet};

/// Whether a statement is text or `...` that stands alone.
pub(super) fn is_docstring(stmt: &Stmt) -> bool {
    matches!(&stmt.kind, StmtKind::Expr(Expr { kind: ExprKind::Str(_) | ExprKind::Unsupported("..."), .. }))
}

/// Names of one function.
pub(super) struct Body {
    pub(super) func: FuncId,
    pub(super) locals: BTreeMap<String, LocalId>,
    pub(super) globals: Vec<String>,
    /// Variables that hold inner maps, and how those are made.
    pub(super) handles: BTreeMap<LocalId, MapId>,
    /// Names that the function binds more than once, a parameter's among them.
    pub(super) rebound: BTreeSet<String>,
    /// Iterators of the kernel that the loops around name.
    pub(super) iterators: BTreeMap<String, NamedIterator>,
}

impl Body {
    /// A function without names so far.
    pub(super) fn new(func: FuncId) -> Self {
        Self {
            func,
            locals: BTreeMap::new(),
            globals: Vec::new(),
            handles: BTreeMap::new(),
            rebound: BTreeSet::new(),
            iterators: BTreeMap::new(),
        }
    }
}

/// Whether a parameter of that name is what the traced function returned: it is called so, or the arguments are gone.
fn is_result(arguments: &Arguments, name: &str) -> bool {
    match arguments {
        Arguments::Registers(registers) => registers.arguments.is_empty() && !registers.result.is_empty(),
        Arguments::Prototype(prototype) => prototype.result.as_deref() == Some(name),
        _ => false,
    }
}

impl Resolver<'_, '_> {
    pub(super) fn function_body(&mut self, func: FuncId, def: &ast::FunctionDef, drop_self: bool) {
        let mut body = Body::new(func);
        self.params(&mut body, def, drop_self);
        if let Some(returns) = &def.returns {
            let void = matches!(returns.kind, ExprKind::None);
            let ty = if void { Some(self.module.types.void()) } else { self.type_of(returns) };
            self.module.functions[func].ret = ty;
        }
        let mut bound = Bound::default();
        bound.block(&def.body);
        body.globals = bound.globals;
        for (name, span) in bound.locals {
            if !body.globals.contains(&name) && !body.locals.contains_key(&name) {
                let void = self.module.types.void();
                let local = Local { name: name.clone(), ty: void, declared: false, binding: None, span };
                let id = self.module.functions[func].locals.push(local);
                body.locals.insert(name, id);
            } else {
                body.rebound.insert(name);
            }
        }
        let stmts = self.block(&mut body, &def.body);
        self.module.functions[func].body = stmts;
    }

    /// Whether a first parameter is the context: it is called `ctx`, or its annotation says so. Without an annotation it
    /// is, unless the program's parameters may be the arguments themselves.
    pub(super) fn is_context(&mut self, param: &ast::Param, arguments: Option<&Arguments>) -> bool {
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

    pub(super) fn params(&mut self, body: &mut Body, def: &ast::FunctionDef, drop_self: bool) {
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
                    // What it is given.
                    None => Some(self.module.types.void()),
                };
                (None, ty)
            } else if let Some(ty) = row
                .filter(|row| !callback && i == 0 && row.context.handed_over)
                .and_then(|_| self.handed_over(param))
            {
                (Some(Binding::Context), Some(ty))
            } else if !callback && i == 0 && self.is_context(param, arguments.as_ref()) {
                let void = self.module.types.void();
                (Some(Binding::Context), Some(self.module.types.ptr(void, Region::Ctx, false)))
            } else {
                let index = next_argument;
                next_argument += 1;
                if matches!(arguments, Some(Arguments::None)) {
                    // PythonBPF ignores further parameters: nothing could be in them.
                    self.cx.emit(
                        Diagnostic::warning(
                            "ignored-parameter",
                            format!("programs of this type have no argument `{}`", param.name.text),
                        )
                        .at(param.name.span)
                        .help("take the context alone: `def f(ctx)`"),
                    );
                    continue;
                }
                let ty = match &param.annotation {
                    Some(annotation) => self.parameter_type(annotation),
                    None => Some(self.module.types.void()),
                };
                let binding = match arguments.as_ref() {
                    Some(arguments) if is_result(arguments, &param.name.text) => Binding::Result,
                    _ => Binding::Argument(index),
                };
                (Some(binding), ty)
            };
            // A wrong type has been told; the name is known all the same.
            let ty = ty.unwrap_or(self.module.types.void());
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
        }
    }

    /// A pointer to the struct of the program that its context is.
    fn handed_over(&mut self, param: &ast::Param) -> Option<TypeId> {
        let annotation = param.annotation.as_ref()?;
        if self.is_context(param, None) {
            return None;
        }
        let ty = self.type_of(annotation)?;
        matches!(self.module.types.get(ty), Type::Record(_))
            .then(|| self.module.types.ptr(ty, Region::Ctx, false))
    }

    /// The type of a parameter: a record, an array and text are passed by reference.
    pub(super) fn parameter_type(&mut self, annotation: &Expr) -> Option<TypeId> {
        let ty = self.type_of(annotation)?;
        Some(match self.module.types.get(ty) {
            Type::Record(record) => {
                let user = self.module.types.records[*record].origin == pbpf_core::types::Origin::User;
                let region = if user { Region::Stack } else { Region::KernelUntrusted };
                self.module.types.ptr(ty, region, false)
            }
            Type::Array { .. } | Type::Str { .. } => self.module.types.ptr(ty, Region::Stack, false),
            _ => ty,
        })
    }
}

//! Calls of helpers.
//!
//! Promises: arguments in the order of the row, whatever way they are written. Leaves out: their types.

use super::Resolver;
use super::body::Body;
use pbpf_core::ast::{Expr, ExprKind, Keyword};
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{self};
use pbpf_core::registry::HelperId;
use pbpf_core::rows::{Argument, ArgumentKind, Take};
use pbpf_core::source::Span;
use pbpf_core::types::{Origin, Region, Type};

impl Resolver<'_, '_> {
    /// A helper with the user's arguments put in the order of its row.
    pub(super) fn helper_call(
        &mut self,
        body: &mut Body,
        helper: HelperId,
        take: Take,
        args: &[Expr],
        keywords: &[Keyword],
        span: Span,
    ) -> Option<hir::Expr> {
        let registry = self.cx.registry;
        let row = &registry.helper(helper).row;
        let text = row.args.iter().position(|arg| arg.kind == ArgumentKind::Text);
        if let (true, Some(at), [before @ .., text]) = (row.formats, text, args)
            && before.len() == at
            && keywords.is_empty()
        {
            let kind = self.formats(body, helper, before, text)?;
            return Some(self.make(kind, span));
        }
        let object = self.gives_object(body, helper);
        let is_context = |kind: &ArgumentKind| match kind {
            ArgumentKind::Ctx => true,
            ArgumentKind::CtxOr(_) => !object,
            _ => false,
        };
        // As in C, the context may be written where the kernel takes it.
        let context = row.args.iter().position(|a| is_context(&a.kind));
        let without = context
            .filter(|at| args.get(*at).is_some_and(|arg| self.names_context(body, arg)))
            .map(|at| [&args[..at], &args[at + 1..]].concat());
        let args = without.as_deref().unwrap_or(args);
        // The compiler supplies the context, and sizes that the user leaves out.
        let written: Vec<usize> = (0..row.args.len()).filter(|i| !is_context(&row.args[*i].kind)).collect();
        let without_sizes: Vec<usize> = written
            .iter()
            .copied()
            .filter(|i| !matches!(row.args[*i].kind, ArgumentKind::SizeOf(_)))
            .collect();
        let positions = if args.len() + keywords.len() > without_sizes.len()
            || keywords.iter().any(|k| {
                let is_size = |i: &&usize| matches!(row.args[**i].kind, ArgumentKind::SizeOf(_));
                written
                    .iter()
                    .filter(is_size)
                    .any(|i| k.name.as_ref().is_some_and(|n| n.text == row.args[*i].name))
            }) {
            &written
        } else {
            &without_sizes
        };
        let mut slots: Vec<Option<hir::Expr>> = row.args.iter().map(|_| None).collect();
        if args.len() > positions.len() {
            self.wrong_count(helper, args.len() + keywords.len(), span);
            return None;
        }
        let mut complete = true;
        for (arg, at) in args.iter().zip(positions) {
            slots[*at] = self.argument(body, &row.args[*at], arg);
            complete &= slots[*at].is_some();
        }
        for keyword in keywords {
            let at = keyword.name.as_ref().and_then(|n| row.args.iter().position(|a| a.name == n.text));
            match at {
                Some(at) if slots[at].is_none() => {
                    slots[at] = self.argument(body, &row.args[at], &keyword.value);
                    complete &= slots[at].is_some();
                }
                _ => {
                    self.error(
                        "bad-call",
                        format!("`{}` has no such argument, or has it already", row.name),
                        keyword.value.span,
                    );
                    return None;
                }
            }
        }
        if !complete {
            return None;
        }
        for (i, arg) in row.args.iter().enumerate() {
            if slots[i].is_none() {
                match (&arg.kind, arg.default) {
                    (_, Some(value)) => slots[i] = Some(self.int_expr(value, span)),
                    (kind, None) if is_context(kind) || matches!(kind, ArgumentKind::SizeOf(_)) => {}
                    _ => {
                        self.wrong_count(helper, args.len() + keywords.len(), span);
                        return None;
                    }
                }
            }
        }
        Some(self.make(hir::ExprKind::Helper { helper, take, args: slots }, span))
    }

    fn argument(&mut self, body: &mut Body, row: &Argument, given: &Expr) -> Option<hir::Expr> {
        match (&row.kind, &row.iterator) {
            (_, Some(kind)) => self.named_iterator(body, kind, given),
            (ArgumentKind::TypeId, _) => self.type_id(given),
            _ => self.expr(body, given),
        }
    }

    /// Whether the function gives the helper an object of the kernel where others give the context. Functions that are called
    /// have no context.
    fn gives_object(&self, body: &Body, helper: HelperId) -> bool {
        match &self.module.functions[body.func].kind {
            hir::FunctionKind::Program(program) => {
                self.cx.registry.takes_object(program.program_type, helper)
            }
            hir::FunctionKind::Subprogram => true,
        }
    }

    /// A struct of the program as the kernel is told which one is meant.
    fn type_id(&mut self, arg: &Expr) -> Option<hir::Expr> {
        let ty = self.type_of(arg)?;
        match *self.module.types.get(ty) {
            Type::Record(record) if self.module.types.records[record].origin == Origin::User => {
                let query = hir::Query::Record(hir::RecordQuery::LocalId, record);
                Some(self.make(hir::ExprKind::Query(query), arg.span))
            }
            _ => {
                self.cx.emit(
                    Diagnostic::error("wrong-argument-type", "only structs of the program are allocated")
                        .at(arg.span)
                        .help("declare one with `@bpf @struct`"),
                );
                None
            }
        }
    }

    /// Whether an expression is the variable with the context.
    fn names_context(&self, body: &Body, expr: &Expr) -> bool {
        let ExprKind::Name(name) = &expr.kind else { return false };
        body.locals.get(name).is_some_and(|local| {
            let ty = self.module.functions[body.func].locals[*local].ty;
            matches!(self.module.types.get(ty), Type::Ptr { region: Region::Ctx, .. })
        })
    }

    pub(super) fn wrong_count(&mut self, helper: HelperId, given: usize, span: Span) {
        let registry = self.cx.registry;
        let row = &registry.helper(helper).row;
        let names: Vec<String> = row
            .args
            .iter()
            .filter(|a| !matches!(a.kind, ArgumentKind::Ctx))
            .map(|a| match (&a.kind, a.default) {
                (ArgumentKind::SizeOf(_), _) => format!("[{}]", a.name),
                (_, Some(default)) => format!("{}={default}", a.name),
                _ => a.name.clone(),
            })
            .collect();
        self.cx.emit(
            Diagnostic::error("wrong-argument-count", format!("{given} arguments do not fit `{}`", row.name))
                .at(span)
                .help(format!("it is called as `{}({})`", row.name, names.join(", "))),
        );
    }
}

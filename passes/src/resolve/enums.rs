//! Declarations of enums: `IntEnum` and `IntFlag` classes.
//!
//! Promises: the values that Python gives the members, `auto()` included. Leaves out: methods, which are user space's.

use super::body::Body;
use super::scope::Entry;
use super::{Resolver, body};
use pbpf_core::ast::{ClassDef, Expr, ExprKind, Name, StmtKind};
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir;
use pbpf_core::names;
use pbpf_core::source::Span;
use pbpf_core::types::{Enum, EnumId, Type};

/// A class of Python's `enum`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EnumBase {
    /// `IntEnum`.
    Int,
    /// `IntFlag`.
    IntFlag,
    /// `Enum`, `Flag`, `StrEnum`: their members are no numbers.
    Other,
}

impl Resolver<'_, '_> {
    /// Declares the enum of a class.
    pub(super) fn declare_enum(&mut self, def: &ClassDef, base: EnumBase) -> Option<EnumId> {
        if base == EnumBase::Other {
            self.cx.emit(
                Diagnostic::error(
                    "bad-declaration",
                    format!("the members of `{}` are no numbers", def.name.text),
                )
                .at(def.bases.first().map_or(def.name.span, |b| b.span))
                .help("derive it from `IntEnum` or `IntFlag`"),
            );
            return None;
        }
        let mut members: Vec<(String, i128)> = Vec::new();
        for stmt in &def.body {
            let (target, value) = match &stmt.kind {
                StmtKind::Assign { targets, value } => match targets.as_slice() {
                    [target] => (target, value),
                    _ => return self.bad_member(stmt.span),
                },
                StmtKind::Pass | StmtKind::FunctionDef(_) => continue,
                _ if body::is_docstring(stmt) => continue,
                _ => return self.bad_member(stmt.span),
            };
            let ExprKind::Name(name) = &target.kind else { return self.bad_member(stmt.span) };
            // `_ignore_` and its like are not members.
            if name.starts_with('_') && name.ends_with('_') {
                continue;
            }
            let number = if self.is_auto(value) {
                Some(next(base, &members))
            } else {
                // Members may be made of those above them.
                self.class_names.extend(members.iter().cloned());
                let number = self.constant_value(value);
                self.class_names.clear();
                number
            };
            let Some(number) = number else {
                let message = format!("the value of `{name}` must be a constant number, or `auto()`");
                self.error("not-constant", message, value.span);
                return None;
            };
            if !name.is_ascii() {
                let message = format!("the kernel does not take the name `{name}`");
                self.error("bad-name", message, target.span);
                return None;
            }
            if members.iter().any(|(n, _)| n == name) {
                let message = format!("there are two members `{name}`");
                self.error("duplicate-name", message, target.span);
                return None;
            }
            members.push((name.clone(), number));
        }
        let id = self.finish_enum(def, members)?;
        if base == EnumBase::IntFlag {
            self.flags.insert(id);
        }
        Some(id)
    }

    fn bad_member(&mut self, span: Span) -> Option<EnumId> {
        self.error("bad-declaration", "an enum holds members only: `NAME = number`", span);
        None
    }

    fn is_auto(&mut self, value: &Expr) -> bool {
        matches!(&value.kind, ExprKind::Call { func, args, .. }
            if args.is_empty() && matches!(self.entry_named(func), Some(Entry::Auto)))
    }

    fn finish_enum(&mut self, def: &ClassDef, members: Vec<(String, i128)>) -> Option<EnumId> {
        let name = &def.name.text;
        let (Some(low), Some(high)) =
            (members.iter().map(|(_, v)| *v).min(), members.iter().map(|(_, v)| *v).max())
        else {
            self.error("bad-declaration", format!("enum `{name}` has no members"), def.name.span);
            return None;
        };
        // As a C compiler: four bytes if they hold all members, else eight.
        let signed = low < 0;
        let fits = |bits: u32| {
            if signed { low >= -(1 << (bits - 1)) && high < 1 << (bits - 1) } else { high < 1 << bits }
        };
        let size = match (fits(32), fits(64)) {
            (true, _) => 4,
            (_, true) => 8,
            _ => {
                self.error(
                    "number-too-large",
                    format!("a member of `{name}` does not fit 64 bits"),
                    def.name.span,
                );
                return None;
            }
        };
        let variants = members
            .into_iter()
            .filter_map(|(name, value)| Some((name, super::constant::word(value)?)))
            .collect();
        Some(self.module.types.enums.push(Enum { name: name.clone(), size, signed, variants }))
    }

    /// The values that a loop goes over, or that `in` looks at: those of a tuple, written or named, or the members of an enum.
    pub(super) fn items(&self, body: &Body, expr: &Expr) -> Option<Vec<Expr>> {
        let name = match &expr.kind {
            ExprKind::Tuple(items) | ExprKind::List(items) => return Some(items.clone()),
            ExprKind::Name(name) if !body.locals.contains_key(name) => name,
            _ => return None,
        };
        match self.lookup(name)? {
            Entry::Tuple(items) => Some(items.clone()),
            Entry::Enum(id) if !self.flags.contains(id) => {
                let variants = &self.module.types.enums[*id].variants;
                // A second name of a value is no member.
                let first = |at: usize| variants[..at].iter().all(|(_, v)| *v != variants[at].1);
                let members = (0..variants.len()).filter(|at| first(*at)).map(|at| Expr {
                    kind: ExprKind::Attribute {
                        value: Box::new(expr.clone()),
                        attr: Name { text: variants[at].0.clone(), span: expr.span },
                    },
                    span: expr.span,
                });
                Some(members.collect())
            }
            _ => None,
        }
    }

    /// Whether an expression is `Color.RED`, `Color.RED.value` or `Color.RED.name`, of whatever member.
    pub(super) fn is_enum_attribute(&self, expr: &Expr) -> bool {
        let ExprKind::Attribute { value, attr } = &expr.kind else { return false };
        self.enum_member(expr).is_some()
            || (matches!(attr.text.as_str(), "value" | "name")
                && matches!(self.enum_member(value), Some((_, Some(_)))))
    }

    /// The value of such an expression.
    pub(super) fn enum_attribute(&mut self, expr: &Expr) -> Option<hir::Expr> {
        let ExprKind::Attribute { value, attr } = &expr.kind else { return None };
        let Some((id, found)) = self.enum_member(expr) else {
            let (_, found) = self.enum_member(value)?;
            let (name, number) = found?;
            let kind =
                if attr.text == "value" { hir::ExprKind::Int(number) } else { hir::ExprKind::Text(name) };
            return Some(self.make(kind, expr.span));
        };
        let Some((_, number)) = found else {
            let e = &self.module.types.enums[id];
            let near = names::nearest(&attr.text, e.variants.iter().map(|(n, _)| n.as_str()))
                .map(|n| format!("did you mean `{n}`?"));
            let message = format!("`{}` has no member `{}`", e.name, attr.text);
            self.cx.emit(Diagnostic::error("unknown-name", message).at(attr.span).maybe_help(near));
            return None;
        };
        let ty = self.module.types.intern(Type::Enum(id));
        Some(hir::Expr { kind: hir::ExprKind::Int(number), ty, span: expr.span })
    }

    /// The enum that an attribute is taken of, and the member if it has it.
    pub(super) fn enum_member(&self, expr: &Expr) -> Option<(EnumId, Option<(String, i64)>)> {
        let ExprKind::Attribute { value, attr } = &expr.kind else { return None };
        let ExprKind::Name(name) = &value.kind else { return None };
        let Some(Entry::Enum(id)) = self.lookup(name) else { return None };
        let member = self.module.types.enums[*id].variants.iter().find(|(n, _)| *n == attr.text);
        Some((*id, member.cloned()))
    }
}

/// The value of `auto()` behind some members.
fn next(base: EnumBase, members: &[(String, i128)]) -> i128 {
    match base {
        EnumBase::IntFlag => {
            let highest = members.iter().map(|(_, v)| *v).filter(|v| *v > 0).max();
            highest.map_or(1, |v| 1i128 << (128 - v.leading_zeros()).min(126))
        }
        _ => members.last().map_or(1, |(_, v)| v + 1),
    }
}

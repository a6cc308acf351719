//! Methods of maps.
//!
//! Promises: only those that the rows have; an unknown one has a diagnostic with the nearest. Leaves out: types of keys
//! and values.

use super::Resolver;
use super::body::Body;
use pbpf_core::ast::{Expr, ExprKind, Keyword, Name};
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{self, MapRef};
use pbpf_core::names;
use pbpf_core::rows::{ArgumentKind, MapKey, MapMethod, MapOperation, Take};
use pbpf_core::source::Span;

/// The flags of an update: `BPF_ANY`, `BPF_NOEXIST` or `BPF_EXIST`, and with it `BPF_F_LOCK`.
const UPDATE_FLAGS: std::ops::RangeInclusive<i64> = 0..=2;
/// `BPF_F_LOCK`.
const LOCK: i64 = 4;

/// A call of a method.
pub(super) struct MethodCall<'e> {
    /// The map.
    pub(super) map: MapRef,
    /// As it is written.
    pub(super) of: &'e Expr,
    /// The method.
    pub(super) name: &'e Name,
    pub(super) args: &'e [Expr],
    pub(super) keywords: &'e [Keyword],
    pub(super) span: Span,
}

/// The methods that stand for operations, the operation, and how they are called.
const OPERATIONS: [(&str, MapOperation, &str); 5] = [
    ("lookup", MapOperation::Lookup, "lookup(key)"),
    ("get", MapOperation::Lookup, "get(key)` or `get(key, default)"),
    ("update", MapOperation::Update, "update(key, value, flags=0)"),
    ("setdefault", MapOperation::Update, "setdefault(key, value)"),
    ("delete", MapOperation::Delete, "delete(key)"),
];

impl Resolver<'_, '_> {
    pub(super) fn method(&mut self, body: &mut Body, call: MethodCall<'_>) -> Option<hir::Expr> {
        let kind = self.kind_of(call.map.map)?;
        let name = call.name.text.as_str();
        let row = self.cx.registry.map_methods(&kind.name).find(|m| m.name == name).cloned();
        if let Some(row) = row {
            if row.helper.is_empty() {
                let message = format!("a `{}` has no method `{name}` in programs", kind.title());
                self.cx.emit(
                    Diagnostic::error("unknown-method", message).at(call.name.span).help(row.doc.clone()),
                );
                return None;
            }
            return self.row_method(body, &row, &call);
        }
        if let MapKey::Object(object) = &kind.key {
            match name {
                // The value is made of what stands behind the object.
                "setdefault" if call.args.len() != 2 || !call.keywords.is_empty() => {
                    let message = format!("{} arguments do not fit `setdefault`", call.args.len());
                    let help = "write `setdefault(object, value)`";
                    self.cx.emit(
                        Diagnostic::error("wrong-argument-count", message).at(call.name.span).help(help),
                    );
                    return None;
                }
                "get" | "lookup" | "setdefault" => {
                    return self.object_get(
                        body,
                        &call.map,
                        call.of,
                        call.args,
                        call.keywords,
                        name == "setdefault",
                        call.span,
                    );
                }
                "delete" => {
                    let helper = self.method_helper(&object.delete, name, call.span)?;
                    let all: Vec<Expr> =
                        std::iter::once(call.of.clone()).chain(call.args.iter().cloned()).collect();
                    return self.helper_call(body, helper, Take::All, &all, call.keywords, call.span);
                }
                _ => {}
            }
        } else if let Some((_, operation, form)) = OPERATIONS.iter().find(|(n, ..)| *n == name) {
            self.allows(&call.map, *operation, call.name.span)?;
            return self.operation(body, call, form);
        }
        let methods = self.cx.registry.map_methods(&kind.name);
        let rows = methods.filter(|m| !m.helper.is_empty()).map(|m| m.name.clone());
        let of_objects = matches!(kind.key, MapKey::Object(_));
        let operations = OPERATIONS
            .iter()
            .filter(|(name, o, _)| kind.operations.contains(o) && !(of_objects && *name == "update"));
        let known: Vec<String> = rows.chain(operations.map(|(n, ..)| (*n).to_owned())).collect();
        let near =
            names::nearest(name, known.iter().map(String::as_str)).map(|n| format!("did you mean `{n}`?"));
        let message = format!("a `{}` has no method `{name}`", kind.title());
        let help = near.unwrap_or_else(|| match known.as_slice() {
            [] => "programs only hand it to helpers".to_owned(),
            _ => format!("it has {}", known.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ")),
        });
        self.cx.emit(Diagnostic::error("unknown-method", message).at(call.name.span).help(help));
        None
    }

    /// A method that stands for an operation.
    fn operation(&mut self, body: &mut Body, call: MethodCall<'_>, form: &str) -> Option<hir::Expr> {
        let (map, span) = (call.map, call.span);
        // All may be named.
        let names: &[&str] = match call.name.text.as_str() {
            "get" => &["key", "default"],
            "setdefault" => &["key", "value"],
            "update" => &["key", "value", "flags"],
            _ => &["key"],
        };
        let mut slots: Vec<Option<&Expr>> = vec![None; names.len()];
        let mut fits = call.args.len() <= names.len();
        for (slot, arg) in slots.iter_mut().zip(call.args) {
            *slot = Some(arg);
        }
        for keyword in call.keywords {
            let at = keyword.name.as_ref().and_then(|n| names.iter().position(|name| *name == n.text));
            match at {
                Some(at) if slots[at].is_none() => slots[at] = Some(&keyword.value),
                _ => fits = false,
            }
        }
        let least = if matches!(call.name.text.as_str(), "update" | "setdefault") { 2 } else { 1 };
        if !fits || slots.iter().take(least).any(Option::is_none) {
            let given = call.args.len() + call.keywords.len();
            let message = format!("{given} arguments do not fit `{}`", call.name.text);
            self.cx.emit(
                Diagnostic::error("wrong-argument-count", message)
                    .at(call.name.span)
                    .help(format!("write `{form}`")),
            );
            return None;
        }
        let mut values = Vec::with_capacity(slots.len());
        for slot in slots.into_iter().flatten() {
            values.push(self.expr(body, slot));
        }
        let mut values = values.into_iter().collect::<Option<Vec<_>>>()?.into_iter();
        let key = Box::new(values.next()?);
        let kind = match call.name.text.as_str() {
            "setdefault" => hir::ExprKind::SetDefault(map, key, Box::new(values.next()?)),
            "update" => {
                let value = Box::new(values.next()?);
                let flags = values.next().unwrap_or_else(|| self.int_expr(0, span));
                if let hir::ExprKind::Int(flags) = flags.kind
                    && !UPDATE_FLAGS.contains(&(flags & !LOCK))
                {
                    let message = format!("{flags} is no flag of an update");
                    self.cx.emit(
                        Diagnostic::error("bad-flags", message)
                            .at(span)
                            .help("use `BPF_ANY` (0), `BPF_NOEXIST` (1) or `BPF_EXIST` (2)"),
                    );
                    return None;
                }
                hir::ExprKind::Store(map, key, value, Box::new(flags))
            }
            "delete" => hir::ExprKind::Remove(map, key),
            _ => match values.next() {
                Some(default) => hir::ExprKind::Get(map, key, Box::new(default)),
                None => hir::ExprKind::Lookup(map, key),
            },
        };
        Some(self.make(kind, span))
    }

    /// A method that is a call of a helper.
    fn row_method(
        &mut self,
        body: &mut Body,
        method: &MapMethod,
        call: &MethodCall<'_>,
    ) -> Option<hir::Expr> {
        let span = call.span;
        let helper = self.method_helper(&method.helper, &method.name, call.name.span)?;
        let row = &self.cx.registry.helper(helper).row;
        let written: Vec<String> = row
            .args
            .iter()
            .filter(|a| !matches!(a.kind, ArgumentKind::Ctx | ArgumentKind::Map(_)))
            .filter(|a| !method.fixed.contains_key(&a.name))
            .map(|a| a.name.clone())
            .collect();
        let sizes: Vec<String> = row
            .args
            .iter()
            .filter(|a| matches!(a.kind, ArgumentKind::SizeOf(_)))
            .map(|a| a.name.clone())
            .collect();
        if method.asks {
            let [value] = self.exact(call.args, call.keywords, &method.name, span)?;
            let key = Box::new(self.expr(body, value)?);
            return Some(
                self.make(hir::ExprKind::Contains { map: call.map.clone(), key, negated: false }, span),
            );
        }
        let filled = row.args.iter().any(|a| a.kind == ArgumentKind::MapValueOut);
        if method.yields && filled && call.args.is_empty() && call.keywords.is_empty() {
            return Some(self.make(hir::ExprKind::Take(call.map.clone(), helper), span));
        }
        let short: Vec<String> = written.iter().filter(|w| !sizes.contains(w)).cloned().collect();
        let positions = if call.args.len() > short.len() { &written } else { &short };
        if call.args.len() > positions.len() {
            let form: Vec<&str> = short.iter().map(String::as_str).collect();
            let message = format!("{} arguments do not fit `{}`", call.args.len(), method.name);
            self.cx.emit(
                Diagnostic::error("wrong-argument-count", message).at(call.name.span).help(format!(
                    "write `{}({})`",
                    method.name,
                    form.join(", ")
                )),
            );
            return None;
        }
        let named = |name: &str, value: Expr| Keyword {
            name: Some(Name { text: name.to_owned(), span: value.span }),
            value,
        };
        let number = |value: i64, span: Span| Expr { kind: ExprKind::Int(Some(i128::from(value))), span };
        let mut keywords = Vec::new();
        if let Some(map) = self.map_argument_of(helper) {
            keywords.push(named(&map, call.of.clone()));
        }
        let mut typed = None;
        for (name, value) in positions.iter().zip(call.args) {
            if method.typed.as_ref() == Some(name)
                && let Some(ty) = self.quiet_type(value)
            {
                typed = Some(ty);
                let size = self.module.types.size_of(ty);
                keywords.push(named(name, number(i64::from(size), value.span)));
            } else {
                keywords.push(named(name, value.clone()));
            }
        }
        let mut bits: Vec<(String, i64)> = method.fixed.iter().map(|(n, v)| (n.clone(), *v)).collect();
        for keyword in call.keywords {
            let option = keyword.name.as_ref().and_then(|n| method.options.get(&n.text));
            let Some((argument, set)) = option.cloned() else {
                keywords.push(keyword.clone());
                continue;
            };
            let on = self.constant(&keyword.value, "an option")? != 0;
            let set = if on { set } else { 0 };
            match bits.iter_mut().find(|(name, _)| *name == argument) {
                Some((_, bits)) => *bits |= set,
                None => bits.push((argument, set)),
            }
        }
        keywords.extend(bits.into_iter().map(|(name, value)| named(&name, number(value, span))));
        let result = self.helper_call(body, helper, Take::All, &[], &keywords, span)?;
        Some(match typed {
            Some(ty) => hir::Expr { kind: hir::ExprKind::Cast(Box::new(result)), ty, span },
            None => result,
        })
    }
}

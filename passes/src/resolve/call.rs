//! Calls: built-in functions, types, helpers, map methods and functions of the file.
//!
//! Promises: arguments in the order of the row, whatever way they are written. Leaves out: their types.

use super::Resolver;
use super::body::Body;
use super::scope::Entry;
use pbpf_core::ast::{Expr, ExprKind, Keyword};
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{self, Builtin};
use pbpf_core::names;
use pbpf_core::registry::HelperId;
use pbpf_core::rows::{ArgumentKind, HelperCall, Take};
use pbpf_core::source::Span;
use pbpf_core::types::{Origin, Type, TypeId};

/// A map method that is a helper call.
struct Method {
    name: &'static str,
    /// The kinds of maps that have it.
    kinds: &'static [&'static str],
    /// The helper; its first argument is the map.
    helper: &'static str,
    /// What stands between the map and the user's arguments.
    flags: Option<i64>,
}

/// `BPF_F_CURRENT_CPU`: the buffer of the processor that runs the program.
const CURRENT_CPU: i64 = 0xffff_ffff;

const METHODS: &[Method] = &[
    Method { name: "output", kinds: &["ringbuf"], helper: "bpf_ringbuf_output", flags: None },
    Method {
        name: "output",
        kinds: &["perf_event_array"],
        helper: "bpf_perf_event_output",
        flags: Some(CURRENT_CPU),
    },
    Method { name: "push", kinds: &["queue", "stack"], helper: "bpf_map_push_elem", flags: None },
    Method { name: "pop", kinds: &["queue", "stack"], helper: "bpf_map_pop_elem", flags: None },
    Method { name: "peek", kinds: &["queue", "stack"], helper: "bpf_map_peek_elem", flags: None },
];

impl Resolver<'_, '_> {
    pub(super) fn call(
        &mut self,
        body: &mut Body,
        func: &Expr,
        args: &[Expr],
        keywords: &[Keyword],
        span: Span,
    ) -> Option<hir::Expr> {
        if let ExprKind::Attribute { value, attr } = &func.kind
            && let Some(map) = self.map_of(value)
        {
            return self.method(body, map, &attr.text, attr.span, args, keywords, span);
        }
        let entry = match &func.kind {
            ExprKind::Name(name) => match self.lookup(name).cloned() {
                Some(entry) => Some(entry),
                None => return self.builtin(body, name, func.span, args, keywords, span),
            },
            ExprKind::Attribute { value, attr } => match &value.kind {
                ExprKind::Name(module) => match self.lookup(module).cloned() {
                    Some(Entry::Module(module)) => self.entry_of(&module, &attr.text),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        };
        match entry {
            Some(Entry::Helper(helper, take)) => self.helper_call(body, helper, take, args, keywords, span),
            Some(Entry::Deref) => {
                let [arg] = self.exact(args, keywords, "deref", span)?;
                let value = self.expr(body, arg)?;
                Some(self.make(hir::ExprKind::Deref(Box::new(value)), span))
            }
            Some(Entry::Function(id)) => {
                if !keywords.is_empty() {
                    self.error("bad-call", "functions of the file take positional arguments", span);
                    return None;
                }
                let args = self.exprs(body, args)?;
                Some(self.make(hir::ExprKind::Call(id, args), span))
            }
            Some(Entry::Type(_) | Entry::Record(_) | Entry::KernelRecord(_)) => {
                let ty = self.type_of(func)?;
                self.type_call(body, ty, args, keywords, span)
            }
            Some(Entry::Map(map)) if args.is_empty() => Some(self.make(hir::ExprKind::Map(map), span)),
            Some(Entry::Broken) => None,
            Some(Entry::Foreign) => {
                let text = self.cx.sources.snippet(func.span).to_owned();
                self.cx.emit(
                    Diagnostic::error(
                        "user-space-name",
                        format!("`{text}` belongs to user space; programs cannot call it"),
                    )
                    .at(func.span)
                    .help("decorate functions that programs call with `@bpf`"),
                );
                None
            }
            _ => {
                // `(c_int * 4)()` makes an array.
                if let Some(ty) = self.quiet_type(func) {
                    return self.type_call(body, ty, args, keywords, span);
                }
                if let ExprKind::Attribute { value, .. } = &func.kind
                    && self.is_broken(value)
                {
                    return None;
                }
                let text = self.cx.sources.snippet(func.span).to_owned();
                let name = text.rsplit('.').next().unwrap_or(&text).to_owned();
                let known = self.cx.registry.helpers().map(|(_, h)| h.row.name.as_str());
                let near = names::nearest(&name, known).map(|n| format!("did you mean the helper `{n}`?"));
                self.cx.emit(
                    Diagnostic::error("unknown-function", format!("`{text}` is nothing that can be called"))
                        .at(func.span)
                        .maybe_help(near),
                );
                None
            }
        }
    }

    fn exact<'e, const N: usize>(
        &mut self,
        args: &'e [Expr],
        keywords: &[Keyword],
        name: &str,
        span: Span,
    ) -> Option<&'e [Expr; N]> {
        if keywords.is_empty()
            && let Ok(args) = <&[Expr; N]>::try_from(args)
        {
            return Some(args);
        }
        let given = args.len() + keywords.len();
        self.error("wrong-argument-count", format!("`{name}` takes {N} arguments, not {given}"), span);
        None
    }

    fn builtin(
        &mut self,
        body: &mut Body,
        name: &str,
        name_span: Span,
        args: &[Expr],
        keywords: &[Keyword],
        span: Span,
    ) -> Option<hir::Expr> {
        let kind = match name {
            "print" => {
                if let Some(keyword) = keywords.first() {
                    self.error("unsupported-keyword", "`print` takes no keywords here", keyword.value.span);
                    return None;
                }
                hir::ExprKind::Print(self.print_parts(body, args)?)
            }
            "int" | "bool" => {
                let [arg] = self.exact(args, keywords, name, span)?;
                let ty =
                    if name == "bool" { self.module.types.bool() } else { self.module.types.int(64, true) };
                return self.convert(body, ty, arg, span);
            }
            "reveal_type" => {
                let [arg] = self.exact(args, keywords, name, span)?;
                hir::ExprKind::Reveal(Box::new(self.expr(body, arg)?))
            }
            "abs" => {
                let [arg] = self.exact(args, keywords, name, span)?;
                hir::ExprKind::Builtin(Builtin::Abs, vec![self.expr(body, arg)?])
            }
            "min" | "max" => {
                if args.len() < 2 || !keywords.is_empty() {
                    self.error("wrong-argument-count", format!("`{name}` takes two or more numbers"), span);
                    return None;
                }
                let which = if name == "min" { Builtin::Min } else { Builtin::Max };
                hir::ExprKind::Builtin(which, self.exprs(body, args)?)
            }
            "sizeof" | "len" => {
                let [arg] = self.exact(args, keywords, name, span)?;
                let ty = self.type_of(arg)?;
                hir::ExprKind::Int(i64::from(self.module.types.size_of(ty)))
            }
            "str" | "bytes" => {
                let call = Expr {
                    kind: ExprKind::Call {
                        func: Box::new(Expr { kind: ExprKind::Name(name.to_owned()), span: name_span }),
                        args: args.to_vec(),
                        keywords: keywords.to_vec(),
                    },
                    span,
                };
                let ty = self.type_of(&call)?;
                return Some(hir::Expr { kind: hir::ExprKind::Zeroed, ty, span });
            }
            _ => {
                let helpers = self.cx.registry.helpers();
                let aliases = helpers.flat_map(|(_, h)| {
                    std::iter::once(h.row.name.as_str()).chain(h.row.aliases.iter().map(|(n, _)| n.as_str()))
                });
                let builtins = ["print", "int", "bool", "abs", "min", "max", "sizeof"];
                let near = names::nearest(name, aliases.chain(builtins)).map(str::to_owned);
                let exact = self.cx.registry.find_helper(name).is_some();
                let mut error =
                    Diagnostic::error("unknown-function", format!("`{name}` is not known")).at(name_span);
                if exact {
                    error = error.help(format!("import it: `from pbpf.helper import {name}`"));
                } else if let Some(near) = near {
                    error = error.help(format!("did you mean `{near}`?"));
                }
                self.cx.emit(error);
                return None;
            }
        };
        Some(self.make(kind, span))
    }

    fn convert(&mut self, body: &mut Body, ty: TypeId, arg: &Expr, span: Span) -> Option<hir::Expr> {
        let value = self.expr(body, arg)?;
        if let (hir::ExprKind::Int(number), Type::Int { bits, signed }) =
            (&value.kind, self.module.types.get(ty))
        {
            let (low, high) = match (bits, signed) {
                (64, _) => (i128::from(i64::MIN), i128::from(u64::MAX)),
                (_, true) => (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1),
                (_, false) => (0, (1i128 << bits) - 1),
            };
            if !(low..=high).contains(&i128::from(*number)) {
                let name = self.module.types.display(ty);
                self.cx.emit(
                    Diagnostic::warning(
                        "constant-cut",
                        format!("{number} does not fit {name}; its upper bits are cut off"),
                    )
                    .at(span),
                );
            }
        }
        Some(hir::Expr { kind: hir::ExprKind::Convert(Box::new(value)), ty, span })
    }

    /// A type called: a conversion, a cast, or a new object.
    fn type_call(
        &mut self,
        body: &mut Body,
        ty: TypeId,
        args: &[Expr],
        keywords: &[Keyword],
        span: Span,
    ) -> Option<hir::Expr> {
        match self.module.types.get(ty).clone() {
            Type::Record(record) => {
                if let [arg] = args
                    && keywords.is_empty()
                {
                    let value = self.expr(body, arg)?;
                    return Some(hir::Expr { kind: hir::ExprKind::Cast(Box::new(value)), ty, span });
                }
                if !args.is_empty() {
                    self.error("bad-call", "name the fields: `S(a=1, b=2)`", span);
                    return None;
                }
                if self.module.types.records[record].origin != Origin::User {
                    self.error(
                        "bad-call",
                        "a kernel struct cannot be made, only read: `struct_x(address)`",
                        span,
                    );
                    return None;
                }
                let mut fields = Vec::new();
                for keyword in keywords {
                    let Some(name) = &keyword.name else {
                        self.error("bad-call", "`**` has no meaning here", keyword.value.span);
                        return None;
                    };
                    let known = &self.module.types.records[record];
                    if known.field(&name.text).is_none() {
                        let near = names::nearest(&name.text, known.fields.iter().map(|f| f.name.as_str()))
                            .map(|n| format!("did you mean `{n}`?"));
                        let message = format!("`{}` has no field `{}`", known.name, name.text);
                        self.cx
                            .emit(Diagnostic::error("unknown-field", message).at(name.span).maybe_help(near));
                        return None;
                    }
                    fields.push((name.text.clone(), self.expr(body, &keyword.value)?));
                }
                Some(hir::Expr { kind: hir::ExprKind::New(fields), ty, span })
            }
            Type::Array { .. } | Type::Str { .. } => {
                if !args.is_empty() || !keywords.is_empty() {
                    self.error(
                        "bad-call",
                        "a new array starts as zero: call its type without arguments",
                        span,
                    );
                    return None;
                }
                Some(hir::Expr { kind: hir::ExprKind::Zeroed, ty, span })
            }
            _ => {
                let [arg] = self.exact(args, keywords, "a type", span)?;
                self.convert(body, ty, arg, span)
            }
        }
    }

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
        // The compiler supplies the context, and sizes that the user leaves out.
        let written: Vec<usize> =
            (0..row.args.len()).filter(|i| !matches!(row.args[*i].kind, ArgumentKind::Ctx)).collect();
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
            slots[*at] = self.expr(body, arg);
            complete &= slots[*at].is_some();
        }
        for keyword in keywords {
            let at = keyword.name.as_ref().and_then(|n| row.args.iter().position(|a| a.name == n.text));
            match at {
                Some(at) if slots[at].is_none() => {
                    slots[at] = self.expr(body, &keyword.value);
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
                    (ArgumentKind::Ctx | ArgumentKind::SizeOf(_), None) => {}
                    _ => {
                        self.wrong_count(helper, args.len() + keywords.len(), span);
                        return None;
                    }
                }
            }
        }
        if row.call == HelperCall::ByteSwap
            && let Some(Some(hir::Expr { kind: hir::ExprKind::Int(value), .. })) = slots.first()
            && let ArgumentKind::Scalar(ty) = &row.args[0].kind
        {
            let swapped = match pbpf_core::rows::c_int(ty) {
                Some((16, _)) => i64::from((*value as u16).swap_bytes()),
                Some((32, _)) => i64::from((*value as u32).swap_bytes()),
                _ => value.swap_bytes(),
            };
            return Some(self.int_expr(swapped, span));
        }
        Some(self.make(hir::ExprKind::Helper { helper, take, args: slots }, span))
    }

    fn wrong_count(&mut self, helper: HelperId, given: usize, span: Span) {
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

    #[allow(clippy::too_many_arguments, reason = "a call is a callee, its place, and its arguments")]
    fn method(
        &mut self,
        body: &mut Body,
        map: hir::MapId,
        name: &str,
        name_span: Span,
        args: &[Expr],
        keywords: &[Keyword],
        span: Span,
    ) -> Option<hir::Expr> {
        let zero = self.int_expr(0, span);
        let kind = match (name, args) {
            ("lookup", [key]) => hir::ExprKind::Lookup(map, Box::new(self.expr(body, key)?)),
            ("get", [key, default]) => {
                let (key, default) = (self.expr(body, key), self.expr(body, default));
                hir::ExprKind::Get(map, Box::new(key?), Box::new(default?))
            }
            ("get", [key]) => hir::ExprKind::Lookup(map, Box::new(self.expr(body, key)?)),
            ("update", [key, value]) => {
                let flags = match keywords {
                    [Keyword { name: Some(n), value }] if n.text == "flags" => self.expr(body, value)?,
                    [] => zero,
                    [other, ..] => {
                        self.error("bad-call", "`update` has the keyword `flags` only", other.value.span);
                        return None;
                    }
                };
                let (key, value) = (self.expr(body, key), self.expr(body, value));
                hir::ExprKind::Store(map, Box::new(key?), Box::new(value?), Box::new(flags))
            }
            ("update", [key, value, flags]) => {
                let all = [self.expr(body, key), self.expr(body, value), self.expr(body, flags)];
                let [Some(key), Some(value), Some(flags)] = all else { return None };
                hir::ExprKind::Store(map, Box::new(key), Box::new(value), Box::new(flags))
            }
            ("delete", [key]) => hir::ExprKind::Remove(map, Box::new(self.expr(body, key)?)),
            _ => return self.helper_method(body, map, name, name_span, args, keywords, span),
        };
        Some(self.make(kind, span))
    }

    #[allow(clippy::too_many_arguments, reason = "a call is a callee, its place, and its arguments")]
    fn helper_method(
        &mut self,
        body: &mut Body,
        map: hir::MapId,
        name: &str,
        name_span: Span,
        args: &[Expr],
        keywords: &[Keyword],
        span: Span,
    ) -> Option<hir::Expr> {
        let kind = self.module.maps[map].kind.clone();
        let has = |m: &&Method| m.kinds.contains(&kind.as_str());
        let found = METHODS.iter().filter(has).find(|m| m.name == name);
        let helper = found.and_then(|m| Some((self.cx.registry.find_helper(m.helper)?, m.flags)));
        let Some((helper, flags)) = helper else {
            let counts = ["lookup", "get", "update", "delete"];
            let message = if counts.contains(&name) {
                format!("{} arguments do not fit `{name}`", args.len())
            } else {
                format!("a {kind} map has no method `{name}`")
            };
            let known = counts.into_iter().chain(METHODS.iter().filter(has).map(|m| m.name));
            let near = names::nearest(name, known).map(|n| format!("did you mean `{n}`?"));
            let code = if counts.contains(&name) { "wrong-argument-count" } else { "unknown-method" };
            self.cx.emit(Diagnostic::error(code, message).at(name_span).maybe_help(near));
            return None;
        };
        let map = Expr { kind: ExprKind::Name(self.module.maps[map].name.clone()), span };
        let flags = flags.map(|flags| Expr { kind: ExprKind::Int(Some(i128::from(flags))), span });
        let all: Vec<Expr> = std::iter::once(map).chain(flags).chain(args.iter().cloned()).collect();
        self.helper_call(body, helper, Take::All, &all, keywords, span)
    }
}

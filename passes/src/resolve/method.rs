//! Methods of maps.
//!
//! Promises: an unknown one has a diagnostic with the nearest. Leaves out: types of keys and values.

use super::Resolver;
use super::body::Body;
use pbpf_core::ast::{Expr, ExprKind, Keyword};
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{self};
use pbpf_core::names;
use pbpf_core::rows::Take;
use pbpf_core::source::Span;

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
    #[allow(clippy::too_many_arguments, reason = "a call is a callee, its place, and its arguments")]
    pub(super) fn method(
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
    pub(super) fn helper_method(
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

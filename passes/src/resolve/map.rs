//! Declarations of maps.
//!
//! Promises: a wrong declaration is told once. Leaves out: what the kernel makes of it.

use super::Resolver;
use super::map_kinds::{MapKind, Shape};
use super::scope::Entry;
use pbpf_core::ast::{Expr, ExprKind, FunctionDef};
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::Map;
use pbpf_core::names;
use pbpf_core::source::Span;
use pbpf_core::types::Type;

impl Resolver<'_, '_> {
    pub(super) fn declare_map(&mut self, def: &FunctionDef) {
        let name = def.name.text.clone();
        let Some(value) = self.returned(def) else { return };
        let bad = |message: String, span: Span| Diagnostic::error("bad-map", message).at(span);
        let ExprKind::Call { func, args, keywords } = &value.kind else {
            self.cx.emit(bad(
                format!("map `{name}` must be made by one of the kinds in `pbpf.maps`"),
                value.span,
            ));
            return;
        };
        let kind = match &func.kind {
            ExprKind::Name(kind) => match self.lookup(kind) {
                Some(Entry::MapKind(kind)) => Some(*kind),
                _ => None,
            },
            _ => None,
        };
        let Some(kind) = kind else {
            let text = self.cx.sources.snippet(func.span).to_owned();
            let known = super::map_kinds::MAP_KINDS.iter().flat_map(|k| k.names).copied();
            let near = names::nearest(&text, known).map(|n| format!("did you mean `{n}`?"));
            self.cx.emit(
                bad(format!("`{text}` is no kind of map"), func.span)
                    .maybe_help(near)
                    .help("import the kind from `pbpf.maps`"),
            );
            return;
        };
        let mut map = Map {
            name,
            kind: kind.kind.to_owned(),
            kind_id: kind.id,
            key: None,
            value: None,
            max_entries: 0,
            flags: 0,
            pinned: false,
            span: def.name.span,
        };
        let positional: &[&str] = match kind.shape {
            Shape::KeyValue => &["key", "value", "max_entries"],
            Shape::Array => &["key", "value", "max_entries"],
            Shape::ValueOnly => &["value", "max_entries"],
            Shape::Ring => &["max_entries"],
            Shape::Perf => &["key_size", "value_size"],
        };
        if let Some(extra) = args.get(positional.len()) {
            self.cx.emit(bad(
                format!("`{}` takes at most {} arguments", kind.names[0], positional.len()),
                extra.span,
            ));
            return;
        }
        let named = args.iter().zip(positional).map(|(a, n)| ((*n).to_owned(), a.span, a));
        let keyed = keywords.iter().map(|k| {
            let (name, span) =
                k.name.as_ref().map_or((String::new(), k.value.span), |n| (n.text.clone(), n.span));
            (name, span, &k.value)
        });
        let all: Vec<_> = named.chain(keyed).collect();
        let mut given: Vec<String> = Vec::new();
        for (argument, span, value) in all {
            if given.contains(&argument) {
                self.cx.emit(bad(format!("`{argument}` is given twice"), span));
            }
            if !self.map_argument(kind, &mut map, &argument, span, value) {
                return;
            }
            given.push(argument);
        }
        if self.check_map(kind, &mut map) {
            let span = map.span;
            if self.module.maps.values().any(|m| m.name == map.name) {
                self.cx.emit(
                    Diagnostic::error("duplicate-name", format!("there are two maps `{}`", map.name))
                        .at(span),
                );
            }
            let id = self.module.maps.push(map);
            self.scope.insert(&def.name.text, Entry::Map(id), span);
        }
    }

    pub(super) fn map_argument(
        &mut self,
        kind: &MapKind,
        map: &mut Map,
        argument: &str,
        span: Span,
        value: &Expr,
    ) -> bool {
        let number = |this: &mut Self| -> Option<u32> {
            let number = this.constant(value, &format!("`{argument}`"))?;
            let fits = u32::try_from(number).ok();
            if fits.is_none() {
                this.error(
                    "bad-map",
                    format!("`{argument}` is {number}, which does not fit 32 bits"),
                    value.span,
                );
            }
            fits
        };
        match argument {
            "key" | "value" => {
                let Some(ty) = self.type_of(value) else { return false };
                let slot = if argument == "key" { &mut map.key } else { &mut map.value };
                *slot = Some(ty);
                true
            }
            "max_entries" => number(self).map(|n| map.max_entries = n).is_some(),
            "flags" | "map_flags" => number(self).map(|n| map.flags = n).is_some(),
            // PythonBPF's perf arrays give sizes, which are always those of a descriptor.
            "key_size" | "value_size" if kind.shape == Shape::Perf => {
                let size = self.quiet_type(value).map(|ty| i64::from(self.module.types.size_of(ty)));
                let size = size.or_else(|| self.constant(value, &format!("`{argument}`")));
                match size {
                    Some(4) => true,
                    Some(other) => {
                        self.error(
                            "bad-map",
                            format!("`{argument}` of a perf event array is 4, not {other}"),
                            value.span,
                        );
                        false
                    }
                    None => false,
                }
            }
            "pinned" | "pinning" => {
                map.pinned = self.constant(value, "`pinned`") == Some(1);
                true
            }
            _ => {
                let known = ["key", "value", "max_entries", "flags", "pinned"];
                let near = names::nearest(argument, known).map(|n| format!("did you mean `{n}`?"));
                self.cx.emit(
                    Diagnostic::error("bad-map", format!("`{}` has no argument `{argument}`", kind.names[0]))
                        .at(span)
                        .maybe_help(near),
                );
                false
            }
        }
    }

    pub(super) fn check_map(&mut self, kind: &MapKind, map: &mut Map) -> bool {
        let fail = |this: &mut Self, message: String, help: &str| {
            this.cx.emit(Diagnostic::error("bad-map", message).at(map.span).help(help));
            false
        };
        let types = &mut self.module.types;
        let int = types.int(32, false);
        match kind.shape {
            Shape::KeyValue if map.key.is_none() || map.value.is_none() => {
                return fail(
                    self,
                    format!("map `{}` needs `key` and `value`", map.name),
                    "for example `key=c_uint32, value=c_uint64`",
                );
            }
            Shape::Array => {
                let key = *map.key.get_or_insert(int);
                if types.size_of(key) != 4 || !types.is_scalar(key) {
                    let found = types.display(key);
                    // PythonBPF's users write 64-bit keys here; the kernel has only 32-bit positions.
                    if !matches!(types.get(key), Type::Int { .. }) {
                        return fail(
                            self,
                            format!("the key of array `{}` is a number, not {found}", map.name),
                            "leave `key` out",
                        );
                    }
                    map.key = Some(int);
                }
                if map.value.is_none() {
                    return fail(
                        self,
                        format!("array `{}` needs `value`", map.name),
                        "for example `value=c_uint64`",
                    );
                }
            }
            Shape::ValueOnly if map.value.is_none() => {
                return fail(
                    self,
                    format!("map `{}` needs `value`", map.name),
                    "for example `value=c_uint64`",
                );
            }
            Shape::Ring => {
                let bytes = map.max_entries;
                if bytes < 4096 || !bytes.is_power_of_two() {
                    return fail(
                        self,
                        format!("ring buffer `{}` has {bytes} bytes", map.name),
                        "`max_entries` of a ring buffer is a power of two of at least 4096 bytes",
                    );
                }
            }
            Shape::Perf => {
                map.key = Some(int);
                map.value = Some(int);
            }
            _ => {}
        }
        if map.max_entries == 0 && kind.shape != Shape::Perf {
            return fail(
                self,
                format!("map `{}` has no room: `max_entries` is 0", map.name),
                "give `max_entries`",
            );
        }
        let sizes = [map.key, map.value];
        if sizes.into_iter().flatten().any(|ty| self.module.types.size_of(ty) == 0) {
            return fail(
                self,
                format!("a key or value of map `{}` has no size", map.name),
                "use a type of `ctypes` or a `@struct`",
            );
        }
        true
    }
}

//! Declarations of maps.
//!
//! Promises: a wrong declaration is told once; what a kind takes is its row's. Leaves out: the rules of the row
//! (`map_rules`), and what the kernel makes of it.

use super::Resolver;
use super::scope::Entry;
use pbpf_core::ast::{Expr, ExprKind, FunctionDef, Keyword};
use pbpf_core::diag::Diagnostic;
use pbpf_core::entity::Entity;
use pbpf_core::hir::{Map, MapId};
use pbpf_core::mir::MapValue;
use pbpf_core::names;
use pbpf_core::rows::{MapKind, MapValue as Holds};
use pbpf_core::source::Span;

/// The arguments of every kind of map.
const ARGUMENTS: [&str; 12] = [
    "key",
    "value",
    "max_entries",
    "flags",
    "map_flags",
    "pinned",
    "pinning",
    "numa_node",
    "map_extra",
    "inner",
    "values",
    "key_size",
];

/// `BPF_F_NUMA_NODE`: the map is made on a node that is given.
const NUMA_NODE: u32 = 4;

/// What a map holds from the start, by name: programs are declared below the maps that hold them.
pub(super) struct Held {
    map: MapId,
    at: u32,
    name: String,
    span: Span,
}

impl Resolver<'_, '_> {
    pub(super) fn declare_map(&mut self, def: &FunctionDef) {
        let Some(value) = self.returned(def) else { return };
        let name = self.symbol(&def.name.text);
        let span = def.name.span;
        let ExprKind::Call { func, args, keywords } = &value.kind else {
            let message = format!("map `{name}` must be made by one of the kinds in `pbpf.maps`");
            self.cx.emit(Diagnostic::error("bad-map", message).at(value.span));
            return;
        };
        if self.module.maps.values().any(|m| m.name == name) {
            self.cx
                .emit(Diagnostic::error("duplicate-name", format!("there are two maps `{name}`")).at(span));
        }
        if let Some(id) = self.make_map(name, span, func, args, keywords) {
            self.scope.insert(&def.name.text, Entry::Map(id), span);
        }
    }

    /// The kind of map that an expression names, or a diagnostic.
    fn map_kind(&mut self, func: &Expr) -> Option<MapKind> {
        let entry = self.entry_named(func);
        match entry {
            Some(Entry::MapKind(kind)) => return self.cx.registry.map_kind(&kind).cloned(),
            Some(Entry::Broken) => return None,
            _ => {}
        }
        let text = self.cx.sources.snippet(func.span).to_owned();
        let known = self.cx.registry.map_kinds().flat_map(|k| &k.python).map(String::as_str);
        let near = names::nearest(&text, known).map(|n| format!("did you mean `{n}`?"));
        self.cx.emit(
            Diagnostic::error("bad-map", format!("`{text}` is no kind of map"))
                .at(func.span)
                .maybe_help(near)
                .help("import the kind from `pbpf.maps`"),
        );
        None
    }

    /// Makes the map that a call of a kind describes.
    fn make_map(
        &mut self,
        name: String,
        span: Span,
        func: &Expr,
        args: &[Expr],
        keywords: &[Keyword],
    ) -> Option<MapId> {
        let kind = self.map_kind(func)?;
        let mut map = Map::new(name, kind.name.clone(), kind.id, span);
        if let Some(extra) = args.get(kind.positional.len()) {
            let message =
                format!("`{}` takes at most {} arguments by position", kind.title(), kind.positional.len());
            self.cx.emit(Diagnostic::error("bad-map", message).at(extra.span).help("name the others"));
            return None;
        }
        let placed = args.iter().zip(&kind.positional).map(|(a, n)| (n.clone(), a.span, a));
        let named = keywords.iter().map(|k| {
            let (name, span) =
                k.name.as_ref().map_or((String::new(), k.value.span), |n| (n.text.clone(), n.span));
            (name, span, &k.value)
        });
        let all: Vec<_> = placed.chain(named).collect();
        let mut given: Vec<&str> = Vec::new();
        let mut held = Vec::new();
        for (argument, span, value) in &all {
            if given.contains(&argument.as_str()) {
                self.error("bad-map", format!("`{argument}` is given twice"), *span);
                return None;
            }
            self.map_argument(&kind, &mut map, argument, *span, value, &mut held)?;
            given.push(argument);
        }
        let place = |name: &str| all.iter().find(|(n, ..)| n == name).map(|(_, _, value)| value.span);
        self.hold_map_to_rules(&kind, &mut map, &place)?;
        let id = self.module.maps.push(map);
        self.held.extend(held.into_iter().map(|(at, name, span)| Held { map: id, at, name, span }));
        Some(id)
    }

    fn number_argument(&mut self, argument: &str, value: &Expr) -> Option<u32> {
        let number = self.constant(value, &format!("`{argument}`"))?;
        let fits = u32::try_from(number).ok();
        if fits.is_none() {
            self.error(
                "bad-map",
                format!("`{argument}` is {number}, which does not fit 32 bits"),
                value.span,
            );
        }
        fits
    }

    fn map_argument(
        &mut self,
        kind: &MapKind,
        map: &mut Map,
        argument: &str,
        span: Span,
        value: &Expr,
        held: &mut Vec<(u32, String, Span)>,
    ) -> Option<()> {
        match argument {
            "key" => map.key = Some(self.type_of(value)?),
            "value" => map.value = Some(self.type_of(value)?),
            "max_entries" => map.max_entries = self.number_argument(argument, value)?,
            "flags" | "map_flags" => map.flags |= self.number_argument(argument, value)?,
            "map_extra" => map.map_extra = self.number_argument(argument, value)?,
            "numa_node" => {
                map.numa_node = Some(self.number_argument(argument, value)?);
                map.flags |= NUMA_NODE;
            }
            // PythonBPF's perf arrays give sizes, which are always those of a descriptor.
            "key_size" | "value_size" if kind.value == Holds::Descriptor => {
                let size = self.quiet_type(value).map(|ty| i64::from(self.module.types.size_of(ty)));
                let size = match size {
                    Some(size) => size,
                    None => self.constant(value, &format!("`{argument}`"))?,
                };
                if size != 4 {
                    let message = format!("`{argument}` of a `{}` is 4, not {size}", kind.title());
                    self.error("bad-map", message, value.span);
                    return None;
                }
            }
            "pinned" | "pinning" => match self.constant(value, &format!("`{argument}`"))? {
                on @ (0 | 1) => map.pinned = on == 1,
                other => {
                    let message =
                        format!("`{argument}` is {other}: a map is pinned by its name (1), or not (0)");
                    self.error("bad-map", message, value.span);
                    return None;
                }
            },
            "inner" if kind.value == Holds::Maps => map.inner = Some(self.inner_map(map, value)?),
            "values" if matches!(kind.value, Holds::Maps | Holds::Programs) => {
                self.held_names(value, held)?;
            }
            _ => {
                let near = names::nearest(argument, ARGUMENTS).filter(|n| *n != argument);
                let message = format!("`{}` has no argument `{argument}`", kind.title());
                self.cx.emit(
                    Diagnostic::error("bad-map", message)
                        .at(span)
                        .maybe_help(near.map(|n| format!("did you mean `{n}`?"))),
                );
                return None;
            }
        }
        Some(())
    }

    /// How inner maps are made: a map of the file, or a kind called in place.
    fn inner_map(&mut self, outer: &Map, value: &Expr) -> Option<MapId> {
        let found = match &value.kind {
            ExprKind::Name(name) => match self.lookup(name) {
                Some(Entry::Map(id)) => Some(*id),
                Some(Entry::Broken) => return None,
                _ => None,
            },
            ExprKind::Call { func, args, keywords } => {
                // No name of the file has a dot.
                let name = format!("{}.inner", outer.name);
                let id = self.make_map(name, value.span, func, args, keywords)?;
                self.module.maps[id].template = true;
                Some(id)
            }
            _ => None,
        };
        let Some(id) = found else {
            self.cx.emit(
                Diagnostic::error("bad-map", "`inner` says how the inner maps are made")
                    .at(value.span)
                    .help("name a map that is declared above, or write a kind: `inner=HashMap(key=..., value=..., max_entries=...)`"),
            );
            return None;
        };
        if self.module.maps[id].inner.is_some() {
            self.error("bad-map", "inner maps hold no maps themselves", value.span);
            return None;
        }
        Some(id)
    }

    /// `values=[first, None, third]`.
    fn held_names(&mut self, value: &Expr, held: &mut Vec<(u32, String, Span)>) -> Option<()> {
        let (ExprKind::List(items) | ExprKind::Tuple(items)) = &value.kind else {
            self.cx.emit(
                Diagnostic::error("bad-map", "`values` is a list of names")
                    .at(value.span)
                    .help("for example `values=[first, None, third]`"),
            );
            return None;
        };
        for (at, item) in items.iter().enumerate() {
            match &item.kind {
                ExprKind::Name(name) => held.push((at as u32, name.clone(), item.span)),
                ExprKind::None => {}
                _ => {
                    self.error("bad-map", "`values` holds names, or `None` for an empty place", item.span);
                    return None;
                }
            }
        }
        Some(())
    }

    /// Looks up what maps hold from the start, once everything is declared.
    pub(super) fn held_values(&mut self) {
        for Held { map, at, name, span } in std::mem::take(&mut self.held) {
            self.enter(span.file);
            let declared = &self.module.maps[map];
            let found = match (self.lookup(&name), declared.inner) {
                (Some(Entry::Broken), _) => continue,
                (Some(Entry::Map(inner)), Some(template)) => {
                    if let Some(why) = self.unlike(*inner, template) {
                        let message =
                            format!("`{name}` is not made as the inner maps of `{}`: {why}", declared.name);
                        let at = self.module.maps[template].span;
                        self.cx.emit(
                            Diagnostic::error("bad-map", message)
                                .at(span)
                                .label(at, "inner maps are made so"),
                        );
                        continue;
                    }
                    Some(MapValue::Map(*inner))
                }
                (Some(Entry::Function(id)), None) => {
                    let is_program =
                        matches!(self.module.functions[*id].kind, pbpf_core::hir::FunctionKind::Program(_));
                    is_program.then_some(MapValue::Func(*id))
                }
                _ => None,
            };
            let (what, entries) =
                (if declared.inner.is_some() { "map" } else { "program" }, declared.max_entries);
            let Some(value) = found else {
                self.error("bad-map", format!("`{name}` is no {what} of the file"), span);
                continue;
            };
            if at >= entries {
                let message = format!("`{name}` is at {at}, and the map has {entries} entries");
                self.error("bad-map", message, span);
                continue;
            }
            self.module.maps[map].values.push((at, value));
        }
    }

    /// What makes a map other than the inner maps of another: the kernel compares these (`bpf_map_meta_equal`).
    fn unlike(&self, map: MapId, template: MapId) -> Option<&'static str> {
        let (a, b) = (&self.module.maps[map], &self.module.maps[template]);
        let size = |ty: Option<pbpf_core::types::TypeId>| ty.map_or(0, |ty| self.module.types.size_of(ty));
        if map.index() == template.index() {
            return None;
        }
        if a.kind_id != b.kind_id {
            return Some("it is of another kind");
        }
        if size(a.key) != size(b.key) || size(a.value) != size(b.value) {
            return Some("its keys or values have another size");
        }
        if a.flags != b.flags {
            return Some("its flags are others");
        }
        None
    }
}

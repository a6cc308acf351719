//! Entries of maps as Python writes them: `m[k]`, `m[k] = v`, `k in m`, `del m[k]`, and what an expression says of a map.
//!
//! Promises: only what the kind's row has. Leaves out: types of keys and values.

use super::Resolver;
use super::body::Body;
use super::scope::Entry;
use pbpf_core::ast::{CompareOp, Expr, ExprKind, Keyword};
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{self, MapRef, PlaceKind};
use pbpf_core::rows::{ArgumentKind, MapKey, MapKind, MapOperation, ObjectKey, Take};
use pbpf_core::source::Span;

impl Resolver<'_, '_> {
    /// The map that an expression names: `m`, `m()` as older PythonBPF programs write, an inner map `outer[k]`, or a
    /// variable that holds one.
    pub(super) fn map_of(&mut self, body: &mut Body, expr: &Expr) -> Option<MapRef> {
        match &expr.kind {
            ExprKind::Name(name) => {
                if let Some(local) = body.locals.get(name) {
                    let map = *body.handles.get(local)?;
                    let handle = self.make(hir::ExprKind::Local(*local), expr.span);
                    return Some(MapRef { map, handle: Some(Box::new(handle)) });
                }
                match self.lookup(name) {
                    Some(Entry::Map(map)) => Some((*map).into()),
                    _ => None,
                }
            }
            ExprKind::Call { func, args, keywords } if args.is_empty() && keywords.is_empty() => {
                let ExprKind::Name(name) = &func.kind else { return None };
                match self.lookup(name) {
                    Some(Entry::Map(map)) => Some((*map).into()),
                    _ => None,
                }
            }
            ExprKind::Attribute { .. } => match self.module_attribute(body, expr)? {
                Entry::Map(map) => Some(map.into()),
                _ => None,
            },
            _ => {
                let map = self.inner_of(body, expr)?;
                let handle = self.expr(body, expr)?;
                Some(MapRef { map, handle: Some(Box::new(handle)) })
            }
        }
    }

    /// What `module.name` means, where the first is a module.
    pub(super) fn module_attribute(&mut self, body: &Body, expr: &Expr) -> Option<Entry> {
        let ExprKind::Attribute { value, .. } = &expr.kind else { return None };
        let mut root = &**value;
        while let ExprKind::Attribute { value, .. } = &root.kind {
            root = value;
        }
        let ExprKind::Name(name) = &root.kind else { return None };
        if body.locals.contains_key(name) {
            return None;
        }
        match self.entry_named(value)? {
            Entry::Module(_) | Entry::File(_) => Some(self.entry_named(expr).unwrap_or(Entry::Absent)),
            _ => None,
        }
    }

    /// How the inner map is made that an expression gives: `outer[k]`, `outer.lookup(k)`, `outer.get(k)`.
    pub(super) fn inner_of(&self, body: &Body, expr: &Expr) -> Option<hir::MapId> {
        let outer = match &expr.kind {
            ExprKind::Subscript { value, .. } => value,
            ExprKind::Call { func, .. } => match &func.kind {
                ExprKind::Attribute { value, attr } if matches!(attr.text.as_str(), "lookup" | "get") => {
                    value
                }
                _ => return None,
            },
            _ => return None,
        };
        let ExprKind::Name(name) = &outer.kind else { return None };
        match self.lookup(name) {
            Some(Entry::Map(map)) if !body.locals.contains_key(name) => self.module.maps[*map].inner,
            _ => None,
        }
    }

    /// The row of a map's kind.
    pub(super) fn kind_of(&self, map: hir::MapId) -> Option<MapKind> {
        self.cx.registry.map_kind(&self.module.maps[map].kind).cloned()
    }

    /// Helpers that stand for the operations, of a map whose keys are objects of the kernel.
    fn object_key(&self, map: &MapRef) -> Option<ObjectKey> {
        match self.kind_of(map.map)?.key {
            MapKey::Object(object) => Some(object),
            _ => None,
        }
    }

    /// Holds that programs can do that with a map of the kind.
    pub(super) fn allows(&mut self, map: &MapRef, operation: MapOperation, span: Span) -> Option<()> {
        let kind = self.kind_of(map.map)?;
        if kind.operations.contains(&operation) {
            return Some(());
        }
        let name = &self.module.maps[map.map].name;
        let message = format!(
            "`{name}` cannot be {}: programs cannot do that with a `{}`",
            operation.describe(),
            kind.title()
        );
        let methods: Vec<String> = self
            .cx
            .registry
            .map_methods(&kind.name)
            .filter(|m| !m.helper.is_empty())
            .map(|m| format!("`{}`", m.name))
            .collect();
        let help = match methods.as_slice() {
            [] => "user space fills and reads it".to_owned(),
            _ => format!("it has {}", methods.join(", ")),
        };
        self.cx.emit(Diagnostic::error("unknown-method", message).at(span).help(help));
        None
    }

    /// `m[k]` as a value.
    pub(super) fn item(
        &mut self,
        body: &mut Body,
        map: MapRef,
        of: &Expr,
        key: &Expr,
        span: Span,
    ) -> Option<hir::Expr> {
        if self.object_key(&map).is_some() {
            let found = self.object_get(body, &map, of, std::slice::from_ref(key), &[], false, span)?;
            return Some(self.make(hir::ExprKind::Checked(Box::new(found)), span));
        }
        self.allows(&map, MapOperation::Lookup, span)?;
        let key = self.expr(body, key)?;
        Some(self.make(hir::ExprKind::Item(map, Box::new(key)), span))
    }

    /// `m[k]` as a place.
    pub(super) fn item_place(
        &mut self,
        body: &mut Body,
        map: MapRef,
        of: &Expr,
        key: &Expr,
        span: Span,
    ) -> Option<PlaceKind> {
        if self.object_key(&map).is_some() {
            let found = self.object_get(body, &map, of, std::slice::from_ref(key), &[], true, span)?;
            let base = self.make(hir::ExprKind::Checked(Box::new(found)), span);
            return Some(PlaceKind::Index { base, index: self.int_expr(0, span) });
        }
        self.allows(&map, MapOperation::Update, span)?;
        Some(PlaceKind::MapItem { map, key: self.expr(body, key)? })
    }

    /// `key in m`.
    pub(super) fn contains(
        &mut self,
        body: &mut Body,
        map: MapRef,
        of: &Expr,
        key: &Expr,
        negated: bool,
        span: Span,
    ) -> Option<hir::Expr> {
        if self.object_key(&map).is_some() {
            let found = self.object_get(body, &map, of, std::slice::from_ref(key), &[], false, span)?;
            let none = self.make(hir::ExprKind::None, span);
            let op = if negated { CompareOp::Is } else { CompareOp::IsNot };
            return Some(self.make(hir::ExprKind::Compare(Box::new(found), vec![(op, none)]), span));
        }
        self.allows(&map, MapOperation::Contains, span)?;
        let key = Box::new(self.expr(body, key)?);
        Some(self.make(hir::ExprKind::Contains { map, key, negated }, span))
    }

    /// `del m[k]`.
    pub(super) fn delete(
        &mut self,
        body: &mut Body,
        map: MapRef,
        of: &Expr,
        key: &Expr,
        span: Span,
    ) -> Option<hir::StmtKind> {
        if let Some(object) = self.object_key(&map) {
            let args = [of.clone(), key.clone()];
            let helper = self.method_helper(&object.delete, "delete", span)?;
            return Some(hir::StmtKind::Expr(self.helper_call(body, helper, Take::All, &args, &[], span)?));
        }
        self.allows(&map, MapOperation::Delete, span)?;
        Some(hir::StmtKind::Delete { map, key: self.expr(body, key)? })
    }

    /// `m.get(object, create=True)` of a map whose keys are objects; `create` makes what is not there.
    #[allow(clippy::too_many_arguments, reason = "a call is a callee, its place, and its arguments")]
    pub(super) fn object_get(
        &mut self,
        body: &mut Body,
        map: &MapRef,
        of: &Expr,
        args: &[Expr],
        keywords: &[Keyword],
        mut create: bool,
        span: Span,
    ) -> Option<hir::Expr> {
        let object = self.object_key(map)?;
        let helper = self.method_helper(&object.get, "get", span)?;
        let mut rest = Vec::new();
        for keyword in keywords {
            if keyword.name.as_ref().is_some_and(|n| n.text == "create") {
                create = self.constant(&keyword.value, "`create`")? != 0;
            } else {
                rest.push(keyword.clone());
            }
        }
        if create {
            let value = Expr { kind: ExprKind::Int(Some(i128::from(object.create.1))), span };
            let name = pbpf_core::ast::Name { text: object.create.0.clone(), span };
            rest.push(Keyword { name: Some(name), value });
        }
        let all: Vec<Expr> = std::iter::once(of.clone()).chain(args.iter().cloned()).collect();
        self.helper_call(body, helper, Take::All, &all, &rest, span)
    }

    /// The helper behind a method, or a diagnostic that says it is not there.
    pub(super) fn method_helper(
        &mut self,
        helper: &str,
        method: &str,
        span: Span,
    ) -> Option<pbpf_core::registry::HelperId> {
        let found = self.cx.registry.find_helper(helper);
        if found.is_none() {
            let message = format!("`{method}` needs the helper `{helper}`, which no plugin brings");
            self.cx.emit(
                Diagnostic::error("unknown-helper", message)
                    .at(span)
                    .help("`pbpf plugin list` shows what is loaded"),
            );
        }
        found
    }

    /// The position of the map among the arguments of a helper.
    pub(super) fn map_argument_of(&self, helper: pbpf_core::registry::HelperId) -> Option<String> {
        let row = &self.cx.registry.helper(helper).row;
        row.args.iter().find(|a| matches!(a.kind, ArgumentKind::Map(_))).map(|a| a.name.clone())
    }
}

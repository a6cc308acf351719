//! Entries of maps.
//!
//! Promises: keys and values fit the map's types, or a diagnostic has been told. Leaves out: which kinds have keys.

use super::numbers;
use super::{Frame, Infer_};
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{Expr, ExprKind, MapId, MapRef};
use pbpf_core::source::Span;
use pbpf_core::types::{Region, Type, TypeId};

impl Infer_<'_, '_> {
    /// The type of an expression on a map.
    pub(super) fn map_expr(&mut self, frame: &mut Frame, expr: &mut Expr) -> Option<TypeId> {
        let span = expr.span;
        let (bool, s64) = (self.module.types.bool(), self.module.types.int(64, true));
        match &mut expr.kind {
            ExprKind::Contains { map, key, .. } => {
                let (declared, value) = (self.module.maps[map.map].key, self.module.maps[map.map].value);
                if declared.is_none() {
                    self.handle(frame, map);
                    self.expr(frame, key)?;
                    self.check_item(frame, key, value, "value");
                    return Some(bool);
                }
                self.keys(frame, map, key, span)?;
                Some(bool)
            }
            ExprKind::Lookup(map, key) => {
                let (id, value) = (map.map, self.keys(frame, map, key, span)?);
                Some(self.entry(id, value, true))
            }
            ExprKind::Item(map, key) => {
                let (id, value) = (map.map, self.keys(frame, map, key, span)?);
                let is_handle = self.module.maps[id].inner.is_some();
                Some(if self.is_number(value) && !is_handle { value } else { self.entry(id, value, false) })
            }
            ExprKind::Get(map, key, default) => {
                self.number(frame, default)?;
                let value = self.keys(frame, map, key, span)?;
                let (a, b) = (self.int_of(value, None), self.int_of(default.ty, Some(default)));
                let (Some(a), Some(b)) = (a, b) else {
                    self.error(frame, |_| {
                        Diagnostic::error("type-mismatch", "`get` with a default reads numbers only")
                            .at(span)
                            .help("use `lookup`")
                    });
                    return None;
                };
                let joined = numbers::either(frame.function.arithmetic, a, b);
                Some(self.module.types.int(joined.bits, joined.signed))
            }
            ExprKind::Store(map, key, value, flags) => {
                self.expr(frame, value);
                self.number(frame, flags);
                let value_type = self.keys(frame, map, key, span)?;
                self.check_item(frame, value, Some(value_type), "value");
                Some(s64)
            }
            ExprKind::SetDefault(map, key, value) => {
                self.expr(frame, value);
                let (id, value_type) = (map.map, self.keys(frame, map, key, span)?);
                self.check_item(frame, value, Some(value_type), "value");
                Some(self.entry(id, value_type, true))
            }
            ExprKind::Remove(map, key) => {
                self.keys(frame, map, key, span)?;
                Some(s64)
            }
            ExprKind::Take(map, _) => {
                self.handle(frame, map);
                let value = self.module.maps[map.map].value?;
                Some(self.module.types.ptr(value, Region::Stack, true))
            }
            _ => None,
        }
    }

    /// What a lookup gives: a pointer to the value, or a handle of an inner map.
    fn entry(&mut self, map: MapId, value: TypeId, nullable: bool) -> TypeId {
        match self.module.maps[map].inner {
            Some(inner) => {
                let inner = self.module.types.intern(Type::Map(inner));
                self.module.types.ptr(inner, Region::Map, nullable)
            }
            None => self.module.types.ptr(value, Region::MapValue, nullable),
        }
    }

    /// Types the handle of an inner map.
    pub(super) fn handle(&mut self, frame: &mut Frame, map: &mut MapRef) {
        if let Some(handle) = &mut map.handle {
            self.expr(frame, handle);
        }
    }

    /// Types a map's handle and a key; gives the type of the values.
    pub(super) fn keys(
        &mut self,
        frame: &mut Frame,
        map: &mut MapRef,
        key: &mut Expr,
        span: Span,
    ) -> Option<TypeId> {
        self.handle(frame, map);
        self.expr(frame, key)?;
        let (key_type, value) = self.keyed(frame, map.map, span)?;
        self.check_item(frame, key, Some(key_type), "key");
        Some(value)
    }

    /// Key and value type of a map that has both.
    fn keyed(&mut self, frame: &Frame, map: MapId, span: Span) -> Option<(TypeId, TypeId)> {
        let row = &self.module.maps[map];
        if let (Some(key), Some(value)) = (row.key, row.value) {
            return Some((key, value));
        }
        let (kind, name) = (row.kind.clone(), row.name.clone());
        self.error(frame, |_| {
            Diagnostic::error("unknown-method", format!("{kind} map `{name}` has no keys")).at(span)
        });
        None
    }
}

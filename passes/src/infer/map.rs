//! Entries of maps.
//!
//! Promises: keys and values fit the map's types, or a diagnostic has been told. Leaves out: which kinds have keys.

use super::numbers;
use super::{Frame, Infer_};
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{Expr, ExprKind};
use pbpf_core::source::Span;
use pbpf_core::types::{Region, TypeId};

impl Infer_<'_, '_> {
    /// The type of an expression on a map.
    pub(super) fn map_expr(&mut self, frame: &mut Frame, expr: &mut Expr) -> Option<TypeId> {
        let span = expr.span;
        let (bool, s64) = (self.module.types.bool(), self.module.types.int(64, true));
        match &mut expr.kind {
            ExprKind::Contains { map, key, .. } => {
                let key_type = self.module.maps[*map].key;
                self.expr(frame, key)?;
                self.check_item(frame, key, key_type, "key");
                Some(bool)
            }
            ExprKind::Lookup(map, key) => {
                let map = *map;
                self.expr(frame, key)?;
                let (key_type, value) = self.keyed(frame, map, span)?;
                self.check_item(frame, key, Some(key_type), "key");
                Some(self.module.types.ptr(value, Region::MapValue, true))
            }
            ExprKind::Item(map, key) => {
                let map = *map;
                self.expr(frame, key)?;
                let (key_type, value) = self.keyed(frame, map, span)?;
                self.check_item(frame, key, Some(key_type), "key");
                Some(if self.is_number(value) {
                    value
                } else {
                    self.module.types.ptr(value, Region::MapValue, false)
                })
            }
            ExprKind::Get(map, key, default) => {
                let map = *map;
                self.expr(frame, key)?;
                self.number(frame, default)?;
                let (key_type, value) = self.keyed(frame, map, span)?;
                self.check_item(frame, key, Some(key_type), "key");
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
                let map = *map;
                self.expr(frame, key);
                self.expr(frame, value);
                self.number(frame, flags);
                let (key_type, value_type) = self.keyed(frame, map, span)?;
                self.check_item(frame, key, Some(key_type), "key");
                self.check_item(frame, value, Some(value_type), "value");
                Some(s64)
            }
            ExprKind::Remove(map, key) => {
                let map = *map;
                self.expr(frame, key);
                let (key_type, _) = self.keyed(frame, map, span)?;
                self.check_item(frame, key, Some(key_type), "key");
                Some(s64)
            }
            _ => None,
        }
    }

    /// Key and value type of a map that has both.
    pub(super) fn keyed(
        &mut self,
        frame: &Frame,
        map: pbpf_core::hir::MapId,
        span: Span,
    ) -> Option<(TypeId, TypeId)> {
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

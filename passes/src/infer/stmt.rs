//! Statements, places, and what assignments make of locals.
//!
//! Promises: types of locals only widen, so that rounds end. Leaves out: expressions.

use super::numbers::{self, Int};
use super::{Frame, Infer_};
use pbpf_core::diag::Diagnostic;
use pbpf_core::entity::Entity;
use pbpf_core::hir::{Expr, ExprKind, FunctionKind, LocalId, Place, PlaceKind, Stmt, StmtKind};
use pbpf_core::source::Span;
use pbpf_core::types::{Type, TypeId};

impl Infer_<'_, '_> {
    pub(super) fn block(&mut self, frame: &mut Frame, block: &mut [Stmt]) {
        for stmt in block {
            self.stmt(frame, stmt);
        }
    }

    fn stmt(&mut self, frame: &mut Frame, stmt: &mut Stmt) {
        match &mut stmt.kind {
            StmtKind::Expr(e) => {
                self.expr(frame, e);
            }
            StmtKind::Assign { places, value } => {
                let Some(ty) = self.expr(frame, value) else { return };
                for place in places {
                    self.store(frame, place, value, ty);
                }
            }
            StmtKind::Unpack { places, values } => {
                let types: Vec<Option<TypeId>> = values.iter_mut().map(|v| self.expr(frame, v)).collect();
                for ((place, value), ty) in places.iter_mut().zip(values.iter_mut()).zip(types) {
                    if let Some(ty) = ty {
                        self.store(frame, place, value, ty);
                    }
                }
            }
            StmtKind::Update { place, op, value } => {
                let Some(current) = self.place(frame, place) else { return };
                if self.number(frame, value).is_none() {
                    return;
                }
                let target = self.scalar_target(current);
                let (Some(a), Some(b)) = (self.int_of(target, None), self.int_of(value.ty, Some(value)))
                else {
                    // `data += 14` on a packet pointer.
                    if matches!(self.module.types.get(current), Type::Ptr { .. }) {
                        return;
                    }
                    let span = place.span;
                    self.error(frame, |this| {
                        Diagnostic::error(
                            "type-mismatch",
                            format!("{} cannot be updated", this.module.types.display(current)),
                        )
                        .at(span)
                    });
                    return;
                };
                if let PlaceKind::Local(local) = place.kind
                    && target == current
                {
                    let a = Int { literal: frame.flexible[local.index()], ..a };
                    let result = numbers::binary(*op, a, b);
                    let ty = self.module.types.int(result.bits, result.signed);
                    self.widen_local(frame, local, ty, None, place.span);
                    place.ty = frame.function.locals[local].ty;
                }
            }
            StmtKind::Delete { map, key } => {
                self.expr(frame, key);
                let key_type = self.module.maps[*map].key;
                self.check_item(frame, key, key_type, "key");
            }
            StmtKind::If { test, then, orelse } => {
                self.condition(frame, test);
                self.block(frame, then);
                self.block(frame, orelse);
            }
            StmtKind::While { test, body, orelse } => {
                self.condition(frame, test);
                self.block(frame, body);
                self.block(frame, orelse);
            }
            StmtKind::Range { local, start, stop, step, body, orelse } => {
                let a = self.number(frame, start);
                let b = self.number(frame, stop);
                if let (Some(a), Some(_)) = (a, b) {
                    let mut int = self.int_of(a, Some(start)).unwrap_or(Int::S64);
                    if *step > 0 && int.literal {
                        // From a literal upwards: not negative.
                        int = Int { literal: true, ..Int::S64 };
                    } else {
                        int = Int::S64;
                    }
                    let ty = self.module.types.int(64, true);
                    let literal = int.literal.then_some(&*start);
                    self.widen_local(frame, *local, ty, literal, start.span);
                }
                self.block(frame, body);
                self.block(frame, orelse);
            }
            StmtKind::Return(value) => {
                // `return None` is `return`, but where a pointer is returned.
                let is_none = matches!(value, Some(Expr { kind: ExprKind::None, .. }));
                let pointer =
                    frame.function.ret.is_some_and(|r| matches!(self.module.types.get(r), Type::Ptr { .. }));
                if is_none
                    && !pointer
                    && (frame.function.ret.is_some() || frame.function.kind != FunctionKind::Subprogram)
                {
                    *value = None;
                }
                self.returned(frame, value.as_mut(), stmt.span);
            }
            StmtKind::Assert(test) => self.condition(frame, test),
            StmtKind::Break | StmtKind::Continue | StmtKind::Pass => {}
        }
    }

    fn returned(&mut self, frame: &mut Frame, value: Option<&mut Expr>, span: Span) {
        let void = self.module.types.void();
        let Some(value) = value else {
            if frame.function.kind == FunctionKind::Subprogram && frame.function.ret.is_none() {
                frame.function.ret = Some(void);
            }
            return;
        };
        let Some(ty) = self.expr(frame, value) else { return };
        let ty = if self.is_number_behind(ty) { self.number(frame, value).unwrap_or(ty) } else { ty };
        match frame.function.ret {
            None if matches!(frame.function.kind, FunctionKind::Subprogram) => {
                let ty = match self.int_of(ty, None) {
                    Some(_) if ty != self.module.types.bool() => self.module.types.int(64, true),
                    _ => ty,
                };
                frame.function.ret = Some(ty);
                frame.changed = true;
            }
            None => {}
            Some(ret) if self.fits(value, ty, ret) => {}
            Some(ret) => self.error(frame, |this| {
                let (have, want) = (this.module.types.display(ty), this.module.types.display(ret));
                let message = format!("the function returns {want}, and this is {have}");
                Diagnostic::error("type-mismatch", message).at(span)
            }),
        }
    }

    /// Whether a value can be stored where the type is `to`.
    pub(super) fn fits(&self, value: &Expr, ty: TypeId, to: TypeId) -> bool {
        let types = &self.module.types;
        if ty == to {
            return true;
        }
        match (types.get(ty), types.get(to)) {
            (
                Type::Int { .. } | Type::Bool | Type::Enum(_),
                Type::Int { .. } | Type::Bool | Type::Enum(_),
            ) => true,
            (Type::Ptr { .. }, Type::Int { bits: 64, .. }) => true,
            (Type::Int { bits: 64, .. }, Type::Ptr { .. }) => true,
            (Type::Ptr { to: a, .. }, Type::Ptr { to: b, .. }) => {
                a == b || *b == types.void() || *a == types.void()
            }
            (Type::Str { .. }, Type::Str { .. }) => true,
            // A record is copied from where a pointer points.
            (Type::Ptr { to: a, .. }, Type::Record(_)) => *a == to,
            _ => matches!(value.kind, ExprKind::None) && matches!(types.get(to), Type::Ptr { .. }),
        }
    }

    /// Holds that a pointer points where the type says: memory is read by the rules of its region, which is fixed.
    pub(super) fn same_region(&mut self, frame: &Frame, value: &Expr, to: TypeId) {
        if matches!(value.kind, ExprKind::None) {
            return;
        }
        let (Type::Ptr { region: have, .. }, Type::Ptr { region: want, .. }) =
            (self.module.types.get(value.ty), self.module.types.get(to))
        else {
            return;
        };
        let (have, want, span) = (*have, *want, value.span);
        if have != want {
            self.error(frame, |_| {
                let message = format!(
                    "this points to {}, and a pointer to {} is needed",
                    have.describe(),
                    want.describe()
                );
                Diagnostic::error("type-mismatch", message)
                    .at(span)
                    .help("hand over the values that are needed, or a copy of the record")
            });
        }
    }

    fn store(&mut self, frame: &mut Frame, place: &mut Place, value: &mut Expr, ty: TypeId) {
        if let PlaceKind::Local(local) = place.kind {
            if frame.function.locals[local].declared {
                let to = frame.function.locals[local].ty;
                place.ty = to;
                if self.is_number(to) && self.is_number_behind(ty) {
                    self.number(frame, value);
                    return;
                }
                self.same_region(frame, value, to);
                if !self.fits(value, ty, to) {
                    let first = frame.function.locals[local].span;
                    self.error(frame, |this| {
                        let (have, want) = (this.module.types.display(ty), this.module.types.display(to));
                        Diagnostic::error("type-mismatch", format!("`{}` cannot hold {have}", "the variable"))
                            .at_with(place.span, format!("this is {have}"))
                            .label(first, format!("declared as {want} here"))
                    });
                }
            } else {
                self.widen_local(frame, local, ty, Some(value), place.span);
                place.ty = Self::local_type(frame, local);
            }
            return;
        }
        let Some(to) = self.place(frame, place) else { return };
        if self.is_number(to) {
            self.number(frame, value);
            let ty = value.ty;
            if !self.fits(value, ty, to) {
                self.mismatch(frame, value, ty, to);
            }
        } else if !self.fits(value, ty, to) && !matches!(value.kind, ExprKind::Text(_)) {
            self.mismatch(frame, value, ty, to);
        }
    }

    pub(super) fn mismatch(&mut self, frame: &Frame, value: &Expr, ty: TypeId, to: TypeId) {
        let span = value.span;
        self.error(frame, |this| {
            let (have, want) = (this.module.types.display(ty), this.module.types.display(to));
            Diagnostic::error("type-mismatch", format!("this is {have}, and {want} is needed")).at(span)
        });
    }

    /// Makes a local's type hold another value.
    pub(super) fn widen_local(
        &mut self,
        frame: &mut Frame,
        local: LocalId,
        ty: TypeId,
        value: Option<&Expr>,
        span: Span,
    ) {
        if frame.flexible.len() <= local.index() {
            frame.flexible.resize(local.index() + 1, false);
        }
        let old = frame.function.locals[local].ty;
        if frame.function.locals[local].declared {
            return;
        }
        let incoming = self.int_of(ty, value);
        if old == self.module.types.void() {
            let literal = incoming.is_some_and(|i| i.literal);
            frame.flexible[local.index()] = literal;
            if ty != self.module.types.void() {
                frame.function.locals[local].ty = ty;
                frame.changed = true;
            } else if value.is_some_and(|v| !matches!(v.kind, ExprKind::None)) {
                self.error(frame, |_| Diagnostic::error("no-value", "this gives no value").at(span));
            }
            return;
        }
        let literal = frame.flexible[local.index()];
        let current = self.int_of(old, None).map(|i| Int { literal, ..i });
        let joined = match (current, incoming) {
            (Some(a), Some(b)) => {
                if old == ty && old == self.module.types.bool() {
                    return;
                }
                let joined = numbers::join(a, b);
                frame.flexible[local.index()] = joined.literal;
                Some(self.module.types.int(joined.bits, joined.signed))
            }
            _ => self.join_other(old, ty, value),
        };
        match joined {
            Some(joined) if joined != old => {
                frame.function.locals[local].ty = joined;
                frame.changed = true;
            }
            Some(_) => {}
            None => {
                let first = frame.function.locals[local].span;
                let name = frame.function.locals[local].name.clone();
                self.error(frame, |this| {
                    let (have, want) = (this.module.types.display(ty), this.module.types.display(old));
                    Diagnostic::error(
                        "type-mismatch",
                        format!("`{name}` is {want} elsewhere, and {have} here"),
                    )
                    .at(span)
                    .label(first, format!("{want} since here"))
                    .help("use another name")
                });
            }
        }
    }

    /// The type that holds values of both, where they are not both numbers.
    pub(super) fn join_other(&mut self, a: TypeId, b: TypeId, b_value: Option<&Expr>) -> Option<TypeId> {
        if a == b {
            return Some(a);
        }
        let void = self.module.types.void();
        let is_none = b_value.is_some_and(|v| matches!(v.kind, ExprKind::None));
        match (self.module.types.get(a).clone(), self.module.types.get(b).clone()) {
            (Type::Ptr { to, region, .. }, _) if is_none => Some(self.module.types.ptr(to, region, true)),
            (Type::Ptr { to: x, region: r, nullable: n }, Type::Ptr { to: y, region: s, nullable: m })
                if r == s =>
            {
                let to = if x == y || y == void {
                    x
                } else if x == void {
                    y
                } else {
                    return None;
                };
                Some(self.module.types.ptr(to, r, n || m))
            }
            _ => None,
        }
    }

    /// The type of what a place holds.
    pub(super) fn place(&mut self, frame: &mut Frame, place: &mut Place) -> Option<TypeId> {
        let ty = match &mut place.kind {
            PlaceKind::Local(local) => {
                let ty = Self::local_type(frame, *local);
                (ty != self.module.types.void()).then_some(ty)
            }
            PlaceKind::Global(global) => Some(self.module.globals[*global].ty),
            PlaceKind::Field { base, name } => self.field(frame, base, name, place.span),
            PlaceKind::Index { base, index } => self.index(frame, base, index, place.span),
            PlaceKind::MapItem { map, key } => {
                self.expr(frame, key);
                let (key_type, value_type) = (self.module.maps[*map].key, self.module.maps[*map].value);
                self.check_item(frame, key, key_type, "key");
                value_type
            }
        }?;
        place.ty = ty;
        Some(ty)
    }

    /// What `+=` on a place of that type changes: the number itself, or the one that a pointer points to.
    fn scalar_target(&self, ty: TypeId) -> TypeId {
        match self.module.types.get(ty) {
            Type::Ptr { to, .. } if self.is_number(*to) => *to,
            _ => ty,
        }
    }
}

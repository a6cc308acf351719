//! Places, and what assignments make of locals.
//!
//! Promises: types of locals only widen, so that rounds end. Leaves out: expressions.

use super::numbers::{self, Int};
use super::{Frame, Infer_};
use pbpf_core::diag::Diagnostic;
use pbpf_core::entity::Entity;
use pbpf_core::hir::{Expr, ExprKind, LocalId, Place, PlaceKind};
use pbpf_core::source::Span;
use pbpf_core::types::{Region, Type, TypeId};

impl Infer_<'_, '_> {
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
            (Type::Ptr { to: a, .. }, Type::Record(_) | Type::Array { .. }) => *a == to,
            (Type::Ptr { to: a, .. }, Type::Str { .. }) => matches!(types.get(*a), Type::Str { .. }),
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

    pub(super) fn store(&mut self, frame: &mut Frame, place: &mut Place, value: &mut Expr, ty: TypeId) {
        if let PlaceKind::Local(local) = place.kind {
            if frame.function.locals[local].declared {
                let to = frame.function.locals[local].ty;
                place.ty = to;
                if self.is_number(to) && self.is_number_behind(ty) {
                    self.as_number(frame, value);
                    return;
                }
                if self.read_text(value, to) {
                    return;
                }
                self.same_region(frame, value, to);
                self.warn_cut(frame, value, to);
                self.text_cut(frame, value, to);
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
                let ty = self.referenced(value, ty);
                self.widen_local(frame, local, ty, Some(value), place.span);
                place.ty = Self::local_type(frame, local);
            }
            return;
        }
        let Some(to) = self.place(frame, place) else { return };
        if matches!(self.module.types.get(to), Type::Kptr(_)) {
            let span = place.span;
            self.error(frame, |_| {
                Diagnostic::error("held-object", "what holds a kernel object is not assigned to")
                    .at(span)
                    .help("exchange it, and release what it held: `old = bpf_kptr_xchg(value.field, new)`")
            });
            return;
        }
        if self.read_text(value, to) {
            return;
        }
        // User space follows what is in an arena, and the program what was in one.
        if matches!(self.module.types.get(to), Type::Ptr { region: Region::Arena, .. }) {
            self.same_region(frame, value, to);
        }
        if self.is_number(to) {
            self.as_number(frame, value);
            self.warn_cut(frame, value, to);
            let ty = value.ty;
            if !self.fits(value, ty, to) {
                self.mismatch(frame, value, ty, to);
            }
        } else if !self.fits(value, ty, to) {
            self.mismatch(frame, value, ty, to);
        } else {
            self.text_cut(frame, value, to);
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
        // A local that the program does not name holds a value as it is.
        let hidden = frame.function.locals[local].name.starts_with('(');
        let made = hidden || value.is_some_and(|v| matches!(v.kind, ExprKind::Convert(_)));
        let incoming = self.int_of(ty, value).map(|int| numbers::local(frame.function.arithmetic, int, made));
        // A truth value stays one as long as nothing else is assigned.
        let ty = match incoming {
            Some(int) if ty != self.module.types.bool() => self.module.types.int(int.bits, int.signed),
            _ => ty,
        };
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
                if old == ty && !matches!(self.module.types.get(ty), Type::Int { .. }) {
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
            // It was None so far.
            (Type::Ptr { to: x, region: Region::MapValue, nullable: true }, Type::Ptr { to, region, .. })
                if x == void && region != Region::MapValue =>
            {
                Some(self.module.types.ptr(to, region, true))
            }
            (Type::Ptr { to: x, region: r, nullable: n }, Type::Ptr { to: y, region: s, nullable: m })
                if r == s =>
            {
                let to = if x == y {
                    x
                } else if matches!(r, Region::Packet | Region::PacketMeta) {
                    // Two headers that begin at the same place: what is there is bytes.
                    void
                } else if y == void {
                    x
                } else if x == void {
                    y
                } else {
                    return None;
                };
                Some(self.module.types.ptr(to, r, n || m))
            }
            (Type::Str { len: x }, Type::Str { len: y }) => Some(if x > y { a } else { b }),
            _ => None,
        }
    }

    /// Warns of text that does not fit where it is stored.
    pub(super) fn text_cut(&mut self, frame: &Frame, value: &Expr, to: TypeId) {
        let (ExprKind::Text(text), Type::Str { len }) = (&value.kind, self.module.types.get(to)) else {
            return;
        };
        let (needs, len, span) = (text.len() as u64 + 1, *len, value.span);
        if needs > u64::from(len) {
            self.error(frame, |_| {
                Diagnostic::warning(
                    "text-cut",
                    format!("the text needs {needs} bytes with its NUL; str({len}) has {len}"),
                )
                .at(span)
                .help(format!("declare `str({needs})`, or shorten the text"))
            });
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
            PlaceKind::MapItem { map, key } => self.keys(frame, map, key, place.span),
        }?;
        place.ty = ty;
        Some(ty)
    }

    /// What `+=` on a place of that type changes: the number itself, or the one that a pointer points to.
    pub(super) fn scalar_target(&self, ty: TypeId) -> TypeId {
        match self.module.types.get(ty) {
            Type::Ptr { to, .. } if self.is_number(*to) => *to,
            _ => ty,
        }
    }
}

//! Assignments.
//!
//! Promises: Python's order of evaluation; a place is evaluated once. Leaves out: entries of maps.

use super::Lowering;
use super::access::Address;
use pbpf_core::hir::BinaryOp as Hir;
use pbpf_core::hir::{Expr, ExprKind, Place, PlaceKind};
use pbpf_core::mir::{Op, Type, Value};
use pbpf_core::types::{Region, Type as T, TypeId};

/// What an augmented assignment does.
pub(super) struct Update<'e> {
    pub(super) op: Hir,
    pub(super) value: &'e Expr,
    /// The type that the place's value is converted to first.
    pub(super) through: Option<TypeId>,
}

impl Lowering<'_, '_> {
    pub(super) fn assign(&mut self, places: &[Place], value: &Expr) {
        let [first, rest @ ..] = places else { return };
        if self.module.types.is_scalar(first.ty) && !rest.is_empty() {
            // Evaluated once, stored everywhere.
            let got = self.expr(value);
            for place in places {
                let converted = self.convert_value(got, value.ty, place.ty);
                self.store_value(place, converted);
            }
            return;
        }
        self.assign_one(first, value);
        if rest.is_empty() || matches!(value.kind, ExprKind::Text(_) | ExprKind::Zeroed) {
            for place in rest {
                self.assign_one(place, value);
            }
            return;
        }
        // Evaluated once: the others are copies of the first.
        let kind = match &first.kind {
            PlaceKind::Local(id) => ExprKind::Local(*id),
            PlaceKind::Global(id) => ExprKind::Global(*id),
            PlaceKind::Field { base, name } => ExprKind::Field(Box::new(base.clone()), name.clone()),
            PlaceKind::Index { base, index } => {
                ExprKind::Index(Box::new(base.clone()), Box::new(index.clone()))
            }
            PlaceKind::MapItem { map, key } => ExprKind::Item(map.clone(), Box::new(key.clone())),
        };
        let made = Expr { kind, ty: first.ty, span: first.span };
        for place in rest {
            self.assign_one(place, &made);
        }
    }

    pub(super) fn assign_one(&mut self, place: &Place, value: &Expr) {
        if let PlaceKind::MapItem { map, key } = &place.kind {
            // The value, then the key, as in Python.
            let target = self.target(map);
            let value = self.map_value(target, value);
            let key = self.key(target, key);
            let flags = self.iconst(Type::I64, 0);
            self.put(target, key, value, flags);
            return;
        }
        if self.module.types.is_scalar(place.ty) {
            let value = self.converted(value, place.ty);
            self.store_value(place, value);
            return;
        }
        if Self::reads_itself(place, value) || Self::in_turn(place, value) {
            // `s = S(a=s.b)`, `a[f()] = S(b=g())`: made aside, then copied.
            let aside = self.slot("copy", place.ty);
            self.fill(aside, place.ty, value);
            let address = self.place_address(place);
            let dst = self.materialize(address);
            let len = self.module.types.size_of(place.ty);
            self.effect(Op::MemCopy { dst, src: aside, len });
            return;
        }
        let address = self.place_address(place);
        let dst = self.materialize(address);
        self.fill(dst, place.ty, value);
    }

    /// Whether it can be seen that the value is evaluated before the place.
    fn in_turn(place: &Place, value: &Expr) -> bool {
        let mut changes = false;
        let mut look = |e: &Expr| {
            changes |= matches!(e.kind, ExprKind::Walrus(..) | ExprKind::Call(..) | ExprKind::Helper { .. });
        };
        match &place.kind {
            PlaceKind::Local(_) | PlaceKind::Global(_) | PlaceKind::MapItem { .. } => return false,
            PlaceKind::Field { base, .. } => crate::walk::expr(base, &mut look),
            PlaceKind::Index { base, index } => {
                crate::walk::expr(base, &mut look);
                crate::walk::expr(index, &mut look);
            }
        }
        crate::walk::expr(value, &mut look);
        changes
    }

    pub(super) fn reads_itself(place: &Place, value: &Expr) -> bool {
        let made = matches!(value.kind, ExprKind::New(_) | ExprKind::NewArray(_));
        let PlaceKind::Local(target) = place.kind else { return made };
        let mut found = false;
        if made {
            crate::walk::expr(value, &mut |e| found |= matches!(e.kind, ExprKind::Local(id) if id == target));
        }
        found
    }

    pub(super) fn unpack(&mut self, places: &[Place], values: &[Expr]) {
        let mut held = Vec::with_capacity(values.len());
        for (place, value) in places.iter().zip(values) {
            if self.module.types.is_scalar(place.ty) {
                held.push(self.converted(value, place.ty));
            } else {
                let aside = self.slot("copy", place.ty);
                self.fill(aside, place.ty, value);
                held.push(aside);
            }
        }
        for (place, value) in places.iter().zip(held) {
            if self.module.types.is_scalar(place.ty) {
                self.store_value(place, value);
            } else {
                let address = self.place_address(place);
                let dst = self.materialize(address);
                let len = self.module.types.size_of(place.ty);
                self.effect(Op::MemCopy { dst, src: value, len });
            }
        }
    }

    pub(super) fn place_address(&mut self, place: &Place) -> Address {
        let expr = |kind| Expr { kind, ty: place.ty, span: place.span };
        match &place.kind {
            PlaceKind::Local(id) => self.address(&expr(ExprKind::Local(*id))),
            PlaceKind::Global(id) => self.address(&expr(ExprKind::Global(*id))),
            PlaceKind::Field { base, name } => {
                self.address(&expr(ExprKind::Field(Box::new(base.clone()), name.clone())))
            }
            PlaceKind::Index { base, index } => {
                self.address(&expr(ExprKind::Index(Box::new(base.clone()), Box::new(index.clone()))))
            }
            PlaceKind::MapItem { map, key } => {
                let target = self.target(map);
                let key = self.key(target, key);
                let ptr = self.find(target, key);
                Address::Plain(self.op(Op::Refine(ptr)), 0)
            }
        }
    }

    /// Stores a scalar that has the type of the place.
    pub(super) fn store_value(&mut self, place: &Place, value: Value) {
        match &place.kind {
            PlaceKind::Local(id) => self.set_local(*id, value),
            PlaceKind::MapItem { map, key } => {
                let target = self.target(map);
                let key = self.key(target, key);
                let value = self.scalar_value(target, value);
                let flags = self.iconst(Type::I64, 0);
                self.put(target, key, value, flags);
            }
            PlaceKind::Field { base, name } => {
                if let T::Ptr { region: Region::Ctx, .. } = self.type_of(base.ty)
                    && self.is_context_field(name)
                {
                    let ctx = self.expr(base);
                    self.effect(Op::CtxStore { ctx, field: name.clone(), value });
                    return;
                }
                self.span = place.span;
                if let Some((ptr, bits, width)) = self.bitfield(base, name) {
                    let size = self.record_size(base.ty);
                    self.store_bits(ptr, (bits, width, size), value);
                    return;
                }
                let address = self.place_address(place);
                self.store_at(address, value, place.ty);
            }
            PlaceKind::Global(_) | PlaceKind::Index { .. } => {
                let address = self.place_address(place);
                self.store_at(address, value, place.ty);
            }
        }
    }

    pub(super) fn store_at(&mut self, address: Address, value: Value, ty: TypeId) {
        match address {
            Address::Plain(ptr, offset) => self.store(ptr, offset, value, ty),
            path @ Address::Path(..) => {
                let ptr = self.materialize(path);
                self.store(ptr, 0, value, ty);
            }
        }
    }

    /// `place op= value`.
    pub(super) fn update(&mut self, place: &Place, update: &Update<'_>) {
        // A pointer to a number: the number changes.
        if let T::Ptr { to, .. } = *self.type_of(place.ty)
            && self.is_number(to)
        {
            // The pointer is the object that is asked to change; it reads itself when it knows by what.
            let pointer = self.read_target(place);
            let by = self.expr(update.value);
            let current = self.load_from(Address::Plain(pointer, 0), to);
            let new = self.combined(current, to, by, update);
            self.store(pointer, 0, new, to);
            return;
        }
        match &place.kind {
            PlaceKind::Local(id) if !self.slots.contains_key(id) => {
                let current = self.get_local(*id);
                if let Type::Ptr { .. } = self.func.type_of(current) {
                    let by = self.int_value(update.value, Type::I64);
                    let moved = self.pointer_add(current, place.ty, by, update.op == Hir::Sub);
                    self.set_local(*id, moved);
                    return;
                }
                let new = self.updated(current, place.ty, update);
                self.set_local(*id, new);
            }
            PlaceKind::Field { base, name }
                if matches!(self.type_of(base.ty), T::Ptr { region: Region::Ctx, .. })
                    && self.is_context_field(name) =>
            {
                let read = Expr {
                    kind: ExprKind::Field(Box::new(base.clone()), name.clone()),
                    ty: place.ty,
                    span: place.span,
                };
                let current = self.expr(&read);
                let new = self.updated(current, place.ty, update);
                self.store_value(place, new);
            }
            PlaceKind::Field { base, name } if self.has_bits(base, name) => {
                let read = Expr {
                    kind: ExprKind::Field(Box::new(base.clone()), name.clone()),
                    ty: place.ty,
                    span: place.span,
                };
                let current = self.expr(&read);
                let new = self.updated(current, place.ty, update);
                self.store_value(place, new);
            }
            PlaceKind::MapItem { map, key } => self.update_item(map, key, place.ty, update),
            _ => {
                let address = self.place_address(place);
                self.update_at(address, place.ty, update);
            }
        }
    }

    pub(super) fn has_bits(&self, base: &Expr, name: &str) -> bool {
        let record = match *self.type_of(base.ty) {
            T::Ptr { to, .. } => to,
            _ => base.ty,
        };
        let T::Record(record) = *self.type_of(record) else { return false };
        self.find_field(record, name).is_some_and(|(_, f)| f.bit_size.is_some())
    }

    pub(super) fn is_number(&self, ty: TypeId) -> bool {
        matches!(self.type_of(ty), T::Int { .. } | T::Bool | T::Enum(_))
    }

    pub(super) fn read_target(&mut self, place: &Place) -> Value {
        match &place.kind {
            PlaceKind::Local(id) => self.get_local(*id),
            _ => {
                let address = self.place_address(place);
                self.load_from(address, place.ty)
            }
        }
    }

    pub(super) fn update_at(&mut self, address: Address, ty: TypeId, update: &Update<'_>) {
        let (ptr, offset) = match address {
            Address::Plain(ptr, offset) => (ptr, offset),
            path @ Address::Path(..) => (self.materialize(path), 0),
        };
        let current = self.load_from(Address::Plain(ptr, offset), ty);
        let new = self.updated(current, ty, update);
        self.store(ptr, offset, new, ty);
    }

    /// `current op value`, as the type of the place; the value is evaluated behind the place's, as in Python.
    pub(super) fn updated(&mut self, current: Value, ty: TypeId, update: &Update<'_>) -> Value {
        let by = self.expr(update.value);
        self.combined(current, ty, by, update)
    }

    /// `current op by`, as the type of the place.
    pub(super) fn combined(&mut self, current: Value, ty: TypeId, by: Value, update: &Update<'_>) -> Value {
        let (current, from) = match update.through {
            Some(through) => (self.convert_value(current, ty, through), through),
            None => (current, ty),
        };
        self.arithmetic(update.op, (current, from), (by, update.value.ty), ty)
    }

    /// Whether the program type's row has a rule for that field of the context.
    pub(super) fn is_context_field(&self, name: &str) -> bool {
        let Some(program) = self.program() else { return false };
        self.cx.registry.program_type(program.program_type).row.context_field(name).is_some()
    }

    /// Converts a value from one scalar type to another.
    pub(super) fn convert_value(&mut self, value: Value, from: TypeId, to: TypeId) -> Value {
        let Some(machine) = super::machine_type(&self.module.types, to) else { return value };
        match (self.func.type_of(value), machine) {
            (Type::Ptr { .. }, Type::Ptr { .. }) => value,
            (Type::Ptr { .. }, _) => {
                let number = self.number_of(value);
                self.resize(number, machine, false)
            }
            (_, Type::Ptr { .. }) => {
                let wide = self.resize(value, Type::I64, false);
                self.value(Op::IntToPtr(wide), machine)
            }
            _ => {
                let signed = self.is_signed(from);
                self.resize(value, machine, signed)
            }
        }
    }
}

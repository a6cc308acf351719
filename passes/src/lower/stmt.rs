//! Statements.
//!
//! Promises: what is never reached is not lowered. Leaves out: expressions.

use super::access::Address;
use super::{Loop, Lowering};
use pbpf_core::ast::BinaryOp as Py;
use pbpf_core::hir::{Expr, ExprKind, LocalId, Place, PlaceKind, Stmt, StmtKind};
use pbpf_core::mir::{AtomicOp, BinaryOp, Cond, MapId, Op, Type, Value};
use pbpf_core::types::{Region, Type as T, TypeId};

impl Lowering<'_, '_> {
    pub(super) fn stmts(&mut self, block: &[Stmt]) {
        for stmt in block {
            // What follows a `return` is never reached.
            if self.block.is_none() {
                return;
            }
            self.span = stmt.span;
            self.stmt(stmt);
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::Expr(e) => {
                self.evaluate(e);
            }
            StmtKind::Assign { places, value } => self.assign(places, value),
            StmtKind::Unpack { places, values } => self.unpack(places, values),
            StmtKind::Update { place, op, value } => self.update(place, *op, value),
            StmtKind::Delete { map, key } => {
                let key = self.key(*map, key);
                self.op(Op::MapDelete { map: *map, key });
            }
            StmtKind::If { test, then, orelse } => {
                let (yes, no, next) = (self.new_block(), self.new_block(), self.new_block());
                self.condition(test, yes, no);
                self.join(yes);
                self.stmts(then);
                self.jump(next);
                self.join(no);
                self.stmts(orelse);
                self.jump(next);
                self.join(next);
            }
            StmtKind::While { test, body, orelse } => {
                let (head, inner, end, exit) =
                    (self.new_block(), self.new_block(), self.new_block(), self.new_block());
                self.jump(head);
                self.switch_to(head);
                self.condition(test, inner, end);
                self.join(inner);
                self.loops.push(Loop { next: head, exit });
                self.stmts(body);
                self.loops.pop();
                self.jump(head);
                self.seal(head);
                self.join(end);
                self.stmts(orelse);
                self.jump(exit);
                self.join(exit);
            }
            StmtKind::Range { local, start, stop, step, body, orelse } => {
                self.range(*local, (start, stop, *step), body, orelse);
            }
            StmtKind::Return(None) => self.return_default(),
            StmtKind::Return(Some(value)) => {
                let value = match self.func.ret {
                    None => {
                        self.evaluate(value);
                        None
                    }
                    Some(Type::Ptr { .. }) => Some(self.converted(value, value.ty)),
                    Some(Type::I1) => Some(self.truth(value)),
                    Some(int) => {
                        // The declared type cuts, the register widens.
                        let declared = self.source.ret.unwrap_or(value.ty);
                        let cut = self.converted(value, declared);
                        let signed = self.is_signed(declared);
                        Some(self.resize(cut, int, signed))
                    }
                };
                self.terminate(Op::Return(value));
            }
            StmtKind::Assert(test) => {
                let (yes, no) = (self.new_block(), self.new_block());
                self.condition(test, yes, no);
                self.join(no);
                if self.block.is_some() {
                    self.return_default();
                }
                self.join(yes);
            }
            StmtKind::Break => {
                if let Some(Loop { exit, .. }) = self.loops.last().copied() {
                    self.jump(exit);
                }
            }
            StmtKind::Continue => {
                if let Some(Loop { next, .. }) = self.loops.last().copied() {
                    self.jump(next);
                }
            }
            StmtKind::Pass => {}
        }
    }

    /// Goes on in a block where ways may meet; if none leads there, what follows is never reached.
    fn join(&mut self, block: pbpf_core::mir::Block) {
        self.seal(block);
        if self.variables.is_reached(block) {
            self.switch_to(block);
        } else {
            self.func.layout.retain(|b| *b != block);
            self.block = None;
        }
    }

    fn range(
        &mut self,
        local: LocalId,
        (start, stop, step): (&Expr, &Expr, i64),
        body: &[Stmt],
        orelse: &[Stmt],
    ) {
        let span = self.span;
        let first = self.int_value(start, Type::I64);
        let last = self.int_value(stop, Type::I64);
        self.span = span;
        // The counter is not the variable: assigning the variable in the body does not change the loop.
        let (head, inner, next, end, exit) =
            (self.new_block(), self.new_block(), self.new_block(), self.new_block(), self.new_block());
        let counter = self.func.add_block_param(head, Type::I64);
        self.terminate(Op::Jump(pbpf_core::mir::BlockCall { block: head, args: vec![first] }));
        self.switch_to(head);
        let cond = if step > 0 { Cond::Slt } else { Cond::Sgt };
        let more = self.op(Op::Icmp(cond, [counter, last]));
        self.branch(more, inner, end);
        self.seal(inner);
        self.switch_to(inner);
        let ty = self.source.locals[local].ty;
        let machine = super::machine_type(&self.module.types, ty).unwrap_or(Type::I64);
        let value = self.resize(counter, machine, true);
        self.set_local(local, value);
        self.loops.push(Loop { next, exit });
        self.stmts(body);
        self.loops.pop();
        self.jump(next);
        self.join(next);
        // A body that always leaves goes round once at most.
        if self.block.is_some() {
            self.span = span;
            let step = self.iconst(Type::I64, step);
            let following = self.op(Op::Binary(BinaryOp::Add, [counter, step]));
            self.terminate(Op::Jump(pbpf_core::mir::BlockCall { block: head, args: vec![following] }));
        }
        self.seal(head);
        self.seal(end);
        self.switch_to(end);
        self.stmts(orelse);
        self.jump(exit);
        self.join(exit);
    }

    fn assign(&mut self, places: &[Place], value: &Expr) {
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
        for place in rest {
            self.assign_one(place, value);
        }
    }

    fn assign_one(&mut self, place: &Place, value: &Expr) {
        if let PlaceKind::MapItem { map, key } = &place.kind {
            let key = self.key(*map, key);
            let value = self.map_value(*map, value);
            let flags = self.iconst(Type::I64, 0);
            self.op(Op::MapUpdate { map: *map, key, value, flags });
            return;
        }
        if self.module.types.is_scalar(place.ty) {
            let value = self.converted(value, place.ty);
            self.store_value(place, value);
            return;
        }
        let address = self.place_address(place);
        let dst = self.materialize(address);
        if Self::reads_itself(place, value) {
            // `s = S(a=s.b)`: made aside, then copied.
            let aside = self.slot("copy", place.ty);
            self.fill(aside, place.ty, value);
            let len = self.module.types.size_of(place.ty);
            self.effect(Op::MemCopy { dst, src: aside, len });
            return;
        }
        self.fill(dst, place.ty, value);
    }

    fn reads_itself(place: &Place, value: &Expr) -> bool {
        let PlaceKind::Local(target) = place.kind else { return matches!(value.kind, ExprKind::New(_)) };
        let mut found = false;
        if matches!(value.kind, ExprKind::New(_)) {
            crate::walk::expr(value, &mut |e| found |= matches!(e.kind, ExprKind::Local(id) if id == target));
        }
        found
    }

    fn unpack(&mut self, places: &[Place], values: &[Expr]) {
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

    fn place_address(&mut self, place: &Place) -> Address {
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
                let key = self.key(*map, key);
                let ptr = self.op(Op::MapLookup { map: *map, key });
                Address::Plain(self.op(Op::Refine(ptr)), 0)
            }
        }
    }

    /// Stores a scalar that has the type of the place.
    pub(super) fn store_value(&mut self, place: &Place, value: Value) {
        match &place.kind {
            PlaceKind::Local(id) => self.set_local(*id, value),
            PlaceKind::MapItem { map, key } => {
                let key = self.key(*map, key);
                let flags = self.iconst(Type::I64, 0);
                self.op(Op::MapUpdate { map: *map, key, value, flags });
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
                    self.store_bits(ptr, bits, width, value);
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

    fn store_at(&mut self, address: Address, value: Value, ty: TypeId) {
        match address {
            Address::Plain(ptr, offset) => self.store(ptr, offset, value, ty),
            path @ Address::Path(..) => {
                let ptr = self.materialize(path);
                self.store(ptr, 0, value, ty);
            }
        }
    }

    /// `place op= value`.
    fn update(&mut self, place: &Place, op: Py, value: &Expr) {
        // A pointer to a number: the number changes.
        if let T::Ptr { to, .. } = *self.type_of(place.ty)
            && self.is_number(to)
        {
            let pointer = self.read_target(place);
            self.update_at(Address::Plain(pointer, 0), to, op, value);
            return;
        }
        match &place.kind {
            PlaceKind::Local(id) if !self.slots.contains_key(id) => {
                let current = self.get_local(*id);
                if let Type::Ptr { .. } = self.func.type_of(current) {
                    let by = self.int_value(value, Type::I64);
                    let moved = self.pointer_add(current, place.ty, by, op == Py::Sub);
                    self.set_local(*id, moved);
                    return;
                }
                let by = self.expr(value);
                let new = self.arithmetic(op, (current, place.ty), (by, value.ty), place.ty);
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
                let by = self.expr(value);
                let new = self.arithmetic(op, (current, place.ty), (by, value.ty), place.ty);
                self.store_value(place, new);
            }
            PlaceKind::Field { base, name } if self.has_bits(base, name) => {
                let read = Expr {
                    kind: ExprKind::Field(Box::new(base.clone()), name.clone()),
                    ty: place.ty,
                    span: place.span,
                };
                let current = self.expr(&read);
                let by = self.expr(value);
                let new = self.arithmetic(op, (current, place.ty), (by, value.ty), place.ty);
                self.store_value(place, new);
            }
            PlaceKind::MapItem { map, key } => self.update_item(*map, key, place.ty, op, value),
            _ => {
                let address = self.place_address(place);
                self.update_at(address, place.ty, op, value);
            }
        }
    }

    fn has_bits(&self, base: &Expr, name: &str) -> bool {
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

    fn read_target(&mut self, place: &Place) -> Value {
        match &place.kind {
            PlaceKind::Local(id) => self.get_local(*id),
            _ => {
                let address = self.place_address(place);
                self.load_from(address, place.ty)
            }
        }
    }

    fn update_at(&mut self, address: Address, ty: TypeId, op: Py, value: &Expr) {
        let (ptr, offset) = match address {
            Address::Plain(ptr, offset) => (ptr, offset),
            path @ Address::Path(..) => (self.materialize(path), 0),
        };
        let by = self.expr(value);
        let current = self.load_from(Address::Plain(ptr, offset), ty);
        let new = self.arithmetic(op, (current, ty), (by, value.ty), ty);
        self.store(ptr, offset, new, ty);
    }

    /// `m[key] op= value`: an absent key starts from zero. Addition and the bit operations on 32 and 64 bits are atomic.
    fn update_item(&mut self, map: MapId, key: &Expr, ty: TypeId, op: Py, value: &Expr) {
        let span = self.span;
        let machine = super::machine_type(&self.module.types, ty).unwrap_or(Type::I64);
        let key = self.key(map, key);
        let by = self.expr(value);
        self.span = span;
        let (found, absent, next) = (self.new_block(), self.new_block(), self.new_block());
        let pointer_type = Type::nullable(Region::MapValue);
        let pointer = self.op(Op::MapLookup { map, key });
        let null = self.value(Op::Null, pointer_type);
        let there = self.op(Op::Icmp(Cond::Ne, [pointer, null]));
        self.branch(there, found, absent);
        self.seal(absent);
        self.switch_to(absent);
        // Another processor may insert at the same time: only if the key is absent, then look again.
        let zero = self.iconst(machine, 0);
        let only_new = self.iconst(Type::I64, 1);
        self.op(Op::MapUpdate { map, key, value: zero, flags: only_new });
        let again = self.op(Op::MapLookup { map, key });
        let null = self.value(Op::Null, pointer_type);
        let there = self.op(Op::Icmp(Cond::Ne, [again, null]));
        let inserted = self.new_block();
        self.branch(there, inserted, next);
        for (block, pointer) in [(found, pointer), (inserted, again)] {
            self.seal(block);
            self.switch_to(block);
            let place = self.op(Op::Refine(pointer));
            let atomic = match op {
                Py::Add | Py::Sub => Some(AtomicOp::Add),
                Py::And => Some(AtomicOp::And),
                Py::Or => Some(AtomicOp::Or),
                Py::Xor => Some(AtomicOp::Xor),
                _ => None,
            };
            let signed = self.is_signed(value.ty);
            match atomic.filter(|_| matches!(machine, Type::I32 | Type::I64)) {
                Some(atomic) => {
                    let mut by = self.resize(by, machine, signed);
                    if op == Py::Sub {
                        by = self.op(Op::Unary(pbpf_core::mir::UnaryOp::Neg, by));
                    }
                    self.effect(Op::Atomic { op: atomic, ptr: place, offset: 0, value: by });
                }
                None => {
                    let current = self.load_from(Address::Plain(place, 0), ty);
                    let new = self.arithmetic(op, (current, ty), (by, value.ty), ty);
                    self.store(place, 0, new, ty);
                }
            }
            self.jump(next);
        }
        self.join(next);
    }

    /// Whether the program type's row has a rule for that field of the context.
    pub(super) fn is_context_field(&self, name: &str) -> bool {
        let pbpf_core::hir::FunctionKind::Program(program) = &self.source.kind else { return false };
        self.cx.registry.program_type(program.program_type).row.context.fields.iter().any(|f| f.name == name)
    }

    /// Converts a value from one scalar type to another.
    pub(super) fn convert_value(&mut self, value: Value, from: TypeId, to: TypeId) -> Value {
        let Some(machine) = super::machine_type(&self.module.types, to) else { return value };
        match (self.func.type_of(value), machine) {
            (Type::Ptr { .. }, Type::Ptr { .. }) => value,
            (Type::Ptr { .. }, _) => {
                let number = self.op(Op::PtrToInt(value));
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

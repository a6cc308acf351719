//! Loops: `for` over ranges, arrays, tuples and maps.
//!
//! Promises: what is gone over is evaluated once, before the first round. Leaves out: whether the verifier sees the
//! end of a loop (`loops`).

use super::access::Address;
use super::{Loop, Lowering};
use pbpf_core::hir::{Expr, LocalId, Over, Stmt};
use pbpf_core::mir::{BinaryOp, Block, BlockCall, Cond, MapId, Op, Type, UnaryOp, Value};
use pbpf_core::rows::MapWalk;
use pbpf_core::types::{Region, Type as T, TypeId};
use std::cell::Cell;

/// The body of a loop and its `else`.
#[derive(Clone, Copy)]
struct Body<'s> {
    body: &'s [Stmt],
    orelse: &'s [Stmt],
}

impl Lowering<'_, '_> {
    pub(super) fn for_(&mut self, over: &Over, body: &[Stmt], orelse: &[Stmt]) {
        let body = Body { body, orelse };
        match over {
            Over::Range { local, start, stop, step } => self.range(*local, [start, stop, step], body),
            Over::Array { local, index, array } => self.over_array(*local, *index, array, body),
            Over::Values { local, index, values } => self.over_values(*local, *index, values, body),
            Over::Entries { map, key, value } => self.over_entries(*map, *key, *value, body),
        }
    }

    /// A loop with a counter, from `first` by the constant `step` for as long as `more` says so; `bind` gives the
    /// variables their values for a round. The counter is not the variable: assigning that does not change the loop.
    fn counted(
        &mut self,
        first: Value,
        step: i64,
        more: impl FnOnce(&mut Self, Value) -> Value,
        bind: impl FnOnce(&mut Self, Value),
        Body { body, orelse }: Body<'_>,
    ) {
        let span = self.span;
        let (head, inner, next, end, exit) =
            (self.new_block(), self.new_block(), self.new_block(), self.new_block(), self.new_block());
        let counter = self.func.add_block_param(head, Type::I64);
        self.go(head, vec![first]);
        self.switch_to(head);
        let more = more(self, counter);
        self.branch(more, inner, end);
        self.seal(inner);
        self.switch_to(inner);
        bind(self, counter);
        self.rounds(next, exit, body);
        self.join(next);
        // A body that always leaves goes round once at most.
        if self.block.is_some() {
            self.span = span;
            let step = self.iconst(Type::I64, step);
            let following = self.op(Op::Binary(BinaryOp::Add, [counter, step]));
            self.go(head, vec![following]);
        }
        self.seal(head);
        self.seal(end);
        self.switch_to(end);
        self.stmts(orelse);
        self.jump(exit);
        self.join(exit);
    }

    /// The body of a round, and on to `next`.
    pub(super) fn rounds(&mut self, next: Block, exit: Block, body: &[Stmt]) {
        let scopes = self.scopes.len();
        self.loops.push(Loop { next, exit, scopes });
        self.stmts(body);
        self.loops.pop();
        self.jump(next);
    }

    /// Goes to a block with values for its parameters.
    pub(super) fn go(&mut self, block: Block, args: Vec<Value>) {
        self.terminate(Op::Jump(BlockCall { block, args }));
    }

    /// Gives a variable a number.
    fn bind_number(&mut self, local: LocalId, value: Value) {
        let ty = self.source.locals[local].ty;
        let machine = super::machine_type(&self.module.types, ty).unwrap_or(Type::I64);
        let value = self.resize(value, machine, true);
        self.set_local(local, value);
    }

    fn range(&mut self, local: LocalId, [start, stop, step]: [&Expr; 3], body: Body<'_>) {
        let span = self.span;
        let first = self.int_value(start, Type::I64);
        let last = self.int_value(stop, Type::I64);
        let by = self.int_value(step, Type::I64);
        self.span = span;
        if let Some(step) = self.func.constant(by) {
            let cond = if step > 0 { Cond::Slt } else { Cond::Sgt };
            let more = |this: &mut Self, counter| this.op(Op::Icmp(cond, [counter, last]));
            self.counted(first, step, more, |this, counter| this.bind_number(local, counter), body);
            return;
        }
        // The number of rounds is known before the first; a loop whose counter changes by a variable has no end that
        // anyone could see.
        let zero = self.iconst(Type::I64, 0);
        let one = self.iconst(Type::I64, 1);
        let no = self.iconst(Type::I1, 0);
        let up = self.op(Op::Icmp(Cond::Sgt, [by, zero]));
        let pick = |this: &mut Self, a, b| this.op(Op::Select(up, [a, b]));
        let (low, high) = (pick(self, first, last), pick(self, last, first));
        let opposite = self.op(Op::Unary(UnaryOp::Neg, by));
        let size = pick(self, by, opposite);
        let ahead = self.op(Op::Icmp(Cond::Slt, [low, high]));
        let still = self.op(Op::Icmp(Cond::Eq, [by, zero]));
        let any = self.op(Op::Select(still, [no, ahead]));
        let way = self.op(Op::Binary(BinaryOp::Sub, [high, low]));
        let way = self.op(Op::Binary(BinaryOp::Sub, [way, one]));
        let count = self.op(Op::Binary(BinaryOp::Udiv, [way, size]));
        let count = self.op(Op::Binary(BinaryOp::Add, [count, one]));
        let count = self.op(Op::Select(any, [count, zero]));
        let more = |this: &mut Self, counter| this.op(Op::Icmp(Cond::Ult, [counter, count]));
        let bind = |this: &mut Self, counter| {
            let way = this.op(Op::Binary(BinaryOp::Mul, [counter, by]));
            let value = this.op(Op::Binary(BinaryOp::Add, [first, way]));
            this.bind_number(local, value);
        };
        self.counted(zero, 1, more, bind, body);
    }

    /// The type of the elements and the length of an array, or of one that a pointer points to.
    pub(super) fn array_of(&self, ty: TypeId) -> Option<(TypeId, u32)> {
        match *self.type_of(ty) {
            T::Array { element, len } => Some((element, len)),
            T::Ptr { to, .. } => match *self.type_of(to) {
                T::Array { element, len } => Some((element, len)),
                _ => None,
            },
            _ => None,
        }
    }

    /// The address of an array.
    pub(super) fn array_address(&mut self, array: &Expr) -> Value {
        if matches!(self.type_of(array.ty), T::Ptr { .. }) {
            return self.expr(array);
        }
        let address = self.address(array);
        self.materialize(address)
    }

    /// The address of the element at a position that is known to be inside.
    pub(super) fn element_address(&mut self, base: Value, at: Value, element: TypeId) -> Value {
        let size = self.iconst(Type::I64, i64::from(self.module.types.size_of(element)));
        let offset = self.op(Op::Binary(BinaryOp::Mul, [at, size]));
        self.op(Op::PtrAdd(base, offset))
    }

    fn over_array(&mut self, local: LocalId, index: Option<LocalId>, array: &Expr, body: Body<'_>) {
        let span = self.span;
        let Some((element, len)) = self.array_of(array.ty) else { return };
        let base = self.array_address(array);
        self.span = span;
        self.over_elements(local, index, (base, element, len), body);
    }

    fn over_elements(
        &mut self,
        local: LocalId,
        index: Option<LocalId>,
        (base, element, len): (Value, TypeId, u32),
        body: Body<'_>,
    ) {
        let zero = self.iconst(Type::I64, 0);
        let more = |this: &mut Self, counter| {
            let len = this.iconst(Type::I64, i64::from(len));
            this.op(Op::Icmp(Cond::Slt, [counter, len]))
        };
        let bind = |this: &mut Self, counter| {
            if let Some(index) = index {
                this.bind_number(index, counter);
            }
            let address = this.element_address(base, counter, element);
            let value = if this.module.types.is_scalar(element) {
                let value = this.load_from(Address::Plain(address, 0), element);
                let ty = this.source.locals[local].ty;
                this.convert_value(value, element, ty)
            } else {
                address
            };
            this.set_local(local, value);
        };
        self.counted(zero, 1, more, bind, body);
    }

    /// The values of a tuple: numbers go through an array, for others the body is made for each.
    fn over_values(&mut self, local: LocalId, index: Option<LocalId>, values: &[Expr], body: Body<'_>) {
        let span = self.span;
        let ty = self.source.locals[local].ty;
        if self.is_number(ty) {
            let len = values.len() as u32;
            let array = self.module.types.intern(T::Array { element: ty, len });
            let size = self.module.types.size_of(ty);
            let base = self.slot("values", array);
            for (i, value) in values.iter().enumerate() {
                self.store_expr(Address::Plain(base, (i as u32 * size) as i32), ty, value);
            }
            self.span = span;
            self.over_elements(local, index, (base, ty, len), body);
            return;
        }
        let held: Vec<Value> = values.iter().map(|v| self.held(v, ty)).collect();
        let exit = self.new_block();
        for (i, (value, held)) in values.iter().zip(held).enumerate() {
            self.span = span;
            if let Some(index) = index {
                let at = self.iconst(Type::I64, i as i64);
                self.bind_number(index, at);
            }
            if self.module.types.is_scalar(ty) {
                self.set_local(local, held);
            } else if let Some(slot) = self.slots.get(&local).copied() {
                let dst = self.op(Op::SlotAddr(slot));
                self.fill(dst, ty, value);
            }
            let next = self.new_block();
            self.rounds(next, exit, body.body);
            self.join(next);
            if self.block.is_none() {
                break;
            }
        }
        if self.block.is_some() {
            self.stmts(body.orelse);
            self.jump(exit);
        }
        self.join(exit);
    }

    /// A value of a tuple before the first round: a scalar, or a pointer to an object.
    fn held(&mut self, value: &Expr, ty: TypeId) -> Value {
        match *self.type_of(ty) {
            T::Ptr { to, .. } if value.ty == to => {
                let address = self.address(value);
                self.materialize(address)
            }
            _ => self.converted(value, ty),
        }
    }

    fn over_entries(&mut self, map: MapId, key: Option<LocalId>, value: Option<LocalId>, body: Body<'_>) {
        let row = &self.module.maps[map];
        let (Some(key_type), Some(value_type)) = (row.key, row.value) else { return };
        let (most, kind) = (i64::from(row.max_entries), self.cx.registry.map_kind(&row.kind));
        let zero = self.iconst(Type::I64, 0);
        if kind.and_then(|kind| kind.walk) == Some(MapWalk::Callback) {
            let found = Cell::new(None);
            let more = |this: &mut Self, position| {
                let entry = this.op(Op::MapEntry { map, position });
                found.set(Some(entry));
                let null = this.value(Op::Null, Type::nullable(Region::MapValue));
                this.op(Op::Icmp(Cond::Ne, [entry, null]))
            };
            let bind = |this: &mut Self, position| {
                if let Some(key) = key {
                    let at = this.op(Op::MapEntryKey { map, position });
                    this.bind_key(key, key_type, at);
                }
                if let (Some(value), Some(found)) = (value, found.get()) {
                    this.bind_value(value, value_type, found);
                }
            };
            self.counted(zero, 1, more, bind, body);
            return;
        }
        let more = |this: &mut Self, counter| {
            let most = this.iconst(Type::I64, most);
            this.op(Op::Icmp(Cond::Slt, [counter, most]))
        };
        let bind = |this: &mut Self, counter| {
            let machine = super::machine_type(&this.module.types, key_type).unwrap_or(Type::I32);
            let at = this.resize(counter, machine, false);
            if let Some(key) = key {
                let to = this.source.locals[key].ty;
                let at = this.convert_value(at, key_type, to);
                this.set_local(key, at);
            }
            let Some(value) = value else { return };
            let found = this.op(Op::MapLookup { map, key: at });
            let found = this.op(Op::Refine(found));
            this.bind_value(value, value_type, found);
        };
        self.counted(zero, 1, more, bind, body);
    }

    /// The variable for a key, which is a copy.
    fn bind_key(&mut self, local: LocalId, ty: TypeId, at: Value) {
        if self.module.types.is_scalar(ty) {
            let value = self.load_from(Address::Plain(at, 0), ty);
            let to = self.source.locals[local].ty;
            let value = self.convert_value(value, ty, to);
            self.set_local(local, value);
        } else if let Some(slot) = self.slots.get(&local).copied() {
            let dst = self.op(Op::SlotAddr(slot));
            let len = self.module.types.size_of(ty);
            self.effect(Op::MemCopy { dst, src: at, len });
        }
    }

    /// The variable for a map's value: a number is copied, another is pointed to.
    fn bind_value(&mut self, local: LocalId, ty: TypeId, found: Value) {
        let value = if self.is_number(ty) {
            let value = self.load_from(Address::Plain(found, 0), ty);
            let to = self.source.locals[local].ty;
            self.convert_value(value, ty, to)
        } else {
            found
        };
        self.set_local(local, value);
    }

    // Whole arrays.

    /// `value in array`, as a truth value.
    pub(super) fn within(&mut self, value: &Expr, array: &Expr, negated: bool) -> Value {
        let span = self.span;
        let wanted = (self.expr(value), value.ty);
        let Some((element, len)) = self.array_of(array.ty) else { return self.iconst(Type::I1, 0) };
        let base = self.array_address(array);
        self.span = span;
        let (head, inner, next, done) =
            (self.new_block(), self.new_block(), self.new_block(), self.new_block());
        let counter = self.func.add_block_param(head, Type::I64);
        let result = self.func.add_block_param(done, Type::I1);
        let zero = self.iconst(Type::I64, 0);
        let absent = self.iconst(Type::I1, i64::from(negated));
        let found = self.iconst(Type::I1, i64::from(!negated));
        self.go(head, vec![zero]);
        self.switch_to(head);
        let len = self.iconst(Type::I64, i64::from(len));
        let more = self.op(Op::Icmp(Cond::Slt, [counter, len]));
        self.terminate(Op::Branch {
            cond: more,
            then: BlockCall { block: inner, args: Vec::new() },
            otherwise: BlockCall { block: done, args: vec![absent] },
        });
        self.seal(inner);
        self.switch_to(inner);
        let address = self.element_address(base, counter, element);
        let got = self.load_from(Address::Plain(address, 0), element);
        let same = self.compare_numbers(pbpf_core::ast::CompareOp::Eq, wanted, (got, element));
        self.terminate(Op::Branch {
            cond: same,
            then: BlockCall { block: done, args: vec![found] },
            otherwise: BlockCall { block: next, args: Vec::new() },
        });
        self.seal(next);
        self.switch_to(next);
        let one = self.iconst(Type::I64, 1);
        let following = self.op(Op::Binary(BinaryOp::Add, [counter, one]));
        self.go(head, vec![following]);
        self.seal(head);
        self.seal(done);
        self.switch_to(done);
        result
    }

    /// Makes one value of all elements: `step` takes what there is so far and the next element, from position `from` on.
    pub(super) fn folded(
        &mut self,
        array: &Expr,
        from: u32,
        first: impl FnOnce(&mut Self, Value) -> Value,
        step: impl FnOnce(&mut Self, Value, Value) -> Value,
    ) -> Value {
        let span = self.span;
        let Some((element, len)) = self.array_of(array.ty) else { return self.iconst(Type::I64, 0) };
        let base = self.array_address(array);
        self.span = span;
        let start = first(self, base);
        let ty = self.func.type_of(start);
        let (head, inner, done) = (self.new_block(), self.new_block(), self.new_block());
        let counter = self.func.add_block_param(head, Type::I64);
        let so_far = self.func.add_block_param(head, ty);
        let position = self.iconst(Type::I64, i64::from(from));
        self.go(head, vec![position, start]);
        self.switch_to(head);
        let len = self.iconst(Type::I64, i64::from(len));
        let more = self.op(Op::Icmp(Cond::Slt, [counter, len]));
        self.branch(more, inner, done);
        self.seal(inner);
        self.switch_to(inner);
        let address = self.element_address(base, counter, element);
        let got = self.load_from(Address::Plain(address, 0), element);
        let new = step(self, so_far, got);
        let one = self.iconst(Type::I64, 1);
        let following = self.op(Op::Binary(BinaryOp::Add, [counter, one]));
        self.go(head, vec![following, new]);
        self.seal(head);
        self.seal(done);
        self.switch_to(done);
        so_far
    }
}

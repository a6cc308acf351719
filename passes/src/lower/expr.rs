//! Expressions.
//!
//! Promises: Python's order of evaluation. Leaves out: numbers, memory, calls and text.

use super::Lowering;
use super::access::Address;
use super::number;
use pbpf_core::ast::{BinaryOp as Py, CompareOp};
use pbpf_core::hir::{Builtin, Expr, ExprKind, MapId, UnaryOp};
use pbpf_core::mir::{self, BinaryOp, Block, Cond, Op, Type, Value};
use pbpf_core::types::{Region, Type as T, TypeId};

impl Lowering<'_, '_> {
    /// Evaluates for the effect; the value, if there is one, is not needed.
    pub(super) fn evaluate(&mut self, expr: &Expr) {
        if self.type_of(expr.ty) == &T::Void
            || matches!(expr.kind, ExprKind::Print(_) | ExprKind::Call(..) | ExprKind::Helper { .. })
        {
            self.span = expr.span;
            self.call(expr);
            return;
        }
        self.expr(expr);
    }

    /// The value of an expression; of an aggregate, a pointer to it.
    pub(super) fn expr(&mut self, expr: &Expr) -> Value {
        self.span = expr.span;
        match &expr.kind {
            ExprKind::Int(n) => {
                let ty = super::machine_type(&self.module.types, expr.ty).unwrap_or(Type::I64);
                self.iconst(ty, number::cut(*n, ty))
            }
            ExprKind::Bool(b) => self.iconst(Type::I1, i64::from(*b)),
            ExprKind::None => self.value(Op::Null, Type::nullable(Region::MapValue)),
            ExprKind::Text(text) => {
                let (text, span) = (text.clone(), self.span);
                let data = self.module.intern_text(&text, span);
                self.op(Op::GlobalAddr(data))
            }
            ExprKind::Local(id) => {
                if let Some(slot) = self.slots.get(id).copied() {
                    let ptr = self.op(Op::SlotAddr(slot));
                    let ty = self.source.locals[*id].ty;
                    return if self.module.types.is_scalar(ty) {
                        self.load_from(Address::Plain(ptr, 0), ty)
                    } else {
                        ptr
                    };
                }
                self.get_local(*id)
            }
            ExprKind::Global(id) => {
                let ptr = self.op(Op::GlobalAddr(*id));
                if self.module.types.is_scalar(expr.ty) {
                    self.load_from(Address::Plain(ptr, 0), expr.ty)
                } else {
                    ptr
                }
            }
            ExprKind::Map(map) => self.op(Op::MapAddr(*map)),
            ExprKind::Function(id) => self.op(Op::FuncAddr(*id)),
            ExprKind::Unary(op, operand) => {
                let value = self.int_value(operand, Type::I64);
                self.span = expr.span;
                self.op(Op::Unary(
                    if *op == UnaryOp::Neg { mir::UnaryOp::Neg } else { mir::UnaryOp::Not },
                    value,
                ))
            }
            ExprKind::Binary(op, a, b) => self.binary(*op, a, b, expr),
            ExprKind::Compare(..) | ExprKind::Not(_) | ExprKind::Contains { .. } => {
                self.condition_value(expr)
            }
            ExprKind::Logical(and, values) => self.logical(*and, values, expr),
            ExprKind::If(test, a, b) => {
                let (yes, no, next) = (self.new_block(), self.new_block(), self.new_block());
                self.condition(test, yes, no);
                self.seal(yes);
                self.seal(no);
                self.choose(&[(yes, a), (no, b)], next, expr.ty)
            }
            ExprKind::Walrus(local, value) => {
                let ty = self.source.locals[*local].ty;
                if self.module.types.is_scalar(ty) {
                    let value = self.converted(value, ty);
                    self.set_local(*local, value);
                    return value;
                }
                let Some(slot) = self.slots.get(local).copied() else { return self.expr(value) };
                let dst = self.op(Op::SlotAddr(slot));
                self.fill(dst, ty, value);
                dst
            }
            ExprKind::Convert(value) => self.convert(value, expr),
            ExprKind::Cast(value) => {
                let to = super::machine_type(&self.module.types, expr.ty).unwrap_or(Type::I64);
                let got = self.expr(value);
                self.span = expr.span;
                if self.func.type_of(got).is_int() {
                    let signed = self.is_signed(value.ty);
                    let wide = self.resize(got, Type::I64, signed);
                    return self.value(Op::IntToPtr(wide), to);
                }
                got
            }
            ExprKind::New(_) | ExprKind::Zeroed => {
                let dst = self.slot("temporary", expr.ty);
                self.fill(dst, expr.ty, expr);
                dst
            }
            ExprKind::Field(base, name) => {
                if let T::Ptr { region: Region::Ctx, .. } = self.type_of(base.ty)
                    && self.is_context_field(name)
                {
                    let ctx = self.expr(base);
                    self.span = expr.span;
                    let ty = super::machine_type(&self.module.types, expr.ty).unwrap_or(Type::I64);
                    return self.value(Op::CtxLoad { ctx, field: name.clone() }, ty);
                }
                self.read_place(expr)
            }
            ExprKind::Index(..) => self.read_place(expr),
            ExprKind::Reveal(value) => self.expr(value),
            ExprKind::Deref(pointer) => {
                let got = self.expr(pointer);
                self.span = expr.span;
                if self.func.type_of(got).is_int() || !self.module.types.is_scalar(expr.ty) {
                    return got;
                }
                self.load_from(Address::Plain(got, 0), expr.ty)
            }
            ExprKind::Lookup(map, key) => {
                let key = self.key(*map, key);
                self.span = expr.span;
                self.op(Op::MapLookup { map: *map, key })
            }
            ExprKind::Item(map, key) => {
                let key = self.key(*map, key);
                self.span = expr.span;
                let pointer = self.op(Op::MapLookup { map: *map, key });
                let there = self.op(Op::Refine(pointer));
                if self.is_number(expr.ty) {
                    self.load_from(Address::Plain(there, 0), expr.ty)
                } else {
                    there
                }
            }
            ExprKind::Get(map, key, default) => self.get(*map, key, default, expr),
            ExprKind::Store(map, key, value, flags) => {
                let key = self.key(*map, key);
                let value = self.map_value(*map, value);
                let flags = self.int_value(flags, Type::I64);
                self.span = expr.span;
                self.op(Op::MapUpdate { map: *map, key, value, flags })
            }
            ExprKind::Remove(map, key) => {
                let key = self.key(*map, key);
                self.span = expr.span;
                self.op(Op::MapDelete { map: *map, key })
            }
            ExprKind::Builtin(which, args) => self.builtin(*which, args, expr),
            ExprKind::Helper { .. } | ExprKind::Call(..) | ExprKind::Print(_) => match self.call(expr) {
                Some(value) => value,
                None => self.iconst(Type::I64, 0),
            },
        }
    }

    fn convert(&mut self, value: &Expr, expr: &Expr) -> Value {
        self.converted(value, expr.ty)
    }

    fn binary(&mut self, op: Py, a: &Expr, b: &Expr, expr: &Expr) -> Value {
        let pointer = |this: &Self, e: &Expr| matches!(this.type_of(e.ty), T::Ptr { .. });
        match (op, pointer(self, a), pointer(self, b)) {
            (Py::Sub, true, true) => {
                let (x, y) = (self.expr(a), self.expr(b));
                self.span = expr.span;
                self.op(Op::PtrSub([x, y]))
            }
            (_, true, false) => {
                let x = self.expr(a);
                let by = self.int_value(b, Type::I64);
                self.span = expr.span;
                self.pointer_add(x, a.ty, by, op == Py::Sub)
            }
            (_, false, true) => {
                let by = self.int_value(a, Type::I64);
                let x = self.expr(b);
                self.span = expr.span;
                self.pointer_add(x, b.ty, by, false)
            }
            _ => {
                let (x, y) = (self.expr(a), self.expr(b));
                self.span = expr.span;
                self.arithmetic(op, (x, a.ty), (y, b.ty), expr.ty)
            }
        }
    }

    /// A pointer moved by a number of elements; without a known element, of bytes.
    pub(super) fn pointer_add(&mut self, pointer: Value, ty: TypeId, by: Value, minus: bool) -> Value {
        let size = match *self.type_of(ty) {
            T::Ptr { to, .. } => self.module.types.size_of(to).max(1),
            _ => 1,
        };
        let mut by = match self.func.constant(by) {
            Some(by) => {
                let bytes = by.wrapping_mul(i64::from(size));
                return {
                    let bytes = self.iconst(Type::I64, if minus { bytes.wrapping_neg() } else { bytes });
                    self.op(Op::PtrAdd(pointer, bytes))
                };
            }
            None => by,
        };
        if size > 1 {
            let size = self.iconst(Type::I64, i64::from(size));
            by = self.op(Op::Binary(BinaryOp::Mul, [by, size]));
        }
        if minus {
            by = self.op(Op::Unary(mir::UnaryOp::Neg, by));
        }
        self.op(Op::PtrAdd(pointer, by))
    }

    // Conditions.

    /// Whether a value counts as true.
    pub(super) fn truth(&mut self, expr: &Expr) -> Value {
        if matches!(
            expr.kind,
            ExprKind::Compare(..) | ExprKind::Not(_) | ExprKind::Contains { .. } | ExprKind::Logical(..)
        ) {
            return self.condition_value(expr);
        }
        let value = self.expr(expr);
        self.span = expr.span;
        match self.func.type_of(value) {
            Type::I1 => value,
            ty @ Type::Ptr { region, .. } => {
                let null = self.value(Op::Null, Type::nullable(region));
                let _ = ty;
                self.op(Op::Icmp(Cond::Ne, [value, null]))
            }
            ty => {
                let zero = self.iconst(ty, 0);
                self.op(Op::Icmp(Cond::Ne, [value, zero]))
            }
        }
    }

    /// A condition as a value: 1 or 0, by the branches that it takes.
    fn condition_value(&mut self, expr: &Expr) -> Value {
        if let ExprKind::Compare(first, rest) = &expr.kind
            && let [(op, second)] = rest.as_slice()
        {
            return self.compare_pair(*op, first, second);
        }
        let (yes, no, next) = (self.new_block(), self.new_block(), self.new_block());
        self.condition(expr, yes, no);
        let result = self.func.add_block_param(next, Type::I1);
        for (block, value) in [(yes, 1), (no, 0)] {
            self.seal(block);
            self.switch_to(block);
            let value = self.iconst(Type::I1, value);
            self.terminate(Op::Jump(mir::BlockCall { block: next, args: vec![value] }));
        }
        self.seal(next);
        self.switch_to(next);
        result
    }

    /// Goes to `yes` or `no` by a condition.
    pub(super) fn condition(&mut self, expr: &Expr, yes: Block, no: Block) {
        match &expr.kind {
            ExprKind::Not(operand) => self.condition(operand, no, yes),
            ExprKind::Logical(and, values) => {
                let Some((last, first)) = values.split_last() else { return self.jump(yes) };
                for value in first {
                    let next = self.new_block();
                    if *and {
                        self.condition(value, next, no);
                    } else {
                        self.condition(value, yes, next);
                    }
                    self.seal(next);
                    self.switch_to(next);
                }
                self.condition(last, yes, no);
            }
            ExprKind::Compare(first, rest) if rest.len() > 1 => {
                // `a < b < c`: each operand once, and `c` only if `a < b`.
                let mut left = self.operand(first);
                for (i, (op, right)) in rest.iter().enumerate() {
                    let right_value = self.operand(right);
                    self.span = expr.span;
                    let test = self.compare_values(*op, left, right_value);
                    left = right_value;
                    if i + 1 == rest.len() {
                        self.branch(test, yes, no);
                    } else {
                        let next = self.new_block();
                        self.branch(test, next, no);
                        self.seal(next);
                        self.switch_to(next);
                    }
                }
            }
            ExprKind::Contains { map, key, negated } => {
                let key = self.key(*map, key);
                self.span = expr.span;
                let pointer = self.op(Op::MapLookup { map: *map, key });
                let null = self.value(Op::Null, Type::nullable(Region::MapValue));
                let cond = if *negated { Cond::Eq } else { Cond::Ne };
                let test = self.op(Op::Icmp(cond, [pointer, null]));
                self.branch(test, yes, no);
            }
            ExprKind::Bool(value) => self.jump(if *value { yes } else { no }),
            ExprKind::None => self.jump(no),
            _ => {
                let test = self.truth(expr);
                self.span = expr.span;
                self.branch(test, yes, no);
            }
        }
    }

    fn operand(&mut self, expr: &Expr) -> (Value, TypeId) {
        (self.expr(expr), expr.ty)
    }

    fn compare_pair(&mut self, op: CompareOp, a: &Expr, b: &Expr) -> Value {
        let span = self.span;
        if matches!(self.type_of(a.ty), T::Str { .. }) && matches!(self.type_of(b.ty), T::Str { .. }) {
            let equal = self.text_equal(a, b);
            self.span = span;
            if op == CompareOp::Ne {
                let one = self.iconst(Type::I1, 1);
                return self.op(Op::Binary(BinaryOp::Xor, [equal, one]));
            }
            return equal;
        }
        // `None` has the type of what it is compared with.
        if matches!(a.kind, ExprKind::None) || matches!(b.kind, ExprKind::None) {
            let other = if matches!(a.kind, ExprKind::None) { b } else { a };
            let value = self.expr(other);
            self.span = span;
            let region = self.func.type_of(value).region().unwrap_or(Region::MapValue);
            let null = self.value(Op::Null, Type::nullable(region));
            return self.op(Op::Icmp(number::condition(op, true), [value, null]));
        }
        let (x, y) = (self.operand(a), self.operand(b));
        self.span = span;
        self.compare_values(op, x, y)
    }

    fn compare_values(&mut self, op: CompareOp, a: (Value, TypeId), b: (Value, TypeId)) -> Value {
        let pointer = |this: &Self, v: Value| matches!(this.func.type_of(v), Type::Ptr { .. });
        if pointer(self, a.0) && pointer(self, b.0) {
            return self.op(Op::Icmp(number::condition(op, true), [a.0, b.0]));
        }
        let a = if pointer(self, a.0) {
            (self.op(Op::PtrToInt(a.0)), self.module.types.int(64, false))
        } else {
            a
        };
        let b = if pointer(self, b.0) {
            (self.op(Op::PtrToInt(b.0)), self.module.types.int(64, false))
        } else {
            b
        };
        self.compare_numbers(op, a, b)
    }

    /// `a and b`, `a or b` as a value.
    fn logical(&mut self, and: bool, values: &[Expr], expr: &Expr) -> Value {
        if expr.ty == self.module.types.bool() {
            return self.condition_value(expr);
        }
        let next = self.new_block();
        let machine = super::machine_type(&self.module.types, expr.ty).unwrap_or(Type::I64);
        let result = self.func.add_block_param(next, machine);
        let Some((last, first)) = values.split_last() else { return result };
        for value in first {
            let got = self.expr(value);
            let kept = self.convert_value(got, value.ty, expr.ty);
            let test = match self.func.type_of(got) {
                Type::I1 => got,
                Type::Ptr { region, .. } => {
                    let null = self.value(Op::Null, Type::nullable(region));
                    self.op(Op::Icmp(Cond::Ne, [got, null]))
                }
                ty => {
                    let zero = self.iconst(ty, 0);
                    self.op(Op::Icmp(Cond::Ne, [got, zero]))
                }
            };
            let more = self.new_block();
            let done = mir::BlockCall { block: next, args: vec![kept] };
            let on = mir::BlockCall { block: more, args: Vec::new() };
            let (then, otherwise) = if and { (on, done) } else { (done, on) };
            self.terminate(Op::Branch { cond: test, then, otherwise });
            self.seal(more);
            self.switch_to(more);
        }
        let value = self.converted(last, expr.ty);
        self.terminate(Op::Jump(mir::BlockCall { block: next, args: vec![value] }));
        self.seal(next);
        self.switch_to(next);
        result
    }

    /// Evaluates each expression in its block and goes on in `next` with the value.
    fn choose(&mut self, ways: &[(Block, &Expr)], next: Block, ty: TypeId) -> Value {
        let machine = super::machine_type(&self.module.types, ty).unwrap_or(Type::ptr(Region::Stack));
        let result = self.func.add_block_param(next, machine);
        for (block, value) in ways {
            self.switch_to(*block);
            let value = self.converted(value, ty);
            self.terminate(Op::Jump(mir::BlockCall { block: next, args: vec![value] }));
        }
        self.seal(next);
        self.switch_to(next);
        result
    }

    fn get(&mut self, map: MapId, key: &Expr, default: &Expr, expr: &Expr) -> Value {
        let key = self.key(map, key);
        let fallback = self.converted(default, expr.ty);
        self.span = expr.span;
        let pointer = self.op(Op::MapLookup { map, key });
        let null = self.value(Op::Null, Type::nullable(Region::MapValue));
        let there = self.op(Op::Icmp(Cond::Ne, [pointer, null]));
        let (yes, next) = (self.new_block(), self.new_block());
        let machine = self.func.type_of(fallback);
        let result = self.func.add_block_param(next, machine);
        let absent = mir::BlockCall { block: next, args: vec![fallback] };
        self.terminate(Op::Branch {
            cond: there,
            then: mir::BlockCall { block: yes, args: Vec::new() },
            otherwise: absent,
        });
        self.seal(yes);
        self.switch_to(yes);
        let refined = self.op(Op::Refine(pointer));
        let value_type = self.module.maps[map].value.unwrap_or(expr.ty);
        let loaded = self.load_from(Address::Plain(refined, 0), value_type);
        let value = self.convert_value(loaded, value_type, expr.ty);
        self.terminate(Op::Jump(mir::BlockCall { block: next, args: vec![value] }));
        self.seal(next);
        self.switch_to(next);
        result
    }

    fn builtin(&mut self, which: Builtin, args: &[Expr], expr: &Expr) -> Value {
        match which {
            Builtin::Abs => {
                let Some(arg) = args.first() else { return self.iconst(Type::I64, 0) };
                let signed = self.is_signed(arg.ty);
                let value = self.int_value(arg, Type::I64);
                self.span = expr.span;
                if !signed {
                    return self.convert_value(value, arg.ty, expr.ty);
                }
                let zero = self.iconst(Type::I64, 0);
                let negative = self.op(Op::Icmp(Cond::Slt, [value, zero]));
                let opposite = self.op(Op::Unary(mir::UnaryOp::Neg, value));
                self.op(Op::Select(negative, [opposite, value]))
            }
            Builtin::Min | Builtin::Max => {
                let op = if which == Builtin::Min { CompareOp::Lt } else { CompareOp::Gt };
                let mut best: Option<Value> = None;
                for arg in args {
                    let value = self.converted(arg, expr.ty);
                    self.span = expr.span;
                    best = Some(match best {
                        None => value,
                        Some(best) => {
                            // As Python: the first of equals stays.
                            let better = self.compare_numbers(op, (value, expr.ty), (best, expr.ty));
                            self.op(Op::Select(better, [value, best]))
                        }
                    });
                }
                best.unwrap_or_else(|| self.iconst(Type::I64, 0))
            }
        }
    }

    // Maps.

    /// A key: a number of the key's size, or a pointer to one.
    pub(super) fn key(&mut self, map: MapId, key: &Expr) -> Value {
        let ty = self.module.maps[map].key.unwrap_or(key.ty);
        self.map_operand(key, ty, "key")
    }

    /// A value to be stored: a number of the value's size, or a pointer to one.
    pub(super) fn map_value(&mut self, map: MapId, value: &Expr) -> Value {
        let ty = self.module.maps[map].value.unwrap_or(value.ty);
        self.map_operand(value, ty, "value")
    }

    fn map_operand(&mut self, expr: &Expr, ty: TypeId, name: &str) -> Value {
        if self.is_number(ty) {
            let value = self.converted(expr, ty);
            return if self.func.type_of(value) == Type::I1 {
                self.value(Op::Cast(mir::CastKind::Zext, value), Type::I8)
            } else {
                value
            };
        }
        self.in_memory(expr, ty, name)
    }
}

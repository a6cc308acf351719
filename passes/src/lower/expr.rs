//! Expressions.
//!
//! Promises: Python's order of evaluation. Leaves out: numbers, memory, calls and text.

use super::Lowering;
use super::access::Address;
use super::number;
use pbpf_core::hir::BinaryOp as Hir;
use pbpf_core::hir::{Expr, ExprKind, UnaryOp};
use pbpf_core::mir::{self, BinaryOp, Op, Type, Value};
use pbpf_core::types::{Region, Type as T, TypeId};

impl Lowering<'_, '_> {
    /// Evaluates for the effect; the value, if there is one, is not needed.
    pub(super) fn evaluate(&mut self, expr: &Expr) {
        if self.type_of(expr.ty) == &T::Void
            || matches!(expr.kind, ExprKind::Print(..) | ExprKind::Call(..) | ExprKind::Helper { .. })
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
            ExprKind::External(id) => self.external(*id),
            ExprKind::Query(query) => self.query(query, expr),
            ExprKind::Container(inner, query) => self.container(inner, query, expr),
            // `infer` has settled what it could not type.
            ExprKind::Absent | ExprKind::HasField(..) => self.iconst(Type::I1, 0),
            ExprKind::Unary(op, operand) => {
                let value = self.int_value(operand, Type::I64);
                self.span = expr.span;
                let op = if *op == UnaryOp::Neg { mir::UnaryOp::Neg } else { mir::UnaryOp::Not };
                let wide = self.op(Op::Unary(op, value));
                let machine = super::machine_type(&self.module.types, expr.ty).unwrap_or(Type::I64);
                self.resize(wide, machine, true)
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
            ExprKind::After(first, last) => {
                first.iter().for_each(|e| self.evaluate(e));
                self.expr(last)
            }
            ExprKind::Within { value, array, negated } => self.within(value, array, *negated),
            ExprKind::Convert(value) => self.convert(value, expr),
            ExprKind::Cast(value) => {
                let to = super::machine_type(&self.module.types, expr.ty).unwrap_or(Type::I64);
                let got = self.expr(value);
                self.span = expr.span;
                let number = match (self.func.type_of(got), to) {
                    // A plain address of the other kind.
                    (Type::Ptr { region: have, .. }, Type::Ptr { region: want, .. }) if have != want => {
                        self.op(Op::PtrToInt(got))
                    }
                    (Type::Ptr { .. }, _) => return got,
                    _ => {
                        let signed = self.is_signed(value.ty);
                        self.resize(got, Type::I64, signed)
                    }
                };
                self.value(Op::IntToPtr(number), to)
            }
            ExprKind::New(_) | ExprKind::NewArray(_) | ExprKind::Zeroed | ExprKind::TextAt(_) => {
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
            ExprKind::Len(value) => self.text_length(value),
            ExprKind::TextTest(test, text, wanted) => self.text_test(*test, text, wanted),
            // `infer` has made it a number.
            ExprKind::Size(_) => self.iconst(Type::I64, 0),
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
                let target = self.target(map);
                let key = self.key(target, key);
                self.span = expr.span;
                self.find(target, key)
            }
            ExprKind::Item(map, key) => {
                let target = self.target(map);
                let key = self.key(target, key);
                self.span = expr.span;
                let pointer = self.find(target, key);
                let there = self.op(Op::Refine(pointer));
                if self.is_number(expr.ty) {
                    self.load_from(Address::Plain(there, 0), expr.ty)
                } else {
                    there
                }
            }
            ExprKind::Get(map, key, default) => self.get(map, key, default, expr),
            ExprKind::Store(map, key, value, flags) => {
                let target = self.target(map);
                let key = self.key(target, key);
                let value = self.map_value(target, value);
                let flags = self.int_value(flags, Type::I64);
                self.span = expr.span;
                self.put(target, key, value, flags)
            }
            ExprKind::Remove(map, key) => {
                let target = self.target(map);
                let key = self.key(target, key);
                self.span = expr.span;
                self.remove(target, key)
            }
            ExprKind::SetDefault(map, key, value) => self.set_default(map, key, value, expr.span),
            ExprKind::Take(map, helper) => self.take(map, *helper, expr.span),
            ExprKind::Atomic(op, place, value) => match self.atomic(*op, place, value, expr, true) {
                Some(old) => old,
                None => self.iconst(Type::I64, 0),
            },
            ExprKind::Checked(pointer) => {
                let got = self.expr(pointer);
                self.span = expr.span;
                match self.func.type_of(got) {
                    Type::Ptr { nullable: true, .. } => self.op(Op::Refine(got)),
                    _ => got,
                }
            }
            ExprKind::Builtin(which, args) => self.builtin(*which, args, expr),
            ExprKind::Helper { .. } | ExprKind::Call(..) | ExprKind::Print(..) => match self.call(expr) {
                Some(value) => value,
                None => self.iconst(Type::I64, 0),
            },
        }
    }

    pub(super) fn convert(&mut self, value: &Expr, expr: &Expr) -> Value {
        self.converted(value, expr.ty)
    }

    pub(super) fn binary(&mut self, op: Hir, a: &Expr, b: &Expr, expr: &Expr) -> Value {
        let pointer = |this: &Self, e: &Expr| matches!(this.type_of(e.ty), T::Ptr { .. });
        match (op, pointer(self, a), pointer(self, b)) {
            (Hir::Sub, true, true) => {
                let (x, y) = (self.expr(a), self.expr(b));
                self.span = expr.span;
                let bytes = self.op(Op::PtrSub([x, y]));
                if matches!(
                    self.func.type_of(x).region(),
                    Some(Region::Packet | Region::PacketMeta | Region::PacketEnd)
                ) {
                    return bytes;
                }
                let size = self.element_size(a.ty);
                if self.func.constant(size) == Some(1) {
                    return bytes;
                }
                self.op(Op::Binary(BinaryOp::Floordiv, [bytes, size]))
            }
            (_, true, false) => {
                let x = self.expr(a);
                let by = self.int_value(b, Type::I64);
                self.span = expr.span;
                self.pointer_add(x, a.ty, by, op == Hir::Sub)
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

    /// The bytes of what a pointer points to, which is 1 where that is not known; those of a kernel record are relocated.
    fn element_size(&mut self, ty: TypeId) -> Value {
        let T::Ptr { to, region, .. } = *self.type_of(ty) else { return self.iconst(Type::I64, 1) };
        if let T::Record(record) = *self.type_of(to)
            && self.relocated(record, region)
        {
            return self.op(Op::Query(mir::Query::Record(mir::RecordQuery::Size, record)));
        }
        let size = self.module.types.size_of(to).max(1);
        self.iconst(Type::I64, i64::from(size))
    }

    /// A pointer moved by a number of elements; without a known element, of bytes.
    pub(super) fn pointer_add(&mut self, pointer: Value, ty: TypeId, by: Value, minus: bool) -> Value {
        let size = self.element_size(ty);
        let bytes = match (self.func.constant(by), self.func.constant(size)) {
            (Some(by), Some(size)) => {
                let bytes = by.wrapping_mul(size);
                self.iconst(Type::I64, if minus { bytes.wrapping_neg() } else { bytes })
            }
            (_, size_known) => {
                let bytes =
                    if size_known == Some(1) { by } else { self.op(Op::Binary(BinaryOp::Mul, [by, size])) };
                if minus { self.op(Op::Unary(mir::UnaryOp::Neg, bytes)) } else { bytes }
            }
        };
        self.moved_by(pointer, bytes)
    }

    // Conditions.
}

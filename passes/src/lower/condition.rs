//! Conditions, comparisons, and values that they choose.
//!
//! Promises: short circuits are branches. Leaves out: comparison of numbers and of text.

use super::Lowering;
use super::access::Address;
use super::number;
use pbpf_core::ast::CompareOp;
use pbpf_core::hir::{Expr, ExprKind};
use pbpf_core::mir::{self, BinaryOp, Block, Cond, Op, Type, Value};
use pbpf_core::types::{Region, Type as T, TypeId};

impl Lowering<'_, '_> {
    /// Whether a value counts as true.
    pub(super) fn truth(&mut self, expr: &Expr) -> Value {
        if matches!(
            expr.kind,
            ExprKind::Compare(..) | ExprKind::Not(_) | ExprKind::Contains { .. } | ExprKind::Logical(..)
        ) {
            return self.condition_value(expr);
        }
        if let (T::Str { .. }, ExprKind::Text(text)) = (self.type_of(expr.ty), &expr.kind) {
            return self.iconst(Type::I1, i64::from(!text.is_empty()));
        }
        let mut value = self.expr(expr);
        self.span = expr.span;
        if matches!(self.type_of(expr.ty), T::Str { .. }) {
            // Text counts as true if it is not empty.
            value = self.value(Op::Load { ptr: value, offset: 0 }, Type::I8);
        }
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
    pub(super) fn condition_value(&mut self, expr: &Expr) -> Value {
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
            ExprKind::After(first, last) => {
                first.iter().for_each(|e| self.evaluate(e));
                self.condition(last, yes, no);
            }
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
                let target = self.target(map);
                if self.module.maps[map.map].key.is_none() {
                    let there = self.ask(target, key, expr.span);
                    let (yes, no) = if *negated { (no, yes) } else { (yes, no) };
                    self.branch(there, yes, no);
                    return;
                }
                let key = self.key(target, key);
                self.span = expr.span;
                let pointer = self.find(target, key);
                let null = self.value(Op::Null, self.func.type_of(pointer));
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

    pub(super) fn operand(&mut self, expr: &Expr) -> (Value, TypeId) {
        (self.expr(expr), expr.ty)
    }

    pub(super) fn compare_pair(&mut self, op: CompareOp, a: &Expr, b: &Expr) -> Value {
        let span = self.span;
        let text = matches!(self.type_of(a.ty), T::Str { .. }) && matches!(self.type_of(b.ty), T::Str { .. });
        let object = a.ty == b.ty && matches!(self.type_of(a.ty), T::Record(_) | T::Array { .. });
        if text || object {
            let equal = if text { self.text_equal(a, b) } else { self.objects_equal(a, b) };
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

    pub(super) fn compare_values(&mut self, op: CompareOp, a: (Value, TypeId), b: (Value, TypeId)) -> Value {
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
    pub(super) fn logical(&mut self, and: bool, values: &[Expr], expr: &Expr) -> Value {
        if expr.ty == self.module.types.bool() {
            return self.condition_value(expr);
        }
        let next = self.new_block();
        if matches!(self.type_of(expr.ty), T::Str { .. }) {
            return self.logical_text(and, values, next, expr.ty);
        }
        let machine = super::machine_type(&self.module.types, expr.ty).unwrap_or(Type::I64);
        let result = self.func.add_block_param(next, machine);
        let Some((last, first)) = values.split_last() else { return result };
        for value in first {
            let got = self.expr(value);
            if let T::Ptr { to, .. } = *self.type_of(value.ty)
                && self.is_number(expr.ty)
            {
                self.number_behind(and, (got, to), next, expr.ty);
                continue;
            }
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

    /// An operand of `and` or `or` that points to a number: where it decides, the number is read, and of `None` it is 0.
    fn number_behind(&mut self, and: bool, (pointer, to): (Value, TypeId), next: Block, ty: TypeId) {
        let region = self.func.type_of(pointer).region().unwrap_or(Region::MapValue);
        let null = self.value(Op::Null, Type::nullable(region));
        let test = self.op(Op::Icmp(Cond::Ne, [pointer, null]));
        let (decided, more) = (self.new_block(), self.new_block());
        if and {
            self.branch(test, more, decided);
        } else {
            self.branch(test, decided, more);
        }
        self.seal(decided);
        self.switch_to(decided);
        let value = if and {
            let machine = super::machine_type(&self.module.types, ty).unwrap_or(Type::I64);
            self.iconst(machine, 0)
        } else {
            let value = self.load_from(Address::Plain(pointer, 0), to);
            self.convert_value(value, to, ty)
        };
        self.go(next, vec![value]);
        self.seal(more);
        self.switch_to(more);
    }

    /// `a or b` of texts: the one that decides is copied.
    fn logical_text(&mut self, and: bool, values: &[Expr], next: Block, ty: TypeId) -> Value {
        let dst = self.slot("chosen", ty);
        for (i, value) in values.iter().enumerate() {
            self.fill(dst, ty, value);
            if i + 1 == values.len() {
                self.jump(next);
                break;
            }
            let first = self.value(Op::Load { ptr: dst, offset: 0 }, Type::I8);
            let zero = self.iconst(Type::I8, 0);
            let empty = self.op(Op::Icmp(Cond::Eq, [first, zero]));
            let more = self.new_block();
            let (then, otherwise) = if and { (next, more) } else { (more, next) };
            self.branch(empty, then, otherwise);
            self.seal(more);
            self.switch_to(more);
        }
        self.seal(next);
        self.switch_to(next);
        dst
    }

    /// Evaluates each expression in its block and goes on in `next` with the value.
    pub(super) fn choose(&mut self, ways: &[(Block, &Expr)], next: Block, ty: TypeId) -> Value {
        let Some(machine) = super::machine_type(&self.module.types, ty) else {
            // An object: the values may be in different memory, so the chosen one is copied.
            let (size, align) = (self.module.types.size_of(ty), self.module.types.align_of(ty).max(8));
            let span = self.span;
            let slot = self.func.slots.push(mir::SlotData { name: "chosen".to_owned(), size, align, span });
            for (block, value) in ways {
                self.switch_to(*block);
                let dst = self.op(Op::SlotAddr(slot));
                self.fill(dst, ty, value);
                self.jump(next);
            }
            self.seal(next);
            self.switch_to(next);
            return self.op(Op::SlotAddr(slot));
        };
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
}

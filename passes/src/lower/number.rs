//! Numbers: widths, signs, arithmetic and comparison by value.
//!
//! Promises: what `infer` says that it is, which is what CPython computes as long as it fits 64 bits, or what C does. Leaves out: signed division, which `divide`
//! makes.

use super::Lowering;
use pbpf_core::ast::CompareOp;
use pbpf_core::hir::{BinaryOp as Hir, Expr, ExprKind};
use pbpf_core::mir::{BinaryOp, CastKind, Cond, Op, Region, Type, UnaryOp, Value};
use pbpf_core::types::{Type as T, TypeId};

impl Lowering<'_, '_> {
    /// Whether values of the type can be negative.
    pub(super) fn is_signed(&self, ty: TypeId) -> bool {
        match self.type_of(ty) {
            T::Int { signed, .. } => *signed,
            T::Enum(e) => self.module.types.enums[*e].signed,
            _ => false,
        }
    }

    /// The same number in another width.
    pub(super) fn resize(&mut self, value: Value, to: Type, signed: bool) -> Value {
        let from = self.func.type_of(value);
        if from == to || !from.is_int() {
            return value;
        }
        if from.bits() > to.bits() {
            if to == Type::I1 {
                let zero = self.iconst(from, 0);
                return self.op(Op::Icmp(Cond::Ne, [value, zero]));
            }
            return self.value(Op::Cast(CastKind::Trunc, value), to);
        }
        let kind = if signed && from != Type::I1 { CastKind::Sext } else { CastKind::Zext };
        self.value(Op::Cast(kind, value), to)
    }

    /// The value of a number in a width.
    pub(super) fn int_value(&mut self, expr: &Expr, to: Type) -> Value {
        if let ExprKind::Int(n) = expr.kind
            && to != Type::I1
        {
            self.span = expr.span;
            return self.iconst(to, cut(n, to));
        }
        let value = self.expr(expr);
        if let Type::Ptr { .. } = self.func.type_of(value) {
            return self.number_of(value);
        }
        let signed = self.is_signed(expr.ty);
        self.resize(value, to, signed)
    }

    /// The address of a pointer, a number like any other to the verifier: of what it takes for a pointer it says "R1 pointer arithmetic
    /// with /= operator prohibited", and knows nothing of one whose bytes were turned round.
    pub(super) fn number_of(&mut self, pointer: Value) -> Value {
        let region = self.func.type_of(pointer).region();
        let mut number = self.op(Op::PtrToInt(pointer));
        if !matches!(region, Some(Region::User | Region::Arena)) {
            for op in [UnaryOp::Bswap, UnaryOp::Opaque, UnaryOp::Bswap] {
                number = self.op(Op::Unary(op, number));
            }
        }
        number
    }

    /// The value of an expression as a scalar type.
    pub(super) fn converted(&mut self, expr: &Expr, ty: TypeId) -> Value {
        let Some(machine) = super::machine_type(&self.module.types, ty) else { return self.expr(expr) };
        match machine {
            Type::I1 => self.truth(expr),
            Type::Ptr { .. } => {
                if matches!(expr.kind, ExprKind::None) {
                    return self.value(Op::Null, machine);
                }
                let value = self.expr(expr);
                if self.func.type_of(value).is_int() {
                    let wide = self.resize(value, Type::I64, false);
                    return self.value(Op::IntToPtr(wide), machine);
                }
                value
            }
            int => self.int_value(expr, int),
        }
    }

    /// The way between two pointers as an operand: LLVM would add one pointer and subtract the other from `n + (q - p)`,
    /// and the verifier says `tried to subtract pointer from scalar`.
    fn way(&mut self, op: Hir, value: Value) -> Value {
        let is_way = self.func.def(value).is_some_and(|d| matches!(d.op, Op::PtrSub(_)));
        if is_way && matches!(op, Hir::Add | Hir::Sub) {
            return self.op(Op::Unary(UnaryOp::Opaque, value));
        }
        value
    }

    /// `a op b` in 64 bits, as the type of the result.
    pub(super) fn arithmetic(
        &mut self,
        op: Hir,
        a: (Value, TypeId),
        b: (Value, TypeId),
        ty: TypeId,
    ) -> Value {
        let (sa, sb) = (self.is_signed(a.1), self.is_signed(b.1));
        let x = self.resize(a.0, Type::I64, sa);
        let y = self.resize(b.0, Type::I64, sb);
        let [x, y] = [x, y].map(|v| self.way(op, v));
        // A dividend and a divisor that cannot be negative need no floor.
        let natural = |this: &Self, value: Value, signed: bool| {
            !signed || this.func.constant(value).is_some_and(|c| c >= 0)
        };
        let unsigned = natural(self, x, sa) && natural(self, y, sb);
        let op = match op {
            Hir::Add => BinaryOp::Add,
            Hir::Sub => BinaryOp::Sub,
            Hir::Mul => BinaryOp::Mul,
            Hir::FloorDiv | Hir::Div if unsigned => BinaryOp::Udiv,
            Hir::FloorMod | Hir::Rem if unsigned => BinaryOp::Urem,
            Hir::FloorDiv => BinaryOp::Floordiv,
            Hir::FloorMod => BinaryOp::Floormod,
            Hir::Div => BinaryOp::Sdiv,
            Hir::Rem => BinaryOp::Srem,
            Hir::And => BinaryOp::And,
            Hir::Or => BinaryOp::Or,
            Hir::Xor => BinaryOp::Xor,
            Hir::Shl => BinaryOp::Shl,
            Hir::Shr => {
                if sa {
                    BinaryOp::Ashr
                } else {
                    BinaryOp::Lshr
                }
            }
            Hir::Pow => return self.power(x, y),
        };
        let huge = |this: &Self, ty: TypeId, signed: bool| !signed && this.module.types.size_of(ty) == 8;
        let remainder = op == BinaryOp::Floormod;
        let value = match op {
            BinaryOp::Floordiv | BinaryOp::Floormod if huge(self, b.1, sb) => {
                self.divide_signed_by_unsigned(remainder, x, y)
            }
            BinaryOp::Floordiv | BinaryOp::Floormod if huge(self, a.1, sa) => {
                self.divide_unsigned_by_signed(remainder, x, y)
            }
            _ => self.op(Op::Binary(op, [x, y])),
        };
        let signed = self.is_signed(ty);
        let machine = super::machine_type(&self.module.types, ty).unwrap_or(Type::I64);
        self.resize(value, machine, signed)
    }

    /// A constant power by squaring.
    fn power(&mut self, base: Value, exponent: Value) -> Value {
        let mut n = self.func.constant(exponent).unwrap_or(0);
        let mut result = self.iconst(Type::I64, 1);
        let mut square = base;
        while n > 0 {
            if n & 1 == 1 {
                result = self.op(Op::Binary(BinaryOp::Mul, [result, square]));
            }
            n >>= 1;
            if n > 0 {
                square = self.op(Op::Binary(BinaryOp::Mul, [square, square]));
            }
        }
        result
    }

    /// Compares two numbers by value, whatever their types.
    pub(super) fn compare_numbers(&mut self, op: CompareOp, a: (Value, TypeId), b: (Value, TypeId)) -> Value {
        let (sa, sb) = (self.is_signed(a.1), self.is_signed(b.1));
        let wide = |this: &Self, ty: TypeId| this.module.types.size_of(ty) == 8;
        let (ha, hb) = (!sa && wide(self, a.1), !sb && wide(self, b.1));
        let x = self.resize(a.0, Type::I64, sa);
        let y = self.resize(b.0, Type::I64, sb);
        let positive = |this: &Self, v: Value| this.func.constant(v).is_some_and(|c| c >= 0);
        let (na, nb) = (!sa || positive(self, x), !sb || positive(self, y));
        let unsigned = na && nb;
        let cond = condition(op, unsigned);
        if unsigned || (!ha && !hb) || matches!((ha, hb), (true, true)) {
            return self.op(Op::Icmp(cond, [x, y]));
        }
        // One is signed, the other past the signed range perhaps: a negative number is less than any unsigned one.
        let zero = self.iconst(Type::I64, 0);
        let (signed, less) = if ha {
            (y, !matches!(op, CompareOp::Lt | CompareOp::Le | CompareOp::Eq | CompareOp::Is))
        } else {
            (x, matches!(op, CompareOp::Lt | CompareOp::Le | CompareOp::Ne | CompareOp::IsNot))
        };
        let negative = self.op(Op::Icmp(Cond::Slt, [signed, zero]));
        let answer = self.iconst(Type::I1, i64::from(less));
        let compared = self.op(Op::Icmp(condition(op, true), [x, y]));
        self.op(Op::Select(negative, [answer, compared]))
    }
}

/// The bits of a number that a width holds, as the signed number that MIR writes.
pub(super) fn cut(value: i64, to: Type) -> i64 {
    match to.bits() {
        1 => value & 1,
        8 => i64::from(value as i8),
        16 => i64::from(value as i16),
        32 => i64::from(value as i32),
        _ => value,
    }
}

/// The condition for a comparison.
pub(super) fn condition(op: CompareOp, unsigned: bool) -> Cond {
    match (op, unsigned) {
        (CompareOp::Eq | CompareOp::Is | CompareOp::In, _) => Cond::Eq,
        (CompareOp::Ne | CompareOp::IsNot | CompareOp::NotIn, _) => Cond::Ne,
        (CompareOp::Lt, true) => Cond::Ult,
        (CompareOp::Le, true) => Cond::Ule,
        (CompareOp::Gt, true) => Cond::Ugt,
        (CompareOp::Ge, true) => Cond::Uge,
        (CompareOp::Lt, false) => Cond::Slt,
        (CompareOp::Le, false) => Cond::Sle,
        (CompareOp::Gt, false) => Cond::Sgt,
        (CompareOp::Ge, false) => Cond::Sge,
    }
}

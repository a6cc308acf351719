//! Built-in functions.
//!
//! Promises: each argument is evaluated once. Leaves out: `print`.

use super::Lowering;
use super::access::Address;
use pbpf_core::ast::CompareOp;
use pbpf_core::hir::{Arithmetic, BinaryOp, Builtin, Expr};
use pbpf_core::mir::{self, Cond, Op, Type, Value};
use pbpf_core::types::TypeId;

impl Lowering<'_, '_> {
    pub(super) fn builtin(&mut self, which: Builtin, args: &[Expr], expr: &Expr) -> Value {
        if let [array] = args
            && self.array_of(array.ty).is_some()
        {
            return self.builtin_of_array(which, array, expr);
        }
        match which {
            Builtin::Sum => {
                let mut sum: Option<(Value, TypeId)> = None;
                for arg in args {
                    let value = (self.expr(arg), arg.ty);
                    self.span = expr.span;
                    sum = Some(match sum {
                        None => value,
                        Some(sum) => (self.arithmetic(BinaryOp::Add, sum, value, expr.ty), expr.ty),
                    });
                }
                match sum {
                    Some((value, ty)) => self.convert_value(value, ty, expr.ty),
                    None => self.iconst(Type::I64, 0),
                }
            }
            Builtin::Any | Builtin::All => {
                let any = which == Builtin::Any;
                // All are evaluated, as the tuple is made before it is looked at.
                let values: Vec<Value> = args.iter().map(|a| self.truth(a)).collect();
                self.span = expr.span;
                let mut result = self.iconst(Type::I1, i64::from(!any));
                for value in values {
                    let decided = self.iconst(Type::I1, i64::from(any));
                    let pair = if any { [decided, result] } else { [result, decided] };
                    result = self.op(Op::Select(value, pair));
                }
                result
            }
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
                let wide = self.op(Op::Select(negative, [opposite, value]));
                let machine = super::machine_type(&self.module.types, expr.ty).unwrap_or(Type::I64);
                self.resize(wide, machine, false)
            }
            Builtin::Min | Builtin::Max => {
                let op = if which == Builtin::Min { CompareOp::Lt } else { CompareOp::Gt };
                // Python compares values, which the type that holds either of them may not hold.
                let by_value = self.source.arithmetic == Arithmetic::Python;
                let mut best: Option<(Value, TypeId)> = None;
                let mut result = None;
                for arg in args {
                    let raw = self.expr(arg);
                    self.span = expr.span;
                    let value = self.convert_value(raw, arg.ty, expr.ty);
                    let seen = if by_value { (raw, arg.ty) } else { (value, expr.ty) };
                    let (kept, as_seen) = match best.zip(result) {
                        None => (value, seen),
                        Some((best, kept)) => {
                            // As Python: the first of equals stays.
                            let better = self.compare_numbers(op, seen, best);
                            let kept = self.op(Op::Select(better, [value, kept]));
                            (kept, (kept, expr.ty))
                        }
                    };
                    (result, best) = (Some(kept), Some(as_seen));
                }
                result.unwrap_or_else(|| self.iconst(Type::I64, 0))
            }
        }
    }

    /// `min`, `max`, `sum`, `any` and `all` of the elements of an array.
    fn builtin_of_array(&mut self, which: Builtin, array: &Expr, expr: &Expr) -> Value {
        let Some((element, _)) = self.array_of(array.ty) else { return self.iconst(Type::I64, 0) };
        match which {
            Builtin::Min | Builtin::Max => {
                let op = if which == Builtin::Min { CompareOp::Lt } else { CompareOp::Gt };
                self.folded(
                    array,
                    1,
                    |this, base| this.load_from(Address::Plain(base, 0), element),
                    |this, best, value| {
                        let better = this.compare_numbers(op, (value, element), (best, element));
                        this.op(Op::Select(better, [value, best]))
                    },
                )
            }
            Builtin::Any | Builtin::All => {
                let any = which == Builtin::Any;
                self.folded(
                    array,
                    0,
                    |this, _| this.iconst(Type::I1, i64::from(!any)),
                    |this, so_far, value| {
                        let ty = this.func.type_of(value);
                        let zero = this.iconst(ty, 0);
                        let truth = this.op(Op::Icmp(Cond::Ne, [value, zero]));
                        let decided = this.iconst(Type::I1, i64::from(any));
                        let pair = if any { [decided, so_far] } else { [so_far, decided] };
                        this.op(Op::Select(truth, pair))
                    },
                )
            }
            _ => self.folded(
                array,
                0,
                |this, _| this.iconst(Type::I64, 0),
                |this, sum, value| this.arithmetic(BinaryOp::Add, (sum, expr.ty), (value, element), expr.ty),
            ),
        }
    }
}

//! Built-in functions.
//!
//! Promises: each argument is evaluated once. Leaves out: `print`.

use super::Lowering;
use pbpf_core::ast::CompareOp;
use pbpf_core::hir::{Builtin, Expr};
use pbpf_core::mir::{self, Cond, Op, Type, Value};

impl Lowering<'_, '_> {
    pub(super) fn builtin(&mut self, which: Builtin, args: &[Expr], expr: &Expr) -> Value {
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
                let wide = self.op(Op::Select(negative, [opposite, value]));
                let machine = super::machine_type(&self.module.types, expr.ty).unwrap_or(Type::I64);
                self.resize(wide, machine, false)
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
}

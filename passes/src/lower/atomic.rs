//! Atomic operations.
//!
//! Promises: an operation whose result nobody reads has none, which old instruction sets have too. Leaves out: which
//! places there may be (`infer`).

use super::Lowering;
use super::access::Address;
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{Atomic, Expr, ExprKind};
use pbpf_core::mir::{AtomicOp, Op, Type, UnaryOp, Value};
use pbpf_core::target::Cpu;
use pbpf_core::types::Type as T;

impl Lowering<'_, '_> {
    /// Lowers one; gives the old value if it is read.
    pub(super) fn atomic(
        &mut self,
        op: Atomic,
        place: &Expr,
        value: &Expr,
        expr: &Expr,
        is_read: bool,
    ) -> Option<Value> {
        let machine = super::machine_type(&self.module.types, expr.ty).unwrap_or(Type::I64);
        let address = match (&place.kind, self.type_of(place.ty)) {
            (ExprKind::Item(map, key), T::Int { .. }) => {
                let target = self.target(map);
                let key = self.key(target, key);
                let found = self.find(target, key);
                Address::Plain(self.op(Op::Refine(found)), 0)
            }
            (_, T::Ptr { .. }) => Address::Plain(self.expr(place), 0),
            _ => self.address(place),
        };
        let (ptr, offset) = match address {
            Address::Plain(ptr, offset) => (ptr, offset),
            path @ Address::Path(..) => (self.materialize(path), 0),
        };
        let mut by = self.converted(value, expr.ty);
        self.span = expr.span;
        if op == Atomic::Sub {
            by = self.op(Op::Unary(UnaryOp::Neg, by));
        }
        let op = match op {
            Atomic::Add | Atomic::Sub => AtomicOp::Add,
            Atomic::And => AtomicOp::And,
            Atomic::Or => AtomicOp::Or,
            Atomic::Xor => AtomicOp::Xor,
            Atomic::Exchange => AtomicOp::Xchg,
        };
        if self.cx.target.cpu < Cpu::V3 && (is_read || op != AtomicOp::Add) {
            self.cx.emit(
                Diagnostic::error(
                    "bad-atomic",
                    "this instruction set only adds atomically, and gives no old value",
                )
                .at(expr.span)
                .help("compile with `--cpu v3`"),
            );
        }
        let op = Op::Atomic { op, ptr, offset, value: by };
        if is_read {
            return Some(self.value(op, machine));
        }
        self.effect(op);
        None
    }
}

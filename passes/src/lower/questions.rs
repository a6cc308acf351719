//! What the kernel has and answers: variables, options, fields, sizes and enumerators.
//!
//! Promises: nothing is asked that the program does not ask. Leaves out: reading fields (`access`).

use super::Lowering;
use pbpf_core::entity::Table;
use pbpf_core::hir::{self, Expr, ExternId, ExternKind, Query};
use pbpf_core::mir::{self, Cond, Extern, Op, Type, Value};
use pbpf_core::types::Region;

/// The declarations of a module's variables of the kernel; kernel functions are declared as they are called.
pub(super) fn externs(hir: &hir::Module) -> Table<ExternId, Extern> {
    let declared = hir.externals.values().map(|e| Extern {
        name: e.name.clone(),
        ty: match (e.kind, e.region) {
            // libbpf holds a type against the kernel's, which has none for it.
            (ExternKind::Symbol, Region::KernelUntrusted) => hir.types.void(),
            _ => e.ty,
        },
        kind: e.kind,
        weak: e.weak,
    });
    declared.collect()
}

impl Lowering<'_, '_> {
    /// The address of a variable of the kernel.
    pub(super) fn external(&mut self, id: ExternId) -> Value {
        let external = &self.hir.externals[id];
        let nullable = external.weak && external.kind == ExternKind::Symbol;
        self.value(Op::ExternAddr(id), Type::Ptr { region: external.region, nullable })
    }

    /// The answer, as the type of the expression: whether something is there is a truth value.
    pub(super) fn query(&mut self, query: &Query, expr: &Expr) -> Value {
        let answer = self.op(Op::Query(query.clone()));
        if query.is_existence() {
            let zero = self.iconst(Type::I64, 0);
            return self.op(Op::Icmp(Cond::Ne, [answer, zero]));
        }
        let ty = super::machine_type(&self.module.types, expr.ty).unwrap_or(Type::I64);
        self.resize(answer, ty, false)
    }

    /// The record around what a pointer points to. The verifier knows nothing in front of a trusted pointer's object.
    pub(super) fn container(&mut self, inner: &Expr, query: &Query, expr: &Expr) -> Value {
        let inner_value = self.expr(inner);
        self.span = expr.span;
        let pointer = if self.func.type_of(inner_value).is_int() {
            let signed = self.is_signed(inner.ty);
            let wide = self.resize(inner_value, Type::I64, signed);
            self.value(Op::IntToPtr(wide), Type::ptr(Region::KernelUntrusted))
        } else {
            self.untrusted(inner_value)
        };
        let offset = self.op(Op::Query(query.clone()));
        let back = self.op(Op::Unary(mir::UnaryOp::Neg, offset));
        self.op(Op::PtrAdd(pointer, back))
    }
}

//! What the kernel is asked: existence of fields, sizes, enumerators, the record around a member.
//!
//! Promises: a question about a field that the kernel compiled against lacks is false, and what would only run where it is
//! true is dropped, for nothing in it has a type. Leaves out: reading fields (`access`).

use super::{Frame, Infer_};
use crate::kernel;
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{Expr, ExprKind, ExternId, ExternKind, FieldQuery, Query, RecordQuery, Stmt, StmtKind};
use pbpf_core::mir::EnumQuery;
use pbpf_core::source::Span;
use pbpf_core::types::{Origin, Region, Type, TypeId};

/// What a condition is, whatever kernel loads the object: where it asks for what the kernel compiled against has not.
pub(crate) fn decided(test: &Expr) -> Option<bool> {
    match &test.kind {
        ExprKind::Absent => Some(false),
        ExprKind::Not(inner) => decided(inner).map(|value| !value),
        ExprKind::Logical(and, values) => {
            let all: Vec<Option<bool>> = values.iter().map(decided).collect();
            if all.contains(&Some(!and)) {
                return Some(!and);
            }
            all.iter().all(|v| *v == Some(*and)).then_some(*and)
        }
        _ => None,
    }
}

/// Whether a statement never lets what is behind it run, by what is decided.
pub(crate) fn leaves(stmt: &Stmt) -> bool {
    let StmtKind::If { test, then, orelse } = &stmt.kind else { return false };
    let taken = match decided(test) {
        Some(true) => then,
        Some(false) => orelse,
        None => return false,
    };
    taken.last().is_some_and(|last| {
        matches!(last.kind, StmtKind::Return(_) | StmtKind::Break | StmtKind::Continue) || leaves(last)
    })
}

impl Infer_<'_, '_> {
    /// The type of an answer.
    pub(super) fn query(&self, query: &Query) -> TypeId {
        let types = &self.module.types;
        match query {
            _ if query.is_existence() => types.bool(),
            Query::Enum(EnumQuery::Value, id, _) => {
                let owner = &types.enums[*id];
                types.int((owner.size * 8) as u8, owner.signed)
            }
            Query::Field(FieldQuery::Size | FieldQuery::Offset, ..) | Query::Record(RecordQuery::Size, _) => {
                types.int(64, true)
            }
            _ => types.int(64, false),
        }
    }

    /// The type of a variable of the kernel: a pointer to it.
    pub(super) fn external(&mut self, id: ExternId) -> TypeId {
        let external = &self.module.externals[id];
        let nullable = external.weak && external.kind == ExternKind::Symbol;
        let (ty, region) = (external.ty, external.region);
        self.module.types.ptr(ty, region, nullable)
    }

    /// Settles `hasattr` of an expression by its type.
    pub(super) fn has_field(
        &mut self,
        frame: &mut Frame,
        object: &mut Expr,
        name: &str,
        span: Span,
    ) -> Option<ExprKind> {
        let ty = self.expr(frame, object)?;
        let inner = match self.module.types.get(ty) {
            Type::Ptr { to, .. } => *to,
            _ => ty,
        };
        let Type::Record(record) = *self.module.types.get(inner) else {
            self.error(frame, |this| {
                let have = this.module.types.display(ty);
                Diagnostic::error("type-mismatch", format!("{have} has no fields that a kernel may lack"))
                    .at(span)
                    .help("`hasattr` asks about kernel structs: `hasattr(task, \"field\")`")
            });
            return None;
        };
        if self.module.types.records[record].origin != Origin::Kernel {
            return Some(ExprKind::Bool(self.module.types.records[record].field(name).is_some()));
        }
        let kernel = self.cx.kernel;
        Some(match kernel::path(&mut self.module.types, kernel.btf().ok(), record, name) {
            Ok((path, _)) => ExprKind::Query(Query::Field(FieldQuery::Exists, record, path)),
            Err(_) => ExprKind::Absent,
        })
    }

    /// The type of the record around what a pointer points to.
    pub(super) fn container(
        &mut self,
        frame: &mut Frame,
        inner: &mut Expr,
        expr_ty: TypeId,
        query: &Query,
    ) -> Option<TypeId> {
        let void = self.module.types.void();
        let ty = self.expr(frame, inner)?;
        let record = match *self.module.types.get(expr_ty) {
            Type::Ptr { to, .. } => to,
            _ => expr_ty,
        };
        let points_to = match *self.module.types.get(ty) {
            Type::Ptr { to, .. } => Some(to),
            _ if self.is_number(ty) => Some(void),
            // A part of a kernel record stands for its address.
            Type::Record(_) => Some(ty),
            _ => None,
        };
        let member = match query {
            Query::Field(_, record, path) => {
                pbpf_core::mir::follow(&self.module.types, *record, path).ok().map(|place| place.ty)
            }
            _ => None,
        };
        let fits = match (points_to, member) {
            (Some(have), Some(member)) => have == void || have == member,
            _ => false,
        };
        if !fits {
            let span = inner.span;
            self.error(frame, |this| {
                let have = this.module.types.display(ty);
                let want = member.map_or_else(String::new, |m| this.module.types.display(m));
                Diagnostic::error("type-mismatch", format!("this is {have}, and the member is {want}"))
                    .at(span)
            });
            return None;
        }
        Some(self.module.types.ptr(record, Region::KernelUntrusted, false))
    }
}

//! New records and arrays, and casts.
//!
//! Promises: what is stored in a new object fits its place. Leaves out: names of fields, which `resolve` has found.

use super::{Frame, Infer_};
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{Expr, ExprKind, Query, RecordQuery};
use pbpf_core::types::{Origin, Region, Type, TypeId};

impl Infer_<'_, '_> {
    /// Types `S(...)`; of a pointer it is a cast.
    pub(super) fn new_record(&mut self, frame: &mut Frame, expr: &mut Expr) -> Option<TypeId> {
        let ty = expr.ty;
        let Type::Record(record) = *self.module.types.get(ty) else { return Some(ty) };
        let ExprKind::New(fields) = &mut expr.kind else { return Some(ty) };
        if let Some((name, value)) = fields.first_mut()
            && name.is_empty()
        {
            let have = self.expr(frame, value)?;
            if matches!(self.module.types.get(have), Type::Ptr { .. }) {
                let value = std::mem::replace(value, Expr { kind: ExprKind::None, ty, span: expr.span });
                expr.kind = ExprKind::Cast(Box::new(value));
                return self.expr_type(frame, expr);
            }
            name.clone_from(&self.module.types.records[record].fields.first()?.name);
        }
        let ExprKind::New(fields) = &mut expr.kind else { return Some(ty) };
        for (name, value) in fields {
            if self.expr(frame, value).is_none() {
                continue;
            }
            let Some(want) = self.module.types.find_field(record, name).map(|(_, f)| f.ty) else { continue };
            self.check_item(frame, value, Some(want), name);
        }
        Some(ty)
    }

    /// Types `(c_int * 4)(1, 2)`.
    pub(super) fn new_array(&mut self, frame: &mut Frame, ty: TypeId, values: &mut [Expr]) -> TypeId {
        if let Type::Array { element, .. } = *self.module.types.get(ty) {
            for value in values {
                if self.expr(frame, value).is_some() {
                    self.check_item(frame, value, Some(element), "element");
                }
            }
        }
        ty
    }

    /// Types a cast to a record, or to a pointer that says where it points.
    pub(super) fn cast(&mut self, frame: &mut Frame, value: &mut Expr, target: TypeId) -> Option<TypeId> {
        let (record, asked) = match self.module.types.get(target) {
            Type::Ptr { to, region, .. } => (*to, Some(*region)),
            _ => (target, None),
        };
        let ty = self.expr(frame, value)?;
        let plain = |r: Region| matches!(r, Region::KernelUntrusted | Region::User);
        let found = match self.module.types.get(ty) {
            // A plain address may be the kernel's or the user's; of any other pointer it is known.
            Type::Ptr { region, nullable, .. } if plain(*region) => {
                Some((asked.unwrap_or(*region), *nullable))
            }
            // The verifier knows the object by its first type, and nothing behind its end.
            Type::Ptr { to, region: Region::Kernel, .. } if *to != record => {
                Some((Region::KernelUntrusted, false))
            }
            Type::Ptr { region, nullable, .. } => Some((*region, *nullable)),
            _ if self.is_number(ty) => {
                Some((asked.filter(|r| plain(*r)).unwrap_or(Region::KernelUntrusted), false))
            }
            _ => None,
        };
        let Some((region, nullable)) = found else {
            self.mismatch(frame, value, ty, record);
            return None;
        };
        Some(self.module.types.ptr(record, region, nullable))
    }

    /// Types `len(a)`; of an array it is a number from here on.
    pub(super) fn length(&mut self, frame: &mut Frame, expr: &mut Expr) -> Option<TypeId> {
        let ExprKind::Len(value) = &mut expr.kind else { return None };
        let ty = self.expr(frame, value)?;
        let of = match self.module.types.get(ty) {
            Type::Ptr { to, .. } => *to,
            _ => ty,
        };
        let s64 = self.module.types.int(64, true);
        match (self.module.types.get(of), &value.kind) {
            (Type::Str { .. }, ExprKind::Text(text)) => expr.kind = ExprKind::Int(text.len() as i64),
            (Type::Str { .. }, _) => {
                if of != ty {
                    Self::deref(value, of);
                }
            }
            (Type::Array { len, .. }, _) if *len > 0 => expr.kind = ExprKind::Int(i64::from(*len)),
            _ => {
                let span = value.span;
                self.error(frame, |this| {
                    let message = format!("{} has no length", this.module.types.display(ty));
                    Diagnostic::error("type-mismatch", message)
                        .at(span)
                        .help("arrays and text have one; `sizeof(x)` gives bytes, and `name: str(64) = p` copies text")
                });
                return None;
            }
        }
        Some(s64)
    }

    /// Types `sizeof(a)`, which is a number from here on.
    pub(super) fn size(&mut self, frame: &mut Frame, expr: &mut Expr) -> Option<TypeId> {
        let ExprKind::Size(value) = &mut expr.kind else { return None };
        let ty = self.expr(frame, value)?;
        // The size of what a pointer leads to: a looked-up value is used as the value itself.
        let of = match self.module.types.get(ty) {
            Type::Ptr { to, .. } if !self.module.types.is_scalar(*to) && *to != self.module.types.void() => {
                *to
            }
            _ => ty,
        };
        if let Type::Record(record) = *self.module.types.get(of)
            && self.module.types.records[record].origin == Origin::Kernel
        {
            let query = Query::Record(RecordQuery::Size, record);
            let ty = self.query(&query);
            expr.kind = ExprKind::Query(query);
            return Some(ty);
        }
        expr.kind = ExprKind::Int(i64::from(self.module.types.size_of(of)));
        Some(self.module.types.int(64, true))
    }
}

//! Expressions.
//!
//! Promises: an expression has a type, or a diagnostic has been told. Leaves out: fields and indices.

use super::numbers::{self, Int};
use super::{Frame, Infer_, State};
use pbpf_core::ast::{BinaryOp, CompareOp};
use pbpf_core::diag::Diagnostic;
use pbpf_core::entity::Entity;
use pbpf_core::hir::{Expr, ExprKind, PrintPart};
use pbpf_core::source::Span;
use pbpf_core::types::{Region, Type, TypeId};

impl Infer_<'_, '_> {
    /// Whether the type is a number, a truth value or an enum.
    pub(super) fn is_number(&self, ty: TypeId) -> bool {
        matches!(self.module.types.get(ty), Type::Int { .. } | Type::Bool | Type::Enum(_))
    }

    /// Whether the type is a pointer to a number.
    pub(super) fn is_number_behind(&self, ty: TypeId) -> bool {
        matches!(self.module.types.get(ty), Type::Ptr { to, .. } if self.is_number(*to))
    }

    /// The integer type, of a number; `value` tells literals.
    pub(super) fn int_of(&self, ty: TypeId, value: Option<&Expr>) -> Option<Int> {
        let literal = value.is_some_and(
            |v| matches!(v.kind, ExprKind::Int(n) if n >= 0 && v.ty == self.module.types.int(64, true)),
        );
        Some(match self.module.types.get(ty) {
            Type::Int { bits, signed } => Int { bits: *bits, signed: *signed, literal },
            Type::Bool => Int { bits: 8, signed: false, literal: false },
            Type::Enum(e) => {
                let e = &self.module.types.enums[*e];
                Int { bits: (e.size * 8) as u8, signed: e.signed, literal: false }
            }
            _ => return None,
        })
    }

    /// Types a condition: a number, a truth value, or a pointer (true if not null).
    pub(super) fn condition(&mut self, frame: &mut Frame, expr: &mut Expr) {
        let Some(ty) = self.expr(frame, expr) else { return };
        if !self.module.types.is_scalar(ty) && !matches!(expr.kind, ExprKind::None) {
            let span = expr.span;
            self.error(frame, |this| {
                Diagnostic::error(
                    "type-mismatch",
                    format!("{} is neither true nor false", this.module.types.display(ty)),
                )
                .at(span)
            });
        }
    }

    /// Types a number; a pointer to one is read.
    pub(super) fn number(&mut self, frame: &mut Frame, expr: &mut Expr) -> Option<TypeId> {
        let ty = self.expr(frame, expr)?;
        if self.is_number(ty) {
            return Some(ty);
        }
        if let Type::Ptr { to, region, .. } = self.module.types.get(ty).clone() {
            if self.is_number(to) && !matches!(region, Region::Packet | Region::PacketMeta) {
                Self::deref(expr, to);
                return Some(to);
            }
            // An address used as a number.
            if !matches!(
                region,
                Region::Packet | Region::PacketMeta | Region::PacketEnd | Region::MapValue | Region::Stack
            ) {
                let target = self.module.types.int(64, false);
                let inner =
                    std::mem::replace(expr, Expr { kind: ExprKind::None, ty: target, span: expr.span });
                expr.kind = ExprKind::Convert(Box::new(inner));
                return Some(target);
            }
        }
        let span = expr.span;
        self.error(frame, |this| {
            Diagnostic::error("type-mismatch", format!("{} is no number", this.module.types.display(ty)))
                .at(span)
        });
        None
    }

    fn deref(expr: &mut Expr, to: TypeId) {
        let inner = std::mem::replace(expr, Expr { kind: ExprKind::None, ty: to, span: expr.span });
        expr.kind = ExprKind::Deref(Box::new(inner));
    }

    /// Types an expression and gives its type; nothing where it has none, which has been told.
    pub(super) fn expr(&mut self, frame: &mut Frame, expr: &mut Expr) -> Option<TypeId> {
        let ty = self.expr_type(frame, expr)?;
        expr.ty = ty;
        Some(ty)
    }

    fn expr_type(&mut self, frame: &mut Frame, expr: &mut Expr) -> Option<TypeId> {
        let span = expr.span;
        let (void, bool, s64) =
            (self.module.types.void(), self.module.types.bool(), self.module.types.int(64, true));
        match &mut expr.kind {
            // Numbers past `i64` come with their type.
            ExprKind::Int(_) => Some(if expr.ty == void { s64 } else { expr.ty }),
            ExprKind::Bool(_) => Some(bool),
            ExprKind::None => Some(self.module.types.ptr(void, Region::MapValue, true)),
            ExprKind::Text(text) => {
                let len = text.len() as u32 + 1;
                Some(self.module.types.intern(Type::Str { len }))
            }
            ExprKind::Local(local) => {
                let ty = Self::local_type(frame, *local);
                let context = frame.function.locals[*local].binding == Some(pbpf_core::hir::Binding::Context);
                (ty != void || context).then_some(ty)
            }
            ExprKind::Global(global) => Some(self.module.globals[*global].ty),
            ExprKind::Map(_) => Some(self.module.types.ptr(void, Region::Map, false)),
            ExprKind::Function(id) => {
                let id = *id;
                self.function(id);
                Some(self.module.types.ptr(void, Region::Func, false))
            }
            ExprKind::Unary(_, operand) => {
                self.number(frame, operand)?;
                Some(s64)
            }
            ExprKind::Binary(op, a, b) => {
                let op = *op;
                self.binary(frame, op, a, b, span)
            }
            ExprKind::Compare(first, rest) => {
                self.compare(frame, first, rest)?;
                Some(bool)
            }
            ExprKind::Contains { map, key, .. } => {
                let key_type = self.module.maps[*map].key;
                self.expr(frame, key)?;
                self.check_item(frame, key, key_type, "key");
                Some(bool)
            }
            ExprKind::Logical(_, values) => {
                let types: Option<Vec<TypeId>> = values.iter_mut().map(|v| self.expr(frame, v)).collect();
                Some(self.join_all(&types?, values).unwrap_or(bool))
            }
            ExprKind::Not(operand) => {
                self.condition(frame, operand);
                Some(bool)
            }
            ExprKind::If(test, a, b) => {
                self.condition(frame, test);
                let (ta, tb) = (self.expr(frame, a), self.expr(frame, b));
                let (ta, tb) = (ta?, tb?);
                let (mut va, mut vb) = ((**a).clone(), (**b).clone());
                let joined = self.join_values(ta, &va, tb, &vb);
                if joined.is_none() && (self.is_number(ta) || self.is_number(tb)) {
                    // One is a number and the other points to one.
                    let ta = self.number(frame, &mut va)?;
                    let tb = self.number(frame, &mut vb)?;
                    let joined = self.join_values(ta, &va, tb, &vb);
                    (**a, **b) = (va, vb);
                    return joined;
                }
                if joined.is_none() {
                    self.error(frame, |this| {
                        let (x, y) = (this.module.types.display(ta), this.module.types.display(tb));
                        Diagnostic::error("type-mismatch", format!("the two values are {x} and {y}")).at(span)
                    });
                }
                joined
            }
            ExprKind::Walrus(local, value) => {
                let ty = self.expr(frame, value)?;
                let (local, copy) = (*local, (**value).clone());
                self.widen_local(frame, local, ty, Some(&copy), span);
                Some(Self::local_type(frame, local))
            }
            ExprKind::Convert(value) => {
                let target = expr.ty;
                let ty = self.expr(frame, value)?;
                if !self.is_number(ty) && !matches!(self.module.types.get(ty), Type::Ptr { .. }) {
                    self.mismatch(frame, value, ty, target);
                    return None;
                }
                if self.is_number_behind(ty) && self.is_number(target) {
                    self.number(frame, value);
                }
                Some(target)
            }
            ExprKind::Cast(value) => {
                let target = expr.ty;
                let record = match self.module.types.get(target) {
                    Type::Ptr { to, .. } => *to,
                    _ => target,
                };
                let ty = self.expr(frame, value)?;
                let region = match self.module.types.get(ty) {
                    Type::Ptr { region, nullable, .. } => Some((*region, *nullable)),
                    _ if self.is_number(ty) => Some((Region::KernelUntrusted, false)),
                    _ => None,
                };
                let Some((region, nullable)) = region else {
                    self.mismatch(frame, value, ty, record);
                    return None;
                };
                Some(self.module.types.ptr(record, region, nullable))
            }
            ExprKind::New(fields) => {
                let ty = expr.ty;
                let Type::Record(record) = self.module.types.get(ty) else { return Some(ty) };
                let record = *record;
                for (name, value) in fields {
                    if self.expr(frame, value).is_none() {
                        continue;
                    }
                    let Some((_, field)) = self.module.types.records[record].field(name) else { continue };
                    let want = field.ty;
                    self.check_item(frame, value, Some(want), name);
                }
                Some(ty)
            }
            ExprKind::Zeroed => Some(expr.ty),
            ExprKind::Reveal(value) => {
                let ty = self.expr(frame, value)?;
                self.error(frame, |this| {
                    let text = format!("the type is `{}`", this.module.types.display(ty));
                    Diagnostic::note_only("revealed-type", text).at(span)
                });
                Some(ty)
            }
            ExprKind::Field(base, name) => {
                let name = name.clone();
                self.field(frame, base, &name, span)
            }
            ExprKind::Index(base, index) => self.index(frame, base, index, span),
            ExprKind::Deref(pointer) => {
                let ty = self.expr(frame, pointer)?;
                match self.module.types.get(ty) {
                    Type::Ptr { to, .. } if *to != void => Some(*to),
                    // `deref` of a number is the number.
                    _ if self.is_number(ty) => Some(ty),
                    _ => {
                        self.error(frame, |this| {
                            Diagnostic::error(
                                "type-mismatch",
                                format!("{} points to nothing known", this.module.types.display(ty)),
                            )
                            .at(span)
                        });
                        None
                    }
                }
            }
            ExprKind::Helper { helper, take, args } => {
                let (helper, take) = (*helper, *take);
                for arg in args.iter_mut().flatten() {
                    self.expr(frame, arg);
                }
                self.helper_result(helper, take, args, span)
            }
            ExprKind::Call(id, args) => {
                let id = *id;
                for arg in args.iter_mut() {
                    self.expr(frame, arg);
                }
                if matches!(self.state[id.index()], State::Active | State::Recursive) {
                    self.function(id);
                    return None;
                }
                self.function(id);
                let callee = &self.module.functions[id];
                let (ret, name, declared) = (callee.ret.unwrap_or(void), callee.name.clone(), callee.span);
                let params: Vec<TypeId> = callee.params.iter().map(|p| callee.locals[*p].ty).collect();
                if params.len() != args.len() {
                    let given = args.len();
                    self.error(frame, |_| {
                        let message = format!("`{name}` takes {} arguments, not {given}", params.len());
                        Diagnostic::error("wrong-argument-count", message)
                            .at(span)
                            .label(declared, "it is declared here")
                    });
                    return Some(ret);
                }
                for (arg, want) in args.iter_mut().zip(params) {
                    self.check_item(frame, arg, Some(want), "argument");
                    self.same_region(frame, arg, want);
                }
                Some(ret)
            }
            ExprKind::Lookup(map, key) => {
                let map = *map;
                self.expr(frame, key)?;
                let (key_type, value) = self.keyed(frame, map, span)?;
                self.check_item(frame, key, Some(key_type), "key");
                Some(self.module.types.ptr(value, Region::MapValue, true))
            }
            ExprKind::Item(map, key) => {
                let map = *map;
                self.expr(frame, key)?;
                let (key_type, value) = self.keyed(frame, map, span)?;
                self.check_item(frame, key, Some(key_type), "key");
                Some(if self.is_number(value) {
                    value
                } else {
                    self.module.types.ptr(value, Region::MapValue, false)
                })
            }
            ExprKind::Get(map, key, default) => {
                let map = *map;
                self.expr(frame, key)?;
                self.number(frame, default)?;
                let (key_type, value) = self.keyed(frame, map, span)?;
                self.check_item(frame, key, Some(key_type), "key");
                let (a, b) = (self.int_of(value, None), self.int_of(default.ty, Some(default)));
                let (Some(a), Some(b)) = (a, b) else {
                    self.error(frame, |_| {
                        Diagnostic::error("type-mismatch", "`get` with a default reads numbers only")
                            .at(span)
                            .help("use `lookup`")
                    });
                    return None;
                };
                let joined = numbers::join(a, b);
                Some(self.module.types.int(joined.bits, joined.signed))
            }
            ExprKind::Store(map, key, value, flags) => {
                let map = *map;
                self.expr(frame, key);
                self.expr(frame, value);
                self.number(frame, flags);
                let (key_type, value_type) = self.keyed(frame, map, span)?;
                self.check_item(frame, key, Some(key_type), "key");
                self.check_item(frame, value, Some(value_type), "value");
                Some(s64)
            }
            ExprKind::Remove(map, key) => {
                let map = *map;
                self.expr(frame, key);
                let (key_type, _) = self.keyed(frame, map, span)?;
                self.check_item(frame, key, Some(key_type), "key");
                Some(s64)
            }
            ExprKind::Print(parts) => {
                for part in parts {
                    let PrintPart::Value(value, _) = part else { continue };
                    let Some(ty) = self.expr(frame, value) else { continue };
                    if self.is_number_behind(ty) {
                        self.number(frame, value);
                    } else if matches!(
                        self.module.types.get(ty),
                        Type::Void | Type::Record(_) | Type::Array { .. }
                    ) {
                        let span = value.span;
                        self.error(frame, |this| {
                            Diagnostic::error(
                                "type-mismatch",
                                format!("{} cannot be printed", this.module.types.display(ty)),
                            )
                            .at(span)
                        });
                    }
                }
                Some(void)
            }
            ExprKind::Builtin(_, args) => {
                let types: Option<Vec<TypeId>> = args.iter_mut().map(|a| self.number(frame, a)).collect();
                let types = types?;
                if let [only] = types.as_slice() {
                    return Some(
                        self.int_of(*only, None).map_or(s64, |i| if i.signed { s64 } else { *only }),
                    );
                }
                self.join_all(&types, args)
            }
        }
    }

    /// Key and value type of a map that has both.
    fn keyed(&mut self, frame: &Frame, map: pbpf_core::hir::MapId, span: Span) -> Option<(TypeId, TypeId)> {
        let row = &self.module.maps[map];
        if let (Some(key), Some(value)) = (row.key, row.value) {
            return Some((key, value));
        }
        let (kind, name) = (row.kind.clone(), row.name.clone());
        self.error(frame, |_| {
            Diagnostic::error("unknown-method", format!("{kind} map `{name}` has no keys")).at(span)
        });
        None
    }

    /// Holds a key, value, field or argument against its type; a pointer to a number is read where a number is needed.
    pub(super) fn check_item(
        &mut self,
        frame: &mut Frame,
        value: &mut Expr,
        want: Option<TypeId>,
        what: &str,
    ) {
        let Some(want) = want else { return };
        let ty = value.ty;
        if ty == self.module.types.void() {
            return;
        }
        if self.is_number(want) && self.is_number_behind(ty) {
            self.number(frame, value);
            return;
        }
        if self.fits(value, ty, want) {
            return;
        }
        // A record, array or text may be handed over where a pointer to one is needed.
        let fits = match (self.module.types.get(ty), self.module.types.get(want)) {
            (_, Type::Ptr { to, .. }) => *to == ty || *to == self.module.types.void(),
            (Type::Ptr { to, .. }, _) => *to == want,
            _ => false,
        };
        if fits {
            return;
        }
        let (span, what) = (value.span, what.to_owned());
        self.error(frame, |this| {
            let (have, want) = (this.module.types.display(ty), this.module.types.display(want));
            Diagnostic::error("type-mismatch", format!("the {what} is {have}, and {want} is needed")).at(span)
        });
    }

    fn join_values(&mut self, a: TypeId, va: &Expr, b: TypeId, vb: &Expr) -> Option<TypeId> {
        let bool = self.module.types.bool();
        if a == bool && b == bool {
            return Some(bool);
        }
        match (self.int_of(a, Some(va)), self.int_of(b, Some(vb))) {
            (Some(x), Some(y)) => {
                let joined = numbers::join(x, y);
                Some(self.module.types.int(joined.bits, joined.signed))
            }
            _ if matches!(va.kind, ExprKind::None) => self.join_other(b, a, Some(va)),
            _ => self.join_other(a, b, Some(vb)),
        }
    }

    fn join_all(&mut self, types: &[TypeId], values: &[Expr]) -> Option<TypeId> {
        let (first, rest) = types.split_first()?;
        let mut joined = *first;
        let mut value = values.first()?.clone();
        for (ty, v) in rest.iter().zip(&values[1..]) {
            joined = self.join_values(joined, &value, *ty, v)?;
            value = v.clone();
        }
        Some(joined)
    }

    fn binary(
        &mut self,
        frame: &mut Frame,
        op: BinaryOp,
        a: &mut Expr,
        b: &mut Expr,
        span: Span,
    ) -> Option<TypeId> {
        let (ta, tb) = (self.expr(frame, a), self.expr(frame, b));
        let (ta, tb) = (ta?, tb?);
        let pointer = |this: &Self, ty: TypeId| match this.module.types.get(ty) {
            Type::Ptr { region: Region::Packet | Region::PacketMeta | Region::PacketEnd, .. } => true,
            Type::Ptr { to, region: Region::KernelUntrusted | Region::User, .. } => {
                *to == this.module.types.void()
            }
            _ => false,
        };
        match (op, pointer(self, ta), pointer(self, tb)) {
            (BinaryOp::Add | BinaryOp::Sub, true, false) => {
                self.number(frame, b)?;
                return Some(ta);
            }
            (BinaryOp::Add, false, true) => {
                self.number(frame, a)?;
                return Some(tb);
            }
            (BinaryOp::Sub, true, true) => return Some(self.module.types.int(64, true)),
            _ => {}
        }
        let (ta, tb) = (self.number(frame, a)?, self.number(frame, b)?);
        let (x, y) = (self.int_of(ta, Some(a))?, self.int_of(tb, Some(b))?);
        if matches!(op, BinaryOp::Shl | BinaryOp::Shr)
            && let ExprKind::Int(amount) = b.kind
            && !(0..64).contains(&amount)
        {
            let at = b.span;
            self.error(frame, |_| {
                Diagnostic::error("bad-shift", format!("a shift by {amount} is not defined"))
                    .at(at)
                    .help("shift by 0 to 63")
            });
            return None;
        }
        if op == BinaryOp::Pow && !matches!(b.kind, ExprKind::Int(0..=63)) {
            self.error(frame, |_| {
                Diagnostic::error("unsupported-operator", "`**` needs a constant exponent from 0 to 63")
                    .at(span)
            });
            return None;
        }
        let result = numbers::binary(op, x, y);
        Some(self.module.types.int(result.bits, result.signed))
    }

    fn compare(&mut self, frame: &mut Frame, first: &mut Expr, rest: &mut [(CompareOp, Expr)]) -> Option<()> {
        let mut complete = self.expr(frame, first).is_some();
        for (_, operand) in rest.iter_mut() {
            complete &= self.expr(frame, operand).is_some();
        }
        if !complete {
            return None;
        }
        let is_none = |e: &Expr| matches!(e.kind, ExprKind::None);
        let any_none = is_none(first) || rest.iter().any(|(_, e)| is_none(e));
        let is_text = |this: &Self, e: &Expr| matches!(this.module.types.get(e.ty), Type::Str { .. });
        let any_text = is_text(self, first) || rest.iter().any(|(_, e)| is_text(self, e));
        let pointers = |this: &Self, e: &Expr| matches!(this.module.types.get(e.ty), Type::Ptr { .. });
        if any_text {
            for (op, operand) in &*rest {
                if !matches!(op, CompareOp::Eq | CompareOp::Ne)
                    || !is_text(self, operand)
                    || !is_text(self, first)
                {
                    let (span, op) = (operand.span, op.as_str());
                    self.error(frame, |_| {
                        Diagnostic::error(
                            "type-mismatch",
                            format!("text cannot be compared with `{op}` here"),
                        )
                        .at(span)
                    });
                    return None;
                }
            }
            return Some(());
        }
        let all_pointers = pointers(self, first) && rest.iter().all(|(_, e)| pointers(self, e));
        let numbers_behind =
            self.is_number_behind(first.ty) || rest.iter().any(|(_, e)| self.is_number_behind(e.ty));
        if any_none || (all_pointers && !numbers_behind) {
            let wrong = rest.iter().find(|(_, e)| !pointers(self, e)).map(|(_, e)| e.span);
            let wrong = wrong.or_else(|| (!pointers(self, first)).then_some(first.span));
            if let Some(span) = wrong {
                self.error(frame, |_| {
                    Diagnostic::error("type-mismatch", "only a pointer can be `None`").at(span)
                });
                return None;
            }
            return Some(());
        }
        self.number(frame, first)?;
        for (_, operand) in rest.iter_mut() {
            self.number(frame, operand)?;
        }
        Some(())
    }
}

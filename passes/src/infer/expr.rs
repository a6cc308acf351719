//! Expressions.
//!
//! Promises: an expression has a type, or a diagnostic has been told. Leaves out: fields and indices.

use super::numbers;
use super::{Frame, Infer_, decided};
use crate::kernel;
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{Arithmetic, Expr, ExprKind, TextTest};
use pbpf_core::types::{Region, Type, TypeId};

impl Infer_<'_, '_> {
    /// Types an expression and gives its type; nothing where it has none, which has been told.
    pub(super) fn expr(&mut self, frame: &mut Frame, expr: &mut Expr) -> Option<TypeId> {
        let ty = self.expr_type(frame, expr)?;
        // What is read of a field that holds an object points to it.
        let ty = match *self.module.types.get(ty) {
            Type::Kptr(to) => {
                if kernel::region_of(&self.module.types, expr) != Some(Region::MapValue) {
                    let span = expr.span;
                    self.error(frame, |_| {
                        Diagnostic::error(
                            "held-object",
                            "kernel objects are held by values of maps, and this is none",
                        )
                        .at(span)
                        .help("look the value up, and read its field")
                    });
                    return None;
                }
                self.module.types.ptr(to, Region::Kernel, true)
            }
            _ => ty,
        };
        expr.ty = ty;
        Some(ty)
    }

    pub(super) fn expr_type(&mut self, frame: &mut Frame, expr: &mut Expr) -> Option<TypeId> {
        let span = expr.span;
        let (void, bool) = (self.module.types.void(), self.module.types.bool());
        match &mut expr.kind {
            // Numbers past `i64` come with their type.
            ExprKind::Int(value) if expr.ty == void => {
                let int = numbers::literal(frame.function.arithmetic, *value);
                Some(self.module.types.int(int.bits, int.signed))
            }
            ExprKind::Int(_) => Some(expr.ty),
            ExprKind::Bool(_) => Some(bool),
            ExprKind::None => Some(self.module.types.ptr(void, Region::MapValue, true)),
            ExprKind::Text(text) => {
                let len = text.len() as u32 + 1;
                Some(self.module.types.intern(Type::Str { len }))
            }
            ExprKind::Local(local) => {
                let ty = Self::local_type(frame, *local);
                if let Some(object) = self.handed_over(frame, *local) {
                    let inner = Expr { kind: ExprKind::Local(*local), ty, span };
                    expr.kind = ExprKind::Deref(Box::new(inner));
                    return Some(object);
                }
                let context = frame.function.locals[*local].binding == Some(pbpf_core::hir::Binding::Context);
                (ty != void || context).then_some(ty)
            }
            ExprKind::Global(global) => Some(self.module.globals[*global].ty),
            ExprKind::Map(_) => Some(self.module.types.ptr(void, Region::Map, false)),
            ExprKind::Function(id) => {
                let id = *id;
                // One whose types come from calls waits for a helper that calls it back.
                if !self.is_template(id) {
                    self.function(id);
                }
                Some(self.module.types.ptr(void, Region::Func, false))
            }
            ExprKind::External(id) => {
                let id = *id;
                Some(self.external(id))
            }
            ExprKind::Query(query) => Some(self.query(query)),
            ExprKind::Absent => Some(bool),
            ExprKind::HasField(object, name) => {
                let name = name.clone();
                let settled = self.has_field(frame, object, &name, span)?;
                expr.kind = settled;
                Some(bool)
            }
            ExprKind::Container(inner, query) => {
                let (target, query) = (expr.ty, query.clone());
                self.container(frame, inner, target, &query)
            }
            ExprKind::Unary(_, operand) => {
                let ty = self.number(frame, operand)?;
                let int = numbers::unary(frame.function.arithmetic, self.int_of(ty, Some(operand))?);
                if frame.function.arithmetic == Arithmetic::C {
                    self.convert(frame, operand, int);
                }
                Some(self.module.types.int(int.bits, int.signed))
            }
            ExprKind::Binary(op, a, b) => {
                let op = *op;
                self.binary(frame, op, a, b, span)
            }
            ExprKind::Compare(first, rest) => {
                self.compare(frame, first, rest)?;
                if let Some(pairs) = self.split_chain(frame, first, rest) {
                    expr.kind = pairs;
                }
                Some(bool)
            }
            ExprKind::Logical(..) => self.logical(frame, expr, false),
            ExprKind::Not(operand) => {
                self.condition(frame, operand);
                Some(bool)
            }
            ExprKind::If(test, a, b) => {
                self.condition(frame, test);
                if let Some(way) = decided(test) {
                    *expr = if way { (**a).clone() } else { (**b).clone() };
                    return self.expr(frame, expr);
                }
                let (ta, tb) = (self.expr(frame, a), self.expr(frame, b));
                let (ta, tb) = (ta?, tb?);
                let arithmetic = frame.function.arithmetic;
                let mut joined = self.join_values(arithmetic, (ta, a), (tb, b));
                if joined.is_none() && (self.is_number(ta) || self.is_number(tb)) {
                    // One is a number and the other points to one.
                    let (ta, tb) = (self.as_number(frame, a)?, self.as_number(frame, b)?);
                    joined = self.join_values(arithmetic, (ta, a), (tb, b));
                    if joined.is_some() {
                        return joined;
                    }
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
                self.widen_local(frame, *local, ty, Some(value), span);
                Some(Self::local_type(frame, *local))
            }
            ExprKind::Convert(value) => {
                let target = expr.ty;
                let ty = self.expr(frame, value)?;
                if !self.is_number(ty) && !matches!(self.module.types.get(ty), Type::Ptr { .. }) {
                    self.mismatch(frame, value, ty, target);
                    return None;
                }
                if self.is_number_behind(ty) && self.is_number(target) {
                    self.as_number(frame, value);
                }
                self.warn_cut(frame, value, target);
                Some(target)
            }
            ExprKind::Cast(value) => {
                let target = expr.ty;
                self.cast(frame, value, target)
            }
            ExprKind::New(_) => self.new_record(frame, expr),
            ExprKind::NewArray(values) => Some(self.new_array(frame, expr.ty, values)),
            ExprKind::Len(_) => self.length(frame, expr),
            ExprKind::Size(_) => self.size(frame, expr),
            ExprKind::TextAt(pointer) => self.expr(frame, pointer).map(|_| expr.ty),
            ExprKind::TextTest(test, text, wanted) => {
                // One character more, for what the buffer cuts.
                let enough = (*test == TextTest::Starts).then_some(wanted.len() as u32 + 2);
                self.text(frame, text, enough).map(|_| bool)
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
                if name == "contents"
                    && let Some(to) = self.contents(frame, base)
                {
                    let pointer =
                        std::mem::replace(&mut **base, Expr { kind: ExprKind::None, ty: void, span });
                    expr.kind = ExprKind::Deref(Box::new(pointer));
                    return Some(to);
                }
                self.field(frame, base, &name, span)
            }
            ExprKind::Index(base, index) => self.index(frame, base, index, span),
            ExprKind::Deref(pointer) => {
                let ty = match pointer.kind {
                    ExprKind::Local(local) if self.handed_over(frame, local).is_some() => {
                        Self::local_type(frame, local)
                    }
                    _ => self.expr(frame, pointer)?,
                };
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
                    // A function is typed by what it is called back with.
                    if !matches!(arg.kind, ExprKind::Function(_)) {
                        self.expr(frame, arg);
                    }
                }
                self.callbacks(helper, args);
                self.numbers_behind(frame, helper, args);
                self.helper_result(helper, take, args, span)
            }
            ExprKind::Call(id, args) => self.call(frame, id, args),
            ExprKind::Contains { .. }
            | ExprKind::Lookup(..)
            | ExprKind::Item(..)
            | ExprKind::Get(..)
            | ExprKind::Store(..)
            | ExprKind::SetDefault(..)
            | ExprKind::Take(..)
            | ExprKind::Remove(..) => self.map_expr(frame, expr),
            ExprKind::Atomic(op, place, value) => {
                let op = *op;
                self.atomic(frame, op, place, value)
            }
            ExprKind::Checked(pointer) => {
                let ty = self.expr(frame, pointer)?;
                match *self.module.types.get(ty) {
                    Type::Ptr { to, region, .. } => Some(self.module.types.ptr(to, region, false)),
                    _ => Some(ty),
                }
            }
            ExprKind::Print(parts, to) => {
                self.print(frame, parts);
                for value in to.iter_mut().flat_map(|(_, before)| before) {
                    self.expr(frame, value)?;
                }
                Some(void)
            }
            ExprKind::Within { value, array, .. } => self.within(frame, value, array),
            ExprKind::After(first, last) => {
                let complete: Vec<bool> = first.iter_mut().map(|e| self.expr(frame, e).is_some()).collect();
                let ty = self.expr(frame, last)?;
                complete.iter().all(|typed| *typed).then_some(ty)
            }
            ExprKind::Builtin(..) => self.builtin(frame, expr),
        }
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
        self.warn_cut(frame, value, want);
        if self.is_number(want) && self.is_number_behind(ty) {
            self.as_number(frame, value);
            return;
        }
        if self.read_text(value, want) {
            return;
        }
        if self.fits(value, ty, want) {
            self.text_cut(frame, value, want);
            return;
        }
        // A record, array or text may be handed over where a pointer to one is needed.
        let fits = match (self.module.types.get(ty), self.module.types.get(want)) {
            (Type::Str { .. }, Type::Ptr { to, .. })
                if matches!(self.module.types.get(*to), Type::Str { .. }) =>
            {
                true
            }
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
}

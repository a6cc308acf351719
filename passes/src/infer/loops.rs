//! What loops and `with` go over and into, and functions of whole arrays.
//!
//! Promises: a loop variable that stands for a record points to it, so that what is assigned through it changes the
//! element, as in Python; numbers are copied. Leaves out: bodies.

use super::numbers::{self, Int};
use super::{Frame, Infer_};
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{BinaryOp, Builtin, Expr, ExprKind, LocalId, Over};
use pbpf_core::registry::HelperId;
use pbpf_core::rows::{ArgumentKind, Take};
use pbpf_core::source::Span;
use pbpf_core::types::{Region, Type, TypeId};

impl Infer_<'_, '_> {
    pub(super) fn over(&mut self, frame: &mut Frame, over: &mut Over, span: Span) {
        match over {
            Over::Range { local, start, stop, step } => {
                let all = [&mut *start, stop, step].map(|e| self.number(frame, e));
                let [Some(first), Some(_), Some(_)] = all else { return };
                let first = self.int_of(first, Some(start)).unwrap_or(Int::S64);
                // From a literal upwards: not negative.
                let up = matches!(step.kind, ExprKind::Int(n) if n > 0);
                let literal = (up && first.literal).then_some(&*start);
                let ty = self.module.types.int(64, true);
                self.widen_local(frame, *local, ty, literal, start.span);
            }
            Over::Array { local, index, array } => {
                let (local, index) = (*local, *index);
                let Some(ty) = self.expr(frame, array) else { return };
                self.position(frame, index, array.span);
                let Some((element, len)) = self.array_of(ty) else {
                    let place = array.span;
                    self.error(frame, |this| {
                        let have = this.module.types.display(ty);
                        Diagnostic::error("unsupported-for", format!("{have} cannot be gone over"))
                            .at(place)
                            .help("`for` goes over `range(...)`, arrays, maps and tuples of values")
                    });
                    return;
                };
                if len == 0 {
                    let place = array.span;
                    self.error(frame, |_| {
                        Diagnostic::error("unsupported-for", "the length of this array is not in its type")
                            .at(place)
                            .help("go over positions: `for i in range(n)`")
                    });
                }
                let ty = self.element(element, array);
                self.widen_local(frame, local, ty, None, span);
            }
            Over::Values { local, index, values } => {
                let (local, index) = (*local, *index);
                self.position(frame, index, span);
                let types: Option<Vec<TypeId>> = values.iter_mut().map(|v| self.expr(frame, v)).collect();
                let Some(types) = types else { return };
                let numbers = types.iter().any(|ty| self.is_number(*ty));
                for value in values {
                    let ty = if numbers {
                        let Some(ty) = self.number(frame, value) else { return };
                        ty
                    } else if self.module.types.is_scalar(value.ty)
                        || matches!(self.module.types.get(value.ty), Type::Str { .. })
                    {
                        value.ty
                    } else {
                        self.element(value.ty, value)
                    };
                    self.widen_local(frame, local, ty, Some(value), value.span);
                }
            }
            Over::Entries { map, key, value } => {
                let row = &self.module.maps[*map];
                let (Some(key_type), Some(value_type)) = (row.key, row.value) else { return };
                if self.cx.registry.map_kind(&row.kind).is_none_or(|kind| kind.walk.is_none()) {
                    let (kind, name) = (row.kind.clone(), row.name.clone());
                    self.error(frame, |_| {
                        let message = format!("the kernel does not go through {kind} maps such as `{name}`");
                        Diagnostic::error("unsupported-for", message)
                            .at(span)
                            .help("keep the keys in a hash map too, or go through the map in user space")
                    });
                }
                if let Some(key) = *key {
                    self.widen_local(frame, key, key_type, None, span);
                }
                if let Some(value) = *value {
                    let ty = if self.is_number(value_type) {
                        value_type
                    } else {
                        self.module.types.ptr(value_type, Region::MapValue, false)
                    };
                    self.widen_local(frame, value, ty, None, span);
                }
            }
        }
    }

    /// The position of `enumerate`: from 0 upwards.
    fn position(&mut self, frame: &mut Frame, index: Option<LocalId>, span: Span) {
        let Some(index) = index else { return };
        let ty = self.module.types.int(64, true);
        let zero = Expr { kind: ExprKind::Int(0), ty, span };
        self.widen_local(frame, index, ty, Some(&zero), span);
    }

    /// Element and length of an array, or of one that a pointer points to.
    pub(super) fn array_of(&self, ty: TypeId) -> Option<(TypeId, u32)> {
        match self.module.types.get(ty) {
            Type::Array { element, len } => Some((*element, *len)),
            Type::Ptr { to, .. } => match self.module.types.get(*to) {
                Type::Array { element, len } => Some((*element, *len)),
                _ => None,
            },
            _ => None,
        }
    }

    /// What a loop variable holds for an element: a scalar, or a pointer to it where `place` is.
    fn element(&mut self, element: TypeId, place: &Expr) -> TypeId {
        if self.module.types.is_scalar(element) {
            return element;
        }
        let region = match self.module.types.get(place.ty) {
            Type::Ptr { region, .. } => *region,
            _ => self.region_of(place),
        };
        self.module.types.ptr(element, region, false)
    }

    /// Types `value in array`.
    pub(super) fn within(&mut self, frame: &mut Frame, value: &mut Expr, array: &mut Expr) -> Option<TypeId> {
        let bool = self.module.types.bool();
        let (found, ty) = (self.expr(frame, value), self.expr(frame, array)?);
        found?;
        let span = array.span;
        match self.array_of(ty) {
            Some((element, len)) if self.is_number(element) && len > 0 => {
                self.number(frame, value)?;
                Some(bool)
            }
            _ => {
                self.error(frame, |this| {
                    let have = this.module.types.display(ty);
                    Diagnostic::error("unsupported-in", format!("{have} cannot be searched"))
                        .at(span)
                        .help("`in` looks into maps, arrays of numbers, ranges and tuples of values")
                });
                None
            }
        }
    }

    /// Types a built-in function.
    pub(super) fn builtin(&mut self, frame: &mut Frame, expr: &mut Expr) -> Option<TypeId> {
        let span = expr.span;
        let (s64, bool) = (self.module.types.int(64, true), self.module.types.bool());
        let ExprKind::Builtin(which, args) = &mut expr.kind else { return None };
        let (which, arithmetic) = (*which, frame.function.arithmetic);
        if let [array] = args.as_mut_slice()
            && which != Builtin::Abs
        {
            let ty = self.expr(frame, array)?;
            let element = self.array_of(ty).filter(|(e, len)| self.is_number(*e) && *len > 0);
            let Some((element, _)) = element else {
                self.error(frame, |this| {
                    let have = this.module.types.display(ty);
                    let message =
                        format!("`{}` takes numbers or an array of them, not {have}", which.as_str());
                    Diagnostic::error("type-mismatch", message).at(span)
                });
                return None;
            };
            let huge = self.int_of(element, None).is_some_and(|i| i.bits == 64 && !i.signed);
            return Some(match which {
                Builtin::Any | Builtin::All => bool,
                Builtin::Sum if huge => self.module.types.int(64, false),
                Builtin::Sum => s64,
                _ => element,
            });
        }
        if let Builtin::Any | Builtin::All = which {
            for arg in args.iter_mut() {
                self.condition(frame, arg);
            }
            return Some(bool);
        }
        let types: Option<Vec<TypeId>> = args.iter_mut().map(|a| self.number(frame, a)).collect();
        let types = types?;
        if which == Builtin::Sum {
            let ints: Vec<Int> =
                types.iter().zip(&*args).filter_map(|(ty, a)| self.int_of(*ty, Some(a))).collect();
            let sum = ints.into_iter().reduce(|a, b| numbers::binary(arithmetic, BinaryOp::Add, a, b).result);
            return Some(sum.map_or(s64, |i| self.module.types.int(i.bits, i.signed)));
        }
        if let ([only], [arg]) = (types.as_slice(), args.as_slice()) {
            let int = self.int_of(*only, Some(arg))?;
            let result = numbers::magnitude(arithmetic, int);
            return Some(self.module.types.int(result.bits, result.signed));
        }
        self.join_all(arithmetic, &types, args)
    }

    /// Types what `with` enters. A lock is taken by the helper that has the name of its type.
    pub(super) fn entered(&mut self, frame: &mut Frame, enter: &mut Expr, leave: &mut Option<HelperId>) {
        let Some(ty) = self.expr(frame, enter) else { return };
        if leave.is_some() {
            return;
        }
        let record = match self.module.types.get(ty) {
            Type::Ptr { to, .. } => *to,
            _ => ty,
        };
        let registry = self.cx.registry;
        let found = match self.module.types.get(record) {
            Type::Record(id) => registry.find_helper(&self.module.types.records[*id].name),
            _ => None,
        };
        let takes_one = |id: &HelperId| matches!(registry.helper(*id).row.args.as_slice(), [a] if matches!(a.kind, ArgumentKind::Object(_)));
        let found = found.filter(takes_one).and_then(|helper| {
            let ends = registry.helper(helper).row.ended_by.as_ref()?;
            Some((helper, registry.find_helper(ends)?))
        });
        let Some((helper, end)) = found else {
            let span = enter.span;
            self.error(frame, |this| {
                let have = this.module.types.display(ty);
                Diagnostic::error("unsupported-with", format!("{have} is no lock"))
                    .at(span)
                    .note("a lock is a field of type `struct_bpf_spin_lock` in a map value")
                    .help("call what begins and what ends the work yourself")
            });
            return;
        };
        let (void, span) = (self.module.types.void(), enter.span);
        let lock = std::mem::replace(enter, Expr { kind: ExprKind::None, ty: void, span });
        enter.kind = ExprKind::Helper { helper, take: Take::All, args: vec![Some(lock)] };
        *leave = Some(end);
        self.expr(frame, enter);
    }
}

//! Fields, elements, and results of helpers.
//!
//! Promises: what a pointer leads to keeps the pointer's trust. Leaves out: whether the access is allowed.

use super::{Frame, Infer_};
use crate::kernel;
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{Expr, ExprKind, Query};
use pbpf_core::names;
use pbpf_core::rows::{ArgumentKind, Arguments, Gives, ResultKind, Take};
use pbpf_core::source::Span;
use pbpf_core::types::{Origin, Region, Type, TypeId};

impl Infer_<'_, '_> {
    /// The type of `base.name`.
    pub(super) fn field(
        &mut self,
        frame: &mut Frame,
        base: &mut Expr,
        name: &str,
        span: Span,
    ) -> Option<TypeId> {
        let ty = self.expr(frame, base)?;
        let (record_type, region) = match self.module.types.get(ty) {
            Type::Ptr { to, .. } => (*to, kernel::behind(&self.module.types, base)),
            _ => (ty, kernel::region_of(&self.module.types, base)),
        };
        let of_context = !matches!(self.module.types.get(record_type), Type::Record(_));
        if region == Some(Region::Ctx) && of_context {
            return self.context_field(frame, name, span);
        }
        let Type::Record(record) = *self.module.types.get(record_type) else {
            self.error(frame, |this| {
                let have = this.module.types.display(ty);
                let help = match this.module.types.get(ty) {
                    Type::Ptr { .. } => Some("say what it points to: `struct_x(pointer)`".to_owned()),
                    _ => None,
                };
                Diagnostic::error("unknown-field", format!("{have} has no field `{name}`"))
                    .at(span)
                    .maybe_help(help)
            });
            return None;
        };
        let kernel = self.cx.kernel;
        let btf = kernel.btf().ok();
        let Some(info) = kernel::field(&mut self.module.types, btf, record, name) else {
            if frame.last {
                let known = kernel::field_names(&self.module.types, btf, record);
                let near = names::nearest(name, known.iter().map(String::as_str))
                    .map(|n| format!("did you mean `{n}`?"));
                let display = self.module.types.display(record_type);
                self.cx.emit(
                    Diagnostic::error("unknown-field", format!("{display} has no field `{name}`"))
                        .at(span)
                        .maybe_help(near),
                );
            }
            return None;
        };
        // What a trusted pointer leads to is trusted.
        if region != Some(Region::Kernel) {
            return Some(info.ty);
        }
        let ty = self.trusted(info.ty);
        let owner = &self.module.types.records[record].name;
        Some(match *self.module.types.get(ty) {
            Type::Ptr { to, region: Region::Kernel, .. } if self.cx.registry.may_be_null(owner, name) => {
                self.module.types.ptr(to, Region::Kernel, true)
            }
            _ => ty,
        })
    }

    /// What a variable holds that a part of a kernel record is assigned to: a reference to that part, as in Python.
    pub(super) fn referenced(&mut self, value: &Expr, ty: TypeId) -> TypeId {
        let Type::Record(record) = *self.module.types.get(ty) else { return ty };
        match kernel::region_of(&self.module.types, value) {
            Some(region @ (Region::Kernel | Region::KernelUntrusted | Region::User))
                if self.module.types.records[record].origin == Origin::Kernel =>
            {
                self.module.types.ptr(ty, region, false)
            }
            _ => ty,
        }
    }

    fn context_field(&mut self, frame: &mut Frame, name: &str, span: Span) -> Option<TypeId> {
        let Some((program, row)) = self.row() else {
            self.error(frame, |_| {
                Diagnostic::error("unknown-field", "the context has fields in programs only").at(span)
            });
            return None;
        };
        if let Some(field) = row.context_field(name) {
            return Some(match &field.gives {
                Gives::Forbidden => {
                    self.error(frame, |_| {
                        let message = format!("programs of this type cannot read `{name}` of the context");
                        Diagnostic::error("unknown-field", message).at(span)
                    });
                    return None;
                }
                Gives::Scalar => self.module.types.int(field.bits, field.signed),
                Gives::Pointer { region, record, nullable } => {
                    let (region, nullable, record) = (*region, *nullable, record.clone());
                    let to = match record {
                        Some(record) => {
                            let record = self.kernel_record(&record, span)?;
                            self.module.types.intern(Type::Record(record))
                        }
                        None => self.module.types.void(),
                    };
                    self.module.types.ptr(to, region, nullable)
                }
            });
        }
        let records = context_records(program, row);
        if let Some(last) = records.last() {
            let kernel = self.cx.kernel;
            let known = |name: &&String| {
                kernel.btf().is_ok_and(|b| b.find(name, pbpf_core::btf::Kind::Struct).is_some())
            };
            let record = records.iter().find(known).unwrap_or(last).clone();
            let id = self.kernel_record(&record, span)?;
            let kernel = self.cx.kernel;
            let btf = kernel.btf().ok();
            if let Some(info) = kernel::field(&mut self.module.types, btf, id, name) {
                return Some(info.ty);
            }
            if frame.last {
                let known = kernel::field_names(&self.module.types, btf, id);
                let near = names::nearest(name, known.iter().map(String::as_str))
                    .map(|n| format!("did you mean `{n}`?"));
                self.cx.emit(
                    Diagnostic::error(
                        "unknown-field",
                        format!("the context (struct `{record}`) has no field `{name}`"),
                    )
                    .at(span)
                    .maybe_help(near),
                );
            }
            return None;
        }
        if frame.last {
            let known: Vec<&str> = row.context.fields.iter().map(|f| f.name.as_str()).collect();
            let near = names::nearest(name, known.iter().copied()).map(|n| format!("did you mean `{n}`?"));
            let typed = matches!(row.arguments, Arguments::Prototype(_));
            let help = near.or_else(|| {
                typed.then(|| "what is traced is in parameters, in order: `def f(first, second):`".to_owned())
            });
            let note = if known.is_empty() {
                "it has none".to_owned()
            } else {
                format!("it has {}", known.join(", "))
            };
            let error = Diagnostic::error("unknown-field", format!("the context has no field `{name}`"))
                .at(span)
                .note(note)
                .maybe_help(help);
            self.cx.emit(error);
        }
        None
    }

    /// What `pointer.contents` is, unless that is a field of what it points to.
    pub(super) fn contents(&mut self, frame: &mut Frame, base: &mut Expr) -> Option<TypeId> {
        let ty = self.expr(frame, base)?;
        let Type::Ptr { to, region, .. } = *self.module.types.get(ty) else { return None };
        if to == self.module.types.void() || region == Region::Ctx {
            return None;
        }
        if let Type::Record(record) = *self.module.types.get(to) {
            let btf = self.cx.kernel.btf().ok();
            if kernel::field(&mut self.module.types, btf, record, "contents").is_some() {
                return None;
            }
        }
        Some(to)
    }

    /// The type of `base[index]`.
    pub(super) fn index(
        &mut self,
        frame: &mut Frame,
        base: &mut Expr,
        index: &mut Expr,
        span: Span,
    ) -> Option<TypeId> {
        let ty = self.expr(frame, base);
        self.number(frame, index)?;
        let ty = ty?;
        let is_text = match self.module.types.get(ty) {
            Type::Ptr { to, .. } => matches!(self.module.types.get(*to), Type::Str { .. }),
            ty => matches!(ty, Type::Str { .. }),
        };
        let Some((element, len)) = self.module.types.element(ty) else {
            self.error(frame, |this| {
                Diagnostic::error(
                    "type-mismatch",
                    format!("{} has no elements", this.module.types.display(ty)),
                )
                .at(span)
            });
            return None;
        };
        if let (ExprKind::Int(at), Some(len)) = (&mut index.kind, len)
            && (-i64::from(len)..0).contains(at)
            && !is_text
        {
            // From the end, as in Python.
            *at += i64::from(len);
        }
        if let (ExprKind::Int(at), Some(len)) = (&index.kind, len)
            && !(0..i64::from(len)).contains(at)
            && len > 0
        {
            let (at, place) = (*at, index.span);
            self.error(frame, |_| {
                Diagnostic::error("index-out-of-range", format!("index {at} is outside an array of {len}"))
                    .at(place)
            });
            return None;
        }
        let region = kernel::element_region(&self.module.types, base, index);
        Some(if region == Some(Region::Kernel) { self.trusted(element) } else { element })
    }

    pub(super) fn helper_result(
        &mut self,
        helper: pbpf_core::registry::HelperId,
        take: Take,
        args: &[Option<Expr>],
        span: Span,
    ) -> Option<TypeId> {
        let registry = self.cx.registry;
        let row = &registry.helper(helper).row;
        if take != Take::All {
            return Some(self.module.types.int(32, false));
        }
        let void = self.module.types.void();
        let nullable = row.returns.nullable;
        match &row.returns.kind {
            ResultKind::Void => Some(void),
            ResultKind::Scalar(ty) => {
                let (bits, signed) = pbpf_core::rows::c_int(ty).unwrap_or((64, true));
                Some(self.module.types.int(bits, signed))
            }
            ResultKind::MapValue => {
                let map = row.args.iter().zip(args).find_map(|(a, e)| match a.kind {
                    ArgumentKind::Map(_) => kernel::map_of(&self.module.types, e.as_ref()?),
                    _ => None,
                });
                let value = map.and_then(|m| self.module.maps[m].value).unwrap_or(void);
                Some(self.module.types.ptr(value, Region::MapValue, nullable))
            }
            ResultKind::Number(ty) => {
                let (bits, signed) = pbpf_core::rows::c_int(ty).unwrap_or((32, true));
                let number = self.module.types.int(bits, signed);
                Some(self.module.types.ptr(number, Region::Mem, nullable))
            }
            ResultKind::Arena => Some(self.module.types.ptr(void, Region::Arena, nullable)),
            ResultKind::Mem(_) => Some(self.module.types.ptr(void, Region::Mem, nullable)),
            ResultKind::Packet(_) => Some(self.module.types.ptr(void, Region::Packet, nullable)),
            ResultKind::Kptr(of) => {
                let at = row.args.iter().position(|a| a.name == *of)?;
                let held = args.get(at)?.as_ref().and_then(|slot| kernel::kptr(&self.module.types, slot));
                Some(self.module.types.ptr(held.unwrap_or(void), Region::Kernel, nullable))
            }
            ResultKind::Allocated(of) => {
                let at = row.args.iter().position(|a| a.name == *of)?;
                let ExprKind::Query(Query::Record(_, record)) = args.get(at)?.as_ref()?.kind else {
                    return None;
                };
                let to = self.module.types.intern(Type::Record(record));
                Some(self.module.types.ptr(to, Region::Mem, nullable))
            }
            ResultKind::Same(of) => {
                let at = row.args.iter().position(|a| a.name == *of)?;
                let Type::Ptr { to, region, .. } = *self.module.types.get(args.get(at)?.as_ref()?.ty) else {
                    return Some(self.module.types.ptr(void, Region::Mem, nullable));
                };
                Some(self.module.types.ptr(to, region, nullable))
            }
            ResultKind::GraphNode(of) => {
                let at = row.args.iter().position(|a| a.name == *of)?;
                let record =
                    args.get(at)?.as_ref().and_then(|root| kernel::graph_root(&self.module.types, root));
                let to = record.map_or(void, |record| self.module.types.intern(Type::Record(record)));
                Some(self.module.types.ptr(to, Region::Mem, nullable))
            }
            ResultKind::OfCpu(of) => {
                let at = row.args.iter().position(|a| a.name == *of)?;
                let given = args.get(at)?.as_ref()?;
                let to = match *self.module.types.get(given.ty) {
                    Type::Ptr { to, .. } => to,
                    _ => void,
                };
                Some(self.module.types.ptr(to, Region::Kernel, nullable))
            }
            ResultKind::Kernel(record) | ResultKind::KernelUntrusted(record) => {
                let region = match row.returns.kind {
                    ResultKind::Kernel(_) => Region::Kernel,
                    _ => Region::KernelUntrusted,
                };
                let record = self.kernel_record(record, span)?;
                let to = self.module.types.intern(Type::Record(record));
                Some(self.module.types.ptr(to, region, nullable))
            }
        }
    }
}

/// The kernel records that an open context may be, in order of preference.
pub(crate) fn context_records(
    program: &pbpf_core::hir::Program,
    row: &pbpf_core::rows::ProgramType,
) -> Vec<String> {
    let section = program.pattern.and_then(|i| row.sections.get(i));
    section.filter(|_| row.context.open).map(|s| row.context_records(s, &program.holes)).unwrap_or_default()
}

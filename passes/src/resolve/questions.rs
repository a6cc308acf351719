//! Questions to the kernel: `hasattr`, `sizeof`, `offsetof`, `container_of`, enumerators by their enum.
//!
//! Promises: what the kernel compiled against has not is a question all the same where it is asked whether it is there, and
//! a diagnostic where it is used. Leaves out: `hasattr` of an expression, whose type `infer` finds.

use super::Resolver;
use super::body::Body;
use super::scope::Entry;
use crate::kernel::{self, NoWay};
use pbpf_core::ast::{Expr, ExprKind, Keyword};
use pbpf_core::btf::Kind;
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{self, FieldQuery, Query, RecordQuery};
use pbpf_core::mir::{EnumQuery, follow};
use pbpf_core::names;
use pbpf_core::source::Span;
use pbpf_core::types::{Origin, RecordId, Type, TypeId};

impl<'b> Resolver<'_, 'b> {
    /// What a name or `module.name` of the file means, where no local has the name.
    pub(super) fn meaning(&mut self, body: &Body, expr: &Expr) -> Option<Entry> {
        let first = match &expr.kind {
            ExprKind::Attribute { value, .. } => value,
            _ => expr,
        };
        match &first.kind {
            ExprKind::Name(name) if body.locals.contains_key(name) => None,
            _ => self.entry_named(expr),
        }
    }

    /// `hasattr(x, "name")`.
    pub(super) fn hasattr(
        &mut self,
        body: &mut Body,
        args: &[Expr],
        keywords: &[Keyword],
        span: Span,
    ) -> Option<hir::Expr> {
        let [object, name] = self.exact(args, keywords, "hasattr", span)?;
        let ExprKind::Str(name) = &name.kind else {
            self.cx.emit(
                Diagnostic::error("not-constant", "`hasattr` takes the name as text")
                    .at(name.span)
                    .help("write it out: the loader must know what is asked"),
            );
            return None;
        };
        let kind = match self.meaning(body, object) {
            Some(Entry::KernelRecord(record)) => self.record_has(&record, name, object.span)?,
            Some(Entry::KernelEnum(of)) => self.enum_has(&of, name, object.span)?,
            Some(Entry::Module(module)) if module == "vmlinux" => self.kernel_has(name, object.span)?,
            Some(Entry::Record(record)) => {
                hir::ExprKind::Bool(self.module.types.records[record].field(name).is_some())
            }
            _ => hir::ExprKind::HasField(Box::new(self.expr(body, object)?), name.clone()),
        };
        Some(self.make(kind, span))
    }

    fn record_has(&mut self, record: &str, name: &str, span: Span) -> Option<hir::ExprKind> {
        let kernel = self.cx.kernel;
        let btf = self.btf(span)?;
        let Some(id) = kernel::record(&mut self.module.types, btf, record) else {
            return Some(hir::ExprKind::Absent);
        };
        Some(match kernel::path(&mut self.module.types, kernel.btf().ok(), id, name) {
            Ok((path, _)) => hir::ExprKind::Query(Query::Field(FieldQuery::Exists, id, path)),
            Err(_) => hir::ExprKind::Absent,
        })
    }

    fn enum_has(&mut self, of: &str, name: &str, span: Span) -> Option<hir::ExprKind> {
        let btf = self.btf(span)?;
        let found = kernel::enumeration(&mut self.module.types, btf, of)
            .filter(|id| kernel::enumerator(&mut self.module.types, btf, *id, name));
        Some(found.map_or(hir::ExprKind::Absent, |id| {
            hir::ExprKind::Query(Query::Enum(EnumQuery::Exists, id, name.to_owned()))
        }))
    }

    /// `hasattr(vmlinux, "struct_x")`.
    fn kernel_has(&mut self, name: &str, span: Span) -> Option<hir::ExprKind> {
        let btf = self.btf(span)?;
        if let Some(record) = name.strip_prefix("struct_").or_else(|| name.strip_prefix("union_")) {
            let found = kernel::record(&mut self.module.types, btf, record);
            return Some(found.map_or(hir::ExprKind::Absent, |id| {
                hir::ExprKind::Query(Query::Record(RecordQuery::Exists, id))
            }));
        }
        if let Some(found) = btf.enumerator(name) {
            // An enum without a name cannot be asked for.
            let of = btf.name(found.enum_id).to_owned();
            return if of.is_empty() {
                Some(hir::ExprKind::Bool(true))
            } else {
                self.enum_has(&of, name, span)
            };
        }
        if name.starts_with("enum_")
            || btf.find(name, Kind::Func).is_some()
            || btf.find(name, Kind::Var).is_some()
        {
            self.cx.emit(
                Diagnostic::error("bad-argument", format!("`hasattr` cannot ask for `{name}`"))
                    .at(span)
                    .help("it asks for structs, unions and enumerators; a variable that may be missing is declared with `@ksym(weak=True)`"),
            );
            return None;
        }
        Some(hir::ExprKind::Absent)
    }

    /// The types of the kernel, with a diagnostic where there are none.
    pub(super) fn btf(&mut self, span: Span) -> Option<&'b pbpf_core::btf::Btf> {
        let kernel = self.cx.kernel;
        match kernel.btf() {
            Ok(btf) => Some(btf),
            Err(error) => {
                self.cx.emit(error.at(span));
                None
            }
        }
    }

    /// The value of an enumerator that is named by its enum: `enum_x.NAME`.
    pub(super) fn enumerator(
        &mut self,
        of: &str,
        name: &str,
        enum_span: Span,
        span: Span,
    ) -> Option<hir::Expr> {
        let id = self.kernel_enum(of, enum_span)?;
        let btf = self.btf(span)?;
        if kernel::enumerator(&mut self.module.types, btf, id, name) {
            let query = Query::Enum(EnumQuery::Value, id, name.to_owned());
            return Some(self.make(hir::ExprKind::Query(query), span));
        }
        let known: Vec<&str> =
            btf.find(of, Kind::Enum).into_iter().flat_map(|id| btf.enumerators(id)).map(|v| v.name).collect();
        let near = names::nearest(name, known).map(|n| format!("did you mean `{n}`?"));
        self.cx.emit(
            Diagnostic::error("unknown-name", format!("`enum {of}` has no `{name}`"))
                .at(span)
                .maybe_help(near),
        );
        None
    }

    /// The enum of the kernel of that C name.
    pub(super) fn kernel_enum(&mut self, name: &str, span: Span) -> Option<pbpf_core::types::EnumId> {
        let btf = self.btf(span)?;
        let found = kernel::enumeration(&mut self.module.types, btf, name);
        if found.is_none() {
            let known = btf.names(Kind::Enum).map(|(name, _)| name);
            let near = names::nearest(name, known).map(|n| format!("did you mean `enum_{n}`?"));
            self.cx.emit(
                Diagnostic::error("unknown-kernel-type", format!("the kernel has no enum `{name}`"))
                    .at(span)
                    .maybe_help(near),
            );
        }
        found
    }

    /// `sizeof(T)`; of a kernel record it is asked for when the object is loaded.
    pub(super) fn sizeof(&mut self, ty: TypeId, span: Span) -> hir::Expr {
        if let Type::Record(record) = *self.module.types.get(ty)
            && self.module.types.records[record].origin == Origin::Kernel
        {
            return self.make(hir::ExprKind::Query(Query::Record(RecordQuery::Size, record)), span);
        }
        self.int_expr(i64::from(self.module.types.size_of(ty)), span)
    }

    /// `offsetof(T, "a.b")`.
    pub(super) fn offsetof(&mut self, args: &[Expr], keywords: &[Keyword], span: Span) -> Option<hir::Expr> {
        let [ty, field] = self.exact(args, keywords, "offsetof", span)?;
        let (record, query) = self.member(ty, field)?;
        if self.module.types.records[record].origin == Origin::Kernel {
            return Some(self.make(hir::ExprKind::Query(query), span));
        }
        let offset = query.answer(&self.module.types).unwrap_or(0);
        Some(self.int_expr(offset, span))
    }

    /// `container_of(p, T, "a.b")`.
    pub(super) fn container_of(
        &mut self,
        body: &mut Body,
        args: &[Expr],
        keywords: &[Keyword],
        span: Span,
    ) -> Option<hir::Expr> {
        let [pointer, ty, field] = self.exact(args, keywords, "container_of", span)?;
        let pointer = self.expr(body, pointer);
        let (record, query) = self.member(ty, field)?;
        if self.module.types.records[record].origin != Origin::Kernel {
            self.error("bad-argument", "`container_of` leads to a kernel struct", ty.span);
            return None;
        }
        let ty = self.module.types.intern(Type::Record(record));
        Some(hir::Expr { kind: hir::ExprKind::Container(Box::new(pointer?), query), ty, span })
    }

    /// The record that `ty` names and the question where its field is.
    fn member(&mut self, ty: &Expr, field: &Expr) -> Option<(RecordId, Query)> {
        let of = self.type_of(ty)?;
        let Type::Record(record) = *self.module.types.get(of) else {
            let have = self.module.types.display(of);
            self.error("unknown-field", format!("{have} has no fields"), ty.span);
            return None;
        };
        let ExprKind::Str(name) = &field.kind else {
            self.error("not-constant", "the field is named by text", field.span);
            return None;
        };
        let kernel = self.cx.kernel;
        let btf = kernel.btf().ok();
        match kernel::path(&mut self.module.types, btf, record, name) {
            Ok((path, _)) => {
                if follow(&self.module.types, record, &path).is_ok_and(|place| place.bit_size.is_some()) {
                    self.cx.emit(
                        Diagnostic::error(
                            "bitfield-address",
                            format!("`{name}` is a bitfield, which has no address"),
                        )
                        .at(field.span)
                        .help("read it by its name, or take a field beside it"),
                    );
                    return None;
                }
                Some((record, Query::Field(FieldQuery::Offset, record, path)))
            }
            Err(NoWay::Shape) => {
                self.error("unknown-field", format!("`{name}` is no way to a field"), field.span);
                None
            }
            Err(NoWay::Missing(inner, missing)) => {
                let known = kernel::field_names(&self.module.types, btf, inner);
                let near = names::nearest(&missing, known.iter().map(String::as_str))
                    .map(|n| format!("did you mean `{n}`?"));
                let display = self.module.types.intern(Type::Record(inner));
                let display = self.module.types.display(display);
                self.cx.emit(
                    Diagnostic::error("unknown-field", format!("{display} has no field `{missing}`"))
                        .at(field.span)
                        .maybe_help(near),
                );
                None
            }
        }
    }
}

//! Declarations of structs and unions: `@struct` and `@union` classes, and those of `ctypes`.
//!
//! Promises: the layout of `ctypes`; every wrong field is told. Leaves out: what a new record starts as.

use super::class::Base;
use super::declare::Decorators;
use super::scope::Entry;
use super::{Resolver, body};
use pbpf_core::ast::{ClassDef, Expr, ExprKind, Stmt, StmtKind};
use pbpf_core::diag::Diagnostic;
use pbpf_core::layout::{DeclaredField, LayoutError, Shape};
use pbpf_core::source::Span;
use pbpf_core::types::{Origin, Record, RecordId, RecordKind, Type, TypeId};

/// What the module's table of types does not say of a record.
#[derive(Clone, Debug, Default)]
pub(super) struct RecordInfo {
    /// Defaults of fields.
    pub(super) defaults: Vec<(String, Expr)>,
}

/// A declaration as far as it is read.
#[derive(Default)]
struct Reading {
    fields: Vec<(DeclaredField, Span)>,
    defaults: Vec<(String, Expr)>,
    pack: Option<u32>,
    align: Option<u32>,
    /// Names in `_anonymous_`.
    anonymous: Vec<(String, Span)>,
    /// Whether something was wrong, which has been told.
    wrong: bool,
}

impl Resolver<'_, '_> {
    /// Declares the struct or union of a class. `later` is what is assigned to its `_fields_` behind the class.
    pub(super) fn declare_record(
        &mut self,
        def: &ClassDef,
        kind: RecordKind,
        decorators: &Decorators,
        base: Option<Base>,
        later: Option<&Expr>,
    ) -> Option<RecordId> {
        // A pointer to the record may be a field of it.
        let id = self.module.types.records.push(Record {
            name: def.name.text.clone(),
            kind,
            origin: Origin::User,
            size: 0,
            align: 1,
            fields: Vec::new(),
            span: Some(def.name.span),
        });
        self.scope.insert(&def.name.text, Entry::Record(id), def.name.span);
        let mut reading = Reading { pack: decorators.pack, align: decorators.align, ..Reading::default() };
        for stmt in &def.body {
            self.record_statement(stmt, kind, base.is_some(), &mut reading);
        }
        if let Some(later) = later {
            self.ctypes_fields(later, &mut reading);
        }
        let record = self.finish_record(def, id, Shape { kind, pack: None, align: None }, reading);
        if record.is_none() {
            self.scope.insert(&def.name.text, Entry::Broken, def.name.span);
        }
        record
    }

    fn record_statement(&mut self, stmt: &Stmt, kind: RecordKind, ctypes: bool, reading: &mut Reading) {
        match &stmt.kind {
            StmtKind::AnnAssign { target: Expr { kind: ExprKind::Name(name), span }, annotation, value } => {
                self.annotated_field(name, *span, annotation, value.as_ref(), reading);
            }
            StmtKind::Assign { targets, value } if ctypes => {
                let [Expr { kind: ExprKind::Name(name), .. }] = targets.as_slice() else {
                    self.record_wrong(stmt.span, kind, reading);
                    return;
                };
                match name.as_str() {
                    "_fields_" => self.ctypes_fields(value, reading),
                    "_pack_" => reading.pack = self.power(value, "`_pack_`", reading).or(reading.pack),
                    "_align_" => reading.align = self.power(value, "`_align_`", reading).or(reading.align),
                    "_anonymous_" => self.anonymous_names(value, reading),
                    // The layout's name in Python 3.14, and what is not the layout's.
                    "_layout_" | "__slots__" => {}
                    _ => self.record_wrong(stmt.span, kind, reading),
                }
            }
            // Methods of a class of user space's.
            StmtKind::FunctionDef(_) if ctypes => {}
            _ if body::is_docstring(stmt) => {}
            StmtKind::Pass => {}
            _ => self.record_wrong(stmt.span, kind, reading),
        }
    }

    fn record_wrong(&mut self, span: Span, kind: RecordKind, reading: &mut Reading) {
        reading.wrong = true;
        let what = kind_name(kind);
        self.cx.emit(
            Diagnostic::error("bad-declaration", format!("a {what} holds fields only"))
                .at(span)
                .help("write `name: type`, `name: type = value` or `name: type = bits(N)`"),
        );
    }

    /// A power of two up to 4096.
    pub(super) fn power_of_two(&mut self, value: &Expr, what: &str) -> Option<u32> {
        let number = self.constant(value, what)?;
        let fits = u32::try_from(number).ok().filter(|n| n.is_power_of_two() && *n <= 4096);
        if fits.is_none() {
            self.error(
                "bad-declaration",
                format!("{what} is {number}; it must be a power of two from 1 to 4096"),
                value.span,
            );
        }
        fits
    }

    fn power(&mut self, value: &Expr, what: &str, reading: &mut Reading) -> Option<u32> {
        let power = self.power_of_two(value, what);
        reading.wrong |= power.is_none();
        power
    }

    /// `name: type`, `name: type = default`, `name: type = bits(3)`, `name: type = bits(3, default=1)`.
    fn annotated_field(
        &mut self,
        name: &str,
        span: Span,
        annotation: &Expr,
        value: Option<&Expr>,
        reading: &mut Reading,
    ) {
        let Some(ty) = self.type_of(annotation) else {
            reading.wrong = true;
            return;
        };
        let (mut bits, mut default) = (None, value);
        if let Some(Expr { kind: ExprKind::Call { func, args, keywords }, .. }) = value
            && matches!(self.entry_named(func), Some(Entry::Bits))
        {
            default = args.get(1);
            for keyword in keywords {
                match &keyword.name {
                    Some(n) if n.text == "default" => default = Some(&keyword.value),
                    _ => self.bits_usage(keyword.value.span, reading),
                }
            }
            match args.as_slice() {
                [width] | [width, _] => bits = Some((width, width.span)),
                _ => self.bits_usage(func.span, reading),
            }
        }
        // A struct or union under a name that says nothing is anonymous.
        if name.starts_with('_') && matches!(self.module.types.get(ty), Type::Record(_)) {
            reading.anonymous.push((name.to_owned(), span));
        }
        let bits = bits.map(|(width, _)| (self.constant(width, "the width of a bitfield"), width.span));
        if let Some(default) = default {
            self.field_default(name, ty, default, reading);
        }
        self.field(name, span, (ty, annotation.span), bits, reading);
    }

    fn bits_usage(&mut self, span: Span, reading: &mut Reading) {
        reading.wrong = true;
        self.cx.emit(
            Diagnostic::error("bad-declaration", "a bitfield is `name: type = bits(N)`")
                .at(span)
                .help("with a default: `bits(N, default=1)`"),
        );
    }

    fn field_default(&mut self, name: &str, ty: TypeId, default: &Expr, reading: &mut Reading) {
        let fits = match self.module.types.get(ty) {
            Type::Str { .. } => {
                matches!(default.kind, ExprKind::Str(_)) || self.text_constant(default).is_some()
            }
            Type::Bool | Type::Int { .. } | Type::Enum(_) => self.quiet_constant(default).is_some(),
            _ => false,
        };
        if fits {
            reading.defaults.push((name.to_owned(), default.clone()));
            return;
        }
        reading.wrong = true;
        let display = self.module.types.display(ty);
        self.cx.emit(
            Diagnostic::error(
                "bad-declaration",
                format!("the default of `{name}` is no constant of type {display}"),
            )
            .at(default.span)
            .help("a default is a constant number, or text for `str(N)`; other fields start as zero"),
        );
    }

    /// `[("name", type), ("name", type, bits)]`.
    fn ctypes_fields(&mut self, value: &Expr, reading: &mut Reading) {
        let (ExprKind::List(items) | ExprKind::Tuple(items)) = &value.kind else {
            reading.wrong = true;
            self.error("bad-declaration", "`_fields_` is a list of `(\"name\", type)`", value.span);
            return;
        };
        for item in items {
            let parts = match &item.kind {
                ExprKind::Tuple(parts) | ExprKind::List(parts) => parts.as_slice(),
                _ => &[],
            };
            let ([Expr { kind: ExprKind::Str(name), span }, annotation, rest @ ..], true) =
                (parts, parts.len() <= 3)
            else {
                reading.wrong = true;
                self.error(
                    "bad-declaration",
                    "a field is `(\"name\", type)` or `(\"name\", type, bits)`",
                    item.span,
                );
                continue;
            };
            let Some(ty) = self.type_of(annotation) else {
                reading.wrong = true;
                continue;
            };
            let bits =
                rest.first().map(|width| (self.constant(width, "the width of a bitfield"), width.span));
            self.field(name, *span, (ty, annotation.span), bits, reading);
        }
    }

    fn anonymous_names(&mut self, value: &Expr, reading: &mut Reading) {
        let (ExprKind::List(items) | ExprKind::Tuple(items)) = &value.kind else {
            reading.wrong = true;
            self.error("bad-declaration", "`_anonymous_` is a list of names of fields", value.span);
            return;
        };
        for item in items {
            if let ExprKind::Str(name) = &item.kind {
                reading.anonymous.push((name.clone(), item.span));
            } else {
                reading.wrong = true;
                self.error("bad-declaration", "`_anonymous_` is a list of names of fields", item.span);
            }
        }
    }

    /// Takes in one field.
    fn field(
        &mut self,
        name: &str,
        span: Span,
        (ty, type_span): (TypeId, Span),
        bits: Option<(Option<i64>, Span)>,
        reading: &mut Reading,
    ) {
        let mut wrong = |this: &mut Self, diagnostic: Diagnostic| {
            reading.wrong = true;
            this.cx.emit(diagnostic);
        };
        if !is_identifier(name) {
            let message = format!("`{}` is no name for a field", name.escape_debug());
            return wrong(self, Diagnostic::error("bad-declaration", message).at(span));
        }
        if let Some((_, first)) = reading.fields.iter().find(|(f, _)| f.name == name) {
            let message = format!("there are two fields `{name}`");
            return wrong(
                self,
                Diagnostic::error("duplicate-name", message).at(span).label(*first, "the first is here"),
            );
        }
        let types = &self.module.types;
        if let Type::Ptr { region: pbpf_core::types::Region::Ctx, .. } | Type::Func { .. } = types.get(ty) {
            return wrong(self, Diagnostic::error("bad-type", "this cannot be a field").at(type_span));
        }
        if types.size_of(ty) == 0 {
            // A record without size is the one that is being declared.
            let (what, help) = match types.get(ty) {
                Type::Record(_) | Type::Array { .. } => (
                    format!("field `{name}` holds the record that it belongs to"),
                    "use `Ptr[...]` or `POINTER(...)`",
                ),
                _ => (format!("field `{name}` has no size"), "use a type of `ctypes`, `str(N)` or a struct"),
            };
            return wrong(self, Diagnostic::error("bad-type", what).at(type_span).help(help));
        }
        let bits = match bits {
            None => None,
            Some((None, _)) => {
                reading.wrong = true;
                return;
            }
            Some((Some(width), place)) => {
                let limit = match types.get(ty) {
                    Type::Bool => 8,
                    Type::Int { bits, .. } => i64::from(*bits),
                    _ => {
                        let message = format!("{} cannot be a bitfield", types.display(ty));
                        let error = Diagnostic::error("bad-bitfield", message).at(type_span);
                        return wrong(self, error.help("bitfields are of integer types and `c_bool`"));
                    }
                };
                if !(1..=limit).contains(&width) {
                    let message =
                        format!("a bitfield of {} has 1 to {limit} bits, not {width}", types.display(ty));
                    return wrong(self, Diagnostic::error("bad-bitfield", message).at(place));
                }
                Some(width as u32)
            }
        };
        reading.fields.push((DeclaredField { name: name.to_owned(), ty, bits }, span));
    }

    fn finish_record(
        &mut self,
        def: &ClassDef,
        id: RecordId,
        shape: Shape,
        reading: Reading,
    ) -> Option<RecordId> {
        if reading.wrong {
            return None;
        }
        let what = kind_name(shape.kind);
        let name = &def.name.text;
        if reading.fields.is_empty() {
            self.error("bad-declaration", format!("{what} `{name}` has no fields"), def.name.span);
            return None;
        }
        let shape = Shape { pack: reading.pack, align: reading.align, ..shape };
        let fields: Vec<DeclaredField> = reading.fields.iter().map(|(f, _)| f.clone()).collect();
        let layout = match self.module.types.lay_out(shape, &fields) {
            Ok(layout) => layout,
            Err(LayoutError::TooLarge) => {
                self.error("bad-type", format!("{what} `{name}` is larger than 64 MiB"), def.name.span);
                return None;
            }
            Err(LayoutError::NarrowerUnit(at)) => {
                let (field, span) = &reading.fields[at];
                let message =
                    format!("bitfield `{}` is of a narrower type than the one before it", field.name);
                self.cx.emit(
                    Diagnostic::error("bad-bitfield", message)
                        .at(*span)
                        .note("ctypes reads other bits there than C does")
                        .help("give neighbouring bitfields one type"),
                );
                return None;
            }
        };
        let in_c = self.module.types.lay_out_in_c(shape, &fields);
        let has_bits = fields.iter().any(|f| f.bits.is_some());
        if has_bits && (shape.kind, &in_c) != (RecordKind::Union, &layout) && in_c != layout {
            let moved = in_c.offsets.iter().zip(&layout.offsets).position(|(a, b)| a != b);
            let difference = match moved {
                Some(at) => format!(
                    "`{}` is at bit {} here and at bit {} in C",
                    fields[at].name, layout.offsets[at], in_c.offsets[at]
                ),
                None => format!("it has {} bytes here and {} in C", layout.size, in_c.size),
            };
            self.cx.emit(
                Diagnostic::warning("bitfield-layout", format!("C lays `{name}` out differently"))
                    .at(def.name.span)
                    .note(difference)
                    .note("the layout is that of ctypes up to Python 3.13; Python 3.14 has C's")
                    .help("fill each unit of bitfields up, and align what stands before it"),
            );
        }
        for (anonymous, span) in &reading.anonymous {
            let Some(at) = fields.iter().position(|f| f.name == *anonymous) else {
                let message = format!("`_anonymous_` names `{anonymous}`, which is no field");
                self.error("unknown-field", message, *span);
                return None;
            };
            if !matches!(self.module.types.get(fields[at].ty), Type::Record(_)) {
                self.error("bad-type", format!("`{anonymous}` is no struct or union"), *span);
                return None;
            }
        }
        for (at, field) in fields.iter().enumerate() {
            if reading.anonymous.iter().any(|(name, _)| *name == field.name) {
                self.module.types.transparent.insert((id, at as u32));
            }
        }
        let record = &mut self.module.types.records[id];
        record.fields = pbpf_core::types::Types::placed(&fields, &layout);
        (record.size, record.align) = (layout.size, layout.align);
        self.records.insert(id, RecordInfo { defaults: reading.defaults });
        Some(id)
    }
}

fn kind_name(kind: RecordKind) -> &'static str {
    match kind {
        RecordKind::Struct => "struct",
        RecordKind::Union => "union",
    }
}

/// Whether a text could be written as a name in a program.
fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || c == '_')
}

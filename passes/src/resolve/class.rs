//! Classes: what each declares.
//!
//! Promises: a class of user space's that programs cannot use is no mistake until one uses it. Leaves out: layout.

use super::Resolver;
use super::declare::{Bodies, Decorators};
use super::enums::EnumBase;
use super::scope::Entry;
use pbpf_core::ast::{ClassDef, Expr, ExprKind, Module, Stmt, StmtKind};
use pbpf_core::diag::Diagnostic;
use pbpf_core::types::RecordKind;

/// What a class of Python's library makes of a class that derives from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Base {
    /// `Structure`, `Union` of ctypes.
    Record(RecordKind),
    /// `BigEndianStructure`, `BigEndianUnion`.
    BigEndian,
    /// A class of `enum`.
    Enum(EnumBase),
}

impl Resolver<'_, '_> {
    /// Declares the structs, unions and enums of a file, which other declarations use.
    pub(super) fn declare_types(&mut self, tree: &Module) {
        for stmt in &tree.body {
            if let StmtKind::ClassDef(def) = &stmt.kind {
                let later = fields_assigned(&tree.body, &def.name.text);
                self.declare_type(def, later);
            }
        }
    }

    fn declare_type(&mut self, def: &ClassDef, later: Option<&Expr>) {
        let base = def.bases.iter().find_map(|base| match self.entry_named(base) {
            Some(Entry::Base(base)) => Some(base),
            _ => None,
        });
        if self.struct_ops_base(def).is_some() {
            return;
        }
        let decorators = self.decorators(&def.decorators);
        if decorators.bpf {
            self.scope.insert(&def.name.text, Entry::Broken, def.name.span);
            self.declare_type_as(def, base, &decorators, later);
            return;
        }
        if decorators.record.is_some() {
            self.cx.emit(
                Diagnostic::warning(
                    "missing-bpf",
                    format!("`{}` is not compiled: it lacks `@bpf`", def.name.text),
                )
                .at(def.name.span)
                .help("put `@bpf` above the other decorators"),
            );
        }
        if base.is_none() {
            self.scope.insert(&def.name.text, Entry::Foreign, def.name.span);
            return;
        }
        // A class of user space's: what is wrong with it matters where a program uses it.
        let told = std::mem::take(self.cx.diagnostics);
        self.declare_type_as(def, base, &decorators, later);
        let found = std::mem::replace(self.cx.diagnostics, told);
        if found.has_errors() {
            let why = found.list().iter().filter(|d| d.is_error()).cloned().collect();
            self.scope.insert(&def.name.text, Entry::Unusable(why), def.name.span);
        } else {
            self.cx.diagnostics.extend(found.list().iter().cloned());
        }
    }

    fn declare_type_as(
        &mut self,
        def: &ClassDef,
        base: Option<Base>,
        decorators: &Decorators,
        later: Option<&Expr>,
    ) {
        let kind = match (decorators.record, base) {
            (_, Some(Base::BigEndian)) => {
                self.cx.emit(
                    Diagnostic::error("bad-declaration", "the kernel's numbers are little-endian here")
                        .at(def.bases.first().map_or(def.name.span, |b| b.span))
                        .help("derive it from `Structure`, and read its fields with `ntohs` and `ntohl`"),
                );
                return;
            }
            (_, Some(Base::Enum(base))) => {
                if let Some(id) = self.declare_enum(def, base) {
                    self.scope.insert(&def.name.text, Entry::Enum(id), def.name.span);
                }
                return;
            }
            (Some(kind), None) => kind,
            (None, Some(Base::Record(kind))) => kind,
            (Some(asked), Some(Base::Record(kind))) => {
                if asked != kind {
                    self.error("bad-declaration", "it is a struct and a union at once", def.name.span);
                    return;
                }
                kind
            }
            (None, None) => {
                self.cx.emit(
                    Diagnostic::error(
                        "bad-declaration",
                        format!("class `{}` is neither a struct nor a set of callbacks", def.name.text),
                    )
                    .at(def.name.span)
                    .help("decorate it with `@struct`, or derive it from `struct_ops.NAME`"),
                );
                return;
            }
        };
        self.declare_record(def, kind, decorators, base, later);
    }

    /// Declares a class whose methods are programs.
    pub(super) fn declare_class<'t>(&mut self, def: &'t ClassDef, bodies: &mut Bodies<'t>) {
        let Some(record) = self.struct_ops_base(def) else { return };
        if !self.decorators(&def.decorators).bpf {
            self.scope.insert(&def.name.text, Entry::Foreign, def.name.span);
            return;
        }
        self.scope.insert(&def.name.text, Entry::Broken, def.name.span);
        self.declare_struct_ops(def, &record, bodies);
    }
}

/// What a file assigns to `NAME._fields_` behind the class, as ctypes wants it for a struct that points to itself.
fn fields_assigned<'t>(body: &'t [Stmt], name: &str) -> Option<&'t Expr> {
    body.iter().find_map(|stmt| {
        let StmtKind::Assign { targets, value } = &stmt.kind else { return None };
        let [Expr { kind: ExprKind::Attribute { value: class, attr }, .. }] = targets.as_slice() else {
            return None;
        };
        (attr.text == "_fields_" && matches!(&class.kind, ExprKind::Name(n) if n == name)).then_some(value)
    })
}

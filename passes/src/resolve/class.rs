//! Declarations of classes.
//!
//! Promises: a wrong declaration is told once. Leaves out: layout.

use super::declare::Bodies;
use super::scope::Entry;
use super::{Resolver, body};
use pbpf_core::ast::{ClassDef, Expr, ExprKind, StmtKind};
use pbpf_core::diag::Diagnostic;
use pbpf_core::types::RecordKind;

impl Resolver<'_, '_> {
    pub(super) fn declare_class<'t>(&mut self, def: &'t ClassDef, bodies: &mut Bodies<'t>) {
        let decorators = self.decorators(&def.decorators);
        if !decorators.bpf {
            self.scope.insert(&def.name.text, Entry::Foreign, def.name.span);
            return;
        }
        self.scope.insert(&def.name.text, Entry::Broken, def.name.span);
        if let Some(record) = self.struct_ops_base(def) {
            self.declare_struct_ops(def, &record, bodies);
        } else if decorators.is_struct {
            self.declare_struct(def);
        } else {
            self.cx.emit(
                Diagnostic::error(
                    "bad-declaration",
                    format!("class `{}` is neither a struct nor a set of callbacks", def.name.text),
                )
                .at(def.name.span)
                .help("decorate it with `@struct`, or derive it from `struct_ops.NAME`"),
            );
        }
    }

    pub(super) fn declare_struct(&mut self, def: &ClassDef) {
        let mut fields = Vec::new();
        for stmt in &def.body {
            match &stmt.kind {
                StmtKind::AnnAssign {
                    target: Expr { kind: ExprKind::Name(name), .. }, annotation, ..
                } => {
                    let Some(ty) = self.type_of(annotation) else { return };
                    if self.module.types.size_of(ty) == 0 {
                        self.error("bad-type", format!("field `{name}` has no size"), annotation.span);
                        return;
                    }
                    fields.push((name.clone(), ty));
                }
                _ if body::is_docstring(stmt) => {}
                StmtKind::Pass => {}
                _ => {
                    self.error("bad-declaration", "a struct holds fields only: `name: type`", stmt.span);
                    return;
                }
            }
        }
        if fields.is_empty() {
            self.error("bad-declaration", format!("struct `{}` has no fields", def.name.text), def.name.span);
            return;
        }
        let record = self.module.types.add_user_record(
            &def.name.text,
            RecordKind::Struct,
            false,
            &fields,
            Some(def.name.span),
        );
        self.scope.insert(&def.name.text, Entry::Record(record), def.name.span);
    }
}

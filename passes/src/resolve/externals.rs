//! Variables of the kernel and options of its configuration: `@ksym`, `@kconfig`, and variables that BTF knows.
//!
//! Promises: each is declared once, by name. Leaves out: whether the kernel that loads the object has it.

use super::Resolver;
use super::body::is_docstring;
use super::scope::Entry;
use crate::kernel;
use pbpf_core::ast::{Expr, ExprKind, FunctionDef, StmtKind};
use pbpf_core::btf::{self, Kind};
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{self, ExternId, ExternKind, External};
use pbpf_core::source::Span;
use pbpf_core::types::{Region, Type, TypeId};

/// A decorator `@ksym` or `@kconfig`, and whether it says that the kernel may lack what is declared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Declared {
    pub(super) kind: ExternKind,
    pub(super) weak: Option<bool>,
}

impl Resolver<'_, '_> {
    /// `@ksym` or `@kconfig`, with `weak=True` or without.
    pub(super) fn external_decorator(&mut self, kind: ExternKind, decorator: &Expr) -> Declared {
        let mut weak = None;
        if let ExprKind::Call { args, keywords, .. } = &decorator.kind {
            match (args.as_slice(), keywords.as_slice()) {
                ([], []) => {}
                ([], [keyword]) if keyword.name.as_ref().is_some_and(|n| n.text == "weak") => {
                    match keyword.value.kind {
                        ExprKind::Bool(value) => weak = Some(value),
                        _ => self.error("bad-declaration", "`weak` is True or False", keyword.value.span),
                    }
                }
                _ => self.error("bad-declaration", "this takes `weak=True` only", decorator.span),
            }
        }
        Declared { kind, weak }
    }

    /// `def name() -> T: ...`.
    pub(super) fn declare_external(&mut self, def: &FunctionDef, declared: Declared) {
        let name = def.name.text.clone();
        if let Some(param) = def.params.first() {
            self.error("bad-declaration", format!("`{name}` takes no parameters"), param.name.span);
            return;
        }
        if let Some(stmt) = def.body.iter().find(|s| s.kind != StmtKind::Pass && !is_docstring(s)) {
            self.cx.emit(
                Diagnostic::error("bad-declaration", format!("`{name}` is the kernel's: it has no body"))
                    .at(stmt.span)
                    .help("write `...`"),
            );
            return;
        }
        let Some(annotation) = &def.returns else {
            self.cx.emit(
                Diagnostic::error("bad-declaration", format!("the type of `{name}` is not given"))
                    .at(def.name.span)
                    .help(format!("say it: `def {name}() -> c_uint64: ...`")),
            );
            return;
        };
        let Some(ty) = self.external_type(annotation, declared.kind) else { return };
        let region = match declared.kind {
            ExternKind::Config => Region::MapValue,
            ExternKind::Symbol | ExternKind::Function => Region::KernelUntrusted,
        };
        let weak = declared.weak.unwrap_or(declared.kind == ExternKind::Config);
        let external = External { name, kind: declared.kind, ty, region, weak };
        let id = self.push_external(external, def.name.span);
        self.scope.insert(&def.name.text, Entry::External(id), def.name.span);
    }

    /// The type of what a declared variable holds, or an option has.
    fn external_type(&mut self, annotation: &Expr, kind: ExternKind) -> Option<TypeId> {
        let ty = if self.is_tristate(annotation) {
            kernel::tristate(&mut self.module.types)
        } else {
            self.type_of(annotation)?
        };
        if kind != ExternKind::Config {
            return Some(ty);
        }
        let right = matches!(
            self.module.types.get(ty),
            Type::Int { .. } | Type::Bool | Type::Str { .. } | Type::Enum(_)
        );
        if !right {
            let have = self.module.types.display(ty);
            self.cx.emit(
                Diagnostic::error("bad-type", format!("an option of the kernel is no {have}"))
                    .at(annotation.span)
                    .help("options are numbers (`c_uint32`), `bool`, `tristate` and text (`str(64)`)"),
            );
            return None;
        }
        Some(ty)
    }

    fn is_tristate(&self, annotation: &Expr) -> bool {
        matches!(&annotation.kind, ExprKind::Name(name) if matches!(self.lookup(name), Some(Entry::Tristate)))
    }

    /// `tristate.YES`.
    pub(super) fn tristate(&mut self, name: &str, span: Span) -> Option<hir::Expr> {
        let all = ["NO", "YES", "MODULE"];
        if let Some(value) = all.iter().position(|known| *known == name) {
            return Some(self.int_expr(value as i64, span));
        }
        let near = pbpf_core::names::nearest(name, all).map(|n| format!("did you mean `{n}`?"));
        self.cx.emit(
            Diagnostic::error("unknown-name", format!("`tristate` has no `{name}`"))
                .at(span)
                .maybe_help(near)
                .help("it is `NO`, `YES` or `MODULE`"),
        );
        None
    }

    fn push_external(&mut self, external: External, span: Span) -> ExternId {
        let known = self.module.externals.iter().find(|(_, e)| e.name == external.name);
        if let Some((id, first)) = known {
            if *first != external {
                self.error("duplicate-name", format!("`{}` is declared in two ways", external.name), span);
            }
            return id;
        }
        self.module.externals.push(external)
    }

    /// The variable of that name, if the kernel's BTF has one.
    pub(super) fn kernel_variable(&mut self, name: &str) -> Option<ExternId> {
        let btf = self.cx.kernel.btf().ok()?;
        let id = btf.find(name, Kind::Var)?;
        let btf::Type::Var(variable) = btf.get(id) else { return None };
        let ty = kernel::import(&mut self.module.types, btf, variable.ty);
        let region = if kernel::is_per_cpu(btf, id) { Region::PerCpu } else { Region::Kernel };
        let external = External { name: name.to_owned(), kind: ExternKind::Symbol, ty, region, weak: false };
        Some(self.push_external(external, Span::new(self.module.file, 0, 0)))
    }

    /// The value of a variable or an option by its name: a number is read, anything else is a pointer to it.
    pub(super) fn external(&mut self, id: ExternId, span: Span) -> hir::Expr {
        let external = &self.module.externals[id];
        let read = external.kind == ExternKind::Config
            || (external.region != Region::PerCpu && self.module.types.is_scalar(external.ty));
        let pointer = self.make(hir::ExprKind::External(id), span);
        if read { self.make(hir::ExprKind::Deref(Box::new(pointer)), span) } else { pointer }
    }
}

//! Declarations: maps, global variables, structs, functions and classes of callbacks.
//!
//! Promises: a wrong declaration is told once. Leaves out: bodies.

use super::Resolver;
use super::externals::Declared;
use super::global::GlobalOptions;
use super::scope::{Decorator, Entry};
use super::signature::Signature;
use pbpf_core::ast::{Expr, ExprKind, FunctionDef, Keyword, StmtKind};
use pbpf_core::diag::Diagnostic;
use pbpf_core::entity::Table;
use pbpf_core::hir::{ExternKind, FuncId, Function, FunctionKind, Linkage, Program};
use pbpf_core::names;
use pbpf_core::rows::Returns;
use pbpf_core::source::Span;
use pbpf_core::types::RecordKind;
use std::collections::BTreeSet;

/// Bodies to resolve once all names are declared; the flag says to leave out the first parameter (`self`).
pub(super) type Bodies<'t> = Vec<(FuncId, &'t FunctionDef, bool)>;

/// The decorators of a definition that are ours.
#[derive(Debug, Default)]
pub(super) struct Decorators {
    pub(super) bpf: bool,
    pub(super) map: bool,
    /// What `@bpfglobal` says.
    pub(super) global: Option<GlobalOptions>,
    pub(super) record: Option<RecordKind>,
    /// `packed=True` of `@struct` and `@union`.
    pub(super) pack: Option<u32>,
    /// `align=N` of `@struct` and `@union`.
    pub(super) align: Option<u32>,
    pub(super) section: Option<(String, Span)>,
    /// Keywords of `@section`.
    pub(super) section_keywords: Vec<Keyword>,
    /// What `@subprogram` says, and where.
    pub(super) linkage: Option<(Linkage, Span)>,
    pub(super) external: Option<Declared>,
}

impl Resolver<'_, '_> {
    pub(super) fn decorators(&mut self, list: &[Expr]) -> Decorators {
        let mut found = Decorators::default();
        let mut unknown = Vec::new();
        for decorator in list {
            let (callee, args, keywords) = match &decorator.kind {
                ExprKind::Call { func, args, keywords } => (&**func, Some(args), keywords.as_slice()),
                _ => (decorator, None, &[][..]),
            };
            let Some(Entry::Decorator(kind)) = self.entry_named(callee) else {
                unknown.push(callee);
                continue;
            };
            match kind {
                Decorator::Bpf => found.bpf = true,
                Decorator::Map => found.map = true,
                Decorator::Global => {
                    let args = args.map_or(&[][..], Vec::as_slice);
                    found.global = Some(self.global_options(args, keywords));
                }
                Decorator::Record(kind) => {
                    found.record = Some(kind);
                    self.record_options(decorator, &mut found);
                }
                Decorator::Subprogram => {
                    let args = args.map_or(&[][..], Vec::as_slice);
                    found.linkage = Some((self.linkage(args, keywords), decorator.span));
                }
                Decorator::Ksym => {
                    found.external = Some(self.external_decorator(ExternKind::Symbol, decorator));
                }
                Decorator::Kconfig => {
                    found.external = Some(self.external_decorator(ExternKind::Config, decorator));
                }
                Decorator::Section => match args.map(Vec::as_slice) {
                    Some([Expr { kind: ExprKind::Str(text), span }]) => {
                        found.section = Some((text.clone(), *span));
                        found.section_keywords = keywords.to_vec();
                    }
                    _ => self.error(
                        "bad-section",
                        "`@section` takes the section's name as text",
                        decorator.span,
                    ),
                },
            }
        }
        // One without `@bpf` is user space's.
        if found.bpf {
            unknown.into_iter().for_each(|callee| self.unknown_decorator(callee));
        }
        found
    }

    fn unknown_decorator(&mut self, callee: &Expr) {
        let message = match &callee.kind {
            ExprKind::Name(name) => format!("there is no decorator `{name}`"),
            _ => "there is no such decorator".to_owned(),
        };
        let known =
            ["bpf", "section", "map", "bpfglobal", "struct", "union", "subprogram", "ksym", "kconfig"];
        let near = match &callee.kind {
            ExprKind::Name(name) => names::nearest(name, known),
            _ => None,
        };
        let help = near.map_or_else(
            || format!("with `@bpf` there are {}", known.map(|name| format!("`@{name}`")).join(", ")),
            |near| format!("did you mean `@{near}`? import it from `pbpf`"),
        );
        self.cx.emit(Diagnostic::error("unknown-name", message).at(callee.span).help(help));
    }

    /// `packed=True` and `align=N`.
    fn record_options(&mut self, decorator: &Expr, found: &mut Decorators) {
        let ExprKind::Call { args, keywords, .. } = &decorator.kind else { return };
        let wrong = |this: &mut Self, span: Span| {
            this.cx.emit(
                Diagnostic::error("bad-declaration", "this says nothing about a struct or union")
                    .at(span)
                    .help("`packed=True`, `align=N` or nothing stands here"),
            );
        };
        for arg in args {
            wrong(self, arg.span);
        }
        for keyword in keywords {
            match keyword.name.as_ref().map(|n| n.text.as_str()) {
                Some("packed") => match self.constant(&keyword.value, "`packed`") {
                    Some(0) | None => {}
                    Some(_) => found.pack = Some(1),
                },
                Some("align") => found.align = self.power_of_two(&keyword.value, "`align`"),
                _ => wrong(self, keyword.value.span),
            }
        }
    }

    /// What a name, or a name of a module, means.
    pub(super) fn entry_named(&mut self, expr: &Expr) -> Option<Entry> {
        match &expr.kind {
            ExprKind::Name(name) => self.lookup(name).cloned(),
            ExprKind::Attribute { value, attr } => match self.entry_named(value)? {
                Entry::Module(module) => self.entry_of(&module, &attr.text),
                Entry::File(file) => self.entry_in_file(file, &attr.text),
                _ => None,
            },
            _ => None,
        }
    }

    /// What the arguments of `@subprogram` say.
    fn linkage(&mut self, args: &[Expr], keywords: &[Keyword]) -> Linkage {
        let mut found = None;
        let mut wrong = args.first().map(|a| a.span);
        for keyword in keywords {
            let flag = match keyword.value.kind {
                ExprKind::Bool(flag) => Some(flag),
                _ => None,
            };
            let linkage = match (keyword.name.as_ref().map(|n| n.text.as_str()), flag) {
                (Some("global_"), Some(true)) => Some(Linkage::Global),
                (Some("global_"), Some(false)) => Some(Linkage::Static),
                (Some("inline"), Some(true)) => Some(Linkage::Inline),
                (Some("inline"), Some(false)) => Some(Linkage::NoInline),
                _ => None,
            };
            if linkage.is_none() || found.is_some() {
                wrong = wrong.or(Some(keyword.name.as_ref().map_or(keyword.value.span, |n| n.span)));
            }
            found = found.or(linkage);
        }
        if let Some(wrong) = wrong {
            self.cx.emit(
                Diagnostic::error("bad-declaration", "`@subprogram` takes one of its two words")
                    .at(wrong)
                    .help("write `@subprogram(global_=True)`, `@subprogram(inline=True)` or `@subprogram(inline=False)`"),
            );
        }
        found.unwrap_or(Linkage::Static)
    }

    pub(super) fn declare_function<'t>(&mut self, def: &'t FunctionDef, bodies: &mut Bodies<'t>) {
        let decorators = self.decorators(&def.decorators);
        if !decorators.bpf {
            if decorators.map
                || decorators.global.is_some()
                || decorators.external.is_some()
                || decorators.section.is_some()
            {
                self.cx.emit(
                    Diagnostic::warning(
                        "missing-bpf",
                        format!("`{}` is not compiled: it lacks `@bpf`", def.name.text),
                    )
                    .at(def.name.span)
                    .help("put `@bpf` above the other decorators"),
                );
            }
            self.scope.insert(&def.name.text, Entry::Foreign, def.name.span);
            return;
        }
        // Replaced where the declaration is right; else uses of the name say nothing more.
        self.scope.insert(&def.name.text, Entry::Broken, def.name.span);
        if let Some(declared) = decorators.external {
            self.declare_external(def, declared);
        } else if decorators.map {
            self.declare_map(def);
        } else if let Some(options) = decorators.global {
            self.declare_global(def, &options);
        } else {
            let kind = match &decorators.section {
                Some((section, span)) => match self.program(section, *span, &decorators.section_keywords) {
                    Some(program) => FunctionKind::Program(program),
                    None => return,
                },
                None => FunctionKind::Subprogram,
            };
            let (linkage, span) = decorators.linkage.unwrap_or((Linkage::Static, def.name.span));
            if linkage != Linkage::Static && decorators.section.is_some() {
                self.cx.emit(
                    Diagnostic::error("bad-declaration", format!("`{}` is a program", def.name.text))
                        .at(span)
                        .help("`@subprogram` is for functions without `@section`, which programs call"),
                );
            }
            self.add_function(def, kind, &def.name.text, linkage, false, bodies);
        }
    }

    pub(super) fn add_function<'t>(
        &mut self,
        def: &'t FunctionDef,
        kind: FunctionKind,
        name: &str,
        linkage: Linkage,
        drop_self: bool,
        bodies: &mut Bodies<'t>,
    ) -> FuncId {
        let name = self.symbol(name);
        if let Some(other) = self.module.functions.values().find(|f| f.name == name) {
            let first = other.span;
            self.cx.emit(
                Diagnostic::error("duplicate-name", format!("there are two functions `{name}`"))
                    .at(def.name.span)
                    .label(first, "the first is here"),
            );
        }
        let signature = Signature::of(&name, def);
        let id = self.module.functions.push(Function {
            name,
            kind,
            linkage,
            params: Vec::new(),
            context: None,
            program: None,
            locals: Table::new(),
            ret: None,
            body: Vec::new(),
            arithmetic: self.arithmetic,
            span: def.name.span,
        });
        if !drop_self {
            self.scope.insert(&def.name.text, Entry::Function(id), def.name.span);
        }
        self.signatures.insert(id, signature);
        bodies.push((id, def, drop_self));
        id
    }

    /// The program type behind a section name.
    pub(super) fn program(&mut self, section: &str, span: Span, keywords: &[Keyword]) -> Option<Program> {
        let Some(found) = self.cx.registry.match_section(section) else {
            let near = self.cx.registry.nearest_section(section).map(|s| format!("did you mean `{s}`?"));
            let known: BTreeSet<&str> = self
                .cx
                .registry
                .program_types()
                .flat_map(|(_, t)| t.row.sections.iter().map(|s| s.pattern.as_str()))
                .map(|pattern| pattern.split(['/', '[']).next().unwrap_or(pattern))
                .collect();
            let note = if known.is_empty() {
                "no plugin with a program type is loaded".to_owned()
            } else {
                format!("sections begin with: {}", known.into_iter().collect::<Vec<_>>().join(", "))
            };
            self.cx.emit(
                Diagnostic::error(
                    "unknown-section",
                    format!("no program type has sections like `{section}`"),
                )
                .at(span)
                .note(note)
                .maybe_help(near),
            );
            return None;
        };
        let row = &self.cx.registry.program_type(found.program_type).row;
        let fails = self.fails(row.returns_of(Some(&found.pattern), None), keywords);
        let row = &self.cx.registry.program_type(found.program_type).row;
        let pattern = row.sections.iter().position(|s| *s == found.pattern);
        Some(Program {
            section: section.to_owned(),
            program_type: found.program_type,
            holes: found.holes,
            pattern,
            callback: None,
            fails,
            section_span: span,
        })
    }

    /// What the keywords of `@section` say of failed checks.
    fn fails(&mut self, rule: &Returns, keywords: &[Keyword]) -> Option<i64> {
        let mut fails = None;
        for keyword in keywords {
            let name = keyword.name.as_ref().map_or("**", |n| n.text.as_str());
            let span = keyword.value.span;
            if rule.settable.as_deref() != Some(name) {
                let known = rule.settable.as_ref().map(|known| format!("it takes `{known}`"));
                self.cx.emit(
                    Diagnostic::error(
                        "unsupported-keyword",
                        format!("`@section` has no keyword `{name}` here"),
                    )
                    .at(span)
                    .help(known.unwrap_or_else(|| "it takes the section's name alone".to_owned())),
                );
                continue;
            }
            let Some(value) = self.constant(&keyword.value, &format!("`{name}`")) else { continue };
            let (low, high) = rule.range.unwrap_or((i64::from(i32::MIN), i64::from(i32::MAX)));
            if !(low..=high).contains(&value) {
                let names = rule.names.iter().map(|(name, value)| format!("{name} ({value})"));
                self.cx.emit(
                    Diagnostic::error("return-out-of-range", format!("{value} cannot be returned here"))
                        .at(span)
                        .note(format!("these programs return {low} to {high}"))
                        .help(format!("the values are {}", names.collect::<Vec<_>>().join(", "))),
                );
                continue;
            }
            fails = Some(value);
        }
        fails
    }

    /// The expression that a declaration's body returns.
    pub(super) fn returned<'t>(&mut self, def: &'t FunctionDef) -> Option<&'t Expr> {
        let found = def.body.iter().find_map(|s| match &s.kind {
            StmtKind::Return(Some(value)) => Some(value),
            _ => None,
        });
        if found.is_none() {
            self.error(
                "bad-declaration",
                format!("`{}` must return what it declares", def.name.text),
                def.name.span,
            );
        }
        found
    }
}

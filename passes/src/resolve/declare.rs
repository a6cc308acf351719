//! Declarations: maps, global variables, structs, functions and classes of callbacks.
//!
//! Promises: a wrong declaration is told once. Leaves out: bodies.

use super::map_kinds::{MapKind, Shape};
use super::scope::{Decorator, Entry};
use super::{Resolver, body};
use pbpf_core::ast::{ClassDef, Expr, ExprKind, FunctionDef, StmtKind};
use pbpf_core::diag::Diagnostic;
use pbpf_core::entity::Table;
use pbpf_core::hir::{FuncId, Function, FunctionKind, Global, Init, Map, Program, Section};
use pbpf_core::names;
use pbpf_core::source::Span;
use pbpf_core::types::{RecordKind, Type};

/// Bodies to resolve once all names are declared; the flag says to leave out the first parameter (`self`).
pub(super) type Bodies<'t> = Vec<(FuncId, &'t FunctionDef, bool)>;

/// The decorators of a definition that are ours.
#[derive(Debug, Default)]
struct Decorators {
    bpf: bool,
    map: bool,
    global: bool,
    is_struct: bool,
    section: Option<(String, Span)>,
}

impl Resolver<'_, '_> {
    fn decorators(&mut self, list: &[Expr]) -> Decorators {
        let mut found = Decorators::default();
        for decorator in list {
            let (callee, args) = match &decorator.kind {
                ExprKind::Call { func, args, .. } => (&**func, Some(args)),
                _ => (decorator, None),
            };
            let entry = match &callee.kind {
                ExprKind::Name(name) => self.lookup(name).cloned(),
                ExprKind::Attribute { value, attr } => match &value.kind {
                    ExprKind::Name(module) => match self.lookup(module).cloned() {
                        Some(Entry::Module(module)) => self.entry_of(&module, &attr.text),
                        _ => None,
                    },
                    _ => None,
                },
                _ => None,
            };
            let Some(Entry::Decorator(kind)) = entry else { continue };
            match kind {
                Decorator::Bpf => found.bpf = true,
                Decorator::Map => found.map = true,
                Decorator::Global => found.global = true,
                Decorator::Struct => found.is_struct = true,
                Decorator::Section => match args.map(Vec::as_slice) {
                    Some([Expr { kind: ExprKind::Str(text), span }]) => {
                        found.section = Some((text.clone(), *span));
                    }
                    _ => self.error(
                        "bad-section",
                        "`@section` takes the section's name as text",
                        decorator.span,
                    ),
                },
            }
        }
        found
    }

    pub(super) fn declare_function<'t>(&mut self, def: &'t FunctionDef, bodies: &mut Bodies<'t>) {
        let decorators = self.decorators(&def.decorators);
        if !decorators.bpf {
            if decorators.map || decorators.global || decorators.section.is_some() {
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
        if decorators.map {
            self.declare_map(def);
        } else if decorators.global {
            self.declare_global(def);
        } else {
            let kind = match &decorators.section {
                Some((section, span)) => match self.program(section, *span) {
                    Some(program) => FunctionKind::Program(program),
                    None => return,
                },
                None => FunctionKind::Subprogram,
            };
            self.add_function(def, kind, def.name.text.clone(), false, bodies);
        }
    }

    pub(super) fn add_function<'t>(
        &mut self,
        def: &'t FunctionDef,
        kind: FunctionKind,
        name: String,
        drop_self: bool,
        bodies: &mut Bodies<'t>,
    ) -> FuncId {
        if let Some(other) = self.module.functions.values().find(|f| f.name == name) {
            let first = other.span;
            self.cx.emit(
                Diagnostic::error("duplicate-name", format!("there are two functions `{name}`"))
                    .at(def.name.span)
                    .label(first, "the first is here"),
            );
        }
        let id = self.module.functions.push(Function {
            name,
            kind,
            params: Vec::new(),
            context: None,
            locals: Table::new(),
            ret: None,
            body: Vec::new(),
            span: def.name.span,
        });
        if !drop_self {
            self.scope.insert(&def.name.text, Entry::Function(id), def.name.span);
        }
        bodies.push((id, def, drop_self));
        id
    }

    /// The program type behind a section name.
    fn program(&mut self, section: &str, span: Span) -> Option<Program> {
        let Some(found) = self.cx.registry.match_section(section) else {
            let near = self.cx.registry.nearest_section(section).map(|s| format!("did you mean `{s}`?"));
            let known: Vec<&str> = self
                .cx
                .registry
                .program_types()
                .flat_map(|(_, t)| t.row.sections.iter().map(|s| s.pattern.as_str()))
                .collect();
            let note = if known.is_empty() {
                "no plugin with a program type is loaded".to_owned()
            } else {
                format!("known sections: {}", known.join(", "))
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
        let pattern = row.sections.iter().position(|s| *s == found.pattern);
        Some(Program {
            section: section.to_owned(),
            program_type: found.program_type,
            holes: found.holes,
            pattern,
            callback: None,
            section_span: span,
        })
    }

    /// The expression that a declaration's body returns.
    fn returned<'t>(&mut self, def: &'t FunctionDef) -> Option<&'t Expr> {
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

    fn declare_map(&mut self, def: &FunctionDef) {
        let name = def.name.text.clone();
        let Some(value) = self.returned(def) else { return };
        let bad = |message: String, span: Span| Diagnostic::error("bad-map", message).at(span);
        let ExprKind::Call { func, args, keywords } = &value.kind else {
            self.cx.emit(bad(
                format!("map `{name}` must be made by one of the kinds in `pbpf.maps`"),
                value.span,
            ));
            return;
        };
        let kind = match &func.kind {
            ExprKind::Name(kind) => match self.lookup(kind) {
                Some(Entry::MapKind(kind)) => Some(*kind),
                _ => None,
            },
            _ => None,
        };
        let Some(kind) = kind else {
            let text = self.cx.sources.snippet(func.span).to_owned();
            let known = super::map_kinds::MAP_KINDS.iter().flat_map(|k| k.names).copied();
            let near = names::nearest(&text, known).map(|n| format!("did you mean `{n}`?"));
            self.cx.emit(
                bad(format!("`{text}` is no kind of map"), func.span)
                    .maybe_help(near)
                    .help("import the kind from `pbpf.maps`"),
            );
            return;
        };
        let mut map = Map {
            name,
            kind: kind.kind.to_owned(),
            kind_id: kind.id,
            key: None,
            value: None,
            max_entries: 0,
            flags: 0,
            pinned: false,
            span: def.name.span,
        };
        let positional: &[&str] = match kind.shape {
            Shape::KeyValue => &["key", "value", "max_entries"],
            Shape::Array => &["key", "value", "max_entries"],
            Shape::ValueOnly => &["value", "max_entries"],
            Shape::Ring => &["max_entries"],
            Shape::Perf => &["key_size", "value_size"],
        };
        if let Some(extra) = args.get(positional.len()) {
            self.cx.emit(bad(
                format!("`{}` takes at most {} arguments", kind.names[0], positional.len()),
                extra.span,
            ));
            return;
        }
        let named = args.iter().zip(positional).map(|(a, n)| ((*n).to_owned(), a.span, a));
        let keyed = keywords.iter().map(|k| {
            let (name, span) =
                k.name.as_ref().map_or((String::new(), k.value.span), |n| (n.text.clone(), n.span));
            (name, span, &k.value)
        });
        let all: Vec<_> = named.chain(keyed).collect();
        let mut given: Vec<String> = Vec::new();
        for (argument, span, value) in all {
            if given.contains(&argument) {
                self.cx.emit(bad(format!("`{argument}` is given twice"), span));
            }
            if !self.map_argument(kind, &mut map, &argument, span, value) {
                return;
            }
            given.push(argument);
        }
        if self.check_map(kind, &mut map) {
            let span = map.span;
            if self.module.maps.values().any(|m| m.name == map.name) {
                self.cx.emit(
                    Diagnostic::error("duplicate-name", format!("there are two maps `{}`", map.name))
                        .at(span),
                );
            }
            let id = self.module.maps.push(map);
            self.scope.insert(&def.name.text, Entry::Map(id), span);
        }
    }

    fn map_argument(
        &mut self,
        kind: &MapKind,
        map: &mut Map,
        argument: &str,
        span: Span,
        value: &Expr,
    ) -> bool {
        let number = |this: &mut Self| -> Option<u32> {
            let number = this.constant(value, &format!("`{argument}`"))?;
            let fits = u32::try_from(number).ok();
            if fits.is_none() {
                this.error(
                    "bad-map",
                    format!("`{argument}` is {number}, which does not fit 32 bits"),
                    value.span,
                );
            }
            fits
        };
        match argument {
            "key" | "value" => {
                let Some(ty) = self.type_of(value) else { return false };
                let slot = if argument == "key" { &mut map.key } else { &mut map.value };
                *slot = Some(ty);
                true
            }
            "max_entries" => number(self).map(|n| map.max_entries = n).is_some(),
            "flags" | "map_flags" => number(self).map(|n| map.flags = n).is_some(),
            // PythonBPF's perf arrays give sizes, which are always those of a descriptor.
            "key_size" | "value_size" if kind.shape == Shape::Perf => {
                let size = self.quiet_type(value).map(|ty| i64::from(self.module.types.size_of(ty)));
                let size = size.or_else(|| self.constant(value, &format!("`{argument}`")));
                match size {
                    Some(4) => true,
                    Some(other) => {
                        self.error(
                            "bad-map",
                            format!("`{argument}` of a perf event array is 4, not {other}"),
                            value.span,
                        );
                        false
                    }
                    None => false,
                }
            }
            "pinned" | "pinning" => {
                map.pinned = self.constant(value, "`pinned`") == Some(1);
                true
            }
            _ => {
                let known = ["key", "value", "max_entries", "flags", "pinned"];
                let near = names::nearest(argument, known).map(|n| format!("did you mean `{n}`?"));
                self.cx.emit(
                    Diagnostic::error("bad-map", format!("`{}` has no argument `{argument}`", kind.names[0]))
                        .at(span)
                        .maybe_help(near),
                );
                false
            }
        }
    }

    fn check_map(&mut self, kind: &MapKind, map: &mut Map) -> bool {
        let fail = |this: &mut Self, message: String, help: &str| {
            this.cx.emit(Diagnostic::error("bad-map", message).at(map.span).help(help));
            false
        };
        let types = &mut self.module.types;
        let int = types.int(32, false);
        match kind.shape {
            Shape::KeyValue if map.key.is_none() || map.value.is_none() => {
                return fail(
                    self,
                    format!("map `{}` needs `key` and `value`", map.name),
                    "for example `key=c_uint32, value=c_uint64`",
                );
            }
            Shape::Array => {
                let key = *map.key.get_or_insert(int);
                if types.size_of(key) != 4 || !types.is_scalar(key) {
                    let found = types.display(key);
                    // PythonBPF's users write 64-bit keys here; the kernel has only 32-bit positions.
                    if !matches!(types.get(key), Type::Int { .. }) {
                        return fail(
                            self,
                            format!("the key of array `{}` is a number, not {found}", map.name),
                            "leave `key` out",
                        );
                    }
                    map.key = Some(int);
                }
                if map.value.is_none() {
                    return fail(
                        self,
                        format!("array `{}` needs `value`", map.name),
                        "for example `value=c_uint64`",
                    );
                }
            }
            Shape::ValueOnly if map.value.is_none() => {
                return fail(
                    self,
                    format!("map `{}` needs `value`", map.name),
                    "for example `value=c_uint64`",
                );
            }
            Shape::Ring => {
                let bytes = map.max_entries;
                if bytes < 4096 || !bytes.is_power_of_two() {
                    return fail(
                        self,
                        format!("ring buffer `{}` has {bytes} bytes", map.name),
                        "`max_entries` of a ring buffer is a power of two of at least 4096 bytes",
                    );
                }
            }
            Shape::Perf => {
                map.key = Some(int);
                map.value = Some(int);
            }
            _ => {}
        }
        if map.max_entries == 0 && kind.shape != Shape::Perf {
            return fail(
                self,
                format!("map `{}` has no room: `max_entries` is 0", map.name),
                "give `max_entries`",
            );
        }
        let sizes = [map.key, map.value];
        if sizes.into_iter().flatten().any(|ty| self.module.types.size_of(ty) == 0) {
            return fail(
                self,
                format!("a key or value of map `{}` has no size", map.name),
                "use a type of `ctypes` or a `@struct`",
            );
        }
        true
    }

    fn declare_global(&mut self, def: &FunctionDef) {
        let Some(value) = self.returned(def) else { return };
        if let ExprKind::Str(text) = &value.kind {
            if def.name.text == "LICENSE" {
                self.module.license = Some(text.clone());
            } else {
                let mut bytes = text.clone().into_bytes();
                bytes.push(0);
                let ty = self.module.types.intern(Type::Str { len: bytes.len() as u32 });
                self.push_global(def, ty, Init::Bytes(bytes));
            }
            return;
        }
        if def.name.text == "LICENSE" {
            self.error("bad-declaration", "`LICENSE` returns text, for example \"GPL\"", value.span);
            return;
        }
        let Some(ty) = (match &def.returns {
            Some(annotation) => self.type_of(annotation),
            None => Some(self.module.types.int(64, true)),
        }) else {
            return;
        };
        // `return S()` or `return (c_int * 4)()`: zero.
        if let ExprKind::Call { func, args, keywords } = &value.kind
            && args.is_empty()
            && keywords.is_empty()
            && let Some(made) = self.quiet_type(func)
        {
            self.push_global(def, made, Init::Zero);
            return;
        }
        if !self.module.types.is_scalar(ty) {
            self.error(
                "bad-declaration",
                "a global struct or array starts as zero: return its type called",
                value.span,
            );
            return;
        }
        let Some(number) = self.constant(value, "the initial value of a global variable") else { return };
        let init = if number == 0 { Init::Zero } else { Init::Int(number) };
        self.push_global(def, ty, init);
    }

    fn push_global(&mut self, def: &FunctionDef, ty: pbpf_core::types::TypeId, init: Init) {
        let section = if init == Init::Zero { Section::Bss } else { Section::Data };
        let span = def.name.span;
        let id = self.module.globals.push(Global { name: def.name.text.clone(), ty, section, init, span });
        self.scope.insert(&def.name.text, Entry::Global(id), span);
    }

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

    fn declare_struct(&mut self, def: &ClassDef) {
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

//! Declarations of global variables.
//!
//! Promises: a wrong declaration is told once. Leaves out: the bytes of initial values (`initial`).

use super::Resolver;
use super::scope::Entry;
use pbpf_core::ast::{Expr, ExprKind, FunctionDef, Keyword};
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{Global, Init, Section};
use pbpf_core::source::Span;
use pbpf_core::types::{Type, TypeId};

/// What `@bpfglobal(...)` says.
#[derive(Debug, Default)]
pub(super) struct GlobalOptions {
    /// `const=True`: programs only read it; user space may set it before the object is loaded.
    constant: bool,
    /// `section=".data.foo"`.
    section: Option<(String, Span)>,
}

impl Resolver<'_, '_> {
    /// Reads the arguments of `@bpfglobal`.
    pub(super) fn global_options(&mut self, args: &[Expr], keywords: &[Keyword]) -> GlobalOptions {
        let mut options = GlobalOptions::default();
        let mut wrong = args.first().map(|a| a.span);
        for keyword in keywords {
            let name = keyword.name.as_ref().map_or("", |n| n.text.as_str());
            match (name, &keyword.value.kind) {
                ("const", _) => options.constant = self.constant(&keyword.value, "`const`") == Some(1),
                ("section", ExprKind::Str(text)) => {
                    options.section = Some((text.clone(), keyword.value.span));
                }
                _ => wrong = wrong.or(Some(keyword.value.span)),
            }
        }
        if let Some(span) = wrong {
            self.cx.emit(
                Diagnostic::error("bad-declaration", "this says nothing about a global variable")
                    .at(span)
                    .help("`const=True`, `section=\".data.NAME\"` or nothing stands here"),
            );
        }
        options
    }

    pub(super) fn declare_global(&mut self, def: &FunctionDef, options: &GlobalOptions) {
        let Some(value) = self.returned(def) else { return };
        if def.name.text == "LICENSE" {
            self.declare_license(value);
            return;
        }
        let Some(ty) = self.global_type(def, value) else { return };
        let size = self.module.types.size_of(ty) as usize;
        if size == 0 {
            self.error("bad-type", "a global variable has a size", value.span);
            return;
        }
        let mut bytes = vec![0; size];
        if self.initial_bytes(value, ty, &mut bytes).is_none() {
            return;
        }
        let init = match self.module.types.get(ty) {
            _ if bytes.iter().all(|b| *b == 0) => Init::Zero,
            Type::Int { .. } | Type::Bool | Type::Enum(_) => {
                let mut word = [0; 8];
                word[..size].copy_from_slice(&bytes);
                let shift = 64 - 8 * size as u32;
                // With its sign, as people read it.
                Init::Int((i64::from_le_bytes(word) << shift) >> shift)
            }
            _ => Init::Bytes(bytes),
        };
        let Some((section, subsection)) = self.global_section(options, &init) else { return };
        let span = def.name.span;
        let name = self.symbol(&def.name.text);
        let id = self.module.globals.push(Global { name, ty, section, subsection, init, span });
        self.scope.insert(&def.name.text, Entry::Global(id), span);
    }

    /// The license, as a function that returns it or as a constant.
    pub(super) fn declare_license(&mut self, value: &Expr) {
        match &value.kind {
            // The program's own decides, and is declared first.
            ExprKind::Str(text) => {
                self.module.license.get_or_insert_with(|| text.clone());
            }
            _ => self.error("bad-declaration", "`LICENSE` is text, for example \"GPL\"", value.span),
        }
    }

    /// The type: as annotated, or that of the value.
    fn global_type(&mut self, def: &FunctionDef, value: &Expr) -> Option<TypeId> {
        let made = match &value.kind {
            ExprKind::Call { func, .. } => self.quiet_type(func),
            // `str(16)` is a type, and called in its way a new text.
            _ => None,
        };
        let made = match made {
            Some(ty) => Some(ty),
            None => self.quiet_type(value),
        };
        match (&def.returns, &value.kind) {
            // PythonBPF writes `-> str` for text of any length.
            (Some(annotation), ExprKind::Str(text)) => match self.quiet_type(annotation) {
                Some(ty) => Some(ty),
                None => Some(self.module.types.intern(Type::Str { len: text.len() as u32 + 1 })),
            },
            (None, ExprKind::Str(text)) => {
                Some(self.module.types.intern(Type::Str { len: text.len() as u32 + 1 }))
            }
            (Some(annotation), _) => {
                let declared = self.type_of(annotation)?;
                // `-> c_uint32: return c_uint64(5)` is a number of the declared type.
                let plain = self.module.types.is_scalar(declared);
                match made {
                    Some(made) if made != declared && !plain => {
                        let (have, want) =
                            (self.module.types.display(made), self.module.types.display(declared));
                        self.error(
                            "type-mismatch",
                            format!("this is {have}, and {want} is declared"),
                            value.span,
                        );
                        None
                    }
                    _ => Some(declared),
                }
            }
            (None, _) => Some(made.unwrap_or_else(|| self.module.types.int(64, true))),
        }
    }

    /// The section: as given, or by the initial value.
    fn global_section(&mut self, options: &GlobalOptions, init: &Init) -> Option<(Section, Option<String>)> {
        let Some((text, span)) = &options.section else {
            let section = match init {
                _ if options.constant => Section::Rodata,
                Init::Zero => Section::Bss,
                _ => Section::Data,
            };
            return Some((section, None));
        };
        let known = [(".data", Section::Data), (".bss", Section::Bss), (".rodata", Section::Rodata)];
        let found = known.into_iter().find_map(|(name, section)| {
            let rest = text.strip_prefix(name)?;
            match rest.strip_prefix('.') {
                _ if rest.is_empty() => Some((section, None)),
                Some(rest) if !rest.is_empty() && rest.chars().all(is_plain) => {
                    Some((section, Some(rest.to_owned())))
                }
                _ => None,
            }
        });
        let why = match &found {
            None => {
                Some("variables are in `.data`, `.bss`, `.rodata`, or one of these with a name behind it")
            }
            Some((Section::Bss, _)) if *init != Init::Zero => {
                Some("what is in `.bss` starts as zero: use `.data`")
            }
            Some((section, _)) if options.constant && *section != Section::Rodata => {
                Some("what programs only read is in `.rodata`")
            }
            _ => None,
        };
        if let Some(why) = why {
            self.cx.emit(
                Diagnostic::error("bad-section", format!("the variable cannot be in section `{text}`"))
                    .at(*span)
                    .help(why),
            );
            return None;
        }
        found
    }
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Whether a constant of this name is the license.
pub(super) fn is_license(target: &Expr) -> bool {
    matches!(&target.kind, ExprKind::Name(name) if name == "LICENSE")
}

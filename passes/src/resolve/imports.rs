//! Imports and constants at the top level.
//!
//! Promises: `pythonbpf` and `pbpf` offer the same names. Leaves out: user space's imports.

use super::class::Base;
use super::enums::EnumBase;
use super::scope::{Decorator, Entry};
use super::{Resolver, typing};
use pbpf_core::ast::{Alias, Expr, ExprKind, Stmt, StmtKind};
use pbpf_core::names;
use pbpf_core::rows::{HelperCall, Take};
use pbpf_core::source::Span;
use pbpf_core::types::{GraphKind, RecordKind, Region};

/// The package's module that `module` stands for: `pythonbpf.maps` and `pbpf.maps` are the same.
pub(super) fn own_module(module: &str) -> Option<&str> {
    ["pbpf", "pythonbpf", "pylibbpf"].into_iter().find_map(|package| {
        let rest = module.strip_prefix(package)?;
        if rest.is_empty() { Some("") } else { rest.strip_prefix('.') }
    })
}

/// Names of the package itself.
fn package_entry(name: &str) -> Option<Entry> {
    Some(match name {
        "bpf" => Entry::Decorator(Decorator::Bpf),
        "map" => Entry::Decorator(Decorator::Map),
        "section" => Entry::Decorator(Decorator::Section),
        "bpfglobal" => Entry::Decorator(Decorator::Global),
        "struct" => Entry::Decorator(Decorator::Record(RecordKind::Struct)),
        "union" => Entry::Decorator(Decorator::Record(RecordKind::Union)),
        "bits" => Entry::Bits,
        "Ptr" => Entry::Pointer(Region::KernelUntrusted),
        "ArenaPtr" => Entry::Pointer(Region::Arena),
        "Kptr" => Entry::Kptr,
        "ListHead" => Entry::GraphRoot(GraphKind::List),
        "RbRoot" => Entry::GraphRoot(GraphKind::Tree),
        "UserPtr" => Entry::Pointer(Region::User),
        "subprogram" => Entry::Decorator(Decorator::Subprogram),
        "struct_ops" => Entry::StructOps,
        "tristate" => Entry::Tristate,
        "ksym" => Entry::Decorator(Decorator::Ksym),
        "kconfig" => Entry::Decorator(Decorator::Kconfig),
        "offsetof" => Entry::Builtin("offsetof"),
        "container_of" => Entry::Builtin("container_of"),
        // The Python runtime's names; programs do not use them.
        "BPF" | "compile" | "compile_to_ir" | "trace_pipe" | "trace_fields" | "utils" | "BpfObject"
        | "BpfProgram" | "BpfMap" | "StructParser" | "main" | "LICENSE" => Entry::Foreign,
        _ => {
            let found = pbpf_core::hir::Atomic::ALL.iter().find(|(atomic, _)| *atomic == name)?;
            Entry::Atomic(found.1)
        }
    })
}

const PACKAGE_NAMES: [&str; 23] = [
    "bpf",
    "map",
    "section",
    "bpfglobal",
    "struct",
    "union",
    "bits",
    "Ptr",
    "ArenaPtr",
    "Kptr",
    "ListHead",
    "RbRoot",
    "UserPtr",
    "struct_ops",
    "subprogram",
    "ksym",
    "kconfig",
    "tristate",
    "offsetof",
    "container_of",
    "BPF",
    "compile",
    "trace_pipe",
];

impl Resolver<'_, '_> {
    /// Takes in an import, or a constant assigned at the top level.
    pub(super) fn import_or_constant(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::Import(aliases) => {
                for alias in aliases {
                    let full = alias.name.text.clone();
                    let head = full.split('.').next().unwrap_or(&full).to_owned();
                    let file = self.cx.sources.linked(self.file, &full);
                    let (bound, target) = match (&alias.rename, file) {
                        (Some(rename), Some(file)) => (rename.text.clone(), Entry::File(file)),
                        (Some(rename), None) => (rename.text.clone(), Entry::Module(full)),
                        (None, _) => (head.clone(), Entry::Module(head)),
                    };
                    self.scope.insert(&bound, target, alias.name.span);
                }
            }
            StmtKind::ImportFrom { module, names } => {
                for alias in names {
                    self.import_name(&module.text, alias);
                }
            }
            StmtKind::Assign { targets, value } => {
                for target in targets {
                    self.constant_target(target, value);
                }
            }
            StmtKind::AnnAssign { target, value: Some(value), .. } => self.constant_target(target, value),
            _ => {}
        }
    }

    /// Every value is looked at before a name is bound, as Python does: `A, B = B, A` exchanges them.
    fn constant_target(&mut self, target: &Expr, value: &Expr) {
        let entries: Vec<_> = unpacked(target, Some(value))
            .into_iter()
            .map(|(name, span, value)| {
                (name, span, value.map_or(Entry::Foreign, |value| self.constant_entry(value)))
            })
            .collect();
        for (name, span, entry) in entries {
            self.scope.insert(name, entry, span);
        }
    }

    fn constant_entry(&mut self, value: &Expr) -> Entry {
        match &value.kind {
            ExprKind::Str(text) => Entry::Text(text.clone()),
            ExprKind::Tuple(items) => Entry::Tuple(items.clone()),
            _ => match self.constant_value(value) {
                Some(number) => Entry::Constant(number),
                None => self.swapped_constant(value).unwrap_or(Entry::Foreign),
            },
        }
    }

    /// `htons(53)`. It stays a call, so that it is known which order the bytes are in.
    fn swapped_constant(&mut self, value: &Expr) -> Option<Entry> {
        let ExprKind::Call { func, args, keywords } = &value.kind else { return None };
        let ([arg], []) = (args.as_slice(), keywords.as_slice()) else { return None };
        let Some(Entry::Helper(helper, _)) = self.entry_named(func) else { return None };
        let swaps = self.cx.registry.helper(helper).row.call == HelperCall::ByteSwap;
        swaps.then(|| self.constant_value(arg).map(|number| Entry::Swapped(helper, number)))?
    }

    /// Looks again at what was no constant before the types of the file were known (`MODES = Mode.READ | Mode.WRITE`).
    pub(super) fn constant_of_types(&mut self, stmt: &Stmt) {
        let StmtKind::Assign { targets, value } = &stmt.kind else { return };
        for (name, span, value) in targets.iter().flat_map(|target| unpacked(target, Some(value))) {
            if matches!(self.lookup(name), Some(Entry::Foreign))
                && let Some(number) = value.and_then(|value| self.constant_value(value))
            {
                self.scope.insert(name, Entry::Constant(number), span);
            }
        }
    }

    /// `from module import *`, of a module whose names are few.
    fn import_all(&mut self, module: &str, alias: &Alias) {
        let names: Vec<String> = match (module, own_module(module)) {
            ("ctypes", _) => typing::CTYPES.iter().map(|n| (*n).to_owned()).collect(),
            ("enum", _) => ["IntEnum", "IntFlag", "Enum", "Flag", "auto"].map(str::to_owned).to_vec(),
            (_, Some(own)) => self.names_of(own),
            _ => return,
        };
        for name in names {
            if let Some(entry) = self.entry_of(module, &name) {
                self.scope.insert(&name, entry, alias.name.span);
            }
        }
    }

    fn import_name(&mut self, module: &str, alias: &Alias) {
        if self.import_from_file(module, alias) {
            return;
        }
        let name = alias.name.text.as_str();
        if name == "*" {
            return self.import_all(module, alias);
        }
        let bound = alias.rename.as_ref().unwrap_or(&alias.name).text.clone();
        let entry = match self.entry_of(module, name) {
            Some(entry) => entry,
            None => {
                // A name of the package that does not exist is a mistake; any other module is user space.
                if let Some(own) = own_module(module) {
                    let known = self.names_of(own);
                    let near = names::nearest(name, known.iter().map(String::as_str))
                        .map(|n| format!("did you mean `{n}`?"));
                    let code =
                        if own == "helper" || own == "kfuncs" { "unknown-helper" } else { "unknown-name" };
                    self.cx.emit(
                        pbpf_core::diag::Diagnostic::error(code, format!("`{module}` has no `{name}`"))
                            .at(alias.name.span)
                            .maybe_help(near),
                    );
                    Entry::Broken
                } else {
                    Entry::Foreign
                }
            }
        };
        self.scope.insert(&bound, entry, alias.name.span);
    }

    /// What `module.name` means; none if the module is not ours or has no such name.
    pub(super) fn entry_of(&mut self, module: &str, name: &str) -> Option<Entry> {
        if let Some(entry) = self.entry_in_module(module, name) {
            return Some(entry);
        }
        if module == "ctypes" {
            let other = typing::ctypes_entry(name).unwrap_or(Entry::Foreign);
            return typing::ctypes(&mut self.module.types, name).map(Entry::Type).or(Some(other));
        }
        if module == "enum" {
            return Some(match name {
                "IntEnum" => Entry::Base(Base::Enum(EnumBase::Int)),
                "IntFlag" => Entry::Base(Base::Enum(EnumBase::IntFlag)),
                "Enum" | "Flag" | "StrEnum" => Entry::Base(Base::Enum(EnumBase::Other)),
                "auto" => Entry::Auto,
                _ => Entry::Foreign,
            });
        }
        if module == "vmlinux" {
            if let Some(value) = self.cx.registry.constant(module, name) {
                return Some(Entry::Constant(value));
            }
            if let Some(record) = self.cx.registry.record(module, name) {
                return Some(Entry::KernelRecord(record.to_owned()));
            }
            if let Some(record) = name.strip_prefix("struct_").or_else(|| name.strip_prefix("union_")) {
                return Some(Entry::KernelRecord(record.to_owned()));
            }
            if let Some(name) = name.strip_prefix("enum_") {
                return Some(Entry::KernelEnum(name.to_owned()));
            }
            if let Some(id) = self.cx.registry.find_helper(name)
                && self.cx.registry.helper(id).row.call == HelperCall::Kfunc
            {
                return Some(Entry::Helper(id, Take::All));
            }
            if let Some(iterator) = self.kernel_iterator(name) {
                return Some(Entry::Iterator(iterator));
            }
            return Some(Entry::KernelName(module.to_owned(), name.to_owned()));
        }
        let own = own_module(module)?;
        if own.is_empty()
            && let Some(entry) = package_entry(name)
        {
            return Some(entry);
        }
        if (own.is_empty() || own == "maps")
            && let Some(kind) = self.cx.registry.find_map_kind(name)
        {
            return Some(Entry::MapKind(kind.name.clone()));
        }
        if name == "deref" && own == "helper" {
            return Some(Entry::Deref);
        }
        if let Some(id) = self.cx.registry.find_helper(name) {
            let aliases = &self.cx.registry.helper(id).row.aliases;
            let take = aliases.iter().find(|(n, _)| n == name).map_or(Take::All, |(_, take)| *take);
            return Some(Entry::Helper(id, take));
        }
        if let Some(iterator) = self.kernel_iterator(name) {
            return Some(Entry::Iterator(iterator));
        }
        let full = format!("pbpf.{own}");
        let modules = [full.as_str(), "pbpf.helper", "vmlinux"];
        modules.into_iter().find_map(|m| self.cx.registry.constant(m, name)).map(Entry::Constant)
    }

    fn names_of(&self, own: &str) -> Vec<String> {
        let registry = self.cx.registry;
        let mut known: Vec<String> = Vec::new();
        match own {
            "" => known.extend(PACKAGE_NAMES.iter().map(|n| (*n).to_owned())),
            "maps" => {
                known.extend(registry.map_kinds().flat_map(|k| k.python.iter().cloned()));
            }
            _ => {
                for (_, helper) in registry.helpers() {
                    known.push(helper.row.name.clone());
                    let iterator = helper.row.name.strip_suffix("_new");
                    let iterator = iterator.filter(|name| self.kernel_iterator(name).is_some());
                    known.extend(iterator.map(str::to_owned));
                    known.extend(helper.row.aliases.iter().map(|(n, _)| n.clone()));
                }
                known.extend(registry.constant_names(&format!("pbpf.{own}")).map(str::to_owned));
            }
        }
        known
    }
}

/// The names of a target, each with its part of the value where that is written out: `A, (B, C) = 1, (2, 3)`.
pub(super) fn unpacked<'a>(
    target: &'a Expr,
    value: Option<&'a Expr>,
) -> Vec<(&'a str, Span, Option<&'a Expr>)> {
    match &target.kind {
        ExprKind::Name(name) => vec![(name, target.span, value)],
        ExprKind::Tuple(parts) | ExprKind::List(parts) => {
            let values = match value.map(|value| &value.kind) {
                Some(ExprKind::Tuple(values) | ExprKind::List(values)) if values.len() == parts.len() => {
                    Some(values)
                }
                _ => None,
            };
            let part = |at: usize| values.and_then(|values| values.get(at));
            parts.iter().enumerate().flat_map(|(at, target)| unpacked(target, part(at))).collect()
        }
        _ => Vec::new(),
    }
}

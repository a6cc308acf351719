//! Files that import each other.
//!
//! Promises: a name is looked up in the file in which it stands; what a file imports by name is looked up where it is
//! defined when it is used, so that files may import each other. Leaves out: finding files, which the caller has done.

use super::Resolver;
use super::reach::{self, Trees};
use super::scope::{Entry, Scope};
use pbpf_core::ast::{Alias, Module, Stmt, StmtKind, submodule};
use pbpf_core::diag::Diagnostic;
use pbpf_core::names;
use pbpf_core::source::FileId;

/// No chain of imports is longer but one that goes in a circle.
const MAX_CHAIN: usize = 64;

impl Resolver<'_, '_> {
    /// Makes another file the one at hand.
    pub(super) fn enter(&mut self, file: FileId) {
        if file != self.file {
            let left = std::mem::take(&mut self.scope);
            self.scopes.insert(self.file, left);
            self.scope = self.scopes.remove(&file).unwrap_or_default();
            self.file = file;
            self.arithmetic = self.arithmetics.get(&file).copied().unwrap_or(self.arithmetic);
        }
    }

    fn scope_of(&self, file: FileId) -> Option<&Scope> {
        if file == self.file { Some(&self.scope) } else { self.scopes.get(&file) }
    }

    /// What a name means at the top level.
    pub(super) fn lookup(&self, name: &str) -> Option<&Entry> {
        self.follow(self.scope.get(name)?)
    }

    /// What a name means at the top level of another file.
    fn lookup_in(&self, file: FileId, name: &str) -> Option<&Entry> {
        self.follow(self.scope_of(file)?.get(name)?)
    }

    fn follow<'s>(&'s self, mut entry: &'s Entry) -> Option<&'s Entry> {
        for _ in 0..MAX_CHAIN {
            let Entry::Imported(file, name) = entry else { return Some(entry) };
            entry = self.scope_of(*file)?.get(name)?;
        }
        None
    }

    /// Takes in imports and constants of a file, those of the files that it imports first, as Python does.
    pub(super) fn top_level(&mut self, trees: &Trees<'_>, file: FileId) {
        if !self.entered.insert(file) {
            return;
        }
        let Some(tree) = trees.get(&file) else { return };
        for stmt in &tree.body {
            for module in reach::imports_of(stmt) {
                if let Some(target) = self.cx.sources.linked(file, &module) {
                    self.top_level(trees, target);
                }
            }
            self.enter(file);
            self.import_or_constant(stmt);
        }
        self.order.push(file);
    }

    /// `from module import name`, of a file of the user's: says whether it is one.
    pub(super) fn import_from_file(&mut self, module: &str, alias: &Alias) -> bool {
        let (name, span) = (alias.name.text.as_str(), alias.name.span);
        let bound = alias.rename.as_ref().unwrap_or(&alias.name).text.clone();
        let sources = self.cx.sources;
        let file = sources.linked(self.file, module);
        let inner = sources.linked(self.file, &submodule(module, name));
        let Some(file) = file else {
            let Some(inner) = inner else { return false };
            self.scope.insert(&bound, Entry::File(inner), span);
            return true;
        };
        let defined = self.defined.get(&file);
        if name == "*" {
            let public: Vec<String> =
                defined.into_iter().flatten().filter(|n| !n.starts_with('_')).cloned().collect();
            for name in public {
                self.scope.insert(&name, Entry::Imported(file, name.clone()), span);
            }
            return true;
        }
        let is_defined = defined.is_some_and(|names| names.contains(name));
        let entry = match inner {
            _ if is_defined => Entry::Imported(file, name.to_owned()),
            Some(inner) => Entry::File(inner),
            // What Python code makes of its names in other ways is user space's.
            None if defined.is_none() || self.is_open(file) => Entry::Foreign,
            None => {
                let near = names::nearest(name, defined.into_iter().flatten().map(String::as_str))
                    .map(|n| format!("did you mean `{n}`?"));
                let shown = sources.get(file).map_or(module, |f| f.name.as_str());
                let message = format!("`{module}` ({shown}) has no `{name}`");
                self.cx.emit(Diagnostic::error("unknown-name", message).at(span).maybe_help(near));
                Entry::Broken
            }
        };
        self.scope.insert(&bound, entry, span);
        true
    }

    /// Whether a file may define names in ways that are not looked into.
    fn is_open(&self, file: FileId) -> bool {
        self.cx.sources.get(file).is_none_or(|f| !f.text.contains("bpf"))
    }

    /// What `module.name` means, of modules that are files of the user's.
    pub(super) fn entry_in_module(&self, module: &str, name: &str) -> Option<Entry> {
        let sources = self.cx.sources;
        let found = sources.linked(self.file, module).and_then(|file| self.lookup_in(file, name));
        if found.is_some() {
            return found.cloned();
        }
        let full = submodule(module, name);
        // `a.b.c` goes on by name where `a.b` is a package.
        if sources.is_package(self.file, &full) {
            return Some(Entry::Module(full));
        }
        sources.linked(self.file, &full).map(Entry::File)
    }

    /// What `name` means in a file that is at hand as a module.
    pub(super) fn entry_in_file(&self, file: FileId, name: &str) -> Option<Entry> {
        let found = self.lookup_in(file, name).cloned();
        found.or_else(|| self.is_open(file).then_some(Entry::Foreign))
    }

    /// The name in the object file: what other files have under that name already gets that of its file in front.
    pub(super) fn symbol(&self, name: &str) -> String {
        if self.file == self.module.file {
            return name.to_owned();
        }
        let taken = |name: &str| {
            let elsewhere = |span: pbpf_core::source::Span| span.file != self.file;
            let module = &self.module;
            module.functions.values().any(|f| f.name == name && elsewhere(f.span))
                || module.maps.values().any(|m| m.name == name && elsewhere(m.span))
                || module.globals.values().any(|g| g.name == name && elsewhere(g.span))
        };
        let mut symbol = name.to_owned();
        let file = self.cx.sources.get(self.file).map_or("", |f| f.name.as_str());
        let stem = reach::module_name(file);
        while taken(&symbol) {
            symbol = format!("{stem}_{symbol}");
        }
        symbol
    }

    /// The definitions of a file that are compiled: all of the program's own, of another those that are used.
    pub(super) fn kept(&self, tree: &Module) -> Vec<Stmt> {
        let keeps = |stmt: &&Stmt| {
            let name = match &stmt.kind {
                StmtKind::FunctionDef(def) => &def.name.text,
                StmtKind::ClassDef(def) => &def.name.text,
                _ => return true,
            };
            tree.file == self.module.file || self.used.contains(&(tree.file, name.clone()))
        };
        tree.body.iter().filter(keeps).cloned().collect()
    }
}

//! The modules that a file may mean by its imports.
//!
//! Promises: each once, as it is written, with the leading dots of a relative one; `from a import b` may mean `a` and
//! `a.b`. Leaves out: which of them there are, and where.

use super::{Module, Stmt, StmtKind};

/// Packages that are no files of the user's.
const KNOWN: [&str; 7] = ["pbpf", "pythonbpf", "pylibbpf", "vmlinux", "ctypes", "enum", "__future__"];

/// The modules that `module` may import.
pub fn imported_modules(module: &Module) -> Vec<String> {
    let mut found = Vec::new();
    block(&module.body, &mut found);
    found
}

fn block(stmts: &[Stmt], found: &mut Vec<String>) {
    let mut add = |name: String| {
        let head = name.split('.').next().unwrap_or_default();
        if !KNOWN.contains(&head) && !found.contains(&name) {
            found.push(name);
        }
    };
    for stmt in stmts {
        match &stmt.kind {
            StmtKind::Import(aliases) => {
                for alias in aliases {
                    let full = &alias.name.text;
                    let ends = full.match_indices('.').map(|(at, _)| at).chain([full.len()]);
                    ends.for_each(|end| add(full[..end].to_owned()));
                }
            }
            StmtKind::ImportFrom { module, names } => {
                // `.` alone is the package of the file, which has a name only with what is in it.
                let from = &module.text;
                add(from.clone());
                for name in names {
                    add(submodule(from, &name.name.text));
                }
            }
            _ => {}
        }
    }
    for stmt in stmts {
        if let StmtKind::FunctionDef(def) = &stmt.kind {
            block(&def.body, found);
        }
    }
}

/// The module `name` in the package `package`.
pub fn submodule(package: &str, name: &str) -> String {
    let dot = if package.ends_with('.') { "" } else { "." };
    format!("{package}{dot}{name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceMap;

    #[test]
    fn imports_name_modules() {
        let text = "import a.b as c, ctypes\nfrom d import e\nfrom . import f\nfrom ..g import h\nfrom pbpf import bpf\n";
        let mut sources = SourceMap::new();
        let file = sources.add("x.py", text);
        let tree = crate::ast::parse(file, text).expect("Python");
        let expected = ["a", "a.b", "d", "d.e", ".", ".f", "..g", "..g.h"];
        assert_eq!(imported_modules(&tree), expected);
    }
}

//! What arithmetic means in a file.
//!
//! Promises: the option decides, else the imports do: PythonBPF's files have C's meaning, all others Python's.
//! Leaves out: what the meaning is; `infer` holds that.

use super::imports;
use pbpf_core::ast::{Module, StmtKind};
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::Arithmetic;
use pbpf_core::pass::Context;

/// The packages whose importers keep C's meaning.
const C_PACKAGES: [&str; 2] = ["pythonbpf", "pylibbpf"];

/// The meaning of arithmetic in a file.
pub(super) fn of(tree: &Module, cx: &mut Context<'_>) -> Arithmetic {
    if let Some(set) = cx.options.arithmetic {
        return set;
    }
    let (mut own, mut foreign) = (None, None);
    for stmt in &tree.body {
        let modules: Vec<_> = match &stmt.kind {
            StmtKind::ImportFrom { module, .. } => vec![module],
            StmtKind::Import(aliases) => aliases.iter().map(|a| &a.name).collect(),
            _ => continue,
        };
        for module in modules.into_iter().filter(|m| imports::own_module(&m.text).is_some()) {
            let package = module.text.split('.').next().unwrap_or_default();
            let seen = if C_PACKAGES.contains(&package) { &mut foreign } else { &mut own };
            seen.get_or_insert((module.span, package.to_owned()));
        }
    }
    match (own, foreign) {
        (None, Some(_)) => Arithmetic::C,
        (Some((own, _)), Some((foreign, package))) => {
            cx.emit(
                Diagnostic::warning(
                    "mixed-arithmetic",
                    format!(
                        "the file imports from `pbpf` and from `{package}`: numbers have Python's meaning"
                    ),
                )
                .at(foreign)
                .label(own, "`pbpf` is imported here")
                .help("import from one of them, or set `[build] arithmetic`"),
            );
            Arithmetic::Python
        }
        _ => Arithmetic::Python,
    }
}

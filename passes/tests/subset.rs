//! The pass `subset` on trees that no text gives.
//!
//! Promises: a construct without a row of its own is refused all the same. Leaves out: the rows, which cases hold.

use pbpf_core::ast::{Expr, ExprKind, FunctionDef, Module, Name, Stmt, StmtKind};
use pbpf_core::diag::Diagnostics;
use pbpf_core::pass::{Context, NoKernelTypes, Options, Pass, Unit};
use pbpf_core::registry::Registry;
use pbpf_core::source::{SourceMap, Span};
use pbpf_core::target::Target;
use pbpf_passes::subset::Subset;

#[test]
fn what_later_versions_of_python_bring_is_refused() {
    let mut sources = SourceMap::new();
    let file = sources.add("a.py", "");
    let span = Span::new(file, 0, 0);
    let stmt = |kind| Stmt { kind, span };
    let expr = |kind| Expr { kind, span };
    let body = vec![
        stmt(StmtKind::Unsupported("a new statement")),
        stmt(StmtKind::Expr(expr(ExprKind::Unsupported("a new expression")))),
    ];
    let def = FunctionDef {
        name: Name { text: "f".to_owned(), span },
        decorators: vec![expr(ExprKind::Name("bpf".to_owned()))],
        params: Vec::new(),
        unsupported_param: None,
        returns: None,
        is_async: false,
        body,
    };
    let module = Module { file, body: vec![stmt(StmtKind::FunctionDef(def))], modules: Vec::new() };
    let mut diagnostics = Diagnostics::new();
    let mut cx = Context {
        diagnostics: &mut diagnostics,
        sources: &sources,
        registry: &Registry::new(),
        kernel: &NoKernelTypes,
        target: &Target::default(),
        options: &Options::default(),
        decisions: &mut Vec::new(),
    };
    assert!(Subset.run(Unit::Ast(module), &mut cx).is_some());
    let codes: Vec<&str> = diagnostics.list().iter().map(|d| d.code).collect();
    assert_eq!(codes, ["unsupported-syntax", "unsupported-syntax"]);
}

//! Names as the kernel takes them.
//!
//! Promises: a name that the kernel would refuse, and all BTF with it ("Invalid name"), is a diagnostic at its place.
//! Leaves out: names of kernel records, which come from BTF, and of parameters, which are changed instead.

use crate::errors::CODE;
use pbpf_core::diag::Diagnostic;
use pbpf_core::mir::Module;
use pbpf_core::source::Span;
use pbpf_core::types::Origin;

/// `KSYM_NAME_LEN` of the older kernels, less the NUL.
const LONGEST: usize = 127;

/// The diagnostics for names of the module that cannot be in an object.
pub(crate) fn check(module: &Module) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut take = |what: &str, name: &str, span: Option<Span>| {
        if !is_valid(name) {
            found.push(refuse(what, name, span));
        }
    };
    for map in module.maps.values() {
        take("map", &map.name, Some(map.span));
    }
    for global in module.globals.values().filter(|g| !g.name.starts_with('.')) {
        take("variable", &global.name, Some(global.span));
    }
    for ops in &module.struct_ops {
        take("variable", &ops.name, Some(ops.span));
    }
    for func in module.functions.values() {
        take("function", &func.name, Some(func.span));
    }
    for record in module.types.records.values().filter(|r| r.origin == Origin::User) {
        if !record.name.is_empty() {
            take("struct", &record.name, record.span);
        }
        for field in record.fields.iter().filter(|f| !f.name.is_empty()) {
            take("field", &field.name, record.span);
        }
    }
    found
}

fn refuse(what: &str, name: &str, span: Option<Span>) -> Diagnostic {
    let diagnostic =
        Diagnostic::error(CODE, format!("the kernel does not take `{name}` as the name of a {what}"))
            .help(format!("use letters of ASCII, digits and `_`, at most {LONGEST}"));
    match span {
        Some(span) => diagnostic.at(span),
        None => diagnostic,
    }
}

/// `btf_name_valid_identifier` of `kernel/bpf/btf.c`.
fn is_valid(name: &str) -> bool {
    name.len() <= LONGEST
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.')
}

/// The name of a parameter, changed where the kernel would not take it; nothing goes by it.
pub(crate) fn parameter(name: &str, index: usize) -> String {
    if is_valid(name) { name.to_owned() } else { format!("arg{index}") }
}

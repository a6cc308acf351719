//! Names as the object file has them.
//!
//! Promises: one name, one symbol; every name is one that the kernel's BTF takes. Leaves out: locals, which stay inside.

use super::Checker;
use pbpf_core::diag::Diagnostic;
use pbpf_core::source::Span;
use std::collections::BTreeMap;

impl Checker<'_, '_> {
    pub(super) fn names(&mut self) {
        let module = self.module;
        let mut all: Vec<(&str, &str, Span)> = Vec::new();
        all.extend(module.maps.values().map(|m| ("map", m.name.as_str(), m.span)));
        all.extend(module.globals.values().map(|g| ("global variable", g.name.as_str(), g.span)));
        all.extend(module.functions.values().map(|f| ("function", f.name.as_str(), f.span)));
        // The order of the file, so that the second is the one that is told.
        all.sort_by_key(|(_, _, span)| span.lo);
        let mut seen: BTreeMap<&str, (&str, Span)> = BTreeMap::new();
        for (what, name, span) in all {
            if let Some((other, first)) = seen.insert(name, (what, span))
                && (other != what || what == "global variable")
            {
                let message = if other == what {
                    format!("there are two {what}s `{name}`")
                } else {
                    format!("`{name}` is a {other} and a {what}")
                };
                let error = Diagnostic::error("duplicate-name", message)
                    .at(span)
                    .label(first, "the first is here")
                    .help("give one of them another name");
                self.cx.emit(error);
            }
            self.identifier(name, span);
        }
        let records = module.types.records.values().filter(|r| r.origin == pbpf_core::types::Origin::User);
        for record in records {
            let Some(span) = record.span else { continue };
            self.identifier(&record.name, span);
            for field in &record.fields {
                self.identifier(&field.name, span);
            }
        }
    }

    fn identifier(&mut self, name: &str, span: Span) {
        if name.is_ascii() {
            return;
        }
        self.cx.emit(
            Diagnostic::error("bad-name", format!("the kernel does not take the name `{name}`"))
                .at(span)
                .help("use the letters A to Z, digits and `_`"),
        );
    }
}

//! What `print` prints: text and values, with the formats that the kernel knows.
//!
//! Promises: parts in order of the text. Leaves out: how each value is printed, which its type says.

use super::Resolver;
use super::body::Body;
use pbpf_core::ast::{Expr, ExprKind, FPart};
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::PrintPart;

impl Resolver<'_, '_> {
    /// The parts of what is printed.
    pub(super) fn print_parts(&mut self, body: &mut Body, args: &[Expr]) -> Option<Vec<PrintPart>> {
        let mut parts = Vec::new();
        let mut complete = true;
        for (i, arg) in args.iter().enumerate() {
            if i > 0 {
                parts.push(PrintPart::Text(" ".to_owned()));
            }
            match &arg.kind {
                ExprKind::Str(text) => parts.push(PrintPart::Text(text.clone())),
                ExprKind::FString(fparts) => {
                    for part in fparts {
                        match part {
                            FPart::Text(text) => parts.push(PrintPart::Text(text.clone())),
                            FPart::Value { value, conversion, spec } => {
                                match self.formatted(body, value, *conversion, spec.as_deref()) {
                                    Some(part) => parts.push(part),
                                    None => complete = false,
                                }
                            }
                        }
                    }
                }
                _ => match self.expr(body, arg) {
                    Some(value) => parts.push(PrintPart::Value(value, None)),
                    None => complete = false,
                },
            }
        }
        complete.then_some(parts)
    }

    fn formatted(
        &mut self,
        body: &mut Body,
        value: &Expr,
        conversion: Option<char>,
        spec: Option<&str>,
    ) -> Option<PrintPart> {
        let letter = match spec {
            None | Some("") => None,
            Some("d") => Some('d'),
            Some("x") => Some('x'),
            Some("s") => Some('s'),
            Some(other) => {
                self.cx.emit(
                    Diagnostic::error(
                        "bad-format",
                        format!("the kernel cannot print with the format `{other}`"),
                    )
                    .at(value.span)
                    .help("use `:d`, `:x` or `:s`, or none"),
                );
                return None;
            }
        };
        if conversion.is_some_and(|c| c != 's') {
            self.error("bad-format", "the kernel cannot print with `!r` or `!a`", value.span);
            return None;
        }
        Some(PrintPart::Value(self.expr(body, value)?, letter))
    }
}

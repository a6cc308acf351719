//! What is printed: formats fit the types of their values, and the kernel takes so many.
//!
//! Promises: what passes here prints as in Python. Leaves out: which helper prints.

use super::Checker;
use crate::printed;
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{Expr, ExprKind, Format, FormatKind, PrintPart};
use pbpf_core::source::Span;
use pbpf_core::types::Type;

/// The most values that `bpf_trace_vprintk` prints (`MAX_BPRINTF_VARARGS` in the kernel).
const MAX_PRINTED: usize = 12;

impl Checker<'_, '_> {
    pub(super) fn print(&mut self, parts: &[PrintPart], span: Span) {
        let types = &self.module.types;
        let count = printed::arguments(types, parts);
        if count > MAX_PRINTED {
            let message = format!("the kernel prints at most {MAX_PRINTED} values at once, not {count}");
            let signs =
                parts.iter().any(|p| matches!(p, PrintPart::Value(v, f) if printed::has_sign(types, v, *f)));
            let note = signs.then_some("a number that may be negative counts twice in hexadecimal");
            let mut error = Diagnostic::error("too-many-values", message).at(span);
            error.notes.extend(note.map(str::to_owned));
            self.cx.emit(error.help("print them in several calls"));
        }
        for part in parts {
            let PrintPart::Value(value, format) = part else { continue };
            if let Some((message, help)) = self.misprinted(value, *format) {
                self.cx.emit(Diagnostic::error("bad-format", message).at(value.span).help(help));
            }
        }
    }

    /// What is wrong with a format for that value, and what to do.
    fn misprinted(&self, value: &Expr, format: Format) -> Option<(String, &'static str)> {
        use FormatKind as K;
        let types = &self.module.types;
        let have = types.display(value.ty);
        let kind = format.kind.as_str();
        let letter = |help| Some((format!("`:{kind}` does not print {have}"), help));
        match types.get(value.ty) {
            ty if matches!(ty, Type::Str { .. }) || printed::is_text_behind(types, value.ty, format) => {
                match format.kind {
                    K::Plain | K::Text if format.sign.is_some() || format.zero => Some((
                        "text has no sign and no zeros".to_owned(),
                        "align it with `<` and `>`: `:>16`",
                    )),
                    K::Plain | K::Text if format.quoted && format.width > 0 => {
                        Some(("text in quotes cannot be aligned".to_owned(), "leave `!r` or the width out"))
                    }
                    K::Plain | K::Text => None,
                    _ => letter("text is printed with `:s`, or without a letter"),
                }
            }
            Type::Bool if printed::is_word(format) => {
                let plain = format.sign.is_none() && !format.zero;
                (!plain).then(|| ("text has no sign and no zeros".to_owned(), "leave `!r` out"))
            }
            Type::Bool | Type::Int { .. } | Type::Enum(_) => {
                if format.converted && (format.kind != K::Plain || format.sign.is_some() || format.zero) {
                    let message = format!("`!r` and `!s` make text of {have}, which has no such format");
                    return Some((message, "leave the conversion out"));
                }
                let huge = matches!(types.get(value.ty), Type::Int { bits: 64, signed: false });
                match format.kind {
                    K::Plain | K::Decimal if format.sign.is_some() && format.width > 0 && huge => Some((
                        format!("the kernel cannot align {have} with a sign"),
                        "leave the sign or the width out",
                    )),
                    K::Text => letter("a number is printed with `:d` or `:x`, or without a letter"),
                    K::Char if format.sign.is_some() || format.zero => {
                        Some(("a character has no sign and no zeros".to_owned(), "align it with `<` and `>`"))
                    }
                    K::Hex | K::HexUpper if printed::has_sign(types, value, format) && format.width > 0 => {
                        Some((
                            "a number that may be negative cannot be aligned in hexadecimal".to_owned(),
                            "print its bits, which are not negative: `c_uint64(x)`",
                        ))
                    }
                    K::Hex | K::HexUpper
                        if format.prefix && format.width > 0 && !format.zero && format.left != Some(true) =>
                    {
                        Some((
                            "the kernel cannot put spaces in front of `0x`".to_owned(),
                            "fill with zeros, `:#010x`, or leave `#` out",
                        ))
                    }
                    K::Pointer if !format.is_bare() => {
                        Some(("an address has one form".to_owned(), "write `:p` alone, or `:#018x`"))
                    }
                    _ => None,
                }
            }
            Type::Ptr { .. } => match format.kind {
                K::Plain | K::Pointer | K::Hex
                    if format.is_bare() || matches!(value.kind, ExprKind::None) =>
                {
                    None
                }
                K::Plain | K::Pointer | K::Hex => {
                    Some(("an address has one form".to_owned(), "write `:p` alone, or none"))
                }
                _ => letter("an address is printed with `:p` or `:x`, or without a letter"),
            },
            _ => None,
        }
    }
}

//! What `print` prints: text and values, with their formats.
//!
//! Promises: parts in order of the text; `sep` and `end` are text by now. Leaves out: whether a format fits the type of
//! its value (`check`).

use super::Resolver;
use super::body::Body;
use super::scope::Entry;
use pbpf_core::ast::{Expr, ExprKind, FPart, Keyword};
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{self, Format, FormatKind, PrintPart};
use pbpf_core::registry::HelperId;

/// The helper that formats text into a file of the kernel's.
const WRITES_TO_FILES: &str = "bpf_seq_printf";

impl Resolver<'_, '_> {
    /// `print(...)`, to the trace pipe or to a file.
    pub(super) fn print(
        &mut self,
        body: &mut Body,
        args: &[Expr],
        keywords: &[Keyword],
    ) -> Option<hir::ExprKind> {
        let is_file = |k: &&Keyword| k.name.as_ref().is_some_and(|n| n.text == "file");
        let to = match keywords.iter().find(is_file) {
            Some(Keyword { value, .. }) if !matches!(value.kind, ExprKind::None) => {
                let helper = self.method_helper(WRITES_TO_FILES, "print", value.span)?;
                Some((helper, vec![self.expr(body, value)?]))
            }
            _ => None,
        };
        Some(hir::ExprKind::Print(self.print_parts(body, args, keywords, to.is_some())?, to))
    }

    /// `scx_bpf_error(f"no queue {n}")`: the call of a helper that formats, whose last argument is the text.
    pub(super) fn formats(
        &mut self,
        body: &mut Body,
        helper: HelperId,
        before: &[Expr],
        text: &Expr,
    ) -> Option<hir::ExprKind> {
        let before: Vec<Option<hir::Expr>> = before.iter().map(|arg| self.expr(body, arg)).collect();
        let parts = self.print_parts(body, std::slice::from_ref(text), &[], false)?;
        Some(hir::ExprKind::Print(parts, Some((helper, before.into_iter().collect::<Option<_>>()?))))
    }

    /// The parts of what is printed.
    fn print_parts(
        &mut self,
        body: &mut Body,
        args: &[Expr],
        keywords: &[Keyword],
        to_file: bool,
    ) -> Option<Vec<PrintPart>> {
        let (sep, end) = self.print_keywords(keywords, to_file)?;
        let mut parts = Vec::new();
        let mut complete = true;
        for (i, arg) in args.iter().enumerate() {
            if i > 0 && !sep.is_empty() {
                parts.push(PrintPart::Text(sep.clone()));
            }
            match &arg.kind {
                ExprKind::Str(text) => parts.push(PrintPart::Text(text.clone())),
                ExprKind::None => parts.push(PrintPart::Text("None".to_owned())),
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
                    Some(value) => parts.push(PrintPart::Value(value, Format::default())),
                    None => complete = false,
                },
            }
        }
        if !end.is_empty() {
            parts.push(PrintPart::Text(end));
        }
        complete.then_some(parts)
    }

    /// What stands between the values and behind the last one. The trace pipe ends lines itself, a file does not.
    fn print_keywords(&mut self, keywords: &[Keyword], to_file: bool) -> Option<(String, String)> {
        let (mut sep, mut end) = (" ".to_owned(), if to_file { "\n" } else { "" }.to_owned());
        for keyword in keywords {
            let span = keyword.value.span;
            match keyword.name.as_ref().map(|n| n.text.as_str()) {
                Some("sep") => {
                    let none = matches!(keyword.value.kind, ExprKind::None);
                    sep = if none { sep } else { self.literal_text(&keyword.value)? };
                }
                Some("end") => {
                    if matches!(keyword.value.kind, ExprKind::None) {
                        continue;
                    }
                    let text = self.literal_text(&keyword.value)?;
                    if to_file {
                        end = text;
                        continue;
                    }
                    let Some(text) = text.strip_suffix('\n') else {
                        self.cx.emit(
                            Diagnostic::error("bad-format", "what is printed is a line of its own")
                                .at(span)
                                .note("the trace pipe ends the line of each print")
                                .help("end the text with `\\n`, or print all of the line in one call"),
                        );
                        return None;
                    };
                    text.clone_into(&mut end);
                }
                // The trace pipe keeps nothing back.
                Some("file" | "flush") => {}
                name => {
                    let name = name.unwrap_or("**").to_owned();
                    self.cx.emit(
                        Diagnostic::error(
                            "unsupported-keyword",
                            format!("`print` has no keyword `{name}` here"),
                        )
                        .at(span)
                        .help("it takes `sep`, `end` and `file`; without `file` the text goes to the trace pipe"),
                    );
                    return None;
                }
            }
        }
        Some((sep, end))
    }

    fn literal_text(&mut self, expr: &Expr) -> Option<String> {
        match &expr.kind {
            ExprKind::Str(text) => return Some(text.clone()),
            ExprKind::Name(name) => {
                if let Some(Entry::Text(text)) = self.lookup(name) {
                    return Some(text.clone());
                }
            }
            _ => {}
        }
        self.error("bad-format", "`sep` and `end` are text as written", expr.span);
        None
    }

    fn formatted(
        &mut self,
        body: &mut Body,
        value: &Expr,
        conversion: Option<char>,
        spec: Option<&str>,
    ) -> Option<PrintPart> {
        let mut format = match parse(spec.unwrap_or_default()) {
            Ok(format) => format,
            Err(help) => {
                let spec = spec.unwrap_or_default();
                self.cx.emit(
                    Diagnostic::error(
                        "bad-format",
                        format!("the kernel cannot print with the format `{spec}`"),
                    )
                    .at(value.span)
                    .help(help),
                );
                return None;
            }
        };
        format.converted = conversion.is_some();
        format.quoted = matches!(conversion, Some('r' | 'a'));
        match &value.kind {
            ExprKind::None if format.is_bare() => return Some(PrintPart::Text("None".to_owned())),
            ExprKind::Str(text) if format == Format::default() => return Some(PrintPart::Text(text.clone())),
            _ => {}
        }
        Some(PrintPart::Value(self.expr(body, value)?, format))
    }
}

/// Reads a format specification; what is wrong comes with what to do.
fn parse(spec: &str) -> Result<Format, &'static str> {
    const LETTERS: &str =
        "the kernel knows `d`, `u`, `x`, `X`, `c`, `s` and `p`; format further in user space";
    let mut format = Format::default();
    let chars: Vec<char> = spec.chars().collect();
    let mut rest = chars.as_slice();
    if let [fill, '<' | '>' | '^' | '=', ..] = rest {
        if *fill != ' ' {
            return Err("the kernel fills with spaces, and numbers with zeros: `:08x`");
        }
        rest = &rest[1..];
    }
    match rest.first() {
        Some('<') => format.left = Some(true),
        Some('>') => format.left = Some(false),
        Some('^' | '=') => return Err("the kernel aligns to the left, `<`, or to the right, `>`"),
        _ => {}
    }
    rest = &rest[usize::from(format.left.is_some())..];
    if let Some(sign @ ('+' | ' ' | '-')) = rest.first() {
        format.sign = Some(*sign).filter(|s| *s != '-');
        rest = &rest[1..];
    }
    if let Some('#') = rest.first() {
        format.prefix = true;
        rest = &rest[1..];
    }
    if let Some('0') = rest.first() {
        format.zero = true;
        rest = &rest[1..];
    }
    let digits = rest.iter().take_while(|c| c.is_ascii_digit()).count();
    if digits > 0 {
        let text: String = rest[..digits].iter().collect();
        format.width = text.parse().ok().filter(|w| *w <= 128).ok_or("the width is at most 128")?;
        rest = &rest[digits..];
    }
    format.kind = match rest {
        [] => FormatKind::Plain,
        ['d'] => FormatKind::Decimal,
        ['u'] => FormatKind::Unsigned,
        ['x'] => FormatKind::Hex,
        ['X'] => FormatKind::HexUpper,
        ['c'] => FormatKind::Char,
        ['s'] => FormatKind::Text,
        ['p'] => FormatKind::Pointer,
        ['.', ..] => return Err("the kernel has no precision: cut text by storing it in a shorter `str(N)`"),
        [',' | '_', ..] => return Err("the kernel does not group digits; do that in user space"),
        ['{', ..] => return Err("a format must be written out"),
        _ => return Err(LETTERS),
    };
    if format.width == 0 {
        format.zero = false;
    }
    if format.zero && format.left == Some(true) {
        return Err("zeros stand in front of a number: leave `<` out");
    }
    if format.prefix && !matches!(format.kind, FormatKind::Hex | FormatKind::HexUpper) {
        return Err("`#` is for `x` and `X`");
    }
    if format.sign.is_some() && !matches!(format.kind, FormatKind::Plain | FormatKind::Decimal) {
        return Err("a sign is for decimal numbers");
    }
    Ok(format)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specifications_are_read_back() {
        for text in ["", ":d", ":x", ":#x", ":08x", ":>5", ":<16s", ":+d", ":#010X", ":c", ":p", ":u", ": 5d"]
        {
            let spec = text.strip_prefix(':').unwrap_or(text);
            assert_eq!(parse(spec).map(|f| f.to_string()), Ok(text.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_the_kernel_cannot_do_is_refused() {
        for spec in
            ["*>5", "^5", "=5", ".3", "08.3f", "b", "o", "e", ",", "_d", "{}", "200", "#d", "+x", "<05d"]
        {
            assert!(parse(spec).is_err(), "{spec}");
        }
    }
}

//! Looks over the text before it is parsed: bounds what the parser can be made to do.
//!
//! Promises: one walk over the bytes, no recursion. A text that passes gives a tree whose depth is bounded by
//! [`MAX_STATEMENT`], so that freeing it fits a stack of known size.
//! Leaves out: everything that the parser says better.

use crate::diag::Diagnostic;
use crate::source::{FileId, Span};

/// Files larger than this are refused, in bytes.
pub(super) const MAX_FILE: usize = 1 << 20;
/// Statements longer than this are refused, in bytes.
pub(super) const MAX_STATEMENT: usize = 64 << 10;
/// Brackets nested deeper than this are refused, as CPython does.
pub(super) const MAX_BRACKETS: usize = 200;
/// Indentation deeper than this is refused, as CPython does.
pub(super) const MAX_INDENT: usize = 100;

/// Checks the bounds.
pub(super) fn scan(file: FileId, text: &str) -> Result<(), Diagnostic> {
    let bytes = text.as_bytes();
    if bytes.len() > MAX_FILE {
        let message = format!("the file has {} bytes; at most {MAX_FILE} are compiled", bytes.len());
        return Err(Diagnostic::error("file-too-large", message)
            .at(Span::new(file, 0, 0))
            .help("split the program into several files"));
    }
    if let Some(at) = bytes.iter().position(|b| *b == 0) {
        return Err(Diagnostic::error("syntax-error", "the file holds a NUL byte").at(Span::new(
            file,
            at as u32,
            at as u32 + 1,
        )));
    }
    let too_deep = |at: usize, what: &str| {
        Err(Diagnostic::error("too-deep", what)
            .at(Span::new(file, at as u32, at as u32 + 1))
            .help("split it into several statements"))
    };
    let (mut brackets, mut statement) = (0usize, 0usize);
    let mut indents = vec![0usize];
    let mut at = 0;
    let mut line_start = true;
    while at < bytes.len() {
        if line_start && brackets == 0 {
            line_start = false;
            let width = bytes[at..].iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
            let blank = matches!(bytes.get(at + width), None | Some(b'\n' | b'\r' | b'#'));
            if !blank {
                while indents.last().is_some_and(|i| *i > width) {
                    indents.pop();
                }
                if indents.last().is_some_and(|i| *i < width) {
                    indents.push(width);
                }
                if indents.len() > MAX_INDENT {
                    return too_deep(at + width, "blocks are nested too deep");
                }
                statement = at;
            }
        }
        match bytes[at] {
            b'#' => {
                at += bytes[at..].iter().take_while(|b| **b != b'\n').count();
                continue;
            }
            b'"' | b'\'' => {
                at = string_end(bytes, at);
                continue;
            }
            b'(' | b'[' | b'{' => {
                brackets += 1;
                if brackets > MAX_BRACKETS {
                    return too_deep(at, "brackets are nested too deep");
                }
            }
            b')' | b']' | b'}' => brackets = brackets.saturating_sub(1),
            b'\\' => {
                // A backslash joins lines.
                at += 1 + usize::from(bytes.get(at + 1) == Some(&b'\r'));
            }
            b'\n' => line_start = true,
            _ => {}
        }
        if at - statement > MAX_STATEMENT && !line_start {
            return too_deep(statement, "the statement is too long");
        }
        at += 1;
    }
    Ok(())
}

/// The position behind the string that opens at `at`.
fn string_end(bytes: &[u8], at: usize) -> usize {
    let quote = bytes[at];
    let triple = bytes.get(at + 1) == Some(&quote) && bytes.get(at + 2) == Some(&quote);
    let mut i = at + if triple { 3 } else { 1 };
    while i < bytes.len() {
        match bytes[i] {
            b'\\' => i += 1,
            b'\n' if !triple => return i,
            b if b == quote => {
                if !triple {
                    return i + 1;
                }
                if bytes.get(i + 1) == Some(&quote) && bytes.get(i + 2) == Some(&quote) {
                    return i + 3;
                }
            }
            _ => {}
        }
        i += 1;
    }
    i.min(bytes.len())
}

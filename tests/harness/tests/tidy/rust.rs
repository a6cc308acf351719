//! A Rust lexer that knows comments, strings and the rest.
//!
//! Promises: what is in a string is not taken for code, nor the other way round. Leaves out: everything finer.

/// A piece of a Rust file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Code, white space included.
    Code,
    /// A comment, documentation included.
    Comment,
    /// The inside of a string literal.
    Text,
}

/// The pieces of `source` with the lines on which they start, from 1.
pub(crate) fn pieces(source: &str) -> Vec<(Piece, usize, &str)> {
    let bytes = source.as_bytes();
    let mut found = Vec::new();
    let mut code = 0;
    let mut at = 0;
    while at < bytes.len() {
        let rest = &source[at..];
        let (piece, open, close) = match bytes[at] {
            b'/' if rest.starts_with("//") => (Piece::Comment, 2, rest.find('\n').unwrap_or(rest.len())),
            b'/' if rest.starts_with("/*") => {
                (Piece::Comment, 2, rest.find("*/").map_or(rest.len(), |end| end + 2))
            }
            b'"' => (Piece::Text, 1, string_end(rest)),
            b'r' if !follows_name(bytes, at) && raw_hashes(rest).is_some() => {
                let hashes = raw_hashes(rest).unwrap();
                let close = format!("\"{}", "#".repeat(hashes));
                let body = hashes + 2;
                (
                    Piece::Text,
                    body,
                    rest[body..].find(&close).map_or(rest.len(), |end| body + end + close.len()),
                )
            }
            b'\'' => {
                // A character such as '"'; a lifetime has no closing quote near.
                at += char_length(rest);
                continue;
            }
            _ => {
                at += rest.chars().next().map_or(1, char::len_utf8);
                continue;
            }
        };
        found.push((Piece::Code, line(source, code), &source[code..at]));
        let end = (at + close).min(source.len());
        let inside = &source[(at + open).min(end)..end];
        let inside =
            if piece == Piece::Text { inside.trim_end_matches('#').trim_end_matches('"') } else { inside };
        found.push((piece, line(source, at), inside));
        at = end;
        code = end;
    }
    found.push((Piece::Code, line(source, code), &source[code..]));
    found
}

fn line(source: &str, at: usize) -> usize {
    source[..at].matches('\n').count() + 1
}

fn follows_name(bytes: &[u8], at: usize) -> bool {
    at > 0 && (bytes[at - 1].is_ascii_alphanumeric() && bytes[at - 1] != b'b' || bytes[at - 1] == b'_')
}

fn raw_hashes(rest: &str) -> Option<usize> {
    let after = &rest[1..];
    let hashes = after.len() - after.trim_start_matches('#').len();
    after[hashes..].starts_with('"').then_some(hashes)
}

fn string_end(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

fn char_length(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some(_)) => rest[3.min(rest.len())..].find('\'').map_or(1, |end| end + 4),
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 1,
    }
}

#[test]
fn strings_and_comments_are_told_apart() {
    let source = r##"let a = "x // \" y"; // "no"
let c = ['"', '\'', b'"']; fn f<'a>(x: &'a str) {} /* "z" */ let r = r#"raw "q" "#;"##;
    let texts: Vec<&str> = pieces(source).into_iter().filter(|p| p.0 == Piece::Text).map(|p| p.2).collect();
    assert_eq!(texts, ["x // \\\" y", "raw \"q\" "]);
    assert_eq!(pieces(source).iter().filter(|p| p.0 == Piece::Comment).count(), 2);
}

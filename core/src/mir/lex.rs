//! The words and marks of the text form of MIR.
//!
//! Promises: every byte of the text is in one token, white space or a comment; a place that is no token becomes a token
//! that says why. One pass, no recursion. Leaves out: what the tokens mean.

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// Letters, digits and underscores; does not start with a digit.
    Word,
    /// Digits.
    Number(u64),
    /// Text in quotes, with its escapes resolved.
    Text(String),
    /// Bytes in quotes, `b"..."`, with their escapes resolved.
    Bytes(Vec<u8>),
    /// One of the marks: `= , : ( ) { } [ ] . .. + - @ ? -> #`.
    Mark(&'static str),
    /// The end of a line.
    Line,
    /// The end of the text.
    End,
    /// Something else, and what is wrong with it.
    Bad(String),
}

/// A token and its bytes.
#[derive(Clone, Debug)]
pub(super) struct Token {
    /// What it is.
    pub(super) kind: TokenKind,
    /// First byte.
    pub(super) lo: u32,
    /// One past the last byte.
    pub(super) hi: u32,
}

/// Two-character marks before those that start them.
const MARKS: [&str; 16] = ["..", "->", "=", ",", ":", "(", ")", "{", "}", "[", "]", ".", "+", "-", "@", "?"];

/// The tokens of `text`, the last of which is the end; `text` must have less than 4 GiB.
pub(super) fn lex(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut at = 0;
    let bytes = text.as_bytes();
    while at < bytes.len() {
        let lo = at;
        let kind = match bytes[at] {
            b' ' | b'\t' | b'\r' => {
                at += 1;
                continue;
            }
            b';' => {
                at += bytes[at..].iter().take_while(|b| **b != b'\n').count();
                continue;
            }
            b'\n' => {
                at += 1;
                TokenKind::Line
            }
            b'"' => {
                let (kind, len) = quoted(&text[at + 1..]);
                at += 1 + len;
                kind
            }
            b'b' if bytes.get(at + 1) == Some(&b'"') => {
                let (kind, len) = quoted_bytes(&bytes[at + 2..]);
                at += 2 + len;
                kind
            }
            b'0'..=b'9' => {
                at += bytes[at..].iter().take_while(|b| b.is_ascii_digit()).count();
                match text[lo..at].parse() {
                    Ok(n) => TokenKind::Number(n),
                    Err(_) => TokenKind::Bad("this number does not fit 64 bits".to_owned()),
                }
            }
            b if b.is_ascii_alphabetic() || b == b'_' => {
                at += bytes[at..].iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
                TokenKind::Word
            }
            b'#' => {
                at += 1;
                TokenKind::Mark("#")
            }
            _ => {
                if let Some(mark) = MARKS.iter().find(|m| bytes[at..].starts_with(m.as_bytes())) {
                    at += mark.len();
                    TokenKind::Mark(mark)
                } else {
                    let c = text[at..].chars().next().unwrap_or(' ');
                    at += c.len_utf8();
                    TokenKind::Bad(format!("`{}` means nothing here", c.escape_debug()))
                }
            }
        };
        tokens.push(Token { kind, lo: lo as u32, hi: at as u32 });
    }
    let end = text.len() as u32;
    tokens.push(Token { kind: TokenKind::Line, lo: end, hi: end });
    tokens.push(Token { kind: TokenKind::End, lo: end, hi: end });
    tokens
}

/// Reads text up to its closing quote; gives the bytes read, the quote among them.
fn quoted(rest: &str) -> (TokenKind, usize) {
    let mut out = String::new();
    let mut wrong = None;
    let mut chars = rest.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => {
                let kind = wrong.map_or(TokenKind::Text(out), |w: String| TokenKind::Bad(w));
                return (kind, at + 1);
            }
            '\n' => return (TokenKind::Bad("this text has no closing quote".to_owned()), at),
            '\\' => match chars.next().map(|(_, c)| c) {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('r') => out.push('\r'),
                Some(c @ ('"' | '\\')) => out.push(c),
                Some('u') => match unicode(chars.as_str()) {
                    Some((c, len)) => {
                        out.push(c);
                        // `len` counts single-byte characters only.
                        for _ in 0..len {
                            chars.next();
                        }
                    }
                    None => {
                        wrong = Some("after `\\u` comes a character's number, as in `\\u{7f}`".to_owned());
                    }
                },
                Some('\n') | None => {
                    return (TokenKind::Bad("this text has no closing quote".to_owned()), at + 1);
                }
                Some(c) => wrong = Some(format!("`\\{}` is no escape", c.escape_debug())),
            },
            c => out.push(c),
        }
    }
    (TokenKind::Bad("this text has no closing quote".to_owned()), rest.len())
}

/// The character of `{7f}` and the bytes it takes.
fn unicode(rest: &str) -> Option<(char, usize)> {
    let inner = rest.strip_prefix('{')?;
    let len = inner.bytes().take(6).take_while(u8::is_ascii_hexdigit).count();
    let c = char::from_u32(u32::from_str_radix(&inner[..len], 16).ok()?)?;
    inner[len..].starts_with('}').then_some((c, len + 2))
}

/// Reads bytes up to their closing quote; gives the bytes read, the quote among them.
fn quoted_bytes(rest: &[u8]) -> (TokenKind, usize) {
    let mut out = Vec::new();
    let mut wrong = None;
    let mut at = 0;
    while let Some(&byte) = rest.get(at) {
        at += 1;
        match byte {
            b'"' => return (wrong.map_or(TokenKind::Bytes(out), TokenKind::Bad), at),
            b'\n' => return (TokenKind::Bad("these bytes have no closing quote".to_owned()), at - 1),
            b'\\' => match rest.get(at) {
                Some(&c @ (b'"' | b'\\')) => {
                    out.push(c);
                    at += 1;
                }
                Some(b'x') => {
                    let value = rest.get(at + 1..at + 3).and_then(hex);
                    at += if value.is_some() { 3 } else { 1 };
                    out.push(value.unwrap_or(0));
                    if value.is_none() {
                        wrong = Some("after `\\x` come two hexadecimal digits".to_owned());
                    }
                }
                _ => wrong = Some("bytes know the escapes `\\\"`, `\\\\` and `\\x7f`".to_owned()),
            },
            b' '..=b'~' => out.push(byte),
            _ => wrong = Some("bytes that are no ASCII character are written `\\x7f`".to_owned()),
        }
    }
    (TokenKind::Bad("these bytes have no closing quote".to_owned()), at)
}

fn hex(digits: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(digits).ok()?;
    // `from_str_radix` takes a sign.
    if text.bytes().all(|b| b.is_ascii_hexdigit()) { u8::from_str_radix(text, 16).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::{TokenKind, lex};

    fn kinds(text: &str) -> Vec<TokenKind> {
        let mut kinds: Vec<_> = lex(text).into_iter().map(|t| t.kind).collect();
        kinds.truncate(kinds.len() - 2);
        kinds
    }

    #[test]
    fn marks_words_and_numbers() {
        use TokenKind::{Line, Mark, Number, Word};
        assert_eq!(
            kinds("v1 = add.x -3..4 -> ; rest = 1\n#"),
            [
                Word,
                Mark("="),
                Word,
                Mark("."),
                Word,
                Mark("-"),
                Number(3),
                Mark(".."),
                Number(4),
                Mark("->"),
                Line,
                Mark("#")
            ]
        );
    }

    #[test]
    fn escapes() {
        assert_eq!(kinds(r#""a\"\\\n\u{1f600}é""#), [TokenKind::Text("a\"\\\n\u{1f600}é".to_owned())]);
        assert_eq!(kinds(r#"b"a\x00\xff\"""#), [TokenKind::Bytes(b"a\0\xff\"".to_vec())]);
    }

    #[test]
    fn what_is_no_token_says_why() {
        for text in [
            "\"abc",
            "\"abc\\",
            "\"\\u{d800}\"",
            "\"\\u{}\"",
            "\"\\u{é}\"",
            "\"\\u\"",
            "\"\\q\"",
            "b\"\\x+1\"",
            "b\"é\"",
            "b\"",
            "b\"\\",
            "99999999999999999999",
            "€",
            "!",
        ] {
            assert!(kinds(text).iter().any(|k| matches!(k, TokenKind::Bad(_))), "{text}");
        }
    }
}

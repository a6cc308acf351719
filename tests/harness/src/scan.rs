//! A cursor over one line of directive text.
//!
//! Promises: never panics on any text, and each refusal says what was wanted and what was found instead.
//! Leaves out: what the words mean; that is the business of `directives`, `packets` and `values`.

/// A position in a piece of text, moved forward by what is recognised.
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    /// Starts at the beginning of `text`.
    pub fn new(text: &'a str) -> Self {
        Self { rest: text.trim() }
    }

    /// What has not been read yet, without surrounding white space.
    pub fn rest(&self) -> &'a str {
        self.rest.trim()
    }

    /// True when only white space is left.
    pub fn is_done(&self) -> bool {
        self.rest().is_empty()
    }

    fn skip(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Takes `token` if it comes next.
    pub fn eat(&mut self, token: &str) -> bool {
        self.skip();
        if let Some(rest) = self.rest.strip_prefix(token) {
            self.rest = rest;
            true
        } else {
            false
        }
    }

    /// Takes the word `word` if it comes next and is not the beginning of a longer word.
    pub fn eat_word(&mut self, word: &str) -> bool {
        let mut ahead = self.clone();
        if ahead.eat(word) && !ahead.rest.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
            *self = ahead;
            true
        } else {
            false
        }
    }

    /// Takes `token`, or says that it is missing.
    pub fn expect(&mut self, token: &str) -> Result<(), String> {
        if self.eat(token) { Ok(()) } else { Err(self.wanted(&format!("`{token}`"))) }
    }

    /// Succeeds at the end of the text.
    pub fn finish(&self) -> Result<(), String> {
        if self.is_done() { Ok(()) } else { Err(self.wanted("the end of the line")) }
    }

    /// The refusal for a place where `what` should be.
    pub fn wanted(&self, what: &str) -> String {
        if self.is_done() {
            format!("expected {what} at the end of the line")
        } else {
            format!("expected {what}, found `{}`", self.rest())
        }
    }

    /// Takes everything up to `stop` (not included), or everything that is left.
    pub fn until(&mut self, stop: &str) -> &'a str {
        let end = self.rest.find(stop).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken.trim()
    }

    /// Takes the longest run of characters that `keep` accepts; refuses an empty one.
    pub fn run(&mut self, what: &str, keep: impl Fn(char) -> bool) -> Result<&'a str, String> {
        self.skip();
        let end = self.rest.find(|c: char| !keep(c)).unwrap_or(self.rest.len());
        if end == 0 {
            return Err(self.wanted(what));
        }
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        Ok(taken)
    }

    /// Takes a name: letters, digits, `_`.
    pub fn name(&mut self) -> Result<&'a str, String> {
        self.run("a name", |c| c.is_alphanumeric() || c == '_')
    }

    /// Takes a whole number: decimal or `0x` hexadecimal, `_` allowed inside, an optional minus sign.
    pub fn integer(&mut self) -> Result<i64, String> {
        let mut ahead = self.clone();
        let negative = ahead.eat("-");
        let word = ahead.run("a number", |c| c.is_ascii_alphanumeric() || c == '_')?;
        let digits = word.replace('_', "");
        let parsed = match digits.strip_prefix("0x") {
            Some(hex) => u64::from_str_radix(hex, 16),
            None => digits.parse::<u64>(),
        };
        let value = parsed.map_err(|_| self.wanted("a number"))? as i64;
        *self = ahead;
        Ok(if negative { value.wrapping_neg() } else { value })
    }

    /// Takes a text in double quotes with the escapes `\n \t \\ \" \xNN`.
    pub fn quoted(&mut self) -> Result<String, String> {
        self.expect("\"").map_err(|_| self.wanted("a text in double quotes"))?;
        let mut text = String::new();
        let mut chars = self.rest.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = &self.rest[at + 1..];
                    return Ok(text);
                }
                '\\' => match chars.next().map(|(_, c)| c) {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some('x') => {
                        let digits: String = chars.by_ref().take(2).map(|(_, c)| c).collect();
                        let code = u8::from_str_radix(&digits, 16)
                            .map_err(|_| format!("`\\x{digits}` is not a byte in hexadecimal"))?;
                        text.push(char::from(code));
                    }
                    Some(c @ ('\\' | '"')) => text.push(c),
                    Some(c) => return Err(format!("unknown escape `\\{c}`")),
                    None => break,
                },
                c => text.push(c),
            }
        }
        Err("a text in double quotes is not closed".to_owned())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(Cursor::new("0x1_f ").integer(), Ok(31));
        assert_eq!(Cursor::new("-5").integer(), Ok(-5));
        assert_eq!(Cursor::new("0xffffffffffffffff").integer(), Ok(-1));
        assert!(Cursor::new("12ab").integer().is_err());
    }

    #[test]
    fn quoted_texts() {
        let mut c = Cursor::new(r#" "a \"b\" \x41\n" tail"#);
        assert_eq!(c.quoted().unwrap(), "a \"b\" A\n");
        assert_eq!(c.rest(), "tail");
        assert!(Cursor::new("\"open").quoted().is_err());
        assert!(Cursor::new("\"\\").quoted().is_err());
        assert!(Cursor::new("\"\\xg").quoted().is_err());
    }

    #[test]
    fn words_are_whole() {
        assert!(!Cursor::new("format").eat_word("for"));
        assert!(Cursor::new("for N").eat_word("for"));
    }
}

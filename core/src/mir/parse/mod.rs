//! The text form of MIR, read. `docs/mir.md` specifies it; [`print`](super::print) writes it.
//!
//! Promises: any text ends in a module or in diagnostics, in time and memory that follow its length, without recursion.
//! In the module that comes out every id is one of its table, every type is made of earlier ones and nests at most
//! [`MAX_TYPE_DEPTH`] deep, and the tables are as [`Module::compact`] leaves them. Errors of several lines are reported
//! together. Leaves out: everything else that makes MIR right; that is the verifier's.
//!
//! Ids in the text are names: they may come in any order and with gaps, and are renumbered as they are declared.

mod body;
mod declarations;
mod ops;

use super::lex::{Token, TokenKind, lex};
use super::{ExternId, FuncId, GlobalId, MapId, Module};
use crate::diag::Diagnostic;
use crate::entity::{Entity, Table};
use crate::source::{FileId, Span};
use crate::types::{EnumId, RecordId, TypeId};
use std::collections::HashMap;

/// How deep types may nest.
pub const MAX_TYPE_DEPTH: u32 = 64;

/// Longer texts are refused.
const MAX_TEXT: usize = 256 << 20;

/// Reading stops after so many errors.
const MAX_ERRORS: usize = 20;

/// The code of all diagnostics of this module.
const CODE: &str = "mir-syntax";

/// Reads the text of a module. `file` is what the spans of the diagnostics say; the spans of the module come from the
/// text.
pub fn parse(text: &str, file: FileId) -> Result<Module, Vec<Diagnostic>> {
    if text.len() > MAX_TEXT {
        let message = format!("this MIR has {} bytes; at most {MAX_TEXT} are read", text.len());
        return Err(vec![Diagnostic::error(CODE, message).at(Span::new(file, 0, 0))]);
    }
    let mut parser = Parser {
        text,
        tokens: lex(text),
        at: 0,
        module: Module::default(),
        ids: Ids::default(),
        type_depths: Table::new(),
        errors: Vec::new(),
    };
    parser.type_depths = parser.module.types.iter().map(|_| 0).collect();
    parser.read();
    if parser.errors.is_empty() {
        // What the text declares but never uses has no place in the tables either.
        parser.module.compact();
        return Ok(parser.module);
    }
    Err(parser.errors.into_iter().map(|e| e.diagnostic(file)).collect())
}

/// What is wrong, and where.
#[derive(Debug)]
struct Wrong {
    message: String,
    lo: u32,
    hi: u32,
    help: Option<String>,
}

impl Wrong {
    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    fn diagnostic(self, file: FileId) -> Diagnostic {
        Diagnostic::error(CODE, self.message).at(Span::new(file, self.lo, self.hi)).maybe_help(self.help)
    }
}

type Read<T> = Result<T, Wrong>;

/// What the numbers in ids of the text stand for.
#[derive(Default)]
struct Ids {
    types: HashMap<u32, TypeId>,
    records: HashMap<u32, RecordId>,
    enums: HashMap<u32, EnumId>,
    maps: HashMap<u32, MapId>,
    globals: HashMap<u32, GlobalId>,
    externs: HashMap<u32, ExternId>,
    functions: HashMap<u32, FuncId>,
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    at: usize,
    module: Module,
    ids: Ids,
    /// How deep each type nests; a record counts as a leaf.
    type_depths: Table<TypeId, u32>,
    errors: Vec<Wrong>,
}

impl<'t> Parser<'t> {
    fn read(&mut self) {
        self.skip_lines();
        if let Err(wrong) = self.version() {
            // Nothing that follows can be trusted to be MIR at all.
            self.errors.push(wrong);
            return;
        }
        self.find_declarations();
        loop {
            self.skip_lines();
            if self.errors.len() >= MAX_ERRORS || *self.peek() == TokenKind::End {
                return;
            }
            let start = self.at;
            if let Err(wrong) = self.declaration() {
                self.errors.push(wrong);
                self.recover(start);
            }
        }
    }

    fn version(&mut self) -> Read<()> {
        if self.peek_word() != Some("mir") {
            return Err(self
                .wrong("this is no MIR: it does not begin with `mir 1`")
                .help("MIR is what `--emit mir` writes"));
        }
        self.next();
        let wrong = self.wrong("only version 1 of the text form is known");
        match self.number()? {
            1 => self.line_end(),
            _ => Err(wrong),
        }
    }

    /// Notes what the lines declare, so that ids may be used above their declaration.
    fn find_declarations(&mut self) {
        let mut counts = [0usize; 6];
        for at in self.at..self.tokens.len() {
            if at > 0 && self.tokens[at - 1].kind != TokenKind::Line {
                continue;
            }
            let (keyword, id) = (self.word_at(at), self.word_at(at + 1));
            let (Some(keyword), Some(id)) = (keyword, id) else { continue };
            let kinds = [
                ("record", "r"),
                ("enum", "e"),
                ("map", "map"),
                ("global", "global"),
                ("extern", "extern"),
                ("function", "fn"),
            ];
            let Some(kind) = kinds.iter().position(|(k, _)| *k == keyword) else { continue };
            let Some(number) = id_number(id, kinds[kind].1) else { continue };
            let index = counts[kind];
            counts[kind] += 1;
            let twice = match kind {
                0 => self.ids.records.insert(number, RecordId::new(index)).is_some(),
                1 => self.ids.enums.insert(number, EnumId::new(index)).is_some(),
                2 => self.ids.maps.insert(number, MapId::new(index)).is_some(),
                3 => self.ids.globals.insert(number, GlobalId::new(index)).is_some(),
                4 => self.ids.externs.insert(number, ExternId::new(index)).is_some(),
                _ => self.ids.functions.insert(number, FuncId::new(index)).is_some(),
            };
            if twice && self.errors.len() < MAX_ERRORS {
                let Token { lo, hi, .. } = self.tokens[at + 1];
                self.errors.push(Wrong { message: format!("`{id}` is declared twice"), lo, hi, help: None });
            }
        }
    }

    /// Goes behind the declaration that began at `start` and was not understood.
    fn recover(&mut self, start: usize) {
        // A body follows if the line ends in a brace; the line with the error may be inside that body already.
        let mut at = start;
        while self.tokens[at].kind != TokenKind::Line && self.tokens[at].kind != TokenKind::End {
            at += 1;
        }
        let opens = at > start && self.tokens[at - 1].kind == TokenKind::Mark("{");
        self.at = self.at.max(at).min(self.tokens.len() - 1);
        if opens {
            while *self.peek() != TokenKind::End && !self.at_line_start_with("}") {
                self.next();
            }
        }
        self.skip_rest_of_line();
    }

    fn at_line_start_with(&self, mark: &'static str) -> bool {
        *self.peek() == TokenKind::Mark(mark)
            && self.at > 0
            && self.tokens[self.at - 1].kind == TokenKind::Line
    }

    // Tokens.

    fn peek(&self) -> &TokenKind {
        // The last token is the end, and `next` stays on it.
        &self.tokens[self.at].kind
    }

    fn next(&mut self) {
        self.at = (self.at + 1).min(self.tokens.len() - 1);
    }

    fn word_at(&self, at: usize) -> Option<&'t str> {
        let token = self.tokens.get(at)?;
        match token.kind {
            TokenKind::Word => Some(&self.text[token.lo as usize..token.hi as usize]),
            _ => None,
        }
    }

    fn peek_word(&self) -> Option<&'t str> {
        self.word_at(self.at)
    }

    /// What is wrong at the next token.
    fn wrong(&self, message: impl Into<String>) -> Wrong {
        let Token { lo, hi, .. } = self.tokens[self.at];
        Wrong { message: message.into(), lo, hi, help: None }
    }

    /// Something else was expected than the next token.
    fn expected(&self, what: &str) -> Wrong {
        let Token { kind, lo, hi } = &self.tokens[self.at];
        let found = match kind {
            TokenKind::Bad(why) => return self.wrong(why.clone()),
            TokenKind::Line => "the line ends".to_owned(),
            TokenKind::End => "the text ends".to_owned(),
            _ => {
                let text: String = self.text[*lo as usize..*hi as usize].chars().take(40).collect();
                format!("there is `{text}`")
            }
        };
        self.wrong(format!("expected {what}, but {found}"))
    }

    fn accept(&mut self, mark: &'static str) -> bool {
        let found = *self.peek() == TokenKind::Mark(mark);
        if found {
            self.next();
        }
        found
    }

    fn mark(&mut self, mark: &'static str) -> Read<()> {
        if self.accept(mark) { Ok(()) } else { Err(self.expected(&format!("`{mark}`"))) }
    }

    fn accept_word(&mut self, word: &str) -> bool {
        let found = self.peek_word() == Some(word);
        if found {
            self.next();
        }
        found
    }

    fn keyword(&mut self, word: &str) -> Read<()> {
        if self.accept_word(word) { Ok(()) } else { Err(self.expected(&format!("`{word}`"))) }
    }

    fn word(&mut self, what: &str) -> Read<&'t str> {
        let word = self.peek_word().ok_or_else(|| self.expected(what))?;
        self.next();
        Ok(word)
    }

    /// A plain or quoted name.
    fn name(&mut self) -> Read<String> {
        if let Some(word) = self.peek_word() {
            self.next();
            return Ok(word.to_owned());
        }
        self.quoted("a name")
    }

    fn quoted(&mut self, what: &str) -> Read<String> {
        if let TokenKind::Text(text) = self.peek() {
            let text = text.clone();
            self.next();
            return Ok(text);
        }
        Err(self.expected(what))
    }

    fn number(&mut self) -> Read<u64> {
        if let TokenKind::Number(n) = *self.peek() {
            self.next();
            return Ok(n);
        }
        Err(self.expected("a number"))
    }

    fn small<T: TryFrom<u64>>(&mut self) -> Read<T> {
        let wrong = self.wrong(format!("this number does not fit {} bits", 8 * size_of::<T>()));
        T::try_from(self.number()?).map_err(|_| wrong)
    }

    /// A signed number of 64 bits.
    fn signed(&mut self) -> Read<i64> {
        let wrong = self.wrong("this number does not fit 64 bits with a sign");
        let negative = self.accept("-");
        let n = i128::from(self.number()?);
        i64::try_from(if negative { -n } else { n }).map_err(|_| wrong)
    }

    /// `prefix` and a number, as one word.
    fn id(&mut self, prefix: &str, what: &str) -> Read<u32> {
        let number = self.peek_word().and_then(|w| id_number(w, prefix));
        let number = number.ok_or_else(|| self.expected(&format!("{what} (`{prefix}0`)")))?;
        self.next();
        Ok(number)
    }

    fn lookup<T: Copy>(
        &mut self,
        prefix: &str,
        what: &str,
        ids: impl Fn(&Ids) -> &HashMap<u32, T>,
    ) -> Read<T> {
        let unknown = self.wrong(format!("{what} `{}` is not declared", self.peek_word().unwrap_or("")));
        let number = self.id(prefix, what)?;
        ids(&self.ids).get(&number).copied().ok_or(unknown)
    }

    fn line_end(&mut self) -> Read<()> {
        if *self.peek() == TokenKind::Line {
            self.next();
            return Ok(());
        }
        Err(self.expected("the end of the line"))
    }

    fn skip_lines(&mut self) {
        while *self.peek() == TokenKind::Line {
            self.next();
        }
    }

    fn skip_rest_of_line(&mut self) {
        while !matches!(self.peek(), TokenKind::Line | TokenKind::End) {
            self.next();
        }
    }

    /// `@4..9`, `@1:4..9`, or nothing.
    fn span(&mut self) -> Read<Option<Span>> {
        if !self.accept("@") {
            return Ok(None);
        }
        let mut file = 0;
        let mut lo: u32 = self.small()?;
        if self.accept(":") {
            file = lo;
            lo = self.small()?;
        }
        self.mark("..")?;
        let wrong = self.wrong("a place ends where it begins or behind");
        let hi: u32 = self.small()?;
        if hi < lo {
            return Err(wrong);
        }
        Ok(Some(Span::new(FileId::new(file as usize), lo, hi)))
    }

    /// The lines between braces, the first of which was read; `line` reads one, without its end.
    fn braced(&mut self, mut line: impl FnMut(&mut Self) -> Read<()>) -> Read<()> {
        self.line_end()?;
        loop {
            self.skip_lines();
            if self.accept("}") {
                return self.line_end();
            }
            if *self.peek() == TokenKind::End {
                return Err(self.expected("`}`"));
            }
            let read = line(self).and_then(|()| self.line_end());
            if let Err(wrong) = read {
                if self.errors.len() + 1 >= MAX_ERRORS {
                    return Err(wrong);
                }
                self.errors.push(wrong);
                self.skip_rest_of_line();
            }
        }
    }
}

/// The number of an id: `v12` with prefix `v` is 12. Leading zeros are refused, so that one id has one spelling.
fn id_number(word: &str, prefix: &str) -> Option<u32> {
    let digits = word.strip_prefix(prefix)?;
    let plain = digits.bytes().all(|b| b.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    if plain { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests;

//! Expected diagnostics: `# error: [code] "text"`, `# warning: ...`, `# note: ...`, `# reveal: TYPE`.
//!
//! Promises: an expectation stands at the end of the line that it is about, or alone above it; `error:12:` is about its column 12, `error@7:`
//! about line 7, `error@7:12:` about the column of that, and `error-file:` about a diagnostic without a place. What starts like an
//! expectation and is not one is an error.
//! Leaves out: comparing them with what was said, which is `matching`.

use super::{Kind, Mistake};
use crate::scan::Cursor;

/// How grave an expected diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// `error`
    Error,
    /// `warning`
    Warning,
    /// `note`
    Note,
}

impl Severity {
    /// Its name in the JSON form of a diagnostic.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// Where an expected diagnostic must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// On this line of the case.
    Line(u32),
    /// Nowhere: it has no place.
    NoPlace,
}

/// A diagnostic that must appear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// The line where the expectation is written.
    pub written: u32,
    /// Where the diagnostic must be.
    pub target: Target,
    /// The column, if the case says one.
    pub column: Option<u32>,
    /// How grave it must be.
    pub severity: Severity,
    /// Its code, if the case says one.
    pub code: Option<String>,
    /// What its message, a label, a note or its help must contain.
    pub text: Option<String>,
}

impl Expectation {
    /// The line, if this is an error on a line.
    pub fn error_line(&self) -> Option<u32> {
        match (self.severity, self.target) {
            (Severity::Error, Target::Line(line)) => Some(line),
            _ => None,
        }
    }
}

impl std::fmt::Display for Expectation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.severity.name())?;
        if let Some(code) = &self.code {
            write!(f, "[{code}]")?;
        }
        if let Some(text) = &self.text {
            write!(f, " \"{text}\"")?;
        }
        match self.target {
            Target::Line(line) => {
                write!(f, " on line {line}")?;
                self.column.map_or(Ok(()), |column| write!(f, ", column {column}"))
            }
            Target::NoPlace => write!(f, " without a place"),
        }
    }
}

/// Diagnostics of the front end that answer `reveal_type(...)` have this code.
pub const REVEAL: &str = "revealed-type";

const STARTS: [(&str, Severity); 4] = [
    ("error", Severity::Error),
    ("warning", Severity::Warning),
    ("note", Severity::Note),
    ("reveal", Severity::Note),
];

/// Reads the expectations of a case.
pub fn parse(text: &str, kind: Kind) -> Result<Vec<Expectation>, Vec<Mistake>> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    let mut mistakes = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let number = at as u32 + 1;
        // An expectation alone on its line is about the next line that is not a comment.
        let below = || {
            let next = lines[at + 1..].iter().position(|l| !l.trim_start().starts_with(kind.comment()));
            next.map_or(number, |distance| number + 1 + distance as u32)
        };
        let subject = if line.trim_start().starts_with(kind.comment()) { below() } else { number };
        for piece in pieces(line, kind.comment()) {
            match expectation(piece, number, subject) {
                Ok(Some(expectation)) => found.push(expectation),
                Ok(None) => {}
                Err(message) => mistakes.push(Mistake { line: number, message }),
            }
        }
    }
    if mistakes.is_empty() { Ok(found) } else { Err(mistakes) }
}

/// The comments of a line, split where the next expectation starts.
fn pieces<'a>(line: &'a str, comment: &str) -> Vec<&'a str> {
    let starts: Vec<usize> = line
        .match_indices(comment)
        .filter(|(at, _)| {
            let word = line[at + comment.len()..].trim_start();
            STARTS.iter().any(|(start, _)| word.starts_with(start))
        })
        .map(|(at, _)| at)
        .collect();
    starts
        .iter()
        .enumerate()
        .map(|(n, at)| line[*at..starts.get(n + 1).copied().unwrap_or(line.len())][comment.len()..].trim())
        .collect()
}

fn expectation(piece: &str, written: u32, subject: u32) -> Result<Option<Expectation>, String> {
    let mut c = Cursor::new(piece);
    let Some((start, severity)) = STARTS.iter().find(|(start, _)| c.eat(start)) else { return Ok(None) };
    let (mut target, mut column) = (Target::Line(subject), None);
    let number = |c: &mut Cursor<'_>, what: &str| -> Result<u32, String> {
        let digits = c.run(what, |ch| ch.is_ascii_digit())?;
        digits.parse().map_err(|_| format!("`{digits}` is not {what}"))
    };
    if c.eat("@") {
        target = Target::Line(number(&mut c, "a line number")?);
    } else if c.eat("-file") {
        target = Target::NoPlace;
    }
    let counted =
        c.rest().strip_prefix(':').is_some_and(|rest| rest.starts_with(|ch: char| ch.is_ascii_digit()));
    if target != Target::NoPlace && counted && c.eat(":") {
        column = Some(number(&mut c, "a column")?);
    }
    // Anything else is prose: `# error handling starts here`.
    if !c.eat(":") {
        return Ok(None);
    }
    if *start == "reveal" {
        let shown = c.rest();
        if shown.is_empty() {
            return Err(c.wanted("a type"));
        }
        let text = Some(format!("`{shown}`"));
        return Ok(Some(Expectation {
            written,
            target,
            column,
            severity: *severity,
            code: Some(REVEAL.to_owned()),
            text,
        }));
    }
    let mut code = None;
    if c.eat("[") {
        code = Some(c.run("a code", |ch| ch.is_ascii_alphanumeric() || ch == '-')?.to_owned());
        c.expect("]")?;
    }
    let text = if c.rest().starts_with('"') { Some(c.quoted()?) } else { None };
    if code.is_none() && text.is_none() {
        // `# note: ...` is how people write; an error or a warning in that form is a slip of the pen.
        if *severity == Severity::Note {
            return Ok(None);
        }
        return Err(c.wanted("`[code]` or a text in double quotes"));
    }
    c.finish()?;
    Ok(Some(Expectation { written, target, column, severity: *severity, code, text }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]
    use super::*;

    #[test]
    fn on_the_line_and_above_it() {
        let text =
            "x = y  # error:5: [unknown-name] \"y\" # warning: [unused]\n# error: [a-b]\n# more\nz = 1\n";
        let found = parse(text, Kind::Python).unwrap();
        assert_eq!(found.len(), 3);
        assert_eq!(found[0].to_string(), "error[unknown-name] \"y\" on line 1, column 5");
        assert_eq!(found[1].severity, Severity::Warning);
        assert_eq!((found[2].target, found[2].written), (Target::Line(4), 2));
    }

    #[test]
    fn elsewhere_and_nowhere() {
        let found = parse("# error@12: [late]\n# error-file: \"empty\"\n", Kind::Python).unwrap();
        assert_eq!(found[0].target, Target::Line(12));
        assert_eq!(found[1].to_string(), "error \"empty\" without a place");
    }

    #[test]
    fn reveal() {
        let found = parse("reveal_type(x)  # reveal: u64\n", Kind::Python).unwrap();
        assert_eq!(found[0].text.as_deref(), Some("`u64`"));
        assert_eq!(found[0].severity, Severity::Note);
    }

    #[test]
    fn prose_is_left_alone_and_mistakes_are_not() {
        assert_eq!(parse("x = 1  # errors are counted\n# note: well\n", Kind::Python).unwrap(), []);
        assert!(parse("x = 1  # error: unknown name\n", Kind::Python).is_err());
        assert!(parse("x = 1  # error: [unknown name]\n", Kind::Python).is_err());
        assert!(parse("# reveal:\n", Kind::Python).is_err());
    }
}

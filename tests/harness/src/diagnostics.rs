//! The diagnostics that pbpf prints with `--message-format json`, and how they are held against the expectations.
//!
//! Promises: each diagnostic uses up one expectation and each expectation needs one diagnostic; what is left on either side is a
//! failure. Leaves out: running pbpf.

use crate::directives::{Expectation, Severity, Target};
use serde::Deserialize;
use std::path::Path;

/// One diagnostic.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Diagnostic {
    /// Kebab-case code.
    pub code: String,
    /// `error`, `warning` or `note`.
    pub severity: String,
    /// The message.
    pub message: String,
    /// The source file; `None` for a diagnostic without a place.
    #[serde(default)]
    pub file: Option<String>,
    /// Line, from 1.
    #[serde(default)]
    pub line: Option<u32>,
    /// Column, from 1.
    #[serde(default)]
    pub column: Option<u32>,
    /// What is at the place.
    #[serde(default)]
    pub label: Option<String>,
    /// Other places.
    #[serde(default)]
    pub labels: Vec<Label>,
    /// Facts.
    #[serde(default)]
    pub notes: Vec<String>,
    /// What to do.
    #[serde(default)]
    pub help: Vec<String>,
}

/// A secondary place.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Label {
    /// What is there.
    #[serde(default)]
    pub message: String,
}

impl Diagnostic {
    /// Everything that is said, for the search of a text; the place too, as `file:line`.
    fn says(&self, text: &str) -> bool {
        let labels = self.labels.iter().map(|l| l.message.as_str());
        let place = self.file.as_deref().zip(self.line).map(|(file, line)| format!("{file}:{line}"));
        std::iter::once(self.message.as_str())
            .chain(place.as_deref())
            .chain(self.label.as_deref())
            .chain(labels)
            .chain(self.notes.iter().map(String::as_str))
            .chain(self.help.iter().map(String::as_str))
            .any(|said| said.contains(text))
    }

    /// Whether this is what is expected of one of the `files`.
    fn answers(&self, expectation: &Expectation, file: &str, files: &[Expected]) -> bool {
        let named = |name: &str| self.file.as_deref().is_some_and(|shown| names(shown, name));
        let place = match (expectation.target, self.line) {
            // A place elsewhere, such as the Python source that MIR names, is none in the case.
            (Target::NoPlace, line) => line.is_none() || !files.iter().any(|f| named(&f.file)),
            (Target::Line(wanted), Some(line)) => wanted == line && named(file),
            (Target::Line(_), None) => false,
        };
        place
            && expectation.column.is_none_or(|column| self.column == Some(column))
            && self.severity == expectation.severity.name()
            && expectation.code.as_ref().is_none_or(|code| *code == self.code)
            && expectation.text.as_ref().is_none_or(|text| self.says(text))
    }
}

/// What is expected of one file.
#[derive(Debug, Clone)]
pub struct Expected {
    /// The file.
    pub file: String,
    /// Its expectations.
    pub expectations: Vec<Expectation>,
}

/// Whether the file of a diagnostic is the case: the name at the end decides, whatever folder pbpf shows before it.
fn names(shown: &str, file: &str) -> bool {
    Path::new(shown).file_name() == Path::new(file).file_name()
}

impl std::fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let (Some(file), Some(line)) = (&self.file, self.line) {
            write!(f, "{file}:{line}:{}: ", self.column.unwrap_or(1))?;
        }
        write!(f, "{}[{}]: {}", self.severity, self.code, self.message)
    }
}

/// Reads one JSON object a line. Other lines are a failure of pbpf: returned as the error.
pub fn parse(output: &str) -> Result<Vec<Diagnostic>, String> {
    output
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            serde_json::from_str(line).map_err(|e| format!("`{line}` is not a diagnostic in JSON: {e}"))
        })
        .collect()
}

/// What differs between the diagnostics of `files` and their expectations; empty: nothing.
pub fn compare(seen: &[Diagnostic], files: &[Expected]) -> Vec<String> {
    let mut open: Vec<(&str, &Expectation)> =
        files.iter().flat_map(|f| f.expectations.iter().map(|e| (f.file.as_str(), e))).collect();
    // The most demanding expectation first, so that a bare `[code]` does not use up what a text was meant for.
    open.sort_by_key(|(_, e)| (e.text.is_none(), e.code.is_none()));
    let mut failures = Vec::new();
    for diagnostic in seen {
        match open.iter().position(|(file, e)| diagnostic.answers(e, file, files)) {
            Some(at) => {
                open.remove(at);
            }
            None => failures.push(format!("unexpected {diagnostic}")),
        }
    }
    open.sort_by_key(|(file, e)| (*file, e.written));
    let missing = |(file, e): &(&str, &Expectation)| match files.len() {
        1 => format!("missing {e}"),
        _ => format!("missing {e} of {file}"),
    };
    failures.extend(open.iter().map(missing));
    failures
}

/// The errors and warnings that are expected on a line without a word on their column.
pub fn without_columns(seen: &[Diagnostic], files: &[Expected]) -> Vec<String> {
    let mut found = Vec::new();
    for (file, e) in files.iter().flat_map(|f| f.expectations.iter().map(move |e| (f.file.as_str(), e))) {
        let Target::Line(line) = e.target else { continue };
        if e.column.is_some() || e.severity == Severity::Note {
            continue;
        }
        let told = seen.iter().find(|d| d.answers(e, file, files)).and_then(|d| d.column);
        let (name, column) = (e.severity.name(), told.map_or("N".to_owned(), |column| column.to_string()));
        found.push(format!(
            "{file}:{}: the column of line {line} is not said: write `{name}:{column}:`",
            e.written
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]
    use super::*;
    use crate::directives::{Kind, expectations};

    fn expected(text: &str) -> [Expected; 1] {
        [Expected {
            file: "other/a.py".to_owned(),
            expectations: expectations::parse(text, Kind::Python).unwrap(),
        }]
    }

    const SEEN: &str = r#"{"code":"unknown-name","severity":"error","message":"`y` is not known","file":"d/a.py","line":1,"column":5,"help":["write x"]}
{"code":"empty","severity":"warning","message":"nothing here","file":null}
"#;

    #[test]
    fn all_expected() {
        let seen = parse(SEEN).unwrap();
        let case = "x = y # error: [unknown-name] \"write x\" # warning-file: [empty]\n";
        assert_eq!(compare(&seen, &expected(case)), Vec::<String>::new());
    }

    #[test]
    fn columns_are_held_where_they_are_said() {
        let seen = parse(SEEN.lines().next().unwrap()).unwrap();
        assert_eq!(compare(&seen, &expected("# error@1:5: [unknown-name]\n")), Vec::<String>::new());
        let failures = compare(&seen, &expected("# error@1:6: [unknown-name]\n"));
        assert_eq!(failures[1], "missing error[unknown-name] on line 1, column 6");
    }

    #[test]
    fn a_column_must_be_said() {
        let seen = parse(SEEN).unwrap();
        let case = "x = y # error: [unknown-name] # warning-file: [empty]\n";
        assert_eq!(
            without_columns(&seen, &expected(case)),
            ["other/a.py:1: the column of line 1 is not said: write `error:5:`"]
        );
        assert_eq!(
            without_columns(&seen, &expected("x = y # error:5: [unknown-name]\n")),
            Vec::<String>::new()
        );
    }

    #[test]
    fn both_sides_are_reported() {
        let seen = parse(SEEN).unwrap();
        let failures = compare(&seen, &expected("\nx = y # error: [unknown-name]\n"));
        assert_eq!(
            failures,
            [
                "unexpected d/a.py:1:5: error[unknown-name]: `y` is not known",
                "unexpected warning[empty]: nothing here",
                "missing error[unknown-name] on line 2",
            ]
        );
    }

    #[test]
    fn one_diagnostic_uses_up_one_expectation() {
        let seen = parse(SEEN.lines().next().unwrap()).unwrap();
        let failures = compare(&seen, &expected("x # error: [unknown-name] # error: \"y\"\n"));
        assert_eq!(failures, ["missing error[unknown-name] on line 1"]);
    }

    #[test]
    fn each_file_has_its_own() {
        let seen = parse(SEEN).unwrap();
        let file = |file: &str, text: &str| Expected {
            file: file.to_owned(),
            expectations: expectations::parse(text, Kind::Python).unwrap(),
        };
        let two =
            [file("b.py", "x = y # error: [unknown-name]\n"), file("a.py", "\n# warning-file: [empty]\n")];
        let failures = compare(&seen, &two);
        assert_eq!(failures[0], "unexpected d/a.py:1:5: error[unknown-name]: `y` is not known");
        assert_eq!(failures[1], "missing error[unknown-name] on line 1 of b.py");
        let elsewhere = [file("c.mir", "# error-file: \"d/a.py:1\" # warning-file: [empty]\n")];
        assert_eq!(compare(&seen, &elsewhere), Vec::<String>::new());
    }

    #[test]
    fn prose_is_not_json() {
        assert!(parse("thread 'main' panicked\n").is_err());
    }
}

//! What a pass outside this tree says to the user: JSON objects, one a line.
//!
//! Promises: the plugin or command is named in each message; lines that are no diagnostic are kept as they are.
//! Leaves out: codes of its own for each plugin; all are `plugin-reported`.

use pbpf_core::diag::Diagnostic;
use pbpf_core::entity::Entity;
use pbpf_core::source::{FileId, Span};
use serde_json::Value;

/// More lines than this are dropped.
const MAX_LINES: usize = 1000;

/// What was said.
#[derive(Clone, Debug, Default)]
pub(crate) struct Messages {
    /// The diagnostics, in order.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Lines that are none.
    pub(crate) lines: Vec<String>,
}

/// Reads what `who` ("pass `x` of plugin `y`") said.
pub(crate) fn read(bytes: &[u8], who: &str) -> Messages {
    let mut out = Messages::default();
    let text = String::from_utf8_lossy(bytes);
    for line in text.lines().filter(|l| !l.trim().is_empty()).take(MAX_LINES) {
        match serde_json::from_str(line).ok().and_then(|value| diagnostic(&value, who)) {
            Some(diagnostic) => out.diagnostics.push(diagnostic),
            None => out.lines.push(line.trim_end().to_owned()),
        }
    }
    out
}

fn diagnostic(value: &Value, who: &str) -> Option<Diagnostic> {
    let message = value.get("message")?.as_str()?;
    let make = match value.get("severity").and_then(Value::as_str).unwrap_or("error") {
        "error" => Diagnostic::error,
        "warning" => Diagnostic::warning,
        "note" => Diagnostic::note_only,
        _ => return None,
    };
    let mut out = make("plugin-reported", message.to_owned());
    if let Some(span) = value.get("span").and_then(Value::as_str).and_then(parse_span) {
        out = out.at(span);
    }
    let texts = |key: &str| {
        let list = value.get(key).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>()
    };
    out.notes = texts("notes");
    out.help = texts("help");
    Some(out.note(format!("said by {who}")))
}

/// A place as the MIR text writes it: `@4..9`, or `@1:4..9` in file 1.
fn parse_span(text: &str) -> Option<Span> {
    let text = text.strip_prefix('@')?;
    let (file, range) = text.split_once(':').unwrap_or(("0", text));
    let (lo, hi) = range.split_once("..")?;
    let file: u32 = file.parse().ok()?;
    Some(Span::new(FileId::new(file as usize), lo.parse().ok()?, hi.parse().ok()?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test may panic")]
    use super::*;
    use pbpf_core::diag::Severity;

    #[test]
    fn diagnostics_and_other_lines_are_told_apart() {
        let text = b"{\"message\": \"no\", \"span\": \"@1:4..9\", \"help\": [\"h\"]}\nTraceback\n{\"severity\": \"fatal\", \
                     \"message\": \"x\"}\n{\"severity\": \"note\", \"message\": \"n\", \"span\": \"?\"}\n\n\xff\n";
        let read = read(text, "pass `p`");
        assert_eq!(read.lines, ["Traceback", "{\"severity\": \"fatal\", \"message\": \"x\"}", "\u{fffd}"]);
        let [first, second] = &read.diagnostics[..] else { panic!("{read:?}") };
        assert!(first.is_error() && first.help == ["h"] && first.notes == ["said by pass `p`"]);
        assert_eq!(first.primary.as_ref().unwrap().span, Span::new(FileId::new(1), 4, 9));
        assert!(second.severity == Severity::Note && second.primary.is_none());
    }
}

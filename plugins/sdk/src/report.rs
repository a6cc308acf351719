//! What a pass tells the user: diagnostics, written as one JSON object a line.
//!
//! Promises: any text gives valid JSON. Leaves out: codes and excerpts; pbpf adds them.

use std::fmt::Write as _;

/// One message to the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    severity: &'static str,
    message: String,
    span: Option<String>,
    notes: Vec<String>,
    help: Vec<String>,
}

impl Diagnostic {
    fn new(severity: &'static str, message: impl Into<String>) -> Self {
        Self { severity, message: message.into(), span: None, notes: Vec::new(), help: Vec::new() }
    }

    /// The program is wrong: compilation ends behind this pass.
    pub fn error(message: impl Into<String>) -> Self {
        Self::new("error", message)
    }

    /// The program is accepted, and probably not meant so.
    pub fn warning(message: impl Into<String>) -> Self {
        Self::new("warning", message)
    }

    /// Information.
    pub fn note_only(message: impl Into<String>) -> Self {
        Self::new("note", message)
    }

    /// Sets the place: a span as the MIR text writes it behind an instruction.
    #[must_use]
    pub fn at(mut self, span: impl Into<String>) -> Self {
        self.span = Some(span.into());
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// The JSON line, with its line break.
    pub fn to_json_line(&self) -> String {
        let mut out = String::from("{\"severity\":");
        quote(&mut out, self.severity);
        out.push_str(",\"message\":");
        quote(&mut out, &self.message);
        if let Some(span) = &self.span {
            out.push_str(",\"span\":");
            quote(&mut out, span);
        }
        for (key, texts) in [("notes", &self.notes), ("help", &self.help)] {
            if texts.is_empty() {
                continue;
            }
            let _ = write!(out, ",\"{key}\":[");
            for (i, text) in texts.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                quote(&mut out, text);
            }
            out.push(']');
        }
        out.push_str("}\n");
        out
    }
}

fn quote(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if u32::from(c) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_is_valid_json() {
        let line = Diagnostic::error("a \"b\"\n\t\\é").at("@1").note("n").help("h").help("i").to_json_line();
        let expected = "{\"severity\":\"error\",\"message\":\"a \\\"b\\\"\\n\\u0009\\\\é\",\"span\":\"@1\",\
                        \"notes\":[\"n\"],\"help\":[\"h\",\"i\"]}\n";
        assert_eq!(line, expected);
    }
}

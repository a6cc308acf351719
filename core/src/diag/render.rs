//! The one renderer of diagnostics: human, short and JSON.
//!
//! Promises: text in, text out; colours only on request; places shown as `file:line:column`, both from 1.
//! Leaves out: deciding where the text goes.

use super::{Diagnostic, Label};
use crate::source::SourceMap;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The form of the rendered text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Format {
    /// With source excerpts.
    #[default]
    Human,
    /// One line each: `file:line:column: severity[code]: message`.
    Short,
    /// One JSON object a line.
    Json,
}

impl Format {
    /// The format of that name.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "human" => Some(Format::Human),
            "short" => Some(Format::Short),
            "json" => Some(Format::Json),
            _ => None,
        }
    }
}

/// Renders one diagnostic, with its line breaks.
pub fn render(diagnostic: &Diagnostic, sources: &SourceMap, format: Format, color: bool) -> String {
    match format {
        Format::Human => human(diagnostic, sources, color),
        Format::Short => short(diagnostic, sources),
        Format::Json => format!("{}\n", to_json(diagnostic, sources)),
    }
}

fn short(d: &Diagnostic, sources: &SourceMap) -> String {
    let place =
        d.primary.as_ref().and_then(|p| place(p, sources)).map(|p| format!("{p}: ")).unwrap_or_default();
    format!("{place}{}[{}]: {}\n", d.severity.as_str(), d.code, d.message)
}

fn place(label: &Label, sources: &SourceMap) -> Option<String> {
    let start = sources.start(label.span)?;
    Some(format!("{}:{}:{}", sources.get(label.span.file)?.name, start.line, start.column))
}

/// The JSON value of one diagnostic.
pub fn to_json(d: &Diagnostic, sources: &SourceMap) -> Value {
    let primary = d.primary.as_ref().map(|p| label_json(p, sources)).unwrap_or_default();
    let field = |name: &str| primary.get(name).cloned().unwrap_or(Value::Null);
    json!({
        "code": d.code,
        "severity": d.severity.as_str(),
        "message": d.message,
        "file": field("file"),
        "line": field("line"),
        "column": field("column"),
        "end_line": field("end_line"),
        "end_column": field("end_column"),
        "label": field("message"),
        "labels": d.secondary.iter().map(|l| label_json(l, sources)).collect::<Vec<_>>(),
        "notes": d.notes,
        "help": d.help,
    })
}

fn label_json(label: &Label, sources: &SourceMap) -> Value {
    let (Some(file), Some(start), Some(end)) =
        (sources.get(label.span.file), sources.start(label.span), sources.end(label.span))
    else {
        return json!({ "message": label.message });
    };
    json!({
        "file": file.name,
        "line": start.line,
        "column": start.column,
        "end_line": end.line,
        "end_column": end.column,
        "message": label.message,
    })
}

struct Paint(bool);

impl Paint {
    fn wrap(&self, style: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{style}m{text}\x1b[0m") } else { text.to_owned() }
    }
    fn severity(&self, d: &Diagnostic, text: &str) -> String {
        let style = match d.severity {
            super::Severity::Error => "1;31",
            super::Severity::Warning => "1;33",
            super::Severity::Note => "1;36",
        };
        self.wrap(style, text)
    }
    fn frame(&self, text: &str) -> String {
        self.wrap("1;34", text)
    }
}

fn human(d: &Diagnostic, sources: &SourceMap, color: bool) -> String {
    let paint = Paint(color);
    let mut out = String::new();
    let head = paint.severity(d, &format!("{}[{}]", d.severity.as_str(), d.code));
    let _ = writeln!(out, "{head}: {}", paint.wrap("1", &d.message));

    let mut labels: Vec<(&Label, bool)> = d.primary.iter().map(|l| (l, true)).collect();
    labels.extend(d.secondary.iter().map(|l| (l, false)));
    labels.retain(|(l, _)| sources.get(l.span.file).is_some());
    let width = labels
        .iter()
        .filter_map(|(l, _)| sources.start(l.span))
        .map(|p| p.line.to_string().len())
        .max()
        .unwrap_or(1);
    let bar = paint.frame("|");
    let mut shown_file = None;
    for (label, is_primary) in &labels {
        let (Some(file), Some(start)) = (sources.get(label.span.file), sources.start(label.span)) else {
            continue;
        };
        if shown_file != Some(label.span.file) {
            let arrow = paint.frame("-->");
            let _ = writeln!(out, "{:width$}{arrow} {}:{}:{}", "", file.name, start.line, start.column);
            let _ = writeln!(out, "{:width$} {bar}", "");
            shown_file = Some(label.span.file);
        }
        excerpt(&mut out, d, label, *is_primary, sources, &paint, width);
    }
    let has_text = !d.notes.is_empty() || !d.help.is_empty();
    if has_text && !labels.is_empty() {
        let _ = writeln!(out, "{:width$} {bar}", "");
    }
    let lead = if labels.is_empty() { " ".to_owned() } else { format!("{:width$} ", "") };
    for (kind, texts) in [("note", &d.notes), ("help", &d.help)] {
        for text in texts {
            let _ = write!(out, "{lead}{} {}: ", paint.frame("="), paint.wrap("1", kind));
            let mut lines = text.lines();
            let _ = writeln!(out, "{}", lines.next().unwrap_or(""));
            for line in lines {
                let _ = writeln!(out, "{lead}        {line}");
            }
        }
    }
    out.push('\n');
    out
}

fn excerpt(
    out: &mut String,
    d: &Diagnostic,
    label: &Label,
    is_primary: bool,
    sources: &SourceMap,
    paint: &Paint,
    width: usize,
) {
    let (Some(file), Some(start), Some(end)) =
        (sources.get(label.span.file), sources.start(label.span), sources.end(label.span))
    else {
        return;
    };
    let text = file.line(start.line).unwrap_or("");
    // A tab would shift the marks; a control character could write over the excerpt.
    let clean: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_EXCERPT).collect();
    let _ = writeln!(out, "{} {} {clean}", paint.frame(&format!("{:width$}", start.line)), paint.frame("|"));
    let from = (start.column as usize - 1).min(MAX_EXCERPT);
    let to = if end.line == start.line { end.column as usize - 1 } else { clean.chars().count() };
    let count = to.min(MAX_EXCERPT).saturating_sub(from).max(1);
    let mark = if is_primary { "^" } else { "-" };
    let marks = format!("{}{}", mark.repeat(count), if label.message.is_empty() { "" } else { " " });
    let styled = if is_primary {
        paint.severity(d, &format!("{marks}{}", label.message))
    } else {
        paint.frame(&format!("{marks}{}", label.message))
    };
    let _ = writeln!(out, "{:width$} {} {:from$}{styled}", "", paint.frame("|"), "");
}

/// Longer lines are cut in excerpts.
const MAX_EXCERPT: usize = 300;

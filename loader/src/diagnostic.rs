//! Loads that failed, as diagnostics on the user's lines.
//!
//! Promises: a refusal leads to its line and column, says the cause and the fix in the words of the first row
//! that matches, or of the kernel where it explains itself, and always quotes the verifier. Every other
//! failure says who is at fault by its code: `no-privilege` and `kernel-lacks` the machine, `not-loaded`
//! neither for sure.
//! Leaves out: rendering, and choosing the rows: the caller gives those of the program's type first.

use crate::error::LoadError;
use crate::verifier_log::{Place, Refusal, Register};
use pbpf_core::diag::Diagnostic;
use pbpf_core::rows::Explanation;
use pbpf_core::source::{FileId, SourceMap, Span};

/// The most lines of the way to a refusal that a note shows.
const WAY: usize = 8;

/// A failed load as a diagnostic. `explanations` are tried in order.
pub fn load_diagnostic<'r>(
    error: &LoadError,
    explanations: impl IntoIterator<Item = &'r Explanation>,
    sources: &SourceMap,
) -> Diagnostic {
    let diagnostic = match error {
        LoadError::Refused(refused) => return refusal_diagnostic(&refused.refusal(), explanations, sources),
        LoadError::MissingPrivilege { doing, errno, .. } => {
            Diagnostic::error("no-privilege", format!("{doing} is not permitted: {}", errno.text()))
                .help("run it as root, or with the capabilities CAP_BPF and CAP_PERFMON")
        }
        LoadError::MissingFeature { .. } | LoadError::CoRe { .. } => {
            Diagnostic::error("kernel-lacks", error.to_string())
        }
        LoadError::Map { .. } | LoadError::Other { .. } => Diagnostic::error("not-loaded", error.to_string()),
    };
    let shown = diagnostic.message.clone();
    let more = error.messages().iter().filter(|m| m.is_warning() && !shown.contains(&m.text));
    more.take(3).fold(diagnostic, |d, m| d.note(format!("libbpf: {}", m.text)))
}

/// A refusal as a diagnostic. `explanations` are tried in order.
pub fn refusal_diagnostic<'r>(
    refusal: &Refusal,
    explanations: impl IntoIterator<Item = &'r Explanation>,
    sources: &SourceMap,
) -> Diagnostic {
    let words = if refusal.message.is_empty() { "it gives no reason" } else { &refusal.message };
    let said = || std::iter::once(&refusal.message).chain(&refusal.details);
    let row = explanations.into_iter().find(|row| said().any(|line| row.matches(line)));
    let kernel = refusal.explanation.as_ref();
    let cause = row.map_or_else(|| words.to_owned(), |row| as_clause(&row.cause));
    let mut diagnostic =
        Diagnostic::error("verifier", format!("the verifier refuses `{}`: {cause}", refusal.program));

    let span = refusal.place.as_ref().and_then(|place| span(place, sources));
    match (span, &refusal.place) {
        (Some(span), _) => diagnostic = diagnostic.at(span),
        (None, Some(place)) => diagnostic = diagnostic.note(format!("at {place}: {}", refusal.source_text)),
        (None, None) => {}
    }
    // Where the value comes from that the message names, unless it is the same line.
    if let Some((register, words)) = culprit(refusal)
        && let Some(origin) = register.place.as_ref().and_then(|place| self::span(place, sources))
        && span.is_some_and(|span| line_of(span, sources) != line_of(origin, sources))
    {
        diagnostic = diagnostic.label(origin, words);
    }

    if row.is_some() {
        diagnostic = diagnostic.note(format!("verifier: {words}"));
    }
    for detail in refusal.details.iter().take(3) {
        diagnostic = diagnostic.note(format!("verifier: {detail}"));
    }
    if let (None, Some(kernel)) = (row, kernel) {
        diagnostic = diagnostic.note(kernel.reason.clone());
    }
    if let Some(way) = way(refusal) {
        diagnostic = diagnostic.note(way);
    }
    let kernel_help = || kernel.map(|k| k.suggestion.clone()).filter(|s| !s.is_empty());
    diagnostic.maybe_help(row.map(|row| row.fix.clone()).or_else(kernel_help))
}

/// A row's sentence as the end of a message: no capital, no full stop.
fn as_clause(sentence: &str) -> String {
    let sentence = sentence.trim().trim_end_matches('.');
    let mut chars = sentence.chars();
    let first = chars.next();
    let second = chars.clone().next();
    match first {
        // An abbreviation keeps its capitals.
        Some(first) if first.is_uppercase() && !second.is_some_and(char::is_uppercase) => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => sentence.to_owned(),
    }
}

/// The register that the message names first, and what it is in the user's terms.
fn culprit(refusal: &Refusal) -> Option<(&Register, &'static str)> {
    let named = refusal.message.split(|c: char| !c.is_ascii_alphanumeric()).find(|word| {
        word.strip_prefix('R').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    })?;
    let register = refusal.registers.iter().find(|register| register.name == named)?;
    Some((register, describe(&register.state)?))
}

/// A register's state in the user's terms.
fn describe(state: &str) -> Option<&'static str> {
    const WORDS: &[(&str, &str)] = &[
        ("map_value_or_null", "this may be None: the key need not be in the map"),
        ("ringbuf_mem_or_null", "this may be None: the buffer may be full"),
        ("map_value", "this is a value in a map"),
        ("map_ptr", "this is a map"),
        ("scalar", "this is a plain number to the verifier"),
        ("pkt_end", "this is the end of the packet"),
        ("pkt", "this points into the packet"),
        ("ctx", "this is the context"),
        ("fp", "this is on the stack"),
        ("trusted_ptr_", "this points to a kernel object"),
        ("rcu_ptr_", "this points to a kernel object"),
        ("untrusted_ptr_", "this points to a kernel object that may be gone"),
        ("ptr_", "this points to a kernel object"),
        ("mem", "this points to memory"),
    ];
    let own = WORDS.iter().find(|row| state.starts_with(row.0)).map(|row| row.1);
    let kind = state.split('(').next().unwrap_or_default();
    let nullable = kind.ends_with("_or_null") || kind.contains("ptr_or_null_");
    if nullable { own.filter(|words| words.contains("None")).or(Some("this may be None")) } else { own }
}

/// The lines on the way, where it passes some by: the refusal then only comes up on this way through the program.
fn way(refusal: &Refusal) -> Option<String> {
    let file = &refusal.place.as_ref()?.file;
    let mut lines: Vec<u32> = Vec::new();
    for place in
        refusal.trail.iter().filter_map(|step| step.place.as_ref()).filter(|place| place.file == *file)
    {
        // The turns of a loop say no more than the first.
        if !lines.contains(&place.line) {
            lines.push(place.line);
        }
    }
    let (first, last) = (lines.iter().min()?, lines.iter().max()?);
    let passes_some_by = (last - first) as usize + 1 > lines.len();
    if lines.len() < 3 || !passes_some_by {
        return None;
    }
    let cut = lines.len().saturating_sub(WAY);
    let shown: Vec<String> = lines[cut..].iter().map(ToString::to_string).collect();
    Some(format!("the way there: lines {}{}", if cut > 0 { "..., " } else { "" }, shown.join(", ")))
}

/// The part of a line from a place's column on; the whole line without a column.
fn span(place: &Place, sources: &SourceMap) -> Option<Span> {
    let file = find_file(&place.file, sources)?;
    let source = sources.get(file)?;
    let (lo, hi) = source.line_range(place.line)?;
    let line = source.line(place.line)?;
    let indent = line.len() - line.trim_start().len();
    let column = place.column.map_or(0, |c| (c as usize).saturating_sub(1));
    let start = line.char_indices().nth(column).map_or(0, |(at, _)| at).saturating_sub(indent) as u32;
    Some(Span::new(file, if lo + start < hi { lo + start } else { lo }, hi))
}

/// The source that the debug info means: of that name, or the only one whose path ends like it.
fn find_file(name: &str, sources: &SourceMap) -> Option<FileId> {
    sources.find(name).or_else(|| {
        let base = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        let mut alike = sources.iter().filter(|(_, file)| base(&file.name) == base(name)).map(|(id, _)| id);
        alike.next().filter(|_| alike.next().is_none())
    })
}

fn line_of(span: Span, sources: &SourceMap) -> Option<u32> {
    sources.start(span).map(|place| place.line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_become_clauses() {
        assert_eq!(as_clause("A byte is used. Twice."), "a byte is used. Twice");
        assert_eq!(as_clause("GPL only."), "GPL only");
        assert_eq!(as_clause("`x` is wrong"), "`x` is wrong");
        assert_eq!(as_clause(""), "");
    }

    #[test]
    fn states_read_in_the_users_terms() {
        assert_eq!(describe("pkt(id=0,r=0)"), Some("this points into the packet"));
        assert_eq!(describe("ptr_or_null_task_struct(id=2)"), Some("this may be None"));
        assert_eq!(describe("ringbuf_mem_or_null(id=2)"), Some("this may be None: the buffer may be full"));
        assert_eq!(describe("mem_or_null(id=1)"), Some("this may be None"));
        assert_eq!(describe("7"), None);
    }

    #[test]
    fn places_become_spans() {
        let mut sources = SourceMap::new();
        let file = sources.add("dir/prog.py", "a = 1\n    bé = cd\n");
        let at = |line, column| Place { file: "prog.py".into(), line, column };
        let text = |place: &Place| span(place, &sources).map(|s| sources.snippet(s).to_owned());
        assert_eq!(text(&at(2, Some(10))).as_deref(), Some("cd"));
        assert_eq!(text(&at(2, None)).as_deref(), Some("bé = cd"));
        assert_eq!(text(&at(2, Some(999))).as_deref(), Some("bé = cd"));
        assert_eq!(text(&at(2, Some(1))).as_deref(), Some("bé = cd"));
        assert_eq!(text(&at(9, None)), None);
        assert_eq!(find_file("dir/prog.py", &sources), Some(file));
        assert_eq!(find_file("/elsewhere/prog.py", &sources), Some(file));
        assert_eq!(find_file("other.py", &sources), None);
    }
}

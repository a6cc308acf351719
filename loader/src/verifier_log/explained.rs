//! The explanation that kernels from 7.3 on put behind their words.
//!
//! Promises: every part that is there is read, wrapped lines joined; a part that is missing is empty.
//! Leaves out: the excerpts, which repeat the source and the instructions.
//!
//! ```text
//! Verification failed: Register Type Safety: Invalid dereference
//!
//! Reason:
//!   R0 may be NULL here (a nullable map value pointer). The program could dereference NULL on this
//!   path, so the verifier cannot prove this access is safe.
//!
//! At:
//!   null_value @ prog.py:7:12                  or, without line info:   insn 7
//!   Source context:
//!   >>> 7 |     value[0] += 1
//!         |     ^-- error: invalid dereference of R0 (a nullable map value pointer)
//!   Instruction context:
//!   >>>  7 | (79) r1 = *(u64 *)(r0 +0)
//!
//! Causal path:
//!   null_value @ prog.py:6:18
//!   Source context:
//!   >>> 6 |     value = counts.lookup(key)
//!         |     ^-- update: R0 changed from uninitialized value to nullable map value from counts at
//!         |         offset 0
//!
//! Suggestion:
//!   Add a NULL check before the access and dereference the pointer only on the non-NULL path.
//! ```

use super::Place;

/// What the kernel itself says of a refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KernelExplanation {
    /// The rule broken, broadly: `Register Type Safety`.
    pub category: String,
    /// The problem: `Invalid dereference`.
    pub problem: String,
    /// Why, in sentences.
    pub reason: String,
    /// The function: the program or a subprogram.
    pub function: Option<String>,
    /// Where.
    pub place: Option<Place>,
    /// What is there, a few words.
    pub label: String,
    /// What led there, oldest first.
    pub path: Vec<PathStep>,
    /// What to do, in the kernel's terms.
    pub suggestion: String,
}

/// An event on the way to a refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PathStep {
    /// The function.
    pub function: Option<String>,
    /// Where.
    pub place: Option<Place>,
    /// `update`, `branch`, `acquired`.
    pub kind: String,
    /// What happened: `R0 changed from uninitialized value to nullable map value from counts at offset 0`.
    pub note: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    None,
    Reason,
    At,
    Path,
    Suggestion,
}

pub(super) fn parse(log: &str) -> Option<KernelExplanation> {
    let mut lines = log.lines().skip_while(|line| !line.starts_with("Verification failed: "));
    let headline = lines.next()?.strip_prefix("Verification failed: ")?;
    let (category, problem) = headline.split_once(": ").unwrap_or(("", headline));
    let mut explanation = KernelExplanation {
        category: category.to_owned(),
        problem: problem.to_owned(),
        ..KernelExplanation::default()
    };
    let mut section = Section::None;
    let mut at = Vec::new();
    let mut path = Vec::new();
    for line in lines {
        section = match line {
            "Reason:" => Section::Reason,
            "At:" => Section::At,
            "Causal path:" => Section::Path,
            "Suggestion:" => Section::Suggestion,
            _ if !line.is_empty() && !line.starts_with(' ') => break,
            _ => {
                match section {
                    Section::None => {}
                    Section::Reason => join(&mut explanation.reason, line),
                    Section::Suggestion => join(&mut explanation.suggestion, line),
                    Section::At => at.push(line),
                    Section::Path => path.push(line),
                }
                section
            }
        };
    }
    if let Some(step) = steps(&at).pop() {
        explanation.function = step.function;
        explanation.place = step.place;
        explanation.label = step.note;
    }
    explanation.path = steps(&path);
    Some(explanation)
}

/// Reads entries: a head of two blanks, then excerpts with one marked row.
fn steps(lines: &[&str]) -> Vec<PathStep> {
    let mut steps: Vec<PathStep> = Vec::new();
    let mut in_note = false;
    for line in lines {
        if let Some(head) = head(line) {
            steps.push(head);
            in_note = false;
            continue;
        }
        let Some(step) = steps.last_mut() else { continue };
        let row = line.split_once('|').filter(|(number, _)| number.trim().is_empty()).map(|(_, text)| text);
        in_note = match row {
            Some(text) => match text.trim().strip_prefix("^-- ") {
                Some(marked) => {
                    let (kind, note) = marked.split_once(": ").unwrap_or(("", marked));
                    (step.kind, step.note) = (kind.to_owned(), note.to_owned());
                    true
                }
                None if in_note => {
                    join(&mut step.note, text);
                    true
                }
                None => false,
            },
            None => false,
        };
    }
    steps
}

/// `  null_value @ prog.py:7:12` or `  insn 10`
fn head(line: &str) -> Option<PathStep> {
    let text = line.strip_prefix("  ").filter(|text| !text.starts_with([' ', '>']))?;
    if text.strip_prefix("insn ").is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit())) {
        return Some(PathStep::default());
    }
    let (function, place) = text.split_once(" @ ")?;
    let (rest, column) = place.rsplit_once(':')?;
    let (file, number) = rest.rsplit_once(':')?;
    let place =
        Place { file: file.to_owned(), line: number.parse().ok()?, column: Some(column.parse().ok()?) };
    Some(PathStep { function: Some(function.to_owned()), place: Some(place), ..PathStep::default() })
}

/// Adds a wrapped line.
fn join(text: &mut String, line: &str) {
    let line = line.trim();
    if !text.is_empty() && !line.is_empty() {
        text.push(' ');
    }
    text.push_str(line);
}

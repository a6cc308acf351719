//! What goes wrong in the back end, as diagnostics at Python places.
//!
//! Promises: one code, `backend`; limits of BPF that LLVM reports are said in the user's terms, LLVM's words in a note.
//! Leaves out: catching the errors; `session` does that.

use inkwell::builder::BuilderError;
use pbpf_core::diag::Diagnostic;
use pbpf_core::mir::Module;
use pbpf_core::source::{SourceMap, Span};

/// The code of every diagnostic of this crate.
pub(crate) const CODE: &str = "backend";

/// MIR that cannot be emitted: it breaks the rules of the level.
#[derive(Debug)]
pub(crate) struct Fault {
    what: String,
    span: Option<Span>,
}

impl Fault {
    /// What is wrong, as a phrase.
    pub(crate) fn mir(what: impl Into<String>) -> Self {
        Self { what: what.into(), span: None }
    }

    /// Sets the place where none is known.
    pub(crate) fn at(mut self, span: Span) -> Self {
        self.span.get_or_insert(span);
        self
    }

    /// What is wrong.
    pub(crate) fn message(self) -> String {
        self.what
    }

    /// The diagnostic.
    pub(crate) fn into_diagnostic(self) -> Diagnostic {
        let diagnostic = Diagnostic::error(CODE, format!("the program cannot be emitted: {}", self.what))
            .note("this is a fault of a pass: `--verify-each` names it");
        match self.span {
            Some(span) => diagnostic.at(span),
            None => diagnostic,
        }
    }
}

impl From<BuilderError> for Fault {
    fn from(error: BuilderError) -> Self {
        Fault::mir(error.to_string())
    }
}

/// A limit of BPF, as LLVM reports it and as users know it.
struct Limit {
    /// A part of LLVM's message.
    pattern: &'static str,
    /// What it means; the function's name stands in front.
    meaning: &'static str,
    /// What to do.
    help: &'static str,
}

/// What MIR's rules do not hold already.
const LIMITS: [Limit; 4] = [
    Limit {
        pattern: "BPF stack limit",
        meaning: "needs more than the 512 bytes of stack that BPF has",
        help: "keep large values in a map, for example a per-CPU array of one element",
    },
    Limit {
        pattern: "built-in function 'mem",
        meaning: "copies or fills more bytes at once than BPF can without a loop",
        help: "copy at most 1024 bytes at once, or work on the memory in place",
    },
    Limit {
        pattern: "built-in function '__multi3'",
        meaning: "multiplies numbers of 128 bits, which BPF cannot",
        help: "keep products within 64 bits",
    },
    Limit {
        pattern: "A call to built-in function",
        meaning: "needs a library function, and BPF has no library",
        help: "write the computation with integers of at most 64 bits",
    },
];

/// The diagnostic for an error that LLVM reported. `text` may start with `file:line:column: in function NAME TYPE: `, or
/// hold `In function: NAME`.
pub(crate) fn from_llvm(text: &str, module: &Module, sources: &SourceMap) -> Diagnostic {
    let (place, name, message) = split(text);
    let func = name.and_then(|name| module.functions.values().find(|f| f.name == name));
    let span = place
        .and_then(|(file, line)| {
            let id = sources.find(file)?;
            let (lo, hi) = sources.get(id)?.line_range(line)?;
            Some(Span::new(id, lo, hi))
        })
        .or(func.map(|f| f.span));
    let who = name.map_or_else(|| "the program".to_owned(), |name| format!("`{name}`"));
    let known = LIMITS.iter().find(|limit| message.contains(limit.pattern));
    let diagnostic = match known {
        Some(limit) => Diagnostic::error(CODE, format!("{who} {}", limit.meaning)).help(limit.help),
        None => Diagnostic::error(CODE, format!("{who} cannot be compiled to BPF")),
    };
    let diagnostic = diagnostic.note(format!("LLVM: {}", message.trim()));
    match span {
        Some(span) => diagnostic.at(span),
        None => diagnostic,
    }
}

/// File and line, function and the rest.
fn split(text: &str) -> (Option<(&str, u32)>, Option<&str>, &str) {
    if let Some((place, rest)) = text.split_once(": in function ") {
        let mut parts = place.rsplitn(3, ':').skip(1);
        let line = parts.next().and_then(|line| line.parse().ok()).filter(|line| *line > 0);
        let place = parts.next().zip(line);
        let name = rest.split(' ').next();
        let message = rest.split_once("): ").or_else(|| rest.split_once(": ")).map_or(rest, |(_, m)| m);
        return (place, name, message);
    }
    let name = text
        .split_once("In function: ")
        .and_then(|(_, rest)| rest.split(|c: char| c.is_whitespace()).next())
        .filter(|name| !name.is_empty());
    (None, name, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_from_messages() {
        assert_eq!(
            split("a/p.py:4:7: in function f i64 (ptr): too many arguments"),
            (Some(("a/p.py", 4)), Some("f"), "too many arguments")
        );
        assert_eq!(
            split("<unknown>:0:0: in function f i64 (ptr): Looks like"),
            (None, Some("f"), "Looks like")
        );
        assert_eq!(
            split("Cannot select: t1\nIn function: main"),
            (None, Some("main"), "Cannot select: t1\nIn function: main")
        );
        assert_eq!(split("anything"), (None, None, "anything"));
    }
}

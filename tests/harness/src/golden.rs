//! Golden blocks: text of pbpf's own levels that a case holds in comments.
//!
//! `#= WHAT` names what is printed, each following `#|` line is a line of it. With `BLESS=1` the harness writes what it saw.
//! Promises: blessing changes the `#|` lines below the `#=` and nothing else, and blessing twice changes nothing.
//! Leaves out: making the text; and LLVM IR or bytecode, which are never golden.

use crate::directives::Kind;

/// One golden block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Golden {
    /// Line of the `#=`, from 1.
    pub line: u32,
    /// What is printed, as written after `#=`.
    pub what: String,
    /// The expected lines, joined.
    pub text: String,
}

/// The golden blocks of a case.
pub fn find(text: &str, kind: Kind) -> Vec<Golden> {
    let (head, body) = marks(kind);
    let mut found: Vec<Golden> = Vec::new();
    let mut open = false;
    for (at, line) in text.lines().enumerate() {
        if let Some(what) = line.strip_prefix(&head) {
            found.push(Golden { line: at as u32 + 1, what: what.trim().to_owned(), text: String::new() });
            open = true;
        } else if let (true, Some(rest), Some(golden)) = (open, line.strip_prefix(&body), found.last_mut()) {
            golden.text.push_str(rest.strip_prefix(' ').unwrap_or(rest));
            golden.text.push('\n');
        } else {
            open = false;
        }
    }
    found
}

/// The text of a case with the block at `line` holding `seen`.
pub fn bless(text: &str, kind: Kind, line: u32, seen: &str) -> String {
    let (_, body) = marks(kind);
    let mut out = String::new();
    let mut lines = text.lines().enumerate().peekable();
    while let Some((at, source)) = lines.next() {
        out.push_str(source);
        out.push('\n');
        if at as u32 + 1 != line {
            continue;
        }
        while lines.next_if(|(_, old)| old.starts_with(&body)).is_some() {}
        for new in normal(seen).lines() {
            out.push_str(format!("{body} {new}").trim_end());
            out.push('\n');
        }
    }
    out
}

/// Whether a block holds what was seen; white space at the ends of lines and empty lines at the end do not count.
pub fn same(golden: &str, seen: &str) -> bool {
    normal(golden) == normal(seen)
}

/// The first line that differs, for a message: what was expected and what was seen.
pub fn difference(golden: &str, seen: &str) -> String {
    let (golden, seen) = (normal(golden), normal(seen));
    let (mut left, mut right) = (golden.lines(), seen.lines());
    let mut number = 0;
    loop {
        number += 1;
        let (a, b) = (left.next(), right.next());
        if a != b || a.is_none() {
            let show = |line: Option<&str>| line.map_or("(end)".to_owned(), |l| format!("`{l}`"));
            return format!("line {number}: expected {}, found {}", show(a), show(b));
        }
    }
}

fn marks(kind: Kind) -> (String, String) {
    (format!("{}=", kind.comment()), format!("{}|", kind.comment()))
}

fn normal(text: &str) -> String {
    let joined = text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    joined.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CASE: &str = "x = 1\n\n#= mir\n#| a\n#|\n#|   b\n# end\n";

    #[test]
    fn found_and_blessed() {
        let found = find(CASE, Kind::Python);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].line, found[0].what.as_str()), (3, "mir"));
        assert_eq!(found[0].text, "a\n\n  b\n");
        assert_eq!(bless(CASE, Kind::Python, 3, "a\n\n  b\n"), CASE);
        let new = bless(CASE, Kind::Python, 3, "c \n");
        assert_eq!(new, "x = 1\n\n#= mir\n#| c\n# end\n");
        assert_eq!(bless(&new, Kind::Python, 3, "c \n"), new);
    }

    #[test]
    fn an_empty_block_can_be_blessed() {
        assert_eq!(bless(";= out\n", Kind::Mir, 1, "func\n"), ";= out\n;| func\n");
    }

    #[test]
    fn differences() {
        assert!(same("a\n", "a  \n\n"));
        assert_eq!(difference("a\nb\n", "a\nc\n"), "line 2: expected `b`, found `c`");
        assert_eq!(difference("a\n", "a\nc\n"), "line 2: expected (end), found `c`");
    }
}

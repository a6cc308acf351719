//! Source files and places in them.
//!
//! Promises: a [`Span`] is a byte range of one file; lines and columns (both from 1, columns in characters) are made
//! from it only when something is shown. Leaves out: reading files; the caller hands in names and texts.

use crate::entity;
use crate::entity::{Entity, Table};
use std::collections::{BTreeMap, BTreeSet};

entity! {
    /// A file of a [`SourceMap`].
    FileId, "file"
}

/// A range of bytes in a file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub lo: u32,
    /// One past the last byte.
    pub hi: u32,
}

impl Span {
    /// A range of `file`.
    pub fn new(file: FileId, lo: u32, hi: u32) -> Self {
        Self { file, lo, hi: hi.max(lo) }
    }

    /// The smallest range that covers both; `self` where the files differ.
    pub fn to(self, other: Span) -> Span {
        if self.file != other.file {
            return self;
        }
        Span { file: self.file, lo: self.lo.min(other.lo), hi: self.hi.max(other.hi) }
    }

    /// The empty range at the start.
    pub fn start(self) -> Span {
        Span { hi: self.lo, ..self }
    }
}

impl std::fmt::Debug for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}..{}", self.file.index(), self.lo, self.hi)
    }
}

/// A place as shown to people: line and column, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineColumn {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// One source file.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// The name as the user gave it; never made absolute.
    pub name: String,
    /// The text.
    pub text: String,
    /// Byte offset of the start of each line.
    lines: Vec<u32>,
}

impl SourceFile {
    fn new(name: String, text: String) -> Self {
        let mut lines = vec![0];
        lines.extend(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i as u32 + 1));
        Self { name, text, lines }
    }

    /// The line (from 1) that holds byte `offset`, and the column.
    pub fn line_column(&self, offset: u32) -> LineColumn {
        let offset = (offset as usize).min(self.text.len());
        let line = self.lines.partition_point(|start| *start as usize <= offset);
        let start = self.lines[line - 1] as usize;
        let prefix = self.text.as_bytes().get(start..offset).unwrap_or_default();
        let column = 1 + prefix.iter().filter(|b| (**b & 0xc0) != 0x80).count();
        LineColumn { line: line as u32, column: column as u32 }
    }

    /// The text of line `line` (from 1), without its line break.
    pub fn line(&self, line: u32) -> Option<&str> {
        let start = *self.lines.get((line as usize).checked_sub(1)?)? as usize;
        let end = self.lines.get(line as usize).map_or(self.text.len(), |e| *e as usize);
        Some(self.text.get(start..end)?.trim_end_matches(['\n', '\r']))
    }

    /// The byte range of line `line` (from 1), leading white space left out.
    pub fn line_range(&self, line: u32) -> Option<(u32, u32)> {
        let text = self.line(line)?;
        let start = self.lines[line as usize - 1];
        let indent = text.len() - text.trim_start().len();
        Some((start + indent as u32, start + text.trim_end().len().max(indent) as u32))
    }

    /// The number of lines.
    pub fn line_count(&self) -> u32 {
        self.lines.len() as u32
    }
}

/// The files of one compilation.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    files: Table<FileId, SourceFile>,
    /// Which file a module is that another file names.
    links: BTreeMap<(FileId, String), FileId>,
}

impl SourceMap {
    /// An empty map.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> FileId {
        self.files.push(SourceFile::new(name.into(), text.into()))
    }

    /// The file, if it is one of this map.
    pub fn get(&self, file: FileId) -> Option<&SourceFile> {
        self.files.get(file)
    }

    /// The file of that name.
    pub fn find(&self, name: &str) -> Option<FileId> {
        self.files.iter().find(|(_, f)| f.name == name).map(|(id, _)| id)
    }

    /// Says which file `module` is where `file` imports it, with the leading dots of a relative import.
    pub fn link(&mut self, file: FileId, module: impl Into<String>, to: FileId) {
        self.links.insert((file, module.into()), to);
    }

    /// The file that `module` is where `file` imports it, if it is one of this map.
    pub fn linked(&self, file: FileId, module: &str) -> Option<FileId> {
        self.links.get(&(file, module.to_owned())).copied()
    }

    /// Whether `file` imports a module in `package`.
    pub fn is_package(&self, file: FileId, package: &str) -> bool {
        let inside = format!("{package}.");
        let mut behind = self.links.range((file, inside.clone())..);
        behind.next().is_some_and(|((from, module), _)| *from == file && module.starts_with(&inside))
    }

    /// The files that `file` imports, by way of others too, in order; without itself.
    pub fn imported(&self, file: FileId) -> BTreeSet<FileId> {
        let mut found = BTreeSet::new();
        let mut work = vec![file];
        while let Some(at) = work.pop() {
            for ((from, _), to) in &self.links {
                if *from == at && *to != file && found.insert(*to) {
                    work.push(*to);
                }
            }
        }
        found
    }

    /// All files in order.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files.iter()
    }

    /// The text under a span; empty where the span is not of this map.
    pub fn snippet(&self, span: Span) -> &str {
        self.get(span.file).and_then(|f| f.text.get(span.lo as usize..span.hi as usize)).unwrap_or("")
    }

    /// Where a span starts.
    pub fn start(&self, span: Span) -> Option<LineColumn> {
        Some(self.get(span.file)?.line_column(span.lo))
    }

    /// Where a span ends (the column after its last character).
    pub fn end(&self, span: Span) -> Option<LineColumn> {
        Some(self.get(span.file)?.line_column(span.hi))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test may panic")]
    use super::*;

    #[test]
    fn lines_and_columns_count_characters() {
        let mut map = SourceMap::new();
        let file = map.add("a.py", "x = 1\né = 2\n");
        let at = |lo| map.start(Span::new(file, lo, lo)).unwrap();
        assert_eq!(at(0), LineColumn { line: 1, column: 1 });
        assert_eq!(at(6), LineColumn { line: 2, column: 1 });
        assert_eq!(at(9), LineColumn { line: 2, column: 3 });
        assert_eq!(at(999), LineColumn { line: 3, column: 1 });
        assert_eq!(map.get(file).unwrap().line(2), Some("é = 2"));
    }
}

//! Pieces of LLVM IR text: quoted strings and numbered metadata nodes.
//!
//! Promises: any bytes may be quoted; nodes are numbered in the order they are made. Leaves out: what the nodes say.

use std::fmt::{self, Display, Write};

/// Bytes between double quotes, as LLVM reads them back.
pub(crate) struct Quoted<'a>(pub(crate) &'a [u8]);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for &byte in self.0 {
            match byte {
                b'"' | b'\\' => write!(f, "\\{byte:02X}")?,
                b' '..=b'~' => f.write_char(byte as char)?,
                _ => write!(f, "\\{byte:02X}")?,
            }
        }
        f.write_char('"')
    }
}

/// Text between double quotes.
pub(crate) fn quoted(text: &str) -> Quoted<'_> {
    Quoted(text.as_bytes())
}

/// A metadata node by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Node(u32);

impl Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "!{}", self.0)
    }
}

/// A node, or `null`.
pub(crate) fn or_null(node: Option<Node>) -> String {
    node.map_or_else(|| "null".to_owned(), |n| n.to_string())
}

/// `!{!1, !2}`.
pub(crate) fn tuple(nodes: impl IntoIterator<Item = String>) -> String {
    format!("!{{{}}}", nodes.into_iter().collect::<Vec<_>>().join(", "))
}

/// The metadata nodes of a module.
#[derive(Default)]
pub(crate) struct Metadata {
    text: String,
    next: u32,
}

impl Metadata {
    /// The number of a node that is defined later; nodes may refer to it at once.
    pub(crate) fn reserve(&mut self) -> Node {
        self.next += 1;
        Node(self.next - 1)
    }

    /// Defines a reserved node.
    pub(crate) fn define(&mut self, node: Node, what: impl Display) {
        // Writing to a String does not fail.
        let _ = writeln!(self.text, "{node} = {what}");
    }

    /// Makes a node.
    pub(crate) fn add(&mut self, what: impl Display) -> Node {
        let node = self.reserve();
        self.define(node, what);
        node
    }

    /// The definitions, one a line.
    pub(crate) fn into_text(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_byte_can_be_quoted() {
        assert_eq!(Quoted(b"a\"\\\n\xc3\0").to_string(), r#""a\22\5C\0A\C3\00""#);
    }
}

//! Markdown pages as tests: their fenced blocks, and what a page in `docs/errors/` promises.
//!
//! Promises: blocks keep their lines and what stands after the fence; blessing rewrites the inside of one block only.
//! Leaves out: running them, which `tests/docs.rs` does.

/// A fenced block of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The line of its opening fence, from 1.
    pub line: usize,
    /// The language: the first word after the fence.
    pub language: String,
    /// The other words after it.
    pub words: Vec<String>,
    /// What is inside.
    pub text: String,
}

/// The fenced blocks of a page, in order. Blocks inside lists are taken without their indentation.
pub fn blocks(page: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut open: Option<usize> = None;
    for (at, line) in page.lines().enumerate() {
        let indent = line.len() - line.trim_start().len();
        match (open, line.trim_start().strip_prefix("```")) {
            (None, Some(info)) => {
                let mut words = info.split_whitespace().map(str::to_owned);
                let language = words.next().unwrap_or_default();
                found.push(Block { line: at + 1, language, words: words.collect(), text: String::new() });
                open = Some(indent);
            }
            (Some(_), Some("")) => open = None,
            (Some(indent), _) => {
                if let Some(block) = found.last_mut() {
                    let cut = indent.min(line.len() - line.trim_start().len());
                    block.text.push_str(&line[cut..]);
                    block.text.push('\n');
                }
            }
            (None, None) => {}
        }
    }
    found
}

/// The page with `text` inside the block that opens on `line`.
pub fn with_block(page: &str, line: usize, text: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for (at, source) in page.lines().enumerate() {
        if inside && source.trim_start().starts_with("```") {
            inside = false;
        }
        if !inside {
            out.push_str(source);
            out.push('\n');
        }
        if at + 1 == line {
            inside = true;
            out.push_str(text.trim_end());
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str =
        "# a\n\n```python build\nx = 1\n\n```\n\n1. item\n\n   ```text\n   one\n     two\n   ```\n";

    #[test]
    fn blocks_are_found() {
        let found = blocks(PAGE);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].line, found[0].language.as_str()), (3, "python"));
        assert_eq!(found[0].words, ["build"]);
        assert_eq!(found[0].text, "x = 1\n\n");
        assert_eq!(found[1].text, "one\n  two\n");
    }

    #[test]
    fn one_block_is_rewritten() {
        let page = with_block(PAGE, 3, "y = 2\n");
        assert!(page.contains("```python build\ny = 2\n```\n"));
        assert!(page.ends_with("   ```text\n   one\n     two\n   ```\n"));
    }
}

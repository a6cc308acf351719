//! `parse`: text becomes the syntax tree.
//!
//! Before: a file. After: Python's syntax tree, with a place on each node, and those of the modules that it imports.
//! Requires: nothing. Keeps: everything.
//! Why: all else begins here. Size, depth and time are bounded; see [`pbpf_core::ast`].

use pbpf_core::ast;
use pbpf_core::pass::{Context, Level, Pass, PassInfo, Unit};

/// The pass.
#[derive(Clone, Copy, Debug, Default)]
pub struct Parse;

impl Pass for Parse {
    fn info(&self) -> PassInfo {
        PassInfo::between("parse", Level::Source, Level::Ast, "text becomes the syntax tree")
    }

    fn run(&self, unit: Unit, cx: &mut Context<'_>) -> Option<Unit> {
        let Unit::Source(file) = unit else { return None };
        let text = &cx.sources.get(file)?.text;
        let mut tree = match ast::parse(file, text) {
            Ok(tree) => tree,
            Err(error) => {
                cx.emit(error);
                return None;
            }
        };
        for file in cx.sources.imported(file) {
            let Some(source) = cx.sources.get(file) else { continue };
            match ast::parse(file, &source.text) {
                Ok(module) => tree.modules.push(module),
                // A module of user space's may use what this parser does not know.
                Err(_) if !source.text.contains("bpf") => {}
                Err(error) => cx.emit(error),
            }
        }
        Some(Unit::Ast(tree))
    }
}

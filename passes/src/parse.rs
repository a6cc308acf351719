//! `parse`: text becomes the syntax tree.
//!
//! Before: a file. After: Python's syntax tree, with a place on each node.
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
        match ast::parse(file, text) {
            Ok(module) => Some(Unit::Ast(module)),
            Err(error) => {
                cx.emit(error);
                None
            }
        }
    }
}

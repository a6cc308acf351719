//! What loops go over, and cases of `match`.
//!
//! Promises: expressions in order of evaluation. Leaves out: the statements themselves.

use super::{Expr, LocalId, MapId, Stmt, StmtKind};
use crate::source::Span;

/// What a `for` goes over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Over {
    /// `range(start, stop, step)`. With a step that turns out to be 0 there is no round.
    Range {
        /// The variable.
        local: LocalId,
        /// First value.
        start: Expr,
        /// One past the last.
        stop: Expr,
        /// Not the constant 0.
        step: Expr,
    },
    /// The elements of an array, or of the array that a pointer points to: numbers are copied, records are pointed to.
    Array {
        /// The variable for the element.
        local: LocalId,
        /// The variable for its position, of `enumerate`.
        index: Option<LocalId>,
        /// The array.
        array: Expr,
    },
    /// The values of a tuple as written, all evaluated before the first round.
    Values {
        /// The variable for the value.
        local: LocalId,
        /// The variable for its position, of `enumerate`.
        index: Option<LocalId>,
        /// The values; at least one.
        values: Vec<Expr>,
    },
    /// The entries of a map, in no order: keys and numbers are copied, other values are pointed to.
    Entries {
        /// The map.
        map: MapId,
        /// The variable for the key.
        key: Option<LocalId>,
        /// The variable for the value.
        value: Option<LocalId>,
    },
}

impl Over {
    /// The expressions, in order of evaluation.
    pub fn exprs(&self) -> Vec<&Expr> {
        match self {
            Over::Range { start, stop, step, .. } => vec![start, stop, step],
            Over::Array { array, .. } => vec![array],
            Over::Values { values, .. } => values.iter().collect(),
            Over::Entries { .. } => Vec::new(),
        }
    }

    /// The expressions, to be changed.
    pub fn exprs_mut(&mut self) -> Vec<&mut Expr> {
        match self {
            Over::Range { start, stop, step, .. } => vec![start, stop, step],
            Over::Array { array, .. } => vec![array],
            Over::Values { values, .. } => values.iter_mut().collect(),
            Over::Entries { .. } => Vec::new(),
        }
    }

    /// The variables that each round assigns, to be changed.
    pub fn locals_mut(&mut self) -> Vec<&mut LocalId> {
        match self {
            Over::Range { local, .. } => vec![local],
            Over::Array { local, index, .. } | Over::Values { local, index, .. } => {
                index.iter_mut().chain([local]).collect()
            }
            Over::Entries { key, value, .. } => key.iter_mut().chain(value).collect(),
        }
    }

    /// The variables that each round assigns.
    pub fn locals(&self) -> Vec<LocalId> {
        match self {
            Over::Range { local, .. } => vec![*local],
            Over::Array { local, index, .. } | Over::Values { local, index, .. } => {
                index.iter().chain([local]).copied().collect()
            }
            Over::Entries { key, value, .. } => key.iter().chain(value).copied().collect(),
        }
    }
}

/// One `case`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Comparisons with the subject, of which one must hold; empty: any subject will do.
    pub tests: Vec<Expr>,
    /// The captures, as assignments; they come before the guard.
    pub captures: Vec<Stmt>,
    /// The guard.
    pub guard: Option<Expr>,
    /// The body.
    pub body: Vec<Stmt>,
    /// The pattern.
    pub span: Span,
}

impl Case {
    /// Whether any subject will do.
    pub fn is_irrefutable(&self) -> bool {
        self.tests.is_empty() && self.guard.is_none()
    }
}

impl StmtKind {
    /// The blocks inside, in the order written; the captures of a case are one.
    pub fn blocks(&self) -> Vec<&[Stmt]> {
        match self {
            StmtKind::If { then, orelse, .. } => vec![then, orelse],
            StmtKind::While { body, orelse, .. } | StmtKind::For { body, orelse, .. } => vec![body, orelse],
            StmtKind::Match { cases, .. } => {
                cases.iter().flat_map(|c| [c.captures.as_slice(), c.body.as_slice()]).collect()
            }
            StmtKind::With { body, .. } => vec![body],
            _ => Vec::new(),
        }
    }
}

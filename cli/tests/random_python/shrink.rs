//! A failing program, made smaller as long as it fails in the same way.
//!
//! Promises: it ends; what comes out is a program that fails. Leaves out: the smallest one there is.

use crate::program::{Expr, Program, Stmt, Target};
use crate::{Failure, Tester};

/// Most programs that are tried.
const TRIES: usize = 600;

/// A smaller program that fails in the same way, and how it fails.
pub(crate) fn smallest(
    tester: &mut Tester,
    program: &Program,
    failure: &Failure,
    seed: u64,
) -> (Program, Failure) {
    let (mut best, mut reason, mut tries) = (program.clone(), failure.clone(), 0);
    let fails = |tester: &mut Tester, program: &Program| {
        let found = tester.test(std::slice::from_ref(program), seed);
        found.into_iter().map(|(_, f)| f).find(|f| f.kind == failure.kind)
    };
    // Alone it may not fail: then it is the file that does, and stays as it is.
    match fails(tester, &best) {
        Some(found) => reason = found,
        None => {
            return (best, Failure { detail: format!("only beside others: {}", failure.detail), ..reason });
        }
    }
    let mut at = 0;
    while tries < TRIES {
        let mut smaller = best.clone();
        let mut step = Step { left: at };
        if !step.take(&mut smaller) {
            break;
        }
        if smaller == best {
            at += 1;
            continue;
        }
        tries += 1;
        match fails(tester, &smaller) {
            // The same step again: what is there now is another thing.
            Some(found) => (best, reason) = (smaller, found),
            None => at += 1,
        }
    }
    (best, reason)
}

/// Walks over a program and changes one thing: the one that is `left` things away.
struct Step {
    left: usize,
}

impl Step {
    /// Whether there was such a thing.
    fn take(&mut self, program: &mut Program) -> bool {
        if self.block(&mut program.body) {
            return true;
        }
        for index in (0..program.subprograms.len()).rev() {
            if self.now() {
                program.subprograms.remove(index);
                return true;
            }
            if self.block(&mut program.subprograms[index].body) {
                return true;
            }
        }
        for index in (0..program.maps.len()).rev() {
            if self.now() {
                program.maps.remove(index);
                return true;
            }
        }
        for index in (0..program.globals.len()).rev() {
            if self.now() {
                program.globals.remove(index);
                return true;
            }
        }
        for index in (0..program.structs.len()).rev() {
            if self.now() {
                program.structs.remove(index);
                return true;
            }
        }
        false
    }

    fn now(&mut self) -> bool {
        if self.left == 0 {
            return true;
        }
        self.left -= 1;
        false
    }

    fn block(&mut self, body: &mut Vec<Stmt>) -> bool {
        // From the end: what is behind needs what is before.
        for index in (0..body.len()).rev() {
            if self.now() {
                body.remove(index);
                return true;
            }
        }
        for index in 0..body.len() {
            for inner in inner_blocks(&mut body[index]) {
                if self.now() {
                    let inner = std::mem::take(inner);
                    body.splice(index..=index, inner);
                    return true;
                }
            }
            for inner in inner_blocks(&mut body[index]) {
                if self.block(inner) {
                    return true;
                }
            }
            for e in expressions(&mut body[index]) {
                if self.expr(e) {
                    return true;
                }
            }
        }
        false
    }

    fn expr(&mut self, e: &mut Expr) -> bool {
        let children = parts(e).len();
        for index in 0..children {
            if self.now() {
                *e = parts(e)[index].clone();
                return true;
            }
        }
        for small in [0, 1] {
            if !matches!(e, Expr::Int(0 | 1)) && self.now() {
                *e = Expr::Int(small);
                return true;
            }
        }
        if let Expr::Logical(_, values) | Expr::In(_, values) = e
            && values.len() > 1
            && self.now()
        {
            values.pop();
            return true;
        }
        if let Expr::Compare(_, rest) = e
            && rest.len() > 1
            && self.now()
        {
            rest.pop();
            return true;
        }
        parts(e).into_iter().any(|part| self.expr(part))
    }
}

fn inner_blocks(stmt: &mut Stmt) -> Vec<&mut Vec<Stmt>> {
    match stmt {
        Stmt::If(_, a, b)
        | Stmt::While { body: a, orelse: b, .. }
        | Stmt::For { body: a, orelse: b, .. }
        | Stmt::Lookup { found: a, missing: b, .. } => vec![a, b],
        _ => Vec::new(),
    }
}

fn of_target(target: &mut Target) -> Option<&mut Expr> {
    match target {
        Target::Item(_, index) => Some(index),
        Target::Name(_) => None,
    }
}

fn expressions(stmt: &mut Stmt) -> Vec<&mut Expr> {
    match stmt {
        Stmt::Line(_) => Vec::new(),
        Stmt::Assign(targets, value) => {
            targets.iter_mut().filter_map(of_target).chain(std::iter::once(value)).collect()
        }
        Stmt::Update(target, _, value) => of_target(target).into_iter().chain([value]).collect(),
        Stmt::Unpack(targets, values) => targets.iter_mut().filter_map(of_target).chain(values).collect(),
        Stmt::Declare(_, _, value)
        | Stmt::Delete(_, value)
        | Stmt::Assert(value)
        | Stmt::Return(value)
        | Stmt::If(value, ..)
        | Stmt::While { test: value, .. }
        | Stmt::Lookup { key: value, .. } => vec![value],
        Stmt::For { bounds, .. } => bounds.iter_mut().collect(),
        Stmt::Print(values) => values.iter_mut().collect(),
    }
}

fn parts(e: &mut Expr) -> Vec<&mut Expr> {
    match e {
        Expr::Int(_) | Expr::Bool(_) | Expr::Name(_) => Vec::new(),
        Expr::Index(_, a) | Expr::Unary(_, a) | Expr::Not(a) | Expr::Walrus(_, a) | Expr::InMap(a, _) => {
            vec![a]
        }
        Expr::Binary(_, a, b) => vec![a, b],
        Expr::Compare(a, rest) => std::iter::once(&mut **a).chain(rest.iter_mut().map(|(_, e)| e)).collect(),
        Expr::Logical(_, values) | Expr::Call(_, values) => values.iter_mut().collect(),
        Expr::If(test, a, b) => vec![a, b, test],
        Expr::In(a, items) => std::iter::once(&mut **a).chain(items).collect(),
    }
}

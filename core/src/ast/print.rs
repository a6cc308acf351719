//! The text form of the syntax tree: Python, with every bracket written out.
//!
//! Promises: the same tree gives the same text; what the language leaves out is `<its name>`. Leaves out: comments,
//! blank lines and the user's own brackets, which the tree does not keep.

use super::{
    Alias, ClassDef, Expr, ExprKind, FPart, FunctionDef, Keyword, Module, Pattern, PatternKind, Stmt,
    StmtKind, UnaryOp,
};
use std::fmt::Write as _;

/// The text of a file's tree.
pub fn print(module: &Module) -> String {
    let mut printer = Printer { out: String::new(), indent: 0 };
    printer.block(&module.body);
    printer.out
}

struct Printer {
    out: String,
    indent: usize,
}

impl Printer {
    fn line(&mut self, text: &str) {
        let _ = writeln!(self.out, "{:width$}{text}", "", width = self.indent * 4);
    }

    fn block(&mut self, block: &[Stmt]) {
        for stmt in block {
            self.stmt(stmt);
        }
    }

    fn inner(&mut self, head: &str, block: &[Stmt]) {
        self.line(head);
        self.indent += 1;
        self.block(block);
        self.indent -= 1;
    }

    fn orelse(&mut self, block: &[Stmt]) {
        if !block.is_empty() {
            self.inner("else:", block);
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::FunctionDef(def) => self.function(def),
            StmtKind::ClassDef(def) => self.class(def),
            StmtKind::Return(None) => self.line("return"),
            StmtKind::Return(Some(value)) => self.line(&format!("return {}", expr(value))),
            StmtKind::Delete(targets) => self.line(&format!("del {}", list(targets))),
            StmtKind::Assign { targets, value } => {
                let targets: String = targets.iter().map(|t| format!("{} = ", expr(t))).collect();
                self.line(&format!("{targets}{}", expr(value)));
            }
            StmtKind::AugAssign { target, op, value } => {
                self.line(&format!("{} {}= {}", expr(target), op.as_str(), expr(value)));
            }
            StmtKind::AnnAssign { target, annotation, value } => {
                let value = value.as_ref().map(|v| format!(" = {}", expr(v))).unwrap_or_default();
                self.line(&format!("{}: {}{value}", expr(target), expr(annotation)));
            }
            StmtKind::For { target, iter, body, orelse } => {
                self.inner(&format!("for {} in {}:", expr(target), expr(iter)), body);
                self.orelse(orelse);
            }
            StmtKind::While { test, body, orelse } => {
                self.inner(&format!("while {}:", expr(test)), body);
                self.orelse(orelse);
            }
            StmtKind::If { test, body, orelse } => {
                self.inner(&format!("if {}:", expr(test)), body);
                self.orelse(orelse);
            }
            StmtKind::With { items, body } => {
                let items: Vec<String> = items
                    .iter()
                    .map(|(e, target)| match target {
                        Some(target) => format!("{} as {}", expr(e), expr(target)),
                        None => expr(e),
                    })
                    .collect();
                self.inner(&format!("with {}:", items.join(", ")), body);
            }
            StmtKind::Match { subject, cases } => {
                self.line(&format!("match {}:", expr(subject)));
                self.indent += 1;
                for case in cases {
                    let guard = case.guard.as_ref().map(|g| format!(" if {}", expr(g))).unwrap_or_default();
                    self.inner(&format!("case {}{guard}:", pattern(&case.pattern)), &case.body);
                }
                self.indent -= 1;
            }
            StmtKind::Assert { test, message } => {
                let message = message.as_ref().map(|m| format!(", {}", expr(m))).unwrap_or_default();
                self.line(&format!("assert {}{message}", expr(test)));
            }
            StmtKind::Import(names) => self.line(&format!("import {}", aliases(names))),
            StmtKind::ImportFrom { module, names } => {
                self.line(&format!("from {} import {}", module.text, aliases(names)));
            }
            StmtKind::Global(names) => {
                let names: Vec<&str> = names.iter().map(|n| n.text.as_str()).collect();
                self.line(&format!("global {}", names.join(", ")));
            }
            StmtKind::Expr(e) => self.line(&expr(e)),
            StmtKind::Pass => self.line("pass"),
            StmtKind::Break => self.line("break"),
            StmtKind::Continue => self.line("continue"),
            StmtKind::Unsupported(name) => self.line(&format!("<{name}>")),
        }
    }

    fn decorators(&mut self, decorators: &[Expr]) {
        for decorator in decorators {
            self.line(&format!("@{}", expr(decorator)));
        }
    }

    fn function(&mut self, def: &FunctionDef) {
        self.decorators(&def.decorators);
        let mut params: Vec<String> = def
            .params
            .iter()
            .map(|p| {
                let annotation = p.annotation.as_ref().map(|a| format!(": {}", expr(a))).unwrap_or_default();
                let default = p.default.as_ref().map(|d| format!(" = {}", expr(d))).unwrap_or_default();
                format!("{}{annotation}{default}", p.name.text)
            })
            .collect();
        params.extend(def.unsupported_param.map(|(_, name)| format!("<{name}>")));
        let returns = def.returns.as_ref().map(|r| format!(" -> {}", expr(r))).unwrap_or_default();
        let word = if def.is_async { "async def" } else { "def" };
        self.inner(&format!("{word} {}({}){returns}:", def.name.text, params.join(", ")), &def.body);
    }

    fn class(&mut self, def: &ClassDef) {
        self.decorators(&def.decorators);
        let mut bases: Vec<String> = def.bases.iter().map(expr).collect();
        bases.extend(def.keywords.iter().map(keyword));
        let bases = if bases.is_empty() { String::new() } else { format!("({})", bases.join(", ")) };
        self.inner(&format!("class {}{bases}:", def.name.text), &def.body);
    }
}

fn list(exprs: &[Expr]) -> String {
    exprs.iter().map(expr).collect::<Vec<_>>().join(", ")
}

fn aliases(names: &[Alias]) -> String {
    let alias = |a: &Alias| match &a.rename {
        Some(rename) => format!("{} as {}", a.name.text, rename.text),
        None => a.name.text.clone(),
    };
    names.iter().map(alias).collect::<Vec<_>>().join(", ")
}

fn keyword(keyword: &Keyword) -> String {
    match &keyword.name {
        Some(name) => format!("{}={}", name.text, expr(&keyword.value)),
        None => format!("**{}", expr(&keyword.value)),
    }
}

fn pattern(pattern: &Pattern) -> String {
    match &pattern.kind {
        PatternKind::Value(e) | PatternKind::Singleton(e) => expr(e),
        PatternKind::Or(all) => all.iter().map(self::pattern).collect::<Vec<_>>().join(" | "),
        PatternKind::Capture(None, name) => name.text.clone(),
        PatternKind::Capture(Some(inner), name) => format!("{} as {}", self::pattern(inner), name.text),
        PatternKind::Wildcard => "_".to_owned(),
        PatternKind::Unsupported(name) => format!("<{name}>"),
    }
}

/// An expression; one that has operators stands in brackets.
fn expr(e: &Expr) -> String {
    match &e.kind {
        ExprKind::Name(name) => name.clone(),
        ExprKind::Int(Some(value)) => value.to_string(),
        ExprKind::Int(None) => "<number>".to_owned(),
        ExprKind::Bool(true) => "True".to_owned(),
        ExprKind::Bool(false) => "False".to_owned(),
        ExprKind::None => "None".to_owned(),
        ExprKind::Str(text) => format!("{text:?}"),
        ExprKind::Bytes(bytes) => format!("b\"{}\"", bytes.escape_ascii()),
        ExprKind::FString(parts) => {
            let mut out = "f\"".to_owned();
            for part in parts {
                match part {
                    FPart::Text(text) => {
                        let text = text.escape_debug().to_string();
                        out.push_str(&text.replace('{', "{{").replace('}', "}}"));
                    }
                    FPart::Value { value, conversion, spec } => {
                        let conversion = conversion.map(|c| format!("!{c}")).unwrap_or_default();
                        let spec = spec.as_ref().map(|s| format!(":{s}")).unwrap_or_default();
                        let _ = write!(out, "{{{}{conversion}{spec}}}", expr(value));
                    }
                }
            }
            out.push('"');
            out
        }
        ExprKind::BoolOp { and, values } => {
            let word = if *and { " and " } else { " or " };
            format!("({})", values.iter().map(expr).collect::<Vec<_>>().join(word))
        }
        ExprKind::Binary { op, left, right } => {
            format!("({} {} {})", expr(left), op.as_str(), expr(right))
        }
        ExprKind::Unary { op, operand } => {
            let op = match op {
                UnaryOp::Not => "not ",
                UnaryOp::Neg => "-",
                UnaryOp::Plus => "+",
                UnaryOp::Invert => "~",
            };
            format!("({op}{})", expr(operand))
        }
        ExprKind::Compare { first, rest } => {
            let rest: String = rest.iter().map(|(op, e)| format!(" {} {}", op.as_str(), expr(e))).collect();
            format!("({}{rest})", expr(first))
        }
        ExprKind::IfExp { test, then, orelse } => {
            format!("({} if {} else {})", expr(then), expr(test), expr(orelse))
        }
        ExprKind::Call { func, args, keywords } => {
            let all: Vec<String> = args.iter().map(expr).chain(keywords.iter().map(keyword)).collect();
            format!("{}({})", expr(func), all.join(", "))
        }
        ExprKind::Attribute { value, attr } => format!("{}.{}", expr(value), attr.text),
        ExprKind::Subscript { value, index } => format!("{}[{}]", expr(value), expr(index)),
        ExprKind::Tuple(items) if items.len() == 1 => format!("({},)", list(items)),
        ExprKind::Tuple(items) => format!("({})", list(items)),
        ExprKind::List(items) => format!("[{}]", list(items)),
        ExprKind::Walrus { target, value } => format!("({} := {})", target.text, expr(value)),
        ExprKind::Unsupported(name) => format!("<{name}>"),
    }
}

//! The door to the parser: the one place that names `rustpython_parser`.
//!
//! Promises: any text gives a tree or a diagnostic, in bounded time and depth. Leaves out: judging the program.

use super::scan::scan;
use super::{
    Alias, BinaryOp, ClassDef, CompareOp, Expr, ExprKind, FPart, FunctionDef, Keyword, MatchCase, Module,
    Name, Param, Passed, Pattern, PatternKind, Stmt, StmtKind, UnaryOp,
};
use crate::diag::Diagnostic;
use crate::source::{FileId, Span};
use rustpython_parser::ast::{self as py, Ranged};
use rustpython_parser::{ParseErrorType, lexer::LexicalErrorType};

/// Trees deeper than this are refused.
const MAX_DEPTH: u32 = 400;

/// Parses a file.
pub fn parse(file: FileId, text: &str) -> Result<Module, Diagnostic> {
    scan(file, text)?;
    let parsed = rustpython_parser::parse(text, rustpython_parser::Mode::Module, "")
        .map_err(|e| syntax_error(file, text, &e))?;
    let py::Mod::Module(module) = parsed else {
        return Ok(Module { file, body: Vec::new(), modules: Vec::new() });
    };
    let mut door = Door { file, text, depth: 0, too_deep: None };
    let body = door.block(&module.body);
    if let Some(span) = door.too_deep {
        return Err(Diagnostic::error("too-deep", "the statement is nested too deep")
            .at(span)
            .help("split it into several statements"));
    }
    Ok(Module { file, body, modules: Vec::new() })
}

fn syntax_error(file: FileId, text: &str, error: &rustpython_parser::ParseError) -> Diagnostic {
    let at = u32::from(error.offset).min(text.len() as u32);
    // The parser counts from the start of a token; show the whole of a word.
    let rest = text.get(at as usize..).unwrap_or("");
    let width =
        rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').map(char::len_utf8).sum::<usize>();
    let width =
        if width == 0 { rest.chars().next().filter(|c| *c != '\n').map_or(0, char::len_utf8) } else { width };
    let message = match &error.error {
        ParseErrorType::Eof => "the file ends in the middle of a statement".to_owned(),
        ParseErrorType::ExtraToken(token) => format!("unexpected {token}"),
        ParseErrorType::InvalidToken => "this is no Python".to_owned(),
        ParseErrorType::UnrecognizedToken(token, expected) => match expected {
            Some(expected) => format!("unexpected {token}, expected {expected}"),
            None => format!("unexpected {token}"),
        },
        ParseErrorType::Lexical(LexicalErrorType::IndentationError) => {
            "the indentation does not match an outer block".to_owned()
        }
        ParseErrorType::Lexical(error) => {
            let text = error.to_string();
            text.trim_end_matches('.').to_owned()
        }
    };
    // Tokens print with their line breaks.
    let message = message.replace("'\\n'", "end of line").replace('\n', "end of line");
    Diagnostic::error("syntax-error", message).at(Span::new(file, at, at + width as u32))
}

/// What `def` and `async def` have in common.
struct Header<'a> {
    name: &'a py::Identifier,
    args: &'a py::Arguments,
    decorators: &'a [py::Expr],
    returns: Option<&'a py::Expr>,
    body: &'a [py::Stmt],
    is_async: bool,
}

struct Door<'a> {
    file: FileId,
    text: &'a str,
    depth: u32,
    too_deep: Option<Span>,
}

impl Door<'_> {
    fn span(&self, node: &impl Ranged) -> Span {
        let range = node.range();
        Span::new(self.file, range.start().into(), range.end().into())
    }

    fn block(&mut self, body: &[py::Stmt]) -> Vec<Stmt> {
        body.iter().map(|s| self.stmt(s)).collect()
    }

    /// The span of an identifier that follows `keyword` somewhere in `span`.
    fn name_in(&self, name: &str, span: Span, behind: &str) -> Name {
        let text = self.text.get(span.lo as usize..span.hi as usize).unwrap_or("");
        let from = text.find(behind).map_or(0, |i| i + behind.len());
        let lo = text[from..].find(name).map_or(span.lo, |i| span.lo + (from + i) as u32);
        Name { text: name.to_owned(), span: Span::new(self.file, lo, lo + name.len() as u32) }
    }

    fn deep<T>(&mut self, span: Span, otherwise: T, f: impl FnOnce(&mut Self) -> T) -> T {
        if self.depth >= MAX_DEPTH {
            self.too_deep.get_or_insert(span);
            return otherwise;
        }
        self.depth += 1;
        let value = f(self);
        self.depth -= 1;
        value
    }

    fn stmt(&mut self, stmt: &py::Stmt) -> Stmt {
        let span = self.span(stmt);
        let kind = self.deep(span, StmtKind::Pass, |door| door.stmt_kind(stmt, span));
        Stmt { kind, span }
    }

    fn stmt_kind(&mut self, stmt: &py::Stmt, span: Span) -> StmtKind {
        match stmt {
            py::Stmt::FunctionDef(def) => {
                let header = Header {
                    name: &def.name,
                    args: &def.args,
                    decorators: &def.decorator_list,
                    returns: def.returns.as_deref(),
                    body: &def.body,
                    is_async: false,
                };
                self.function(&header, span)
            }
            py::Stmt::AsyncFunctionDef(def) => {
                let header = Header {
                    name: &def.name,
                    args: &def.args,
                    decorators: &def.decorator_list,
                    returns: def.returns.as_deref(),
                    body: &def.body,
                    is_async: true,
                };
                self.function(&header, span)
            }
            py::Stmt::ClassDef(def) => {
                let decorators = self.exprs(&def.decorator_list);
                let from = decorators.last().map_or(span.lo, |d| d.span.hi);
                let name = self.name_in(def.name.as_str(), Span { lo: from, ..span }, "class");
                StmtKind::ClassDef(ClassDef {
                    name,
                    decorators,
                    bases: self.exprs(&def.bases),
                    keywords: self.keywords(&def.keywords),
                    body: self.block(&def.body),
                })
            }
            py::Stmt::Return(s) => StmtKind::Return(s.value.as_deref().map(|e| self.expr(e))),
            py::Stmt::Delete(s) => StmtKind::Delete(self.exprs(&s.targets)),
            py::Stmt::Assign(s) => {
                StmtKind::Assign { targets: self.exprs(&s.targets), value: self.expr(&s.value) }
            }
            py::Stmt::AugAssign(s) => StmtKind::AugAssign {
                target: self.expr(&s.target),
                op: operator(s.op),
                value: self.expr(&s.value),
            },
            py::Stmt::AnnAssign(s) => StmtKind::AnnAssign {
                target: self.expr(&s.target),
                annotation: self.expr(&s.annotation),
                value: s.value.as_deref().map(|e| self.expr(e)),
            },
            py::Stmt::For(s) => StmtKind::For {
                target: self.expr(&s.target),
                iter: self.expr(&s.iter),
                body: self.block(&s.body),
                orelse: self.block(&s.orelse),
            },
            py::Stmt::While(s) => StmtKind::While {
                test: self.expr(&s.test),
                body: self.block(&s.body),
                orelse: self.block(&s.orelse),
            },
            py::Stmt::If(s) => StmtKind::If {
                test: self.expr(&s.test),
                body: self.block(&s.body),
                orelse: self.block(&s.orelse),
            },
            py::Stmt::With(s) => {
                let items = s.items.iter();
                let items = items
                    .map(|i| (self.expr(&i.context_expr), i.optional_vars.as_deref().map(|e| self.expr(e))))
                    .collect();
                StmtKind::With { items, body: self.block(&s.body) }
            }
            py::Stmt::Match(s) => {
                let subject = self.expr(&s.subject);
                let cases = s.cases.iter().map(|c| MatchCase {
                    pattern: self.pattern(&c.pattern),
                    guard: c.guard.as_deref().map(|e| self.expr(e)),
                    body: self.block(&c.body),
                });
                StmtKind::Match { subject, cases: cases.collect() }
            }
            py::Stmt::Assert(s) => {
                StmtKind::Assert { test: self.expr(&s.test), message: s.msg.as_deref().map(|e| self.expr(e)) }
            }
            py::Stmt::Import(s) => StmtKind::Import(self.aliases(&s.names)),
            py::Stmt::ImportFrom(s) => {
                let dots = s.level.map_or(0, |l| l.to_usize());
                let text = format!("{}{}", ".".repeat(dots), s.module.as_ref().map_or("", |m| m.as_str()));
                let place = self.name_in(&text, span, "from").span;
                StmtKind::ImportFrom { module: Name { text, span: place }, names: self.aliases(&s.names) }
            }
            py::Stmt::Global(s) => {
                StmtKind::Global(s.names.iter().map(|n| self.name_in(n.as_str(), span, "global")).collect())
            }
            py::Stmt::Expr(s) => StmtKind::Expr(self.expr(&s.value)),
            py::Stmt::Pass(_) => StmtKind::Pass,
            py::Stmt::Break(_) => StmtKind::Break,
            py::Stmt::Continue(_) => StmtKind::Continue,
            py::Stmt::AsyncFor(_) => StmtKind::Unsupported("async for"),
            py::Stmt::AsyncWith(_) => StmtKind::Unsupported("async with"),
            py::Stmt::TypeAlias(_) => StmtKind::Unsupported("type"),
            py::Stmt::Raise(_) => StmtKind::Unsupported("raise"),
            py::Stmt::Try(_) | py::Stmt::TryStar(_) => StmtKind::Unsupported("try"),
            py::Stmt::Nonlocal(_) => StmtKind::Unsupported("nonlocal"),
        }
    }

    fn function(&mut self, def: &Header<'_>, span: Span) -> StmtKind {
        let decorators = self.exprs(def.decorators);
        let from = decorators.last().map_or(span.lo, |d| d.span.hi);
        let name = self.name_in(def.name.as_str(), Span { lo: from, ..span }, "def");
        let args = def.args;
        let mut unsupported_param = None;
        if let Some(arg) = &args.vararg {
            unsupported_param = Some((self.span(&**arg), "*args"));
        } else if let Some(arg) = &args.kwarg {
            unsupported_param = Some((self.span(&**arg), "**kwargs"));
        }
        let groups = [
            (Passed::Position, &args.posonlyargs),
            (Passed::Either, &args.args),
            (Passed::Keyword, &args.kwonlyargs),
        ];
        let all = groups.into_iter().flat_map(|(passed, params)| params.iter().map(move |a| (passed, a)));
        let params = all
            .map(|(passed, a)| Param {
                passed,
                name: Name {
                    text: a.def.arg.to_string(),
                    span: {
                        let s = self.span(&a.def);
                        Span { hi: s.lo + a.def.arg.len() as u32, ..s }
                    },
                },
                annotation: a.def.annotation.as_deref().map(|e| self.expr(e)),
                default: a.default.as_deref().map(|e| self.expr(e)),
            })
            .collect();
        StmtKind::FunctionDef(FunctionDef {
            name,
            decorators,
            params,
            unsupported_param,
            returns: def.returns.map(|e| self.expr(e)),
            is_async: def.is_async,
            body: self.block(def.body),
        })
    }

    fn aliases(&self, names: &[py::Alias]) -> Vec<Alias> {
        let alias = |a: &py::Alias| {
            let span = self.span(a);
            let name =
                Name { text: a.name.to_string(), span: Span { hi: span.lo + a.name.len() as u32, ..span } };
            let rename = a.asname.as_ref().map(|n| Name {
                text: n.to_string(),
                span: Span { lo: span.hi.saturating_sub(n.len() as u32), ..span },
            });
            Alias { name, rename }
        };
        names.iter().map(alias).collect()
    }

    fn keywords(&mut self, keywords: &[py::Keyword]) -> Vec<Keyword> {
        let keyword = |k: &py::Keyword| {
            let span = self.span(k);
            let name = k
                .arg
                .as_ref()
                .map(|n| Name { text: n.to_string(), span: Span { hi: span.lo + n.len() as u32, ..span } });
            Keyword { name, value: self.expr(&k.value) }
        };
        keywords.iter().map(keyword).collect()
    }

    fn pattern(&mut self, pattern: &py::Pattern) -> Pattern {
        let span = self.span(pattern);
        let name = |n: &py::Identifier, span: Span| Name {
            text: n.to_string(),
            span: Span { lo: span.hi.saturating_sub(n.len() as u32), ..span },
        };
        let kind = self.deep(span, PatternKind::Wildcard, |door| match pattern {
            py::Pattern::MatchValue(p) => PatternKind::Value(door.expr(&p.value)),
            py::Pattern::MatchSingleton(p) => {
                PatternKind::Singleton(Expr { kind: door.constant(&p.value), span })
            }
            py::Pattern::MatchOr(p) => PatternKind::Or(p.patterns.iter().map(|p| door.pattern(p)).collect()),
            py::Pattern::MatchAs(p) => match (&p.pattern, &p.name) {
                (None, None) => PatternKind::Wildcard,
                (inner, Some(n)) => {
                    PatternKind::Capture(inner.as_deref().map(|p| Box::new(door.pattern(p))), name(n, span))
                }
                (Some(inner), None) => door.pattern(inner).kind,
            },
            py::Pattern::MatchSequence(_) => PatternKind::Unsupported("sequence pattern"),
            py::Pattern::MatchMapping(_) => PatternKind::Unsupported("mapping pattern"),
            py::Pattern::MatchClass(_) => PatternKind::Unsupported("class pattern"),
            py::Pattern::MatchStar(_) => PatternKind::Unsupported("star pattern"),
        });
        Pattern { kind, span }
    }

    fn exprs(&mut self, exprs: &[py::Expr]) -> Vec<Expr> {
        exprs.iter().map(|e| self.expr(e)).collect()
    }

    fn boxed(&mut self, expr: &py::Expr) -> Box<Expr> {
        Box::new(self.expr(expr))
    }

    fn expr(&mut self, expr: &py::Expr) -> Expr {
        let span = self.span(expr);
        let kind = self.deep(span, ExprKind::None, |door| door.expr_kind(expr, span));
        Expr { kind, span }
    }

    fn expr_kind(&mut self, expr: &py::Expr, span: Span) -> ExprKind {
        match expr {
            py::Expr::Name(e) => ExprKind::Name(e.id.to_string()),
            py::Expr::Constant(e) => self.constant(&e.value),
            py::Expr::BoolOp(e) => {
                ExprKind::BoolOp { and: matches!(e.op, py::BoolOp::And), values: self.exprs(&e.values) }
            }
            py::Expr::BinOp(e) => ExprKind::Binary {
                op: operator(e.op),
                left: self.boxed(&e.left),
                right: self.boxed(&e.right),
            },
            py::Expr::UnaryOp(e) => {
                let op = match e.op {
                    py::UnaryOp::Not => UnaryOp::Not,
                    py::UnaryOp::USub => UnaryOp::Neg,
                    py::UnaryOp::UAdd => UnaryOp::Plus,
                    py::UnaryOp::Invert => UnaryOp::Invert,
                };
                ExprKind::Unary { op, operand: self.boxed(&e.operand) }
            }
            py::Expr::Compare(e) => {
                let first = self.boxed(&e.left);
                let rest =
                    e.ops.iter().zip(&e.comparators).map(|(op, c)| (comparison(*op), self.expr(c))).collect();
                ExprKind::Compare { first, rest }
            }
            py::Expr::IfExp(e) => ExprKind::IfExp {
                test: self.boxed(&e.test),
                then: self.boxed(&e.body),
                orelse: self.boxed(&e.orelse),
            },
            py::Expr::Call(e) => ExprKind::Call {
                func: self.boxed(&e.func),
                args: self.exprs(&e.args),
                keywords: self.keywords(&e.keywords),
            },
            py::Expr::Attribute(e) => {
                let attr = e.attr.to_string();
                let place = Span { lo: span.hi.saturating_sub(attr.len() as u32), ..span };
                ExprKind::Attribute { value: self.boxed(&e.value), attr: Name { text: attr, span: place } }
            }
            py::Expr::Subscript(e) => {
                ExprKind::Subscript { value: self.boxed(&e.value), index: self.boxed(&e.slice) }
            }
            py::Expr::Tuple(e) => ExprKind::Tuple(self.exprs(&e.elts)),
            py::Expr::List(e) => ExprKind::List(self.exprs(&e.elts)),
            py::Expr::NamedExpr(e) => match &*e.target {
                py::Expr::Name(n) => ExprKind::Walrus {
                    target: Name { text: n.id.to_string(), span: self.span(&*e.target) },
                    value: self.boxed(&e.value),
                },
                _ => ExprKind::Unsupported("assignment expression"),
            },
            py::Expr::JoinedStr(e) => ExprKind::FString(e.values.iter().map(|v| self.fpart(v)).collect()),
            py::Expr::FormattedValue(_) => ExprKind::FString(vec![self.fpart(expr)]),
            py::Expr::Lambda(_) => ExprKind::Unsupported("lambda"),
            py::Expr::Dict(_) => ExprKind::Unsupported("dict"),
            py::Expr::Set(_) => ExprKind::Unsupported("set"),
            py::Expr::ListComp(_) => ExprKind::Unsupported("list comprehension"),
            py::Expr::SetComp(_) => ExprKind::Unsupported("set comprehension"),
            py::Expr::DictComp(_) => ExprKind::Unsupported("dict comprehension"),
            py::Expr::GeneratorExp(_) => ExprKind::Unsupported("generator expression"),
            py::Expr::Await(_) => ExprKind::Unsupported("await"),
            py::Expr::Yield(_) | py::Expr::YieldFrom(_) => ExprKind::Unsupported("yield"),
            py::Expr::Starred(_) => ExprKind::Unsupported("star expression"),
            py::Expr::Slice(_) => ExprKind::Unsupported("slice"),
        }
    }

    fn constant(&self, constant: &py::Constant) -> ExprKind {
        match constant {
            py::Constant::None => ExprKind::None,
            py::Constant::Bool(b) => ExprKind::Bool(*b),
            py::Constant::Str(s) => ExprKind::Str(s.clone()),
            py::Constant::Bytes(b) => ExprKind::Bytes(b.clone()),
            py::Constant::Int(i) => ExprKind::Int(i.to_string().parse().ok()),
            py::Constant::Tuple(items) => ExprKind::Tuple(
                items
                    .iter()
                    .map(|c| Expr { kind: self.constant(c), span: Span::new(self.file, 0, 0) })
                    .collect(),
            ),
            py::Constant::Float(_) => ExprKind::Unsupported("floating-point number"),
            py::Constant::Complex { .. } => ExprKind::Unsupported("complex number"),
            py::Constant::Ellipsis => ExprKind::Unsupported("..."),
        }
    }

    fn fpart(&mut self, value: &py::Expr) -> FPart {
        match value {
            py::Expr::Constant(c) => match &c.value {
                py::Constant::Str(s) => FPart::Text(s.clone()),
                _ => FPart::Text(String::new()),
            },
            py::Expr::FormattedValue(v) => {
                let conversion = match v.conversion {
                    py::ConversionFlag::None => None,
                    py::ConversionFlag::Str => Some('s'),
                    py::ConversionFlag::Ascii => Some('a'),
                    py::ConversionFlag::Repr => Some('r'),
                };
                let spec = match v.format_spec.as_deref() {
                    Some(py::Expr::JoinedStr(parts)) => match parts.values.as_slice() {
                        [] => Some(String::new()),
                        [py::Expr::Constant(c)] => c.value.as_str().map(ToOwned::to_owned),
                        // A spec that is computed: no format that the kernel knows.
                        _ => Some("{}".to_owned()),
                    },
                    _ => None,
                };
                FPart::Value { value: self.expr(&v.value), conversion, spec }
            }
            other => FPart::Value { value: self.expr(other), conversion: None, spec: None },
        }
    }
}

fn operator(op: py::Operator) -> BinaryOp {
    match op {
        py::Operator::Add => BinaryOp::Add,
        py::Operator::Sub => BinaryOp::Sub,
        py::Operator::Mult => BinaryOp::Mul,
        py::Operator::MatMult => BinaryOp::MatMul,
        py::Operator::Div => BinaryOp::Div,
        py::Operator::Mod => BinaryOp::Mod,
        py::Operator::Pow => BinaryOp::Pow,
        py::Operator::LShift => BinaryOp::Shl,
        py::Operator::RShift => BinaryOp::Shr,
        py::Operator::BitOr => BinaryOp::Or,
        py::Operator::BitXor => BinaryOp::Xor,
        py::Operator::BitAnd => BinaryOp::And,
        py::Operator::FloorDiv => BinaryOp::FloorDiv,
    }
}

fn comparison(op: py::CmpOp) -> CompareOp {
    match op {
        py::CmpOp::Eq => CompareOp::Eq,
        py::CmpOp::NotEq => CompareOp::Ne,
        py::CmpOp::Lt => CompareOp::Lt,
        py::CmpOp::LtE => CompareOp::Le,
        py::CmpOp::Gt => CompareOp::Gt,
        py::CmpOp::GtE => CompareOp::Ge,
        py::CmpOp::Is => CompareOp::Is,
        py::CmpOp::IsNot => CompareOp::IsNot,
        py::CmpOp::In => CompareOp::In,
        py::CmpOp::NotIn => CompareOp::NotIn,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test may panic")]
    use super::*;
    use crate::entity::Entity;

    fn code(text: &str) -> &'static str {
        parse(FileId::new(0), text).map_or_else(|d| d.code, |_| "ok")
    }

    #[test]
    fn spans_inside_f_strings_are_those_of_the_file() {
        let text = "def f():\n    print(f\"a {pid} b\")\n";
        let module = parse(FileId::new(0), text).unwrap();
        let StmtKind::FunctionDef(def) = &module.body[0].kind else { panic!() };
        assert_eq!(&text[def.name.span.lo as usize..def.name.span.hi as usize], "f");
        let StmtKind::Expr(Expr { kind: ExprKind::Call { args, .. }, .. }) = &def.body[0].kind else {
            panic!()
        };
        let ExprKind::FString(parts) = &args[0].kind else { panic!() };
        let FPart::Value { value, .. } = &parts[1] else { panic!() };
        assert_eq!(&text[value.span.lo as usize..value.span.hi as usize], "pid");
    }

    #[test]
    fn what_is_too_much_is_a_diagnostic() {
        std::thread::Builder::new()
            .stack_size(64 << 20)
            .spawn(|| {
                assert_eq!(code(&"(".repeat(10_000)), "too-deep");
                assert_eq!(code(&format!("x = {}1", "-".repeat(10_000))), "too-deep");
                assert_eq!(code(&format!("x = {}1 )", "-".repeat(60_000))), "syntax-error");
                assert_eq!(code(&format!("x = {}1", "1+".repeat(10_000))), "too-deep");
                assert_eq!(code(&format!("x = {}1", "1+".repeat(100_000))), "too-deep");
                assert_eq!(code(&format!("x = a{}", ".b".repeat(10_000))), "too-deep");
                let elifs = "elif b:\n    pass\n".repeat(20_000);
                assert_eq!(code(&format!("if a:\n    pass\n{elifs}")), "too-deep");
                let ifs: String =
                    (0..10_000).map(|i| format!("{}if a:\n", " ".repeat(i))).take(300).collect();
                assert_eq!(code(&ifs), "too-deep");
                assert_eq!(code(&"x = 1\n".repeat(900_000)), "file-too-large");
                assert_eq!(code("x = 1\0"), "syntax-error");
                assert_eq!(code("def f(:\n"), "syntax-error");
                assert_eq!(code("x = '''abc"), "syntax-error");
                assert_eq!(code(""), "ok");
                assert_eq!(code("\\"), "syntax-error");
            })
            .unwrap()
            .join()
            .unwrap();
    }
}

//! The syntax tree: Python as written, before any name means anything.
//!
//! Promises: every node has a span; what the language leaves out is kept as `Unsupported` with its Python name, because
//! outside decorated functions the file may use all of Python.
//! Leaves out: parsing, which is behind the door ([`parse`]).

mod door;
mod modules;
mod print;
mod scan;

pub use door::parse;
pub use modules::{imported_modules, submodule};
pub use print::print;

use crate::source::{FileId, Span};

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// The file.
    pub file: FileId,
    /// Its statements.
    pub body: Vec<Stmt>,
    /// The modules that it imports, by way of others too, in the order of their files.
    pub modules: Vec<Module>,
}

/// A name with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub text: String,
    /// The place.
    pub span: Span,
}

/// A statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stmt {
    /// What it is.
    pub kind: StmtKind,
    /// The place.
    pub span: Span,
}

/// What a statement is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StmtKind {
    /// `def`.
    FunctionDef(FunctionDef),
    /// `class`.
    ClassDef(ClassDef),
    /// `return`.
    Return(Option<Expr>),
    /// `del a, b`.
    Delete(Vec<Expr>),
    /// `a = b = value`.
    Assign {
        /// Targets, left to right.
        targets: Vec<Expr>,
        /// The value.
        value: Expr,
    },
    /// `target op= value`.
    AugAssign {
        /// The target.
        target: Expr,
        /// The operator.
        op: BinaryOp,
        /// The value.
        value: Expr,
    },
    /// `target: annotation = value`.
    AnnAssign {
        /// The target.
        target: Expr,
        /// The annotation.
        annotation: Expr,
        /// The value.
        value: Option<Expr>,
    },
    /// `for`.
    For {
        /// The loop variable.
        target: Expr,
        /// What is iterated.
        iter: Expr,
        /// The body.
        body: Vec<Stmt>,
        /// `else`.
        orelse: Vec<Stmt>,
    },
    /// `while`.
    While {
        /// The condition.
        test: Expr,
        /// The body.
        body: Vec<Stmt>,
        /// `else`.
        orelse: Vec<Stmt>,
    },
    /// `if`; `elif` is an `if` alone in `orelse`.
    If {
        /// The condition.
        test: Expr,
        /// The body.
        body: Vec<Stmt>,
        /// `else`.
        orelse: Vec<Stmt>,
    },
    /// `with`.
    With {
        /// Context expressions and the targets behind `as`.
        items: Vec<(Expr, Option<Expr>)>,
        /// The body.
        body: Vec<Stmt>,
    },
    /// `match`.
    Match {
        /// The subject.
        subject: Expr,
        /// The cases.
        cases: Vec<MatchCase>,
    },
    /// `assert test, message`.
    Assert {
        /// The condition.
        test: Expr,
        /// The message.
        message: Option<Expr>,
    },
    /// `import a.b as c`.
    Import(Vec<Alias>),
    /// `from module import a as b`.
    ImportFrom {
        /// The module; leading dots for a relative one.
        module: Name,
        /// The names; `*` as it stands.
        names: Vec<Alias>,
    },
    /// `global a, b`.
    Global(Vec<Name>),
    /// An expression.
    Expr(Expr),
    /// `pass`.
    Pass,
    /// `break`.
    Break,
    /// `continue`.
    Continue,
    /// A statement of Python's that the language leaves out, by name (`try`, `raise`, `async for`).
    Unsupported(&'static str),
}

/// `import` of one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The name imported.
    pub name: Name,
    /// The name behind `as`.
    pub rename: Option<Name>,
}

/// A `def`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionDef {
    /// The name.
    pub name: Name,
    /// Decorators, top to bottom.
    pub decorators: Vec<Expr>,
    /// Parameters.
    pub params: Vec<Param>,
    /// The place and name of a kind of parameter that the language leaves out (`*args`).
    pub unsupported_param: Option<(Span, &'static str)>,
    /// The annotation of the result.
    pub returns: Option<Expr>,
    /// Whether it is `async def`.
    pub is_async: bool,
    /// The body, docstring included.
    pub body: Vec<Stmt>,
}

/// How an argument may be passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passed {
    /// Before `/`.
    Position,
    /// By position or by name.
    Either,
    /// Behind `*`.
    Keyword,
}

/// A parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    /// The name.
    pub name: Name,
    /// How its argument may be passed.
    pub passed: Passed,
    /// The annotation.
    pub annotation: Option<Expr>,
    /// The default.
    pub default: Option<Expr>,
}

/// A `class`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassDef {
    /// The name.
    pub name: Name,
    /// Decorators, top to bottom.
    pub decorators: Vec<Expr>,
    /// Bases.
    pub bases: Vec<Expr>,
    /// Keywords (`metaclass=...`).
    pub keywords: Vec<Keyword>,
    /// The body, docstring included.
    pub body: Vec<Stmt>,
}

/// One `case`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchCase {
    /// The pattern.
    pub pattern: Pattern,
    /// The guard.
    pub guard: Option<Expr>,
    /// The body.
    pub body: Vec<Stmt>,
}

/// A pattern of a `case`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// What it is.
    pub kind: PatternKind,
    /// The place.
    pub span: Span,
}

/// What a pattern is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatternKind {
    /// A value (`1`, `XDP_PASS` behind a dot).
    Value(Expr),
    /// `True`, `False`, `None`.
    Singleton(Expr),
    /// `a | b`.
    Or(Vec<Pattern>),
    /// `name`, or `pattern as name`.
    Capture(Option<Box<Pattern>>, Name),
    /// `_`.
    Wildcard,
    /// A pattern that the language leaves out, by name.
    Unsupported(&'static str),
}

/// A keyword argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyword {
    /// The name; none for `**rest`.
    pub name: Option<Name>,
    /// The value.
    pub value: Expr,
}

/// An expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// The place.
    pub span: Span,
}

/// What an expression is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExprKind {
    /// A name.
    Name(String),
    /// An integer; none if it does not fit 128 bits.
    Int(Option<i128>),
    /// `True`, `False`.
    Bool(bool),
    /// `None`.
    None,
    /// Text.
    Str(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// An f-string.
    FString(Vec<FPart>),
    /// `a and b and c`, `a or b`.
    BoolOp {
        /// Whether it is `and`.
        and: bool,
        /// The operands, two or more.
        values: Vec<Expr>,
    },
    /// `a op b`.
    Binary {
        /// The operator.
        op: BinaryOp,
        /// Left.
        left: Box<Expr>,
        /// Right.
        right: Box<Expr>,
    },
    /// `op a`.
    Unary {
        /// The operator.
        op: UnaryOp,
        /// The operand.
        operand: Box<Expr>,
    },
    /// `a < b < c`.
    Compare {
        /// The first operand.
        first: Box<Expr>,
        /// Operators and the operands behind them.
        rest: Vec<(CompareOp, Expr)>,
    },
    /// `a if test else b`.
    IfExp {
        /// The condition.
        test: Box<Expr>,
        /// The value if true.
        then: Box<Expr>,
        /// The value if false.
        orelse: Box<Expr>,
    },
    /// `f(a, b, c=d)`.
    Call {
        /// What is called.
        func: Box<Expr>,
        /// Positional arguments.
        args: Vec<Expr>,
        /// Keyword arguments.
        keywords: Vec<Keyword>,
    },
    /// `a.b`.
    Attribute {
        /// The object.
        value: Box<Expr>,
        /// The name.
        attr: Name,
    },
    /// `a[b]`.
    Subscript {
        /// The object.
        value: Box<Expr>,
        /// The index.
        index: Box<Expr>,
    },
    /// `a, b`.
    Tuple(Vec<Expr>),
    /// `[a, b]`.
    List(Vec<Expr>),
    /// `name := value`.
    Walrus {
        /// The name.
        target: Name,
        /// The value.
        value: Box<Expr>,
    },
    /// An expression of Python's that the language leaves out, by name (`lambda`, `list comprehension`).
    Unsupported(&'static str),
}

/// A part of an f-string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FPart {
    /// Text.
    Text(String),
    /// `{value!c:spec}`.
    Value {
        /// The value.
        value: Expr,
        /// The character behind `!`.
        conversion: Option<char>,
        /// The text behind `:`, if it is plain text.
        spec: Option<String>,
    },
}

/// Binary operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each is Python's operator of that name")]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    FloorDiv,
    Mod,
    Pow,
    MatMul,
    Shl,
    Shr,
    And,
    Or,
    Xor,
}

impl BinaryOp {
    /// As written.
    pub fn as_str(self) -> &'static str {
        match self {
            BinaryOp::Add => "+",
            BinaryOp::Sub => "-",
            BinaryOp::Mul => "*",
            BinaryOp::Div => "/",
            BinaryOp::FloorDiv => "//",
            BinaryOp::Mod => "%",
            BinaryOp::Pow => "**",
            BinaryOp::MatMul => "@",
            BinaryOp::Shl => "<<",
            BinaryOp::Shr => ">>",
            BinaryOp::And => "&",
            BinaryOp::Or => "|",
            BinaryOp::Xor => "^",
        }
    }
}

/// Unary operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each is Python's operator of that name")]
pub enum UnaryOp {
    Not,
    Neg,
    Plus,
    Invert,
}

/// Comparison operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each is Python's operator of that name")]
pub enum CompareOp {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Is,
    IsNot,
    In,
    NotIn,
}

impl CompareOp {
    /// As written.
    pub fn as_str(self) -> &'static str {
        match self {
            CompareOp::Eq => "==",
            CompareOp::Ne => "!=",
            CompareOp::Lt => "<",
            CompareOp::Le => "<=",
            CompareOp::Gt => ">",
            CompareOp::Ge => ">=",
            CompareOp::Is => "is",
            CompareOp::IsNot => "is not",
            CompareOp::In => "in",
            CompareOp::NotIn => "not in",
        }
    }
}

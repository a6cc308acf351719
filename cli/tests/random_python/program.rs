//! Random programs as trees, and their text.
//!
//! Promises: every expression is a number, so that any of them may stand for any other and a smaller program is still one.
//! Leaves out: what is likely (`generator`) and what is smaller (`shrink`).

use std::fmt::Write as _;

/// An integer type of `ctypes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Int {
    pub(crate) bits: u8,
    pub(crate) signed: bool,
}

impl Int {
    pub(crate) const ALL: [Int; 8] = {
        let mut all = [Int { bits: 8, signed: false }; 8];
        let mut i = 0;
        while i < 8 {
            all[i] = Int { bits: 8 << (i / 2), signed: i % 2 == 1 };
            i += 1;
        }
        all
    };
    pub(crate) const I64: Int = Int { bits: 64, signed: true };
    pub(crate) const U64: Int = Int { bits: 64, signed: false };

    pub(crate) fn name(self) -> String {
        format!("c_{}int{}", if self.signed { "" } else { "u" }, self.bits)
    }

    pub(crate) fn size(self) -> usize {
        usize::from(self.bits) / 8
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expr {
    /// A number; `bool` tells whether it is written `True` or `False`.
    Int(i128),
    Bool(bool),
    /// A place that is read, as text: a local, a global, a field.
    Name(String),
    /// `array[index & mask]`, or unmasked.
    Index(String, Box<Expr>),
    Unary(&'static str, Box<Expr>),
    Binary(&'static str, Box<Expr>, Box<Expr>),
    Compare(Box<Expr>, Vec<(&'static str, Expr)>),
    /// `and` or `or`.
    Logical(&'static str, Vec<Expr>),
    Not(Box<Expr>),
    /// `a if test else b`, as test, a, b.
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    Walrus(String, Box<Expr>),
    /// `name(args)`: a cast, a built-in function, a subprogram, a map's method.
    Call(String, Vec<Expr>),
    /// `x in (a, b)`.
    In(Box<Expr>, Vec<Expr>),
    /// `key in map`.
    InMap(Box<Expr>, String),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Stmt {
    /// One line without expressions in it.
    Line(String),
    /// Targets and the value: `a = b = value`. A target may hold expressions: see [`Target`].
    Assign(Vec<Target>, Expr),
    /// `name: type = value`.
    Declare(String, String, Expr),
    Update(Target, &'static str, Expr),
    /// `a, b = x, y`.
    Unpack(Vec<Target>, Vec<Expr>),
    If(Expr, Vec<Stmt>, Vec<Stmt>),
    /// A counter from a value, a bound for it, the body.
    While {
        counter: String,
        limit: i128,
        test: Expr,
        body: Vec<Stmt>,
        orelse: Vec<Stmt>,
    },
    /// `for name in range(bounds)`.
    For {
        name: String,
        bounds: Vec<Expr>,
        body: Vec<Stmt>,
        orelse: Vec<Stmt>,
    },
    /// `name = map.lookup(key)` and what is done with it.
    Lookup {
        name: String,
        map: String,
        key: Expr,
        found: Vec<Stmt>,
        missing: Vec<Stmt>,
    },
    Delete(String, Expr),
    Print(Vec<Expr>),
    Assert(Expr),
    Return(Expr),
}

/// What is assigned to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Target {
    Name(String),
    Item(String, Expr),
}

/// A function of a program.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// Name and annotation.
    pub(crate) params: Vec<(String, Option<String>)>,
    pub(crate) returns: Option<String>,
    pub(crate) body: Vec<Stmt>,
}

/// A global variable.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Global {
    pub(crate) name: String,
    /// The type as text, and the initial value.
    pub(crate) ty: String,
    pub(crate) init: String,
    /// How many bytes it has, and where in it the numbers are: offset and type.
    pub(crate) size: usize,
    pub(crate) numbers: Vec<(usize, Int)>,
}

/// A map.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Map {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// A program with all that belongs to it alone; every name in it carries the program's number.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Program {
    pub(crate) name: String,
    pub(crate) structs: Vec<String>,
    pub(crate) globals: Vec<Global>,
    pub(crate) maps: Vec<Map>,
    pub(crate) subprograms: Vec<Function>,
    pub(crate) body: Vec<Stmt>,
}

/// The text of a file with these programs.
pub(crate) fn text(programs: &[Program], c: bool) -> String {
    let package = if c { "pythonbpf" } else { "pbpf" };
    let mut out = format!(
        "from ctypes import c_bool, c_int8, c_int16, c_int32, c_int64, c_uint8, c_uint16, c_uint32, c_uint64\n\n\
         from {package} import bpf, bpfglobal, map, section, struct\n\
         from {package}.maps import ArrayMap, HashMap\n"
    );
    for program in programs {
        out.push_str(&one(program));
    }
    out.push_str("\n\n@bpf\n@bpfglobal\ndef LICENSE() -> str:\n    return \"GPL\"\n");
    out
}

fn one(program: &Program) -> String {
    let mut out = String::new();
    for text in &program.structs {
        let _ = write!(out, "\n\n@bpf\n@struct\n{text}");
    }
    for global in &program.globals {
        let Global { name, ty, init, .. } = global;
        let _ = write!(out, "\n\n@bpf\n@bpfglobal\ndef {name}() -> {ty}:\n    return {init}\n");
    }
    for map in &program.maps {
        let _ = write!(out, "\n\n@bpf\n@map\ndef {}():\n    return {}\n", map.name, map.text);
    }
    let globals: Vec<&str> = program.globals.iter().map(|g| g.name.as_str()).collect();
    for function in &program.subprograms {
        function_text(&mut out, "@bpf", function, &globals);
    }
    let main = Function {
        name: program.name.clone(),
        params: vec![("ctx".to_owned(), None)],
        returns: None,
        body: program.body.clone(),
    };
    function_text(&mut out, "@bpf\n@section(\"xdp\")", &main, &globals);
    out
}

fn function_text(out: &mut String, decorators: &str, function: &Function, globals: &[&str]) {
    let params: Vec<String> = function
        .params
        .iter()
        .map(|(name, ty)| ty.as_ref().map_or(name.clone(), |ty| format!("{name}: {ty}")))
        .collect();
    let returns = function.returns.as_ref().map_or(String::new(), |ty| format!(" -> {ty}"));
    let _ = write!(out, "\n\n{decorators}\ndef {}({}){returns}:\n", function.name, params.join(", "));
    if !globals.is_empty() {
        let _ = writeln!(out, "    global {}", globals.join(", "));
    }
    block(out, &function.body, 1);
}

fn block(out: &mut String, body: &[Stmt], depth: usize) {
    if body.is_empty() {
        line(out, depth, "pass");
    }
    for stmt in body {
        statement(out, stmt, depth);
    }
}

fn line(out: &mut String, depth: usize, text: &str) {
    let _ = writeln!(out, "{}{text}", "    ".repeat(depth));
}

fn orelse(out: &mut String, body: &[Stmt], depth: usize) {
    if !body.is_empty() {
        line(out, depth, "else:");
        block(out, body, depth + 1);
    }
}

fn statement(out: &mut String, stmt: &Stmt, depth: usize) {
    match stmt {
        Stmt::Line(text) => line(out, depth, text),
        Stmt::Assign(targets, value) => {
            let targets: String = targets.iter().map(|t| format!("{} = ", target(t))).collect();
            line(out, depth, &format!("{targets}{}", expr(value)));
        }
        Stmt::Declare(name, ty, value) => line(out, depth, &format!("{name}: {ty} = {}", expr(value))),
        Stmt::Update(to, op, value) => line(out, depth, &format!("{} {op}= {}", target(to), expr(value))),
        Stmt::Unpack(targets, values) => {
            let targets: Vec<String> = targets.iter().map(target).collect();
            line(out, depth, &format!("{} = {}", targets.join(", "), list(values)));
        }
        Stmt::If(test, then, other) => {
            line(out, depth, &format!("if {}:", expr(test)));
            block(out, then, depth + 1);
            orelse(out, other, depth);
        }
        Stmt::While { counter, limit, test, body, orelse: other } => {
            line(out, depth, &format!("{counter} = 0"));
            line(out, depth, &format!("while {counter} < {limit} and {}:", expr(test)));
            line(out, depth + 1, &format!("{counter} += 1"));
            block(out, body, depth + 1);
            orelse(out, other, depth);
        }
        Stmt::For { name, bounds, body, orelse: other } => {
            line(out, depth, &format!("for {name} in range({}):", list(bounds)));
            block(out, body, depth + 1);
            orelse(out, other, depth);
        }
        Stmt::Lookup { name, map, key, found, missing } => {
            line(out, depth, &format!("{name} = {map}.lookup({})", expr(key)));
            line(out, depth, &format!("if {name} is not None:"));
            block(out, found, depth + 1);
            orelse(out, missing, depth);
        }
        Stmt::Delete(map, key) => line(out, depth, &format!("del {map}[{}]", expr(key))),
        Stmt::Print(values) => {
            // As numbers: of a truth value that became one, the type decides how it is printed, and CPython has no types.
            let parts: String = values.iter().map(|v| format!(", int({})", expr(v))).collect();
            line(out, depth, &format!("print(\"seen\"{parts})"));
        }
        Stmt::Assert(test) => line(out, depth, &format!("assert {}", expr(test))),
        Stmt::Return(value) => line(out, depth, &format!("return {}", expr(value))),
    }
}

fn target(target: &Target) -> String {
    match target {
        Target::Name(name) => name.clone(),
        Target::Item(base, index) => format!("{base}[{}]", expr(index)),
    }
}

fn list(values: &[Expr]) -> String {
    values.iter().map(expr).collect::<Vec<_>>().join(", ")
}

/// The text of an expression; in brackets wherever it could be taken apart.
pub(crate) fn expr(e: &Expr) -> String {
    match e {
        Expr::Int(n) if *n < 0 => format!("({n})"),
        Expr::Int(n) => n.to_string(),
        Expr::Bool(b) => if *b { "True" } else { "False" }.to_owned(),
        Expr::Name(name) => name.clone(),
        Expr::Index(base, index) => format!("{base}[{}]", expr(index)),
        Expr::Unary(op, a) => format!("({op}{})", expr(a)),
        Expr::Binary(op, a, b) => format!("({} {op} {})", expr(a), expr(b)),
        Expr::Compare(first, rest) => {
            let rest: String = rest.iter().map(|(op, e)| format!(" {op} {}", expr(e))).collect();
            format!("({}{rest})", expr(first))
        }
        Expr::Logical(op, values) => {
            format!("({})", values.iter().map(expr).collect::<Vec<_>>().join(&format!(" {op} ")))
        }
        Expr::Not(a) => format!("(not {})", expr(a)),
        Expr::If(test, a, b) => format!("({} if {} else {})", expr(a), expr(test), expr(b)),
        Expr::Walrus(name, value) => format!("({name} := {})", expr(value)),
        Expr::Call(name, args) => format!("{name}({})", list(args)),
        Expr::In(a, items) => format!("({} in ({},))", expr(a), list(items)),
        Expr::InMap(key, map) => format!("({} in {map})", expr(key)),
    }
}

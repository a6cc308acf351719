//! HIR: resolved, typed, structured.
//!
//! Names have become ids; each expression has a type once `infer` has run (before, its type is `void`). Control flow is
//! still Python's. Field names stay text: they belong to the record that the type names.
//!
//! Promises: a place ([`Place`]) is what can be assigned; evaluation order is the order of the fields here.
//! Leaves out: memory. Where a value lives is decided when MIR is made.

mod control;
mod format;
mod number;
mod print;

pub use control::{Case, Over};
pub use format::{Format, FormatKind};
pub use number::{Arithmetic, BinaryOp};
pub use print::print;

use crate::ast::CompareOp;
use crate::entity;
use crate::entity::Table;
use crate::registry::{HelperId, Holes, ProgramTypeId};
use crate::rows::{CType, Callback, Take};
use crate::source::{FileId, Span};
use crate::types::{Region, TypeId, Types};

pub use crate::mir::{
    ExternId, ExternKind, FieldQuery, FuncId, Global, GlobalId, Init, Linkage, Map, MapId, Query,
    RecordQuery, Section,
};

entity! {
    /// A local variable of a function, parameters included.
    LocalId, "local"
}

/// A file, resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// The file.
    pub file: FileId,
    /// `LICENSE`.
    pub license: Option<String>,
    /// All types.
    pub types: Types,
    /// Maps.
    pub maps: Table<MapId, Map>,
    /// Global variables.
    pub globals: Table<GlobalId, Global>,
    /// Variables of kernel structs of callbacks.
    pub struct_ops: Vec<StructOps>,
    /// Variables of the kernel, and options of its configuration.
    pub externals: Table<ExternId, External>,
    /// Functions.
    pub functions: Table<FuncId, Function>,
}

/// A variable of the kernel, or an option of its configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct External {
    /// The kernel's name.
    pub name: String,
    /// What it is.
    pub kind: ExternKind,
    /// The type of what it holds.
    pub ty: TypeId,
    /// Where it is. Of a variable that is read by its plain address the kernel's types say nothing.
    pub region: Region,
    /// Whether the object loads where the kernel has it not.
    pub weak: bool,
}

/// A variable of a kernel struct of callbacks, written as a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StructOps {
    /// The class.
    pub name: String,
    /// Its program type.
    pub program_type: ProgramTypeId,
    /// The kernel struct.
    pub record: String,
    /// Members set to plain values, with their types.
    pub members: Vec<(String, CType, StructOpsValue, Span)>,
    /// Callbacks: member and function.
    pub callbacks: Vec<(String, FuncId)>,
    /// Where.
    pub span: Span,
}

/// A plain member of a [`StructOps`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StructOpsValue {
    /// An integer.
    Int(i64),
    /// Text.
    Str(String),
}

/// A program: what the kernel calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The ELF section.
    pub section: String,
    /// Its type.
    pub program_type: ProgramTypeId,
    /// What stood in the holes of the section's pattern.
    pub holes: Holes,
    /// Which of the type's patterns matched; none for a callback.
    pub pattern: Option<usize>,
    /// Its row, for a callback.
    pub callback: Option<Box<Callback>>,
    /// What a failed check returns, where the program says it itself.
    pub fails: Option<i64>,
    /// Where the section is named.
    pub section_span: Span,
}

/// What a function is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FunctionKind {
    /// The kernel calls it.
    Program(Program),
    /// Programs of the file call it.
    Subprogram,
}

/// A function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// The name.
    pub name: String,
    /// What it is.
    pub kind: FunctionKind,
    /// Of a subprogram: how it is verified, and whether it stays a call.
    pub linkage: Linkage,
    /// The first locals are the parameters.
    pub params: Vec<LocalId>,
    /// The local that is the context, in a program that has one.
    pub context: Option<LocalId>,
    /// Of a subprogram that takes the context: a program whose context it is.
    pub program: Option<FuncId>,
    /// Locals.
    pub locals: Table<LocalId, Local>,
    /// The result as annotated; `infer` fills in what is not.
    pub ret: Option<TypeId>,
    /// The body.
    pub body: Vec<Stmt>,
    /// What arithmetic means in it.
    pub arithmetic: Arithmetic,
    /// The name's place.
    pub span: Span,
}

/// A local variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Local {
    /// The name.
    pub name: String,
    /// The annotated or inferred type.
    pub ty: TypeId,
    /// Whether the type was annotated.
    pub declared: bool,
    /// For a parameter of a program: how it is bound.
    pub binding: Option<Binding>,
    /// Where it is first bound.
    pub span: Span,
}

/// How a parameter of a program is bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// The context itself.
    Context,
    /// Argument of the traced function, event or callback.
    Argument(u32),
    /// What the traced function returned.
    Result,
}

/// A statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stmt {
    /// What it is.
    pub kind: StmtKind,
    /// Where.
    pub span: Span,
}

/// What a statement is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StmtKind {
    /// Evaluates for its effect.
    Expr(Expr),
    /// Evaluates the value, then stores it in each place.
    Assign {
        /// The places, left to right.
        places: Vec<Place>,
        /// The value.
        value: Expr,
    },
    /// `a, b = x, y`: evaluates all values, then stores them.
    Unpack {
        /// The places.
        places: Vec<Place>,
        /// As many values.
        values: Vec<Expr>,
    },
    /// `place op= value`; the place is evaluated once.
    Update {
        /// The place.
        place: Place,
        /// The operator.
        op: BinaryOp,
        /// The value.
        value: Expr,
        /// The type that the place's value is converted to before the operation, where that is not its own.
        through: Option<TypeId>,
    },
    /// `del m[k]`.
    Delete {
        /// The map.
        map: MapRef,
        /// The key.
        key: Expr,
    },
    /// `if`.
    If {
        /// The condition.
        test: Expr,
        /// If true.
        then: Vec<Stmt>,
        /// If false.
        orelse: Vec<Stmt>,
    },
    /// `while`.
    While {
        /// The condition.
        test: Expr,
        /// The body.
        body: Vec<Stmt>,
        /// Runs when the condition is false, not on `break`.
        orelse: Vec<Stmt>,
    },
    /// `for`; what is gone over is evaluated once.
    For {
        /// What is gone over, and the variables.
        over: Over,
        /// The body.
        body: Vec<Stmt>,
        /// Runs at the end, not on `break`.
        orelse: Vec<Stmt>,
    },
    /// `match`: the value is stored in a variable, then the first case whose tests and guard hold runs.
    Match {
        /// The variable.
        local: LocalId,
        /// The value.
        value: Expr,
        /// The cases.
        cases: Vec<Case>,
    },
    /// `with`: enters, runs the body, and leaves on every way out of it.
    With {
        /// The call that enters; before `infer` perhaps the lock.
        enter: Expr,
        /// The helper that leaves, with the arguments of the call that enters; none before `infer` has found it.
        leave: Option<HelperId>,
        /// The body.
        body: Vec<Stmt>,
    },
    /// `return`.
    Return(Option<Expr>),
    /// `assert`: returns the program type's default if false.
    Assert(Expr),
    /// `break`.
    Break,
    /// `continue`.
    Continue,
    /// `pass`.
    Pass,
}

/// What an atomic operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Atomic {
    /// Adds.
    Add,
    /// Subtracts.
    Sub,
    /// Keeps the bits that both have.
    And,
    /// Sets bits.
    Or,
    /// Flips bits.
    Xor,
    /// Stores.
    Exchange,
}

impl Atomic {
    /// All, by the name of the function.
    pub const ALL: [(&'static str, Atomic); 6] = [
        ("atomic_add", Atomic::Add),
        ("atomic_sub", Atomic::Sub),
        ("atomic_and", Atomic::And),
        ("atomic_or", Atomic::Or),
        ("atomic_xor", Atomic::Xor),
        ("atomic_exchange", Atomic::Exchange),
    ];

    /// The name of the function.
    pub fn name(self) -> &'static str {
        Atomic::ALL.iter().find(|(_, a)| *a == self).map_or("", |(name, _)| name)
    }
}

/// A map that a program uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapRef {
    /// The map, or the one that says how the map behind the handle is made.
    pub map: MapId,
    /// The handle of an inner map; none for the map itself.
    pub handle: Option<Box<Expr>>,
}

impl From<MapId> for MapRef {
    fn from(map: MapId) -> Self {
        MapRef { map, handle: None }
    }
}

/// What can be assigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What it is.
    pub kind: PlaceKind,
    /// The type of what is stored.
    pub ty: TypeId,
    /// Where.
    pub span: Span,
}

/// What a place is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlaceKind {
    /// A local variable.
    Local(LocalId),
    /// A global variable.
    Global(GlobalId),
    /// A field of a record or of what a pointer points to.
    Field {
        /// The record or pointer.
        base: Expr,
        /// The field.
        name: String,
    },
    /// An element of an array or of what a pointer points to.
    Index {
        /// The array or pointer.
        base: Expr,
        /// The index.
        index: Expr,
    },
    /// `m[key]`.
    MapItem {
        /// The map.
        map: MapRef,
        /// The key.
        key: Expr,
    },
}

/// An expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// The type; `void` before `infer`.
    pub ty: TypeId,
    /// Where.
    pub span: Span,
}

/// What an expression is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExprKind {
    /// An integer; those past `i64` are kept as their 64 bits.
    Int(i64),
    /// A truth value.
    Bool(bool),
    /// `None`.
    None,
    /// Text.
    Text(String),
    /// A local variable.
    Local(LocalId),
    /// A global variable.
    Global(GlobalId),
    /// A map, as an argument.
    Map(MapId),
    /// A function, as a callback.
    Function(FuncId),
    /// A variable of the kernel, or an option of its configuration: a pointer to it.
    External(ExternId),
    /// What the kernel answers when the object is loaded: that a field is there, the size of a record, an enumerator's value.
    Query(Query),
    /// `hasattr(a, "b.c")`, until the type of `a` is known; `a` is not evaluated.
    HasField(Box<Expr>, String),
    /// A question about something that the kernel compiled against has not: false. What would only run where it is true has
    /// been dropped.
    Absent,
    /// `container_of(p, struct_x, "a")`: the record whose field, at the offset that is asked, is what `p` points to.
    Container(Box<Expr>, Query),
    /// `-a`, `~a`.
    Unary(UnaryOp, Box<Expr>),
    /// `a op b` on numbers, or pointer arithmetic.
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `a < b < c`; each operand is evaluated at most once.
    Compare(Box<Expr>, Vec<(CompareOp, Expr)>),
    /// `key in m`.
    Contains {
        /// The map.
        map: MapRef,
        /// The key.
        key: Box<Expr>,
        /// Whether it is `not in`.
        negated: bool,
    },
    /// `and` (true) or `or`; gives the value that decided, as Python does.
    Logical(bool, Vec<Expr>),
    /// `not a`.
    Not(Box<Expr>),
    /// `a if test else b`: test, then, else.
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `name := value`.
    Walrus(LocalId, Box<Expr>),
    /// Evaluates the first ones, then gives the last.
    After(Vec<Expr>, Box<Expr>),
    /// `c_uint32(a)`, `bool(a)`, `int(a)`: the value as the expression's type.
    Convert(Box<Expr>),
    /// `struct_x(address)`: a pointer to a record at an address or where another pointer points.
    Cast(Box<Expr>),
    /// `S(a=1)`: a new record of the expression's type, zero but for the fields named. The first may be without a name
    /// before `infer`: `S(x)`, which makes a record of a number and is a cast of a pointer.
    New(Vec<(String, Expr)>),
    /// `(c_int * 4)(1, 2)`: a new array of the expression's type, zero but for the first elements.
    NewArray(Vec<Expr>),
    /// `str(16)`, `c_int * 4` called: a new zeroed object of the expression's type.
    Zeroed,
    /// `a.name`.
    Field(Box<Expr>, String),
    /// `a[i]`.
    Index(Box<Expr>, Box<Expr>),
    /// `deref(p)`.
    Deref(Box<Expr>),
    /// `len(a)`: elements of an array, which `infer` makes a number, or bytes of text before its NUL.
    Len(Box<Expr>),
    /// `a.startswith("x")`, `a.endswith("x")`, `"x" in a`.
    TextTest(TextTest, Box<Expr>, String),
    /// The text that a pointer to characters leads to, in a buffer of the expression's type.
    TextAt(Box<Expr>),
    /// `sizeof(a)`: bytes of the type, which `infer` makes a number; `a` is not evaluated.
    Size(Box<Expr>),
    /// `reveal_type(a)`: the value; its type is told.
    Reveal(Box<Expr>),
    /// `atomic_add(place, value)` and its like: the place's old value.
    Atomic(Atomic, Box<Expr>, Box<Expr>),
    /// A pointer that may be null; where it is, the program ends with its type's default.
    Checked(Box<Expr>),
    /// A call of a helper; the arguments are those of its row, in order, with none where the compiler supplies them.
    Helper {
        /// The helper.
        helper: HelperId,
        /// What is taken of the result.
        take: Take,
        /// The arguments.
        args: Vec<Option<Expr>>,
    },
    /// A call of a function of the file: one argument for each parameter, in order of evaluation.
    Call(FuncId, Vec<Argument>),
    /// `m.lookup(key)`: a pointer to the value, or `None`.
    Lookup(MapRef, Box<Expr>),
    /// `m[key]` read: the value; an absent key returns the program type's default from the program.
    Item(MapRef, Box<Expr>),
    /// `m.get(key, default)`.
    Get(MapRef, Box<Expr>, Box<Expr>),
    /// `m.update(key, value, flags)`: 0 or a negative errno.
    Store(MapRef, Box<Expr>, Box<Expr>, Box<Expr>),
    /// `m.delete(key)`: 0 or a negative errno.
    Remove(MapRef, Box<Expr>),
    /// `m.setdefault(key, value)`: a pointer to the value under the key, which is stored first if the key is absent;
    /// `None` where it could not be.
    SetDefault(MapRef, Box<Expr>, Box<Expr>),
    /// `m.pop()`, `m.peek()` of a map without keys: a pointer to a copy of the value, or `None` where there was none.
    Take(MapRef, HelperId),
    /// `print(...)`; with `file=`, the helper that writes there, and where.
    Print(Vec<PrintPart>, Option<(HelperId, Vec<Expr>)>),
    /// `value in array`.
    Within {
        /// The value.
        value: Box<Expr>,
        /// The array.
        array: Box<Expr>,
        /// Whether it is `not in`.
        negated: bool,
    },
    /// `len`, `min`, `max`, `abs` and their like, of numbers or of an array.
    Builtin(Builtin, Vec<Expr>),
}

/// An argument of a call of a function of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// The position of its parameter.
    pub param: usize,
    /// The value.
    pub value: Expr,
}

/// Unary operators on numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    /// `-`.
    Neg,
    /// `~`.
    Invert,
}

/// What is asked of a text about another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextTest {
    /// Whether it begins with it.
    Starts,
    /// Whether it ends with it.
    Ends,
    /// Whether it is in it.
    Holds,
}

/// Built-in functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Builtin {
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// The distance from 0.
    Abs,
    /// The sum.
    Sum,
    /// Whether any is true.
    Any,
    /// Whether all are true.
    All,
}

impl Builtin {
    /// As written.
    pub fn as_str(self) -> &'static str {
        match self {
            Builtin::Min => "min",
            Builtin::Max => "max",
            Builtin::Abs => "abs",
            Builtin::Sum => "sum",
            Builtin::Any => "any",
            Builtin::All => "all",
        }
    }
}

/// A part of what is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrintPart {
    /// Text.
    Text(String),
    /// A value, and how it is printed.
    Value(Expr, Format),
}

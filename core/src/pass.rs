//! Levels and passes.
//!
//! Promises: levels are a closed set; a pass sees the unit, and of the world only what [`Context`] lends it.
//! Leaves out: the order of passes ([`crate::graph`]) and the passes themselves.

use crate::btf::Btf;
use crate::diag::{Diagnostic, Diagnostics};
use crate::hir::Arithmetic;
use crate::registry::Registry;
use crate::source::{FileId, SourceMap, Span};
use crate::target::Target;
use crate::{ast, hir, mir};

/// A level of the compiler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// A file.
    Source,
    /// The syntax tree.
    Ast,
    /// Resolved, typed, structured.
    Hir,
    /// SSA.
    Mir,
    /// LLVM IR; inside the back end only.
    Llvm,
    /// An object file; made by the back end only.
    Object,
}

impl Level {
    /// The name.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Source => "source",
            Level::Ast => "ast",
            Level::Hir => "hir",
            Level::Mir => "mir",
            Level::Llvm => "llvm",
            Level::Object => "object",
        }
    }
}

/// What passes work on: the program at one level.
#[derive(Clone, Debug)]
pub enum Unit {
    /// A file of the source map.
    Source(FileId),
    /// See [`ast::Module`].
    Ast(ast::Module),
    /// See [`hir::Module`].
    Hir(hir::Module),
    /// See [`mir::Module`].
    Mir(mir::Module),
}

impl Unit {
    /// Its level.
    pub fn level(&self) -> Level {
        match self {
            Unit::Source(_) => Level::Source,
            Unit::Ast(_) => Level::Ast,
            Unit::Hir(_) => Level::Hir,
            Unit::Mir(_) => Level::Mir,
        }
    }
}

/// What becomes of local variables that do not fit the stack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LargeLocals {
    /// They are an error.
    #[default]
    Refuse,
    /// They move into a per-CPU map.
    Map,
}

impl LargeLocals {
    /// The one of that name, as users write it.
    pub fn parse(text: &str) -> Option<LargeLocals> {
        match text {
            "refuse" => Some(LargeLocals::Refuse),
            "map" => Some(LargeLocals::Map),
            _ => None,
        }
    }
}

/// What a ring buffer becomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RingBuffers {
    /// It stays one.
    #[default]
    Ring,
    /// A perf buffer, which older kernels have too.
    Perf,
}

impl RingBuffers {
    /// The one of that name, as users write it.
    pub fn parse(text: &str) -> Option<RingBuffers> {
        match text {
            "ring" => Some(RingBuffers::Ring),
            "perf" => Some(RingBuffers::Perf),
            _ => None,
        }
    }
}

/// What the user set for all passes.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Whether passes say what they decided (`--explain-lowering`).
    pub explain: bool,
    /// What arithmetic means in every file; where it is not set, a file's imports decide.
    pub arithmetic: Option<Arithmetic>,
    /// Whether places where the two meanings of arithmetic may differ are told (`--lint arithmetic`).
    pub lint_arithmetic: bool,
    /// What becomes of local variables that do not fit the stack.
    pub large_locals: LargeLocals,
    /// What ring buffers become.
    pub ring_buffers: RingBuffers,
}

/// What a pass is lent.
pub struct Context<'a> {
    /// Where to say what is wrong.
    pub diagnostics: &'a mut Diagnostics,
    /// The sources, for text and places.
    pub sources: &'a SourceMap,
    /// What plugins bring.
    pub registry: &'a Registry,
    /// The kernel's types; opened on first use.
    pub kernel: &'a dyn KernelTypes,
    /// What is compiled for.
    pub target: &'a Target,
    /// What the user set.
    pub options: &'a Options,
    /// Decisions told to the user under `--explain-lowering`, with their places.
    pub decisions: &'a mut Vec<(Span, String)>,
}

impl Context<'_> {
    /// Records a decision, if the user wants to know.
    pub fn explain(&mut self, span: Span, text: impl FnOnce() -> String) {
        if self.options.explain {
            self.decisions.push((span, text()));
        }
    }

    /// Adds a diagnostic.
    pub fn emit(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }
}

/// The kernel's types, found when they are first asked for.
pub trait KernelTypes {
    /// The types, or why there are none.
    fn btf(&self) -> Result<&Btf, Diagnostic>;
}

/// No kernel types.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoKernelTypes;

impl KernelTypes for NoKernelTypes {
    fn btf(&self) -> Result<&Btf, Diagnostic> {
        Err(Diagnostic::error("no-kernel-types", "this needs the kernel's types, and there are none here")
            .help("name a kernel's BTF with `--btf FILE`"))
    }
}

/// What a pass says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassInfo {
    /// The name: that of its file, of its case folder and of its heading in the docs.
    pub name: String,
    /// One line for people.
    pub doc: String,
    /// The level it takes.
    pub from: Level,
    /// The level it gives.
    pub to: Level,
    /// Passes that must have run.
    pub requires: Vec<String>,
    /// Passes that, if they run, run before it.
    pub after: Vec<String>,
    /// Passes that, if they run, run behind it.
    pub before: Vec<String>,
    /// Whether the pipeline is whole without it.
    pub optional: bool,
    /// Whether no instruction is abstract behind it.
    pub makes_concrete: bool,
}

impl PassInfo {
    /// A pass of one level.
    pub fn new(name: &str, level: Level, doc: &str) -> Self {
        Self {
            name: name.to_owned(),
            doc: doc.to_owned(),
            from: level,
            to: level,
            requires: Vec::new(),
            after: Vec::new(),
            before: Vec::new(),
            optional: false,
            makes_concrete: false,
        }
    }

    /// A pass from one level to the next.
    pub fn between(name: &str, from: Level, to: Level, doc: &str) -> Self {
        Self { to, ..Self::new(name, from, doc) }
    }

    /// Sets [`requires`](Self::requires).
    #[must_use]
    pub fn requires(mut self, names: &[&str]) -> Self {
        self.requires = names.iter().map(|n| (*n).to_owned()).collect();
        self
    }

    /// Sets [`after`](Self::after).
    #[must_use]
    pub fn after(mut self, names: &[&str]) -> Self {
        self.after = names.iter().map(|n| (*n).to_owned()).collect();
        self
    }

    /// Sets [`before`](Self::before).
    #[must_use]
    pub fn before(mut self, names: &[&str]) -> Self {
        self.before = names.iter().map(|n| (*n).to_owned()).collect();
        self
    }

    /// Marks the pass as the one that makes MIR concrete.
    #[must_use]
    pub fn makes_concrete(mut self) -> Self {
        self.makes_concrete = true;
        self
    }

    /// Marks the pass as one that may be left out.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }
}

/// A pass.
pub trait Pass {
    /// What it says of itself.
    fn info(&self) -> PassInfo;
    /// Does its work. `None`, or a diagnostic that is an error, ends the pipeline behind this pass.
    fn run(&self, unit: Unit, cx: &mut Context<'_>) -> Option<Unit>;
}

/// A pass over MIR modules, for those that change MIR in place.
pub trait MirPass {
    /// What it says of itself.
    fn info(&self) -> PassInfo;
    /// Changes the module.
    fn run(&self, module: &mut mir::Module, cx: &mut Context<'_>);
}

impl<P: MirPass> Pass for P {
    fn info(&self) -> PassInfo {
        MirPass::info(self)
    }
    fn run(&self, unit: Unit, cx: &mut Context<'_>) -> Option<Unit> {
        let Unit::Mir(mut module) = unit else { return None };
        MirPass::run(self, &mut module, cx);
        Some(Unit::Mir(module))
    }
}

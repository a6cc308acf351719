//! `infer`: every expression gets a type.
//!
//! Before: HIR whose expressions are untyped. After: each expression, place and local has its type; pointers used as
//! numbers are read (`deref` is written out); results of functions are known.
//! Requires: `resolve`. Keeps: the program's meaning.
//! Why: widths and regions decide which instructions the verifier will accept.
//!
//! Numbers have Python's meaning or C's, by the file: `numbers` holds all that differs, and behind this pass operators say
//! which they have. Python's: an operation is done in 64 bits, and a value is cut only where it is stored in a declared place
//! that is narrower; a local without an annotation is as wide as what is assigned to it. C's: the usual conversions are
//! written out, and results wrap at their width.
//!
//! Leaves out: what may be called where, and with what (`check`).

mod access;
mod atomic;
mod bind;
mod call;
mod callback;
mod expr;
mod instance;
mod lint;
mod loops;
mod map;
mod new;
mod numbers;
mod object;
mod operators;
mod place;
mod questions;
mod recursion;
mod result;
mod scalar;
mod stmt;

pub(crate) use access::context_records;
pub(crate) use questions::{decided, leaves};

use crate::kernel;
use instance::Instances;
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{FuncId, Function, FunctionKind, LocalId, Module, Program};
use pbpf_core::pass::{Context, Level, Pass, PassInfo, Unit};
use pbpf_core::rows::{CType, ProgramType};
use pbpf_core::source::Span;
use pbpf_core::types::{Region, Type, TypeId};
use std::collections::BTreeSet;

/// The pass.
#[derive(Clone, Copy, Debug, Default)]
pub struct Infer;

impl Pass for Infer {
    fn info(&self) -> PassInfo {
        PassInfo::new("infer", Level::Hir, "every expression gets a type").requires(&["resolve"])
    }

    fn run(&self, unit: Unit, cx: &mut Context<'_>) -> Option<Unit> {
        let Unit::Hir(mut module) = unit else { return None };
        let count = module.functions.len();
        let recursive = recursion::find(&module, cx.diagnostics);
        let mut infer = Infer_ {
            cx,
            module: &mut module,
            state: vec![State::New; count],
            stack: Vec::new(),
            recursive,
            instances: Instances::default(),
        };
        infer.find_templates();
        let all: Vec<FuncId> = infer.module.functions.keys().collect();
        for id in all {
            if !infer.is_template(id) {
                infer.function(id);
            }
        }
        infer.tell();
        Some(Unit::Hir(module))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    New,
    Typed,
}

/// The state of the pass.
struct Infer_<'a, 'b> {
    cx: &'a mut Context<'b>,
    module: &'a mut Module,
    state: Vec<State>,
    stack: Vec<FuncId>,
    /// Functions that call themselves, which has been told.
    recursive: BTreeSet<FuncId>,
    instances: Instances,
}

/// What is known of the function at hand.
struct Frame {
    function: Function,
    /// Locals whose value so far is only ever a literal that is not negative: they take the type of what else is
    /// assigned.
    flexible: Vec<bool>,
    /// Whether a local's type changed in this round.
    changed: bool,
    /// Whether the result's type comes from what is returned.
    infers_result: bool,
    /// Whether all numbers returned so far are literals that are not negative.
    flexible_result: bool,
    /// Whether diagnostics are told: only in the last round, when types are settled.
    last: bool,
}

impl Infer_<'_, '_> {
    fn function(&mut self, id: FuncId) {
        use pbpf_core::entity::Entity;
        let Some(state @ State::New) = self.state.get_mut(id.index()) else { return };
        *state = State::Typed;
        self.stack.push(id);
        self.keep_told(id, |this| this.body(id));
        self.stack.pop();
    }

    fn body(&mut self, id: FuncId) {
        let mut frame = Frame {
            flexible: vec![false; self.module.functions[id].locals.len()],
            function: self.module.functions[id].clone(),
            infers_result: self.module.functions[id].kind == FunctionKind::Subprogram
                && self.module.functions[id].ret.is_none(),
            flexible_result: true,
            changed: false,
            last: false,
        };
        self.bind_arguments(&mut frame);
        let mut body = std::mem::take(&mut frame.function.body);
        // Types only widen, and there are few steps from the narrowest to the widest.
        for round in 0..16 {
            frame.changed = false;
            self.block(&mut frame, &mut body);
            if !frame.changed || round == 14 {
                break;
            }
        }
        frame.last = true;
        self.block(&mut frame, &mut body);
        frame.function.body = body;
        if frame.function.ret.is_none() {
            frame.function.ret = Some(match frame.function.kind {
                FunctionKind::Program(_) => self.module.types.int(32, true),
                FunctionKind::Subprogram => self.module.types.void(),
            });
        }
        self.module.functions[id] = frame.function;
    }

    /// The program type's row, of a program and of a function that is given its context.
    fn row(&self) -> Option<(&Program, &ProgramType)> {
        let registry = self.cx.registry;
        let program = self.program_of(*self.stack.last()?)?;
        Some((program, &registry.program_type(program.program_type).row))
    }

    /// The kernel record of that name, with a diagnostic where it cannot be had.
    fn kernel_record(&mut self, name: &str, span: Span) -> Option<pbpf_core::types::RecordId> {
        let kernel = self.cx.kernel;
        match kernel.btf() {
            Ok(btf) => {
                let record = kernel::record(&mut self.module.types, btf, name);
                if record.is_none() {
                    let near = pbpf_core::names::nearest(name, btf.record_names())
                        .map(|n| format!("the nearest is `{n}`"));
                    let mut error = Diagnostic::error(
                        "unknown-kernel-type",
                        format!("the kernel has no struct `{name}`"),
                    )
                    .at(span);
                    error.notes.extend(near);
                    self.cx.emit(error);
                }
                record
            }
            Err(error) => {
                self.cx.emit(error.at(span));
                None
            }
        }
    }

    /// A pointer to a kernel record as the verifier trusts it.
    fn trusted(&mut self, ty: TypeId) -> TypeId {
        match self.module.types.get(ty).clone() {
            Type::Ptr { to, region: Region::KernelUntrusted, nullable }
                if matches!(self.module.types.get(to), Type::Record(_)) =>
            {
                self.module.types.ptr(to, Region::Kernel, nullable)
            }
            _ => ty,
        }
    }

    /// The type that a row spells in C.
    fn c_type(&mut self, text: &str, span: Span) -> Option<TypeId> {
        let (record, nullable) = match CType::parse(text)? {
            CType::Void => return Some(self.module.types.void()),
            CType::Bool => return Some(self.module.types.bool()),
            CType::Int { bits, signed } => return Some(self.module.types.int(bits, signed)),
            CType::Chars(len) => return Some(self.module.types.intern(Type::Str { len })),
            CType::Pointer { record: None, nullable } => {
                let void = self.module.types.void();
                return Some(self.module.types.ptr(void, Region::Kernel, nullable));
            }
            CType::Pointer { record: Some(record), nullable } => (record, nullable),
        };
        let name = record.as_str();
        // A trusted pointer that is only handed on needs no fields, so no BTF either.
        let known = self.module.types.records.iter().find(|(_, r)| r.name == name).map(|(id, _)| id);
        let record = match known {
            Some(id) => id,
            None if self
                .cx
                .kernel
                .btf()
                .is_ok_and(|b| b.find(name, pbpf_core::btf::Kind::Struct).is_some()) =>
            {
                self.kernel_record(name, span)?
            }
            None => kernel::opaque(&mut self.module.types, name),
        };
        let to = self.module.types.intern(Type::Record(record));
        Some(self.module.types.ptr(to, Region::Kernel, nullable))
    }

    fn local_type(frame: &Frame, id: LocalId) -> TypeId {
        frame.function.locals[id].ty
    }

    fn error(&mut self, frame: &Frame, diagnostic: impl FnOnce(&mut Self) -> Diagnostic) {
        if frame.last {
            let diagnostic = diagnostic(self);
            self.cx.emit(diagnostic);
        }
    }
}

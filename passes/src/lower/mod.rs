//! `lower`: HIR becomes MIR.
//!
//! Before: structured statements on variables. After: basic blocks on values; numbers have machine widths; variables that
//! need memory have slots; fields of context, kernel structs and packets are still abstract.
//! Requires: `check`. Keeps: evaluation order; short circuits are branches, because a merged condition would lose the
//! bounds that the verifier learns from each part ("R3 unbounded memory access").
//! Why: from here on every decision is explicit.
//!
//! Leaves out: proving accesses safe. A pointer that may be null is used as it is, and `null_checks` finds the test; where
//! the language promises an automatic check, a `refine` says so.

mod access;
mod assign;
mod atomic;
mod bits;
mod builtin;
mod call;
mod condition;
mod equal;
mod expr;
mod fill;
mod kernel_function;
mod loops;
mod map;
mod matching;
mod mixed;
mod number;
mod print;
mod questions;
mod ssa;
mod stmt;
mod subprogram;
mod text;
mod with;

use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{self, FunctionKind, LocalId, Program};
use pbpf_core::mir::analysis::Cfg;
use pbpf_core::mir::{self, Block, BlockCall, Builder, Function, Inst, Op, Param, Slot, Type, Value};
use pbpf_core::pass::{Context, Level, Pass, PassInfo, Unit};
use pbpf_core::rows::{CType, Returns};
use pbpf_core::source::{SourceMap, Span};
use pbpf_core::target::KernelVersion;
use pbpf_core::types::{Region, Type as T, TypeId, Types};
use ssa::Variables;
use std::collections::{BTreeMap, BTreeSet};

/// The pass.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lower;

impl Pass for Lower {
    fn info(&self) -> PassInfo {
        PassInfo::between("lower", Level::Hir, Level::Mir, "statements become blocks and values")
            .requires(&["check"])
    }

    fn run(&self, unit: Unit, cx: &mut Context<'_>) -> Option<Unit> {
        let Unit::Hir(hir) = unit else { return None };
        let mut module = mir::Module {
            files: file_names(cx.sources),
            license: hir.license.clone(),
            types: hir.types.clone(),
            maps: hir.maps.clone(),
            globals: hir.globals.clone(),
            externs: questions::externs(&hir),
            ..mir::Module::default()
        };
        let callbacks = callbacks(&hir);
        for (id, function) in hir.functions.iter() {
            let shell = shell(&mut module.types, function, callbacks.contains(&id), cx);
            module.functions.push(shell);
        }
        for id in hir.functions.keys() {
            let body = Lowering::new(&hir, &mut module, id, cx).run();
            module.functions[id] = body;
        }
        struct_ops(&hir, &mut module, cx);
        Some(Unit::Mir(module))
    }
}

fn file_names(sources: &SourceMap) -> Vec<String> {
    sources.iter().map(|(_, f)| f.name.clone()).collect()
}

/// The functions that helpers are handed.
fn callbacks(hir: &hir::Module) -> BTreeSet<hir::FuncId> {
    let mut found = BTreeSet::new();
    for function in hir.functions.values() {
        crate::walk::exprs(&function.body, &mut |e| {
            if let hir::ExprKind::Function(id) = e.kind {
                found.insert(id);
            }
        });
    }
    found
}

/// The function without its body.
fn shell(types: &mut Types, function: &hir::Function, callback: bool, cx: &Context<'_>) -> Function {
    let kind = match &function.kind {
        FunctionKind::Program(program) => mir::FunctionKind::Program {
            section: program.section.clone(),
            program_type: cx.registry.program_type(program.program_type).id.clone(),
            fails: program.fails,
        },
        FunctionKind::Subprogram if callback => mir::FunctionKind::Callback,
        FunctionKind::Subprogram => mir::FunctionKind::Subprogram(function.linkage),
    };
    let ret = function.ret.and_then(|ty| machine_type(types, ty)).map(|ty| match (ty, &function.kind) {
        // The kernel reads a register.
        (Type::I1 | Type::I8 | Type::I16, FunctionKind::Program(_)) => Type::I32,
        (ty, _) if callback && ty.is_int() => Type::I64,
        (ty, _) => ty,
    });
    let is_global = kind == mir::FunctionKind::Subprogram(mir::Linkage::Global);
    // "Global function f() doesn't return scalar. Only those are supported."
    let ret = if is_global { ret.or(Some(Type::I32)) } else { ret };
    let mut shell = Function::new(function.name.clone(), kind, ret, function.span);
    if let Some(ty) = result_type(types, function) {
        shell.params.push(Param { name: "result".to_owned(), ty: types.ptr(ty, Region::Stack, false) });
    }
    if matches!(function.kind, FunctionKind::Program(_)) {
        let void = types.void();
        shell.params.push(Param { name: "ctx".to_owned(), ty: types.ptr(void, Region::Ctx, false) });
    } else {
        for param in &function.params {
            let local = &function.locals[*param];
            let ty = match *types.get(local.ty) {
                // Such a kernel knows no `arg:nonnull`: "R1 invalid mem access 'mem_or_null'".
                T::Ptr { to, region: Region::Mem, .. } if is_global && !cx.target.has(NONNULL) => {
                    types.ptr(to, Region::Mem, true)
                }
                _ => local.ty,
            };
            shell.params.push(Param { name: local.name.clone(), ty });
        }
    }
    if shell.params.len() > MAX_PARAMS && shell.kind == mir::FunctionKind::Subprogram(mir::Linkage::Static) {
        shell.kind = mir::FunctionKind::Subprogram(mir::Linkage::Inline);
    }
    shell
}

/// The type of a result that no register holds: it is written where the caller says.
pub(crate) fn result_type(types: &Types, function: &hir::Function) -> Option<TypeId> {
    let ret = function.ret.filter(|_| function.kind == FunctionKind::Subprogram)?;
    matches!(types.get(ret), T::Record(_) | T::Array { .. } | T::Str { .. }).then_some(ret)
}

/// The kernel that takes the tag `arg:nonnull` on parameters of global functions.
const NONNULL: KernelVersion = KernelVersion { major: 6, minor: 8 };

/// The most parameters of a function that is called.
pub(crate) const MAX_PARAMS: usize = 5;

/// The machine type of a scalar.
pub(crate) fn machine_type(types: &Types, ty: TypeId) -> Option<Type> {
    match types.get(ty) {
        T::Bool => Some(Type::I1),
        T::Int { bits, .. } => Type::int(u32::from(*bits)),
        T::Enum(e) => Type::int(types.enums[*e].size * 8),
        T::Ptr { region, nullable, .. } => Some(Type::Ptr { region: *region, nullable: *nullable }),
        T::Kptr(_) => Some(Type::nullable(pbpf_core::types::Region::Kernel)),
        T::Void
        | T::Array { .. }
        | T::Str { .. }
        | T::Record(_)
        | T::GraphRoot { .. }
        | T::Map(_)
        | T::Func { .. } => None,
    }
}

fn struct_ops(hir: &hir::Module, module: &mut mir::Module, cx: &Context<'_>) {
    for ops in &hir.struct_ops {
        let Some(row) = &cx.registry.program_type(ops.program_type).row.struct_ops else { continue };
        let mut members = Vec::new();
        for (name, ty, value, _) in &ops.members {
            let ty = match ty {
                CType::Chars(len) => module.types.intern(T::Str { len: *len }),
                CType::Int { bits, signed } => module.types.int(*bits, *signed),
                CType::Bool => module.types.int(8, false),
                CType::Void | CType::Pointer { .. } => module.types.int(64, false),
            };
            let value = match value {
                hir::StructOpsValue::Int(n) => mir::StructOpsValue::Int(*n),
                hir::StructOpsValue::Str(text) => mir::StructOpsValue::Str(text.clone()),
            };
            members.push(mir::StructOpsMember { name: name.clone(), ty, value });
        }
        for (name, func) in &ops.callbacks {
            let function = &hir.functions[*func];
            let params = function
                .params
                .iter()
                .map(|p| (function.locals[*p].name.clone(), function.locals[*p].ty))
                .collect();
            let ret = function.ret.unwrap_or_else(|| module.types.void());
            let ty = module.types.intern(T::Func { params, ret });
            let value = mir::StructOpsValue::Func(*func);
            members.push(mir::StructOpsMember { name: name.clone(), ty, value });
        }
        module.struct_ops.push(mir::StructOps {
            name: ops.name.to_lowercase(),
            record: ops.record.clone(),
            link: row.link,
            members,
            span: ops.span,
        });
    }
}

/// Where `break` and `continue` go.
#[derive(Clone, Copy, Debug)]
struct Loop {
    next: Block,
    exit: Block,
    /// How many scopes are around it.
    scopes: usize,
}

/// The state of lowering one function.
struct Lowering<'a, 'b> {
    hir: &'a hir::Module,
    module: &'a mut mir::Module,
    cx: &'a mut Context<'b>,
    source: &'a hir::Function,
    func: Function,
    variables: Variables,
    /// The block of each terminator.
    blocks: BTreeMap<Inst, Block>,
    /// Where instructions go; none behind a terminator.
    block: Option<Block>,
    span: Span,
    /// Variables in memory.
    slots: BTreeMap<LocalId, Slot>,
    loops: Vec<Loop>,
    /// What `with` has entered and not left.
    scopes: Vec<with::Scope>,
    ctx: Option<Value>,
    /// Where a result goes that no register holds.
    result: Option<Value>,
    /// The block that returns the default, once it is needed.
    failure: Option<Block>,
    told: BTreeSet<LocalId>,
}

impl<'a, 'b> Lowering<'a, 'b> {
    fn new(
        hir: &'a hir::Module,
        module: &'a mut mir::Module,
        id: hir::FuncId,
        cx: &'a mut Context<'b>,
    ) -> Self {
        let func = module.functions[id].clone();
        let source = &hir.functions[id];
        let span = source.span;
        Self {
            hir,
            module,
            cx,
            source,
            func,
            variables: Variables::default(),
            blocks: BTreeMap::new(),
            block: None,
            span,
            slots: BTreeMap::new(),
            loops: Vec::new(),
            scopes: Vec::new(),
            ctx: None,
            result: None,
            failure: None,
            told: BTreeSet::new(),
        }
    }

    fn run(mut self) -> Function {
        let entry = self.func.add_block();
        self.block = Some(entry);
        self.seal(entry);
        self.place_locals();
        if matches!(self.source.kind, FunctionKind::Program(_)) {
            let ctx = self.func.add_block_param(entry, Type::ptr(Region::Ctx));
            self.ctx = Some(ctx);
            for id in &self.source.params {
                self.bind(*id, ctx);
            }
        } else {
            if result_type(&self.module.types, self.source).is_some() {
                self.result = Some(self.func.add_block_param(entry, Type::ptr(Region::Stack)));
            }
            let hidden = usize::from(self.result.is_some());
            for (at, id) in self.source.params.iter().enumerate() {
                let ty = self.func.params[at + hidden].ty;
                if let Some(machine) = machine_type(&self.module.types, ty) {
                    let value = self.func.add_block_param(entry, machine);
                    if machine == Type::ptr(Region::Ctx) {
                        self.ctx = Some(value);
                    }
                    let value =
                        if ty == self.source.locals[*id].ty { value } else { self.op(Op::Refine(value)) };
                    self.set_local(*id, value);
                }
            }
        }
        self.stmts(&self.source.body);
        if self.block.is_some() {
            // The end of the body; `check` has seen to it that this is allowed.
            self.return_default();
        }
        // The other side of a test that is decided already: nothing goes there, and nothing is known there.
        let cfg = Cfg::new(&self.func);
        self.func.layout.retain(|block| cfg.is_reachable(*block));
        ssa::remove_trivial_params(&mut self.func);
        self.func
    }

    /// Gives slots to the variables that are records, arrays or text, and to those whose address a helper takes.
    fn place_locals(&mut self) {
        let mut taken = BTreeSet::new();
        let registry = self.cx.registry;
        crate::walk::exprs(&self.source.body, &mut |e| {
            let hir::ExprKind::Helper { helper, args, .. } = &e.kind else { return };
            for (arg, row) in args.iter().zip(&registry.helper(*helper).row.args) {
                use pbpf_core::rows::ArgumentKind as K;
                if let Some(hir::Expr { kind: hir::ExprKind::Local(local), .. }) = arg
                    && matches!(row.kind, K::MemOut | K::MapValueOut | K::Object(_))
                {
                    taken.insert(*local);
                }
            }
        });
        for (id, local) in self.source.locals.iter() {
            let types = &self.module.types;
            let aggregate = matches!(types.get(local.ty), T::Record(_) | T::Array { .. } | T::Str { .. });
            let pointer = matches!(types.get(local.ty), T::Ptr { .. });
            if aggregate || (taken.contains(&id) && !pointer && types.size_of(local.ty) > 0) {
                let (size, align) = (types.size_of(local.ty), types.align_of(local.ty).max(8));
                let slot = self.func.slots.push(mir::SlotData {
                    name: local.name.clone(),
                    size,
                    align,
                    span: local.span,
                });
                self.slots.insert(id, slot);
            }
        }
    }

    /// Gives a parameter of a program its value.
    fn bind(&mut self, id: LocalId, ctx: Value) {
        let local = &self.source.locals[id];
        match local.binding {
            Some(hir::Binding::Context) => {
                if let Some(block) = self.block {
                    self.variables.write(id, block, ctx);
                }
            }
            Some(binding @ (hir::Binding::Argument(_) | hir::Binding::Result)) => {
                self.span = local.span;
                let Some(machine) = machine_type(&self.module.types, local.ty) else { return };
                let wide = if machine.is_int() { Type::I64 } else { machine };
                let op = match binding {
                    hir::Binding::Argument(index) => Op::CtxArg { ctx, index },
                    _ => Op::CtxReturn { ctx },
                };
                let value = self.value(op, wide);
                let value = if machine == Type::I1 {
                    let zero = self.iconst(Type::I64, 0);
                    self.op(Op::Icmp(mir::Cond::Ne, [value, zero]))
                } else if machine.is_int() && machine != Type::I64 {
                    self.value(Op::Cast(mir::CastKind::Trunc, value), machine)
                } else {
                    value
                };
                self.set_local(id, value);
            }
            None => {}
        }
    }

    // Blocks.

    /// Behind a `return`, code goes to a block that nothing reaches.
    fn here(&mut self) -> Block {
        if let Some(block) = self.block {
            return block;
        }
        let block = self.func.add_block();
        self.block = Some(block);
        self.seal(block);
        block
    }

    fn new_block(&mut self) -> Block {
        self.func.add_block()
    }

    fn seal(&mut self, block: Block) {
        let missing = self.variables.seal(&mut self.func, &self.blocks, block);
        for (local, span) in missing {
            self.unassigned(local, span);
        }
    }

    fn switch_to(&mut self, block: Block) {
        // Blocks stand in the order in which they are filled.
        // It was made not long ago: looked for from the end, it is found at once.
        if let Some(at) = self.func.layout.iter().rposition(|b| *b == block) {
            self.func.layout.remove(at);
        }
        self.func.layout.push(block);
        self.block = Some(block);
    }

    fn terminate(&mut self, op: Op) {
        let block = self.here();
        let targets: Vec<Block> = op.targets().iter().map(|t| t.block).collect();
        let inst = Builder::at_end(&mut self.func, block, self.span).effect(op);
        self.blocks.insert(inst, block);
        for target in targets {
            self.variables.add_predecessor(target, inst);
        }
        self.block = None;
    }

    fn jump(&mut self, block: Block) {
        if self.block.is_some() {
            self.terminate(Op::Jump(BlockCall { block, args: Vec::new() }));
        }
    }

    fn branch(&mut self, cond: Value, then: Block, otherwise: Block) {
        let call = |block| BlockCall { block, args: Vec::new() };
        self.terminate(Op::Branch { cond, then: call(then), otherwise: call(otherwise) });
    }

    // Instructions.

    fn builder(&mut self) -> Builder<'_> {
        let block = self.here();
        Builder::at_end(&mut self.func, block, self.span)
    }

    fn op(&mut self, op: Op) -> Value {
        self.builder().op(op)
    }

    fn value(&mut self, op: Op, ty: Type) -> Value {
        self.builder().value(op, ty)
    }

    fn effect(&mut self, op: Op) {
        self.builder().effect(op);
    }

    fn iconst(&mut self, ty: Type, value: i64) -> Value {
        self.builder().iconst(ty, value)
    }

    fn slot(&mut self, name: &str, ty: TypeId) -> Value {
        let (size, align) = (self.module.types.size_of(ty), self.module.types.align_of(ty).max(8));
        let slot = self.builder().slot(name, size, align);
        self.op(Op::SlotAddr(slot))
    }

    // Variables.

    fn set_local(&mut self, id: LocalId, value: Value) {
        if let Some(slot) = self.slots.get(&id).copied() {
            let ptr = self.op(Op::SlotAddr(slot));
            let ty = self.source.locals[id].ty;
            self.store(ptr, 0, value, ty);
            return;
        }
        let block = self.here();
        self.variables.write(id, block, value);
    }

    fn get_local(&mut self, id: LocalId) -> Value {
        let local = &self.source.locals[id];
        let ty = if local.binding == Some(hir::Binding::Context) {
            Type::ptr(Region::Ctx)
        } else {
            machine_type(&self.module.types, local.ty).unwrap_or(Type::I64)
        };
        let block = self.here();
        let variable = ssa::Variable { local: id, ty, span: self.span };
        match self.variables.read(&mut self.func, &self.blocks, variable, block) {
            Ok(value) => value,
            Err(ssa::Unassigned) => {
                self.unassigned(id, self.span);
                match ty {
                    Type::Ptr { .. } => self.value(Op::Null, ty),
                    _ => self.iconst(ty, 0),
                }
            }
        }
    }

    fn unassigned(&mut self, id: LocalId, span: Span) {
        if self.told.insert(id) {
            let name = &self.source.locals[id].name;
            self.cx.emit(
                Diagnostic::error("maybe-unassigned", format!("`{name}` may have no value here"))
                    .at(span)
                    .help(format!("assign `{name}` on every way that leads here")),
            );
        }
    }

    /// The program that runs this, or whose context it is given.
    fn program(&self) -> Option<&'a hir::Program> {
        let kind = match self.source.program {
            Some(program) => &self.hir.functions[program].kind,
            None => &self.source.kind,
        };
        match kind {
            FunctionKind::Program(program) => Some(program),
            FunctionKind::Subprogram => None,
        }
    }

    // Returns.

    /// The program type's rules for the result, of a program.
    fn returns(&self) -> Option<&Returns> {
        let FunctionKind::Program(program) = &self.source.kind else { return None };
        let row = &self.cx.registry.program_type(program.program_type).row;
        let section = program.pattern.and_then(|at| row.sections.get(at));
        Some(row.returns_of(section, program.callback.as_ref().map(|c| c.name.as_str())))
    }

    /// What a failed automatic check returns.
    fn failure_value(&self) -> i64 {
        if let FunctionKind::Program(Program { fails: Some(value), .. }) = &self.source.kind {
            return *value;
        }
        self.returns().map_or(0, |r| r.on_failed_check.or(r.default).unwrap_or(0))
    }

    fn return_default(&mut self) {
        let value = self.returns().and_then(|r| r.default).unwrap_or(0);
        self.return_constant(value);
    }

    fn return_constant(&mut self, value: i64) {
        let value = self.func.ret.map(|ty| match ty {
            Type::Ptr { .. } => self.value(Op::Null, ty),
            _ => self.iconst(ty, value),
        });
        self.terminate(Op::Return(value));
    }

    /// The block that returns what a failed automatic check returns.
    fn failure_block(&mut self) -> Block {
        if let Some(block) = self.failure {
            return block;
        }
        let block = self.func.add_block();
        self.func.blocks[block].failed = true;
        let (value, span) = (self.failure_value(), self.source.span);
        let ret = self.func.ret;
        let mut b = Builder::at_end(&mut self.func, block, span);
        let value = ret.map(|ty| match ty {
            Type::Ptr { .. } => b.value(Op::Null, ty),
            _ => b.iconst(ty, value),
        });
        b.effect(Op::Return(value));
        self.failure = Some(block);
        block
    }

    fn type_of(&self, ty: TypeId) -> &T {
        self.module.types.get(ty)
    }
}

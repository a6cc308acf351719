//! Functions whose parameters take their types from calls: one instance for each set of types.
//!
//! A parameter without an annotation is what it is given; one that is a record, an array or text points where its
//! argument lies; the context is that of the program. Where two calls differ in this, each gets its own copy of the function.
//!
//! Promises: an instance is typed once; the first keeps the function's name; what is said about an instance that no program
//! reaches is not told. Leaves out: global functions, which are verified on their own and so have declared types.

use super::{Frame, Infer_, State};
use pbpf_core::diag::{Diagnostic, Diagnostics};
use pbpf_core::entity::Entity;
use pbpf_core::hir::{
    Argument, Expr, ExprKind, FuncId, Function, FunctionKind, Linkage, Local, LocalId, Program,
};
use pbpf_core::types::{Region, Type, TypeId};
use std::collections::{BTreeMap, BTreeSet};

/// What makes two instances of a function different.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    template: FuncId,
    params: Vec<TypeId>,
    /// The first program with such a context, of a function that is given one.
    program: Option<FuncId>,
}

/// The instances of a module.
#[derive(Debug, Default)]
pub(super) struct Instances {
    /// The functions whose parameters take their types from calls, as they were resolved.
    pub(super) templates: BTreeMap<FuncId, Function>,
    by_key: BTreeMap<Key, FuncId>,
    template_of: BTreeMap<FuncId, FuncId>,
    /// What was said about each function.
    told: BTreeMap<FuncId, Vec<Diagnostic>>,
}

impl Infer_<'_, '_> {
    /// Notes which functions take their types from calls, and gives the others what they lack.
    pub(super) fn find_templates(&mut self) {
        let number = self.module.types.int(64, true);
        let void = self.module.types.void();
        let reaching = crate::check::reaching(self.module);
        for (id, function) in self.module.functions.iter_mut() {
            if function.kind != FunctionKind::Subprogram {
                continue;
            }
            if function.linkage == Linkage::Global {
                // Of all programs that call it, it knows the context of one; `legalise` holds it against the others.
                function.program = reaching.get(&id).and_then(|programs| programs.first()).copied();
                for param in function.params.clone() {
                    let local = &mut function.locals[param];
                    if local.ty == void {
                        local.ty = number;
                        local.declared = true;
                    }
                    // Whose memory it is the verifier does not know there.
                    if let Type::Ptr { to, region: Region::Stack, .. } = *self.module.types.get(local.ty) {
                        local.ty = self.module.types.ptr(to, Region::Mem, false);
                    }
                }
                continue;
            }
            let types = &self.module.types;
            let open = |local: &Local| local.ty == void || matches!(types.get(local.ty), Type::Ptr { .. });
            if function.params.iter().any(|p| open(&function.locals[*p])) {
                self.instances.templates.insert(id, function.clone());
            }
        }
    }

    /// Whether calls decide the types of a function's parameters.
    pub(super) fn is_template(&self, id: FuncId) -> bool {
        self.instances.templates.contains_key(&id)
    }

    /// The function that `id` is an instance of.
    pub(super) fn template(&self, id: FuncId) -> FuncId {
        self.instances.template_of.get(&id).copied().unwrap_or(id)
    }

    /// The program whose context a function is given.
    pub(super) fn program_of(&self, id: FuncId) -> Option<&Program> {
        let id = self.module.functions[id].program.unwrap_or(id);
        match &self.module.functions[id].kind {
            FunctionKind::Program(program) => Some(program),
            FunctionKind::Subprogram => None,
        }
    }

    /// The instance of `template` for a call with those arguments.
    pub(super) fn instance(&mut self, template: FuncId, args: &[Argument]) -> FuncId {
        let Some(function) = self.instances.templates.get(&template) else { return template };
        let locals: Vec<Local> = function.params.iter().map(|p| function.locals[*p].clone()).collect();
        let mut params = Vec::with_capacity(locals.len());
        for (at, local) in locals.iter().enumerate() {
            let arg = args.iter().find(|arg| arg.param == at).map(|arg| &arg.value);
            params.push(arg.map_or(local.ty, |arg| self.bound(local, arg)));
        }
        self.instantiate(template, params)
    }

    /// The instance of `template` with parameters of those types.
    pub(super) fn instantiate(&mut self, template: FuncId, params: Vec<TypeId>) -> FuncId {
        let Some(pristine) = self.instances.templates.get(&template) else { return template };
        let is_context =
            |ty: &TypeId| matches!(self.module.types.get(*ty), Type::Ptr { region: Region::Ctx, .. });
        let program = params.iter().any(is_context).then(|| self.context_program()).flatten();
        let key = Key { template, params, program };
        if let Some(id) = self.instances.by_key.get(&key) {
            return *id;
        }
        let mut function = pristine.clone();
        let number = self.module.types.int(64, true);
        for (param, ty) in function.params.iter().zip(&key.params) {
            let local = &mut function.locals[*param];
            local.ty = if *ty == self.module.types.void() { number } else { *ty };
        }
        let count = self.instances.by_key.keys().filter(|k| k.template == template).count();
        let id = if count == 0 {
            self.module.functions[template] = function;
            template
        } else {
            let taken = |name: &str| self.module.functions.values().any(|f| f.name == name);
            let base = function.name.clone();
            // The same name in debug info would be two functions to the kernel.
            let mut n = count + 1;
            while taken(&format!("{base}_{n}")) {
                n += 1;
            }
            function.name = format!("{base}_{n}");
            self.state.push(State::New);
            self.module.functions.push(function)
        };
        self.instances.template_of.insert(id, template);
        self.module.functions[id].program = key.program;
        self.instances.by_key.insert(key, id);
        id
    }

    /// The type of a parameter that is given `arg`.
    fn bound(&mut self, local: &Local, arg: &Expr) -> TypeId {
        let types = &self.module.types;
        let (have, void) = (arg.ty, types.void());
        if local.ty == void {
            return match types.get(have) {
                Type::Bool
                | Type::Enum(_)
                | Type::Ptr { .. }
                | Type::Kptr(_)
                | Type::GraphRoot { .. }
                | Type::Void
                | Type::Func { .. }
                | Type::Map(_) => have,
                Type::Int { bits, signed } => {
                    let signed = *bits < 64 || *signed;
                    self.module.types.int(64, signed)
                }
                Type::Record(_) | Type::Array { .. } | Type::Str { .. } => {
                    let region = self.region_of(arg);
                    self.module.types.ptr(have, region, false)
                }
            };
        }
        let Type::Ptr { to, region: declared, .. } = *types.get(local.ty) else { return local.ty };
        if declared == Region::Ctx {
            return local.ty;
        }
        match *types.get(have) {
            Type::Ptr { to: other, region, nullable } if other == to || other == void => {
                self.module.types.ptr(to, region, nullable)
            }
            _ if have == to => {
                let region = self.region_of(arg);
                self.module.types.ptr(to, region, false)
            }
            _ => local.ty,
        }
    }

    /// The array or text that a parameter is a reference to: in the function it is used as such.
    pub(super) fn handed_over(&self, frame: &Frame, local: LocalId) -> Option<TypeId> {
        if !frame.function.params.contains(&local) {
            return None;
        }
        let Type::Ptr { to, nullable: false, .. } = *self.module.types.get(frame.function.locals[local].ty)
        else {
            return None;
        };
        matches!(self.module.types.get(to), Type::Array { .. } | Type::Str { .. }).then_some(to)
    }

    /// Where an object lies that is no pointer itself.
    pub(super) fn region_of(&self, expr: &Expr) -> Region {
        let through = |base: &Expr| match self.module.types.get(base.ty) {
            Type::Ptr { region, .. } => *region,
            _ => self.region_of(base),
        };
        match &expr.kind {
            ExprKind::Global(_) | ExprKind::Text(_) => Region::MapValue,
            ExprKind::Field(base, _) | ExprKind::Index(base, _) | ExprKind::Deref(base) => through(base),
            _ => Region::Stack,
        }
    }

    /// The first program whose context is that of the function at hand.
    fn context_program(&self) -> Option<FuncId> {
        let program = self.program_of(*self.stack.last()?)?;
        let same = |p: &Program| {
            (p.program_type, p.pattern, &p.callback)
                == (program.program_type, program.pattern, &program.callback)
                && p.holes == program.holes
        };
        self.module
            .functions
            .iter()
            .find(|(_, f)| matches!(&f.kind, FunctionKind::Program(p) if same(p)))
            .map(|(id, _)| id)
    }

    /// Types a function and keeps what is said about it; `run` gives it its types.
    pub(super) fn keep_told(&mut self, id: FuncId, run: impl FnOnce(&mut Self)) {
        let outer = std::mem::take(self.cx.diagnostics);
        run(self);
        let told = std::mem::replace(self.cx.diagnostics, outer);
        self.instances.told.insert(id, told.list().to_vec());
    }

    /// Tells what was said about the functions that are left, and empties those that no call gave types.
    pub(super) fn tell(&mut self) {
        let mut live: BTreeSet<FuncId> = BTreeSet::new();
        let root = |id: &FuncId| !self.is_template(self.template(*id));
        let mut work: Vec<FuncId> = self.module.functions.keys().filter(root).collect();
        while let Some(id) = work.pop() {
            if live.insert(id) {
                crate::walk::exprs(&self.module.functions[id].body, &mut |e| {
                    if let ExprKind::Call(callee, _) | ExprKind::Function(callee) = e.kind {
                        work.push(callee);
                    }
                });
            }
        }
        let mut all = Diagnostics::new();
        for id in &live {
            for diagnostic in self.instances.told.remove(id).unwrap_or_default() {
                if !all.list().contains(&diagnostic) {
                    all.push(diagnostic);
                }
            }
        }
        self.cx.diagnostics.extend(all.list().iter().cloned());
        let void = self.module.types.void();
        let number = self.module.types.int(64, true);
        let dead: Vec<FuncId> = self.module.functions.keys().filter(|id| !live.contains(id)).collect();
        for id in dead {
            if self.state[id.index()] == State::New {
                self.unused(id);
            }
            let function = &mut self.module.functions[id];
            function.body.clear();
            function.ret = Some(void);
            for local in function.locals.values_mut().filter(|l| l.ty == void) {
                local.ty = number;
            }
        }
    }

    /// A function that takes the context and that nothing calls was probably meant as a program.
    fn unused(&mut self, id: FuncId) {
        let function = &self.module.functions[id];
        let takes_context = function.params.first().is_some_and(|p| {
            matches!(self.module.types.get(function.locals[*p].ty), Type::Ptr { region: Region::Ctx, .. })
        });
        if takes_context {
            let message = format!("`{}` takes the context, and no program calls it", function.name);
            self.cx.emit(
                Diagnostic::warning("unused-function", message)
                    .at(function.span)
                    .help("say with `@section(\"...\")` what the kernel calls it for"),
            );
        }
    }
}

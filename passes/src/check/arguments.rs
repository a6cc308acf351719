//! Arguments of helpers: each is what its row takes.
//!
//! Promises: what passes here has the form that `lower` expects. Leaves out: whether memory is large enough, which the
//! verifier knows better.

use super::writes::is_place;
use super::{Checker, constant};
use crate::extent::extent;
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{Expr, ExprKind, FunctionKind, Section};
use pbpf_core::registry::HelperId;
use pbpf_core::rows::{Argument, ArgumentKind, CallbackSignature, Helper, HelperCall};
use pbpf_core::source::Span;
use pbpf_core::types::{GraphKind, Origin, Region, Type, TypeId};

impl Checker<'_, '_> {
    pub(super) fn arguments(&mut self, helper: HelperId, args: &[Option<Expr>], span: Span) {
        let registry = self.registry;
        let row = &registry.helper(helper).row;
        let map = args.iter().flatten().find_map(|e| crate::kernel::map_of(&self.module.types, e));
        for (arg, given) in row.args.iter().zip(args) {
            let Some(given) = given else { continue };
            // A default that the compiler filled in.
            if given.span == span && matches!(given.kind, ExprKind::Int(_)) {
                continue;
            }
            let module = self.module;
            let wanted = match &arg.kind {
                ArgumentKind::MapKey => map.and_then(|m| module.maps[m].key),
                ArgumentKind::MapValue | ArgumentKind::MapValueOut => map.and_then(|m| module.maps[m].value),
                ArgumentKind::GraphNode(of) => {
                    let root = row.args.iter().position(|a| a.name == *of).and_then(|at| args.get(at));
                    let record = root
                        .and_then(Option::as_ref)
                        .and_then(|root| crate::kernel::graph_root(&module.types, root));
                    let is_it = |ty: &Type| matches!(ty, Type::Record(r) if Some(*r) == record);
                    module.types.iter().find(|(_, ty)| is_it(ty)).map(|(id, _)| id)
                }
                ArgumentKind::KptrValue(of) => {
                    let slot = row.args.iter().position(|a| a.name == *of).and_then(|at| args.get(at));
                    slot.and_then(Option::as_ref).and_then(|slot| crate::kernel::kptr(&module.types, slot))
                }
                _ => None,
            };
            let fills = matches!(
                arg.kind,
                ArgumentKind::MemOut | ArgumentKind::MapValueOut | ArgumentKind::Object(_)
            );
            let constant = super::writes::global_of(given)
                .filter(|global| fills && module.globals[*global].section == Section::Rodata);
            if let Some((needs, help)) = self.misfit(arg, given, wanted) {
                self.wrong(row, arg, given, &needs, help);
            } else if let Some(global) = constant {
                let error = self.read_only_global(global, given.span);
                self.cx.emit(error);
            } else if let Some(error) = self.oversized(row, args, arg, given) {
                self.cx.emit(error);
            } else if arg.constant && constant::value(&module.types, given).is_none() {
                let message =
                    format!("`{}` of `{}` must be known before the program runs", arg.name, row.name);
                self.cx.emit(
                    Diagnostic::error("not-constant", message)
                        .at(given.span)
                        .help("write a number or a constant"),
                );
            } else if let (ArgumentKind::Callback(signature), ExprKind::Function(id)) =
                (&arg.kind, &given.kind)
            {
                self.signature(row, signature, *id, given.span);
            }
        }
    }

    /// What is wrong with a size that is known: the memory that it is given for is smaller, or the helper takes no such size.
    fn oversized(
        &self,
        row: &Helper,
        args: &[Option<Expr>],
        arg: &Argument,
        given: &Expr,
    ) -> Option<Diagnostic> {
        let ArgumentKind::SizeOf(of) = &arg.kind else { return None };
        let types = &self.module.types;
        let size = constant::value(types, given)?;
        let error = |message: String| Diagnostic::error("bad-argument", message).at(given.span);
        let called = row.called();
        if size < 0 || size == 0 && !arg.or_zero && row.call != HelperCall::Kfunc {
            let message = format!("`{}` of `{called}` is {size}, and a size is above zero", arg.name);
            return Some(error(message).help("leave it out: it is then all of the memory that is given"));
        }
        let memory = args.get(row.args.iter().position(|a| a.name == *of)?)?.as_ref()?;
        let extent = extent(types, memory).filter(|extent| size > i128::from(*extent))?;
        let message = format!("`{}` of `{called}` is {size}, and `{of}` has {extent} bytes", arg.name);
        let error = error(message).label(memory.span, format!("these are {extent} bytes"));
        Some(error.help("leave it out: it is then all of the memory that is given"))
    }

    /// Holds what the first arguments of a call are that the compiler makes.
    pub(super) fn first_arguments(&mut self, helper: HelperId, all: &[Expr]) {
        let row = &self.registry.helper(helper).row;
        for (arg, given) in row.args.iter().zip(all) {
            if let Some((needs, help)) = self.misfit(arg, given, None) {
                self.wrong(row, arg, given, &needs, help);
            }
        }
    }

    fn wrong(&mut self, row: &Helper, arg: &Argument, given: &Expr, needs: &str, help: Option<&str>) {
        let have = match &given.kind {
            ExprKind::Map(map) => {
                let map = &self.module.maps[*map];
                format!("{} map `{}`", map.kind, map.name)
            }
            ExprKind::Function(id) => format!("function `{}`", self.module.functions[*id].name),
            ExprKind::None => "`None`".to_owned(),
            _ => self.module.types.display(given.ty),
        };
        let message = format!("`{}` of `{}` is {needs}, and this is {have}", arg.name, row.called());
        self.cx.emit(
            Diagnostic::error("wrong-argument-type", message)
                .at(given.span)
                .maybe_help(help.map(str::to_owned)),
        );
    }

    /// What the argument must be, if it is not that, and what to do.
    fn misfit(
        &self,
        arg: &Argument,
        given: &Expr,
        wanted: Option<TypeId>,
    ) -> Option<(String, Option<&'static str>)> {
        let types = &self.module.types;
        let ty = given.ty;
        let is_value = !matches!(given.kind, ExprKind::Map(_) | ExprKind::Function(_)) && ty != types.void();
        let pointer = match types.get(ty) {
            Type::Ptr { to, region, .. } if is_value => Some((*to, *region)),
            _ => None,
        };
        let optional = arg.default == Some(0) && matches!(given.kind, ExprKind::None | ExprKind::Int(0));
        let no = |needs: &str, help: Option<&'static str>| Some((needs.to_owned(), help));
        match &arg.kind {
            ArgumentKind::Ctx => None,
            ArgumentKind::CtxOr(record) => self.no_object(record, given, pointer, optional),
            ArgumentKind::Scalar(_) | ArgumentKind::SizeOf(_) => {
                let behind = pointer.is_some_and(|(to, _)| self.is_number(to));
                let address = pointer.is_some_and(|(_, region)| {
                    matches!(region, Region::Kernel | Region::KernelUntrusted | Region::User)
                });
                if is_value
                    && !matches!(given.kind, ExprKind::None)
                    && (self.is_number(ty) || behind || address)
                {
                    return None;
                }
                no("a number", None)
            }
            ArgumentKind::Map(kinds) => {
                if let Some(map) = crate::kernel::map_of(types, given)
                    && (kinds.is_empty() || kinds.contains(&self.module.maps[map].kind))
                {
                    return None;
                }
                if kinds.is_empty() {
                    return no("a map", None);
                }
                Some((format!("a map of kind {}", kinds.join(" or ")), None))
            }
            ArgumentKind::MapKey | ArgumentKind::MapValue => {
                let fits = wanted.is_none_or(|want| self.holds(given, want));
                if is_value && fits {
                    return None;
                }
                let want = wanted.map_or_else(|| "memory".to_owned(), |want| types.display(want));
                Some((want, None))
            }
            ArgumentKind::MapValueOut | ArgumentKind::MemOut => {
                let written = pointer.is_none_or(|(_, region)| {
                    matches!(
                        region,
                        Region::Stack | Region::MapValue | Region::Mem | Region::Packet | Region::Dynptr
                    )
                });
                if is_value && (is_place(given) || pointer.is_some()) && written {
                    return None;
                }
                no("a buffer to write to", Some("make one: `buf = str(16)`, and pass `buf`"))
            }
            ArgumentKind::MemIn => {
                if optional || (is_value && !matches!(given.kind, ExprKind::None)) {
                    return None;
                }
                no("memory", None)
            }
            ArgumentKind::Text => {
                let text = |ty: TypeId| match types.get(ty) {
                    Type::Str { .. } | Type::Int { bits: 8, .. } => true,
                    Type::Array { element, .. } => types.size_of(*element) == 1,
                    _ => false,
                };
                let direct = text(ty) && !self.is_number(ty);
                if is_value && (direct || pointer.is_some_and(|(to, _)| text(to) || to == types.void())) {
                    return None;
                }
                no("text", Some("write a literal, or a variable of type `str(N)`"))
            }
            ArgumentKind::KernelAddress | ArgumentKind::UserAddress => {
                if is_value && (self.is_number(ty) || pointer.is_some()) {
                    return None;
                }
                no("an address", Some("pass a pointer, or a number that is one"))
            }
            ArgumentKind::Kernel(record) => self.no_object(record, given, pointer, optional),
            ArgumentKind::Callback(_) => {
                if matches!(given.kind, ExprKind::Function(_)) {
                    return None;
                }
                no(
                    "a function of the file",
                    Some("pass the name of a function with `@bpf` and without `@section`"),
                )
            }
            ArgumentKind::Object(size) => {
                let behind = pointer.map_or(ty, |(to, _)| to);
                let room = types.size_of(behind) >= *size;
                if is_value && room && (is_place(given) || pointer.is_some()) {
                    return None;
                }
                Some((
                    format!("an object of at least {size} bytes"),
                    Some("give it a place: a variable or a field"),
                ))
            }
            ArgumentKind::Kptr => {
                let in_map = crate::kernel::region_of(types, given) == Some(Region::MapValue);
                if in_map && crate::kernel::kptr(types, given).is_some() {
                    return None;
                }
                no(
                    "a field of a map value that holds a kernel object",
                    Some("declare it: `task: Kptr[struct_task_struct]`"),
                )
            }
            ArgumentKind::KptrValue(_) => {
                let fits = |(to, region)| region == Region::Kernel && wanted.is_none_or(|want| to == want);
                if optional || pointer.is_some_and(fits) {
                    return None;
                }
                let want =
                    wanted.map_or_else(|| "what the field holds".to_owned(), |want| types.display(want));
                Some((format!("a trusted pointer to {want}"), Some("acquire one, and test it for None")))
            }
            ArgumentKind::TypeId => None,
            ArgumentKind::Arena => {
                if optional || pointer.is_some_and(|(_, region)| region == Region::Arena) {
                    return None;
                }
                no("a pointer into an arena", None)
            }
            ArgumentKind::Allocated => {
                let own = |to: TypeId| matches!(types.get(to), Type::Record(r) if types.records[*r].origin == Origin::User);
                if pointer.is_some_and(|(to, region)| region == Region::Mem && own(to)) {
                    return None;
                }
                no("what the program allocated", Some("allocate it: `item = bpf_obj_new(Item)`"))
            }
            ArgumentKind::GraphRoot(kernel) => {
                let fits = matches!(types.get(ty), Type::GraphRoot { kind, .. } if kind.root() == kernel);
                if fits && crate::kernel::region_of(types, given) == Some(Region::MapValue) {
                    return None;
                }
                let python =
                    GraphKind::ALL.into_iter().find(|k| k.root() == kernel).map_or("root", GraphKind::python);
                Some((format!("a `{python}` in a map value"), None))
            }
            ArgumentKind::GraphNode(_) => {
                let fits = |(to, region)| region == Region::Mem && wanted.is_none_or(|want| to == want);
                if pointer.is_some_and(fits) {
                    return None;
                }
                let want =
                    wanted.map_or_else(|| "what the root leads to".to_owned(), |want| types.display(want));
                Some((format!("a pointer to {want}"), Some("allocate it: `item = bpf_obj_new(Item)`")))
            }
            ArgumentKind::PerCpu => {
                if pointer.is_some_and(|(_, region)| region == Region::PerCpu) {
                    return None;
                }
                no(
                    "a variable of which each CPU has its own",
                    Some("import one: `from vmlinux import runqueues`"),
                )
            }
            ArgumentKind::Reserved => {
                if pointer.is_some_and(|(_, region)| region == Region::Mem) {
                    return None;
                }
                no("what an earlier call reserved", None)
            }
        }
    }

    /// What the argument must be, if it is no trusted pointer to such a record.
    fn no_object(
        &self,
        record: &str,
        given: &Expr,
        pointer: Option<(TypeId, Region)>,
        optional: bool,
    ) -> Option<(String, Option<&'static str>)> {
        let (types, ty) = (&self.module.types, given.ty);
        if optional {
            return None;
        }
        let named = record.replace(" | ", "` or `struct ");
        let needs = format!("a trusted pointer to `struct {named}`");
        match pointer {
            Some((to, Region::Kernel)) if to == types.void() || self.is_record(to, record) => None,
            Some((to, Region::KernelUntrusted)) if self.is_record(to, record) => Some((
                needs,
                Some(
                    "the kernel trusts only what it handed to the program: an argument, or the result of a helper",
                ),
            )),
            // A part of what such a pointer leads to.
            None if self.is_record(ty, record)
                && crate::kernel::region_of(types, given) == Some(Region::Kernel) =>
            {
                None
            }
            _ => Some((needs, None)),
        }
    }

    /// Whether a type is the record of that name, or of one of several.
    fn is_record(&self, ty: TypeId, names: &str) -> bool {
        let Type::Record(record) = self.module.types.get(ty) else { return false };
        let name = &self.module.types.records[*record].name;
        names.split(" | ").any(|known| known == name)
    }

    /// Whether a key or value of that type can be made of an expression.
    fn holds(&self, given: &Expr, want: TypeId) -> bool {
        let types = &self.module.types;
        if given.ty == want || (self.is_number(given.ty) && self.is_number(want)) {
            return true;
        }
        match (types.get(given.ty), types.get(want)) {
            (Type::Str { .. }, Type::Str { .. }) => true,
            (Type::Ptr { to, .. }, _) => {
                *to == want || *to == types.void() || (self.is_number(*to) && self.is_number(want))
            }
            (Type::Int { bits: 64, .. }, Type::Ptr { .. }) => true,
            _ => false,
        }
    }

    /// Holds a callback against what the helper calls.
    fn signature(
        &mut self,
        row: &Helper,
        signature: &CallbackSignature,
        id: pbpf_core::hir::FuncId,
        span: Span,
    ) {
        let module = self.module;
        let function = &module.functions[id];
        if matches!(function.kind, FunctionKind::Program(_)) {
            return;
        }
        let given = function.params.len();
        if given != signature.params.len() {
            let names: Vec<&str> = signature.params.iter().map(|(n, _)| n.as_str()).collect();
            let message = format!(
                "`{}` calls `{}` with {} arguments, and it takes {given}",
                row.name,
                function.name,
                names.len()
            );
            self.cx.emit(
                Diagnostic::error("wrong-argument-type", message)
                    .at(span)
                    .label(function.span, "it is declared here")
                    .help(format!("write `def {}({})`", function.name, names.join(", "))),
            );
        }
        if function.ret.is_none_or(|ret| ret == module.types.void()) {
            let (low, high) = signature.range;
            self.cx.emit(
                Diagnostic::error(
                    "missing-return",
                    format!("`{}` must return a number to `{}`", function.name, row.name),
                )
                .at(function.span)
                .label(span, "it is passed here")
                .help(format!("end it with `return` and a number from {low} to {high}")),
            );
        }
    }
}

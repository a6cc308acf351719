//! Calls, and abstract instructions: rules M026 to M031.
//!
//! Promises: one arm for each instruction. Leaves out: what a helper takes; its row says that to the passes that make
//! calls, and MIR does not carry the row.

use super::Found;
use super::function::{Check, assignable};
use super::ops::is_memory;
use crate::entity::Table;
use crate::mir::{
    ExternId, ExternKind, FuncId, FunctionKind, InstData, Linkage, MapId, Module, Op, Region, Type, Value,
};
use crate::types::{Type as LangType, TypeId};

impl Check<'_> {
    pub(super) fn call_like(&mut self, data: &InstData, result: Type) {
        match &data.op {
            Op::CallHelper { name, args, .. } => {
                self.count(args);
                if name.is_empty() {
                    self.add("M027", "a helper has no name");
                }
            }
            Op::CallKfunc { callee, args } => self.kfunc(data, *callee, args, result),
            Op::Call { callee, args } => self.call(data, *callee, args, result),
            Op::CtxLoad { ctx, field } => self.context(*ctx, Some(field)),
            Op::CtxStore { ctx, field, .. } => self.context(*ctx, Some(field)),
            Op::CtxArg { ctx, .. } | Op::CtxReturn { ctx } => self.context(*ctx, None),
            Op::MapLookup { map, key } => {
                let wants = [Type::nullable(Region::MapValue), Type::nullable(Region::Map)];
                if !wants.contains(&result) {
                    self.add("M017", format!("`map_lookup` gives {result}"));
                }
                self.key(*map, *key);
            }
            Op::MapDelete { map, key } => self.key(*map, *key),
            Op::MapUpdate { map, key, value, flags } => {
                self.key(*map, *key);
                let wants = self.module.maps.get(*map).and_then(|m| m.value);
                match wants {
                    Some(ty) => self.item(*value, ty, "value"),
                    None => self.add("M030", format!("{map} has no values")),
                }
                if self.ty(*flags) != Type::I64 {
                    self.add("M030", format!("the flags are {}", self.ty(*flags)));
                }
            }
            Op::MapEntry { map, position } | Op::MapEntryKey { map, position } => {
                match self.module.maps.get(*map).map(|m| m.key) {
                    Some(Some(_)) => {}
                    Some(None) => self.add("M030", format!("{map} has no keys")),
                    None => self.add("M030", format!("{map} does not exist")),
                }
                if self.ty(*position) != Type::I64 {
                    self.add("M030", format!("the position is {}", self.ty(*position)));
                }
            }
            Op::Print { format, args } => self.print(format, args),
            // All others have an arm in `operands`.
            _ => {}
        }
    }

    fn count(&mut self, args: &[Value]) {
        if args.len() > 5 {
            self.add("M026", format!("{} arguments are passed; BPF passes five", args.len()));
        }
    }

    fn kfunc(&mut self, data: &InstData, callee: ExternId, args: &[Value], result: Type) {
        self.count(args);
        let module = self.module;
        let Some(external) = module.externs.get(callee) else {
            return self.add("M027", format!("{callee} does not exist"));
        };
        if external.kind != ExternKind::Function {
            return self.add("M027", format!("`{}` is no kernel function", external.name));
        }
        // A wrong type of the declaration is reported there.
        let LangType::Func { params, ret } = module.types.get(external.ty) else { return };
        let name = &external.name;
        if params.len() != args.len() {
            let message = format!("`{name}` takes {} arguments and gets {}", params.len(), args.len());
            self.add("M027", message);
        }
        for (arg, (param, ty)) in args.iter().zip(params) {
            let (has, wants) = (self.ty(*arg), module.machine_type(*ty));
            if !wants.is_some_and(|wants| alike(has, wants)) {
                let wants = module.types.display(*ty);
                self.add("M027", format!("`{param}` of `{name}` is {wants} and gets {arg}, which is {has}"));
            }
        }
        if data.result.is_some() && !module.machine_type(*ret).is_some_and(|gives| alike(result, gives)) {
            let gives = module.types.display(*ret);
            self.add("M027", format!("`{name}` gives {gives}, and the result is {result}"));
        }
    }

    fn call(&mut self, data: &InstData, callee: FuncId, args: &[Value], result: Type) {
        let Some(func) = self.module.functions.get(callee) else {
            return self.add("M027", format!("{callee} does not exist"));
        };
        if func.kind != FunctionKind::Subprogram(Linkage::Inline) || self.checked {
            self.count(args);
        }
        let name = &func.name;
        if matches!(func.kind, FunctionKind::Program { .. }) {
            self.add("M027", format!("`{name}` is a program, which only the kernel calls"));
        }
        let params: Vec<Type> = func
            .entry()
            .and_then(|entry| func.blocks.get(entry))
            .map(|b| b.params.iter().filter_map(|p| func.values.get(*p)).map(|v| v.ty).collect())
            .unwrap_or_default();
        if params.len() != args.len() {
            let message = format!("`{name}` takes {} arguments and gets {}", params.len(), args.len());
            self.add("M027", message);
        }
        for (arg, wants) in args.iter().zip(params) {
            let has = self.ty(*arg);
            let own = |ty: Type| matches!(ty.region(), Some(Region::Stack | Region::MapValue | Region::Mem));
            // The memory that a global function is given may be any of the program's own.
            let given = func.kind == FunctionKind::Subprogram(Linkage::Global)
                && wants.region() == Some(Region::Mem)
                && own(has)
                && (wants.is_nullable() || !has.is_nullable());
            if !given && !assignable(has, wants) {
                self.add("M027", format!("`{name}` takes {wants} and gets {arg}, which is {has}"));
            }
        }
        if data.result.is_some() && !func.ret.is_some_and(|gives| assignable(gives, result)) {
            let gives = func.ret.map_or("nothing".to_owned(), |ty| ty.to_string());
            self.add("M027", format!("`{name}` gives {gives}, and the result is {result}"));
        }
    }

    fn context(&mut self, ctx: Value, field: Option<&String>) {
        if self.ty(ctx) != Type::ptr(Region::Ctx) {
            self.add("M029", format!("{ctx} is {} and not the context", self.ty(ctx)));
        }
        if field.is_some_and(String::is_empty) {
            self.add("M029", "a field of the context has no name");
        }
    }

    fn key(&mut self, map: MapId, key: Value) {
        match self.module.maps.get(map).map(|m| m.key) {
            Some(Some(ty)) => self.item(key, ty, "key"),
            Some(None) => self.add("M030", format!("{map} has no keys")),
            None => self.add("M030", format!("{map} does not exist")),
        }
    }

    /// A key or value: an integer as wide as `wants`, or a pointer to one.
    fn item(&mut self, value: Value, wants: TypeId, what: &str) {
        let has = self.ty(value);
        let size = self.module.types.size_of(wants);
        match has {
            Type::Ptr { region, nullable } => {
                if nullable && self.checked {
                    self.add("M043", format!("the {what} {value} may be null"));
                }
                if is_memory(region) {
                    self.access(value, 0, size);
                } else {
                    self.add("M030", format!("the {what} {value} is {has}"));
                }
            }
            // A key without a size is reported at the map.
            int if size != 0 && int.bytes() != size => {
                self.add("M030", format!("the {what} {value} is {has}; the map has {size} bytes"));
            }
            _ => {}
        }
    }

    fn print(&mut self, format: &str, args: &[Value]) {
        if format.contains('\0') {
            self.add("M031", "the format holds a NUL");
        }
        let Some(wanted) = conversions(format) else {
            return self.add("M031", "the format ends inside a conversion");
        };
        if wanted.len() != args.len() {
            self.add(
                "M031",
                format!("the format has {} conversions for {} arguments", wanted.len(), args.len()),
            );
        }
        for (wants, arg) in wanted.into_iter().zip(args) {
            let ty = self.ty(*arg);
            let right = match wants {
                Conversion::Number => ty == Type::I64,
                Conversion::Text => !ty.is_int(),
                Conversion::Address => !ty.is_int() || ty == Type::I64,
            };
            if !right {
                self.add("M031", format!("the conversion for {arg} does not take {ty}"));
            }
        }
    }
}

/// What a conversion of a format takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mir) enum Conversion {
    /// An integer.
    Number,
    /// A pointer to text.
    Text,
    /// An address, or what an extension of `%p` reads behind it.
    Address,
}

/// The conversions of a format of `bpf_trace_printk`; none if it ends inside one.
pub(in crate::mir) fn conversions(format: &str) -> Option<Vec<Conversion>> {
    let mut found = Vec::new();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            continue;
        }
        let c = chars.find(|c| !matches!(c, '0'..='9' | '-' | '+' | ' ' | '#' | '.' | 'l' | 'h' | 'z'))?;
        match c {
            '%' => {}
            's' => found.push(Conversion::Text),
            'p' => found.push(Conversion::Address),
            _ => found.push(Conversion::Number),
        }
    }
    Some(found)
}

/// The same integer, or both pointers: what a kernel pointer is, BTF tells the kernel.
fn alike(has: Type, wants: Type) -> bool {
    if has.is_int() { has == wants } else { !wants.is_int() }
}

/// How far the walk over the calls of a function is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Open,
    Done,
}

/// No function may reach itself by calls.
pub(super) fn check_recursion(module: &Module, found: &mut Found) {
    let calls: Table<FuncId, Vec<FuncId>> = module
        .functions
        .values()
        .map(|func| {
            let insts = func.layout.iter().filter_map(|b| func.blocks.get(*b)).flat_map(|b| &b.insts);
            let callee = |op: &Op| match op {
                Op::Call { callee, .. } | Op::FuncAddr(callee) => Some(*callee),
                _ => None,
            };
            let callees = insts.filter_map(|i| func.insts.get(*i)).filter_map(|d| callee(&d.op));
            // That nothing calls programs is for another rule.
            let is_callee = |c: &FuncId| {
                let kind = module.functions.get(*c).map(|f| &f.kind);
                kind.is_some_and(|k| !matches!(k, FunctionKind::Program { .. }))
            };
            callees.filter(is_callee).collect()
        })
        .collect();
    let mut states: Table<FuncId, State> = calls.keys().map(|_| State::New).collect();
    for root in calls.keys() {
        if states[root] != State::New {
            continue;
        }
        states[root] = State::Open;
        let mut stack = vec![(root, 0usize)];
        while let Some((at, next)) = stack.last_mut() {
            if let Some(&callee) = calls[*at].get(*next) {
                *next += 1;
                match states[callee] {
                    State::Done => {}
                    State::New => {
                        states[callee] = State::Open;
                        stack.push((callee, 0));
                    }
                    State::Open => {
                        let func = &module.functions[callee];
                        let name = &func.name;
                        found.add(
                            "M028",
                            Some(func.span),
                            format!("`{name}` calls itself, by way of others or not"),
                        );
                        states[callee] = State::Done;
                    }
                }
            } else {
                states[*at] = State::Done;
                stack.pop();
            }
        }
    }
}

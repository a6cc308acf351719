//! The text form of HIR: Python's control flow on ids and types.
//!
//! Promises: the same module gives the same text; each variable and each value that is stored, returned or tested
//! shows its type once `infer` has run. A local is its name and its number. Leaves out: being read back.

use super::{
    Binding, Expr, ExprKind, ExternKind, Function, FunctionKind, LocalId, MapRef, Module, Over, Place,
    PlaceKind, PrintPart, Query, Stmt, StmtKind, StructOpsValue, TextTest, UnaryOp,
};
use crate::entity::Entity;
use crate::mir::FieldStep;
use crate::registry::Registry;
use crate::rows::Take;
use crate::types::{Origin, TypeId};
use std::fmt::Write as _;

/// The text of a module.
pub fn print(module: &Module, registry: &Registry) -> String {
    let mut out = String::new();
    if let Some(license) = &module.license {
        let _ = writeln!(out, "license {license:?}");
    }
    for record in module.types.records.values().filter(|r| r.origin == Origin::User) {
        let _ = writeln!(out, "struct {}: {} bytes", record.name, record.size);
        for field in &record.fields {
            let _ =
                writeln!(out, "    {} at {}: {}", field.name, field.offset(), module.types.display(field.ty));
        }
    }
    for map in module.maps.values() {
        let part = |ty: Option<TypeId>| ty.map_or_else(|| "nothing".to_owned(), |t| module.types.display(t));
        let _ = writeln!(
            out,
            "map {}: {} of {} by {}, {} entries",
            map.name,
            map.kind,
            part(map.value),
            part(map.key),
            map.max_entries
        );
    }
    for global in module.globals.values() {
        let ty = module.types.display(global.ty);
        let init = match &global.init {
            super::Init::Zero => "0".to_owned(),
            super::Init::Int(value) => value.to_string(),
            super::Init::Bytes(bytes) => format!("\"{}\"", bytes.escape_ascii()),
        };
        let _ = writeln!(out, "global {}: {ty} = {init}", global.name);
    }
    for external in module.externals.values() {
        let weak = if external.weak { ", weak" } else { "" };
        let what = if external.kind == ExternKind::Config { "kconfig" } else { "ksym" };
        let _ = writeln!(out, "{what} {}: {}{weak}", external.name, module.types.display(external.ty));
    }
    for ops in &module.struct_ops {
        let _ = writeln!(out, "callbacks {}", ops.name);
        for (name, _, value, _) in &ops.members {
            let value = match value {
                StructOpsValue::Int(value) => value.to_string(),
                StructOpsValue::Str(text) => format!("{text:?}"),
            };
            let _ = writeln!(out, "    {name} = {value}");
        }
        for (name, func) in &ops.callbacks {
            let _ = writeln!(out, "    {name} = {}", module.functions[*func].name);
        }
    }
    for function in module.functions.values() {
        let mut printer = Printer { module, function, registry, out: String::new(), indent: 0 };
        printer.function();
        out.push_str(&printer.out);
    }
    out
}

struct Printer<'a> {
    module: &'a Module,
    function: &'a Function,
    registry: &'a Registry,
    out: String,
    indent: usize,
}

impl Printer<'_> {
    fn line(&mut self, text: &str) {
        let _ = writeln!(self.out, "{:width$}{text}", "", width = self.indent * 4);
    }

    fn function(&mut self) {
        let function = self.function;
        let params: Vec<String> = function.params.iter().map(|p| self.declared(*p)).collect();
        let ret = function.ret.map(|r| format!(" -> {}", self.ty(r))).unwrap_or_default();
        match &function.kind {
            FunctionKind::Program(program) => self.line(&format!("program {:?}", program.section)),
            FunctionKind::Subprogram => self.line("subprogram"),
        }
        self.line(&format!("def {}({}){ret}:", function.name, params.join(", ")));
        self.indent += 1;
        for (id, _) in function.locals.iter().filter(|(id, _)| !function.params.contains(id)) {
            let declared = self.declared(id);
            self.line(&format!("local {declared}"));
        }
        self.block(&function.body);
        self.indent -= 1;
    }

    fn ty(&self, ty: TypeId) -> String {
        self.module.types.display(ty)
    }

    fn local(&self, id: LocalId) -> String {
        format!("{}.{}", self.function.locals[id].name, id.index())
    }

    fn declared(&self, id: LocalId) -> String {
        let local = &self.function.locals[id];
        let bound = match local.binding {
            Some(Binding::Context) => " (context)".to_owned(),
            Some(Binding::Argument(index)) => format!(" (argument {index})"),
            Some(Binding::Result) => " (result)".to_owned(),
            None => String::new(),
        };
        format!("{}: {}{bound}", self.local(id), self.ty(local.ty))
    }

    fn map(&self, map: &MapRef) -> String {
        match &map.handle {
            Some(handle) => self.expr(handle),
            None => self.module.maps[map.map].name.clone(),
        }
    }

    fn block(&mut self, block: &[Stmt]) {
        for stmt in block {
            self.stmt(stmt);
        }
    }

    fn inner(&mut self, head: &str, block: &[Stmt]) {
        self.line(head);
        self.indent += 1;
        if block.is_empty() {
            self.line("pass");
        }
        self.block(block);
        self.indent -= 1;
    }

    fn orelse(&mut self, block: &[Stmt]) {
        if !block.is_empty() {
            self.inner("else:", block);
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::Expr(e) => self.line(&self.expr(e)),
            StmtKind::Assign { places, value } => {
                let places: String = places.iter().map(|p| format!("{} = ", self.place(p))).collect();
                self.line(&format!("{places}{}", self.typed(value)));
            }
            StmtKind::Unpack { places, values } => {
                let places: Vec<String> = places.iter().map(|p| self.place(p)).collect();
                let values: Vec<String> = values.iter().map(|v| self.typed(v)).collect();
                self.line(&format!("{} = {}", places.join(", "), values.join(", ")));
            }
            StmtKind::Update { place, op, value, .. } => {
                self.line(&format!("{} {}= {}", self.place(place), op.as_str(), self.typed(value)));
            }
            StmtKind::Delete { map, key } => {
                self.line(&format!("del {}[{}]", self.map(map), self.expr(key)));
            }
            StmtKind::If { test, then, orelse } => {
                self.inner(&format!("if {}:", self.expr(test)), then);
                self.orelse(orelse);
            }
            StmtKind::While { test, body, orelse } => {
                self.inner(&format!("while {}:", self.expr(test)), body);
                self.orelse(orelse);
            }
            StmtKind::For { over, body, orelse } => {
                self.inner(&self.over(over), body);
                self.orelse(orelse);
            }
            StmtKind::Match { local, value, cases } => {
                self.line(&format!("match {} = {}:", self.local(*local), self.typed(value)));
                self.indent += 1;
                for case in cases {
                    let tests: Vec<String> = case.tests.iter().map(|t| self.expr(t)).collect();
                    let tests = if tests.is_empty() { "_".to_owned() } else { tests.join(" | ") };
                    self.inner(&format!("case {tests}:"), &case.captures);
                    self.indent += 1;
                    match &case.guard {
                        Some(guard) => self.inner(&format!("if {}:", self.expr(guard)), &case.body),
                        None => self.block(&case.body),
                    }
                    self.indent -= 1;
                }
                self.indent -= 1;
            }
            StmtKind::With { enter, leave, body } => {
                let leave = leave.map(|id| format!(", then {}", self.registry.helper(id).row.name));
                self.inner(&format!("with {}{}:", self.expr(enter), leave.unwrap_or_default()), body);
            }
            StmtKind::Return(None) => self.line("return"),
            StmtKind::Return(Some(value)) => self.line(&format!("return {}", self.typed(value))),
            StmtKind::Assert(test) => self.line(&format!("assert {}", self.expr(test))),
            StmtKind::Break => self.line("break"),
            StmtKind::Continue => self.line("continue"),
            StmtKind::Pass => self.line("pass"),
        }
    }

    fn over(&self, over: &Over) -> String {
        let enumerated = |index: &Option<LocalId>, local: LocalId| match index {
            Some(index) => format!("{}, {}", self.local(*index), self.local(local)),
            None => self.local(local),
        };
        match over {
            Over::Range { local, start, stop, step } => {
                let all = [start, stop, step].map(|e| self.expr(e)).join(", ");
                format!("for {} in range({all}):", self.local(*local))
            }
            Over::Array { local, index, array } => {
                format!("for {} in {}:", enumerated(index, *local), self.typed(array))
            }
            Over::Values { local, index, values } => {
                format!("for {} in ({}):", enumerated(index, *local), self.list(values))
            }
            Over::Entries { map, key, value } => {
                let part = |id: &Option<LocalId>| id.map_or_else(|| "_".to_owned(), |id| self.local(id));
                format!("for {}, {} in {}:", part(key), part(value), self.module.maps[*map].name)
            }
        }
    }

    fn place(&self, place: &Place) -> String {
        match &place.kind {
            PlaceKind::Local(id) => self.local(*id),
            PlaceKind::Global(id) => self.module.globals[*id].name.clone(),
            PlaceKind::Field { base, name } => format!("{}.{name}", self.expr(base)),
            PlaceKind::Index { base, index } => format!("{}[{}]", self.expr(base), self.expr(index)),
            PlaceKind::MapItem { map, key } => format!("{}[{}]", self.map(map), self.expr(key)),
        }
    }

    /// An expression and its type.
    fn typed(&self, e: &Expr) -> String {
        let text = self.expr(e);
        if e.ty == self.module.types.void() { text } else { format!("{text} : {}", self.ty(e.ty)) }
    }

    fn query(&self, query: &Query) -> String {
        let types = &self.module.types;
        let ask = query.as_str();
        match query {
            Query::Field(_, record, path) => {
                let mut text = format!("{ask} {}", types.records[*record].name);
                for step in path {
                    let _ = match step {
                        FieldStep::Field(name) => write!(text, ".{name}"),
                        FieldStep::Index(at) => write!(text, "[{at}]"),
                    };
                }
                text
            }
            Query::Record(_, record) => format!("{ask} {}", types.records[*record].name),
            Query::Enum(_, id, name) => format!("{ask} {}.{name}", types.enums[*id].name),
        }
    }

    fn list(&self, exprs: &[Expr]) -> String {
        exprs.iter().map(|e| self.expr(e)).collect::<Vec<_>>().join(", ")
    }

    fn expr(&self, e: &Expr) -> String {
        match &e.kind {
            ExprKind::Int(value) => value.to_string(),
            ExprKind::Bool(true) => "True".to_owned(),
            ExprKind::Bool(false) => "False".to_owned(),
            ExprKind::None => "None".to_owned(),
            ExprKind::Text(text) => format!("{text:?}"),
            ExprKind::Local(id) => self.local(*id),
            ExprKind::Global(id) => self.module.globals[*id].name.clone(),
            ExprKind::Map(id) => self.module.maps[*id].name.clone(),
            ExprKind::Function(id) => self.module.functions[*id].name.clone(),
            ExprKind::External(id) => format!("&{}", self.module.externals[*id].name),
            ExprKind::Query(query) => self.query(query),
            ExprKind::HasField(a, name) => format!("hasattr({}, {name:?})", self.expr(a)),
            ExprKind::Absent => "absent".to_owned(),
            ExprKind::Container(a, query) => {
                format!("container[{}]({}, {})", self.ty(e.ty), self.expr(a), self.query(query))
            }
            ExprKind::Unary(UnaryOp::Neg, a) => format!("(-{})", self.expr(a)),
            ExprKind::Unary(UnaryOp::Invert, a) => format!("(~{})", self.expr(a)),
            ExprKind::Binary(op, a, b) => format!("({} {} {})", self.expr(a), op.as_str(), self.expr(b)),
            ExprKind::Compare(first, rest) => {
                let rest: String =
                    rest.iter().map(|(op, e)| format!(" {} {}", op.as_str(), self.expr(e))).collect();
                format!("({}{rest})", self.expr(first))
            }
            ExprKind::Contains { map, key, negated } => {
                let word = if *negated { "not in" } else { "in" };
                format!("({} {word} {})", self.expr(key), self.map(map))
            }
            ExprKind::Within { value, array, negated } => {
                let word = if *negated { "not in" } else { "in" };
                format!("({} {word} {})", self.expr(value), self.expr(array))
            }
            ExprKind::Logical(and, values) => {
                let word = if *and { " and " } else { " or " };
                format!("({})", values.iter().map(|v| self.expr(v)).collect::<Vec<_>>().join(word))
            }
            ExprKind::Not(a) => format!("(not {})", self.expr(a)),
            ExprKind::If(test, a, b) => {
                format!("({} if {} else {})", self.expr(a), self.expr(test), self.expr(b))
            }
            ExprKind::Walrus(id, value) => format!("({} := {})", self.local(*id), self.expr(value)),
            ExprKind::After(first, last) => format!("({}; {})", self.list(first), self.expr(last)),
            ExprKind::Convert(a) => format!("convert[{}]({})", self.ty(e.ty), self.expr(a)),
            ExprKind::Cast(a) => format!("cast[{}]({})", self.ty(e.ty), self.expr(a)),
            ExprKind::New(fields) => {
                let fields: Vec<String> =
                    fields.iter().map(|(name, value)| format!("{name}={}", self.expr(value))).collect();
                format!("new[{}]({})", self.ty(e.ty), fields.join(", "))
            }
            ExprKind::NewArray(items) => format!("new[{}]({})", self.ty(e.ty), self.list(items)),
            ExprKind::Len(a) => format!("len({})", self.expr(a)),
            ExprKind::TextTest(TextTest::Starts, a, text) => format!("{}.startswith({text:?})", self.expr(a)),
            ExprKind::TextTest(TextTest::Ends, a, text) => format!("{}.endswith({text:?})", self.expr(a)),
            ExprKind::TextTest(TextTest::Holds, a, text) => format!("({text:?} in {})", self.expr(a)),
            ExprKind::TextAt(a) => format!("text[{}]({})", self.ty(e.ty), self.expr(a)),
            ExprKind::Size(a) => format!("sizeof({})", self.expr(a)),
            ExprKind::Zeroed => format!("zeroed[{}]", self.ty(e.ty)),
            ExprKind::Field(a, name) => format!("{}.{name}", self.expr(a)),
            ExprKind::Index(a, index) => format!("{}[{}]", self.expr(a), self.expr(index)),
            ExprKind::Deref(a) => format!("deref({})", self.expr(a)),
            ExprKind::Reveal(a) => format!("reveal_type({})", self.expr(a)),
            ExprKind::Helper { helper, take, args } => {
                let part = match take {
                    Take::All => "",
                    Take::Low32 => "low32 ",
                    Take::High32 => "high32 ",
                };
                let args: Vec<String> = args
                    .iter()
                    .map(|a| a.as_ref().map_or_else(|| "_".to_owned(), |a| self.expr(a)))
                    .collect();
                format!("{part}{}({})", self.registry.helper(*helper).row.name, args.join(", "))
            }
            ExprKind::Call(id, args) => {
                let callee = &self.module.functions[*id];
                let args = args.iter().enumerate().map(|(at, arg)| {
                    let value = self.expr(&arg.value);
                    match callee.params.get(arg.param) {
                        Some(param) if at != arg.param => format!("{}={value}", callee.locals[*param].name),
                        _ => value,
                    }
                });
                format!("{}({})", callee.name, args.collect::<Vec<_>>().join(", "))
            }
            ExprKind::Lookup(map, key) => format!("{}.lookup({})", self.map(map), self.expr(key)),
            ExprKind::Item(map, key) => format!("{}[{}]", self.map(map), self.expr(key)),
            ExprKind::Get(map, key, default) => {
                format!("{}.get({}, {})", self.map(map), self.expr(key), self.expr(default))
            }
            ExprKind::Store(map, key, value, flags) => {
                let all = [&**key, &**value, &**flags].map(|a| self.expr(a));
                format!("{}.update({})", self.map(map), all.join(", "))
            }
            ExprKind::SetDefault(map, key, value) => {
                format!("{}.setdefault({}, {})", self.map(map), self.expr(key), self.expr(value))
            }
            ExprKind::Take(map, _) => format!("{}.take()", self.map(map)),
            ExprKind::Atomic(op, a, b) => format!("{}({}, {})", op.name(), self.expr(a), self.expr(b)),
            ExprKind::Checked(a) => format!("checked({})", self.expr(a)),
            ExprKind::Remove(map, key) => format!("{}.delete({})", self.map(map), self.expr(key)),
            ExprKind::Print(parts, to) => {
                let part = |part: &PrintPart| match part {
                    PrintPart::Text(text) => format!("{text:?}"),
                    PrintPart::Value(value, format) => format!("{}{format}", self.typed(value)),
                };
                let mut list: Vec<String> = parts.iter().map(part).collect();
                let before = to.iter().flat_map(|(_, before)| before);
                list.extend(before.map(|value| format!("to={}", self.typed(value))));
                format!("print({})", list.join(", "))
            }
            ExprKind::Builtin(which, args) => {
                format!("{}({})", which.as_str(), self.list(args))
            }
        }
    }
}

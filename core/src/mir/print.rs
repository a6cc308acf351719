//! The text form of MIR, written. `docs/mir.md` specifies it; [`parse`](super::parse) reads it.
//!
//! Promises: any module can be printed, a wrong one too. A module that verifies is read back equal, once it is
//! [compacted](super::Module::compact): things are numbered in the order in which they are printed. No hash order.
//! Leaves out: anything that the text need not say; comments are for people and only [`print_annotated`] writes them.

use super::{
    Block, BlockCall, ExternKind, FieldStep, Function, FunctionKind, Init, Inst, MapValue, Module, Op, Query,
    StructOpsValue, Type, Value,
};
use crate::entity::{Entity, Table};
use crate::source::{SourceMap, Span};
use crate::types::{Origin, RecordKind, Type as LangType, TypeId, Types};
use std::fmt::{self, Write as _};

/// The version of the text form, in its first line.
pub const TEXT_VERSION: u32 = 1;

/// The text of a module.
pub fn print(module: &Module) -> String {
    let mut module = module.clone();
    module.compact();
    Printer { out: String::new(), types: &module.types, sources: None }.module(&module)
}

/// The text of a module, with the place in the source behind each line, as a comment.
pub fn print_annotated(module: &Module, sources: &SourceMap) -> String {
    let mut module = module.clone();
    module.compact();
    Printer { out: String::new(), types: &module.types, sources: Some(sources) }.module(&module)
}

/// The text of one function of a module, as it is in [`print()`] but for the numbers of types.
pub fn print_function(module: &Module, func: &Function) -> String {
    let mut func = func.clone();
    func.compact();
    let id = module.functions.iter().find(|(_, f)| f.name == func.name).map_or(0, |(id, _)| id.index());
    let mut printer = Printer { out: String::new(), types: &module.types, sources: None };
    printer.function(id, &func);
    printer.out
}

/// A name as the text has it: quoted where it is not one plain word.
pub(super) struct Name<'a>(pub(super) &'a str);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = self.0.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && self.0.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if plain { f.write_str(self.0) } else { Text(self.0).fmt(f) }
    }
}

/// Text in quotes.
pub(super) struct Text<'a>(pub(super) &'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                '\n' => f.write_str("\\n")?,
                '\t' => f.write_str("\\t")?,
                '\r' => f.write_str("\\r")?,
                ' '..='~' => f.write_char(c)?,
                c if c.is_alphanumeric() => f.write_char(c)?,
                c => write!(f, "\\u{{{:x}}}", u32::from(c))?,
            }
        }
        f.write_char('"')
    }
}

/// Bytes in quotes.
struct Bytes<'a>(&'a [u8]);

impl fmt::Display for Bytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("b\"")?;
        for &byte in self.0 {
            match byte {
                b'"' | b'\\' => write!(f, "\\{}", byte as char)?,
                b' '..=b'~' => f.write_char(byte as char)?,
                _ => write!(f, "\\x{byte:02x}")?,
            }
        }
        f.write_char('"')
    }
}

/// A type of the language: the basic ones by name, the others by id.
pub(super) struct TypeName(pub(super) TypeId);

/// The names of the basic types, by id.
pub(super) const BASIC_TYPES: [&str; 10] =
    ["void", "bool", "u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64"];

impl fmt::Display for TypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match BASIC_TYPES.get(self.0.index()) {
            Some(name) => f.write_str(name),
            None => self.0.fmt(f),
        }
    }
}

/// The place of something: `@4..9` in file 0, `@1:4..9` in another.
struct At(Span);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Span { file, lo, hi } = self.0;
        match file.index() {
            0 => write!(f, "@{lo}..{hi}"),
            n => write!(f, "@{n}:{lo}..{hi}"),
        }
    }
}

/// Values in a row: `v1, v2`.
struct List<'a>(&'a [Value]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, value) in self.0.iter().enumerate() {
            write!(f, "{}{value}", if i == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

/// A block with arguments: `block1`, `block1(v2)`.
struct Goto<'a>(&'a BlockCall);

impl fmt::Display for Goto<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.args.is_empty() {
            return write!(f, "{}", self.0.block);
        }
        write!(f, "{}({})", self.0.block, List(&self.0.args))
    }
}

/// A pointer and an offset: `v1`, `v1+8`, `v1-8`.
struct Address(Value, i32);

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1 {
            0 => write!(f, "{}", self.0),
            offset => write!(f, "{}{offset:+}", self.0),
        }
    }
}

/// What a map holds from the start.
fn values(values: &[(u32, MapValue)]) -> String {
    if values.is_empty() {
        return String::new();
    }
    let one = |(at, value): &(u32, MapValue)| match value {
        MapValue::Map(id) => format!("{at} = {id}"),
        MapValue::Func(id) => format!("{at} = {id}"),
    };
    format!(" values {{ {} }}", values.iter().map(one).collect::<Vec<_>>().join(", "))
}

/// Text to be put behind something, with a space before it, if there is any.
fn when(condition: bool, text: impl fmt::Display) -> String {
    if condition { format!(" {text}") } else { String::new() }
}

struct Printer<'a> {
    out: String,
    types: &'a Types,
    sources: Option<&'a SourceMap>,
}

impl Printer<'_> {
    fn line(&mut self, text: fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.out.write_fmt(text);
        self.out.push('\n');
    }

    /// A line with its place, and with that place for people.
    fn line_at(&mut self, text: fmt::Arguments<'_>, span: Span, end: &str) {
        let _ = write!(self.out, "{text} {}{end}", At(span));
        if let Some(sources) = self.sources
            && let (Some(file), Some(at)) = (sources.get(span.file), sources.start(span))
        {
            let _ = write!(self.out, "  ; {}:{}:{}", file.name.escape_debug(), at.line, at.column);
        }
        self.out.push('\n');
    }

    fn module(mut self, m: &Module) -> String {
        self.line(format_args!("mir {TEXT_VERSION}"));
        for file in &m.files {
            self.line(format_args!("source {}", Text(file)));
        }
        if let Some(license) = &m.license {
            self.line(format_args!("license {}", Text(license)));
        }
        self.types(m);
        if !(m.maps.is_empty() && m.globals.is_empty() && m.externs.is_empty()) {
            self.out.push('\n');
        }
        for (id, map) in m.maps.iter() {
            let number = |word: &str, n: u32| when(n != 0, format_args!("{word} {n}"));
            let ty = |word: &str, ty: Option<TypeId>| {
                ty.map(|t| format!(" {word} {}", TypeName(t))).unwrap_or_default()
            };
            self.line_at(
                format_args!(
                    "map {id} {} kind {} {}{}{}{}{}{}{}{}{}{}{}{}",
                    Name(&map.name),
                    Name(&map.kind),
                    map.kind_id,
                    ty("key", map.key),
                    ty("value", map.value),
                    number("max_entries", map.max_entries),
                    number("flags", map.flags),
                    map.numa_node.map(|n| format!(" numa_node {n}")).unwrap_or_default(),
                    number("map_extra", map.map_extra),
                    when(map.sizes_only, "sizes"),
                    when(map.template, "template"),
                    map.inner.map(|id| format!(" inner {id}")).unwrap_or_default(),
                    values(&map.values),
                    when(map.pinned, "pinned"),
                ),
                map.span,
                "",
            );
        }
        for (id, global) in m.globals.iter() {
            let init = match &global.init {
                Init::Zero => "zero".to_owned(),
                Init::Int(n) => n.to_string(),
                Init::Bytes(bytes) => Bytes(bytes).to_string(),
            };
            self.line_at(
                format_args!(
                    "global {id} {}: {} {}{} = {init}",
                    Name(&global.name),
                    TypeName(global.ty),
                    global.section.as_str(),
                    global.subsection.as_ref().map(|s| format!(" {}", Text(s))).unwrap_or_default(),
                ),
                global.span,
                "",
            );
        }
        for (id, e) in m.externs.iter() {
            let kind = match e.kind {
                ExternKind::Function => "",
                ExternKind::Symbol => " ksym",
                ExternKind::Config => " kconfig",
            };
            let weak = when(e.weak, "weak");
            self.line(format_args!("extern {id} {}: {}{kind}{weak}", Name(&e.name), TypeName(e.ty)));
        }
        for ops in &m.struct_ops {
            let link = when(ops.link, "link");
            self.out.push('\n');
            self.line_at(
                format_args!("struct_ops {} {}{link}", Name(&ops.name), Name(&ops.record)),
                ops.span,
                " {",
            );
            for member in &ops.members {
                let value = match &member.value {
                    StructOpsValue::Func(id) => id.to_string(),
                    StructOpsValue::Int(n) => n.to_string(),
                    StructOpsValue::Str(text) => Text(text).to_string(),
                };
                self.line(format_args!("  {}: {} = {value}", Name(&member.name), TypeName(member.ty)));
            }
            self.line(format_args!("}}"));
        }
        for (id, func) in m.functions.iter() {
            self.out.push('\n');
            self.function(id.index(), func);
        }
        self.out
    }

    fn types(&mut self, m: &Module) {
        if m.types.len() > BASIC_TYPES.len() {
            self.out.push('\n');
        }
        for (id, ty) in m.types.iter().skip(BASIC_TYPES.len()) {
            let text = match ty {
                // Only the first ten types can be these.
                LangType::Void | LangType::Bool | LangType::Int { .. } => TypeName(id).to_string(),
                LangType::Ptr { to, region, nullable } => {
                    let null = if *nullable { "?" } else { "" };
                    format!("ptr.{}{null} {}", region.as_str(), TypeName(*to))
                }
                LangType::Array { element, len } => format!("array {} {len}", TypeName(*element)),
                LangType::Str { len } => format!("str {len}"),
                LangType::Record(r) => format!("record {r}"),
                LangType::Enum(e) => format!("enum {e}"),
                LangType::Kptr(to) => format!("kptr {}", TypeName(*to)),
                LangType::GraphRoot { kind, record, node } => {
                    format!("{} {record} {}", kind.root(), Name(node))
                }
                LangType::Map(map) => format!("map {map}"),
                LangType::Func { params, ret } => {
                    let params: Vec<String> =
                        params.iter().map(|(n, ty)| format!("{}: {}", Name(n), TypeName(*ty))).collect();
                    format!("func({}) -> {}", params.join(", "), TypeName(*ret))
                }
            };
            let comment = self.sources.map(|_| self.describe(id)).unwrap_or_default();
            self.line(format_args!("type {id} = {text}{comment}"));
        }
        for (id, r) in m.types.records.iter() {
            let kind = match r.kind {
                RecordKind::Struct => "struct",
                RecordKind::Union => "union",
            };
            let origin = match r.origin {
                Origin::User => "user",
                Origin::Kernel => "kernel",
                Origin::Abi => "abi",
            };
            self.out.push('\n');
            let head =
                format!("record {id} {kind} {origin} {} size {} align {}", Name(&r.name), r.size, r.align);
            match r.span {
                Some(span) => self.line_at(format_args!("{head}"), span, " {"),
                None => self.line(format_args!("{head} {{")),
            }
            for f in &r.fields {
                let _ = write!(self.out, "  {}: {} +{}", Name(&f.name), TypeName(f.ty), f.bit_offset / 8);
                if f.bit_offset % 8 != 0 {
                    let _ = write!(self.out, ":{}", f.bit_offset % 8);
                }
                if let Some(bits) = f.bit_size {
                    let _ = write!(self.out, " bits {bits}");
                }
                let index = when(f.index != 0, format_args!("index {}", f.index));
                self.line(format_args!("{index}"));
            }
            self.line(format_args!("}}"));
        }
        for (id, e) in m.types.enums.iter() {
            let sign = if e.signed { "signed" } else { "unsigned" };
            self.out.push('\n');
            self.line(format_args!("enum {id} {} size {} {sign} {{", Name(&e.name), e.size));
            for (name, value) in &e.variants {
                self.line(format_args!("  {} = {value}", Name(name)));
            }
            self.line(format_args!("}}"));
        }
    }

    /// A type for people, unless it nests too deep to be shown.
    fn describe(&self, id: TypeId) -> String {
        let mut at = id;
        for _ in 0..8 {
            match self.types.try_get(at) {
                Some(LangType::Ptr { to: part, .. } | LangType::Array { element: part, .. }) => at = *part,
                Some(_) => return format!("  ; {}", self.types.display(id).escape_debug()),
                None => break,
            }
        }
        String::new()
    }

    fn function(&mut self, id: usize, func: &Function) {
        let params: Vec<String> =
            func.params.iter().map(|p| format!("{}: {}", Name(&p.name), TypeName(p.ty))).collect();
        let ret = func.ret.map(|ty| format!(" -> {ty}")).unwrap_or_default();
        let kind = match &func.kind {
            FunctionKind::Program { section, program_type, fails } => {
                let fails = fails.map(|value| format!(" fails {value}")).unwrap_or_default();
                format!("program {} {}{fails}", Text(section), Text(program_type))
            }
            FunctionKind::Subprogram(linkage) => linkage.as_str().to_owned(),
            FunctionKind::Callback => "callback".to_owned(),
        };
        self.line_at(
            format_args!("function fn{id} {}({}){ret} {kind}", Name(&func.name), params.join(", ")),
            func.span,
            " {",
        );
        for (id, slot) in func.slots.iter() {
            let text = format!("  {id} {} size {} align {}", Name(&slot.name), slot.size, slot.align);
            self.line_at(format_args!("{text}"), slot.span, "");
        }
        for &block in &func.layout {
            self.block(func, block);
        }
        self.line(format_args!("}}"));
    }

    fn block(&mut self, func: &Function, block: Block) {
        let Some(data) = func.blocks.get(block) else { return };
        let params: Vec<String> =
            data.params.iter().map(|p| format!("{p}: {}", type_of(&func.values, *p))).collect();
        let failed = when(data.failed, "failed");
        if params.is_empty() {
            self.line(format_args!("{block}{failed}:"));
        } else {
            self.line(format_args!("{block}({}){failed}:", params.join(", ")));
        }
        for &inst in &data.insts {
            self.inst(func, inst);
        }
    }

    fn inst(&mut self, func: &Function, inst: Inst) {
        let Some(data) = func.insts.get(inst) else { return };
        let mut head = String::new();
        if let Some(result) = data.result {
            let ty = type_of(&func.values, result);
            // What the reader has not seen yet it cannot infer from.
            let mut forward = false;
            let inferred = data.op.inferred_type(|v| {
                forward |= v.index() >= result.index();
                type_of(&func.values, v)
            });
            head = if inferred == Some(ty) && !forward {
                format!("{result} = ")
            } else {
                format!("{result}: {ty} = ")
            };
        }
        self.line_at(format_args!("  {head}{}", OpText(&data.op)), data.span, "");
    }
}

fn type_of(values: &Table<Value, super::ValueData>, value: Value) -> Type {
    values.get(value).map_or(Type::I64, |v| v.ty)
}

/// A way into a record.
struct Path<'a>(&'a [FieldStep]);

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|step| match step {
            FieldStep::Field(name) => write!(f, ".{}", Name(name)),
            FieldStep::Index(n) => write!(f, "[{n}]"),
        })
    }
}

/// An instruction without its result.
struct OpText<'a>(&'a Op);

impl fmt::Display for OpText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Op::Iconst(n) => write!(f, "iconst {n}"),
            Op::Null => f.write_str("null"),
            Op::Binary(op, vs) => write!(f, "{} {}", op.as_str(), List(vs)),
            Op::Unary(op, v) => write!(f, "{} {v}", op.as_str()),
            Op::Icmp(cond, vs) => write!(f, "icmp.{} {}", cond.as_str(), List(vs)),
            Op::Cast(kind, v) => write!(f, "{} {v}", kind.as_str()),
            Op::Select(cond, vs) => write!(f, "select {cond}, {}", List(vs)),
            Op::SlotAddr(id) => write!(f, "slot_addr {id}"),
            Op::GlobalAddr(id) => write!(f, "global_addr {id}"),
            Op::MapAddr(id) => write!(f, "map_addr {id}"),
            Op::FuncAddr(id) => write!(f, "func_addr {id}"),
            Op::PtrAdd(ptr, by) => write!(f, "ptr_add {ptr}, {by}"),
            Op::PtrSub(vs) => write!(f, "ptr_sub {}", List(vs)),
            Op::FieldAddr { base, record, path } => {
                write!(f, "field_addr {base}, {record}{}", Path(path))
            }
            Op::LoadBits { base, record, path } => write!(f, "load_bits {base}, {record}{}", Path(path)),
            Op::ExternAddr(id) => write!(f, "extern_addr {id}"),
            Op::Query(query) => {
                let ask = query.as_str();
                match query {
                    Query::Field(_, record, path) => write!(f, "{ask} {record}{}", Path(path)),
                    Query::Record(_, record) => write!(f, "{ask} {record}"),
                    Query::Enum(_, id, name) => write!(f, "{ask} {id}.{}", Name(name)),
                }
            }
            Op::PtrToInt(v) => write!(f, "ptr_to_int {v}"),
            Op::IntToPtr(v) => write!(f, "int_to_ptr {v}"),
            Op::Refine(v) => write!(f, "refine {v}"),
            Op::Load { ptr, offset } => write!(f, "load {}", Address(*ptr, *offset)),
            Op::Store { ptr, offset, value } => write!(f, "store {}, {value}", Address(*ptr, *offset)),
            Op::MemCopy { dst, src, len } => write!(f, "memcpy {dst}, {src}, {len}"),
            Op::TextCopy { dst, src, len } => write!(f, "text_copy {dst}, {src}, {len}"),
            Op::MemSet { dst, byte, len } => write!(f, "memset {dst}, {byte}, {len}"),
            Op::Atomic { op, ptr, offset, value } => {
                write!(f, "atomic.{} {}, {value}", op.as_str(), Address(*ptr, *offset))
            }
            Op::SlotLive(id) => write!(f, "slot_live {id}"),
            Op::SlotDead(id) => write!(f, "slot_dead {id}"),
            Op::CallHelper { name, id, args } => {
                write!(f, "call_helper {}#{id}({})", Name(name), List(args))
            }
            Op::CallKfunc { callee, args } => write!(f, "call_kfunc {callee}({})", List(args)),
            Op::Call { callee, args } => write!(f, "call {callee}({})", List(args)),
            Op::CtxLoad { ctx, field } => write!(f, "ctx_load {ctx}, {}", Name(field)),
            Op::CtxStore { ctx, field, value } => write!(f, "ctx_store {ctx}, {}, {value}", Name(field)),
            Op::CtxArg { ctx, index } => write!(f, "ctx_arg {ctx}, {index}"),
            Op::CtxReturn { ctx } => write!(f, "ctx_return {ctx}"),
            Op::MapLookup { map, key } => write!(f, "map_lookup {map}, {key}"),
            Op::MapUpdate { map, key, value, flags } => {
                write!(f, "map_update {map}, {key}, {value}, {flags}")
            }
            Op::MapDelete { map, key } => write!(f, "map_delete {map}, {key}"),
            Op::MapEntry { map, position } => write!(f, "map_entry {map}, {position}"),
            Op::MapEntryKey { map, position } => write!(f, "map_entry_key {map}, {position}"),
            Op::Print { format, args } => {
                write!(f, "print {}", Text(format))?;
                args.iter().try_for_each(|v| write!(f, ", {v}"))
            }
            Op::Jump(call) => write!(f, "jump {}", Goto(call)),
            Op::Branch { cond, then, otherwise } => {
                write!(f, "branch {cond}, {}, {}", Goto(then), Goto(otherwise))
            }
            Op::Switch { value, cases, default } => {
                write!(f, "switch {value}")?;
                cases.iter().try_for_each(|(n, call)| write!(f, ", {n}: {}", Goto(call)))?;
                write!(f, ", default: {}", Goto(default))
            }
            Op::Return(None) => f.write_str("return"),
            Op::Return(Some(v)) => write!(f, "return {v}"),
        }
    }
}

//! Declarations: sources, types, records, enums, maps, globals, kernel functions, struct_ops, and heads of functions.
//!
//! Promises: what is pushed to a table has the id that the first walk over the lines gave it.
//! Leaves out: the bodies of functions.

use super::{MAX_TYPE_DEPTH, Parser, Read, TokenKind};
use crate::entity::Entity;
use crate::mir::print::BASIC_TYPES;
use crate::mir::{
    Extern, ExternKind, Function, FunctionKind, Global, Init, Linkage, Map, MapValue, Param, Section,
    StructOps, StructOpsMember, StructOpsValue, Type,
};
use crate::source::{FileId, Span};
use crate::types::{
    Enum, EnumId, Field, GraphKind, Origin, Record, RecordId, RecordKind, Region, Type as LangType, TypeId,
};

impl Parser<'_> {
    pub(super) fn declaration(&mut self) -> Read<()> {
        let start = self.at;
        match self.word("a declaration")? {
            "source" => {
                let name = self.quoted("the name of a file in quotes")?;
                self.module.files.push(name);
                self.line_end()
            }
            "license" => {
                let wrong = self.wrong("there is a license already");
                let text = self.quoted("a license in quotes")?;
                if self.module.license.replace(text).is_some() {
                    return Err(wrong);
                }
                self.line_end()
            }
            "type" => self.type_declaration(),
            "record" => self.record(),
            "enum" => self.enumeration(),
            "map" => self.map(),
            "global" => self.global(),
            "extern" => self.external(),
            "struct_ops" => self.struct_ops(),
            "function" => self.function(),
            _ => {
                self.at = start;
                Err(self.expected("a declaration").help(
                    "a line declares `source`, `license`, `type`, `record`, `enum`, `map`, `global`, `extern`, `struct_ops` or `function`",
                ))
            }
        }
    }

    /// A type of the language: a basic one by name, or one declared above.
    fn ty(&mut self) -> Read<TypeId> {
        let word = self.peek_word().ok_or_else(|| self.expected("a type"))?;
        if let Some(index) = BASIC_TYPES.iter().position(|name| *name == word) {
            self.next();
            return Ok(TypeId::new(index));
        }
        let found = super::id_number(word, "t").and_then(|n| self.ids.types.get(&n).copied());
        let id = found.ok_or_else(|| {
            self.wrong(format!("type `{word}` is not declared above")).help(
                "types are `u8` to `u64`, `s8` to `s64`, `bool`, `void`, and those of `type` lines above",
            )
        })?;
        self.next();
        Ok(id)
    }

    /// The type of a value.
    pub(super) fn machine_type(&mut self) -> Read<Type> {
        let wrong = self.expected("the type of a value (`i1` to `i64`, or `ptr.` and a region)");
        let int = match self.peek_word() {
            Some("i1") => Type::I1,
            Some("i8") => Type::I8,
            Some("i16") => Type::I16,
            Some("i32") => Type::I32,
            Some("i64") => Type::I64,
            Some("ptr") => {
                let (region, nullable) = self.pointer()?;
                return Ok(Type::Ptr { region, nullable });
            }
            _ => return Err(wrong),
        };
        self.next();
        Ok(int)
    }

    /// `ptr.stack` or `ptr.stack?`.
    fn pointer(&mut self) -> Read<(Region, bool)> {
        self.keyword("ptr")?;
        self.mark(".")?;
        let regions = Region::ALL.map(Region::as_str).join("`, `");
        let wrong = self.expected("a region").help(format!("regions are `{regions}`"));
        let region = self.peek_word().and_then(Region::parse).ok_or(wrong)?;
        self.next();
        Ok((region, self.accept("?")))
    }

    fn type_declaration(&mut self) -> Read<()> {
        let wrong = self.wrong("this type is declared already");
        let number = self.id("t", "a type")?;
        if (number as usize) < BASIC_TYPES.len() {
            return Err(wrong).map_err(|mut w| {
                w.message = format!("`t{number}` is `{}`", BASIC_TYPES[number as usize]);
                w
            });
        }
        if self.ids.types.contains_key(&number) {
            return Err(wrong);
        }
        self.mark("=")?;
        let (ty, depth) = self.type_shape()?;
        if depth > MAX_TYPE_DEPTH {
            return Err(self.wrong(format!("types nest at most {MAX_TYPE_DEPTH} deep")));
        }
        self.line_end()?;
        let expected = self.type_depths.next_key();
        let id = self.module.types.intern(ty);
        if id != expected {
            return Err(wrong);
        }
        self.type_depths.push(depth);
        self.ids.types.insert(number, id);
        Ok(())
    }

    fn type_shape(&mut self) -> Read<(LangType, u32)> {
        let start = self.at;
        Ok(match self.word("what the type is")? {
            "ptr" => {
                self.at = start;
                let (region, nullable) = self.pointer()?;
                let to = self.ty()?;
                (LangType::Ptr { to, region, nullable }, 1 + self.type_depths[to])
            }
            "array" => {
                let element = self.ty()?;
                (LangType::Array { element, len: self.small()? }, 1 + self.type_depths[element])
            }
            "str" => (LangType::Str { len: self.small()? }, 0),
            "record" => (LangType::Record(self.record_id()?), 0),
            "enum" => (LangType::Enum(self.lookup("e", "enum", |ids| &ids.enums)?), 0),
            "kptr" => {
                let to = self.ty()?;
                (LangType::Kptr(to), 1 + self.type_depths[to])
            }
            "bpf_list_head" => (self.graph_root(GraphKind::List)?, 0),
            "bpf_rb_root" => (self.graph_root(GraphKind::Tree)?, 0),
            "map" => (LangType::Map(self.lookup("map", "map", |ids| &ids.maps)?), 0),
            "func" => {
                self.mark("(")?;
                let (mut params, mut depth) = (Vec::new(), 0);
                while !self.accept(")") {
                    if !params.is_empty() {
                        self.mark(",")?;
                    }
                    let (name, ty) = self.typed_name()?;
                    depth = depth.max(self.type_depths[ty]);
                    params.push((name, ty));
                }
                self.mark("->")?;
                let ret = self.ty()?;
                (LangType::Func { params, ret }, 1 + depth.max(self.type_depths[ret]))
            }
            _ => {
                self.at = start;
                return Err(self.expected("`ptr`, `array`, `str`, `record`, `enum`, `kptr`, `bpf_list_head`, `bpf_rb_root`, `map` or `func`"));
            }
        })
    }

    fn graph_root(&mut self, kind: GraphKind) -> Read<LangType> {
        Ok(LangType::GraphRoot { kind, record: self.record_id()?, node: self.name()? })
    }

    pub(super) fn record_id(&mut self) -> Read<RecordId> {
        self.lookup("r", "record", |ids| &ids.records)
    }

    fn typed_name(&mut self) -> Read<(String, TypeId)> {
        let name = self.name()?;
        self.mark(":")?;
        Ok((name, self.ty()?))
    }

    fn record(&mut self) -> Read<()> {
        self.id("r", "a record")?;
        let kind = match self.word("`struct` or `union`")? {
            "struct" => RecordKind::Struct,
            "union" => RecordKind::Union,
            _ => return Err(self.wrong("a record is a `struct` or a `union`")),
        };
        let origin = match self.word("`user`, `kernel` or `abi`")? {
            "user" => Origin::User,
            "kernel" => Origin::Kernel,
            "abi" => Origin::Abi,
            _ => return Err(self.wrong("a record is of `user`, `kernel` or `abi`")),
        };
        let name = self.name()?;
        self.keyword("size")?;
        let size = self.small()?;
        self.keyword("align")?;
        let align = self.small()?;
        let span = self.span()?;
        self.mark("{")?;
        let mut fields = Vec::new();
        self.braced(|p| {
            fields.push(p.field()?);
            Ok(())
        })?;
        let pushed = self.module.types.records.push(Record { name, kind, origin, size, align, fields, span });
        debug_assert!(pushed.index() < self.ids.records.len() || !self.errors.is_empty());
        Ok(())
    }

    fn field(&mut self) -> Read<Field> {
        let (name, ty) = self.typed_name()?;
        self.mark("+")?;
        let wrong = self.wrong("this offset is too large");
        let bytes: u32 = self.small()?;
        let bits: u32 = if self.accept(":") { self.small()? } else { 0 };
        let bit_offset = bytes.checked_mul(8).and_then(|b| b.checked_add(bits)).ok_or(wrong)?;
        let bit_size = if self.accept_word("bits") { Some(self.small()?) } else { None };
        let index = if self.accept_word("index") { self.small()? } else { 0 };
        Ok(Field { name, ty, bit_offset, bit_size, index })
    }

    fn enumeration(&mut self) -> Read<()> {
        self.id("e", "an enum")?;
        let name = self.name()?;
        self.keyword("size")?;
        let size = self.small()?;
        let signed = match self.word("`signed` or `unsigned`")? {
            "signed" => true,
            "unsigned" => false,
            _ => return Err(self.wrong("an enum is `signed` or `unsigned`")),
        };
        self.mark("{")?;
        let mut variants = Vec::new();
        self.braced(|p| {
            let name = p.name()?;
            p.mark("=")?;
            variants.push((name, p.signed()?));
            Ok(())
        })?;
        let _: EnumId = self.module.types.enums.push(Enum { name, size, signed, variants });
        Ok(())
    }

    fn map(&mut self) -> Read<()> {
        self.id("map", "a map")?;
        let name = self.name()?;
        self.keyword("kind")?;
        let kind = self.name()?;
        let kind_id = self.small()?;
        let key = if self.accept_word("key") { Some(self.ty()?) } else { None };
        let value = if self.accept_word("value") { Some(self.ty()?) } else { None };
        let max_entries = if self.accept_word("max_entries") { self.small()? } else { 0 };
        let flags = if self.accept_word("flags") { self.small()? } else { 0 };
        let numa_node = if self.accept_word("numa_node") { Some(self.small()?) } else { None };
        let map_extra = if self.accept_word("map_extra") { self.small()? } else { 0 };
        let sizes_only = self.accept_word("sizes");
        let template = self.accept_word("template");
        let inner =
            if self.accept_word("inner") { Some(self.lookup("map", "map", |ids| &ids.maps)?) } else { None };
        let values = if self.accept_word("values") { self.map_values()? } else { Vec::new() };
        let pinned = self.accept_word("pinned");
        let span = self.place()?;
        self.line_end()?;
        self.module.maps.push(Map {
            key,
            value,
            max_entries,
            flags,
            numa_node,
            map_extra,
            sizes_only,
            template,
            inner,
            values,
            pinned,
            ..Map::new(name, kind, kind_id, span)
        });
        Ok(())
    }

    /// What a map holds from the start: `{ 0 = map1, 3 = fn2 }`.
    fn map_values(&mut self) -> Read<Vec<(u32, MapValue)>> {
        let mut values = Vec::new();
        self.mark("{")?;
        while !self.accept("}") {
            if !values.is_empty() {
                self.mark(",")?;
            }
            let at = self.small()?;
            self.mark("=")?;
            let is_map = self.peek_word().is_some_and(|w| w.starts_with("map"));
            values.push((
                at,
                if is_map {
                    MapValue::Map(self.lookup("map", "map", |ids| &ids.maps)?)
                } else {
                    MapValue::Func(self.lookup("fn", "function", |ids| &ids.functions)?)
                },
            ));
        }
        Ok(values)
    }

    fn global(&mut self) -> Read<()> {
        self.id("global", "a global variable")?;
        let (name, ty) = self.typed_name()?;
        let wrong = self.expected("`data`, `bss` or `rodata`");
        let section = self.peek_word().and_then(Section::parse).ok_or(wrong)?;
        self.next();
        let subsection = match self.peek() {
            TokenKind::Text(_) => Some(self.quoted("the rest of the section's name in quotes")?),
            _ => None,
        };
        self.mark("=")?;
        let init = match self.peek() {
            TokenKind::Bytes(bytes) => {
                let init = Init::Bytes(bytes.clone());
                self.next();
                init
            }
            TokenKind::Word => {
                self.keyword("zero")?;
                Init::Zero
            }
            _ => Init::Int(self.signed()?),
        };
        let span = self.place()?;
        self.line_end()?;
        self.module.globals.push(Global { name, ty, section, subsection, init, span });
        Ok(())
    }

    fn external(&mut self) -> Read<()> {
        self.id("extern", "a kernel function or variable")?;
        let (name, ty) = self.typed_name()?;
        let kind = if self.accept_word("ksym") {
            ExternKind::Symbol
        } else if self.accept_word("kconfig") {
            ExternKind::Config
        } else {
            ExternKind::Function
        };
        let weak = self.accept_word("weak");
        self.line_end()?;
        self.module.externs.push(Extern { name, ty, kind, weak });
        Ok(())
    }

    fn struct_ops(&mut self) -> Read<()> {
        let name = self.name()?;
        let record = self.name()?;
        let link = self.accept_word("link");
        let span = self.place()?;
        self.mark("{")?;
        let mut members = Vec::new();
        self.braced(|p| {
            let (name, ty) = p.typed_name()?;
            p.mark("=")?;
            let value = match p.peek() {
                TokenKind::Word => StructOpsValue::Func(p.lookup("fn", "function", |ids| &ids.functions)?),
                TokenKind::Text(_) => StructOpsValue::Str(p.quoted("text")?),
                _ => StructOpsValue::Int(p.signed()?),
            };
            members.push(StructOpsMember { name, ty, value });
            Ok(())
        })?;
        self.module.struct_ops.push(StructOps { name, record, link, members, span });
        Ok(())
    }

    fn function(&mut self) -> Read<()> {
        self.id("fn", "a function")?;
        let name = self.name()?;
        self.mark("(")?;
        let mut params = Vec::new();
        while !self.accept(")") {
            if !params.is_empty() {
                self.mark(",")?;
            }
            let (name, ty) = self.typed_name()?;
            params.push(Param { name, ty });
        }
        let ret = if self.accept("->") { Some(self.machine_type()?) } else { None };
        let start = self.at;
        let kind = match self.word("how the function is used")? {
            "program" => {
                let section = self.quoted("a section in quotes")?;
                let program_type = self.quoted("a program type in quotes")?;
                let fails = if self.accept_word("fails") { Some(self.signed()?) } else { None };
                FunctionKind::Program { section, program_type, fails }
            }
            "callback" => FunctionKind::Callback,
            word => match Linkage::parse(word) {
                Some(linkage) => FunctionKind::Subprogram(linkage),
                None => {
                    self.at = start;
                    return Err(
                        self.expected("`program`, `static`, `inline`, `noinline`, `global` or `callback`")
                    );
                }
            },
        };
        let span = self.place()?;
        self.mark("{")?;
        let mut func = Function::new(name, kind, ret, span);
        func.params = params;
        self.body(&mut func)?;
        self.module.functions.push(func);
        Ok(())
    }

    /// A place; the start of file 0 where none is written.
    fn place(&mut self) -> Read<Span> {
        Ok(self.span()?.unwrap_or(Span::new(FileId::new(0), 0, 0)))
    }
}

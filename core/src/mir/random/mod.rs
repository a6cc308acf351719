//! Random MIR, for tests of everything that reads it.
//!
//! Promises: the same seed gives the same module; it verifies, runs to its end on [`input`] in [`environment`] without a
//! fault, and holds every kind of declaration and nearly every instruction. Its layout is in no order that execution
//! takes, and it holds dead blocks, values and slots. Leaves out: wrong MIR; tests make that by changing this.

mod body;
mod statements;

use super::interp::{Context, Deterministic, Input, Place};
use super::{
    Extern, FuncId, Function, FunctionKind, Global, Init, Linkage, Map, Module, Param, Region, Section,
    StructOps, StructOpsMember, StructOpsValue, Type,
};
use crate::entity::Entity;
use crate::source::{FileId, Span};
use crate::types::{Enum, Field, Origin, Record, RecordKind, Type as LangType, TypeId};
use body::Body;

/// Numbers that look random.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The numbers of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1))
    }

    /// Any number (splitmix64).
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`; 0 if `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        if n == 0 { 0 } else { (self.bits() % n as u64) as usize }
    }

    /// Whether something that happens `percent` times in 100 happens.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of several; `items` is not empty.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

/// What a random module is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Whether it holds abstract instructions.
    pub with_abstract: bool,
    /// About how many statements a function has.
    pub statements: usize,
    /// Whether blocks are out of order, and dead things are in it.
    pub untidy: bool,
    /// The section of programs that the kernel is to run, and whose results do not depend on the machine: of a program type
    /// that sees packets, with `data` and `data_end` first in its context. Then nothing is abstract, whatever is said above.
    pub kernel: Option<&'static str>,
}

impl Default for Shape {
    fn default() -> Self {
        Self { with_abstract: true, statements: 12, untidy: true, kernel: None }
    }
}

/// The random module of a seed.
pub fn module(seed: u64, mut shape: Shape) -> Module {
    shape.with_abstract &= shape.kernel.is_none();
    let mut random = Random::new(seed);
    let files = ["a.py", "dir/b c.py", "é\"\\\n\u{202e}.py"];
    let mut module = Module {
        files: files[..=random.below(3)].iter().map(|f| (*f).to_owned()).collect(),
        ..Module::default()
    };
    if shape.kernel.is_some() {
        module.license = Some("GPL".to_owned());
    } else if random.chance(80) {
        module.license = Some((*random.pick(&["GPL", "", "Dual MIT/GPL"])).to_owned());
    }
    let mut names = Names { random, count: 0, files: module.files.len(), plain: shape.kernel.is_some() };
    let types = add_types(&mut module, &mut names);
    add_data(&mut module, &mut names, &types);
    let count = 1 + names.random.below(3);
    for _ in 0..count {
        let kind = match names.random.below(5) {
            0 => FunctionKind::Subprogram(Linkage::Global),
            1 => FunctionKind::Subprogram(Linkage::Inline),
            2 => FunctionKind::Subprogram(Linkage::NoInline),
            _ => FunctionKind::Subprogram(Linkage::Static),
        };
        add_function(&mut module, &mut names, &types, kind, shape);
    }
    add_function(&mut module, &mut names, &types, FunctionKind::Callback, shape);
    let programs = 1 + names.random.below(2);
    for _ in 0..programs {
        let section = shape.kernel.map_or_else(|| names.name("s/"), str::to_owned);
        let program_type = "random:any".to_owned();
        let fails = (names.random.below(4) == 0).then_some(-1);
        let kind = FunctionKind::Program { section, program_type, fails };
        add_function(&mut module, &mut names, &types, kind, shape);
    }
    if shape.kernel.is_some() {
        // Loading needs each of them to be there.
        module.externs = crate::entity::Table::new();
    } else {
        add_struct_ops(&mut module, &mut names);
    }
    module
}

/// The programs of a random module.
pub fn programs(module: &Module) -> Vec<FuncId> {
    let is_program = |f: &Function| matches!(f.kind, FunctionKind::Program { .. });
    module.functions.iter().filter(|(_, f)| is_program(f)).map(|(id, _)| id).collect()
}

/// A random context and packet for the programs of random modules.
pub fn input(seed: u64) -> Input {
    let mut random = Random::new(seed ^ 0x5555);
    let mut context = Context::new(48);
    for (name, offset, region) in [("data", 0, Region::Packet), ("data_end", 4, Region::PacketEnd)] {
        context.add_field(name, Place { region: Some(region), ..Place::new(offset, 32) });
    }
    context.add_field("mark", Place::new(8, 32));
    context.args = (0..3).map(|i| Place { signed: i == 1, ..Place::new(16 + 8 * i, 64) }).collect();
    context.result = Some(Place::new(40, 64));
    for place in context.args.clone() {
        context.put(place, random.bits());
    }
    // Test runs with packets come from the interface `lo`, which is the first.
    context.bytes[12] = 1;
    let packet = (0..random.below(64)).map(|_| random.bits() as u8).collect();
    Input { context, packet: Some(packet) }
}

/// An environment that knows the kernel functions of random modules.
pub fn environment() -> Deterministic {
    let mut environment = Deterministic { task: (0..64).collect(), ..Deterministic::default() };
    environment.answers.insert("known_kfunc".to_owned(), 0x1234_5678_9abc_def0);
    environment
}

/// Names and places.
struct Names {
    random: Random,
    count: usize,
    files: usize,
    /// Whether names are plain words.
    plain: bool,
}

impl Names {
    /// A name that nothing else has.
    fn name(&mut self, prefix: &str) -> String {
        self.count += 1;
        if self.plain {
            return format!("{}{}", prefix.trim_start_matches('.'), self.count);
        }
        let odd = ["", "_x", " y", ".z", "\"q\"", "é", "\n", "\u{7f}"];
        format!("{prefix}{}{}", self.count, self.random.pick(&odd))
    }

    fn span(&mut self) -> Span {
        let file = self.random.below(self.files);
        let lo = self.random.below(1000) as u32;
        Span::new(FileId::new(file), lo, lo + self.random.below(50) as u32)
    }
}

/// Types that functions use.
struct Known {
    context: TypeId,
    stack: TypeId,
    record: crate::types::RecordId,
    kernel: crate::types::RecordId,
}

fn add_types(module: &mut Module, names: &mut Names) -> Known {
    let types = &mut module.types;
    let odd = names.name("f");
    let bytes = types.intern(LangType::Array { element: types.int(8, true), len: 6 });
    let fields =
        [("a".to_owned(), types.int(64, false)), (odd, types.int(16, true)), ("bytes".to_owned(), bytes)];
    let (name, span) = (names.name("user"), names.span());
    let record = types.add_user_record(&name, RecordKind::Struct, false, &fields, Some(span));
    let record_ty = types.intern(LangType::Record(record));
    let inner = types.add_user_record(
        "",
        RecordKind::Union,
        names.random.chance(50),
        &[("u".to_owned(), types.int(32, false)), ("r".to_owned(), record_ty)],
        None,
    );
    let inner_ty = types.intern(LangType::Record(inner));
    types.enums.push(Enum {
        name: names.name("state"),
        size: *names.random.pick(&[1, 2, 4, 8]),
        signed: names.plain || names.random.chance(50),
        variants: vec![("OFF".to_owned(), 0), (names.name("V"), -1), ("ON".to_owned(), 100)],
    });
    let kernel = types.records.push(Record {
        name: "task_struct".to_owned(),
        kind: RecordKind::Struct,
        origin: Origin::Kernel,
        size: 64,
        align: 8,
        fields: Vec::new(),
        span: None,
    });
    let kernel_ty = types.intern(LangType::Record(kernel));
    let parent = types.ptr(kernel_ty, Region::Kernel, names.random.chance(50));
    let field = |name: &str, ty, bit_offset, bit_size, index| Field {
        name: name.to_owned(),
        ty,
        bit_offset,
        bit_size,
        index,
    };
    let int = types.int(32, true);
    types.records[kernel].fields = vec![
        field("flags", int, 32, None, 1),
        field("on", int, 67, Some(3), 2),
        field("parent", parent, 128, None, 7),
        field("", inner_ty, 192, None, 9),
    ];
    let word = types.int(32, false);
    let fields = ["data", "data_end", "data_meta", "ingress_ifindex", "rx_queue_index", "egress_ifindex"];
    let context = types.records.push(Record {
        name: "packet_context".to_owned(),
        kind: RecordKind::Struct,
        origin: Origin::Abi,
        size: 24,
        align: 4,
        fields: (0..6).map(|i| field(fields[i as usize], word, 32 * i, None, i)).collect(),
        span: None,
    });
    let context = types.intern(LangType::Record(context));
    Known {
        context: types.ptr(context, Region::Ctx, false),
        stack: types.ptr(types.int(64, false), Region::Stack, false),
        record,
        kernel,
    }
}

fn add_data(module: &mut Module, names: &mut Names, known: &Known) {
    let types = &mut module.types;
    let record = types.intern(LangType::Record(known.record));
    let (word, half) = (types.int(64, false), types.int(32, false));
    for (kind, kind_id, key, value, max_entries) in [
        ("hash", 1, Some(half), Some(word), 3),
        ("array", 2, Some(half), Some(word), 4),
        ("lru_hash", 9, Some(record), Some(record), 2),
        ("percpu_array", 6, Some(half), Some(word), 1),
        ("ringbuf", 27, None, None, 4096),
        ("queue", 22, None, Some(word), 8),
    ] {
        let name = names.name("map");
        module.maps.push(Map {
            key,
            value,
            max_entries,
            flags: if names.plain { 0 } else { names.random.below(2) as u32 },
            numa_node: (!names.plain && names.random.chance(10)).then(|| names.random.below(4) as u32),
            map_extra: if names.plain { 0 } else { names.random.below(3) as u32 },
            sizes_only: !names.plain && names.random.chance(20),
            pinned: !names.plain && names.random.chance(20),
            ..Map::new(name, kind, kind_id, names.span())
        });
    }
    let text = module.types.intern(LangType::Str { len: 8 });
    let number = names.random.bits() as i64;
    let bytes = (0..8).map(|_| names.random.bits() as u8).collect();
    for (ty, section, init) in [
        (word, Section::Data, Init::Int(number)),
        (word, Section::Bss, Init::Zero),
        (text, Section::Rodata, Init::Bytes(bytes)),
        (record, Section::Data, Init::Zero),
    ] {
        let subsection = (!names.plain && names.random.chance(10)).then(|| "own".to_owned());
        let (name, span) = (names.name(".g"), names.span());
        module.globals.push(Global { name, ty, section, subsection, init, span });
    }
    let params = vec![(names.name("p"), word), ("task".to_owned(), known.stack)];
    let ty = module.types.intern(LangType::Func { params, ret: half });
    module.externs.push(Extern {
        name: "known_kfunc".to_owned(),
        ty,
        kind: crate::mir::ExternKind::Function,
        weak: names.random.chance(50),
    });
}

fn add_struct_ops(module: &mut Module, names: &mut Names) {
    let Some(program) = programs(module).last().copied() else { return };
    let ret = module.types.int(32, true);
    let func = module.types.intern(LangType::Func { params: Vec::new(), ret });
    let (text, flags) = (module.types.intern(LangType::Str { len: 8 }), module.types.int(64, true));
    let member = |name: &str, ty, value| StructOpsMember { name: name.to_owned(), ty, value };
    module.struct_ops.push(StructOps {
        name: names.name("ops"),
        record: "tcp_congestion_ops".to_owned(),
        link: names.random.chance(50),
        members: vec![
            member("init", func, StructOpsValue::Func(program)),
            member("flags", flags, StructOpsValue::Int(names.random.bits() as i64)),
            member("name", text, StructOpsValue::Str("a\"\\b".to_owned())),
        ],
        span: names.span(),
    });
}

fn add_function(module: &mut Module, names: &mut Names, known: &Known, kind: FunctionKind, shape: Shape) {
    let mut params: Vec<(TypeId, Type)> = Vec::new();
    let ret = match &kind {
        FunctionKind::Program { .. } => {
            params.push((known.context, Type::ptr(Region::Ctx)));
            Some(Type::I32)
        }
        FunctionKind::Callback => {
            // The kernel lets them give 0 or 1.
            params.push((module.types.int(64, false), Type::I64));
            params.push((known.stack, Type::ptr(Region::Stack)));
            Some(Type::I64)
        }
        FunctionKind::Subprogram(_) => {
            if names.random.chance(50) {
                params.push((known.context, Type::ptr(Region::Ctx)));
            }
            for _ in 0..names.random.below(4) {
                let bits = *names.random.pick(&[8u8, 16, 32, 64]);
                let ty = Type::int(u32::from(bits)).unwrap_or(Type::I64);
                params.push((module.types.int(bits, names.random.chance(50)), ty));
            }
            // The kernel wants numbers of global functions.
            let count = if kind == FunctionKind::Subprogram(Linkage::Global) { 2 } else { 3 };
            *names.random.pick(&[Some(Type::I32), Some(Type::I64), None][..count])
        }
    };
    let mut func = Function::new(names.name("fn"), kind, ret, names.span());
    let entry = func.add_block();
    for (ty, machine) in params {
        func.params.push(Param { name: names.name("p"), ty });
        func.add_block_param(entry, machine);
    }
    let func = Body::new(module, names, known, func, shape).fill();
    module.functions.push(func);
}

#[cfg(test)]
mod tests;

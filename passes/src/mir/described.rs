//! `described_arguments`: arguments whose places the traced program's notes describe.
//!
//! ```text
//! Before                          After
//!   v1: i64 = ctx_arg v0, 2         v2: i64 = iconst 2
//!                                   v1: i64 = call described_argument(v0, v2)
//! ```
//!
//! A static probe in a program of user space comes with a note that says where its arguments are: a constant, a register, memory
//! behind a register, or behind two. libbpf reads the note, puts a description of each argument into the map `__bpf_usdt_specs`,
//! and attaches the program with the position of the entry as its cookie. The function that is added here reads an argument by
//! its description; what it cannot read is 0.
//!
//! Requires: to run before `inline`. Keeps: everything else.
//! Why: one program is attached at many places, and at each the same argument may be somewhere else.

use super::rules::{Program, Rules};
use pbpf_core::mir::{
    BinaryOp, Block, BlockCall, Builder, CastKind, Cond, FuncId, Function, FunctionKind, Linkage, Map, MapId,
    Module, Op, Param, Slot, Type, Value,
};
use pbpf_core::pass::{Context, Level, MirPass, PassInfo};
use pbpf_core::rows::Arguments;
use pbpf_core::types::{Region, Type as T};

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct DescribedArguments;

/// The most arguments that a place has: libbpf's `USDT_MAX_ARG_CNT`.
pub(crate) const MOST: u32 = 12;

/// How libbpf lays descriptions out: `struct usdt_arg_spec` and `struct usdt_spec` of its `usdt.c`, little-endian.
mod layout {
    /// Bytes of the description of one argument.
    pub(super) const ARGUMENT: i64 = 24;
    /// Bytes of all descriptions of a place.
    pub(super) const PLACE: u32 = 304;
    /// How many places there may be.
    pub(super) const PLACES: u32 = 256;
    /// The number of arguments, 16 bits.
    pub(super) const COUNT: i32 = 296;
    /// A constant, or what is added to an address; 64 bits.
    pub(super) const OFFSET: i32 = 0;
    /// What kind of place it is, 8 bits: 0 constant, 1 register, 2 memory behind it, 3 memory behind two.
    pub(super) const KIND: i32 = 8;
    /// 12 bits: where the second register is in the context; 4 bits: how far it is shifted.
    pub(super) const INDEX: i32 = 10;
    /// Where the register is in the context, 16 bits.
    pub(super) const REGISTER: i32 = 14;
    /// Whether it is signed, 8 bits.
    pub(super) const SIGNED: i32 = 16;
    /// The bits of 64 that it does not have, 8 bits.
    pub(super) const UNUSED: i32 = 17;
}

/// The names by which libbpf finds the maps.
const PLACES: &str = "__bpf_usdt_specs";
const BY_ADDRESS: &str = "__bpf_usdt_ip_to_spec_id";

impl MirPass for DescribedArguments {
    fn info(&self) -> PassInfo {
        PassInfo::new(
            "described_arguments",
            Level::Mir,
            "reads arguments where notes of the traced program say",
        )
        .before(&["inline", "legalise"])
    }

    fn run(&self, module: &mut Module, cx: &mut Context<'_>) {
        let (rules, _) = Rules::new(module, cx.registry);
        let programs: Vec<FuncId> = module
            .functions
            .iter()
            .filter(|(id, func)| {
                matches!(func.kind, FunctionKind::Program { .. })
                    && matches!(rules.of(*id).common(Program::arguments), Ok(Arguments::Described))
            })
            .map(|(id, _)| id)
            .collect();
        // libbpf attaches no such program without both maps, whether arguments are read or not.
        let Some(first) = programs.first() else { return };
        let places = add_maps(module, *first);
        let mut reader = None;
        for id in programs {
            let found: Vec<(Block, usize)> = module.functions[id]
                .blocks
                .iter()
                .flat_map(|(block, data)| {
                    let insts = data.insts.iter().enumerate();
                    insts.map(move |(at, inst)| (block, at, *inst))
                })
                .filter(|(.., inst)| matches!(module.functions[id].insts[*inst].op, Op::CtxArg { .. }))
                .map(|(block, at, _)| (block, at))
                .collect();
            // From the end, so that positions hold.
            for (block, at) in found.into_iter().rev() {
                let callee = *reader.get_or_insert_with(|| add_reader(module, places, id));
                let func = &mut module.functions[id];
                let inst = func.blocks[block].insts[at];
                let Op::CtxArg { ctx, index } = func.insts[inst].op else { continue };
                let span = func.insts[inst].span;
                let index = Builder::before(func, block, at, span).iconst(Type::I64, i64::from(index));
                func.insts[inst].op = Op::Call { callee, args: vec![ctx, index] };
            }
        }
    }
}

fn add_maps(module: &mut Module, program: FuncId) -> MapId {
    let span = module.functions[program].span;
    let (word, half) = (module.types.int(64, false), module.types.int(32, false));
    let mut places = Map::new(PLACES, "array", 2, span);
    places.key = Some(half);
    places.value = Some(module.types.intern(T::Array { element: word, len: layout::PLACE / 8 }));
    places.max_entries = layout::PLACES;
    let mut by_address = Map::new(BY_ADDRESS, "hash", 1, span);
    by_address.key = Some(word);
    by_address.value = Some(half);
    by_address.max_entries = layout::PLACES;
    module.maps.push(by_address);
    module.maps.push(places)
}

/// Adds the function `(context, index) -> value`.
fn add_reader(module: &mut Module, places: MapId, program: FuncId) -> FuncId {
    let span = module.functions[program].span;
    let mut name = "described_argument".to_owned();
    while module.find_function(&name).is_some() || module.find_global(&name).is_some() {
        name.push('_');
    }
    let kind = FunctionKind::Subprogram(Linkage::NoInline);
    let mut func = Function::new(name, kind, Some(Type::I64), span);
    let void = module.types.void();
    let params =
        [("ctx", module.types.ptr(void, Region::Ctx, false)), ("index", module.types.int(64, false))];
    func.params.extend(params.map(|(name, ty)| Param { name: name.to_owned(), ty }));
    fill(&mut func, places);
    module.functions.push(func)
}

/// The function while it is written.
struct Reader<'f> {
    func: &'f mut Function,
    /// The block at hand.
    block: Block,
    /// Where 0 is returned.
    none: Block,
    ctx: Value,
}

fn fill(func: &mut Function, places: MapId) {
    let entry = func.add_block();
    let ctx = func.add_block_param(entry, Type::ptr(Region::Ctx));
    let index = func.add_block_param(entry, Type::I64);
    let none = func.add_block();
    let mut b = Builder::at_end(func, none, func.span);
    let zero = b.iconst(Type::I64, 0);
    b.effect(Op::Return(Some(zero)));
    Reader { func, block: entry, none, ctx }.read(places, index);
}

impl Reader<'_> {
    fn b(&mut self) -> Builder<'_> {
        let span = self.func.span;
        Builder::at_end(self.func, self.block, span)
    }

    /// Goes on where the condition holds, and gives 0 elsewhere.
    fn unless(&mut self, condition: Value) {
        let (next, none) = (self.func.add_block(), self.none);
        self.b().branch(condition, next, none);
        self.block = next;
    }

    fn field(&mut self, at: Value, offset: i32, ty: Type, signed: bool) -> Value {
        let narrow = self.b().load(ty, at, offset);
        let kind = if signed { CastKind::Sext } else { CastKind::Zext };
        if ty == Type::I64 { narrow } else { self.b().value(Op::Cast(kind, narrow), Type::I64) }
    }

    fn binary(&mut self, op: BinaryOp, a: Value, b: Value) -> Value {
        self.b().op(Op::Binary(op, [a, b]))
    }

    fn read(mut self, places: MapId, index: Value) {
        let ctx = self.ctx;
        let cookie = self.b().helper("bpf_get_attach_cookie", 174, vec![ctx], Type::I64);
        let key = self.b().value(Op::Cast(CastKind::Trunc, cookie), Type::I32);
        let found = self.b().op(Op::MapLookup { map: places, key });
        let null = self.b().value(Op::Null, Type::nullable(Region::MapValue));
        let there = self.b().op(Op::Icmp(Cond::Ne, [found, null]));
        self.unless(there);
        let place = self.b().op(Op::Refine(found));
        let count = self.field(place, layout::COUNT, Type::I16, false);
        let has = self.b().op(Op::Icmp(Cond::Ult, [index, count]));
        self.unless(has);
        // What the verifier can know: "R* unbounded memory access, make sure to bounds check any such access".
        let index = self.b().op(Op::Unary(pbpf_core::mir::UnaryOp::Opaque, index));
        let most = self.b().iconst(Type::I64, i64::from(MOST));
        let inside = self.b().op(Op::Icmp(Cond::Ult, [index, most]));
        self.unless(inside);
        let size = self.b().iconst(Type::I64, layout::ARGUMENT);
        let offset = self.binary(BinaryOp::Mul, index, size);
        let at = self.b().op(Op::PtrAdd(place, offset));
        self.by_kind(at);
    }

    fn by_kind(&mut self, at: Value) {
        let kind = self.field(at, layout::KIND, Type::I8, false);
        let offset = self.field(at, layout::OFFSET, Type::I64, false);
        let finish = self.func.add_block();
        let value = self.func.add_block_param(finish, Type::I64);
        let cases: Vec<Block> = (0..4).map(|_| self.func.add_block()).collect();
        let calls = (0..).zip(&cases).map(|(n, block)| (n, BlockCall { block: *block, args: Vec::new() }));
        let none = BlockCall { block: self.none, args: Vec::new() };
        let switch = Op::Switch { value: kind, cases: calls.collect(), default: none };
        self.b().effect(switch);
        for (kind, block) in cases.into_iter().enumerate() {
            self.block = block;
            let read = match kind {
                0 => offset,
                1 => self.register(at, "value"),
                2 => {
                    let base = self.register(at, "base");
                    let address = self.binary(BinaryOp::Add, base, offset);
                    self.copied("bpf_probe_read_user", 112, address, "value")
                }
                _ => {
                    let base = self.register(at, "base");
                    let second = self.second(at);
                    let sum = self.binary(BinaryOp::Add, base, second);
                    let address = self.binary(BinaryOp::Add, sum, offset);
                    self.copied("bpf_probe_read_user", 112, address, "value")
                }
            };
            self.b().effect(Op::Jump(BlockCall { block: finish, args: vec![read] }));
        }
        self.block = finish;
        let unused = self.field(at, layout::UNUSED, Type::I8, false);
        let up = self.binary(BinaryOp::Shl, value, unused);
        let signed = self.field(at, layout::SIGNED, Type::I8, false);
        let zero = self.b().iconst(Type::I64, 0);
        let is_signed = self.b().op(Op::Icmp(Cond::Ne, [signed, zero]));
        let (with, without) =
            (self.binary(BinaryOp::Ashr, up, unused), self.binary(BinaryOp::Lshr, up, unused));
        let result = self.b().op(Op::Select(is_signed, [with, without]));
        self.b().effect(Op::Return(Some(result)));
    }

    /// The register that the description names.
    fn register(&mut self, at: Value, slot: &str) -> Value {
        let offset = self.field(at, layout::REGISTER, Type::I16, true);
        self.of_context(offset, slot)
    }

    /// The second register, shifted.
    fn second(&mut self, at: Value) -> Value {
        let both = self.field(at, layout::INDEX, Type::I16, false);
        let mask = self.b().iconst(Type::I64, 0xfff);
        let offset = self.binary(BinaryOp::And, both, mask);
        let register = self.of_context(offset, "index");
        let twelve = self.b().iconst(Type::I64, 12);
        let by = self.binary(BinaryOp::Lshr, both, twelve);
        self.binary(BinaryOp::Shl, register, by)
    }

    /// A register of the context, which is copied: "dereference of modified ctx ptr R* off=* disallowed".
    fn of_context(&mut self, offset: Value, slot: &str) -> Value {
        let ctx = self.ctx;
        let address = self.b().op(Op::PtrToInt(ctx));
        let address = self.binary(BinaryOp::Add, address, offset);
        self.copied("bpf_probe_read_kernel", 113, address, slot)
    }

    /// Eight bytes that a helper copies; a fault reads as zero.
    fn copied(&mut self, helper: &str, number: u32, address: Value, slot: &str) -> Value {
        let slot: Slot = self.b().slot(slot, 8, 8);
        let to = self.b().op(Op::SlotAddr(slot));
        let size = self.b().iconst(Type::I32, 8);
        self.b().helper(helper, number, vec![to, size, address], Type::I64);
        self.b().load(Type::I64, to, 0)
    }
}

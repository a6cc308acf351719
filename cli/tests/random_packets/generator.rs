//! Random XDP programs that look into packets in every way that the language has.
//!
//! Promises: the same seed gives the same program, which verifies; it reads and writes the packet without checks, with
//! checks of its own, at constant and variable offsets, in branches and loops. Leaves out: whether the packet is long enough.

use pbpf_core::entity::Entity;
use pbpf_core::mir::random::Random;
use pbpf_core::mir::{
    BinaryOp, Block, BlockCall, Builder, CastKind, Cond, Function, FunctionKind, Map, MapId, Module, Op,
    Param, Region, Type, Value,
};
use pbpf_core::source::{FileId, Span};

/// The random program of a seed, in a module with a map.
pub(crate) fn module(seed: u64) -> Module {
    let mut random = Random::new(seed);
    let mut module =
        Module { files: vec!["random.py".to_owned()], license: Some("GPL".to_owned()), ..Module::default() };
    let span = Span::new(FileId::new(0), 0, 1);
    let map = module.maps.push(Map {
        key: Some(module.types.int(32, false)),
        value: Some(module.types.int(64, false)),
        max_entries: 16,
        ..Map::new("seen", "hash", 1, span)
    });
    let kind =
        FunctionKind::Program { section: "xdp".to_owned(), program_type: "xdp:xdp".to_owned(), fails: None };
    let mut func = Function::new("prog", kind, Some(Type::I32), span);
    let void = module.types.void();
    func.params.push(Param { name: "ctx".to_owned(), ty: module.types.ptr(void, Region::Ctx, false) });
    let block = func.add_block();
    let ctx = func.add_block_param(block, Type::ptr(Region::Ctx));
    let mut b = Builder::at_end(&mut func, block, span);
    let field = |b: &mut Builder<'_>, name: &str, region| {
        b.value(Op::CtxLoad { ctx, field: name.to_owned() }, Type::ptr(region))
    };
    let data = field(&mut b, "data", Region::Packet);
    let end = field(&mut b, "data_end", Region::PacketEnd);
    let numbers = [0, 7, -3].map(|n| b.iconst(Type::I64, n)).to_vec();
    let (fuel, maps, loops) = (10 + random.below(30), random.chance(30), random.chance(60));
    let mut body = Body { random, func, block, data, end, fuel, depth: 0, map: maps.then_some(map), loops };
    let mut known = Known { numbers, pointers: vec![data, data] };
    body.statements(&mut known);
    let first = known.numbers[0];
    let all = known.numbers[1..].iter().fold(first, |a, b| body.binary(BinaryOp::Xor, a, *b));
    // An action below XDP_TX, for the test run to leave the packet where it is.
    let three = body.constant(3);
    let action = body.binary(BinaryOp::And, all, three);
    let action = body.value(Op::Cast(CastKind::Trunc, action), Type::I32);
    body.effect(Op::Return(Some(action)));
    module.functions.push(body.func);
    module
}

/// The variables of the program.
#[derive(Clone)]
struct Known {
    numbers: Vec<Value>,
    pointers: Vec<Value>,
}

struct Body {
    random: Random,
    func: Function,
    block: Block,
    data: Value,
    end: Value,
    fuel: usize,
    depth: u32,
    map: Option<MapId>,
    loops: bool,
}

const SIZES: [Type; 4] = [Type::I8, Type::I16, Type::I32, Type::I64];

impl Body {
    fn builder(&mut self) -> Builder<'_> {
        Builder::at_end(&mut self.func, self.block, Span::new(FileId::new(0), 0, 1))
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

    fn constant(&mut self, n: i64) -> Value {
        self.builder().iconst(Type::I64, n)
    }

    fn binary(&mut self, op: BinaryOp, a: Value, b: Value) -> Value {
        self.op(Op::Binary(op, [a, b]))
    }

    fn number(&mut self, known: &Known) -> Value {
        *self.random.pick(&known.numbers)
    }

    fn below(&mut self, n: usize) -> i64 {
        self.random.below(n) as i64
    }

    fn set(&mut self, known: &mut Known, value: Value) {
        let at = self.random.below(known.numbers.len());
        known.numbers[at] = value;
    }

    fn condition(&mut self, known: &Known) -> Value {
        let a = self.number(known);
        let b = if self.random.chance(60) {
            let n = self.below(64);
            self.constant(n)
        } else {
            self.number(known)
        };
        let cond = *self.random.pick(&Cond::ALL);
        self.op(Op::Icmp(cond, [a, b]))
    }

    /// A number made smaller, by means that the verifier sees, does not see, or not at all.
    fn small(&mut self, n: Value) -> Value {
        let (op, by) = match self.random.below(6) {
            0 => (BinaryOp::And, 63),
            1 => (BinaryOp::Floormod, 60),
            2 => (BinaryOp::Urem, 40),
            3 => (BinaryOp::Lshr, 58),
            4 => {
                let mask = self.constant(15);
                let masked = self.binary(BinaryOp::And, n, mask);
                let four = self.constant(4);
                return self.binary(BinaryOp::Mul, masked, four);
            }
            // Not negative: a pointer in front of the data fails its check, although bytes behind it may be in the packet.
            _ => (BinaryOp::Lshr, 1),
        };
        let by = self.constant(by);
        self.binary(op, n, by)
    }

    fn statements(&mut self, known: &mut Known) {
        for _ in 0..=self.random.below(6) {
            if self.fuel == 0 {
                return;
            }
            self.fuel -= 1;
            self.statement(known);
        }
    }

    fn statement(&mut self, known: &mut Known) {
        match self.random.below(16) {
            0..=3 => self.load(known),
            4 => {
                let (ptr, ty) = (*self.random.pick(&known.pointers), *self.random.pick(&SIZES));
                let n = self.number(known);
                let value = if ty == Type::I64 { n } else { self.value(Op::Cast(CastKind::Trunc, n), ty) };
                let offset = self.random.below(40) as i32;
                self.effect(Op::Store { ptr, offset, value });
            }
            5 | 6 => {
                let a = self.number(known);
                let b = if self.random.chance(50) {
                    let n = self.below(80) - 8;
                    self.constant(n)
                } else {
                    self.number(known)
                };
                let op = *self.random.pick(&BinaryOp::ALL);
                let result = self.binary(op, a, b);
                self.set(known, result);
            }
            7 | 8 => {
                let base =
                    if self.random.chance(75) { self.data } else { *self.random.pick(&known.pointers) };
                let by = if self.random.chance(35) {
                    let n = self.below(30);
                    self.constant(n)
                } else {
                    let n = self.number(known);
                    self.small(n)
                };
                let ptr = self.op(Op::PtrAdd(base, by));
                let at = self.random.below(known.pointers.len());
                known.pointers[at] = ptr;
            }
            9 => self.check(known),
            10 | 11 => self.branch(known),
            12 if self.loops && self.depth < 2 => self.repeat(known),
            13 if self.map.is_some() => self.count(known),
            14 => {
                let cond = self.condition(known);
                let (a, b) = (self.number(known), self.number(known));
                let result = self.op(Op::Select(cond, [a, b]));
                self.set(known, result);
            }
            _ => {}
        }
    }

    fn load(&mut self, known: &mut Known) {
        let (ptr, ty) = (*self.random.pick(&known.pointers), *self.random.pick(&SIZES));
        let offset = self.random.below(40) as i32;
        let loaded = self.value(Op::Load { ptr, offset }, ty);
        let kind = if self.random.chance(70) { CastKind::Zext } else { CastKind::Sext };
        let wide = if ty == Type::I64 { loaded } else { self.value(Op::Cast(kind, loaded), Type::I64) };
        self.set(known, wide);
    }

    /// A comparison with the end of the packet, in one of the ways that people write it.
    fn check(&mut self, known: &Known) {
        let ptr = *self.random.pick(&known.pointers);
        let by = if self.random.chance(80) {
            let n = 1 + self.below(40);
            self.constant(n)
        } else {
            let n = self.number(known);
            self.small(n)
        };
        let short = match self.random.below(3) {
            0 => {
                let behind = self.op(Op::PtrAdd(ptr, by));
                self.op(Op::Icmp(Cond::Ugt, [behind, self.end]))
            }
            1 => {
                let behind = self.op(Op::PtrAdd(ptr, by));
                self.op(Op::Icmp(Cond::Ult, [self.end, behind]))
            }
            _ => {
                let length = self.op(Op::PtrSub([self.end, ptr]));
                self.op(Op::Icmp(Cond::Slt, [length, by]))
            }
        };
        let (leave, stay) = (self.func.add_block(), self.func.add_block());
        self.builder().branch(short, leave, stay);
        self.block = leave;
        let one = self.value(Op::Iconst(1), Type::I32);
        self.effect(Op::Return(Some(one)));
        self.block = stay;
    }

    fn branch(&mut self, known: &mut Known) {
        let cond = self.condition(known);
        let (then, otherwise, join) = (self.func.add_block(), self.func.add_block(), self.func.add_block());
        self.builder().branch(cond, then, otherwise);
        self.depth += 1;
        for (block, filled) in [(then, true), (otherwise, self.random.chance(50))] {
            self.block = block;
            let mut inner = known.clone();
            if filled {
                self.statements(&mut inner);
            }
            self.jump(join, &inner, &[]);
        }
        self.depth -= 1;
        self.block = join;
        self.take_over(join, known);
    }

    fn repeat(&mut self, known: &mut Known) {
        let rounds = self.below(12);
        let zero = self.constant(0);
        let header = self.func.add_block();
        self.jump(header, known, &[zero]);
        self.block = header;
        self.take_over(header, known);
        let round = self.func.add_block_param(header, Type::I64);
        let limit = self.constant(rounds);
        let cond = self.op(Op::Icmp(Cond::Slt, [round, limit]));
        let (body, exit) = (self.func.add_block(), self.func.add_block());
        self.builder().branch(cond, body, exit);
        self.block = body;
        self.depth += 1;
        let mut inner = known.clone();
        inner.numbers[0] = round;
        self.statements(&mut inner);
        self.depth -= 1;
        let one = self.constant(1);
        let next = self.binary(BinaryOp::Add, round, one);
        self.jump(header, &inner, &[next]);
        self.block = exit;
    }

    /// Counts a key in the map.
    fn count(&mut self, known: &Known) {
        let Some(map) = self.map else { return };
        let key = self.number(known);
        let key = self.value(Op::Cast(CastKind::Trunc, key), Type::I32);
        let (value, flags) = (self.number(known), self.constant(0));
        let found = self.op(Op::MapLookup { map, key });
        let null = self.value(Op::Null, Type::nullable(Region::MapValue));
        let there = self.op(Op::Icmp(Cond::Ne, [found, null]));
        let (old, new, join) = (self.func.add_block(), self.func.add_block(), self.func.add_block());
        self.builder().branch(there, old, new);
        self.block = old;
        let ptr = self.op(Op::Refine(found));
        let before = self.value(Op::Load { ptr, offset: 0 }, Type::I64);
        let sum = self.binary(BinaryOp::Add, before, value);
        self.effect(Op::Store { ptr, offset: 0, value: sum });
        self.builder().jump(join);
        self.block = new;
        self.op(Op::MapUpdate { map, key, value, flags });
        self.builder().jump(join);
        self.block = join;
    }

    fn jump(&mut self, block: Block, known: &Known, more: &[Value]) {
        let args = [&known.numbers, &known.pointers, more].concat();
        self.effect(Op::Jump(BlockCall { block, args }));
    }

    /// The variables become parameters of the block.
    fn take_over(&mut self, block: Block, known: &mut Known) {
        for value in &mut known.numbers {
            *value = self.func.add_block_param(block, Type::I64);
        }
        for value in &mut known.pointers {
            *value = self.func.add_block_param(block, Type::ptr(Region::Packet));
        }
    }
}

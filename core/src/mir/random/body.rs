//! The body of a random function: statements, nested in branches and loops.
//!
//! Promises: every access is in bounds and behind what it needs; loops run at most three times; slots are written before
//! they are read. Leaves out: recursion; statements without branches of their own (`statements.rs`).

use super::{Known, Names, Shape};
use crate::entity::Entity;
use crate::mir::{
    BinaryOp, Block, BlockCall, CastKind, Cond, Function, FunctionKind, Module, Op, Region, Slot, SlotData,
    Type, Value,
};

const WIDTHS: [Type; 4] = [Type::I8, Type::I16, Type::I32, Type::I64];

pub(super) struct Body<'a> {
    pub(super) module: &'a Module,
    pub(super) names: &'a mut Names,
    pub(super) known: &'a Known,
    pub(super) func: Function,
    pub(super) block: Block,
    pub(super) shape: Shape,
    /// Integers in reach.
    pub(super) ints: Vec<Value>,
    /// Slots of at least 16 bytes in reach, all written, by their address.
    slots: Vec<Value>,
    pub(super) ctx: Option<Value>,
    fuel: usize,
    depth: usize,
    pub(super) loops: usize,
}

impl<'a> Body<'a> {
    pub(super) fn new(
        module: &'a Module,
        names: &'a mut Names,
        known: &'a Known,
        func: Function,
        shape: Shape,
    ) -> Self {
        let block = Block::new(0);
        let params = func.blocks[block].params.clone();
        let of = |f: &dyn Fn(Type) -> bool| params.iter().copied().filter(|p| f(func.type_of(*p))).collect();
        let ints: Vec<Value> = of(&Type::is_int);
        let contexts: Vec<Value> = of(&|ty| ty.region() == Some(Region::Ctx));
        let ctx = contexts.first().copied();
        let fuel = 1 + names.random.below(2 * shape.statements);
        Self {
            module,
            names,
            known,
            func,
            block,
            shape,
            ints,
            slots: Vec::new(),
            ctx,
            fuel,
            depth: 0,
            loops: 0,
        }
    }

    pub(super) fn fill(mut self) -> Function {
        for _ in 0..=self.below(2) {
            self.new_slot(false);
        }
        if self.func.kind == FunctionKind::Callback {
            let data = self.func.blocks[self.block].params[1];
            let (old, one) = (self.value(Op::Load { ptr: data, offset: 0 }, Type::I64), self.int(Type::I64));
            let sum = self.binary(BinaryOp::Add, old, one);
            self.effect(Op::Store { ptr: data, offset: 0, value: sum });
        }
        if !self.statements() {
            self.leave();
        }
        if self.shape.untidy {
            self.disorder();
        }
        self.func
    }

    // Emission.

    pub(super) fn value(&mut self, op: Op, ty: Type) -> Value {
        let span = self.names.span();
        let value = self.func.values.next_key();
        let inst = self.func.make_inst(op, Some(ty), span);
        self.func.blocks[self.block].insts.push(inst);
        value
    }

    /// A value whose operands tell its type.
    pub(super) fn plain(&mut self, op: Op) -> Value {
        let ty = op.inferred_type(|v| self.func.type_of(v)).unwrap_or(Type::I64);
        self.value(op, ty)
    }

    pub(super) fn effect(&mut self, op: Op) {
        let span = self.names.span();
        let inst = self.func.make_inst(op, None, span);
        self.func.blocks[self.block].insts.push(inst);
    }

    pub(super) fn constant(&mut self, ty: Type, value: i64) -> Value {
        self.value(Op::Iconst(value), ty)
    }

    pub(super) fn binary(&mut self, op: BinaryOp, a: Value, b: Value) -> Value {
        self.plain(Op::Binary(op, [a, b]))
    }

    pub(super) fn jump(&mut self, block: Block, args: Vec<Value>) {
        self.effect(Op::Jump(BlockCall { block, args }));
    }

    pub(super) fn branch(&mut self, cond: Value, then: Block, otherwise: Block) {
        let call = |block| BlockCall { block, args: Vec::new() };
        self.effect(Op::Branch { cond, then: call(then), otherwise: call(otherwise) });
    }

    pub(super) fn below(&mut self, n: usize) -> usize {
        self.names.random.below(n)
    }

    pub(super) fn chance(&mut self, percent: usize) -> bool {
        self.names.random.chance(percent)
    }

    /// Some integer of a type: one in reach, one made of it, or a constant.
    pub(super) fn int(&mut self, ty: Type) -> Value {
        let fitting: Vec<Value> = self.ints.iter().copied().filter(|v| self.func.type_of(*v) == ty).collect();
        if !fitting.is_empty() && self.chance(70) {
            return *self.names.random.pick(&fitting);
        }
        if !self.ints.is_empty() && self.chance(40) {
            let any = *self.names.random.pick(&self.ints);
            let from = self.func.type_of(any);
            if from.bits() < ty.bits() {
                let kind = *self.names.random.pick(&[CastKind::Zext, CastKind::Sext]);
                return self.value(Op::Cast(kind, any), ty);
            }
            if from.bits() > ty.bits() {
                return self.value(Op::Cast(CastKind::Trunc, any), ty);
            }
        }
        let bits = self.names.random.bits() as i64;
        let small = bits.rem_euclid(9) - 4;
        let wide = bits >> (64 - ty.bits());
        let value = if self.chance(60) { small } else { wide };
        self.constant(ty, if ty == Type::I1 { value & 1 } else { value })
    }

    pub(super) fn width(&mut self) -> Type {
        *self.names.random.pick(&WIDTHS)
    }

    pub(super) fn truth(&mut self) -> Value {
        let ty = self.width();
        let (a, b) = (self.int(ty), self.int(ty));
        let cond = *self.names.random.pick(&Cond::ALL);
        let mut truth = self.plain(Op::Icmp(cond, [a, b]));
        if self.chance(20) {
            let other = self.int(Type::I1);
            let op = *self.names.random.pick(&[BinaryOp::And, BinaryOp::Or, BinaryOp::Xor]);
            truth = self.binary(op, truth, other);
        }
        truth
    }

    /// The address of a slot in reach that holds at least 16 bytes.
    pub(super) fn slot(&mut self) -> Value {
        *self.names.random.pick(&self.slots)
    }

    pub(super) fn new_slot(&mut self, marked: bool) -> Slot {
        let (name, span) = (self.names.name("s"), self.names.span());
        let size = 16 + 8 * self.below(3) as u32;
        let slot = self.func.slots.push(SlotData { name, size, align: 8, span });
        if marked {
            self.effect(Op::SlotLive(slot));
        }
        let dst = self.plain(Op::SlotAddr(slot));
        let byte = self.names.random.bits() as u8;
        self.effect(Op::MemSet { dst, byte, len: size });
        self.slots.push(dst);
        slot
    }

    /// A number in a slot, by its address.
    pub(super) fn in_slot(&mut self, ty: Type) -> Value {
        let (value, ptr) = (self.int(ty), self.slot());
        self.effect(Op::Store { ptr, offset: 0, value });
        ptr
    }

    // Statements.

    /// Statements until the fuel is used up; says whether the block has ended.
    fn statements(&mut self) -> bool {
        let count = 1 + self.below(6);
        for _ in 0..count {
            if self.fuel == 0 {
                break;
            }
            self.fuel -= 1;
            if self.statement() {
                return true;
            }
        }
        false
    }

    fn statement(&mut self) -> bool {
        match self.below(16) {
            0..=2 => self.arithmetic(),
            3..=4 => self.memory(),
            5 => self.globals(),
            6 | 7 => self.map(),
            8 => self.helpers(),
            9 => self.context(),
            10 => self.packet(),
            11 => self.call(),
            12 => self.kernel(),
            _ if self.depth >= 3 => self.arithmetic(),
            13 => return self.choice(),
            14 => self.repeat(),
            _ => {
                self.depth += 1;
                let (ints, slots) = (self.ints.len(), self.slots.len());
                let slot = self.new_slot(true);
                let ended = self.statements();
                if !ended {
                    self.effect(Op::SlotDead(slot));
                }
                self.ints.truncate(ints);
                self.slots.truncate(slots);
                self.depth -= 1;
                return ended;
            }
        }
        false
    }

    pub(super) fn leave(&mut self) {
        let mut value = self.func.ret.map(|ty| self.int(ty));
        if self.func.kind == FunctionKind::Callback {
            let truth = self.truth();
            value = Some(self.value(Op::Cast(CastKind::Zext, truth), Type::I64));
        }
        self.effect(Op::Return(value));
    }

    /// Branches, each with statements, that meet again.
    fn choice(&mut self) -> bool {
        self.depth += 1;
        let join = self.func.add_block();
        let ty = self.width();
        let result = self.func.add_block_param(join, ty);
        let pointer = self.chance(30).then(|| self.func.add_block_param(join, Type::nullable(Region::Stack)));
        let count = if self.chance(70) { 2 } else { 1 + self.below(4) };
        let arms: Vec<Block> = (0..count).map(|_| self.func.add_block()).collect();
        if let [then, otherwise] = arms[..] {
            let cond = self.truth();
            self.branch(cond, then, otherwise);
        } else {
            let call = |block| BlockCall { block, args: Vec::new() };
            let value = self.int(Type::I16);
            let cases = arms.iter().enumerate().skip(1).map(|(i, b)| (2 - i as i64, call(*b))).collect();
            self.effect(Op::Switch { value, cases, default: call(arms[0]) });
        }
        let (ints, slots) = (self.ints.len(), self.slots.len());
        let mut all_ended = true;
        for arm in arms {
            self.block = arm;
            let mut ended = self.statements();
            if !ended && self.depth > 1 && self.chance(10) {
                self.leave();
                ended = true;
            }
            self.slots.truncate(slots);
            if !ended {
                let mut args = vec![self.int(ty)];
                if pointer.is_some() {
                    args.push(self.slot());
                }
                self.jump(join, args);
                all_ended = false;
            }
            self.ints.truncate(ints);
        }
        self.depth -= 1;
        // Nothing may lead here; the block stays all the same, unreachable.
        self.block = join;
        self.ints.push(result);
        if all_ended {
            self.leave();
        }
        all_ended
    }

    /// A loop that runs a few times and adds something up.
    fn repeat(&mut self) {
        if self.loops >= 2 {
            return self.arithmetic();
        }
        self.depth += 1;
        self.loops += 1;
        let (header, inside, behind) = (self.func.add_block(), self.func.add_block(), self.func.add_block());
        let index = self.func.add_block_param(header, Type::I32);
        let ty = self.width();
        let sum = self.func.add_block_param(header, ty);
        let (zero, start) = (self.constant(Type::I32, 0), self.int(ty));
        self.jump(header, vec![zero, start]);
        self.block = header;
        let limit = 1 + self.below(3) as i64;
        let limit = self.constant(Type::I32, limit);
        let test = self.plain(Op::Icmp(Cond::Ult, [index, limit]));
        self.branch(test, inside, behind);
        let (ints, slots) = (self.ints.len(), self.slots.len());
        self.ints.extend([index, sum]);
        self.block = inside;
        let ended = self.statements();
        self.slots.truncate(slots);
        if !ended {
            let other = self.int(ty);
            let next_sum = self.binary(BinaryOp::Add, sum, other);
            let one = self.constant(Type::I32, 1);
            let next = self.binary(BinaryOp::Add, index, one);
            self.jump(header, vec![next, next_sum]);
        }
        self.ints.truncate(ints);
        self.ints.push(sum);
        self.block = behind;
        self.depth -= 1;
        self.loops -= 1;
    }

    /// Blocks out of order, and things that nothing uses.
    fn disorder(&mut self) {
        let span = self.names.span();
        let dead = self.func.add_block();
        self.block = dead;
        let value = self.constant(Type::I64, 7);
        self.binary(BinaryOp::Add, value, value);
        self.leave();
        if self.chance(50) {
            self.func.layout.retain(|b| *b != dead);
        }
        let dead = self.func.make_inst(Op::Iconst(8), Some(Type::I64), span);
        self.func.make_inst(Op::Iconst(dead.index() as i64), Some(Type::I8), span);
        let name = self.names.name("dead");
        self.func.slots.push(SlotData { name, size: 4, align: 4, span });
        for i in (2..self.func.layout.len()).rev() {
            let other = 1 + self.below(i);
            self.func.layout.swap(i, other);
        }
    }
}

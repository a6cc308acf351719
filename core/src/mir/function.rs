//! A function: blocks in order, instructions in blocks, values, slots; and the builder that makes one.
//!
//! Promises: the first block of the layout is the entry, its parameters are the function's; ids stay valid while a pass
//! rewrites. Numbers shown in the text are given when printing.
//! Leaves out: checking; the verifier of the level does that.

use super::{BlockCall, FunctionKind, Op, Type};
use crate::entity;
use crate::entity::Table;
use crate::source::Span;
use crate::types::TypeId;

entity! {
    /// A basic block of a function.
    Block, "block"
}
entity! {
    /// An instruction of a function.
    Inst, "inst"
}
entity! {
    /// A value of a function.
    Value, "v"
}
entity! {
    /// A stack slot of a function.
    Slot, "slot"
}

/// A parameter of a function, beside its value (a parameter of the entry block).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    /// The name.
    pub name: String,
    /// The type as the language knows it, for debug info and for global subprograms.
    pub ty: TypeId,
}

/// A stack slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotData {
    /// The variable's name, or what the compiler needs it for.
    pub name: String,
    /// Bytes.
    pub size: u32,
    /// Alignment in bytes.
    pub align: u32,
    /// Where the variable is.
    pub span: Span,
}

/// An instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstData {
    /// What it does.
    pub op: Op,
    /// Its value.
    pub result: Option<Value>,
    /// The Python that it comes from.
    pub span: Span,
}

/// A basic block.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct BlockData {
    /// Its parameters.
    pub params: Vec<Value>,
    /// Its instructions; the last is the only terminator.
    pub insts: Vec<Inst>,
    /// Whether it is where the function ends because an automatic check failed.
    pub failed: bool,
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueDef {
    /// Parameter of a block.
    Param(Block),
    /// Result of an instruction.
    Inst(Inst),
}

/// A value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueData {
    /// The type.
    pub ty: Type,
    /// The origin.
    pub def: ValueDef,
}

/// A function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// The name.
    pub name: String,
    /// How it is used.
    pub kind: FunctionKind,
    /// Its parameters, beside the entry block's.
    pub params: Vec<Param>,
    /// The type of its result.
    pub ret: Option<Type>,
    /// Stack slots.
    pub slots: Table<Slot, SlotData>,
    /// Blocks; the order is in `layout`.
    pub blocks: Table<Block, BlockData>,
    /// The blocks that exist, in order; the first is the entry.
    pub layout: Vec<Block>,
    /// Instructions; those in no block are dead.
    pub insts: Table<Inst, InstData>,
    /// Values; those of dead instructions are dead.
    pub values: Table<Value, ValueData>,
    /// Where it is declared.
    pub span: Span,
}

impl Function {
    /// A function without blocks.
    pub fn new(name: impl Into<String>, kind: FunctionKind, ret: Option<Type>, span: Span) -> Self {
        Self {
            name: name.into(),
            kind,
            params: Vec::new(),
            ret,
            slots: Table::new(),
            blocks: Table::new(),
            layout: Vec::new(),
            insts: Table::new(),
            values: Table::new(),
            span,
        }
    }

    /// The entry block.
    pub fn entry(&self) -> Option<Block> {
        self.layout.first().copied()
    }

    /// Appends an empty block to the layout.
    pub fn add_block(&mut self) -> Block {
        let block = self.blocks.push(BlockData::default());
        self.layout.push(block);
        block
    }

    /// Adds an empty block behind `after` in the layout.
    pub fn add_block_after(&mut self, after: Block) -> Block {
        let block = self.blocks.push(BlockData::default());
        let at = self.layout.iter().position(|b| *b == after).map_or(self.layout.len(), |i| i + 1);
        self.layout.insert(at, block);
        block
    }

    /// Appends a parameter to a block.
    pub fn add_block_param(&mut self, block: Block, ty: Type) -> Value {
        let value = self.values.push(ValueData { ty, def: ValueDef::Param(block) });
        self.blocks[block].params.push(value);
        value
    }

    /// Makes an instruction that is in no block yet; `ty` is the type of its result, if it has one.
    pub fn make_inst(&mut self, op: Op, ty: Option<Type>, span: Span) -> Inst {
        let inst = self.insts.push(InstData { op, result: None, span });
        if let Some(ty) = ty {
            let value = self.values.push(ValueData { ty, def: ValueDef::Inst(inst) });
            self.insts[inst].result = Some(value);
        }
        inst
    }

    /// The type of a value.
    pub fn type_of(&self, value: Value) -> Type {
        self.values[value].ty
    }

    /// The instruction that makes a value, if it is not a block parameter.
    pub fn def(&self, value: Value) -> Option<&InstData> {
        match self.values.get(value)?.def {
            ValueDef::Inst(inst) => self.insts.get(inst),
            ValueDef::Param(_) => None,
        }
    }

    /// The constant that a value is, if it is one.
    pub fn constant(&self, value: Value) -> Option<i64> {
        match self.def(value)?.op {
            Op::Iconst(c) => Some(c),
            _ => None,
        }
    }

    /// The terminator of a block.
    pub fn terminator(&self, block: Block) -> Option<Inst> {
        self.blocks[block].insts.last().copied().filter(|i| self.insts[*i].op.is_terminator())
    }

    /// The blocks that a block may go to, in order, with repetitions.
    pub fn successors(&self, block: Block) -> Vec<Block> {
        self.terminator(block)
            .map(|t| self.insts[t].op.targets().iter().map(|call| call.block).collect())
            .unwrap_or_default()
    }

    /// For each block of the table, the blocks of the layout that may go to it, each once, in layout order.
    pub fn predecessors(&self) -> Table<Block, Vec<Block>> {
        let mut preds: Table<Block, Vec<Block>> = self.blocks.keys().map(|_| Vec::new()).collect();
        for &block in &self.layout {
            for succ in self.successors(block) {
                if let Some(list) = preds.get_mut(succ)
                    && !list.contains(&block)
                {
                    list.push(block);
                }
            }
        }
        preds
    }

    /// All instructions of the layout in order, with their blocks.
    pub fn each_inst(&self) -> impl Iterator<Item = (Block, Inst)> {
        self.layout.iter().flat_map(|b| self.blocks[*b].insts.iter().map(|i| (*b, *i)))
    }

    /// Replaces every use of `from` by `to` in the layout.
    pub fn replace_uses(&mut self, from: Value, to: Value) {
        for inst in self.insts.values_mut() {
            inst.op.map_args(|v| if v == from { to } else { v });
        }
    }

    /// Splits `block` before position `at`: what follows moves to a new block behind it, which is returned. The first
    /// half is left without a terminator.
    pub fn split_block(&mut self, block: Block, at: usize) -> Block {
        let rest = self.add_block_after(block);
        let tail = self.blocks[block].insts.split_off(at);
        self.blocks[rest].insts = tail;
        rest
    }
}

/// Appends instructions to a block of a function.
#[derive(Debug)]
pub struct Builder<'a> {
    /// The function.
    pub func: &'a mut Function,
    /// The block appended to.
    pub block: Block,
    /// The place given to each instruction.
    pub span: Span,
    /// Where in the block; `None` is the end.
    at: Option<usize>,
}

impl<'a> Builder<'a> {
    /// Appends to `block`.
    pub fn at_end(func: &'a mut Function, block: Block, span: Span) -> Self {
        Self { func, block, span, at: None }
    }

    /// Inserts before position `at` of `block`.
    pub fn before(func: &'a mut Function, block: Block, at: usize, span: Span) -> Self {
        Self { func, block, span, at: Some(at) }
    }

    /// The position behind the last instruction inserted.
    pub fn position(&self) -> usize {
        self.at.unwrap_or_else(|| self.func.blocks[self.block].insts.len())
    }

    fn insert(&mut self, inst: Inst) {
        let insts = &mut self.func.blocks[self.block].insts;
        if let Some(at) = &mut self.at {
            insts.insert(*at, inst);
            *at += 1;
        } else {
            insts.push(inst);
        }
    }

    /// Adds an instruction without a result.
    pub fn effect(&mut self, op: Op) -> Inst {
        let inst = self.func.make_inst(op, None, self.span);
        self.insert(inst);
        inst
    }

    /// Adds an instruction with a result of type `ty`.
    pub fn value(&mut self, op: Op, ty: Type) -> Value {
        let value = self.func.values.next_key();
        let inst = self.func.make_inst(op, Some(ty), self.span);
        self.insert(inst);
        value
    }

    /// Adds an instruction whose operands decide the type of its result; where they do not, it is `i64`.
    pub fn op(&mut self, op: Op) -> Value {
        let ty = op.inferred_type(|v| self.func.type_of(v)).unwrap_or(Type::I64);
        self.value(op, ty)
    }

    /// An integer constant.
    pub fn iconst(&mut self, ty: Type, value: i64) -> Value {
        self.value(Op::Iconst(value), ty)
    }

    /// A load.
    pub fn load(&mut self, ty: Type, ptr: Value, offset: i32) -> Value {
        self.value(Op::Load { ptr, offset }, ty)
    }

    /// A store.
    pub fn store(&mut self, ptr: Value, offset: i32, value: Value) {
        self.effect(Op::Store { ptr, offset, value });
    }

    /// A helper call; `ty` is the type of its result.
    pub fn helper(&mut self, name: &str, id: u32, args: Vec<Value>, ty: Type) -> Value {
        self.value(Op::CallHelper { name: name.to_owned(), id, args }, ty)
    }

    /// A jump without arguments.
    pub fn jump(&mut self, block: Block) {
        self.effect(Op::Jump(BlockCall { block, args: Vec::new() }));
    }

    /// A branch without arguments.
    pub fn branch(&mut self, cond: Value, then: Block, otherwise: Block) {
        let call = |block| BlockCall { block, args: Vec::new() };
        self.effect(Op::Branch { cond, then: call(then), otherwise: call(otherwise) });
    }

    /// A new slot.
    pub fn slot(&mut self, name: &str, size: u32, align: u32) -> Slot {
        self.func.slots.push(SlotData { name: name.to_owned(), size, align, span: self.span })
    }
}

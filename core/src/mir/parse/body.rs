//! The body of a function: slots, blocks, and the lines of instructions.
//!
//! Promises: a value may be used above its definition, a block above its label; the type of a result may be left out
//! where a value defined above decides it. Leaves out: the instructions themselves (`ops.rs`).

use super::{Parser, Read, TokenKind, id_number};
use crate::entity::{Entity, Table};
use crate::mir::{Block, Function, InstData, Slot, SlotData, Type, Value, ValueData, ValueDef};
use std::collections::HashMap;

/// What the numbers in ids of one function stand for.
#[derive(Default)]
pub(super) struct Names {
    pub(super) values: HashMap<u32, Value>,
    pub(super) blocks: HashMap<u32, Block>,
    pub(super) slots: HashMap<u32, Slot>,
    /// The types of the values defined above.
    types: Table<Value, Option<Type>>,
}

impl Names {
    /// Puts a value into the table at the place that the first walk gave it. Lines that were not understood leave
    /// gaps; with them no module comes out, so what fills the gaps does not matter.
    fn define(&mut self, func: &mut Function, number: u32, ty: Type, def: ValueDef) -> Value {
        let data = ValueData { ty, def };
        let value = self.values.get(&number).copied().unwrap_or(func.values.next_key());
        while func.values.next_key().index() <= value.index() {
            func.values.push(data);
        }
        func.values[value] = data;
        if let Some(known) = self.types.get_mut(value) {
            *known = Some(ty);
        }
        value
    }
}

impl Parser<'_> {
    /// Reads up to the closing brace; the opening one was read.
    pub(super) fn body(&mut self, func: &mut Function) -> Read<()> {
        let mut names = self.find_names()?;
        let mut current: Option<Block> = None;
        self.braced(|p| {
            let Some(word) = p.peek_word() else {
                return Err(p.expected("a slot, a block or an instruction"));
            };
            if let Some(number) = id_number(word, "block") {
                return p.label(func, &mut names, number).map(|block| current = Some(block));
            }
            if current.is_none() {
                if let Some(number) = id_number(word, "slot") {
                    return p.slot(func, &mut names, number);
                }
                return Err(p.wrong("before the first block there are only slots"));
            }
            p.instruction(func, &mut names, current.unwrap_or(Block::new(0)))
        })
    }

    /// Notes the values and blocks that the lines up to the closing brace define, in order.
    fn find_names(&mut self) -> Read<Names> {
        let mut names = Names::default();
        let start = self.at;
        let mut result = Ok(());
        while *self.peek() != TokenKind::End && !self.at_line_start_with("}") && result.is_ok() {
            self.skip_lines();
            let Some(word) = self.peek_word() else {
                if !self.at_line_start_with("}") {
                    self.skip_rest_of_line();
                }
                continue;
            };
            if let Some(number) = id_number(word, "block") {
                let block = Block::new(names.blocks.len());
                if names.blocks.insert(number, block).is_some() {
                    result = Err(self.wrong(format!("`{word}` is there twice")));
                }
                while result.is_ok() && !matches!(self.peek(), TokenKind::Line | TokenKind::End) {
                    self.next();
                    let is_value =
                        self.tokens.get(self.at + 1).map(|t| &t.kind) == Some(&TokenKind::Mark(":"));
                    if let Some(number) =
                        self.peek_word().and_then(|w| id_number(w, "v")).filter(|_| is_value)
                    {
                        result = self.note_value(&mut names, number);
                    }
                }
            } else if let Some(number) = id_number(word, "v") {
                result = self.note_value(&mut names, number);
            }
            self.skip_rest_of_line();
        }
        self.at = start;
        result.map(|()| names)
    }

    fn note_value(&mut self, names: &mut Names, number: u32) -> Read<()> {
        let value = names.types.push(None);
        match names.values.insert(number, value) {
            None => Ok(()),
            Some(_) => Err(self.wrong(format!("`v{number}` is defined twice"))),
        }
    }

    fn slot(&mut self, func: &mut Function, names: &mut Names, number: u32) -> Read<()> {
        let wrong = self.wrong(format!("`slot{number}` is declared twice"));
        self.next();
        let name = self.name()?;
        self.keyword("size")?;
        let size = self.small()?;
        self.keyword("align")?;
        let align = self.small()?;
        let span = self.span()?.unwrap_or(func.span);
        let slot = func.slots.push(SlotData { name, size, align, span });
        if names.slots.insert(number, slot).is_some() {
            return Err(wrong);
        }
        Ok(())
    }

    /// `block1:` or `block1(v2: i64, v3: ptr.ctx):`.
    fn label(&mut self, func: &mut Function, names: &mut Names, number: u32) -> Read<Block> {
        self.next();
        let block = func.add_block();
        debug_assert!(names.blocks.get(&number) == Some(&block));
        if self.accept("(") {
            let mut first = true;
            while !self.accept(")") {
                if !std::mem::take(&mut first) {
                    self.mark(",")?;
                }
                let number = self.id("v", "a value")?;
                self.mark(":")?;
                let ty = self.machine_type()?;
                let value = names.define(func, number, ty, ValueDef::Param(block));
                func.blocks[block].params.push(value);
            }
        }
        func.blocks[block].failed = self.accept_word("failed");
        self.mark(":")?;
        Ok(block)
    }

    fn instruction(&mut self, func: &mut Function, names: &mut Names, block: Block) -> Read<()> {
        let inst = func.insts.next_key();
        let mut result = None;
        if let Some(number) = self.peek_word().and_then(|w| id_number(w, "v")) {
            let wrong = self
                .wrong(format!("the type of `v{number}` must be written: nothing above decides it"))
                .help(format!("write it as in `v{number}: i64 = ...`"));
            self.next();
            let ty = if self.accept(":") { Some(self.machine_type()?) } else { None };
            self.mark("=")?;
            result = Some((number, ty, wrong));
        }
        let op = self.op(names)?;
        let span = self.span()?.unwrap_or(func.span);
        let value = match result {
            None => None,
            Some((number, written, wrong)) => {
                let mut known = true;
                let inferred = op.inferred_type(|v| {
                    let ty = names.types.get(v).copied().flatten();
                    known &= ty.is_some();
                    ty.unwrap_or(Type::I64)
                });
                let ty = written.or(inferred.filter(|_| known));
                // Later lines must not be blamed for this one.
                let value = names.define(func, number, ty.unwrap_or(Type::I64), ValueDef::Inst(inst));
                if ty.is_none() {
                    return Err(wrong);
                }
                Some(value)
            }
        };
        func.insts.push(InstData { op, result: value, span });
        func.blocks[block].insts.push(inst);
        Ok(())
    }

    /// A value defined anywhere in the function.
    pub(super) fn value(&mut self, names: &Names) -> Read<Value> {
        let unknown = self.wrong(format!("`{}` is not defined", self.peek_word().unwrap_or("")));
        let number = self.id("v", "a value")?;
        names.values.get(&number).copied().ok_or(unknown)
    }

    pub(super) fn block_id(&mut self, names: &Names) -> Read<Block> {
        let unknown = self.wrong(format!("there is no `{}`", self.peek_word().unwrap_or("")));
        let number = self.id("block", "a block")?;
        names.blocks.get(&number).copied().ok_or(unknown)
    }

    pub(super) fn slot_id(&mut self, names: &Names) -> Read<Slot> {
        let unknown = self.wrong(format!("`{}` is not declared", self.peek_word().unwrap_or("")));
        let number = self.id("slot", "a slot")?;
        names.slots.get(&number).copied().ok_or(unknown)
    }
}

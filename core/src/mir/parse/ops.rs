//! Instructions, from their mnemonic to their last operand.
//!
//! Promises: one arm for each mnemonic. Leaves out: results and places, which every instruction has alike.

use super::body::Names;
use super::{Parser, Read, TokenKind};
use crate::mir::{
    AtomicOp, BinaryOp, BlockCall, CastKind, Cond, EnumQuery, FieldQuery, FieldStep, Op, Query, RecordQuery,
    UnaryOp, Value,
};
use crate::names::nearest;
use crate::types::RecordId;

/// The mnemonics that do not come from a family.
const MNEMONICS: [&str; 38] = [
    "iconst",
    "null",
    "icmp",
    "select",
    "slot_addr",
    "global_addr",
    "map_addr",
    "func_addr",
    "extern_addr",
    "ptr_add",
    "ptr_sub",
    "field_addr",
    "ptr_to_int",
    "int_to_ptr",
    "refine",
    "load",
    "load_bits",
    "store",
    "memcpy",
    "memset",
    "atomic",
    "slot_live",
    "slot_dead",
    "call_helper",
    "call_kfunc",
    "call",
    "ctx_load",
    "ctx_store",
    "ctx_arg",
    "ctx_return",
    "map_lookup",
    "map_update",
    "map_delete",
    "print",
    "jump",
    "branch",
    "switch",
    "return",
];

impl Parser<'_> {
    pub(super) fn op(&mut self, names: &Names) -> Read<Op> {
        let start = self.at;
        let word = self.word("an instruction")?;
        if let Some(op) = BinaryOp::ALL.into_iter().find(|op| op.as_str() == word) {
            return Ok(Op::Binary(op, self.two(names)?));
        }
        if let Some(op) = UnaryOp::ALL.into_iter().find(|op| op.as_str() == word) {
            return Ok(Op::Unary(op, self.value(names)?));
        }
        if let Some(kind) = CastKind::ALL.into_iter().find(|k| k.as_str() == word) {
            return Ok(Op::Cast(kind, self.value(names)?));
        }
        if let Some(query) = self.query(word)? {
            return Ok(Op::Query(query));
        }
        Ok(match word {
            "iconst" => Op::Iconst(self.signed()?),
            "null" => Op::Null,
            "icmp" => {
                self.mark(".")?;
                let wrong = self.expected("a condition").help("`eq ne slt sle sgt sge ult ule ugt uge`");
                let found = self.peek_word().and_then(|w| Cond::ALL.into_iter().find(|c| c.as_str() == w));
                let cond = found.ok_or(wrong)?;
                self.next();
                Op::Icmp(cond, self.two(names)?)
            }
            "select" => {
                let cond = self.value(names)?;
                self.mark(",")?;
                Op::Select(cond, self.two(names)?)
            }
            "slot_addr" => Op::SlotAddr(self.slot_id(names)?),
            "global_addr" => Op::GlobalAddr(self.lookup("global", "global variable", |ids| &ids.globals)?),
            "map_addr" => Op::MapAddr(self.lookup("map", "map", |ids| &ids.maps)?),
            "func_addr" => Op::FuncAddr(self.lookup("fn", "function", |ids| &ids.functions)?),
            "ptr_add" => {
                let [ptr, by] = self.two(names)?;
                Op::PtrAdd(ptr, by)
            }
            "ptr_sub" => Op::PtrSub(self.two(names)?),
            "extern_addr" => Op::ExternAddr(self.lookup("extern", "kernel variable", |ids| &ids.externs)?),
            "field_addr" => {
                let (base, record, path) = self.field_of(names)?;
                Op::FieldAddr { base, record, path }
            }
            "load_bits" => {
                let (base, record, path) = self.field_of(names)?;
                Op::LoadBits { base, record, path }
            }
            "ptr_to_int" => Op::PtrToInt(self.value(names)?),
            "int_to_ptr" => Op::IntToPtr(self.value(names)?),
            "refine" => Op::Refine(self.value(names)?),
            "load" => {
                let (ptr, offset) = self.address(names)?;
                Op::Load { ptr, offset }
            }
            "store" => {
                let (ptr, offset) = self.address(names)?;
                Op::Store { ptr, offset, value: self.then_value(names)? }
            }
            "memcpy" => {
                let [dst, src] = self.two(names)?;
                self.mark(",")?;
                Op::MemCopy { dst, src, len: self.small()? }
            }
            "text_copy" => {
                let [dst, src] = self.two(names)?;
                self.mark(",")?;
                Op::TextCopy { dst, src, len: self.small()? }
            }
            "memset" => {
                let dst = self.value(names)?;
                self.mark(",")?;
                let byte = self.small()?;
                self.mark(",")?;
                Op::MemSet { dst, byte, len: self.small()? }
            }
            "atomic" => {
                self.mark(".")?;
                let wrong = self.expected("an operation").help("`add and or xor xchg`");
                let found =
                    self.peek_word().and_then(|w| AtomicOp::ALL.into_iter().find(|o| o.as_str() == w));
                let op = found.ok_or(wrong)?;
                self.next();
                let (ptr, offset) = self.address(names)?;
                Op::Atomic { op, ptr, offset, value: self.then_value(names)? }
            }
            "slot_live" => Op::SlotLive(self.slot_id(names)?),
            "slot_dead" => Op::SlotDead(self.slot_id(names)?),
            "call_helper" => {
                let name = self.name()?;
                self.mark("#")?;
                let id = self.small()?;
                Op::CallHelper { name, id, args: self.arguments(names)? }
            }
            "call_kfunc" => {
                let callee = self.lookup("extern", "kernel function", |ids| &ids.externs)?;
                Op::CallKfunc { callee, args: self.arguments(names)? }
            }
            "call" => {
                let callee = self.lookup("fn", "function", |ids| &ids.functions)?;
                Op::Call { callee, args: self.arguments(names)? }
            }
            "ctx_load" => {
                let (ctx, field) = self.ctx_field(names)?;
                Op::CtxLoad { ctx, field }
            }
            "ctx_store" => {
                let (ctx, field) = self.ctx_field(names)?;
                Op::CtxStore { ctx, field, value: self.then_value(names)? }
            }
            "ctx_arg" => {
                let ctx = self.value(names)?;
                self.mark(",")?;
                Op::CtxArg { ctx, index: self.small()? }
            }
            "ctx_return" => Op::CtxReturn { ctx: self.value(names)? },
            "map_lookup" => {
                let map = self.map_id()?;
                Op::MapLookup { map, key: self.then_value(names)? }
            }
            "map_update" => {
                let map = self.map_id()?;
                let key = self.then_value(names)?;
                let value = self.then_value(names)?;
                Op::MapUpdate { map, key, value, flags: self.then_value(names)? }
            }
            "map_delete" => {
                let map = self.map_id()?;
                Op::MapDelete { map, key: self.then_value(names)? }
            }
            "map_entry" => {
                let map = self.map_id()?;
                Op::MapEntry { map, position: self.then_value(names)? }
            }
            "map_entry_key" => {
                let map = self.map_id()?;
                Op::MapEntryKey { map, position: self.then_value(names)? }
            }
            "print" => {
                let format = self.quoted("a format in quotes")?;
                let mut args = Vec::new();
                while self.accept(",") {
                    args.push(self.value(names)?);
                }
                Op::Print { format, args }
            }
            "jump" => Op::Jump(self.block_call(names)?),
            "branch" => {
                let cond = self.value(names)?;
                self.mark(",")?;
                let then = self.block_call(names)?;
                self.mark(",")?;
                Op::Branch { cond, then, otherwise: self.block_call(names)? }
            }
            "switch" => self.switch(names)?,
            "return" => match self.peek() {
                TokenKind::Word => Op::Return(Some(self.value(names)?)),
                _ => Op::Return(None),
            },
            _ => {
                self.at = start;
                let families = BinaryOp::ALL
                    .iter()
                    .map(|o| o.as_str())
                    .chain(UnaryOp::ALL.iter().map(|o| o.as_str()))
                    .chain(CastKind::ALL.iter().map(|o| o.as_str()))
                    .chain(FieldQuery::ALL.iter().map(|o| o.as_str()))
                    .chain(RecordQuery::ALL.iter().map(|o| o.as_str()))
                    .chain(EnumQuery::ALL.iter().map(|o| o.as_str()));
                let near = nearest(word, families.chain(MNEMONICS));
                let mut wrong = self.expected("an instruction");
                wrong.help = near.map(|n| format!("there is `{n}`"));
                return Err(wrong);
            }
        })
    }

    fn two(&mut self, names: &Names) -> Read<[Value; 2]> {
        Ok([self.value(names)?, self.then_value(names)?])
    }

    fn then_value(&mut self, names: &Names) -> Read<Value> {
        self.mark(",")?;
        self.value(names)
    }

    fn map_id(&mut self) -> Read<crate::mir::MapId> {
        self.lookup("map", "map", |ids| &ids.maps)
    }

    /// `v1`, `v1+8` or `v1-8`.
    fn address(&mut self, names: &Names) -> Read<(Value, i32)> {
        let ptr = self.value(names)?;
        let negative = match self.peek() {
            TokenKind::Mark("+") => false,
            TokenKind::Mark("-") => true,
            _ => return Ok((ptr, 0)),
        };
        self.next();
        let wrong = self.wrong("this offset does not fit 32 bits with a sign");
        let n = i128::from(self.number()?);
        let offset = i32::try_from(if negative { -n } else { n }).map_err(|_| wrong)?;
        Ok((ptr, offset))
    }

    /// A question to the kernel, if the mnemonic is one's.
    fn query(&mut self, word: &str) -> Read<Option<Query>> {
        if let Some(ask) = FieldQuery::ALL.into_iter().find(|q| q.as_str() == word) {
            let record = self.record_id()?;
            return Ok(Some(Query::Field(ask, record, self.path()?)));
        }
        if let Some(ask) = RecordQuery::ALL.into_iter().find(|q| q.as_str() == word) {
            return Ok(Some(Query::Record(ask, self.record_id()?)));
        }
        if let Some(ask) = EnumQuery::ALL.into_iter().find(|q| q.as_str() == word) {
            let id = self.lookup("e", "enum", |ids| &ids.enums)?;
            self.mark(".")?;
            return Ok(Some(Query::Enum(ask, id, self.name()?)));
        }
        Ok(None)
    }

    /// A pointer to a record, and a way into it.
    fn field_of(&mut self, names: &Names) -> Read<(Value, RecordId, Vec<FieldStep>)> {
        let base = self.value(names)?;
        self.mark(",")?;
        let record = self.record_id()?;
        Ok((base, record, self.path()?))
    }

    /// `.name[3].name`, as long as it goes on.
    fn path(&mut self) -> Read<Vec<FieldStep>> {
        let mut path = Vec::new();
        loop {
            if self.accept(".") {
                path.push(FieldStep::Field(self.name()?));
            } else if self.accept("[") {
                path.push(FieldStep::Index(self.small()?));
                self.mark("]")?;
            } else {
                return Ok(path);
            }
        }
    }

    fn ctx_field(&mut self, names: &Names) -> Read<(Value, String)> {
        let ctx = self.value(names)?;
        self.mark(",")?;
        Ok((ctx, self.name()?))
    }

    /// Values in parentheses.
    fn arguments(&mut self, names: &Names) -> Read<Vec<Value>> {
        self.mark("(")?;
        let mut args = Vec::new();
        while !self.accept(")") {
            if !args.is_empty() {
                self.mark(",")?;
            }
            args.push(self.value(names)?);
        }
        Ok(args)
    }

    fn block_call(&mut self, names: &Names) -> Read<BlockCall> {
        let block = self.block_id(names)?;
        let with_args = *self.peek() == TokenKind::Mark("(");
        let args = if with_args { self.arguments(names)? } else { Vec::new() };
        Ok(BlockCall { block, args })
    }

    fn switch(&mut self, names: &Names) -> Read<Op> {
        let value = self.value(names)?;
        let mut cases = Vec::new();
        loop {
            self.mark(",")?;
            if self.accept_word("default") {
                self.mark(":")?;
                return Ok(Op::Switch { value, cases, default: self.block_call(names)? });
            }
            let case = self.signed()?;
            self.mark(":")?;
            cases.push((case, self.block_call(names)?));
        }
    }
}

//! One instruction after the other.
//!
//! Promises: one arm for each instruction. Leaves out: what calls do (`helpers.rs`).

use super::arithmetic::{atomic, binary, compare, cut, signed, unary};
use super::{Environment, FUNC_BASE, FaultKind, MAP_BASE, Machine, Place, Run, STEP, Stop};
use crate::entity::{Entity, Table};
use crate::mir::path::follow;
use crate::mir::verify::is_address;
use crate::mir::{
    BinaryOp, Block, BlockCall, CastKind, FieldQuery, FuncId, Function, InstData, MapId, Op, Query, Region,
    Slot, Type, Value,
};

/// How deep calls may nest, as in the kernel.
const MAX_FRAMES: u32 = 8;

/// A function that runs.
struct Frame<'m> {
    func: &'m Function,
    values: Table<Value, Option<u64>>,
    slots: Table<Slot, u64>,
}

/// Where control goes.
enum Next<'m> {
    On,
    Goto(&'m BlockCall),
    Leave(Option<u64>),
}

fn invalid(what: impl Into<String>) -> FaultKind {
    FaultKind::Invalid(what.into())
}

impl Frame<'_> {
    fn value(&self, value: Value) -> Result<u64, FaultKind> {
        let found = self.values.get(value).copied().flatten();
        found.ok_or_else(|| invalid(format!("{value} is used before it has a value")))
    }

    fn arguments(&self, args: &[Value]) -> Result<Vec<u64>, FaultKind> {
        args.iter().map(|v| self.value(*v)).collect()
    }

    fn ty(&self, value: Value) -> Type {
        self.func.values.get(value).map_or(Type::I64, |v| v.ty)
    }

    fn region(&self, ptr: Value) -> Result<Region, FaultKind> {
        self.ty(ptr).region().ok_or_else(|| invalid(format!("{ptr} is no pointer")))
    }

    fn set(&mut self, value: Value, bits: u64) -> Result<(), FaultKind> {
        let width = self.ty(value).bits();
        match self.values.get_mut(value) {
            Some(entry) => *entry = Some(cut(bits, width)),
            None => return Err(invalid(format!("{value} does not exist"))),
        }
        Ok(())
    }
}

impl<'m, E: Environment> Machine<'m, E> {
    /// Calls a function, from the program or from a helper.
    pub(super) fn invoke(&mut self, id: FuncId, args: Vec<u64>) -> Run<Option<u64>> {
        let module = self.module;
        let func = module.functions.get(id).ok_or_else(|| invalid(format!("{id} does not exist")))?;
        if self.depth >= MAX_FRAMES {
            return Err(FaultKind::CallDepth.into());
        }
        self.depth += 1;
        let marked = self.marked[id].get_or_insert_with(|| marked_slots(func)).clone();
        let mut slots = Table::new();
        for ((_, slot), marked) in func.slots.iter().zip(&marked) {
            slots.push(self.memory.add_slot(&slot.name, slot.size, !marked)?);
        }
        let values = func.values.keys().map(|_| None).collect();
        let mut frame = Frame { func, values, slots };
        let result = self.blocks(&mut frame, args);
        for &base in frame.slots.values() {
            self.memory.remove(base);
        }
        self.depth -= 1;
        result
    }

    fn blocks(&mut self, frame: &mut Frame<'m>, args: Vec<u64>) -> Run<Option<u64>> {
        let func = frame.func;
        let mut block = func.entry().ok_or_else(|| invalid("there is no block"))?;
        let mut given = args;
        'blocks: loop {
            enter(frame, block, &given)?;
            for &inst in &func.blocks[block].insts {
                let data = func.insts.get(inst).ok_or_else(|| invalid(format!("{inst} does not exist")))?;
                let next = self.step(frame, data).map_err(|stop| Stop {
                    // A call within has its own place already.
                    at: stop.at.or_else(|| Some((func.name.clone(), data.span))),
                    ..stop
                })?;
                match next {
                    Next::On => {}
                    Next::Leave(value) => return Ok(value),
                    Next::Goto(call) => {
                        given = frame.arguments(&call.args)?;
                        block = call.block;
                        continue 'blocks;
                    }
                }
            }
            return Err(invalid(format!("{block} has no end")).into());
        }
    }

    fn step(&mut self, frame: &mut Frame<'m>, data: &'m InstData) -> Run<Next<'m>> {
        self.steps += 1;
        if self.steps > self.limits.steps {
            return Err(FaultKind::StepLimit.into());
        }
        let result_ty = data.result.map_or(Type::I64, |v| frame.ty(v));
        let bits = result_ty.bits();
        let value = match &data.op {
            Op::Iconst(n) => *n as u64,
            Op::Null => 0,
            Op::Binary(op, [a, b]) => binary(*op, bits, frame.value(*a)?, frame.value(*b)?),
            Op::Unary(op, a) => unary(*op, bits, frame.value(*a)?),
            Op::Icmp(cond, [a, b]) => {
                let width = frame.ty(*a).bits();
                u64::from(compare(*cond, width, frame.value(*a)?, frame.value(*b)?))
            }
            Op::Cast(CastKind::Sext, a) => signed(frame.value(*a)?, frame.ty(*a).bits()) as u64,
            Op::Cast(CastKind::Zext | CastKind::Trunc, a) => frame.value(*a)?,
            Op::Select(cond, [a, b]) => frame.value(if frame.value(*cond)? == 1 { *a } else { *b })?,
            Op::SlotAddr(slot) => slot_base(frame, *slot)?,
            Op::GlobalAddr(id) => {
                *self.globals.get(*id).ok_or_else(|| invalid(format!("{id} does not exist")))?
            }
            Op::MapAddr(id) => MAP_BASE + id.index() as u64 * STEP,
            Op::FuncAddr(id) => FUNC_BASE + id.index() as u64 * STEP,
            Op::PtrAdd(ptr, by) => frame.value(*ptr)?.wrapping_add(frame.value(*by)?),
            Op::PtrSub([a, b]) => frame.value(*a)?.wrapping_sub(frame.value(*b)?),
            Op::FieldAddr { base, record, path } => {
                let place = follow(&self.module.types, *record, path).map_err(invalid)?;
                frame.value(*base)?.wrapping_add(place.offset())
            }
            Op::ExternAddr(id) => {
                let data = self.module.externs.get(*id);
                let name = &data.ok_or_else(|| invalid(format!("{id} does not exist")))?.name;
                return Err(FaultKind::UnknownVariable(name.clone()).into());
            }
            Op::Query(query) => query.answer(&self.module.types).map_err(invalid)? as u64,
            Op::LoadBits { base, record, path } => {
                let ask = |ask| {
                    let query = Query::Field(ask, *record, path.clone());
                    query.answer(&self.module.types).map(|n| n as u64).map_err(invalid)
                };
                let address = frame.value(*base)?.wrapping_add(ask(FieldQuery::Offset)?);
                let word = number(&self.load(frame.region(*base)?, address, ask(FieldQuery::Size)?)?);
                let place = follow(&self.module.types, *record, path).map_err(invalid)?;
                let (left, right) = (ask(FieldQuery::LeftShift)?, ask(FieldQuery::RightShift)?);
                let top = binary(BinaryOp::Shl, 64, word, left);
                let back =
                    if self.module.types.is_signed(place.ty) { BinaryOp::Ashr } else { BinaryOp::Lshr };
                binary(back, 64, top, right)
            }
            Op::PtrToInt(a) | Op::IntToPtr(a) => frame.value(*a)?,
            Op::Refine(a) => {
                let address = frame.value(*a)?;
                if address == 0 {
                    return Err(FaultKind::NullPointer.into());
                }
                address
            }
            Op::Load { ptr, offset } => {
                let address = offset_by(frame.value(*ptr)?, *offset);
                let bytes = self.load(frame.region(*ptr)?, address, u64::from(result_ty.bytes()))?;
                let number = number(&bytes);
                // A truth value is a byte in memory.
                if result_ty == Type::I1 { u64::from(number != 0) } else { number }
            }
            Op::Store { ptr, offset, value } => {
                let address = offset_by(frame.value(*ptr)?, *offset);
                let len = frame.ty(*value).bytes() as usize;
                let bytes = frame.value(*value)?.to_le_bytes();
                self.store(frame.region(*ptr)?, address, &bytes[..len])?;
                return Ok(Next::On);
            }
            Op::MemCopy { dst, src, len } => {
                let bytes = self.load(frame.region(*src)?, frame.value(*src)?, u64::from(*len))?;
                self.store(frame.region(*dst)?, frame.value(*dst)?, &bytes)?;
                return Ok(Next::On);
            }
            Op::TextCopy { dst, src, len } => {
                let (region, start) = (frame.region(*src)?, frame.value(*src)?);
                let mut text = Vec::new();
                while text.len() + 1 < *len as usize {
                    match self.load(region, start.wrapping_add(text.len() as u64), 1) {
                        Ok(byte) if byte != [0] => text.extend(byte),
                        Ok(_) => break,
                        // Text that cannot be read is empty.
                        Err(_) => {
                            text.clear();
                            break;
                        }
                    }
                }
                text.push(0);
                self.store(frame.region(*dst)?, frame.value(*dst)?, &text)?;
                return Ok(Next::On);
            }
            Op::MemSet { dst, byte, len } => {
                let (region, address) = (frame.region(*dst)?, frame.value(*dst)?);
                // Found out before that many bytes are made.
                self.memory.check(region, address, u64::from(*len))?;
                self.store(region, address, &vec![*byte; *len as usize])?;
                return Ok(Next::On);
            }
            Op::Atomic { op, ptr, offset, value } => {
                let address = offset_by(frame.value(*ptr)?, *offset);
                let (region, ty) = (frame.region(*ptr)?, frame.ty(*value));
                let old = number(&self.load(region, address, u64::from(ty.bytes()))?);
                let new = atomic(*op, ty.bits(), old, frame.value(*value)?);
                self.store(region, address, &new.to_le_bytes()[..ty.bytes() as usize])?;
                old
            }
            Op::SlotLive(slot) => {
                let base = slot_base(frame, *slot)?;
                self.memory.set_live(base, true);
                return Ok(Next::On);
            }
            Op::SlotDead(slot) => {
                let base = slot_base(frame, *slot)?;
                self.memory.set_live(base, false);
                return Ok(Next::On);
            }
            Op::CallHelper { name, args, .. } => {
                let args = frame.arguments(args)?;
                self.helper(name, &args)?
            }
            Op::CallKfunc { callee, args } => {
                let args = frame.arguments(args)?;
                let data = self.module.externs.get(*callee);
                let name = &data.ok_or_else(|| invalid(format!("{callee} does not exist")))?.name;
                match self.iterate(name, &args)? {
                    Some(found) => found,
                    None => {
                        let found = self.environment.kfunc(name, &args, &mut self.memory);
                        found.ok_or_else(|| FaultKind::UnknownKfunc(name.clone()))?
                    }
                }
            }
            Op::Call { callee, args } => {
                let args = frame.arguments(args)?;
                self.invoke(*callee, args)?.unwrap_or(0)
            }
            Op::CtxLoad { field, .. } => self.read_context(self.field(field)?)?,
            Op::CtxStore { field, value, .. } => {
                let place = self.field(field)?;
                let bytes = frame.value(*value)?.to_le_bytes();
                let address = self.context_at + u64::from(place.offset);
                self.memory.write(address, &bytes[..place.bytes() as usize])?;
                return Ok(Next::On);
            }
            Op::CtxArg { index, .. } => {
                let place = self.context.args.get(*index as usize).copied();
                self.read_context(
                    place.ok_or_else(|| FaultKind::NoContextField(format!("argument {index}")))?,
                )?
            }
            Op::CtxReturn { .. } => {
                let place = self.context.result;
                self.read_context(place.ok_or_else(|| FaultKind::NoContextField("result".to_owned()))?)?
            }
            Op::MapLookup { map, key } => {
                let key = self.item(frame, *map, *key, true)?;
                self.lookup(*map, &key)?
            }
            Op::MapUpdate { map, key, value, flags } => {
                let key = self.item(frame, *map, *key, true)?;
                let value = self.item(frame, *map, *value, false)?;
                self.update(*map, &key, &value, frame.value(*flags)?)?
            }
            Op::MapDelete { map, key } => {
                let key = self.item(frame, *map, *key, true)?;
                self.store_of(*map)?.delete(&key) as u64
            }
            Op::MapEntry { map, position } => {
                let position = frame.value(*position)?;
                match self.key_of(*map, position)? {
                    Some(key) => self.lookup(*map, &key)?,
                    None => 0,
                }
            }
            Op::MapEntryKey { map, position } => {
                let position = frame.value(*position)?;
                let key = self.key_of(*map, position)?;
                self.memory.add(Region::Mem, "a key", key.ok_or(FaultKind::NullPointer)?)?
            }
            Op::Print { format, args } => {
                let args = frame.arguments(args)?;
                self.print(format.as_bytes(), &args);
                return Ok(Next::On);
            }
            Op::Jump(call) => return Ok(Next::Goto(call)),
            Op::Branch { cond, then, otherwise } => {
                return Ok(Next::Goto(if frame.value(*cond)? == 1 { then } else { otherwise }));
            }
            Op::Switch { value, cases, default } => {
                let width = frame.ty(*value).bits();
                let value = frame.value(*value)?;
                let case = cases.iter().find(|(case, _)| cut(*case as u64, width) == value);
                return Ok(Next::Goto(case.map_or(default, |(_, call)| call)));
            }
            Op::Return(value) => return Ok(Next::Leave(value.map(|v| frame.value(v)).transpose()?)),
        };
        if let Some(result) = data.result {
            frame.set(result, value)?;
        }
        Ok(Next::On)
    }

    /// Reads through a pointer of a region.
    fn load(&self, region: Region, address: u64, len: u64) -> Result<Vec<u8>, FaultKind> {
        let found = match region {
            // Any kernel memory has a plain address.
            Region::KernelUntrusted => self.memory.read(address, len),
            _ => self.memory.check(region, address, len).and_then(|()| self.memory.read(address, len)),
        };
        if is_address(region) || region == Region::Kernel {
            return Ok(found.unwrap_or_else(|_| vec![0; len.min(1 << 20) as usize]));
        }
        found
    }

    /// Writes through a pointer of a region.
    fn store(&mut self, region: Region, address: u64, bytes: &[u8]) -> Result<(), FaultKind> {
        if is_address(region) {
            return Err(FaultKind::ReadOnly { object: region.describe().to_owned() });
        }
        self.memory.check(region, address, bytes.len() as u64)?;
        self.memory.write(address, bytes)
    }

    fn field(&self, name: &str) -> Result<Place, FaultKind> {
        let found = self.context.fields.get(name).copied();
        found.ok_or_else(|| FaultKind::NoContextField(format!("field `{name}`")))
    }

    fn read_context(&self, place: Place) -> Result<u64, FaultKind> {
        let address = self.context_at + u64::from(place.offset);
        let value = number(&self.memory.read(address, u64::from(place.bytes()))?);
        Ok(if place.signed { signed(value, u32::from(place.bits)) as u64 } else { value })
    }

    /// The bytes of a key or value, given as a number or as a pointer to them.
    fn item(&mut self, frame: &Frame<'_>, map: MapId, value: Value, is_key: bool) -> Run<Vec<u8>> {
        let store = self.store_of(map)?;
        let size = if is_key { store.key_size } else { store.value_size };
        let given = frame.value(value)?;
        match frame.ty(value) {
            Type::Ptr { region, .. } => Ok(self.load(region, given, u64::from(size))?),
            ty if ty.bytes() == size => Ok(given.to_le_bytes()[..size as usize].to_vec()),
            ty => Err(invalid(format!("{value} is {ty}; the map has {size} bytes")).into()),
        }
    }
}

fn enter(frame: &mut Frame<'_>, block: Block, given: &[u64]) -> Result<(), FaultKind> {
    let func = frame.func;
    let data = func.blocks.get(block).ok_or_else(|| invalid(format!("{block} does not exist")))?;
    if data.params.len() != given.len() {
        return Err(invalid(format!("{block} takes {} values and gets {}", data.params.len(), given.len())));
    }
    data.params.iter().zip(given).try_for_each(|(param, value)| frame.set(*param, *value))
}

fn slot_base(frame: &Frame<'_>, slot: Slot) -> Result<u64, FaultKind> {
    frame.slots.get(slot).copied().ok_or_else(|| invalid(format!("{slot} does not exist")))
}

/// For each slot, whether it has a `slot_live`; those without live from the start.
fn marked_slots(func: &Function) -> Vec<bool> {
    let mut marked = vec![false; func.slots.len()];
    for data in func.insts.values() {
        if let Op::SlotLive(slot) = data.op
            && let Some(mark) = marked.get_mut(slot.index())
        {
            *mark = true;
        }
    }
    marked
}

fn offset_by(address: u64, offset: i32) -> u64 {
    address.wrapping_add_signed(i64::from(offset))
}

/// At most eight bytes as a number, the lowest first.
pub(super) fn number(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    u64::from_le_bytes(word)
}

//! The callback: the body of the loop, with the frame for what is around it.
//!
//! Promises: 0 for another round, 1 for none. Leaves out: the call.

use super::frame::{Frame, dominators, is_constant};
use super::region::Region;
use pbpf_core::mir::{Block, BlockCall, Builder, Function, Inst, Op, Slot, Type, Value};
use pbpf_core::types::Region as Memory;
use std::collections::BTreeMap;

/// The copy in the making.
struct Copy<'a> {
    source: &'a Function,
    region: &'a Region,
    frame: &'a Frame,
    func: Function,
    /// The parameters: key, value, frame.
    key: Value,
    value: Value,
    data: Value,
    known: BTreeMap<Value, Value>,
    blocks: BTreeMap<Block, Block>,
    slots: BTreeMap<Slot, Slot>,
}

/// Fills in the body.
pub(super) fn build(source: &Function, shell: Function, region: &Region, frame: &Frame) -> Function {
    let mut func = shell;
    let entry = func.add_block();
    let regions = [Memory::Map, Memory::Mem, Memory::MapValue, Memory::Stack];
    let [_, key, value, data] = regions.map(|region| func.add_block_param(entry, Type::ptr(region)));
    let mut copy = Copy {
        source,
        region,
        frame,
        func,
        key,
        value,
        data,
        known: BTreeMap::new(),
        blocks: BTreeMap::new(),
        slots: BTreeMap::new(),
    };
    copy.run(entry);
    copy.func
}

impl Copy<'_> {
    fn run(&mut self, entry: Block) {
        let inner: Vec<Block> =
            self.region.blocks.iter().copied().filter(|b| *b != self.region.header).collect();
        for &block in &inner {
            let new = self.func.add_block();
            for param in &self.source.blocks[block].params {
                let value = self.func.add_block_param(new, self.source.type_of(*param));
                self.known.insert(*param, value);
            }
            self.blocks.insert(block, new);
        }
        let span = self.region.span;
        let mut b = Builder::at_end(&mut self.func, entry, span);
        self.frame.enter(&mut b, self.data, &mut self.known);
        self.known.insert(self.region.found, self.value);
        for param in self.source.blocks[self.region.header].params.clone() {
            // The position, which only the kernel counts.
            if !self.known.contains_key(&param) {
                let zero = Builder::at_end(&mut self.func, entry, span).iconst(Type::I64, 0);
                self.known.insert(param, zero);
            }
        }
        self.constants(entry);
        let header = self.region.header;
        for inst in self.source.blocks[header].insts.clone() {
            if !self.source.insts[inst].op.is_terminator() {
                self.inst(entry, inst);
            }
        }
        let body = self.region.body.clone();
        let at = self.region.exits.iter().position(|e| e.from == header);
        let target = self.target(header, &body, at);
        Builder::at_end(&mut self.func, entry, span).effect(Op::Jump(target));
        for block in inner {
            let to = self.blocks[&block];
            for inst in self.source.blocks[block].insts.clone() {
                if self.source.insts[inst].op.is_terminator() {
                    self.terminator(block, to, inst);
                } else {
                    self.inst(to, inst);
                }
            }
        }
    }

    /// Constants from around the loop.
    fn constants(&mut self, entry: Block) {
        for block in self.region.blocks.clone() {
            for inst in self.source.blocks[block].insts.clone() {
                for value in self.source.insts[inst].op.args() {
                    if self.known.contains_key(&value)
                        || self.region.makes(self.source, value)
                        || !is_constant(self.source, value)
                    {
                        continue;
                    }
                    let Some(data) = self.source.def(value) else { continue };
                    let ty = self.source.type_of(value);
                    let new = Builder::at_end(&mut self.func, entry, data.span).value(data.op.clone(), ty);
                    self.known.insert(value, new);
                }
            }
        }
    }

    fn mapped(&self, value: Value) -> Value {
        self.known.get(&value).copied().unwrap_or(value)
    }

    fn slot(&mut self, slot: Slot) -> Slot {
        if let Some(new) = self.slots.get(&slot) {
            return *new;
        }
        let new = self.func.slots.push(self.source.slots[slot].clone());
        self.slots.insert(slot, new);
        new
    }

    fn inst(&mut self, block: Block, inst: Inst) {
        let data = self.source.insts[inst].clone();
        let alias = match &data.op {
            Op::MapEntry { .. } if inst == self.region.entry => Some(self.value),
            Op::MapEntryKey { map, .. } if *map == self.region.map && self.is_own_key(&data.op) => {
                Some(self.key)
            }
            // The entry is there.
            Op::Refine(v) if !self.func.type_of(self.mapped(*v)).is_nullable() => Some(self.mapped(*v)),
            _ => None,
        };
        if let (Some(alias), Some(result)) = (alias, data.result) {
            self.known.insert(result, alias);
            return;
        }
        let mut op = data.op.clone();
        match op {
            Op::SlotAddr(slot) => {
                let mut b = Builder::at_end(&mut self.func, block, data.span);
                if let Some(address) = self.frame.shared_address(&mut b, self.data, slot) {
                    if let Some(result) = data.result {
                        self.known.insert(result, address);
                    }
                    return;
                }
                op = Op::SlotAddr(self.slot(slot));
            }
            // The function around the loop keeps its slots for as long as the loop runs.
            Op::SlotLive(slot) | Op::SlotDead(slot) if self.frame.shared.contains(&slot) => return,
            Op::SlotLive(slot) => op = Op::SlotLive(self.slot(slot)),
            Op::SlotDead(slot) => op = Op::SlotDead(self.slot(slot)),
            _ => {}
        }
        op.map_args(|v| self.known.get(&v).copied().unwrap_or(v));
        let mut b = Builder::at_end(&mut self.func, block, data.span);
        match data.result {
            Some(result) => {
                let mut ty = self.source.type_of(result);
                // A pointer made from one that is not null is not null.
                if let Op::PtrAdd(base, _) | Op::FieldAddr { base, .. } = &op {
                    ty = b.func.type_of(*base);
                }
                let new = b.value(op, ty);
                self.known.insert(result, new);
            }
            None => {
                b.effect(op);
            }
        }
    }

    /// Whether the key is that of this loop's entry.
    fn is_own_key(&self, op: &Op) -> bool {
        let Op::MapEntry { position, .. } = self.source.insts[self.region.entry].op else { return false };
        matches!(op, Op::MapEntryKey { position: at, .. } if *at == position)
    }

    fn terminator(&mut self, from: Block, to: Block, inst: Inst) {
        let data = self.source.insts[inst].clone();
        let mut op = data.op.clone();
        let targets: Vec<BlockCall> = op.targets().into_iter().cloned().collect();
        let mut mapped = Vec::with_capacity(targets.len());
        for (at, target) in targets.iter().enumerate() {
            let exit = self.region.exits.iter().position(|e| e.from == from && e.at == at);
            mapped.push(self.target(from, target, exit));
        }
        op.map_args(|v| self.known.get(&v).copied().unwrap_or(v));
        for (target, mapped) in op.targets_mut().into_iter().zip(mapped) {
            *target = mapped;
        }
        Builder::at_end(&mut self.func, to, data.span).effect(op);
    }

    /// Where a way goes in the copy: a block of the body, the next round, or out.
    fn target(&mut self, from: Block, target: &BlockCall, exit: Option<usize>) -> BlockCall {
        let args: Vec<Value> = target.args.iter().map(|v| self.mapped(*v)).collect();
        if let Some(block) = self.blocks.get(&target.block) {
            return BlockCall { block: *block, args };
        }
        let block = self.func.add_block();
        let mut b = Builder::at_end(&mut self.func, block, self.region.span);
        let result = match exit {
            None => {
                self.frame.next(&mut b, self.data, &args);
                0
            }
            Some(number) => {
                let dominators = dominators(self.source);
                let way = (from, number as i64 + 1);
                self.frame.leave(&mut b, self.data, way, &dominators, &self.known);
                1
            }
        };
        let result = b.iconst(Type::I64, result);
        b.effect(Op::Return(Some(result)));
        BlockCall { block, args: Vec::new() }
    }
}

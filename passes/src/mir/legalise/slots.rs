//! The slots that instructions need when they are made concrete.
//!
//! Promises: a number that several map operations take as their key is put into memory once, where the first of them is on
//! every way to the others; any other slot lives for one instruction, and the next takes the same. Leaves out: how long
//! slots of keys live, which `stack` finds.

use super::Site;
use pbpf_core::mir::analysis::{Cfg, Dominators};
use pbpf_core::mir::{Block, Function, Op, Slot, Type, Value};
use std::collections::HashMap;

/// Keys that have slots of their own, at most; each takes up to eight bytes of stack.
const MOST: usize = 8;

/// The slots of a function that this pass makes.
pub(super) struct Slots {
    /// Those that hold nothing now, by size.
    spare: Vec<(u32, Slot)>,
    /// Numbers that are the key of more than one operation.
    shared: HashMap<Value, usize>,
    /// Where they are in memory, by size, and the block from which on.
    placed: Vec<(Value, u32, Block, Value)>,
    dominators: Dominators,
}

impl Slots {
    /// None yet.
    pub(super) fn new(func: &Function) -> Self {
        let mut shared: HashMap<Value, usize> = HashMap::new();
        for (_, inst) in func.each_inst() {
            if let Op::MapLookup { key, .. } | Op::MapUpdate { key, .. } | Op::MapDelete { key, .. } =
                func.insts[inst].op
                && func.type_of(key).is_int()
            {
                *shared.entry(key).or_default() += 1;
            }
        }
        shared.retain(|_, uses| *uses > 1);
        let dominators = Dominators::new(func, &Cfg::new(func));
        Self { spare: Vec::new(), shared, placed: Vec::new(), dominators }
    }

    /// Takes back slots that hold nothing any more.
    pub(super) fn free(&mut self, func: &Function, slots: &[Slot]) {
        self.spare.extend(slots.iter().map(|slot| (func.slots[*slot].size, *slot)));
    }
}

impl Site<'_, '_, '_> {
    /// A slot that lives until behind the instruction, and its address.
    pub(super) fn slot(&mut self, name: &str, size: u32) -> Value {
        let found = self.slots.spare.iter().position(|(has, _)| *has == size);
        let slot = match found.map(|at| self.slots.spare.swap_remove(at).1) {
            Some(slot) => slot,
            None => self.new_slot(name, size),
        };
        let mut b = self.build();
        b.effect(Op::SlotLive(slot));
        let address = b.op(Op::SlotAddr(slot));
        self.dead.push(slot);
        address
    }

    fn new_slot(&mut self, name: &str, size: u32) -> Slot {
        let align = if size.is_multiple_of(8) { 8 } else { size.next_power_of_two().min(8) };
        self.build().slot(name, size, align)
    }

    /// The address of a number in memory.
    pub(super) fn number(&mut self, name: &str, item: Value, number: Value, size: u32) -> Value {
        let block = self.block;
        let placed = self.slots.placed.iter().find(|(value, has, from, _)| {
            *value == item && *has == size && self.slots.dominators.dominates(*from, block)
        });
        if let Some((.., address)) = placed.filter(|_| name == "key") {
            return *address;
        }
        let shares = name == "key" && self.slots.shared.contains_key(&item) && self.slots.placed.len() < MOST;
        let address = if shares {
            let slot = self.new_slot(name, size);
            let address = self.op(Op::SlotAddr(slot));
            self.slots.placed.push((item, size, block, address));
            address
        } else {
            self.slot(name, size)
        };
        debug_assert!(self.func.type_of(number) != Type::I1, "a truth value is made wider first");
        self.build().store(address, 0, number);
        address
    }
}

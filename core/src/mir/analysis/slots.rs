//! Where stack slots hold something, as their `slot_live` and `slot_dead` marks say.
//!
//! Promises: a slot without any `slot_live` lives from the entry to every return. A slot is live at a place if some way
//! there passes a `slot_live` behind which no `slot_dead` follows. Two slots interfere if both are live at one place:
//! those that do not may share storage. Leaves out: whether what a live slot holds is still read.

use super::Cfg;
use crate::entity::{Entity, Table};
use crate::mir::{Block, Function, Op, Slot};

/// A set of slots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlotSet {
    words: Vec<u64>,
}

impl SlotSet {
    /// The empty set, with room for the slots of `func`.
    pub fn new(func: &Function) -> Self {
        Self { words: vec![0; func.slots.len().div_ceil(64)] }
    }

    /// Whether `slot` is in it.
    pub fn contains(&self, slot: Slot) -> bool {
        self.words.get(slot.index() / 64).is_some_and(|w| w >> (slot.index() % 64) & 1 == 1)
    }

    /// Adds `slot`; says whether it was not in it. A slot that the function does not have is left out.
    pub fn insert(&mut self, slot: Slot) -> bool {
        let Some(word) = self.words.get_mut(slot.index() / 64) else { return false };
        let bit = 1u64 << (slot.index() % 64);
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    /// Takes `slot` out.
    pub fn remove(&mut self, slot: Slot) {
        if let Some(word) = self.words.get_mut(slot.index() / 64) {
            *word &= !(1u64 << (slot.index() % 64));
        }
    }

    /// Adds all of `other`; says whether any was new.
    pub fn union(&mut self, other: &SlotSet) -> bool {
        let mut changed = false;
        for (to, from) in self.words.iter_mut().zip(&other.words) {
            changed |= *from & !*to != 0;
            *to |= from;
        }
        changed
    }

    /// The slots in order.
    pub fn iter(&self) -> impl Iterator<Item = Slot> {
        self.words
            .iter()
            .enumerate()
            .flat_map(|(i, w)| (0..64).filter(move |b| w >> b & 1 == 1).map(move |b| Slot::new(i * 64 + b)))
    }
}

/// Where slots are live.
#[derive(Clone, Debug)]
pub struct SlotLiveness {
    live_in: Table<Block, SlotSet>,
    interference: Table<Slot, SlotSet>,
    marked: SlotSet,
}

impl SlotLiveness {
    /// The liveness in `func`, whose graph is `cfg`.
    pub fn new(func: &Function, cfg: &Cfg) -> Self {
        let mut marked = SlotSet::new(func);
        for (_, inst) in func.each_inst() {
            if let Op::SlotLive(slot) = func.insts[inst].op {
                marked.insert(slot);
            }
        }
        let mut live_in: Table<Block, SlotSet> = func.blocks.keys().map(|_| SlotSet::new(func)).collect();
        if let Some(entry) = cfg.entry() {
            for slot in func.slots.keys().filter(|s| !marked.contains(*s)) {
                live_in[entry].insert(slot);
            }
        }
        let mut changed = true;
        while changed {
            changed = false;
            for &block in cfg.reverse_post_order() {
                let mut live = live_in[block].clone();
                for &inst in &func.blocks[block].insts {
                    step(&mut live, &func.insts[inst].op);
                }
                for &succ in cfg.successors(block) {
                    changed |= live_in[succ].union(&live);
                }
            }
        }
        let mut interference: Table<Slot, SlotSet> = func.slots.keys().map(|_| SlotSet::new(func)).collect();
        let mut meet = |live: &SlotSet| {
            for slot in live.iter() {
                interference[slot].union(live);
            }
        };
        for &block in cfg.reverse_post_order() {
            let mut live = live_in[block].clone();
            meet(&live);
            for &inst in &func.blocks[block].insts {
                step(&mut live, &func.insts[inst].op);
                if matches!(func.insts[inst].op, Op::SlotLive(_)) {
                    meet(&live);
                }
            }
        }
        for (slot, set) in interference.iter_mut() {
            set.remove(slot);
        }
        Self { live_in, interference, marked }
    }

    /// The slots that are live where `block` begins.
    pub fn live_in(&self, block: Block) -> Option<&SlotSet> {
        self.live_in.get(block)
    }

    /// The slots that are live before position `at` of `block`.
    pub fn live_at(&self, func: &Function, block: Block, at: usize) -> SlotSet {
        let mut live = self.live_in.get(block).cloned().unwrap_or_else(|| SlotSet::new(func));
        if let Some(data) = func.blocks.get(block) {
            for inst in data.insts.iter().take(at) {
                step(&mut live, &func.insts[*inst].op);
            }
        }
        live
    }

    /// Whether both are live at some place.
    pub fn interfere(&self, a: Slot, b: Slot) -> bool {
        self.interference.get(a).is_some_and(|s| s.contains(b))
    }

    /// The slots that interfere with `slot`.
    pub fn interfering(&self, slot: Slot) -> impl Iterator<Item = Slot> {
        self.interference.get(slot).into_iter().flat_map(SlotSet::iter)
    }

    /// Whether `slot` has a `slot_live`; one that has none lives in the whole function.
    pub fn is_marked(&self, slot: Slot) -> bool {
        self.marked.contains(slot)
    }
}

fn step(live: &mut SlotSet, op: &Op) {
    match op {
        Op::SlotLive(slot) => {
            live.insert(*slot);
        }
        Op::SlotDead(slot) => live.remove(*slot),
        _ => {}
    }
}

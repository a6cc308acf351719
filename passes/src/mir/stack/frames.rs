//! How many bytes the slots of a function take.
//!
//! Promises: an upper bound of what LLVM makes of the slots, by its own rule of sharing; slots that it turns into registers
//! are counted all the same. Leaves out: registers that it puts on the stack.

use pbpf_core::mir::analysis::{Cfg, SlotLiveness};
use pbpf_core::mir::{Function, Op, Slot};
use std::collections::BTreeSet;

/// The frame of a function.
#[derive(Clone, Debug, Default)]
pub(in crate::mir) struct Frame {
    /// Bytes.
    pub(in crate::mir) size: u32,
    /// Bytes that sharing saves.
    pub(in crate::mir) saved: u32,
    /// The slots that have a place of their own.
    pub(in crate::mir) own: Vec<Slot>,
}

impl Frame {
    /// The frame of `func`.
    pub(in crate::mir) fn of(func: &Function) -> Self {
        Self::without(func, &BTreeSet::new())
    }

    /// The frame of `func` if some slots were not there.
    pub(in crate::mir) fn without(func: &Function, left_out: &BTreeSet<Slot>) -> Self {
        let cfg = Cfg::new(func);
        let live = SlotLiveness::new(func, &cfg);
        let used = |s: &Slot| !left_out.contains(s) && is_used(func, &cfg, *s);
        let mut slots: Vec<Slot> = func.slots.keys().filter(used).collect();
        slots.sort_by_key(|s| std::cmp::Reverse(func.slots[*s].size));
        let mut places: Vec<Vec<Slot>> = Vec::new();
        for slot in slots {
            let free = places.iter_mut().find(|others| others.iter().all(|o| !live.interfere(*o, slot)));
            match free {
                Some(place) => place.push(slot),
                None => places.push(vec![slot]),
            }
        }
        let bytes = |s: &Slot| func.slots[*s].size.next_multiple_of(8);
        let own: Vec<Slot> = places.iter().filter_map(|p| p.first().copied()).collect();
        let size = own.iter().map(bytes).fold(0u32, u32::saturating_add);
        let all = places.iter().flatten().map(bytes).fold(0u32, u32::saturating_add);
        Self { size, saved: all - size, own }
    }
}

fn is_used(func: &Function, cfg: &Cfg, slot: Slot) -> bool {
    let uses = |op: &Op| matches!(op, Op::SlotAddr(s) if *s == slot);
    func.each_inst().any(|(block, inst)| cfg.is_reachable(block) && uses(&func.insts[inst].op))
}

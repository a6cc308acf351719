//! `dce`: drops what has no effect and what is never reached.
//!
//! ```text
//! Before                             After
//!   block0:                            block0:
//!     v0 = iconst 4                      v1 = iconst 0
//!     v1 = iconst 0                      jump block2
//!     jump block2(v0)
//!   block1:  ; nothing goes here
//!     jump block2(v1)
//!   block2(v2: i64):  ; v2 unused      block2:
//!     return v1                          return v1
//! ```
//!
//! Gone are: instructions without an effect whose result nothing needs, blocks that the entry does not reach, block
//! parameters that nothing needs, stores into slots that nothing reads and the marks of their lifetimes, static functions
//! that no program reaches, constants of the compiler's own and externs that nothing names.
//!
//! Requires: nothing. Keeps: what the program does; maps, global variables and slots that the user declared and that are
//! used; global functions.
//!
//! Why: a dead access would be checked all the same, by `bounds` and by the verifier (`R1 invalid mem access`), and a
//! dead slot would count against the 512 bytes of stack.

mod module;

use pbpf_core::entity::Table;
use pbpf_core::mir::analysis::Cfg;
use pbpf_core::mir::{Function, Inst, Module, Op, Slot, Value, ValueDef};
use pbpf_core::pass::{Context, Level, MirPass, PassInfo};

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct Dce;

impl MirPass for Dce {
    fn info(&self) -> PassInfo {
        PassInfo::new("dce", Level::Mir, "drops what has no effect and what is never reached").optional()
    }

    fn run(&self, module: &mut Module, _cx: &mut Context<'_>) {
        for func in module.functions.values_mut() {
            clean(func);
        }
        module::drop_unused(module);
    }
}

/// Drops what is dead in one function.
pub(super) fn clean(func: &mut Function) {
    let cfg = Cfg::new(func);
    func.layout.retain(|b| cfg.is_reachable(*b));
    while sweep(func) {}
}

/// One round; says whether more may have died.
fn sweep(func: &mut Function) -> bool {
    let written_only = written_only(func);
    let mut marks = Marks {
        insts: func.insts.keys().map(|_| false).collect(),
        values: func.values.keys().map(|_| false).collect(),
        work: Vec::new(),
    };
    for (_, inst) in func.each_inst() {
        let op = &func.insts[inst].op;
        let dead_slot = match op {
            Op::SlotLive(slot) | Op::SlotDead(slot) => {
                written_only.get(*slot).is_some_and(|u| *u != SlotUse::Read)
            }
            _ => writes_to(func, op).is_some_and(|slot| written_only[slot] != SlotUse::Read),
        };
        if op.has_effect() && !dead_slot {
            marks.insts[inst] = true;
            for value in effect_args(op) {
                marks.need(value);
            }
        }
    }
    if let Some(entry) = func.entry() {
        for param in func.blocks[entry].params.clone() {
            marks.need(param);
        }
    }
    marks.close(func);
    remove(func, &marks)
}

/// How a slot is used.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SlotUse {
    Nothing,
    Written,
    Read,
}

/// For each slot, whether anything but stores uses its address.
fn written_only(func: &Function) -> Table<Slot, SlotUse> {
    let mut uses: Table<Slot, SlotUse> = func.slots.keys().map(|_| SlotUse::Nothing).collect();
    for (_, inst) in func.each_inst() {
        let op = &func.insts[inst].op;
        let written = writes_to(func, op);
        let address = match op {
            Op::Store { value, .. } | Op::MemCopy { src: value, .. } if written.is_some() => vec![*value],
            Op::MemSet { .. } if written.is_some() => Vec::new(),
            other => other.args(),
        };
        if let Some(slot) = written
            && uses[slot] == SlotUse::Nothing
        {
            uses[slot] = SlotUse::Written;
        }
        for value in address {
            if let Some(Op::SlotAddr(slot)) = func.def(value).map(|d| &d.op)
                && let Some(u) = uses.get_mut(*slot)
            {
                *u = SlotUse::Read;
            }
        }
    }
    uses
}

/// The slot that an instruction does nothing but write to.
fn writes_to(func: &Function, op: &Op) -> Option<Slot> {
    let (Op::Store { ptr: dst, .. } | Op::MemSet { dst, .. } | Op::MemCopy { dst, .. }) = op else {
        return None;
    };
    match func.def(*dst)?.op {
        Op::SlotAddr(slot) if func.slots.get(slot).is_some() => Some(slot),
        _ => None,
    }
}

/// The values that an instruction needs whatever becomes of the blocks that it goes to.
fn effect_args(op: &Op) -> Vec<Value> {
    match op {
        Op::Jump(_) => Vec::new(),
        Op::Branch { cond, .. } => vec![*cond],
        Op::Switch { value, .. } => vec![*value],
        other => other.args(),
    }
}

struct Marks {
    insts: Table<Inst, bool>,
    values: Table<Value, bool>,
    work: Vec<Value>,
}

impl Marks {
    fn need(&mut self, value: Value) {
        if let Some(mark) = self.values.get_mut(value)
            && !std::mem::replace(mark, true)
        {
            self.work.push(value);
        }
    }

    /// Marks what the marked needs.
    fn close(&mut self, func: &Function) {
        let preds = func.predecessors();
        while let Some(value) = self.work.pop() {
            match func.values[value].def {
                ValueDef::Inst(inst) => {
                    self.insts[inst] = true;
                    for arg in func.insts[inst].op.args() {
                        self.need(arg);
                    }
                }
                ValueDef::Param(block) => {
                    let Some(index) = func.blocks[block].params.iter().position(|p| *p == value) else {
                        continue;
                    };
                    for &pred in &preds[block] {
                        let Some(terminator) = func.terminator(pred) else { continue };
                        for call in func.insts[terminator].op.targets() {
                            if let Some(arg) = call.args.get(index).filter(|_| call.block == block) {
                                self.need(*arg);
                            }
                        }
                    }
                }
            }
        }
    }
}

fn remove(func: &mut Function, marks: &Marks) -> bool {
    let mut changed = false;
    let entry = func.entry();
    for block in func.layout.clone() {
        let insts = &mut func.blocks[block].insts;
        let before = insts.len();
        insts.retain(|inst| marks.insts[*inst]);
        changed |= insts.len() != before;
        let Some(terminator) = func.terminator(block) else { continue };
        let mut op = func.insts[terminator].op.clone();
        for call in op.targets_mut() {
            let kept = func.blocks[call.block].params.iter().map(|p| marks.values[*p]);
            let args = call.args.iter().zip(kept).filter(|(_, kept)| *kept).map(|(arg, _)| *arg);
            call.args = args.collect();
        }
        func.insts[terminator].op = op;
    }
    for block in func.layout.clone() {
        if Some(block) != entry {
            let params = &mut func.blocks[block].params;
            let before = params.len();
            params.retain(|p| marks.values[*p]);
            changed |= params.len() != before;
        }
    }
    changed
}

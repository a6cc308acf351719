//! What loops cost the verifier that it walks.
//!
//! Promises: an estimate: instructions of MIR as often as they are walked, in as many states as [`Knowledge`] counts.
//! Leaves out: what LLVM makes fewer or more of them; states that straight code leaves behind.

use super::count::View;
use super::knowledge::Knowledge;
use pbpf_core::mir::analysis::LoopId;
use pbpf_core::mir::{Block, FuncId, Inst, Op};
use std::collections::BTreeMap;

/// So many instructions the verifier may walk for the loops of a function; it stops at 1,000,000 for the program.
const INSTRUCTIONS: u64 = 100_000;

/// The same, counted in all states that there may be: an estimate from above, and mostly far above.
const IN_ALL_STATES: u64 = 400_000;

/// So many branches it may walk that it cannot decide; it keeps 8,192 for later, and walks what
/// is behind each of them until it meets a state that it knows.
const UNDECIDED: u64 = 2_000;

/// What walking costs the verifier.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cost {
    /// Instructions, each round in one state.
    pub(super) instructions: u64,
    /// Instructions in all states.
    pub(super) in_all_states: u64,
    /// Branches that it cannot decide, on one way.
    pub(super) undecided: u64,
}

impl Cost {
    /// One instruction.
    pub(super) const ONE: Cost = Cost { instructions: 1, in_all_states: 1, undecided: 0 };

    fn of(instructions: u64, undecided: u64) -> Cost {
        Cost { instructions, in_all_states: instructions, undecided }
    }

    /// The sum with something that is walked several times, in several states.
    pub(super) fn plus(self, other: Cost, times: u64, states: u64) -> Cost {
        let add = |a: u64, b: u64| a.saturating_add(b.saturating_mul(times));
        Cost {
            instructions: add(self.instructions, other.instructions),
            in_all_states: add(self.in_all_states, other.in_all_states.saturating_mul(states)),
            undecided: add(self.undecided, other.undecided),
        }
    }

    /// Whether the verifier may be left to walk it.
    pub(super) fn is_small(self) -> bool {
        self.instructions <= INSTRUCTIONS
            && self.in_all_states <= IN_ALL_STATES
            && self.undecided <= UNDECIDED
    }
}

/// What the estimate knows.
pub(super) struct Estimate<'a> {
    /// The function.
    pub(super) view: &'a View<'a>,
    /// How often loops are walked, by their headers.
    pub(super) rounds: &'a BTreeMap<Block, u64>,
    /// What calls of functions cost.
    pub(super) costs: &'a BTreeMap<FuncId, Cost>,
}

impl Estimate<'_> {
    /// What some of the function's blocks cost, all that is around them being walked once but for the loops inside `within`.
    pub(super) fn blocks(&self, blocks: &[Block], within: Option<LoopId>, known: &[Knowledge]) -> Cost {
        blocks.iter().fold(Cost::default(), |cost, &block| {
            let states = known.iter().fold(1, |n: u64, k| n.saturating_mul(k.states(self.view, block)));
            cost.plus(self.block(block), self.times(block, within), states)
        })
    }

    /// How often a loop is walked.
    pub(super) fn rounds_of(&self, header: Block) -> u64 {
        self.rounds.get(&header).copied().unwrap_or(1)
    }

    /// How often a block is walked for once that the loop `within` is entered.
    fn times(&self, block: Block, within: Option<LoopId>) -> u64 {
        let mut times = 1u64;
        let mut at = self.view.loops.innermost(block);
        while let Some(id) = at {
            let l = &self.view.loops.loops[id];
            times =
                times.saturating_mul(self.rounds_of(l.header).saturating_add(u64::from(Some(id) == within)));
            at = if Some(id) == within { None } else { l.parent };
        }
        times
    }

    fn block(&self, block: Block) -> Cost {
        let insts = &self.view.func.blocks[block].insts;
        insts.iter().fold(Cost::default(), |cost, inst| cost.plus(self.instruction(*inst), 1, 1))
    }

    fn instruction(&self, inst: Inst) -> Cost {
        let func = self.view.func;
        let (instructions, undecided) = match &func.insts[inst].op {
            Op::Iconst(_) | Op::Null | Op::SlotLive(_) | Op::SlotDead(_) => (0, 0),
            Op::Branch { .. } => (1, u64::from(!self.view.is_decided(inst))),
            Op::Switch { cases, .. } => (cases.len() as u64, cases.len() as u64),
            Op::Refine(_) => (0, 0),
            Op::Call { callee, .. } => {
                let callee = self.costs.get(callee).copied().unwrap_or_default();
                return callee.plus(Cost::of(2, 0), 1, 1);
            }
            Op::MemCopy { len, .. } | Op::TextCopy { len, .. } | Op::MemSet { len, .. } => {
                (u64::from(*len / 4).max(1), 0)
            }
            op if op.is_abstract() => (12, 0),
            Op::CallHelper { .. } | Op::CallKfunc { .. } => (6, 0),
            _ => (1, 0),
        };
        Cost::of(instructions, undecided)
    }
}

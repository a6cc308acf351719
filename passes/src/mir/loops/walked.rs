//! Which loops the verifier is sure to walk, for who asks before `loops` decides.
//!
//! Promises: `loops` leaves these alone, whatever checks are put into them until then: they are smaller than it wants by
//! [`MARGIN`]. Leaves out: loops that it leaves alone as well, but by less.

use super::cost::{Cost, Estimate};
use super::count::View;
use super::knowledge::{Knowledge, Webs};
use crate::mir::exact::Exact;
use crate::mir::facts::Facts;
use crate::mir::ranges::Ranges;
use pbpf_core::mir::analysis::{Cfg, Dominators, LoopId, Loops};
use pbpf_core::mir::{Block, Function, Op};
use std::collections::{BTreeMap, BTreeSet};

/// Checks make a round longer, but not so much.
const MARGIN: u64 = 8;

/// What is known of the loops of a function.
#[derive(Debug, Default)]
pub(in crate::mir) struct Walked {
    /// At most so many times the bodies run, by their headers.
    pub(in crate::mir) rounds: BTreeMap<Block, u64>,
    /// The headers of loops that are sure to be walked.
    sure: BTreeSet<Block>,
}

impl Walked {
    /// The loops of `func`.
    pub(in crate::mir) fn new(func: &Function, cfg: &Cfg, dominators: &Dominators, facts: &Facts) -> Self {
        let loops = Loops::new(cfg, dominators);
        let mut out = Self::default();
        if loops.loops.is_empty() || !loops.irreducible.is_empty() {
            return out;
        }
        let ranges = Ranges::new(func, cfg, dominators, facts);
        let exact = Exact::new(func, cfg, &loops);
        let view = View { func, cfg, dominators, facts, ranges: &ranges, loops: &loops, exact: &exact };
        let webs = Webs::new(&view);
        let (costs, mut small, mut total) = (BTreeMap::new(), BTreeSet::new(), Cost::default());
        let mut order: Vec<LoopId> = loops.loops.keys().collect();
        order.sort_by_key(|id| (std::cmp::Reverse(loops.loops[*id].depth), *id));
        let mut rounds: BTreeMap<Block, u64> = BTreeMap::new();
        // A loop around one that is not sure: that may be counted, and has this one counted too.
        let mut unsure: BTreeSet<LoopId> = BTreeSet::new();
        for id in order {
            let l = &loops.loops[id];
            let counter = view.counter(id).filter(|_| func.entry() != Some(l.header));
            let Some((counter, n)) = counter.and_then(|c| Some((c, c.rounds?))) else {
                unsure.extend(l.parent);
                continue;
            };
            out.rounds.insert(l.header, n);
            rounds.insert(l.header, n);
            let estimate = Estimate { view: &view, rounds: &rounds, costs: &costs };
            let known = Knowledge::new(&view, &webs, id, &|header| estimate.rounds_of(header));
            let cost = estimate.blocks(&l.blocks, Some(id), std::slice::from_ref(&known));
            let mut insts = l.blocks.iter().flat_map(|b| &func.blocks[*b].insts);
            let calls = insts.any(|i| matches!(func.insts[*i].op, Op::Call { .. } | Op::FuncAddr(_)));
            total = if l.depth == 1 { total.plus(cost, 1, 1) } else { total };
            let all = if l.depth == 1 { total } else { cost };
            let is_small = all.plus(all, MARGIN - 1, 1).is_small();
            if counter.decided && !calls && is_small && !unsure.contains(&id) {
                small.insert(id);
            } else {
                unsure.extend(l.parent);
            }
        }
        // A loop that is counted may have those in it counted too.
        let around = |id: LoopId| std::iter::successors(Some(id), |id| loops.loops[*id].parent);
        out.sure = small
            .iter()
            .filter(|id| around(**id).all(|outer| small.contains(&outer)))
            .map(|id| loops.loops[*id].header)
            .collect();
        out
    }

    /// Whether all of these are headers of loops that are sure to be walked.
    pub(in crate::mir) fn are_sure(&self, headers: &[Block]) -> bool {
        headers.iter().all(|header| self.sure.contains(header))
    }
}

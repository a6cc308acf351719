//! What is proved of packets, place by place.
//!
//! Promises: `proved` bytes from a root on are inside the packet on every way to the place, by comparisons and by the
//! accesses before it, which are proved or get a check, since the root was last read from the context; a pointer is stale if on some way there something may have moved
//! the packet since it was made. Leaves out: what to do about what is not proved.

use super::accesses::{Asked, accesses};
use super::places::{MAX_OFFSET, Place, Places, Root};
use crate::mir::facts::{Right, edge_facts};
use pbpf_core::entity::{Entity, Table};
use pbpf_core::mir::analysis::Cfg;
use pbpf_core::mir::{Block, Cond, FuncId, Function, Inst, Op, Value};
use pbpf_core::types::Region;
use std::collections::{BTreeMap, BTreeSet};

/// What is known at a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    /// Bytes from a root on that are inside the packet.
    proved: BTreeMap<Root, i64>,
    /// Pointers that may point to where the packet was, and what moved it.
    stale: BTreeMap<Value, Inst>,
}

impl State {
    /// Bytes proved from a root on.
    pub(super) fn proved(&self, root: Root) -> i64 {
        self.proved.get(&root).copied().unwrap_or(0)
    }

    /// Notes that bytes are proved.
    pub(super) fn prove(&mut self, root: Root, bytes: i64) {
        let entry = self.proved.entry(root).or_insert(0);
        *entry = bytes.max(*entry);
    }

    /// What moved the packet since the pointer was made.
    pub(super) fn stale(&self, value: Value) -> Option<Inst> {
        self.stale.get(&value).copied()
    }

    fn meet(&mut self, other: &State) {
        self.proved.retain(|root, bytes| {
            *bytes = (*bytes).min(other.proved(*root));
            *bytes > 0
        });
        for (value, inst) in &other.stale {
            self.stale.entry(*value).or_insert(*inst);
        }
    }
}

/// A function being looked at.
pub(super) struct Flow<'a> {
    pub(super) asked: Asked<'a>,
    pub(super) func: &'a Function,
    pub(super) cfg: &'a Cfg,
    pub(super) places: &'a Places,
    /// For each function of the module, whether it moves packet data.
    pub(super) movers: &'a [bool],
    /// Bytes proved behind each parameter by all callers.
    pub(super) given: &'a [i64],
}

/// After so many rounds what still shrinks is taken for nothing.
const ROUNDS: usize = 6;

impl Flow<'_> {
    /// What is known where each reachable block begins.
    pub(super) fn solve(&self) -> Table<Block, Option<State>> {
        let mut begin: Table<Block, Option<State>> = self.func.blocks.keys().map(|_| None).collect();
        let mut changed = true;
        let mut round = 0;
        while changed {
            changed = false;
            round += 1;
            let mut end: Table<Block, Option<State>> = self.func.blocks.keys().map(|_| None).collect();
            for &block in self.cfg.reverse_post_order() {
                // Ways that have not been walked yet are left out: the next round knows them.
                let mut state = self.enter(block, &end, &begin);
                if let Some(before) = begin[block].as_ref().filter(|_| round > ROUNDS) {
                    // A pointer that moves on in a loop loses a few bytes with each round: it ends with none.
                    state.proved.retain(|root, bytes| *bytes >= before.proved(*root));
                }
                if begin[block].as_ref() != Some(&state) {
                    begin[block] = Some(state.clone());
                    changed = true;
                }
                for &inst in &self.func.blocks[block].insts {
                    self.step(&mut state, block, inst);
                }
                end[block] = Some(state);
            }
        }
        begin
    }

    fn enter(
        &self,
        block: Block,
        end: &Table<Block, Option<State>>,
        begin: &Table<Block, Option<State>>,
    ) -> State {
        let mut out: Option<State> = None;
        if self.func.entry() == Some(block) {
            let mut state = State::default();
            for (param, bytes) in self.func.blocks[block].params.iter().zip(self.given) {
                if *bytes > 0 {
                    state.prove(Root::Value(*param), *bytes);
                }
            }
            return state;
        }
        for &pred in self.cfg.predecessors(block) {
            let known = end[pred].clone().or_else(|| {
                // Round a loop: what the block made of its beginning in the round before.
                let mut state = begin[pred].clone()?;
                for &inst in &self.func.blocks[pred].insts {
                    self.step(&mut state, pred, inst);
                }
                Some(state)
            });
            let Some(mut state) = known else { continue };
            self.cross(&mut state, pred, block);
            match &mut out {
                Some(all) => all.meet(&state),
                None => out = Some(state),
            }
        }
        out.unwrap_or_default()
    }

    /// What going from one block to another adds.
    fn cross(&self, state: &mut State, pred: Block, block: Block) {
        for fact in edge_facts(self.func, pred, block) {
            let Right::Value(limit) = fact.b else { continue };
            let Some(place) = self.compared(state, fact.a, limit) else { continue };
            // `p < end` proves one byte more, but for the verifier nothing where `p` is the root itself.
            let bytes = match fact.cond {
                Cond::Ule => place.offset,
                Cond::Ult if place.offset > 0 => place.offset.saturating_add(1),
                _ => continue,
            };
            if bytes > 0 && self.places.reach(place.root).saturating_add(bytes) <= MAX_OFFSET {
                state.prove(place.root, bytes);
            }
        }
        let Some(terminator) = self.func.terminator(pred) else { return };
        let mut new = Vec::new();
        for call in self.func.insts[terminator].op.targets().into_iter().filter(|c| c.block == block) {
            for (param, arg) in self.func.blocks[block].params.iter().zip(&call.args) {
                let Some(place) = self.places.of(*arg) else { continue };
                let bytes = state.proved(place.root).saturating_sub(place.offset);
                new.push((*param, bytes, state.stale(*arg)));
            }
        }
        for (param, bytes, stale) in new {
            state.proved.remove(&Root::Value(param));
            state.stale.remove(&param);
            if bytes > 0 {
                state.prove(Root::Value(param), bytes);
            }
            if let Some(inst) = stale {
                state.stale.insert(param, inst);
            }
        }
    }

    /// The place of `ptr`, if `limit` is the end that it is held against and both are valid.
    fn compared(&self, state: &State, ptr: Value, limit: Value) -> Option<Place> {
        let place = self.places.of(ptr)?;
        let end = self.func.type_of(limit).region()?;
        let fits = match self.func.type_of(ptr).region()? {
            Region::Packet => end == Region::PacketEnd,
            Region::PacketMeta => self.places.of(limit) == Some(Place { root: Root::Data, offset: 0 }),
            _ => false,
        };
        (fits && state.stale(ptr).is_none() && state.stale(limit).is_none()).then_some(place)
    }

    /// The outcome of a comparison of a pointer with the end that it is held against, where it is known.
    pub(super) fn known(&self, state: &State, cond: Cond, ptr: Value, limit: Value) -> Option<bool> {
        let place = self.compared(state, ptr, limit)?;
        let proved = state.proved(place.root);
        // The start of the data is never behind its end, whatever its length.
        let start = place == Place { root: Root::Data, offset: 0 };
        match cond {
            Cond::Ule | Cond::Ugt if (proved > 0 && proved >= place.offset) || start => {
                Some(cond == Cond::Ule)
            }
            Cond::Ult | Cond::Uge if proved > place.offset => Some(cond == Cond::Ult),
            _ => None,
        }
    }

    /// What an instruction changes.
    pub(super) fn step(&self, state: &mut State, block: Block, inst: Inst) {
        let data = &self.func.insts[inst];
        for access in accesses(self.asked, self.func, block, inst) {
            if let (Some(place), Some(size)) = (self.places.of(access.ptr), access.size) {
                state.prove(place.root, place.offset.saturating_add(access.offset).saturating_add(size));
            }
        }
        if self.moves(&data.op) {
            state.proved.clear();
            for (value, known) in self.func.values.iter() {
                if matches!(known.ty.region(), Some(Region::Packet | Region::PacketMeta | Region::PacketEnd))
                {
                    state.stale.insert(value, inst);
                }
            }
        }
        if let Some(result) = data.result {
            state.stale.remove(&result);
            state.proved.remove(&Root::Value(result));
            // To the verifier, what is read from the context again is a pointer of which nothing has been proved.
            if let (Op::CtxLoad { .. } | Op::Load { .. } | Op::IntToPtr(_), Some(place)) =
                (&data.op, self.places.of(result))
            {
                state.proved.remove(&place.root);
            }
            let from: BTreeSet<Value> = data.op.args().into_iter().collect();
            let moved = from.into_iter().find_map(|v| state.stale(v));
            if let (Some(inst), true) = (moved, super::places::is_packet(self.func.type_of(result))) {
                state.stale.insert(result, inst);
            }
        }
    }

    /// Whether an instruction moves packet data.
    pub(super) fn moves(&self, op: &Op) -> bool {
        match op {
            Op::Call { callee, .. } => self.movers.get(FuncId::index(*callee)) == Some(&true),
            op => super::accesses::moves(self.asked.module, self.asked.registry, op),
        }
    }
}

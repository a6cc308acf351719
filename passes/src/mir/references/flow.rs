//! What is held where.
//!
//! Promises: a state of a block holds for every way to it. Leaves out: conditions on other things than the reference.

use super::tokens::Tokens;
use pbpf_core::entity::Table;
use pbpf_core::mir::analysis::Cfg;
use pbpf_core::mir::{Block, Function, Inst};

/// It is held.
pub(super) const HELD: u8 = 1;
/// It was released.
pub(super) const RELEASED: u8 = 2;
/// It was never acquired, is null, or is no longer followed.
const NONE: u8 = 4;

/// What each token may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State(Vec<u8>);

impl State {
    /// Whether a token may be in that state.
    pub(super) fn may_be(&self, token: usize, what: u8) -> bool {
        self.0[token] & what != 0
    }

    /// Whether a token is held for sure.
    pub(super) fn is_held(&self, token: usize) -> bool {
        self.0[token] == HELD
    }

    /// Takes in that a test found a token null, or not.
    pub(super) fn tested(&mut self, token: usize, is_null: bool) {
        let state = &mut self.0[token];
        if *state & HELD == 0 {
            return;
        }
        *state = if is_null { (*state & !HELD) | NONE } else { *state & !NONE };
    }

    fn join(&mut self, other: &State) -> bool {
        let mut changed = false;
        for (a, b) in self.0.iter_mut().zip(&other.0) {
            changed |= *a | b != *a;
            *a |= b;
        }
        changed
    }
}

/// Takes an instruction.
pub(super) fn step(tokens: &Tokens, inst: Inst, state: &mut State) {
    for token in tokens.escaped_by(inst) {
        state.0[token] = NONE;
    }
    for token in tokens.released_by(inst) {
        state.0[token] = RELEASED;
    }
    for token in tokens.acquired_by(inst) {
        state.0[token] = if tokens.list[token].nullable { HELD | NONE } else { HELD };
    }
}

/// The states at the starts of blocks.
pub(super) struct Flow {
    before: Table<Block, Option<State>>,
}

impl Flow {
    pub(super) fn new(func: &Function, cfg: &Cfg, tokens: &Tokens) -> Self {
        let mut before: Table<Block, Option<State>> = func.blocks.keys().map(|_| None).collect();
        if let Some(entry) = func.entry() {
            before[entry] = Some(State(vec![NONE; tokens.list.len()]));
        }
        let mut changed = true;
        while changed {
            changed = false;
            for &block in cfg.reverse_post_order() {
                let Some(state) = before[block].clone() else { continue };
                let after = Self::through(func, tokens, block, state);
                for &next in cfg.successors(block) {
                    let mut state = after.clone();
                    super::on_edge(func, tokens, block, next, &mut state);
                    match &mut before[next] {
                        Some(old) => changed |= old.join(&state),
                        none => {
                            *none = Some(state);
                            changed = true;
                        }
                    }
                }
            }
        }
        Self { before }
    }

    fn through(func: &Function, tokens: &Tokens, block: Block, mut state: State) -> State {
        for &inst in &func.blocks[block].insts {
            step(tokens, inst, &mut state);
        }
        state
    }

    /// The state at the start of a block; none if nothing goes there.
    pub(super) fn before(&self, block: Block) -> Option<&State> {
        self.before[block].as_ref()
    }

    /// The state on an edge.
    pub(super) fn edge(&self, func: &Function, tokens: &Tokens, from: Block, to: Block) -> Option<State> {
        let mut state = Self::through(func, tokens, from, self.before(from)?.clone());
        super::on_edge(func, tokens, from, to, &mut state);
        Some(state)
    }
}

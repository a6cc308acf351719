//! What the verifier comes to know of numbers in the loops that it walks.
//!
//! Behind a comparison that it cannot decide the verifier knows more of what was compared, on one way this and on the other
//! that. Where the number outlives the round, so does what is known of it, and each state of knowledge walks what is left
//! of the loop: `if i >= x` in 100 rounds leaves 101 ranges of `x`. So does a sum that grows on one of two ways, if the
//! verifier needs its exact value later.
//!
//! Promises: an estimate from above for numbers that are known one by one; what is made anew in each round counts for
//! nothing. Leaves out: what two variables say of each other, and pointers.

use super::count::View;
use crate::mir::ranges::Range;
use pbpf_core::entity::Table;
use pbpf_core::mir::analysis::LoopId;
use pbpf_core::mir::{BinaryOp, Block, Op, Type, UnaryOp, Value, ValueDef};
use std::collections::{BTreeMap, BTreeSet};

/// How far the making of a value is followed.
const DEPTH: u32 = 16;

/// Two sides of a comparison that decides a branch.
struct Test {
    block: Block,
    sides: [Value; 2],
}

/// The numbers of a function that are one number at different places, and where they are compared.
pub(super) struct Webs {
    parent: Table<Value, Value>,
    tests: Vec<Test>,
    /// Where the exact value of a web is last needed, by position.
    needed: BTreeMap<Value, usize>,
    /// The webs that are added to an address, or handed to the kernel: what is known of them counts there.
    placed: BTreeSet<Value>,
}

impl Webs {
    /// The webs of a function.
    pub(super) fn new(view: &View<'_>) -> Self {
        let func = view.func;
        let mut webs = Self {
            parent: func.values.keys().collect(),
            tests: Vec::new(),
            needed: BTreeMap::new(),
            placed: BTreeSet::new(),
        };
        let mut uses: Vec<(Value, usize)> = Vec::new();
        let mut placed: Vec<(Value, usize)> = Vec::new();
        for (at, &block) in view.cfg.reverse_post_order().iter().enumerate() {
            for inst in &func.blocks[block].insts {
                match &func.insts[*inst].op {
                    Op::PtrAdd(_, by) => placed.push((*by, at)),
                    Op::CallHelper { args, .. } | Op::CallKfunc { args, .. } => {
                        placed.extend(args.iter().map(|a| (*a, at)));
                    }
                    // A function takes its parameters for any number.
                    Op::Call { args, .. } => uses.extend(args.iter().map(|a| (*a, at))),
                    Op::Branch { cond, .. } => webs.test(view, block, *cond, 0, &mut uses, at),
                    Op::Switch { value, .. } => uses.push((*value, at)),
                    _ => {}
                }
            }
            let Some(terminator) = func.terminator(block) else { continue };
            for call in func.insts[terminator].op.targets() {
                for (param, arg) in func.blocks[call.block].params.iter().zip(&call.args) {
                    let root = strip(view, *arg);
                    if is_number(func.type_of(*param)) && func.constant(root).is_none() {
                        webs.join(*param, root);
                    }
                }
            }
        }
        for value in func.values.keys() {
            let web = webs.find(value);
            webs.parent[value] = web;
        }
        let placed_too = placed.clone();
        webs.placed = webs.need(view, placed, &|op| !bounds_itself(view, op));
        webs.need(view, placed_too, &|_| true);
        webs.need(view, uses, &|_| true);
        webs
    }

    fn test(
        &mut self,
        view: &View<'_>,
        block: Block,
        cond: Value,
        depth: u32,
        uses: &mut Vec<(Value, usize)>,
        at: usize,
    ) {
        match view.func.def(cond).map(|d| &d.op) {
            Some(Op::Icmp(_, sides)) if is_number(view.func.type_of(sides[0])) => {
                self.tests.push(Test { block, sides: *sides });
                uses.extend(sides.map(|v| (v, at)));
            }
            Some(Op::Select(..) | Op::Binary(..) | Op::Unary(..)) if depth < DEPTH => {
                for arg in view.func.def(cond).map(|d| d.op.args()).into_iter().flatten() {
                    self.test(view, block, arg, depth + 1, uses, at);
                }
            }
            _ => uses.push((cond, at)),
        }
    }

    /// All that the values in `uses` are computed from is needed as well, through operations that `follows` takes; gives the
    /// webs of all of it.
    fn need(
        &mut self,
        view: &View<'_>,
        mut uses: Vec<(Value, usize)>,
        follows: &dyn Fn(&Op) -> bool,
    ) -> BTreeSet<Value> {
        let mut seen: BTreeMap<Value, usize> = BTreeMap::new();
        while let Some((value, at)) = uses.pop() {
            if !is_number(view.func.type_of(value)) || seen.get(&value).is_some_and(|s| *s >= at) {
                continue;
            }
            seen.insert(value, at);
            let web = self.of(value);
            let last = self.needed.entry(web).or_insert(at);
            *last = at.max(*last);
            match view.func.values[value].def {
                ValueDef::Inst(inst)
                    if is_plain(&view.func.insts[inst].op) && follows(&view.func.insts[inst].op) =>
                {
                    uses.extend(view.func.insts[inst].op.args().into_iter().map(|a| (a, at)));
                }
                ValueDef::Inst(_) => {}
                ValueDef::Param(block) => {
                    uses.extend(incoming(view, block, value).into_iter().map(|(_, a)| (a, at)));
                }
            }
        }
        seen.into_keys().map(|value| self.of(value)).collect()
    }

    /// Whether the verifier will be asked for the number exactly.
    pub(super) fn is_needed(&self, value: Value) -> bool {
        self.needed.contains_key(&self.of(value))
    }

    /// Whether nothing but a way depends on what the verifier knows of the number.
    pub(super) fn only_decides(&self, value: Value) -> bool {
        !self.placed.contains(&self.of(value))
    }

    /// Whether each round computes a header's parameter from the last.
    pub(super) fn is_computed(view: &View<'_>, id: LoopId, param: Value) -> bool {
        changed(view, id, param).is_some_and(|c| c.is_computed)
    }

    fn of(&self, mut value: Value) -> Value {
        while let Some(&parent) = self.parent.get(value).filter(|p| **p != value) {
            value = parent;
        }
        value
    }

    /// The same, with shorter ways from then on.
    fn find(&mut self, mut value: Value) -> Value {
        while self.parent[value] != value {
            let next = self.parent[self.parent[value]];
            self.parent[value] = next;
            value = next;
        }
        value
    }

    fn join(&mut self, a: Value, b: Value) {
        let (a, b) = (self.find(a), self.find(b));
        let (low, high) = if a < b { (a, b) } else { (b, a) };
        self.parent[high] = low;
    }
}

/// What is known of one web.
struct Known {
    /// The outermost loop that it outlives the rounds of.
    home: LoopId,
    /// So many states of it there may be.
    states: u64,
    /// The position behind which nothing asks for it.
    last: usize,
}

/// What becomes known in a loop and the loops in it.
pub(super) struct Knowledge {
    known: Vec<Known>,
}

impl Knowledge {
    /// Of the loop `top`, whose loops run as often as `rounds` says of their headers.
    pub(super) fn new(view: &View<'_>, webs: &Webs, top: LoopId, rounds: &dyn Fn(Block) -> u64) -> Self {
        let mut found: BTreeMap<Value, Known> = BTreeMap::new();
        // The loops around a block, from `top` inwards.
        let around = |block: Block| {
            let mut list = Vec::new();
            let mut at = view.loops.innermost(block);
            while let Some(id) = at {
                list.push(id);
                at = if id == top { None } else { view.loops.loops[id].parent };
            }
            list.reverse();
            list
        };
        let product = |loops: &[LoopId]| {
            loops.iter().fold(1u64, |n, id| n.saturating_mul(rounds(view.loops.loops[*id].header).max(1)))
        };
        let mut learn = |web: Value, home: LoopId, states: u64| {
            let last = webs.needed.get(&web).copied().unwrap_or(0);
            let known = found.entry(web).or_insert(Known { home, states: 1, last });
            known.states = known.states.saturating_add(states);
            if view.loops.loops[home].depth < view.loops.loops[known.home].depth {
                known.home = home;
            }
        };
        let mut carried: BTreeMap<Value, Vec<(LoopId, Change)>> = BTreeMap::new();
        for (id, l) in view.loops.loops.iter().filter(|(_, l)| view.loops.contains(top, l.header)) {
            for &param in &view.func.blocks[l.header].params {
                if !is_number(view.func.type_of(param)) || view.exact(param).is_some() {
                    continue;
                }
                if let Some(change) = changed(view, id, param) {
                    carried.entry(webs.of(param)).or_default().push((id, change));
                }
            }
        }
        for test in webs.tests.iter().filter(|t| view.loops.contains(top, t.block)) {
            let loops = around(test.block);
            for (side, other) in [(0, 1), (1, 0)] {
                let value = strip(view, test.sides[side]);
                if view.exact(value).is_some() || view.func.constant(value).is_some() {
                    continue;
                }
                let web = webs.of(value);
                let made = view.place(value);
                let changes = carried.get(&web).map_or(&[][..], Vec::as_slice);
                let outlives =
                    |id: LoopId| changes.iter().any(|(at, _)| *at == id) || !view.loops.contains(id, made);
                let Some(at) = loops.iter().position(|id| outlives(*id)) else { continue };
                let inside = &loops[at..];
                let moves = changes.iter().any(|(_, c)| c.is_computed);
                let states = match view.exact(test.sides[other]) {
                    _ if moves => product(inside),
                    Some(headers) => {
                        let varies: Vec<LoopId> = inside
                            .iter()
                            .copied()
                            .filter(|id| headers.contains(&view.loops.loops[*id].header))
                            .collect();
                        product(&varies)
                    }
                    // What is found larger than the largest so far becomes the largest.
                    None if changes.iter().any(|(_, c)| c.by_the_way) => product(inside),
                    None => 2,
                };
                learn(web, loops[at], states);
            }
        }
        for (web, changes) in &carried {
            if !webs.needed.contains_key(web) {
                continue;
            }
            for (id, _) in changes.iter().filter(|(_, c)| c.is_computed && c.by_the_way && c.from_known) {
                let loops = around(view.loops.loops[*id].header);
                let outer = loops.iter().position(|l| changes.iter().any(|(at, _)| at == l)).unwrap_or(0);
                learn(*web, loops[outer], product(&loops[outer..]));
            }
        }
        Self { known: found.into_values().filter(|k| k.states > 1).collect() }
    }

    /// What is known behind the loop: how many states, and the last block that asks.
    pub(super) fn behind(&self, view: &View<'_>) -> impl Iterator<Item = (u64, Block)> {
        let order = view.cfg.reverse_post_order();
        self.known
            .iter()
            .filter_map(|k| Some((k.states, *order.get(k.last)?)))
            .collect::<Vec<_>>()
            .into_iter()
    }

    /// How many states walk a block.
    pub(super) fn states(&self, view: &View<'_>, block: Block) -> u64 {
        let at = view.cfg.position(block).unwrap_or(0);
        self.known.iter().fold(1, |n: u64, k| {
            let inside = view.loops.contains(k.home, block);
            let begin = view.cfg.position(view.loops.loops[k.home].header).unwrap_or(0);
            if inside || (begin < at && at <= k.last) { n.saturating_mul(k.states) } else { n }
        })
    }
}

/// What a round makes of a header's parameter.
#[derive(Clone, Copy, Debug)]
struct Change {
    /// It is computed from itself, or set to what changes with the rounds, not only kept.
    is_computed: bool,
    /// On some ways so, on others otherwise.
    by_the_way: bool,
    /// Something is known of what it starts from: of any number plus another the verifier knows nothing either.
    from_known: bool,
}

/// How the next value of a header's parameter comes from the values before; none where it is made anew.
fn changed(view: &View<'_>, id: LoopId, param: Value) -> Option<Change> {
    let header = view.loops.loops[id].header;
    let outside =
        incoming(view, header, param).into_iter().filter(|(pred, _)| !view.loops.contains(id, *pred));
    let all = Range::all(view.func.type_of(param));
    let from_known = outside.into_iter().any(|(pred, arg)| view.ranges.at(arg, pred) != all);
    let mut change = Change { is_computed: false, by_the_way: false, from_known };
    let mut reaches = false;
    let mut seen = BTreeSet::new();
    let mut work: Vec<(Value, bool)> = incoming(view, header, param)
        .into_iter()
        .filter(|(pred, _)| view.loops.contains(id, *pred))
        .map(|(_, arg)| (arg, false))
        .collect();
    while let Some((value, computed)) = work.pop() {
        if !seen.insert((value, computed)) || !view.loops.contains(id, view.place(value)) {
            continue;
        }
        if view.exact(value).is_some_and(|headers| !headers.is_empty()) {
            change.is_computed = true;
            continue;
        }
        match view.func.values[value].def {
            ValueDef::Param(block) if block == header => {
                if view.exact(value).is_none() {
                    reaches = true;
                    change.is_computed |= computed || value != param;
                }
            }
            ValueDef::Param(block) => {
                change.by_the_way |= !view.loops.loops.values().any(|l| l.header == block);
                work.extend(incoming(view, block, value).into_iter().map(|(_, a)| (a, computed)));
            }
            ValueDef::Inst(inst) => {
                let op = &view.func.insts[inst].op;
                change.by_the_way |= matches!(op, Op::Select(..));
                if is_plain(op) || moves_pointer(op) {
                    let copies = matches!(op, Op::Cast(..) | Op::Unary(UnaryOp::Opaque, _) | Op::Select(..));
                    work.extend(op.args().into_iter().map(|a| (a, computed || !copies)));
                }
            }
        }
    }
    reaches.then_some(change)
}

/// What blocks hand over to a parameter.
fn incoming(view: &View<'_>, block: Block, param: Value) -> Vec<(Block, Value)> {
    let Some(at) = view.func.blocks[block].params.iter().position(|p| *p == param) else { return Vec::new() };
    let mut out = Vec::new();
    for &pred in view.cfg.predecessors(block) {
        let Some(terminator) = view.func.terminator(pred) else { continue };
        for call in view.func.insts[terminator].op.targets().into_iter().filter(|c| c.block == block) {
            out.extend(call.args.get(at).map(|a| (pred, *a)));
        }
    }
    out
}

fn is_number(ty: Type) -> bool {
    ty.is_int()
}

/// Whether an instruction only computes numbers from numbers.
fn is_plain(op: &Op) -> bool {
    matches!(op, Op::Binary(..) | Op::Unary(..) | Op::Cast(..) | Op::Select(..) | Op::Icmp(..))
}

/// Whether what the verifier knows of a result owes nothing to what it knows of the operands: a mask bounds whatever it is,
/// and of a quotient and a remainder nothing is known.
fn bounds_itself(view: &View<'_>, op: &Op) -> bool {
    match op {
        Op::Binary(BinaryOp::And, sides) => {
            sides.iter().any(|side| view.func.constant(*side).is_some_and(|mask| mask >= 0))
        }
        Op::Binary(op, _) => op.divides(),
        _ => false,
    }
}

/// Whether an instruction makes a pointer of a number and another, or the other way round: `bounds` counts the bytes that a
/// pointer moves on by.
fn moves_pointer(op: &Op) -> bool {
    matches!(op, Op::PtrAdd(..) | Op::PtrSub(_) | Op::FieldAddr { .. } | Op::Refine(_))
}

/// The value of which the verifier learns something when this one is compared: it follows copies, and sums with what it
/// knows.
fn strip(view: &View<'_>, mut value: Value) -> Value {
    for _ in 0..DEPTH {
        let next = match view.func.def(value).map(|d| &d.op) {
            Some(Op::Cast(_, a) | Op::Unary(UnaryOp::Opaque, a)) => *a,
            Some(Op::Binary(BinaryOp::Add | BinaryOp::Sub, [a, b])) if view.func.constant(*b).is_some() => *a,
            Some(Op::Binary(BinaryOp::Add | BinaryOp::Sub, [a, b])) if view.exact(*b).is_some() => *a,
            Some(Op::Binary(BinaryOp::Add, [a, b])) if view.exact(*a).is_some() => *b,
            _ => return value,
        };
        value = next;
    }
    value
}

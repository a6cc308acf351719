//! `loops`: every loop ends, in a way that the verifier can see.
//!
//! ```text
//! Before: the limit v1 is not known          After
//!   jump block1(v2, v3)                        jump block2(v2, v3)
//!                                            block2(v10: i64, v11: i64):
//!                                              slot_live slot0  ; 8 bytes
//!                                              v12 = slot_addr slot0
//!                                              call_kfunc bpf_iter_num_new(v12, 0, 8388608)
//!                                              jump block1(v11)
//! block1(v4: i64, v5: i64):                  block1(v5: i64):
//!                                              v13: ptr.mem? = call_kfunc bpf_iter_num_next(v12)
//!                                              ...null: destroy, and return the failed check's value
//!                                              v14 = refine v13
//!                                              v15: i32 = load v14
//!                                              v4 = v10 + 1 * (v15 & 8388607)
//!   v6 = icmp.slt v4, v1                       v6 = icmp.slt v4, v1
//!   branch v6, block3, block4                  branch v6, block3, block5
//! block3:                                    block3:
//!   v7 = add v5, v4                            v7 = add v5, v4
//!   v8 = add v4, 1                             jump block1(v7)
//!   jump block1(v8, v7)                      block5:
//!                                              call_kfunc bpf_iter_num_destroy(v12)
//!                                              slot_dead slot0
//!                                              jump block4
//! ```
//!
//! - A loop with a counter whose number of rounds is known, and that costs the verifier no more than `INSTRUCTIONS`,
//!   `IN_ALL_STATES` and `UNDECIDED`, is left as it is: the verifier walks it. It does so once for each state that it
//!   may be in: for each range of what is compared in the loop and outlives the round (`if i >= x`), and each value of
//!   a sum that grows on some ways and is needed exactly later. Where the limit is a variable that is known to be small,
//!   the round is compared with the constant as well: before 6.8 the verifier learns nothing from two variables, and later
//!   it may not see that the variable is small. So is the start: a quotient, a mask that LLVM leaves out.
//! - A loop around one that the kernel counts, or around a callback, is counted too: there the verifier may forget a counter.
//! - Any other loop with a counter is counted by the kernel: an open-coded iterator, from 6.4 on, in a program whose
//!   license is compatible with the GPL. It runs at most 8,388,608 rounds (the last for the test that ends it); past that
//!   the function returns what the program type says of failed checks, in a subprogram 0.
//!   What the rounds compute from their last value and is needed exactly starts from what is 0 and the verifier does not
//!   know: otherwise each round would find another number, and the walk never end. Where many ways lead through a round,
//!   what only decides is hidden at the end of each round too: each way would leave another state.
//! - Any other loop is the diagnostic `unbounded-loop`.
//!
//! A counter is a parameter of the loop's header that changes by the same constant on every way round, and is compared
//! with a limit on every way round.
//!
//! Requires: `null_checks` and `bounds`: a check that they insert in a loop is a way out of it, on which the iterator must
//! be destroyed. Finds more behind `fold`, `simplify_cfg` and `dce`. Keeps: what the loop does, for as many rounds.
//!
//! Why: `infinite loop detected at insn 7`, `BPF program is too large. Processed 1000001 insn`, and
//! `The sequence of 8193 jumps is too complex.` Of a loop around an iterator the verifier asks that a round leaves the
//! registers as it found them, but for numbers that it need not know precisely; a counter that is compared is one that it
//! must, and a number loaded from the iterator is not carried from round to round.

mod cost;
mod count;
mod guard;
mod knowledge;
mod veil;
mod walked;

use super::exact::Exact;
use super::exit::Exit;
use super::facts::Facts;
use super::ranges::Ranges;
use super::rules::Rules;
use cost::{Cost, Estimate};
use count::{Counter, View};
use guard::{Kfuncs, LoopIterator, MOST, Site, guard};
use knowledge::{Knowledge, Webs};
use pbpf_core::diag::Diagnostic;
use pbpf_core::mir::analysis::{Cfg, Dominators, Loop, LoopId, Loops as Found};
use pbpf_core::mir::{
    Block, BlockCall, Builder, Cond, ExternId, FuncId, Function, FunctionKind, Linkage, Module, Op, UnaryOp,
};
use pbpf_core::pass::{Context, Level, MirPass, PassInfo};
use pbpf_core::source::Span;
use pbpf_core::target::KernelVersion;
use std::collections::{BTreeMap, BTreeSet};
use veil::Veil;
pub(super) use walked::Walked;

/// So many branches it may walk that it cannot decide inside a loop around an iterator, where it takes states for known only if their numbers are: a sum that
/// grows on one of two ways is another state on each round.
const UNDECIDED_INSIDE: u64 = 16;

/// How often the verifier walks a callback.
const CALLBACK_WALKS: u64 = 8;

/// The first kernel with iterators over numbers.
const ITERATORS: KernelVersion = KernelVersion { major: 6, minor: 4 };

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct Loops;

impl MirPass for Loops {
    fn info(&self) -> PassInfo {
        PassInfo::new("loops", Level::Mir, "every loop ends, in a way that the verifier can see")
            .after(&["fold", "simplify_cfg", "dce", "null_checks", "bounds"])
            .before(&["legalise"])
    }

    fn run(&self, module: &mut Module, cx: &mut Context<'_>) {
        let (rules, _) = Rules::new(module, cx.registry);
        let free = crate::license::is_gpl_compatible(module.license.as_deref());
        let allowed = if !cx.target.has(ITERATORS) {
            Err(Lacks::Kernel)
        } else if free {
            Ok(())
        } else {
            Err(Lacks::License)
        };
        let is_next = |name: &str| name.starts_with("bpf_iter_") && name.ends_with("_next");
        let nexts: BTreeSet<ExternId> =
            module.externs.iter().filter(|(_, e)| is_next(&e.name)).map(|(id, _)| id).collect();
        let mut costs: BTreeMap<FuncId, Cost> = BTreeMap::new();
        let mut converging: BTreeSet<FuncId> = BTreeSet::new();
        for id in callees_first(module) {
            let mut exit = Exit::new(rules.of(id).on_failed_check());
            let mut bounding = Bounding {
                allowed,
                costs: &costs,
                nexts: &nexts,
                converging: &converging,
                done: BTreeMap::new(),
                counted: BTreeMap::new(),
                forced: BTreeSet::new(),
                walked: Cost::default(),
                left: Vec::new(),
                // The verifier walks a callback until a call of it changes nothing, as often as it walks an iterator's loop
                // or more.
                walks: if module.functions[id].kind == FunctionKind::Callback { CALLBACK_WALKS } else { 1 },
            };
            loop {
                let steps = bounding.steps(&module.functions[id]);
                for step in steps.list {
                    let func = &mut module.functions[id];
                    match step {
                        Step::Refuse(diagnostic) => cx.emit(diagnostic),
                        Step::Walk { span, text, start, cap } => {
                            if let Some(start) = start {
                                begin(func, &start, &mut exit, span);
                            }
                            if let Some(cap) = cap {
                                limit(func, &cap, &mut exit, span);
                            }
                            cx.explain(span, || text);
                        }
                        Step::Count { span, counter, l, cfg, veil, around } => {
                            let calls = Kfuncs::declare(module);
                            let around = &around;
                            let site =
                                Site { cfg: &cfg, l: &l, counter: &counter, veil: &veil, around, span };
                            let iterator = guard(&mut module.functions[id], &site, calls, &mut exit);
                            bounding.counted.extend(iterator.map(|iterator| (l.header, iterator)));
                            cx.explain(span, || {
                                format!("the kernel counts this loop; it ends after {MOST} rounds")
                            });
                        }
                    }
                }
                if !steps.more {
                    break;
                }
            }
            let func = &module.functions[id];
            let (cost, converges) = (bounding.function(func), bounding.converges(func, func.layout.iter()));
            let is_global = module.functions[id].kind == FunctionKind::Subprogram(Linkage::Global);
            costs.insert(id, if is_global { Cost::ONE } else { cost });
            if converges && !is_global {
                converging.insert(id);
            }
        }
    }
}

/// Why the kernel cannot count a loop.
#[derive(Clone, Copy, Debug)]
enum Lacks {
    Kernel,
    License,
}

/// A constant that the counter of a walked loop stays below, or above where it counts down.
struct Cap {
    header: Block,
    counter: Counter,
    end: i64,
}

/// A constant that the counter of a walked loop starts at or behind.
struct Start {
    l: Box<Loop>,
    cfg: Box<Cfg>,
    counter: Counter,
    first: i64,
}

enum Step {
    Refuse(Diagnostic),
    Walk { span: Span, text: String, start: Option<Start>, cap: Option<Cap> },
    Count { span: Span, counter: Counter, l: Box<Loop>, cfg: Box<Cfg>, veil: Veil, around: Vec<LoopIterator> },
}

/// What is to be done with some loops, in order, and whether there are more.
struct Steps {
    list: Vec<Step>,
    more: bool,
}

/// What the verifier still knows behind a loop.
struct Left {
    states: u64,
    /// Nothing asks for it behind this block.
    last: Block,
}

/// The loops of a function, inner ones first.
struct Bounding<'a> {
    allowed: Result<(), Lacks>,
    costs: &'a BTreeMap<FuncId, Cost>,
    /// Kernel functions that give what comes next in an iterator. The verifier knows them by these names too.
    nexts: &'a BTreeSet<ExternId>,
    /// Functions that the verifier walks until a round changes nothing, in a part of them.
    converging: &'a BTreeSet<FuncId>,
    /// How often the verifier walks the loops that are done, by their headers, and whether it counts them itself.
    done: BTreeMap<Block, (u64, bool)>,
    /// The iterators that are there, by the headers of their loops.
    counted: BTreeMap<Block, LoopIterator>,
    /// The headers of loops that would be walked, but for a loop around them.
    forced: BTreeSet<Block>,
    /// What is walked already.
    walked: Cost,
    /// What is known behind it.
    left: Vec<Left>,
    /// How often the function is walked.
    walks: u64,
}

impl Bounding<'_> {
    /// What is to be done next, up to the first thing that changes the function.
    fn steps(&mut self, func: &Function) -> Steps {
        let cfg = Cfg::new(func);
        let dominators = Dominators::new(func, &cfg);
        let loops = Found::new(&cfg, &dominators);
        let mut list = Vec::new();
        if self.done.is_empty()
            && let Some((from, _)) = loops.irreducible.first()
        {
            // Their blocks are in no loop, so the others are not looked at.
            let text = "this loop has more than one entrance";
            let help = "a loop must be entered at one place";
            list.push(Step::Refuse(
                Diagnostic::error("unbounded-loop", text).at(place(func, *from)).help(help),
            ));
            return Steps { list, more: false };
        }
        let mut order: Vec<(LoopId, &Loop)> =
            loops.loops.iter().filter(|(_, l)| !self.done.contains_key(&l.header)).collect();
        order.sort_by_key(|(id, l)| (std::cmp::Reverse(l.depth), *id));
        if order.is_empty() {
            return Steps { list, more: false };
        }
        let facts = Facts::new(func, &cfg);
        let ranges = Ranges::new(func, &cfg, &dominators, &facts);
        let exact = Exact::new(func, &cfg, &loops);
        let view = View {
            func,
            cfg: &cfg,
            dominators: &dominators,
            facts: &facts,
            ranges: &ranges,
            loops: &loops,
            exact: &exact,
        };
        let webs = Webs::new(&view);
        for (id, l) in order {
            let Some(step) = self.step(&view, &webs, id, l) else { return Steps { list, more: true } };
            let changes = match &step {
                Step::Walk { start, cap, .. } => start.is_some() || cap.is_some(),
                Step::Count { .. } => true,
                Step::Refuse(_) => false,
            };
            list.push(step);
            if changes {
                return Steps { list, more: true };
            }
        }
        Steps { list, more: false }
    }

    /// What is to be done with a loop; none if loops inside come first.
    fn step(&mut self, view: &View<'_>, webs: &Webs, id: LoopId, l: &Loop) -> Option<Step> {
        let func = view.func;
        let span = place(func, l.header);
        if self.goes_over(view, id, l) {
            // Walked until a round changes nothing, as one that the kernel counts.
            self.done.insert(l.header, (3, false));
            if self.force_inside(view, id) {
                self.done.remove(&l.header);
                return None;
            }
            let text = "the kernel ends this loop: it goes over what an iterator gives".to_owned();
            return Some(Step::Walk { span, text, start: None, cap: None });
        }
        let counter = view.counter(id).filter(|_| func.entry() != Some(l.header));
        let Some(counter) = counter else {
            self.done.insert(l.header, (1, false));
            return Some(Step::Refuse(unbounded(span, None)));
        };
        let may_walk = !self.forced.contains(&l.header) && !self.forgets(func, l);
        if let Some(rounds) = counter.rounds.filter(|_| may_walk) {
            let end = counter.end(rounds);
            // Where it is compared with the end, the verifier walks up to there.
            let rounds = match end.zip(counter.start) {
                Some((end, start)) if !counter.decided => {
                    rounds.max(end.abs_diff(start) / counter.step.unsigned_abs())
                }
                _ => rounds,
            };
            let (cost, known) = self.cost(view, webs, id, l, rounds);
            let total =
                if l.depth == 1 { self.walked.plus(cost, 1, self.states_at(view, l.header)) } else { cost };
            if Cost::default().plus(total, self.walks, 1).is_small() && (counter.decided || end.is_some()) {
                if l.depth == 1 {
                    self.walked = total;
                    self.left.extend(known.behind(view).map(|(states, last)| Left { states, last }));
                }
                self.done.insert(l.header, (rounds.max(1), true));
                let text = format!("the verifier walks this loop: at most {rounds} rounds");
                let cap = end.filter(|_| !counter.decided).map(|end| Cap { header: l.header, counter, end });
                let start = counter.start.filter(|_| counter.hidden).map(|first| {
                    let (l, cfg) = (Box::new(l.clone()), Box::new(view.cfg.clone()));
                    Start { l, cfg, counter, first }
                });
                return Some(Step::Walk { span, text, start, cap });
            }
        }
        // With an iterator it is walked until a round changes nothing, about three times.
        self.done.insert(l.header, (3, false));
        let endless = counter.decided && counter.rounds.is_none_or(|n| n >= MOST);
        match self.allowed {
            Ok(()) if !endless => {
                // Inner loops first: what is made there may leave this one too.
                if self.force_inside(view, id) {
                    self.done.remove(&l.header);
                    return None;
                }
                let outer = std::iter::successors(l.parent, |id| view.loops.loops[*id].parent);
                let around =
                    outer.filter_map(|id| self.counted.get(&view.loops.loops[id].header).copied()).collect();
                let veil = Veil::new(view, webs, id);
                let (l, cfg) = (Box::new(l.clone()), Box::new(view.cfg.clone()));
                Some(Step::Count { span, counter, l, cfg, veil, around })
            }
            Ok(()) => Some(Step::Refuse(too_long(span, counter.rounds))),
            Err(lacks) => Some(Step::Refuse(unbounded(span, Some((lacks, counter.rounds))))),
        }
    }

    /// Whether a loop, and none inside it, asks an iterator of the kernel for what comes next.
    fn goes_over(&self, view: &View<'_>, id: LoopId, l: &Loop) -> bool {
        let inside = |block: &Block| {
            view.loops.loops.iter().any(|(other, inner)| {
                other != id && view.loops.contains(id, inner.header) && inner.blocks.contains(block)
            })
        };
        let asks = |block: &Block| {
            view.func.blocks[*block].insts.iter().any(|inst| match view.func.insts[*inst].op {
                Op::CallKfunc { callee, .. } => self.nexts.contains(&callee),
                _ => false,
            })
        };
        l.blocks.iter().any(|block| asks(block) && !inside(block))
    }

    /// Whether the verifier may forget the counter of a loop that it walks. At an iterator inside, and at a callback, it takes a
    /// number that is another one than at the last time there for any number, unless a comparison has asked for it
    /// exactly since (`widen_imprecise_scalars`): `infinite loop detected at insn 72`. The comparison at the end of a round
    /// asks; but some way leaves the round before it, and some way ends at a state that is not finished.
    fn forgets(&self, func: &Function, l: &Loop) -> bool {
        self.allowed.is_ok() && self.converges(func, l.blocks.iter())
    }

    /// Whether some of these blocks, or what they call, are walked until a round changes nothing.
    fn converges<'b>(&self, func: &Function, mut blocks: impl Iterator<Item = &'b Block>) -> bool {
        blocks.any(|block| {
            let counted = self.done.get(block).is_some_and(|(_, walked)| !walked);
            counted
                || func.blocks[*block].insts.iter().any(|inst| match func.insts[*inst].op {
                    Op::Call { callee, .. } => self.converging.contains(&callee),
                    Op::FuncAddr(_) => true,
                    _ => false,
                })
        })
    }

    /// What a loop costs that the verifier counts itself, and what it knows there.
    fn cost(&self, view: &View<'_>, webs: &Webs, id: LoopId, l: &Loop, rounds: u64) -> (Cost, Knowledge) {
        let mut all: BTreeMap<Block, u64> = self.done.iter().map(|(b, (n, _))| (*b, *n)).collect();
        all.insert(l.header, rounds);
        let estimate = Estimate { view, rounds: &all, costs: self.costs };
        let known = Knowledge::new(view, webs, id, &|header| estimate.rounds_of(header));
        let cost = estimate.blocks(&l.blocks, Some(id), std::slice::from_ref(&known));
        (cost, known)
    }

    /// In how many states a block is walked because of the loops before it.
    fn states_at(&self, view: &View<'_>, block: Block) -> u64 {
        let at = view.cfg.position(block);
        let asked = self.left.iter().filter(|l| at <= view.cfg.position(l.last));
        asked.fold(1, |n: u64, l| n.saturating_mul(l.states))
    }

    /// Has the loops in one around an iterator counted as well that are hard to walk there; whether there are any.
    fn force_inside(&mut self, view: &View<'_>, outer: LoopId) -> bool {
        let before = self.forced.len();
        let rounds: BTreeMap<Block, u64> = self.done.iter().map(|(b, (n, _))| (*b, *n)).collect();
        let estimate = Estimate { view, rounds: &rounds, costs: self.costs };
        for (id, l) in
            view.loops.loops.iter().filter(|(id, l)| *id != outer && view.loops.contains(outer, l.header))
        {
            if !self.done.get(&l.header).is_some_and(|(_, walked)| *walked) {
                continue;
            }
            if estimate.blocks(&l.blocks, Some(id), &[]).undecided > UNDECIDED_INSIDE {
                self.done.remove(&l.header);
                self.forced.insert(l.header);
            }
        }
        self.forced.len() > before
    }

    /// What all of a function costs.
    fn function(&self, func: &Function) -> Cost {
        let cfg = Cfg::new(func);
        let dominators = Dominators::new(func, &cfg);
        let (facts, loops) = (Facts::new(func, &cfg), Found::new(&cfg, &dominators));
        let ranges = Ranges::new(func, &cfg, &dominators, &facts);
        let exact = Exact::new(func, &cfg, &loops);
        let view = View {
            func,
            cfg: &cfg,
            dominators: &dominators,
            facts: &facts,
            ranges: &ranges,
            loops: &loops,
            exact: &exact,
        };
        let rounds: BTreeMap<Block, u64> = self.done.iter().map(|(b, (n, _))| (*b, *n)).collect();
        let estimate = Estimate { view: &view, rounds: &rounds, costs: self.costs };
        let outer = loops.loops.iter().filter(|(_, l)| l.depth == 1);
        let webs = if loops.loops.is_empty() { None } else { Some(Webs::new(&view)) };
        let known: Vec<Knowledge> = outer
            .filter_map(|(id, _)| Some(Knowledge::new(&view, webs.as_ref()?, id, &|h| estimate.rounds_of(h))))
            .collect();
        estimate.blocks(cfg.reverse_post_order(), None, &known)
    }
}

/// The place of a loop: that of the test at its head, or of what comes first in it.
fn place(func: &Function, header: Block) -> Span {
    let insts = &func.blocks[header].insts;
    let test = func.terminator(header).filter(|t| !matches!(func.insts[*t].op, Op::Jump(_)));
    test.or(insts.first().copied()).map_or(func.span, |i| func.insts[i].span)
}

/// Leaves the loop where the counter reaches a constant, of which only the verifier does not know that it cannot.
fn limit(func: &mut Function, cap: &Cap, exit: &mut Exit, span: Span) {
    let Counter { param, step, .. } = cap.counter;
    exit.unless(func, cap.header, 0, span, |b: &mut Builder<'_>| {
        // LLVM knows it too, and would take the comparison away.
        let seen = b.op(Op::Unary(UnaryOp::Opaque, param));
        let end = b.iconst(b.func.type_of(param), cap.end);
        b.op(Op::Icmp(if step > 0 { Cond::Sle } else { Cond::Sge }, [seen, end]))
    });
}

/// Leaves where the loop would start before a number, of which only the verifier does not know that it cannot.
fn begin(func: &mut Function, start: &Start, exit: &mut Exit, span: Span) {
    let Some((before, mut args)) = guard::enter(func, &start.cfg, &start.l) else { return };
    let value = args[start.counter.position];
    let mut b = Builder::at_end(func, before, span);
    // What was compared goes on, and no other copy, which the verifier may not take for the same.
    let seen = b.op(Op::Unary(UnaryOp::Opaque, value));
    args[start.counter.position] = seen;
    b.effect(Op::Jump(BlockCall { block: start.l.header, args }));
    let jump = func.blocks[before].insts.len() - 1;
    exit.unless(func, before, jump, span, |b: &mut Builder<'_>| {
        let first = b.iconst(b.func.type_of(seen), start.first);
        b.op(Op::Icmp(if start.counter.step > 0 { Cond::Sge } else { Cond::Sle }, [seen, first]))
    });
}

fn unbounded(span: Span, lacks: Option<(Lacks, Option<u64>)>) -> Diagnostic {
    let Some((lacks, rounds)) = lacks else {
        return Diagnostic::error("unbounded-loop", "nothing shows that this loop ends")
            .at(span)
            .note("a loop needs a counter that changes by the same constant on every round and is compared with a limit")
            .help("give it a number of rounds: `for _ in range(64):` with `if not more: break` inside");
    };
    let text = match rounds {
        Some(n) => format!("this loop may take {n} rounds, which are too many for the verifier to walk"),
        None => "how often this loop runs is not known before the program runs".to_owned(),
    };
    let diagnostic = Diagnostic::error("unbounded-loop", text).at(span);
    match lacks {
        Lacks::Kernel => diagnostic
            .note(format!("the kernel counts loops from {ITERATORS} on"))
            .help(format!("limit it, for example `range(min(n, 64))`, or compile for a later kernel: `--target-kernel {ITERATORS}`")),
        Lacks::License => diagnostic
            .note("the kernel counts loops only for programs whose license is compatible with the GPL")
            .help("limit it, for example `range(min(n, 64))`, or declare a compatible license: a `@bpfglobal` function `LICENSE` that returns `\"GPL\"`"),
    }
}

fn too_long(span: Span, rounds: Option<u64>) -> Diagnostic {
    let often = rounds.map_or("too many".to_owned(), |n| n.to_string());
    Diagnostic::error("unbounded-loop", format!("this loop takes {often} rounds"))
        .at(span)
        .note(format!("the kernel lets a loop run {MOST} times, the last of which ends it"))
        .help("do less at once, and go on when the program runs next")
}

/// The functions of a module, each behind those that it calls.
fn callees_first(module: &Module) -> Vec<FuncId> {
    let mut order: Vec<FuncId> = Vec::new();
    for id in module.functions.keys() {
        // The farthest first; a cycle of calls ends somewhere.
        for reached in super::rules::reach(module, id).into_iter().rev() {
            if !order.contains(&reached) {
                order.push(reached);
            }
        }
    }
    order
}

#[cfg(test)]
mod tests;

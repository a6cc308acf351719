//! What is proved, what gets a check, and what is refused.
//!
//! Promises: edits are in the order of the blocks and of the instructions in them. Leaves out: making them.

use super::GivenBy;
use super::accesses::{Access, Asked, accesses};
use super::insert::{Edit, ends, flow};
use super::places::{MAX_OFFSET, Made, Place, Places, Root, Variable, is_number, is_packet};
use super::state::{Flow, State};
use crate::mir::exact::Exact;
use crate::mir::facts::Facts;
use crate::mir::loops::Walked;
use crate::mir::ranges::Ranges;
use pbpf_core::diag::Diagnostic;
use pbpf_core::mir::analysis::{Dominators, Loops};
use pbpf_core::mir::{Block, FuncId, Function, Inst, Module, Op, Region, Value, ValueDef};
use pbpf_core::pass::Context;
use std::collections::BTreeSet;

/// A constant of this size is not added to any pointer: "math between pkt pointer and 536870912 is not allowed"
/// (`BPF_MAX_VAR_OFF`).
const FARTHEST: u64 = 1 << 29;

/// What was found in a function.
pub(super) struct Found {
    /// Changes to be made before instructions.
    pub(super) edits: Vec<(Block, Inst, Edit)>,
    /// For each call, the bytes proved behind each argument.
    pub(super) handed: Vec<(FuncId, Vec<i64>)>,
    /// Pointers to which a number is added that the verifier always knows.
    pub(super) known: BTreeSet<Value>,
}

/// Looks at one function.
pub(super) fn judge(
    module: &Module,
    id: FuncId,
    fields: &GivenBy,
    movers: &[bool],
    given: &[i64],
    cx: &mut Context<'_>,
) -> Found {
    let func = &module.functions[id];
    let mut found = Found { edits: Vec::new(), handed: Vec::new(), known: BTreeSet::new() };
    if !func.values.values().any(|v| is_packet(v.ty)) {
        return found;
    }
    let (cfg, dominators) = flow(func);
    let facts = Facts::new(func, &cfg);
    let walked = Walked::new(func, &cfg, &dominators, &facts);
    let ranges = Ranges::new(func, &cfg, &dominators, &facts).with_loops(&walked);
    let loops = Loops::new(&cfg, &dominators);
    let exact = Exact::new(func, &cfg, &loops);
    let known = |by: Value| exact.headers(by).is_some_and(|headers| walked.are_sure(headers));
    let places = Places::new(module, func, fields, &ranges, &known);
    let asked = Asked { module, registry: cx.registry, ranges: &ranges };
    let flow = Flow { asked, func, cfg: &cfg, places: &places, movers, given };
    let begin = flow.solve();
    let mut judge = Judge { flow: &flow, fields, dominators: &dominators, cx, found: &mut found };
    for &block in cfg.reverse_post_order() {
        let mut state = begin[block].clone().unwrap_or_default();
        for (at, &inst) in func.blocks[block].insts.iter().enumerate() {
            judge.instruction(&mut state, block, at, inst);
            flow.step(&mut state, block, inst);
        }
    }
    // Roots are bounded where they are made, which may be in front of what else is done there.
    let order = |block: Block, inst: Inst| {
        (cfg.position(block), func.blocks[block].insts.iter().position(|i| *i == inst))
    };
    found.edits.sort_by_key(|(block, inst, edit)| (order(*block, *inst), matches!(edit, Edit::Check { .. })));
    found
}

struct Judge<'a, 'c, 'x> {
    flow: &'a Flow<'a>,
    fields: &'a GivenBy,
    dominators: &'a Dominators,
    cx: &'a mut Context<'x>,
    found: &'c mut Found,
}

impl Judge<'_, '_, '_> {
    fn func(&self) -> &Function {
        self.flow.func
    }

    fn instruction(&mut self, state: &mut State, block: Block, at: usize, inst: Inst) {
        let func = self.flow.func;
        let op = &func.insts[inst].op;
        for access in accesses(self.flow.asked, func, block, inst) {
            if let Some(place) = self.flow.places.of(access.ptr) {
                self.access(state, block, at, inst, access, place);
            }
        }
        // A sum must have a bound even where nothing is read through it.
        if let Some(result) = func.insts[inst].result
            && let Some(made) = self.flow.places.made(Root::Value(result))
        {
            if matches!(made.variable, Variable::Known(_)) {
                self.found.known.insert(result);
            }
            self.bound(state, block, inst, made);
        }
        if let (Op::PtrAdd(..), Some(place)) =
            (op, func.insts[inst].result.and_then(|r| self.flow.places.of(r)))
            && place.offset.unsigned_abs() >= FARTHEST
        {
            let text = format!("this moves a packet pointer by {} bytes", place.offset);
            let diagnostic = Diagnostic::error("unproved-packet-access", text).at(func.insts[inst].span);
            self.cx.emit(diagnostic.help("a packet has at most 65535 bytes that can be read"));
        }
        if let Op::Icmp(cond, [a, b]) = op {
            let known =
                self.flow.known(state, *cond, *a, *b).or_else(|| self.flow.known(state, cond.swap(), *b, *a));
            if let Some(known) = known {
                self.found.edits.push((block, inst, Edit::Known(known)));
            }
        }
        if let Op::Call { callee, args } = op {
            let mut proved = Vec::new();
            for arg in args {
                let place = self.flow.places.of(*arg);
                if place.is_some() {
                    self.fresh(state, inst, *arg);
                }
                proved.push(place.map_or(0, |p| state.proved(p.root).saturating_sub(p.offset)));
            }
            self.found.handed.push((*callee, proved));
        }
    }

    /// Says so if a pointer is from before the packet was moved.
    fn fresh(&mut self, state: &State, inst: Inst, ptr: Value) -> bool {
        let Some(mover) = state.stale(ptr) else { return true };
        let func = self.func();
        let name = match &func.insts[mover].op {
            Op::CallHelper { name, .. } => format!("`{name}`"),
            Op::Call { callee, .. } => {
                let callee = self.flow.asked.module.functions.get(*callee);
                format!("`{}`", callee.map_or("", |f| f.name.as_str()))
            }
            _ => "this".to_owned(),
        };
        let diagnostic = Diagnostic::error(
            "unproved-packet-access",
            format!("this points to where the packet was before {name}"),
        )
        .at(func.insts[inst].span)
        .label(func.insts[mover].span, "may move the packet")
        .help("read `data` and `data_end` from the context again behind the call, and compare anew");
        self.cx.emit(diagnostic);
        false
    }

    fn access(
        &mut self,
        state: &mut State,
        block: Block,
        at: usize,
        inst: Inst,
        access: Access,
        place: Place,
    ) {
        let span = self.func().insts[inst].span;
        if !self.fresh(state, inst, access.ptr) {
            return;
        }
        let refuse = |judge: &mut Self, message: String, help: &str| {
            judge
                .cx
                .emit(Diagnostic::error("unproved-packet-access", message).at(span).help(help.to_owned()));
        };
        if is_number(self.func(), place.root) {
            let text = "this address comes from a number, not from the packet's start";
            return refuse(self, text.to_owned(), "start from the context's `data`, and add to that");
        }
        let Some(size) = access.size else {
            let text = "nothing bounds how many bytes of the packet the helper takes";
            return refuse(self, text.to_owned(), "bound the size before: `if size > 64: size = 64`");
        };
        let first = place.offset.saturating_add(access.offset);
        let need = first.saturating_add(size);
        let reach = self.flow.places.reach(place.root);
        let start = first.saturating_add(self.flow.places.least(place.root));
        if start < 0 {
            let may = if matches!(place.root, Root::Value(_)) { "may be" } else { "is" };
            return refuse(
                self,
                format!("this {may} {} bytes in front of the data", start.unsigned_abs()),
                "the packet starts at `data`",
            );
        }
        if reach.saturating_add(need) > MAX_OFFSET {
            let text = format!(
                "this may be {} bytes into the packet; the kernel allows 65535",
                reach.saturating_add(need)
            );
            return refuse(self, text, "bound what is added to the pointer: `offset & 0x7fff`");
        }
        if state.proved(place.root) >= need || self.proved_behind(state, place.root, need) {
            return;
        }
        let region = self.func().type_of(access.ptr).region();
        let meta = region == Some(Region::PacketMeta);
        let limit = if meta { Region::Packet } else { Region::PacketEnd };
        let end = self.end(state, block, inst, limit);
        let field = if meta { &self.fields.data } else { &self.fields.end };
        if end.is_none() && (super::context(self.func()).is_none() || field.is_none()) {
            let text = format!(
                "nothing proves that {} are inside the packet, and nothing here can check it",
                bytes(size)
            );
            return refuse(self, text, "give this function the context, or compare before calling it");
        }
        let need = self.together(block, at, place.root).max(need);
        // From the pointer accessed, up to the farthest byte that is sure to be touched next.
        let len = need.saturating_sub(place.offset);
        self.found.edits.push((block, inst, Edit::Check { ptr: access.ptr, len, end }));
        state.prove(place.root, need);
        self.cx.explain(span, || format!("checked: {} from here are inside the packet", bytes(len)));
    }

    /// Whether the bytes are proved of the pointer that a number was added to which the verifier always knows.
    fn proved_behind(&self, state: &State, root: Root, need: i64) -> bool {
        let Some(Made { base, variable: Variable::Known(most), .. }) = self.flow.places.made(root) else {
            return false;
        };
        let Some(place) = self.flow.places.of(base).filter(|_| state.stale(base).is_none()) else {
            return false;
        };
        let need = place.offset.saturating_add(most).saturating_add(need);
        state.proved(place.root) >= need || self.proved_behind(state, place.root, need)
    }

    /// A valid end of the packet, or of its metadata, that is at hand.
    fn end(&self, state: &State, block: Block, inst: Inst, region: Region) -> Option<Value> {
        ends(self.func(), self.dominators, block, inst, region).find(|end| {
            let start = Place { root: Root::Data, offset: 0 };
            state.stale(*end).is_none()
                && (region != Region::Packet || self.flow.places.of(*end) == Some(start))
        })
    }

    /// The farthest byte from a root that is sure to be touched from here on before anything else happens.
    fn together(&self, block: Block, at: usize, root: Root) -> i64 {
        let func = self.func();
        let (mut block, mut from, mut most) = (block, at, 0);
        let reach = self.flow.places.reach(root);
        for _ in 0..func.layout.len() {
            let insts = &func.blocks[block].insts;
            for (i, &inst) in insts.iter().enumerate().skip(from) {
                for access in accesses(self.flow.asked, func, block, inst) {
                    let Some(place) = self.flow.places.of(access.ptr).filter(|p| p.root == root) else {
                        continue;
                    };
                    let end =
                        place.offset.saturating_add(access.offset).saturating_add(access.size.unwrap_or(0));
                    if reach.saturating_add(end) <= MAX_OFFSET {
                        most = most.max(end);
                    }
                }
                // The instruction asked about may have an effect itself; it is behind the check. What it does to the frame ends with it.
                let op = &func.insts[inst].op;
                if op.has_effect() && !stays_in_frame(func, op) && i + 1 < insts.len() {
                    return most;
                }
            }
            let Some(Op::Jump(call)) = func.terminator(block).map(|t| &func.insts[t].op) else { return most };
            if self.flow.cfg.predecessors(call.block) != [block] {
                return most;
            }
            (block, from) = (call.block, 0);
        }
        most
    }

    /// Sees to it that the verifier knows a bound of the variable that `inst` adds to a pointer.
    fn bound(&mut self, state: &State, block: Block, inst: Inst, made: Made) {
        let span = self.func().insts[inst].span;
        let edit = match made.variable {
            Variable::Visible(_) | Variable::Known(_) => return,
            Variable::Hidden(most) => {
                self.cx.explain(span, || {
                    format!("at most {most} is added here, which the verifier cannot see: a mask shows it")
                });
                Edit::Mask(most)
            }
            Variable::Unbounded(limit) => {
                let end = self.end(state, block, inst, Region::PacketEnd);
                self.cx.explain(span, || {
                    format!("checked: at most {limit} is added here, or the packet ends before")
                });
                Edit::Hold { limit, end }
            }
        };
        self.found.edits.push((block, inst, edit));
    }
}

/// Whether nothing but the function's own slots is changed.
fn stays_in_frame(func: &Function, op: &Op) -> bool {
    match op {
        Op::SlotLive(_) | Op::SlotDead(_) => true,
        Op::Store { ptr, .. } => is_own(func, *ptr),
        Op::MemCopy { dst, .. } | Op::MemSet { dst, .. } => is_own(func, *dst),
        _ => false,
    }
}

/// Whether a pointer leads into a slot of this function; one that came in leads to the caller's.
fn is_own(func: &Function, mut ptr: Value) -> bool {
    loop {
        match func.def(ptr).map(|d| &d.op) {
            Some(Op::SlotAddr(_)) => return true,
            Some(Op::PtrAdd(base, _) | Op::FieldAddr { base, .. }) => ptr = *base,
            _ => return false,
        }
    }
}

/// A pointer that moves on in a loop by a variable, and cannot be made an offset.
pub(super) fn wandering(func: &Function, param: Value, step: Inst) -> Diagnostic {
    let place = match func.values[param].def {
        ValueDef::Param(block) => func.blocks[block].insts.first().map_or(func.span, |i| func.insts[*i].span),
        ValueDef::Inst(inst) => func.insts[inst].span,
    };
    let text = "this pointer moves on by a variable in a loop, and where it may come to is not known";
    Diagnostic::error("unproved-packet-access", text)
        .at(func.insts[step].span)
        .label(place, "the loop")
        .help("keep a number that counts the bytes, and add it to `data` in each round")
}

fn bytes(n: i64) -> String {
    if n == 1 { "1 byte".to_owned() } else { format!("{n} bytes") }
}

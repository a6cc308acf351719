//! `bounds`: every access to a packet is proved to lie inside it.
//!
//! ```text
//! Before                                   After
//!   v1: ptr.packet = ctx_load v0, data       v1: ptr.packet = ctx_load v0, data
//!   v2: i16 = load v1+12                     v5: ptr.packet_end = ctx_load v0, data_end
//!   v3: i8 = load v1+14                      v6 = ptr_add v1, v7  ; v7 = 15
//!                                            v8 = icmp.ule v6, v5
//!                                            branch v8, block1, block2
//!                                          block1:
//!                                            v2: i16 = load v1+12
//!                                            v3: i8 = load v1+14
//!                                            ...
//!                                          block2:  ; what the program type says
//! ```
//!
//! A pointer is a root (the start of the data, or a pointer to which a variable was added) and constant bytes. What
//! comparisons with the end prove of a root holds for all pointers from it, wherever they were made, until a helper moves
//! the packet or the root is read from the context again, of which the verifier knows nothing. Where nothing proves an access, a check is put in front of it that returns what the program type says;
//! it covers the accesses behind it that are sure to follow without an effect in between that outlives the function, and no others, so that a short
//! packet has the same effects as without. `end - p < n` and comparisons of pointers as numbers are brought into the
//! form `p + n > end` first.
//!
//! A number that the verifier always knows, because it is computed from the counters of loops that it is sure to walk, is
//! to it a constant, and what was proved of the pointer before holds behind it. Any other
//! variable that is added must be bounded, and the verifier must see it. One that is bounded by means that the verifier
//! does not have (`x % 60`) gets a mask that changes nothing. One that nothing bounds is held against 0x7fff: past that
//! the check fails where the packet has half as many bytes, and where it has not, less is added, which comparisons with
//! its end cannot tell from more. Where it is negative, the check fails.
//!
//! Refused with `unproved-packet-access` is what cannot be checked: a pointer from before a helper moved the packet, bytes
//! in front of the data or past the verifier's limit of 0xffff, memory for a helper whose size nothing bounds, a packet
//! pointer in a function that has neither the context nor the end.
//!
//! Requires: `null_checks`; proves more behind `fold`, `cse` and `simplify_cfg`. It runs before `legalise`, because there
//! context fields lose their names, and with them what they give. Keeps: what the program does on packets that are
//! long enough.
//!
//! Why: `invalid access to packet, off=12 size=2, R1(id=0,off=12,r=0)`, `R1 offset is outside of the packet` and
//! `math between pkt pointer and register with unbounded min value is not allowed`. The verifier takes bounds from a
//! comparison of two pointers only; LLVM would merge two of them joined by `and i1`, so each is a branch of its own.

mod accesses;
mod compare;
mod insert;
mod judge;
mod places;
mod rebase;
mod state;

use super::exit::Exit;
use super::rules::{FunctionRules, Rules};
pub(super) use accesses::{movers, moves};
use pbpf_core::entity::Entity;
use pbpf_core::mir::{CastKind, FuncId, Function, FunctionKind, Linkage, Module, Op, Region, Type, Value};
use pbpf_core::pass::{Context, Level, MirPass, PassInfo};
use pbpf_core::rows::{ContextField, Gives};

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bounds;

/// The context fields that give packet pointers.
#[derive(Clone, Debug, Default)]
struct GivenBy {
    data: Option<ContextField>,
    meta: Option<ContextField>,
    end: Option<ContextField>,
}

impl GivenBy {
    fn new(rules: FunctionRules<'_, '_>) -> Self {
        let field = |wanted: Region| {
            let field = rules.common(|p| {
                let gives = |g: &Gives| matches!(g, Gives::Pointer { region, .. } if *region == wanted);
                p.row.context.fields.iter().find(|f| gives(&f.gives)).cloned()
            });
            field.ok().flatten()
        };
        Self { data: field(Region::Packet), meta: field(Region::PacketMeta), end: field(Region::PacketEnd) }
    }

    /// Whether an instruction reads the field: by name, or as `legalise` would have it.
    fn reads(func: &Function, op: &Op, field: Option<&ContextField>) -> bool {
        let Some(field) = field else { return false };
        match op {
            Op::CtxLoad { field: name, .. } => *name == field.name,
            Op::IntToPtr(number) | Op::Cast(CastKind::Zext, number) => {
                func.def(*number).is_some_and(|d| Self::reads(func, &d.op, Some(field)))
            }
            Op::Load { ptr, offset } => {
                func.type_of(*ptr) == Type::ptr(Region::Ctx) && i64::from(*offset) == i64::from(field.offset)
            }
            _ => false,
        }
    }
}

impl MirPass for Bounds {
    fn info(&self) -> PassInfo {
        PassInfo::new("bounds", Level::Mir, "every access to a packet is proved to lie inside it")
            .after(&["fold", "cse", "simplify_cfg", "dce", "null_checks"])
            .before(&["legalise"])
    }

    fn run(&self, module: &mut Module, cx: &mut Context<'_>) {
        if !module.functions.values().any(touches_packets) {
            return;
        }
        let (rules, _) = Rules::new(module, cx.registry);
        let movers = accesses::movers(module, cx.registry);
        // What callers have proved of packets that they hand over, by function and parameter.
        let mut given: Vec<Option<Vec<i64>>> = module.functions.keys().map(|_| None).collect();
        for id in callers_first(module) {
            let rules = rules.of(id);
            let fields = GivenBy::new(rules);
            for span in compare::normalise(&mut module.functions[id]) {
                cx.explain(span, || "compared as pointers, the one form that the verifier reads".to_owned());
            }
            let moves = movers.get(id.index()) == Some(&true);
            for (param, step) in rebase::rebase(&mut module.functions[id], &fields, moves) {
                cx.emit(judge::wandering(&module.functions[id], param, step));
            }
            let known = given[id.index()].clone().unwrap_or_default();
            let found = judge::judge(module, id, &fields, &movers, &known, cx);
            for (callee, proved) in found.handed {
                // A global function is verified on its own.
                if module.functions[callee].kind != FunctionKind::Subprogram(Linkage::Global) {
                    merge(&mut given[callee.index()], proved);
                }
            }
            let func = &mut module.functions[id];
            let ctx = context(func);
            let mut exit = Exit::new(rules.on_failed_check());
            // From behind, so that what comes before in a block stays in it.
            for (block, inst, edit) in found.edits.into_iter().rev() {
                insert::apply(func, block, inst, edit, ctx, &fields, &mut exit);
            }
            compare::shade(func, &found.known);
            if !moves {
                insert::join_reads(func, &fields);
            }
        }
    }
}

fn touches_packets(func: &Function) -> bool {
    func.values.values().any(|v| places::is_packet(v.ty))
}

/// The context, if the function is given it.
fn context(func: &Function) -> Option<Value> {
    let entry = func.entry()?;
    let params = &func.blocks[entry].params;
    params.iter().copied().find(|p| func.type_of(*p) == Type::ptr(Region::Ctx))
}

fn merge(known: &mut Option<Vec<i64>>, proved: Vec<i64>) {
    match known {
        None => *known = Some(proved),
        Some(known) => known.iter_mut().zip(proved).for_each(|(k, p)| *k = (*k).min(p)),
    }
}

/// The functions, each behind all that call it.
fn callers_first(module: &Module) -> Vec<FuncId> {
    let calls = |id: FuncId| -> Vec<FuncId> {
        let func = &module.functions[id];
        let callee = |op: &Op| match op {
            Op::Call { callee, .. } if module.functions.get(*callee).is_some() => Some(*callee),
            _ => None,
        };
        func.each_inst().filter_map(|(_, i)| callee(&func.insts[i].op)).collect()
    };
    let mut waits: Vec<usize> = vec![0; module.functions.len()];
    for id in module.functions.keys() {
        for callee in calls(id) {
            waits[callee.index()] += 1;
        }
    }
    let mut order: Vec<FuncId> = module.functions.keys().filter(|id| waits[id.index()] == 0).collect();
    let mut at = 0;
    while let Some(&id) = order.get(at) {
        at += 1;
        for callee in calls(id) {
            waits[callee.index()] -= 1;
            if waits[callee.index()] == 0 {
                order.push(callee);
            }
        }
    }
    order
}

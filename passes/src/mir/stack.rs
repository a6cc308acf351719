//! `stack`: says from where to where each slot is needed, and holds the sum against the 512 bytes that there are.
//!
//! ```text
//! Before                       After
//!   v1 = slot_addr slot0         v1 = slot_addr slot0
//!   memset v1, 0, 200            slot_live slot0
//!   ...                          memset v1, 0, 200
//!   v2 = slot_addr slot1         ...
//!   memset v2, 0, 300            slot_dead slot0
//!                                v2 = slot_addr slot1
//!                                slot_live slot1
//!                                memset v2, 0, 300
//!                                ...
//! ```
//!
//! A slot without marks gets them: live before the first place that leads to all its uses (outside a loop that hands its
//! content from one round to the next), dead where no way leads to a use any more. A slot whose address is kept in memory
//! or taken as a number lives in the whole function. LLVM lays slots that never live together over each other; their place
//! is counted once here as well, by the same rule: from the largest to the smallest, each with the first it can share with.
//!
//! Sizes are rounded up to the eight bytes by which the verifier remembers the stack.
//!
//! What is left is held against the budget: of each function, and of each chain of calls, every frame rounded up to 32
//! bytes. Above a function that is called and makes a tail call there may be less than 256. `stack-over-budget` lists who takes what. LLVM puts registers on the stack too where it runs out of them;
//! where that goes over the limit of a function, the diagnostic is LLVM's.
//!
//! Requires: `legalise`, which makes slots. Keeps: what the program does. That slots are written before a helper reads
//! them is not its affair: `lower` zeroes records, padding included, and `legalise` writes its slots whole.
//!
//! Why: `combined stack size of 2 calls is 544. Too large`, and from LLVM `Looks like the BPF stack limit is exceeded`.

mod frames;
mod lifetimes;
mod tail_calls;

pub(super) use frames::Frame;
use pbpf_core::diag::Diagnostic;
use pbpf_core::entity::{Entity, Table};
use pbpf_core::mir::{FuncId, Function, FunctionKind, Module, Op};
use pbpf_core::pass::{Context, Level, MirPass, PassInfo};

/// Bytes of stack that a program and all it calls have (`MAX_BPF_STACK` in `include/linux/filter.h`).
const BUDGET: u32 = 512;

/// Bytes of stack that those above a function with a tail call have to stay below (`check_max_stack_depth_subprog`): "tail_calls are
/// not allowed when call stack of previous frames is 256 bytes. Too large".
const TAIL_BUDGET: u32 = 256;

/// Frames count in multiples of this: `check_max_stack_depth` in `kernel/bpf/verifier.c` rounds up to 32 where it cannot be
/// sure of a JIT, and counts an empty frame too.
const GRAIN: u32 = 32;

/// The verifier remembers what is on the stack by places of so many bytes.
const PLACE: u32 = 8;

/// So many slots are named in a diagnostic.
const SHOWN: usize = 8;

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stack;

impl MirPass for Stack {
    fn info(&self) -> PassInfo {
        PassInfo::new(
            "stack",
            Level::Mir,
            "plans the stack, and holds it against the 512 bytes that there are",
        )
        .after(&["dce", "loops", "legalise"])
    }

    fn run(&self, module: &mut Module, cx: &mut Context<'_>) {
        for func in module.functions.values_mut() {
            // LLVM would put a register beside a slot of four bytes, and what is written to the slot makes the verifier forget
            // the register: "infinite loop detected", where it was the loop's counter.
            for slot in func.slots.values_mut() {
                slot.size = slot.size.next_multiple_of(PLACE);
                slot.align = slot.align.max(PLACE);
            }
            lifetimes::mark(func);
        }
        let frames: Table<FuncId, Frame> = module.functions.values().map(Frame::of).collect();
        for (id, frame) in frames.iter().filter(|(_, f)| f.saved > 0) {
            let func = &module.functions[id];
            cx.explain(func.span, || {
                format!("`{}`: {} bytes of stack; sharing saves {}", func.name, frame.size, frame.saved)
            });
        }
        let mut told = false;
        for (id, frame) in frames.iter().filter(|(_, f)| f.size > BUDGET) {
            let text = format!(
                "`{}` needs {} bytes of stack; there are {BUDGET}",
                module.functions[id].name, frame.size
            );
            cx.emit(listing(module, &[id], &frames, text));
            told = true;
        }
        if told {
            return;
        }
        for (id, func) in module.functions.iter() {
            if !matches!(func.kind, FunctionKind::Program { .. }) {
                continue;
            }
            let chain = deepest(module, &frames, id);
            let sum: u32 = chain.iter().map(|id| rounded(&frames[*id])).sum();
            if sum > BUDGET {
                let names: Vec<String> = chain
                    .iter()
                    .map(|id| format!("`{}` ({})", module.functions[*id].name, rounded(&frames[*id])))
                    .collect();
                let text = format!("this chain of calls needs {sum} bytes of stack; there are {BUDGET}");
                let note = format!("{}, each in multiples of {GRAIN} bytes", names.join(" calls "));
                cx.emit(listing(module, &chain, &frames, text).note(note));
                continue;
            }
            for (leaver, chain) in tail_calls::below(module, &frames, id, cx.registry) {
                let above: u32 = chain.iter().map(|id| rounded(&frames[*id])).sum();
                if above >= TAIL_BUDGET {
                    let name = &module.functions[leaver].name;
                    let text = format!(
                        "`{name}` goes on in another program with {above} bytes of stack above it; less than {TAIL_BUDGET} may be"
                    );
                    let error = listing(module, &chain, &frames, text);
                    cx.emit(error.label(module.functions[leaver].span, "the tail call is in this function"));
                }
            }
        }
    }
}

/// The function with its slots marked.
pub(super) fn marked(func: &Function) -> Function {
    let mut func = func.clone();
    lifetimes::mark(&mut func);
    func
}

fn rounded(frame: &Frame) -> u32 {
    frame.size.max(1).next_multiple_of(GRAIN)
}

/// The diagnostic that says who takes what, the largest first.
fn listing(module: &Module, chain: &[FuncId], frames: &Table<FuncId, Frame>, text: String) -> Diagnostic {
    let place =
        chain.first().map_or_else(|| module.functions[FuncId::new(0)].span, |id| module.functions[*id].span);
    let mut diagnostic = Diagnostic::error("stack-over-budget", text).at(place);
    let mut slots: Vec<_> = chain
        .iter()
        .flat_map(|id| frames[*id].own.iter().map(|slot| &module.functions[*id].slots[*slot]))
        .collect();
    slots.sort_by(|a, b| b.size.cmp(&a.size).then_with(|| a.span.cmp(&b.span)));
    let rest: u32 = slots.iter().skip(SHOWN).map(|s| s.size).sum();
    for slot in slots.iter().take(SHOWN) {
        diagnostic = diagnostic.label(slot.span, format!("`{}` takes {} bytes", slot.name, slot.size));
    }
    if rest > 0 {
        diagnostic = diagnostic.note(format!("{} smaller ones take {rest} bytes", slots.len() - SHOWN));
    }
    diagnostic
        .help("keep what is large in a map: a `PerCPUArray` with one element, or a ring buffer's record")
        .help("or let the compiler do so: `large-locals = \"map\"` in `[build]`, `--large-locals map`")
}

/// The chain of calls from `from` that takes most.
pub(super) fn deepest(module: &Module, frames: &Table<FuncId, Frame>, from: FuncId) -> Vec<FuncId> {
    // Functions do not call themselves (rule M028), so callees come before callers in this order.
    let mut order = super::rules::reach(module, from);
    let callees = |id: FuncId| {
        let func = &module.functions[id];
        let callee = |op: &Op| match op {
            Op::Call { callee, .. } | Op::FuncAddr(callee) => {
                Some(*callee).filter(|c| frames.get(*c).is_some())
            }
            _ => None,
        };
        func.each_inst().filter_map(|(_, inst)| callee(&func.insts[inst].op)).collect::<Vec<FuncId>>()
    };
    let mut depth: Table<FuncId, Option<(u32, Option<FuncId>)>> = frames.keys().map(|_| None).collect();
    for _ in 0..=order.len() {
        order.retain(|&id| {
            let below = callees(id);
            if below.iter().any(|c| depth[*c].is_none()) {
                return true;
            }
            let most = below.iter().filter_map(|c| Some((depth[*c]?.0, *c))).max_by_key(|(d, _)| *d);
            let sum = rounded(&frames[id]) + most.map_or(0, |(d, _)| d);
            depth[id] = Some((sum, most.map(|(_, c)| c)));
            false
        });
    }
    std::iter::successors(Some(from), |id| depth[*id].and_then(|(_, next)| next)).take(frames.len()).collect()
}

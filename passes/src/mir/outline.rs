//! `outline`: a loop over the entries of a map becomes a callback.
//!
//! ```text
//! Before                              After
//!   jump block1(v0, v9)                 store v20, v9       ; v20: a frame on the stack; the sum
//! block1(v1: i64, v2: i64):             store v20+8, 0      ; the way out
//!   v3 = map_entry map0, v1             call_helper bpf_for_each_map_elem(map0, fn1, v20, 0)
//!   v4 = icmp.ne v3, null               v2: i64 = load v20
//!   branch v4, block2, block3           v21: i64 = load v20+8
//! block2:                               switch v21, 1: block4, default: block3
//!   v5: i64 = load v3                 function fn1 (map, key, v3: value, v20: frame) -> i64 callback
//!   v6 = add v2, v5                     v2: i64 = load v20
//!   v7 = icmp.sgt v6, v8                v5: i64 = load v3
//!   branch v7, block4, block5           v6 = add v2, v5
//! block5:                               v7 = icmp.sgt v6, v8
//!   v10 = add v1, 1                     branch v7, leave, next
//!   jump block1(v10, v6)              next: store v20, v6; return 0
//!                                     leave: store v20+8, 1; return 1
//! ```
//!
//! The body becomes a function of its own, which the kernel calls for each entry. What it needs of the function around it,
//! what one round hands to the next, and what is used behind the loop, is in a frame on the stack, to which the callback
//! has a pointer. Each way out of the loop has a number, and the function around it goes on there.
//!
//! Requires: `null_checks` and `bounds`: a check that they insert in the body is a way out of the loop like any other, so
//! that a failed check leaves the program and not only the round. Keeps: what the loop does.
//!
//! Before 6.7 the verifier walks a callback once, with what the frame holds before the first round, and drops code that
//! this one round does not reach. So the numbers that rounds hand on start from a sum with what is 0 and the verifier does
//! not know. Pointers and arrays cannot be hidden like that: where they change, the kernel must be 6.7 or later.
//!
//! Why: the kernel has no other way through a hash map. `bpf_for_each_map_elem` came with kernel 5.13.

mod callback;
mod frame;
mod region;

use frame::Frame;
use pbpf_core::diag::Diagnostic;
use pbpf_core::mir::{
    BinaryOp, BlockCall, Builder, FuncId, Function, FunctionKind, MapId, Module, Op, Param, Type, UnaryOp,
    Value,
};
use pbpf_core::pass::{Context, Level, MirPass, PassInfo};
use pbpf_core::rows::HelperCall;
use pbpf_core::source::Span;
use pbpf_core::target::KernelVersion;
use pbpf_core::types::Region as Memory;
use region::Region;
use std::collections::BTreeMap;

/// The helper, its number in `enum bpf_func_id`, and its first kernel (`include/uapi/linux/bpf.h`).
const HELPER: (&str, u32, KernelVersion) =
    ("bpf_for_each_map_elem", 164, KernelVersion { major: 5, minor: 13 });

/// The first kernel that walks a callback as often as it may be called.
const WALKS_ROUNDS: KernelVersion = KernelVersion { major: 6, minor: 7 };

/// `bpf_ktime_get_ns`, whose result is any number.
const CLOCK: (&str, u32) = ("bpf_ktime_get_ns", 5);

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outline;

impl MirPass for Outline {
    fn info(&self) -> PassInfo {
        PassInfo::new("outline", Level::Mir, "a loop over a map's entries becomes a callback")
            .after(&["null_checks", "bounds", "divide"])
            .before(&["loops", "legalise"])
    }

    fn run(&self, module: &mut Module, cx: &mut Context<'_>) {
        let mut at = 0;
        // Functions that are made here may hold loops of their own.
        while let Some(id) = module.functions.keys().nth(at) {
            while let Some(region) = Region::next(&mut module.functions[id]) {
                match region {
                    Ok(region) => outline(module, id, &region, cx),
                    Err(span) => {
                        let text = "this loop over a map has lost its form";
                        cx.emit(
                            Diagnostic::error("backend", text)
                                .at(span)
                                .help("leave out the passes that change it"),
                        );
                        return;
                    }
                }
            }
            at += 1;
        }
    }
}

/// Makes a callback of a loop.
fn outline(module: &mut Module, id: FuncId, region: &Region, cx: &mut Context<'_>) {
    let (name, number, first) = HELPER;
    let span = region.span;
    if !cx.target.has(first) {
        cx.emit(
            Diagnostic::error(
                "target-too-old",
                format!("a loop over a map needs `{name}`, which came with kernel {first}"),
            )
            .at(span)
            .help(format!("compile for a later kernel: `--target-kernel {first}`")),
        );
    }
    if let Some(moving) = region.moving(&module.functions[id]) {
        cx.emit(
            Diagnostic::error("unbounded-loop", "a pointer moves on in each round of a loop over a map")
                .at(moving)
                .note("the verifier looks at each place that it gets to, and there is no end of them")
                .help("count the rounds, and move the pointer behind the loop"),
        );
    }
    let number = match cx.registry.find_helper(name).map(|id| cx.registry.helper(id).row.call) {
        Some(HelperCall::Id(id)) => id,
        _ => number,
    };
    let frame = Frame::new(&module.functions[id], region);
    let rounds = cx.target.kernel.is_some_and(|k| k >= WALKS_ROUNDS);
    if !cx.target.has(WALKS_ROUNDS) && frame.changes_memory() {
        let text = "this loop over a map changes pointers or arrays of the function around it, which the verifier follows since kernel 6.7";
        cx.emit(Diagnostic::error("target-too-old", text).at(span).help(
            "keep them in a map or a global variable, or compile for a later kernel: `--target-kernel 6.7`",
        ));
    }
    let shell = shell(module, id, region.map, span);
    let body = callback::build(&module.functions[id], shell, region, &frame);
    let callback = module.functions.push(body);
    let func = &mut module.functions[id];
    let call = |b: &mut Builder<'_>, data: Value| {
        let map = b.op(Op::MapAddr(region.map));
        let body = b.op(Op::FuncAddr(callback));
        let flags = b.iconst(Type::I64, 0);
        b.helper(name, number, vec![map, body, data, flags], Type::I64);
    };
    replace(func, region, &frame, rounds, call);
    cx.explain(span, || {
        format!("the kernel calls `{}` for each entry of the map", module.functions[callback].name)
    });
}

/// The callback without its body: `(map, key, value, frame) -> i64`.
fn shell(module: &mut Module, id: FuncId, map: MapId, span: Span) -> Function {
    let stem = module.functions[id].name.clone();
    let taken = |name: &String| {
        module.functions.values().any(|f| f.name == *name)
            || module.globals.values().any(|g| g.name == *name)
            || module.maps.values().any(|m| m.name == *name)
    };
    // So many names cannot all be taken.
    let most = module.functions.len() + module.globals.len() + module.maps.len() + 1;
    let name = (1..=most).map(|n| format!("{stem}_each{n}")).find(|name| !taken(name)).unwrap_or_default();
    let row = &module.maps[map];
    let (key, value) = (row.key, row.value);
    let types = &mut module.types;
    let void = types.void();
    let params = [
        ("map", void, Memory::Map),
        ("key", key.unwrap_or(void), Memory::Mem),
        ("value", value.unwrap_or(void), Memory::MapValue),
        ("frame", void, Memory::Stack),
    ];
    let mut shell = Function::new(name, FunctionKind::Callback, Some(Type::I64), span);
    for (name, to, region) in params {
        let ty = types.ptr(to, region, false);
        shell.params.push(Param { name: name.to_owned(), ty });
    }
    shell
}

/// Puts the call where the loop was, and goes on as it ended.
fn replace(
    func: &mut Function,
    region: &Region,
    frame: &Frame,
    rounds: bool,
    call: impl FnOnce(&mut Builder<'_>, Value),
) {
    let span = region.span;
    let outer = region.entrances(func);
    let Some(&last) = outer.last() else { return };
    let before = func.add_block_after(last);
    let params: Vec<Value> = func.blocks[region.header].params.clone();
    let given: Vec<Value> = params.iter().map(|p| func.add_block_param(before, func.type_of(*p))).collect();
    for pred in outer {
        let Some(terminator) = func.terminator(pred) else { continue };
        for target in func.insts[terminator].op.targets_mut() {
            if target.block == region.header {
                target.block = before;
            }
        }
    }
    let slot = frame.slot(func, span);
    let mut b = Builder::at_end(func, before, span);
    let data = b.op(Op::SlotAddr(slot));
    let mut known: BTreeMap<Value, Value> = params.iter().copied().zip(given).collect();
    if !rounds && frame.carries_numbers() {
        let now = b.helper(CLOCK.0, CLOCK.1, Vec::new(), Type::I64);
        let same = b.op(Op::Unary(UnaryOp::Opaque, now));
        let zero = b.op(Op::Binary(BinaryOp::Sub, [same, now]));
        frame.hide(&mut b, zero, &mut known);
    }
    frame.fill(&mut b, data, &known);
    call(&mut b, data);
    frame.unload(&mut b, data, region.found, &mut known);
    // What the header computes holds behind the loop too, for the entry at which it was left.
    for &inst in &func.blocks[region.header].insts.clone() {
        let old = func.insts[inst].clone();
        if inst == region.entry || old.op.is_terminator() {
            continue;
        }
        let Some(result) = old.result else { continue };
        // What the entry alone decides, such as the test of it, nothing behind asks for.
        if old.op.args().iter().any(|v| region.makes(func, *v) && !known.contains_key(v)) {
            continue;
        }
        let ty = func.type_of(result);
        let mut op = old.op;
        op.map_args(|v| known.get(&v).copied().unwrap_or(v));
        let new = Builder::at_end(func, before, old.span).value(op, ty);
        known.insert(result, new);
    }
    // Constants made inside are made again.
    for value in &frame.constants {
        let Some(data) = func.def(*value).cloned() else { continue };
        let ty = func.type_of(*value);
        let new = Builder::at_end(func, before, span).value(data.op, ty);
        known.insert(*value, new);
    }
    let mapped = |target: &BlockCall| BlockCall {
        block: target.block,
        args: target.args.iter().map(|v| known.get(v).copied().unwrap_or(*v)).collect(),
    };
    let end = mapped(&region.end);
    let cases: Vec<(i64, BlockCall)> =
        region.exits.iter().enumerate().map(|(i, exit)| (i as i64 + 1, mapped(&exit.target))).collect();
    let mut b = Builder::at_end(func, before, span);
    if cases.is_empty() {
        b.effect(Op::Jump(end));
    } else {
        let code = frame.code(&mut b, data);
        b.effect(Op::Switch { value: code, cases, default: end });
    }
    let inside = region.blocks.clone();
    func.layout.retain(|block| !inside.contains(block));
    let entry = known.get(&region.found).copied();
    let mut same = Vec::new();
    for block in func.layout.clone() {
        if block == before {
            continue;
        }
        for inst in func.blocks[block].insts.clone() {
            func.insts[inst].op.map_args(|v| known.get(&v).copied().unwrap_or(v));
            if let (Op::Refine(v), Some(result)) = (&func.insts[inst].op, func.insts[inst].result)
                && Some(*v) == entry
            {
                same.push((result, *v));
                func.blocks[block].insts.retain(|i| *i != inst);
            }
        }
    }
    for (refined, entry) in same {
        func.replace_uses(refined, entry);
    }
}

//! `scratch`: moves large slots that do not fit the stack into a per-CPU map, where `large-locals = "map"` is set.
//!
//! ```text
//! Before                                After
//!   slot0 buffer size 400 align 8         v9: ptr.map_value? = map_lookup map1, v8  ; v8 = 0
//!   slot1 other size 400 align 8          ...  ; returns what the program type says if it is null
//!   v1 = slot_addr slot0                  v10 = refine v9
//!   ...                                   v11: i64 = ptr_to_int v10
//!   v2 = slot_addr slot1                  v12: ptr.stack = int_to_ptr v11
//!                                         v1 = ptr_add v12, v13  ; v13 = 0
//!                                         ...
//!                                         v2 = ptr_add v12, v14  ; v14 = 400
//! ```
//!
//! Where a chain of calls takes more stack than there is, with what LLVM is likely to put there of values that live across
//! calls, its largest slots move, one after the other, until it fits. Slots under 64 bytes stay, and so do objects that
//! helpers take, which the kernel may want on the stack. Those of one function share places as they do on the stack; in a
//! chain of calls each function has its own.
//!
//! Each program has an entry of the map of its own, for another program may run before it has ended. A program that
//! may sleep can be run again on its processor before it has ended, and keeps its slots; so does a function that several
//! programs call without being a part of them.
//!
//! Requires: nothing; behind all that makes large slots. Keeps: what the program does.
//!
//! Why: `Looks like the BPF stack limit is exceeded. Please move large on stack variables into BPF per-cpu array map`.

pub(super) mod pressure;

use super::exit::Exit;
use super::rules::{self, Rules};
use super::stack::{Frame, deepest, marked};
use pbpf_core::entity::{Entity, Table};
use pbpf_core::mir::analysis::{Cfg, SlotLiveness};
use pbpf_core::mir::{
    Builder, Cond, FuncId, Function, FunctionKind, Inst, Map, MapId, Module, Op, Region, Slot, Type, Value,
};
use pbpf_core::pass::{Context, LargeLocals, Level, MirPass, PassInfo};
use pbpf_core::registry::Registry;
use pbpf_core::rows::ArgumentKind;
use pbpf_core::types::Type as T;
use std::collections::{BTreeMap, BTreeSet};

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scratch;

/// Smaller slots stay.
const LARGE: u32 = 64;

/// What a chain may take, with some room for what is not counted.
const ROOM: u32 = 512 - 32;

/// The most bytes of a value in a per-CPU map (`PCPU_MIN_UNIT_SIZE` in `include/linux/percpu.h`).
const MOST: u32 = 32 << 10;

/// The map's name.
const NAME: &str = "large_locals";

impl MirPass for Scratch {
    fn info(&self) -> PassInfo {
        PassInfo::new("scratch", Level::Mir, "moves large slots into a per-CPU map, where that is set")
            .after(&["null_checks", "bounds", "loops"])
            .before(&["legalise", "stack"])
            .optional()
    }

    fn run(&self, module: &mut Module, cx: &mut Context<'_>) {
        if cx.options.large_locals != LargeLocals::Map {
            return;
        }
        let functions: Table<FuncId, Function> = module.functions.values().map(marked).collect();
        let owners = owners(module, cx);
        let moved = choose(module, &functions, &owners, cx.registry);
        if moved.is_empty() {
            return;
        }
        let plan = Plan::new(module, &functions, &owners, &moved);
        if plan.size > MOST {
            // `stack` tells what takes what.
            return;
        }
        let map = add_map(module, &plan);
        let (rules, _) = Rules::new(module, cx.registry);
        for (id, slots) in &moved {
            let func = &module.functions[*id];
            for slot in slots {
                let (name, size, span) = {
                    let data = &func.slots[*slot];
                    (data.name.clone(), data.size, data.span)
                };
                cx.explain(span, || format!("`{name}` ({size} bytes) is kept in the map `{NAME}`"));
            }
            let result = rules.of(*id).on_failed_check();
            let entry = plan.entries.get(&owners[*id].unwrap_or(*id)).copied().unwrap_or(0);
            replace(&mut module.functions[*id], map, entry, &plan.offsets[id], result);
        }
    }
}

/// For each function the only program that runs it, unless that may sleep.
fn owners(module: &Module, cx: &Context<'_>) -> Table<FuncId, Option<FuncId>> {
    let (rules, _) = Rules::new(module, cx.registry);
    let mut running: Table<FuncId, Vec<FuncId>> = module.functions.keys().map(|_| Vec::new()).collect();
    for (id, func) in module.functions.iter() {
        if matches!(func.kind, FunctionKind::Program { .. }) {
            for reached in rules::reach(module, id) {
                running[reached].push(id);
            }
        }
    }
    let only = |programs: &Vec<FuncId>| match programs.as_slice() {
        [program] if !rules.of(*program).sleeps() => Some(*program),
        _ => None,
    };
    running.values().map(only).collect()
}

/// The slots that have to move.
fn choose(
    module: &Module,
    functions: &Table<FuncId, Function>,
    owners: &Table<FuncId, Option<FuncId>>,
    registry: &Registry,
) -> BTreeMap<FuncId, BTreeSet<Slot>> {
    let mut moved: BTreeMap<FuncId, BTreeSet<Slot>> = BTreeMap::new();
    let none = BTreeSet::new();
    let registers: Table<FuncId, u32> = functions.values().map(pressure::bytes).collect();
    let programs = module.functions.iter().filter(|(_, f)| matches!(f.kind, FunctionKind::Program { .. }));
    for (program, _) in programs {
        loop {
            let frames: Table<FuncId, Frame> = functions
                .iter()
                .map(|(id, func)| {
                    let mut frame = Frame::without(func, moved.get(&id).unwrap_or(&none));
                    frame.size += registers[id];
                    frame
                })
                .collect();
            let chain = deepest(module, &frames, program);
            let sum: u32 = chain.iter().map(|id| frames[*id].size.next_multiple_of(8)).sum();
            if sum <= ROOM {
                break;
            }
            let movable = chain.iter().filter(|id| owners[**id].is_some()).flat_map(|id| {
                let held = objects(&functions[*id], registry);
                let free = frames[*id].own.iter().filter(move |slot| !held.contains(slot));
                free.map(|slot| (functions[*id].slots[*slot].size, *id, *slot))
            });
            let largest = movable.filter(|(size, ..)| *size >= LARGE).max_by_key(|(size, id, slot)| {
                (*size, std::cmp::Reverse(id.index()), std::cmp::Reverse(slot.index()))
            });
            let Some((_, id, slot)) = largest else { break };
            moved.entry(id).or_default().insert(slot);
        }
    }
    moved
}

/// The slots that helpers take as objects, which some want on the stack: `R3 type=map_value expected=fp`.
fn objects(func: &Function, registry: &Registry) -> BTreeSet<Slot> {
    let mut found = BTreeSet::new();
    for (_, inst) in func.each_inst() {
        let Op::CallHelper { name, args, .. } = &func.insts[inst].op else { continue };
        let Some(helper) = registry.find_helper(name) else { continue };
        for (arg, row) in args.iter().zip(&registry.helper(helper).row.args) {
            if let (ArgumentKind::Object(_), Some(Op::SlotAddr(slot))) =
                (&row.kind, func.def(*arg).map(|d| &d.op))
            {
                found.insert(*slot);
            }
        }
    }
    found
}

/// Where everything goes.
struct Plan {
    /// Bytes of an entry.
    size: u32,
    /// The entry of each program that has one.
    entries: BTreeMap<FuncId, u32>,
    /// Where each slot is in the entry.
    offsets: BTreeMap<FuncId, BTreeMap<Slot, u32>>,
}

impl Plan {
    fn new(
        module: &Module,
        functions: &Table<FuncId, Function>,
        owners: &Table<FuncId, Option<FuncId>>,
        moved: &BTreeMap<FuncId, BTreeSet<Slot>>,
    ) -> Self {
        let mut plan = Self { size: 0, entries: BTreeMap::new(), offsets: BTreeMap::new() };
        let mut inside: BTreeMap<FuncId, (BTreeMap<Slot, u32>, u32)> = BTreeMap::new();
        for (id, slots) in moved {
            inside.insert(*id, places(&functions[*id], slots));
        }
        for program in moved.keys().filter_map(|id| owners[*id]).collect::<BTreeSet<_>>() {
            let index = plan.entries.len() as u32;
            plan.entries.insert(program, index);
            // One behind the other: none of them is given what another of the chain still uses.
            let mut end = 0;
            for id in rules::reach(module, program) {
                let Some((offsets, size)) = inside.get(&id) else { continue };
                let shifted = offsets.iter().map(|(slot, at)| (*slot, at + end)).collect();
                plan.offsets.insert(id, shifted);
                end += size;
            }
            plan.size = plan.size.max(end);
        }
        plan
    }
}

/// Places for slots, shared by those that never live together; and how many bytes that takes.
fn places(func: &Function, slots: &BTreeSet<Slot>) -> (BTreeMap<Slot, u32>, u32) {
    let cfg = Cfg::new(func);
    let live = SlotLiveness::new(func, &cfg);
    let mut sorted: Vec<Slot> = slots.iter().copied().collect();
    sorted.sort_by_key(|s| (std::cmp::Reverse(func.slots[*s].size), s.index()));
    let mut found: Vec<(u32, Vec<Slot>)> = Vec::new();
    let mut end = 0;
    for slot in sorted {
        match found.iter_mut().find(|(_, others)| others.iter().all(|o| !live.interfere(*o, slot))) {
            Some((_, others)) => others.push(slot),
            None => {
                found.push((end, vec![slot]));
                end += func.slots[slot].size.next_multiple_of(8);
            }
        }
    }
    (found.into_iter().flat_map(|(at, slots)| slots.into_iter().map(move |s| (s, at))).collect(), end)
}

fn add_map(module: &mut Module, plan: &Plan) -> MapId {
    let taken = |module: &Module, name: &str| {
        module.find_map(name).is_some()
            || module.find_global(name).is_some()
            || module.find_function(name).is_some()
    };
    let mut name = NAME.to_owned();
    while taken(module, &name) {
        name.push('_');
    }
    let span = module.functions[plan.entries.keys().next().copied().unwrap_or(FuncId::new(0))].span;
    let byte = module.types.int(8, false);
    let mut map = Map::new(name, "percpu_array", 6, span);
    map.key = Some(module.types.int(32, false));
    map.value = Some(module.types.intern(T::Array { element: byte, len: plan.size }));
    map.max_entries = plan.entries.len() as u32;
    module.maps.push(map)
}

/// Looks the entry up where the function begins, and makes addresses of slots addresses in it.
fn replace(func: &mut Function, map: MapId, entry: u32, offsets: &BTreeMap<Slot, u32>, result: i64) {
    let Some(first) = func.entry() else { return };
    let span = func.span;
    let mut exit = Exit::new(result);
    let mut found: Option<Value> = None;
    let rest = exit.unless(func, first, 0, span, |b| {
        let key = b.iconst(Type::I32, i64::from(entry));
        let value = b.op(Op::MapLookup { map, key });
        found = Some(value);
        let null = b.value(Op::Null, Type::nullable(Region::MapValue));
        b.op(Op::Icmp(Cond::Ne, [value, null]))
    });
    let Some(found) = found else { return };
    let mut b = Builder::before(func, rest, 0, span);
    let found = b.op(Op::Refine(found));
    let number = b.op(Op::PtrToInt(found));
    // The rest of the function takes it for the stack, as the verifier does not.
    let base = b.value(Op::IntToPtr(number), Type::ptr(Region::Stack));
    for block in func.layout.clone() {
        let mut at = 0;
        while let Some(inst) = func.blocks[block].insts.get(at).copied() {
            at += 1 + replace_address(func, block, at, inst, base, offsets);
        }
    }
}

/// Gives how many instructions were put in front.
fn replace_address(
    func: &mut Function,
    block: pbpf_core::mir::Block,
    at: usize,
    inst: Inst,
    base: Value,
    offsets: &BTreeMap<Slot, u32>,
) -> usize {
    let Op::SlotAddr(slot) = func.insts[inst].op else { return 0 };
    let Some(offset) = offsets.get(&slot) else { return 0 };
    let span = func.insts[inst].span;
    let by = Builder::before(func, block, at, span).iconst(Type::I64, i64::from(*offset));
    func.insts[inst].op = Op::PtrAdd(base, by);
    1
}

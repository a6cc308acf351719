//! `cse`: computes the same thing once.
//!
//! ```text
//! Before                        After
//!   v2 = add v0, v1               v2 = add v0, v1
//!   v3 = ptr_add v9, v2           v3 = ptr_add v9, v2
//!   v4 = add v0, v1               v5: i8 = load v3
//!   v6 = ptr_add v9, v4           v7: i8 = load v3+1
//!   v5: i8 = load v3
//!   v7: i8 = load v6+1
//! ```
//!
//! An instruction that only computes takes the place of every later one of the same operation and operands that it
//! dominates.
//!
//! A pointer into a packet at `n + 1` is one byte behind the pointer at `n`, where there is one through which memory was read or written
//! on every way.
//!
//! So are the ends of a packet, as the context has them, where nothing may have moved packet data in between.
//!
//! Requires: nothing; finds more behind `fold`. Keeps: what the program does; other loads, calls and `opaque`.
//!
//! Why: to the verifier `data + n` made twice are two pointers, and a comparison of one says nothing of the other
//! (`R1 offset is outside of the packet`); `bounds` sees them in the same way, and `n + 1` is bounded anew. So are `data` read twice with a call between.

use super::bounds::{movers, moves};
use pbpf_core::entity::Entity;
use pbpf_core::mir::analysis::{Cfg, Dominators};
use pbpf_core::mir::{BinaryOp, Block, Function, Inst, Module, Op, Region, Type, UnaryOp, Value};
use pbpf_core::pass::{Context, Level, MirPass, PassInfo};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The most bytes that a pointer is found behind another.
const FAR: i64 = 256;

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cse;

impl MirPass for Cse {
    fn info(&self) -> PassInfo {
        PassInfo::new("cse", Level::Mir, "computes the same thing once")
            .after(&["fold", "simplify_cfg"])
            .optional()
    }

    fn run(&self, module: &mut Module, cx: &mut Context<'_>) {
        let movers = movers(module, cx.registry);
        for id in module.functions.keys().collect::<Vec<_>>() {
            let moving = |op: &Op| match op {
                Op::Call { callee, .. } => movers.get(callee.index()) == Some(&true),
                op => moves(module, cx.registry, op),
            };
            let insts = &module.functions[id].insts;
            let moving = insts.iter().filter(|(_, i)| moving(&i.op)).map(|(inst, _)| inst).collect();
            unify(&mut module.functions[id], &moving);
        }
    }
}

fn unify(func: &mut Function, moving: &HashSet<Inst>) {
    let cfg = Cfg::new(func);
    let dominators = Dominators::new(func, &cfg);
    let mut seen: HashMap<String, Vec<(Block, Value)>> = HashMap::new();
    // Where memory was reached through a pointer.
    let mut reached: HashMap<Value, Vec<Block>> = HashMap::new();
    let moves = !moving.is_empty();
    let mut aliases = if moves { ends(func, &cfg, moving) } else { HashMap::new() };
    for &block in cfg.reverse_post_order() {
        for inst in func.blocks[block].insts.clone() {
            func.insts[inst].op.map_args(|v| aliases.get(&v).copied().unwrap_or(v));
            if let Op::Load { ptr, .. } | Op::Store { ptr, .. } = func.insts[inst].op {
                reached.entry(ptr).or_default().push(block);
            }
            if let Some((base, rest, by)) = sum(func, inst) {
                let before = seen.get(&text(func.type_of(base), &Op::PtrAdd(base, rest)));
                let before = before.into_iter().flatten().map(|(_, pointer)| *pointer).find(|pointer| {
                    reached
                        .get(pointer)
                        .is_some_and(|at| at.iter().any(|at| dominators.dominates(*at, block)))
                });
                if let Some(pointer) = before {
                    func.insts[inst].op = Op::PtrAdd(pointer, by);
                }
            }
            let Some((result, key)) = key(func, inst, moves) else { continue };
            let list = seen.entry(key).or_default();
            match list.iter().find(|(at, _)| dominators.dominates(*at, block)) {
                Some((_, same)) => {
                    aliases.insert(result, *same);
                }
                None => list.push((block, result)),
            }
        }
    }
    if aliases.is_empty() {
        return;
    }
    // What a back edge hands over may have been renamed behind it in the order.
    for inst in func.insts.values_mut() {
        inst.op.map_args(|v| aliases.get(&v).copied().unwrap_or(v));
    }
    let dead =
        |func: &Function, inst: Inst| func.insts[inst].result.is_some_and(|v| aliases.contains_key(&v));
    for block in func.layout.clone() {
        let insts = std::mem::take(&mut func.blocks[block].insts);
        func.blocks[block].insts = insts.into_iter().filter(|i| !dead(func, *i)).collect();
    }
}

/// What an instruction computes, as text: the operation, the type and the operands.
fn key(func: &Function, inst: Inst, moves: bool) -> Option<(Value, String)> {
    let data = &func.insts[inst];
    let result = data.result?;
    let mut op = data.op.clone();
    match &mut op {
        // Which side comes first does not matter; the verifier, too, sees only the sum.
        Op::Binary(BinaryOp::Add | BinaryOp::Mul | BinaryOp::And | BinaryOp::Or | BinaryOp::Xor, sides) => {
            sides.sort_unstable();
        }
        Op::Unary(UnaryOp::Opaque, _) => return None,
        Op::Iconst(_)
        | Op::Null
        | Op::Binary(..)
        | Op::Unary(..)
        | Op::Icmp(..)
        | Op::Cast(..)
        | Op::Select(..)
        | Op::SlotAddr(_)
        | Op::GlobalAddr(_)
        | Op::MapAddr(_)
        | Op::PtrAdd(..)
        | Op::PtrSub(_)
        | Op::PtrToInt(_)
        | Op::FieldAddr { .. }
        | Op::ExternAddr(_)
        | Op::Query(_) => {}
        Op::CtxLoad { .. } if !moves && is_end(func, result) => {}
        _ => return None,
    }
    let ty: Type = func.type_of(result);
    Some((result, text(ty, &op)))
}

fn text(ty: Type, op: &Op) -> String {
    format!("{ty} {op:?}")
}

/// Of a pointer into a packet at a sum with a constant: what it starts from, the rest of the sum, the constant. A smaller place than the rest
/// is another matter: the rest alone may be too much.
fn sum(func: &Function, inst: Inst) -> Option<(Value, Value, Value)> {
    let Op::PtrAdd(base, by) = func.insts[inst].op else { return None };
    if func.type_of(base).region() != Some(Region::Packet) {
        return None;
    }
    let Op::Binary(BinaryOp::Add, [a, b]) = func.def(by)?.op else { return None };
    let (rest, constant) = if func.constant(b).is_some() { (a, b) } else { (b, a) };
    (1..=FAR).contains(&func.constant(constant)?).then_some((base, rest, constant))
}

fn is_end(func: &Function, value: Value) -> bool {
    matches!(func.type_of(value).region(), Some(Region::Packet | Region::PacketMeta | Region::PacketEnd))
}

/// The ends that hold at a place, by field and context.
type Ends = BTreeMap<(String, Value), Value>;

/// The ends that were read before on every way, and nothing moved packet data since: what each stands for.
fn ends(func: &Function, cfg: &Cfg, moving: &HashSet<Inst>) -> HashMap<Value, Value> {
    let mut out: BTreeMap<Block, Ends> = BTreeMap::new();
    // Ways that have not been walked yet are left out: what holds only shrinks from round to round.
    for _ in 0..=func.layout.len() + 1 {
        let mut aliases = HashMap::new();
        let mut changed = false;
        for &block in cfg.reverse_post_order() {
            let mut known: Option<Ends> = None;
            for before in cfg.predecessors(block).iter().filter_map(|p| out.get(p)) {
                match &mut known {
                    None => known = Some(before.clone()),
                    Some(known) => known.retain(|field, value| before.get(field) == Some(value)),
                }
            }
            let mut known = known.filter(|_| func.entry() != Some(block)).unwrap_or_default();
            for &inst in &func.blocks[block].insts {
                let data = &func.insts[inst];
                if moving.contains(&inst) {
                    known.clear();
                }
                if let (Op::CtxLoad { ctx, field }, Some(result)) = (&data.op, data.result)
                    && is_end(func, result)
                {
                    let first = *known.entry((field.clone(), *ctx)).or_insert(result);
                    if first != result {
                        aliases.insert(result, first);
                    }
                }
            }
            if out.get(&block) != Some(&known) {
                out.insert(block, known);
                changed = true;
            }
        }
        if !changed {
            return aliases;
        }
    }
    HashMap::new()
}

//! `null_checks`: no pointer that may be null is used unchecked.
//!
//! ```text
//! Before                                    After
//!   v1: ptr.map_value? = map_lookup map0, v0  v1: ptr.map_value? = map_lookup map0, v0
//!   v2 = refine v1  ; asks for a check        v4: ptr.map_value? = null
//!   v3: i64 = load v2                         v5 = icmp.ne v1, v4
//!                                             branch v5, block1, block2
//!                                           block1:
//!                                             v2 = refine v1
//!                                             v3: i64 = load v2
//!                                             ...
//!                                           block2:  ; what the program type says
//!                                             v6: i32 = iconst 0
//!                                             return v6
//! ```
//!
//! - A use (load, store, copy, arithmetic, field, key, value, helper argument) of a pointer that may be null is made a
//!   use of its `refine` where a comparison on every way there proves that it is not null.
//! - A parameter of a block of which every way in proves that it is not null gets a second one beside it, which is not null:
//!   `p = m.lookup(a)`, and where that is `None`, `p = m.lookup(b)`.
//! - A `refine` without such a comparison asks for a check: a failed one returns what the program type says
//!   (`on_failed_check`), in a subprogram 0.
//! - Any other use is the diagnostic `unchecked-null`.
//!
//! Memory that is read by copying (user memory, plain kernel addresses) needs no check: a fault reads as zero.
//!
//! Requires: nothing; proves more behind `fold` and `simplify_cfg`. Keeps: what the program does where the pointer is
//! not null.
//!
//! Why: `R0 invalid mem access 'map_value_or_null'`, and for a sum
//! `R0 pointer arithmetic on map_value_or_null prohibited, null-check it first`.

mod meets;

use super::exit::Exit;
use super::facts::{Facts, Right};
use super::rules::Rules;
use pbpf_core::diag::Diagnostic;
use pbpf_core::mir::analysis::{Cfg, Dominators};
use pbpf_core::mir::{Block, Cond, Function, Inst, Module, Op, Region, Type, Value};
use pbpf_core::pass::{Context, Level, MirPass, PassInfo};
use pbpf_core::registry::Registry;
use pbpf_core::rows::ArgumentKind;

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct NullChecks;

impl MirPass for NullChecks {
    fn info(&self) -> PassInfo {
        PassInfo::new("null_checks", Level::Mir, "no pointer that may be null is used unchecked").after(&[
            "fold",
            "simplify_cfg",
            "dce",
        ])
    }

    fn run(&self, module: &mut Module, cx: &mut Context<'_>) {
        let (rules, _) = Rules::new(module, cx.registry);
        let names: Vec<String> = module.externs.values().map(|e| e.name.clone()).collect();
        for id in module.functions.keys() {
            let result = rules.of(id).on_failed_check();
            let func = &mut module.functions[id];
            join_reads_of_context(func);
            let asked = prove(func, &names, cx);
            insert(func, &asked, result, cx);
        }
    }
}

/// The pointers known not to be null by a `refine`: the pointer, where, and the refined one.
type Refined = Vec<(Value, Block, Value)>;

/// Makes later reads of a pointer that the context hands over uses of the first: it does not change, and the verifier takes each
/// read for another pointer, about which a test of the first says nothing.
fn join_reads_of_context(func: &mut Function) {
    let cfg = Cfg::new(func);
    let dominators = Dominators::new(func, &cfg);
    let mut reads: Vec<(Block, Op, Value)> = Vec::new();
    for &block in cfg.reverse_post_order() {
        for inst in func.blocks[block].insts.clone() {
            let data = &func.insts[inst];
            let (Op::CtxLoad { .. }, Some(result)) = (&data.op, data.result) else { continue };
            if !matches!(func.type_of(result), Type::Ptr { nullable: true, .. }) {
                continue;
            }
            let op = data.op.clone();
            match reads.iter().find(|(at, read, _)| *read == op && dominators.dominates(*at, block)) {
                Some((.., first)) => func.replace_uses(result, *first),
                None => reads.push((block, op, result)),
            }
        }
    }
}

/// Makes proved uses uses of refined pointers; gives the `refine`s that ask for a check, in reverse post-order.
fn prove(func: &mut Function, externs: &[String], cx: &mut Context<'_>) -> Vec<(Block, Inst)> {
    let mut refined = meets::tested_before(func, externs, cx.registry);
    let cfg = Cfg::new(func);
    let dominators = Dominators::new(func, &cfg);
    let facts = Facts::new(func, &cfg);
    let mut told: Vec<Value> = Vec::new();
    let mut asked = Vec::new();
    for &block in cfg.reverse_post_order() {
        let old = std::mem::take(&mut func.blocks[block].insts);
        for inst in old {
            let proved = |func: &Function, value: Value| {
                facts.of(&dominators, block).any(|(_, f)| says_not_null(func, f.cond, f.a, f.b, value))
            };
            if let Op::Refine(value) = func.insts[inst].op {
                let known = known(&dominators, &refined, value, block).is_some() || proved(func, value);
                if !known {
                    asked.push((block, inst));
                }
                if let Some(result) = func.insts[inst].result {
                    refined.push((value, block, result));
                }
            }
            for value in checked_operands(func, inst, externs, cx.registry) {
                let better = match known(&dominators, &refined, value, block) {
                    Some(better) => Some(better),
                    None if proved(func, value) => {
                        let (span, ty) = (func.insts[inst].span, not_null(func.type_of(value)));
                        let new = func.make_inst(Op::Refine(value), Some(ty), span);
                        func.blocks[block].insts.push(new);
                        let better = func.insts[new].result.unwrap_or(value);
                        refined.push((value, block, better));
                        Some(better)
                    }
                    None => None,
                };
                match better {
                    Some(better) => {
                        func.insts[inst].op.map_args(|v| if v == value { better } else { v });
                    }
                    None if !told.contains(&value) => {
                        told.push(value);
                        let diagnostic = unchecked(func, inst, value);
                        cx.emit(diagnostic);
                    }
                    None => {}
                }
            }
            strengthen(func, inst);
            func.blocks[block].insts.push(inst);
        }
    }
    asked
}

/// The refined pointer that can be used for `value` in `block`.
fn known(dominators: &Dominators, refined: &Refined, value: Value, block: Block) -> Option<Value> {
    refined
        .iter()
        .find(|(v, at, _)| *v == value && dominators.dominates(*at, block))
        .map(|(_, _, better)| *better)
}

/// Whether a fact says that `value` is not null.
fn says_not_null(func: &Function, cond: Cond, a: Value, b: Right, value: Value) -> bool {
    let zero = match b {
        Right::Const(n) => n == 0,
        Right::Value(v) => func.def(v).is_some_and(|d| d.op == Op::Null),
    };
    let pointer = match func.def(a).map(|d| &d.op) {
        Some(Op::PtrToInt(pointer)) => *pointer,
        _ => a,
    };
    cond == Cond::Ne && zero && pointer == value
}

fn not_null(ty: Type) -> Type {
    ty.region().map_or(ty, Type::ptr)
}

/// A pointer made from one that is not null is not null.
fn strengthen(func: &mut Function, inst: Inst) {
    let (Op::PtrAdd(base, _) | Op::FieldAddr { base, .. }) = func.insts[inst].op else { return };
    if let Some(result) = func.insts[inst].result
        && !func.type_of(base).is_nullable()
    {
        func.values[result].ty = not_null(func.type_of(result));
    }
}

/// The operands that must not be null and may be.
fn checked_operands(func: &Function, inst: Inst, externs: &[String], registry: &Registry) -> Vec<Value> {
    let helper = |name: &str, args: &[Value]| {
        let Some(id) = registry.find_helper(name) else { return Vec::new() };
        let rows = &registry.helper(id).row.args;
        args.iter()
            .zip(rows)
            .filter(|(_, row)| {
                use ArgumentKind as K;
                let memory = matches!(
                    row.kind,
                    K::Map(_)
                        | K::MapKey
                        | K::MapValue
                        | K::MapValueOut
                        | K::MemIn
                        | K::MemOut
                        | K::Text
                        | K::Object(_)
                        | K::Kptr
                        | K::GraphRoot(_)
                        | K::GraphNode(_)
                        | K::Allocated
                        | K::Reserved
                );
                (memory
                    || matches!(&row.kind, K::KptrValue(_) | K::CtxOr(_))
                    || matches!(&row.kind, K::Kernel(ty) if !ty.ends_with(" nullable")))
                    && row.default != Some(0)
            })
            .map(|(arg, _)| *arg)
            .collect()
    };
    let op = &func.insts[inst].op;
    let mut used = match op {
        Op::Load { ptr, .. }
        | Op::Store { ptr, .. }
        | Op::Atomic { ptr, .. }
        | Op::MemSet { dst: ptr, .. }
        | Op::PtrAdd(ptr, _)
        | Op::FieldAddr { base: ptr, .. }
        | Op::LoadBits { base: ptr, .. }
        | Op::MapLookup { key: ptr, .. }
        | Op::MapDelete { key: ptr, .. } => vec![*ptr],
        Op::MemCopy { dst, src, .. } | Op::TextCopy { dst, src, .. } => vec![*dst, *src],
        Op::MapUpdate { key, value, .. } => vec![*key, *value],
        Op::CallHelper { name, args, .. } => helper(name, args),
        Op::CallKfunc { callee, args } => {
            let index = pbpf_core::entity::Entity::index(*callee);
            externs.get(index).map_or_else(Vec::new, |name| helper(name, args))
        }
        _ => Vec::new(),
    };
    used.retain(|v| {
        let ty = func.type_of(*v);
        ty.is_nullable() && !matches!(ty.region(), Some(Region::KernelUntrusted | Region::User))
    });
    used.dedup();
    used
}

fn unchecked(func: &Function, inst: Inst, value: Value) -> Diagnostic {
    let span = func.insts[inst].span;
    let source = func.def(value);
    if source.is_some_and(|d| d.op == Op::Null) {
        return Diagnostic::error("unchecked-null", "this is `None`").at(span);
    }
    let mut diagnostic =
        Diagnostic::error("unchecked-null", "this may be `None`, and is used without a check").at(span);
    if let Some(source) = source {
        let text = match source.op {
            Op::MapLookup { .. } => "`None` where the map has no such key",
            _ => "this may give `None`",
        };
        if source.span != span {
            diagnostic = diagnostic.label(source.span, text);
        } else if matches!(source.op, Op::MapLookup { .. }) {
            diagnostic = diagnostic.note("a lookup gives `None` where the map has no such key");
        }
    }
    diagnostic.help("test it first: `if v is not None:`")
}

/// Inserts the checks that `refine`s ask for.
fn insert(func: &mut Function, asked: &[(Block, Inst)], result: i64, cx: &mut Context<'_>) {
    let mut exit = Exit::new(result);
    // From behind, so that what comes before in a block stays in it.
    for (block, inst) in asked.iter().rev() {
        let Op::Refine(value) = func.insts[*inst].op else { continue };
        let Some(at) = func.blocks[*block].insts.iter().position(|i| i == inst) else { continue };
        let (span, ty) = (func.insts[*inst].span, func.type_of(value));
        exit.unless(func, *block, at, span, |b| {
            let null = b.value(Op::Null, ty);
            b.op(Op::Icmp(Cond::Ne, [value, null]))
        });
        cx.explain(span, || format!("checked: where this is null, the function returns {result}"));
    }
}

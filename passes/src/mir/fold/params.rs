//! Block parameters that are always the same.
//!
//! Promises: a parameter to which every reachable block hands one value, itself aside, becomes that value; one to which
//! every block hands one constant becomes that constant. Leaves out: taking the parameter away, which `dce` does.

use super::Aliases;
use pbpf_core::mir::analysis::Cfg;
use pbpf_core::mir::{Block, Function, Op, Value};

/// What all blocks hand over.
enum Incoming {
    Nothing,
    One(Value),
    Const(i64),
    Many,
}

/// Replaces such parameters in `func`; says whether there were any.
pub(super) fn merge(func: &mut Function, cfg: &Cfg, aliases: &mut Aliases) -> bool {
    let mut changed = false;
    for &block in cfg.reverse_post_order().iter().skip(1) {
        for index in 0..func.blocks[block].params.len() {
            let param = func.blocks[block].params[index];
            match incoming(func, cfg, block, index, param, aliases) {
                // A parameter that may be null is tested as such behind it, which a value that may not is not.
                Incoming::One(value) if func.type_of(value) == func.type_of(param) => {
                    aliases.set(param, value);
                }
                Incoming::Const(n) if func.type_of(param).is_int() => {
                    let span = func.blocks[block].insts.first().map_or(func.span, |i| func.insts[*i].span);
                    let ty = func.type_of(param);
                    let value = func.values.next_key();
                    let inst = func.make_inst(Op::Iconst(n), Some(ty), span);
                    func.blocks[block].insts.insert(0, inst);
                    aliases.set(param, value);
                }
                Incoming::Nothing | Incoming::One(_) | Incoming::Const(_) | Incoming::Many => continue,
            }
            changed = true;
        }
    }
    changed
}

fn incoming(
    func: &Function,
    cfg: &Cfg,
    block: Block,
    index: usize,
    param: Value,
    aliases: &Aliases,
) -> Incoming {
    // A parameter that has been replaced already is not asked for again.
    if aliases.of(param) != param {
        return Incoming::Many;
    }
    let mut found = Incoming::Nothing;
    for &pred in cfg.predecessors(block).iter().filter(|p| cfg.is_reachable(**p)) {
        let Some(terminator) = func.terminator(pred) else { continue };
        for call in func.insts[terminator].op.targets().into_iter().filter(|c| c.block == block) {
            let Some(value) = call.args.get(index).map(|v| aliases.of(*v)) else { return Incoming::Many };
            if value == param {
                continue;
            }
            let constant = func.constant(value);
            found = match (found, constant) {
                (Incoming::Nothing, _) => Incoming::One(value),
                (Incoming::One(other), _) if other == value => Incoming::One(value),
                (Incoming::One(other), Some(n)) if func.constant(other) == Some(n) => Incoming::Const(n),
                (Incoming::Const(m), Some(n)) if m == n => Incoming::Const(n),
                _ => return Incoming::Many,
            };
        }
    }
    found
}

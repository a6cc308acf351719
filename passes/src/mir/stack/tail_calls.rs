//! What is above functions that go on in another program.
//!
//! Promises: each function that is called and makes a tail call, with the callers that take most. Leaves out: programs that
//! make one themselves, above which there is nothing.

use super::{Frame, rounded};
use pbpf_core::entity::Table;
use pbpf_core::mir::{FuncId, Function, Module, Op};
use pbpf_core::registry::Registry;
use std::collections::BTreeMap;

/// The functions that `program` calls, by way of others too, and that make a tail call: with the chain of calls above.
pub(super) fn below(
    module: &Module,
    frames: &Table<FuncId, Frame>,
    program: FuncId,
    registry: &Registry,
) -> Vec<(FuncId, Vec<FuncId>)> {
    let reached = super::super::rules::reach(module, program);
    if !reached.iter().skip(1).any(|id| leaves(&module.functions[*id], registry)) {
        return Vec::new();
    }
    // The largest sum above each function, and its caller there. Functions do not call themselves, so it settles.
    let mut above: BTreeMap<FuncId, (u32, FuncId)> = BTreeMap::new();
    for _ in 0..reached.len() {
        for caller in &reached {
            let before = above.get(caller).map_or(0, |(sum, _)| *sum);
            let func = &module.functions[*caller];
            for (_, inst) in func.each_inst() {
                let (Op::Call { callee, .. } | Op::FuncAddr(callee)) = func.insts[inst].op else { continue };
                let sum = before + rounded(&frames[*caller]);
                let most = above.entry(callee).or_insert((0, *caller));
                if sum > most.0 {
                    *most = (sum, *caller);
                }
            }
        }
    }
    let leavers = reached.iter().skip(1).filter(|id| leaves(&module.functions[**id], registry));
    leavers
        .map(|id| {
            let callers = std::iter::successors(above.get(id).map(|(_, c)| *c), |at| {
                above.get(at).map(|(_, caller)| *caller)
            });
            let mut chain: Vec<FuncId> = callers.take(reached.len()).collect();
            chain.reverse();
            (*id, chain)
        })
        .collect()
}

fn leaves(func: &Function, registry: &Registry) -> bool {
    func.each_inst().any(|(_, inst)| match &func.insts[inst].op {
        Op::CallHelper { name, .. } => {
            registry.find_helper(name).is_some_and(|id| registry.helper(id).row.leaves)
        }
        _ => false,
    })
}

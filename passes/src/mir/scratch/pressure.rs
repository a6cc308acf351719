//! How much stack LLVM is likely to take for values.
//!
//! Promises: eight bytes for each value that lives across a call and that no register is left for. Leaves out: what LLVM
//! computes anew instead.

use pbpf_core::entity::Table;
use pbpf_core::mir::analysis::Cfg;
use pbpf_core::mir::{Block, Function, Op, Value};
use std::collections::BTreeSet;

/// The registers that a call keeps (`r6` to `r9`).
const KEPT: usize = 4;

/// The bytes for values of a function.
pub(in crate::mir) fn bytes(func: &Function) -> u32 {
    let cfg = Cfg::new(func);
    let mut live_out: Table<Block, BTreeSet<Value>> = func.blocks.keys().map(|_| BTreeSet::new()).collect();
    let mut most = 0;
    let mut changed = true;
    while changed {
        changed = false;
        for &block in cfg.reverse_post_order().iter().rev() {
            let mut live = live_out[block].clone();
            for &inst in func.blocks[block].insts.iter().rev() {
                let data = &func.insts[inst];
                if let Some(result) = data.result {
                    live.remove(&result);
                }
                if is_call(&data.op) {
                    most = most.max(live.len());
                }
                live.extend(data.op.args().into_iter().filter(|v| is_kept(func, *v)));
            }
            for param in &func.blocks[block].params {
                live.remove(param);
            }
            for &pred in cfg.predecessors(block) {
                let before = live_out[pred].len();
                live_out[pred].extend(&live);
                changed |= live_out[pred].len() != before;
            }
        }
    }
    8 * u32::try_from(most.saturating_sub(KEPT)).unwrap_or(u32::MAX / 8)
}

/// Whether an instruction leaves four registers only.
pub(in crate::mir) fn is_call(op: &Op) -> bool {
    matches!(
        op,
        Op::CallHelper { .. }
            | Op::CallKfunc { .. }
            | Op::Call { .. }
            | Op::MapLookup { .. }
            | Op::MapUpdate { .. }
            | Op::MapDelete { .. }
            | Op::Print { .. }
    )
}

/// Whether a value is kept and not made anew.
pub(in crate::mir) fn is_kept(func: &Function, value: Value) -> bool {
    !func.def(value).is_some_and(|d| {
        matches!(
            d.op,
            Op::Iconst(_) | Op::Null | Op::SlotAddr(_) | Op::GlobalAddr(_) | Op::MapAddr(_) | Op::FuncAddr(_)
        )
    })
}

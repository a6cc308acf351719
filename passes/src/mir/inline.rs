//! `inline`: subprograms become parts of their callers, or stay calls.
//!
//! ```text
//! Before                                  After
//!   function fn0 low(a: s64) -> i64 static  block0(v0: i64):
//!   block0(v0: i64):                          v1: i64 = iconst 9
//!     v1: i64 = iconst 9                      jump block1(v0)
//!     v2 = icmp.slt v0, v1                  block1(v2: i64):
//!     branch v2, block1, block2               v3: i64 = iconst 9
//!   ...                                       v4 = icmp.slt v2, v3
//!   block0(v0: i64):                          branch v4, block2, block3
//!     v1: i64 = call fn0(v0)                ...
//!     return v1                             block4(v5: i64):
//!                                             return v5
//! ```
//!
//! `inline` functions become parts of all callers, `noinline` and `global` ones of none. Of a `static` one this decides:
//!
//! - It becomes a part of its callers if it is called at one place; if it is short; if the copies add little; if it takes
//!   the context or memory, so that what its callers have proved holds in it, and the copies do not add very much; or if
//!   its slots and those of its callers go over the stack where they cannot share it.
//! - Else, or where its caller would grow past all measure, it becomes `noinline`.
//!
//! Functions that are called come before their callers, so what is copied has no calls left that become parts. A function
//! that no call is left to is dropped by `dce`.
//!
//! Requires: nothing. Keeps: what the program does, but for checks that `null_checks` and `bounds` insert and that fail: in
//! a part of the program they end the program, in a function that is called they end that function with 0.
//!
//! Why: the verifier looks at a static function once for each call in any case, so a call saves it nothing; it counts each
//! frame in full (`combined stack size of 2 calls is 544. Too large`); and the passes behind this one prove nothing across
//! a call.

mod decide;
mod splice;

use decide::Decision;
use pbpf_core::entity::Table;
use pbpf_core::mir::{FuncId, FunctionKind, Linkage, Module, Op};
use pbpf_core::pass::{Context, Level, MirPass, PassInfo};

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct Inline;

impl MirPass for Inline {
    fn info(&self) -> PassInfo {
        PassInfo::new("inline", Level::Mir, "subprograms become parts of their callers, or stay calls")
            .before(&["null_checks", "bounds"])
            .optional()
    }

    fn run(&self, module: &mut Module, cx: &mut Context<'_>) {
        let calls = Calls::of(module);
        let order = calls.callees_first();
        let mut decisions: Table<FuncId, Option<Decision>> = module.functions.keys().map(|_| None).collect();
        for &id in &order {
            // Its own calls first: what is said of its size is said of what is copied.
            splice::calls(module, id, &mut decisions);
            let decision = decide::decide(module, id, &calls.callers[id]);
            if let Some(decision) = &decision {
                let func = &module.functions[id];
                cx.explain(func.span, || format!("`{}` {decision}", func.name));
            }
            decisions[id] = decision;
        }
        for (id, decision) in decisions.iter() {
            let kind = &mut module.functions[id].kind;
            if *kind == FunctionKind::Subprogram(Linkage::Static)
                && decision.as_ref().is_some_and(|d| !d.inlined)
            {
                *kind = FunctionKind::Subprogram(Linkage::NoInline);
            }
        }
    }
}

/// The calls of a module, before any is done away with.
struct Calls {
    /// For each function, those that call it, once for each call.
    callers: Table<FuncId, Vec<FuncId>>,
    /// For each function, how many calls it has.
    count: Table<FuncId, usize>,
}

impl Calls {
    fn of(module: &Module) -> Self {
        let mut calls = Self {
            callers: module.functions.keys().map(|_| Vec::new()).collect(),
            count: module.functions.keys().map(|_| 0).collect(),
        };
        for (id, func) in module.functions.iter() {
            for (_, inst) in func.each_inst() {
                if let Op::Call { callee, .. } = func.insts[inst].op
                    && let Some(list) = calls.callers.get_mut(callee)
                {
                    list.push(id);
                    calls.count[id] += 1;
                }
            }
        }
        calls
    }

    /// The functions, each behind all that it calls; those on a circle of calls are left out.
    fn callees_first(&self) -> Vec<FuncId> {
        let mut waits = self.count.clone();
        let mut order: Vec<FuncId> = waits.iter().filter(|(_, n)| **n == 0).map(|(id, _)| id).collect();
        let mut at = 0;
        while let Some(&id) = order.get(at) {
            at += 1;
            for caller in &self.callers[id] {
                waits[*caller] -= 1;
                if waits[*caller] == 0 {
                    order.push(*caller);
                }
            }
        }
        order
    }
}

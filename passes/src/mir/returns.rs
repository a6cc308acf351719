//! `returns`: a function is left at one place, its end.
//!
//! ```text
//! Before                     After
//!   block0:                    block0:
//!     branch v1, block1, block2   branch v1, block1, block2
//!   block1:                    block1:
//!     return v2                  jump block3(v2)
//!   block2:                    block2:
//!     ...                        ...
//!     return v3                  jump block3(v3)
//!                              block3(v4: i32):
//!                                return v4
//! ```
//!
//! Requires: nothing; `loops` and `legalise` make further ways out, so it comes behind them. Keeps: what the program does.
//!
//! Why: LLVM makes one of several returns in any case, in the place of the first, and does not turn branches around for BPF.
//! With the first in the middle (`if v is None: return 0`) the code behind jumps back to it; at the end, where compilers of
//! C have it, what comes last falls into it.

use pbpf_core::mir::{BlockCall, Builder, Function, Module, Op};
use pbpf_core::pass::{Context, Level, MirPass, PassInfo};

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct Returns;

impl MirPass for Returns {
    fn info(&self) -> PassInfo {
        PassInfo::new("returns", Level::Mir, "a function is left at one place, its end")
            .after(&["loops", "legalise"])
            .optional()
    }

    fn run(&self, module: &mut Module, _: &mut Context<'_>) {
        for func in module.functions.values_mut() {
            join(func);
        }
    }
}

fn join(func: &mut Function) {
    let returns: Vec<_> = func
        .layout
        .iter()
        .filter_map(|block| func.terminator(*block))
        .filter(|inst| matches!(func.insts[*inst].op, Op::Return(_)))
        .collect();
    let [_, .., last] = returns.as_slice() else { return };
    let span = func.insts[*last].span;
    let Some(behind) = func.layout.last().copied() else { return };
    let end = func.add_block_after(behind);
    let value = func.ret.map(|ty| func.add_block_param(end, ty));
    Builder::at_end(func, end, span).effect(Op::Return(value));
    for inst in returns {
        let Op::Return(value) = func.insts[inst].op else { continue };
        func.insts[inst].op = Op::Jump(BlockCall { block: end, args: value.into_iter().collect() });
    }
}

//! `loops`: every loop ends, in a way that the verifier can see.
//!
//! Promises: no irreducible cycle gets past it. Leaves out: bounds of natural loops, so far.

use pbpf_core::diag::Diagnostic;
use pbpf_core::mir::Module;
use pbpf_core::mir::analysis::{Cfg, Dominators, Loops as Found};
use pbpf_core::pass::{Context, Level, MirPass, PassInfo};

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct Loops;

impl MirPass for Loops {
    fn info(&self) -> PassInfo {
        PassInfo::new("loops", Level::Mir, "every loop ends, in a way that the verifier can see")
            .after(&["fold", "simplify_cfg", "dce"])
            .before(&["null_checks", "bounds"])
    }

    fn run(&self, module: &mut Module, cx: &mut Context<'_>) {
        for func in module.functions.values() {
            let cfg = Cfg::new(func);
            let dominators = Dominators::new(func, &cfg);
            for (from, _) in Found::new(&cfg, &dominators).irreducible {
                let span = func.terminator(from).map_or(func.span, |t| func.insts[t].span);
                cx.emit(
                    Diagnostic::error("unbounded-loop", "this loop has more than one entrance")
                        .at(span)
                        .help("a loop must be entered at one place"),
                );
            }
        }
    }
}

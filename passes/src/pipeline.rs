//! The built-in passes, in order.
//!
//! Promises: this list is the order; nothing else orders them. Leaves out: passes of plugins, which the graph places.

use crate::mir;
use crate::{check, infer, lower, parse, resolve, subset, versions};
use pbpf_core::pass::Pass;

/// The built-in passes, in order.
pub fn builtin() -> Vec<Box<dyn Pass>> {
    vec![
        Box::new(parse::Parse),
        Box::new(subset::Subset),
        Box::new(resolve::Resolve),
        // Before types: each version of a local has its own.
        Box::new(versions::Versions),
        Box::new(infer::Infer),
        Box::new(check::Check),
        Box::new(lower::Lower),
        // Before all that looks into functions: it adds one.
        Box::new(mir::described::DescribedArguments),
        // What a caller knows is known in the parts that it takes in.
        Box::new(mir::inline::Inline),
        // What a round decides is constant in it.
        Box::new(mir::unroll::Unroll),
        // Constants first: they decide bounds, and dead branches prove nothing.
        Box::new(mir::fold::Fold),
        Box::new(mir::simplify_cfg::SimplifyCfg),
        // One value for one thing: a check of one name of it proves the others.
        Box::new(mir::cse::Cse),
        // Dead code proves nothing and needs no checks.
        Box::new(mir::dce::Dce),
        // Before the checks that leave programs: what those return is inside.
        Box::new(mir::results::Results),
        Box::new(mir::null_checks::NullChecks),
        // Before `divide`, which takes apart the remainders whose range it knows, and before `legalise`, behind which
        // context fields have no names.
        Box::new(mir::bounds::Bounds),
        Box::new(mir::divide::Divide),
        // Behind the checks of the body: they are ways out of the loop. Before `loops`, which bounds those that are left.
        Box::new(mir::outline::Outline),
        // Behind all that leaves a loop: an iterator is destroyed on every way out.
        Box::new(mir::loops::Loops),
        // Behind what decides which loops the verifier walks.
        Box::new(mir::indices::Indices),
        // Behind all that adds a way out.
        Box::new(mir::scopes::Scopes),
        // Behind all checks: where one fails, what is held is released, behind the unlocking.
        Box::new(mir::references::References),
        // Behind what sees that each record is handed over; it makes slots.
        Box::new(mir::perf_buffers::PerfBuffers),
        // Behind what makes large slots; what it looks up is made concrete.
        Box::new(mir::scratch::Scratch),
        // Behind it no instruction is abstract.
        Box::new(mir::legalise::Legalise),
        Box::new(mir::arena::Arena),
        Box::new(mir::returns::Returns),
        // Behind all that decides what lives at once.
        Box::new(mir::spill::Spill),
        // Last: every slot there is has been made.
        Box::new(mir::stack::Stack),
    ]
}

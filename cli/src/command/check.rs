//! `pbpf check`: everything but LLVM and the kernel.
//!
//! Promises: the same diagnostics as `pbpf build`, without LLVM. Leaves out: what only LLVM knows.

use super::{compile_file, failed};
use crate::args::CheckArgs;
use crate::compile::Watching;
use crate::report;
use crate::setup::Setup;
use pbpf_core::pass::Level;

/// Runs the command.
pub(crate) fn run(args: &CheckArgs) -> u8 {
    let format = args.compiling.common.message_format;
    let setup = match Setup::new(&args.compiling) {
        Ok(setup) => setup,
        Err(error) => return failed(error, format),
    };
    let plan = match setup.session.plan() {
        Ok(plan) => plan,
        Err(error) => return failed(error, format),
    };
    let watching = Watching::from(&args.compiling);
    let mut worst = report::DONE;
    for file in &args.files {
        let job = compile_file(&setup, &plan, file, Level::Object, &watching);
        worst = worst.max(report::finish(&job.compiled.diagnostics, &job.sources, format));
    }
    worst
}

//! The `pbpf` command: arguments in, exit status out.
//!
//! Promises: 0 done; 1 the user's program is wrong; 2 usage or configuration; 3 the environment. Nothing but diagnostics
//! goes to standard error; with `--message-format json` they go to standard output, one a line.
//! Leaves out: the work, which is in [`compile`] and `command`.

mod args;
mod btf;
mod command;
mod compile;
mod kernel;
mod modules;
mod report;
mod setup;

use args::{Arguments, Command};
use clap::Parser;
use std::process::ExitCode;

/// The parser and the passes recurse with the depth of the program, which is bounded; this is room for the bound.
const STACK: usize = 256 << 20;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are no errors.
            let status = if error.use_stderr() { 2 } else { 0 };
            let _ = error.print();
            return ExitCode::from(status);
        }
    };
    let worker = std::thread::Builder::new().stack_size(STACK).spawn(move || run(arguments));
    let status = worker.ok().and_then(|thread| thread.join().ok()).unwrap_or(101);
    ExitCode::from(status)
}

fn run(arguments: Arguments) -> u8 {
    match arguments.command {
        Command::Build(args) => command::build::run(&args),
        Command::Check(args) => command::check::run(&args),
        Command::Verify(args) => command::verify::run(&args),
        Command::Run(args) => command::run::run(&args),
        Command::Opt(args) => command::opt::run(&args),
        Command::Passes(args) => command::passes::run(&args),
        Command::Plugin(args) => command::plugin::run(&args),
        Command::Explain(args) => command::explain::run(&args),
    }
}

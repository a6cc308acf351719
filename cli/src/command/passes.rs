//! `pbpf passes`.
//!
//! Promises: the graph as `pbpf build` would run it. Leaves out: running it.

use super::failed;
use crate::args::{GraphFormat, PassesArgs};
use crate::report;
use crate::setup::Session;

/// Runs the command.
pub(crate) fn run(args: &PassesArgs) -> u8 {
    let format = args.common.message_format;
    let plan = match Session::open(&args.common).and_then(|session| session.plan()) {
        Ok(plan) => plan,
        Err(error) => return failed(error, format),
    };
    report::out(&match args.format {
        GraphFormat::Text => plan.to_text(),
        GraphFormat::Dot => plan.to_dot(),
        GraphFormat::Json => format!("{:#}\n", plan.to_json()),
    });
    report::DONE
}

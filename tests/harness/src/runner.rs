//! Does a plan in a process of its own.
//!
//! Promises: whatever a plan does to its process (namespaces, a crash, an endless wait) ends with it and becomes a failed report.
//! Leaves out: reading cases. A program that uses this must call [`main_if_asked`] before anything else.

use crate::{
    execute,
    plan::Plan,
    process,
    report::{Outcome, Report},
    workload,
};
use std::{env, fs, io::Write, path::Path, process::Command, time::Duration};

/// The argument with which a program starts itself to do a plan.
const FLAG: &str = "--pbpf-plan";

/// Does what this process was started for by [`run`] or by a workload, if it was, and ends it then.
pub fn main_if_asked() {
    workload::main_if_asked();
    let mut arguments = env::args().skip(1);
    if arguments.next().as_deref() != Some(FLAG) {
        return;
    }
    let path = arguments.next().unwrap_or_default();
    let report = match fs::read(&path).map_err(|e| e.to_string()).and_then(|text| parse(&text)) {
        Ok(plan) => {
            let report = execute::execute(&plan);
            plan.fails.iter().fold(report, |report, wanted| report.of_failure(wanted))
        }
        Err(message) => Report::new(&path, Outcome::Failed(vec![format!("{path} is not a plan: {message}")])),
    };
    let text = serde_json::to_string(&report).unwrap_or_default();
    let failed = writeln!(std::io::stdout(), "{text}").is_err();
    std::process::exit(failed.into());
}

fn parse(text: &[u8]) -> Result<Plan, String> {
    serde_json::from_slice(text).map_err(|e| e.to_string())
}

/// Does the plan in the file `path` within `limit`.
pub fn run(case: &str, path: &Path, limit: Duration) -> Report {
    let fail = |message: String| Report::new(case, Outcome::Failed(vec![message]));
    let me = match env::current_exe() {
        Ok(me) => me,
        Err(e) => return fail(format!("cannot start again: {e}")),
    };
    match process::run(Command::new(me).arg(FLAG).arg(path), limit) {
        Err(e) => fail(format!("the plan cannot be started: {e}")),
        Ok(done) => match serde_json::from_str::<Report>(done.stdout.trim()) {
            Ok(report) if !done.timed_out => report,
            _ => fail(format!("the plan {}: {}", done.ending(), done.last_words())),
        },
    }
}

//! Runs plans on another kernel: one boot of QEMU for all of them.
//!
//! Promises: the guest needs nothing but its kernel and one static program; a plan that hangs or kills the machine is named, and the
//! ones after it are reported as not run. Leaves out: fetching kernels (`scripts/kernels`).
//!
//! The guest writes one line for each thing that happens, [`Message`] after [`MARK`], to the serial console, where the kernel writes too.

use crate::{
    cpio::Archive,
    places::Places,
    plan::Plan,
    process,
    report::{Outcome, Report},
};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

/// What starts a line of the guest.
pub const MARK: &str = "@@pbpf ";

/// How long the kernel may take from start to the first line, and from the last to the end.
const BOOT_LIMIT: Duration = Duration::from_secs(120);

/// One thing that happened in the guest.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// The guest is ready.
    Ready {
        /// What `uname -r` prints.
        release: String,
    },
    /// A plan begins.
    Begin {
        /// The case.
        case: String,
    },
    /// A plan has ended.
    End(Report),
    /// All plans are done.
    Done,
    /// The guest itself failed.
    Broken(String),
}

/// Builds the guest's program: a static one, in a target folder of its own. Build scripts are for the host, so the flags are bound to
/// the target by naming it.
pub fn build_guest(places: &Places) -> Result<PathBuf, String> {
    let target = "x86_64-unknown-linux-gnu";
    let folder = places.target.join("vm-guest");
    let folder_name = folder.to_string_lossy().into_owned();
    let arguments =
        ["build", "--quiet", "-p", "pbpf-vm-guest", "--target", target, "--target-dir", &folder_name];
    places.cargo(&arguments, |command| {
        command.env("RUSTFLAGS", "-C target-feature=+crt-static").env_remove("CARGO_ENCODED_RUSTFLAGS");
    })?;
    Ok(folder.join(target).join("debug/pbpf-vm-guest"))
}

/// Boots `kernel` and does `plans` there. One report for each plan, in order.
pub fn run(places: &Places, kernel: &str, guest: &Path, plans: &[Plan]) -> Vec<Report> {
    let fail = |message: &str| {
        let outcome = || Outcome::Failed(vec![message.to_owned()]);
        plans.iter().map(|plan| Report::new(&plan.case, outcome())).collect()
    };
    let Some(folder) = places.kernel(kernel) else { return fail("the kernel is not there") };
    let initrd = places.report().join(format!("initrd-{kernel}"));
    let packed = archive(guest, plans).and_then(|bytes| {
        fs::create_dir_all(places.report())
            .and_then(|()| fs::write(&initrd, bytes))
            .map_err(|e| format!("{}: {e}", initrd.display()))
    });
    if let Err(message) = packed {
        return fail(&message);
    }
    let mut command = Command::new("qemu-system-x86_64");
    command
        // With a thread for each processor 7.3 now and then ends with "Oops: int3" while it registers a scheduler: it switches branches
        // in its own code then, by way of that instruction. One thread for all does not.
        .args([
            "-accel",
            "tcg,thread=single",
            "-m",
            "1G",
            "-smp",
            "2",
            "-nographic",
            "-no-reboot",
            "-nic",
            "none",
        ])
        .arg("-kernel")
        .arg(folder.join("vmlinuz"))
        .arg("-initrd")
        .arg(&initrd)
        // An emulated timer on a busy machine is late, and 6.12 then stops with "IO-APIC + timer doesn't work!".
        .args(["-append", "console=ttyS0 panic=-1 quiet no_timer_check"]);
    // No machine does twenty plans that all take as long as they may.
    let mut limits: Vec<Duration> = plans.iter().map(Plan::limit).collect();
    limits.sort_by(|a, b| b.cmp(a));
    let limit = BOOT_LIMIT + limits.iter().take(20).sum::<Duration>();
    let done = process::run(&mut command, limit);
    // An initrd has every object in it; it is not kept.
    let _ = fs::remove_file(&initrd);
    match done {
        Err(e) => fail(&format!("qemu-system-x86_64: {e}")),
        Ok(done) => {
            let log = places.report().join(format!("console-{kernel}.log"));
            // The log is for people; its loss fails no case.
            let _ = fs::write(&log, format!("{}{}", done.stdout, done.stderr));
            collect(plans, &done.stdout, &format!("{}; see {}", done.ending(), log.display()))
        }
    }
}

fn archive(guest: &Path, plans: &[Plan]) -> Result<Vec<u8>, String> {
    let read = |path: &Path| fs::read(path).map_err(|e| format!("{}: {e}", path.display()));
    let mut archive = Archive::default();
    for folder in ["dev", "proc", "sys", "tmp", "plans", "objects"] {
        archive.folder(folder);
    }
    archive.file("init", &read(guest)?);
    for (number, plan) in plans.iter().enumerate() {
        let inside = format!("objects/{number}.o");
        archive.file(&inside, &read(&plan.object)?);
        let plan = Plan { object: Path::new("/").join(inside), ..plan.clone() };
        let text = serde_json::to_vec(&plan).map_err(|e| e.to_string())?;
        // Numbers of equal width sort as they count.
        archive.file(&format!("plans/{number:06}.json"), &text);
    }
    Ok(archive.finish())
}

/// The reports that the console shows; a plan without one is failed with what is known of the end.
fn collect(plans: &[Plan], console: &str, ending: &str) -> Vec<Report> {
    let mut reports: Vec<Report> = Vec::new();
    let mut running = None;
    let mut broken = None;
    for line in console.lines() {
        let Some((_, json)) = line.split_once(MARK) else { continue };
        match serde_json::from_str(json.trim()) {
            Ok(Message::Begin { case }) => running = Some(case),
            Ok(Message::End(report)) => {
                running = None;
                reports.push(report);
            }
            Ok(Message::Broken(message)) => broken = Some(message),
            Ok(Message::Ready { .. } | Message::Done) => {}
            Err(e) => broken = Some(format!("`{}` is no message of the guest: {e}", json.trim())),
        }
    }
    let missing = |case: &str| match (&running, &broken) {
        (Some(culprit), _) if culprit == case => format!("the machine ended while this case ran ({ending})"),
        (Some(culprit), _) => format!("not run: the machine ended while {culprit} ran ({ending})"),
        (None, Some(message)) => format!("the guest failed: {message}"),
        (None, None) => format!("the machine gave no result ({ending})"),
    };
    plans
        .iter()
        .map(|plan| {
            let seen = reports.iter().find(|report| report.case == plan.case).cloned();
            seen.unwrap_or_else(|| Report::new(&plan.case, Outcome::Failed(vec![missing(&plan.case)])))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]
    use super::*;
    use crate::plan::Verdict;

    fn plan(case: &str) -> Plan {
        Plan {
            case: case.to_owned(),
            object: PathBuf::new(),
            globals: Vec::new(),
            bound: false,
            ended: None,
            needs: Vec::new(),
            verdict: Verdict::Accept,
            steps: Vec::new(),
            fails: None,
        }
    }

    #[test]
    fn a_dead_machine_names_the_culprit() {
        let say = |message: &Message| format!("noise {MARK}{}\r\n", serde_json::to_string(message).unwrap());
        let console = [
            say(&Message::Ready { release: "7.3".to_owned() }),
            say(&Message::Begin { case: "a".to_owned() }),
            "Kernel warning\n".to_owned(),
            say(&Message::End(Report::new("a", Outcome::Passed))),
            say(&Message::Begin { case: "b".to_owned() }),
        ];
        let reports =
            collect(&[plan("a"), plan("b"), plan("c")], &console.concat(), "ran into the time limit");
        assert_eq!(reports[0].outcome, Outcome::Passed);
        let text = |report: &Report| format!("{:?}", report.outcome);
        assert!(text(&reports[1]).contains("while this case ran (ran into"));
        assert!(text(&reports[2]).contains("not run: the machine ended while b ran"));
    }
}

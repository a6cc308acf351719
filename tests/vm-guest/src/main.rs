//! The init of the test VMs: mounts what BPF needs, does every plan in `/plans`, says what came of each, and powers off.
//!
//! Promises: one line on the console for each thing that happens (`pbpf_tests::vm::Message`), then power-off, whatever happens; a
//! plan is done in a process of its own with a time limit. Leaves out: everything else that an init does; nothing else runs here.

#![allow(unsafe_code, reason = "mount, reboot and the console are system calls that std does not have")]

use pbpf_loader::features::KernelVersion;
use pbpf_tests::{
    plan::Plan,
    report::{Outcome, Report},
    runner, sys,
    vm::{MARK, Message},
};
use std::{
    ffi::CString,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

/// Type and place of what is mounted. The places under `/sys` exist where the kernel has the thing.
const MOUNTS: [(&str, &str); 8] = [
    ("proc", "/proc"),
    ("sysfs", "/sys"),
    ("devtmpfs", "/dev"),
    ("tmpfs", "/tmp"),
    ("tracefs", "/sys/kernel/tracing"),
    ("debugfs", "/sys/kernel/debug"),
    ("bpf", "/sys/fs/bpf"),
    ("cgroup2", "/sys/fs/cgroup"),
];

fn main() {
    runner::main_if_asked();
    if let Err(message) = all_plans() {
        say(&Message::Broken(message));
    }
    power_off();
}

fn all_plans() -> Result<(), String> {
    for (kind, place) in MOUNTS {
        mount(kind, place).map_err(|e| format!("mounting {kind} on {place}: {e}"))?;
    }
    // The console must carry our lines whole: nothing below an emergency is printed to it. The log keeps everything.
    fs::write("/proc/sys/kernel/printk", "1").map_err(|e| format!("/proc/sys/kernel/printk: {e}"))?;
    sys::raise_loopback().map_err(|e| format!("the loopback device: {e}"))?;
    let release = KernelVersion::running().map(|version| version.release).unwrap_or_default();
    say(&Message::Ready { release });
    let entries = fs::read_dir("/plans").map_err(|e| format!("/plans: {e}"))?;
    let mut plans: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    plans.sort();
    for path in plans {
        let plan = plan_of(&path)?;
        say(&Message::Begin { case: plan.case.clone() });
        say(&Message::End(done(&plan, &path)));
    }
    say(&Message::Done);
    Ok(())
}

/// Does a plan. A kernel that a case names must at least load it; what it lacks for the rest stands in the report.
fn done(plan: &Plan, path: &Path) -> Report {
    let mut report = runner::run(&plan.case, path, plan.limit());
    if let (Outcome::Unmet(need), true) = (&report.outcome, report.programs.is_empty()) {
        let message = format!("this kernel was named by the case and lacks what it needs: {need}");
        report.outcome = Outcome::Failed(vec![message]);
    }
    report
}

fn plan_of(path: &Path) -> Result<Plan, String> {
    let text = fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
    serde_json::from_slice(&text).map_err(|e| format!("{}: {e}", path.display()))
}

fn say(message: &Message) {
    let json = serde_json::to_string(message).unwrap_or_default();
    let mut out = io::stdout().lock();
    // Without a console there is nobody to tell. The line break before it ends whatever the kernel was printing.
    let _ = write!(out, "\n{MARK}{json}\n").and_then(|()| out.flush());
}

fn mount(kind: &str, place: &str) -> io::Result<()> {
    let text = |text: &str| CString::new(text).map_err(io::Error::other);
    let (kind, place) = (text(kind)?, text(place)?);
    // SAFETY: all texts are closed by a zero and outlive the call; these file systems take no data.
    let result = unsafe { libc::mount(kind.as_ptr(), place.as_ptr(), kind.as_ptr(), 0, std::ptr::null()) };
    match io::Error::last_os_error() {
        _ if result == 0 => Ok(()),
        // devtmpfs may have been mounted by the kernel.
        error if error.raw_os_error() == Some(libc::EBUSY) => Ok(()),
        error => Err(error),
    }
}

fn power_off() -> ! {
    // SAFETY: takes a number; nothing is left that a power-off could lose.
    unsafe { libc::reboot(libc::RB_POWER_OFF) };
    // An init must not return; QEMU ends at the power-off, or at its time limit.
    loop {
        thread::sleep(Duration::from_secs(1));
    }
}

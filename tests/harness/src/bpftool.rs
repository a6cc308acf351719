//! The independent loader: an object that pbpf made and libbpf took must be taken by `bpftool` as well.
//!
//! Promises: nothing stays loaded or pinned. Leaves out: objects that Debian's bpftool is too old for; such a case says so.

use crate::{directives::Bpftool, process};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

const LIMIT: Duration = Duration::from_secs(30);

/// Loads `object` by bpftool as `how` says, and unloads it.
pub fn load(how: Bpftool, object: &Path) -> Result<(), String> {
    match how {
        Bpftool::Nothing => Ok(()),
        Bpftool::Programs => load_programs(object),
        Bpftool::StructOps => register(object),
    }
}

fn bpftool(arguments: &[&str]) -> Result<String, String> {
    let program = if Path::new("/usr/sbin/bpftool").exists() { "/usr/sbin/bpftool" } else { "bpftool" };
    let done =
        process::run(Command::new(program).args(arguments), LIMIT).map_err(|e| format!("bpftool: {e}"))?;
    if done.status == Some(0) {
        return Ok(done.stdout);
    }
    Err(format!(
        "`bpftool {}` {}: {}{}",
        arguments.join(" "),
        done.ending(),
        done.last_words(),
        done.stdout.trim()
    ))
}

fn load_programs(object: &Path) -> Result<(), String> {
    // The pins must be on the BPF file system; one folder each, because cases run side by side.
    let name = object.to_string_lossy().replace(['/', '.'], "_");
    let tail: String = name.chars().skip(name.chars().count().saturating_sub(60)).collect();
    let pins = PathBuf::from(format!("/sys/fs/bpf/pbpf-test-{}-{tail}", std::process::id()));
    let result = bpftool(&["prog", "loadall", &object.to_string_lossy(), &pins.to_string_lossy()]);
    // Without the folder nothing was pinned.
    let _ = fs::remove_dir_all(&pins);
    result.map(drop)
}

fn register(object: &Path) -> Result<(), String> {
    // "Registered tcp_congestion_ops cubic id 18"
    let said = bpftool(&["struct_ops", "register", &object.to_string_lossy()])?;
    for line in said.lines() {
        if let Some((_, id)) = line.rsplit_once(" id ") {
            bpftool(&["struct_ops", "unregister", "id", id.trim()])?;
        }
    }
    Ok(())
}

//! What single commands say where something other than the program is in the way.
//!
//! Promises: the code, the exit status, and that nothing is left behind. Leaves out: programs (cases), projects (`projects`), bad files (`inputs`).

#![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

use pbpf_tests::{
    diagnostics,
    places::Places,
    process::{self, Finished},
    sys,
};
use std::{fs, io::Write, path::PathBuf, process::Command, sync::OnceLock, time::Duration};

const LIMIT: Duration = Duration::from_secs(60);

fn places() -> &'static Places {
    static PLACES: OnceLock<Places> = OnceLock::new();
    PLACES.get_or_init(|| {
        let places = Places::find().unwrap();
        places.build_pbpf().unwrap();
        places
    })
}

/// A fresh folder for one test, with these files.
fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = places().target.join("test-commands").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    for (file, text) in files {
        fs::write(folder.join(file), text).unwrap();
    }
    folder
}

fn pbpf(folder: &PathBuf, arguments: &[&str]) -> Finished {
    let mut command = Command::new(&places().pbpf);
    command
        .args(arguments)
        .args(["--message-format", "json"])
        .current_dir(folder)
        .env_remove("PBPF_PLUGIN_PATH");
    process::run(&mut command, LIMIT).unwrap()
}

#[track_caller]
fn ends(done: &Finished, status: i32, code: &str) {
    let seen = diagnostics::parse(&done.stdout).unwrap_or_default();
    let codes: Vec<&str> = seen.iter().map(|d| d.code.as_str()).collect();
    assert!(codes.contains(&code), "{codes:?}, {}: {}", done.ending(), done.last_words());
    assert_eq!(done.status, Some(status), "{codes:?}: {}", done.last_words());
}

/// Says that a test did not run. Where a kernel is promised, that is a failure.
fn skip(reason: &str) {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "may not be skipped under CI=true: {reason}");
    let _ = writeln!(std::io::stderr(), "skipped: {reason}");
}

/// A program in `section`, with a function that is no program because of what it lacks.
fn program(section: &str) -> String {
    let head = "from pbpf import bpf, bpfglobal, section\n\n\n";
    let main = format!("@bpf\n@section(\"{section}\")\ndef main(ctx):\n    return 0\n\n\n");
    let other = "@section(\"raw_tp/sys_enter\")\ndef other(ctx):\n    return 0\n\n\n";
    let license = "@bpf\n@bpfglobal\ndef LICENSE() -> str:\n    return \"GPL\"\n";
    [head, &main, other, license].concat()
}

#[test]
fn denied_warnings_are_errors_and_write_nothing() {
    let source = program("raw_tp/sys_enter");
    let folder = folder("denied", &[("a.py", &source), ("pbpf.toml", "[build]\ndeny-warnings = true\n")]);
    let done = pbpf(&folder, &["build", "a.py", "--config", "pbpf.toml", "--out-dir", "out"]);
    ends(&done, 1, "denied-warning");
    ends(&done, 1, "missing-bpf");
    assert!(!folder.join("out/a.bpf.o").exists(), "an object was written");
    let done = pbpf(&folder, &["build", "a.py", "--out-dir", "out"]);
    ends(&done, 0, "missing-bpf");
    assert!(folder.join("out/a.bpf.o").exists(), "no object was written");
}

#[test]
fn modules_are_found_in_the_roots_of_the_configuration() {
    let source = program("raw_tp/sys_enter").replace("return 0", "return shared.zero()");
    let source = format!("import shared\n{source}");
    let shared = "from pbpf import bpf\n\n\n@bpf\ndef zero():\n    return 0\n";
    let config = "[build]\nmodule-roots = [\"common\"]\n";
    let folder = folder("roots", &[("a.py", &source), ("pbpf.toml", config)]);
    std::fs::create_dir_all(folder.join("common")).unwrap();
    std::fs::write(folder.join("common/shared.py"), shared).unwrap();
    ends(&pbpf(&folder, &["check", "a.py", "--config", "pbpf.toml"]), 0, "missing-bpf");
    ends(&pbpf(&folder, &["check", "a.py"]), 1, "unknown-function");
}

#[test]
fn the_interpreter_stops_what_does_not_end() {
    let text = "mir 1\nsource \"f.py\"\n\nfunction fn0 f(x: s64) -> i64 static @0..9 {\nblock0(v0: i64):\n  jump block1(v0) @1..2\n\
                block1(v1: i64):\n  jump block1(v1) @1..2\n}\n";
    let folder = folder("interpreter", &[("a.mir", text)]);
    ends(&pbpf(&folder, &["opt", "a.mir", "--interpret", "f(1)"]), 1, "interpreter-fault");
}

#[test]
fn what_cannot_be_attached_is_the_environment() {
    let source = program("tracepoint/syscalls/sys_enter_nosuch");
    let folder = folder("attach", &[("a.py", &source)]);
    let code = if sys::is_root() { "not-attached" } else { "no-privilege" };
    ends(&pbpf(&folder, &["run", "a.py", "--duration", "0.1"]), 3, code);
}

#[test]
fn programs_that_sample_run_and_those_for_sockets_need_a_map() {
    if !sys::is_root() {
        return skip("attaching needs root");
    }
    let folder = folder(
        "places",
        &[("a.py", &program("perf_event")), ("b.py", &program("sk_msg")), ("c.py", &program("netfilter"))],
    );
    let sampled = pbpf(&folder, &["run", "a.py", "--duration", "0.1", "--frequency", "50"]);
    assert_eq!(sampled.status, Some(0), "{}", sampled.last_words());
    ends(
        &pbpf(&folder, &["run", "a.py", "--duration", "0.1", "--frequency", "900000000"]),
        3,
        "not-attached",
    );
    ends(&pbpf(&folder, &["run", "b.py", "--duration", "0.1"]), 3, "not-attached");
    ends(&pbpf(&folder, &["run", "c.py", "--duration", "0.1"]), 3, "not-attached");
}

/// The loopback device has nothing to tell of packets: that it is asked shows that the program is bound to it.
#[test]
fn programs_that_ask_a_device_are_bound_to_it() {
    if !sys::is_root() {
        return skip("loading needs root");
    }
    let source = program("xdp")
        .replace("    return 0", "    time = c_uint64(0)\n    return bpf_xdp_metadata_rx_timestamp(time)")
        .replacen(
            "from pbpf",
            "from ctypes import c_uint64\nfrom pbpf.kfuncs import bpf_xdp_metadata_rx_timestamp\nfrom pbpf",
            1,
        );
    let folder = folder("bound", &[("a.py", &source)]);
    ends(&pbpf(&folder, &["run", "a.py", "--duration", "0.1", "--interface", "lo"]), 3, "kernel-lacks");
    ends(&pbpf(&folder, &["verify", "a.py"]), 1, "verifier");
}

/// tracefs is hidden under an empty folder, in a mount namespace of its own, and what could mount it is taken from pbpf.
#[test]
fn a_program_without_tracefs_says_so() {
    if !sys::is_root() {
        return skip("hiding tracefs needs root");
    }
    let folder = folder("trace", &[("a.py", &program("raw_tp/sys_enter"))]);
    let script = "mount -t tmpfs none /sys/kernel && exec setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", script, "sh"]).arg(&places().pbpf);
    command.args(["run", "a.py", "--duration", "0.1", "--message-format", "json"]);
    command.current_dir(&folder).env_remove("PBPF_PLUGIN_PATH");
    ends(&process::run(&mut command, LIMIT).unwrap(), 3, "no-trace");
}

#[test]
fn options_that_mean_nothing_are_usage() {
    let folder = folder("options", &[("a.py", &program("raw_tp/sys_enter"))]);
    let wrong: [&[&str]; 6] = [
        &["check", "a.py", "--cpu", "v9"],
        &["check", "a.py", "--target-kernel", "new"],
        &["build", "a.py", "--emit", "jpeg"],
        &["build"],
        &["run", "a.py", "--duration=-1"],
        &["run", "a.py", "--hook", "ipv4:nowhere"],
    ];
    for words in wrong {
        ends(&pbpf(&folder, words), 2, "bad-option");
    }
}

#[test]
fn kernel_types_that_are_none_are_the_environment() {
    let source = program("raw_tp/sys_enter")
        .replace("(ctx):\n    return 0", "(ctx):\n    return struct_task_struct(1).pid")
        .replacen("from pbpf", "from vmlinux import struct_task_struct\nfrom pbpf", 1);
    let folder = folder("types", &[("a.py", &source), ("note.txt", "no types\n"), ("empty", "")]);
    for file in ["note.txt", "empty", "missing", "."] {
        ends(&pbpf(&folder, &["check", "a.py", "--btf", file]), 3, "no-kernel-types");
    }
}

#[test]
fn help_and_version_are_no_errors() {
    for words in [&["--help"][..], &["--version"], &["help"], &["build", "--help"], &["plugin", "--help"]] {
        let done = process::run(Command::new(&places().pbpf).args(words), LIMIT).unwrap();
        assert_eq!(done.status, Some(0), "{words:?}: {}", done.last_words());
        assert!(!done.stdout.is_empty() && done.stderr.is_empty(), "{words:?}: {}", done.last_words());
    }
}

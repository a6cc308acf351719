//! Prints the verifier's log of every program of an object as the running kernel writes it.
//!
//! Promises: one `=== PROGRAM` line before each log; addresses replaced, so that two runs print the same. As
//! process 1 of a virtual machine it mounts what it needs, takes `/object`, and powers off at the end.
//! `tests/logs` was made with it.
//! Leaves out: anything else one might want to know of an object; `pbpf verify` tells that.
#![allow(unsafe_code, clippy::print_stdout)] // mount() and reboot(); printing is what it is for.

use pbpf_loader::{LoadError, Object, OpenOptions};
use std::error::Error;

fn main() {
    let init = std::process::id() == 1;
    if init {
        mount(c"proc", c"/proc");
        mount(c"sysfs", c"/sys");
        mount(c"bpf", c"/sys/fs/bpf");
    }
    let path = std::env::args().nth(1).filter(|_| !init).unwrap_or_else(|| "/object".to_owned());
    if let Err(error) = print_logs(&path) {
        println!("error: {error}");
    }
    if init {
        // SAFETY: sync() has no arguments; the machine ends here.
        unsafe {
            libc::sync();
            libc::reboot(libc::RB_POWER_OFF);
        }
    }
}

fn print_logs(path: &str) -> Result<(), Box<dyn Error>> {
    let (verdicts, _) = Object::open(path, &OpenOptions::default())?.verify()?;
    for verdict in verdicts {
        println!("=== {}", verdict.program);
        match verdict.outcome {
            Ok(report) => print!("accepted\n{}", tidy(&report.log)),
            Err(error) => match *error {
                LoadError::Refused(refused) => print!("{}", tidy(&refused.log)),
                other => println!("{other}"),
            },
        }
    }
    println!("=== end");
    Ok(())
}

/// The log without what differs between two runs, and without the middle of a long one.
fn tidy(log: &str) -> String {
    let lines: Vec<String> = log.lines().map(|line| without_times(&without_addresses(line))).collect();
    let mut text = String::new();
    for (i, line) in lines.iter().enumerate() {
        if lines.len() < 300 || i < 20 || i + 20 >= lines.len() {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// Kernel addresses: `0xffff` and twelve more digits, as in `r1 = 0xffff888104391800`.
fn without_addresses(line: &str) -> String {
    let Some(start) = line.find(" = 0xffff").map(|at| at + 3) else { return line.to_owned() };
    let digits = line[start + 2..].chars().take_while(char::is_ascii_hexdigit).count();
    if digits == 16 {
        format!("{}0xffff888000000000{}", &line[..start], &line[start + 18..])
    } else {
        line.to_owned()
    }
}

fn without_times(line: &str) -> String {
    match line.strip_prefix("verification time ") {
        Some(_) => "verification time 50 usec".to_owned(),
        None => line.to_owned(),
    }
}

fn mount(kind: &std::ffi::CStr, at: &std::ffi::CStr) {
    let folder = at.to_string_lossy().into_owned();
    // A folder or mount that is there already is fine; what is missing shows as an error of the load.
    let _ = std::fs::create_dir_all(folder);
    // SAFETY: all strings are NUL-terminated and live past the call; these file systems take no data.
    unsafe { libc::mount(kind.as_ptr(), at.as_ptr(), kind.as_ptr(), 0, std::ptr::null()) };
}

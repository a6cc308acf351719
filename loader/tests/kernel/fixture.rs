//! Objects made from the C files in `tests/fixtures`, and the skip that every test starts with.

use pbpf_loader::{Loaded, Object, OpenOptions, features};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Whether `test` has to be skipped: says why, and fails under `CI=true`.
pub(crate) fn skip(test: &str) -> bool {
    let reason = if let Err(errno) = features::bpf_permitted() {
        format!("bpf() does not load programs here: {errno}")
    } else if Command::new("clang-19").arg("--version").output().is_err() {
        "clang-19 is not installed".to_owned()
    } else {
        return false;
    };
    // Not eprintln!, which the test harness keeps to itself.
    std::io::stderr().write_all(format!("SKIPPED {test}: {reason}\n").as_bytes()).unwrap();
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "{test} may not be skipped under CI=true: {reason}"
    );
    true
}

/// The object of `tests/fixtures/NAME`, compiled with the flags given.
pub(crate) fn compile(name: &str, flags: &[&str]) -> Vec<u8> {
    let output = Command::new("clang-19")
        .args([
            "-O2",
            "-g",
            "-Wall",
            "-Wno-unused-variable",
            "-target",
            "bpf",
            "-mcpu=v3",
            "-c",
            name,
            "-o",
            "-",
        ])
        .args(flags)
        .current_dir(folder())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

pub(crate) fn open(name: &str, options: &OpenOptions) -> Object {
    Object::open_bytes(compile(name, &[]), options).unwrap()
}

pub(crate) fn load(name: &str) -> Loaded {
    let loaded = open(name, &OpenOptions::default()).load().unwrap();
    let warnings: Vec<String> = loaded.warnings().map(ToString::to_string).collect();
    assert!(warnings.is_empty(), "{warnings:?}");
    loaded
}

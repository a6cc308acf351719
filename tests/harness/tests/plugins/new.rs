//! `pbpf plugin new`: what it makes builds and loads as made, by following what it says.

use crate::build::{cargo, chmod, ends, folder, path, pbpf_in};
use std::{path::Path, process::Command};

const PROGRAM: &str = "examples/hello_world.py";

/// Makes a plugin and gives what pbpf said.
fn make(dir: &Path, kind: &str) -> String {
    let done = pbpf_in(dir, &[], &["plugin", "new", "my-plugin", "--kind", kind]);
    ends(&done, 0, "");
    chmod(&dir.join("my-plugin"), 0o755);
    assert!(done.stdout.contains("made my-plugin/"), "{}", done.stdout);
    done.stdout
}

/// Checks a plugin from the folder it was made in, then compiles a program with it.
fn check(dir: &Path, plugin: &str, brings: &str, option: &str) {
    let done = pbpf_in(dir, &[], &["plugin", "check", plugin]);
    ends(&done, 0, "");
    assert!(done.stdout.contains(brings), "{}", done.stdout);
    assert!(done.stdout.contains(": nothing wrong"), "{}", done.stdout);
    let program = path(&crate::build::places().root.join(PROGRAM));
    ends(&pbpf_in(dir, &[], &["check", &program, option, plugin]), 0, "");
}

#[test]
fn a_rust_plugin() {
    let dir = folder("new-rust");
    let said = make(&dir, "rust");
    assert!(said.contains("cargo build"), "{said}");
    let library = cargo(&dir.join("my-plugin"), &[], "libpbpf_my_plugin.so");
    check(&dir, library.to_str().unwrap(), "ran pass my-plugin:count", "--plugin");
}

#[test]
fn a_c_plugin() {
    let dir = folder("new-c");
    let said = make(&dir, "c");
    let build = Command::new("make").current_dir(dir.join("my-plugin")).output().unwrap();
    assert!(build.status.success(), "{}", String::from_utf8_lossy(&build.stderr));
    let library = "my-plugin/libpbpf_my_plugin.so";
    assert!(said.contains(&format!("then: pbpf plugin check {library}")), "{said}");
    check(&dir, library, "ran pass my-plugin:count", "--plugin");
}

#[test]
fn a_toml_plugin() {
    let dir = folder("new-toml");
    make(&dir, "toml");
    check(&dir, "my-plugin/my-plugin.pbpf.toml", "helper set my-plugin:my_plugin", "--plugin");
}

#[test]
fn a_python_pass() {
    let dir = folder("new-python");
    make(&dir, "python");
    let done = pbpf_in(&dir, &[], &["plugin", "check", "my-plugin/my_plugin.py"]);
    ends(&done, 0, "");
    let program = path(&crate::build::places().root.join(PROGRAM));
    for (here, config) in [("my-plugin", "pbpf.toml"), ("", "my-plugin/pbpf.toml")] {
        let done = pbpf_in(&dir.join(here), &[], &["check", &program, "--config", config]);
        ends(&done, 0, "");
        assert!(done.stderr.contains("instructions"), "{}", done.stderr);
    }
}

#[test]
fn nothing_is_written_over() {
    let dir = folder("new-twice");
    make(&dir, "toml");
    ends(&pbpf_in(&dir, &[], &["plugin", "new", "my-plugin", "--kind", "toml"]), 2, "plugin-new");
    ends(&pbpf_in(&dir, &[], &["plugin", "new", "../up", "--kind", "toml"]), 2, "plugin-new");
    ends(&pbpf_in(&dir, &[], &["plugin", "new", "other", "--kind", "cobol"]), 2, "bad-option");
    ends(&pbpf_in(&dir, &[], &["plugin", "new", "other", "--kind", "toml", "--dir", "deep/er"]), 0, "");
    assert!(dir.join("deep/er/other/other.pbpf.toml").is_file());
}

//! The Python package: its own tests, and every example in CPython.
//!
//! Promises: every file in `examples/` imports under `python/pbpf`, and each of its programs runs in the model. Leaves out: what they
//! compute, which cases see on the kernel and `cli/tests/random_python` compares.

#![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

use pbpf_core::rows::Manifest;
use pbpf_tests::places::Places;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Imports a file and runs its programs: in a packet's context for those that look at packets.
const RUN: &str = r#"
import importlib.util, sys
sys.path.insert(0, sys.argv[1])
from pbpf.model import Context, Function, Packet, machine
from pbpf.model.c_meaning import install
install()
machine.echo = False
# What the example's own plugin brings.
machine.constants["PORT_DNS"] = 53
spec = importlib.util.spec_from_file_location("example", sys.argv[2])
module = importlib.util.module_from_spec(spec)
sys.modules["example"] = module
spec.loader.exec_module(module)
programs = [f for f in vars(module).values() if isinstance(f, Function) and f.section]
for cls in vars(module).values():
    if isinstance(cls, type) and cls.__module__ == "example":
        programs += [f for f in vars(cls).values() if isinstance(f, Function)]
assert programs, "no program"
for program in programs:
    count = program.func.__code__.co_argcount
    for size in (0, 14, 60, 200):
        program(*[Packet(bytes(size))] * count)
print(len(programs))
"#;

fn examples(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            examples(&path, found);
        } else if path.extension().is_some_and(|e| e == "py")
            && std::fs::read_to_string(&path).unwrap().contains("@bpf")
        {
            found.push(path);
        }
    }
}

fn python(root: &Path) -> Command {
    let mut command = Command::new("python3");
    command.current_dir(root).env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

#[test]
fn the_package_passes_its_tests() {
    let root = Places::find().unwrap().root;
    let done = python(&root)
        .args(["-m", "unittest", "discover", "-s", "python/tests", "-t", "python"])
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn every_example_runs_in_cpython() {
    let root = Places::find().unwrap().root;
    let mut found = Vec::new();
    examples(&root.join("examples"), &mut found);
    found.sort();
    assert!(found.len() >= 6, "{found:?}");
    for example in found {
        let done = python(&root).args(["-c", RUN]).arg(root.join("python")).arg(&example).output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{}: {said}", example.display());
    }
}

/// The constants of the shipped plugins, as `python/pbpf/model/constants.py` has them.
fn constants(root: &Path) -> String {
    let mut all: BTreeMap<String, BTreeMap<String, i128>> = BTreeMap::new();
    for folder in ["plugins", "program-types"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let Ok(text) = std::fs::read_to_string(entry.unwrap().path().join("manifest.json")) else {
                continue;
            };
            for mapping in Manifest::from_json(&text).unwrap().mappings {
                let names = all.entry(mapping.module).or_default();
                names.extend(mapping.constants.into_iter().map(|(name, row)| (name, row.value())));
            }
        }
    }
    let mut text = String::from(include_str!("../fixtures/constants.py.txt"));
    for (module, names) in all {
        let _ = writeln!(text, "    \"{module}\": {{");
        for (name, value) in names {
            let _ = writeln!(text, "        \"{name}\": {value},");
        }
        text.push_str("    },\n");
    }
    text + "}\n"
}

#[test]
fn constants_are_those_of_the_plugins() {
    let root = Places::find().unwrap().root;
    let path = root.join("python/pbpf/model/constants.py");
    let want = constants(&root);
    if std::env::var("BLESS").is_ok() {
        std::fs::write(&path, &want).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    // A constant that a plugin has got meanwhile is missing until the file is written again; what is there must be right.
    let wrong: Vec<&str> = found.lines().filter(|line| !want.contains(line)).collect();
    let hint = format!("BLESS=1 writes {}", path.display());
    assert!(wrong.is_empty(), "{wrong:?} are not what the manifests say: {hint}");
    let (have, all) = (found.lines().count(), want.lines().count());
    assert!(have * 10 >= all * 9, "{have} of {all} lines are there: {hint}");
}

//! Good plugins at work: a program type in Rust, a pass in C, helpers in TOML, a pass in Python.

use crate::build::{can_load, cc, ends, folder, good, path, pbpf, rust, skip, sources, test_runs, write};
use std::fs;

const KEEP: &str = "tests/plugins/socket-filter/keep.py";
const STAYS: &str = "tests/plugins/preempt/stays.py";

#[test]
fn a_program_type_in_rust_and_a_pass_in_c_decide_what_the_kernel_runs() {
    let dir = folder("work");
    let library = rust("socket-filter");
    let answer = path(&dir.join("libpbpf_answer.so"));
    cc("answer/answer.c", &[], answer.as_ref());
    // The type stands for the shipped one.
    let emitted = ["build", KEEP, "--emit", "mir", "-o", "-"];
    assert!(good(&emitted).contains("\"skb:socket\""));
    let replaced = good(&[&emitted[..], &["--plugin", &library]].concat());
    assert!(replaced.contains("\"socket-filter:socket_filter\""), "{replaced}");
    if !can_load("socket filters") {
        return;
    }
    // The kernel takes off the Ethernet header before a socket filter sees the packet.
    let object = dir.join("keep.bpf.o");
    let lengths = [14, 74, 75, 1500];
    assert_eq!(test_runs(&[KEEP, "--plugin", &library], &object, &lengths), [10, 10, 41, 41]);
    let both = [KEEP, "--plugin", &library, "--plugin", &answer];
    assert_eq!(test_runs(&both, &object, &lengths), [10, 10, 42, 42]);
    let verified = good(&["verify", KEEP, "--plugin", &library]);
    assert!(verified.contains("keep: accepted"), "{verified}");
}

#[test]
fn a_plugin_is_shown_and_explained() {
    let library = rust("socket-filter");
    let shown = good(&["plugin", "show", "socket-filter", "--plugin", &library]);
    for text in ["plugin socket-filter 0.3.0", "license: MIT", "ABI 1.1", "sha256: ", "written as socket"] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
    let explained = good(&["explain", "socket-filter", "--plugin", &library]);
    assert_eq!(explained, shown);
    let explained = good(&["explain", "socket_filter", "--plugin", &library]);
    assert!(explained.contains("program type socket-filter:socket_filter"), "{explained}");
    let listed = good(&["plugin", "list", "--plugin", &library]);
    assert!(listed.contains("socket-filter") && listed.contains("(--plugin)"), "{listed}");
    let near = pbpf(&["plugin", "show", "socket-filtre", "--plugin", &library]);
    ends(&near, 2, "bad-option");
    assert!(near.stderr.contains("did you mean `socket-filter`?"), "{}", near.stderr);
}

#[test]
fn a_helper_set_in_toml_brings_kernel_functions() {
    let dir = folder("preempt");
    let plugin = "tests/plugins/preempt/preempt.pbpf.toml";
    ends(&pbpf(&["check", STAYS]), 1, "unknown-helper");
    good(&["check", STAYS, "--plugin", plugin]);
    let explained = good(&["explain", "bpf_preempt_disable", "--plugin", plugin]);
    assert!(
        explained.contains("socket-filter:socket_filter") || explained.contains("xdp:xdp"),
        "{explained}"
    );
    if !can_load("kernel functions") {
        return;
    }
    if !fs::read_to_string("/proc/kallsyms").unwrap_or_default().contains(" bpf_preempt_disable\n") {
        return skip("kernel functions", "this kernel has no bpf_preempt_disable");
    }
    let returned = test_runs(&[STAYS, "--plugin", plugin], &dir.join("stays.bpf.o"), &[64]);
    assert_eq!(returned, [2]);
}

#[test]
fn a_command_in_python_changes_what_is_printed() {
    let mir = |config: &[&str]| {
        good(&[&["build", "examples/hello_world.py", "--emit", "mir", "-o", "-"], config].concat())
    };
    assert!(mir(&[]).contains("Hello, World!"));
    let loud = mir(&["--config", "tests/plugins/shout/pbpf.toml"]);
    assert!(loud.contains("HELLO, WORLD! FROM PROCESS %llu"), "{loud}");
    let graph = good(&["passes", "--config", "tests/plugins/shout/pbpf.toml"]);
    assert!(graph.contains("runs `python3 shout.py`"), "{graph}");
    let checked = good(&["plugin", "check", &path(&sources().join("shout/shout.py"))]);
    assert!(checked.contains("ran pass shout: the sample is changed"), "{checked}");
}

/// A pass that its program type lists fails where it runs, so where it runs is seen.
#[test]
fn a_pass_runs_for_the_program_types_that_list_it() {
    let dir = folder("listed");
    let library = path(&dir.join("libpbpf_bad.so"));
    let manifest = |passes: &str| {
        format!(
            r#"{{"schema": 1, "id": "bad", "passes": [{{"name": "bad", "doc": "fails"}}], "program_types": [{{"name": "t",
            "doc": "", "replaces": ["skb:socket"], "sections": [{{"pattern": "socket"}}], "kernel_type": "BPF_PROG_TYPE_SOCKET_FILTER", "context":
            {{"record": "__sk_buff", "fields": [{{"name": "len", "offset": 0, "bits": 32}}]}}, "returns": {{}},
            "passes": [{passes}], "regions": {{"ctx": {{"read": "direct", "write": "forbidden"}}}}}}]}}"#
        )
    };
    let build = |passes: &str| {
        let flag = format!("-DMANIFEST={:?}", manifest(passes));
        cc("bad/bad.c", &[&flag, "-DRETURNS=PBPF_FAILED"], library.as_ref());
    };
    let xdp = "examples/hello_world.py";
    build("");
    good(&["check", KEEP, xdp, "--plugin", &library]);
    build("\"bad\"");
    ends(&pbpf(&["check", KEEP, "--plugin", &library]), 2, "plugin-failed");
    good(&["check", xdp, "--plugin", &library]);
    let graph = good(&["passes", "--plugin", &library]);
    assert!(graph.contains("fails, for programs of type `bad:t`"), "{graph}");
    let shown = good(&["plugin", "show", "bad", "--plugin", &library]);
    assert!(shown.contains("pass bad:bad, runs for programs of type bad:t"), "{shown}");
    // Who asks for it gets it everywhere.
    let config = dir.join("pbpf.toml");
    write(&config, "[plugins]\nbad = { path = \"libpbpf_bad.so\" }\n[passes]\ninsert = [\"bad:bad\"]\n");
    ends(&pbpf(&["check", xdp, "--config", config.to_str().unwrap()]), 2, "plugin-failed");
    build("\"none\"");
    ends(&pbpf(&["check", xdp, "--plugin", &library]), 2, "plugin-manifest");
}

#[test]
fn a_type_that_pbpf_cannot_attach_says_so() {
    if !can_load("pbpf run") {
        return;
    }
    let done = pbpf(&["run", KEEP, "--plugin", &rust("socket-filter"), "--duration", "1"]);
    ends(&done, 3, "not-attached");
    assert!(
        done.stderr.contains("`socket-filter:socket_filter` cannot be attached by pbpf"),
        "{}",
        done.stderr
    );
}

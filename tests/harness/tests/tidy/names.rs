//! Names: of files, of program types, of passes and their cases, of examples.
//!
//! Promises: one name everywhere, and a program type's name nowhere outside its plugin. Leaves out: what the names mean.

use crate::{
    none,
    rust::{Piece, pieces},
    tree::{File, files, rust_files},
};

/// Files about what the kernel calls helpers.
const BPF_HELPERS: &[&str] = &["core/src/mir/interp/helpers.rs", "docs/helpers.md"];

#[test]
fn no_file_without_a_subject() {
    let vague: Vec<String> = files()
        .into_iter()
        .map(|file| file.path)
        .filter(|path| {
            let mut parts = path.split(['/', '.']);
            !BPF_HELPERS.contains(&path.as_str())
                && parts.any(|part| matches!(part, "utils" | "util" | "common" | "misc" | "helpers"))
        })
        .collect();
    none("No `utils`, `common`, `misc`, `helpers`: a file is named by its noun.", &vague);
}

/// The words of sections and kernels by which program types are known. Their plugins are the only place for them.
const PROGRAM_TYPES: &[&str] = &[
    "xdp",
    "xdp_md",
    "kprobe",
    "kretprobe",
    "ksyscall",
    "kretsyscall",
    "uprobe",
    "uretprobe",
    "tracepoint",
    "raw_tp",
    "raw_tracepoint",
    "tp_btf",
    "fentry",
    "fexit",
    "fmod_ret",
    "lsm",
    "sched_ext",
    "sched_ext_ops",
    "sched_cls",
    "classifier",
    "cgroup_skb",
    "socket_filter",
    "sk_skb",
    "sk_lookup",
    "perf_event",
];

/// Crates that know no program type.
const BLIND: &[&str] =
    &["core/src/", "passes/src/", "passes/llvm/src/", "plugins/host/src/", "loader/src/", "cli/src/"];

/// Where such a word is a name of something else. (path, word, what it is there)
const NOT_A_TYPE: &[(&str, &str, &str)] = &[
    (
        "loader/src/features.rs",
        "sched_ext",
        "a feature of the kernel that tests ask for, by its folder in /sys",
    ),
    ("loader/src/features.rs", "kprobe", "an event source of the kernel, by its folder in /sys"),
    ("loader/src/features.rs", "uprobe", "an event source of the kernel, by its folder in /sys"),
    ("loader/src/features.rs", "fentry", "a feature of the kernel that tests ask for"),
];

#[test]
fn no_program_type_outside_its_plugin() {
    let mut wrong = Vec::new();
    let is_blind = |file: &&File| BLIND.iter().any(|folder| file.path.starts_with(folder)) && !file.is_test();
    for file in rust_files().iter().filter(is_blind) {
        for (piece, line, text) in pieces(file.without_tests()) {
            if piece != Piece::Text {
                continue;
            }
            for word in text.split(|c: char| !c.is_alphanumeric() && c != '_') {
                let excused =
                    NOT_A_TYPE.iter().any(|(path, excused, _)| *path == file.path && *excused == word);
                if PROGRAM_TYPES.contains(&word) && !excused {
                    wrong.push(format!("{}: \"{}\"", file.at(line), text.lines().next().unwrap_or("")));
                }
            }
        }
    }
    none("A program type's name stands in its plugin only; here the rows must say it.", &wrong);
}

#[test]
fn every_program_type_has_cases() {
    let files = files();
    let mut missing = Vec::new();
    for manifest in
        files.iter().filter(|f| f.path.starts_with("program-types/") && f.path.ends_with("/Cargo.toml"))
    {
        let name = manifest.path.split('/').nth(1).unwrap_or("");
        let folder = format!("tests/cases/program-types/{name}/");
        if !files.iter().any(|file| file.path.starts_with(&folder)) {
            missing.push(folder);
        }
    }
    none("A program type is one folder in program-types/ and one folder of cases.", &missing);
}

#[test]
fn every_pass_has_cases() {
    let files = files();
    let Some(pipeline) = files.iter().find(|file| file.path == "passes/src/pipeline.rs") else { return };
    let mut missing = Vec::new();
    for pass in passes(pipeline) {
        let folder = format!("tests/cases/passes/{pass}/");
        if !files.iter().any(|file| file.path.starts_with(&folder)) {
            missing.push(folder);
        }
    }
    none("A pass is one file, one line in the pipeline, and one folder of cases.", &missing);
}

/// The passes of the pipeline by the names of their modules: the built-in list has lines like `&mir::bounds::Bounds,` or
/// `Box::new(resolve::Resolve),`.
fn passes(pipeline: &File) -> Vec<String> {
    let mut names = Vec::new();
    for (piece, _, text) in pieces(pipeline.without_tests()) {
        if piece != Piece::Code {
            continue;
        }
        for line in
            text.lines().map(str::trim).filter(|line| !line.starts_with("use ") && !line.starts_with("pub"))
        {
            let path = line.trim_start_matches("Box::new(").trim_start_matches('&');
            let Some((module, rest)) = path.rsplit_once("::") else { continue };
            let name = module.rsplit("::").next().unwrap_or("");
            let is_type = rest.starts_with(|c: char| c.is_ascii_uppercase());
            if is_type
                && rest.ends_with([',', ')'])
                && !name.is_empty()
                && name.chars().all(|c| c.is_ascii_lowercase() || c == '_')
            {
                names.push(name.to_owned());
            }
        }
    }
    names.sort();
    names.dedup();
    names
}

#[test]
fn every_example_is_run() {
    let files = files();
    let tests: String = files
        .iter()
        .filter(|file| {
            file.path.starts_with("tests/") || file.path.starts_with("scripts/") || file.path == "Makefile"
        })
        .map(|file| file.text.as_str())
        .collect();
    let forgotten: Vec<String> = files
        .iter()
        .filter(|file| {
            file.path.starts_with("examples/") && matches!(file.extension(), "py" | "toml" | "mir")
        })
        // A project is run by its configuration, which names its sources.
        .filter(|file| {
            let folders = file.path.match_indices('/').map(|(at, _)| &file.path[..at]);
            let in_project =
                folders.map(|folder| format!("{folder}/pbpf.toml")).any(|toml| tests.contains(&toml));
            !(tests.contains(&file.path) || in_project)
        })
        .map(|file| file.path.clone())
        .collect();
    none(
        "Every example is run by a test: a `.case` file in tests/cases/examples/ with `#: source:`.",
        &forgotten,
    );
}

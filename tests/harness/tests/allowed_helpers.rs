//! What the shipped program types may call, asked of the running kernel: a row allows what the verifier allows, no less and no more.
//!
//! Promises: each helper, and each kernel function that a row allows, is tried in each section that this kernel has, in a program
//! of three instructions; each section that libbpf knows has a row. Leaves out: arguments.

#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use pbpf_core::btf::{Btf, Kind};
use pbpf_core::registry::{ProgramTypeId, Registry, SectionMatch};
use pbpf_core::rows::{Arguments, HelperCall, Manifest, ProgramType};
use pbpf_core::target::KernelVersion;
use pbpf_loader::{features, section_names, section_type};
use pbpf_tests::probe::{LoadAs, RETURN_0, RETURN_1, call, call_kernel, load};
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

/// Helpers that a kernel may refuse by its configuration: one that is locked down, one without CONFIG_BPF_KPROBE_OVERRIDE.
const BY_CONFIGURATION: [&str; 2] = ["bpf_probe_write_user", "bpf_override_return"];

/// Helpers that the kernel refuses where it looks at the map, not where it looks at the helper.
const BY_MAP: [&str; 6] = [
    "bpf_spin_lock",
    "bpf_spin_unlock",
    "bpf_timer_init",
    "bpf_timer_set_callback",
    "bpf_timer_start",
    "bpf_timer_cancel",
];

/// A helper that a later kernel took away from a program type, so that its row leaves it out.
const TAKEN_AWAY: [(&str, &str); 1] = [("lwt:lwt_seg6local", "bpf_skb_pull_data")];

/// What stands in the holes of section names: things that each kernel has.
const HOLES: [(&str, &str); 6] = [
    ("function", "vfs_read"),
    ("hook", "file_open"),
    ("target", "task"),
    ("event", "sys_enter"),
    ("category", "raw_syscalls"),
    ("syscall", "getpid"),
];

fn registry() -> Registry {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut registry = Registry::new();
    for folder in ["plugins", "program-types"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path().join("manifest.json");
            if path.exists() {
                let text = std::fs::read_to_string(path).unwrap();
                registry.add(Manifest::from_json(&text).unwrap()).unwrap();
            }
        }
    }
    registry
}

fn skip(reason: &str) {
    let line = format!("SKIPPED allowed_helpers: {reason}\n");
    // Not eprintln!, which the test harness keeps to itself.
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    assert!(std::env::var("CI").as_deref() != Ok("true"), "may not be skipped under CI=true: {reason}");
}

/// A section name of that pattern.
fn example(pattern: &str) -> String {
    let bare = pattern.replace(['[', ']'], "");
    HOLES.iter().fold(bare, |text, (hole, by)| {
        let by = match *hole {
            "function" if pattern.starts_with("fmod_ret") => "bpf_modify_return_test",
            "hook" if pattern.starts_with("lsm_cgroup") => "socket_bind",
            _ => by,
        };
        text.replace(&format!("{{{hole}}}"), by).replace(&format!("{{{hole}s}}"), by)
    })
}

/// How a program of that section is loaded; none if the kernel does not have what it stands at.
fn load_as(row: &ProgramType, section: &str, found: &SectionMatch, btf: &Btf) -> Option<LoadAs> {
    let known = section_type(section).unwrap_or_else(|| panic!("libbpf does not know `{section}`"));
    let arguments = found.pattern.arguments.as_ref().unwrap_or(&row.arguments);
    // Programs that bind to a prototype, but for raw tracepoints, are loaded for the type in BTF.
    let attach_btf_id = match arguments {
        Arguments::Prototype(prototype) if known.attach_type != 0 => {
            let fill = |text: &str| {
                found
                    .holes
                    .iter()
                    .fold(text.to_owned(), |t, (hole, by)| t.replace(&format!("{{{hole}}}"), by))
            };
            match (&prototype.function, &prototype.typedef) {
                (Some(function), _) => btf.function(&fill(function))?.id.0,
                (None, typedef) => btf.find(&fill(typedef.as_deref()?), Kind::Typedef)?.0,
            }
        }
        _ => 0,
    };
    // BPF_F_SLEEPABLE of `linux/bpf.h`.
    let flags = if found.pattern.sleepable.unwrap_or(row.sleepable) { 1 << 4 } else { 0 };
    Some(LoadAs { program_type: known.program_type, attach_type: known.attach_type, attach_btf_id, flags })
}

/// Helpers and kernel functions on which the row and the kernel differ.
fn differences(registry: &Registry, id: ProgramTypeId, load_as: LoadAs, btf: &Btf) -> Vec<String> {
    let kernel = features::KernelVersion::running().unwrap();
    let has = |since: KernelVersion| kernel.at_least(u32::from(since.major), u32::from(since.minor));
    let mut differences = Vec::new();
    for (helper, registered) in registry.helpers() {
        let row = &registered.row;
        let name = row.name.as_str();
        if BY_CONFIGURATION.contains(&name) {
            continue;
        }
        let here = registry.allows(id, helper) && registry.since(id, helper).is_some_and(has);
        let (instruction, complaints) = match row.call {
            HelperCall::Id(number) => {
                (call(number), &["cannot use helper", "unknown func", "invalid func"][..])
            }
            HelperCall::Kfunc => match btf.function(name) {
                Some(function) if here => (call_kernel(function.id.0), &["calling kernel function"][..]),
                _ => continue,
            },
            HelperCall::ByteSwap => continue,
        };
        let (_, log) = load(load_as, &[instruction, RETURN_0[0], RETURN_0[1]]);
        let there = !complaints.iter().any(|text| log.contains(text));
        match (here, there) {
            (true, false) => differences.push(format!("{name} is refused")),
            (false, true) if TAKEN_AWAY.contains(&(registry.program_type(id).id.as_str(), name)) => {}
            (false, true) if !BY_MAP.contains(&name) => {
                differences.push(format!("{name} is allowed"));
            }
            _ => {}
        }
    }
    differences
}

#[test]
fn the_kernel_allows_what_rows_allow() {
    if let Err(errno) = features::bpf_permitted() {
        return skip(&format!("bpf() does not load programs here: {errno}"));
    }
    let Ok(bytes) = std::fs::read("/sys/kernel/btf/vmlinux") else {
        return skip("the kernel shows no BTF");
    };
    let btf = Btf::new(Arc::new(bytes)).unwrap();
    let registry = registry();
    let mut tried = 0;
    let mut differ = Vec::new();
    for (id, ty) in registry.program_types() {
        for pattern in &ty.row.sections {
            let section = example(&pattern.pattern);
            let found =
                registry.match_section(&section).unwrap_or_else(|| panic!("nothing owns `{section}`"));
            assert_eq!(found.program_type, id, "`{section}`");
            let Some(load_as) = load_as(&ty.row, &section, &found, &btf) else { continue };
            // A result that each type takes, the first that it names.
            let accepted = [RETURN_0, RETURN_1].iter().any(|program| load(load_as, program).0);
            if !accepted {
                continue;
            }
            let found = differences(&registry, id, load_as, &btf);
            if !found.is_empty() {
                differ.push(format!("{section}: {}", found.join(", ")));
            }
            tried += 1;
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
    assert!(tried >= 60, "only {tried} sections were tried");
}

/// A section that libbpf would load is one that a plugin owns.
#[test]
fn each_section_of_libbpf_has_a_row() {
    let registry = registry();
    let names = section_names();
    assert!(names.len() > 80, "{names:?}");
    for name in names {
        // The methods of a class are put there by pbpf; nobody writes the section.
        if matches!(name.trim_end_matches('+'), "struct_ops" | "struct_ops.s") {
            continue;
        }
        let section = name.replace('+', "/a/b");
        assert!(registry.match_section(&section).is_some(), "nothing owns `{section}`");
    }
}

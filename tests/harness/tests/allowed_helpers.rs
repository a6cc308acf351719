//! What the shipped program types may call, asked of the running kernel: what a row allows, the verifier allows.
//!
//! Promises: each helper and kernel function of each program type that this kernel has is tried, in a program of three
//! instructions. Leaves out: arguments, and program types that this kernel does not have.

#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use pbpf_core::btf::{Btf, Kind};
use pbpf_core::registry::{ProgramTypeId, Registry};
use pbpf_core::rows::{Arguments, HelperCall, Manifest, ProgramType};
use pbpf_core::target::KernelVersion;
use pbpf_loader::features;
use pbpf_tests::probe::{LoadAs, RETURN_0, call, call_kernel, load};
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

/// Helpers that a kernel may refuse by its configuration: one that is locked down, one without CONFIG_BPF_KPROBE_OVERRIDE.
const BY_CONFIGURATION: [&str; 2] = ["bpf_probe_write_user", "bpf_override_return"];

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

/// How a program of that type is loaded; none if the kernel does not have the type.
fn load_as(row: &ProgramType, btf: &Btf) -> Option<LoadAs> {
    let number = |name: &str| btf.enumerator(name).map(|e| e.value as u32);
    if row.struct_ops.is_some() {
        return None;
    }
    let program_type = number(&row.kernel_type)?;
    match &row.arguments {
        // Typed arguments: the program is loaded for one event, here one that each kernel has.
        Arguments::Prototype { typedef, .. } if row.kernel_type == "BPF_PROG_TYPE_TRACING" => {
            let event = btf.find(&typedef.replace("{event}", "sys_enter"), Kind::Typedef)?;
            let attach_type = number("BPF_TRACE_RAW_TP")?;
            Some(LoadAs { program_type, attach_type, attach_btf_id: event.0, flags: 0 })
        }
        _ => Some(LoadAs { program_type, ..LoadAs::default() }),
    }
}

/// The names that the row allows and the kernel refuses.
fn refused(registry: &Registry, id: ProgramTypeId, load_as: LoadAs, btf: &Btf) -> Vec<String> {
    let kernel = features::KernelVersion::running().unwrap();
    let has = |since: KernelVersion| kernel.at_least(u32::from(since.major), u32::from(since.minor));
    let mut refused = Vec::new();
    for (helper, registered) in registry.helpers() {
        let row = &registered.row;
        if !registry.allows(id, helper)
            || !registry.since(id, helper).is_some_and(has)
            || BY_CONFIGURATION.contains(&row.name.as_str())
        {
            continue;
        }
        let (instruction, complaints) = match row.call {
            HelperCall::Id(number) => {
                (call(number), &["cannot use helper", "unknown func", "invalid func"][..])
            }
            HelperCall::Kfunc => match btf.function(&row.name) {
                Some(function) => (call_kernel(function.id.0), &["calling kernel function"][..]),
                None => continue,
            },
            HelperCall::ByteSwap => continue,
        };
        let (_, log) = load(load_as, &[instruction, RETURN_0[0], RETURN_0[1]]);
        if complaints.iter().any(|text| log.contains(text)) {
            refused.push(row.name.clone());
        }
    }
    refused
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
    for (id, ty) in registry.program_types() {
        let Some(load_as) = load_as(&ty.row, &btf) else { continue };
        let (accepted, log) = load(load_as, &RETURN_0);
        assert!(accepted, "{}: the kernel does not take `return 0`: {log}", ty.id);
        assert_eq!(refused(&registry, id, load_as, &btf), [""; 0], "{}", ty.id);
        tried += 1;
    }
    assert!(tried >= 5, "only {tried} program types were tried");
}

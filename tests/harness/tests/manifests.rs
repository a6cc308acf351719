//! The shipped plugins' manifests: they parse, they fit together, and what they say of the kernel is so.
//!
//! Promises: each manifest in the tree is looked at; numbers, prototypes and callbacks are held against the BTF of the running
//! kernel and of the VM kernels that are there. Leaves out: which program type may call which helper, which needs privileges.

#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use pbpf_core::btf::{Btf, Kind, Type, TypeId};
use pbpf_core::registry::Registry;
use pbpf_core::rows::{
    Access, ArgumentKind, CType, Gives, Helper, HelperCall, Manifest, MapKey, ProgramType, ResultKind,
    StructOpsRow,
};
use pbpf_tests::process;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The shipped manifests with their folders, in order of path.
fn manifests() -> Vec<(PathBuf, Manifest)> {
    let mut files: Vec<PathBuf> = ["plugins", "program-types"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(root().join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|folder| folder.join("manifest.json").exists())
        .collect();
    files.sort();
    let read = |folder: PathBuf| {
        let text = std::fs::read_to_string(folder.join("manifest.json")).unwrap();
        let manifest = Manifest::from_json(&text).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        (folder, manifest)
    };
    files.into_iter().map(read).collect()
}

fn registry() -> Registry {
    let mut registry = Registry::new();
    for (folder, manifest) in manifests() {
        let added = registry.add(manifest);
        assert!(added.is_ok(), "{}: {}", folder.display(), added.unwrap_err().message);
    }
    registry
}

/// The BTF of the kernels that are here, the newest last.
fn kernels() -> Vec<(String, Btf)> {
    let files = [
        ("6.1", root().join("target/kernels/6.1/vmlinux.btf")),
        ("6.12", root().join("target/kernels/6.12/vmlinux.btf")),
        ("running", PathBuf::from("/sys/kernel/btf/vmlinux")),
        ("7.3", root().join("target/kernels/7.3/vmlinux.btf")),
    ];
    let read = |(name, path): (&str, PathBuf)| {
        let bytes = std::fs::read(path).ok()?;
        Some((name.to_owned(), Btf::new(Arc::new(bytes)).unwrap()))
    };
    files.into_iter().filter_map(read).collect()
}

#[test]
fn all_fit_in_one_registry() {
    let registry = registry();
    assert!(registry.program_types().count() >= 3);
    assert!(registry.helpers().count() >= 80);
}

#[test]
fn folders_libraries_and_ids_agree() {
    for (folder, manifest) in manifests() {
        let code = std::fs::read_to_string(folder.join("src/lib.rs")).unwrap();
        assert!(code.contains(&format!("id: \"{}\"", manifest.id)), "{}", folder.display());
        assert!(!manifest.license.is_empty() && !manifest.version.is_empty(), "{}", folder.display());
    }
}

#[test]
fn what_a_program_type_names_is_there() {
    let registry = registry();
    let sets: BTreeSet<&str> = registry.helpers().filter_map(|(_, h)| h.set.split(':').nth(1)).collect();
    for (id, registered) in registry.program_types() {
        let row = &registered.row;
        for set in &row.helper_sets {
            assert!(sets.contains(set.as_str()), "{}: no helper set `{set}`", registered.id);
        }
        for name in row.helpers_refused.iter().chain(row.helpers_since.keys()) {
            assert!(registry.find_helper(name).is_some(), "{}: no helper `{name}`", registered.id);
        }
        for (_, helper) in registry.helpers().filter(|(h, _)| registry.allows(id, *h)) {
            for callback in &helper.row.callbacks {
                let ops = row.struct_ops.as_ref().unwrap_or_else(|| panic!("{}: {callback}", registered.id));
                let known = ops.callbacks.iter().find(|c| c.name == *callback);
                let known = known.unwrap_or_else(|| panic!("{}: no callback `{callback}`", helper.row.name));
                assert!(known.sleepable || !helper.row.sleepable, "{} in {callback}", helper.row.name);
            }
        }
        for name in row.helpers_since.keys() {
            let helper = registry.find_helper(name).unwrap();
            assert!(registry.allows(id, helper), "{}: `{name}` is not allowed at all", registered.id);
        }
        for (region, rule) in &row.regions {
            for access in [&rule.read, &rule.write] {
                let Access::Copy(via) = access else { continue };
                let helper = registry.find_helper(&via.helper);
                let helper =
                    helper.unwrap_or_else(|| panic!("{}: {region:?}: no `{}`", registered.id, via.helper));
                assert!(registry.allows(id, helper), "{}: {region:?}: `{}`", registered.id, via.helper);
            }
        }
    }
}

#[test]
fn each_row_has_a_line_for_people() {
    let registry = registry();
    for (_, helper) in registry.helpers() {
        assert!(helper.row.doc.ends_with('.'), "{}", helper.row.name);
        assert!(helper.row.since.is_some() || helper.row.call == HelperCall::ByteSwap, "{}", helper.row.name);
    }
    for (_, ty) in registry.program_types() {
        assert!(ty.row.doc.ends_with('.') && ty.row.needs.kernel.is_some(), "{}", ty.id);
        for e in &ty.row.explanations {
            assert!(e.cause.ends_with('.') && e.fix.ends_with('.'), "{}: {}", ty.id, e.pattern);
        }
    }
}

/// Each helper's number means the same in each kernel that knows it, and the newest kernel knows all.
#[test]
fn helper_numbers_are_the_kernels() {
    let registry = registry();
    let kernels = kernels();
    for (position, (kernel, btf)) in kernels.iter().enumerate() {
        let set = btf.enumerator("BPF_FUNC_unspec").unwrap().enum_id;
        for (_, helper) in registry.helpers() {
            let HelperCall::Id(number) = helper.row.call else { continue };
            let expected = helper.row.name.replacen("bpf_", "BPF_FUNC_", 1);
            let known =
                btf.enumerators(set).find(|v| v.value == i128::from(number) && v.name != "__BPF_FUNC_MAX_ID");
            match known {
                Some(variant) => assert_eq!(variant.name, expected, "number {number} in {kernel}"),
                None => assert!(position + 1 < kernels.len(), "{expected} is not in {kernel}"),
            }
        }
    }
}

/// Each helper of each kernel has a row.
#[test]
fn each_helper_has_a_row() {
    let registry = registry();
    let known: BTreeSet<i128> = registry
        .helpers()
        .filter_map(|(_, h)| match h.row.call {
            HelperCall::Id(number) => Some(i128::from(number)),
            _ => None,
        })
        .collect();
    for (kernel, btf) in &kernels() {
        let set = btf.enumerator("BPF_FUNC_unspec").unwrap().enum_id;
        for helper in btf.enumerators(set).filter(|v| v.value > 0 && v.name != "__BPF_FUNC_MAX_ID") {
            assert!(
                known.contains(&helper.value),
                "{} ({}) of {kernel} has no row",
                helper.name,
                helper.value
            );
        }
    }
}

/// Each field of a context is where the kernel's struct has it.
#[test]
fn context_fields_are_the_kernels() {
    let registry = registry();
    let mut compared = 0;
    for (kernel, btf) in &kernels() {
        for (_, ty) in registry.program_types() {
            let record = ty.row.context.record.as_deref().and_then(|name| btf.find(name, Kind::Struct));
            let Some(record) = record else { continue };
            for field in ty.row.context.fields.iter().filter(|f| f.gives != Gives::Forbidden) {
                let Some(there) = btf.member(record, &field.name) else { continue };
                let offset = there.bit_offset / 8;
                let bits = match btf.get(btf.resolve(there.ty)) {
                    // What C leaves open is in the row.
                    Type::Array(array) if array.len == 0 => btf.size_of(array.element).unwrap_or(0) * 8,
                    _ => btf.size_of(there.ty).unwrap_or(0) * 8 / u64::from(field.elements.max(1)),
                };
                assert_eq!(offset, u64::from(field.offset), "{}: `{}` in {kernel}", ty.id, field.name);
                assert_eq!(bits, u64::from(field.bits), "{}: `{}` in {kernel}", ty.id, field.name);
                compared += 1;
            }
        }
    }
    assert!(kernels().is_empty() || compared > 300, "only {compared}");
}

/// A constant that a kernel has as an enumerator has the same value there.
#[test]
fn constants_are_the_kernels() {
    let registry = registry();
    let mut compared = 0;
    let kernels = kernels();
    for (kernel, btf) in &kernels {
        for name in registry.constant_names("vmlinux") {
            let Some(there) = btf.enumerator(name) else { continue };
            let here = registry.constant("vmlinux", name).unwrap();
            // An enum that BTF calls signed shows values of the upper half below zero.
            assert!(
                here == there.value || here as u64 == there.value as u64,
                "{name} is {} in {kernel}",
                there.value
            );
            compared += 1;
        }
    }
    assert!(kernels.is_empty() || compared >= 80, "only {compared}");
}

/// What CPython has of the same headers is the same: it reads them when it is built.
#[test]
fn constants_are_cpythons() {
    let registry = registry();
    let program = "import errno, fcntl, mmap, os, signal, socket, stat\n\
        for m in errno, fcntl, mmap, os, signal, socket, stat:\n    \
            for n, v in vars(m).items():\n        \
                if n.isupper() and isinstance(v, int): print(n, int(v))";
    let mut command = std::process::Command::new("python3");
    let done = process::run(command.args(["-c", program]), Duration::from_secs(60)).unwrap();
    let mut compared = 0;
    for (name, there) in done.stdout.lines().filter_map(|line| line.split_once(' ')) {
        let Some(here) = registry.constant("vmlinux", name) else { continue };
        // The C library has values of its own: it keeps two signals for itself, and takes large files for given.
        if !matches!(name, "O_LARGEFILE" | "SIGRTMIN" | "SIGRTMAX") {
            assert_eq!(here.to_string(), there, "{name}");
            compared += 1;
        }
    }
    assert!(compared >= 250, "only {compared}: {}", done.stderr);
}

/// Each pointer that the verifier takes for null is one of a record that a kernel has.
#[test]
fn nullable_fields_are_the_kernels() {
    let kernels = kernels();
    for (folder, manifest) in manifests() {
        for (record, fields) in &manifest.nullable_fields {
            for field in fields {
                let there = kernels.iter().any(|(_, btf)| {
                    let id = btf.find(record, Kind::Struct);
                    id.and_then(|id| btf.member(id, field))
                        .is_some_and(|m| matches!(btf.get(btf.resolve(m.ty)), Type::Ptr(_)))
                });
                assert!(there || kernels.is_empty(), "{}: {record}.{field}", folder.display());
            }
        }
    }
}

/// What a kernel function must look like for a row: the C spelling of a type, as far as rows tell it.
fn argument_fits(kind: &ArgumentKind, spelled: &str) -> bool {
    let pointer = spelled.ends_with('*');
    match kind {
        ArgumentKind::Scalar(_) | ArgumentKind::SizeOf(_) | ArgumentKind::TypeId => !pointer,
        ArgumentKind::Callback(_) => spelled.contains("(*)"),
        ArgumentKind::GraphRoot(root) => spelled.contains(&format!("struct {root} ")),
        ArgumentKind::Kernel(records) => {
            records.split(" | ").any(|record| spelled.contains(&format!("struct {record} ")))
        }
        _ => pointer,
    }
}

/// Whether a parameter is a pointer to what a row says, by kind and width: names of integers differ.
fn pointed_to(btf: &Btf, spelled: &str, to: &str) -> bool {
    let Some(behind) = spelled.strip_suffix('*').map(|text| text.trim().trim_start_matches("const ")) else {
        return false;
    };
    let number = |name: &str| match CType::parse(name) {
        Some(CType::Int { bits, signed }) => Some((bits, signed)),
        _ => None,
    };
    behind == to
        || number(to).is_some_and(|(bits, _)| {
            let id = [Kind::Int, Kind::Typedef].into_iter().find_map(|kind| btf.find(behind, kind));
            id.and_then(|id| btf.size_of(id)) == Some(u64::from(bits) / 8)
        })
}

/// Every function of the newest kernel whose name says that it is for schedulers has a row.
#[test]
fn functions_for_schedulers_have_rows() {
    let registry = registry();
    let Some((_, btf)) = kernels().into_iter().find(|(name, _)| name == "7.3") else { return };
    let is_kernel_function =
        |id: TypeId| btf.decl_tags(id).iter().any(|tag| tag.tag == "bpf_kfunc" && !tag.attribute);
    let is_for_schedulers = |name: &str| name.contains("scx_bpf_") || name.starts_with("bpf_iter_scx_");
    let functions =
        btf.names(Kind::Func).filter(|(name, id)| is_for_schedulers(name) && is_kernel_function(*id));
    let functions: Vec<&str> = functions.map(|(name, _)| name).collect();
    assert!(functions.len() > 70, "only {functions:?}");
    let without: Vec<&&str> = functions.iter().filter(|name| registry.find_helper(name).is_none()).collect();
    assert!(without.is_empty(), "kernel functions without a row: {without:?}");
}

fn result_fits(helper: &Helper, spelled: &str) -> bool {
    match &helper.returns.kind {
        ResultKind::Void => spelled == "void",
        ResultKind::Scalar(_) => spelled != "void" && !spelled.ends_with('*'),
        ResultKind::Kernel(record) | ResultKind::KernelUntrusted(record) => {
            spelled.contains(&format!("struct {record} "))
        }
        _ => spelled.ends_with('*'),
    }
}

#[test]
fn kernel_functions_have_these_prototypes() {
    let registry = registry();
    let mut missing: BTreeSet<&str> = registry
        .helpers()
        .filter(|(_, h)| h.row.call == HelperCall::Kfunc)
        .map(|(_, h)| h.row.name.as_str())
        .collect();
    let kernels = kernels();
    for (kernel, btf) in &kernels {
        for (_, helper) in registry.helpers().filter(|(_, h)| h.row.call == HelperCall::Kfunc) {
            let row = &helper.row;
            let Some(function) = btf.function(&row.name) else { continue };
            missing.remove(row.name.as_str());
            let resolved = |ty| match btf.get(btf.resolve(ty)) {
                Type::Ptr(_) => btf.spell(btf.resolve(ty)),
                _ => btf.spell(ty),
            };
            let params: Vec<String> = function.proto.params().map(|p| resolved(p.ty)).collect();
            assert_eq!(params.len(), row.args.len(), "{} in {kernel}: {params:?}", row.name);
            for (argument, spelled) in row.args.iter().zip(&params) {
                assert!(
                    argument_fits(&argument.kind, spelled),
                    "{} in {kernel}: `{}` is {spelled}",
                    row.name,
                    argument.name
                );
                if let Some(to) = &argument.points_to {
                    let behind = pointed_to(btf, spelled, to);
                    assert!(
                        behind,
                        "{} in {kernel}: `{}` is {spelled}, not to {to}",
                        row.name, argument.name
                    );
                }
            }
            let result = btf.spell(function.proto.ret);
            assert!(result_fits(row, &result), "{} in {kernel}: gives {result}", row.name);
        }
    }
    if kernels.iter().any(|(name, _)| name == "7.3") {
        assert!(missing.is_empty(), "in no kernel here: {missing:?}");
    }
}

/// Each callback and member of a row is in the kernel's struct with that type, and the newest kernel has no other callback.
#[test]
fn callbacks_are_the_kernels() {
    let registry = registry();
    for (kernel, btf) in kernels() {
        for (_, ty) in registry.program_types() {
            let Some(ops) = &ty.row.struct_ops else { continue };
            // Without rows they come from BTF.
            if let Some(record) = btf.find(&ops.record, Kind::Struct).filter(|_| !ops.callbacks.is_empty()) {
                check_struct_ops(&btf, record, ops, &ty.row, &kernel);
            }
        }
    }
}

/// Callbacks that the kernel declares and lets no program stand for: "attach to unsupported member".
const REFUSED: [&str; 2] = ["sub_caps_updated", "sub_ecaps_updated"];

fn check_struct_ops(btf: &Btf, record: TypeId, ops: &StructOpsRow, row: &ProgramType, kernel: &str) {
    let mut unknown: BTreeSet<&str> = ops.callbacks.iter().map(|c| c.name.as_str()).collect();
    unknown.extend(ops.members.keys().map(String::as_str));
    for member in btf.members(record) {
        unknown.remove(member.name);
        let proto = match btf.get(btf.resolve(member.ty)) {
            Type::Ptr(target) => match btf.get(btf.resolve(target)) {
                Type::FuncProto(proto) => Some(proto),
                _ => None,
            },
            _ => None,
        };
        let Some(proto) = proto else { continue };
        let Some(callback) = ops.callbacks.iter().find(|c| c.name == member.name) else {
            assert!(
                REFUSED.contains(&member.name),
                "{}: callback `{}` of {kernel} has no row",
                row.name,
                member.name
            );
            continue;
        };
        let spell = |ty| btf.spell(ty).trim_start_matches("const ").to_owned();
        let bare = |ty: &str| ty.trim_end_matches(" nullable").trim_start_matches("const ").to_owned();
        let there: Vec<String> = proto.params().map(|p| spell(p.ty)).collect();
        let here: Vec<String> = callback.params.iter().map(|(_, ty)| bare(ty)).collect();
        assert_eq!(there, here, "{} of {kernel}", member.name);
        assert_eq!(spell(proto.ret), callback.ret, "{} of {kernel}", member.name);
        assert!(callback.params.iter().all(|(_, ty)| CType::parse(ty).is_some()));
    }
    if kernel == "7.3" {
        assert!(unknown.is_empty(), "{} of {kernel} has no {unknown:?}", ops.record);
    }
}

/// Messages that the verifiers of 6.1, 6.18 and 7.3 and libbpf gave to programs made wrong on purpose, and what finds them.
const SEEN: &[(&str, &str, &str)] = &[
    ("xdp", "R0 invalid mem access 'map_value_or_null'", "map_value_or_null"),
    ("tp_btf", "R0 invalid mem access 'map_value_or_null'", "map_value_or_null"),
    ("xdp", "R1 type=ringbuf_mem_or_null expected=ringbuf_mem", "ringbuf_mem_or_null"),
    ("xdp", "R1 type=alloc_mem_or_null expected=alloc_mem", "alloc_mem_or_null"),
    (
        "kprobe",
        "math between map_value pointer and register with unbounded min value is not allowed",
        "math between",
    ),
    ("kprobe", "R2 min value is negative, either use unsigned or 'var &= const'", "min value is negative"),
    ("kprobe", "invalid access to map value, value_size=64 off=64 size=1", "invalid access to map value"),
    ("xdp", "invalid access to memory, mem_size=8 off=9 size=1", "mem_size="),
    ("xdp", "infinite loop detected at insn 6", "infinite loop"),
    ("xdp", "BPF program is too large. Processed 1000001 insn", "too large"),
    ("xdp", "combined stack size of 2 calls is 640. Too large", "combined stack size"),
    ("tp_btf", "Unreleased reference id=2 alloc_insn=4", "Unreleased reference"),
    ("kprobe", "R6 !read_ok", "!read_ok"),
    ("kprobe", "invalid indirect read from stack R2 off -416+0 size 8", "indirect read from stack"),
    ("kprobe", "invalid write to stack R1 off=-8 size=64", "invalid write to stack"),
    ("kprobe", "invalid indirect access to stack R1 off=-8 size=64", "indirect access to stack"),
    ("kprobe", "cannot call GPL-restricted function from non-GPL compatible program", "GPL-restricted"),
    ("kprobe", "cannot call kernel function from non-GPL compatible program", "kernel function from non-GPL"),
    ("kprobe", "program of this type cannot use helper bpf_xdp_adjust_head#44", "cannot use helper"),
    ("kprobe", "unknown func bpf_xdp_adjust_head#44", "unknown func"),
    ("kprobe", "helper call might sleep in a non-sleepable prog", "might sleep"),
    ("kprobe", "sleepable helper bpf_copy_from_user#148 in non-sleepable prog", "in non-sleepable"),
    ("kprobe", "variable ctx access var_off=(0x0; 0x38) disallowed", "variable ctx"),
    ("kprobe", "invalid bpf_context access off=240 size=8", "bpf_context"),
    ("kprobe", "R1 invalid mem access 'scalar'", "'scalar'"),
    ("kprobe", "tracing progs cannot use bpf_spin_lock yet", "bpf_spin_lock"),
    ("kprobe", "write into map forbidden, value_size=7 off=0 size=4", "write into map"),
    ("kprobe", "failed to create kprobe 'do_unlinkat+0x0' perf event: -ENOENT", "-ENOENT"),
    ("kprobe", "failed to create kretprobe 'nowhere+0x0' perf event: -ENOENT", "-ENOENT"),
    ("tracepoint", "invalid bpf_context access off=0 size=2", "off=0 "),
    ("tracepoint", "invalid bpf_context access off=24 size=8", "bpf_context access"),
    ("tracepoint", "failed to create BPF link for perf_event FD 5: -EACCES", "-EACCES"),
    ("tracepoint", "failed to determine tracepoint 'a/b' perf event ID: -ENOENT", "determine tracepoint"),
    ("tracepoint", "tracing progs cannot use bpf_timer yet", "bpf_timer"),
    ("raw_tracepoint", "invalid bpf_context access off=3200 size=8", "bpf_context access"),
    ("raw_tracepoint", "failed to attach to raw tracepoint 'nowhere': -ENOENT", "raw tracepoint"),
    ("tp_btf", "func 'sched_switch' doesn't have 7-th argument", "-th argument"),
    ("tp_btf", "R1 invalid mem access 'trusted_ptr_or_null_'", "trusted_ptr_or_null_"),
    ("tp_btf", "only read is supported", "only read"),
    ("tp_btf", "Possibly NULL pointer passed to trusted arg0", "Possibly NULL"),
    (
        "tp_btf",
        "release kfunc bpf_task_release expects referenced PTR_TO_BTF_ID passed to R1",
        "release kfunc",
    ),
    ("tp_btf", "failed to find kernel BTF type ID of 'nowhere': -ESRCH", "kernel BTF type ID"),
    ("xdp", "invalid access to packet, off=12 size=1, R1(id=0,off=12,r=0)", "r=0)"),
    ("xdp", "invalid access to packet, off=20 size=1, R1(id=0,off=20,r=14)", "(id=0,"),
    ("xdp", "invalid access to packet, off=14 size=1, R1(id=1,off=14,r=0)", "to packet"),
    ("xdp", "R1 offset is outside of the packet", "outside of the packet"),
    ("xdp", "R1 invalid mem access 'pkt_end'", "pkt_end"),
    ("xdp", "R1 pointer arithmetic on pkt_end prohibited", "on pkt_end"),
    ("xdp", "R6 invalid mem access 'scalar'", "'scalar'"),
    ("xdp", "invalid bpf_context access off=20 size=4", "off=20"),
    ("xdp", "program of this type cannot use helper bpf_get_stackid#27", "bpf_get_stack"),
    ("xdp", "function calls are not allowed while holding a lock", "holding a lock"),
    ("xdp", "bpf_spin_unlock is missing", "bpf_spin_unlock"),
    (
        "xdp",
        "BPF_EXIT instruction in main prog cannot be used inside bpf_spin_lock-ed region",
        "spin_lock-ed",
    ),
    ("xdp", "bpf_spin_lock cannot be accessed directly by load/store", "accessed directly"),
    ("xdp", "R2 is not a known constant'", "known constant"),
    ("xdp", "R2 is not a const", "not a const"),
    (
        "xdp",
        "At callback return the register R0 has smin=2 smax=2 should have been in [0, 1]",
        "callback return",
    ),
    ("xdp", "misaligned stack access off 0+0+-15 size 4", "misaligned"),
    ("xdp", "expected prog array map for tail call", "prog array"),
    ("xdp", "cannot pass map_type 1 into func bpf_perf_event_output#25", "map_type"),
    ("xdp", "R2 type=scalar expected=fp, pkt, pkt_meta, map_key, map_value", "expected="),
    ("sched-ext", "calling kernel function scx_bpf_create_dsq is not allowed", "create_dsq"),
    ("sched-ext", "calling kernel function scx_bpf_dsq_move_to_local is not allowed", "move_to_local"),
    (
        "sched-ext",
        "program must be sleepable to call sleepable kfunc scx_bpf_create_dsq",
        "must be sleepable",
    ),
    ("sched-ext", "R1 invalid mem access 'trusted_ptr_or_null_'", "trusted_ptr_or_null_"),
    ("sched-ext", "R0 invalid mem access 'rcu_ptr_or_null_'", "rcu_ptr_or_null_"),
    ("sched-ext", "R1 must be a rcu pointer", "rcu pointer"),
    ("sched-ext", "R1 is scalar expected STRUCT task_struct", "is scalar"),
    ("sched-ext", "R1 cannot write into ptr_task_struct at off=2872 size=4", "cannot write"),
    ("sched-ext", "Unreleased reference id=1 alloc_insn=0", "Unreleased"),
    ("sched-ext", "Possibly NULL pointer passed to trusted R2", "Possibly NULL"),
    ("sched-ext", "func 'enqueue' doesn't have 4-th argument", "-th argument"),
    ("sched-ext", "attach to unsupported member select_cpu of struct sched_ext_ops", "unsupported member"),
    ("sched-ext", "struct_ops init_kern: struct sched_ext_ops is not found in kernel BTF", "not found"),
    (
        "sched-ext",
        "failed to resolve CO-RE relocation <byte_off> [5] struct task_struct.nosuch (0:0 @ offset 0)",
        "CO-RE relocation",
    ),
];

#[test]
fn messages_that_were_seen_are_explained() {
    let registry = registry();
    for (ty, message, part) in SEEN {
        let ty = registry.find_program_type(ty).unwrap();
        let found = registry.explanations(Some(ty)).find(|e| e.matches(message));
        let found = found.unwrap_or_else(|| panic!("nothing explains `{message}`"));
        assert!(found.pattern.contains(part), "`{message}` is explained by `{}`", found.pattern);
    }
}

/// The enumerators of the kernels' `enum bpf_map_type`, by number. Of two names for one number the earlier is the old one.
fn map_types(btf: &Btf) -> Vec<(u32, String)> {
    let found = btf.find("bpf_map_type", Kind::Enum).unwrap();
    let Type::Enum(found) = btf.get(found) else { panic!("bpf_map_type is no enum") };
    let named = found.variants().filter_map(|variant| {
        let name = variant.name.strip_prefix("BPF_MAP_TYPE_")?.to_ascii_lowercase();
        Some((u32::try_from(variant.value).unwrap(), name))
    });
    named.collect()
}

#[test]
fn every_kind_of_map_of_every_kernel_has_a_row() {
    let registry = registry();
    for (kernel, btf) in kernels() {
        for (number, name) in map_types(&btf) {
            let row = registry.map_kinds().find(|k| k.id == number);
            let row = row.unwrap_or_else(|| panic!("kernel {kernel}: no row for map kind {name} ({number})"));
            let deprecated = name.ends_with("_deprecated");
            assert!(deprecated || row.name == name, "kernel {kernel}: {number} is {name}, not {}", row.name);
        }
    }
}

#[test]
fn rows_of_maps_name_what_is_there() {
    let registry = registry();
    for kind in registry.map_kinds() {
        assert!(kind.doc.ends_with('.') && kind.since.is_some(), "{}", kind.name);
        assert_eq!(kind.flags_always & !kind.flags_allowed(), 0, "{}", kind.name);
        if let MapKey::Object(object) = &kind.key {
            // A plugin that brings the helpers may come later.
            let both = [&object.get, &object.delete].map(|name| registry.find_helper(name).is_some());
            assert_eq!(both[0], both[1], "{}", kind.name);
        }
        for method in registry.map_methods(&kind.name) {
            assert!(method.doc.ends_with('.'), "{}.{}", kind.name, method.name);
            if method.helper.is_empty() {
                continue;
            }
            let helper = registry.find_helper(&method.helper);
            let helper = &registry.helper(helper.unwrap_or_else(|| panic!("no `{}`", method.helper))).row;
            let set = method.fixed.keys().chain(method.options.values().map(|(name, _)| name));
            for name in set.chain(&method.typed) {
                assert!(helper.args.iter().any(|a| a.name == *name), "{}.{}: {name}", kind.name, method.name);
            }
            for arg in &helper.args {
                let ArgumentKind::Map(kinds) = &arg.kind else { continue };
                assert!(kinds.is_empty() || kinds.contains(&kind.name), "{}.{}", kind.name, method.name);
            }
        }
    }
}

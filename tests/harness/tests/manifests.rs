//! The shipped plugins' manifests: they parse, they fit together, and what they say of the kernel is so.
//!
//! Promises: each manifest in the tree is looked at; numbers, prototypes and callbacks are held against the BTF of the running
//! kernel and of the VM kernels that are there. Leaves out: which program type may call which helper, which needs privileges.

#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use pbpf_core::btf::{Btf, Kind, Type, TypeId};
use pbpf_core::registry::Registry;
use pbpf_core::rows::{
    Access, ArgumentKind, CType, Helper, HelperCall, Manifest, ProgramType, ResultKind, StructOpsRow,
};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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

/// What a kernel function must look like for a row: the C spelling of a type, as far as rows tell it.
fn argument_fits(kind: &ArgumentKind, spelled: &str) -> bool {
    let pointer = spelled.ends_with('*');
    match kind {
        ArgumentKind::Scalar(_) | ArgumentKind::SizeOf(_) => !pointer,
        ArgumentKind::Kernel(record) => spelled.contains(&format!("struct {record} ")),
        _ => pointer,
    }
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
            let params: Vec<String> = function.proto.params().map(|p| btf.spell(p.ty)).collect();
            assert_eq!(params.len(), row.args.len(), "{} in {kernel}: {params:?}", row.name);
            for (argument, spelled) in row.args.iter().zip(&params) {
                assert!(
                    argument_fits(&argument.kind, spelled),
                    "{} in {kernel}: `{}` is {spelled}",
                    row.name,
                    argument.name
                );
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
            if let Some(record) = btf.find(&ops.record, Kind::Struct) {
                check_struct_ops(&btf, record, ops, &ty.row, &kernel);
            }
        }
    }
}

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
            panic!("{}: callback `{}` of {kernel} has no row", row.name, member.name);
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

//! The BTF reader against the running kernel and against `bpftool`.
//!
//! Promises that each type reads as bpftool reads it, and that members through anonymous records lie where the ABI
//! says. Leaves out kernels other than the running one, unless `PBPF_TEST_BTF` names a file. Skips, and says so, where
//! there is no kernel BTF or no bpftool.
#![allow(clippy::unwrap_used)] // A test that panics is a test that fails.
#![allow(clippy::print_stdout)] // A measurement is printed.

use pbpf_core::btf::{Btf, Kind, Linkage, Type, TypeId};
use serde_json::Value;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

fn path() -> String {
    std::env::var("PBPF_TEST_BTF").unwrap_or_else(|_| "/sys/kernel/btf/vmlinux".to_owned())
}

/// Past the test runner's capture, which takes what the printing macros write, so that a skip is seen.
fn skip(test: &str, why: &str) {
    let line = format!("SKIPPED {test}: {why}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

fn kernel(test: &str) -> Option<Btf> {
    match std::fs::read(path()) {
        Ok(bytes) => Some(Btf::new(Arc::new(bytes)).unwrap()),
        Err(error) => {
            skip(test, &format!("{}: {error}", path()));
            None
        }
    }
}

fn named(name: &str) -> &str {
    if name.is_empty() { "(anon)" } else { name }
}

fn linkage(linkage: Linkage) -> &'static str {
    match linkage {
        Linkage::Static => "static",
        Linkage::Global => "global",
        Linkage::Extern => "extern",
        Linkage::Unknown(_) => "(unknown)",
    }
}

/// One line for a type as the reader gives it, in the words of [`theirs`].
fn ours(btf: &Btf, id: TypeId) -> String {
    let ty = btf.get(id);
    let mut line = format!("{} ", named(btf.name(id)));
    match ty {
        Type::Int(int) => {
            let encoding = match (int.signed, int.char, int.bool) {
                (false, false, false) => "(none)",
                (true, false, false) => "SIGNED",
                (false, true, false) => "CHAR",
                (false, false, true) => "BOOL",
                _ => "UNKN",
            };
            write!(line, "INT {} {} {} {encoding}", int.size, int.bit_offset, int.bits).unwrap();
        }
        Type::Ptr(id) => write!(line, "PTR {}", id.0).unwrap(),
        Type::Const(id) => write!(line, "CONST {}", id.0).unwrap(),
        Type::Volatile(id) => write!(line, "VOLATILE {}", id.0).unwrap(),
        Type::Restrict(id) => write!(line, "RESTRICT {}", id.0).unwrap(),
        Type::Typedef { target, .. } => write!(line, "TYPEDEF {}", target.0).unwrap(),
        Type::TypeTag { target, .. } => write!(line, "TYPE_TAG {}", target.0).unwrap(),
        Type::Array(a) => write!(line, "ARRAY {} {} {}", a.element.0, a.index.0, a.len).unwrap(),
        Type::Struct(record) | Type::Union(record) => {
            let kind = if matches!(ty, Type::Struct(_)) { "STRUCT" } else { "UNION" };
            write!(line, "{kind} {}", record.size).unwrap();
            for m in record.members() {
                write!(line, " {} {} {} {:?}", named(m.name), m.ty.0, m.bit_offset, m.bitfield).unwrap();
            }
        }
        Type::Enum(item) => {
            write!(line, "ENUM {} {}", item.size, item.signed).unwrap();
            for v in item.variants() {
                write!(line, " {} {}", named(v.name), v.value).unwrap();
            }
        }
        Type::Fwd { union, .. } => write!(line, "FWD {}", if union { "union" } else { "struct" }).unwrap(),
        Type::Func(f) => write!(line, "FUNC {} {}", f.proto_id.0, linkage(f.linkage)).unwrap(),
        Type::FuncProto(proto) => {
            write!(line, "FUNC_PROTO {}", proto.ret.0).unwrap();
            for p in proto.params() {
                write!(line, " {} {}", named(p.name), p.ty.0).unwrap();
            }
            line.push_str(if proto.is_variadic() { " (anon) 0" } else { "" });
        }
        Type::Var(var) => write!(line, "VAR {} {}", var.ty.0, linkage(var.linkage)).unwrap(),
        Type::DataSec(section) => {
            write!(line, "DATASEC {}", section.size).unwrap();
            for v in section.vars() {
                write!(line, " {} {} {}", v.var.0, v.offset, v.size).unwrap();
            }
        }
        Type::Float { size, .. } => write!(line, "FLOAT {size}").unwrap(),
        Type::DeclTag(tag) => {
            let component = tag.component.map_or(-1, i64::from);
            write!(line, "DECL_TAG {} {component}", tag.target.0).unwrap();
        }
        Type::Void | Type::Invalid => line.push_str("invalid"),
    }
    line
}

/// The same line from bpftool's JSON.
fn theirs(ty: &Value) -> String {
    let kind = ty["kind"].as_str().unwrap();
    let mut line = format!("{} {}", ty["name"].as_str().unwrap(), kind.trim_end_matches("64"));
    let mut put = |value: &Value| match value {
        Value::String(text) => write!(line, " {text}").unwrap(),
        value => write!(line, " {value}").unwrap(),
    };
    let fields: &[&str] = match kind {
        "INT" => &["size", "bits_offset", "nr_bits", "encoding"],
        "ARRAY" => &["type_id", "index_type_id", "nr_elems"],
        "STRUCT" | "UNION" | "DATASEC" | "FLOAT" | "ENUM" | "ENUM64" => &["size"],
        "FWD" => &["fwd_kind"],
        "FUNC" | "VAR" => &["type_id", "linkage"],
        "FUNC_PROTO" => &["ret_type_id"],
        "DECL_TAG" => &["type_id", "component_idx"],
        _ => &["type_id"],
    };
    for field in fields {
        put(&ty[field]);
    }
    if kind.starts_with("ENUM") {
        put(&Value::Bool(ty["encoding"] == "SIGNED"));
    }
    let rows: [(&str, &[&str]); 4] = [
        ("members", &["name", "type_id", "bits_offset", "bitfield_size"]),
        ("values", &["name", "val"]),
        ("params", &["name", "type_id"]),
        ("vars", &["type_id", "offset", "size"]),
    ];
    for (list, fields) in rows {
        for row in ty[list].as_array().into_iter().flatten() {
            for field in fields {
                match &row[field] {
                    // bpftool 7.1 sign-extends unsigned 32-bit values in JSON.
                    value if *field == "val" && kind == "ENUM" && ty["encoding"] == "UNSIGNED" => {
                        put(&Value::from(value.as_u64().unwrap() as u32));
                    }
                    value if *field == "bitfield_size" => put(&format!("{:?}", value.as_u64()).into()),
                    value => put(value),
                }
            }
        }
    }
    line
}

#[test]
fn every_type_reads_as_in_bpftool() {
    let Some(btf) = kernel("every_type_reads_as_in_bpftool") else { return };
    let dump = Command::new("bpftool").args(["-j", "btf", "dump", "file", &path(), "format", "raw"]).output();
    let dump = match dump {
        Ok(output) if output.status.success() => output.stdout,
        other => {
            let why =
                other.map_or_else(|e| e.to_string(), |o| String::from_utf8_lossy(&o.stderr).into_owned());
            return skip("every_type_reads_as_in_bpftool", &format!("bpftool: {why}"));
        }
    };
    let dump: Value = serde_json::from_slice(&dump).unwrap();
    let types = dump["types"].as_array().unwrap();
    assert_eq!(btf.check(), Ok(()));
    assert_eq!(btf.len() as usize, types.len());
    for ty in types {
        let id = ty["id"].as_u64().unwrap();
        assert_eq!(ours(&btf, TypeId(id as u32)), theirs(ty), "[{id}]");
    }
}

/// Member, bit offset, bits of a bitfield, spelling.
type Row = (&'static str, u64, Option<u32>, &'static str);

/// Layouts that user space relies on, so that they hold for each x86-64 kernel.
const ABI: &[(&str, u64, &[Row])] = &[
    (
        "ethhdr",
        14,
        &[
            ("h_dest", 0, None, "unsigned char[6]"),
            ("h_source", 48, None, "unsigned char[6]"),
            ("h_proto", 96, None, "__be16"),
        ],
    ),
    (
        "iphdr",
        20,
        &[
            ("ihl", 0, Some(4), "__u8"),
            ("version", 4, Some(4), "__u8"),
            ("tos", 8, None, "__u8"),
            ("tot_len", 16, None, "__be16"),
            ("protocol", 72, None, "__u8"),
            ("saddr", 96, None, "__be32"),
            ("daddr", 128, None, "__be32"),
        ],
    ),
    (
        "tcphdr",
        20,
        &[("source", 0, None, "__be16"), ("doff", 100, Some(4), "__u16"), ("window", 112, None, "__be16")],
    ),
    (
        "bpf_insn",
        8,
        &[
            ("code", 0, None, "__u8"),
            ("dst_reg", 8, Some(4), "__u8"),
            ("src_reg", 12, Some(4), "__u8"),
            ("off", 16, None, "__s16"),
            ("imm", 32, None, "__s32"),
        ],
    ),
    ("xdp_md", 24, &[("data", 0, None, "__u32"), ("data_end", 32, None, "__u32")]),
    (
        "sock_common",
        136,
        &[
            ("skc_addrpair", 0, None, "__addrpair"),
            ("skc_daddr", 0, None, "__be32"),
            ("skc_rcv_saddr", 32, None, "__be32"),
            ("skc_hash", 64, None, "unsigned int"),
            ("skc_dport", 96, None, "__be16"),
            ("skc_num", 112, None, "__u16"),
            ("skc_family", 128, None, "short unsigned int"),
        ],
    ),
];

#[test]
fn members_lie_where_the_abi_says() {
    let Some(btf) = kernel("members_lie_where_the_abi_says") else { return };
    for (name, size, rows) in ABI {
        let record = btf.find(name, Kind::Struct).unwrap_or_else(|| panic!("no struct {name}"));
        assert_eq!(btf.size_of(record), Some(*size), "{name}");
        for (member, bits, bitfield, spelling) in *rows {
            let path = btf.member(record, member).unwrap_or_else(|| panic!("no {name}.{member}"));
            let found = (path.bit_offset, path.bitfield, btf.spell(path.ty));
            assert_eq!(found, (*bits, *bitfield, (*spelling).to_owned()), "{name}.{member}");
        }
    }
}

#[test]
fn members_of_large_records() {
    let Some(btf) = kernel("members_of_large_records") else { return };
    let rows = [
        ("task_struct", "pid", "pid_t"),
        ("task_struct", "comm", "char[16]"),
        ("task_struct", "real_parent", "struct task_struct *"),
        ("task_struct", "in_execve", "unsigned int"),
        ("sk_buff", "len", "unsigned int"),
        ("sk_buff", "dev", "struct net_device *"),
        ("sk_buff", "protocol", "__be16"),
        ("sk_buff", "pkt_type", "__u8"),
        ("perf_event_attr", "sample_period", "__u64"),
        ("perf_event_attr", "disabled", "__u64"),
        ("perf_event_attr", "config2", "__u64"),
        ("file", "f_op", "const struct file_operations *"),
        ("file_operations", "llseek", "loff_t (*)(...)"),
    ];
    for (record, member, spelling) in rows {
        let id = btf.find(record, Kind::Struct).unwrap();
        let path = btf.member(id, member).unwrap_or_else(|| panic!("no {record}.{member}"));
        assert_eq!(btf.spell(path.ty), spelling, "{record}.{member}");
        // The steps lead to the member, and the offsets on the way add up.
        let mut bits = 0;
        for (i, step) in path.steps.iter().enumerate() {
            let (Type::Struct(at) | Type::Union(at)) = btf.get(step.record) else {
                panic!("{record}.{member}")
            };
            let here = at.member(step.index as usize).unwrap();
            bits += here.bit_offset;
            assert_eq!(here.name, if i + 1 == path.steps.len() { member } else { "" }, "{record}.{member}");
        }
        assert_eq!(bits, path.bit_offset, "{record}.{member}");
    }
    let attr = btf.find("perf_event_attr", Kind::Struct).unwrap();
    let exclude_user = btf.member(attr, "exclude_user").unwrap();
    assert_eq!((exclude_user.bit_offset, exclude_user.bitfield), (40 * 8 + 4, Some(1)));
}

#[test]
fn enumerators_functions_and_tags() {
    let Some(btf) = kernel("enumerators_functions_and_tags") else { return };
    assert_eq!(btf.enumerator("XDP_PASS").unwrap().value, 2);
    assert_eq!(btf.enumerator("BPF_MAP_TYPE_RINGBUF").unwrap().value, 27);
    assert_eq!(btf.enumerator("XDP_PAS"), None);
    assert!(btf.enumerator_names().any(|name| name == "IPPROTO_TCP"));
    assert!(btf.record_names().any(|name| name == "task_struct"));
    let function = btf.function("bpf_prog_put").unwrap();
    let params: Vec<_> = function.proto.params().map(|p| (p.name, btf.spell(p.ty))).collect();
    assert_eq!(params, [("prog", "struct bpf_prog *".to_owned())]);
    // Kernels before 6.10 tag no kfunc.
    let tagged = btf.function("bpf_task_acquire").map(|kfunc| btf.decl_tags(kfunc.id));
    match tagged.as_deref() {
        None | Some([]) => skip("decl_tags", "this kernel tags no kfunc"),
        Some(tags) => assert!(tags.iter().any(|tag| tag.tag == "bpf_kfunc" && tag.component.is_none())),
    }
}

/// How long the first lookups take: `cargo test --release -p pbpf-core --test btf_kernel -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn cold_lookup_time() {
    let timed = |what: &dyn Fn() -> bool| {
        let start = Instant::now();
        assert!(what());
        start.elapsed()
    };
    for _ in 0..5 {
        let Some(btf) = kernel("cold_lookup_time") else { return };
        let find = |name| btf.find(name, Kind::Struct).unwrap();
        let cold = timed(&|| {
            let task = find("task_struct");
            ["pid", "tgid", "comm", "real_parent", "start_time"].iter().all(|m| btf.member(task, m).is_some())
        });
        let again = timed(&|| find("sk_buff").0 != 0);
        let enumerator = timed(&|| btf.enumerator("XDP_PASS").is_some());
        let function = timed(&|| btf.function("bpf_task_acquire").is_some());
        let missing = timed(&|| btf.find("task_strukt", Kind::Struct).is_none());
        let nearest = timed(&|| {
            let names = btf.names(Kind::Func).map(|(name, _)| name);
            pbpf_core::names::nearest("bpf_taks_acquire", names) == Some("bpf_task_acquire")
        });
        println!(
            "task_struct and 5 members, cold: {cold:?}; another struct {again:?}; an enumerator {enumerator:?}; \
             a function {function:?}; a miss {missing:?}; \
             the nearest of all functions {nearest:?}"
        );
    }
}

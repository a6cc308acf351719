//! Tests of the BTF reader on BTF that they write themselves.
//!
//! Promises each kind and each question once, and each refusal. Leaves out a real kernel's BTF
//! (`core/tests/btf_kernel.rs`) and damaged bytes at large (`damage`).
#![allow(clippy::unwrap_used)] // A test that panics is a test that fails.

mod damage;

use super::builder::Builder;
use super::index::raw;
use super::*;

/// A little kernel: one of each kind.
fn sample() -> Builder {
    let mut b = Builder::new();
    let int = b.int("int", 4, 1); // 1
    let long = b.int("long unsigned int", 8, 0); // 2
    let char = b.int("char", 1, 1 | 2); // 3
    b.int("_Bool", 1, 4); // 4
    let comm = b.array(char, 16); // 5
    let pid_t = b.link(raw::TYPEDEF, "pid_t", int); // 6
    let inner = b.record(raw::UNION, "", false, 8, &[("utime", long, 0), ("parts", 9, 0)]); // 7
    let flags = b.record(raw::STRUCT, "", true, 4, &[("low", int, 3 << 24), ("high", int, 5 << 24 | 3)]); // 8
    b.array(int, 2); // 9
    let task = b.record(
        raw::STRUCT,
        "task",
        false,
        56,
        &[
            ("pid", pid_t, 0),
            ("", flags, 32),
            ("", inner, 64),
            ("comm", comm, 128),
            ("parent", 11, 256),
            ("tail", 12, 320),
        ],
    ); // 10
    b.link(raw::PTR, "", task); // 11
    b.array(long, 0); // 12
    b.link(raw::FWD, "opaque", 0); // 13
    let const_char = b.link(raw::CONST, "", char); // 14
    let string = b.link(raw::PTR, "", const_char); // 15
    let tagged = b.link(raw::TYPE_TAG, "user", task); // 16
    b.link(raw::PTR, "", tagged); // 17
    let proto = b.proto(int, &[("p", 11), ("name", string), ("", 0)]); // 18
    let f = b.link(raw::FUNC, "do_it", proto); // 19
    let tag = b.string("kfunc");
    b.raw(tag, raw::DECL_TAG, false, 0, f, &[u32::MAX]); // 20
    let tag = b.string("arg:ctx");
    b.raw(tag, raw::DECL_TAG, false, 0, f, &[0]); // 21
    b.enum32("state", true, &[("RUNNING", 0), ("GONE", u32::MAX)]); // 22
    b.enum32("", false, &[("BIG", u32::MAX)]); // 23
    b.enum64("wide", false, &[("WIDE_ALL", u64::MAX)]); // 24
    b.enum64("wide_signed", true, &[("WIDE_LEAST", i64::MIN.cast_unsigned())]); // 25
    let name = b.string("runqueues");
    let var = b.raw(name, raw::VAR, false, 0, task, &[1]); // 26
    let name = b.string(".data..percpu");
    b.raw(name, raw::DATASEC, false, 1, 64, &[var, 8, 56]); // 27
    let name = b.string("double");
    b.raw(name, raw::FLOAT, false, 0, 8, &[]); // 28
    let callback = b.proto(0, &[]); // 29
    b.link(raw::PTR, "", callback); // 30
    b.link(raw::VOLATILE, "", int); // 31
    b.link(raw::RESTRICT, "", 15); // 32
    b
}

#[test]
fn finds_by_kind_and_not_by_kind() {
    let btf = sample().build();
    assert_eq!(btf.find("task", Kind::Struct), Some(TypeId(10)));
    assert_eq!(btf.find("task", Kind::Union), None);
    assert_eq!(btf.find("opaque", Kind::Struct), None, "a forward declaration is no definition");
    assert_eq!(btf.find("pid_t", Kind::Typedef), Some(TypeId(6)));
    assert_eq!(btf.find("do_it", Kind::Func), Some(TypeId(19)));
    assert_eq!(btf.find("runqueues", Kind::Var), Some(TypeId(26)));
    assert_eq!(btf.find("wide", Kind::Enum), Some(TypeId(24)));
    assert_eq!(btf.find("int", Kind::Int), Some(TypeId(1)));
    assert_eq!(btf.find("double", Kind::Float), Some(TypeId(28)));
    assert_eq!(btf.find(".data..percpu", Kind::DataSec), Some(TypeId(27)));
    for odd in ["", "\0", "task\0", "tas", "ask", "no such type"] {
        assert_eq!(btf.find(odd, Kind::Struct), None, "{odd:?}");
    }
    assert_eq!(btf.check(), Ok(()));
    assert_eq!(btf.len(), 32);
}

#[test]
fn decodes_each_kind() {
    let btf = sample().build();
    let Type::Int(int) = btf.get(TypeId(1)) else { panic!() };
    assert_eq!((int.name, int.size, int.bits, int.signed, int.bool), ("int", 4, 32, true, false));
    let Type::Int(char) = btf.get(TypeId(3)) else { panic!() };
    assert!(char.char && char.signed);
    let Type::Int(bool) = btf.get(TypeId(4)) else { panic!() };
    assert!(bool.bool && !bool.signed);
    assert!(matches!(btf.get(TypeId(11)), Type::Ptr(TypeId(10))));
    assert!(matches!(btf.get(TypeId(5)), Type::Array(Array { element: TypeId(3), len: 16, .. })));
    assert!(matches!(btf.get(TypeId(13)), Type::Fwd { name: "opaque", union: false }));
    assert!(matches!(btf.get(TypeId(6)), Type::Typedef { name: "pid_t", target: TypeId(1) }));
    assert!(matches!(btf.get(TypeId(14)), Type::Const(TypeId(3))));
    assert!(matches!(btf.get(TypeId(31)), Type::Volatile(TypeId(1))));
    assert!(matches!(btf.get(TypeId(32)), Type::Restrict(TypeId(15))));
    assert!(matches!(
        btf.get(TypeId(16)),
        Type::TypeTag { tag: "user", attribute: false, target: TypeId(10) }
    ));
    let Type::Var(var) = btf.get(TypeId(26)) else { panic!() };
    assert_eq!((var.name, var.ty, var.linkage), ("runqueues", TypeId(10), Linkage::Global));
    let Type::DataSec(section) = btf.get(TypeId(27)) else { panic!() };
    assert_eq!(section.vars().collect::<Vec<_>>(), [SectionVar { var: TypeId(26), offset: 8, size: 56 }]);
    assert!(matches!(btf.get(TypeId(28)), Type::Float { name: "double", size: 8 }));
    assert!(matches!(btf.get(TypeId::VOID), Type::Void));
    assert!(matches!(btf.get(TypeId(33)), Type::Invalid));
    assert!(matches!(btf.get(TypeId::INVALID), Type::Invalid));
    assert_eq!(btf.name(TypeId(10)), "task");
    assert_eq!(btf.name(TypeId(33)), "");
}

#[test]
fn sizes() {
    let btf = sample().build();
    let expected =
        [(1, 4), (5, 16), (6, 4), (9, 8), (10, 56), (11, 8), (12, 0), (22, 4), (24, 8), (26, 56), (28, 8)];
    for (id, size) in expected {
        assert_eq!(btf.size_of(TypeId(id)), Some(size), "[{id}]");
    }
    for id in [0, 13, 18, 19, 20, 99] {
        assert_eq!(btf.size_of(TypeId(id)), None, "[{id}]");
    }
}

#[test]
fn members_through_anonymous_records() {
    let btf = sample().build();
    let task = btf.find("task", Kind::Struct).unwrap();
    let pid = btf.member(task, "pid").unwrap();
    assert_eq!((pid.steps.len(), pid.bit_offset, pid.ty), (1, 0, TypeId(6)));
    let high = btf.member(task, "high").unwrap();
    let step = |record, index| MemberStep { record: TypeId(record), index };
    assert_eq!(high.steps, [step(10, 1), step(8, 1)]);
    assert_eq!((high.bit_offset, high.bitfield), (35, Some(5)));
    let parts = btf.member(task, "parts").unwrap();
    assert_eq!((parts.steps.as_slice(), parts.bit_offset), ([step(10, 2), step(7, 1)].as_slice(), 64));
    assert_eq!(btf.member(task, "nothing"), None);
    assert_eq!(btf.member(task, ""), None);
    assert_eq!(btf.member(TypeId(1), "pid"), None);
    assert_eq!(btf.member(TypeId(16), "pid").unwrap(), pid, "through a tag");
    let names: Vec<_> = btf.members(task).iter().map(|m| m.name).collect();
    assert_eq!(names, ["pid", "low", "high", "utime", "parts", "comm", "parent", "tail"]);
}

#[test]
fn bitfields_of_old_encoders() {
    let mut b = Builder::new();
    let int = b.int("int", 4, 0);
    let name = b.string("int");
    let narrow = b.raw(name, raw::INT, false, 0, 4, &[2 << 16 | 3]);
    b.record(raw::STRUCT, "s", false, 8, &[("whole", int, 0), ("three", narrow, 32)]);
    let btf = b.build();
    let s = btf.find("s", Kind::Struct).unwrap();
    assert_eq!(btf.member(s, "whole").unwrap().bitfield, None);
    let three = btf.member(s, "three").unwrap();
    assert_eq!((three.bit_offset, three.bitfield), (34, Some(3)));
}

#[test]
fn enumerators_of_any_width_and_sign() {
    let btf = sample().build();
    let value = |name| btf.enumerator(name).map(|e| (e.value, e.enum_id.0));
    assert_eq!(value("GONE"), Some((-1, 22)));
    assert_eq!(value("BIG"), Some((i128::from(u32::MAX), 23)));
    assert_eq!(value("WIDE_ALL"), Some((i128::from(u64::MAX), 24)));
    assert_eq!(value("WIDE_LEAST"), Some((i128::from(i64::MIN), 25)));
    assert_eq!(value("state"), None);
    let of_state: Vec<_> = btf.enumerators(TypeId(22)).map(|v| (v.name, v.value)).collect();
    assert_eq!(of_state, [("RUNNING", 0), ("GONE", -1)]);
    assert_eq!(btf.enumerators(TypeId(1)).count(), 0);
    let all: Vec<_> = btf.enumerator_names().collect();
    assert_eq!(all, ["RUNNING", "GONE", "BIG", "WIDE_ALL", "WIDE_LEAST"]);
}

#[test]
fn functions_and_their_tags() {
    let btf = sample().build();
    let f = btf.function("do_it").unwrap();
    assert_eq!((f.id, f.proto_id, f.proto.ret), (TypeId(19), TypeId(18), TypeId(1)));
    assert!(f.proto.is_variadic());
    let params: Vec<_> = f.proto.params().map(|p| (p.name, p.ty.0)).collect();
    assert_eq!(params, [("p", 11), ("name", 15)]);
    assert_eq!(f.proto.len(), 2);
    let tags: Vec<_> = btf.decl_tags(f.id).iter().map(|t| (t.tag, t.component)).collect();
    assert_eq!(tags, [("kfunc", None), ("arg:ctx", Some(0))]);
    assert!(btf.decl_tags(TypeId(1)).is_empty());
    assert!(btf.function("task").is_none());
}

#[test]
fn names_for_suggestions() {
    let btf = sample().build();
    assert_eq!(btf.record_names().collect::<Vec<_>>(), ["task"]);
    assert_eq!(btf.names(Kind::Enum).count(), 3, "anonymous ones have no name");
}

#[test]
fn spells_as_c_does() {
    let mut b = sample();
    let pointers = b.array(15, 4); // 33
    b.link(raw::PTR, "", pointers); // 34
    b.array(30, 3); // 35
    let const_pointer = b.link(raw::CONST, "", 11); // 36
    b.link(raw::PTR, "", const_pointer); // 37
    let btf = b.build();
    let expected = [
        (0, "void"),
        (6, "pid_t"),
        (7, "union {...}"),
        (5, "char[16]"),
        (11, "struct task *"),
        (13, "struct opaque"),
        (15, "const char *"),
        (17, "struct task *"),
        (22, "enum state"),
        (30, "void (*)(void)"),
        (18, "int (...)"),
        (31, "volatile int"),
        (33, "const char *[4]"),
        (34, "const char *(*)[4]"),
        (35, "void (*[3])(void)"),
        (36, "struct task *const"),
        (37, "struct task *const *"),
        (99, "invalid type"),
    ];
    for (id, text) in expected {
        assert_eq!(btf.spell(TypeId(id)), text, "[{id}]");
    }
}

#[test]
fn names_that_share_an_ending_or_come_twice() {
    let mut b = Builder::new();
    let long = b.append("sub_task");
    b.raw(long, raw::STRUCT, false, 0, 1, &[]);
    b.raw(long + 4, raw::STRUCT, false, 0, 2, &[]);
    let again = b.append("task");
    b.raw(again, raw::UNION, false, 0, 3, &[]);
    let btf = b.build();
    assert_eq!(btf.find("sub_task", Kind::Struct), Some(TypeId(1)));
    assert_eq!(btf.find("task", Kind::Struct), Some(TypeId(2)));
    assert_eq!(btf.find("task", Kind::Union), Some(TypeId(3)));
}

#[test]
fn rings_end() {
    let mut b = Builder::new();
    b.link(raw::TYPEDEF, "a", 2); // 1
    b.link(raw::CONST, "", 1); // 2
    b.array(4, u32::MAX); // 3
    b.array(3, u32::MAX); // 4
    let members: Vec<(&str, u32, u32)> = vec![("", 5, u32::MAX); 500];
    b.record(raw::STRUCT, "nested", false, 8, &members); // 5, holds itself 500 times
    b.link(raw::PTR, "", 6); // 6
    let btf = b.build();
    assert_eq!(btf.resolve(TypeId(1)), TypeId::INVALID);
    assert_eq!(btf.size_of(TypeId(1)), None);
    assert_eq!(btf.size_of(TypeId(3)), None);
    assert_eq!(btf.member(TypeId(5), "x"), None);
    assert!(btf.members(TypeId(5)).is_empty());
    assert_eq!(btf.spell(TypeId(1)), "a");
    assert_eq!(btf.spell(TypeId(6)), "invalid type");
}

#[test]
fn a_function_needs_a_prototype() {
    let mut b = Builder::new();
    let int = b.int("int", 4, 1);
    b.link(raw::FUNC, "f", int);
    let btf = b.build();
    assert!(matches!(btf.get(TypeId(2)), Type::Invalid));
    assert!(btf.function("f").is_none());
}

#[test]
fn newer_kinds_are_skipped_by_the_layout_section() {
    let mut b = Builder::new();
    b.int("int", 4, 1);
    b.raw(0, 30, false, 2, 0, &[1, 2, 3]);
    b.link(raw::TYPEDEF, "after", 1);
    let btf = b.build();
    assert_eq!(btf.check(), Err(BtfError::UnknownKind { id: 2, kind: 30 }));
    assert_eq!(btf.find("int", Kind::Int), Some(TypeId(1)), "what stands before is there");
    assert_eq!(btf.find("after", Kind::Typedef), None);

    let mut kinds = vec![(0, 0); 31];
    kinds[30] = (4, 4);
    b.layout(&kinds);
    let btf = b.build();
    assert_eq!(btf.check(), Ok(()));
    assert!(matches!(btf.get(TypeId(2)), Type::Invalid));
    assert_eq!(btf.find("after", Kind::Typedef), Some(TypeId(3)));
}

#[test]
fn records_of_more_than_65535_members() {
    let mut b = Builder::new();
    let int = b.int("int", 4, 1);
    let members: Vec<(&str, u32, u32)> = (0..70_000).map(|_| ("m", int, 0)).collect();
    b.record(raw::UNION, "wide", false, 4, &members);
    let btf = b.build();
    let Type::Union(wide) = btf.get(TypeId(2)) else { panic!() };
    assert_eq!(wide.len(), 70_000);
    assert_eq!(wide.member(69_999).unwrap().name, "m");
    assert_eq!(wide.member(70_000), None);
}

#[test]
fn refuses_what_is_not_btf() {
    let good = sample().bytes();
    let refused = |bytes: Vec<u8>| Btf::new(Arc::new(bytes)).map(|_| ()).unwrap_err();
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        refused(bytes)
    };
    assert_eq!(refused(Vec::new()), BtfError::TooShort { len: 0 });
    assert_eq!(refused(good[..23].to_vec()), BtfError::TooShort { len: 23 });
    assert_eq!(refused(vec![b'x'; 64]), BtfError::NotBtf { magic: 0x7878 });
    assert_eq!(refused([&[0xeb, 0x9f], &good[2..]].concat()), BtfError::BigEndian);
    assert_eq!(with(2, 2), BtfError::Version { version: 2 });
    assert!(matches!(with(4, 8), BtfError::OutOfBounds { what: "header", .. }));
    assert!(matches!(with(7, 8), BtfError::OutOfBounds { what: "header", .. }));
    assert!(matches!(with(15, 0xff), BtfError::OutOfBounds { what: "type section", .. }));
    assert!(matches!(with(23, 0xff), BtfError::OutOfBounds { what: "string section", .. }));
    assert_eq!(with(good.len() - 1, b'x'), BtfError::Strings);
    assert!(matches!(refused(good[..good.len() - 1].to_vec()), BtfError::OutOfBounds { .. }));
    for error in [with(2, 2), with(23, 0xff), BtfError::NoSection, BtfError::UnknownKind { id: 1, kind: 77 }]
    {
        assert!(!error.to_string().is_empty());
    }
}

/// An ELF image with the sections null, `.shstrtab` and `.BTF`.
fn elf(btf: &[u8]) -> Vec<u8> {
    let names = b"\0.shstrtab\0.BTF\0";
    let mut out = vec![0_u8; 64];
    out[..6].copy_from_slice(b"\x7fELF\x02\x01");
    out.extend_from_slice(names);
    let at = out.len();
    out.extend_from_slice(btf);
    let table = out.len() as u64;
    for (name, from, len) in [(0_u32, 0, 0), (1, 64, names.len()), (11, at, btf.len())] {
        let mut head = [0_u8; 64];
        head[..4].copy_from_slice(&name.to_le_bytes());
        head[0x18..0x20].copy_from_slice(&(from as u64).to_le_bytes());
        head[0x20..0x28].copy_from_slice(&(len as u64).to_le_bytes());
        out.extend_from_slice(&head);
    }
    out[0x28..0x30].copy_from_slice(&table.to_le_bytes());
    for (at, value) in [(0x3a, 64_u16), (0x3c, 3), (0x3e, 1)] {
        out[at..at + 2].copy_from_slice(&value.to_le_bytes());
    }
    out
}

#[test]
fn reads_the_section_of_an_elf_file() {
    let image = elf(&sample().bytes());
    let btf = Btf::new(Arc::new(image.clone())).unwrap();
    assert_eq!(btf.find("task", Kind::Struct), Some(TypeId(10)));
    let refused = |bytes: Vec<u8>| Btf::new(Arc::new(bytes)).map(|_| ()).unwrap_err();
    assert_eq!(refused(b"\x7fELF".to_vec()), BtfError::NoSection);
    assert_eq!(refused(b"\x7fELF\x02\x02".to_vec()), BtfError::BigEndian);
    assert_eq!(refused(b"\x7fELF\x01\x01".to_vec()), BtfError::NoSection);
    for len in 0..image.len() {
        let _: Result<Btf, BtfError> = Btf::new(Arc::new(image[..len].to_vec()));
    }
}

#[test]
fn one_btf_serves_many_threads() {
    let btf = sample().build();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let task = btf.find("task", Kind::Struct).unwrap();
                assert!(btf.member(task, "comm").is_some());
                assert!(btf.enumerator("GONE").is_some());
            });
        }
    });
}

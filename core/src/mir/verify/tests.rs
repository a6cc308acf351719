//! One breach of each rule, made by changing MIR that is right.

#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use super::{verify, verify_concrete};
use crate::entity::{Entity, Table};
use crate::mir::{Block, BlockCall, Function, FunctionKind, Inst, Linkage, Module, Op, Type, Value, parse};
use crate::source::{FileId, Span};
use crate::target::Cpu;
use std::collections::BTreeSet;
use std::fmt::Write as _;

const PACKETS: &str = include_str!("../../../tests/mir/packets.mir");

fn module(text: &str) -> Module {
    parse(text, FileId::new(0)).unwrap_or_else(|e| panic!("{e:?}\n{text}"))
}

fn rules(module: &Module) -> Vec<&'static str> {
    verify(module).iter().map(|v| v.rule).collect()
}

/// A module with declarations, a map `map0`, a static `fn1(i64) -> i32`, a callback `fn2`, and `fn0` with these lines
/// behind a few values of each kind.
fn with(declarations: &str, lines: &str) -> String {
    let body = if lines.contains("return") || lines.contains("jump") || lines.contains("branch") {
        lines.to_owned()
    } else {
        format!("{lines}\n  return")
    };
    format!(
        r#"mir 1
source "a.py"
type t10 = record r0
type t11 = ptr.ctx t10
type t12 = array u8 4
type t13 = str 4
type t14 = func(a: u32, b: t11) -> u64
type t15 = enum e0
record r0 struct user pair size 8 align 4 {{
  a: u32 +0
  b: t12 +4
}}
record r1 struct kernel task size 16 align 0 {{
  flags: u32 +0
  on: u32 +4:3 bits 2
}}
enum e0 state size 4 unsigned {{
  ON = 1
}}
map map0 m kind hash 1 key u32 value u64 max_entries 1 @0..1
map map1 ring kind ringbuf 27 max_entries 4096 @0..1
global global0 total: u64 data = 1 @0..1
extern extern0 kfunc: t14
extern extern1 runqueues: t13 ksym weak
extern extern2 CONFIG_HZ: u32 kconfig
{declarations}
function fn1 sub(n: s64) -> i32 static @0..1 {{
block0(v0: i64):
  v1: i32 = trunc v0
  return v1
}}
function fn2 back() callback @0..1 {{
block0:
  return
}}
function fn0 main(ctx: t11) program "s" "p:t" @0..1 {{
  slot0 s size 8 align 8
block0(v0: ptr.ctx):
  v1: i64 = iconst 1
  v2: i32 = iconst 1
  v3: i8 = iconst 1
  v4: i1 = iconst 1
  v5 = slot_addr slot0
  v6 = map_lookup map0, v2
  v7: ptr.map_value? = null
  v8 = map_addr map0
  v9: ptr.kernel_untrusted? = null
{body}
}}
"#
    )
}

/// Text that breaks a rule.
fn broken() -> Vec<(&'static str, String)> {
    let line = |rule, lines: &str| (rule, with("", lines));
    let decl = |rule, text: &str| (rule, with(text, ""));
    let swap = |rule, from: &str, to: &str| {
        let text = with("", "");
        assert!(text.contains(from), "{from}");
        (rule, text.replace(from, to))
    };
    let deep = {
        let mut text = "type t20 = array u8 1\n".to_owned();
        for i in 1..40 {
            write!(
                text,
                "record r{0} struct user n{0} size 1 align 1 {{\nf: t{1} +0\n}}\ntype t{2} = record r{0}\n",
                i + 1,
                i + 19,
                i + 20
            )
            .unwrap();
        }
        text
    };
    vec![
        swap("M001", "global0 total:", "global0 m:"),
        swap("M001", "global0 total:", "global0 \"\":"),
        swap("M001", "extern0 kfunc", "extern0 \"a\\u{0}\""),
        swap("M002", "max_entries 1 @0..1", "max_entries 1 @1:0..1"),
        line("M002", "  v10 = add v1, v1 @3:4..5"),
        decl("M004", "record r2 struct user x size 4 align 4 {\na: u64 +0\n}"),
        decl("M004", "record r2 struct user x size 4 align 3 {\n}"),
        decl("M004", "record r2 struct user x size 4 align 4 {\na: u8 +0\na: u8 +1\n}"),
        decl("M004", "record r2 struct user x size 4 align 4 {\na: u32 +0 bits 33\n}"),
        decl("M004", "type t20 = record r2\nrecord r2 struct user x size 4 align 4 {\na: t20 +0\n}"),
        decl(
            "M004",
            "type t20 = record r2\ntype t21 = array t20 1\ntype t22 = record r3\nrecord r2 struct user x size 1 align 1 {\na: t22 +0\n}\nrecord r3 struct user x size 1 align 1 {\na: t21 +0\n}",
        ),
        decl("", &deep),
        decl("M005", "enum e1 x size 3 signed {\n}"),
        decl("M005", "enum e1 x size 1 signed {\nA = 256\n}"),
        decl("M005", "enum e1 x size 1 signed {\nA = 1\nA = 2\n}"),
        swap("M006", "key u32", "key void"),
        swap("M006", "kind hash", "kind \"\""),
        swap("M006", "value u64 ", ""),
        swap("M007", "total: u64 data = 1", "total: void data = zero"),
        swap("M007", "total: u64 data = 1", "total: u8 data = 256"),
        swap("M007", "total: u64 data = 1", "total: t12 data = 1"),
        swap("M007", "total: u64 data = 1", "total: t12 data = b\"abc\""),
        swap("M007", "total: u64 data = 1", "total: u64 bss = 1"),
        swap("M008", "kfunc: t14", "kfunc: t13"),
        swap("M008", "func(a: u32,", "func(a: t12,"),
        swap("M008", "-> u64\n", "-> t12\n"),
        decl("M009", "struct_ops o r @0..1 {\na: u32 = 1\na: u32 = 1\n}"),
        decl("M009", "struct_ops o r @0..1 {\na: u32 = fn0\n}"),
        decl("M009", "struct_ops o r @0..1 {\na: t14 = fn1\n}"),
        decl("M009", "struct_ops o r @0..1 {\na: t13 = \"abcd\"\n}"),
        decl("", "struct_ops o r @0..1 {\na: t13 = \"abc\"\nb: t14 = fn0\nc: s8 = -128\n}"),
        swap("M010", "program \"s\"", "program \"\""),
        swap("M010", "main(ctx: t11)", "main()"),
        swap("M010", "main(ctx: t11)", "main(ctx: u64)"),
        swap("M010", "sub(n: s64)", "sub(n: t12)"),
        swap(
            "M010",
            "back() callback @0..1 {\nblock0:",
            "back(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8) callback @0..1 {\nblock0(v0: i8, v1: i8, v2: i8, v3: i8, v4: i8, v5: i8):",
        ),
        swap("M011", "back() callback @0..1 {\nblock0:\n  return", "back() callback @0..1 {"),
        line("M012", "  return\n  v10 = add v1, v1"),
        line("M012", "  jump block1\nblock1:"),
        line("M012", "  jump block1\n  jump block1\nblock1:\n  return"),
        line("M013", "  jump block0(v0)"),
        line("M014", "  jump block1\nblock1(v10: i64):\n  return"),
        line("M014", "  jump block1(v2)\nblock1(v10: i64):\n  return"),
        line("M014", "  jump block1(v6)\nblock1(v10: ptr.map_value):\n  return"),
        line("", "  jump block1(v5)\nblock1(v10: ptr.stack?):\n  return"),
        line("M015", "  v10: i64 = add v11, v11\n  v11 = add v1, v1"),
        line(
            "M015",
            "  branch v4, block1, block2\nblock1:\n  v10 = add v1, v1\n  jump block2\nblock2:\n  v11 = add v10, v1\n  return",
        ),
        line("", "  return\nblock1:\n  v10: i64 = add v11, v1\n  v11 = add v1, v1\n  jump block1"),
        swap("M016", "size 8 align 8", "size 0 align 8"),
        swap("M016", "size 8 align 8", "size 8 align 16"),
        line("M017", "  v10: i64 = store v5, v1"),
        line("M017", "  add v1, v1"),
        line("M017", "  v10: i32 = add v1, v1"),
        line("M017", "  v10: ptr.stack = iconst 1"),
        line("M017", "  v10: ptr.stack = null"),
        line("M017", "  v10: i32 = icmp.eq v1, v1"),
        line("M017", "  v10: i32 = atomic.add v5, v1"),
        line("M017", "  v10: ptr.map_value = map_lookup map0, v2"),
        line("M018", "  v10: i8 = iconst 256"),
        line("M018", "  v10: i1 = iconst -1"),
        line("M018", "  switch v3, 300: block1, default: block1\nblock1:\n  return"),
        line("M019", "  v10 = add v1, v2"),
        line("M019", "  v10 = add v4, v4"),
        line("", "  v10 = and v4, v4"),
        line("M019", "  v10 = add v5, v5"),
        line("M019", "  v10 = neg v4"),
        line("M019", "  v10 = bswap v3"),
        line("M019", "  v10 = opaque v3"),
        line("M019", "  v10 = icmp.eq v1, v2"),
        line("M019", "  v10 = icmp.slt v6, v7"),
        line("M019", "  v10: i32 = zext v1"),
        line("M019", "  v10: i32 = trunc v2"),
        line("M019", "  v10 = select v1, v1, v1"),
        line("M019", "  v10 = select v4, v1, v2"),
        line("M019", "  v10: ptr.map_value = select v4, v6, v6"),
        line("M019", "  v10 = ptr_add v5, v2"),
        line("M019", "  v10 = ptr_add v1, v1"),
        line("M019", "  v10 = ptr_sub v5, v1"),
        line("M019", "  v10 = ptr_to_int v1"),
        line("M019", "  v10: ptr.map = int_to_ptr v1"),
        line("M019", "  v10: ptr.packet = int_to_ptr v2"),
        line("M019", "  v10: i64 = load v1"),
        line("M019", "  v10: i8 = atomic.add v5, v3"),
        line("M019", "  branch v1, block1, block1\nblock1:\n  return"),
        line("M019", "  switch v5, default: block1\nblock1:\n  jump block2\nblock2:\n  return"),
        line("M020", "  v10 = func_addr fn0"),
        line("", "  v10 = func_addr fn2\n  v11 = func_addr fn1"),
        line("M021", "  v10 = field_addr v5, r0"),
        line("M021", "  v10 = field_addr v5, r0.c"),
        line("M021", "  v10 = field_addr v5, r0.b[4]"),
        line("M021", "  v10 = field_addr v9, r1.on"),
        line("", "  v10 = field_addr v9, r1.flags\n  v11: i32 = load v10"),
        line("M043", "  v10: i64 = load v6"),
        line("M043", "  store v6, v1"),
        line("M043", "  v10 = ptr_add v6, v1"),
        line("M043", "  v10 = field_addr v6, r0.a"),
        line("M043", "  v10 = map_lookup map0, v6"),
        line("M044", "  v10 = refine v6"),
        line("M022", "  v10 = refine v5"),
        line(
            "M044",
            "  v10 = icmp.eq v6, v7\n  branch v10, block1, block2\nblock1:\n  v11 = refine v6\n  return\nblock2:\n  return",
        ),
        line(
            "M044",
            "  v10 = icmp.ne v6, v7\n  branch v10, block1, block1\nblock1:\n  v11 = refine v6\n  return",
        ),
        line(
            "M044",
            "  v10 = icmp.ne v6, v7\n  branch v10, block1, block2\nblock1:\n  jump block2\nblock2:\n  v11 = refine v6\n  return",
        ),
        line("M024", "  v10: i64 = load v8"),
        line("M024", "  v10 = ptr_add v8, v1"),
        line("M025", "  store v5+4, v1"),
        line("M025", "  store v5-4, v1"),
        line("M025", "  memset v5, 0, 9"),
        line("M025", "  v10: i64 = iconst 8\n  v11 = ptr_add v5, v10\n  v12: i8 = load v11"),
        line("M025", "  v10 = field_addr v5, r0.b[3]\n  v11: i16 = load v10"),
        line("M025", "  v10 = global_addr global0\n  v11: i64 = load v10+1"),
        line("M026", "  call_helper h#1(v1, v1, v1, v1, v1, v1)"),
        line("M027", "  call_helper \"\"#1()"),
        line("M027", "  call fn1()"),
        line("M027", "  call fn1(v2)"),
        line("M027", "  v10: i64 = call fn1(v1)"),
        line("M027", "  call_kfunc extern1(v2)"),
        line("M034", "  v10 = field_offset r0.a"),
        line("M034", "  v10 = field_exists r1.nosuch"),
        line("M034", "  v10 = enum_value e0.OFF"),
        line("", "  v10 = field_lshift r1.on\n  v11 = type_exists r1\n  v12 = enum_exists e0.ON"),
        line("M036", "  v10: ptr.per_cpu = extern_addr extern0"),
        line("M036", "  v10: ptr.per_cpu = extern_addr extern1"),
        line("M036", "  v10: ptr.kernel = extern_addr extern2"),
        line("M036", "  v10: i64 = extern_addr extern1"),
        line("", "  v10: ptr.per_cpu? = extern_addr extern1\n  v11: ptr.map_value = extern_addr extern2"),
        line("M024", "  v10: ptr.per_cpu? = extern_addr extern1\n  v11: i8 = load v10"),
        line("M035", "  v10: ptr.kernel = int_to_ptr v1\n  v11: i32 = load_bits v10, r1.flags"),
        line("M035", "  v10: ptr.kernel = int_to_ptr v1\n  v11: i32 = load_bits v10, r1.nosuch"),
        line("M035", "  v11: i32 = load_bits v5, r0.a"),
        line("M017", "  v10: ptr.kernel = int_to_ptr v1\n  v11: i1 = load_bits v10, r1.on"),
        line("", "  v10: ptr.kernel = int_to_ptr v1\n  v11: i32 = load_bits v10, r1.on"),
        line("M027", "  call_kfunc extern0(v2)"),
        line("M027", "  call_kfunc extern0(v1, v0)"),
        line("M027", "  call_kfunc extern0(v2, v1)"),
        line("M027", "  v10: i32 = call_kfunc extern0(v2, v0)"),
        line("", "  v10: i64 = call_kfunc extern0(v2, v6)\n  call fn1(v10)"),
        swap("M028", "v1: i32 = trunc v0", "v1: i32 = call fn1(v0)"),
        line("M029", "  v10: i32 = ctx_load v5, data"),
        line("M029", "  v10: i32 = ctx_load v0, \"\""),
        line("M029", "  v10: i32 = ctx_arg v1, 0"),
        line("M030", "  v10 = map_lookup map0, v1"),
        line("M030", "  v10 = map_lookup map1, v2"),
        line("M030", "  v10 = map_delete map0, v8"),
        line("M030", "  v10 = map_update map0, v2, v2, v1"),
        line("M030", "  v10 = map_update map0, v2, v1, v2"),
        line("M030", "  v10 = map_update map1, v2, v1, v1"),
        line("M031", "  print \"%d\""),
        line("M031", "  print \"%d\", v1, v1"),
        line("M031", "  print \"%\", v1"),
        line("M031", "  print \"%s\", v1"),
        line("M031", "  print \"%d\", v2"),
        line("M031", "  print \"a\\u{0}\""),
        line("", "  print \"100%% %lld %-5x %s %p %pI4\", v1, v1, v5, v1, v5"),
        line("M032", "  switch v3, 255: block1, -1: block1, default: block1\nblock1:\n  return"),
        line("M033", "  return v1"),
        swap("M033", "trunc v0\n  return v1", "trunc v0\n  return v0"),
        swap("M033", "trunc v0\n  return v1", "trunc v0\n  return"),
    ]
}

#[test]
fn what_is_right_is_accepted() {
    assert_eq!(verify(&module(&with("", ""))), []);
    let packets = module(PACKETS);
    assert_eq!(verify_concrete(&packets, Cpu::V3), []);
    assert_eq!(crate::mir::print(&packets), PACKETS);
}

#[test]
fn each_breach_is_found_and_no_other() {
    let mut wrong = Vec::new();
    for (rule, text) in broken() {
        let module = module(&text);
        let mut found = verify(&module);
        if rule > "M040" {
            found = verify_concrete(&module, Cpu::V3);
            // The rest of the text is abstract.
            found.retain(|v| v.rule != "M040");
        }
        let of: BTreeSet<&str> = found.iter().map(|v| v.rule).collect();
        let wants: BTreeSet<&str> = if rule.is_empty() { BTreeSet::new() } else { [rule].into() };
        if of != wants {
            wrong.push(format!(
                "{rule}: {found:#?}\n{}",
                text.lines().filter(|l| !with("", "").contains(l)).collect::<String>()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn tests_for_null_in_all_their_forms() {
    for test in [
        "v10 = icmp.ne v6, v7\n  branch v10, block1, block2",
        "v10 = icmp.ne v7, v6\n  branch v10, block1, block2",
        "v10 = icmp.eq v6, v7\n  branch v10, block2, block1",
        "v10 = icmp.eq v6, v7\n  v11 = not v10\n  branch v11, block1, block2",
        "v10 = icmp.eq v6, v7\n  v11 = xor v10, v4\n  branch v11, block1, block2",
        "v10 = icmp.eq v6, v7\n  v11: i1 = iconst 0\n  v12 = icmp.eq v10, v11\n  branch v12, block1, block2",
        "v10 = icmp.ne v6, v7\n  v11: i1 = iconst 0\n  v12 = icmp.ne v10, v11\n  branch v12, block1, block2",
        "v10 = icmp.ne v6, v7\n  v11 = and v4, v10\n  branch v11, block1, block2",
        "v10 = icmp.eq v6, v7\n  v11 = or v4, v10\n  branch v11, block2, block1",
        "v10 = icmp.ne v6, v7\n  v11: i1 = iconst 0\n  v12 = select v4, v10, v11\n  branch v12, block1, block2",
        "v10 = icmp.eq v6, v7\n  v12 = select v10, v4, v4\n  branch v12, block2, block1",
        "v10 = ptr_to_int v6\n  v11: i64 = iconst 0\n  v12 = icmp.ne v10, v11\n  branch v12, block1, block2",
    ] {
        let lines = format!(
            "  {test}\nblock1:\n  v20 = refine v6\n  jump block3\nblock3:\n  v21 = refine v6\n  v22: i64 = load v20\n  return\nblock2:\n  return"
        );
        let mut found = verify_concrete(&module(&with("", &lines)), Cpu::V3);
        found.retain(|v| v.rule != "M040");
        assert_eq!(found, [], "{test}");
    }
}

#[test]
fn concrete_rules() {
    for (rule, line) in [
        ("M040", "v10 = floordiv v1, v1"),
        ("M040", "v10 = ptr_to_int v6"),
        ("M041", "v10: i64 = load v9"),
        ("M041", "memcpy v5, v9, 8"),
        ("M042", "v10 = sdiv v1, v1"),
        ("M042", "v10: i64 = atomic.xchg v5, v1"),
    ] {
        // The lines in front hold a `map_lookup`, which is abstract.
        let text = with("", &format!("  {line}"));
        let cpu = if line.contains("atomic") { Cpu::V2 } else { Cpu::V3 };
        let found = verify_concrete(&module(&text), cpu);
        let of: BTreeSet<&str> = found.iter().map(|v| v.rule).collect();
        assert_eq!(of, BTreeSet::from(["M040", rule]), "{line}");
        assert!(verify(&module(&text)).is_empty());
        let latest = verify_concrete(&module(&text), Cpu::V4);
        assert!(latest.iter().all(|v| v.rule != "M042"));
    }
}

/// What the text cannot say.
#[test]
fn tables_that_make_no_sense() {
    type Change = fn(&mut Function);
    let changes: [(&str, Change); 13] = [
        ("M011", |f| f.layout.push(Block::new(0))),
        ("M011", |f| f.layout.push(Block::new(9))),
        ("M011", |f| f.layout.clear()),
        ("M011", |f| f.blocks[Block::new(0)].insts.insert(0, Inst::new(99))),
        ("M011", |f| f.blocks[Block::new(0)].insts.insert(0, Inst::new(0))),
        ("M011", |f| f.insts[Inst::new(0)].result = Some(Value::new(99))),
        ("M011", |f| f.insts[Inst::new(0)].result = Some(Value::new(0))),
        ("M011", |f| f.blocks[Block::new(0)].params.push(Value::new(1))),
        ("M013", |f| {
            let last = f.blocks[Block::new(0)].insts.last().copied().unwrap();
            f.insts[last].op = Op::Jump(BlockCall { block: Block::new(5), args: vec![] });
        }),
        ("M015", |f| {
            let last = f.blocks[Block::new(0)].insts.last().copied().unwrap();
            f.insts[last].op = Op::Return(Some(Value::new(99)));
        }),
        ("M016", |f| f.insts[Inst::new(4)].op = Op::SlotAddr(crate::mir::Slot::new(9))),
        ("M020", |f| {
            let inst = f.insts.iter().find(|(_, i)| matches!(i.op, Op::MapAddr(_))).unwrap().0;
            f.insts[inst].op = Op::MapAddr(crate::mir::MapId::new(9));
        }),
        ("M015", |f| {
            let dead = f.make_inst(Op::Iconst(1), Some(Type::I64), f.span);
            let value = f.insts[dead].result.unwrap();
            let last = f.blocks[Block::new(0)].insts.pop().unwrap();
            let sum =
                f.make_inst(Op::Binary(crate::mir::BinaryOp::Add, [value, value]), Some(Type::I64), f.span);
            f.blocks[Block::new(0)].insts.extend([sum, last]);
        }),
    ];
    for (n, (rule, change)) in changes.into_iter().enumerate() {
        let mut module = module(&with("", ""));
        let main = module.find_function("main").unwrap();
        change(&mut module.functions[main]);
        let found = rules(&module);
        assert!(found.contains(&rule) && found.iter().all(|r| *r == rule), "{n} {rule}: {found:?}");
        // Printing and renumbering stand it too.
        let _ = crate::mir::print(&module);
    }
}

#[test]
fn types_that_make_no_sense() {
    use crate::types::{Type as T, TypeId};
    let broken: [fn(&mut Module); 5] = [
        |m| {
            let far = TypeId::new(999);
            m.types.intern(T::Array { element: far, len: 1 });
        },
        |m| {
            m.types.intern(T::Record(crate::types::RecordId::new(99)));
        },
        |m| {
            m.types.intern(T::Enum(crate::types::EnumId::new(99)));
        },
        |m| m.globals.values_mut().next().unwrap().ty = TypeId::new(999),
        |m| {
            let mut ty = m.types.void();
            for _ in 0..1000 {
                ty = m.types.ptr(ty, crate::types::Region::Stack, false);
            }
        },
    ];
    for change in broken {
        let mut module = module(&with("", ""));
        change(&mut module);
        assert_eq!(rules(&module), ["M003"]);
        let _ = crate::mir::print(&module);
    }
}

#[test]
fn a_long_function_is_checked_in_linear_time() {
    let span = Span::new(FileId::new(0), 0, 0);
    let mut func = Function::new("f", FunctionKind::Subprogram(Linkage::Static), None, span);
    let mut block = func.add_block();
    for _ in 0..50_000 {
        let next = func.add_block();
        crate::mir::Builder::at_end(&mut func, block, span).jump(next);
        block = next;
    }
    crate::mir::Builder::at_end(&mut func, block, span).effect(Op::Return(None));
    let mut module = Module { files: vec!["a.py".to_owned()], ..Module::default() };
    module.functions = Table::from_iter([func]);
    assert_eq!(verify(&module), []);
}

#[test]
fn a_breach_becomes_a_diagnostic() {
    let found = verify(&module(&with("", "  v10 = add v1, v2 @4..9")));
    let diagnostic = found[0].diagnostic();
    assert_eq!(diagnostic.code, "mir-invalid");
    assert_eq!(diagnostic.message, "invalid MIR in `main`: `add` does not take i64 and i32 (M019)");
    assert_eq!(diagnostic.primary.unwrap().span, Span::new(FileId::new(0), 4, 9));
}

/// Each rule of the list has a breach above, and the specification has the same list.
#[test]
fn the_list_of_rules_is_the_truth() {
    let source = include_str!("mod.rs");
    let listed: BTreeSet<&str> =
        source.lines().filter_map(|l| l.strip_prefix("//! - ")).map(|l| &l[..4]).collect();
    let mut tested: BTreeSet<&str> = broken().iter().map(|(rule, _)| *rule).collect();
    // Only values of the Rust types can break it, or only concrete MIR.
    tested.extend(["M003", "M040", "M041", "M042"]);
    tested.remove("");
    assert_eq!(listed, tested);
}

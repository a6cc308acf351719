//! Calls: subprograms, callbacks, kernel functions; and the control flow around them.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

mod support;

use std::fmt::Write;
use support::{Case, run, run_packet, variable};

#[test]
fn static_subprograms() {
    let text = r#"
type t10 = ptr.ctx void
type t11 = ptr.stack u64
function fn0 p(ctx: t10) -> i32 program "raw_tp/sys_enter" "test:any" {
  slot0 box size 8 align 8
block0(v0: ptr.ctx):
  v1: i64 = load v0
  slot_live slot0
  v2 = slot_addr slot0
  store v2, v1
  v3: i64 = call fn1(v1, v2)
  v4: i64 = load v2
  slot_dead slot0
  v5 = add v3, v4
  v6: i32 = trunc v5
  return v6
}
function fn1 twice(n: u64, box: t11) -> i64 static {
block0(v0: i64, v1: ptr.stack):
  v2 = add v0, v0
  store v1, v2
  call fn2(v0)
  return v2
}
function fn2 nothing(n: u64) static {
block0(v0: i64):
  v1: i64 = call_helper bpf_ktime_get_ns#5()
  return
}
"#;
    let Some(loaded) = Case::new(text).load() else { return };
    assert_eq!(run(&loaded, "p", &[5, 0]), 20);
}

#[test]
fn global_subprograms_say_what_their_pointers_are() {
    // Untagged: "Caller passes invalid args into func#1", "R1 invalid mem access 'mem_or_null'".
    let text = r#"
type t10 = ptr.ctx void
type t11 = record r0
type t12 = ptr.stack t11
type t13 = ptr.map_value? t11
type t14 = record r1
type t15 = ptr.kernel t14
type t16 = ptr.kernel? t14
record r0 struct user pair size 16 align 8 {
  a: u64 +0
  b: u64 +8
}
record r1 struct kernel task_struct size 16 align 8 {
  tgid: s32 +4
  real_parent: t15 +8
}
function fn0 p(ctx: t10) -> i32 program "raw_tp/sys_enter" "test:any" {
  slot0 pair size 16 align 8
block0(v0: ptr.ctx):
  v1: i64 = load v0
  slot_live slot0
  v2 = slot_addr slot0
  store v2, v1
  store v2+8, v1
  v3: i64 = call fn1(v2)
  v4: ptr.map_value? = null
  v5: i64 = call fn2(v4, v1)
  v6: i32 = call fn3(v0)
  v7: ptr.kernel = call_helper bpf_get_current_task_btf#158()
  v8: i32 = call fn4(v7)
  v9 = add v3, v5
  v10: i32 = trunc v9
  v11 = add v10, v6
  v12 = add v11, v8
  slot_dead slot0
  v13 = field_addr v7, r1.real_parent
  v14: ptr.kernel? = load v13
  v15: i32 = call fn5(v14)
  v16 = add v12, v15
  return v16
}
function fn1 sum(pair: t12) -> i64 global {
block0(v0: ptr.stack):
  v1: i64 = load v0
  v2: i64 = load v0+8
  v3 = add v1, v2
  return v3
}
function fn2 first_or(pair: t13, otherwise: u64) -> i64 global {
block0(v0: ptr.map_value?, v1: i64):
  v2: ptr.map_value? = null
  v3 = icmp.eq v0, v2
  branch v3, block1, block2
block1:
  return v1
block2:
  v4 = refine v0
  v5: i64 = load v4
  return v5
}
function fn3 of_context(ctx: t10) -> i32 global {
block0(v0: ptr.ctx):
  v1: i64 = load v0+8
  v2: i32 = trunc v1
  return v2
}
function fn4 id(task: t15) -> i32 global {
block0(v0: ptr.kernel):
  v1 = field_addr v0, r1.tgid
  v2: i32 = load v1
  return v2
}
function fn5 known(task: t16) -> i32 global {
block0(v0: ptr.kernel?):
  v1: ptr.kernel? = null
  v2 = icmp.ne v0, v1
  v3: i32 = zext v2
  return v3
}
"#;
    let case = Case::new(text);
    assert!(case.assembly().contains("call sum"), "a global subprogram stays a call");
    let Some(loaded) = case.load() else { return };
    assert_eq!(run(&loaded, "p", &[5, 100]), 10 + 5 + 100 + std::process::id() + 1);
}

#[test]
fn what_llvm_learns_of_a_global_subprogram_stays_there() {
    // The verifier proves it on its own: a bound that only its body shows does not hold in the caller, so the check in the
    // caller must stay.
    let text = r#"
type t10 = ptr.ctx void
type t11 = array u8 16
global global0 table: t11 bss = zero
function fn0 p(ctx: t10) -> i32 program "raw_tp/sys_enter" "test:any" {
block0(v0: ptr.ctx):
  v1: i64 = load v0
  v2: i64 = call fn1(v1)
  v3: i64 = iconst 15
  v4 = and v2, v3
  v5 = global_addr global0
  v6 = ptr_add v5, v4
  v7: i8 = load v6
  v8: i32 = zext v7
  return v8
}
function fn1 low(n: u64) -> i64 global {
block0(v0: i64):
  v1: i64 = iconst 7
  v2 = and v0, v1
  return v2
}
"#;
    let Some(loaded) = Case::new(text).load() else { return };
    assert_eq!(run(&loaded, "p", &[1000, 0]), 0);
}

#[test]
fn narrow_arguments_and_results() {
    let text = r#"
type t10 = ptr.ctx void
function fn0 p(ctx: t10) -> i32 program "raw_tp/sys_enter" "test:any" {
block0(v0: ptr.ctx):
  v1: i64 = load v0
  v2: i8 = trunc v1
  v3: i16 = trunc v1
  v4: i1 = call fn1(v2, v3)
  v5: i16 = call fn2(v2)
  v6: i32 = sext v5
  v7: i32 = zext v4
  v8 = add v6, v7
  return v8
}
function fn1 differ(a: s8, b: u16) -> i1 global {
block0(v0: i8, v1: i16):
  v2: i16 = sext v0
  v3 = icmp.ne v2, v1
  return v3
}
function fn2 widen(a: s8) -> i16 global {
block0(v0: i8):
  v1: i16 = sext v0
  return v1
}
"#;
    let Some(loaded) = Case::new(text).load() else { return };
    assert_eq!(run(&loaded, "p", &[0xff, 0]) as i32, -1 + 1);
    assert_eq!(run(&loaded, "p", &[0xffff_ffff, 0]) as i32, -1);
    assert_eq!(run(&loaded, "p", &[5, 0]), 5);
}

#[test]
fn callbacks_are_static() {
    let text = r#"
type t10 = ptr.ctx void
type t11 = ptr.stack u64
function fn0 p(ctx: t10) -> i32 program "raw_tp/sys_enter" "test:any" {
  slot0 sum size 8 align 8
block0(v0: ptr.ctx):
  slot_live slot0
  v1 = slot_addr slot0
  v2: i64 = iconst 0
  store v1, v2
  v3: i32 = iconst 10
  v4 = func_addr fn1
  v5: i64 = call_helper bpf_loop#181(v3, v4, v1, v2)
  v6: i64 = load v1
  v7: i32 = trunc v6
  slot_dead slot0
  return v7
}
function fn1 step(index: u32, sum: t11) -> i64 callback {
block0(v0: i32, v1: ptr.stack):
  v2: i64 = load v1
  v3: i64 = zext v0
  v4 = add v2, v3
  store v1, v4
  v5: i64 = iconst 0
  return v5
}
"#;
    let Some(loaded) = Case::new(text).load() else { return };
    assert_eq!(run(&loaded, "p", &[0, 0]), 45);
}

#[test]
fn kernel_functions() {
    // The record needs no member: it only needs its name, and to be a definition.
    let text = r#"
type t10 = ptr.ctx void
type t11 = record r0
type t12 = ptr.kernel? t11
type t13 = func(pid: s32) -> t12
type t14 = func(task: t12) -> void
type t15 = func() -> s32
record r0 struct kernel task_struct size 0 align 1 {
}
extern extern0 bpf_task_from_pid: t13
extern extern1 bpf_task_release: t14 weak
extern extern2 bpf_no_such_function_at_all: t15 weak
function fn0 p(ctx: t10) -> i32 program "tp_btf/sys_enter" "test:any" {
block0(v0: ptr.ctx):
  v1: i32 = iconst 1
  v2: ptr.kernel? = call_kfunc extern0(v1)
  v3: ptr.kernel? = null
  v4 = icmp.eq v2, v3
  branch v4, block1, block2
block1:
  v5: i32 = iconst 0
  return v5
block2:
  v6 = refine v2
  call_kfunc extern1(v6)
  return v1
}
"#;
    Case::new(text).load();
}

#[test]
fn switches_and_values_that_meet() {
    let text = r#"
type t10 = ptr.ctx void
global global0 out: u64 bss = zero
function fn0 p(ctx: t10) -> i32 program "tc" "test:any" {
block0(v0: ptr.ctx):
  v1: i32 = load v0
  v2: i32 = iconst 10
  v3: i32 = iconst 20
  v4: i32 = iconst 30
  switch v1, 20: block1(v2), 30: block1(v3), -1: block2, default: block1(v4)
block1(v5: i32):
  v6: i32 = iconst 40
  v7 = icmp.ugt v1, v6
  branch v7, block3(v5, v2), block3(v2, v5)
block2:
  return v1
block3(v8: i32, v9: i32):
  v10: i32 = iconst 1000
  v11 = mul v8, v10
  v12 = add v11, v9
  return v12
block4:
  v13 = add v14, v14
  jump block4
}
"#;
    let text = text.replace("  v13 = add v14, v14\n", "  v13: i32 = iconst 1\n");
    let Some(loaded) = Case::new(&text).load() else { return };
    let at = |len: usize| run_packet(&loaded, "p", &vec![0; len]);
    assert_eq!((at(20), at(30), at(40), at(50)), (10_010, 10_020, 10_030, 30_010));
}

#[test]
fn switches_become_no_tables() {
    // A table is a section `.rodata.cst64`, and so a map.
    let (mut cases, mut numbers) = (String::new(), String::new());
    for i in 0..16 {
        let _ = write!(cases, "{i}: block1(v{}), ", 10 + i);
        let _ = writeln!(numbers, "  v{}: i32 = iconst {}", 10 + i, i * i * 7 + 3);
    }
    let case = Case::new(&format!(
        "type t10 = ptr.ctx void\nfunction fn0 p(ctx: t10) -> i32 program \"raw_tp/sys_enter\" \"test:any\" {{\nblock0(v0: ptr.ctx):\n  \
         v1: i64 = load v0\n{numbers}  v2: i32 = trunc v1\n  switch v1, {cases}default: block1(v2)\nblock1(v3: i32):\n  return v3\n}}\n"
    ));
    let Some(loaded) = case.load() else { return };
    assert!(loaded.maps().is_empty());
    assert_eq!(run(&loaded, "p", &[9, 0]), 9 * 9 * 7 + 3);
    assert_eq!(run(&loaded, "p", &[99, 0]), 99);
}

#[test]
fn blocks_may_stand_in_any_order() {
    let text = r#"
type t10 = ptr.ctx void
global global0 out: u64 bss = zero
function fn0 p(ctx: t10) -> i32 program "raw_tp/sys_enter" "test:any" {
block0(v0: ptr.ctx):
  jump block2
block1:
  v2: i64 = add v1, v1
  v3 = global_addr global0
  store v3, v2
  v4: i32 = iconst 0
  return v4
block2:
  v1: i64 = load v0
  jump block1
}
"#;
    let Some(loaded) = Case::new(text).load() else { return };
    run(&loaded, "p", &[21, 0]);
    assert_eq!(variable(&loaded, "out").as_int(), Some(42));
}

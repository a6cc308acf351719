//! Contexts, packets, stack slots, copies.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

mod support;

use support::{Case, run, run_packet, variable};

#[test]
fn packet_fields_are_read_behind_a_check() {
    let text = r#"
type t10 = record r0
type t11 = ptr.ctx t10
record r0 struct abi xdp_md size 24 align 4 {
  data: u32 +0
  data_end: u32 +4
}
record r1 struct abi ethhdr size 14 align 1 {
  h_proto: u16 +12
}
record r2 struct abi iphdr size 20 align 4 {
  protocol: u8 +9
  saddr: u32 +12
}
function fn0 filter(ctx: t11) -> i32 program "xdp" "test:any" {
block0(v0: ptr.ctx):
  v1: i32 = load v0
  v2: i64 = zext v1
  v3: ptr.packet = int_to_ptr v2
  v4 = field_addr v0, r0.data_end
  v5: i32 = load v4
  v6: i64 = zext v5
  v7: ptr.packet_end = int_to_ptr v6
  v8: i64 = iconst 14
  v9 = ptr_add v3, v8
  v10 = icmp.ugt v9, v7
  branch v10, block1, block2
block1:
  v11: i32 = iconst 0
  return v11
block2:
  v12 = field_addr v3, r1.h_proto
  v13: i16 = load v12
  v14 = bswap v13
  v15: i64 = iconst 34
  v16 = ptr_add v3, v15
  v17 = icmp.ule v16, v7
  v18: i16 = iconst 2048
  v19 = icmp.eq v14, v18
  v20 = and v17, v19
  branch v20, block3, block4
block3:
  v21 = field_addr v9, r2.protocol
  v22: i8 = load v21
  v23 = field_addr v9, r2.saddr
  v24: i32 = load v23
  v25 = bswap v24
  v26: i32 = zext v22
  v27 = add v26, v25
  return v27
block4:
  v28: i32 = iconst 1
  return v28
}
"#;
    let Some(loaded) = Case::new(text).load() else { return };
    let mut packet = vec![0u8; 64];
    packet[12..14].copy_from_slice(&[8, 0]);
    packet[23] = 17;
    packet[26..30].copy_from_slice(&[0, 0, 1, 2]);
    assert_eq!(run_packet(&loaded, "filter", &packet), 17 + 0x102);
    assert_eq!(run_packet(&loaded, "filter", &packet[..33]), 1);
    assert_eq!(run_packet(&loaded, "filter", &packet[..13]), 0);
    packet[12] = 9;
    assert_eq!(run_packet(&loaded, "filter", &packet), 1);
}

#[test]
fn context_fields_keep_their_offsets() {
    // As one load from a chosen address this is refused: "dereference of modified ctx ptr R6 off=8 disallowed".
    let text = r#"
type t10 = ptr.ctx void
record r0 struct abi __sk_buff size 192 align 8 {
  len: u32 +0
  mark: u32 +8
}
function fn0 choose(ctx: t10) -> i32 program "tc" "test:any" {
block0(v0: ptr.ctx):
  v1: i32 = load v0
  v2: i32 = iconst 40
  v3 = icmp.ugt v1, v2
  branch v3, block1, block2
block1:
  v4: i32 = load v0+8
  jump block3(v4)
block2:
  v5 = field_addr v0, r0.mark
  v6: i32 = load v5-8
  jump block3(v6)
block3(v7: i32):
  store v0+8, v7
  v8: i64 = iconst 8
  v9 = ptr_add v0, v8
  v10: i32 = load v9
  v11: i32 = iconst 1
  v12 = add v10, v11
  return v12
}
"#;
    let Some(loaded) = Case::new(text).load() else { return };
    assert_eq!(run_packet(&loaded, "choose", &[0; 30]), 31, "the length");
    assert_eq!(run_packet(&loaded, "choose", &[0; 60]), 1, "the mark");
}

#[test]
fn the_stack_is_accessed_as_aligned_as_it_is() {
    // A 4-byte store at an odd offset: "misaligned stack access off 0+0+-21 size 4".
    let text = r#"
type t10 = ptr.ctx void
record r0 struct user packed_t size 13 align 1 {
  a: u8 +0
  b: u64 +1
  c: u32 +9
}
global global0 out: u64 bss = zero
function fn0 p(ctx: t10) -> i32 program "raw_tp/sys_enter" "test:any" {
  slot0 packed size 13 align 1
  slot1 words size 16 align 8
  slot2 copy size 13 align 1
block0(v0: ptr.ctx):
  v1: i64 = load v0
  slot_live slot0
  slot_live slot1
  slot_live slot2
  v2 = slot_addr slot0
  v3 = field_addr v2, r0.b
  store v3, v1
  v4: i32 = trunc v1
  v5 = field_addr v2, r0.c
  store v5, v4
  v6: i8 = trunc v1
  store v2, v6
  v7 = slot_addr slot2
  memcpy v7, v2, 13
  v8 = slot_addr slot1
  store v8+1, v1
  store v8+12, v4
  v9: i64 = iconst 3
  v10 = ptr_add v8, v9
  v11: i32 = load v10
  v12: i64 = load v7+1
  v13 = global_addr global0
  store v13, v12
  slot_dead slot2
  slot_dead slot1
  slot_dead slot0
  return v11
}
"#;
    let Some(loaded) = Case::new(text).load() else { return };
    assert_eq!(run(&loaded, "p", &[0x1122_3344_5566_7788, 0]), 0x3344_5566);
    assert_eq!(variable(&loaded, "out").as_int(), Some(0x1122_3344_5566_7788));
}

#[test]
fn slots_that_do_not_live_together_share_the_stack() {
    use std::fmt::Write;
    let mut text =
        "type t10 = ptr.ctx void\nfunction fn0 p(ctx: t10) -> i32 program \"raw_tp/sys_enter\" \"test:any\" {\n"
            .to_owned();
    for i in 0..4 {
        let _ = writeln!(text, "  slot{i} buffer{i} size 200 align 8");
    }
    text += "block0(v0: ptr.ctx):\n  v1: i64 = iconst 200\n";
    for i in 0..4 {
        let (p, s) = (10 + 2 * i, 11 + 2 * i);
        let _ = write!(
            text,
            "  slot_live slot{i}\n  v{p} = slot_addr slot{i}\n  memset v{p}, 0, 200\n  \
             v{s}: i64 = call_helper bpf_get_current_comm#16(v{p}, v1)\n  slot_dead slot{i}\n"
        );
    }
    text += "  v2: i32 = trunc v17\n  return v2\n}\n";
    let Some(loaded) = Case::new(&text).load() else { return };
    assert_eq!(run(&loaded, "p", &[0, 0]), 0);
}

#[test]
fn truth_values_are_bytes() {
    let text = r#"
type t10 = ptr.ctx void
global global0 byte: u8 data = 2
global global1 truth: bool bss = zero
function fn0 p(ctx: t10) -> i32 program "raw_tp/sys_enter" "test:any" {
block0(v0: ptr.ctx):
  v1 = global_addr global0
  v2: i1 = load v1
  v3 = global_addr global1
  store v3, v2
  v4: i32 = zext v2
  return v4
}
"#;
    let Some(loaded) = Case::new(text).load() else { return };
    assert_eq!(run(&loaded, "p", &[0, 0]), 1, "what is not zero is true");
    assert_eq!(variable(&loaded, "truth"), pbpf_loader::Value::Bool(true));
}

#[test]
fn loops_do_not_become_library_calls() {
    // "A call to built-in function 'memset' is not supported."
    let text = r#"
type t10 = ptr.ctx void
type t11 = array u8 4000
global global0 zeros: t11 bss = zero
function fn0 p(ctx: t10) -> i32 program "raw_tp/sys_enter" "test:any" {
block0(v0: ptr.ctx):
  v1: i64 = iconst 0
  v2 = global_addr global0
  v3: i8 = iconst 0
  v4: i64 = iconst 1
  v5: i64 = iconst 4000
  jump block1(v1)
block1(v6: i64):
  v7 = ptr_add v2, v6
  store v7, v3
  v8 = add v6, v4
  v9 = icmp.ult v8, v5
  branch v9, block1(v8), block2
block2:
  v10: i32 = iconst 0
  return v10
}
"#;
    let Some(loaded) = Case::new(text).load() else { return };
    assert_eq!(run(&loaded, "p", &[0, 0]), 0);
}

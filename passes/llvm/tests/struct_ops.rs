//! Kernel structs of callbacks.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

mod support;

use support::{Case, bpftool_loads, load};

fn congestion(link: &str, name: &str) -> Case {
    Case::new(&format!(
        r#"
type t10 = ptr.ctx void
type t11 = record r0
type t12 = ptr.kernel t11
type t13 = func(sk: t12) -> u32
type t14 = func(sk: t12, ack: u32, acked: u32) -> void
type t15 = str 16
record r0 struct kernel sock size 0 align 1 {{
}}
record r1 struct kernel tcp_sock size 16 align 8 {{
  snd_cwnd: u32 +8
}}
struct_ops {name} tcp_congestion_ops{link} {{
  ssthresh: t13 = fn0
  undo_cwnd: t13 = fn1
  cong_avoid: t14 = fn2
  flags: u32 = 0
  name: t15 = "{name}"
}}
function fn0 ssthresh(ctx: t10) -> i32 program "struct_ops/ssthresh" "test:any" {{
block0(v0: ptr.ctx):
  v1: ptr.kernel = load v0
  v2 = field_addr v1, r1.snd_cwnd
  v3: i32 = iconst 2
  return v3
}}
function fn1 undo_cwnd(ctx: t10) -> i32 program "struct_ops/undo_cwnd" "test:any" {{
block0(v0: ptr.ctx):
  v1: i32 = iconst 10
  return v1
}}
function fn2 cong_avoid(ctx: t10) program "struct_ops/cong_avoid" "test:any" {{
block0(v0: ptr.ctx):
  v1: i64 = load v0+8
  v2: i64 = load v0+16
  return
}}
"#
    ))
}

#[test]
fn it_loads() {
    let case = congestion("", "pbpf_cc");
    bpftool_loads(&case.object(), &[]);
    let Some(loaded) = load(&case.object()) else { return };
    assert!(loaded.map("pbpf_cc").unwrap().is_struct_ops());
    assert_eq!(loaded.programs().len(), 3);
}

#[test]
fn it_loads_and_attaches_through_a_link() {
    let case = congestion(" link", "pbpf_cc_link");
    let Some(loaded) = load(&case.object()) else { return };
    let known = || {
        let names = std::fs::read_to_string("/proc/sys/net/ipv4/tcp_available_congestion_control").unwrap();
        names.split_whitespace().any(|n| n == "pbpf_cc_link")
    };
    let attached = loaded.attach_all(&[], None).unwrap();
    assert!(known());
    drop(attached);
    assert!(!known());
}

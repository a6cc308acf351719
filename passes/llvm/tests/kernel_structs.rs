//! Kernel records: the offsets in the MIR are wrong on purpose, and what is read is right.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

mod support;

use std::os::unix::process::parent_id;
use support::{Case, kernel, run, variable};

/// Nothing is where the kernel has it.
const RECORDS: &str = r#"
type t10 = ptr.ctx void
type t11 = record r0
type t12 = ptr.kernel t11
type t13 = array s8 16
type t14 = record r1
type t15 = record r2
type t16 = record r3
type t17 = record r4
type t18 = record r5
type t19 = ptr.kernel t18
type t20 = record r6
type t21 = array t20 16
type t22 = record r7
type t23 = ptr.kernel t22
type t24 = record r8
record r0 struct kernel task_struct size 128 align 64 {
  real_parent: t12 +8
  tgid: s32 +16
  comm: t13 +20
  thread_info: t14 +40
  "": t15 +56
  signal: t19 +64
  mm: t23 +72
}
record r1 struct kernel thread_info size 16 align 8 {
  cpu: u32 +4
}
record r2 union kernel "" size 4 align 4 {
  rcu_users: t16 +0
}
record r3 struct kernel refcount_struct size 4 align 4 {
  refs: t17 +0
}
record r4 struct kernel atomic_t size 4 align 4 {
  counter: s32 +0
}
record r5 struct kernel signal_struct size 512 align 8 {
  rlim: t21 +128
}
record r6 struct kernel rlimit size 16 align 8 {
  rlim_cur: u64 +0
}
record r7 struct kernel mm_struct size 256 align 64 {
  "": t24 +0
}
record r8 struct kernel "" size 256 align 64 {
  mm_users: t17 +200
}
global global0 out: u64 bss = zero
"#;

fn trusted(body: &str) -> Case {
    Case::new(&format!(
        "{RECORDS}function fn0 p(ctx: t10) -> i32 program \"raw_tp/sys_enter\" \"test:any\" {{\nblock0(v0: ptr.ctx):\n  \
         v1: ptr.kernel = call_helper bpf_get_current_task_btf#158()\n{body}}}\n"
    ))
}

#[test]
fn trusted_pointers_are_read_directly() {
    let case = trusted(
        "  v2 = field_addr v1, r0.real_parent\n  v3: ptr.kernel = load v2\n  v4 = field_addr v3, r0.tgid\n  \
         v5: i32 = load v4\n  return v5\n",
    );
    let Some(loaded) = case.load() else { return };
    assert_eq!(run(&loaded, "p", &[0, 0]), parent_id());
}

#[test]
fn plain_addresses_are_read_by_copying() {
    let text = format!(
        "{RECORDS}function fn0 p(ctx: t10) -> i32 program \"raw_tp/sys_enter\" \"test:any\" {{
  slot0 parent size 8 align 8
  slot1 tgid size 4 align 4
block0(v0: ptr.ctx):
  v1: ptr.kernel_untrusted = call_helper bpf_get_current_task#35()
  v2 = field_addr v1, r0.real_parent
  v3 = slot_addr slot0
  v4: i64 = iconst 8
  slot_live slot0
  v5: i64 = call_helper bpf_probe_read_kernel#113(v3, v4, v2)
  v6: ptr.kernel_untrusted = load v3
  slot_dead slot0
  v7 = field_addr v6, r0.tgid
  v8 = slot_addr slot1
  v9: i64 = iconst 4
  slot_live slot1
  v10: i64 = call_helper bpf_probe_read_kernel#113(v8, v9, v7)
  v11: i32 = load v8
  slot_dead slot1
  return v11
}}
"
    );
    let Some(loaded) = Case::new(&text).load() else { return };
    assert_eq!(run(&loaded, "p", &[0, 0]), parent_id());
}

#[test]
fn nested_records_and_arrays() {
    let case = trusted(
        "  v2 = field_addr v1, r0.comm[1]\n  v3: i8 = load v2\n  v4 = field_addr v1, r0.thread_info.cpu\n  v5: i32 = load v4\n  \
         v6 = field_addr v1, r0.signal\n  v7: ptr.kernel = load v6\n  v8 = field_addr v7, r5.rlim[7].rlim_cur\n  \
         v9: i64 = load v8\n  v10 = global_addr global0\n  store v10, v9\n  v11: i32 = zext v3\n  v12: i32 = iconst 8\n  \
         v13 = shl v5, v12\n  v14 = or v13, v11\n  return v14\n",
    );
    let Some(loaded) = case.load() else { return };
    let value = run(&loaded, "p", &[0, 0]);
    let comm = std::fs::read_to_string("/proc/thread-self/comm").unwrap();
    assert_eq!(value & 0xff, u32::from(comm.as_bytes()[1]));
    assert!((value >> 8) < std::thread::available_parallelism().unwrap().get() as u32);
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let files = limits.lines().find_map(|l| l.strip_prefix("Max open files")).unwrap();
    let files: i128 = files.split_whitespace().next().unwrap().parse().unwrap();
    assert_eq!(variable(&loaded, "out").as_int(), Some(files));
}

#[test]
fn anonymous_members_and_unions_are_found() {
    let case = trusted(
        "  v2 = field_addr v1, r0.rcu_users.refs.counter\n  v3: i32 = load v2\n  v4 = field_addr v1, r0.mm\n  \
         v5: ptr.kernel = load v4\n  v6 = field_addr v5, r7.mm_users.counter\n  v7: i32 = load v6\n  v8: i32 = iconst 16\n  \
         v9 = shl v7, v8\n  v10 = or v9, v3\n  return v10\n",
    );
    let Some(loaded) = case.load() else { return };
    let value = run(&loaded, "p", &[0, 0]);
    let (references, users) = (value & 0xffff, value >> 16);
    assert!((1..100).contains(&references), "{references} references to this task");
    assert!((1..1000).contains(&users), "{users} users of this address space");
}

#[test]
fn fields_of_a_context_are_relocated() {
    let text = r#"
type t10 = ptr.ctx void
type t11 = array u64 6
record r0 struct kernel trace_event_raw_sys_enter size 100 align 8 {
  args: t11 +40
  id: s64 +24
}
record r1 struct kernel pt_regs size 16 align 8 {
  di: u64 +0
  ax: u64 +8
}
function fn0 event(ctx: t10) -> i32 program "tracepoint/raw_syscalls/sys_enter" "test:any" {
block0(v0: ptr.ctx):
  v1 = field_addr v0, r0.id
  v2: i64 = load v1
  v3 = field_addr v0, r0.args[1]
  v4: i64 = load v3
  v5 = add v2, v4
  v6: i32 = trunc v5
  return v6
}
function fn1 probe(ctx: t10) -> i32 program "kprobe/do_unlinkat" "test:any" {
block0(v0: ptr.ctx):
  v1 = field_addr v0, r1.di
  v2: i64 = load v1
  v3: i64 = iconst 0
  v4 = icmp.eq v2, v3
  branch v4, block1, block2
block1:
  v5: i32 = iconst 0
  return v5
block2:
  v6 = field_addr v0, r1.ax
  v7: i64 = load v6
  v8: i32 = trunc v7
  return v8
}
"#;
    Case::new(text).load();
}

#[test]
fn modules_of_one_process_do_not_meet() {
    // LLVM's own pass keeps its variables by name for the life of the process: the second such module crashed it.
    let threads: Vec<_> = (0..4)
        .map(|_| {
            std::thread::spawn(|| {
                let case = trusted("  v2 = field_addr v1, r0.tgid\n  v3: i32 = load v2\n  return v3\n");
                let first = case.object();
                for _ in 0..20 {
                    assert_eq!(first, case.object());
                }
                if kernel() {
                    let loaded = support::load(&first).unwrap();
                    assert_eq!(run(&loaded, "p", &[0, 0]), std::process::id());
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn an_address_that_nobody_uses_is_nothing() {
    // With LLVM's intrinsics, a call whose value has no user crashed the pass.
    let case = trusted(
        "  v2 = field_addr v1, r0.real_parent\n  v3: ptr.kernel = load v2\n  v4: i32 = iconst 3\n  return v4\n",
    );
    let Some(loaded) = case.load() else { return };
    assert_eq!(run(&loaded, "p", &[0, 0]), 3);
}

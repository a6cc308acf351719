//! Maps and global variables: every encoding loads under two libbpfs, and holds what was put there.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

mod support;

use pbpf_loader::Value;
use support::{Case, bpftool_loads, run, variable};

/// One map of each encoding. Type numbers are those of `enum bpf_map_type`.
const KINDS: &str = r"
type t10 = ptr.ctx void
type t11 = record r0
type t12 = record r1
type t13 = str 16
type t14 = array u16 3
record r0 struct user key_t size 8 align 4 {
  pid: u32 +0
  cpu: s32 +4
}
record r1 struct user val_t size 32 align 8 {
  count: u64 +0
  comm: t13 +8
  ports: t14 +24
}
map map0 hashed kind hash 1 key t11 value t12 max_entries 16
map map1 arrayed kind array 2 key u32 value u64 max_entries 4
map map2 percpu_hashed kind percpu_hash 5 key u32 value u64 max_entries 4
map map3 percpu_arrayed kind percpu_array 6 key u32 value u64 max_entries 4
map map4 lru kind lru_hash 9 key u32 value u64 max_entries 64
map map5 ring kind ringbuf 27 max_entries 4096
map map6 perf kind perf_event_array 4 key u32 value u32 sizes
map map7 queued kind queue 22 value u64 max_entries 4
map map8 stacked kind stack 23 value u64 max_entries 4
map map9 tasks kind task_storage 29 key s32 value u64 flags 1
map map10 socks kind sk_storage 24 key s32 value u64 flags 1
map map11 tries kind lpm_trie 11 key t11 value u64 max_entries 4 flags 1
map map12 jumps kind prog_array 3 key u32 value u32 max_entries 4
map map13 devices kind devmap 14 key u32 value u32 max_entries 4
";

#[test]
fn every_kind_loads() {
    let text = format!(
        "{KINDS}function fn0 p(ctx: t10) -> i32 program \"raw_tp/sys_enter\" \"test:any\" {{\nblock0(v0: ptr.ctx):\n  \
         v1: i32 = iconst 0\n  return v1\n}}\n"
    );
    let case = Case::new(&text);
    let Some(loaded) = case.load() else { return };
    let kinds: Vec<u32> = loaded.maps().iter().map(pbpf_loader::Map::kind).collect();
    assert_eq!(kinds, [1, 2, 5, 6, 9, 27, 4, 22, 23, 29, 24, 11, 3, 14]);
    let hashed = loaded.map("hashed").unwrap();
    assert_eq!((hashed.key_size(), hashed.value_size(), hashed.max_entries()), (8, 32, 16));
}

#[test]
fn struct_keys_and_values_have_their_names() {
    let text = format!(
        "{KINDS}function fn0 p(ctx: t10) -> i32 program \"raw_tp/sys_enter\" \"test:any\" {{
  slot0 key size 8 align 4
  slot1 value size 32 align 8
block0(v0: ptr.ctx):
  slot_live slot0
  slot_live slot1
  v1 = slot_addr slot0
  v2 = slot_addr slot1
  memset v2, 0, 32
  v3: i32 = iconst 7
  store v1, v3
  store v1+4, v3
  v4: i64 = iconst 99
  store v2, v4
  v5: i8 = iconst 104
  store v2+8, v5
  v6: i16 = iconst 80
  store v2+26, v6
  v7 = map_addr map0
  v8: i64 = iconst 0
  v9: i64 = call_helper bpf_map_update_elem#2(v7, v1, v2, v8)
  slot_dead slot1
  slot_dead slot0
  v10: i32 = trunc v9
  return v10
}}
"
    );
    let case = Case::new(&text);
    let Some(loaded) = case.load() else { return };
    assert_eq!(run(&loaded, "p", &[0, 0]), 0);
    let entries = loaded.map("hashed").unwrap().entries().unwrap();
    let [(key, value)] = entries.as_slice() else { panic!("{entries:?}") };
    let int = |v: &Value, name: &str| v.member(name).unwrap().as_int().unwrap();
    assert_eq!((int(key, "pid"), int(key, "cpu"), int(value, "count")), (7, 7, 99));
    assert_eq!(value.member("comm").unwrap().as_str(), Some("h"));
    assert_eq!(
        value.member("ports"),
        Some(&Value::Array(vec![Value::Int(0), Value::Int(80), Value::Int(0)]))
    );
    let dump = bpftool_loads(&case.object(), &["map", "show", "pinned", "MAP:hashed"]).unwrap();
    assert!(dump.contains("btf_id"), "{dump}");
}

#[test]
fn lookup_update_delete_and_atomic_add() {
    let text = r#"
type t10 = ptr.ctx void
map map0 counts kind hash 1 key u32 value u64 max_entries 16
function fn0 count(ctx: t10) -> i32 program "raw_tp/sys_enter" "test:any" {
  slot0 key size 4 align 4
  slot1 first size 8 align 8
block0(v0: ptr.ctx):
  v1: i64 = load v0
  v2: i32 = trunc v1
  slot_live slot0
  v3 = slot_addr slot0
  store v3, v2
  v4 = map_addr map0
  v5: ptr.map_value? = call_helper bpf_map_lookup_elem#1(v4, v3)
  v6: ptr.map_value? = null
  v7 = icmp.ne v5, v6
  branch v7, block1, block2
block1:
  v8 = refine v5
  v9: i64 = iconst 1
  v10: i64 = atomic.add v8, v9
  v11: i64 = iconst 2
  v12 = icmp.uge v10, v11
  branch v12, block3, block4(v10)
block2:
  slot_live slot1
  v13 = slot_addr slot1
  v14: i64 = iconst 1
  store v13, v14
  v15: i64 = iconst 0
  v16: i64 = call_helper bpf_map_update_elem#2(v4, v3, v13, v15)
  slot_dead slot1
  jump block4(v15)
block3:
  v17: i64 = call_helper bpf_map_delete_elem#3(v4, v3)
  jump block4(v17)
block4(v18: i64):
  slot_dead slot0
  v19: i32 = trunc v18
  return v19
}
"#;
    let Some(loaded) = Case::new(text).load() else { return };
    let map = loaded.map("counts").unwrap();
    let held = || map.lookup(&5u32.to_le_bytes()).unwrap().map(|v| u64::from_le_bytes(v.try_into().unwrap()));
    assert_eq!(run(&loaded, "count", &[5, 0]), 0);
    assert_eq!(held(), Some(1));
    assert_eq!(run(&loaded, "count", &[5, 0]), 1);
    assert_eq!(held(), Some(2));
    assert_eq!(run(&loaded, "count", &[5, 0]), 0);
    assert_eq!(held(), None, "deleted at the third");
}

#[test]
fn atomic_operations_give_the_old_value() {
    let text = r#"
type t10 = ptr.ctx void
global global0 wide: u64 data = 12
global global1 narrow: u32 data = 12
function fn0 p(ctx: t10) -> i32 program "raw_tp/sys_enter" "test:any" {
block0(v0: ptr.ctx):
  v1: i64 = iconst 10
  v2 = global_addr global0
  atomic.add v2, v1
  v3: i64 = atomic.and v2, v1
  v4: i64 = atomic.or v2, v1
  v5: i64 = atomic.xor v2, v1
  v6: i64 = atomic.xchg v2, v1
  v7: i32 = iconst 3
  v8 = global_addr global1
  v9: i32 = atomic.add v8, v7
  v10: i32 = atomic.xchg v8, v7
  v11 = add v3, v4
  v12 = add v11, v5
  v13 = add v12, v6
  v14: i32 = trunc v13
  v15 = add v14, v9
  v16 = add v15, v10
  return v16
}
"#;
    let Some(loaded) = Case::new(text).load() else { return };
    // 22, then 22 & 10 = 2, 2 | 10 = 10, 10 ^ 10 = 0; 12, then 15.
    assert_eq!(run(&loaded, "p", &[0, 0]), 22 + 2 + 10 + 12 + 15);
    assert_eq!(variable(&loaded, "wide").as_int(), Some(10));
    assert_eq!(variable(&loaded, "narrow").as_int(), Some(3));
}

#[test]
fn globals_are_kept_and_user_space_sees_them() {
    let text = r#"
type t10 = ptr.ctx void
type t11 = array u32 4
type t12 = str 8
type t13 = record r0
type t14 = enum e0
record r0 struct user pair size 16 align 8 {
  a: u64 +0
  b: u8 +8
}
enum e0 colour size 4 unsigned {
  RED = 0
  BLUE = 2
}
global global0 limit: u32 rodata = 5
global global1 flag: bool data = 1
global global2 table: t11 bss = zero
global global3 name: t12 data = b"pbpf\x00\x00\x00\x00"
global global4 ".text.4": t12 rodata = b"private\x00"
global global5 both: t13 data = zero
global global6 tint: t14 data = 2
global global7 minus: s16 rodata = -2
function fn0 p(ctx: t10) -> i32 program "raw_tp/sys_enter" "test:any" {
block0(v0: ptr.ctx):
  v1 = global_addr global0
  v2: i32 = load v1
  v3 = global_addr global1
  v4: i1 = load v3
  v5 = global_addr global2
  store v5+8, v2
  v6 = global_addr global4
  v7: i8 = load v6+1
  v8: i32 = zext v7
  v9 = global_addr global5
  v10: i64 = iconst 77
  store v9, v10
  v11: i1 = iconst 0
  store v3, v11
  v12 = select v4, v8, v2
  v13 = global_addr global6
  v14: i32 = load v13
  v15 = add v12, v14
  v16 = global_addr global3
  store v16+4, v7
  v17 = global_addr global7
  v18: i16 = load v17
  v19: i32 = sext v18
  v20 = add v15, v19
  return v20
}
"#;
    let case = Case::new(text);
    assert!(case.ir().contains("externally_initialized"), "user space may set it: it must not be folded");
    let Some(loaded) = case.load() else { return };
    assert_eq!(run(&loaded, "p", &[0, 0]), u32::from(b'r') + 2 - 2);
    assert_eq!(variable(&loaded, "limit").as_int(), Some(5));
    assert_eq!(variable(&loaded, "flag"), Value::Bool(false));
    assert_eq!(variable(&loaded, "name").as_str(), Some("pbpfr"));
    assert_eq!(variable(&loaded, "both").member("a").unwrap().as_int(), Some(77));
    assert_eq!(variable(&loaded, "tint"), Value::Enum { name: "BLUE".to_owned(), value: 2 });
    let Value::Array(table) = variable(&loaded, "table") else { panic!() };
    assert_eq!(table[2].as_int(), Some(5));
    let names: Vec<String> =
        loaded.maps().iter().filter_map(|m| m.variables().unwrap()).flatten().map(|(n, _)| n).collect();
    assert!(
        !names.iter().any(|n| n.starts_with('.')),
        "constants of the compiler's are not shown: {names:?}"
    );
}

#[test]
fn constants_alone_load_without_warnings() {
    let text = r#"
type t10 = ptr.ctx void
type t12 = str 8
global global0 ".text.0": t12 rodata = b"private\x00"
function fn0 p(ctx: t10) -> i32 program "raw_tp/sys_enter" "test:any" {
block0(v0: ptr.ctx):
  v1 = global_addr global0
  v2: i64 = load v0
  v3: i64 = iconst 7
  v4 = and v2, v3
  v5 = ptr_add v1, v4
  v6: i8 = load v5
  v7: i32 = zext v6
  return v7
}
"#;
    let Some(loaded) = Case::new(text).load() else { return };
    assert_eq!(run(&loaded, "p", &[2, 0]), u32::from(b'i'));
}

//! The same module gives the same bytes, in one process and in another, alone and beside others.
//!
//! What is tried holds much of what LLVM keeps in tables by address: pointers to records inside records, prototypes of
//! kernel functions, many relocations.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

mod support;

use std::fmt::Write;
use std::process::Command;
use support::Case;

/// Set in the process that only prints.
const CHILD: &str = "PBPF_LLVM_DETERMINISM";

fn case() -> Case {
    let mut text = "type t10 = ptr.ctx void\n".to_owned();
    for i in 0..8 {
        let (record, pointer) = (11 + 2 * i, 12 + 2 * i);
        let _ = writeln!(text, "type t{record} = record r{i}\ntype t{pointer} = ptr.kernel? t{record}");
    }
    for i in 0..8 {
        let next = 12 + 2 * ((i + 1) % 8);
        let other = 12 + 2 * ((i + 5) % 8);
        let _ = writeln!(
            text,
            "record r{i} struct kernel record_{i} size 64 align 8 {{\n  a: t{next} +8\n  b: t{other} +16\n  n: u32 +32\n}}"
        );
        let _ = writeln!(text, "map map{i} m{i} kind hash 1 key u32 value u64 max_entries 8");
        let _ = writeln!(text, "global global{i} g{i}: u64 data = {i}");
    }
    for i in 0..8 {
        let _ = writeln!(text, "type t{} = func(p: t{}) -> s32", 40 + i, 12 + 2 * i);
        let _ = writeln!(text, "extern extern{i} kfunc_{i}: t{} weak", 40 + i);
    }
    for f in 0..4 {
        let _ = writeln!(
            text,
            "function fn{f} f{f}(ctx: t10) -> i32 program \"raw_tp/x{f}\" \"test:any\" {{\nblock0(v0: ptr.ctx):\n  v1: ptr.kernel = load v0"
        );
        for i in 0..8 {
            let v = 10 + 10 * i;
            let _ = writeln!(
                text,
                "  v{v} = field_addr v1, r{i}.b\n  v{}: ptr.kernel? = load v{v}\n  v{}: i32 = call_kfunc extern{i}(v{})\n  \
                 v{} = map_addr map{i}\n  v{} = global_addr global{i}\n  v{}: i64 = ptr_to_int v{}\n  store v{}, v{}",
                v + 1,
                v + 2,
                v + 1,
                v + 3,
                v + 4,
                v + 5,
                v + 1,
                v + 4,
                v + 5
            );
        }
        text += "  v2: i32 = iconst 0\n  return v2\n}\n";
    }
    Case::new(&text)
}

fn print(object: &[u8]) -> String {
    let text = object.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    format!("object:{text}:")
}

#[test]
fn one_module_gives_the_same_bytes_everywhere() {
    let case = case();
    let first = case.object();
    if std::env::var_os(CHILD).is_some() {
        std::fs::write(std::env::var_os(CHILD).unwrap(), print(&first)).unwrap();
        return;
    }
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let (case, first) = (case.clone(), first.clone());
            std::thread::spawn(move || {
                for _ in 0..20 {
                    assert!(case.object() == first, "the bytes differ");
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let answer = std::env::temp_dir().join(format!("pbpf-llvm-determinism-{}", std::process::id()));
    let status = Command::new(std::env::current_exe().unwrap()).env(CHILD, &answer).output().unwrap().status;
    let there = std::fs::read_to_string(&answer).unwrap();
    std::fs::remove_file(&answer).unwrap();
    assert!(status.success());
    assert!(there == print(&first), "the bytes differ in another process");
}

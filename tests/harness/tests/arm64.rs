//! Arguments of probes on arm64: which registers they are in. Loading such objects needs such a machine, which is not here.
//!
//! Promises: the registers are those of the calling convention and of the kernel's wrappers of system calls, in the kernel's
//! `struct pt_regs` for arm64, of which this test writes the BTF. Leaves out: running.

#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use pbpf_tests::{places::Places, process};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

const PROGRAM: &str = r#"
from ctypes import c_uint64
from pbpf import bpf, bpfglobal, section

@bpf
@section("kprobe/vfs_read")
def entered(ctx, a, b, c, d, e, f, g, h):
    print(a, b, c)
    print(d, e, f)
    print(g, h, ctx.pc)

@bpf
@section("kretprobe/vfs_read")
def left(ctx, ret):
    print(ret)

@bpf
@section("ksyscall/openat")
def called(ctx, dfd, name, flags):
    print(dfd, name, flags)

@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
"#;

/// `struct pt_regs { u64 regs[31]; u64 sp; u64 pc; u64 pstate; u64 orig_x0; }` as BTF.
fn btf() -> Vec<u8> {
    let names = "\0unsigned long\0pt_regs\0regs\0sp\0pc\0pstate\0orig_x0\0";
    let at = |name: &str| names.find(&format!("\0{name}\0")).unwrap() as u32 + 1;
    let mut types: Vec<u32> = vec![
        // 1: an integer of eight bytes; 2: an array of 31.
        at("unsigned long"),
        1 << 24,
        8,
        64,
        0,
        3 << 24,
        0,
        1,
        1,
        31,
        // 3: the struct, with five members.
        at("pt_regs"),
        4 << 24 | 5,
        280,
    ];
    let members = [("regs", 2, 0), ("sp", 1, 248), ("pc", 1, 256), ("pstate", 1, 264), ("orig_x0", 1, 272)];
    types.extend(members.iter().flat_map(|(name, ty, bytes)| [at(name), *ty, bytes * 8]));
    let size = types.len() as u32 * 4;
    let header = [0x0001_eb9f, 24, 0, size, size, names.len() as u32];
    let words = header.iter().chain(&types).flat_map(|word| word.to_le_bytes());
    words.chain(names.bytes()).collect()
}

/// The machine code behind `legalise` of a program for an architecture.
fn legalised(arch: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("arm64");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("program.py"), PROGRAM).unwrap();
    std::fs::write(folder.join("vmlinux.btf"), btf()).unwrap();
    let places = Places::find().unwrap();
    places.build_pbpf().unwrap();
    let mut command = Command::new(&places.pbpf);
    command.current_dir(&folder).args(["build", "program.py", "-o", "program.o", "--arch", arch]);
    command.args(["--btf", "vmlinux.btf", "--print-after", "legalise"]);
    let done = process::run(&mut command, Duration::from_secs(60)).unwrap();
    assert_eq!(done.status, Some(0), "{}", done.stderr);
    done.stdout + &done.stderr
}

/// The fields of the registers that a function reads.
fn registers(mir: &str, function: &str) -> Vec<String> {
    let body = mir.split("\nfunction ").find(|text| text.contains(&format!(" {function}("))).unwrap();
    let fields = body.lines().filter_map(|line| line.split_once(" = field_addr "));
    let field = |text: &str| text.split_once('.').map(|(_, path)| path.split(' ').next().unwrap().to_owned());
    fields.filter_map(|(_, text)| field(text)).collect()
}

#[test]
fn arguments_are_in_these_registers() {
    let mir = legalised("arm64");
    let mut entered: Vec<String> = (0..8).map(|n| format!("regs[{n}]")).collect();
    entered.push("pc".to_owned());
    assert_eq!(registers(&mir, "entered"), entered);
    assert_eq!(registers(&mir, "left"), ["regs[0]"]);
    // Behind the pointer that the wrapper is given; the first register is overwritten by the result there.
    let called = registers(&mir, "called");
    let read: Vec<&str> = called.iter().map(String::as_str).filter(|r| *r != "regs[0]").collect();
    assert_eq!(read, ["orig_x0", "regs[1]", "regs[2]"]);
}

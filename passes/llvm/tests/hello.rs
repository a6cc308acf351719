//! The smallest program, whole: it loads, its lines are in BTF, and two runs give the same bytes.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

mod support;

use pbpf_llvm::{Artifact, EmitOptions};
use pbpf_loader::{LoadError, Object, OpenOptions};
use support::{Case, bpftool_loads};

/// Lines have 20 bytes, so the call is on line 3, the return on line 4.
const HELLO: &str = r#"
type t10 = ptr.ctx void
type t11 = str 10
global global0 ".text.0": t11 rodata = b"hello %d\x0a\x00" @20..21
function fn0 hello(ctx: t10) -> i32 program "tracepoint/syscalls/sys_enter_execve" "test:any" @24..36 {
block0(v0: ptr.ctx):
  v1 = global_addr global0 @44..56
  v2: i64 = iconst 10 @44..56
  v3: i64 = iconst 42 @44..56
  v4: i64 = call_helper bpf_trace_printk#6(v1, v2, v3) @44..56
  v5: i32 = iconst 0 @69..70
  return v5 @69..70
}
"#;

#[test]
fn it_loads_with_its_lines() {
    let case = Case::new(HELLO);
    let Some(loaded) = case.load() else { return };
    assert_eq!(loaded.programs().len(), 1);
    let dump = ["prog", "dump", "xlated", "pinned", "PROG:hello", "linum"];
    let listing = bpftool_loads(&case.object(), &dump).unwrap();
    assert!(listing.contains("; python(0000003) [file:prog.py line_num:3 line_col:5]"), "{listing}");
    assert!(listing.contains("; python(0000004) [file:prog.py line_num:4 line_col:10]"), "{listing}");
}

#[test]
fn every_form_is_made_and_twice_the_same() {
    let case = Case::new(HELLO);
    let all = vec![Artifact::Object, Artifact::LlvmIr, Artifact::LlvmIrBefore, Artifact::Assembly];
    let options = EmitOptions { emit: all, ..EmitOptions::default() };
    let first = case.emit(&options);
    assert_eq!(first, case.emit(&options));
    assert_eq!(first.object.unwrap(), case.object(), "what else is asked for changes nothing");
    assert_eq!(first.assembly.unwrap(), case.assembly());
    assert!(first.llvm_ir_before.unwrap().contains("define i32 @hello(ptr %0)"));
    assert!(first.llvm_ir.unwrap().contains("i32 @hello(ptr"));
}

#[test]
fn no_path_of_this_machine_is_in_the_object() {
    let object = Case::new(HELLO).object();
    let here = std::env::current_dir().unwrap();
    let here = here.to_str().unwrap().as_bytes();
    assert!(!object.windows(here.len()).any(|w| w == here));
}

#[test]
fn dwarf_is_there_only_if_asked_for() {
    let case = Case::new(HELLO);
    let has = |object: &[u8], name: &[u8]| object.windows(name.len()).any(|w| w == name);
    let plain = case.object();
    assert!(has(&plain, b".BTF.ext\0") && !has(&plain, b".debug_info\0") && !has(&plain, b".debug_line\0"));
    let dwarf = case.emit(&EmitOptions { dwarf: true, ..EmitOptions::default() }).object.unwrap();
    assert!(has(&dwarf, b".BTF.ext\0") && has(&dwarf, b".debug_info\0") && has(&dwarf, b".debug_line\0"));
    bpftool_loads(&dwarf, &[]);
    assert!(plain.len() * 2 < dwarf.len() + 600, "{} {}", plain.len(), dwarf.len());
}

#[test]
fn the_verifiers_log_names_the_python_line() {
    // The index is not bounded.
    let text = r#"
type t10 = ptr.ctx void
type t11 = array u8 16
global global0 table: t11 bss = zero
function fn0 p(ctx: t10) -> i32 program "raw_tp/sys_enter" "test:any" @24..36 {
block0(v0: ptr.ctx):
  v1: i64 = load v0 @24..36
  v2 = global_addr global0 @44..56
  v3 = ptr_add v2, v1 @44..56
  v4: i8 = load v3 @64..70
  v5: i32 = zext v4 @64..70
  return v5 @64..70
}
"#;
    let object = Case::new(text).object();
    if !support::kernel() {
        return;
    }
    let error = Object::open_bytes(object, &OpenOptions::default()).unwrap().load().unwrap_err();
    let LoadError::Refused(refused) = error else { panic!("{error:?}") };
    assert!(refused.log.contains("; python(0000003) @ prog.py:3"), "{}", refused.log);
    assert!(!refused.log.contains("arg#0"), "{}", refused.log);
}

#[test]
fn names_that_the_kernel_refuses_are_refused_here() {
    let error = |text: &str| {
        let errors = Case::new(text).try_emit(&EmitOptions::default()).unwrap_err();
        assert_eq!(errors.len(), 1);
        errors[0].message.clone()
    };
    assert_eq!(
        error("map map0 \"caf\u{e9}\" kind hash 1 key u32 value u32 max_entries 1"),
        "the kernel does not take `caf\u{e9}` as the name of a map"
    );
    let long = "x".repeat(200);
    let text = format!("global global0 {long}: u64 bss = zero");
    assert_eq!(error(&text), format!("the kernel does not take `{long}` as the name of a variable"));
    // A parameter's name is nothing that anybody goes by.
    let case = Case::new(
        "type t10 = ptr.ctx void\nfunction fn0 p(\"\u{e9}\": t10) -> i32 program \"raw_tp/x\" \"test:any\" {\nblock0(v0: ptr.ctx):\n  \
         v1: i32 = iconst 0\n  return v1\n}\n",
    );
    case.load();
}

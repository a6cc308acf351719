//! What BPF cannot do, and MIR that breaks its rules: diagnostics at the place, and the process goes on.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

mod support;

use pbpf_core::diag::Diagnostic;
use pbpf_core::target::Cpu;
use pbpf_llvm::EmitOptions;
use support::Case;

fn program(slots: &str, body: &str) -> Case {
    Case::new(&format!(
        "type t10 = ptr.ctx void\nfunction fn0 p(ctx: t10) -> i32 program \"raw_tp/sys_enter\" \"test:any\" @24..40 {{\n{slots}\
         block0(v0: ptr.ctx):\n{body}}}\n"
    ))
}

fn refused(case: &Case, options: &EmitOptions) -> Diagnostic {
    let mut errors = case.try_emit(options).unwrap_err();
    let first = errors.remove(0);
    assert_eq!(first.code, "backend");
    first
}

fn line(case: &Case, diagnostic: &Diagnostic) -> u32 {
    case.sources.start(diagnostic.primary.as_ref().unwrap().span).unwrap().line
}

#[test]
fn too_much_stack() {
    let case = program(
        "  slot0 big size 600 align 8\n",
        "  v1 = slot_addr slot0 @44..50\n  v2: i32 = iconst 600 @44..50\n  v3: i64 = call_helper bpf_get_current_comm#16(v1, v2) @44..50\n  \
         v4: i32 = trunc v3\n  return v4 @64..70\n",
    );
    let error = refused(&case, &EmitOptions::default());
    assert_eq!(error.message, "`p` needs more than the 512 bytes of stack that BPF has");
    assert_eq!(line(&case, &error), 3, "the place of the access that is out of reach");
    assert!(error.notes[0].contains("BPF stack limit"), "{:?}", error.notes);
    assert!(error.help[0].contains("map"));
}

#[test]
fn copies_that_need_a_library() {
    let case = Case::new(
        "type t10 = ptr.ctx void\ntype t11 = array u8 5000\nglobal global0 a: t11 bss = zero\nglobal global1 b: t11 data = zero\n\
         function fn0 p(ctx: t10) -> i32 program \"raw_tp/sys_enter\" \"test:any\" @24..40 {\nblock0(v0: ptr.ctx):\n  v1 = global_addr global0\n  \
         v2 = global_addr global1\n  memcpy v1, v2, 5000 @44..50\n  v3: i32 = iconst 0\n  return v3\n}\n",
    );
    let error = refused(&case, &EmitOptions::default());
    assert_eq!(error.message, "`p` copies or fills more bytes at once than BPF can without a loop");
}

#[test]
fn after_an_error_the_next_module_is_compiled() {
    too_much_stack();
    let case = program("", "  v1: i32 = iconst 0\n  return v1\n");
    assert!(case.try_emit(&EmitOptions::default()).is_ok());
}

#[test]
fn products_of_128_bits_need_a_library() {
    // LLVM makes a multiplication with overflow check of this.
    let case = program(
        "",
        "  v1: i64 = load v0\n  v2: i64 = load v0+8\n  v3 = mul v1, v2 @44..50\n  v4 = opaque v1\n  v5 = udiv v3, v2 @44..50\n  \
         v6 = icmp.ne v5, v1 @44..50\n  v7: i32 = zext v6\n  return v7\n",
    );
    if let Err(errors) = case.try_emit(&EmitOptions::default()) {
        assert_eq!(errors[0].message, "`p` multiplies numbers of 128 bits, which BPF cannot");
    }
}

#[test]
fn mir_that_breaks_its_rules_is_not_emitted() {
    let case = program("", "  v1: i32 = ctx_load v0, pid @44..50\n  return v1\n");
    let errors = case.try_emit(&EmitOptions::default()).unwrap_err();
    assert_eq!((errors[0].code, errors.len()), ("mir-invalid", 1));
    let case = program(
        "",
        "  v1: i64 = load v0\n  v2: i64 = iconst 3\n  v3 = sdiv v1, v2\n  v4: i32 = trunc v3\n  return v4\n",
    );
    let on = |cpu| case.try_emit(&EmitOptions { cpu, ..EmitOptions::default() });
    assert_eq!(on(Cpu::V3).unwrap_err()[0].code, "mir-invalid");
    assert!(on(Cpu::V4).is_ok());
}

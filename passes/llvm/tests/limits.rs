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
fn too_many_arguments() {
    let case = program(
        "",
        "  v1: i64 = iconst 1\n  v2: i64 = call_helper bpf_ktime_get_ns#5(v1, v1, v1, v1, v1, v1) @44..50\n  v3: i32 = trunc v2\n  return v3\n",
    );
    let error = refused(&case, &EmitOptions::default());
    assert_eq!(error.message, "`p` calls a function with more than five arguments");
    assert_eq!(line(&case, &error), 3);
}

#[test]
fn too_many_parameters() {
    let case = Case::new(
        "function fn0 f(a: u64, b: u64, c: u64, d: u64, e: u64, f: u64) -> i64 global @24..40 {\n\
         block0(v0: i64, v1: i64, v2: i64, v3: i64, v4: i64, v5: i64):\n  v6 = add v0, v5\n  return v6\n}\n",
    );
    let error = refused(&case, &EmitOptions::default());
    assert_eq!(error.message, "`f` has more than five parameters");
    assert_eq!(line(&case, &error), 2);
}

#[test]
fn signed_division_of_an_old_instruction_set() {
    let case = program(
        "",
        "  v1: i64 = load v0\n  v2: i64 = iconst 3\n  v3 = sdiv v1, v2 @44..50\n  v4: i32 = trunc v3\n  return v4\n",
    );
    let error = refused(&case, &EmitOptions { cpu: Cpu::V3, ..EmitOptions::default() });
    assert_eq!(error.message, "`p` divides signed numbers, which BPF has since `--cpu v4`");
    assert!(case.try_emit(&EmitOptions { cpu: Cpu::V4, ..EmitOptions::default() }).is_ok());
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
fn mir_that_breaks_its_rules_is_refused() {
    for (body, message) in [
        ("  v1 = opaque v0 @44..50\n  v2: i32 = iconst 1\n  return v2\n", "v0 is no integer"),
        ("  v1: i64 = iconst 0\n  v2: i32 = load v1 @44..50\n  return v2\n", "v1 is no pointer"),
        ("  v1: i32 = ctx_load v0, pid @44..50\n  return v1\n", "an abstract instruction is left"),
        (
            "  v1: i64 = iconst 0\n  v2 = floordiv v1, v1 @44..50\n  v3: i32 = trunc v2\n  return v3\n",
            "an abstract instruction is left",
        ),
        (
            "  v1: i32 = iconst 0\n  jump block1(v1) @44..50\nblock1:\n  return v1\n",
            "block1 takes another number of values",
        ),
        (
            "  jump block2 @44..50\nblock1:\n  v2: i32 = iconst 1\n  jump block2\nblock2:\n  return v2 @44..50\n",
            "v1 is used before it is defined",
        ),
    ] {
        let case = program("", body);
        let error = refused(&case, &EmitOptions::default());
        assert_eq!(error.message, format!("the program cannot be emitted: {message}"));
        assert_eq!(line(&case, &error), 3, "{message}");
    }
}

#[test]
fn what_only_llvms_verifier_sees_is_refused() {
    let case = program("", "  v1: i64 = iconst 0\n  return v1\n");
    let error = refused(&case, &EmitOptions::default());
    assert!(error.notes[0].contains("return type"), "{error:?}");
    let clash = Case::new("global global0 x: u64 bss = zero\nglobal global1 x: u64 bss = zero\n");
    let error = refused(&clash, &EmitOptions::default());
    assert!(error.notes[0].contains("redefinition"), "{error:?}");
    let empty = Case::new("function fn0 f() static @24..40 {\n}\n");
    assert_eq!(
        refused(&empty, &EmitOptions::default()).message,
        "the program cannot be emitted: `f` has no blocks"
    );
}

//! The smallest program, whole: it loads, its lines are in the verifier's log, and two runs give the same bytes.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

mod support;

use pbpf_core::mir::{Op, Type};
use support::Case;

fn hello() -> Case {
    let mut case = Case::new();
    let span = case.line(1);
    let text = case.module.intern_text("hello %d\n", span);
    let line = case.line(3);
    case.program("hello", "tracepoint/syscalls/sys_enter_execve", |b, _ctx| {
        b.span = line;
        let format = b.op(Op::GlobalAddr(text));
        let size = b.iconst(Type::I64, 10);
        let number = b.iconst(Type::I64, 42);
        b.helper("bpf_trace_printk", 6, vec![format, size, number], Type::I64);
        let zero = b.iconst(Type::I32, 0);
        b.effect(Op::Return(Some(zero)));
    });
    case
}

#[test]
fn it_loads() {
    let case = hello();
    let Some(loaded) = case.load() else { return };
    let listing = loaded.tool(&["prog", "dump", "xlated", "pinned", "PROG:hello", "linum"]);
    assert!(listing.contains("prog.py line_num:3 line_col:5"), "{listing}");
    assert!(listing.contains("; python_line(3)"), "{listing}");
}

#[test]
fn two_runs_give_the_same_bytes() {
    let case = hello();
    assert_eq!(case.object(), case.object());
}

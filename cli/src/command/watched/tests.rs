//! What the kernel says when it ends a scheduler, and what pbpf makes of it.

#![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]
use super::*;
use pbpf_core::rows::Manifest;

#[test]
fn what_the_kernel_says_is_explained() {
    let manifest = include_str!("../../../../program-types/sched-ext/manifest.json");
    let manifest = Manifest::from_json(manifest).unwrap();
    let row = manifest.program_types[0].struct_ops.as_ref().unwrap().ended.as_ref().unwrap();
    let told = |lines: &[&str]| {
        let lines: Vec<String> = lines.iter().map(|line| format!("sched_ext: {line}")).collect();
        told("fifo", row, &lines)
    };
    let stalled = told(&[
        "BPF scheduler \"fifo\" disabled (runnable task stall)",
        "fifo: x[15] failed to run for 1.004s",
    ]);
    assert_eq!(stalled.code, "ended-by-kernel");
    assert!(stalled.message.contains("A task waited"), "{stalled:?}");
    assert_eq!(stalled.notes.len(), 2);
    let queue = told(&["BPF scheduler \"fifo\" disabled (runtime error)", "fifo: non-existent DSQ 0x4d"]);
    assert!(queue.message.contains("was not made"), "{queue:?}");
    let processor = told(&["fifo: invalid CPU 500 from ops.select_cpu()"]);
    assert!(processor.message.contains("`select_cpu`"), "{processor:?}");
    assert!(told(&["something new"]).message.ends_with("It does not say why."));
}

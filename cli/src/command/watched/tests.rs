//! What the kernel says when it ends a scheduler, and what pbpf makes of it.

#![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]
use super::*;
use pbpf_core::rows::Manifest;
use pbpf_core::source::SourceMap;
use std::{fs, os::fd::OwnedFd, os::unix::net::UnixDatagram, process};

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

/// The test plays the kernel: a file for the state, and a log of which each read gives one record.
#[test]
fn the_end_is_told_at_the_class() {
    let manifest = include_str!("../../../../program-types/sched-ext/manifest.json");
    let manifest = Manifest::from_json(manifest).unwrap();
    let row = manifest.program_types[0].struct_ops.as_ref().unwrap().ended.as_ref().unwrap();
    let mut sources = SourceMap::new();
    let text = "class Fifo(struct_ops.sched_ext_ops):\n    pass\n";
    let place = Span::new(sources.add("fifo.py".to_owned(), text.to_owned()), 6, 10);
    let state = std::env::temp_dir().join(format!("pbpf-state-{}", process::id()));
    let (kernel, log) = UnixDatagram::pair().unwrap();
    log.set_nonblocking(true).unwrap();
    let shown = Shown { state: state.clone(), at_work: row.at_work.clone(), log: row.log.clone() };
    let watch = Watch::reading(shown, Some(OwnedFd::from(log).into()));
    let mut watched = Watched { name: "Fifo".to_owned(), place: Some(place), row, watch };

    fs::write(&state, format!("{}\n", row.at_work[0])).unwrap();
    kernel.send(b"6,100,5000,-;eth0: link becomes ready\n").unwrap();
    assert!(watched.ended().is_none(), "at work");
    fs::write(&state, "disabled\n").unwrap();
    let said = [
        "sched_ext: BPF scheduler \"Fifo\" disabled (runnable task stall)",
        "sched_ext: Fifo: x[15] failed to run for 5.004s",
    ];
    for line in said {
        kernel.send(format!("3,101,5001,-;{line}\n SUBSYSTEM=x\n").as_bytes()).unwrap();
    }
    let told = watched.ended().unwrap();
    fs::remove_file(&state).unwrap();

    assert_eq!(told.primary.as_ref().unwrap().span, place);
    assert!(told.message.contains("`Fifo`") && told.message.contains("A task waited"), "{told:?}");
    assert_eq!(told.notes, said.map(|line| format!("kernel: {line}")));
    watched.place = None;
    assert!(watched.ended().unwrap().primary.is_none(), "an object file has no place");
}

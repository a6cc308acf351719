//! What programs send: trace lines, ring buffers, perf event arrays.

use crate::fixture::{load, open, skip};
use pbpf_loader::{OpenOptions, Programs, TestRun, TracePipe, Value};
use std::time::{Duration, Instant};

fn only(name: &str) -> OpenOptions {
    OpenOptions { programs: Programs::Only(vec![name.to_owned()]), ..OpenOptions::default() }
}

/// A raw tracepoint's arguments that make `shout` print.
fn shouting() -> TestRun {
    let mut context = vec![0; 16];
    context[8..10].copy_from_slice(&0x7001u16.to_ne_bytes());
    TestRun::context(context)
}

fn next_shout(pipe: &mut TracePipe, wait: Duration) -> Option<pbpf_loader::TraceLine> {
    let deadline = Instant::now() + wait;
    while let Some(line) = pipe.next_line(deadline).unwrap() {
        if line.text.starts_with("loader test says") && line.comm.starts_with("streams::") {
            return Some(line);
        }
    }
    None
}

#[test]
fn each_pipe_sees_every_line_and_no_old_one() {
    if skip("each_pipe_sees_every_line_and_no_old_one") {
        return;
    }
    let loaded = open("good.c", &only("shout")).load().unwrap();
    let shout = loaded.program("shout").unwrap();
    shout.test_run(&shouting()).unwrap();
    let mut one = TracePipe::open().unwrap();
    let mut two = TracePipe::open().unwrap();
    assert!(!one.is_shared());
    assert_eq!(next_shout(&mut one, Duration::from_millis(50)), None);
    let start = Instant::now();
    for _ in 0..100 {
        shout.test_run(&shouting()).unwrap();
    }
    for pipe in [&mut one, &mut two] {
        for i in 0..100 {
            let line = next_shout(pipe, Duration::from_secs(5)).unwrap_or_else(|| panic!("line {i}"));
            assert_eq!(line.text, "loader test says 42");
            assert!(line.time > Duration::ZERO);
        }
        assert_eq!(pipe.lost(), 0);
    }
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    let count = || {
        let mine = format!("pbpf-{}-", std::process::id());
        let folder = std::fs::read_dir("/sys/kernel/tracing/instances").unwrap();
        folder.filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().starts_with(&mine)).count()
    };
    assert!(count() >= 2);
    drop((one, two));
    assert_eq!(count(), 0);
}

#[test]
fn ring_buffers_hand_over_records() {
    if skip("ring_buffers_hand_over_records") {
        return;
    }
    let loaded = load("good.c");
    let records = loaded.map("ring").unwrap().records().unwrap();
    let layout = loaded.map("events").unwrap().value_layout();
    let mut seen = Vec::new();
    assert_eq!(records.poll(Duration::ZERO, |r| seen.push(r)).unwrap(), 0);
    for pid in 0..5 {
        let given = layout.encode(&Value::Struct(vec![("pid".into(), Value::Int(pid))])).unwrap();
        loaded.program("fill").unwrap().test_run(&TestRun::context(given)).unwrap();
    }
    assert_eq!(records.poll(Duration::from_secs(5), |r| seen.push(r)).unwrap(), 5);
    let pid =
        |r: &pbpf_loader::Record| layout.decode(&r.bytes).unwrap().member("pid").unwrap().as_int().unwrap();
    assert_eq!(seen.iter().map(pid).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
}

#[test]
fn perf_event_arrays_hand_over_records() {
    if skip("perf_event_arrays_hand_over_records") {
        return;
    }
    let loaded = open("good.c", &only("perf_out")).load().unwrap();
    let records = loaded.map("perf").unwrap().records().unwrap();
    let link = loaded.attach_all(&[], None).unwrap();
    let mut seen = Vec::new();
    let deadline = Instant::now() + Duration::from_secs(5);
    while seen.is_empty() && Instant::now() < deadline {
        records.poll(Duration::from_millis(100), |r| seen.push(r)).unwrap();
    }
    drop(link);
    assert_eq!(seen[0].bytes[..8], 0x1122_3344_5566_7788u64.to_ne_bytes());
    assert!(seen[0].cpu.is_some());
}

#[test]
fn other_maps_have_no_records() {
    if skip("other_maps_have_no_records") {
        return;
    }
    let loaded = load("good.c");
    let error = loaded.map("counts").unwrap().records().unwrap_err();
    assert!(error.to_string().starts_with("map 'counts': records of a hash: "), "{error}");
}

//! Test runs, attaching, and what is known of accepted programs.

use crate::fixture::{compile, load, open, skip};
use pbpf_loader::{LogDetail, Object, OpenError, OpenOptions, Programs, Target, TestRun};

fn only(names: &[&str]) -> OpenOptions {
    OpenOptions {
        programs: Programs::Only(names.iter().map(|n| (*n).to_owned()).collect()),
        ..OpenOptions::default()
    }
}

#[test]
fn packets_of_every_length_run() {
    if skip("packets_of_every_length_run") {
        return;
    }
    let loaded = load("good.c");
    let length = loaded.program("length").unwrap();
    for bytes in 0..=64 {
        let result = length.test_run(&TestRun::packet(vec![7; bytes])).unwrap();
        assert_eq!(result.value as usize, bytes);
        let expected: Vec<u8> = (0..bytes).map(|i| if i == 0 { 0xab } else { 7 }).collect();
        assert_eq!(result.data, expected, "{bytes}");
    }
    let many = TestRun { repeat: 1000, ..TestRun::packet([0; 64]) };
    assert!(length.test_run(&many).unwrap().duration.as_nanos() > 0);
}

#[test]
fn what_cannot_run_says_so() {
    if skip("what_cannot_run_says_so") {
        return;
    }
    let loaded = load("good.c");
    let error = loaded.program("on_getpgid").unwrap().test_run(&TestRun::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot run program 'on_getpgid': ENOTSUPP (not supported by this kernel); programs of its type only run where they are attached"
    );
}

#[test]
fn reports_have_numbers() {
    if skip("reports_have_numbers") {
        return;
    }
    let options = OpenOptions { log: LogDetail::All, ..only(&["on_enter"]) };
    let loaded = open("good.c", &options).load().unwrap();
    assert_eq!(loaded.programs().len(), 1);
    let program = loaded.program("on_enter").unwrap();
    assert_eq!(program.section(), "raw_tp/sys_enter");
    let report = program.report();
    assert_eq!(report.kernel_type, "raw_tracepoint");
    assert!(report.instructions > 20 && report.machine_bytes > 0, "{report:?}");
    assert_eq!(report.stats.processed, Some(u64::from(report.verified_instructions)));
    assert!(report.stats.total_states.is_some() && report.stats.micros.is_some());
    assert_eq!(report.stats.stack, [16]);
    assert!(report.log.contains("; u32 key = ctx[1] & 3; @ good.c:"), "{}", report.log);
}

#[test]
fn attached_programs_run_until_their_link_drops() {
    if skip("attached_programs_run_until_their_link_drops") {
        return;
    }
    let loaded = open("good.c", &only(&["on_getpgid", "length"])).load().unwrap();
    let runs = || loaded.map(".bss").unwrap().variables().unwrap().unwrap()[0].1.as_int().unwrap();
    let attached = loaded.attach_all(&[], None).unwrap();
    assert_eq!(attached.links.len(), 1);
    assert_eq!(attached.links[0].name(), "on_getpgid");
    assert_eq!(attached.unattached, ["length"]);
    getpgid();
    assert!(runs() >= 1);
    drop(attached);
    let before = runs();
    getpgid();
    assert_eq!(runs(), before);
}

#[test]
fn an_interface_takes_a_program() {
    if skip("an_interface_takes_a_program") {
        return;
    }
    let loaded = open("good.c", &only(&["length"])).load().unwrap();
    let index = std::fs::read_to_string("/sys/class/net/lo/ifindex").unwrap().trim().parse().unwrap();
    let lo = Target::Interface { index, flags: 2 };
    let attached = loaded.attach_all(&[], Some(&lo)).unwrap();
    assert_eq!((attached.links.len(), attached.unattached.len()), (1, 0));
    // A second one does not fit: the kernel says busy.
    let error = loaded.program("length").unwrap().attach(&lo).unwrap_err();
    assert_eq!(error.to_string(), format!("cannot attach 'length' to interface {index}: EBUSY (busy)"));
    drop(attached);
    let nowhere = Target::Interface { index: 9_999_999, flags: 0 };
    let error = loaded.program("length").unwrap().attach(&nowhere).unwrap_err();
    assert!(!error.needs_target(), "{error}");
}

#[test]
fn programs_can_be_left_out() {
    if skip("programs_can_be_left_out") {
        return;
    }
    let except = OpenOptions { programs: Programs::Except(vec!["length".into()]), ..OpenOptions::default() };
    let object = open("good.c", &except);
    let entry = |name: &str| object.programs().into_iter().find(|p| p.name == name).unwrap();
    assert!(!entry("length").selected && entry("fill").selected);
    assert!(object.load().unwrap().program("length").is_none());
    let error = Object::open_bytes(compile("good.c", &[]), &only(&["nope"])).unwrap_err();
    assert!(error.to_string().starts_with("no program 'nope'; there are: on_enter, shout, "), "{error}");
}

#[test]
fn what_is_not_an_object_is_an_error() {
    for bytes in [&b""[..], b"hello", b"\x7fELF\x02\x01\x01", &[0x7f; 4096]] {
        let error = Object::open_bytes(bytes, &OpenOptions::default()).unwrap_err();
        assert!(matches!(error, OpenError::NotAnObject { .. }), "{error}");
    }
    let error = Object::open("/nonexistent/x.bpf.o", &OpenOptions::default()).unwrap_err();
    assert_eq!(error.to_string(), "cannot read /nonexistent/x.bpf.o: ENOENT (no such file, symbol or key)");
}

/// A system call that nothing else here makes.
fn getpgid() {
    // A child process, because the tracepoint counts calls of the whole machine anyway.
    std::process::Command::new("python3").args(["-c", "import os; os.getpgid(0)"]).status().unwrap();
}

#[test]
fn callbacks_work_until_their_link_drops() {
    if skip("callbacks_work_until_their_link_drops") {
        return;
    }
    let names = || std::fs::read_to_string("/proc/sys/net/ipv4/tcp_available_congestion_control").unwrap();
    let options = OpenOptions { programs: Programs::Except(vec!["tasks".into()]), ..OpenOptions::default() };
    let loaded = open("callbacks.c", &options).load().unwrap();
    assert_eq!(loaded.warnings().count(), 0, "{:?}", loaded.messages());
    assert!(!names().contains("pbpf_loader"));
    let map = loaded.map("pbpf_loader").unwrap();
    assert!(map.is_struct_ops() && !map.has_values());
    let attached = loaded.attach_all(&[], None).unwrap();
    assert_eq!(attached.links.iter().map(pbpf_loader::Link::name).collect::<Vec<_>>(), ["pbpf_loader"]);
    assert!(attached.unattached.is_empty());
    assert!(names().contains("pbpf_loader"));
    // The link alone keeps the object.
    drop(loaded);
    assert!(names().contains("pbpf_loader"));
    drop(attached);
    assert!(!names().contains("pbpf_loader"));
}

#[test]
fn iterators_are_read_through_their_link() {
    if skip("iterators_are_read_through_their_link") {
        return;
    }
    let loaded = open("callbacks.c", &only(&["tasks"])).load().unwrap();
    let link = loaded.program("tasks").unwrap().attach(&Target::Section).unwrap();
    let bytes = link.read_iterator().unwrap();
    let mine = std::process::id().to_ne_bytes();
    assert!(bytes.as_chunks::<4>().0.contains(&mine));
}

#[test]
fn pinned_maps_go_where_they_should_and_are_found_again() {
    if skip("pinned_maps_go_where_they_should_and_are_found_again") {
        return;
    }
    let folder = std::path::PathBuf::from(format!("/sys/fs/bpf/pbpf-loader-{}", std::process::id()));
    let options = OpenOptions { pin_root: Some(folder.clone()), ..OpenOptions::default() };
    let bytes = compile("wrong.c", &["-DPINNED"]);
    let load = || Object::open_bytes(bytes.clone(), &options).unwrap().load().unwrap();
    load().map("kept").unwrap().update(&[0; 4], &7u64.to_ne_bytes()).unwrap();
    assert!(folder.join("kept").exists());
    let found = load().map("kept").unwrap().lookup(&[0; 4]).unwrap().unwrap();
    std::fs::remove_file(folder.join("kept")).unwrap();
    std::fs::remove_dir(&folder).unwrap();
    assert_eq!(found, 7u64.to_ne_bytes());
}

#[test]
fn another_btf_is_relocated_against() {
    if skip("another_btf_is_relocated_against") {
        return;
    }
    let bytes = compile("wrong.c", &["-DREADS_TASK"]);
    let load = |btf: &str| {
        let options = OpenOptions { btf: Some(btf.into()), ..OpenOptions::default() };
        Object::open_bytes(bytes.clone(), &options).unwrap().load()
    };
    assert!(load("/sys/kernel/btf/vmlinux").is_ok());
    let error = load("/nonexistent.btf").unwrap_err();
    assert!(error.to_string().contains("failed to parse target BTF: -ENOENT"), "{error:?}");
}

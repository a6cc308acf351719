//! Maps as bytes and as trees, globals, per-CPU values, and maps of objects that are only opened.

use crate::fixture::{load, open, skip};
use pbpf_loader::{Errno, Layout, MapError, OpenOptions, TestRun, Update, Value};

fn int(value: i128) -> Value {
    Value::Int(value)
}

#[test]
fn bytes_go_in_and_out() {
    if skip("bytes_go_in_and_out") {
        return;
    }
    let loaded = load("good.c");
    let counts = loaded.map("counts").unwrap();
    assert_eq!(
        (counts.kind_name().as_str(), counts.key_size(), counts.value_size(), counts.max_entries()),
        ("hash", 4, 8, 8)
    );
    let (key, other) = (1u32.to_ne_bytes(), 2u32.to_ne_bytes());
    assert_eq!(counts.lookup(&key).unwrap(), None);
    counts.update_with(&key, &7u64.to_ne_bytes(), Update::New).unwrap();
    assert_eq!(counts.lookup(&key).unwrap().unwrap(), 7u64.to_ne_bytes());
    let again = counts.update_with(&key, &8u64.to_ne_bytes(), Update::New).unwrap_err();
    assert!(matches!(again, MapError::Kernel { errno: Errno(17), .. }), "{again}");
    assert_eq!(again.to_string(), "map 'counts': cannot update: EEXIST (exists already)");
    assert!(counts.update_with(&other, &8u64.to_ne_bytes(), Update::Existing).is_err());
    assert_eq!(counts.keys().unwrap(), [key.to_vec()]);
    assert!(counts.delete(&key).unwrap());
    assert!(!counts.delete(&key).unwrap());
    assert_eq!(counts.lookup(&[0; 3]).unwrap_err().to_string(), "map 'counts': its key has 4 bytes, not 3");
    for i in 0..8u32 {
        counts.update(&i.to_ne_bytes(), &[0; 8]).unwrap();
    }
    let full = counts.update(&9u32.to_ne_bytes(), &[0; 8]).unwrap_err();
    assert!(matches!(full, MapError::Kernel { errno: Errno::E2BIG, .. }), "{full}");
    assert_eq!(counts.keys().unwrap().len(), 8);
}

#[test]
fn values_are_trees() {
    if skip("values_are_trees") {
        return;
    }
    let loaded = load("good.c");
    let counts = loaded.map("counts").unwrap();
    counts.set(&int(3), &int(1 << 40)).unwrap();
    assert_eq!(counts.get(&int(3)).unwrap(), Some(int(1 << 40)));
    assert_eq!(counts.get(&int(4)).unwrap(), None);
    assert_eq!(counts.entries().unwrap(), [(int(3), int(1 << 40))]);
    let error = counts.set(&int(-1), &Value::Str("x".into())).unwrap_err();
    assert_eq!(error.to_string(), "map 'counts': value: needs an integer, not \"x\"");

    let events = loaded.map("events").unwrap();
    let layout = events.value_layout();
    assert_eq!(layout.size(), 48);
    let given = Value::Struct(vec![
        ("pid".into(), int(77)),
        ("state".into(), Value::Str("STATE_BUSY".into())),
        ("comm".into(), Value::Str("bash".into())),
        ("delta".into(), int(-3)),
        ("high".into(), int(17)),
        ("ok".into(), Value::Bool(true)),
    ]);
    let run = TestRun::context(layout.encode(&given).unwrap());
    let result = loaded.program("fill").unwrap().test_run(&run).unwrap();
    assert_eq!(result.value, 42);
    // The program wrote to its context.
    assert_eq!(layout.decode(&result.context).unwrap().member("delta"), Some(&int(99)));
    let entries = events.entries().unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(
        entries[0].1.to_string(),
        "{\"pid\":77,\"state\":\"STATE_BUSY\",\"comm\":\"bash\",\"delta\":-3,\"low\":0,\"high\":17,\"ok\":true,\
         \"inner\":[{\"a\":0,\"b\":0,\"c\":0},{\"a\":0,\"b\":0,\"c\":0}]}"
    );
    assert_eq!(entries[0].0, entries[0].1);
}

#[test]
fn each_cpu_has_its_value() {
    if skip("each_cpu_has_its_value") {
        return;
    }
    let loaded = load("good.c");
    let percpu = loaded.map("percpu").unwrap();
    assert!(percpu.is_percpu());
    percpu.update(&[0; 4], &5u32.to_ne_bytes()).unwrap();
    let fill = loaded.program("fill").unwrap();
    fill.test_run(&TestRun::context([0; 48])).unwrap();
    let values = percpu.lookup_percpu(&[0; 4]).unwrap().unwrap();
    let total: u32 = values.iter().map(|v| u32::from_ne_bytes(v[..].try_into().unwrap())).sum();
    assert_eq!(total as usize, 5 * values.len() + 1);
    assert_eq!(percpu.entries().unwrap().len(), 2);
    assert!(
        matches!(percpu.get(&int(1)).unwrap(), Some(Value::Array(all)) if all.iter().all(|v| *v == int(0)))
    );
}

#[test]
fn globals_are_maps() {
    if skip("globals_are_maps") {
        return;
    }
    let loaded = load("good.c");
    let of = |name: &str| loaded.map(name).unwrap().variables().unwrap().unwrap();
    assert_eq!(of(".bss"), [("runs".to_owned(), int(0))]);
    assert_eq!(of(".data"), [("limit".to_owned(), int(-5))]);
    assert!(of(".rodata").contains(&("greeting".to_owned(), Value::Str("hello".into()))));
    assert_eq!(loaded.map("counts").unwrap().variables().unwrap(), None);
    let enter = loaded.program("on_enter").unwrap();
    enter.test_run(&TestRun::context([0; 16])).unwrap();
    enter.test_run(&TestRun::context([0; 16])).unwrap();
    assert_eq!(of(".bss"), [("runs".to_owned(), int(2))]);
}

#[test]
fn queues_give_and_take() {
    if skip("queues_give_and_take") {
        return;
    }
    let loaded = load("good.c");
    let queue = loaded.map("queue").unwrap();
    assert_eq!(queue.take(&[]).unwrap(), None);
    queue.update(&[], &1u32.to_ne_bytes()).unwrap();
    queue.update(&[], &2u32.to_ne_bytes()).unwrap();
    assert!(queue.keys().unwrap().is_empty());
    assert_eq!(queue.take(&[]).unwrap().unwrap(), 1u32.to_ne_bytes());
    assert_eq!(queue.take(&[]).unwrap().unwrap(), 2u32.to_ne_bytes());
}

#[test]
fn an_opened_object_shows_its_types() {
    if skip("an_opened_object_shows_its_types") {
        return;
    }
    let object = open("good.c", &OpenOptions::default());
    let maps = object.maps();
    let events = maps.iter().find(|map| map.name == "events").unwrap();
    let Layout::Struct { name, members, .. } = &events.value else { panic!("{:?}", events.value) };
    assert_eq!(name, "event");
    let names: Vec<&str> = members.iter().map(|m| m.name.as_str()).collect();
    assert_eq!(names, ["pid", "state", "comm", "delta", "low", "high", "ok", "inner"]);
    assert!(maps.iter().any(|map| map.name == ".bss"));
}

//! The programs of `tests/cases/programs/xdp` against a second implementation, on random packets.
//!
//! Promises: verdict, packet and what is counted agree on 2000 packets each; `PBPF_SEED` makes others. Leaves out: what
//! depends on time, which the cases try.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a failing test may panic, and a skipped one must say so"
)]

mod models;
mod packets;

use models::{DROP, Expected, PASS};
use packets::Random;
use pbpf_loader::{Loaded, Object, OpenOptions, TestRun, features};
use pbpf_tests::{places::Places, process};
use std::{collections::BTreeMap, env, fs, process::Command, time::Duration};

const PACKETS: u64 = 2000;

/// The loaded program of a case; none where this user may not load programs.
fn load(name: &str, globals: &[(&str, &str)]) -> Option<Loaded> {
    if features::bpf_permitted().is_err() {
        assert!(env::var("CI").as_deref() != Ok("true"), "the kernel does not load programs for this user");
        eprintln!("SKIPPED: the kernel does not load programs for this user");
        return None;
    }
    let places = Places::find().unwrap();
    places.build_pbpf().unwrap();
    let folder = places.target.join("test-xdp");
    fs::create_dir_all(&folder).unwrap();
    let source = places.root.join(format!("tests/cases/programs/xdp/{name}.py"));
    let object = folder.join(format!("{name}.bpf.o"));
    let mut command = Command::new(&places.pbpf);
    command.arg("build").arg(&source).arg("-o").arg(&object).env_remove("PBPF_PLUGIN_PATH");
    let done = process::run(&mut command, Duration::from_secs(120)).unwrap();
    assert_eq!(done.status, Some(0), "{name}: {}", done.last_words());
    let globals = globals.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let options = OpenOptions { globals, ..OpenOptions::default() };
    Some(Object::open(&object, &options).unwrap().load().unwrap_or_else(|e| panic!("{name}: {e:#?}")))
}

/// Runs the program on the packets, and holds what comes of each against the model.
fn compare(loaded: &Loaded, program: &str, mut model: impl FnMut(&[u8]) -> Expected) {
    let seed = env::var("PBPF_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(0_u64);
    let mut verdicts: BTreeMap<u32, u64> = BTreeMap::new();
    for number in 0..PACKETS {
        let packet = packets::packet(&mut Random(seed.wrapping_mul(PACKETS) + number + 1));
        let expected = model(&packet);
        let seen = loaded.program(program).unwrap().test_run(&TestRun::packet(packet.clone())).unwrap();
        let (mut got, mut wanted) = (seen.data, expected.packet);
        for range in expected.loose {
            got[range.clone()].fill(0);
            wanted[range].fill(0);
        }
        let place = || format!("seed {seed}, packet {number}: {packet:02x?}");
        assert_eq!(seen.value, expected.verdict, "{}", place());
        assert_eq!(got, wanted, "{}", place());
        *verdicts.entry(expected.verdict).or_default() += 1;
    }
    // Where nearly all packets meet the same fate, little was tried.
    assert!(verdicts.values().filter(|n| **n >= PACKETS / 60).count() >= 2, "{verdicts:?}");
}

fn unchanged(verdict: u32, packet: &[u8]) -> Expected {
    Expected { verdict, packet: packet.to_vec(), loose: Vec::new() }
}

#[test]
fn the_parser_counts_what_is_there() {
    let Some(loaded) = load("parser", &[]) else { return };
    let mut kinds: BTreeMap<(u16, u8, u8), (u64, u64)> = BTreeMap::new();
    compare(&loaded, "parse", |packet| {
        let kind = models::kind(packet);
        if let Some(kind) = kind {
            let (packets, octets) = kinds.entry(kind).or_default();
            *packets += 1;
            *octets += packet.len() as u64;
        }
        unchanged(if kind.is_some() { PASS } else { DROP }, packet)
    });
    let map = loaded.map("kinds").unwrap();
    assert_eq!(map.keys().unwrap().len(), kinds.len());
    for ((ether, protocol, tags), (packets, octets)) in kinds {
        let key = [&ether.to_le_bytes()[..], &[protocol, tags]].concat();
        let values = map.lookup_percpu(&key).unwrap().unwrap();
        let total = |at: usize| -> u64 {
            values.iter().map(|v| u64::from_le_bytes(v[at..at + 8].try_into().unwrap())).sum()
        };
        assert_eq!((total(0), total(8)), (packets, octets), "{ether:#x} {protocol} {tags}");
    }
}

#[test]
fn the_responder_answers_as_a_host_does() {
    let Some(loaded) = load("echo_responder", &[]) else { return };
    compare(&loaded, "respond", models::echo);
}

#[test]
fn the_balancer_finds_the_server_of_each_flow() {
    let own = u32::from_le_bytes(models::BALANCER).to_string();
    let Some(loaded) = load("load_balancer", &[("own_address", &own)]) else { return };
    let map = |name: &str| loaded.map(name).unwrap();
    let number = |n: u32| n.to_le_bytes();
    let (servers, service) = (7, 2_u32);
    for protocol in [6, 17] {
        let key = [&packets::SERVICE[..], &[0, 80, protocol, 0]].concat();
        map("services").update(&key, &number(service)).unwrap();
    }
    let table = models::maglev(servers, 251);
    for (slot, server) in (service * 251..).zip(&table) {
        map("slots").update(&number(slot), &number(*server)).unwrap();
    }
    for n in 0..servers {
        let (address, link) = models::server(n);
        map("servers").update(&number(n), &[&address[..], &link, &[0; 14]].concat()).unwrap();
    }
    let mut sent = 0;
    compare(&loaded, "balance", |packet| {
        let expected = models::balance(packet, &table);
        sent += u64::from(expected.verdict == models::TX);
        expected
    });
    let packets = (0..servers).map(|n| map("servers").lookup(&number(n)).unwrap().unwrap());
    let packets: Vec<u64> = packets.map(|v| u64::from_le_bytes(v[16..24].try_into().unwrap())).collect();
    assert_eq!(packets.iter().sum::<u64>(), sent);
    assert!(packets.iter().all(|n| *n > 0), "a server has nothing to do: {packets:?}");
}

#[test]
fn the_translator_makes_the_packets_of_rfc_7915() {
    let Some(loaded) = load("nat46", &[]) else { return };
    loaded.map("targets").unwrap().update(&packets::SERVICE, &models::TARGET6).unwrap();
    compare(&loaded, "translate", models::nat46);
}

#[test]
fn the_name_filter_reads_questions() {
    let Some(loaded) = load("dns_filter", &[]) else { return };
    for name in packets::NAMES {
        let mut key = name.as_bytes().to_vec();
        key.resize(64, 0);
        loaded.map("blocked").unwrap().update(&key, &[0; 8]).unwrap();
    }
    compare(&loaded, "filter", |packet| unchanged(models::dns(packet).unwrap_or(DROP), packet));
}

#[test]
fn the_request_filter_reads_options() {
    let Some(loaded) = load("syn_filter", &[("threshold", "1000000")]) else { return };
    compare(&loaded, "filter", |packet| unchanged(models::syn(packet), packet));
}

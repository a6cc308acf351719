//! `docs/mir.md` as a test: its example, its rules, its instructions, and the pages of MIR's own errors.
//!
//! Promises: the example parses, is printed as it stands, verifies, and gives the results of its table.
//! Leaves out: whether the prose is right.

#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use pbpf_core::mir::interp::{Context, Deterministic, Input, Machine};
use pbpf_core::mir::{
    AtomicOp, BinaryOp, CastKind, Cond, Region, UnaryOp, parse, print, verify, verify_concrete,
};
use pbpf_core::source::FileId;
use pbpf_core::target::Cpu;

const SPEC: &str = include_str!("../../docs/mir.md");
const SYNTAX: &str = include_str!("../../docs/errors/mir-syntax.md");
const INVALID: &str = include_str!("../../docs/errors/mir-invalid.md");

fn file() -> FileId {
    pbpf_core::entity::Entity::new(0)
}

/// The first block of a page in that language.
fn block<'a>(page: &'a str, language: &str) -> &'a str {
    let start = page.find(&format!("```{language}\n")).unwrap() + language.len() + 4;
    &page[start..start + page[start..].find("```").unwrap()]
}

#[test]
fn the_example_does_what_its_table_says() {
    let text = block(SPEC, "mir");
    let module = parse(text, file()).unwrap();
    assert_eq!(print(&module), text);
    assert_eq!(verify_concrete(&module, Cpu::V3), []);
    let mut context = Context::new(24);
    for (name, offset, region) in [("data", 0, Region::Packet), ("data_end", 4, Region::PacketEnd)] {
        let place = pbpf_core::mir::interp::Place::new(offset, 32);
        context.add_field(name, pbpf_core::mir::interp::Place { region: Some(region), ..place });
    }
    let mut machine = Machine::new(&module, Deterministic::default()).unwrap();
    let (count, counts) = (module.find_function("count").unwrap(), module.find_map("counts").unwrap());
    let rows: Vec<Vec<&str>> = SPEC
        .lines()
        .skip_while(|l| !l.starts_with("| length "))
        .skip(2)
        .take_while(|l| l.starts_with('|'))
        .map(|l| l.split('|').map(str::trim).collect())
        .collect();
    assert_eq!(rows.len(), 6);
    for row in rows {
        let [_, length, bytes, result, counted, _] = row[..] else { panic!("{row:?}") };
        let mut packet = vec![0; length.parse().unwrap()];
        for set in bytes.split_whitespace() {
            let (at, value) = set.split_once('=').unwrap();
            packet[at.parse::<usize>().unwrap()] = value.parse().unwrap();
        }
        let out = machine.run(count, &Input { context: context.clone(), packet: Some(packet) }).unwrap();
        assert_eq!(out.value, Some(result.parse().unwrap()), "{row:?}");
        let seen = machine.map_get(counts, &17u32.to_le_bytes()).unwrap();
        assert_eq!(seen[0], counted.parse::<u64>().unwrap().to_le_bytes(), "{row:?}");
    }
}

#[test]
fn every_rule_instruction_and_region_is_there() {
    let source = include_str!("../src/mir/verify/mod.rs");
    let rules: Vec<&str> = source.lines().filter_map(|l| l.strip_prefix("//! - ")).collect();
    let listed: Vec<&str> = SPEC.lines().filter_map(|l| l.strip_prefix("- M0")).collect();
    assert_eq!(listed, rules.iter().map(|r| &r[2..]).collect::<Vec<_>>());

    let tables = &SPEC[SPEC.find("## Instructions").unwrap()..SPEC.find("## Rules").unwrap()];
    let mut words: Vec<String> = Vec::new();
    words.extend(BinaryOp::ALL.iter().map(|o| format!("`{}", o.as_str())));
    words.extend(UnaryOp::ALL.iter().map(|o| format!("`{} a`", o.as_str())));
    words.extend(CastKind::ALL.iter().map(|o| format!("`{} a`", o.as_str())));
    words.extend(Cond::ALL.iter().map(|o| o.as_str().to_owned()));
    words.extend(AtomicOp::ALL.iter().map(|o| o.as_str().to_owned()));
    // Every mnemonic of the file that holds each of them once.
    let all = parse(include_str!("mir/every-instruction.mir"), file()).unwrap();
    let text = print(&all);
    for line in text.lines().filter(|l| l.starts_with("  ") && l.contains(" @") && !l.contains(" size ")) {
        let op = line.split_once(" = ").map_or(line.trim(), |(_, op)| op);
        let word: String = op.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
        words.push(word);
    }
    for word in words {
        assert!(tables.contains(&word), "{word}");
    }
    for region in Region::ALL {
        assert!(SPEC.contains(&format!("| `{}` |", region.as_str())), "{}", region.as_str());
    }
}

#[test]
fn the_pages_of_errors_show_them() {
    let errors = parse(block(SYNTAX, "mir"), file()).unwrap_err();
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].code, "mir-syntax");
    assert!(SYNTAX.contains(&errors[0].message), "{}", errors[0].message);
    let module = parse(block(INVALID, "mir"), file()).unwrap();
    let found = verify(&module);
    assert_eq!(found.len(), 1, "{found:?}");
    let diagnostic = found[0].diagnostic();
    assert_eq!(diagnostic.code, "mir-invalid");
    assert!(INVALID.contains(&diagnostic.message), "{}", diagnostic.message);
}

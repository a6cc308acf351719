//! The reader of verifier logs, held to logs that kernels wrote.
//!
//! Promises: no privileges, no kernel: only the files in `tests/logs`.
//! Leaves out: getting such logs; `tests/logs/README.md` says how.
#![allow(clippy::unwrap_used, missing_docs)] // A test stops at the first surprise.

use pbpf_loader::verifier_log::{self, Place, Refusal, SourceLine, Stats};
use std::path::Path;

const KERNELS: [&str; 4] = ["6.1", "6.12", "6.18", "7.3"];

fn log(program: &str, kernel: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/logs/{kernel}/{program}.log"));
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn refusal(program: &str, kernel: &str) -> Refusal {
    verifier_log::parse(program, &log(program, kernel), &[])
}

/// Program, line of refused.py, instruction, the verifier's words.
const EXPECTED: &[(&str, u32, u32, &str)] = &[
    ("null_value", 7, 7, "R0 invalid mem access 'map_value_or_null'"),
    ("endless", 19, 1, "infinite loop detected at insn 1"),
    ("too_many", 26, 3, "BPF program is too large. Processed 1000001 insn"),
    ("number_as_pointer", 32, 1, "R1 invalid mem access 'scalar'"),
    ("past_the_value", 37, 8, "invalid access to map value, value_size=8 off=8 size=8"),
    (
        "any_index",
        42,
        10,
        "math between map_value pointer and register with unbounded min value is not allowed",
    ),
    ("stack_outside", 46, 7, "invalid variable-offset write to stack R3 var_off=*"),
    ("stack_unwritten", 51, 3, "invalid * stack R1 off=-8 size=512"),
    ("leak", 61, 9, "Unreleased reference id=2 alloc_insn=4"),
    ("wrong_argument", 73, 2, "R1 type=scalar expected=fp, pkt, *"),
    ("called", 89, 10, "R1 invalid mem access 'map_value_or_null'"),
    (
        "pointer_arithmetic",
        93,
        7,
        "R0 pointer arithmetic on map_value_or_null prohibited, null-check it first",
    ),
    ("nested", 111, 18, "R0 invalid mem access 'map_value_or_null'"),
    ("packet", 13, 1, "invalid access to packet, off=12 size=1, R1(id=0,off=12,r=0)"),
    ("context_outside", 65, 0, "invalid bpf_context access off=96 size=4"),
    ("not_allowed_here", 69, 3, "*cannot use helper bpf_get_stackid#27"),
    ("result_out_of_range", 56, 3, "At program exit the register R0 has *"),
    ("pointer_result", 97, 1, "At program exit the register R0 is not a known value (ctx)"),
    ("closed", 73, 3, "cannot call GPL-restricted function from non-GPL compatible program"),
];

fn matches(pattern: &str, text: &str) -> bool {
    let mut rest = text;
    pattern.split('*').all(|part| {
        let found = rest.find(part);
        rest = found.map_or("", |at| &rest[at + part.len()..]);
        found.is_some()
    })
}

#[test]
fn every_kernel_says_why_and_where() {
    for kernel in KERNELS {
        for (program, line, instruction, words) in EXPECTED {
            let refusal = refusal(program, kernel);
            let what = format!("{program} on {kernel}: {refusal:#?}");
            let unknown_helper = kernel == "6.1" && *program == "not_allowed_here";
            let words = if unknown_helper { "unknown func bpf_get_stackid#27" } else { words };
            assert!(matches(words, &refusal.message), "{what}");
            assert_eq!(refusal.instruction, Some(*instruction), "{what}");
            assert!(refusal.stats.processed.is_some() && refusal.stats.micros == Some(50), "{what}");
            // Kernel 6.1 prints the text of a line and not its place.
            let expected = (kernel != "6.1").then_some(("refused.py", *line));
            let place = refusal.place.as_ref().map(|p| (p.file.as_str(), p.line));
            assert_eq!(place, expected, "{what}");
            let text = include_str!("fixtures/refused.py").lines().nth(*line as usize - 1).unwrap().trim();
            assert_eq!(refusal.source_text, text, "{what}");
        }
    }
}

#[test]
fn line_info_places_what_the_log_does_not() {
    let place = |line| Place { file: "refused.py".into(), line, column: Some(13) };
    let lines = [(0, 5), (4, 6), (7, 7), (12, 8)].map(|(instruction, line)| SourceLine {
        instruction,
        place: place(line),
        text: format!("  line {line}"),
    });
    let refusal = verifier_log::parse("null_value", &log("null_value", "6.1"), &lines);
    assert_eq!(refusal.place, Some(place(7)));
    assert_eq!(refusal.source_text, "line 7");
    assert_eq!(refusal.trail.iter().map(|s| s.place.clone().unwrap().line).collect::<Vec<_>>(), [5, 5, 6, 7]);
}

#[test]
fn registers_are_those_before_the_refusal() {
    for kernel in KERNELS {
        let refusal = refusal("null_value", kernel);
        let state = |name: &str| refusal.registers.iter().find(|r| r.name == name).map(|r| r.state.as_str());
        assert!(state("R0").unwrap().starts_with("map_value_or_null(id=1,"), "{refusal:#?}");
        assert_eq!(state("R10"), Some("fp0"));
        assert_eq!(state("fp-8"), Some("0000????"));
        // The call used them up.
        assert_eq!((state("R1"), state("R2")), (None, None));
    }
    // The refused call has its arguments still.
    let unwritten = refusal("stack_unwritten", "6.18");
    assert_eq!(unwritten.registers[0].state, "fp-8");
    // In the callee, R10 is its own.
    let called = refusal("called", "6.18");
    let names: Vec<&str> = called.registers.iter().map(|r| r.name.as_str()).collect();
    assert_eq!(names, ["R1", "R10"]);
    // Values hold blanks.
    let outside = refusal("stack_outside", "6.18");
    let r1 = outside.registers.iter().find(|r| r.name == "R1").unwrap();
    assert_eq!(r1.state, "1");
    let r3 = outside.registers.iter().find(|r| r.name == "R3").unwrap();
    assert!(r3.state.ends_with("var_off=(0x0; 0x3f))"), "{}", r3.state);
}

#[test]
fn the_trail_leads_to_the_refusal() {
    for kernel in ["6.12", "6.18", "7.3"] {
        let lines: Vec<u32> =
            refusal("nested", kernel).trail.iter().map(|step| step.place.as_ref().unwrap().line).collect();
        assert_eq!(lines, [105, 106, 107, 108, 109, 110, 111], "{kernel}");
    }
    assert!(refusal("too_many", "6.18").trail.len() <= 256);
}

#[test]
fn the_explanation_of_7_3_is_read() {
    let explanation = refusal("past_the_value", "7.3").explanation.unwrap();
    assert_eq!(
        (explanation.category.as_str(), explanation.problem.as_str()),
        ("Memory Safety", "Access outside bounds")
    );
    assert_eq!(
        explanation.reason,
        "The verifier cannot prove offset + access_size <= object_size. Here, the minimal bound for a memory access is 8 and is \
         outside of the object of size 8. R0 is map_value; offset is constant 8; access_size is 8; object_size is 8."
    );
    assert_eq!(explanation.function.as_deref(), Some("past_the_value"));
    assert_eq!(explanation.place.unwrap().to_string(), "refused.py:37:20");
    assert_eq!(explanation.label, "access may be outside object bounds");
    assert_eq!(
        explanation.suggestion,
        "Add or adjust a bounds check that proves offset + access_size stays within the object."
    );
    let path: Vec<String> = explanation
        .path
        .iter()
        .map(|s| format!("{} {}: {}", s.place.as_ref().unwrap(), s.kind, s.note))
        .collect();
    assert_eq!(
        path,
        [
            "refused.py:36:18 update: R0 changed from uninitialized value to nullable map value from counts at offset 0",
            "refused.py:37:12 branch: took the false branch of this conditional, goto not followed",
        ]
    );

    let called = refusal("called", "7.3").explanation.unwrap();
    assert_eq!(called.function.as_deref(), Some("read_value"));
    assert!(called.path.is_empty());
    // Some refusals have none yet.
    assert_eq!(refusal("context_outside", "7.3").explanation, None);
    assert_eq!(refusal("null_value", "6.18").explanation, None);
}

#[test]
fn an_explanation_without_line_info_is_read() {
    let log = include_str!("logs/7.3/no_line_info.log");
    let explanation = verifier_log::parse("called", log, &[]).explanation.unwrap();
    assert_eq!((explanation.function, explanation.place), (None, None));
    assert_eq!(explanation.label, "invalid dereference of R1 (a nullable map value pointer)");
}

#[test]
fn numbers_of_accepted_programs_are_read() {
    for kernel in KERNELS {
        for program in ["on_enter", "shout", "fill", "perf_out", "length", "on_getpgid"] {
            let stats = Stats::parse(&log(program, kernel));
            assert!(stats.processed.unwrap() > 1, "{program} on {kernel}: {stats:?}");
            assert_eq!(stats.stack.len(), 1);
            assert_eq!(stats.subprograms.len(), usize::from(kernel == "7.3"));
        }
    }
}

#[test]
fn a_program_whose_calls_take_too_much_stack_has_no_instruction() {
    for kernel in KERNELS {
        let refusal = refusal("deep_stack", kernel);
        assert!(refusal.message.starts_with("combined stack size of 2 calls is "), "{kernel}: {refusal:#?}");
    }
}

#[test]
fn any_text_is_taken() {
    for text in [
        "",
        "\n\n",
        "; ",
        "0: (",
        "from 1 to",
        "Verification failed: ",
        "Verification failed: x\nAt:\n  a @ b\n",
        "\u{0}é",
    ] {
        let refusal = verifier_log::parse("p", text, &[]);
        assert_eq!(refusal.raw, text);
    }
    // Every log, cut at every line.
    for (program, ..) in EXPECTED {
        let log = log(program, "7.3");
        for (at, _) in log.match_indices('\n').step_by(3) {
            verifier_log::parse("p", &log[..at], &[]);
            verifier_log::parse("p", &log[at..], &[]);
        }
    }
}

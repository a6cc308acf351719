//! What the verifier, the kernel and libbpf refuse, and how it is told.

use crate::fixture::{compile, open, skip};
use pbpf_loader::{LoadError, Object, OpenOptions, Programs, Target, verifier_log::Refusal};

fn refused(name: &str, program: &str) -> Refusal {
    let options =
        OpenOptions { programs: Programs::Only(vec![program.to_owned()]), ..OpenOptions::default() };
    match open(name, &options).load() {
        Err(LoadError::Refused(refused)) => refused.refusal(),
        other => panic!("{other:?}"),
    }
}

fn failure(flag: &str) -> LoadError {
    let object = Object::open_bytes(compile("wrong.c", &[flag]), &OpenOptions::default()).unwrap();
    object.load().unwrap_err()
}

#[test]
fn every_refusal_has_its_words_and_its_place() {
    if skip("every_refusal_has_its_words_and_its_place") {
        return;
    }
    let places = [
        ("null_value", 7),
        ("endless", 19),
        ("past_the_value", 37),
        ("leak", 61),
        ("called", 89),
        ("nested", 111),
        ("packet", 13),
        ("not_allowed_here", 69),
        ("pointer_result", 97),
    ];
    for (program, line) in places {
        let refusal = refused("refused.c", program);
        assert_eq!(refusal.program, program);
        assert!(!refusal.message.is_empty(), "{refusal:#?}");
        let place = refusal.place.as_ref().unwrap();
        assert_eq!((place.file.rsplit('/').next(), place.line), (Some("refused.py"), line), "{refusal:#?}");
        assert!(place.column.is_some(), "{refusal:#?}");
        assert!(refusal.raw.contains("processed "), "{}", refusal.raw);
    }
}

#[test]
fn a_loop_without_an_end_has_a_place_and_a_bounded_log() {
    if skip("a_loop_without_an_end_has_a_place_and_a_bounded_log") {
        return;
    }
    let refusal = refused("refused.c", "too_many");
    assert_eq!(refusal.message, "BPF program is too large. Processed 1000001 insn");
    assert!((25..=26).contains(&refusal.place.unwrap().line));
    assert!(refusal.raw.len() <= 4 << 20, "{}", refusal.raw.len());
}

#[test]
fn verify_tells_of_each_program() {
    if skip("verify_tells_of_each_program") {
        return;
    }
    let names = ["null_value", "number_as_pointer", "packet"];
    let some = Programs::Only(names.iter().map(|n| (*n).to_owned()).collect());
    let options = OpenOptions { programs: some, ..OpenOptions::default() };
    let (verdicts, _) = open("refused.c", &options).verify().unwrap();
    assert_eq!(verdicts.iter().map(|v| v.program.as_str()).collect::<Vec<_>>(), names);
    assert!(verdicts.iter().all(|v| v.outcome.as_ref().is_err_and(|e| matches!(**e, LoadError::Refused(_)))));
    assert_eq!(verdicts[2].section, "xdp");

    let (verdicts, messages) = open("good.c", &OpenOptions::default()).verify().unwrap();
    assert!(verdicts.iter().all(|v| v.outcome.as_ref().is_ok_and(|r| r.stats.processed > Some(1))));
    assert!(messages.iter().all(|m| !m.is_warning()), "{messages:?}");

    let (verdicts, _) = open("unresolved.c", &OpenOptions::default()).verify().unwrap();
    let texts: Vec<String> = verdicts.iter().map(|v| v.outcome.as_ref().unwrap_err().to_string()).collect();
    assert!(
        texts[0]
            .starts_with("program 'missing_field' needs what the kernel's BTF does not have: <byte_off> "),
        "{texts:?}"
    );
    assert!(texts[0].contains("struct task_struct.no_such_field"), "{texts:?}");
    assert!(
        texts[1].starts_with("this kernel cannot do it: the kernel has no kfunc 'bpf_no_such_kfunc': "),
        "{texts:?}"
    );
}

#[test]
fn a_gpl_helper_needs_a_license() {
    if skip("a_gpl_helper_needs_a_license") {
        return;
    }
    let refusal = refused("closed.c", "closed");
    assert_eq!(refusal.message, "cannot call GPL-restricted function from non-GPL compatible program");
    assert_eq!(refusal.place.unwrap().line, 73);
}

#[test]
fn failures_beside_the_verifier_are_told_apart() {
    if skip("failures_beside_the_verifier_are_told_apart") {
        return;
    }
    let error = failure("-DBAD_MAP");
    assert!(matches!(&error, LoadError::Map { map, .. } if map == "empty"), "{error:?}");
    assert_eq!(error.to_string(), "cannot make map 'empty': map 'empty': failed to create: -EINVAL");

    let error = failure("-DBAD_SECTION");
    assert_eq!(error.program(), Some("program"), "{error:?}");
    assert!(
        error.to_string().contains("missing BPF prog type, check ELF section name 'nosuchsection/x'"),
        "{error}"
    );

    let error = failure("-DSTRONG_KFUNC");
    assert!(
        matches!(&error, LoadError::MissingFeature { what, .. } if what.contains("bpf_no_such_kfunc")),
        "{error:?}"
    );
    assert!(error.is_environment());
}

#[test]
fn a_rejected_btf_is_a_warning() {
    if skip("a_rejected_btf_is_a_warning") {
        return;
    }
    let bytes = compile("wrong.c", &["-DBAD_BTF", "-Wno-missing-parameter-name"]);
    match Object::open_bytes(bytes, &OpenOptions::default()).unwrap().load() {
        Ok(loaded) => {
            let warnings: Vec<String> = loaded.warnings().map(ToString::to_string).collect();
            assert!(warnings.iter().any(|w| w.contains("Error loading .BTF into kernel")), "{warnings:?}");
        }
        Err(error) => panic!("{error:?}"),
    }
}

#[test]
fn what_cannot_attach_says_why() {
    if skip("what_cannot_attach_says_why") {
        return;
    }
    let load = |flag| {
        Object::open_bytes(compile("wrong.c", &[flag]), &OpenOptions::default()).unwrap().load().unwrap()
    };
    let loaded = load("-DNO_EVENT");
    let error = loaded.attach_all(&[], None).unwrap_err();
    assert_eq!(error.name, "program");
    let text = error.to_string();
    assert!(text.starts_with("cannot attach 'program' to its section 'tp/nosuch/event': ENOENT"), "{text}");
    assert!(text.contains("failed to determine tracepoint 'nosuch/event' perf event ID: -ENOENT"), "{text}");

    let loaded = load("-DNO_PLACE");
    let error = loaded.program("program").unwrap().attach(&Target::Section).unwrap_err();
    assert!(error.needs_target(), "{error:?}");
}

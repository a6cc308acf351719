//! What `pbpf plugin new` makes builds and loads as made, and `pbpf plugin check` says what is wrong with the rest.

use crate::build::{bad, cargo_unlocked, chmod, folder, panics, socket_filter, sources, write};
use pbpf_plugin_host::{Kind, Report, SAMPLE, check_plugin, new_plugin};
use std::path::{Path, PathBuf};
use std::process::Command;

fn texts(report: &Report) -> Vec<&str> {
    report.diagnostics.iter().map(|d| d.message.as_str()).collect()
}

/// Makes a plugin, builds it as it says, and checks it.
fn make(folder_name: &str, kind: Kind, sdk: Option<&Path>) -> (PathBuf, Report) {
    let dir = folder(folder_name);
    let made = new_plugin(&dir, "my-plugin", kind, sdk).unwrap();
    assert!(made.files.iter().all(|f| dir.join(f).is_file()), "{made:?}");
    match made.build.as_deref() {
        Some("cargo build") => {
            let built = cargo_unlocked(&dir, "libpbpf_my_plugin.so");
            assert!(made.plugin.ends_with("libpbpf_my_plugin.so"));
            return (built.clone(), check_plugin(&built));
        }
        Some("make") => {
            let output = Command::new("make")
                .current_dir(&dir)
                .env("CFLAGS", "-Wall -Wextra -Werror")
                .output()
                .unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            chmod(&dir.join(&made.plugin), 0o755);
        }
        other => assert!(other.is_none(), "{other:?}"),
    }
    (dir.join(&made.plugin), check_plugin(&dir.join(&made.plugin)))
}

#[test]
fn a_new_plugin_in_rust() {
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk");
    for (name, sdk) in [("new-rust-path", Some(sdk.as_path())), ("new-rust-copy", None)] {
        let (_, report) = make(name, Kind::Rust, sdk);
        assert!(report.is_ok(), "{report:?}");
        assert_eq!(report.plugin.as_ref().unwrap().id, "my-plugin");
        assert_eq!(report.passes, [("my-plugin:count".to_owned(), false)]);
        assert_eq!(texts(&report), ["15 instructions for v3"]);
    }
}

#[test]
fn a_new_plugin_in_c() {
    let (_, report) = make("new-c", Kind::C, None);
    assert!(report.is_ok(), "{report:?}");
    assert_eq!(report.brings, ["pass my-plugin:count, runs by default: tells how many lines the module has"]);
    assert_eq!(texts(&report), [format!("{} lines", SAMPLE.lines().count())]);
}

#[test]
fn a_new_plugin_as_toml() {
    let (_, report) = make("new-toml", Kind::Toml, None);
    assert!(report.is_ok() && report.diagnostics.is_empty(), "{report:?}");
    assert_eq!(
        report.brings,
        ["helper set my-plugin:my_plugin, 0 helpers", "names of module my_plugin, 1 constants, 0 types"]
    );
}

#[test]
fn a_new_pass_in_python() {
    let (_, report) = make("new-python", Kind::Python, None);
    assert!(report.is_ok() && report.plugin.is_none(), "{report:?}");
    assert_eq!(report.passes, [("my_plugin".to_owned(), false)]);
    assert_eq!(texts(&report), ["15 instructions"]);
}

#[test]
fn nothing_is_written_over_and_names_are_held() {
    let dir = folder("new-over");
    write(&dir.join("mine"), "");
    let error = new_plugin(&dir, "a", Kind::C, None).unwrap_err();
    assert_eq!(error.code, "plugin-new");
    assert!(error.message.ends_with("is not empty"), "{error:?}");
    let long = "a".repeat(41);
    for name in ["", "A", "1a", "a_b", "a b", "../a", "a-", "é", &long] {
        let error = new_plugin(&dir.join("none"), name, Kind::Toml, None).unwrap_err();
        assert!(error.message.ends_with("cannot be the name of a plugin"), "{error:?}");
    }
    let error = new_plugin(&dir.join("none"), "a", Kind::Rust, Some(&dir)).unwrap_err();
    assert!(error.message.ends_with("is not the folder of the SDK"), "{error:?}");
    assert!(!dir.join("none").exists());
    assert_eq!(Kind::ALL.map(|k| Kind::parse(k.as_str())), Kind::ALL.map(Some));
}

#[test]
fn a_good_plugin_is_said_to_be_good() {
    let report = check_plugin(socket_filter());
    assert!(report.is_ok() && report.diagnostics.is_empty(), "{report:?}");
    assert_eq!(report.brings, ["program type socket-filter:socket_filter, written as socket"]);
    let report = check_plugin(&sources().join("shout/shout.py"));
    assert!(report.is_ok(), "{report:?}");
    assert_eq!(report.passes, [("shout".to_owned(), true)]);
}

#[test]
fn a_pass_that_gives_garbage_is_found() {
    let dir = folder("check-garbage");
    let module = |body: &str| format!("-DWRITES=\"mir 1\\nsource \\\"sample.py\\\"\\n{body}\"");
    for (writes, message, note) in [
        ("-DWRITES=\"garbage\"".to_owned(), "gave something that is not MIR", "line 1: this is no MIR"),
        (module("frobnicate\\n"), "gave something that is not MIR", "line 3: "),
        (
            module("function fn0 f() static {\\nblock0:\\n  v0: i64 = iconst 1\\n}\\n"),
            "breaks a rule of the level",
            "M012",
        ),
        ("-DWRITES=\"mir 1\\n\"".to_owned(), "changed the list of source files", "places"),
        ("-DWRITES=\"\"".to_owned(), "gave no module", ""),
    ] {
        // Another folder each: the dynamic linker opens a path only once.
        let dir = dir.join(note.replace(' ', "-") + message.split(' ').nth(1).unwrap_or_default());
        std::fs::create_dir(&dir).unwrap();
        chmod(&dir, 0o755);
        let report = check_plugin(&bad(&dir, &[&writes]));
        let [error] = &report.diagnostics[..] else { panic!("{report:?}") };
        assert!(error.code == "plugin-output" && error.message.contains(message), "{error:?}");
        assert!(error.message.starts_with("pass `bad` of plugin `bad` "), "{error:?}");
        assert!(note.is_empty() || error.notes[0].contains(note), "{error:?}");
        assert!(!report.is_ok());
    }
}

#[test]
fn what_goes_wrong_when_opened_is_found() {
    let dir = folder("check-open");
    let report = check_plugin(&bad(
        &dir,
        &["-DINIT_FAILS", "-DMANIFEST=\"{\\\"schema\\\": 1, \\\"id\\\": \\\"bad\\\"}\""],
    ));
    assert_eq!(report.diagnostics[0].code, "plugin-failed");
    let report = check_plugin(panics());
    let codes: Vec<&str> = report.diagnostics.iter().map(|d| d.code).collect();
    assert_eq!(codes, ["plugin-panicked", "plugin-reported", "plugin-reported", "plugin-reported"]);
    assert!(!report.is_ok());
    for missing in ["none.so", "none.py", "none.toml"] {
        assert_eq!(check_plugin(&dir.join(missing)).diagnostics[0].code, "plugin-missing");
    }
    assert!(!check_plugin(&folder("check-empty")).is_ok());
}

//! Bad plugins: each ends in its own code and exit status, whatever the command, and with the plugin's name or file.

use crate::build::{cc, chmod, ends, folder, path, pbpf, rust, write};
use std::{
    fs,
    path::{Path, PathBuf},
};

const PROGRAM: &str = "examples/hello_world.py";

/// A pass that runs by default.
const PASS: &str =
    r#"{"schema": 1, "id": "bad", "passes": [{"name": "bad", "doc": "is bad", "default": true}]}"#;

fn manifest(text: &str) -> String {
    format!("-DMANIFEST={text:?}")
}

fn bad(dir: &Path, flags: &[&str]) -> PathBuf {
    let library = dir.join("libpbpf_bad.so");
    let own = manifest(PASS);
    let has_own = flags.iter().any(|f| f.starts_with("-DMANIFEST"));
    let flags: Vec<&str> = if has_own { flags.to_vec() } else { [flags, &[own.as_str()]].concat() };
    cc("bad/bad.c", &flags, &library);
    library
}

/// Compiling a program with the plugin, and checking it, end so.
fn refused(plugin: &Path, status: i32, code: &str) {
    let plugin = path(plugin);
    for arguments in [
        &["check", PROGRAM, "--plugin", &plugin][..],
        &["build", PROGRAM, "-o", "/dev/null", "--plugin", &plugin],
        &["plugin", "check", &plugin],
    ] {
        let done = pbpf(arguments);
        ends(&done, status, code);
        let named = status == 0 || done.stderr.contains("bad") || done.stderr.contains(&plugin);
        assert!(named, "{code} does not say who: {}", done.stderr);
    }
}

#[test]
fn libraries_with_one_fault() {
    let dir = folder("bad-library");
    let id = manifest(r#"{"schema": 1, "id": "other"}"#);
    let (no_json, no_schema) = (manifest("{{"), manifest(r#"{"schema": 1, "id": "bad", "colour": 1}"#));
    let table: &[(&str, i32, &str)] = &[
        ("-DABI_MAJOR=2", 2, "plugin-abi"),
        ("-DABI_MINOR=99", 2, "plugin-abi"),
        ("-DABI_MINOR=0", 0, ""),
        ("-DSIZE=16", 2, "plugin-abi"),
        ("-DSHORT_SYMBOL", 2, "plugin-abi"),
        ("-DNO_DESCRIPTOR", 2, "plugin-symbol"),
        ("-DNO_MANIFEST", 2, "plugin-symbol"),
        (&no_json, 2, "plugin-manifest"),
        (&no_schema, 2, "plugin-manifest"),
        (&id, 2, "plugin-manifest"),
        ("-DNO_RUN_PASS", 2, "plugin-manifest"),
        ("-DINIT_FAILS", 2, "plugin-failed"),
        ("-DRETURNS=PBPF_FAILED", 2, "plugin-failed"),
        ("-DRETURNS=77", 2, "plugin-failed"),
        ("-DWRITES=\"garbage\"", 2, "plugin-output"),
        ("-DWRITES=\"\"", 2, "plugin-output"),
        ("-DWRITES=\"\\xff\"", 2, "plugin-output"),
        ("-DWRITES=\"mir 1\\n\"", 2, "plugin-output"),
        ("-DWRITES_FOR_EVER", 2, "plugin-output"),
    ];
    for (flag, status, code) in table {
        refused(&bad(&dir, &[flag]), *status, code);
    }
    let body = "mir 1\\nsource \\\"sample.py\\\"\\nfunction fn0 f() static {\\nblock0:\\n  v0: i64 = iconst 1\\n}\\n";
    let library = bad(&dir, &[&format!("-DWRITES=\"{body}\"")]);
    let done = pbpf(&["plugin", "check", &path(&library)]);
    ends(&done, 2, "plugin-output");
    assert!(done.stderr.contains("M012"), "{}", done.stderr);
}

#[test]
fn files_that_are_no_plugin() {
    let dir = folder("bad-file");
    let file = |name: &str, content: &[u8]| {
        let path = dir.join(name);
        write(&path, content);
        path
    };
    let table: &[(PathBuf, i32, &str)] = &[
        (file("bad-empty.so", b""), 2, "plugin-not-library"),
        (file("bad-script.so", b"#!/bin/sh\nexit 1\n"), 2, "plugin-not-library"),
        (file("bad-elf.so", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0"), 2, "plugin-not-library"),
        (file("bad-bytes.pbpf.toml", b"\xff\xfe"), 2, "plugin-manifest"),
        (file("bad-key.pbpf.toml", b"schema = 1\nid = \"x\"\ncolour = 1\n"), 2, "plugin-manifest"),
        (file("bad-text.pbpf.toml", b"[[["), 2, "plugin-manifest"),
        (dir.join("bad-none.so"), 3, "plugin-missing"),
        (dir.join("bad-none.pbpf.toml"), 3, "plugin-missing"),
        (PathBuf::from("/dev/null"), 2, "plugin-not-library"),
    ];
    for (plugin, status, code) in table {
        refused(plugin, *status, code);
    }
    // Holes take no space on the disk, and would take all memory.
    let large = file("bad-large.pbpf.toml", b"");
    fs::File::options().write(true).open(&large).unwrap().set_len(5 << 30).unwrap();
    refused(&large, 2, "plugin-manifest");
    fs::remove_file(large).unwrap();
    std::os::unix::fs::symlink(dir.join("bad-none.so"), dir.join("bad-link.so")).unwrap();
    refused(&dir.join("bad-link.so"), 3, "plugin-missing");
    std::os::unix::fs::symlink("bad-round.so", dir.join("bad-round.so")).unwrap();
    refused(&dir.join("bad-round.so"), 3, "plugin-missing");
}

#[test]
fn what_others_can_write() {
    let dir = folder("bad-writable");
    let library = bad(&dir, &[]);
    chmod(&library, 0o757);
    refused(&library, 2, "plugin-writable");
    chmod(&library, 0o755);
    chmod(&dir, 0o777);
    refused(&library, 2, "plugin-writable");
    chmod(&dir, 0o755);
    refused(&library, 0, "");
}

#[test]
fn plugins_that_clash() {
    let dir = folder("bad-clash");
    let (a, b) = (bad(&dir, &[]), dir.join("again.so"));
    cc("bad/bad.c", &["-DRETURNS=PBPF_FAILED"], &b);
    let (a, b) = (path(&a), path(&b));
    let done = pbpf(&["check", PROGRAM, "--plugin", &a, "--plugin", &b]);
    ends(&done, 2, "plugin-clash");
    assert!(done.stderr.contains(&a) && done.stderr.contains(&b), "{}", done.stderr);
    // Twice the same is once.
    ends(&pbpf(&["check", PROGRAM, "--plugin", &a, "--plugin", &a]), 0, "");
    // A helper and a section that shipped plugins have.
    for (name, text) in [
        (
            "helper",
            "[[helper_sets]]\nname = \"s\"\ndoc = \"\"\n[[helper_sets.helpers]]\nname = \"bpf_ktime_get_ns\"\ncall = { id = 5 }\nreturns = { kind = \"void\" }\n",
        ),
        (
            "section",
            "[[program_types]]\nname = \"t\"\ndoc = \"\"\nsections = [{ pattern = \"xdp\" }]\nkernel_type = \"BPF_PROG_TYPE_XDP\"\ncontext = {}\nreturns = {}\n",
        ),
    ] {
        let file = dir.join(format!("{name}.pbpf.toml"));
        write(&file, format!("schema = 1\nid = \"mine\"\n{text}"));
        let done = pbpf(&["check", PROGRAM, "--plugin", &path(&file)]);
        ends(&done, 2, "plugin-clash");
        assert!(done.stderr.contains(name) && done.stderr.contains("mine"), "{}", done.stderr);
        // What is listed is what is good; the rest has its reason.
        let listed = pbpf(&["plugin", "list", "--plugin", &path(&file)]);
        ends(&listed, 2, "plugin-clash");
        assert!(listed.stdout.contains("tracepoint"), "{}", listed.stdout);
    }
    // Also an external pass has a name that may be taken.
    let config = dir.join("pbpf.toml");
    write(&config, "[passes.external.fold]\ncommand = [\"cat\"]\n");
    ends(&pbpf(&["check", PROGRAM, "--config", config.to_str().unwrap()]), 2, "plugin-clash");
}

#[test]
fn a_digest_that_differs() {
    let dir = folder("bad-digest");
    let library = bad(&dir, &[]);
    let shown = pbpf(&["plugin", "show", "bad", "--plugin", &path(&library)]).stdout;
    let sha256 = shown.lines().find_map(|l| l.strip_prefix("sha256: ")).unwrap();
    let config = dir.join("pbpf.toml");
    for (pin, status) in [(sha256.to_owned(), 0), ("0".repeat(64), 2), ("12".to_owned(), 2)] {
        write(&config, format!("[plugins]\nbad = {{ path = \"libpbpf_bad.so\", sha256 = \"{pin}\" }}\n"));
        ends(&pbpf(&["check", PROGRAM, "--config", config.to_str().unwrap()]), status, "plugin-digest");
    }
}

#[test]
fn a_pass_that_panics() {
    let library = rust("panics");
    let dir = folder("bad-panic");
    fs::copy(&library, dir.join("libpbpf_panics.so")).unwrap();
    let config = dir.join("pbpf.toml");
    for (pass, status, code) in
        [("panics", 2, "plugin-panicked"), ("fails", 1, "plugin-reported"), ("tells", 0, "")]
    {
        let text = format!(
            "[plugins]\np = {{ path = \"libpbpf_panics.so\" }}\n[passes]\ninsert = [\"panics:{pass}\"]\n"
        );
        write(&config, text);
        let done = pbpf(&["check", PROGRAM, "--config", config.to_str().unwrap()]);
        ends(&done, status, code);
        assert!(done.stderr.contains("`panics`"), "{}", done.stderr);
    }
    ends(&pbpf(&["plugin", "check", &library]), 2, "plugin-panicked");
}

#[test]
fn commands_that_go_wrong() {
    let dir = folder("bad-command");
    let config = dir.join("pbpf.toml");
    write(&dir.join("not-executable"), "#!/bin/sh\ncat\n");
    let table: &[(&str, i32, &str)] = &[
        (r#"["sleep", "600"]"#, 2, "plugin-timeout"),
        (r#"["sh", "-c", "sleep 600 & cat"]"#, 2, "plugin-timeout"),
        (r#"["sed", "/return/d"]"#, 2, "plugin-output"),
        (r#"["echo", "garbage"]"#, 2, "plugin-output"),
        (r#"["true"]"#, 2, "plugin-output"),
        (r#"["false"]"#, 2, "plugin-failed"),
        (r#"["sh", "-c", "kill -9 $$"]"#, 2, "plugin-failed"),
        (r#"["no-such-command"]"#, 3, "plugin-missing"),
        (r#"["./not-executable"]"#, 3, "plugin-missing"),
        (r"[]", 2, "plugin-failed"),
        (r#"["sh", "-c", "echo '{\"message\": \"no\"}' >&2; exit 1"]"#, 1, "plugin-reported"),
        (r#"["cat"]"#, 0, ""),
    ];
    for (command, status, code) in table {
        write(&config, format!("[passes.external.wrong]\ncommand = {command}\ntimeout = 1.5\n"));
        let done = pbpf(&["check", PROGRAM, "--config", config.to_str().unwrap()]);
        ends(&done, *status, code);
        assert!(*status == 0 || done.stderr.contains("`wrong`"), "{command}: {}", done.stderr);
    }
    write(&config, "[passes.external.wrong]\ncommand = [\"cat\"]\ntimeout = 0\n");
    ends(&pbpf(&["passes", "--config", config.to_str().unwrap()]), 2, "plugin-timeout");
}

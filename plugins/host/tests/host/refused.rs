//! Bad plugins: each is refused before any of its code runs, with its own code, text and exit status.

use crate::build::{bad, cc, chmod, folder, is_open, named, refusal, socket_filter, sources, write};
use pbpf_core::diag::Diagnostic;
use pbpf_core::rows::Manifest;
use pbpf_plugin_host::{CODES, Named, Plugins, Search, exit_status};
use std::path::Path;

fn all(error: &Diagnostic) -> String {
    let mut out = error.message.clone();
    for line in error.notes.iter().chain(&error.help) {
        out += "\n";
        out += line;
    }
    out
}

/// Holds that a plugin is refused so, and that it was not opened.
fn refused(path: &Path, code: &str, status: u8, texts: &[&str]) {
    let error = refusal(named(&[path]));
    check(&error, code, status, texts);
    assert!(!path.exists() || !is_open(path), "{} was opened", path.display());
}

fn check(error: &Diagnostic, code: &str, status: u8, texts: &[&str]) {
    assert_eq!((error.code, exit_status(error)), (code, Some(status)), "{error:?}");
    for text in texts {
        assert!(all(error).contains(text), "`{text}` is not in:\n{}", all(error));
    }
}

#[test]
fn another_major_version() {
    let dir = folder("major");
    let library = bad(&dir, &["-DABI_MAJOR=2", "-DABI_MINOR=3"]);
    refused(&library, "plugin-abi", 2, &["made for plugin ABI 2.3, and this pbpf has 1.1", "a newer pbpf"]);
    let library = bad(&dir, &["-DABI_MAJOR=0"]);
    refused(&library, "plugin-abi", 2, &["made for plugin ABI 0.1", "build the plugin again"]);
}

#[test]
fn a_newer_minor_version() {
    let library = bad(&folder("minor"), &["-DABI_MINOR=2"]);
    refused(&library, "plugin-abi", 2, &["made for plugin ABI 1.2, and this pbpf has 1.1", "a newer pbpf"]);
}

#[test]
fn a_short_descriptor() {
    let dir = folder("short");
    let library = bad(&dir, &["-DSIZE=120"]);
    refused(&library, "plugin-abi", 2, &["its descriptor has 120 bytes, and 128 is the least"]);
    let library = bad(&dir, &["-DSHORT_SYMBOL"]);
    refused(&library, "plugin-abi", 2, &["its descriptor has 8 bytes"]);
    let library = bad(&dir, &["-DSIZE=0"]);
    refused(&library, "plugin-abi", 2, &["its descriptor has 0 bytes"]);
}

#[test]
fn a_missing_symbol() {
    let dir = folder("symbol");
    let library = bad(&dir, &["-DNO_DESCRIPTOR"]);
    refused(&library, "plugin-symbol", 2, &["does not export `pbpf_plugin_v1`", "pbpf_plugin::export!"]);
    let library = bad(&dir, &["-DNO_MANIFEST"]);
    refused(&library, "plugin-symbol", 2, &["does not export `pbpf_plugin_manifest`"]);
}

#[test]
fn no_library() {
    let dir = folder("not-library");
    let library = dir.join("libpbpf_x.so");
    for (content, text) in [
        (&b""[..], "it is too short"),
        (b"#!/bin/sh\nexit 1\n", "it does not begin as an ELF file"),
        (b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0", "made for another kind of machine"),
        (b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0", "ELF is damaged"),
    ] {
        write(&library, content);
        refused(&library, "plugin-not-library", 2, &[text, "is no shared library"]);
    }
    write(&library, std::fs::read(std::env::current_exe().unwrap()).unwrap());
    // A position-independent executable is of the type of a library, and exports nothing.
    refused(&library, "plugin-symbol", 2, &["does not export"]);
    refused(Path::new("/dev/null"), "plugin-not-library", 2, &["is no regular file"]);
}

#[test]
fn a_library_cut_short_or_damaged_anywhere() {
    let dir = folder("damaged");
    let whole = std::fs::read(bad(&dir, &[])).unwrap();
    let library = dir.join("libpbpf_cut.so");
    for len in (0..whole.len()).step_by(211) {
        write(&library, &whole[..len]);
        let error = refusal(named(&[&library]));
        assert!(matches!(error.code, "plugin-not-library" | "plugin-symbol"), "{len}: {error:?}");
    }
    // The tables that say where everything is are at both ends.
    let tables = (0..64).chain((whole.len() - 2000..whole.len()).step_by(5));
    for at in tables.chain((64..whole.len()).step_by(17)) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xff;
        write(&library, &bytes);
        // Whatever it is, it is said, and nothing panics.
        let _ = named(&[&library]);
    }
    assert!(!is_open(&library));
}

#[test]
fn a_manifest_that_breaks_the_schema() {
    let dir = folder("manifest");
    for (manifest, text) in [
        ("", "its manifest is refused"),
        ("not json", "line 1 column 2"),
        ("{\\\"schema\\\": 1}", "missing field `id`"),
        ("{\\\"schema\\\": 2, \\\"id\\\": \\\"bad\\\"}", "schema: is 2, this pbpf reads 1"),
        ("{\\\"schema\\\": 1, \\\"id\\\": \\\"bad\\\", \\\"colour\\\": 1}", "unknown field `colour`"),
        (
            "{\\\"schema\\\": 1, \\\"id\\\": \\\"other\\\"}",
            "`bad` in its descriptor and `other` in its manifest",
        ),
        ("\\xff", "its manifest is not UTF-8"),
        (
            "{\\\"schema\\\": 1, \\\"id\\\": \\\"bad\\\", \\\"passes\\\": [{\\\"name\\\": \\\"a b\\\", \\\"doc\\\": \\\"\\\"}]}",
            "passes[0].name: `a b` is no name",
        ),
    ] {
        let library = bad(&dir, &[&format!("-DMANIFEST=\"{manifest}\"")]);
        refused(&library, "plugin-manifest", 2, &[text]);
    }
    let id = "i".repeat(64);
    let library = dir.join("libpbpf_id.so");
    cc("bad/bad.c", &[&format!("-DID=\"{id}\""), "-Wno-unterminated-string-initialization"], &library);
    refused(&library, "plugin-manifest", 2, &["the descriptor's `id` is no text that ends in a NUL"]);
}

#[test]
fn a_toml_file_that_breaks_the_schema() {
    let file = folder("toml").join("x.pbpf.toml");
    for (text, expected) in [
        (&b"schema = 1\nid = "[..], "its manifest is refused"),
        (b"schema = 1\nid = \"x\"\ncolour = 1\n", "unknown field `colour`"),
        (
            b"schema = 1\nid = \"x\"\n[[helper_sets]]\nname = \"a b\"\ndoc = \"\"\nhelpers = []\n",
            "helper_sets[0].name",
        ),
        (b"schema = 1\nid = \"x\"\n[[passes]]\nname = \"p\"\ndoc = \"\"\n", "a pass (`p`) needs code"),
        (b"\xff", "not UTF-8"),
        (b"", "missing field"),
    ] {
        write(&file, text);
        refused(&file, "plugin-manifest", 2, &[expected]);
    }
}

#[test]
fn a_manifest_damaged_anywhere() {
    let whole = std::fs::read_to_string(sources().join("socket-filter/manifest.json")).unwrap();
    let tokens = [
        "{",
        "}",
        "[",
        "]",
        "\"",
        ",",
        ":",
        "-1",
        "1e99",
        "null",
        "\\u0000",
        "99999999999999999999",
        "{}",
        "[[[[",
    ];
    for at in (0..whole.len()).filter(|at| whole.is_char_boundary(*at)) {
        let _ = Manifest::from_json(&whole[..at]);
        let token = tokens[at % tokens.len()];
        let end = (at + at % 9).min(whole.len());
        // Whatever it is, it is said, and nothing panics.
        let _ = Manifest::from_json(&format!("{}{token}{}", &whole[..at], &whole[end..]));
    }
    let deep = format!("{{\"schema\": 1, \"id\": {}", "[".repeat(100_000));
    assert!(Manifest::from_json(&deep).is_err());
    assert!(Manifest::from_toml(&format!("id = {}", "[".repeat(100_000))).is_err());
}

#[test]
fn two_plugins_with_one_id() {
    let dir = folder("one-id");
    let (a, b) = (dir.join("a.so"), dir.join("b.so"));
    cc("bad/bad.c", &[], &a);
    cc("bad/bad.c", &["-DRETURNS=PBPF_FAILED"], &b);
    let error = refusal(named(&[&a, &b]));
    let (first, second) = (format!("`{}` (--plugin)", a.display()), format!("`{}` (--plugin)", b.display()));
    check(&error, "plugin-clash", 2, &["two plugins have the id `bad`", &first, &second]);
    // The same file, and another with the same bytes, are the same plugin.
    std::fs::copy(&a, &b).unwrap();
    assert_eq!(named(&[&a, &a, &b]).unwrap().list().len(), 1);
}

#[test]
fn two_plugins_with_one_name() {
    let dir = folder("one-name");
    let set = |id: &str| {
        let path = dir.join(format!("{id}.pbpf.toml"));
        let helper = "name = \"bpf_x\"\ncall = { id = 1 }\nreturns = { kind = \"void\" }";
        let set = format!("[[helper_sets]]\nname = \"s\"\ndoc = \"\"\n[[helper_sets.helpers]]\n{helper}\n");
        write(&path, format!("schema = 1\nid = \"{id}\"\n{set}"));
        path
    };
    let (a, b) = (set("a"), set("b"));
    let error = refusal(named(&[&a, &b]));
    let (first, second) =
        (format!("plugin `a` is `{}`", a.display()), format!("plugin `b` is `{}`", b.display()));
    check(&error, "plugin-clash", 2, &["helper `bpf_x`", "`a:s` and `b`", &first, &second]);

    let rival = dir.join("rival.pbpf.toml");
    let row = "name = \"socket\"\ndoc = \"\"\nsections = [{ pattern = \"socket\" }]\nkernel_type = \"x\"\ncontext = {}\nreturns = {}";
    write(&rival, format!("schema = 1\nid = \"rival\"\n[[program_types]]\n{row}\n"));
    let error = refusal(named(&[socket_filter(), &rival]));
    check(
        &error,
        "plugin-clash",
        2,
        &["section `socket`", "`socket-filter:socket_filter` and `rival`", "rival.pbpf.toml"],
    );
}

#[test]
fn a_file_or_folder_that_others_can_write() {
    let dir = folder("writable");
    let library = bad(&dir, &[]);
    chmod(&library, 0o757);
    refused(&library, "plugin-writable", 2, &["it can be written by everybody", "mode 757", "chmod o-w"]);
    chmod(&library, 0o755);
    chmod(&dir, 0o777);
    refused(&library, "plugin-writable", 2, &["its folder can be written by everybody"]);
    chmod(&dir, 0o755);
    assert!(named(&[&library]).is_ok());
    let toml = dir.join("x.pbpf.toml");
    write(&toml, "schema = 1\nid = \"x\"\n");
    chmod(&toml, 0o666);
    refused(&toml, "plugin-writable", 2, &["it can be written by everybody"]);
}

#[test]
fn a_digest_that_differs() {
    let dir = folder("digest");
    let library = bad(&dir, &[]);
    let search = |sha256: &str| Search {
        config: vec![Named { path: library.clone(), sha256: Some(sha256.to_owned()) }],
        ..Search::default()
    };
    let sha256 = named(&[&library]).unwrap().list()[0].sha256().unwrap();
    let other = sha256.replace(|c: char| c.is_ascii_digit(), "f");
    check(
        &refusal(Plugins::discover(&search(&other))),
        "plugin-digest",
        2,
        &["not the file that the configuration means", &sha256, &other],
    );
    let error = refusal(Plugins::discover(&search("12")));
    check(&error, "plugin-digest", 2, &["not 64 hexadecimal digits"]);
    assert!(!is_open(&library));
    for good in [sha256.clone(), sha256.to_ascii_uppercase()] {
        assert_eq!(Plugins::discover(&search(&good)).unwrap().list().len(), 1);
    }
    let folder = Search { config: vec![Named { path: dir, sha256: Some(sha256) }], ..Search::default() };
    check(&refusal(Plugins::discover(&folder)), "plugin-digest", 2, &["a folder has no sha256"]);
}

#[test]
fn a_missing_file() {
    let path = folder("missing").join("libpbpf_none.so");
    refused(&path, "plugin-missing", 3, &["there is no plugin `", "libpbpf_none.so`", "check the path"]);
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let dir = folder("several");
    let library = bad(&dir, &["-DABI_MAJOR=9"]);
    let errors = named(&[&dir.join("none.so"), &library, &dir.join("none.toml")]).unwrap_err();
    let codes: Vec<&str> = errors.iter().map(|e| e.code).collect();
    assert_eq!(codes, ["plugin-missing", "plugin-abi", "plugin-missing"]);
}

#[test]
fn every_code_has_a_page() {
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
    for (code, _) in CODES {
        let page = std::fs::read_to_string(pages.join(format!("{code}.md"))).unwrap_or_default();
        assert!(page.starts_with(&format!("# {code}\n")), "{code}");
    }
}

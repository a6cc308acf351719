//! Projects built by their configuration, as a platform team builds them.
//!
//! Promises: outputs, their bytes, the pass graph and the exit status are what the documentation says.
//! Leaves out: what the programs do in a kernel; cases hold that.

#![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

use pbpf_tests::{
    places::Places,
    process::{self, Finished},
};
use std::{collections::BTreeMap, fs, path::Path, process::Command, sync::OnceLock, time::Duration};

const LIMIT: Duration = Duration::from_secs(120);

fn places() -> &'static Places {
    static PLACES: OnceLock<Places> = OnceLock::new();
    PLACES.get_or_init(|| {
        let places = Places::find().unwrap();
        places.build_pbpf().unwrap();
        places
    })
}

/// Runs pbpf in the root of the repository.
fn pbpf(arguments: &[&str]) -> Finished {
    let mut command = Command::new(&places().pbpf);
    command.args(arguments).current_dir(&places().root).env_remove("PBPF_PLUGIN_PATH");
    process::run(&mut command, LIMIT).unwrap()
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries.map(|e| (e.file_name().into_string().unwrap(), fs::read(e.path()).unwrap())).collect()
}

const NETWATCH: &str = "examples/netwatch/pbpf.toml";

#[test]
fn netwatch_builds_all_it_asks_for_twice_the_same() {
    let mut outputs = Vec::new();
    for run in ["one", "two"] {
        let out = places().target.join("test-projects").join(run);
        let _ = fs::remove_dir_all(&out);
        let done = pbpf(&["build", "--config", NETWATCH, "--out-dir", out.to_str().unwrap()]);
        assert_eq!(done.status, Some(0), "{}{}", done.stdout, done.stderr);
        outputs.push(files(&out));
    }
    let names: Vec<&str> = outputs[0].keys().map(String::as_str).collect();
    let wanted: Vec<String> = ["connects", "packets", "sends"]
        .iter()
        .flat_map(|stem| ["bpf.o", "ll", "mir", "s"].map(|ending| format!("{stem}.{ending}")))
        .collect();
    assert_eq!(names, wanted);
    assert!(outputs[0] == outputs[1], "two runs wrote different bytes");
    let root = places().root.display().to_string();
    for (name, bytes) in &outputs[0] {
        assert!(!String::from_utf8_lossy(bytes).contains(&root), "{name} holds an absolute path");
    }
    // Without its own pass the project's MIR is another one.
    let with = String::from_utf8_lossy(&outputs[0]["packets.mir"]).into_owned();
    let plain = pbpf(&[
        "build",
        "--plugin",
        "examples/netwatch/plugins/ports.pbpf.toml",
        "examples/netwatch/packets.py",
        "--emit",
        "mir",
        "-o",
        "-",
    ]);
    assert_eq!(plain.status, Some(0), "{}", plain.stderr);
    assert_ne!(with, plain.stdout);
}

#[test]
fn the_graph_shows_what_the_configuration_changed() {
    let text = pbpf(&["passes", "--config", NETWATCH]).stdout;
    assert!(text.contains("drop_unused") && !text.contains("simplify_cfg"), "{text}");
    assert!(!text.lines().any(|l| l.starts_with("dce")), "{text}");
    let dot = pbpf(&["passes", "--format", "dot"]).stdout;
    assert!(dot.starts_with("digraph passes {") && dot.contains("->"), "{dot}");
    let json: serde_json::Value =
        serde_json::from_str(&pbpf(&["passes", "--format", "json"]).stdout).unwrap();
    let names: Vec<&str> =
        json["passes"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect();
    assert!(names.starts_with(&["parse", "subset", "resolve", "versions", "infer"]), "{names:?}");
}

#[test]
fn a_configuration_is_validated_before_anything_is_compiled() {
    let folder = places().target.join("test-projects");
    fs::create_dir_all(&folder).unwrap();
    let wrong = [
        ("[build]\nsorces = []\n", "did you mean `sources`"),
        ("[passes]\ndisable = [\"lowr\"]\n", "did you mean `lower`"),
        ("[passes]\ndisable = [\"lower\"]\n", "cannot be left out"),
        ("[passes.reorder.fold]\nafter = [\"legalise\"]\nbefore = [\"dce\"]\n", "contradicts itself"),
        ("[passes]\nreplace = { fold = \"parse\" }\n", "cannot replace"),
        ("[build]\narithmetic = \"fortran\"\n", "python or c"),
        ("[build]\nlints = [\"all\"]\n", "the lint is `arithmetic`"),
        ("[target]\ncpu = \"v9\"\n", "v1, v2, v3 or v4"),
        ("[plugins]\nx = { path = \"none.so\" }\n", "none.so"),
        ("[build\n", "bad-config"),
    ];
    for (i, (text, expected)) in wrong.iter().enumerate() {
        let path = folder.join(format!("wrong{i}.toml"));
        fs::write(&path, text).unwrap();
        let done = pbpf(&[
            "build",
            "--config",
            path.to_str().unwrap(),
            "examples/hello_world.py",
            "-o",
            "/dev/null",
        ]);
        let status = if text.contains("none.so") { 3 } else { 2 };
        assert_eq!(done.status, Some(status), "{text}: {}", done.stderr);
        assert!(done.stderr.contains(expected), "{text}: {}", done.stderr);
    }
}

#[test]
fn the_errors_of_all_files_are_told() {
    let folder = places().target.join("test-projects");
    fs::create_dir_all(&folder).unwrap();
    let mut paths = Vec::new();
    for name in ["first", "second"] {
        let path = folder.join(format!("{name}.py"));
        fs::write(&path, format!("from pbpf import bpf, section\n\n@bpf\n@section(\"xdp\")\ndef {name}(ctx):\n    return {name}_missing\n")).unwrap();
        paths.push(path.to_str().unwrap().to_owned());
    }
    let out = folder.join("none");
    let done = pbpf(&[
        "build",
        &paths[0],
        &paths[1],
        "--out-dir",
        out.to_str().unwrap(),
        "--message-format",
        "short",
    ]);
    assert_eq!(done.status, Some(1));
    assert!(
        done.stderr.contains("first_missing") && done.stderr.contains("second_missing"),
        "{}",
        done.stderr
    );
    assert!(!out.exists(), "a program with errors writes nothing");
}

#[test]
fn usage_errors_end_with_2_and_missing_files_with_3() {
    for arguments in
        [&["build"][..], &["frobnicate"], &["build", "x.py", "--emit", "objj"], &["explain", "no-such-thing"]]
    {
        let done = pbpf(arguments);
        assert_eq!(done.status, Some(2), "{arguments:?}: {}", done.stderr);
    }
    let done = pbpf(&["build", "no/such/file.py"]);
    assert_eq!(done.status, Some(3), "{}", done.stderr);
}

#[test]
fn the_configuration_decides_what_arithmetic_means() {
    let folder = places().target.join("test-projects");
    fs::create_dir_all(&folder).unwrap();
    let source = folder.join("meaning.py");
    fs::write(
        &source,
        "from ctypes import c_int32\nfrom pbpf import bpf, section\n\n@bpf\n@section(\"xdp\")\ndef f(ctx):\n    \
         x = c_int32(1)\n    reveal_type(x + 1)\n    return 2\n",
    )
    .unwrap();
    for (text, expected) in [("", "c_int64"), ("arithmetic = \"c\"\n", "c_int32")] {
        let path = folder.join("meaning.toml");
        fs::write(&path, format!("[build]\n{text}")).unwrap();
        let done = pbpf(&[
            "build",
            "--config",
            path.to_str().unwrap(),
            source.to_str().unwrap(),
            "-o",
            "/dev/null",
            "--message-format",
            "short",
        ]);
        assert!(done.stderr.contains(&format!("`{expected}`")), "{text}: {}", done.stderr);
    }
}

#[test]
fn examples_build_in_both_import_styles() {
    let out = places().target.join("test-projects").join("styles");
    let _ = fs::remove_dir_all(&out);
    fs::create_dir_all(&out).unwrap();
    let mut examples = 0;
    for entry in fs::read_dir(places().root.join("examples")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "py") {
            continue;
        }
        examples += 1;
        let text = fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let other = out.join(name);
        fs::write(
            &other,
            text.replace("from pbpf", "from pythonbpf").replace("import pbpf", "import pythonbpf"),
        )
        .unwrap();
        for source in [&path, &other] {
            let done = pbpf(&["build", source.to_str().unwrap(), "-o", out.join("object").to_str().unwrap()]);
            assert_eq!(done.status, Some(0), "{}: {}", source.display(), done.stderr);
        }
    }
    assert!(examples > 5, "the examples are elsewhere");
}

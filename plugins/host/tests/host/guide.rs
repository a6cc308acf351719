//! The worked example of `docs/writing-a-plugin.md`, built from the page itself.

use crate::build::{cargo_unlocked, folder, named, write};
use pbpf_core::diag::Severity;
use pbpf_core::target::Target;
use pbpf_plugin_host::{Kind, check_plugin, new_plugin};
use std::path::Path;

/// The code blocks that have a file name behind their language, without their indentation.
fn files(page: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in page.lines() {
        let code = line.strip_prefix("   ").unwrap_or(line);
        if let Some((name, mut text)) = open.take() {
            if code == "```" {
                out.push((name, text));
            } else {
                text += code;
                text.push('\n');
                open = Some((name, text));
            }
        } else if let Some((_, name)) = code.strip_prefix("```").and_then(|rest| rest.split_once(' ')) {
            open = Some((name.to_owned(), String::new()));
        }
    }
    out
}

#[test]
fn the_plugin_of_the_guide_builds_and_works() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/writing-a-plugin.md");
    let page = std::fs::read_to_string(guide).unwrap();
    assert!(page.lines().count() <= 100, "the guide has more than 100 lines");
    let dir = folder("guide");
    new_plugin(&dir, "cgroup", Kind::Rust, None).unwrap();
    let files = files(&page);
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["manifest.json", "src/lib.rs"]);
    for (name, text) in &files {
        assert!(dir.join(name).is_file(), "the template has no {name}");
        write(&dir.join(name), text);
    }
    let library = cargo_unlocked(&dir, "libpbpf_cgroup.so");
    let report = check_plugin(&library);
    assert!(report.is_ok() && report.diagnostics.is_empty(), "{report:?}");
    assert_eq!(report.passes, [("cgroup:no-silence".to_owned(), false)]);
    let plugins = named(&[&library]).unwrap();
    assert!(plugins.registry().match_section("cgroup_skb/egress").is_some());
    let answer = plugins.pass("cgroup:no-silence").unwrap().transform("mir 1\n", &Target::default());
    assert_eq!(answer.diagnostics[0].severity, Severity::Warning);
}

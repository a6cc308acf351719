//! Dependencies point one way, and each foreign library is named by one crate.
//!
//! Promises: build and normal dependencies are held against the table; a crate that is not in it fails. Leaves out: dependencies for
//! tests, which may look sideways.

use crate::{
    none,
    rust::{Piece, pieces},
    tree::{files, rust_files},
};
use pbpf_tests::places::Places;
use serde_json::Value;
use std::process::Command;

/// Each crate of ours and what it may depend on among ours.
const OURS: &[(&str, &[&str])] = &[
    ("pbpf-core", &[]),
    ("pbpf-passes", &["pbpf-core"]),
    ("pbpf-llvm", &["pbpf-core"]),
    ("pbpf-loader", &["pbpf-core"]),
    ("pbpf-plugin", &[]),
    ("pbpf-plugin-host", &["pbpf-core", "pbpf-plugin"]),
    ("pbpf", &["pbpf-core", "pbpf-passes", "pbpf-llvm", "pbpf-loader", "pbpf-plugin-host"]),
    ("pbpf-tests", &["pbpf-core", "pbpf-loader"]),
    ("pbpf-vm-guest", &["pbpf-loader", "pbpf-tests"]),
];

/// Folders of shipped plugins, whose crates may depend on the SDK only: they use what a third party has.
const PLUGINS: &[&str] = &[
    "program-types/",
    "plugins/constants/",
    "plugins/kfuncs/",
    "plugins/core/",
    "plugins/maps/",
    "plugins/net/",
    "plugins/sched-ext/",
    "plugins/tracing/",
];

/// Foreign crates that belong to some of ours.
const FOREIGN: &[(&str, &[&str])] = &[
    ("inkwell", &["pbpf-llvm"]),
    ("llvm-sys", &["pbpf-llvm"]),
    ("libloading", &["pbpf-plugin-host"]),
    ("libbpf-rs", &["pbpf-loader"]),
    ("libbpf-sys", &["pbpf-loader"]),
    ("rustpython-parser", &["pbpf-core"]),
    ("petgraph", &["pbpf-core"]),
    ("toml", &["pbpf-core", "pbpf"]),
    ("clap", &["pbpf"]),
];

struct Package {
    name: String,
    manifest: String,
    dependencies: Vec<String>,
}

fn packages() -> Vec<Package> {
    let places = Places::find().unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(&places.root)
        .output()
        .unwrap();
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let root = format!("{}/", places.root.display());
    let packages = metadata["packages"].as_array().unwrap().iter().map(|package| Package {
        name: text(&package["name"]),
        manifest: text(&package["manifest_path"]).replace(&root, ""),
        dependencies: package["dependencies"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|dependency| dependency["kind"] != "dev")
            .map(|dependency| text(&dependency["name"]))
            .collect(),
    });
    packages.collect()
}

#[test]
fn dependencies_point_one_way() {
    let packages = packages();
    let is_ours = |name: &String| packages.iter().any(|package| package.name == *name);
    let mut wrong = Vec::new();
    for package in &packages {
        let allowed: &[&str] = if PLUGINS.iter().any(|folder| package.manifest.starts_with(folder)) {
            &["pbpf-plugin"]
        } else if let Some((_, allowed)) = OURS.iter().find(|(name, _)| *name == package.name) {
            allowed
        } else {
            wrong.push(format!("{}: the crate `{}` has no row in this test", package.manifest, package.name));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|name| is_ours(name)) {
            if !allowed.contains(&dependency.as_str()) {
                wrong.push(format!("{}: `{}` depends on `{dependency}`", package.manifest, package.name));
            }
        }
    }
    none(
        "Dependencies point one way: core <- {passes, llvm, host, loader} <- cli; a plugin sees the SDK only.",
        &wrong,
    );
}

#[test]
fn a_foreign_library_has_one_owner() {
    let mut wrong = Vec::new();
    for package in packages() {
        for dependency in &package.dependencies {
            if let Some((_, owners)) = FOREIGN.iter().find(|(name, _)| name == dependency)
                && !owners.contains(&package.name.as_str())
            {
                wrong.push(format!("{}: `{dependency}` belongs to {}", package.manifest, owners.join(", ")));
            }
        }
    }
    none("Only its owner depends on a foreign library.", &wrong);
}

/// Text in a path of the source that may name the library: (library as the source writes it, where).
const NAMED_IN: &[(&str, &str)] = &[
    ("inkwell", "passes/llvm/"),
    ("llvm_sys", "passes/llvm/"),
    ("libloading", "plugins/host/"),
    ("libbpf_rs", "loader/"),
    ("libbpf_sys", "loader/"),
    ("rustpython_parser", "core/src/ast/door.rs"),
    ("petgraph", "core/src/"),
];

#[test]
fn a_foreign_library_is_named_in_one_place() {
    let mut wrong = Vec::new();
    for file in rust_files() {
        for (piece, line, text) in pieces(&file.text) {
            let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
            for word in words.filter(|_| piece == Piece::Code) {
                if let Some((_, place)) =
                    NAMED_IN.iter().find(|(name, place)| *name == word && !file.path.starts_with(place))
                {
                    wrong.push(format!("{}: `{word}` is named in {place} only", file.at(line)));
                }
            }
        }
    }
    none("A foreign library is named in one place, so that it can be replaced there.", &wrong);
}

#[test]
fn plugins_of_third_parties_are_apart() {
    let manifests = files()
        .into_iter()
        .filter(|f| f.path.starts_with("tests/plugins/") && f.path.ends_with("Cargo.toml"));
    let mut wrong = Vec::new();
    for manifest in manifests {
        for (at, line) in manifest.text.lines().enumerate() {
            let foreign = line.contains("path = ") && !line.contains("plugins/sdk");
            if foreign || line.contains(".workspace") || line.contains("workspace = true") {
                wrong.push(manifest.at(at + 1));
            }
        }
    }
    none(
        "A plugin in tests/plugins is built as a third party would: the SDK only, and nothing of the workspace.",
        &wrong,
    );
}

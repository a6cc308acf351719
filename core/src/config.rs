//! The configuration, `pbpf.toml`.
//!
//! Promises: unknown keys are refused with the nearest known one, at their place in the file; paths stay as written.
//! Leaves out: reading files, and whether what it names exists.

use crate::diag::Diagnostic;
use crate::graph::Edits;
use crate::names;
use crate::source::{FileId, Span};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A configuration.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Config {
    /// `[package]`.
    pub package: Package,
    /// `[build]`.
    pub build: Build,
    /// `[target]`.
    pub target: TargetTable,
    /// `[plugins]`: by a name that is for people only.
    pub plugins: BTreeMap<String, PluginEntry>,
    /// `[passes]`.
    pub passes: Passes,
}

/// `[package]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Package {
    /// The name, for people.
    pub name: String,
    /// The version, for people.
    pub version: String,
}

/// `[build]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Build {
    /// The sources, from the folder of the file.
    pub sources: Vec<String>,
    /// Where imported modules are looked for beside the folder of the program, from the folder of the file.
    pub module_roots: Vec<String>,
    /// Where outputs go, from the folder of the file.
    pub out_dir: Option<String>,
    /// Kinds of output: see `pbpf build --emit`.
    pub emit: Vec<String>,
    /// `O1`, `O2`, `O3`, `Os`, `Oz`.
    pub opt_level: Option<String>,
    /// What arithmetic means, `python` or `c`; where it is not set, each file's imports decide.
    pub arithmetic: Option<String>,
    /// What becomes of local variables that do not fit the stack: `refuse` or `map`.
    pub large_locals: Option<String>,
    /// What ring buffers become: `ring` or `perf`.
    pub ring_buffers: Option<String>,
    /// Lints that are off otherwise: `arithmetic`.
    pub lints: Vec<String>,
    /// Whether objects carry DWARF.
    pub dwarf: Option<bool>,
    /// Whether warnings are errors.
    pub deny_warnings: bool,
}

/// `[target]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct TargetTable {
    /// The oldest kernel.
    pub kernel: Option<String>,
    /// The BPF instruction set.
    pub cpu: Option<String>,
    /// The architecture of the kernel.
    pub arch: Option<String>,
    /// The kernel's types, from the folder of the file.
    pub btf: Option<String>,
}

/// A plugin of `[plugins]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct PluginEntry {
    /// A file or a folder, from the folder of the configuration.
    pub path: String,
    /// What the file's SHA-256 must be.
    pub sha256: Option<String>,
}

/// `[passes]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Passes {
    /// Passes left out.
    pub disable: Vec<String>,
    /// Passes replaced.
    pub replace: BTreeMap<String, String>,
    /// Passes of plugins that run although they do not by default.
    pub insert: Vec<String>,
    /// Passes moved, by name.
    pub reorder: BTreeMap<String, Order>,
    /// Commands as passes, by name.
    pub external: BTreeMap<String, ExternalEntry>,
}

/// Where a pass goes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Order {
    /// Passes it runs after.
    pub after: Vec<String>,
    /// Passes it runs before.
    pub before: Vec<String>,
}

/// A command as a pass.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct ExternalEntry {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Passes it runs after.
    pub after: Vec<String>,
    /// Passes it runs before.
    pub before: Vec<String>,
    /// Seconds.
    pub timeout: Option<f64>,
    /// Whether it runs only where `replace` or `insert` names it.
    pub only_named: bool,
}

/// What a table may hold.
enum Keys {
    /// These keys, with their own tables.
    Known(&'static [(&'static str, Keys)]),
    /// Any key, each with such a table.
    Any(&'static Keys),
    /// A value.
    Leaf,
}

const ORDER: Keys = Keys::Known(&[("after", Keys::Leaf), ("before", Keys::Leaf)]);
const EXTERNAL: Keys = Keys::Known(&[
    ("command", Keys::Leaf),
    ("after", Keys::Leaf),
    ("before", Keys::Leaf),
    ("timeout", Keys::Leaf),
    ("only-named", Keys::Leaf),
]);
const PLUGIN: Keys = Keys::Known(&[("path", Keys::Leaf), ("sha256", Keys::Leaf)]);
const ROOT: Keys = Keys::Known(&[
    ("package", Keys::Known(&[("name", Keys::Leaf), ("version", Keys::Leaf)])),
    (
        "build",
        Keys::Known(&[
            ("sources", Keys::Leaf),
            ("module-roots", Keys::Leaf),
            ("out-dir", Keys::Leaf),
            ("emit", Keys::Leaf),
            ("opt-level", Keys::Leaf),
            ("arithmetic", Keys::Leaf),
            ("large-locals", Keys::Leaf),
            ("ring-buffers", Keys::Leaf),
            ("lints", Keys::Leaf),
            ("dwarf", Keys::Leaf),
            ("deny-warnings", Keys::Leaf),
        ]),
    ),
    (
        "target",
        Keys::Known(&[
            ("kernel", Keys::Leaf),
            ("cpu", Keys::Leaf),
            ("arch", Keys::Leaf),
            ("btf", Keys::Leaf),
        ]),
    ),
    ("plugins", Keys::Any(&PLUGIN)),
    (
        "passes",
        Keys::Known(&[
            ("disable", Keys::Leaf),
            ("replace", Keys::Any(&Keys::Leaf)),
            ("insert", Keys::Leaf),
            ("reorder", Keys::Any(&ORDER)),
            ("external", Keys::Any(&EXTERNAL)),
        ]),
    ),
]);

impl Config {
    /// Reads a configuration; `file` is for places.
    pub fn parse(text: &str, file: FileId) -> Result<Config, Vec<Diagnostic>> {
        let table: toml::Table = text.parse().map_err(|e| vec![broken(&e, file)])?;
        let mut errors = Vec::new();
        check_keys(&table, &ROOT, "", text, file, &mut errors);
        if !errors.is_empty() {
            return Err(errors);
        }
        toml::from_str(text).map_err(|e| vec![broken(&e, file)])
    }

    /// The changes to the passes.
    pub fn edits(&self) -> Edits {
        let order = self.passes.reorder.iter().map(|(n, o)| (n.clone(), o.after.clone(), o.before.clone()));
        Edits {
            disable: self.passes.disable.clone(),
            replace: self.passes.replace.clone(),
            insert: self.passes.insert.clone(),
            reorder: order.collect(),
        }
    }
}

fn broken(error: &toml::de::Error, file: FileId) -> Diagnostic {
    let message = error.message().lines().next().unwrap_or("cannot be read").to_owned();
    let diagnostic = Diagnostic::error("bad-config", message);
    match error.span() {
        Some(span) => diagnostic.at(Span::new(file, span.start as u32, span.end as u32)),
        None => diagnostic,
    }
}

fn check_keys(
    table: &toml::Table,
    keys: &Keys,
    path: &str,
    text: &str,
    file: FileId,
    errors: &mut Vec<Diagnostic>,
) {
    for (name, value) in table {
        let inner = match keys {
            Keys::Known(known) => match known.iter().find(|(k, _)| k == name) {
                Some((_, inner)) => inner,
                None => {
                    let near = names::nearest(name, known.iter().map(|(k, _)| *k))
                        .map(|n| format!("did you mean `{n}`?"));
                    let place =
                        if path.is_empty() { "the configuration".to_owned() } else { format!("`[{path}]`") };
                    let at = find_key(text, name);
                    let error = Diagnostic::error("unknown-key", format!("{place} has no key `{name}`"));
                    let all: Vec<&str> = known.iter().map(|(k, _)| *k).collect();
                    let error = error.note(format!("it has {}", all.join(", "))).maybe_help(near);
                    errors.push(match at {
                        Some(at) => error.at(Span::new(file, at as u32, (at + name.len()) as u32)),
                        None => error,
                    });
                    continue;
                }
            },
            Keys::Any(inner) => inner,
            Keys::Leaf => continue,
        };
        if let toml::Value::Table(table) = value {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            check_keys(table, inner, &path, text, file, errors);
        }
    }
}

/// Where a key is written: at the start of a line, or in a table's head.
fn find_key(text: &str, name: &str) -> Option<usize> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim_start();
        let indent = line.len() - trimmed.len();
        let head = trimmed.trim_start_matches('[');
        let offset = indent + trimmed.len() - head.len();
        if let Some(rest) = head.strip_prefix(name)
            && rest.trim_start().starts_with(['=', ']', '.'])
        {
            return Some(start + offset);
        }
        if trimmed.starts_with('[')
            && let Some(at) = head.find(&format!(".{name}]"))
        {
            return Some(start + offset + at + 1);
        }
        start += line.len();
    }
    text.find(name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test may panic")]
    use super::*;
    use crate::entity::Entity;

    fn errors(text: &str) -> Vec<Diagnostic> {
        Config::parse(text, FileId::new(0)).map(|_| ()).unwrap_err()
    }

    #[test]
    fn unknown_keys_are_refused_with_the_nearest() {
        let found = errors("[build]\nsorces = []\n[passes.externl.x]\ncommand = []\n");
        assert_eq!(found.len(), 2);
        assert!(found.iter().any(|d| d.message.contains("`sorces`") && d.help[0].contains("`sources`")));
        assert!(found.iter().any(|d| d.message.contains("`externl`") && d.help[0].contains("`external`")));
        assert_eq!(found.iter().filter_map(|d| d.primary.as_ref()).filter(|p| p.span.lo == 8).count(), 1);
    }

    #[test]
    fn wrong_types_and_broken_text_have_places() {
        assert!(errors("[build]\nsources = 3\n")[0].primary.is_some());
        assert!(errors("[build\n")[0].primary.is_some());
    }

    #[test]
    fn a_whole_configuration_is_read() {
        let text = r#"
            [package]
            name = "x"
            [build]
            sources = ["a.py"]
            out-dir = "out"
            emit = ["obj", "mir"]
            [target]
            kernel = "6.1"
            [plugins]
            p = { path = "p.so" }
            [passes]
            disable = ["fold"]
            replace = { dce = "mine" }
            [passes.external.mine]
            command = ["python3", "mine.py"]
            timeout = 2.5
        "#;
        let config = Config::parse(text, FileId::new(0)).unwrap();
        assert_eq!(config.build.sources, ["a.py"]);
        assert_eq!(config.edits().replace["dce"], "mine");
        assert_eq!(config.passes.external["mine"].timeout, Some(2.5));
    }
}

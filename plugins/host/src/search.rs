//! Where plugins are looked for.
//!
//! Promises: the order is that of [`Search`]'s fields, inside a folder that of file names; the current folder is never
//! searched. Leaves out: reading the files.

use pbpf_core::diag::Diagnostic;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Where to look, first to last. The caller reads the environment and makes paths of the configuration absolute or
/// relative to the process.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// `[plugins]` of the configuration.
    pub config: Vec<Named>,
    /// `--plugin`.
    pub options: Vec<PathBuf>,
    /// The value of `PBPF_PLUGIN_PATH`: folders and files, separated by colons; those that do not exist are left out.
    pub variable: Option<OsString>,
    /// The user's folder of plugins (`~/.local/share/pbpf/plugins`), if there may be one.
    pub user: Option<PathBuf>,
    /// The executable: searched are its folder, `plugins` in there, and `../lib/pbpf` from there.
    pub executable: Option<PathBuf>,
}

/// A plugin of the configuration.
#[derive(Clone, Debug)]
pub struct Named {
    /// A file, or a folder of plugins.
    pub path: PathBuf,
    /// What the file's SHA-256 must be, in hexadecimal.
    pub sha256: Option<String>,
}

/// What led to a plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The configuration.
    Config,
    /// `--plugin`.
    Option,
    /// `PBPF_PLUGIN_PATH`.
    Variable,
    /// The user's folder.
    User,
    /// A folder beside the executable.
    Executable,
}

impl Origin {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Origin::Config => "configuration",
            Origin::Option => "--plugin",
            Origin::Variable => "PBPF_PLUGIN_PATH",
            Origin::User => "user's folder",
            Origin::Executable => "beside the executable",
        }
    }

    /// Whether the user named it for this run, and so answers for who owns it.
    pub(crate) fn is_named(self) -> bool {
        matches!(self, Origin::Config | Origin::Option)
    }
}

/// A file that should be a plugin.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    /// As shown to the user.
    pub(crate) path: PathBuf,
    pub(crate) origin: Origin,
    pub(crate) sha256: Option<String>,
}

/// Whether a file of a folder is taken for a plugin: `libpbpf_*.so` and `*.pbpf.toml`.
fn is_plugin_name(name: &str) -> bool {
    let ends = |suffix: &str| name.len() > suffix.len() && name.ends_with(suffix);
    (name.starts_with("libpbpf_") && ends(".so")) || (ends(".pbpf.toml") && !name.starts_with('.'))
}

impl Search {
    /// The files to read, in order.
    pub(crate) fn candidates(&self, errors: &mut Vec<Diagnostic>) -> Vec<Candidate> {
        let mut out = Vec::new();
        for named in &self.config {
            add(&mut out, errors, &named.path, Origin::Config, named.sha256.as_ref());
        }
        for path in &self.options {
            add(&mut out, errors, path, Origin::Option, None);
        }
        // As in PATH, an empty entry would mean the current folder.
        let entries = self.variable.iter().flat_map(std::env::split_paths);
        for path in entries.filter(|p| !p.as_os_str().is_empty()) {
            if !path.is_absolute() {
                let message = format!("PBPF_PLUGIN_PATH has the relative path `{}`", path.display());
                errors.push(
                    Diagnostic::error("plugin-path", message)
                        .note("a relative path would make the plugins depend on the current folder")
                        .help("write the path from `/` on, or name it with `--plugin`"),
                );
            } else if path.exists() {
                add(&mut out, errors, &path, Origin::Variable, None);
            }
        }
        let user = self.user.iter().map(|p| (p.clone(), Origin::User));
        let executable = self.executable.as_deref().and_then(Path::parent).into_iter().flat_map(|dir| {
            [dir.to_owned(), dir.join("plugins"), dir.join("../lib/pbpf")].map(|p| (p, Origin::Executable))
        });
        for (path, origin) in user.chain(executable) {
            if path.is_dir() {
                add(&mut out, errors, &path, origin, None);
            }
        }
        out
    }
}

fn add(
    out: &mut Vec<Candidate>,
    errors: &mut Vec<Diagnostic>,
    path: &Path,
    origin: Origin,
    sha256: Option<&String>,
) {
    if !path.is_dir() {
        out.push(Candidate { path: path.to_owned(), origin, sha256: sha256.cloned() });
        return;
    }
    if sha256.is_some() {
        let message = format!("`{}` is a folder, and a folder has no sha256", path.display());
        errors.push(Diagnostic::error("plugin-digest", message).help("name the plugin's file"));
        return;
    }
    let names: Result<Vec<_>, _> =
        std::fs::read_dir(path).and_then(|entries| entries.map(|e| e.map(|e| e.file_name())).collect());
    match names {
        Ok(mut names) => {
            names.sort();
            let names = names.into_iter().filter(|n| n.to_str().is_some_and(is_plugin_name));
            out.extend(names.map(|n| Candidate { path: path.join(n), origin, sha256: None }));
        }
        Err(error) => {
            let message = format!("cannot list the plugin folder `{}`: {error}", path.display());
            errors.push(Diagnostic::error("plugin-missing", message));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plugin_names_are_taken_from_a_folder() {
        for name in ["libpbpf_type_xdp.so", "net.pbpf.toml"] {
            assert!(is_plugin_name(name), "{name}");
        }
        for name in ["libc.so", "libpbpf_x.so.1", ".pbpf.toml", "pbpf.toml", ".x.pbpf.toml", "libpbpf_x.rlib"]
        {
            assert!(!is_plugin_name(name), "{name}");
        }
    }
}

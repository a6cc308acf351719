//! `pbpf plugin new`: a working plugin from a template.
//!
//! Promises: what it makes builds and loads as made, without a network; nothing is written over.
//! Leaves out: building it.

use pbpf_core::diag::Diagnostic;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// What a new plugin is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Rust, with the SDK.
    Rust,
    /// C, with the header.
    C,
    /// Data only.
    Toml,
    /// A Python program as an external pass.
    Python,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 4] = [Kind::Rust, Kind::C, Kind::Toml, Kind::Python];

    /// The name, as `--kind` takes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Rust => "rust",
            Kind::C => "c",
            Kind::Toml => "toml",
            Kind::Python => "python",
        }
    }

    /// The kind of that name.
    pub fn parse(text: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// What was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The files written, in order, relative to the folder.
    pub files: Vec<String>,
    /// What to build in the folder, as a command; none where there is nothing to build.
    pub build: Option<String>,
    /// The plugin itself, once it is built, relative to the folder.
    pub plugin: String,
}

macro_rules! template {
    ($path:literal) => {
        include_str!(concat!("../../sdk/templates/", $path, ".in"))
    };
}

/// The SDK's own files, for plugins made where its source is not at hand.
const SDK: [(&str, &str); 5] = [
    ("pbpf-plugin/include/pbpf_plugin.h", pbpf_plugin::HEADER),
    ("pbpf-plugin/src/abi.rs", include_str!("../../sdk/src/abi.rs")),
    ("pbpf-plugin/src/glue.rs", include_str!("../../sdk/src/glue.rs")),
    ("pbpf-plugin/src/lib.rs", include_str!("../../sdk/src/lib.rs")),
    ("pbpf-plugin/src/report.rs", include_str!("../../sdk/src/report.rs")),
];

/// The files of a template, with the names that they get.
fn template(kind: Kind) -> Vec<(&'static str, &'static str)> {
    match kind {
        Kind::Rust => vec![
            ("Cargo.toml", template!("rust/Cargo.toml")),
            ("README.md", template!("rust/README.md")),
            ("manifest.json", template!("rust/manifest.json")),
            ("src/lib.rs", template!("rust/lib.rs")),
        ],
        Kind::C => vec![
            ("Makefile", template!("c/Makefile")),
            ("README.md", template!("c/README.md")),
            ("pbpf_plugin.h", pbpf_plugin::HEADER),
            ("{{ident}}.c", template!("c/plugin.c")),
        ],
        Kind::Toml => vec![("{{name}}.pbpf.toml", template!("toml/plugin.pbpf.toml"))],
        Kind::Python => vec![
            ("README.md", template!("python/README.md")),
            ("pbpf.toml", template!("python/pbpf.toml")),
            ("{{ident}}.py", template!("python/pass.py")),
        ],
    }
}

/// Makes a plugin called `name` in `dir`, which must not exist or be empty. A Rust plugin depends on the SDK in the
/// folder `sdk`, or, without one, on a copy that is written beside it.
pub fn new_plugin(dir: &Path, name: &str, kind: Kind, sdk: Option<&Path>) -> Result<Made, Diagnostic> {
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase());
    let rest = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !starts || !rest || name.len() > 40 || name.ends_with('-') {
        return Err(Diagnostic::error("plugin-new", format!("`{name}` cannot be the name of a plugin")).help(
            "a name has lower-case letters, digits and `-`, begins with a letter, and has at most 40 characters",
        ));
    }
    let failed = |path: &Path, error: std::io::Error| {
        Diagnostic::error("plugin-new", format!("cannot write `{}`: {error}", path.display()))
    };
    let sdk = sdk.map(find_sdk).transpose()?;
    let entries = match std::fs::read_dir(dir) {
        Ok(mut entries) => entries.next().is_some(),
        Err(_) => false,
    };
    if entries {
        return Err(Diagnostic::error("plugin-new", format!("the folder `{}` is not empty", dir.display()))
            .help("choose another folder"));
    }
    let ident = name.replace('-', "_");
    let fill = |text: &str| {
        let sdk = sdk.as_ref().map_or("pbpf-plugin".into(), |p| p.to_string_lossy());
        text.replace("{{name}}", name).replace("{{ident}}", &ident).replace("{{sdk}}", &sdk)
    };
    let mut files: Vec<(String, String)> =
        template(kind).into_iter().map(|(path, text)| (fill(path), fill(text))).collect();
    if kind == Kind::Rust && sdk.is_none() {
        let manifest = format!(
            "# A copy of the SDK of pbpf {0}, which made this plugin.\n[package]\nname = \"pbpf-plugin\"\nversion = \
             \"{0}\"\nedition = \"2024\"\nlicense = \"Apache-2.0\"\npublish = false\n",
            env!("CARGO_PKG_VERSION")
        );
        files.push(("pbpf-plugin/Cargo.toml".to_owned(), manifest));
        files.extend(SDK.map(|(path, text)| (path.to_owned(), text.to_owned())));
    }
    for (path, text) in &files {
        let path = dir.join(path);
        let parent = path.parent().unwrap_or(dir);
        std::fs::create_dir_all(parent).map_err(|error| failed(parent, error))?;
        std::fs::File::create_new(&path)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|error| failed(&path, error))?;
    }
    let (build, plugin) = match kind {
        Kind::Rust => (Some("cargo build".to_owned()), format!("target/debug/libpbpf_{ident}.so")),
        Kind::C => (Some("make".to_owned()), format!("libpbpf_{ident}.so")),
        Kind::Toml => (None, format!("{name}.pbpf.toml")),
        Kind::Python => (None, format!("{ident}.py")),
    };
    Ok(Made { files: files.into_iter().map(|(path, _)| path).collect(), build, plugin })
}

/// The absolute path of the SDK's folder.
fn find_sdk(path: &Path) -> Result<PathBuf, Diagnostic> {
    let real = std::fs::canonicalize(path).ok().filter(|p| p.join("include/pbpf_plugin.h").is_file());
    let real = real.filter(|p| p.to_str().is_some_and(|p| !p.contains(['"', '\\'])));
    real.ok_or_else(|| {
        Diagnostic::error("plugin-new", format!("`{}` is not the folder of the SDK", path.display()))
            .help("it is `plugins/sdk` of pbpf's source; without it, the plugin gets a copy of the SDK")
    })
}

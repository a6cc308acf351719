//! All plugins of a run: found, checked, and registered.
//!
//! Promises: everything that is wrong is reported, not only the first; two files with one id are refused, unless they
//! are the same file or have the same bytes: then the first counts.
//! Leaves out: the code of libraries, which stays closed until a pass runs.

use crate::library::Code;
use crate::pass::PluginPass;
use crate::search::{Candidate, Origin, Search};
use crate::trust::Owners;
use crate::{digest, image, trust};
use pbpf_core::diag::Diagnostic;
use pbpf_core::registry::Registry;
use pbpf_core::rows::{Manifest, ProgramType};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Most bytes of a TOML file; reading one takes several times its size of memory.
const MAX_TOML: u64 = 4 << 20;

/// What a plugin is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// A shared library.
    Library {
        /// Major and minor version of the ABI it was made for.
        abi: (u16, u16),
        /// What made it.
        sdk: String,
    },
    /// A TOML file: data only.
    Toml,
}

/// A plugin that was found and accepted.
#[derive(Clone, Debug)]
pub struct Plugin {
    /// The id.
    pub id: String,
    /// Its own version.
    pub version: String,
    /// Its license.
    pub license: String,
    /// The file, as it was found.
    pub path: PathBuf,
    /// What led to it.
    pub origin: Origin,
    /// What it is made of.
    pub form: Form,
    /// The file behind all links.
    real: PathBuf,
    /// The code of a library.
    code: Option<Arc<Code>>,
}

impl Plugin {
    /// The SHA-256 of the file, as `[plugins]` takes it.
    pub fn sha256(&self) -> std::io::Result<String> {
        digest::sha256(&self.real)
    }

    /// Opens the library, if it is one, and starts the plugin.
    pub(crate) fn open(&self) -> Result<(), Diagnostic> {
        self.code.as_ref().map_or(Ok(()), |code| code.open())
    }

    /// Everything it brings, read again from the file.
    pub fn manifest(&self) -> Result<Manifest, Diagnostic> {
        Ok(read(&self.real, &self.path)?.1)
    }

    /// Everything it brings, a line each: `program type socket-filter:socket_filter`.
    pub fn brings(&self) -> Result<Vec<String>, Diagnostic> {
        let manifest = self.manifest()?;
        let id = &self.id;
        let mut out = Vec::new();
        for row in &manifest.program_types {
            let sections: Vec<&str> = row.sections.iter().map(|s| s.pattern.as_str()).collect();
            let sections = if sections.is_empty() { "a class" } else { &sections.join(", ") };
            out.push(format!("program type {id}:{}, written as {sections}", row.name));
        }
        for set in &manifest.helper_sets {
            out.push(format!("helper set {id}:{}, {} helpers", set.name, set.helpers.len()));
        }
        for mapping in &manifest.mappings {
            let (constants, records) = (mapping.constants.len(), mapping.records.len());
            out.push(format!("names of module {}, {constants} constants, {records} types", mapping.module));
        }
        for pass in &manifest.passes {
            let types = manifest.program_types.iter().filter(|t| t.passes.contains(&pass.name));
            let types: Vec<String> = types.map(|t| format!("{id}:{}", t.name)).collect();
            let when = match types.as_slice() {
                _ if pass.default => "by default".to_owned(),
                [] => "where it is asked for".to_owned(),
                types => format!("for programs of type {}", types.join(", ")),
            };
            out.push(format!("pass {id}:{}, runs {when}: {}", pass.name, pass.doc));
        }
        Ok(out)
    }
}

/// All plugins of a run.
#[derive(Debug, Default)]
pub struct Plugins {
    list: Vec<Plugin>,
    registry: Registry,
}

impl Plugins {
    /// Finds and checks all plugins, and registers what they bring. The errors are all that there are.
    pub fn discover(search: &Search) -> Result<Plugins, Vec<Diagnostic>> {
        let (plugins, errors) = Self::survey(search);
        if errors.is_empty() { Ok(plugins) } else { Err(errors) }
    }

    /// The same for those who want to see the good ones also where others are bad.
    pub fn survey(search: &Search) -> (Plugins, Vec<Diagnostic>) {
        let mut errors = Vec::new();
        let mut plugins = Plugins::default();
        let owners = Owners::new(search.executable.as_deref());
        for candidate in search.candidates(&mut errors) {
            if let Err(error) = plugins.add(&candidate, &owners) {
                errors.push(error);
            }
        }
        (plugins, errors)
    }

    fn add(&mut self, candidate: &Candidate, owners: &Owners) -> Result<(), Diagnostic> {
        let path = &candidate.path;
        let real = trust::check(path, (!candidate.origin.is_named()).then_some(owners))?;
        if let Some(pin) = &candidate.sha256 {
            check_digest(path, &real, pin)?;
        }
        if self.list.iter().any(|p| p.real == real) {
            return Ok(());
        }
        let (form, manifest) = read(&real, path)?;
        if let Some(other) = self.list.iter().find(|p| p.id == manifest.id) {
            let same = |a: &Path, b: &Path| {
                digest::sha256(a).ok().is_some_and(|a| digest::sha256(b).ok().is_some_and(|b| a == b))
            };
            if same(&other.real, &real) {
                return Ok(());
            }
            let message = format!("two plugins have the id `{}`", manifest.id);
            return Err(Diagnostic::error("plugin-clash", message)
                .note(format!("one is `{}` ({})", other.path.display(), other.origin.as_str()))
                .note(format!("the other is `{}` ({})", path.display(), candidate.origin.as_str()))
                .help("leave one of the two out"));
        }
        let code = matches!(form, Form::Library { .. });
        let code = code.then(|| Arc::new(Code::new(manifest.id.clone(), real.clone())));
        let plugin = Plugin {
            id: manifest.id.clone(),
            version: manifest.version.clone(),
            license: manifest.license.clone(),
            path: path.clone(),
            origin: candidate.origin,
            form,
            real,
            code,
        };
        // Also when a row is refused: a second file with the id is then still seen as such.
        self.list.push(plugin);
        self.registry.add(manifest).map_err(|error| self.name_files(error))
    }

    /// Adds the files of the plugins that a message of the registry names.
    fn name_files(&self, error: Diagnostic) -> Diagnostic {
        let named = |p: &&Plugin| {
            error.message.contains(&format!("`{}`", p.id)) || error.message.contains(&format!("`{}:", p.id))
        };
        let notes: Vec<String> = self
            .list
            .iter()
            .filter(named)
            .map(|p| format!("plugin `{}` is `{}` ({})", p.id, p.path.display(), p.origin.as_str()))
            .collect();
        notes.into_iter().fold(error, Diagnostic::note)
    }

    /// The plugins, in order of loading.
    pub fn list(&self) -> &[Plugin] {
        &self.list
    }

    /// The plugin with that id.
    pub fn find(&self, id: &str) -> Option<&Plugin> {
        self.list.iter().find(|p| p.id == id)
    }

    /// The pass `plugin:name`. Its plugin's library is opened when it first runs.
    pub fn pass(&self, id: &str) -> Option<PluginPass> {
        let registered = self.registry.passes().iter().find(|p| p.id == id)?;
        let code = self.find(&registered.plugin)?.code.clone()?;
        let lists = |row: &ProgramType| row.passes.contains(&registered.row.name);
        let types = self.registry.program_types().map(|(_, t)| t);
        let types = types.filter(|t| t.id.split_once(':').is_some_and(|(p, _)| p == registered.plugin));
        let types = types.filter(|t| lists(&t.row)).map(|t| t.id.clone()).collect();
        Some(PluginPass { code, row: registered.row.clone(), types, only_types: false })
    }

    /// All passes, in order of loading.
    pub fn passes(&self) -> Vec<PluginPass> {
        self.registry.passes().iter().filter_map(|p| self.pass(&p.id)).collect()
    }

    /// What all of them bring.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }
}

fn check_digest(shown: &Path, real: &Path, pin: &str) -> Result<(), Diagnostic> {
    let shown = shown.display();
    if !digest::is_sha256(pin) {
        let message = format!("the sha256 given for the plugin `{shown}` is not 64 hexadecimal digits");
        return Err(Diagnostic::error("plugin-digest", message));
    }
    let found = digest::sha256(real).map_err(|error| {
        Diagnostic::error("plugin-missing", format!("cannot read the plugin `{shown}`: {error}"))
    })?;
    if found.eq_ignore_ascii_case(pin) {
        return Ok(());
    }
    let message = format!("the plugin `{shown}` is not the file that the configuration means");
    Err(Diagnostic::error("plugin-digest", message)
        .note(format!("its sha256 is   {found}"))
        .note(format!("it should be    {}", pin.to_ascii_lowercase()))
        .help("if you changed the plugin yourself, put its new sha256 into `[plugins]`"))
}

/// What a plugin's file says of itself.
pub(crate) fn read(real: &Path, shown: &Path) -> Result<(Form, Manifest), Diagnostic> {
    let name = shown.display();
    let refused = |error: pbpf_core::rows::ManifestError| {
        Diagnostic::error("plugin-manifest", format!("the plugin `{name}`: its manifest is refused: {error}"))
            .help("`docs/writing-a-plugin.md` lists what a manifest holds")
    };
    if shown.extension().is_some_and(|e| e == "toml") {
        let unreadable =
            |error| Diagnostic::error("plugin-missing", format!("cannot read the plugin `{name}`: {error}"));
        let mut text = Vec::new();
        let file = std::fs::File::open(real).map_err(unreadable)?;
        file.take(MAX_TOML + 1).read_to_end(&mut text).map_err(unreadable)?;
        if text.len() as u64 > MAX_TOML {
            let message = format!("the plugin `{name}` has more than {} MiB", MAX_TOML >> 20);
            return Err(Diagnostic::error("plugin-manifest", message));
        }
        let text = String::from_utf8(text).map_err(|error| {
            Diagnostic::error("plugin-manifest", format!("the plugin `{name}` is not UTF-8: {error}"))
        })?;
        let manifest = Manifest::from_toml(&text).map_err(refused)?;
        if let Some(pass) = manifest.passes.first() {
            let message = format!("the plugin `{name}` is data, and a pass (`{}`) needs code", pass.name);
            return Err(Diagnostic::error("plugin-manifest", message)
                .help("make it a shared library, or run a command as a pass with `[passes.external]`"));
        }
        return Ok((Form::Toml, manifest));
    }
    let image = image::read(real, shown)?;
    let manifest = Manifest::from_json(&image.manifest).map_err(refused)?;
    if manifest.id != image.id {
        let message = format!(
            "the plugin `{name}` calls itself `{}` in its descriptor and `{}` in its manifest",
            image.id, manifest.id
        );
        return Err(Diagnostic::error("plugin-manifest", message).help("use one id in both"));
    }
    Ok((Form::Library { abi: image.abi, sdk: image.sdk }, manifest))
}

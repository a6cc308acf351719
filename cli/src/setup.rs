//! From options and configuration to what a compilation needs.
//!
//! Promises: options win over the configuration; paths of the configuration start at its folder; the environment is read
//! here and nowhere else.
//! Leaves out: compiling.

use crate::args::{Common, Compiling};
use crate::btf::KernelFile;
use pbpf_core::config::Config;
use pbpf_core::diag::Diagnostic;
use pbpf_core::graph::{Entry, Plan, Source};
use pbpf_core::hir::Arithmetic;
use pbpf_core::pass::{LargeLocals, Options, RingBuffers};
use pbpf_core::source::SourceMap;
use pbpf_core::target::{Cpu, KernelVersion, Target};
use pbpf_plugin_host::{External, ExternalPass, Named, Plugins, Search};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// What commands share: the configuration and the plugins.
#[derive(Debug)]
pub(crate) struct Session {
    /// The configuration.
    pub(crate) config: Config,
    /// Its folder.
    pub(crate) dir: PathBuf,
    /// The plugins.
    pub(crate) plugins: Plugins,
}

/// What is wrong, and the sources that it points into.
pub(crate) type Failed = (Vec<Diagnostic>, SourceMap);

/// Most bytes read of a text; a device may have no end. Python sources have a narrower limit of their own.
const MAX_TEXT: u64 = 16 << 20;

/// Reads a text file of the user's.
pub(crate) fn read_text(path: &Path) -> Result<String, Diagnostic> {
    let unreadable = |why: &str| {
        let error = Diagnostic::error("unreadable", format!("`{}` cannot be read: {why}", path.display()));
        if path.is_dir() { error.help("name a file, not a folder") } else { error }
    };
    if path.is_dir() {
        return Err(unreadable("it is a folder"));
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|e| unreadable(reason(&e)))?;
    file.take(MAX_TEXT + 1).read_to_end(&mut bytes).map_err(|e| unreadable(reason(&e)))?;
    if bytes.len() as u64 > MAX_TEXT {
        let message = format!("`{}` has more than {} MiB", path.display(), MAX_TEXT >> 20);
        return Err(Diagnostic::error("file-too-large", message).help("name a program"));
    }
    String::from_utf8(bytes).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        Diagnostic::error("not-text", format!("`{}` is not text: byte {at} is not UTF-8", path.display()))
    })
}

/// What went wrong, without the number of the error.
pub(crate) fn reason(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file",
        std::io::ErrorKind::PermissionDenied => "permission denied",
        std::io::ErrorKind::IsADirectory => "it is a folder",
        std::io::ErrorKind::StorageFull => "the disk is full",
        std::io::ErrorKind::NotADirectory => "a part of the path is no folder",
        _ => "input or output failed",
    }
}

impl Session {
    /// Reads the configuration and finds the plugins; a plugin that is refused ends it.
    pub(crate) fn open(common: &Common) -> Result<Session, Failed> {
        let (session, errors) = Self::survey(common)?;
        if errors.is_empty() { Ok(session) } else { Err((errors, SourceMap::new())) }
    }

    /// Reads the configuration and finds the plugins, with the reasons why some are refused.
    pub(crate) fn survey(common: &Common) -> Result<(Session, Vec<Diagnostic>), Failed> {
        let (config, dir) = match &common.config {
            Some(path) => read_config(path)?,
            None => (Config::default(), PathBuf::new()),
        };
        let named =
            config.plugins.values().map(|p| Named { path: dir.join(&p.path), sha256: p.sha256.clone() });
        let search = Search {
            config: named.collect(),
            options: common.plugins.clone(),
            variable: std::env::var_os("PBPF_PLUGIN_PATH"),
            user: user_folder(),
            executable: std::env::current_exe().ok(),
        };
        let (plugins, errors) = Plugins::survey(&search);
        Ok((Session { config, dir, plugins }, errors))
    }

    /// The passes in order.
    pub(crate) fn plan(&self) -> Result<Plan, Failed> {
        let edits = self.config.edits();
        let asked: Vec<&str> =
            edits.insert.iter().chain(edits.replace.values()).map(String::as_str).collect();
        Plan::new(pbpf_passes::pipeline::builtin(), self.candidates(&asked)?, &edits)
            .map_err(|errors| (errors, SourceMap::new()))
    }

    /// The passes that plugins and the configuration bring, and whether they run without being asked for. Those that are
    /// `asked` for run for each module.
    pub(crate) fn candidates(&self, asked: &[&str]) -> Result<Vec<(Entry, bool)>, Failed> {
        let mut all = Vec::new();
        for pass in self.plugins.passes() {
            let id = pass.id();
            let plugin = id.split(':').next().unwrap_or(&id).to_owned();
            let on = pass.is_default();
            let pass = if asked.contains(&id.as_str()) { pass } else { pass.where_wanted() };
            all.push((Entry::new(Box::new(pass), Source::Plugin(format!("plugin `{plugin}`"))), on));
        }
        for (name, row) in &self.config.passes.external {
            let external = External::new(name, row.command.clone(), self.dir.clone(), row.timeout);
            let mut external = external.map_err(|error| (vec![error], SourceMap::new()))?;
            external.after.clone_from(&row.after);
            external.before.clone_from(&row.before);
            let entry = Entry::new(
                Box::new(ExternalPass::new(external)),
                Source::Plugin("the configuration".to_owned()),
            );
            all.push((entry, !row.only_named));
        }
        Ok(all)
    }
}

fn read_config(path: &Path) -> Result<(Config, PathBuf), Failed> {
    let mut sources = SourceMap::new();
    let text = read_text(path).map_err(|e| (vec![e], SourceMap::new()))?;
    let file = sources.add(path.display().to_string(), text.clone());
    let config = Config::parse(&text, file).map_err(|errors| (errors, sources))?;
    Ok((config, path.parent().map(Path::to_owned).unwrap_or_default()))
}

fn user_folder() -> Option<PathBuf> {
    let data = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|p| p.is_absolute());
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share"));
    Some(data.or_else(home)?.join("pbpf/plugins"))
}

/// The lint that tells where Python's arithmetic and C's may differ.
const ARITHMETIC_LINT: &str = "arithmetic";

/// What compiling needs beside the source.
#[derive(Debug)]
pub(crate) struct Setup {
    /// Configuration and plugins.
    pub(crate) session: Session,
    /// The kernel's types.
    pub(crate) kernel: KernelFile,
    /// What is compiled for.
    pub(crate) target: Target,
    /// Options for passes.
    pub(crate) options: Options,
}

impl Setup {
    /// From the options of a command that compiles.
    pub(crate) fn new(compiling: &Compiling) -> Result<Setup, Failed> {
        let session = Session::open(&compiling.common)?;
        let mut errors = Vec::new();
        let table = &session.config.target;
        let mut target = Target::default();
        if let Some(cpu) = compiling.cpu.as_ref().or(table.cpu.as_ref()) {
            match Cpu::parse(cpu) {
                Some(cpu) => target.cpu = cpu,
                None => errors.push(bad_option(
                    &format!("there is no BPF instruction set `{cpu}`"),
                    "use v1, v2, v3 or v4",
                )),
            }
        }
        if let Some(version) = compiling.target_kernel.as_ref().or(table.kernel.as_ref()) {
            match KernelVersion::parse(version) {
                Some(version) => target.kernel = Some(version),
                None => {
                    errors.push(bad_option(&format!("`{version}` is no kernel version"), "write it as 6.1"));
                }
            }
        }
        if let Some(arch) = compiling.arch.as_ref().or(table.arch.as_ref()) {
            target.arch = match arch.as_str() {
                "x86" | "x86-64" | "amd64" => "x86_64".to_owned(),
                "aarch64" => "arm64".to_owned(),
                other => other.to_owned(),
            };
        }
        let build = &session.config.build;
        let meaning = compiling.arithmetic.as_ref().or(build.arithmetic.as_ref());
        let arithmetic = meaning.and_then(|text| {
            let parsed = Arithmetic::parse(text);
            if parsed.is_none() {
                errors.push(bad_option(&format!("arithmetic has no meaning `{text}`"), "use python or c"));
            }
            parsed
        });
        let lints: Vec<&String> = compiling.lints.iter().chain(&build.lints).collect();
        for lint in lints.iter().filter(|lint| **lint != ARITHMETIC_LINT) {
            errors.push(bad_option(&format!("there is no lint `{lint}`"), "the lint is `arithmetic`"));
        }
        let way = compiling.large_locals.as_ref().or(build.large_locals.as_ref());
        let large_locals = way.and_then(|text| {
            let parsed = LargeLocals::parse(text);
            if parsed.is_none() {
                let message = format!("large locals cannot go to `{text}`");
                errors.push(bad_option(&message, "use refuse or map"));
            }
            parsed
        });
        let kind = compiling.ring_buffers.as_ref().or(build.ring_buffers.as_ref());
        let ring_buffers = kind.and_then(|text| {
            let parsed = RingBuffers::parse(text);
            if parsed.is_none() {
                errors.push(bad_option(&format!("ring buffers cannot become `{text}`"), "use ring or perf"));
            }
            parsed
        });
        let options = Options {
            ring_buffers: ring_buffers.unwrap_or_default(),
            large_locals: large_locals.unwrap_or_default(),
            explain: compiling.explain_lowering,
            arithmetic,
            lint_arithmetic: lints.iter().any(|lint| *lint == ARITHMETIC_LINT),
        };
        if !errors.is_empty() {
            return Err((errors, SourceMap::new()));
        }
        let btf = compiling.btf.clone().or_else(|| table.btf.as_ref().map(|p| session.dir.join(p)));
        Ok(Setup { kernel: KernelFile::new(btf), target, options, session })
    }
}

impl Setup {
    /// The folders in which modules are looked for beside that of the program.
    pub(crate) fn module_roots(&self) -> Vec<PathBuf> {
        self.session.config.build.module_roots.iter().map(|root| self.session.dir.join(root)).collect()
    }
}

/// An option with a value that means nothing.
pub(crate) fn bad_option(message: &str, help: &str) -> Diagnostic {
    Diagnostic::error("bad-option", message).help(help)
}

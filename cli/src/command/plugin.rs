//! `pbpf plugin`.
//!
//! Promises: good plugins are listed beside the reasons why others are refused. Leaves out: finding them,
//! which the host does.

use super::failed;
use crate::args::{Common, MessageFormat, PluginArgs, PluginCommand};
use crate::report;
use crate::setup::{Session, bad_option};
use pbpf_core::diag::Diagnostic;
use pbpf_core::names;
use pbpf_core::source::SourceMap;
use pbpf_plugin_host::{Form, Kind, Plugin, check_plugin, new_plugin};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Runs the command.
pub(crate) fn run(args: &PluginArgs) -> u8 {
    match &args.command {
        PluginCommand::List { common } => list(common),
        PluginCommand::Show { id, common } => show(id, common),
        PluginCommand::Check { file, message_format } => check(file, *message_format),
        PluginCommand::New { name, kind, dir, sdk, message_format } => {
            new(name, kind, dir, sdk.as_deref(), *message_format)
        }
    }
}

fn list(common: &Common) -> u8 {
    // Good plugins are listed beside the reasons why others are not taken.
    let (session, errors) = match Session::survey(common) {
        Ok(found) => found,
        Err(error) => return failed(error, common.message_format),
    };
    let mut text = String::new();
    let width = session.plugins.list().iter().map(|p| p.id.len()).max().unwrap_or(0);
    for plugin in session.plugins.list() {
        let _ = writeln!(
            text,
            "{:width$}  {:8}  {}  ({})",
            plugin.id,
            plugin.version,
            plugin.path.display(),
            plugin.origin.as_str()
        );
    }
    report::out(&text);
    report::fail(errors, &SourceMap::new(), common.message_format)
}

fn show(id: &str, common: &Common) -> u8 {
    let session = match Session::open(common) {
        Ok(session) => session,
        Err(error) => return failed(error, common.message_format),
    };
    let Some(plugin) = session.plugins.find(id) else {
        let ids = session.plugins.list().iter().map(|p| p.id.as_str());
        let near = names::nearest(id, ids).map(|n| format!("did you mean `{n}`?"));
        let error = Diagnostic::error("bad-option", format!("there is no plugin `{id}`")).maybe_help(near);
        return report::fail(vec![error], &SourceMap::new(), common.message_format);
    };
    match describe(plugin) {
        Ok(text) => {
            report::out(&text);
            report::DONE
        }
        Err(error) => report::fail(vec![error], &SourceMap::new(), common.message_format),
    }
}

pub(super) fn describe(plugin: &Plugin) -> Result<String, Diagnostic> {
    let mut text = format!("plugin {} {}\n", plugin.id, plugin.version);
    let _ = writeln!(text, "license: {}", plugin.license);
    let _ = writeln!(text, "file: {} ({})", plugin.path.display(), plugin.origin.as_str());
    let form = match &plugin.form {
        Form::Library { abi, sdk } => format!("shared library, ABI {}.{}, made with {sdk}", abi.0, abi.1),
        Form::Toml => "data only".to_owned(),
    };
    let _ = writeln!(text, "form: {form}");
    if let Ok(digest) = plugin.sha256() {
        let _ = writeln!(text, "sha256: {digest}");
    }
    for line in plugin.brings()? {
        let _ = writeln!(text, "{line}");
    }
    Ok(text)
}

fn check(file: &Path, format: MessageFormat) -> u8 {
    let found = check_plugin(file);
    let mut text = String::new();
    for line in &found.brings {
        let _ = writeln!(text, "{line}");
    }
    for (pass, changed) in &found.passes {
        let end = if *changed { "changed" } else { "as it was" };
        let _ = writeln!(text, "ran pass {pass}: the sample is {end}");
    }
    if found.is_ok() {
        let _ = writeln!(text, "{}: nothing wrong", file.display());
    }
    report::out(&text);
    let ok = found.is_ok();
    let status = report::fail(found.diagnostics, &SourceMap::new(), format);
    if ok { report::DONE } else { status }
}

fn new(name: &str, kind: &str, dir: &Path, sdk: Option<&Path>, format: MessageFormat) -> u8 {
    let Some(kind) = Kind::parse(kind) else {
        let kinds: Vec<&str> = Kind::ALL.iter().map(|k| k.as_str()).collect();
        let error = bad_option(
            &format!("there is no template `{kind}`"),
            &format!("use one of {}", kinds.join(", ")),
        );
        return report::fail(vec![error], &SourceMap::new(), format);
    };
    let dir = if dir == Path::new(".") { PathBuf::from(name) } else { dir.join(name) };
    match new_plugin(&dir, name, kind, sdk) {
        Ok(made) => {
            let mut text = String::new();
            for file in &made.files {
                let _ = writeln!(text, "made {}", dir.join(file).display());
            }
            if let Some(build) = &made.build {
                let _ = writeln!(text, "build it in {} with: {build}", dir.display());
            }
            let _ = writeln!(text, "then: pbpf plugin check {}", dir.join(&made.plugin).display());
            report::out(&text);
            report::DONE
        }
        Err(error) => report::fail(vec![error], &SourceMap::new(), format),
    }
}

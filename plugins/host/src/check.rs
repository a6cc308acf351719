//! `pbpf plugin check`: everything that pbpf will ever do with a plugin, once, now.
//!
//! Promises: all checks of discovery; then the library is opened and each pass runs on a small program.
//! Leaves out: what a pass does to other programs, and whether the kernel agrees with what rows say.

use crate::external::External;
use crate::pass::{Answer, ExternalPass};
use crate::plugins::{Plugin, Plugins};
use crate::search::Search;
use crate::wire;
use pbpf_core::diag::Diagnostic;
use pbpf_core::entity::Entity;
use pbpf_core::mir;
use pbpf_core::source::FileId;
use pbpf_core::target::Target;
use std::path::{Path, PathBuf};

/// The program that passes are tried on.
pub const SAMPLE: &str = include_str!("sample.mir");

/// What a check found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The plugin, if it was accepted; none for a command.
    pub plugin: Option<Plugin>,
    /// What it brings, as [`Plugin::brings`] says it.
    pub brings: Vec<String>,
    /// The passes that ran without a fault, by id, and whether each changed the sample.
    pub passes: Vec<(String, bool)>,
    /// What is wrong, and what passes said of the sample.
    pub diagnostics: Vec<Diagnostic>,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_ok(&self) -> bool {
        !self.diagnostics.iter().any(is_fault)
    }
}

/// Checks a plugin's file; one whose name ends in `.py` is run as an external pass.
pub fn check_plugin(path: &Path) -> Report {
    let mut report = Report::default();
    if path.extension().is_some_and(|e| e == "py") {
        check_command(path, &mut report);
        return report;
    }
    let search = Search { options: vec![path.to_owned()], ..Search::default() };
    let plugins = match Plugins::discover(&search) {
        Ok(plugins) => plugins,
        Err(errors) => {
            report.diagnostics = errors;
            return report;
        }
    };
    let Some(plugin) = plugins.list().first() else {
        let message = format!("there is no plugin in `{}`", path.display());
        report.diagnostics.push(Diagnostic::error("plugin-missing", message));
        return report;
    };
    report.plugin = Some(plugin.clone());
    match plugin.open().and_then(|()| plugin.brings()) {
        Ok(brings) => report.brings = brings,
        Err(error) => report.diagnostics.push(error),
    }
    for pass in plugins.passes() {
        let answer = pass.transform(SAMPLE, &Target::default());
        take(&mut report, pass.id(), &pass.who(), answer);
    }
    report
}

fn check_command(path: &Path, report: &mut Report) {
    if !path.is_file() {
        let message = format!("there is no file `{}`", path.display());
        report.diagnostics.push(Diagnostic::error("plugin-missing", message));
        return;
    }
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let dir = path.parent().filter(|p| !p.as_os_str().is_empty());
    let dir = dir.map_or_else(|| PathBuf::from("."), Path::to_owned);
    let pass = match External::new(&name, vec!["python3".to_owned(), file], dir, None) {
        Ok(external) => ExternalPass::new(external),
        Err(error) => return report.diagnostics.push(error),
    };
    report.brings.push(format!("external pass {name}"));
    let answer = pass.transform(SAMPLE);
    take(report, name, &pass.who(), answer);
}

/// Reads and verifies what a pass gave for the sample.
fn take(report: &mut Report, id: String, who: &str, answer: Answer) {
    // Places in the sample mean nothing to the user.
    let said = answer.diagnostics.iter().filter(|d| is_fault(d)).count();
    report.diagnostics.extend(answer.diagnostics.into_iter().map(|d| Diagnostic { primary: None, ..d }));
    let faults = |report: &Report| report.diagnostics.iter().filter(|d| is_fault(d)).count();
    let before_it = faults(report) - said;
    let mut changed = false;
    if let Some(text) = answer.mir {
        let taken = mir::parse(SAMPLE, FileId::new(0)).and_then(|before| {
            let after =
                wire::receive(&text, &before, &Target::default(), who).map_err(|error| vec![error])?;
            Ok(after != before)
        });
        match taken {
            Ok(is_other) => changed = is_other,
            Err(errors) => {
                let errors = errors.into_iter().map(|error| Diagnostic { primary: None, ..error });
                report.diagnostics.extend(errors);
            }
        }
    }
    if faults(report) == before_it {
        report.passes.push((id, changed));
    }
}

/// What a pass says of the sample is not the plugin's fault.
fn is_fault(d: &Diagnostic) -> bool {
    d.is_error() && d.code != "plugin-reported"
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test may panic")]
    use super::*;

    #[test]
    fn the_sample_is_as_it_is_printed() {
        let module = mir::parse(SAMPLE, FileId::new(0)).unwrap();
        assert_eq!(mir::print(&module), SAMPLE);
    }
}

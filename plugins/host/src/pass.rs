//! Passes outside this tree, as passes of the pipeline: MIR text out, MIR text back, read and verified.
//!
//! Promises: what comes back replaces the module only if it is MIR and verifies; whatever else happens is a diagnostic that
//! names the pass and its plugin or command.
//! Leaves out: where the pass goes in the pipeline; its row or the configuration says that.

use crate::external::External;
use crate::library::Code;
use crate::{message, wire};
use pbpf_core::diag::Diagnostic;
use pbpf_core::mir::{self, FunctionKind};
use pbpf_core::pass::{Context, Level, MirPass, PassInfo};
use pbpf_core::rows::PassRow;
use pbpf_core::target::Target;
use pbpf_plugin::abi;
use std::sync::Arc;

/// What a pass answered.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The new module's text, not read yet; none: the module stays as it is.
    pub mir: Option<String>,
    /// What it said, and what went wrong.
    pub diagnostics: Vec<Diagnostic>,
}

impl Answer {
    fn failed(error: Diagnostic) -> Self {
        Self { mir: None, diagnostics: vec![error] }
    }

    fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

/// A pass of a plugin with code.
#[derive(Clone, Debug)]
pub struct PluginPass {
    pub(crate) code: Arc<Code>,
    pub(crate) row: PassRow,
    /// The program types that list it, by id.
    pub(crate) types: Vec<String>,
    /// Whether it leaves modules alone that have no program of those types.
    pub(crate) only_types: bool,
}

impl PluginPass {
    /// The row of the manifest.
    pub fn row(&self) -> &PassRow {
        &self.row
    }

    /// The name in the graph, `plugin:name`.
    pub fn id(&self) -> String {
        format!("{}:{}", self.code.plugin, self.row.name)
    }

    /// Whether it runs without being asked for: by its row, or because a program type lists it.
    pub fn is_default(&self) -> bool {
        self.row.default || !self.types.is_empty()
    }

    /// The same pass, for the modules for which its row and the program types want it; without this, for each module.
    #[must_use]
    pub fn where_wanted(self) -> Self {
        Self { only_types: !self.row.default && !self.types.is_empty(), ..self }
    }

    fn wants(&self, module: &mir::Module) -> bool {
        let is_one = |kind: &FunctionKind| matches!(kind, FunctionKind::Program { program_type, .. } if self.types.contains(program_type));
        !self.only_types || module.functions.values().any(|f| is_one(&f.kind))
    }

    pub(crate) fn who(&self) -> String {
        format!("pass `{}` of plugin `{}`", self.row.name, self.code.plugin)
    }

    /// Runs it on the text of a module. Opens the library if no pass of it ran before.
    pub fn transform(&self, mir: &str, target: &Target) -> Answer {
        let given = match self.code.run(&self.row.name, mir, target) {
            Ok(given) => given,
            Err(error) => return Answer::failed(error),
        };
        let who = self.who();
        let messages = message::read(&given.diagnostics, &who);
        if given.status == abi::PANICKED {
            return Answer::failed(panicked(&self.code.plugin, &self.row.name, messages));
        }
        let mut answer = Answer { mir: None, diagnostics: messages.diagnostics };
        answer.diagnostics.extend(remarks(&who, &messages.lines));
        if given.overflow {
            answer.diagnostics.push(too_much(&who));
            return answer;
        }
        match given.status {
            abi::UNCHANGED => {}
            abi::OK => take_module(&mut answer, given.out, &who),
            status if !answer.has_errors() => answer.diagnostics.push(
                Diagnostic::error("plugin-failed", format!("{who} failed and did not say why"))
                    .note(format!("`run_pass` gave {status}")),
            ),
            _ => {}
        }
        answer
    }
}

fn panicked(plugin: &str, pass: &str, messages: message::Messages) -> Diagnostic {
    let mut error =
        Diagnostic::error("plugin-panicked", format!("the plugin `{plugin}` panicked in its pass `{pass}`"));
    for said in messages.diagnostics {
        // The last note says who said it, which is known here.
        let mut notes = said.notes;
        notes.pop();
        error.notes.push(said.message);
        error.notes.extend(notes);
    }
    error.notes.extend(messages.lines);
    error.help("this is a fault of the plugin, not of your program: tell its author")
}

/// A command as a pass.
#[derive(Clone, Debug)]
pub struct ExternalPass {
    external: External,
}

impl ExternalPass {
    /// The pass of a row of `[passes.external]`.
    pub fn new(external: External) -> Self {
        Self { external }
    }

    pub(crate) fn who(&self) -> String {
        format!("external pass `{}`", self.external.name)
    }

    /// Runs it on the text of a module.
    pub fn transform(&self, mir: &str) -> Answer {
        let finished = match self.external.run(mir) {
            Ok(finished) => finished,
            Err(error) => return Answer::failed(error),
        };
        let who = self.who();
        let messages = message::read(&finished.err, &who);
        let mut answer = Answer { mir: None, diagnostics: messages.diagnostics };
        if finished.overflow {
            answer.diagnostics.push(too_much(&who));
            return answer;
        }
        if !finished.status.success() {
            if !answer.has_errors() {
                let message = format!("{who} failed: {}", finished.status);
                let mut error = Diagnostic::error("plugin-failed", message);
                error.notes = last(&messages.lines);
                answer.diagnostics.push(error.help(
                    "a pass says what is wrong as JSON on standard error: `{\"severity\": \"error\", \"message\": \"...\"}`",
                ));
            }
            return answer;
        }
        answer.diagnostics.extend(remarks(&who, &messages.lines));
        take_module(&mut answer, finished.out, &who);
        answer
    }
}

/// The last lines of a long list: that is where a traceback says what happened.
fn last(lines: &[String]) -> Vec<String> {
    lines[lines.len().saturating_sub(12)..].to_vec()
}

/// What was written beside diagnostics.
fn remarks(who: &str, lines: &[String]) -> Option<Diagnostic> {
    (!lines.is_empty()).then(|| {
        let mut note = Diagnostic::note_only("plugin-reported", format!("{who} wrote more than diagnostics"));
        note.notes = last(lines);
        note
    })
}

fn too_much(who: &str) -> Diagnostic {
    Diagnostic::error("plugin-output", format!("{who} wrote more than 64 MiB"))
}

fn take_module(answer: &mut Answer, bytes: Vec<u8>, who: &str) {
    match String::from_utf8(bytes) {
        Ok(text) if text.trim().is_empty() => answer.diagnostics.push(
            Diagnostic::error("plugin-output", format!("{who} gave no module"))
                .help("a pass writes out the whole module, also where it changes nothing"),
        ),
        Ok(text) => answer.mir = Some(text),
        Err(error) => answer.diagnostics.push(
            Diagnostic::error("plugin-output", format!("{who} gave something that is not text"))
                .note(error.utf8_error().to_string()),
        ),
    }
}

impl MirPass for PluginPass {
    fn info(&self) -> PassInfo {
        let PassRow { doc, point, .. } = &self.row;
        let types = if self.only_types { &self.types[..] } else { &[] };
        let types: Vec<String> = types.iter().map(|id| format!("`{id}`")).collect();
        let doc = if types.is_empty() {
            doc.clone()
        } else {
            format!("{doc}, for programs of type {}", types.join(", "))
        };
        let info = PassInfo::new(&self.id(), Level::Mir, &doc).optional();
        PassInfo { after: point.after.clone(), before: point.before.clone(), ..info }
    }

    fn run(&self, module: &mut mir::Module, cx: &mut Context<'_>) {
        if !self.wants(module) {
            return;
        }
        let answer = self.transform(&mir::print(module), cx.target);
        settle(answer, &self.who(), module, cx);
    }
}

impl MirPass for ExternalPass {
    fn info(&self) -> PassInfo {
        let External { name, command, after, before, .. } = &self.external;
        let doc = format!("runs `{}`", command.join(" "));
        let info = PassInfo::new(name, Level::Mir, &doc).optional();
        PassInfo { after: after.clone(), before: before.clone(), ..info }
    }

    fn run(&self, module: &mut mir::Module, cx: &mut Context<'_>) {
        let answer = self.transform(&mir::print(module));
        settle(answer, &self.who(), module, cx);
    }
}

/// Passes on what was said, and takes the module that came back, if it is one.
fn settle(answer: Answer, who: &str, module: &mut mir::Module, cx: &mut Context<'_>) {
    answer.diagnostics.into_iter().for_each(|d| cx.emit(d));
    let Some(text) = answer.mir else { return };
    match wire::receive(&text, module, cx.target, who) {
        Ok(new) => *module = new,
        Err(error) => cx.emit(error),
    }
}

//! What a failed load means.
//!
//! Promises: a pure function from libbpf's error number, its messages and the verifier's logs to a
//! [`LoadError`]; whether the program or the machine is at fault is decided here and nowhere else. Each rule
//! quotes the message of libbpf 1.7 it goes by.
//! Leaves out: reading the verifier's log beyond telling a refusal from a missing feature (`verifier_log`
//! does).

use crate::errno::Errno;
use crate::error::{LoadError, Refused};
use crate::message::Message;
use crate::verifier_log::SourceLine;

/// The verifier's log of one program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ProgramLog {
    pub(crate) program: String,
    pub(crate) section: String,
    pub(crate) log: String,
    /// The object's line info for it; only read for programs that were refused before.
    pub(crate) lines: Vec<SourceLine>,
}

/// A failed load.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) errno: Errno,
    pub(crate) messages: Vec<Message>,
    pub(crate) logs: Vec<ProgramLog>,
    /// Whether the process has the capabilities that loading takes.
    pub(crate) privileged: bool,
}

impl Failure {
    /// The program that the kernel was given and did not take, if it wrote a log about it.
    pub(crate) fn refused_program(&self) -> Option<String> {
        let program = self.failed_program()?;
        self.log_of(program).filter(|log| says_something(&log.log)).map(|log| log.program.clone())
    }

    /// Whether the log of `program` ends with the numbers that end every log.
    pub(crate) fn log_has_end(&self, program: &str) -> bool {
        self.log_of(program)
            .is_some_and(|l| l.log.lines().next_back().is_some_and(|line| line.starts_with("processed ")))
    }

    /// `prog 'NAME': BPF program load failed: -EACCES`
    fn failed_program(&self) -> Option<&str> {
        self.messages.iter().find_map(|m| between(&m.text, "prog '", "': BPF program load failed"))
    }

    fn log_of(&self, program: &str) -> Option<&ProgramLog> {
        self.logs.iter().find(|log| log.program == program)
    }

    fn find(&self, part: &str) -> Option<&str> {
        self.messages.iter().map(|m| m.text.as_str()).find(|text| text.contains(part))
    }
}

/// Whether a log has more than the numbers that end every log.
fn says_something(log: &str) -> bool {
    const NUMBERS: &[&str] = &["processed ", "verification time ", "stack depth ", "mark_precise: "];
    log.lines().any(|line| !line.trim().is_empty() && !NUMBERS.iter().any(|prefix| line.starts_with(prefix)))
}

/// What went wrong.
pub(crate) fn classify(failure: Failure) -> LoadError {
    if failure.find("Couldn't load trivial BPF program").is_some() {
        let Failure { errno, messages, .. } = failure;
        return if errno == Errno::EPERM || errno == Errno::EACCES {
            LoadError::MissingPrivilege { doing: "loading BPF programs".into(), errno, messages }
        } else {
            LoadError::MissingFeature {
                program: None,
                what: "bpf() loads no program".into(),
                errno,
                messages,
            }
        };
    }
    if let Some(program) = failure.failed_program().map(str::to_owned) {
        return program_failure(program, failure);
    }
    // "prog 'p': failed to find kernel BTF type ID of 'do_unlinkat': -ESRCH"
    if let Some(said) = failure.find("failed to find kernel BTF type ID of") {
        let program = between(said, "prog '", "'").map(str::to_owned);
        let what = between(said, "type ID of '", "'").unwrap_or("the target").to_owned();
        return missing(failure, program, format!("no '{what}' in the kernel's BTF to attach to"));
    }
    // "map 'm': failed to create: -EINVAL", "map 'm': error reusing pinned map", "map 'm': failed to auto-pin
    // at '/x': -EPERM"
    if let Some(said) = failure.messages.iter().rev().find(|m| m.text.starts_with("map '")) {
        let map = between(&said.text, "map '", "'").unwrap_or_default();
        let map = crate::object::plain_map_name(map).to_owned();
        let Failure { errno, messages, privileged, .. } = failure;
        return if errno == Errno::EPERM && !privileged {
            LoadError::MissingPrivilege { doing: format!("making map '{map}'"), errno, messages }
        } else {
            LoadError::Map { map, errno, messages }
        };
    }
    // "extern (func ksym) 'f': not found in kernel or module BTFs", "extern 'x' (strong): not resolved",
    // "extern (func ksym) 'f': func_proto [7] incompatible with vmlinux [81]"
    if let Some(said) = failure.find("extern ") {
        let name = between(said, "'", "'").unwrap_or_default();
        let missing_name = said.contains("not found") || said.contains("not resolved");
        let what = if missing_name { format!("the kernel has no '{name}'") } else { said.to_owned() };
        return missing(failure, None, what);
    }
    // "struct_ops init_kern x: struct sched_ext_ops is not found in kernel BTF", "... Cannot find member dump
    // in kernel BTF"
    if let Some(said) = failure.find("in kernel BTF").map(str::to_owned) {
        return missing(failure, None, said);
    }
    // "Error loading vmlinux BTF: -ESRCH"
    if failure.find("Error loading vmlinux BTF").is_some() {
        return missing(failure, None, "no BTF of itself (CONFIG_DEBUG_INFO_BTF)".into());
    }
    // "prog 'p': relo #0: failed to relocate: -EINVAL", "failed to perform CO-RE relocations: -EINVAL"; but a BTF
    // file of the user's that does not parse is neither the kernel's fault nor the program's: "failed to parse
    // target BTF: -ENOENT".
    let relocation = failure.find("relo #").or_else(|| failure.find("CO-RE"));
    if failure.find("target BTF").is_none()
        && let Some(said) = relocation
    {
        let program = between(said, "prog '", "'").map(str::to_owned);
        return LoadError::CoRe { program, detail: said.to_owned(), messages: failure.messages };
    }
    let program =
        failure.messages.iter().rev().find_map(|m| between(&m.text, "prog '", "'")).map(str::to_owned);
    LoadError::Other { program, errno: failure.errno, messages: failure.messages }
}

/// The kernel was given `program` and did not take it.
fn program_failure(program: String, failure: Failure) -> LoadError {
    let ProgramLog { section, log, lines, .. } = failure.log_of(&program).cloned().unwrap_or_default();
    // libbpf puts calls to functions that cannot exist in place of what it could not resolve, and rewrites
    // the verifier's answer where it recognises it: "failed to resolve CO-RE relocation <byte_off> [9] struct
    // task_struct.no_such (0:0 @ offset 0)"
    if let Some(detail) =
        log.lines().find_map(|line| line.strip_prefix("failed to resolve CO-RE relocation "))
    {
        return LoadError::CoRe {
            program: Some(program),
            detail: detail.to_owned(),
            messages: failure.messages,
        };
    }
    if log.contains("unknown#195896080") {
        let detail = "a field, type or enumerator that it reads".to_owned();
        return LoadError::CoRe { program: Some(program), detail, messages: failure.messages };
    }
    // "kfunc 'scx_bpf_dsq_insert' is referenced but wasn't resolved"
    if let Some(kfunc) = between(&log, "kfunc '", "' is referenced but wasn't resolved").map(str::to_owned) {
        return missing(failure, Some(program), format!("the kernel has no kfunc '{kfunc}'"));
    }
    if says_something(&log) {
        let Failure { errno, messages, .. } = failure;
        return LoadError::Refused(Box::new(Refused { program, section, errno, log, lines, messages }));
    }
    // The verifier did not run: the system call refused the program's type, attach type or flags, or this
    // process.
    match failure.errno {
        Errno::EPERM | Errno::EACCES if !failure.privileged => LoadError::MissingPrivilege {
            doing: format!("loading program '{program}'"),
            errno: failure.errno,
            messages: failure.messages,
        },
        // E2BIG: more instructions than the system call takes. The log is empty because the verifier never
        // saw them.
        Errno::E2BIG => {
            let Failure { errno, messages, .. } = failure;
            LoadError::Refused(Box::new(Refused { program, section, errno, log, lines, messages }))
        }
        _ => {
            let what = format!("it does not take program '{program}' in section '{section}'");
            missing(failure, Some(program), what)
        }
    }
}

fn missing(failure: Failure, program: Option<String>, what: String) -> LoadError {
    LoadError::MissingFeature { program, what, errno: failure.errno, messages: failure.messages }
}

/// The text between the first `start` and the next `end`.
fn between<'t>(text: &'t str, start: &str, end: &str) -> Option<&'t str> {
    let rest = &text[text.find(start)? + start.len()..];
    Some(&rest[..rest.find(end)?])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A test stops at the first surprise.
    use super::*;
    use crate::message::Level;

    fn failure(errno: i32, messages: &[&str], log: &str) -> Failure {
        Failure {
            errno: Errno(errno),
            messages: messages.iter().map(|m| Message { level: Level::Warning, text: (*m).into() }).collect(),
            logs: vec![ProgramLog {
                program: "p".into(),
                section: "kprobe/x".into(),
                log: log.into(),
                lines: Vec::new(),
            }],
            privileged: true,
        }
    }

    const FAILED: &str = "prog 'p': BPF program load failed: -EACCES";

    fn text(errno: i32, messages: &[&str], log: &str) -> String {
        classify(failure(errno, messages, log)).to_string()
    }

    #[test]
    fn refusals_and_missing_features_are_told_apart() {
        let refused = failure(13, &[FAILED], "R0 !read_ok\nprocessed 1 insns\n");
        assert_eq!(refused.refused_program().as_deref(), Some("p"));
        assert!(matches!(classify(refused), LoadError::Refused(r) if r.section == "kprobe/x"));

        let silent = failure(1, &[FAILED], "processed 0 insns (limit 1000000)\n");
        assert_eq!(silent.refused_program(), None);
        assert_eq!(
            classify(silent.clone()).to_string(),
            "this kernel cannot do it: it does not take program 'p' in section 'kprobe/x': EPERM (operation not permitted)"
        );
        let error = classify(Failure { privileged: false, ..silent });
        assert!(
            matches!(&error, LoadError::MissingPrivilege { doing, .. } if doing == "loading program 'p'")
        );
        assert!(error.is_environment());
    }

    #[test]
    fn what_libbpf_could_not_resolve_is_named() {
        let log = "0: <invalid CO-RE relocation>\nfailed to resolve CO-RE relocation <byte_off> [9] struct task_struct.no_such\n";
        assert_eq!(
            text(22, &[FAILED], log),
            "program 'p' needs what the kernel's BTF does not have: <byte_off> [9] struct task_struct.no_such"
        );
        let log = "0: <invalid kfunc call>\nkfunc 'scx_bpf_kick_cpu' is referenced but wasn't resolved\n";
        assert!(text(22, &[FAILED], log).contains("the kernel has no kfunc 'scx_bpf_kick_cpu'"));
        let said = "extern (func ksym) 'bpf_frob': not found in kernel or module BTFs";
        assert!(text(3, &[said], "").contains("the kernel has no 'bpf_frob'"));
        let said = "prog 'p': failed to find kernel BTF type ID of 'do_unlinkat': -ESRCH";
        assert!(text(3, &[said], "").contains("no 'do_unlinkat' in the kernel's BTF"));
    }

    #[test]
    fn maps_and_privileges() {
        let said = "map 'counts': failed to create: -EINVAL";
        assert_eq!(
            text(22, &[said], ""),
            "cannot make map 'counts': map 'counts': failed to create: -EINVAL"
        );
        let said = "Error in bpf_object__probe_loading(): -EPERM. Couldn't load trivial BPF program.";
        assert!(matches!(classify(failure(1, &[said], "")), LoadError::MissingPrivilege { .. }));
        assert!(matches!(classify(failure(38, &[said], "")), LoadError::MissingFeature { .. }));
    }
}

//! Helpers that the compiler calls of its own accord.
//!
//! Promises: the number is that of the helper's row, or of the kernel's `enum bpf_func_id` where no loaded plugin has such
//! a row; license and kernel version are checked as for the user's calls. Leaves out: the user's calls.

use super::Site;
use pbpf_core::diag::Diagnostic;
use pbpf_core::mir::{Op, Value};
use pbpf_core::rows::HelperCall;
use pbpf_core::target::KernelVersion;

/// A helper's number, whether it needs a GPL-compatible license, and its first kernel (`include/uapi/linux/bpf.h`).
type Known = (&'static str, u32, bool, KernelVersion);

const fn since(major: u16, minor: u16) -> KernelVersion {
    KernelVersion { major, minor }
}

/// The helpers used here.
const KNOWN: [Known; 7] = [
    ("bpf_map_lookup_elem", 1, false, since(3, 18)),
    ("bpf_map_update_elem", 2, false, since(3, 18)),
    ("bpf_map_delete_elem", 3, false, since(3, 18)),
    ("bpf_trace_printk", 6, true, since(4, 1)),
    ("bpf_probe_read_user", 112, true, since(5, 5)),
    ("bpf_probe_read_kernel", 113, true, since(5, 5)),
    ("bpf_trace_vprintk", 177, true, since(5, 16)),
];

impl Site<'_, '_, '_> {
    /// The call of a helper; `why` completes "... needs".
    pub(super) fn helper_call(&mut self, name: &str, args: Vec<Value>, why: &str) -> Op {
        let known = KNOWN.iter().find(|k| k.0 == name);
        let row = self.cx.registry.find_helper(name).map(|id| &self.cx.registry.helper(id).row);
        let number = match row.map(|r| r.call) {
            Some(HelperCall::Id(id)) => Some(id),
            _ => known.map(|k| k.1),
        };
        let Some(id) = number else {
            return self.refuse(
                Diagnostic::error(
                    "unknown-helper",
                    format!("{why} needs the helper `{name}`, which no plugin brings"),
                )
                .help("`pbpf plugin list` shows what is loaded"),
            );
        };
        let gpl = row.map_or_else(|| known.is_some_and(|k| k.2), |r| r.gpl);
        let license = self.module.license.as_deref();
        if gpl && !crate::license::is_gpl_compatible(license) {
            self.cx.emit(
                Diagnostic::error("gpl-only", format!("{why} needs `{name}`, which the kernel keeps for GPL-compatible programs"))
                    .at(self.span)
                    .help("declare a compatible license: `LICENSE = \"GPL\"`, or a `@bpfglobal` function `LICENSE` that returns it"),
            );
        }
        let first =
            row.and_then(|r| r.since.as_deref()).and_then(KernelVersion::parse).or(known.map(|k| k.3));
        if let Some(first) = first.filter(|f| !self.cx.target.has(*f)) {
            self.cx.emit(
                Diagnostic::error(
                    "target-too-old",
                    format!("{why} needs `{name}`, which came with kernel {first}"),
                )
                .at(self.span)
                .help(format!("compile for a later kernel: `--target-kernel {first}`")),
            );
        }
        Op::CallHelper { name: name.to_owned(), id, args }
    }
}

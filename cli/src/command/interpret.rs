//! Calls in the MIR interpreter.
use crate::args::MessageFormat;
use pbpf_core::mir::Module;
pub(crate) fn run(_m: &Module, _c: &str, _f: MessageFormat) -> u8 {
    0
}

//! `pbpf verify`.
use crate::args::VerifyArgs;
pub(crate) fn run(_args: VerifyArgs) -> u8 {
    0
}

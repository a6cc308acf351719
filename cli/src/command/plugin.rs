//! `pbpf plugin`.
use crate::args::PluginArgs;
pub(crate) fn run(_args: PluginArgs) -> u8 {
    0
}

//! Finds, checks and loads plugins, and runs their passes.
//!
//! Promises: discovery reads files and runs no code of theirs; a library is opened only when one of its passes runs.
//! Every refusal is a diagnostic with a code of its own and a page in `docs/errors/`. The order of what is found is
//! that of the search and, inside a folder, of file names.
//! Leaves out: the environment (the caller hands in variables and folders), printing, and where passes go in the pipeline.
//!
//! Read in this order: [`Search`] (where), `trust` (who may write), `image` (what the file says), [`Plugins`] (all
//! together), `library` (the code), [`PluginPass`] and [`ExternalPass`].

mod check;
mod digest;
mod external;
mod image;
mod library;
mod message;
mod new;
mod pass;
mod plugins;
mod search;
mod trust;
mod wire;

pub use check::{Report, SAMPLE, check_plugin};
pub use external::{DEFAULT_TIMEOUT, External};
pub use new::{Kind, Made, new_plugin};
pub use pass::{Answer, ExternalPass, PluginPass};
pub use plugins::{Form, Plugin, Plugins};
pub use search::{Named, Origin, Search};

use pbpf_core::diag::Diagnostic;

/// The codes of this crate's diagnostics, each with what the process ends with when it is the worst that happened:
/// 1 the user's program, 2 the configuration, 3 the environment.
pub const CODES: [(&str, u8); 15] = [
    ("plugin-abi", 2),
    ("plugin-clash", 2),
    ("plugin-digest", 2),
    ("plugin-failed", 2),
    ("plugin-manifest", 2),
    ("plugin-missing", 3),
    ("plugin-new", 2),
    ("plugin-not-library", 2),
    ("plugin-output", 2),
    ("plugin-panicked", 2),
    ("plugin-path", 2),
    ("plugin-reported", 1),
    ("plugin-symbol", 2),
    ("plugin-timeout", 2),
    ("plugin-writable", 2),
];

/// The exit status that a diagnostic of this crate calls for; none for those of other crates.
pub fn exit_status(diagnostic: &Diagnostic) -> Option<u8> {
    CODES.iter().find(|(code, _)| *code == diagnostic.code).map(|(_, status)| *status)
}

//! The Rust SDK for pbpf plugins: an author writes a manifest and functions, and [`export!`] makes the library.
//!
//! Promises: no dependencies; no unsafe code on the author's side; a panic in a pass becomes a diagnostic that names the
//! plugin. Leaves out: what the manifest says (`docs/writing-a-plugin.md`) and the text form of MIR (`docs/mir.md`).
//!
//! # A plugin that is data
//!
//! `Cargo.toml` has `crate-type = ["cdylib"]` and a dependency on `pbpf-plugin`; the manifest is a file beside it:
//!
//! ```text
//! pbpf_plugin::export! {
//!     id: "xdp",
//!     manifest: include_str!("../manifest.json"),
//! }
//! ```
//!
//! The library must be called `libpbpf_*.so` (`[lib] name = "pbpf_type_xdp"`) to be found in a folder.
//!
//! # A plugin with passes
//!
//! ```
//! use pbpf_plugin::{Diagnostic, Outcome, Report, Request};
//!
//! fn answer(request: &Request<'_>, report: &mut Report) -> Outcome {
//!     if request.mir.contains("41") {
//!         report.add(Diagnostic::warning("41 is 42 here"));
//!         return Outcome::Changed(request.mir.replace("41", "42"));
//!     }
//!     Outcome::Unchanged
//! }
//!
//! pbpf_plugin::export! {
//!     id: "answer",
//!     manifest: r#"{"schema": 1, "id": "answer", "passes": [{"name": "answer", "doc": "41 becomes 42"}]}"#,
//!     passes: [("answer", answer)],
//! }
//! # fn main() {}
//! ```

pub mod abi;
pub mod glue;
mod report;

pub use report::Diagnostic;

/// The hand-written C header, for those who make a plugin from a template.
pub const HEADER: &str = include_str!("../include/pbpf_plugin.h");

/// What a pass is asked.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The pass's name in the manifest.
    pub pass: &'a str,
    /// The module, in the text form of MIR.
    pub mir: &'a str,
    /// The architecture of the traced kernel, `x86_64`.
    pub arch: &'a str,
    /// The BPF instruction set, `v1` to `v4`.
    pub cpu: &'a str,
    /// The oldest kernel that must accept the object, `6.12`; empty: not said.
    pub kernel: &'a str,
}

/// What a pass did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The module stays as it is.
    Unchanged,
    /// The whole new module, in the text form of MIR.
    Changed(String),
    /// It could not do its work; the report says why.
    Failed,
}

/// What a pass tells the user.
#[derive(Clone, Debug, Default)]
pub struct Report {
    list: Vec<Diagnostic>,
}

impl Report {
    /// Adds a message.
    pub fn add(&mut self, diagnostic: Diagnostic) {
        self.list.push(diagnostic);
    }

    /// What was added, one JSON object a line.
    fn lines(&self) -> String {
        self.list.iter().map(Diagnostic::to_json_line).collect()
    }
}

/// A pass.
pub type PassFn = fn(&Request<'_>, &mut Report) -> Outcome;

/// Makes the library a plugin: exports the descriptor and the manifest.
///
/// `id` is a constant of at most 63 bytes, the same as in the manifest. `manifest` is a constant text, usually
/// `include_str!("../manifest.json")`. `passes`, which may be left out, lists the names of the manifest's passes, each
/// with a function or a closure that captures nothing.
#[macro_export]
macro_rules! export {
    (id: $id:expr, manifest: $manifest:expr $(, passes: [$($pass:expr),* $(,)?])? $(,)?) => {
        const _: () = {
            struct Plugin;

            impl $crate::glue::Code for Plugin {
                const PASSES: &'static [(&'static str, $crate::PassFn)] = &[$($($pass),*)?];
            }

            const _: () = ::core::assert!(
                <Plugin as $crate::glue::Code>::PASSES.is_empty() || ::core::cfg!(panic = "unwind"),
                "a plugin with passes must be built with panic = \"unwind\", or a panic would end pbpf"
            );

            const MANIFEST: &str = $manifest;

            #[unsafe(export_name = "pbpf_plugin_manifest")]
            static MANIFEST_BYTES: [u8; MANIFEST.len()] = $crate::glue::bytes(MANIFEST);

            #[unsafe(export_name = "pbpf_plugin_v1")]
            static DESCRIPTOR: $crate::abi::Plugin = $crate::abi::Plugin {
                size: ::core::mem::size_of::<$crate::abi::Plugin>() as u32,
                abi_major: $crate::abi::MAJOR,
                abi_minor: $crate::abi::MINOR,
                id: $crate::glue::padded($id),
                sdk: $crate::glue::padded($crate::glue::SDK),
                init: ::core::option::Option::Some($crate::glue::init),
                run_pass: ::core::option::Option::Some($crate::glue::run_pass::<Plugin>),
                drop: ::core::option::Option::None,
            };
        };
    };
}

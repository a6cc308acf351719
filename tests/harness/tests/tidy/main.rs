//! The rules of the house as tests: what DESIGN calls invariants, held against `cargo metadata` and the tracked files.
//!
//! Promises: a broken rule names every place, so that one run is enough to mend it; the tests need no privileges, no network, and no
//! built program. Leaves out: what rustfmt, clippy and rustdoc check already.

#![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

mod dependencies;
mod diagnostics;
mod names;
mod rust;
mod text;
mod tree;

/// Fails with the places, if there are any.
#[track_caller]
fn none(rule: &str, places: &[String]) {
    assert!(places.is_empty(), "\n\n{rule}\n\n  {}\n", places.join("\n  "));
}

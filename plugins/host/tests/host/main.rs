//! Plugins as third parties build them, good and bad, through the public interface of the host.
//!
//! Promises: each is built here, from `tests/plugins`, with `cc` or with `cargo --offline` against its own lock file; no
//! privileges are needed. Leaves out: programs of their types on a kernel; the case files have those.

#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

mod build;
mod good;
mod guide;
mod passes;
mod refused;
mod search;
mod templates;

//! The loader on the running kernel, with C programs compiled here by clang-19.
//!
//! Promises: without privileges or clang-19 each test is skipped, and says so on standard error; under
//! `CI=true` that is a failure.
//! Leaves out: other kernels; the VM runner of `tests/harness` boots those.
#![allow(clippy::unwrap_used, missing_docs)] // A test stops at the first surprise.

mod fixture;
mod maps;
mod refusals;
mod running;
mod streams;

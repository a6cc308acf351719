//! The verifier's log, read.
//!
//! Promises: pure functions from text; any text is taken.
//! Leaves out: getting logs (`load`) and explaining them (`diagnostic`).

mod stats;

pub use stats::Stats;

//! The passes over MIR.
//!
//! Promises: each keeps what the program does where it accepts it. Leaves out: reading MIR text and judging it, which
//! core does.

mod eval;
mod exact;
mod exit;
mod facts;
mod ranges;
pub mod references;
mod rules;

pub mod arena;
pub mod bounds;
pub mod cse;
pub mod dce;
pub mod described;
pub mod divide;
pub mod fold;
pub mod indices;
pub mod inline;
pub mod legalise;
pub mod loops;
pub mod null_checks;
pub mod outline;
pub mod perf_buffers;
pub mod results;
pub mod returns;
pub mod scopes;
pub mod scratch;
pub mod simplify_cfg;
pub mod spill;
pub mod stack;
pub mod unroll;

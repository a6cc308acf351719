//! The passes over MIR.
//!
//! Promises: each keeps what the program does where it accepts it. Leaves out: reading MIR text and judging it, which
//! core does.

mod eval;
mod facts;
mod ranges;

pub mod dce;
pub mod divide;
pub mod fold;
pub mod simplify_cfg;

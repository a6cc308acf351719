//! The passes over MIR.
//!
//! Promises: each keeps what the program does where it accepts it. Leaves out: reading MIR text and judging it, which
//! core does.

mod eval;
mod facts;

pub mod dce;
pub mod fold;
pub mod simplify_cfg;

//! The built-in passes of pbpf: one pass, one file (or one folder of its name).
//!
//! Promises: a pass knows levels, regions and rules; none knows a program type, and none knows LLVM.
//! Leaves out: running them in order, which the graph does, from the list in [`pipeline`].

pub mod check;
mod extent;
pub mod infer;
mod kernel;
mod license;
pub mod lower;
pub mod mir;
pub mod parse;
pub mod pipeline;
mod printed;
mod prototype;
pub mod resolve;
pub mod subset;
pub mod versions;
mod walk;

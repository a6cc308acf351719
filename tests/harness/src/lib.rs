//! The harness that runs pbpf's cases: what a case file asks for, and what a kernel does with it.
//!
//! Promises: a case passes only if everything it asks for was seen and nothing else was said; what could not be tried is counted
//! as skipped, never as passed. Leaves out: the cases (`tests/cases`) and the command line of the runner (`tests/cases.rs`).
//!
//! The way of a case: [`directives`] reads it, [`diagnostics`] and [`golden`] hold the compiler's output against it, [`plan`] is what is left for a kernel,
//! [`runner`] does it in a process of its own by [`execute`], on the host and in a VM.

pub mod bpftool;
pub mod compile;
pub mod control_group;
pub mod cpio;
pub mod diagnostics;
pub mod directives;
pub mod execute;
pub mod golden;
mod load;
pub mod network;
pub mod packets;
pub mod pages;
pub mod places;
pub mod plan;
pub mod probe;
pub mod process;
pub mod report;
pub mod runner;
pub mod scan;
mod sockets;
pub mod static_probe;
pub mod suite;
pub mod sys;
pub mod values;
pub mod vm;
pub mod workload;
pub mod xsk;

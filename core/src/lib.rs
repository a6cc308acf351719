//! The nouns of pbpf: sources, diagnostics, types, the syntax tree, HIR, MIR, passes and the rows that plugins supply.
//!
//! Promises: no I/O, no printing, no environment, no LLVM; the same input gives the same value.
//! Leaves out: what is done with the nouns (`pbpf-passes`), where plugins come from (`pbpf-plugin-host`),
//! and everything that touches a kernel (`pbpf-loader`).
//!
//! Read in this order: [`source`], [`diag`], [`types`], [`ast`], [`hir`], [`mir`], [`pass`], [`graph`], [`rows`], [`registry`];
//! [`btf`] stands alone: the kernel's own types.

pub mod ast;
pub mod btf;
pub mod config;
pub mod diag;
pub mod entity;
pub mod graph;
pub mod hir;
pub mod layout;
pub mod mir;
pub mod names;
pub mod pass;
pub mod registry;
pub mod rows;
pub mod source;
pub mod target;
pub mod types;

//! The plugin boundary as third parties and users meet it: plugins built apart, through the command line of pbpf.
//!
//! Promises: what each plugin changes is seen in a test run on the running kernel or in what pbpf writes; each bad plugin ends in its
//! own code and exit status. Leaves out: what the host does inside (`plugins/host/tests`), and every wording.

#![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

mod bad;
mod build;
mod good;
mod new;
mod search;

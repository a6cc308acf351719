//! What passes ask of a function: its control flow, who dominates whom, its loops, where slots live, who uses a value.
//!
//! Promises: each analysis is a plain value made from a [`Function`](super::Function) by `new`, in about linear time and
//! without recursion, on any function whose layout is in range, well-formed or not; it goes stale when the function
//! changes. Leaves out: keeping them fresh; a pass that changes the flow makes them anew.

mod cfg;
mod dominators;
mod loops;
mod slots;
mod uses;

pub use cfg::Cfg;
pub use dominators::Dominators;
pub use loops::{Loop, LoopId, Loops};
pub use slots::{SlotLiveness, SlotSet};
pub use uses::{Use, Uses};

#[cfg(test)]
mod tests;

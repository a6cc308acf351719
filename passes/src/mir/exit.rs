//! Where a function goes when an automatic check fails.
//!
//! Promises: one block for each function and pass that needs it, at the end; it returns the number, or null, or nothing.
//! Leaves out: which number, which the program type says.

use pbpf_core::mir::{Block, Builder, Function, Op, Type, Value};
use pbpf_core::source::Span;

/// The way out of a function.
#[derive(Debug)]
pub(super) struct Exit {
    result: i64,
    block: Option<Block>,
}

impl Exit {
    /// A way out with that result.
    pub(super) fn new(result: i64) -> Self {
        Self { result, block: None }
    }

    /// The block, made when it is first asked for, with the place of the check that did.
    pub(super) fn block(&mut self, func: &mut Function, span: Span) -> Block {
        if let Some(block) = self.block {
            return block;
        }
        let block = func.add_block();
        func.blocks[block].failed = true;
        let result = func.ret;
        let mut b = Builder::at_end(func, block, span);
        let value: Option<Value> = result.map(|ty| match ty {
            Type::Ptr { nullable: true, .. } => b.value(Op::Null, ty),
            Type::Ptr { .. } => {
                let zero = b.iconst(Type::I64, 0);
                b.value(Op::IntToPtr(zero), ty)
            }
            // The row may name a number that a narrower result cannot hold.
            int => b.iconst(int, super::eval::wrap(int, self.result)),
        });
        b.effect(Op::Return(value));
        self.block = Some(block);
        block
    }

    /// Splits `block` before position `at`: where `cond` is true the function goes on there, otherwise it leaves.
    /// Gives the block that goes on.
    pub(super) fn unless(
        &mut self,
        func: &mut Function,
        block: Block,
        at: usize,
        span: Span,
        cond: impl FnOnce(&mut Builder<'_>) -> Value,
    ) -> Block {
        let rest = func.split_block(block, at);
        let exit = self.block(func, span);
        let mut b = Builder::at_end(func, block, span);
        let cond = cond(&mut b);
        b.branch(cond, rest, exit);
        rest
    }
}

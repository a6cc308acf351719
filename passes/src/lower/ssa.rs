//! Variables become values: SSA construction while blocks are made (Braun et al., 2013).
//!
//! Promises: a block parameter only where several values meet; none is left that has one value.
//! Leaves out: variables in memory.

use pbpf_core::hir::LocalId;
use pbpf_core::mir::{Block, Function, Inst, Op, Type, Value};
use pbpf_core::source::Span;
use std::collections::{BTreeMap, BTreeSet};

/// The variables of a function under construction.
#[derive(Debug, Default)]
pub(super) struct Variables {
    current: BTreeMap<(LocalId, Block), Value>,
    predecessors: BTreeMap<Block, Vec<Inst>>,
    sealed: BTreeSet<Block>,
    /// Reads of a block whose predecessors are not all known, with the places of the reads.
    incomplete: BTreeMap<Block, Vec<(LocalId, Value, Span)>>,
}

/// A variable has no value on some way to its use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unassigned;

/// What is read: a variable of a type, at a place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Variable {
    pub(super) local: LocalId,
    pub(super) ty: Type,
    pub(super) span: Span,
}

impl Variables {
    /// Says that the terminator `inst` may go to `block`.
    pub(super) fn add_predecessor(&mut self, block: Block, inst: Inst) {
        let list = self.predecessors.entry(block).or_default();
        if !list.contains(&inst) {
            list.push(inst);
        }
    }

    /// Whether anything is known to go to `block`.
    pub(super) fn is_reached(&self, block: Block) -> bool {
        self.predecessors.get(&block).is_some_and(|list| !list.is_empty())
    }

    /// Sets a variable.
    pub(super) fn write(&mut self, local: LocalId, block: Block, value: Value) {
        self.current.insert((local, block), value);
    }

    /// Reads a variable at the end of `block`; `blocks` tells in which block a terminator is.
    pub(super) fn read(
        &mut self,
        func: &mut Function,
        blocks: &BTreeMap<Inst, Block>,
        variable: Variable,
        block: Block,
    ) -> Result<Value, Unassigned> {
        let Variable { local, ty, span } = variable;
        if let Some(value) = self.current.get(&(local, block)) {
            return Ok(*value);
        }
        let predecessors = self.predecessors.get(&block).cloned().unwrap_or_default();
        let value = if !self.sealed.contains(&block) {
            let value = func.add_block_param(block, ty);
            self.incomplete.entry(block).or_default().push((local, value, span));
            value
        } else if predecessors.is_empty() && func.entry() == Some(block) {
            return Err(Unassigned);
        } else if predecessors.is_empty() {
            // Nothing runs here, so any value will do; the block is dropped later.
            let op = if ty.is_int() { Op::Iconst(0) } else { Op::Null };
            let value = func.values.next_key();
            let inst = func.make_inst(op, Some(ty), func.span);
            func.blocks[block].insts.insert(0, inst);
            value
        } else if let [only] = predecessors.as_slice()
            && func.insts[*only].op.targets().iter().filter(|t| t.block == block).count() == 1
        {
            self.read(func, blocks, variable, blocks[only])?
        } else {
            let value = func.add_block_param(block, ty);
            // Before the operands: a loop reads the variable through this block.
            self.write(local, block, value);
            self.fill(func, blocks, variable, block)?;
            value
        };
        self.write(local, block, value);
        Ok(value)
    }

    /// Hands the variable's value over in each terminator that goes to `block`.
    fn fill(
        &mut self,
        func: &mut Function,
        blocks: &BTreeMap<Inst, Block>,
        variable: Variable,
        block: Block,
    ) -> Result<(), Unassigned> {
        for inst in self.predecessors.get(&block).cloned().unwrap_or_default() {
            let value = self.read(func, blocks, variable, blocks[&inst])?;
            for target in func.insts[inst].op.targets_mut() {
                if target.block == block {
                    target.args.push(value);
                }
            }
        }
        Ok(())
    }

    /// Says that all predecessors of `block` are known. Gives the reads of variables that are not assigned on some way.
    pub(super) fn seal(
        &mut self,
        func: &mut Function,
        blocks: &BTreeMap<Inst, Block>,
        block: Block,
    ) -> Vec<(LocalId, Span)> {
        self.sealed.insert(block);
        let mut missing = Vec::new();
        for (local, value, span) in self.incomplete.remove(&block).unwrap_or_default() {
            let ty = func.type_of(value);
            if self.fill(func, blocks, Variable { local, ty, span }, block).is_err() {
                missing.push((local, span));
            }
        }
        missing
    }
}

/// Removes block parameters that always have one value.
pub(super) fn remove_trivial_params(func: &mut Function) {
    // The terminators that go to each block, and what each removed parameter stands for: a walk over the whole function for
    // each parameter would make a long function take minutes.
    let mut edges: BTreeMap<Block, Vec<Inst>> = BTreeMap::new();
    for (_, inst) in func.each_inst() {
        for target in func.insts[inst].op.targets() {
            let list = edges.entry(target.block).or_default();
            if list.last() != Some(&inst) {
                list.push(inst);
            }
        }
    }
    let mut becomes = BTreeMap::new();
    loop {
        let mut changed = false;
        for block in func.layout.clone() {
            // The entry's parameters are the function's.
            if Some(block) == func.entry() {
                continue;
            }
            let edges = edges.get(&block).map_or(&[][..], Vec::as_slice);
            let mut at = 0;
            while at < func.blocks[block].params.len() {
                let param = func.blocks[block].params[at];
                let mut values = BTreeSet::new();
                for inst in edges {
                    for target in func.insts[*inst].op.targets().iter().filter(|target| target.block == block)
                    {
                        values.extend(target.args.get(at).map(|arg| end_of(&becomes, *arg)));
                    }
                }
                values.remove(&param);
                let only = values.iter().next().copied().filter(|_| values.len() == 1);
                let Some(only) = only else {
                    at += 1;
                    continue;
                };
                func.blocks[block].params.remove(at);
                for inst in edges {
                    for target in func.insts[*inst].op.targets_mut() {
                        if target.block == block && at < target.args.len() {
                            target.args.remove(at);
                        }
                    }
                }
                becomes.insert(param, only);
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    for inst in func.insts.values_mut() {
        inst.op.map_args(|value| end_of(&becomes, value));
    }
}

/// What a value stands for after all. There is no way around in a circle: a parameter becomes a value that is not removed yet.
fn end_of(becomes: &BTreeMap<Value, Value>, mut value: Value) -> Value {
    while let Some(next) = becomes.get(&value) {
        value = *next;
    }
    value
}

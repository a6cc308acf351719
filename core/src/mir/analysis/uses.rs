//! Who uses a value.
//!
//! Promises: uses in layout order, one for each operand. Leaves out: uses by dead instructions.

use crate::entity::Table;
use crate::mir::{Block, Function, Inst, Value};

/// One operand of an instruction of the layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    /// The block of the instruction.
    pub block: Block,
    /// The instruction.
    pub inst: Inst,
    /// Which operand, in the order of [`Op::args`](crate::mir::Op::args).
    pub operand: u32,
}

/// The uses of all values of a function.
#[derive(Clone, Debug)]
pub struct Uses {
    uses: Table<Value, Vec<Use>>,
}

impl Uses {
    /// The uses in `func`.
    pub fn new(func: &Function) -> Self {
        let mut uses: Table<Value, Vec<Use>> = func.values.keys().map(|_| Vec::new()).collect();
        for (block, inst) in func.each_inst() {
            for (operand, value) in func.insts[inst].op.args().into_iter().enumerate() {
                if let Some(list) = uses.get_mut(value) {
                    list.push(Use { block, inst, operand: operand as u32 });
                }
            }
        }
        Self { uses }
    }

    /// The uses of `value`.
    pub fn of(&self, value: Value) -> &[Use] {
        self.uses.get(value).map_or(&[], Vec::as_slice)
    }

    /// Whether nothing uses `value`.
    pub fn is_unused(&self, value: Value) -> bool {
        self.of(value).is_empty()
    }
}

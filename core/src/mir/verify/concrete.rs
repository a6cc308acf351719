//! What emission needs beyond the rules of all MIR: M040 to M042.
//!
//! Promises: looks at instructions one by one. Leaves out: the 512 bytes of stack, which the pass `stack` plans.

use super::Found;
use super::ops::is_address;
use crate::mir::{AtomicOp, BinaryOp, Function, Op, Value};
use crate::target::Cpu;

pub(super) fn check(func: &Function, cpu: Cpu, found: &mut Found) {
    for (_, inst) in func.each_inst() {
        let data = &func.insts[inst];
        let mut add = |rule, message: String| found.add(rule, Some(data.span), message);
        if data.op.is_abstract() {
            add("M040", "an abstract instruction is left".to_owned());
        }
        let mut touches = |ptr: Value| {
            let region = func.values.get(ptr).and_then(|v| v.ty.region());
            if let Some(region) = region.filter(|r| is_address(*r)) {
                add("M041", format!("{ptr} points to {} and is accessed directly", region.describe()));
            }
        };
        match &data.op {
            Op::Load { ptr, .. } | Op::Store { ptr, .. } | Op::MemSet { dst: ptr, .. } => touches(*ptr),
            Op::MemCopy { dst, src, .. } => {
                touches(*dst);
                touches(*src);
            }
            Op::Atomic { op, ptr, .. } => {
                touches(*ptr);
                if cpu < Cpu::V3 && (*op != AtomicOp::Add || data.result.is_some()) {
                    let message = format!("`atomic.{}` with a result or not as `add` needs v3", op.as_str());
                    add("M042", message);
                }
            }
            Op::Binary(op @ (BinaryOp::Sdiv | BinaryOp::Srem), _) if cpu < Cpu::V4 => {
                add("M042", format!("`{}` needs v4", op.as_str()));
            }
            _ => {}
        }
    }
}

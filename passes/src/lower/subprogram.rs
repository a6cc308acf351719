//! Calls of functions of the file.
//!
//! Promises: arguments are evaluated in the order in which they are written; records, arrays and text are handed over by
//! reference, and handed back in room of the caller's. Leaves out: whether it stays a call (`inline`).

use super::{Lowering, result_type};
use pbpf_core::hir::{Argument, Expr, FuncId, Linkage};
use pbpf_core::mir::{Op, Value};
use pbpf_core::types::{Type as T, TypeId};

impl Lowering<'_, '_> {
    /// Lowers a call; the value of one that gives a record, array or text is its address.
    pub(super) fn function_call(&mut self, id: FuncId, args: &[Argument], expr: &Expr) -> Option<Value> {
        let callee = &self.hir.functions[id];
        let params: Vec<TypeId> = callee.params.iter().map(|p| callee.locals[*p].ty).collect();
        let mut values: Vec<Option<Value>> = params.iter().map(|_| None).collect();
        // In the order of evaluation, which keywords may change.
        for Argument { param, value: arg } in args {
            let want = *params.get(*param)?;
            let value = match *self.type_of(want) {
                // By reference.
                T::Ptr { to, .. } if arg.ty == to => {
                    let address = self.address(arg);
                    self.materialize(address)
                }
                // Text of another length is copied, so that it has the room that the parameter has.
                T::Ptr { to, .. } if matches!(self.type_of(arg.ty), T::Str { .. }) => {
                    let name = callee.locals[callee.params[*param]].name.clone();
                    self.in_memory(arg, to, &name)
                }
                _ => self.converted(arg, want),
            };
            // A function that is verified on its own is not given null.
            let value = if callee.linkage == Linkage::Global && self.func.type_of(value).is_nullable() {
                self.op(Op::Refine(value))
            } else {
                value
            };
            values[*param] = Some(value);
        }
        let mut values = values.into_iter().collect::<Option<Vec<Value>>>()?;
        self.span = expr.span;
        let result = result_type(&self.module.types, callee);
        let room = result.map(|ty| {
            let dst = self.slot(&callee.name, ty);
            // Where an automatic check ends the function, the result is zero.
            let len = self.module.types.size_of(ty);
            self.effect(Op::MemSet { dst, byte: 0, len });
            values.insert(0, dst);
            dst
        });
        let op = Op::Call { callee: id, args: values };
        match self.module.functions[id].ret {
            Some(ty) => Some(self.value(op, ty)),
            None => {
                self.effect(op);
                room
            }
        }
    }
}

//! Calls of helpers, kernel functions and functions of the module.
//!
//! Promises: a helper's number stays a constant in the call. Leaves out: checking what is passed.

use crate::body::Body;
use crate::errors::Fault;
use crate::functions::extern_name;
use inkwell::AddressSpace;
use inkwell::types::{BasicMetadataTypeEnum, BasicType};
use inkwell::values::{BasicMetadataValueEnum, BasicValueEnum, CallSiteValue};
use pbpf_core::mir::{Inst, Op};

impl<'ctx> Body<'ctx, '_> {
    /// A call.
    pub(crate) fn call(&mut self, inst: Inst, op: &Op) -> Result<(), Fault> {
        let unit = self.unit;
        let call = match op {
            Op::CallHelper { id, args, .. } => self.call_helper(inst, *id, args)?,
            Op::CallKfunc { callee, args } => {
                let data = unit.mir.externs.get(*callee);
                let data = data.ok_or_else(|| Fault::mir(format!("there is no {callee}")))?;
                self.call_named(&extern_name(&data.name), args)?
            }
            Op::Call { callee, args } => {
                let data = unit.mir.functions.get(*callee);
                let data = data.ok_or_else(|| Fault::mir(format!("there is no {callee}")))?;
                self.call_named(&data.name, args)?
            }
            other => return Err(Fault::mir(format!("{other:?} is no call"))),
        };
        if self.func.insts[inst].result.is_some() {
            let value = call.try_as_basic_value().basic();
            let value = value.ok_or_else(|| Fault::mir("a function without a result is used as a value"))?;
            self.define(inst, value)?;
        }
        Ok(())
    }

    fn call_named(&self, name: &str, args: &[pbpf_core::mir::Value]) -> Result<CallSiteValue<'ctx>, Fault> {
        let func = self.unit.llvm.get_function(name);
        let func = func.ok_or_else(|| Fault::mir(format!("`{name}` is not declared")))?;
        Ok(self.builder.build_call(func, &self.arguments(args)?, "")?)
    }

    /// A helper is called by its number as an address.
    fn call_helper(
        &self,
        inst: Inst,
        id: u32,
        args: &[pbpf_core::mir::Value],
    ) -> Result<CallSiteValue<'ctx>, Fault> {
        let mut values: Vec<BasicMetadataValueEnum<'ctx>> = Vec::with_capacity(args.len());
        let mut types: Vec<BasicMetadataTypeEnum<'ctx>> = Vec::with_capacity(args.len());
        for arg in args {
            let mut value = self.value(*arg)?;
            // The kernel reads whole registers.
            if let BasicValueEnum::IntValue(int) = value
                && int.get_type().get_bit_width() < 32
            {
                value = self.builder.build_int_z_extend(int, self.int_type(64), "")?.into();
            }
            values.push(value.into());
            types.push(value.get_type().into());
        }
        let ty = match self.func.insts[inst].result {
            Some(result) => self.ty(self.func.type_of(result)).fn_type(&types, false),
            None => self.unit.context.void_type().fn_type(&types, false),
        };
        let address = self.int_type(64).const_int(u64::from(id), false);
        let callee = address.const_to_pointer(self.unit.context.ptr_type(AddressSpace::default()));
        Ok(self.builder.build_indirect_call(ty, callee, &values, "")?)
    }
}

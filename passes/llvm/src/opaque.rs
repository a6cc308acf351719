//! A number that LLVM does not look through.
//!
//! Promises: costs no instruction but perhaps a move. Leaves out: pointers.

use crate::errors::Fault;
use inkwell::builder::Builder;
use inkwell::values::{BasicValueEnum, IntValue};

/// The same number behind an empty piece of assembly.
pub(crate) fn opaque<'c>(builder: &Builder<'c>, number: IntValue<'c>) -> Result<IntValue<'c>, Fault> {
    let ty = number.get_type();
    let asm_type = ty.fn_type(&[ty.into()], false);
    let (nothing, same) = (String::new(), "=r,0".to_owned());
    let asm = ty.get_context().create_inline_asm(asm_type, nothing, same, true, false, None, false);
    let call = builder.build_indirect_call(asm_type, asm, &[number.into()], "")?;
    let output = call.try_as_basic_value().basic().map(BasicValueEnum::into_int_value);
    output.ok_or_else(|| Fault::mir("assembly gives no value"))
}

//! Instructions: one arm each.
//!
//! Promises: an operation that MIR defines for all operands is never left to what LLVM calls undefined.
//! Leaves out: memory and calls, which have files of their own; terminators, which are of `body`.

use crate::body::{Body, constant};
use crate::errors::Fault;
use crate::opaque::opaque;
use inkwell::IntPredicate;
use inkwell::intrinsics::Intrinsic;
use inkwell::values::{BasicMetadataValueEnum, BasicValueEnum, FunctionValue, IntValue};
use pbpf_core::mir::{BinaryOp, CastKind, Cond, FieldQuery, Inst, Op, Query, Type, UnaryOp};
use pbpf_core::types::Region;

impl<'ctx> Body<'ctx, '_> {
    /// Emits one instruction.
    pub(crate) fn inst(&mut self, inst: Inst) -> Result<(), Fault> {
        let func = self.func;
        let op = &func.insts[inst].op;
        match op {
            Op::Iconst(value) => {
                let ty = self.int_type(func.type_of(self.result(inst)?).bits());
                self.define(inst, constant(ty, *value))
            }
            Op::Null => {
                let region = func.type_of(self.result(inst)?).region().unwrap_or(Region::KernelUntrusted);
                let null = self.pointer_type(region).const_null();
                self.define(inst, null)
            }
            Op::Binary(op, [a, b]) => {
                // Of an opaque divisor LLVM cannot take it that it is not zero, and the BPF instruction then gives what MIR wants.
                let opaque = self.func.def(*b).is_some_and(|d| matches!(d.op, Op::Unary(UnaryOp::Opaque, _)));
                let (x, y) = (self.int(*a)?, self.int(*b)?);
                // libbpf gives shifts of less than 64.
                let bits = self.func.def(*b).is_some_and(|d| {
                    matches!(
                        &d.op,
                        Op::Query(Query::Field(FieldQuery::LeftShift | FieldQuery::RightShift, ..))
                    )
                });
                let value = match op {
                    BinaryOp::Shl if bits => self.builder.build_left_shift(x, y, "")?,
                    BinaryOp::Lshr if bits => self.builder.build_right_shift(x, y, false, "")?,
                    BinaryOp::Ashr if bits => self.builder.build_right_shift(x, y, true, "")?,
                    BinaryOp::Udiv if opaque => self.builder.build_int_unsigned_div(x, y, "")?,
                    BinaryOp::Urem if opaque => self.builder.build_int_unsigned_rem(x, y, "")?,
                    op => self.binary(*op, x, y)?,
                };
                self.define(inst, value)
            }
            Op::Unary(UnaryOp::Opaque, a) if !self.func.type_of(*a).is_int() => {
                let pointer = self.pointer(*a)?;
                let ty = pointer.get_type();
                let asm_type = ty.fn_type(&[ty.into()], false);
                let (nothing, same) = (String::new(), "=r,0".to_owned());
                let asm =
                    self.unit.context.create_inline_asm(asm_type, nothing, same, true, false, None, false);
                let call = self.builder.build_indirect_call(asm_type, asm, &[pointer.into()], "")?;
                let output = call.try_as_basic_value().basic();
                self.define(inst, output.ok_or_else(|| Fault::mir("assembly gives no value"))?)
            }
            Op::Unary(op, a) => {
                let value = self.unary(*op, self.int(*a)?)?;
                self.define(inst, value)
            }
            Op::Icmp(cond, [a, b]) => {
                let cond = predicate(*cond);
                let value = match (self.value(*a)?, self.value(*b)?) {
                    (BasicValueEnum::PointerValue(a), BasicValueEnum::PointerValue(b)) => {
                        self.builder.build_int_compare(cond, a, b, "")?
                    }
                    _ => self.builder.build_int_compare(cond, self.int(*a)?, self.int(*b)?, "")?,
                };
                self.define(inst, value)
            }
            Op::Cast(kind, a) => {
                let ty = self.int_type(func.type_of(self.result(inst)?).bits());
                let a = self.int(*a)?;
                let value = match kind {
                    CastKind::Zext => self.builder.build_int_z_extend(a, ty, "")?,
                    CastKind::Sext => self.builder.build_int_s_extend(a, ty, "")?,
                    CastKind::Trunc => self.builder.build_int_truncate(a, ty, "")?,
                };
                self.define(inst, value)
            }
            Op::Select(cond, [a, b]) => {
                let value =
                    self.builder.build_select(self.int(*cond)?, self.value(*a)?, self.value(*b)?, "")?;
                self.define(inst, value)
            }
            Op::Refine(value) => {
                let result = self.result(inst)?;
                self.aligned[result] = self.aligned[*value];
                self.define(inst, self.value(*value)?)
            }
            Op::SlotAddr(_)
            | Op::GlobalAddr(_)
            | Op::MapAddr(_)
            | Op::FuncAddr(_)
            | Op::ExternAddr(_)
            | Op::Query(_)
            | Op::PtrAdd(..)
            | Op::PtrSub(_)
            | Op::FieldAddr { .. }
            | Op::PtrToInt(_)
            | Op::IntToPtr(_) => self.address(inst, op),
            Op::Load { .. }
            | Op::Store { .. }
            | Op::MemCopy { .. }
            | Op::MemSet { .. }
            | Op::Atomic { .. }
            | Op::SlotLive(_)
            | Op::SlotDead(_) => self.memory(inst, op),
            Op::CallHelper { .. } | Op::CallKfunc { .. } | Op::Call { .. } => self.call(inst, op),
            Op::Jump(_) | Op::Branch { .. } | Op::Switch { .. } | Op::Return(_) => self.terminator(op),
            Op::CtxLoad { .. }
            | Op::CtxStore { .. }
            | Op::CtxArg { .. }
            | Op::CtxReturn { .. }
            | Op::LoadBits { .. }
            | Op::MapLookup { .. }
            | Op::MapUpdate { .. }
            | Op::MapDelete { .. }
            | Op::MapEntry { .. }
            | Op::MapEntryKey { .. }
            | Op::TextCopy { .. }
            | Op::Print { .. } => Err(Fault::mir("an abstract instruction is left")),
        }
    }

    fn binary(&self, op: BinaryOp, a: IntValue<'ctx>, b: IntValue<'ctx>) -> Result<IntValue<'ctx>, Fault> {
        let builder = &self.builder;
        let is_bool = a.get_type().get_bit_width() == 1;
        Ok(match op {
            BinaryOp::Add => builder.build_int_add(a, b, "")?,
            BinaryOp::Sub => builder.build_int_sub(a, b, "")?,
            BinaryOp::Mul => builder.build_int_mul(a, b, "")?,
            BinaryOp::Udiv | BinaryOp::Urem | BinaryOp::Sdiv | BinaryOp::Srem => self.divide(op, a, b)?,
            // Two range checks in one `and i1` become a check of `i | j`, and the verifier loses both bounds:
            // "R3 unbounded memory access, make sure to bounds check any such access".
            BinaryOp::And if is_bool => self.choose(a, b, constant(a.get_type(), 0))?,
            BinaryOp::Or if is_bool => self.choose(a, constant(a.get_type(), 1), b)?,
            BinaryOp::And => builder.build_and(a, b, "")?,
            BinaryOp::Or => builder.build_or(a, b, "")?,
            BinaryOp::Xor => builder.build_xor(a, b, "")?,
            BinaryOp::Shl => builder.build_left_shift(a, self.amount(b)?, "")?,
            BinaryOp::Lshr => builder.build_right_shift(a, self.amount(b)?, false, "")?,
            BinaryOp::Ashr => builder.build_right_shift(a, self.amount(b)?, true, "")?,
            BinaryOp::Floordiv | BinaryOp::Floormod => {
                return Err(Fault::mir("an abstract instruction is left"));
            }
        })
    }

    /// A shift amount, modulo the width: LLVM leaves larger ones undefined.
    fn amount(&self, b: IntValue<'ctx>) -> Result<IntValue<'ctx>, Fault> {
        let ty = b.get_type();
        let mask = constant(ty, i64::from(ty.get_bit_width()) - 1);
        Ok(self.builder.build_and(b, mask, "")?)
    }

    fn choose(
        &self,
        cond: IntValue<'ctx>,
        a: IntValue<'ctx>,
        b: IntValue<'ctx>,
    ) -> Result<IntValue<'ctx>, Fault> {
        Ok(self.builder.build_select(cond, a, b, "")?.into_int_value())
    }

    /// Division, with BPF's results where LLVM has none: for a divisor of 0, and of -1 where the quotient overflows.
    fn divide(&self, op: BinaryOp, a: IntValue<'ctx>, b: IntValue<'ctx>) -> Result<IntValue<'ctx>, Fault> {
        let builder = &self.builder;
        let plain = |b| -> Result<IntValue<'ctx>, Fault> {
            Ok(match op {
                BinaryOp::Udiv => builder.build_int_unsigned_div(a, b, "")?,
                BinaryOp::Urem => builder.build_int_unsigned_rem(a, b, "")?,
                BinaryOp::Sdiv => builder.build_int_signed_div(a, b, "")?,
                _ => builder.build_int_signed_rem(a, b, "")?,
            })
        };
        let (zero, one) = (constant(a.get_type(), 0), constant(a.get_type(), 1));
        let is_signed = matches!(op, BinaryOp::Sdiv | BinaryOp::Srem);
        let is_quotient = matches!(op, BinaryOp::Udiv | BinaryOp::Sdiv);
        if b.get_sign_extended_constant().is_some_and(|c| c != 0 && !(is_signed && c == -1)) {
            return plain(b);
        }
        let by_zero = builder.build_int_compare(IntPredicate::EQ, b, zero, "")?;
        let mut safe = self.choose(by_zero, one, b)?;
        let mut by_minus_one = None;
        if is_signed {
            let test = builder.build_int_compare(IntPredicate::EQ, b, constant(b.get_type(), -1), "")?;
            safe = self.choose(test, one, safe)?;
            by_minus_one = Some(test);
        }
        let mut result = plain(safe)?;
        if let Some(test) = by_minus_one {
            let other = if is_quotient { builder.build_int_neg(a, "")? } else { zero };
            result = self.choose(test, other, result)?;
        }
        self.choose(by_zero, if is_quotient { zero } else { a }, result)
    }

    fn unary(&self, op: UnaryOp, a: IntValue<'ctx>) -> Result<IntValue<'ctx>, Fault> {
        Ok(match op {
            UnaryOp::Neg => self.builder.build_int_neg(a, "")?,
            UnaryOp::Not => self.builder.build_not(a, "")?,
            UnaryOp::Bswap => {
                let swap = self.intrinsic("llvm.bswap", &[a.get_type().into()])?;
                self.call_value(swap, &[a.into()])?.into_int_value()
            }
            UnaryOp::Opaque => opaque(&self.builder, a)?,
        })
    }

    /// An intrinsic function.
    pub(crate) fn intrinsic(
        &self,
        name: &str,
        types: &[inkwell::types::BasicTypeEnum<'ctx>],
    ) -> Result<FunctionValue<'ctx>, Fault> {
        Intrinsic::find(name)
            .and_then(|i| i.get_declaration(self.unit.llvm, types))
            .ok_or_else(|| Fault::mir(format!("LLVM has no `{name}`")))
    }

    /// Calls a function that gives a value.
    pub(crate) fn call_value(
        &self,
        func: FunctionValue<'ctx>,
        args: &[BasicMetadataValueEnum<'ctx>],
    ) -> Result<BasicValueEnum<'ctx>, Fault> {
        let call = self.builder.build_call(func, args, "")?;
        call.try_as_basic_value().basic().ok_or_else(|| Fault::mir("a call gives no value"))
    }

    /// A value for each argument.
    pub(crate) fn arguments(
        &self,
        args: &[pbpf_core::mir::Value],
    ) -> Result<Vec<BasicMetadataValueEnum<'ctx>>, Fault> {
        args.iter().map(|v| Ok(self.value(*v)?.into())).collect()
    }

    /// The machine type of an instruction's result.
    pub(crate) fn result_type(&self, inst: Inst) -> Result<Type, Fault> {
        Ok(self.func.type_of(self.result(inst)?))
    }
}

fn predicate(cond: Cond) -> IntPredicate {
    match cond {
        Cond::Eq => IntPredicate::EQ,
        Cond::Ne => IntPredicate::NE,
        Cond::Slt => IntPredicate::SLT,
        Cond::Sle => IntPredicate::SLE,
        Cond::Sgt => IntPredicate::SGT,
        Cond::Sge => IntPredicate::SGE,
        Cond::Ult => IntPredicate::ULT,
        Cond::Ule => IntPredicate::ULE,
        Cond::Ugt => IntPredicate::UGT,
        Cond::Uge => IntPredicate::UGE,
    }
}

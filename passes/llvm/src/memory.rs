//! Addresses and memory.
//!
//! Promises: loads and stores have the alignment of their type, and on the stack, which the verifier holds to alignment
//! everywhere ("misaligned stack access"), at most that of the address. Context fields are read at constant offsets
//! of the unchanged context pointer ("dereference of modified ctx ptr").
//! Leaves out: bounds; what MIR says is done.

use crate::body::{Body, constant};
use crate::errors::Fault;
use crate::opaque::opaque;
use inkwell::AtomicOrdering;
use inkwell::AtomicRMWBinOp;
use inkwell::IntPredicate;
use inkwell::values::{BasicValue, BasicValueEnum, IntValue, PointerValue};
use pbpf_core::mir::{
    AtomicOp, BinaryOp, FieldQuery, FieldStep, Inst, Op, Query, Region, Type, Value, follow,
};
use pbpf_core::types::{Origin, RecordId};

impl<'ctx> Body<'ctx, '_> {
    /// Instructions that make or take apart addresses, and what they are made of.
    pub(crate) fn address(&mut self, inst: Inst, op: &Op) -> Result<(), Fault> {
        let unit = self.unit;
        let result = self.result(inst)?;
        match op {
            Op::SlotAddr(slot) => {
                let pointer = self.slot(*slot)?;
                self.aligned[result] = Some(self.func.slots[*slot].align.max(1));
                self.define(inst, pointer)
            }
            Op::GlobalAddr(global) => {
                let data = unit.mir.globals.get(*global);
                let data = data.ok_or_else(|| Fault::mir(format!("there is no {global}")))?;
                self.aligned[result] = Some(unit.mir.types.align_of(data.ty).next_power_of_two());
                let pointer = self.variable(&data.name)?;
                self.define(inst, pointer)
            }
            Op::MapAddr(map) => {
                let data = unit.mir.maps.get(*map);
                let data = data.ok_or_else(|| Fault::mir(format!("there is no {map}")))?;
                let pointer = self.variable(&data.name)?;
                self.define(inst, pointer)
            }
            Op::FuncAddr(func) => {
                let data = unit.mir.functions.get(*func);
                let data = data.ok_or_else(|| Fault::mir(format!("there is no {func}")))?;
                let func = unit.llvm.get_function(&data.name);
                let func = func.ok_or_else(|| Fault::mir(format!("`{}` is not declared", data.name)))?;
                self.define(inst, func.as_global_value().as_pointer_value())
            }
            Op::PtrAdd(base, by) => {
                let power = self.power_of(*by);
                self.aligned[result] = self.aligned[*base].map(|align| align.min(power));
                let pointer = self.context_or(*base)?;
                let constant = self.func.constant(*by).is_some();
                let mut by = self.int(*by)?;
                if !constant && self.func.type_of(*base).region() == Some(Region::Stack) && power < 8 {
                    // The machine's code generator knows how a slot is aligned, at most to 8, and adds what is smaller by `or`: "R2 bitwise
                    // operator |= on pointer prohibited".
                    by = opaque(&self.builder, by)?;
                }
                let pointer = self.offset(pointer, by)?;
                self.define(inst, pointer)
            }
            Op::PtrSub([a, b]) => {
                let ty = self.int_type(64);
                let a = self.builder.build_ptr_to_int(self.pointer(*a)?, ty, "")?;
                let b = self.builder.build_ptr_to_int(self.pointer(*b)?, ty, "")?;
                let bytes = self.builder.build_int_sub(a, b, "")?;
                self.define(inst, bytes)
            }
            Op::ExternAddr(id) => {
                let data = unit.mir.externs.get(*id);
                let data = data.ok_or_else(|| Fault::mir(format!("there is no {id}")))?;
                let pointer = self.variable(&data.name)?;
                self.define(inst, pointer)
            }
            Op::Query(query) => {
                let answer = self.answer(query)?;
                self.define(inst, answer)
            }
            Op::FieldAddr { base, record, path } => {
                let pointer = self.field(result, *base, *record, path)?;
                self.define(inst, pointer)
            }
            Op::PtrToInt(value) => {
                let pointer = self.pointer(*value)?;
                let number = self.builder.build_ptr_to_int(pointer, self.int_type(64), "")?;
                self.define(inst, number)
            }
            Op::IntToPtr(value) => {
                let ty =
                    self.pointer_type(self.result_type(inst)?.region().unwrap_or(Region::KernelUntrusted));
                let pointer = self.builder.build_int_to_ptr(self.int(*value)?, ty, "")?;
                self.define(inst, pointer)
            }
            other => Err(Fault::mir(format!("{other:?} is no address"))),
        }
    }

    /// Instructions that read or write memory.
    pub(crate) fn memory(&mut self, inst: Inst, op: &Op) -> Result<(), Fault> {
        match op {
            Op::Load { ptr, offset } => {
                let ty = self.result_type(inst)?;
                let (pointer, align) = self.place_of(*ptr, *offset, ty)?;
                // A truth value is a byte in memory.
                let in_memory = if ty == Type::I1 { Type::I8 } else { ty };
                let loaded = self.builder.build_load(self.ty(in_memory), pointer, "")?;
                if let Some(load) = loaded.as_instruction_value() {
                    load.set_alignment(align).map_err(|e| Fault::mir(e.to_string()))?;
                }
                if let (Type::I1, BasicValueEnum::IntValue(byte)) = (ty, loaded) {
                    let zero = constant(byte.get_type(), 0);
                    let truth = self.builder.build_int_compare(IntPredicate::NE, byte, zero, "")?;
                    return self.define(inst, truth);
                }
                self.define(inst, loaded)
            }
            Op::Store { ptr, offset, value } => {
                let ty = self.func.type_of(*value);
                let (pointer, align) = self.place_of(*ptr, *offset, ty)?;
                let mut value = self.value(*value)?;
                if ty == Type::I1 {
                    let truth = value.into_int_value();
                    value = self.builder.build_int_z_extend(truth, self.int_type(8), "")?.into();
                }
                let store = self.builder.build_store(pointer, value)?;
                store.set_alignment(align).map_err(|e| Fault::mir(e.to_string()))
            }
            Op::MemCopy { dst, src, len } => {
                let len = constant(self.int_type(64), i64::from(*len));
                let (to, from) = (self.pointer(*dst)?, self.pointer(*src)?);
                self.builder.build_memcpy(to, self.memory_align(*dst), from, self.memory_align(*src), len)?;
                Ok(())
            }
            Op::MemSet { dst, byte, len } => {
                let len = constant(self.int_type(64), i64::from(*len));
                let byte = constant(self.int_type(8), i64::from(*byte));
                self.builder.build_memset(self.pointer(*dst)?, self.memory_align(*dst), byte, len)?;
                Ok(())
            }
            Op::Atomic { op, ptr, offset, value } => {
                let ty = self.func.type_of(*value);
                let (pointer, _) = self.place_of(*ptr, *offset, ty)?;
                let op = match op {
                    AtomicOp::Add => AtomicRMWBinOp::Add,
                    AtomicOp::And => AtomicRMWBinOp::And,
                    AtomicOp::Or => AtomicRMWBinOp::Or,
                    AtomicOp::Xor => AtomicRMWBinOp::Xor,
                    AtomicOp::Xchg => AtomicRMWBinOp::Xchg,
                };
                let order = AtomicOrdering::SequentiallyConsistent;
                let old = self.builder.build_atomicrmw(op, pointer, self.int(*value)?, order)?;
                // Not volatile, an addition of 0 becomes an `or` of 0: "Cannot select: AtomicLoadOr" before v3.
                if let Some(written) = old.as_instruction_value() {
                    written.set_volatile(true).map_err(|e| Fault::mir(e.to_string()))?;
                }
                if self.func.insts[inst].result.is_some() {
                    self.define(inst, old)?;
                }
                Ok(())
            }
            Op::SlotLive(slot) => self.lifetime("llvm.lifetime.start", *slot),
            Op::SlotDead(slot) => self.lifetime("llvm.lifetime.end", *slot),
            other => Err(Fault::mir(format!("{other:?} does not touch memory"))),
        }
    }

    fn lifetime(&self, name: &str, slot: pbpf_core::mir::Slot) -> Result<(), Fault> {
        let pointer = self.slot(slot)?;
        let size = constant(self.int_type(64), i64::from(self.func.slots[slot].size));
        let marker = self.intrinsic(name, &[pointer.get_type().into()])?;
        self.builder.build_call(marker, &[size.into(), pointer.into()], "")?;
        Ok(())
    }

    fn variable(&self, name: &str) -> Result<PointerValue<'ctx>, Fault> {
        let found = self.unit.llvm.get_global(name);
        found
            .map(inkwell::values::GlobalValue::as_pointer_value)
            .ok_or_else(|| Fault::mir(format!("`{name}` is not declared")))
    }

    /// The address of a field. In a kernel record its offset is one that the loader patches; the pass-through keeps LLVM from
    /// taking the sum apart again.
    fn field(
        &mut self,
        result: Value,
        base: Value,
        record: RecordId,
        path: &[FieldStep],
    ) -> Result<PointerValue<'ctx>, Fault> {
        let data = self.unit.mir.types.records.get(record);
        let data = data.ok_or_else(|| Fault::mir(format!("there is no {record}")))?;
        if data.origin != Origin::Kernel {
            let offset = follow(&self.unit.mir.types, record, path).map_err(Fault::mir)?.offset();
            let by = offset as i64;
            self.aligned[result] = Some(self.aligned[base].unwrap_or(data.align.max(1)).min(power_in(by)));
            let pointer = self.context_or(base)?;
            return self.offset(pointer, constant(self.int_type(64), by));
        }
        let offset = self.answer(&Query::Field(FieldQuery::Offset, record, path.to_vec()))?;
        let pointer = self.offset(self.pointer(base)?, offset)?;
        let number = self.unit.sequence.get();
        self.unit.sequence.set(number + 1);
        let ty = pointer.get_type().into();
        let pass = self.intrinsic("llvm.bpf.passthrough", &[ty, ty])?;
        let number = self.int_type(32).const_int(number, false);
        let passed = self.call_value(pass, &[number.into(), pointer.into()])?;
        Ok(passed.into_pointer_value())
    }

    /// What the kernel answers, 64 bits.
    fn answer(&self, query: &Query) -> Result<IntValue<'ctx>, Fault> {
        let relocations = self.unit.relocations;
        let ty = self.int_type(crate::relocs::bits(query));
        let loaded = self.builder.build_load(ty, self.variable(relocations.name(query)?)?, "")?;
        if relocations.guarded
            && let Some(load) = loaded.as_instruction_value()
        {
            load.set_volatile(true).map_err(|e| Fault::mir(e.to_string()))?;
        }
        let answer = loaded.into_int_value();
        if ty.get_bit_width() == 64 {
            return Ok(answer);
        }
        Ok(self.builder.build_int_z_extend(answer, self.int_type(64), "")?)
    }

    /// The pointer; a context as it came in is marked, so that LLVM keeps the offsets of its fields in the loads.
    fn context_or(&self, value: Value) -> Result<PointerValue<'ctx>, Fault> {
        let pointer = self.pointer(value)?;
        let derived = self.func.def(value).map(|inst| &inst.op);
        if self.func.type_of(value).region() != Some(Region::Ctx)
            || matches!(derived, Some(Op::PtrAdd(..) | Op::FieldAddr { .. }))
        {
            return Ok(pointer);
        }
        let mark = self.intrinsic("llvm.preserve.static.offset", &[])?;
        Ok(self.call_value(mark, &[pointer.into()])?.into_pointer_value())
    }

    /// Where a value of type `ty` at pointer plus offset is, and its alignment.
    fn place_of(&self, ptr: Value, offset: i32, ty: Type) -> Result<(PointerValue<'ctx>, u32), Fault> {
        let mut pointer = self.context_or(ptr)?;
        if offset != 0 {
            pointer = self.offset(pointer, constant(self.int_type(64), i64::from(offset)))?;
        }
        let mut align = ty.bytes();
        if self.func.type_of(ptr).region() == Some(Region::Stack)
            && let Some(known) = self.aligned[ptr]
        {
            align = align.min(known).min(power_in(i64::from(offset)));
        }
        Ok((pointer, align))
    }

    /// The largest power of two, up to 8, that divides a number: of an index, the size of what it counts.
    fn power_of(&self, value: Value) -> u32 {
        if let Some(value) = self.func.constant(value) {
            return power_in(value);
        }
        match self.func.def(value).map(|inst| &inst.op) {
            Some(Op::Binary(BinaryOp::Shl, [_, by])) => {
                self.func.constant(*by).map_or(1, |by| 1 << (by & 63).min(3))
            }
            Some(Op::Binary(BinaryOp::Mul, [a, b])) => {
                self.func.constant(*b).or(self.func.constant(*a)).map_or(1, power_in)
            }
            _ => 1,
        }
    }

    /// The alignment of memory that is copied or filled. On machines that read unaligned words, as all that have registers in our rows do, the
    /// verifier holds only the stack to alignment; with less LLVM copies byte by byte.
    fn memory_align(&self, ptr: Value) -> u32 {
        match self.func.type_of(ptr).region() {
            Some(Region::Packet | Region::PacketMeta | Region::MapValue | Region::Mem) => 8,
            _ => self.aligned[ptr].unwrap_or(1),
        }
    }

    #[allow(unsafe_code, reason = "inkwell marks every gep unsafe")]
    fn offset(&self, base: PointerValue<'ctx>, by: IntValue<'ctx>) -> Result<PointerValue<'ctx>, Fault> {
        // SAFETY: not `inbounds`: any offset is defined.
        Ok(unsafe { self.builder.build_gep(self.int_type(8), base, &[by], "") }?)
    }
}

/// The largest power of two in `value`, up to 8.
fn power_in(value: i64) -> u32 {
    1 << value.trailing_zeros().min(3)
}

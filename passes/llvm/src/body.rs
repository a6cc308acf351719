//! The body of a function: blocks, block parameters as phis, terminators, places in the source.
//!
//! Promises: blocks appear in MIR's order, are filled in an order in which definitions come before uses, and those that
//! cannot be reached are left out; stack slots are in a block of their own in front (an alloca elsewhere is an
//! "unsupported dynamic stack allocation").
//! Leaves out: instructions that are no terminators.

use crate::errors::Fault;
use crate::relocs::Relocations;
use inkwell::AddressSpace;
use inkwell::basic_block::BasicBlock;
use inkwell::builder::Builder;
use inkwell::context::Context;
use inkwell::debug_info::{AsDIScope, DIScope};
use inkwell::module::Module;
use inkwell::types::{BasicTypeEnum, IntType, PointerType};
use inkwell::values::{BasicValueEnum, FunctionValue, IntValue, PhiValue, PointerValue};
use pbpf_core::entity::{Entity, Table};
use pbpf_core::mir::{self, Block, BlockCall, Function, Inst, Op, Slot, Type, Value};
use pbpf_core::source::{SourceMap, Span};
use pbpf_core::types::Region;
use std::cell::Cell;

/// What all bodies of a module share.
pub(crate) struct Unit<'ctx, 'a> {
    pub(crate) context: &'ctx Context,
    pub(crate) llvm: &'a Module<'ctx>,
    pub(crate) mir: &'a mir::Module,
    pub(crate) sources: &'a SourceMap,
    pub(crate) relocations: &'a Relocations,
    /// The next number for `llvm.bpf.passthrough`, which keeps equal calls apart.
    pub(crate) sequence: Cell<u64>,
}

/// The body under construction.
pub(crate) struct Body<'ctx, 'a> {
    pub(crate) unit: &'a Unit<'ctx, 'a>,
    pub(crate) func: &'a Function,
    pub(crate) builder: Builder<'ctx>,
    values: Table<Value, Option<BasicValueEnum<'ctx>>>,
    slots: Table<Slot, PointerValue<'ctx>>,
    blocks: Table<Block, Option<BasicBlock<'ctx>>>,
    phis: Table<Block, Vec<PhiValue<'ctx>>>,
    /// The alignment of the addresses of which it is known.
    pub(crate) aligned: Table<Value, Option<u32>>,
    llvm_func: FunctionValue<'ctx>,
    scope: DIScope<'ctx>,
    place: Option<Span>,
}

/// Fills in the body of `func`.
pub(crate) fn emit(unit: &Unit<'_, '_>, func: &Function) -> Result<(), Fault> {
    let missing = || Fault::mir(format!("`{}` is not declared", func.name)).at(func.span);
    let llvm_func = unit.llvm.get_function(&func.name).ok_or_else(missing)?;
    let scope = llvm_func.get_subprogram().ok_or_else(missing)?.as_debug_info_scope();
    if let Some(declared) = llvm_func.get_first_basic_block() {
        // The `unreachable` that the declaration ends in.
        declared.remove_from_function().map_err(|()| missing())?;
    }
    let mut body = Body {
        unit,
        func,
        builder: unit.context.create_builder(),
        values: func.values.keys().map(|_| None).collect(),
        slots: Table::new(),
        blocks: func.blocks.keys().map(|_| None).collect(),
        phis: func.blocks.keys().map(|_| Vec::new()).collect(),
        aligned: func.values.keys().map(|_| None).collect(),
        llvm_func,
        scope,
        place: None,
    };
    body.fill().map_err(|fault| fault.at(body.place.unwrap_or(func.span)))
}

impl<'ctx> Body<'ctx, '_> {
    fn fill(&mut self) -> Result<(), Fault> {
        let func = self.func;
        let entry = func.entry().ok_or_else(|| Fault::mir(format!("`{}` has no blocks", func.name)))?;
        let order = reverse_postorder(func, entry);
        let slots = self.unit.context.append_basic_block(self.llvm_func, "slots");
        for &block in func.layout.iter().filter(|b| order.contains(b)) {
            let name = block.to_string();
            self.blocks[block] = Some(self.unit.context.append_basic_block(self.llvm_func, &name));
        }
        self.builder.position_at_end(slots);
        self.locate(func.span);
        self.declare_slots()?;
        self.builder.build_unconditional_branch(self.block(entry)?)?;
        for (value, param) in func.blocks[entry].params.iter().zip(self.llvm_func.get_params()) {
            self.values[*value] = Some(param);
        }
        for &block in order.iter().filter(|b| **b != entry) {
            self.make_phis(block)?;
        }
        for &block in &order {
            self.builder.position_at_end(self.block(block)?);
            for &inst in &func.blocks[block].insts {
                self.locate(func.insts[inst].span);
                self.inst(inst)?;
            }
        }
        Ok(())
    }

    fn declare_slots(&mut self) -> Result<(), Fault> {
        for slot in self.func.slots.values() {
            let ty = self.unit.context.i8_type().array_type(slot.size);
            let alloca = self.builder.build_alloca(ty, &slot.name)?;
            let inst = alloca.as_instruction().ok_or_else(|| Fault::mir("a slot is no instruction"))?;
            inst.set_alignment(slot.align.max(1)).map_err(|e| Fault::mir(e.to_string()))?;
            self.slots.push(alloca);
        }
        Ok(())
    }

    fn make_phis(&mut self, block: Block) -> Result<(), Fault> {
        self.builder.position_at_end(self.block(block)?);
        for &param in &self.func.blocks[block].params {
            let phi = self.builder.build_phi(self.ty(self.func.type_of(param)), "")?;
            self.values[param] = Some(phi.as_basic_value());
            self.phis[block].push(phi);
        }
        Ok(())
    }

    fn block(&self, block: Block) -> Result<BasicBlock<'ctx>, Fault> {
        let found = self.blocks.get(block).copied().flatten();
        found.ok_or_else(|| Fault::mir(format!("{block} is not in the layout")))
    }

    /// The slot's address.
    pub(crate) fn slot(&self, slot: Slot) -> Result<PointerValue<'ctx>, Fault> {
        self.slots.get(slot).copied().ok_or_else(|| Fault::mir(format!("there is no {slot}")))
    }

    /// A terminator.
    pub(crate) fn terminator(&mut self, op: &Op) -> Result<(), Fault> {
        let from = self.builder.get_insert_block().ok_or_else(|| Fault::mir("no block is open"))?;
        match op {
            Op::Jump(call) => {
                let to = self.edge(from, call, &[])?;
                self.builder.build_unconditional_branch(to)?;
            }
            Op::Branch { cond, then, otherwise } => {
                let cond = self.int(*cond)?;
                let yes = self.edge(from, then, &[])?;
                let no = self.edge(from, otherwise, &[then.block])?;
                self.builder.build_conditional_branch(cond, yes, no)?;
            }
            Op::Switch { value, cases, default } => {
                let value = self.int(*value)?;
                let mut seen = vec![default.block];
                let otherwise = self.edge(from, default, &[])?;
                let mut arms = Vec::with_capacity(cases.len());
                for (number, call) in cases {
                    let to = self.edge(from, call, &seen)?;
                    seen.push(call.block);
                    arms.push((constant(value.get_type(), *number), to));
                }
                self.builder.build_switch(value, otherwise, &arms)?;
            }
            Op::Return(None) => {
                self.builder.build_return(None)?;
            }
            Op::Return(Some(value)) => {
                let value = self.value(*value)?;
                self.builder.build_return(Some(&value))?;
            }
            other => return Err(Fault::mir(format!("{other:?} is no terminator"))),
        }
        Ok(())
    }

    /// Where to go for `call`, with its values handed over. A second way from one block to another with parameters gets a
    /// block of its own, for a phi has one value for each block before it.
    fn edge(
        &mut self,
        from: BasicBlock<'ctx>,
        call: &BlockCall,
        seen: &[Block],
    ) -> Result<BasicBlock<'ctx>, Fault> {
        let to = self.block(call.block)?;
        let values = call.args.iter().map(|v| self.value(*v)).collect::<Result<Vec<_>, _>>()?;
        if values.len() != self.func.blocks[call.block].params.len() {
            return Err(Fault::mir(format!("{} takes another number of values", call.block)));
        }
        let split = seen.contains(&call.block) && !values.is_empty();
        let (way, before) = if split {
            let between = self.unit.context.append_basic_block(self.llvm_func, "edge");
            self.builder.position_at_end(between);
            self.builder.build_unconditional_branch(to)?;
            self.builder.position_at_end(from);
            (between, between)
        } else {
            (to, from)
        };
        for (phi, value) in self.phis[call.block].iter().zip(&values) {
            phi.add_incoming(&[(value, before)]);
        }
        Ok(way)
    }

    /// The LLVM type of a machine type.
    pub(crate) fn ty(&self, ty: Type) -> BasicTypeEnum<'ctx> {
        match ty {
            Type::Ptr { region, .. } => self.pointer_type(region).into(),
            int => self.int_type(int.bits()).into(),
        }
    }

    /// The type of pointers into a region: those into an arena are in an address space of their own, so that the back end
    /// casts them where they are used.
    pub(crate) fn pointer_type(&self, region: Region) -> PointerType<'ctx> {
        let space = if region == Region::Arena { AddressSpace::from(1) } else { AddressSpace::default() };
        self.unit.context.ptr_type(space)
    }

    /// The integer type of that many bits.
    pub(crate) fn int_type(&self, bits: u32) -> IntType<'ctx> {
        let context = self.unit.context;
        match bits {
            1 => context.bool_type(),
            8 => context.i8_type(),
            16 => context.i16_type(),
            32 => context.i32_type(),
            _ => context.i64_type(),
        }
    }

    /// The value.
    pub(crate) fn value(&self, value: Value) -> Result<BasicValueEnum<'ctx>, Fault> {
        let found = self.values.get(value).copied().flatten();
        found.ok_or_else(|| Fault::mir(format!("{value} is used before it is defined")))
    }

    /// The value, which must be an integer.
    pub(crate) fn int(&self, value: Value) -> Result<IntValue<'ctx>, Fault> {
        match self.value(value)? {
            BasicValueEnum::IntValue(int) => Ok(int),
            _ => Err(Fault::mir(format!("{value} is no integer"))),
        }
    }

    /// The value, which must be a pointer.
    pub(crate) fn pointer(&self, value: Value) -> Result<PointerValue<'ctx>, Fault> {
        match self.value(value)? {
            BasicValueEnum::PointerValue(pointer) => Ok(pointer),
            _ => Err(Fault::mir(format!("{value} is no pointer"))),
        }
    }

    /// Sets the value of an instruction.
    pub(crate) fn define(&mut self, inst: Inst, value: impl Into<BasicValueEnum<'ctx>>) -> Result<(), Fault> {
        let result = self.result(inst)?;
        self.values[result] = Some(value.into());
        Ok(())
    }

    /// The result of an instruction that has one.
    pub(crate) fn result(&self, inst: Inst) -> Result<Value, Fault> {
        self.func.insts[inst].result.ok_or_else(|| Fault::mir("an instruction lacks its result"))
    }

    /// Gives the following instructions their place.
    fn locate(&mut self, span: Span) {
        if self.place == Some(span) {
            return;
        }
        self.place = Some(span);
        // A function's lines are of one file: what comes from elsewhere is shown at the function.
        let here = if span.file == self.func.span.file { span } else { self.func.span };
        let at = self.unit.sources.start(here);
        let (line, column) = at.map_or((0, 0), |at| (at.line, at.column));
        // BTF has ten bits for the column and puts the line above them.
        let column = if column < 1 << 10 { column } else { 0 };
        set_location(self.unit.context, &self.builder, self.scope, line, column);
    }
}

#[allow(
    unsafe_code,
    reason = "inkwell makes places only with a builder of debug info, which makes another unit"
)]
fn set_location(context: &Context, builder: &Builder<'_>, scope: DIScope<'_>, line: u32, column: u32) {
    use inkwell::llvm_sys::core::LLVMSetCurrentDebugLocation2;
    use inkwell::llvm_sys::debuginfo::LLVMDIBuilderCreateDebugLocation;
    // SAFETY: context, builder and scope are live and belong together; no place is inlined at null.
    unsafe {
        let place = LLVMDIBuilderCreateDebugLocation(
            context.raw(),
            line,
            column,
            scope.as_mut_ptr(),
            std::ptr::null_mut(),
        );
        LLVMSetCurrentDebugLocation2(builder.as_mut_ptr(), place);
    }
}

/// An integer constant, cut to its type.
pub(crate) fn constant(ty: IntType<'_>, value: i64) -> IntValue<'_> {
    let bits = ty.get_bit_width();
    let mask = if bits >= 64 { u64::MAX } else { (1 << bits) - 1 };
    ty.const_int(value as u64 & mask, false)
}

/// The blocks that can be reached, each after those that dominate it.
fn reverse_postorder(func: &Function, entry: Block) -> Vec<Block> {
    let mut seen: Table<Block, bool> = func.blocks.keys().map(|_| false).collect();
    let mut order = Vec::with_capacity(func.layout.len());
    // A block, and those of its successors that are still to be visited.
    let mut stack = vec![(entry, func.successors(entry))];
    seen[entry] = true;
    while let Some((block, rest)) = stack.last_mut() {
        match rest.pop() {
            Some(next) if next.index() < seen.len() && !seen[next] => {
                seen[next] = true;
                stack.push((next, func.successors(next)));
            }
            Some(_) => {}
            None => {
                order.push(*block);
                stack.pop();
            }
        }
    }
    order.reverse();
    order
}

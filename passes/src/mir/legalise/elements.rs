//! Elements of an array in the context that are chosen by a number.
//!
//! ```text
//! Before                             After
//!   v3 = ptr_add v0, v2                v5: i32 = load v4      ; cb[0]
//!   v4 = field_addr v3, r0.cb[0]       v7: i32 = load v6      ; cb[1], and so on
//!   v5: i32 = load v4                  v9 = select v8, v7, v5 ; v8: v2 is where cb[1] is
//! ```
//!
//! Promises: every element is read at a constant offset ("variable ctx access var_off=(0x0; 0xc) disallowed"), and one of them is taken;
//! a write writes all of them, each with what it held but one. The index has been held against the length before.
//! Leaves out: arrays too long for that, which are refused.

use super::Site;
use pbpf_core::mir::{Cond, FieldStep, Op, Type, UnaryOp, Value, follow};
use pbpf_core::types::{self, RecordId, Region};

/// So many elements are looked at one by one.
const MOST: u32 = 16;

/// An element: where the array is, and what was added to the context for the element.
pub(super) struct Chosen {
    ctx: Value,
    record: RecordId,
    /// The way to the array.
    path: Vec<FieldStep>,
    len: u32,
    size: u32,
    by: Value,
}

impl Site<'_, '_, '_> {
    /// The element that a pointer leads to, if it is one of an array in the context and chosen by a number.
    pub(super) fn element(&self, ptr: Value) -> Option<Chosen> {
        let Op::FieldAddr { base, record, path } = &self.func.def(ptr)?.op else { return None };
        let Op::PtrAdd(ctx, by) = self.func.def(*base)?.op else { return None };
        // The context itself, to which nothing else was added.
        if self.func.type_of(ctx) != Type::ptr(Region::Ctx)
            || self.func.def(ctx).is_some()
            || self.func.constant(by).is_some()
        {
            return None;
        }
        let (FieldStep::Index(0), path) = path.split_last()? else { return None };
        let array = follow(&self.module.types, *record, path).ok()?.ty;
        let types::Type::Array { element, len } = *self.module.types.try_get(array)? else { return None };
        let size = self.module.types.size_of(element);
        let fits = (1..=MOST).contains(&len) && self.module.types.is_scalar(element);
        fits.then(|| Chosen { ctx, record: *record, path: path.to_vec(), len, size, by })
    }

    /// Reads it.
    pub(super) fn read_element(&mut self, chosen: &Chosen) -> Op {
        let ty = self.result_type();
        let mut taken = self.read_at(chosen, 0, ty);
        for index in 1..chosen.len {
            let read = self.read_at(chosen, index, ty);
            let is = self.is_at(chosen, index);
            if index + 1 == chosen.len {
                return Op::Select(is, [read, taken]);
            }
            taken = self.value(Op::Select(is, [read, taken]), ty);
        }
        let address = self.address_of(chosen, 0);
        Op::Load { ptr: address, offset: 0 }
    }

    /// Writes it.
    pub(super) fn write_element(&mut self, chosen: &Chosen, value: Value) -> Op {
        let ty = self.func.type_of(value);
        for index in 0..chosen.len {
            let held = self.read_at(chosen, index, ty);
            let is = self.is_at(chosen, index);
            let new = self.value(Op::Select(is, [value, held]), ty);
            let ptr = self.address_of(chosen, index);
            let store = Op::Store { ptr, offset: 0, value: new };
            if index + 1 == chosen.len {
                return store;
            }
            self.build().effect(store);
        }
        Op::Store { ptr: self.address_of(chosen, 0), offset: 0, value }
    }

    fn address_of(&mut self, chosen: &Chosen, index: u32) -> Value {
        let mut path = chosen.path.clone();
        path.push(FieldStep::Index(index));
        self.op(Op::FieldAddr { base: chosen.ctx, record: chosen.record, path })
    }

    fn read_at(&mut self, chosen: &Chosen, index: u32, ty: Type) -> Value {
        let ptr = self.address_of(chosen, index);
        let read = self.value(Op::Load { ptr, offset: 0 }, ty);
        // Otherwise LLVM chooses the address and reads once: "dereference of modified ctx ptr R1 off=48 disallowed".
        self.op(Op::Unary(UnaryOp::Opaque, read))
    }

    /// Whether this element is the one.
    fn is_at(&mut self, chosen: &Chosen, index: u32) -> Value {
        let at = self.build().iconst(Type::I64, i64::from(index * chosen.size));
        self.op(Op::Icmp(Cond::Eq, [chosen.by, at]))
    }
}

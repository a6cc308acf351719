//! Objects in memory made the values of expressions.
//!
//! Promises: every byte is written, padding too; text ends. Leaves out: where the object is.

use super::Lowering;
use super::access::Address;
use pbpf_core::hir::{Expr, ExprKind};
use pbpf_core::mir::{Op, Type, Value};
use pbpf_core::types::{Region, Type as T, TypeId};

/// Longer text is copied from a constant instead of written by instructions.
const WRITTEN: u32 = 128;

impl Lowering<'_, '_> {
    /// Makes the object of type `ty` at `dst` the value of an expression.
    pub(super) fn fill(&mut self, dst: Value, ty: TypeId, value: &Expr) {
        let size = self.module.types.size_of(ty);
        match &value.kind {
            ExprKind::Zeroed => self.effect(Op::MemSet { dst, byte: 0, len: size }),
            ExprKind::New(fields) => {
                // Padding too: the verifier counts every byte that a helper reads ("invalid read from stack").
                self.effect(Op::MemSet { dst, byte: 0, len: size });
                let T::Record(record) = *self.type_of(ty) else { return };
                for (name, value) in fields {
                    let Some((bits, field)) = self.find_field(record, name) else { continue };
                    if let Some(width) = field.bit_size {
                        let value = self.converted(value, field.ty);
                        self.store_bits(dst, (bits, width, size), value);
                    } else {
                        self.store_expr(Address::Plain(dst, (bits / 8) as i32), field.ty, value);
                    }
                }
            }
            ExprKind::NewArray(values) => {
                let T::Array { element, len } = *self.type_of(ty) else { return };
                if values.len() < len as usize || !self.module.types.is_scalar(element) {
                    self.effect(Op::MemSet { dst, byte: 0, len: size });
                }
                let step = self.module.types.size_of(element);
                for (at, value) in values.iter().enumerate() {
                    self.store_expr(Address::Plain(dst, at as i32 * step as i32), element, value);
                }
            }
            ExprKind::Text(text) => self.fill_text(dst, size, text),
            ExprKind::TextAt(pointer) => {
                let src = self.expr(pointer);
                // Helpers write to memory of the program's own.
                let own = matches!(
                    self.func.type_of(dst).region(),
                    Some(Region::Stack | Region::MapValue | Region::Mem)
                );
                let buffer = if own { dst } else { self.slot("text", ty) };
                // Nothing is left behind the NUL of text that was longer.
                self.effect(Op::MemSet { dst: buffer, byte: 0, len: size });
                self.span = value.span;
                self.effect(Op::TextCopy { dst: buffer, src, len: size });
                if !own {
                    self.effect(Op::MemCopy { dst, src: buffer, len: size });
                }
            }
            _ => self.fill_copy(dst, ty, value),
        }
    }

    /// Text, cut at a character where it is too long, and zeros behind it.
    fn fill_text(&mut self, dst: Value, size: u32, text: &str) {
        let mut kept = text.len().min(size.saturating_sub(1) as usize);
        while !text.is_char_boundary(kept) {
            kept -= 1;
        }
        let text = &text[..kept];
        let span = self.span;
        if size > WRITTEN {
            self.effect(Op::MemSet { dst, byte: 0, len: size });
            if kept > 0 {
                let data = self.module.intern_text(text, span);
                let src = self.op(Op::GlobalAddr(data));
                self.effect(Op::MemCopy { dst, src, len: kept as u32 });
            }
            return;
        }
        let mut bytes = text.as_bytes().to_vec();
        bytes.resize(size as usize, 0);
        for (at, unit) in self.units(dst, 0, size) {
            let value = self.iconst(unit, word_of(&bytes, at, unit));
            self.effect(Op::Store { ptr: dst, offset: at as i32, value });
        }
    }

    fn fill_copy(&mut self, dst: Value, ty: TypeId, value: &Expr) {
        let size = self.module.types.size_of(ty);
        let src = self.expr(value);
        let given = match *self.type_of(value.ty) {
            T::Ptr { to, .. } => self.module.types.size_of(to),
            _ => self.module.types.size_of(value.ty),
        };
        let text = matches!(self.type_of(ty), T::Str { .. });
        let len = size.min(given);
        if given < size {
            self.effect(Op::MemSet { dst, byte: 0, len: size });
        }
        if len > 0 {
            self.effect(Op::MemCopy { dst, src, len });
        }
        if text && len == size {
            // Text that was cut still ends.
            let nul = self.iconst(Type::I8, 0);
            self.effect(Op::Store { ptr: dst, offset: size as i32 - 1, value: nul });
        }
    }

    /// The largest units in which `len` bytes from `start` behind a pointer may be accessed, with their offsets.
    pub(super) fn units(&self, ptr: Value, start: u32, len: u32) -> Vec<(u32, Type)> {
        let known = self.alignment(ptr);
        let (mut at, end) = (start, start + len);
        let mut units = Vec::new();
        while at < end {
            let fits = |ty: &Type| at + ty.bytes() <= end && at % ty.bytes() == 0 && ty.bytes() <= known;
            let unit = [Type::I64, Type::I32, Type::I16].into_iter().find(fits).unwrap_or(Type::I8);
            units.push((at, unit));
            at += unit.bytes();
        }
        units
    }

    /// The alignment that a pointer is known to have, up to 8.
    pub(super) fn alignment(&self, ptr: Value) -> u32 {
        let Some(inst) = self.func.def(ptr) else { return 1 };
        match &inst.op {
            Op::SlotAddr(slot) => self.func.slots[*slot].align.clamp(1, 8),
            Op::GlobalAddr(global) => self.module.types.align_of(self.module.globals[*global].ty).clamp(1, 8),
            // The kernel rounds sizes of values up to eight bytes.
            Op::MapLookup { .. } => 8,
            Op::Refine(inner) => self.alignment(*inner),
            Op::PtrAdd(base, by) => match self.func.constant(*by) {
                Some(by) => self.alignment(*base).min(1 << by.trailing_zeros().min(3)),
                None => 1,
            },
            _ => 1,
        }
    }

    /// A pointer to memory that holds the value of an expression as `ty`, for helpers that read it: every byte is written.
    pub(super) fn in_memory(&mut self, expr: &Expr, ty: TypeId, name: &str) -> Value {
        if let T::Ptr { to, region, .. } = *self.type_of(expr.ty)
            && !self.module.types.is_scalar(ty)
            && to == ty
            && matches!(region, Region::Stack | Region::MapValue | Region::Mem | Region::Packet)
        {
            return self.expr(expr);
        }
        if expr.ty == ty
            && !self.module.types.is_scalar(ty)
            && let ExprKind::Local(id) = &expr.kind
            && self.slots.contains_key(id)
        {
            return self.expr(expr);
        }
        let dst = self.slot(name, ty);
        self.store_expr(Address::Plain(dst, 0), ty, expr);
        dst
    }
}

/// The number that a unit at an offset of some bytes holds, as MIR writes it.
pub(super) fn word_of(bytes: &[u8], at: u32, unit: Type) -> i64 {
    let from = &bytes[at as usize..(at + unit.bytes()) as usize];
    let word = from.iter().rev().fold(0u64, |word, byte| word << 8 | u64::from(*byte));
    super::number::cut(word as i64, unit)
}

//! Bitfields of records at known offsets.
//!
//! Promises: only bytes of the record are touched, in units that are aligned within it where one holds the field; a field that
//! no unit holds is taken byte by byte. A signed field extends its sign.
//! Leaves out: bitfields of kernel records, which are relocated.

use super::{Lowering, machine_type};
use pbpf_core::mir::{BinaryOp, CastKind, Op, Type, Value};
use pbpf_core::types::{Type as T, TypeId};

/// The unit of 1, 2, 4 or 8 bytes that holds the bits, aligned within a record of `size` bytes: its offset and its type.
fn unit(bits: u32, width: u32, size: u32) -> Option<(u32, Type)> {
    [Type::I8, Type::I16, Type::I32, Type::I64].into_iter().find_map(|ty| {
        let bytes = ty.bytes();
        let start = bits / 8 / bytes * bytes;
        (bits + width <= (start + bytes) * 8 && start + bytes <= size).then_some((start, ty))
    })
}

/// `width` ones.
fn ones(width: u32) -> u64 {
    if width >= 64 { u64::MAX } else { (1 << width) - 1 }
}

impl Lowering<'_, '_> {
    /// Reads the bitfield at `bits` of a record of `size` bytes as a value of type `ty`.
    pub(super) fn load_bits(
        &mut self,
        ptr: Value,
        (bits, width, size): (u32, u32, u32),
        ty: TypeId,
    ) -> Value {
        let machine = machine_type(&self.module.types, ty).unwrap_or(Type::I64);
        let signed = self.is_signed(ty);
        let value = match unit(bits, width, size) {
            Some((start, unit)) => {
                let raw = self.value(Op::Load { ptr, offset: start as i32 }, unit);
                let wide = self.resize(raw, Type::I64, false);
                self.extract(wide, bits - start * 8, width, signed)
            }
            None => {
                let mut value = self.iconst(Type::I64, 0);
                for (byte, from, to, count) in pieces(bits, width) {
                    let raw = self.value(Op::Load { ptr, offset: byte as i32 }, Type::I8);
                    let wide = self.resize(raw, Type::I64, false);
                    let part = self.extract(wide, from, count, false);
                    let moved = self.shift(BinaryOp::Shl, part, to);
                    value = self.op(Op::Binary(BinaryOp::Or, [value, moved]));
                }
                if signed { self.extract(value, 0, width, true) } else { value }
            }
        };
        self.resize(value, machine, signed)
    }

    /// Writes a bitfield: reads its bytes, changes its bits, writes them back.
    pub(super) fn store_bits(&mut self, ptr: Value, (bits, width, size): (u32, u32, u32), value: Value) {
        let value = if self.func.type_of(value) == Type::I1 {
            self.value(Op::Cast(CastKind::Zext, value), Type::I64)
        } else {
            self.resize(value, Type::I64, false)
        };
        match unit(bits, width, size) {
            Some((start, unit)) => self.insert(ptr, start, unit, bits - start * 8, width, value),
            None => {
                for (byte, from, to, count) in pieces(bits, width) {
                    let part = self.shift(BinaryOp::Lshr, value, to);
                    self.insert(ptr, byte, Type::I8, from, count, part);
                }
            }
        }
    }

    /// Changes `width` bits of the unit at `offset` to the low bits of an `i64`.
    fn insert(&mut self, ptr: Value, offset: u32, unit: Type, at: u32, width: u32, value: Value) {
        let offset = offset as i32;
        let value = self.resize(value, unit, false);
        if width == unit.bits() {
            self.effect(Op::Store { ptr, offset, value });
            return;
        }
        let mask = ones(width) << at;
        let old = self.value(Op::Load { ptr, offset }, unit);
        let keep = self.iconst(unit, super::number::cut(!mask as i64, unit));
        let kept = self.op(Op::Binary(BinaryOp::And, [old, keep]));
        let shift = self.iconst(unit, i64::from(at));
        let moved = self.op(Op::Binary(BinaryOp::Shl, [value, shift]));
        let only = self.iconst(unit, super::number::cut(mask as i64, unit));
        let cut = self.op(Op::Binary(BinaryOp::And, [moved, only]));
        let new = self.op(Op::Binary(BinaryOp::Or, [kept, cut]));
        self.effect(Op::Store { ptr, offset, value: new });
    }

    /// `width` bits of an `i64` from bit `at` on.
    fn extract(&mut self, wide: Value, at: u32, width: u32, signed: bool) -> Value {
        if signed {
            let top = self.shift(BinaryOp::Shl, wide, 64 - at - width);
            return self.shift(BinaryOp::Ashr, top, 64 - width);
        }
        let low = self.shift(BinaryOp::Lshr, wide, at);
        if at + width >= 64 {
            return low;
        }
        let mask = self.iconst(Type::I64, ones(width) as i64);
        self.op(Op::Binary(BinaryOp::And, [low, mask]))
    }

    fn shift(&mut self, op: BinaryOp, value: Value, by: u32) -> Value {
        if by == 0 {
            return value;
        }
        let by = self.iconst(Type::I64, i64::from(by));
        self.op(Op::Binary(op, [value, by]))
    }

    /// The size of the record that an expression is, or points to.
    pub(super) fn record_size(&self, base: TypeId) -> u32 {
        let of = match *self.type_of(base) {
            T::Ptr { to, .. } => to,
            _ => base,
        };
        self.module.types.size_of(of)
    }
}

/// The bytes that hold a bitfield: of each the offset, the first bit taken of it, where that goes, and how many bits.
fn pieces(bits: u32, width: u32) -> Vec<(u32, u32, u32, u32)> {
    let mut all = Vec::new();
    let mut done = 0;
    while done < width {
        let at = bits + done;
        let count = (8 - at % 8).min(width - done);
        all.push((at / 8, at % 8, done, count));
        done += count;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_aligned_and_inside() {
        assert_eq!(unit(0, 3, 4), Some((0, Type::I8)));
        assert_eq!(unit(6, 4, 4), Some((0, Type::I16)));
        assert_eq!(unit(12, 8, 4), Some((0, Type::I32)));
        assert_eq!(unit(36, 20, 8), Some((4, Type::I32)));
        assert_eq!(unit(30, 4, 8), Some((0, Type::I64)));
        // Past the end, or across units: byte by byte.
        assert_eq!(unit(12, 8, 3), None);
        assert_eq!(unit(60, 8, 16), None);
        assert_eq!(pieces(60, 8), [(7, 4, 0, 4), (8, 0, 4, 4)]);
        assert_eq!(pieces(3, 64).len(), 9);
    }
}

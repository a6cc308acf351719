//! Structs and arrays compared by value.
//!
//! Promises: padding does not count, and neither do bytes behind the NUL of a text; neighbouring fields are compared
//! together where alignment allows. Of a union every byte counts. Leaves out: text alone, and which types are compared.

use super::Lowering;
use pbpf_core::hir::Expr;
use pbpf_core::mir::{Block, Cond, Op, Type, Value};
use pbpf_core::types::{RecordKind, Region, Type as T, TypeId};

/// More steps than that are taken in a loop.
const UNROLLED: usize = 64;

/// A part of an object that is compared in one way; offsets and sizes in bytes unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Bytes.
    Bytes { at: u32, len: u32 },
    /// A truth value, of which any byte but 0 is true.
    Truth { at: u32 },
    /// Text in a buffer.
    Text { at: u32, size: u32 },
    /// A bitfield: offset in bits, width.
    Bits { at: u32, width: u32 },
}

impl Lowering<'_, '_> {
    /// Whether two objects of one type are equal.
    pub(super) fn objects_equal(&mut self, a: &Expr, b: &Expr) -> Value {
        let ty = a.ty;
        let mut parts = Vec::new();
        self.parts(ty, 0, &mut parts);
        let x = self.object(a);
        let y = self.object(b);
        let size = self.module.types.size_of(ty);
        self.truth_value(|this, yes, no| {
            for part in parts {
                this.same_part((x, y), part, size, no);
            }
            this.jump(yes);
        })
    }

    /// Where an object is; memory that must be copied is.
    fn object(&mut self, expr: &Expr) -> Value {
        let ptr = self.expr(expr);
        self.span = expr.span;
        if matches!(
            self.func.type_of(ptr).region(),
            Some(
                Region::Stack
                    | Region::MapValue
                    | Region::Mem
                    | Region::Arena
                    | Region::Packet
                    | Region::PacketMeta
            )
        ) {
            return ptr;
        }
        let dst = self.slot("object", expr.ty);
        let len = self.module.types.size_of(expr.ty);
        self.effect(Op::MemCopy { dst, src: ptr, len });
        dst
    }

    /// The parts of an object at an offset, in order; neighbouring bytes are one part.
    fn parts(&self, ty: TypeId, at: u32, out: &mut Vec<Part>) {
        let types = &self.module.types;
        let bytes = |out: &mut Vec<Part>, len: u32| match out.last_mut() {
            Some(Part::Bytes { at: first, len: have }) if *first + *have == at => *have += len,
            _ => out.push(Part::Bytes { at, len }),
        };
        match types.get(ty) {
            T::Bool => out.push(Part::Truth { at }),
            T::Str { len } => out.push(Part::Text { at, size: *len }),
            T::Array { element, len } => {
                let step = types.size_of(*element);
                if matches!(types.get(*element), T::Int { .. } | T::Enum(_) | T::Ptr { .. }) {
                    return bytes(out, step * len);
                }
                for i in 0..*len {
                    self.parts(*element, at + i * step, out);
                }
            }
            T::Record(record) => {
                let record = &types.records[*record];
                if record.kind == RecordKind::Union {
                    return bytes(out, record.size);
                }
                for field in &record.fields {
                    match field.bit_size {
                        Some(width) => out.push(Part::Bits { at: at * 8 + field.bit_offset, width }),
                        None => self.parts(field.ty, at + field.offset(), out),
                    }
                }
            }
            _ => bytes(out, types.size_of(ty)),
        }
    }

    /// Goes on if a part of two objects of `size` bytes is the same, else to `no`.
    fn same_part(&mut self, (x, y): (Value, Value), part: Part, size: u32, no: Block) {
        match part {
            Part::Bytes { at, len } => {
                let (a, b) = (self.units(x, at, len), self.units(y, at, len));
                // Both are read in the units of the one that is aligned less.
                let units = if a.len() >= b.len() { a } else { b };
                if units.len() > UNROLLED {
                    return self.same_words((x, y), (at, len), no);
                }
                for (at, unit) in units {
                    let offset = at as i32;
                    let a = self.value(Op::Load { ptr: x, offset }, unit);
                    let b = self.value(Op::Load { ptr: y, offset }, unit);
                    let same = self.op(Op::Icmp(Cond::Eq, [a, b]));
                    self.go_on_if(same, no);
                }
            }
            Part::Truth { at } => {
                let offset = at as i32;
                let zero = self.iconst(Type::I8, 0);
                let [a, b] = [x, y].map(|ptr| {
                    let byte = self.value(Op::Load { ptr, offset }, Type::I8);
                    self.op(Op::Icmp(Cond::Ne, [byte, zero]))
                });
                let same = self.op(Op::Icmp(Cond::Eq, [a, b]));
                self.go_on_if(same, no);
            }
            Part::Text { at, size } => {
                let [a, b] = [x, y].map(|ptr| self.moved(ptr, at));
                let same = self.new_block();
                self.same_buffers((a, size), (b, size), same, no);
                self.join(same);
            }
            Part::Bits { at, width } => {
                let u64_type = self.module.types.int(64, false);
                let a = self.load_bits(x, (at, width, size), u64_type);
                let b = self.load_bits(y, (at, width, size), u64_type);
                let same = self.op(Op::Icmp(Cond::Eq, [a, b]));
                self.go_on_if(same, no);
            }
        }
    }

    /// Compares many bytes in a loop, the rest behind it.
    fn same_words(&mut self, (x, y): (Value, Value), (at, len): (u32, u32), no: Block) {
        let known = self.alignment(x).min(self.alignment(y)).min(1 << at.trailing_zeros().min(3));
        let unit = Type::int(known * 8).unwrap_or(Type::I8);
        let step = unit.bytes();
        let (a, b) = (self.moved(x, at), self.moved(y, at));
        self.each(0, len / step, 0, |this, index| {
            let by = this.iconst(Type::I64, i64::from(step));
            let offset = this.op(Op::Binary(pbpf_core::mir::BinaryOp::Mul, [index, by]));
            let [p, q] = [a, b].map(|ptr| {
                let place = this.op(Op::PtrAdd(ptr, offset));
                this.value(Op::Load { ptr: place, offset: 0 }, unit)
            });
            let same = this.op(Op::Icmp(Cond::Eq, [p, q]));
            this.go_on_if(same, no);
        });
        let done = len / step * step;
        for (at, unit) in self.units(a, done, len - done) {
            let [p, q] = [a, b].map(|ptr| self.value(Op::Load { ptr, offset: at as i32 }, unit));
            let same = self.op(Op::Icmp(Cond::Eq, [p, q]));
            self.go_on_if(same, no);
        }
    }

    fn moved(&mut self, ptr: Value, by: u32) -> Value {
        if by == 0 {
            return ptr;
        }
        let by = self.iconst(Type::I64, i64::from(by));
        self.op(Op::PtrAdd(ptr, by))
    }
}

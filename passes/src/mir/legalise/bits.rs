//! Bitfields of kernel records: the word that holds one is read, and shifted up and down.
//!
//! Promises: place, width of the word and shifts are those of the kernel that the object is loaded into; the sign is that of
//! the type compiled against. Leaves out: bitfields of the program's own records, which are plain MIR.

use super::Site;
use super::memory::Way;
use pbpf_core::mir::{
    BinaryOp, BlockCall, Builder, CastKind, FieldQuery, FieldStep, Op, Query, Type, Value, follow,
};
use pbpf_core::rows::Access;
use pbpf_core::types::RecordId;

impl Site<'_, '_, '_> {
    pub(super) fn load_bits(&mut self, base: Value, record: RecordId, path: &[FieldStep]) -> Op {
        let signed =
            follow(&self.module.types, record, path).is_ok_and(|place| self.module.types.is_signed(place.ty));
        let Some(access) = self.access(base, Way::Read) else { return self.harmless() };
        let offset = self.ask(FieldQuery::Offset, record, path);
        let at = self.op(Op::PtrAdd(base, offset));
        let size = self.ask(FieldQuery::Size, record, path);
        let word = match access {
            Access::Copy(via) => {
                let slot = self.slot("bits", 8);
                // The word may be smaller, and all eight bytes are read.
                let zero = self.build().iconst(Type::I64, 0);
                self.build().store(slot, 0, zero);
                self.copy_by(&via.helper, slot, at, size, base);
                self.value(Op::Load { ptr: slot, offset: 0 }, Type::I64)
            }
            _ => self.word(at, size),
        };
        let left = self.ask(FieldQuery::LeftShift, record, path);
        let top = self.op(Op::Binary(BinaryOp::Shl, [word, left]));
        let right = self.ask(FieldQuery::RightShift, record, path);
        let down = if signed { BinaryOp::Ashr } else { BinaryOp::Lshr };
        match self.result_type() {
            Type::I64 => Op::Binary(down, [top, right]),
            _ => {
                let value = self.op(Op::Binary(down, [top, right]));
                Op::Cast(CastKind::Trunc, value)
            }
        }
    }

    fn ask(&mut self, ask: FieldQuery, record: RecordId, path: &[FieldStep]) -> Value {
        self.op(Op::Query(Query::Field(ask, record, path.to_vec())))
    }

    /// The word of that size at `at`. The verifier knows the size, walks one of the ways and drops the others.
    fn word(&mut self, at: Value, size: Value) -> Value {
        let span = self.span;
        let join = self.func.add_block_after(self.block);
        let result = self.func.add_block_param(join, Type::I64);
        let mut ways = Vec::new();
        for ty in [Type::I8, Type::I16, Type::I32, Type::I64] {
            let way = self.func.add_block_after(self.block);
            let mut b = Builder::at_end(self.func, way, span);
            let loaded = b.value(Op::Load { ptr: at, offset: 0 }, ty);
            let wide =
                if ty == Type::I64 { loaded } else { b.value(Op::Cast(CastKind::Zext, loaded), Type::I64) };
            b.effect(Op::Jump(BlockCall { block: join, args: vec![wide] }));
            ways.push((i64::from(ty.bytes()), BlockCall { block: way, args: Vec::new() }));
        }
        if let Some((_, default)) = ways.pop() {
            self.build().effect(Op::Switch { value: size, cases: ways, default });
        }
        self.block = join;
        result
    }
}

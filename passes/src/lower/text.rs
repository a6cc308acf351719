//! Text: comparison, length, and what it begins with, ends with and holds.
//!
//! Promises: bytes behind a NUL do not count; where a buffer is known to be aligned it is read by words. Leaves out:
//! copies.

use super::Lowering;
use pbpf_core::hir::{Expr, ExprKind, TextTest};
use pbpf_core::mir::{BinaryOp, Block, BlockCall, Cond, Op, Type, UnaryOp, Value};
use pbpf_core::types::{Region, Type as T};

/// More bytes than that are looked at in a loop.
const UNROLLED: u32 = 32;

/// So many units are compared one by one.
const FEW_TESTS: usize = 3;

/// So many units are compared at once, where they are more.
const UNITS_IN_A_TEST: usize = 8;

/// A 1 in every byte, and a byte's highest bit in every byte.
const ONES: i64 = 0x0101_0101_0101_0101;
const TOPS: i64 = 0x8080_8080_8080_8080_u64.cast_signed();

/// Text in memory that instructions may read.
#[derive(Clone, Copy, Debug)]
struct Text {
    ptr: Value,
    /// Bytes of the buffer.
    size: u32,
}

impl Lowering<'_, '_> {
    /// Where a text is; memory that must be copied is.
    fn text(&mut self, expr: &Expr) -> Text {
        let ptr = self.expr(expr);
        self.span = expr.span;
        let T::Str { len: size } = *self.type_of(expr.ty) else { return Text { ptr, size: 0 } };
        let region = self.func.type_of(ptr).region();
        if matches!(
            region,
            Some(
                Region::Stack
                    | Region::MapValue
                    | Region::Mem
                    | Region::Arena
                    | Region::Packet
                    | Region::PacketMeta
            )
        ) {
            return Text { ptr, size };
        }
        let dst = self.slot("text", expr.ty);
        self.effect(Op::MemCopy { dst, src: ptr, len: size });
        Text { ptr: dst, size }
    }

    /// Whether two texts are equal, up to their NULs.
    pub(super) fn text_equal(&mut self, a: &Expr, b: &Expr) -> Value {
        let (buffer, literal) = match (&a.kind, &b.kind) {
            (ExprKind::Text(x), ExprKind::Text(y)) => return self.iconst(Type::I1, i64::from(x == y)),
            (ExprKind::Text(text), _) => (b, Some(text)),
            (_, ExprKind::Text(text)) => (a, Some(text)),
            _ => (a, None),
        };
        self.truth_value(|this, yes, no| match literal {
            Some(literal) => {
                let text = this.text(buffer);
                let mut bytes = literal.clone().into_bytes();
                bytes.push(0);
                if bytes.len() > text.size as usize {
                    return this.jump(no);
                }
                this.same_bytes(text.ptr, &bytes, no);
                this.jump(yes);
            }
            None => {
                let (x, y) = (this.text(a), this.text(b));
                this.same_text(x, y, yes, no);
            }
        })
    }

    /// A truth value that is found by branching to one of two blocks.
    pub(super) fn truth_value(&mut self, test: impl FnOnce(&mut Self, Block, Block)) -> Value {
        let (yes, no, next) = (self.new_block(), self.new_block(), self.new_block());
        let result = self.func.add_block_param(next, Type::I1);
        test(self, yes, no);
        for (block, value) in [(yes, 1), (no, 0)] {
            self.join(block);
            if self.block.is_some() {
                let value = self.iconst(Type::I1, value);
                self.terminate(Op::Jump(BlockCall { block: next, args: vec![value] }));
            }
        }
        self.seal(next);
        self.switch_to(next);
        result
    }

    /// Goes on in a new block if a condition holds, else to `no`.
    pub(super) fn go_on_if(&mut self, cond: Value, no: Block) {
        let more = self.new_block();
        self.branch(cond, more, no);
        self.seal(more);
        self.switch_to(more);
    }

    /// Goes on if memory has those bytes, else to `no`.
    fn same_bytes(&mut self, ptr: Value, bytes: &[u8], no: Block) {
        let units = self.units(ptr, 0, bytes.len() as u32);
        if units.len() <= FEW_TESTS {
            for (at, unit) in units {
                let found = self.value(Op::Load { ptr, offset: at as i32 }, unit);
                let wanted = self.iconst(unit, super::fill::word_of(bytes, at, unit));
                let same = self.op(Op::Icmp(Cond::Eq, [found, wanted]));
                self.go_on_if(same, no);
            }
            return;
        }
        // One test of many units: where the outcome is a number, each test is two ways that the verifier walks on.
        for some in units.chunks(UNITS_IN_A_TEST) {
            let mut differ = None;
            for &(at, unit) in some {
                let found = self.value(Op::Load { ptr, offset: at as i32 }, unit);
                let found = self.resize(found, Type::I64, false);
                let wanted = self.iconst(unit, super::fill::word_of(bytes, at, unit));
                let wanted = self.resize(wanted, Type::I64, false);
                let bits = self.op(Op::Binary(BinaryOp::Xor, [found, wanted]));
                differ = Some(match differ {
                    Some(others) => self.op(Op::Binary(BinaryOp::Or, [others, bits])),
                    None => bits,
                });
            }
            let Some(differ) = differ else { continue };
            let zero = self.iconst(Type::I64, 0);
            let same = self.op(Op::Icmp(Cond::Eq, [differ, zero]));
            self.go_on_if(same, no);
        }
    }

    /// Compares the texts in two buffers, given with their sizes.
    pub(super) fn same_buffers(&mut self, a: (Value, u32), b: (Value, u32), yes: Block, no: Block) {
        self.same_text(Text { ptr: a.0, size: a.1 }, Text { ptr: b.0, size: b.1 }, yes, no);
    }

    /// Compares two texts, neither of which is known.
    fn same_text(&mut self, a: Text, b: Text, yes: Block, no: Block) {
        let common = a.size.min(b.size);
        let words = if self.alignment(a.ptr).min(self.alignment(b.ptr)) == 8 { common / 8 } else { 0 };
        for word in 0..words.min(UNROLLED) {
            let offset = word as i32 * 8;
            let x = self.value(Op::Load { ptr: a.ptr, offset }, Type::I64);
            let y = self.value(Op::Load { ptr: b.ptr, offset }, Type::I64);
            let ends = self.nul_bytes(x);
            let zero = self.iconst(Type::I64, 0);
            let goes_on = self.op(Op::Icmp(Cond::Eq, [ends, zero]));
            let (last, more) = (self.new_block(), self.new_block());
            self.branch(goes_on, more, last);
            self.seal(last);
            self.switch_to(last);
            // The bytes up to the first NUL decide.
            let one = self.iconst(Type::I64, 1);
            let below = self.op(Op::Binary(BinaryOp::Sub, [ends, one]));
            let counts = self.op(Op::Binary(BinaryOp::Xor, [ends, below]));
            let differ = self.op(Op::Binary(BinaryOp::Xor, [x, y]));
            let decides = self.op(Op::Binary(BinaryOp::And, [differ, counts]));
            let same = self.op(Op::Icmp(Cond::Eq, [decides, zero]));
            self.branch(same, yes, no);
            self.seal(more);
            self.switch_to(more);
            let same = self.op(Op::Icmp(Cond::Eq, [x, y]));
            self.go_on_if(same, no);
        }
        let done = words.min(UNROLLED) * 8;
        self.each_byte(done, common, |this, at| {
            let x = this.byte(a.ptr, at);
            let y = this.byte(b.ptr, at);
            let same = this.op(Op::Icmp(Cond::Eq, [x, y]));
            this.go_on_if(same, no);
            let zero = this.iconst(Type::I8, 0);
            let goes_on = this.op(Op::Icmp(Cond::Ne, [x, zero]));
            this.go_on_if(goes_on, yes);
        });
        // The shorter buffer is full: the other text must end here.
        let longer = if a.size > b.size { a } else { b };
        if longer.size == common {
            return self.jump(yes);
        }
        let next = self.value(Op::Load { ptr: longer.ptr, offset: common as i32 }, Type::I8);
        let zero = self.iconst(Type::I8, 0);
        let ends = self.op(Op::Icmp(Cond::Eq, [next, zero]));
        self.branch(ends, yes, no);
    }

    /// A word whose lowest bit that is set is the highest of the first byte that is 0; 0 if no byte is.
    fn nul_bytes(&mut self, word: Value) -> Value {
        let ones = self.iconst(Type::I64, ONES);
        let tops = self.iconst(Type::I64, TOPS);
        let less = self.op(Op::Binary(BinaryOp::Sub, [word, ones]));
        let not = self.op(Op::Unary(UnaryOp::Not, word));
        let borrowed = self.op(Op::Binary(BinaryOp::And, [less, not]));
        self.op(Op::Binary(BinaryOp::And, [borrowed, tops]))
    }

    /// Does something for each position from `first` to `last`: one after the other, or in a loop where there are many.
    fn each_byte(&mut self, first: u32, last: u32, f: impl FnMut(&mut Self, Value)) {
        self.each(first, last, UNROLLED, f);
    }

    /// The same, in a loop where there are more than `unrolled`.
    pub(super) fn each(&mut self, first: u32, last: u32, unrolled: u32, mut f: impl FnMut(&mut Self, Value)) {
        if last - first <= unrolled {
            for at in first..last {
                let at = self.iconst(Type::I64, i64::from(at));
                f(self, at);
            }
            return;
        }
        let (head, inner, end) = (self.new_block(), self.new_block(), self.new_block());
        let at = self.func.add_block_param(head, Type::I64);
        let start = self.iconst(Type::I64, i64::from(first));
        self.terminate(Op::Jump(BlockCall { block: head, args: vec![start] }));
        self.switch_to(head);
        let limit = self.iconst(Type::I64, i64::from(last));
        let more = self.op(Op::Icmp(Cond::Ult, [at, limit]));
        self.branch(more, inner, end);
        self.seal(inner);
        self.switch_to(inner);
        f(self, at);
        let one = self.iconst(Type::I64, 1);
        let next = self.op(Op::Binary(BinaryOp::Add, [at, one]));
        self.terminate(Op::Jump(BlockCall { block: head, args: vec![next] }));
        self.seal(head);
        self.seal(end);
        self.switch_to(end);
    }

    /// The byte at a position, which may be constant.
    fn byte(&mut self, ptr: Value, at: Value) -> Value {
        match self.func.constant(at) {
            Some(at) => self.value(Op::Load { ptr, offset: at as i32 }, Type::I8),
            None => {
                let place = self.op(Op::PtrAdd(ptr, at));
                self.value(Op::Load { ptr: place, offset: 0 }, Type::I8)
            }
        }
    }

    /// The bytes of a text before its NUL.
    pub(super) fn text_length(&mut self, text: &Expr) -> Value {
        let text = self.text(text);
        let next = self.new_block();
        let result = self.func.add_block_param(next, Type::I64);
        let words = if self.alignment(text.ptr) == 8 { (text.size / 8).min(UNROLLED) } else { 0 };
        let leave = |this: &mut Self, length: Value| {
            this.terminate(Op::Jump(BlockCall { block: next, args: vec![length] }));
        };
        for word in 0..words {
            let x = self.value(Op::Load { ptr: text.ptr, offset: word as i32 * 8 }, Type::I64);
            let ends = self.nul_bytes(x);
            let zero = self.iconst(Type::I64, 0);
            let goes_on = self.op(Op::Icmp(Cond::Eq, [ends, zero]));
            let (last, more) = (self.new_block(), self.new_block());
            self.branch(goes_on, more, last);
            self.seal(last);
            self.switch_to(last);
            let position = self.first_byte(ends);
            let before = self.iconst(Type::I64, i64::from(word) * 8);
            let length = self.op(Op::Binary(BinaryOp::Add, [position, before]));
            leave(self, length);
            self.seal(more);
            self.switch_to(more);
        }
        self.each_byte(words * 8, text.size, |this, at| {
            let x = this.byte(text.ptr, at);
            let zero = this.iconst(Type::I8, 0);
            let ends = this.op(Op::Icmp(Cond::Eq, [x, zero]));
            let (last, more) = (this.new_block(), this.new_block());
            this.branch(ends, last, more);
            this.seal(last);
            this.switch_to(last);
            leave(this, at);
            this.seal(more);
            this.switch_to(more);
        });
        let full = self.iconst(Type::I64, i64::from(text.size));
        leave(self, full);
        self.seal(next);
        self.switch_to(next);
        result
    }

    /// Which byte the lowest bit that is set is the highest of: the bit moves the wanted digit of a constant to the top.
    fn first_byte(&mut self, tops: Value) -> Value {
        let negated = self.op(Op::Unary(UnaryOp::Neg, tops));
        let lowest = self.op(Op::Binary(BinaryOp::And, [tops, negated]));
        let seven = self.iconst(Type::I64, 7);
        let first = self.op(Op::Binary(BinaryOp::Lshr, [lowest, seven]));
        let digits = self.iconst(Type::I64, 0x0001_0203_0405_0607);
        let moved = self.op(Op::Binary(BinaryOp::Mul, [first, digits]));
        let top = self.iconst(Type::I64, 56);
        self.op(Op::Binary(BinaryOp::Lshr, [moved, top]))
    }

    /// Whether a text begins with another, ends with it, or holds it.
    pub(super) fn text_test(&mut self, test: TextTest, text: &Expr, wanted: &str) -> Value {
        let bytes = wanted.as_bytes();
        self.truth_value(|this, yes, no| {
            let text = this.text(text);
            let length = bytes.len() as u32;
            if length == 0 {
                return this.jump(yes);
            }
            // The NUL takes a byte as well.
            if length >= text.size {
                return this.jump(no);
            }
            if test == TextTest::Starts {
                this.same_bytes(text.ptr, bytes, no);
                return this.jump(yes);
            }
            this.each_byte(0, text.size - length, |this, at| {
                let other = this.new_block();
                let place = match this.func.constant(at) {
                    Some(0) => text.ptr,
                    _ => this.op(Op::PtrAdd(text.ptr, at)),
                };
                for (i, byte) in bytes.iter().enumerate() {
                    let found = this.value(Op::Load { ptr: place, offset: i as i32 }, Type::I8);
                    let byte = this.iconst(Type::I8, i64::from(byte.cast_signed()));
                    let same = this.op(Op::Icmp(Cond::Eq, [found, byte]));
                    this.go_on_if(same, other);
                }
                if test == TextTest::Ends {
                    let behind = this.value(Op::Load { ptr: place, offset: length as i32 }, Type::I8);
                    let zero = this.iconst(Type::I8, 0);
                    let ends = this.op(Op::Icmp(Cond::Eq, [behind, zero]));
                    this.branch(ends, yes, other);
                } else {
                    this.jump(yes);
                }
                this.seal(other);
                this.switch_to(other);
                let here = this.value(Op::Load { ptr: place, offset: 0 }, Type::I8);
                let zero = this.iconst(Type::I8, 0);
                let goes_on = this.op(Op::Icmp(Cond::Ne, [here, zero]));
                this.go_on_if(goes_on, no);
            });
            this.jump(no);
        })
    }
}

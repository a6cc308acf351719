//! What is worth telling of numbers, although it is right.
//!
//! Promises: a constant that a type cuts is a warning; where Python's arithmetic and C's may differ is told under
//! `--lint arithmetic`, once for each place. Leaves out: values that are not constants.

use super::numbers::{self, Int};
use super::{Frame, Infer_};
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{Arithmetic, BinaryOp, Expr, ExprKind};
use pbpf_core::source::Span;
use pbpf_core::types::{Type, TypeId};

impl Infer_<'_, '_> {
    /// Warns of a constant that does not fit a type; a negative one fits an unsigned type of its width.
    pub(super) fn warn_cut(&mut self, frame: &Frame, value: &Expr, to: TypeId) {
        let (ExprKind::Int(n), Type::Int { bits, signed }) = (&value.kind, self.module.types.get(to)) else {
            return;
        };
        let (n, bits, signed) = (*n, *bits, *signed);
        let unsigned = matches!(self.module.types.get(value.ty), Type::Int { bits: 64, signed: false });
        let n = if unsigned { i128::from(n.cast_unsigned()) } else { i128::from(n) };
        // As C's compilers: -1 as an unsigned number is all ones, which is meant.
        if bits == 64 || (-(1i128 << (bits - 1))..1i128 << (bits - u8::from(signed))).contains(&n) {
            return;
        }
        let span = value.span;
        self.error(frame, |this| {
            let low = n & ((1i128 << bits) - 1);
            let kept = if signed && low >> (bits - 1) != 0 { low - (1i128 << bits) } else { low };
            let ty = this.module.types.display(to);
            Diagnostic::warning("constant-cut", format!("{n} does not fit `{ty}`, which keeps {kept}"))
                .at(span)
                .help("use a wider type")
        });
    }

    /// Tells that `a op b` may differ between the two meanings.
    pub(super) fn lint_binary(&mut self, frame: &Frame, op: BinaryOp, a: Int, b: Int, span: Span) {
        if !self.cx.options.lint_arithmetic {
            return;
        }
        let c = numbers::binary(Arithmetic::C, op, numbers::c_rank(a), numbers::c_rank(b)).result;
        let natural = a.natural() && b.natural();
        let why = match op {
            _ if op.divides() && !natural => "in C the quotient goes towards zero, in Python down".to_owned(),
            BinaryOp::Sub if !c.signed => {
                "in C the difference of unsigned numbers wraps, in Python it is negative".to_owned()
            }
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Shl | BinaryOp::Pow if c.bits < 64 => {
                format!("in C the result has {} bits, in Python what it needs up to 64", c.bits)
            }
            _ if !c.signed && !natural && op != BinaryOp::Shl => {
                "in C the negative operand becomes a large unsigned number, in Python it stays".to_owned()
            }
            _ => return,
        };
        self.tell_difference(frame, &why, span);
    }

    /// Tells that a comparison may differ between the two meanings.
    pub(super) fn lint_compare(&mut self, frame: &Frame, a: Int, b: Int, span: Span) {
        if !self.cx.options.lint_arithmetic || (a.natural() && b.natural()) {
            return;
        }
        if numbers::compared(Arithmetic::C, a, b).is_some_and(|common| !common.signed) {
            let why = "in C a negative number is compared as a large unsigned one, in Python by value";
            self.tell_difference(frame, why, span);
        }
    }

    fn tell_difference(&mut self, frame: &Frame, why: &str, span: Span) {
        let here = match frame.function.arithmetic {
            Arithmetic::Python => "Python's",
            Arithmetic::C => "C's",
        };
        self.error(frame, |_| {
            Diagnostic::warning("arithmetic-differs", why)
                .at(span)
                .note(format!("this file has {here} meaning"))
                .help("`[build] arithmetic` decides; a wider or a signed type makes both the same")
        });
    }
}

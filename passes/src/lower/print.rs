//! `print`: one format of the kernel's, and its arguments.
//!
//! Promises: `%` in the text prints as it stands. Leaves out: which helper prints.

use super::Lowering;
use pbpf_core::hir::{Expr, PrintPart};
use pbpf_core::mir::{Op, Type, Value};
use pbpf_core::source::Span;
use pbpf_core::types::{Region, Type as T};
use std::fmt::Write as _;

impl Lowering<'_, '_> {
    pub(super) fn print(&mut self, parts: &[PrintPart], span: Span) {
        let mut format = String::new();
        let mut args = Vec::new();
        for part in parts {
            match part {
                PrintPart::Text(text) => format.push_str(&text.replace('%', "%%")),
                PrintPart::Value(value, letter) => {
                    if let pbpf_core::hir::ExprKind::Text(text) = &value.kind {
                        format.push_str(&text.replace('%', "%%"));
                        continue;
                    }
                    let (conversion, value) = self.printed(value, *letter);
                    let _ = write!(format, "%{conversion}");
                    args.push(value);
                }
            }
        }
        self.span = span;
        self.effect(Op::Print { format, args });
    }

    /// The conversion for a value, and what is handed over.
    fn printed(&mut self, expr: &Expr, letter: Option<char>) -> (&'static str, Value) {
        match *self.type_of(expr.ty) {
            T::Str { len } => {
                let value = self.expr(expr);
                let region = self.func.type_of(value).region();
                self.span = expr.span;
                if matches!(region, Some(Region::Stack | Region::MapValue | Region::Mem)) {
                    return ("s", value);
                }
                // `%s` reads the program's own memory; the copy always ends.
                let dst = self.slot("text", expr.ty);
                self.effect(Op::MemCopy { dst, src: value, len });
                let nul = self.iconst(Type::I8, 0);
                self.effect(Op::Store { ptr: dst, offset: len as i32 - 1, value: nul });
                ("s", dst)
            }
            T::Bool if letter.is_none() || letter == Some('s') => {
                let value = self.truth(expr);
                let (yes, no) =
                    (self.module.intern_text("True", expr.span), self.module.intern_text("False", expr.span));
                let (yes, no) = (self.op(Op::GlobalAddr(yes)), self.op(Op::GlobalAddr(no)));
                ("s", self.op(Op::Select(value, [yes, no])))
            }
            T::Ptr { .. } => {
                let value = self.expr(expr);
                ("llx", self.op(Op::PtrToInt(value)))
            }
            _ => {
                let signed = self.is_signed(expr.ty);
                let value = self.expr(expr);
                let wide = self.widened(value, signed);
                let conversion = match (letter, signed) {
                    (Some('x'), _) => "llx",
                    (_, true) => "lld",
                    (_, false) => "llu",
                };
                (conversion, wide)
            }
        }
    }
}

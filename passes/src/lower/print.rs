//! `print`: one format of the kernel's, and its arguments.
//!
//! Promises: the text that Python would print. Leaves out: which helper prints.

use super::Lowering;
use crate::printed;
use pbpf_core::hir::{Expr, ExprKind, Format, FormatKind, PrintPart};
use pbpf_core::mir::{Cond, Op, Section, Type, UnaryOp, Value};
use pbpf_core::registry::HelperId;
use pbpf_core::rows::{ArgumentKind, HelperCall};
use pbpf_core::source::Span;
use pbpf_core::types::{Region, Type as T};
use std::fmt::Write as _;

/// A line in the making.
#[derive(Default)]
struct Line {
    format: String,
    args: Vec<Value>,
    ends_in_text: bool,
}

impl Line {
    /// Whether a text would stand right behind `%s`, where the kernel does not take it.
    fn clashes(&self, text: &str) -> bool {
        self.ends_in_text && !printed::may_follow_text(text)
    }

    fn text(&mut self, text: &str) {
        self.format.push_str(&text.replace('%', "%%"));
        self.ends_in_text &= text.is_empty();
    }

    /// A conversion with the alignment of a format, and its argument.
    fn push(&mut self, format: Format, conversion: &str, arg: Value) {
        let left = if format.left == Some(true) { "-" } else { "" };
        let sign = format.sign.map_or_else(String::new, String::from);
        let zero = if format.zero { "0" } else { "" };
        let width = if format.width == 0 { String::new() } else { format.width.to_string() };
        let _ = write!(self.format, "%{left}{sign}{zero}{width}{conversion}");
        self.args.push(arg);
        self.ends_in_text = conversion == "s";
    }
}

impl Lowering<'_, '_> {
    pub(super) fn print(&mut self, parts: &[PrintPart], to: Option<&(HelperId, Vec<Expr>)>, span: Span) {
        let to = to.map(|(helper, before)| (*helper, before.as_slice()));
        let mut line = Line::default();
        for part in parts {
            match part {
                PrintPart::Text(text) => self.printed_text(&mut line, text, span),
                PrintPart::Value(Expr { kind: ExprKind::Text(text), .. }, format) if format.is_bare() => {
                    let quote = if format.quoted { "'" } else { "" };
                    line.text(quote);
                    self.printed_text(&mut line, text, span);
                    line.text(quote);
                }
                PrintPart::Value(value, format) => self.printed(&mut line, value, *format),
            }
        }
        self.span = span;
        match to {
            Some((helper, before)) => self.write_line(&line, helper, before, span),
            None => self.effect(Op::Print { format: line.format, args: line.args }),
        }
    }

    /// Calls a helper that formats: the values are handed over in an array.
    fn write_line(&mut self, line: &Line, helper: HelperId, before: &[Expr], span: Span) {
        let registry = self.cx.registry;
        let row = &registry.helper(helper).row;
        let is_kfunc = row.call == HelperCall::Kfunc;
        // "Pass memory with suitable read and write access": the prototypes say `char *`.
        let section = if is_kfunc { Section::Data } else { Section::Rodata };
        let text = self.module.intern_text_in(section, &line.format, span);
        let format = self.op(Op::GlobalAddr(text));
        // A kernel function is given memory in any case: "R2 type=scalar expected=fp".
        let words = line.args.len().max(usize::from(is_kfunc)) as u32;
        let values = if words == 0 {
            self.value(Op::Null, Type::nullable(Region::Mem))
        } else {
            let word = self.module.types.int(64, false);
            let array = self.module.types.intern(T::Array { element: word, len: words });
            let array = self.slot("printed", array);
            if line.args.is_empty() {
                self.effect(Op::MemSet { dst: array, byte: 0, len: words * 8 });
            }
            for (i, arg) in line.args.iter().enumerate() {
                self.effect(Op::Store { ptr: array, offset: i as i32 * 8, value: *arg });
            }
            array
        };
        let mut args = Vec::with_capacity(row.args.len());
        let mut text_name = "";
        for (at, arg) in row.args.iter().enumerate() {
            self.span = span;
            args.push(match (&arg.kind, before.get(at)) {
                (_, Some(given)) => {
                    let all: Vec<Option<Expr>> = before.iter().cloned().map(Some).collect();
                    let call = Expr { kind: ExprKind::None, ty: given.ty, span };
                    match self.argument(row, arg, Some(given), &all, &call) {
                        Some(value) => value,
                        None => return,
                    }
                }
                (ArgumentKind::Text, None) => {
                    text_name = &arg.name;
                    format
                }
                (ArgumentKind::SizeOf(of), None) if of == text_name => {
                    self.iconst(Type::I32, line.format.len() as i64 + 1)
                }
                (ArgumentKind::SizeOf(_), None) => self.iconst(Type::I32, i64::from(words * 8)),
                _ => values,
            });
        }
        match row.call {
            HelperCall::Id(id) => {
                self.value(Op::CallHelper { name: row.name.clone(), id, args }, Type::I64);
            }
            HelperCall::Kfunc => {
                let callee = self.kfunc(row, None);
                self.effect(Op::CallKfunc { callee, args });
            }
            HelperCall::ByteSwap => {}
        }
    }

    /// Text as it stands. What the kernel does not take in a format is an argument.
    fn printed_text(&mut self, line: &mut Line, text: &str, span: Span) {
        if printed::is_plain(text) && !line.clashes(text) {
            line.text(text);
            return;
        }
        self.span = span;
        let data = self.module.intern_text(text, span);
        let address = self.op(Op::GlobalAddr(data));
        line.push(Format::default(), "s", address);
    }

    fn printed(&mut self, line: &mut Line, expr: &Expr, format: Format) {
        match *self.type_of(expr.ty) {
            T::Str { len } => {
                let value = self.printed_buffer(expr, len);
                let quote = if format.quoted { "'" } else { "" };
                line.text(quote);
                // As Python: text stands left, numbers right.
                let left = Some(true).filter(|_| format.width > 0 && format.left != Some(false));
                line.push(Format { left, ..format }, "s", value);
                line.text(quote);
            }
            T::Bool if printed::is_word(format) => {
                let value = self.truth(expr);
                let (yes, no) =
                    (self.module.intern_text("True", expr.span), self.module.intern_text("False", expr.span));
                let (yes, no) = (self.op(Op::GlobalAddr(yes)), self.op(Op::GlobalAddr(no)));
                let word = self.op(Op::Select(value, [yes, no]));
                let left = Some(true).filter(|_| format.width > 0 && format.left != Some(false));
                line.push(Format { left, ..format }, "s", word);
            }
            T::Ptr { .. } if printed::is_text_behind(&self.module.types, expr.ty, format) => {
                let value = self.expr(expr);
                let quote = if format.quoted { "'" } else { "" };
                line.text(quote);
                let left = Some(true).filter(|_| format.width > 0 && format.left != Some(false));
                line.push(Format { left, ..format }, "s", value);
                line.text(quote);
            }
            T::Ptr { .. } => {
                let value = self.expr(expr);
                let value = self.op(Op::PtrToInt(value));
                let prefix = if format.kind == FormatKind::Pointer { "0x" } else { "" };
                self.printed_text(line, prefix, expr.span);
                line.push(Format::default(), "llx", value);
            }
            _ => self.printed_number(line, expr, format),
        }
    }

    /// A pointer to text that ends, in the program's own memory: `%s` reads no other.
    fn printed_buffer(&mut self, expr: &Expr, len: u32) -> Value {
        let value = self.expr(expr);
        let region = self.func.type_of(value).region();
        self.span = expr.span;
        if matches!(region, Some(Region::Stack | Region::MapValue | Region::Mem)) {
            return value;
        }
        let dst = self.slot("text", expr.ty);
        self.effect(Op::MemCopy { dst, src: value, len });
        let nul = self.iconst(Type::I8, 0);
        self.effect(Op::Store { ptr: dst, offset: len as i32 - 1, value: nul });
        dst
    }

    fn printed_number(&mut self, line: &mut Line, expr: &Expr, format: Format) {
        let signed = self.is_signed(expr.ty);
        let value = self.expr(expr);
        let mut wide = self.widened(value, signed);
        self.span = expr.span;
        match format.kind {
            FormatKind::Char => {
                let byte = self.resize(wide, Type::I8, false);
                let text = self.module.types.intern(T::Str { len: 2 });
                let dst = self.slot("character", text);
                self.effect(Op::Store { ptr: dst, offset: 0, value: byte });
                let nul = self.iconst(Type::I8, 0);
                self.effect(Op::Store { ptr: dst, offset: 1, value: nul });
                line.push(format, "s", dst);
            }
            FormatKind::Hex | FormatKind::HexUpper => {
                let upper = format.kind == FormatKind::HexUpper;
                let prefix = match (format.prefix, upper) {
                    (false, _) => "",
                    (true, false) => "0x",
                    (true, true) => "0X",
                };
                let mut digits = format;
                if format.prefix {
                    digits.width = format.width.saturating_sub(2);
                    digits.zero = format.zero && digits.width > 0;
                }
                if printed::has_sign(&self.module.types, expr, format) {
                    let minus = self.module.intern_text(&format!("-{prefix}"), expr.span);
                    let none = self.module.intern_text(prefix, expr.span);
                    let (minus, none) = (self.op(Op::GlobalAddr(minus)), self.op(Op::GlobalAddr(none)));
                    let zero = self.iconst(Type::I64, 0);
                    let negative = self.op(Op::Icmp(Cond::Slt, [wide, zero]));
                    let sign = self.op(Op::Select(negative, [minus, none]));
                    let opposite = self.op(Op::Unary(UnaryOp::Neg, wide));
                    wide = self.op(Op::Select(negative, [opposite, wide]));
                    line.push(Format::default(), "s", sign);
                } else {
                    self.printed_text(line, prefix, expr.span);
                }
                line.push(digits, if upper { "llX" } else { "llx" }, wide);
            }
            FormatKind::Pointer => {
                self.printed_text(line, "0x", expr.span);
                line.push(format, "llx", wide);
            }
            FormatKind::Unsigned => line.push(format, "llu", wide),
            _ => {
                let left = if format.converted && format.width > 0 && format.left.is_none() {
                    Some(true)
                } else {
                    format.left
                };
                let huge = !signed && self.module.types.size_of(expr.ty) == 8;
                if let Some(sign) = format.sign.filter(|_| huge) {
                    // `%+llu` has no sign.
                    self.printed_text(line, &sign.to_string(), expr.span);
                    line.push(Format::default(), "llu", wide);
                    return;
                }
                let conversion = if signed || format.sign.is_some() { "lld" } else { "llu" };
                line.push(Format { left, ..format }, conversion, wide);
            }
        }
    }
}

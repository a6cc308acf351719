//! Constant expressions: what is known while compiling.
//!
//! Promises: Python's values, as long as they fit 128 bits. Leaves out: everything that is not a number.

use super::Resolver;
use super::scope::Entry;
use pbpf_core::ast::{BinaryOp, Expr, ExprKind, UnaryOp};
use pbpf_core::btf;
use pbpf_core::diag::Diagnostic;
use pbpf_core::source::Span;
use std::collections::BTreeSet;

impl Resolver<'_, '_> {
    /// The value of a constant expression, or nothing.
    pub(super) fn quiet_constant(&self, expr: &Expr) -> Option<i64> {
        word(self.constant_value(expr)?)
    }

    /// The value of an expression that must be constant; `what` names it in the diagnostic.
    pub(super) fn constant(&mut self, expr: &Expr, what: &str) -> Option<i64> {
        if let ExprKind::Name(name) = &expr.kind
            && let Some(Entry::KernelName(module, kernel)) = self.lookup(name).cloned()
        {
            return self.kernel_constant(&module, &kernel, expr.span).and_then(word);
        }
        let value = self.quiet_constant(expr);
        if value.is_none() {
            self.error("not-constant", format!("{what} must be a constant number"), expr.span);
        }
        value
    }

    pub(super) fn constant_value(&self, expr: &Expr) -> Option<i128> {
        Some(match &expr.kind {
            ExprKind::Int(value) => (*value)?,
            ExprKind::Bool(value) => i128::from(*value),
            ExprKind::Name(name) => match (self.class_names.get(name), self.lookup(name)) {
                (Some(value), _) | (None, Some(Entry::Constant(value))) => *value,
                _ => return None,
            },
            ExprKind::Attribute { value, attr } => {
                let member = if attr.text == "value" { value } else { expr };
                let (id, found) = self.enum_member(member)?;
                let (_, number) = found?;
                if self.module.types.enums[id].signed {
                    i128::from(number)
                } else {
                    i128::from(number.cast_unsigned())
                }
            }
            // `PORTS[1]`, `len(PORTS)`.
            ExprKind::Subscript { value, index } => {
                let items = self.tuple_constant(value)?;
                let at = self.constant_value(index)?;
                let at = if at < 0 { at + items.len() as i128 } else { at };
                self.constant_value(items.get(usize::try_from(at).ok()?)?)?
            }
            ExprKind::Call { func, args, keywords }
                if keywords.is_empty()
                    && matches!(&func.kind, ExprKind::Name(n) if n == "len" && self.lookup(n).is_none()) =>
            {
                let [arg] = args.as_slice() else { return None };
                self.constant_length(arg)?
            }
            ExprKind::Unary { op, operand } => {
                let value = self.constant_value(operand)?;
                match op {
                    UnaryOp::Neg => value.checked_neg()?,
                    UnaryOp::Plus => value,
                    UnaryOp::Invert => !value,
                    UnaryOp::Not => i128::from(value == 0),
                }
            }
            ExprKind::Binary { op, left, right } => {
                binary(*op, self.constant_value(left)?, self.constant_value(right)?)?
            }
            // `c_int64(-5)`: the width cuts.
            ExprKind::Call { func, args, keywords } if keywords.is_empty() && args.len() == 1 => {
                let ExprKind::Name(name) = &func.kind else { return None };
                let Some(Entry::Type(ty)) = self.lookup(name) else { return None };
                let value = self.constant_value(&args[0])?;
                match self.module.types.get(*ty) {
                    pbpf_core::types::Type::Int { bits, signed } => cut(value, *bits, *signed),
                    pbpf_core::types::Type::Bool => i128::from(value != 0),
                    _ => return None,
                }
            }
            _ => return None,
        })
    }

    /// The length of a tuple or text that is known, or the number of members of an enum.
    pub(super) fn constant_length(&self, expr: &Expr) -> Option<i128> {
        if let Some(items) = self.tuple_constant(expr) {
            return i128::try_from(items.len()).ok();
        }
        if let ExprKind::Name(name) = &expr.kind
            && let Some(Entry::Enum(id)) = self.lookup(name)
        {
            // A second name of a value is no member.
            let values: BTreeSet<i64> =
                self.module.types.enums[*id].variants.iter().map(|(_, v)| *v).collect();
            return i128::try_from(values.len()).ok();
        }
        self.text_constant(expr).and_then(|text| i128::try_from(text.len()).ok())
    }

    /// The items of a tuple, written or named.
    pub(super) fn tuple_constant<'e>(&'e self, expr: &'e Expr) -> Option<&'e [Expr]> {
        match &expr.kind {
            ExprKind::Tuple(items) => Some(items),
            ExprKind::Name(name) => match self.lookup(name)? {
                Entry::Tuple(items) => Some(items),
                _ => None,
            },
            _ => None,
        }
    }

    /// Text, written or named.
    pub(super) fn text_constant<'e>(&'e self, expr: &'e Expr) -> Option<&'e str> {
        match &expr.kind {
            ExprKind::Str(text) => Some(text),
            ExprKind::Name(name) => match self.lookup(name)? {
                Entry::Text(text) => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    /// The value of an enumerator or `#define` of the kernel.
    pub(super) fn kernel_constant(&mut self, module: &str, name: &str, span: Span) -> Option<i128> {
        if let Some(value) = self.cx.registry.constant(module, name) {
            return Some(value);
        }
        match self.cx.kernel.btf() {
            Ok(btf) => match btf.enumerator(name) {
                Some(found) => Some(found.value),
                None => {
                    let known = btf.enumerator_names().chain(self.cx.registry.constant_names(module));
                    let known = known.chain(btf.names(btf::Kind::Var).map(|(name, _)| name));
                    let near = pbpf_core::names::nearest(name, known).map(|n| format!("did you mean `{n}`?"));
                    let mut error = Diagnostic::error(
                        "unknown-name",
                        format!("the kernel has no constant or variable `{name}`"),
                    )
                    .at(span);
                    if btf.find(name, btf::Kind::Struct).is_some() {
                        error = error.help(format!("for the struct, import `struct_{name}`"));
                    }
                    self.cx.emit(error.maybe_help(near));
                    None
                }
            },
            Err(error) => {
                self.cx.emit(error.at(span));
                None
            }
        }
    }
}

/// The 64 bits of a number that fits them, signed or not.
pub(super) fn word(value: i128) -> Option<i64> {
    i64::try_from(value).ok().or_else(|| u64::try_from(value).ok().map(u64::cast_signed))
}

fn cut(value: i128, bits: u8, signed: bool) -> i128 {
    let mask = (1i128 << bits) - 1;
    let low = value & mask;
    if signed && low >> (bits - 1) != 0 { low - (1i128 << bits) } else { low }
}

fn binary(op: BinaryOp, a: i128, b: i128) -> Option<i128> {
    let shift = || u32::try_from(b).ok().filter(|s| *s < 127);
    match op {
        BinaryOp::Add => a.checked_add(b),
        BinaryOp::Sub => a.checked_sub(b),
        BinaryOp::Mul => a.checked_mul(b),
        BinaryOp::FloorDiv => (b != 0).then(|| a.div_euclid(b) - i128::from(b < 0 && a.rem_euclid(b) != 0)),
        BinaryOp::Mod => (b != 0).then(|| {
            let r = a.rem_euclid(b);
            if r != 0 && b < 0 { r + b } else { r }
        }),
        BinaryOp::Pow => a.checked_pow(u32::try_from(b).ok()?),
        BinaryOp::Shl => a.checked_mul(1i128.checked_shl(shift()?)?),
        BinaryOp::Shr => Some(a >> shift()?),
        BinaryOp::And => Some(a & b),
        BinaryOp::Or => Some(a | b),
        BinaryOp::Xor => Some(a ^ b),
        BinaryOp::Div | BinaryOp::MatMul => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn division_floors_as_in_python() {
        let cases = [(7, 2, 3, 1), (-7, 2, -4, 1), (7, -2, -4, -1), (-7, -2, 3, -1), (6, -3, -2, 0)];
        for (a, b, quotient, remainder) in cases {
            assert_eq!(binary(BinaryOp::FloorDiv, a, b), Some(quotient), "{a} // {b}");
            assert_eq!(binary(BinaryOp::Mod, a, b), Some(remainder), "{a} % {b}");
        }
        assert_eq!(binary(BinaryOp::FloorDiv, 1, 0), None);
    }

    #[test]
    fn widths_cut() {
        assert_eq!(cut(300, 8, false), 44);
        assert_eq!(cut(200, 8, true), -56);
        assert_eq!(cut(-1, 32, false), 0xffff_ffff);
    }
}

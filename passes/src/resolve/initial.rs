//! Initial values of global variables, as bytes.
//!
//! Promises: what is left out is zero, or the field's default; a value that does not fit is told. Leaves out: pointers,
//! which mean nothing before the program runs.

use super::Resolver;
use pbpf_core::ast::{Expr, ExprKind, Keyword};
use pbpf_core::diag::Diagnostic;
use pbpf_core::names;
use pbpf_core::types::{Origin, RecordId, Type, TypeId};

impl Resolver<'_, '_> {
    /// Writes the value of a constant expression of that type to `out`, which has its size and is zero.
    pub(super) fn initial_bytes(&mut self, value: &Expr, ty: TypeId, out: &mut [u8]) -> Option<()> {
        match self.module.types.get(ty).clone() {
            Type::Int { bits, signed } => self.initial_number(value, (bits, signed), out),
            Type::Bool => self.initial_number(value, (8, false), out),
            Type::Enum(id) => {
                let found = &self.module.types.enums[id];
                let width = (found.size as u8 * 8, found.signed);
                self.initial_number(value, width, out)
            }
            Type::Str { len } => match &value.kind {
                ExprKind::Str(text) => self.initial_text(value, text.as_bytes(), len as usize - 1, out),
                _ if self.is_new(value, ty) => Some(()),
                _ => self.unfit(value, ty),
            },
            Type::Array { element, len } => self.initial_array(value, (ty, element, len), out),
            Type::Record(record) => self.initial_record(value, ty, record, out),
            Type::Ptr { .. }
                if matches!(value.kind, ExprKind::None) || self.quiet_constant(value) == Some(0) =>
            {
                Some(())
            }
            _ => self.unfit(value, ty),
        }
    }

    fn unfit(&mut self, value: &Expr, ty: TypeId) -> Option<()> {
        let want = self.module.types.display(ty);
        self.cx.emit(
            Diagnostic::error("bad-declaration", format!("this is no initial value of type {want}"))
                .at(value.span)
                .help("write a constant, text, a list of them, or the type called"),
        );
        None
    }

    /// Whether an expression is the type called without a value.
    fn is_new(&mut self, value: &Expr, ty: TypeId) -> bool {
        if self.quiet_type(value) == Some(ty) {
            return true;
        }
        match &value.kind {
            ExprKind::Call { func, args, keywords } if args.is_empty() && keywords.is_empty() => {
                self.quiet_type(func) == Some(ty)
            }
            _ => false,
        }
    }

    fn initial_number(&mut self, value: &Expr, (bits, signed): (u8, bool), out: &mut [u8]) -> Option<()> {
        // `c_uint32()` is 0.
        if let ExprKind::Call { func, args, keywords } = &value.kind
            && args.is_empty()
            && keywords.is_empty()
            && self.quiet_type(func).is_some()
        {
            return Some(());
        }
        let number = match self.constant_value(value) {
            Some(number) => number,
            None => i128::from(self.constant(value, "the initial value of a global variable")?),
        };
        // A negative number for an unsigned variable is its two's complement, as in C and ctypes.
        let (low, high) = (-(1i128 << (bits - 1)), (1i128 << bits) - 1);
        if !(low..=high).contains(&number) || (signed && number > high >> 1) {
            let name = format!("c_{}int{bits}", if signed { "" } else { "u" });
            self.cx.emit(
                Diagnostic::warning(
                    "constant-cut",
                    format!("{number} does not fit {name}; its upper bits are cut off"),
                )
                .at(value.span),
            );
        }
        let bytes = number.to_le_bytes();
        out.copy_from_slice(&bytes[..out.len()]);
        Some(())
    }

    fn initial_text(&mut self, value: &Expr, text: &[u8], most: usize, out: &mut [u8]) -> Option<()> {
        if text.len() > most {
            let message = format!("{} bytes do not fit the {most} of the variable", text.len());
            self.error("bad-declaration", message, value.span);
            return None;
        }
        out[..text.len()].copy_from_slice(text);
        Some(())
    }

    fn initial_array(
        &mut self,
        value: &Expr,
        (ty, element, len): (TypeId, TypeId, u32),
        out: &mut [u8],
    ) -> Option<()> {
        let items = match &value.kind {
            ExprKind::List(items) | ExprKind::Tuple(items) => items.as_slice(),
            ExprKind::Bytes(bytes) if self.module.types.size_of(element) == 1 => {
                let bytes = bytes.clone();
                return self.initial_text(value, &bytes, len as usize, out);
            }
            _ if self.is_new(value, ty) => return Some(()),
            ExprKind::Call { func, args, keywords }
                if keywords.is_empty() && self.quiet_type(func) == Some(ty) =>
            {
                args.as_slice()
            }
            _ => return self.unfit(value, ty),
        };
        if items.len() > len as usize {
            let message = format!("the array has {len} elements, and {} values are given", items.len());
            self.error("wrong-argument-count", message, value.span);
            return None;
        }
        let size = self.module.types.size_of(element) as usize;
        for (at, item) in items.iter().enumerate() {
            self.initial_bytes(item, element, &mut out[at * size..(at + 1) * size])?;
        }
        Some(())
    }

    fn initial_record(&mut self, value: &Expr, ty: TypeId, record: RecordId, out: &mut [u8]) -> Option<()> {
        let ExprKind::Call { func, args, keywords } = &value.kind else { return self.unfit(value, ty) };
        if self.quiet_type(func) != Some(ty) || self.module.types.records[record].origin != Origin::User {
            return self.unfit(value, ty);
        }
        let known: Vec<String> =
            self.module.types.records[record].fields.iter().map(|f| f.name.clone()).collect();
        if let Some(extra) = args.get(known.len()) {
            let message = format!("there are {} fields, and {} values are given", known.len(), args.len());
            self.error("wrong-argument-count", message, extra.span);
            return None;
        }
        let mut given: Vec<(String, &Expr)> = known.iter().cloned().zip(args).collect();
        for Keyword { name, value } in keywords {
            let Some(name) = name else {
                self.error("bad-call", "`**` has no meaning here", value.span);
                return None;
            };
            if given.iter().any(|(field, _)| *field == name.text) {
                self.error("bad-call", format!("field `{}` is given twice", name.text), name.span);
                return None;
            }
            given.push((name.text.clone(), value));
        }
        let defaults = self.records.get(&record).map(|r| r.defaults.clone()).unwrap_or_default();
        let missing = defaults.iter().filter(|(field, _)| given.iter().all(|(f, _)| f != field));
        let all: Vec<(String, Expr)> = given
            .iter()
            .map(|(field, value)| (field.clone(), (*value).clone()))
            .chain(missing.cloned())
            .collect();
        for (field, value) in all {
            self.initial_field(record, &field, &value, out)?;
        }
        Some(())
    }

    fn initial_field(&mut self, record: RecordId, name: &str, value: &Expr, out: &mut [u8]) -> Option<()> {
        let Some((offset, field)) = self.module.types.find_field(record, name).map(|(o, f)| (o, f.clone()))
        else {
            let known = &self.module.types.records[record];
            let near = names::nearest(name, known.fields.iter().map(|f| f.name.as_str()))
                .map(|n| format!("did you mean `{n}`?"));
            let message = format!("`{}` has no field `{name}`", known.name);
            self.cx.emit(Diagnostic::error("unknown-field", message).at(value.span).maybe_help(near));
            return None;
        };
        let (ty, width) = (field.ty, field.bit_size);
        let size = self.module.types.size_of(ty) as usize;
        let Some(width) = width else {
            let at = (offset / 8) as usize;
            return self.initial_bytes(value, ty, &mut out[at..at + size]);
        };
        let mut bytes = [0; 8];
        self.initial_bytes(value, ty, &mut bytes[..size])?;
        let number = u64::from_le_bytes(bytes);
        for bit in 0..width {
            if number >> bit & 1 == 1 {
                let at = offset + bit;
                out[(at / 8) as usize] |= 1 << (at % 8);
            }
        }
        Some(())
    }
}

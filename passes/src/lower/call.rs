//! Calls: helpers, kfuncs, print.
//!
//! Promises: arguments in the order and width of the row. Leaves out: whether the call is allowed.

use super::Lowering;
use super::access::Address;
use crate::extent::extent;
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{Expr, ExprKind};
use pbpf_core::mir::{self, BinaryOp, CastKind, Op, Section, Type, Value};
use pbpf_core::registry::HelperId;
use pbpf_core::rows::{Argument, ArgumentKind, Helper, HelperCall, ResultKind, Take, c_int};
use pbpf_core::types::{Region, Type as T, TypeId};

impl Lowering<'_, '_> {
    /// Lowers a call; nothing where it has no value.
    pub(super) fn call(&mut self, expr: &Expr) -> Option<Value> {
        match &expr.kind {
            ExprKind::Print(parts, to) => {
                self.print(parts, to.as_ref(), expr.span);
                None
            }
            ExprKind::Call(id, args) => self.function_call(*id, args, expr),
            ExprKind::Helper { helper, take, args } => self.helper(*helper, *take, args, expr),
            _ => Some(self.expr(expr)),
        }
    }

    fn helper(&mut self, id: HelperId, take: Take, args: &[Option<Expr>], expr: &Expr) -> Option<Value> {
        let registry = self.cx.registry;
        let row = &registry.helper(id).row;
        let mut values = Vec::with_capacity(args.len());
        for (arg, given) in row.args.iter().zip(args) {
            values.push(self.argument(row, arg, given.as_ref(), args, expr)?);
        }
        self.span = expr.span;
        if row.call == HelperCall::ByteSwap {
            let value = *values.first()?;
            let bits = row.args.first().and_then(|a| match &a.kind {
                ArgumentKind::Scalar(ty) => c_int(ty),
                _ => None,
            });
            let narrow = bits.and_then(|(bits, _)| Type::int(u32::from(bits))).unwrap_or(Type::I16);
            let cut = self.resize(value, narrow, false);
            let swapped = self.op(Op::Unary(mir::UnaryOp::Bswap, cut));
            let ty = super::machine_type(&self.module.types, expr.ty).unwrap_or(narrow);
            return Some(self.resize(swapped, ty, false));
        }
        self.clear_text(row, args, &values);
        let result = self.result_type(row, expr.ty);
        let raw = match row.call {
            HelperCall::Id(number) => {
                let op = Op::CallHelper { name: row.name.clone(), id: number, args: values };
                match result {
                    Some(Type::Ptr { .. }) => self.value(op, result?),
                    // A helper fills the whole register.
                    Some(_) => self.value(op, Type::I64),
                    None => {
                        self.effect(op);
                        return None;
                    }
                }
            }
            HelperCall::Kfunc => {
                let callee = self.kfunc(row, result);
                let op = Op::CallKfunc { callee, args: values };
                match result {
                    Some(ty) => self.value(op, ty),
                    None => {
                        self.effect(op);
                        return None;
                    }
                }
            }
            HelperCall::ByteSwap => return None,
        };
        let ty = super::machine_type(&self.module.types, expr.ty).unwrap_or(Type::I64);
        Some(match take {
            Take::All => self.resize(raw, ty, false),
            Take::Low32 => self.resize(raw, Type::I32, false),
            Take::High32 => {
                let shift = self.iconst(Type::I64, 32);
                let high = self.op(Op::Binary(BinaryOp::Lshr, [raw, shift]));
                self.resize(high, Type::I32, false)
            }
        })
    }

    /// Clears text that a helper writes anew: what is behind its NUL would count where it is a key of a map.
    fn clear_text(&mut self, row: &Helper, args: &[Option<Expr>], values: &[Value]) {
        for (arg, (given, dst)) in row.args.iter().zip(args.iter().zip(values)) {
            let (ArgumentKind::MemOut, Some(given)) = (&arg.kind, given) else { continue };
            let of = match *self.type_of(given.ty) {
                T::Ptr { to, .. } => to,
                _ => given.ty,
            };
            // Whoever gives a size means a part.
            let is_size =
                |other: &Argument| matches!(&other.kind, ArgumentKind::SizeOf(name) if *name == arg.name);
            let whole = row.args.iter().zip(args).all(|(other, given)| !is_size(other) || given.is_none());
            if let (T::Str { len }, true) = (self.type_of(of), whole) {
                let len = *len;
                self.effect(Op::MemSet { dst: *dst, byte: 0, len });
            }
        }
    }

    fn result_type(&self, row: &Helper, ty: TypeId) -> Option<Type> {
        match &row.returns.kind {
            ResultKind::Void => None,
            ResultKind::Scalar(name) if name == "bool" => Some(Type::I1),
            ResultKind::Scalar(name) => {
                let (bits, _) = c_int(name).unwrap_or((64, true));
                Type::int(u32::from(bits))
            }
            _ => super::machine_type(&self.module.types, ty),
        }
    }

    pub(super) fn argument(
        &mut self,
        row: &Helper,
        arg: &Argument,
        given: Option<&Expr>,
        all: &[Option<Expr>],
        call: &Expr,
    ) -> Option<Value> {
        if let Some(expr) = given {
            self.span = expr.span;
        }
        let is_kfunc = row.call == HelperCall::Kfunc;
        Some(match &arg.kind {
            ArgumentKind::Ctx | ArgumentKind::CtxOr(_) if given.is_none() => match self.ctx {
                Some(ctx) => ctx,
                None => {
                    self.cx.emit(
                        Diagnostic::error(
                            "no-context",
                            format!("`{}` needs the program's context", row.name),
                        )
                        .at(call.span)
                        .help("call it in the program itself, not in a function that it calls"),
                    );
                    return None;
                }
            },
            ArgumentKind::SizeOf(of) => {
                let width = if is_kfunc { Type::I32 } else { Type::I64 };
                let at = row.args.iter().position(|a| a.name == *of)?;
                match given {
                    Some(expr) => {
                        let size = self.int_value(expr, width);
                        let memory = all.get(at)?.as_ref();
                        let most = memory.and_then(|memory| extent(&self.module.types, memory));
                        let least = u32::from(!is_kfunc && !arg.or_zero);
                        most.map_or(size, |most| self.bounded_size(size, least, most))
                    }
                    None => {
                        let size = self.size_behind(all.get(at)?.as_ref()?)?;
                        self.iconst(width, i64::from(size))
                    }
                }
            }
            ArgumentKind::Scalar(name) => {
                let (bits, signed) = c_int(name).unwrap_or((64, true));
                let narrow = Type::int(u32::from(bits)).unwrap_or(Type::I64);
                let value = self.int_value(given?, if name == "bool" { Type::I1 } else { narrow });
                if is_kfunc { value } else { self.resize(value, Type::I64, signed) }
            }
            ArgumentKind::Map(_)
            | ArgumentKind::Callback(_)
            | ArgumentKind::PerCpu
            | ArgumentKind::Reserved => self.expr(given?),
            ArgumentKind::MapValue
                if arg.default == Some(0) && matches!(given?.kind, ExprKind::Int(0) | ExprKind::None) =>
            {
                self.value(Op::Null, Type::nullable(Region::Mem))
            }
            ArgumentKind::MapKey | ArgumentKind::MapValue => {
                let map = all.iter().flatten().find_map(|e| crate::kernel::map_of(&self.module.types, e))?;
                let map = &self.module.maps[map];
                let ty = if arg.kind == ArgumentKind::MapKey { map.key } else { map.value }?;
                self.in_memory(given?, ty, &arg.name)
            }
            // "write into map forbidden": the verifier lets a kernel function write to what is not constant in its prototype.
            ArgumentKind::Text
                if let (Some("char"), Some(ExprKind::Text(text))) =
                    (arg.points_to.as_deref(), given.map(|e| &e.kind)) =>
            {
                let span = self.span;
                let text = self.module.intern_text_in(Section::Data, text, span);
                self.op(Op::GlobalAddr(text))
            }
            ArgumentKind::MemIn | ArgumentKind::Text => self.readable(given?, &arg.name, arg.default),
            ArgumentKind::Object(_)
                if arg.default == Some(0) && matches!(given?.kind, ExprKind::Int(0) | ExprKind::None) =>
            {
                self.value(Op::Null, Type::nullable(Region::Mem))
            }
            ArgumentKind::MemOut | ArgumentKind::MapValueOut | ArgumentKind::Object(_) => {
                self.writable(given?, row, arg)?
            }
            ArgumentKind::KernelAddress
                if is_kfunc && matches!(given?.kind, ExprKind::Int(0) | ExprKind::None) =>
            {
                self.value(Op::Null, Type::nullable(Region::Kernel))
            }
            ArgumentKind::KernelAddress | ArgumentKind::UserAddress => {
                let value = self.expr(given?);
                if self.func.type_of(value).is_int() { self.resize(value, Type::I64, false) } else { value }
            }
            ArgumentKind::Arena if matches!(given?.kind, ExprKind::Int(0) | ExprKind::None) => {
                self.value(Op::Null, Type::nullable(Region::Arena))
            }
            ArgumentKind::TypeId => {
                let value = self.expr(given?);
                self.resize(value, Type::I64, false)
            }
            ArgumentKind::Arena | ArgumentKind::Allocated | ArgumentKind::GraphNode(_) => self.expr(given?),
            ArgumentKind::Kptr | ArgumentKind::GraphRoot(_) => {
                let address = self.address(given?);
                self.materialize(address)
            }
            ArgumentKind::Kernel(_)
            | ArgumentKind::KptrValue(_)
            | ArgumentKind::Ctx
            | ArgumentKind::CtxOr(_) => {
                let expr = given?;
                if matches!(expr.kind, ExprKind::None | ExprKind::Int(0)) {
                    return Some(self.value(Op::Null, Type::nullable(Region::Kernel)));
                }
                if let T::Record(_) = self.type_of(expr.ty) {
                    let address = self.address(expr);
                    return Some(self.materialize(address));
                }
                self.expr(expr)
            }
        })
    }

    /// The size of the object that an argument gives.
    fn size_behind(&mut self, expr: &Expr) -> Option<u32> {
        let ty = match *self.type_of(expr.ty) {
            T::Ptr { to, .. } => to,
            _ => expr.ty,
        };
        let size = self.module.types.size_of(ty);
        if size == 0 {
            self.cx.emit(
                Diagnostic::error("unknown-size", "the size of this memory is not known")
                    .at(expr.span)
                    .help("give the size"),
            );
            return None;
        }
        Some(size)
    }

    /// A pointer to memory that a helper reads.
    fn readable(&mut self, expr: &Expr, name: &str, default: Option<i64>) -> Value {
        if default == Some(0) && matches!(expr.kind, ExprKind::Int(0) | ExprKind::None) {
            return self.value(Op::Null, Type::nullable(Region::Mem));
        }
        match *self.type_of(expr.ty) {
            T::Ptr {
                region: Region::Kernel | Region::KernelUntrusted | Region::User | Region::Arena,
                to,
                ..
            } if self.module.types.size_of(to) > 0 => {
                // Helpers read the program's own memory only.
                let dst = self.slot(name, to);
                let copy = Expr { kind: ExprKind::Deref(Box::new(expr.clone())), ty: to, span: expr.span };
                self.store_expr(Address::Plain(dst, 0), to, &copy);
                dst
            }
            T::Ptr { .. } => self.expr(expr),
            _ if self.module.types.is_scalar(expr.ty) => self.in_memory(expr, expr.ty, name),
            _ => {
                let value = self.expr(expr);
                let region = self.func.type_of(value).region();
                if matches!(region, Some(Region::Kernel | Region::KernelUntrusted | Region::User)) {
                    let dst = self.slot(name, expr.ty);
                    let len = self.module.types.size_of(expr.ty);
                    self.effect(Op::MemCopy { dst, src: value, len });
                    return dst;
                }
                value
            }
        }
    }

    /// A pointer to memory that a helper fills.
    fn writable(&mut self, expr: &Expr, row: &Helper, arg: &Argument) -> Option<Value> {
        if let ExprKind::Local(id) = &expr.kind
            && let Some(slot) = self.slots.get(id).copied()
        {
            return Some(self.op(Op::SlotAddr(slot)));
        }
        if matches!(self.type_of(expr.ty), T::Ptr { .. }) {
            return Some(self.expr(expr));
        }
        if self.module.types.is_scalar(expr.ty)
            && !matches!(expr.kind, ExprKind::Field(..) | ExprKind::Index(..) | ExprKind::Global(_))
        {
            self.cx.emit(
                Diagnostic::error(
                    "type-mismatch",
                    format!("`{}` of `{}` needs a buffer to write to", arg.name, row.name),
                )
                .at(expr.span)
                .help("make one: `buf = str(16)`"),
            );
            return None;
        }
        let address = self.address(expr);
        Some(self.materialize(address))
    }

    /// Zero-extends a truth value for a helper.
    pub(super) fn widened(&mut self, value: Value, signed: bool) -> Value {
        if self.func.type_of(value) == Type::I1 {
            return self.value(Op::Cast(CastKind::Zext, value), Type::I64);
        }
        self.resize(value, Type::I64, signed)
    }
}

//! What is told of numbers in network byte order.
//!
//! Promises: the constant's place, and how it is written rightly. Leaves out: which values are in network byte order.

use super::super::{Checker, constant};
use super::{Order, Orders, reads_the_same};
use pbpf_core::ast::CompareOp;
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::{BinaryOp, Expr, ExprKind, FuncId, Place, PlaceKind, Stmt, StmtKind};
use pbpf_core::source::Span;
use pbpf_core::types::Type;

impl Checker<'_, '_> {
    /// Adds what is wrong in a comparison.
    pub(super) fn compared(
        &self,
        orders: &Orders,
        func: FuncId,
        e: &Expr,
        found: &mut Vec<(Span, Diagnostic)>,
    ) {
        match &e.kind {
            ExprKind::Compare(first, rest) => {
                let mut left = &**first;
                for (op, right) in rest {
                    let sides = [(left, right, false), (right, left, true)];
                    let warning = sides
                        .into_iter()
                        .find_map(|(field, other, back)| self.pair(orders, func, field, *op, other, back));
                    found.extend(warning);
                    left = right;
                }
            }
            ExprKind::New(fields) => {
                let Type::Record(record) = *self.module.types.get(e.ty) else { return };
                for (name, value) in fields {
                    if self.module.types.is_network(record, name)
                        && let Some((_, field)) = self.module.types.find_field(record, name)
                        && let Type::Int { bits, .. } = *self.module.types.get(field.ty)
                    {
                        self.assigned_constants((name, None), bits, value, found);
                    }
                }
            }
            _ => {}
        }
    }

    fn pair(
        &self,
        orders: &Orders,
        func: FuncId,
        field: &Expr,
        op: CompareOp,
        other: &Expr,
        back: bool,
    ) -> Option<(Span, Diagnostic)> {
        let Some(Order::Network(bits)) = self.order(orders, func, field) else { return None };
        // In a pattern the subject has the place of the pattern.
        let text = |e: &Expr| self.cx.sources.snippet(e.span).to_owned();
        let written = field.span != other.span && !matches!(field.kind, ExprKind::Helper { .. });
        let name = if written { format!("`{}`", text(field)) } else { "the value".to_owned() };
        if let Some(number) = constant::value(&self.module.types, other) {
            if !changes(number, bits) {
                return None;
            }
            let swap = Swap::of(bits);
            let mut warning = Diagnostic::warning(
                "byte-order",
                format!("{name} is in network byte order, and {} is not", text(other)),
            )
            .at(other.span);
            warning = match (swap, written) {
                (Some(swap), true) => {
                    let (left, right) = (format!("{}({})", swap.to_host, text(field)), text(other));
                    let (left, right) = if back { (right, left) } else { (left, right) };
                    let read = format!("{left} {} {right}", op.as_str());
                    match op {
                        CompareOp::Eq | CompareOp::Ne => warning.help(format!(
                            "write `{read}`, or compare with `{}({})`",
                            swap.to_network,
                            text(other)
                        )),
                        _ => warning.help(format!("write `{read}`")),
                    }
                }
                (Some(swap), false) => warning.help(format!("give the subject as `{}(...)`", swap.to_host)),
                (None, _) => warning.help("swap the bytes of one of them"),
            };
            return Some((other.span, warning));
        }
        // `tcp.dest < htons(1024)`: equal numbers stay equal, but which is greater is another question.
        let ExprKind::Helper { helper, args, .. } = &other.kind else { return None };
        let ordered = matches!(op, CompareOp::Lt | CompareOp::Le | CompareOp::Gt | CompareOp::Ge);
        let arg = args.first()?.as_ref()?;
        let constant = constant::value(&self.module.types, arg)?;
        if !ordered || !self.registry.helper(*helper).row.network || !changes(constant, bits) {
            return None;
        }
        let mut warning = Diagnostic::warning(
            "byte-order",
            format!("{name} is in network byte order, which has no greater and less"),
        )
        .at(other.span);
        if let Some(swap) = Swap::of(bits) {
            warning = warning.help(format!("compare `{}(...)` with the number as it is", swap.to_host));
        }
        Some((other.span, warning))
    }

    /// Adds what is wrong in assignments.
    pub(super) fn stored(&self, func: FuncId, block: &[Stmt], found: &mut Vec<(Span, Diagnostic)>) {
        for stmt in block {
            match &stmt.kind {
                StmtKind::Assign { places, value } => {
                    places.iter().for_each(|place| self.stored_in(func, place, None, value, found));
                }
                StmtKind::Unpack { places, values } => {
                    places
                        .iter()
                        .zip(values)
                        .for_each(|(place, value)| self.stored_in(func, place, None, value, found));
                }
                StmtKind::Update { place, op: op @ (BinaryOp::Add | BinaryOp::Sub), value, .. } => {
                    self.stored_in(func, place, Some(*op), value, found);
                }
                _ => {}
            }
            stmt.kind.blocks().into_iter().for_each(|inner| self.stored(func, inner, found));
        }
    }

    fn stored_in(
        &self,
        func: FuncId,
        place: &Place,
        op: Option<BinaryOp>,
        value: &Expr,
        found: &mut Vec<(Span, Diagnostic)>,
    ) {
        let order = match &place.kind {
            PlaceKind::Field { base, name } => self.field_order(func, base, name),
            PlaceKind::Index { base, .. } => match &base.kind {
                ExprKind::Field(of, name) => self.field_order(func, of, name),
                _ => return,
            },
            _ => return,
        };
        if let Order::Network(bits) = order {
            let name = self.cx.sources.snippet(place.span).to_owned();
            self.assigned_constants((&name, op), bits, value, found);
        }
    }

    fn assigned_constants(
        &self,
        (name, op): (&str, Option<BinaryOp>),
        bits: u8,
        value: &Expr,
        found: &mut Vec<(Span, Diagnostic)>,
    ) {
        for (number, part) in constant::values(&self.module.types, value) {
            if !changes(number, bits)
                || matches!(&part.kind, ExprKind::Convert(inner) if inner.span != part.span)
            {
                continue;
            }
            let text = self.cx.sources.snippet(part.span);
            let mut warning = Diagnostic::warning(
                "byte-order",
                format!("`{name}` is in network byte order, and {text} is not"),
            )
            .at(part.span);
            if let Some(swap) = Swap::of(bits) {
                let Swap { to_host, to_network } = swap;
                warning = warning.help(match op {
                    Some(op) => {
                        format!("write `{name} = {to_network}({to_host}({name}) {} {text})`", op.as_str())
                    }
                    None => format!("write `{to_network}({text})`"),
                });
            }
            found.push((part.span, warning));
        }
    }
}

/// The functions for a width, as Python knows them.
struct Swap {
    to_host: &'static str,
    to_network: &'static str,
}

impl Swap {
    fn of(bits: u8) -> Option<Self> {
        match bits {
            16 => Some(Self { to_host: "ntohs", to_network: "htons" }),
            32 => Some(Self { to_host: "ntohl", to_network: "htonl" }),
            _ => None,
        }
    }
}

/// Whether a number that fits so many bits is another with its bytes swapped. One that does not fit is a matter of its own.
fn changes(number: i128, bits: u8) -> bool {
    (-(1i128 << (bits - 1))..1i128 << bits).contains(&number) && !reads_the_same(number, bits)
}

//! Numbers in network byte order beside those that are not.
//!
//! Promises: where a field that the kernel declares big-endian (`__be16`), a field of the context whose row says so, or a variable that
//! holds nothing else meets a constant as it is written, a warning. Silent are `htons(..)`, what reads the same in both orders, and a
//! conversion that is written out: `c_uint16(eth.h_proto)` are the bytes as they lie.
//! Leaves out: values that are not constants, and arithmetic, which is right in sums of checksums and masks of addresses.

mod told;

use super::{Checker, constant};
use pbpf_core::hir::{
    BinaryOp, Expr, ExprKind, FuncId, FunctionKind, LocalId, Over, Place, PlaceKind, Stmt, StmtKind,
};
use pbpf_core::types::{Region, Type};
use std::collections::{BTreeMap, BTreeSet};

/// How the bytes of a number are ordered, where something is known. What reads the same in both orders says nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    /// Network order, of that many bits.
    Network(u8),
    /// The processor's, or one that is not known.
    Other,
}

/// What variables and functions give, over the whole module: a variable is in network order if all that it is assigned is.
#[derive(Default)]
struct Orders {
    locals: BTreeMap<(FuncId, LocalId), Order>,
    results: BTreeMap<FuncId, Order>,
    changed: bool,
}

impl Orders {
    fn local(&mut self, func: FuncId, local: LocalId, order: Option<Order>) {
        let known = self.locals.get(&(func, local)).copied();
        let joined = join(known, order);
        if joined != known {
            self.locals.extend(joined.map(|order| ((func, local), order)));
            self.changed = true;
        }
    }

    fn result(&mut self, func: FuncId, order: Option<Order>) {
        let known = self.results.get(&func).copied();
        let joined = join(known, order);
        if joined != known {
            self.results.extend(joined.map(|order| (func, order)));
            self.changed = true;
        }
    }
}

fn join(a: Option<Order>, b: Option<Order>) -> Option<Order> {
    match (a, b) {
        (None, known) | (known, None) => known,
        (Some(a), Some(b)) => Some(if a == b { a } else { Order::Other }),
    }
}

impl Checker<'_, '_> {
    pub(super) fn byte_order(&mut self) {
        let module = self.module;
        if module.types.network.is_empty() && !self.has_network_context() {
            return;
        }
        let mut orders = Orders::default();
        // Two steps up at most for each variable, so that this ends.
        loop {
            orders.changed = false;
            for (id, function) in module.functions.iter() {
                if matches!(function.kind, FunctionKind::Program(_)) {
                    function.params.iter().for_each(|p| orders.local(id, *p, Some(Order::Other)));
                }
                self.assignments(&mut orders, id, &function.body);
            }
            if !orders.changed {
                break;
            }
        }
        let mut told = BTreeSet::new();
        for (id, function) in module.functions.iter() {
            let mut found = Vec::new();
            crate::walk::exprs(&function.body, &mut |e| self.compared(&orders, id, e, &mut found));
            self.stored(id, &function.body, &mut found);
            // A function may be there once for each kind of arguments.
            for (span, warning) in found {
                if told.insert(span) {
                    self.cx.emit(warning);
                }
            }
        }
    }

    fn has_network_context(&self) -> bool {
        self.module.functions.iter().any(|(id, _)| {
            self.running(id).iter().any(|r| r.row.context.fields.iter().any(|f| f.network != 0))
        })
    }

    /// Takes up what the statements of a block assign.
    fn assignments(&self, orders: &mut Orders, func: FuncId, block: &[Stmt]) {
        for stmt in block {
            match &stmt.kind {
                StmtKind::Assign { places, value } => {
                    let order = self.order(orders, func, value);
                    places.iter().filter_map(local_of).for_each(|l| orders.local(func, l, order));
                }
                StmtKind::Unpack { places, values } => {
                    for (place, value) in places.iter().zip(values) {
                        let order = self.order(orders, func, value);
                        local_of(place).into_iter().for_each(|l| orders.local(func, l, order));
                    }
                }
                StmtKind::Update { place, op, value, .. } => {
                    let order =
                        if keeps_order(*op) { self.order(orders, func, value) } else { Some(Order::Other) };
                    local_of(place).into_iter().for_each(|l| orders.local(func, l, order));
                }
                StmtKind::For { over: Over::Values { local, values, .. }, .. } => {
                    for value in values {
                        let order = self.order(orders, func, value);
                        orders.local(func, *local, order);
                    }
                }
                StmtKind::For { over, .. } => {
                    over.locals().into_iter().for_each(|l| orders.local(func, l, Some(Order::Other)));
                }
                StmtKind::Match { local, value, .. } => {
                    let order = self.order(orders, func, value);
                    orders.local(func, *local, order);
                }
                StmtKind::Return(Some(value)) => {
                    let order = self.order(orders, func, value);
                    orders.result(func, order);
                }
                _ => {}
            }
            stmt.kind.blocks().into_iter().for_each(|inner| self.assignments(orders, func, inner));
        }
        crate::walk::exprs(block, &mut |e| match &e.kind {
            ExprKind::Walrus(local, value) => {
                let order = self.order(orders, func, value);
                orders.local(func, *local, order);
            }
            ExprKind::Call(callee, args) => {
                for arg in args {
                    let order = self.order(orders, func, &arg.value);
                    if let Some(param) = self.module.functions[*callee].params.get(arg.param) {
                        orders.local(*callee, *param, order);
                    }
                }
            }
            // What calls it back gives what it likes.
            ExprKind::Function(callee) => {
                let params = &self.module.functions[*callee].params;
                params.iter().for_each(|p| orders.local(*callee, *p, Some(Order::Other)));
            }
            _ => {}
        });
    }

    /// The order of a value; nothing where it is not known yet, or is the same in both.
    fn order(&self, orders: &Orders, func: FuncId, value: &Expr) -> Option<Order> {
        match &value.kind {
            ExprKind::Local(local) => orders.locals.get(&(func, *local)).copied(),
            ExprKind::Field(base, name) => Some(self.field_order(func, base, name)),
            ExprKind::Index(base, _) => match base.kind {
                ExprKind::Field(..) => self.order(orders, func, base),
                _ => Some(Order::Other),
            },
            ExprKind::Walrus(_, inner) | ExprKind::After(_, inner) => self.order(orders, func, inner),
            // One that was put in, not written.
            ExprKind::Convert(inner) if inner.span == value.span => self.order(orders, func, inner),
            ExprKind::If(_, a, b) => join(self.order(orders, func, a), self.order(orders, func, b)),
            ExprKind::Binary(op, a, b) if keeps_order(*op) => {
                join(self.order(orders, func, a), self.order(orders, func, b))
            }
            ExprKind::Call(callee, _) => orders.results.get(callee).copied(),
            ExprKind::Helper { helper, args, .. } if self.registry.helper(*helper).row.network => {
                let arg = args.first()?.as_ref()?;
                match self.order(orders, func, arg) {
                    // Swapped back.
                    Some(Order::Network(_)) => Some(Order::Other),
                    _ => Some(Order::Network(self.swapped_bits(value)?)),
                }
            }
            _ => match constant::value(&self.module.types, value) {
                Some(number) if reads_the_same(number, 16) && reads_the_same(number, 32) => None,
                _ => Some(Order::Other),
            },
        }
    }

    /// The order of what a field holds, or of the elements of the array that it is.
    fn field_order(&self, func: FuncId, base: &Expr, name: &str) -> Order {
        let types = &self.module.types;
        let (owner, region) = match *types.get(base.ty) {
            Type::Ptr { to, region, .. } => (to, Some(region)),
            _ => (base.ty, None),
        };
        if region == Some(Region::Ctx) {
            let running = self.running(func);
            let bits = running.iter().map(|r| r.row.context_field(name).map_or(0, |f| f.network));
            return match bits.min() {
                Some(bits) if bits > 0 => Order::Network(bits),
                _ => Order::Other,
            };
        }
        let Type::Record(record) = *types.get(owner) else { return Order::Other };
        if !types.is_network(record, name) {
            return Order::Other;
        }
        let Some((_, field)) = types.find_field(record, name) else { return Order::Other };
        match *types.get(types.element(field.ty).map_or(field.ty, |(element, _)| element)) {
            Type::Int { bits, .. } => Order::Network(bits),
            _ => Order::Other,
        }
    }

    fn swapped_bits(&self, call: &Expr) -> Option<u8> {
        match self.module.types.get(call.ty) {
            Type::Int { bits, .. } => Some(*bits),
            _ => None,
        }
    }
}

/// Operators that take bits one by one, wherever they lie.
fn keeps_order(op: BinaryOp) -> bool {
    matches!(op, BinaryOp::And | BinaryOp::Or | BinaryOp::Xor)
}

fn local_of(place: &Place) -> Option<LocalId> {
    match place.kind {
        PlaceKind::Local(local) => Some(local),
        _ => None,
    }
}

fn reads_the_same(number: i128, bits: u8) -> bool {
    let low = (number & ((1i128 << bits) - 1)) as u64;
    low.swap_bytes() >> (64 - u32::from(bits)) == low
}

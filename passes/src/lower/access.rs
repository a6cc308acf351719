//! Memory: addresses, loads, stores and copies.
//!
//! Promises: a field of a kernel struct stays a path, to be relocated; any other is a constant offset.
//! Leaves out: how regions are read.

use super::{Lowering, machine_type};
use pbpf_core::hir::{Expr, ExprKind};
use pbpf_core::mir::{
    BinaryOp, CastKind, Cond, FieldQuery, FieldStep, Op, Query, RecordQuery, Type, UnaryOp, Value,
};
use pbpf_core::types::{Field, Origin, RecordId, Region, Type as T, TypeId};

/// An address that is not an instruction yet.
#[derive(Clone, Debug)]
pub(super) enum Address {
    /// A pointer and bytes behind it.
    Plain(Value, i32),
    /// A way into a kernel record, relocated when the object is loaded.
    Path(Value, RecordId, Vec<FieldStep>),
}

impl Lowering<'_, '_> {
    /// The address where an expression of aggregate type lives.
    pub(super) fn address(&mut self, expr: &Expr) -> Address {
        self.span = expr.span;
        match &expr.kind {
            ExprKind::Local(id) if self.slots.contains_key(id) => {
                let ptr = self.op(Op::SlotAddr(self.slots[id]));
                Address::Plain(ptr, 0)
            }
            ExprKind::Global(id) => {
                let ptr = self.op(Op::GlobalAddr(*id));
                Address::Plain(ptr, 0)
            }
            ExprKind::Field(base, name) => self.field_address(base, name),
            ExprKind::Index(base, index) => self.index_address(base, index),
            ExprKind::Deref(pointer) => Address::Plain(self.reached(pointer).0, 0),
            _ => Address::Plain(self.expr(expr), 0),
        }
    }

    /// The pointer to an address.
    pub(super) fn materialize(&mut self, address: Address) -> Value {
        match address {
            Address::Plain(ptr, 0) => ptr,
            Address::Plain(ptr, offset) => {
                let offset = self.iconst(Type::I64, i64::from(offset));
                self.op(Op::PtrAdd(ptr, offset))
            }
            Address::Path(base, record, path) => self.op(Op::FieldAddr { base, record, path }),
        }
    }

    /// Whether fields of the record are relocated in that region: the kernel's own memory is, packets are not.
    pub(super) fn relocated(&self, record: RecordId, region: Region) -> bool {
        self.module.types.records[record].origin == Origin::Kernel
            && matches!(region, Region::Kernel | Region::KernelUntrusted | Region::Ctx)
    }

    /// Whether an object behind that region is of a kernel record whose fields are relocated.
    fn is_kernel(&self, base: &Expr, region: Region) -> bool {
        let record = match *self.type_of(base.ty) {
            T::Ptr { to, .. } => to,
            _ => base.ty,
        };
        matches!(*self.type_of(record), T::Record(record) if self.relocated(record, region))
    }

    /// A pointer that something is read through, and where it points.
    fn reached(&mut self, base: &Expr) -> (Value, Region) {
        let region = crate::kernel::behind(&self.module.types, base).unwrap_or(Region::KernelUntrusted);
        let nullable = matches!(self.type_of(base.ty), T::Ptr { region: Region::Kernel, nullable: true, .. });
        if nullable
            && region == Region::KernelUntrusted
            && let ExprKind::Field(..) | ExprKind::Index(..) = base.kind
        {
            // Read by copying already: of what it reads itself the verifier knows that it may be null, and allows nothing
            // ("pointer arithmetic on rcu_ptr_or_null_ prohibited, null-check it first").
            let address = match self.address(base) {
                Address::Plain(pointer, offset) => Address::Plain(self.untrusted(pointer), offset),
                Address::Path(pointer, record, path) => Address::Path(self.untrusted(pointer), record, path),
            };
            let void = self.module.types.void();
            let plain = self.module.types.ptr(void, region, false);
            return (self.load_from(address, plain), region);
        }
        let pointer = self.expr(base);
        if region == Region::KernelUntrusted { (self.untrusted(pointer), region) } else { (pointer, region) }
    }

    fn field_address(&mut self, base: &Expr, name: &str) -> Address {
        let span = self.span;
        if let T::Ptr { to, .. } = *self.type_of(base.ty) {
            let (pointer, region) = self.reached(base);
            self.span = span;
            if region == Region::Ctx && self.type_of(to) == &T::Void {
                let Some(record) = self.context_record() else { return Address::Plain(pointer, 0) };
                return Address::Path(pointer, record, vec![FieldStep::Field(name.to_owned())]);
            }
            let T::Record(record) = *self.type_of(to) else { return Address::Plain(pointer, 0) };
            if self.relocated(record, region) {
                return Address::Path(pointer, record, vec![FieldStep::Field(name.to_owned())]);
            }
            return Address::Plain(pointer, self.field_offset(record, name));
        }
        let T::Record(record) = *self.type_of(base.ty) else { return self.address(base) };
        let region = crate::kernel::region_of(&self.module.types, base);
        let address = self.address(base);
        self.span = span;
        match address {
            place @ Address::Plain(..) if region.is_some_and(|r| self.relocated(record, r)) => {
                let pointer = self.materialize(place);
                Address::Path(pointer, record, vec![FieldStep::Field(name.to_owned())])
            }
            Address::Plain(ptr, offset) => Address::Plain(ptr, offset + self.field_offset(record, name)),
            Address::Path(base, record, mut path) => {
                path.push(FieldStep::Field(name.to_owned()));
                Address::Path(base, record, path)
            }
        }
    }

    /// The record of an open context: of those it may be, the one that `infer` took.
    fn context_record(&self) -> Option<RecordId> {
        let program = self.program()?;
        let row = &self.cx.registry.program_type(program.program_type).row;
        let names = crate::infer::context_records(program, row);
        names.iter().find_map(|name| {
            let known =
                |r: &pbpf_core::types::Record| r.name == *name && r.origin == Origin::Kernel && r.size > 0;
            self.module.types.records.iter().find(|(_, r)| known(r)).map(|(id, _)| id)
        })
    }

    /// Bytes from the start of a record to a field, also behind anonymous members.
    fn field_offset(&self, record: RecordId, name: &str) -> i32 {
        self.find_field(record, name).map_or(0, |(bits, _)| (bits / 8) as i32)
    }

    /// The offset in bits and the declaration of a field.
    pub(super) fn find_field(&self, record: RecordId, name: &str) -> Option<(u32, Field)> {
        self.module.types.find_field(record, name).map(|(bits, field)| (bits, field.clone()))
    }

    fn index_address(&mut self, base: &Expr, index: &Expr) -> Address {
        let span = self.span;
        let through_pointer = matches!(self.type_of(base.ty), T::Ptr { .. });
        // `infer` has refused what has no elements.
        let (element, len) = self.module.types.element(base.ty).unwrap_or((base.ty, None));
        let size = self.module.types.size_of(element);
        let address =
            if through_pointer { Address::Plain(self.reached(base).0, 0) } else { self.address(base) };
        let relocated = match *self.type_of(element) {
            T::Record(record) => crate::kernel::element_region(&self.module.types, base, index)
                .filter(|region| self.relocated(record, *region))
                .map(|_| record),
            _ => None,
        };
        if let ExprKind::Int(at) = index.kind
            && (at == 0 || relocated.is_none() || matches!(address, Address::Path(..)))
        {
            self.span = span;
            return match address {
                Address::Plain(ptr, offset) => {
                    // The verifier knows one object behind a trusted pointer.
                    let ptr = if at == 0 || !through_pointer { ptr } else { self.untrusted(ptr) };
                    Address::Plain(ptr, offset + (at as i32).wrapping_mul(size as i32))
                }
                Address::Path(base, record, mut path) => {
                    path.push(FieldStep::Index(at as u32));
                    Address::Path(base, record, path)
                }
            };
        }
        let at = self.int_value(index, Type::I64);
        self.span = span;
        let at = match len {
            // A length of 0 is a flexible array, whose length is not in its type.
            Some(len) if len > 0 => self.bounded_index(at, len),
            _ => at,
        };
        match address {
            // The base moves, and the first element is taken of where it then is.
            Address::Path(base, record, mut path) => {
                let stride = if relocated.is_some() && len != Some(1) {
                    self.stride(record, &path)
                } else {
                    self.iconst(Type::I64, i64::from(size))
                };
                let by = self.op(Op::Binary(BinaryOp::Mul, [at, stride]));
                let base = self.moved_by(base, by);
                path.push(FieldStep::Index(0));
                Address::Path(base, record, path)
            }
            plain @ Address::Plain(..) => {
                let base = self.materialize(plain);
                let stride = match relocated {
                    Some(record) => self.op(Op::Query(Query::Record(RecordQuery::Size, record))),
                    None => self.iconst(Type::I64, i64::from(size)),
                };
                let offset = self.op(Op::Binary(BinaryOp::Mul, [at, stride]));
                Address::Plain(self.moved_by(base, offset), 0)
            }
        }
    }

    /// From one element to the next in an array of kernel records, which may have no name to ask the size of.
    fn stride(&mut self, record: RecordId, array: &[FieldStep]) -> Value {
        let [second, first] = [1, 0].map(|at| {
            let mut path = array.to_vec();
            path.push(FieldStep::Index(at));
            self.op(Op::Query(Query::Field(FieldQuery::Offset, record, path)))
        });
        self.op(Op::Binary(BinaryOp::Sub, [second, first]))
    }

    /// The pointer moved by bytes; a trusted one is a plain address from there on.
    pub(super) fn moved_by(&mut self, pointer: Value, mut bytes: Value) -> Value {
        if self.func.type_of(pointer).region() == Some(Region::Kernel) && self.func.constant(bytes).is_none()
        {
            // Kernels before 6.4 move what they know the type of by no number without bounds: "math between ptr_ pointer and
            // register with unbounded min value is not allowed". No object has 256 MiB.
            let shift = self.iconst(Type::I64, 35);
            let top = self.op(Op::Binary(BinaryOp::Shl, [bytes, shift]));
            bytes = self.op(Op::Binary(BinaryOp::Ashr, [top, shift]));
        }
        let pointer = self.untrusted(pointer);
        self.op(Op::PtrAdd(pointer, bytes))
    }

    /// A trusted pointer as a plain address: what the verifier cannot follow is read by copying.
    pub(super) fn untrusted(&mut self, pointer: Value) -> Value {
        if self.func.type_of(pointer).region() != Some(Region::Kernel) {
            return pointer;
        }
        let number = self.op(Op::PtrToInt(pointer));
        self.value(Op::IntToPtr(number), Type::ptr(Region::KernelUntrusted))
    }

    /// The index, checked: outside the array the program returns its default.
    fn bounded_index(&mut self, index: Value, len: u32) -> Value {
        // Without the copy LLVM drops the check where it knows the bound by means that the verifier does not have
        // (`q % 10`): "math between map_value pointer and register with unbounded min value is not allowed".
        let index = self.op(Op::Unary(UnaryOp::Opaque, index));
        let limit = self.iconst(Type::I64, i64::from(len));
        let inside = self.op(Op::Icmp(Cond::Ult, [index, limit]));
        let next = self.new_block();
        let failure = self.failure_block();
        self.branch(inside, next, failure);
        self.seal(next);
        self.switch_to(next);
        let span = self.span;
        self.cx.explain(span, || format!("the index is checked against the length {len}"));
        index
    }

    /// The size, checked where it is not known: outside the range the program returns its default.
    pub(super) fn bounded_size(&mut self, size: Value, least: u32, most: u32) -> Value {
        if self.func.constant(size).is_some() {
            return size;
        }
        let ty = self.func.type_of(size);
        let bounds = [(Cond::Ule, most), (Cond::Ugt, 0)];
        let mut size = size;
        for (cond, bound) in bounds.into_iter().take(1 + least.min(1) as usize) {
            // A copy for each: of both comparisons LLVM makes one of another number, and "R2 min value is negative, either use unsigned
            // or 'var &= const'".
            size = self.op(Op::Unary(UnaryOp::Opaque, size));
            let mut bound = self.iconst(ty, i64::from(bound));
            if cond == Cond::Ugt {
                // Of `size != 0`, which LLVM makes of it, kernels before 6.8 learn nothing: "invalid zero-sized read".
                bound = self.op(Op::Unary(UnaryOp::Opaque, bound));
            }
            let inside = self.op(Op::Icmp(cond, [size, bound]));
            let next = self.new_block();
            let failure = self.failure_block();
            self.branch(inside, next, failure);
            self.seal(next);
            self.switch_to(next);
        }
        let span = self.span;
        self.cx.explain(span, || format!("the size is checked: {least} to {most}"));
        size
    }

    /// Reads a value of a scalar type.
    pub(super) fn load_from(&mut self, address: Address, ty: TypeId) -> Value {
        let (ptr, offset) = match address {
            Address::Plain(ptr, offset) => (ptr, offset),
            path @ Address::Path(..) => (self.materialize(path), 0),
        };
        let Some(machine) = machine_type(&self.module.types, ty) else { return ptr };
        if machine == Type::I1 {
            let byte = self.value(Op::Load { ptr, offset }, Type::I8);
            let zero = self.iconst(Type::I8, 0);
            return self.op(Op::Icmp(Cond::Ne, [byte, zero]));
        }
        self.value(Op::Load { ptr, offset }, machine)
    }

    /// Reads a field or element of scalar type, or gives the address of an aggregate one.
    pub(super) fn read_place(&mut self, expr: &Expr) -> Value {
        if let ExprKind::Field(base, name) = &expr.kind
            && self.has_bits(base, name)
            && crate::kernel::region_of(&self.module.types, expr).is_some_and(|r| self.is_kernel(base, r))
        {
            let Address::Path(base, record, path) = self.address(expr) else {
                return self.iconst(Type::I64, 0);
            };
            self.span = expr.span;
            let ty = machine_type(&self.module.types, expr.ty).unwrap_or(Type::I64);
            let wide =
                self.value(Op::LoadBits { base, record, path }, if ty == Type::I1 { Type::I8 } else { ty });
            return if ty == Type::I1 { self.value(Op::Cast(CastKind::Trunc, wide), ty) } else { wide };
        }
        if let ExprKind::Field(base, name) = &expr.kind
            && let Some((base_ptr, bits, width)) = self.bitfield(base, name)
        {
            let size = self.record_size(base.ty);
            return self.load_bits(base_ptr, (bits, width, size), expr.ty);
        }
        let address = self.address(expr);
        self.span = expr.span;
        if self.module.types.is_scalar(expr.ty) {
            self.load_from(address, expr.ty)
        } else {
            self.materialize(address)
        }
    }

    /// The base pointer, bit offset and width of a bitfield.
    pub(super) fn bitfield(&mut self, base: &Expr, name: &str) -> Option<(Value, u32, u32)> {
        let record_type = match *self.type_of(base.ty) {
            T::Ptr { to, .. } => to,
            _ => base.ty,
        };
        let T::Record(record) = *self.type_of(record_type) else { return None };
        let (bits, field) = self.find_field(record, name)?;
        let width = field.bit_size?;
        let ptr = self.expr(base);
        Some((ptr, bits, width))
    }

    /// Writes a scalar that already has the type of the place.
    pub(super) fn store(&mut self, ptr: Value, offset: i32, value: Value, _ty: TypeId) {
        let value = if self.func.type_of(value) == Type::I1 {
            self.value(Op::Cast(CastKind::Zext, value), Type::I8)
        } else {
            value
        };
        self.effect(Op::Store { ptr, offset, value });
    }

    /// Stores the value of an expression, converted, at an address.
    pub(super) fn store_expr(&mut self, address: Address, ty: TypeId, value: &Expr) {
        if self.module.types.is_scalar(ty) {
            let value = self.converted(value, ty);
            match address {
                Address::Plain(ptr, offset) => self.store(ptr, offset, value, ty),
                path @ Address::Path(..) => {
                    let ptr = self.materialize(path);
                    self.store(ptr, 0, value, ty);
                }
            }
            return;
        }
        let dst = self.materialize(address);
        self.fill(dst, ty, value);
    }
}

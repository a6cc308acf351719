//! Results and operands of instructions that are no calls: rules M017 to M025, M032 and M033.
//!
//! Promises: one arm for each instruction. Leaves out: calls and what becomes calls (`calls.rs`).

use super::function::{Check, assignable};
use super::records::fits;
use crate::entity::Table;
use crate::mir::path::follow;
use crate::mir::{
    BinaryOp, CastKind, Cond, ExternId, ExternKind, FieldStep, Function, FunctionKind, GlobalId, InstData,
    Op, Query, RecordQuery, Region, Slot, Type, UnaryOp, Value,
};
use crate::types::{Origin, RecordId};
use std::collections::BTreeSet;

/// Something with a size that is known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Object {
    Slot(Slot),
    Global(GlobalId),
}

/// The pointers of which it is known where in which object they point.
pub(super) struct Known {
    places: Table<Value, Option<(Object, i64)>>,
}

impl Known {
    pub(super) fn new(func: &Function) -> Self {
        Self { places: func.values.keys().map(|_| None).collect() }
    }
}

/// Whether an instruction has a result.
#[derive(PartialEq, Eq)]
enum Gives {
    Always,
    Maybe,
    Never,
}

fn gives(op: &Op) -> Gives {
    match op {
        Op::Atomic { .. }
        | Op::CallHelper { .. }
        | Op::CallKfunc { .. }
        | Op::Call { .. }
        | Op::MapUpdate { .. }
        | Op::MapDelete { .. } => Gives::Maybe,
        Op::Store { .. }
        | Op::MemCopy { .. }
        | Op::TextCopy { .. }
        | Op::MemSet { .. }
        | Op::SlotLive(_)
        | Op::SlotDead(_)
        | Op::CtxStore { .. }
        | Op::Print { .. }
        | Op::Jump(_)
        | Op::Branch { .. }
        | Op::Switch { .. }
        | Op::Return(_) => Gives::Never,
        _ => Gives::Always,
    }
}

/// Whether memory is behind pointers of that region.
pub(super) fn is_memory(region: Region) -> bool {
    !matches!(region, Region::PacketEnd | Region::PerCpu | Region::Dynptr | Region::Map | Region::Func)
}

/// Whether a pointer of that region is a plain address, whose null reads as an error of the copying helper.
pub(in crate::mir) fn is_address(region: Region) -> bool {
    matches!(region, Region::KernelUntrusted | Region::User)
}

impl Check<'_> {
    pub(super) fn ty(&self, value: Value) -> Type {
        self.func.type_of(value)
    }

    pub(super) fn instruction(&mut self, data: &InstData) {
        let result = data.result.map(|v| self.ty(v));
        match (gives(&data.op), result) {
            (Gives::Always, None) => {
                return self.add("M017", "an instruction that gives a value has no result");
            }
            (Gives::Never, Some(_)) => {
                return self.add("M017", "an instruction that gives no value has a result");
            }
            _ => {}
        }
        // Of calls and loads the caller says what they give; the others must agree with their operands.
        let wants = match &data.op {
            // A choice may be null where the first arm is not.
            Op::Select(..) => None,
            Op::MapLookup { .. } => None,
            op => op.inferred_type(|v| self.func.type_of(v)),
        };
        if let (Some(has), Some(wants)) = (result, wants)
            && has != wants
        {
            self.add("M017", format!("the result is {has}; the operands give {wants}"));
        }
        self.operands(data, result.unwrap_or(Type::I64));
    }

    fn operands(&mut self, data: &InstData, result: Type) {
        match &data.op {
            Op::Iconst(value) => {
                if !result.is_int() {
                    self.add("M017", format!("a constant is {result}"));
                } else if !fits(*value, result.bits()) {
                    self.add("M018", format!("{value} does not fit {result}"));
                }
            }
            Op::Null => {
                if !result.is_nullable() {
                    self.add("M017", format!("null is {result}"));
                }
            }
            Op::Binary(op, [a, b]) => self.binary(*op, self.ty(*a), self.ty(*b)),
            Op::Unary(op, a) => {
                let ty = self.ty(*a);
                let right = match op {
                    UnaryOp::Not => ty.is_int(),
                    UnaryOp::Neg => ty.is_int() && ty != Type::I1,
                    UnaryOp::Bswap => matches!(ty, Type::I16 | Type::I32 | Type::I64),
                    UnaryOp::Opaque => !ty.is_int() || matches!(ty, Type::I32 | Type::I64),
                };
                if !right {
                    self.add("M019", format!("`{}` does not take {ty}", op.as_str()));
                }
            }
            Op::Icmp(cond, [a, b]) => self.compare(*cond, self.ty(*a), self.ty(*b)),
            Op::Cast(kind, a) => {
                let ty = self.ty(*a);
                let right = match kind {
                    CastKind::Zext | CastKind::Sext => ty.bits() < result.bits(),
                    CastKind::Trunc => ty.bits() > result.bits(),
                };
                if !(right && ty.is_int() && result.is_int()) {
                    self.add("M019", format!("`{}` does not make {result} of {ty}", kind.as_str()));
                }
            }
            Op::Select(cond, [a, b]) => {
                self.truth(*cond);
                let (a, b) = (self.ty(*a), self.ty(*b));
                if !assignable(a, result) || !assignable(b, result) {
                    self.add("M019", format!("`select` of {a} and {b} gives {result}"));
                }
            }
            Op::SlotAddr(_) | Op::GlobalAddr(_) | Op::MapAddr(_) | Op::FuncAddr(_) => self.address_of(data),
            Op::PtrAdd(ptr, by) => {
                self.moves(*ptr);
                if self.ty(*by) != Type::I64 {
                    self.add("M019", format!("a pointer moves by an i64, not by {}", self.ty(*by)));
                }
                if let (Some(result), Some(by)) = (data.result, self.func.constant(*by)) {
                    self.derive(result, *ptr, by);
                }
            }
            Op::PtrSub(both) => {
                let regions = both.map(|v| self.ty(v).region());
                let right = |r: &Option<Region>| r.is_some_and(|r| !matches!(r, Region::Map | Region::Func));
                if !regions.iter().all(right) {
                    let [a, b] = both.map(|v| self.ty(v));
                    self.add("M019", format!("`ptr_sub` does not take {a} and {b}"));
                }
            }
            Op::FieldAddr { base, record, path } => self.field(data, *base, *record, path),
            Op::LoadBits { base, record, path } => self.bits(*base, *record, path, result),
            Op::Query(query) => self.query(query),
            Op::ExternAddr(id) => self.variable(*id, result),
            Op::PtrToInt(a) => {
                if self.ty(*a).is_int() {
                    self.add("M019", format!("`ptr_to_int` does not take {}", self.ty(*a)));
                }
            }
            Op::IntToPtr(a) => {
                let to = result.region();
                if self.ty(*a) != Type::I64 || to.is_none_or(|r| matches!(r, Region::Map | Region::Func)) {
                    self.add("M019", format!("`int_to_ptr` does not make {result} of {}", self.ty(*a)));
                }
            }
            Op::Refine(value) => {
                let ty = self.ty(*value);
                if !ty.is_nullable() {
                    self.add("M022", format!("`refine` takes {value}, which is {ty}"));
                } else if self.checked && self.reachable && !self.non_null.contains(*value) {
                    self.add("M044", format!("`refine` takes {value}, which may be null here"));
                }
                self.non_null.add(*value);
                if let Some(result) = data.result {
                    self.derive(result, *value, 0);
                }
            }
            Op::Load { ptr, offset } => self.access(*ptr, i64::from(*offset), result.bytes()),
            Op::Store { ptr, offset, value } => {
                self.access(*ptr, i64::from(*offset), self.ty(*value).bytes());
            }
            Op::MemCopy { dst, src, len } => {
                self.access(*dst, 0, *len);
                self.access(*src, 0, *len);
            }
            Op::TextCopy { dst, src, len } => {
                if *len == 0 {
                    self.add("M019", "`text_copy` copies nothing");
                }
                self.access(*dst, 0, *len);
                self.access(*src, 0, 1);
            }
            Op::MemSet { dst, len, .. } => self.access(*dst, 0, *len),
            Op::Atomic { op, ptr, offset, value } => {
                let ty = self.ty(*value);
                if !matches!(ty, Type::I32 | Type::I64) {
                    self.add("M019", format!("`atomic.{}` does not take {ty}", op.as_str()));
                } else if data.result.is_some() && result != ty {
                    self.add("M017", format!("the result is {result}; the operands give {ty}"));
                }
                self.access(*ptr, i64::from(*offset), ty.bytes());
            }
            Op::SlotLive(slot) | Op::SlotDead(slot) => self.slot(*slot),
            Op::Jump(_) => {}
            Op::Branch { cond, .. } => self.truth(*cond),
            Op::Switch { value, cases, .. } => {
                let ty = self.ty(*value);
                if !ty.is_int() {
                    return self.add("M019", format!("`switch` does not take {ty}"));
                }
                let mut seen = BTreeSet::new();
                for (case, _) in cases {
                    if !fits(*case, ty.bits()) {
                        self.add("M018", format!("case {case} does not fit {ty}"));
                    }
                    // 255 and -1 are one value of eight bits.
                    if !seen.insert(case << (64 - ty.bits())) {
                        self.add("M032", format!("case {case} is there twice"));
                    }
                }
            }
            Op::Return(value) => {
                let (gives, wants) = (value.map(|v| self.ty(v)), self.func.ret);
                let right = match (gives, wants) {
                    (None, None) => true,
                    (Some(gives), Some(wants)) => assignable(gives, wants),
                    _ => false,
                };
                if !right {
                    let show = |ty: Option<Type>| ty.map_or("nothing".to_owned(), |ty| ty.to_string());
                    self.add(
                        "M033",
                        format!("{} is returned; the function gives {}", show(gives), show(wants)),
                    );
                }
            }
            _ => self.call_like(data, result),
        }
    }

    fn binary(&mut self, op: BinaryOp, a: Type, b: Type) {
        // Truth values are not numbers.
        let right = match op {
            BinaryOp::And | BinaryOp::Or | BinaryOp::Xor => a.is_int(),
            _ => a.is_int() && a != Type::I1,
        };
        if a != b || !right {
            self.add("M019", format!("`{}` does not take {a} and {b}", op.as_str()));
        }
    }

    fn compare(&mut self, cond: Cond, a: Type, b: Type) {
        let signed = matches!(cond, Cond::Slt | Cond::Sle | Cond::Sgt | Cond::Sge);
        let right = if a.is_int() { a == b } else { !b.is_int() && !signed };
        if !right {
            self.add("M019", format!("`icmp.{}` does not take {a} and {b}", cond.as_str()));
        }
    }

    fn truth(&mut self, cond: Value) {
        if self.ty(cond) != Type::I1 {
            self.add("M019", format!("the condition {cond} is {}", self.ty(cond)));
        }
    }

    fn slot(&mut self, slot: Slot) {
        if self.func.slots.get(slot).is_none() {
            self.add("M016", "a slot is named that does not exist");
        }
    }

    fn address_of(&mut self, data: &InstData) {
        let object = match data.op {
            Op::SlotAddr(slot) => {
                self.slot(slot);
                Some(Object::Slot(slot))
            }
            Op::GlobalAddr(id) => {
                if self.module.globals.get(id).is_none() {
                    self.add("M020", format!("{id} does not exist"));
                }
                Some(Object::Global(id))
            }
            Op::MapAddr(id) => {
                if self.module.maps.get(id).is_none() {
                    self.add("M020", format!("{id} does not exist"));
                }
                None
            }
            Op::FuncAddr(id) => {
                match self.module.functions.get(id).map(|f| &f.kind) {
                    None => self.add("M020", format!("{id} does not exist")),
                    Some(FunctionKind::Callback) => {}
                    Some(FunctionKind::Subprogram(linkage)) if linkage.is_static() => {}
                    Some(_) => self.add("M020", format!("{id} is called by no helper")),
                }
                None
            }
            _ => None,
        };
        if let (Some(object), Some(result)) = (object, data.result)
            && let Some(place) = self.known.places.get_mut(result)
        {
            *place = Some((object, 0));
        }
    }

    /// `result` points `by` bytes behind `base`.
    fn derive(&mut self, result: Value, base: Value, by: i64) {
        let place = self.known.places.get(base).copied().flatten();
        if let Some(entry) = self.known.places.get_mut(result) {
            *entry = place.and_then(|(object, at)| Some((object, at.checked_add(by)?)));
        }
    }

    fn field(&mut self, data: &InstData, base: Value, record: RecordId, path: &[FieldStep]) {
        self.moves(base);
        let Some(owner) = self.module.types.records.get(record) else {
            return self.add("M021", format!("record {record} does not exist"));
        };
        match follow(&self.module.types, record, path) {
            Err(why) => self.add("M021", why),
            Ok(place) if place.bit_size.is_some() => self.add("M021", "a bitfield has no address"),
            Ok(place) => {
                // Where the field of a kernel record is, only the running kernel knows.
                if let Some(result) = data.result
                    && owner.origin != Origin::Kernel
                {
                    self.derive(result, base, i64::try_from(place.offset()).unwrap_or(i64::MAX));
                }
            }
        }
    }

    fn bits(&mut self, base: Value, record: RecordId, path: &[FieldStep], result: Type) {
        self.moves(base);
        if self.module.types.records.get(record).is_none_or(|r| r.origin != Origin::Kernel) {
            return self.add("M035", format!("{record} is no record of the kernel"));
        }
        match follow(&self.module.types, record, path) {
            Err(why) => self.add("M035", why),
            Ok(place) if place.bit_size.is_none() => self.add("M035", "what is read is no bitfield"),
            Ok(_) if !result.is_int() || result == Type::I1 => {
                self.add("M017", format!("a bitfield is {result}"));
            }
            Ok(_) => {}
        }
    }

    fn query(&mut self, query: &Query) {
        let types = &self.module.types;
        let named = match query {
            // The object's own types are asked for their number alone.
            Query::Record(RecordQuery::LocalId, record) => types.records.get(*record).is_some(),
            Query::Field(_, record, _) | Query::Record(_, record) => {
                types.records.get(*record).is_some_and(|r| r.origin == Origin::Kernel && !r.name.is_empty())
            }
            Query::Enum(_, id, _) => types.enums.get(*id).is_some_and(|e| !e.name.is_empty()),
        };
        if !named {
            self.add("M034", "what is asked about is no record or enum of the kernel by name");
        } else if let Err(why) = query.answer(types) {
            self.add("M034", why);
        }
    }

    fn variable(&mut self, id: ExternId, result: Type) {
        let Some(data) = self.module.externs.get(id) else {
            return self.add("M036", format!("{id} does not exist"));
        };
        let region = result.region();
        let right = match data.kind {
            ExternKind::Function => false,
            ExternKind::Config => result == Type::ptr(Region::MapValue),
            ExternKind::Symbol => {
                matches!(region, Some(Region::Kernel | Region::KernelUntrusted | Region::PerCpu))
                    && result.is_nullable() == data.weak
            }
        };
        if !right {
            self.add("M036", format!("the address of `{}` is no {result}", data.name));
        }
    }

    /// The pointer must be one that can be moved.
    fn moves(&mut self, ptr: Value) {
        match self.ty(ptr) {
            Type::Ptr { region, nullable } => {
                if nullable && self.checked && !is_address(region) {
                    self.add("M043", format!("{ptr} may be null and is moved"));
                }
                if !is_memory(region) {
                    self.add("M024", format!("{ptr} points to {} and is moved", region.describe()));
                }
            }
            ty => self.add("M019", format!("{ptr} is {ty} and no pointer")),
        }
    }

    /// The pointer must be one that can be read and written through, here `len` bytes at `offset`.
    pub(super) fn access(&mut self, ptr: Value, offset: i64, len: u32) {
        match self.ty(ptr) {
            Type::Ptr { region, nullable } => {
                if nullable && self.checked && !is_address(region) {
                    self.add("M043", format!("{ptr} may be null and is accessed"));
                }
                if !is_memory(region) {
                    self.add("M024", format!("{ptr} points to {} and is accessed", region.describe()));
                }
            }
            ty => return self.add("M019", format!("{ptr} is {ty} and no pointer")),
        }
        let Some((object, at)) = self.known.places.get(ptr).copied().flatten() else { return };
        let size = match object {
            Object::Slot(slot) => self.func.slots.get(slot).map(|s| s.size),
            Object::Global(id) => self.module.globals.get(id).map(|g| self.module.types.size_of(g.ty)),
        };
        let Some(size) = size else { return };
        let start = at.saturating_add(offset);
        if start < 0 || start.saturating_add(i64::from(len)) > i64::from(size) {
            let what = match object {
                Object::Slot(slot) => slot.to_string(),
                Object::Global(id) => id.to_string(),
            };
            self.add("M025", format!("{len} bytes at {start} of {what} are accessed, which has {size}"));
        }
    }
}

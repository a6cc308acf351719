//! Keys, values and entries of maps.
//!
//! Promises: a key or value in memory has every byte written. Leaves out: the calls, which `legalise` makes.

use super::Lowering;
use super::access::Address;
use super::assign::Update;
use pbpf_core::hir::BinaryOp as Hir;
use pbpf_core::hir::{Expr, MapId};
use pbpf_core::mir::{self, AtomicOp, Cond, Op, Type, Value};
use pbpf_core::types::{Region, TypeId};

impl Lowering<'_, '_> {
    pub(super) fn get(&mut self, map: MapId, key: &Expr, default: &Expr, expr: &Expr) -> Value {
        let key = self.key(map, key);
        let fallback = self.converted(default, expr.ty);
        self.span = expr.span;
        let pointer = self.op(Op::MapLookup { map, key });
        let null = self.value(Op::Null, Type::nullable(Region::MapValue));
        let there = self.op(Op::Icmp(Cond::Ne, [pointer, null]));
        let (yes, next) = (self.new_block(), self.new_block());
        let machine = self.func.type_of(fallback);
        let result = self.func.add_block_param(next, machine);
        let absent = mir::BlockCall { block: next, args: vec![fallback] };
        self.terminate(Op::Branch {
            cond: there,
            then: mir::BlockCall { block: yes, args: Vec::new() },
            otherwise: absent,
        });
        self.seal(yes);
        self.switch_to(yes);
        let refined = self.op(Op::Refine(pointer));
        let value_type = self.module.maps[map].value.unwrap_or(expr.ty);
        let loaded = self.load_from(Address::Plain(refined, 0), value_type);
        let value = self.convert_value(loaded, value_type, expr.ty);
        self.terminate(Op::Jump(mir::BlockCall { block: next, args: vec![value] }));
        self.seal(next);
        self.switch_to(next);
        result
    }

    /// A key: a number of the key's size, or a pointer to one.
    pub(super) fn key(&mut self, map: MapId, key: &Expr) -> Value {
        let ty = self.module.maps[map].key.unwrap_or(key.ty);
        self.map_operand(key, ty, "key")
    }

    /// A value to be stored: a number of the value's size, or a pointer to one.
    pub(super) fn map_value(&mut self, map: MapId, value: &Expr) -> Value {
        let ty = self.module.maps[map].value.unwrap_or(value.ty);
        self.map_operand(value, ty, "value")
    }

    pub(super) fn map_operand(&mut self, expr: &Expr, ty: TypeId, name: &str) -> Value {
        if self.is_number(ty) {
            let value = self.converted(expr, ty);
            return if self.func.type_of(value) == Type::I1 {
                self.value(Op::Cast(mir::CastKind::Zext, value), Type::I8)
            } else {
                value
            };
        }
        self.in_memory(expr, ty, name)
    }

    /// `m[key] op= value`: an absent key starts from zero. Addition and the bit operations on 32 and 64 bits are atomic.
    pub(super) fn update_item(&mut self, map: MapId, key: &Expr, ty: TypeId, update: &Update<'_>) {
        let span = self.span;
        let machine = super::machine_type(&self.module.types, ty).unwrap_or(Type::I64);
        let key = self.key(map, key);
        let by = self.expr(update.value);
        self.span = span;
        let (found, next) = (self.new_block(), self.new_block());
        let entry = self.func.add_block_param(found, Type::ptr(Region::MapValue));
        let first = self.op(Op::MapLookup { map, key });
        // An array has every entry that it can have: what it does not find it does not take either.
        let is_full = matches!(self.module.maps[map].kind.as_str(), "array" | "percpu_array");
        let absent = if is_full { next } else { self.new_block() };
        self.found(first, found, absent);
        if !is_full {
            self.seal(absent);
            self.switch_to(absent);
            // Another processor may insert at the same time: only if the key is absent, then look again.
            let zero = self.iconst(machine, 0);
            let only_new = self.iconst(Type::I64, 1);
            self.op(Op::MapUpdate { map, key, value: zero, flags: only_new });
            let again = self.op(Op::MapLookup { map, key });
            self.found(again, found, next);
        }
        self.seal(found);
        self.switch_to(found);
        self.add_to(entry, ty, by, update);
        self.jump(next);
        self.join(next);
    }

    /// Goes to `found` with the pointer that a lookup gave, or to `absent`.
    fn found(&mut self, pointer: Value, found: mir::Block, absent: mir::Block) {
        let null = self.value(Op::Null, Type::nullable(Region::MapValue));
        let there = self.op(Op::Icmp(Cond::Ne, [pointer, null]));
        let checked = self.new_block();
        self.branch(there, checked, absent);
        self.seal(checked);
        self.switch_to(checked);
        let entry = self.op(Op::Refine(pointer));
        self.terminate(Op::Jump(mir::BlockCall { block: found, args: vec![entry] }));
    }

    /// `*place op= by`.
    fn add_to(&mut self, place: Value, ty: TypeId, by: Value, update: &Update<'_>) {
        let machine = super::machine_type(&self.module.types, ty).unwrap_or(Type::I64);
        let atomic = match update.op {
            Hir::Add | Hir::Sub => Some(AtomicOp::Add),
            Hir::And => Some(AtomicOp::And),
            Hir::Or => Some(AtomicOp::Or),
            Hir::Xor => Some(AtomicOp::Xor),
            _ => None,
        };
        let signed = self.is_signed(update.value.ty);
        match atomic.filter(|_| matches!(machine, Type::I32 | Type::I64)) {
            Some(atomic) => {
                let mut by = self.resize(by, machine, signed);
                if update.op == Hir::Sub {
                    by = self.op(Op::Unary(pbpf_core::mir::UnaryOp::Neg, by));
                }
                self.effect(Op::Atomic { op: atomic, ptr: place, offset: 0, value: by });
            }
            None => {
                let current = self.load_from(Address::Plain(place, 0), ty);
                let new = self.combined(current, ty, by, update);
                self.store(place, 0, new, ty);
            }
        }
    }
}

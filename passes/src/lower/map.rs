//! Keys, values and entries of maps.
//!
//! Promises: a key or value in memory has every byte written. Leaves out: the calls, which `legalise` makes.

use super::Lowering;
use super::access::Address;
use super::assign::Update;
use pbpf_core::diag::Diagnostic;
use pbpf_core::hir::BinaryOp as Hir;
use pbpf_core::hir::{Expr, MapId, MapRef};
use pbpf_core::mir::{self, AtomicOp, Cond, Op, Type, Value};
use pbpf_core::registry::HelperId;
use pbpf_core::rows::{HelperCall, MapKey};
use pbpf_core::source::Span;
use pbpf_core::target::Cpu;
use pbpf_core::types::{Region, TypeId};

/// A map that is about to be used: the handle is evaluated once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    map: MapId,
    handle: Option<Value>,
}

impl Lowering<'_, '_> {
    /// Evaluates which map an expression means.
    pub(super) fn target(&mut self, map: &MapRef) -> Target {
        Target { map: map.map, handle: map.handle.as_ref().map(|h| self.expr(h)) }
    }

    /// Whether operations on it are helper calls here already: MIR's own name a map and give values.
    fn is_concrete(&self, target: Target) -> bool {
        target.handle.is_some() || self.module.maps[target.map].inner.is_some()
    }

    /// A call of one of the helpers that every map has.
    fn map_call(&mut self, name: &str, target: Target, args: &[Value], result: Type) -> Value {
        let map = target.handle.unwrap_or_else(|| self.op(Op::MapAddr(target.map)));
        let id =
            self.cx.registry.find_helper(name).and_then(|id| match self.cx.registry.helper(id).row.call {
                HelperCall::Id(number) => Some(number),
                _ => None,
            });
        let Some(id) = id else {
            let message = format!("a map operation needs the helper `{name}`, which no plugin brings");
            self.cx.emit(
                Diagnostic::error("unknown-helper", message)
                    .at(self.span)
                    .help("`pbpf plugin list` shows what is loaded"),
            );
            return self.value(Op::Null, Type::nullable(Region::MapValue));
        };
        let args = std::iter::once(map).chain(args.iter().copied()).collect();
        self.value(Op::CallHelper { name: name.to_owned(), id, args }, result)
    }

    /// Looks a key up: a pointer to the value or a handle of an inner map, or null.
    pub(super) fn find(&mut self, target: Target, key: Value) -> Value {
        if !self.is_concrete(target) {
            return self.op(Op::MapLookup { map: target.map, key });
        }
        let region =
            if self.module.maps[target.map].inner.is_some() { Region::Map } else { Region::MapValue };
        self.map_call("bpf_map_lookup_elem", target, &[key], Type::nullable(region))
    }

    /// Stores a value: 0 or a negative errno.
    pub(super) fn put(&mut self, target: Target, key: Value, value: Value, flags: Value) -> Value {
        if !self.is_concrete(target) {
            return self.op(Op::MapUpdate { map: target.map, key, value, flags });
        }
        self.map_call("bpf_map_update_elem", target, &[key, value, flags], Type::I64)
    }

    /// Removes a key: 0 or a negative errno.
    pub(super) fn remove(&mut self, target: Target, key: Value) -> Value {
        if !self.is_concrete(target) {
            return self.op(Op::MapDelete { map: target.map, key });
        }
        self.map_call("bpf_map_delete_elem", target, &[key], Type::I64)
    }

    pub(super) fn get(&mut self, map: &MapRef, key: &Expr, default: &Expr, expr: &Expr) -> Value {
        let target = self.target(map);
        let key = self.key(target, key);
        let fallback = self.converted(default, expr.ty);
        self.span = expr.span;
        let pointer = self.find(target, key);
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
        let value_type = self.module.maps[target.map].value.unwrap_or(expr.ty);
        let loaded = self.load_from(Address::Plain(refined, 0), value_type);
        let value = self.convert_value(loaded, value_type, expr.ty);
        self.terminate(Op::Jump(mir::BlockCall { block: next, args: vec![value] }));
        self.seal(next);
        self.switch_to(next);
        result
    }

    /// `m.setdefault(key, value)`.
    pub(super) fn set_default(&mut self, map: &MapRef, key: &Expr, value: &Expr, span: Span) -> Value {
        let target = self.target(map);
        let key = self.key(target, key);
        let value = self.map_value(target, value);
        self.span = span;
        let pointer = self.find(target, key);
        let ty = Type::nullable(Region::MapValue);
        let null = self.value(Op::Null, ty);
        let there = self.op(Op::Icmp(Cond::Ne, [pointer, null]));
        let (absent, next) = (self.new_block(), self.new_block());
        let result = self.func.add_block_param(next, ty);
        self.terminate(Op::Branch {
            cond: there,
            then: mir::BlockCall { block: next, args: vec![pointer] },
            otherwise: mir::BlockCall { block: absent, args: Vec::new() },
        });
        self.seal(absent);
        self.switch_to(absent);
        let only_new = self.iconst(Type::I64, 1);
        self.put(target, key, value, only_new);
        let again = self.find(target, key);
        self.terminate(Op::Jump(mir::BlockCall { block: next, args: vec![again] }));
        self.seal(next);
        self.switch_to(next);
        result
    }

    /// `m.pop()`: a pointer to a copy of the value, or null where there is none.
    pub(super) fn take(&mut self, map: &MapRef, helper: HelperId, span: Span) -> Value {
        let target = self.target(map);
        self.span = span;
        let value = self.module.maps[target.map].value.unwrap_or_else(|| self.module.types.void());
        let slot = self.slot("value", value);
        let row = &self.cx.registry.helper(helper).row;
        let (name, HelperCall::Id(id)) = (row.name.clone(), row.call) else { return slot };
        let address = target.handle.unwrap_or_else(|| self.op(Op::MapAddr(target.map)));
        let status = self.value(Op::CallHelper { name, id, args: vec![address, slot] }, Type::I64);
        let zero = self.iconst(Type::I64, 0);
        let taken = self.op(Op::Icmp(Cond::Eq, [status, zero]));
        let ty = Type::nullable(Region::Stack);
        let null = self.value(Op::Null, ty);
        let next = self.new_block();
        let result = self.func.add_block_param(next, ty);
        self.terminate(Op::Branch {
            cond: taken,
            then: mir::BlockCall { block: next, args: vec![slot] },
            otherwise: mir::BlockCall { block: next, args: vec![null] },
        });
        self.seal(next);
        self.switch_to(next);
        result
    }

    /// Whether a map without keys has a value, by the method of its kind that asks.
    pub(super) fn ask(&mut self, target: Target, value: &Expr, span: Span) -> Value {
        let value = match self.module.maps[target.map].value {
            Some(ty) => self.in_memory(value, ty, "value"),
            None => self.expr(value),
        };
        self.span = span;
        let kind = self.module.maps[target.map].kind.clone();
        let method = self.cx.registry.map_methods(&kind).find(|m| m.asks);
        let name = method.map(|m| m.helper.clone()).unwrap_or_default();
        let status = self.map_call(&name, target, &[value], Type::I64);
        let zero = self.iconst(Type::I64, 0);
        self.op(Op::Icmp(Cond::Eq, [status, zero]))
    }

    /// A key: a number of the key's size, or a pointer to one.
    pub(super) fn key(&mut self, target: Target, key: &Expr) -> Value {
        let ty = self.module.maps[target.map].key.unwrap_or(key.ty);
        if self.is_concrete(target) {
            return self.in_memory(key, ty, "key");
        }
        self.map_operand(key, ty, "key")
    }

    /// A value to be stored: a number of the value's size, or a pointer to one.
    pub(super) fn map_value(&mut self, target: Target, value: &Expr) -> Value {
        let ty = self.module.maps[target.map].value.unwrap_or(value.ty);
        if self.is_concrete(target) {
            return self.in_memory(value, ty, "value");
        }
        self.map_operand(value, ty, "value")
    }

    /// A scalar of the map's value type, to be stored.
    pub(super) fn scalar_value(&mut self, target: Target, value: Value) -> Value {
        let Some(ty) = self.module.maps[target.map].value.filter(|_| self.is_concrete(target)) else {
            return value;
        };
        let slot = self.slot("value", ty);
        self.store(slot, 0, value, ty);
        slot
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
    pub(super) fn update_item(&mut self, map: &MapRef, key: &Expr, ty: TypeId, update: &Update<'_>) {
        let span = self.span;
        let machine = super::machine_type(&self.module.types, ty).unwrap_or(Type::I64);
        let target = self.target(map);
        let key = self.key(target, key);
        let by = self.expr(update.value);
        self.span = span;
        // An array has every entry that it can have: what it does not find it does not take either.
        let kind = self.cx.registry.map_kind(&self.module.maps[target.map].kind);
        let is_full = kind.is_some_and(|k| k.key == MapKey::Index);
        // In the order in which LLVM is to lay them out, for it turns no branch around for BPF.
        let missing = (!is_full).then(|| self.new_block());
        let (found, next) = (self.new_block(), self.new_block());
        let absent = missing.unwrap_or(next);
        let entry = self.func.add_block_param(found, Type::ptr(Region::MapValue));
        let first = self.find(target, key);
        self.found(first, found, absent);
        if !is_full {
            self.seal(absent);
            self.switch_to(absent);
            // Another processor may insert at the same time: only if the key is absent, then look again.
            let zero = self.iconst(machine, 0);
            let only_new = self.iconst(Type::I64, 1);
            let zero = self.scalar_value(target, zero);
            self.put(target, key, zero, only_new);
            let again = self.find(target, key);
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
            // Before v3 there is only addition.
            _ if self.cx.target.cpu < Cpu::V3 => None,
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

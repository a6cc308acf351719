//! Map operations as helper calls.
//!
//! Promises: what a helper reads is memory that it can read, wholly written. Leaves out: maps without keys, whose
//! operations are the user's helper calls.

use super::Site;
use pbpf_core::mir::{CastKind, MapId, Op, Type, Value};
use pbpf_core::types::{Region, TypeId};

impl Site<'_, '_, '_> {
    pub(super) fn map_lookup(&mut self, map: MapId, key: Value) -> Op {
        let key = self.key(map, key);
        let map = self.op(Op::MapAddr(map));
        self.helper_call("bpf_map_lookup_elem", vec![map, key], "a lookup")
    }

    pub(super) fn map_update(&mut self, map: MapId, key: Value, value: Value, flags: Value) -> Op {
        let key = self.key(map, key);
        let value = match self.module.maps.get(map).and_then(|m| m.value) {
            Some(ty) => self.item("value", value, ty),
            None => value,
        };
        let map = self.op(Op::MapAddr(map));
        self.helper_call("bpf_map_update_elem", vec![map, key, value, flags], "an update")
    }

    pub(super) fn map_delete(&mut self, map: MapId, key: Value) -> Op {
        let key = self.key(map, key);
        let map = self.op(Op::MapAddr(map));
        self.helper_call("bpf_map_delete_elem", vec![map, key], "a deletion")
    }

    fn key(&mut self, map: MapId, key: Value) -> Value {
        match self.module.maps.get(map).and_then(|m| m.key) {
            Some(ty) => self.item("key", key, ty),
            None => key,
        }
    }

    /// A pointer that helpers take to a key or value.
    fn item(&mut self, name: &str, item: Value, ty: TypeId) -> Value {
        let size = self.module.types.size_of(ty);
        let has = self.func.type_of(item);
        match has.region() {
            // Before 6.2 helpers take keys and values from these only.
            Some(Region::Stack | Region::MapValue | Region::Packet | Region::PacketMeta) => item,
            Some(_) => {
                let slot = self.slot(name, size);
                let copy = self.copy(slot, item, size);
                if matches!(copy, Op::CallHelper { .. } | Op::MemCopy { .. }) {
                    self.build().effect(copy);
                }
                slot
            }
            None => {
                let wide = Type::int(size * 8).unwrap_or(has);
                let number = match wide.bits().cmp(&has.bits().max(8)) {
                    std::cmp::Ordering::Greater => self.value(Op::Cast(CastKind::Zext, item), wide),
                    std::cmp::Ordering::Less => self.value(Op::Cast(CastKind::Trunc, item), wide),
                    std::cmp::Ordering::Equal => item,
                };
                self.number(name, item, number, size.max(1))
            }
        }
    }
}

//! Renumbering: what the text form calls a thing becomes its id.
//!
//! Promises: after [`Module::compact`] the tables of each function hold exactly what its layout holds, in the order of
//! the text; slots without a use and types that nothing names are gone; records, enums, maps, globals, externs and
//! functions keep their ids. Compacting twice changes nothing more. The meaning stays.
//! Leaves out: repairing. A use of something that does not exist becomes a use of the last id there can be, which the
//! verifier reports.

use super::{
    Block, BlockData, Function, Inst, InstData, Module, Op, Slot, StructOpsMember, Value, ValueData, ValueDef,
};
use crate::entity::{Entity, Table};
use crate::types::{Type, TypeId, Types};

/// New ids by old ids.
struct Renumbering<K> {
    new: Vec<Option<K>>,
}

impl<K: Entity> Renumbering<K> {
    fn new(len: usize) -> Self {
        Self { new: vec![None; len] }
    }

    fn set(&mut self, old: K, new: K) {
        if let Some(entry) = self.new.get_mut(old.index()) {
            *entry = Some(new);
        }
    }

    fn is_set(&self, old: K) -> bool {
        self.new.get(old.index()).is_some_and(Option::is_some)
    }

    fn of(&self, old: K) -> K {
        self.new.get(old.index()).copied().flatten().unwrap_or_else(|| K::new(u32::MAX as usize))
    }
}

impl Function {
    /// Renumbers blocks, instructions, values and slots in the order of the text, and drops what is dead.
    pub fn compact(&mut self) {
        let mut blocks: Renumbering<Block> = Renumbering::new(self.blocks.len());
        let mut insts: Renumbering<Inst> = Renumbering::new(self.insts.len());
        let mut values: Renumbering<Value> = Renumbering::new(self.values.len());
        let mut new_blocks: Table<Block, BlockData> = Table::new();
        let (mut inst_order, mut new_values) = (Vec::new(), Table::new());
        let ty = |value: Value| self.values.get(value).map_or(super::Type::I64, |v| v.ty);
        for &old in &self.layout {
            let Some(data) = self.blocks.get(old).filter(|_| !blocks.is_set(old)) else { continue };
            let failed = self.blocks.get(old).is_some_and(|b| b.failed);
            let block = new_blocks.push(BlockData { failed, ..BlockData::default() });
            blocks.set(old, block);
            for &param in &data.params {
                let new = new_values.push(ValueData { ty: ty(param), def: ValueDef::Param(block) });
                values.set(param, new);
                new_blocks[block].params.push(new);
            }
            for &old in &data.insts {
                let Some(data) = self.insts.get(old).filter(|_| !insts.is_set(old)) else { continue };
                let inst = Inst::new(inst_order.len());
                insts.set(old, inst);
                inst_order.push(old);
                new_blocks[block].insts.push(inst);
                if let Some(result) = data.result {
                    let new = new_values.push(ValueData { ty: ty(result), def: ValueDef::Inst(inst) });
                    values.set(result, new);
                }
            }
        }
        let slots = self.used_slots(&inst_order);
        let new_insts = inst_order
            .iter()
            .map(|old| {
                let InstData { op, result, span } = &self.insts[*old];
                let mut op = op.clone();
                op.map_args(|v| values.of(v));
                for call in op.targets_mut() {
                    call.block = blocks.of(call.block);
                }
                if let Op::SlotAddr(s) | Op::SlotLive(s) | Op::SlotDead(s) = &mut op {
                    *s = slots.of(*s);
                }
                InstData { op, result: result.map(|v| values.of(v)), span: *span }
            })
            .collect();
        let kept = self.slots.iter().filter(|(id, _)| slots.is_set(*id)).map(|(_, s)| s.clone()).collect();
        self.slots = kept;
        self.layout = new_blocks.keys().collect();
        self.blocks = new_blocks;
        self.insts = new_insts;
        self.values = new_values;
    }

    fn used_slots(&self, insts: &[Inst]) -> Renumbering<Slot> {
        let mut used = vec![false; self.slots.len()];
        for inst in insts {
            if let Op::SlotAddr(s) | Op::SlotLive(s) | Op::SlotDead(s) = self.insts[*inst].op
                && let Some(mark) = used.get_mut(s.index())
            {
                *mark = true;
            }
        }
        let mut slots = Renumbering::new(self.slots.len());
        for (new, (old, _)) in used.iter().enumerate().filter(|(_, u)| **u).enumerate() {
            slots.set(Slot::new(old), Slot::new(new));
        }
        slots
    }
}

impl Module {
    /// Renumbers as the text form does: each function by [`Function::compact`], and the types that something names.
    pub fn compact(&mut self) {
        for func in self.functions.values_mut() {
            func.compact();
        }
        let mut roots = Vec::new();
        self.each_type(|ty| roots.push(*ty));
        let (types, ids) = rebuild(&self.types, roots);
        self.types = types;
        self.each_type(|ty| *ty = ids.of(*ty));
    }

    /// Visits every type that something other than a type, a record included, names.
    fn each_type(&mut self, mut f: impl FnMut(&mut TypeId)) {
        for record in self.types.records.values_mut() {
            record.fields.iter_mut().for_each(|field| f(&mut field.ty));
        }
        for map in self.maps.values_mut() {
            map.key.iter_mut().chain(&mut map.value).for_each(&mut f);
        }
        self.globals.values_mut().for_each(|g| f(&mut g.ty));
        self.externs.values_mut().for_each(|e| f(&mut e.ty));
        for StructOpsMember { ty, .. } in self.struct_ops.iter_mut().flat_map(|s| &mut s.members) {
            f(ty);
        }
        for param in self.functions.values_mut().flat_map(|func| &mut func.params) {
            f(&mut param.ty);
        }
    }
}

/// The types that `roots` reach, in their order, and the new ids; records and enums stay as they are.
fn rebuild(old: &Types, roots: Vec<TypeId>) -> (Types, Renumbering<TypeId>) {
    let mut used = vec![false; old.len()];
    let mut work = roots;
    while let Some(id) = work.pop() {
        let Some(ty) = old.try_get(id) else { continue };
        if !std::mem::replace(&mut used[id.index()], true) {
            let mut ty = ty.clone();
            parts(&mut ty, |part| work.push(*part));
        }
    }
    let mut types = Types::new();
    for mark in used.iter_mut().take(types.len()) {
        *mark = true;
    }
    let mut ids = Renumbering::new(old.len());
    for (new, (id, _)) in used.iter().enumerate().filter(|(_, u)| **u).enumerate() {
        ids.set(TypeId::new(id), TypeId::new(new));
    }
    for (id, ty) in old.iter().skip(types.len()) {
        if used[id.index()] {
            let mut ty = ty.clone();
            parts(&mut ty, |part| *part = ids.of(*part));
            types.intern(ty);
        }
    }
    types.records = old.records.clone();
    types.enums = old.enums.clone();
    (types, ids)
}

/// Visits the types that `ty` is made of.
fn parts(ty: &mut Type, mut f: impl FnMut(&mut TypeId)) {
    match ty {
        Type::Void
        | Type::Bool
        | Type::Int { .. }
        | Type::Str { .. }
        | Type::Record(_)
        | Type::Enum(_)
        | Type::GraphRoot { .. }
        | Type::Map(_) => {}
        Type::Ptr { to: part, .. } | Type::Array { element: part, .. } | Type::Kptr(part) => f(part),
        Type::Func { params, ret } => {
            for (_, ty) in params {
                f(ty);
            }
            f(ret);
        }
    }
}

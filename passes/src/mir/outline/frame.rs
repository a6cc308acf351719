//! The frame: what a callback shares with the function around its loop.
//!
//! Promises: eight bytes for each value, in which the verifier keeps what it knows of a number and what a pointer points
//! to. Leaves out: constants, which are made again.

use super::region::Region;
use pbpf_core::mir::analysis::{Cfg, Dominators};
use pbpf_core::mir::{BinaryOp, Block, Builder, CastKind, Cond, Function, Op, Slot, SlotData, Type, Value};
use pbpf_core::source::Span;
use std::collections::{BTreeMap, BTreeSet};

/// The values of a frame, and what goes along without it.
#[derive(Debug, Default)]
pub(super) struct Frame {
    /// Parameters of the header, with their positions: each round leaves them for the next.
    pub(super) carried: Vec<(usize, Value, Type)>,
    /// Values from before the loop.
    captured: Vec<(Value, Type)>,
    /// Slots that are used outside too, whose address is handed over.
    pub(super) shared: Vec<Slot>,
    /// Values made inside and used behind the loop, with the blocks that make them.
    left: Vec<(Value, Type, Block)>,
    /// Constants made inside and used behind the loop.
    pub(super) constants: Vec<Value>,
    /// Whether there are ways out that need a number.
    numbered: bool,
}

/// Whether a value is made again where it is needed.
pub(super) fn is_constant(func: &Function, value: Value) -> bool {
    func.def(value).is_some_and(|d| {
        matches!(d.op, Op::Iconst(_) | Op::Null | Op::GlobalAddr(_) | Op::MapAddr(_) | Op::FuncAddr(_))
    })
}

impl Frame {
    pub(super) fn new(func: &Function, region: &Region) -> Frame {
        let mut frame = Frame { numbered: !region.exits.is_empty(), ..Frame::default() };
        let ty = |v: Value| func.type_of(v);
        for (at, param) in func.blocks[region.header].params.iter().enumerate() {
            if !is_position(func, region, at, *param) {
                frame.carried.push((at, *param, ty(*param)));
            }
        }
        let mut captured = BTreeSet::new();
        let mut slots = BTreeSet::new();
        for block in &region.blocks {
            for inst in &func.blocks[*block].insts {
                let op = &func.insts[*inst].op;
                if let Op::SlotAddr(slot) | Op::SlotLive(slot) | Op::SlotDead(slot) = op {
                    slots.insert(*slot);
                }
                let outside = |v: &Value| !region.makes(func, *v) && !is_constant(func, *v);
                captured.extend(op.args().into_iter().filter(outside));
            }
        }
        // What only the way to the end hands over is not asked for inside.
        let mut left = BTreeSet::new();
        for block in func.layout.iter().filter(|b| !region.blocks.contains(b)) {
            for inst in &func.blocks[*block].insts {
                let op = &func.insts[*inst].op;
                left.extend(op.args().into_iter().filter(|v| region.makes(func, *v)));
                if let Op::SlotAddr(slot) | Op::SlotLive(slot) | Op::SlotDead(slot) = op
                    && slots.contains(slot)
                    && !frame.shared.contains(slot)
                {
                    frame.shared.push(*slot);
                }
            }
        }
        let handed = region.exits.iter().flat_map(|e| &e.target.args).chain(&region.end.args);
        left.extend(handed.copied().filter(|v| region.makes(func, *v)));
        left.insert(region.found);
        let used_behind = |v: &Value| region.maker(func, *v) != Some(region.header) || *v == region.found;
        frame.captured = captured.into_iter().map(|v| (v, ty(v))).collect();
        for value in left.into_iter().filter(used_behind) {
            if is_constant(func, value) {
                frame.constants.push(value);
            } else if let Some(maker) = region.maker(func, value) {
                frame.left.push((value, ty(value), maker));
            }
        }
        // The entry itself is only left where something behind asks for it.
        if !asked_behind(func, region) {
            frame.left.retain(|(v, ..)| *v != region.found);
        }
        frame
    }

    fn offset(index: usize) -> i32 {
        i32::try_from(index * 8).unwrap_or(i32::MAX)
    }

    fn captured_from(&self) -> usize {
        self.carried.len()
    }

    fn shared_from(&self) -> usize {
        self.captured_from() + self.captured.len()
    }

    fn left_from(&self) -> usize {
        self.shared_from() + self.shared.len()
    }

    fn code_at(&self) -> usize {
        self.left_from() + self.left.len()
    }

    /// Room for the frame.
    pub(super) fn slot(&self, func: &mut Function, span: Span) -> Slot {
        let words = (self.code_at() + usize::from(self.numbered)).max(1);
        let size = u32::try_from(words * 8).unwrap_or(u32::MAX);
        func.slots.push(SlotData { name: "frame".to_owned(), size, align: 8, span })
    }

    /// Whether rounds hand numbers on.
    pub(super) fn carries_numbers(&self) -> bool {
        self.carried.iter().any(|(_, _, ty)| ty.is_int())
    }

    /// Whether rounds hand pointers on, or may change slots of the function around the loop.
    pub(super) fn changes_memory(&self) -> bool {
        let on_stack = |ty: &Type| ty.region() == Some(pbpf_core::types::Region::Stack);
        !self.shared.is_empty()
            || self.captured.iter().any(|(_, ty)| on_stack(ty))
            || self.carried.iter().any(|(_, _, ty)| !ty.is_int())
    }

    /// Adds a zero that the verifier does not know to the numbers of the first round.
    pub(super) fn hide(&self, b: &mut Builder<'_>, zero: Value, known: &mut BTreeMap<Value, Value>) {
        for (_, value, ty) in self.carried.iter().filter(|(_, _, ty)| ty.is_int()) {
            let first = known.get(value).copied().unwrap_or(*value);
            let hidden = match *ty {
                Type::I64 => b.op(Op::Binary(BinaryOp::Add, [first, zero])),
                Type::I1 => {
                    let wide = b.value(Op::Cast(CastKind::Zext, first), Type::I64);
                    let sum = b.op(Op::Binary(BinaryOp::Add, [wide, zero]));
                    let none = b.iconst(Type::I64, 0);
                    b.op(Op::Icmp(Cond::Ne, [sum, none]))
                }
                narrow => {
                    let zero = b.value(Op::Cast(CastKind::Trunc, zero), narrow);
                    b.op(Op::Binary(BinaryOp::Add, [first, zero]))
                }
            };
            known.insert(*value, hidden);
        }
    }

    /// Writes the frame before the loop; `first` are the values of the header's parameters.
    pub(super) fn fill(&self, b: &mut Builder<'_>, data: Value, first: &BTreeMap<Value, Value>) {
        let known = |v: &Value| first.get(v).copied().unwrap_or(*v);
        for (i, (_, value, _)) in self.carried.iter().enumerate() {
            store(b, data, Self::offset(i), known(value));
        }
        for (i, (value, _)) in self.captured.iter().enumerate() {
            store(b, data, Self::offset(self.captured_from() + i), known(value));
        }
        for (i, slot) in self.shared.iter().enumerate() {
            let address = b.op(Op::SlotAddr(*slot));
            store(b, data, Self::offset(self.shared_from() + i), address);
        }
        for i in self.left_from()..self.code_at() + usize::from(self.numbered) {
            let zero = b.iconst(Type::I64, 0);
            store(b, data, Self::offset(i), zero);
        }
    }

    /// Reads behind the loop what it left.
    pub(super) fn unload(
        &self,
        b: &mut Builder<'_>,
        data: Value,
        found: Value,
        known: &mut BTreeMap<Value, Value>,
    ) {
        for (i, (_, value, ty)) in self.carried.iter().enumerate() {
            known.insert(*value, load(b, data, Self::offset(i), *ty));
        }
        for (i, (value, ty, _)) in self.left.iter().enumerate() {
            // Where the entry is asked for, it was there.
            let ty = if *value == found { ty.region().map_or(*ty, Type::ptr) } else { *ty };
            known.insert(*value, load(b, data, Self::offset(self.left_from() + i), ty));
        }
    }

    /// The number of the way out.
    pub(super) fn code(&self, b: &mut Builder<'_>, data: Value) -> Value {
        load(b, data, Self::offset(self.code_at()), Type::I64)
    }

    /// In the callback: what comes from around the loop and from the round before.
    pub(super) fn enter(&self, b: &mut Builder<'_>, data: Value, known: &mut BTreeMap<Value, Value>) {
        for (i, (_, value, ty)) in self.carried.iter().enumerate() {
            known.insert(*value, load(b, data, Self::offset(i), *ty));
        }
        for (i, (value, ty)) in self.captured.iter().enumerate() {
            known.insert(*value, load(b, data, Self::offset(self.captured_from() + i), *ty));
        }
    }

    /// In the callback: the address of a slot of the function around the loop.
    pub(super) fn shared_address(&self, b: &mut Builder<'_>, data: Value, slot: Slot) -> Option<Value> {
        let at = self.shared.iter().position(|s| *s == slot)?;
        let ty = Type::ptr(pbpf_core::types::Region::Stack);
        Some(load(b, data, Self::offset(self.shared_from() + at), ty))
    }

    /// In the callback: leaves the parameters of the next round.
    pub(super) fn next(&self, b: &mut Builder<'_>, data: Value, args: &[Value]) {
        for (i, (position, ..)) in self.carried.iter().enumerate() {
            if let Some(value) = args.get(*position) {
                store(b, data, Self::offset(i), *value);
            }
        }
    }

    /// In the callback: leaves what is used behind the loop, as far as it is known at the end of `from`.
    pub(super) fn leave(
        &self,
        b: &mut Builder<'_>,
        data: Value,
        (from, number): (Block, i64),
        dominators: &Dominators,
        known: &BTreeMap<Value, Value>,
    ) {
        for (i, (value, _, maker)) in self.left.iter().enumerate() {
            if dominators.dominates(*maker, from)
                && let Some(value) = known.get(value)
            {
                store(b, data, Self::offset(self.left_from() + i), *value);
            }
        }
        let number = b.iconst(Type::I64, number);
        store(b, data, Self::offset(self.code_at()), number);
    }
}

/// Whether a parameter of the header is the position of the entry and nothing else.
fn is_position(func: &Function, region: &Region, at: usize, param: Value) -> bool {
    let Op::MapEntry { position, .. } = func.insts[region.entry].op else { return false };
    if position != param {
        return false;
    }
    let mut next = Vec::new();
    for (_, inst) in func.each_inst() {
        let data = &func.insts[inst];
        match &data.op {
            Op::MapEntry { .. } | Op::MapEntryKey { .. } => {}
            Op::Binary(..) if data.op.args().contains(&param) => next.extend(data.result),
            op if op.args().contains(&param) => return false,
            _ => {}
        }
    }
    // The sum only goes round.
    func.each_inst().all(|(_, inst)| {
        let op = &func.insts[inst].op;
        if !op.args().iter().any(|v| next.contains(v)) {
            return true;
        }
        op.is_terminator()
            && op.targets().iter().all(|t| {
                t.args
                    .iter()
                    .enumerate()
                    .all(|(i, v)| !next.contains(v) || (t.block == region.header && i == at))
            })
    })
}

/// Whether something behind the loop asks for the entry at which it was left, or for what the header makes of it.
fn asked_behind(func: &Function, region: &Region) -> bool {
    let mut of_entry = BTreeSet::from([region.found]);
    for inst in &func.blocks[region.header].insts {
        let data = &func.insts[*inst];
        if let Some(result) = data.result
            && data.op.args().iter().any(|v| of_entry.contains(v))
        {
            of_entry.insert(result);
        }
    }
    let outside = func.layout.iter().filter(|b| !region.blocks.contains(b));
    let used = outside.flat_map(|b| &func.blocks[*b].insts).flat_map(|i| func.insts[*i].op.args());
    let handed = region.exits.iter().flat_map(|e| &e.target.args).chain(&region.end.args);
    used.chain(handed.copied()).any(|v| of_entry.contains(&v))
}

fn store(b: &mut Builder<'_>, data: Value, offset: i32, value: Value) {
    let ty = b.func.type_of(value);
    let wide = if ty.is_int() && ty != Type::I64 {
        b.value(Op::Cast(CastKind::Zext, value), Type::I64)
    } else {
        value
    };
    b.store(data, offset, wide);
}

fn load(b: &mut Builder<'_>, data: Value, offset: i32, ty: Type) -> Value {
    match ty {
        Type::I1 => {
            let wide = b.load(Type::I64, data, offset);
            let zero = b.iconst(Type::I64, 0);
            b.op(Op::Icmp(Cond::Ne, [wide, zero]))
        }
        Type::I8 | Type::I16 | Type::I32 => {
            let wide = b.load(Type::I64, data, offset);
            b.value(Op::Cast(CastKind::Trunc, wide), ty)
        }
        _ => b.load(ty, data, offset),
    }
}

/// The dominators of a function.
pub(super) fn dominators(func: &Function) -> Dominators {
    Dominators::new(func, &Cfg::new(func))
}

//! Where packet pointers point: a root and bytes behind it.
//!
//! Promises: two pointers with one root differ by the difference of their bytes, in the verifier's eyes too: adding a
//! constant keeps its `id`, adding a variable makes a new one. Leaves out: whether a pointer is still valid.

use super::GivenBy;
use crate::mir::ranges::Ranges;
use pbpf_core::entity::Table;
use pbpf_core::mir::{Function, Module, Op, Type, UnaryOp, Value, ValueDef, follow};
use pbpf_core::types::Region;

/// What a packet pointer is a constant number of bytes away from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Root {
    /// The start of packet data, wherever it is read from the context.
    Data,
    /// The start of the metadata in front of it.
    Meta,
    /// A pointer made otherwise: by adding a variable, or handed over.
    Value(Value),
}

/// Where a pointer points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The root.
    pub(super) root: Root,
    /// Bytes behind it.
    pub(super) offset: i64,
}

/// The variable part of a pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Variable {
    /// At most so many bytes, and the verifier always knows how many: to it the pointer is a constant away from the other.
    Known(i64),
    /// At most so many bytes, and the verifier sees it.
    Visible(i64),
    /// At most so many bytes, which the verifier does not see.
    Hidden(i64),
    /// As many as there are numbers; a check will hold it against this.
    Unbounded(i64),
}

impl Variable {
    /// The most that is added.
    pub(super) fn most(self) -> i64 {
        match self {
            Variable::Known(n) | Variable::Visible(n) | Variable::Hidden(n) | Variable::Unbounded(n) => n,
        }
    }
}

/// How a root that is a value was made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Made {
    /// The pointer that the variable was added to.
    pub(super) base: Value,
    /// Its range.
    pub(super) variable: Variable,
    /// What the verifier knows that it adds at least, as a constant.
    pub(super) least: i64,
}

/// The places of all packet pointers of a function.
pub(super) struct Places {
    places: Table<Value, Option<Place>>,
    made: Table<Value, Option<Made>>,
    /// What blocks hand over to a parameter.
    incoming: Table<Value, Vec<Value>>,
}

/// The greatest offset that the verifier lets a packet pointer have (`MAX_PACKET_OFF`).
pub(super) const MAX_OFFSET: i64 = 0xffff;

/// What an index is held against where nothing bounds it; half of that where such a pointer is moved by another.
pub(super) const LIMIT: i64 = 0x7fff;

impl Places {
    /// The places in `func`.
    pub(super) fn new(
        module: &Module,
        func: &Function,
        fields: &GivenBy,
        ranges: &Ranges<'_>,
        known: &dyn Fn(Value) -> bool,
    ) -> Self {
        let mut out = Self {
            places: func.values.keys().map(|_| None).collect(),
            made: func.values.keys().map(|_| None).collect(),
            incoming: func.values.keys().map(|_| Vec::new()).collect(),
        };
        for &block in &func.layout {
            let Some(terminator) = func.terminator(block) else { continue };
            for call in func.insts[terminator].op.targets() {
                for (param, arg) in func.blocks[call.block].params.iter().zip(&call.args) {
                    out.incoming[*param].push(*arg);
                }
            }
        }
        for block in &func.layout {
            for &param in &func.blocks[*block].params {
                if is_packet(func.type_of(param)) {
                    out.places[param] = Some(Place { root: Root::Value(param), offset: 0 });
                }
            }
        }
        // A definition may stand behind its use in the layout, so this goes on until nothing is new.
        let mut changed = true;
        while changed {
            changed = false;
            for (block, inst) in func.each_inst() {
                let Some(result) = func.insts[inst].result.filter(|r| is_packet(func.type_of(*r))) else {
                    continue;
                };
                if out.places[result].is_some() {
                    continue;
                }
                let place = out.place_of(module, func, result, &func.insts[inst].op, fields);
                if let (Op::PtrAdd(base, by), Some(place)) = (&func.insts[inst].op, place)
                    && place.root == Root::Value(result)
                {
                    let (seen, range) = (ranges.seen(*by, block), ranges.at(*by, block));
                    let variable = if known(*by) && range.is_natural() && range.hi <= LIMIT {
                        Variable::Known(range.hi)
                    } else if seen.is_natural() && seen.hi <= LIMIT {
                        Variable::Visible(seen.hi)
                    } else if range.is_natural() && range.hi <= LIMIT {
                        Variable::Hidden(crate::mir::ranges::mask_over(range.hi))
                    } else {
                        Variable::Unbounded(LIMIT >> out.held(*base).min(15))
                    };
                    let least = if matches!(variable, Variable::Known(_)) { range.lo } else { 0 };
                    out.made[result] = Some(Made { base: *base, variable, least });
                }
                out.places[result] = place;
                changed |= place.is_some();
            }
        }
        out
    }

    fn place_of(
        &self,
        module: &Module,
        func: &Function,
        result: Value,
        op: &Op,
        fields: &GivenBy,
    ) -> Option<Place> {
        let own = Place { root: Root::Value(result), offset: 0 };
        match op {
            op if GivenBy::reads(func, op, fields.data.as_ref()) => {
                Some(Place { root: Root::Data, offset: 0 })
            }
            op if GivenBy::reads(func, op, fields.meta.as_ref()) => {
                Some(Place { root: Root::Meta, offset: 0 })
            }
            Op::PtrAdd(base, by) => match func.constant(*by) {
                Some(n) => {
                    let place = self.of(*base)?;
                    Some(Place { offset: place.offset.saturating_add(n), ..place })
                }
                None => self.of(*base).map(|_| own),
            },
            Op::FieldAddr { base, record, path } => {
                let place = self.of(*base)?;
                let by = follow(&module.types, *record, path).ok()?.offset();
                Some(Place {
                    offset: place.offset.saturating_add(i64::try_from(by).unwrap_or(i64::MAX)),
                    ..place
                })
            }
            Op::Refine(base) | Op::Unary(UnaryOp::Opaque, base) => self.of(*base),
            _ => Some(own),
        }
    }

    /// The place of a pointer.
    pub(super) fn of(&self, value: Value) -> Option<Place> {
        self.places.get(value).copied().flatten()
    }

    /// How a root was made, if by adding a variable.
    pub(super) fn made(&self, root: Root) -> Option<Made> {
        match root {
            Root::Value(value) => self.made.get(value).copied().flatten(),
            Root::Data | Root::Meta => None,
        }
    }

    /// How many variables that nothing bounds were added to make a pointer.
    fn held(&self, mut value: Value) -> u32 {
        let mut count = 0;
        for _ in 0..64 {
            let Some(made) = self.of(value).and_then(|p| self.made(p.root)) else { break };
            count += u32::from(matches!(made.variable, Variable::Unbounded(_)));
            value = made.base;
        }
        count
    }

    /// What all variables up to a root add at most, and the constants up to it: what the verifier holds against
    /// [`MAX_OFFSET`].
    pub(super) fn reach(&self, root: Root) -> i64 {
        self.reach_without(root, &mut Vec::new())
    }

    /// The fewest bytes behind the data that constants add up to on any way to a root: the verifier holds the sum of them, without
    /// the variables, against the start of the packet.
    pub(super) fn least(&self, root: Root) -> i64 {
        self.least_without(root, &mut Vec::new()).unwrap_or(0)
    }

    /// Nothing for a pointer that is only handed round a loop.
    fn least_without(&self, root: Root, seen: &mut Vec<Root>) -> Option<i64> {
        let Root::Value(value) = root else { return Some(0) };
        if seen.contains(&root) || seen.len() > 64 {
            return None;
        }
        seen.push(root);
        let from = |seen: &mut Vec<Root>, ptr: Value| {
            let place = self.of(ptr)?;
            Some(self.least_without(place.root, seen)?.saturating_add(place.offset))
        };
        let least = if let Some(made) = self.made(root) {
            from(seen, made.base).map(|least| least.saturating_add(made.least))
        } else {
            match self.incoming.get(value).map_or(&[][..], Vec::as_slice) {
                // Handed over by a caller.
                [] => Some(0),
                handed => handed.iter().filter_map(|ptr| from(seen, *ptr)).min(),
            }
        };
        seen.pop();
        least
    }

    /// A pointer handed round a loop is counted once: its steps are constants (see `rebase`).
    fn reach_without(&self, root: Root, seen: &mut Vec<Root>) -> i64 {
        let Root::Value(value) = root else { return 0 };
        if seen.contains(&root) || seen.len() > 64 {
            return 0;
        }
        seen.push(root);
        let from = |seen: &mut Vec<Root>, ptr: Value| {
            let place = self.of(ptr)?;
            Some(self.reach_without(place.root, seen).saturating_add(place.offset.max(0)))
        };
        let most = if let Some(made) = self.made(root) {
            from(seen, made.base).unwrap_or(0).saturating_add(made.variable.most())
        } else {
            let handed = self.incoming.get(value).map_or(&[][..], Vec::as_slice);
            handed.iter().filter_map(|ptr| from(seen, *ptr)).max().unwrap_or(0)
        };
        seen.pop();
        most
    }
}

/// Whether a value points into a packet.
pub(super) fn is_packet(ty: Type) -> bool {
    matches!(ty.region(), Some(Region::Packet | Region::PacketMeta))
}

/// Whether a value was made from a plain number: the verifier does not take it for a packet pointer.
pub(super) fn is_number(func: &Function, root: Root) -> bool {
    let Root::Value(value) = root else { return false };
    match func.values[value].def {
        ValueDef::Inst(inst) => matches!(func.insts[inst].op, Op::IntToPtr(_) | Op::Load { .. }),
        ValueDef::Param(_) => false,
    }
}

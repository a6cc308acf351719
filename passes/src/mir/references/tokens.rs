//! What a function acquires, and which values are it.
//!
//! Promises: a value that may be a reference is known as one, through blocks, tests and fields. Leaves out: memory; what
//! is stored there is no longer followed.

use pbpf_core::entity::{Entity, Table};
use pbpf_core::mir::{Function, Inst, Op, Slot, Value, ValueDef};
use pbpf_core::registry::Registry;
use pbpf_core::rows::{ArgumentKind, Helper, ResultKind};
use pbpf_core::types::Region;
use std::collections::BTreeMap;

/// Something acquired.
pub(in crate::mir) struct Token {
    /// The call.
    pub(in crate::mir) inst: Inst,
    /// What is called.
    pub(super) name: String,
    /// The pointer: the result, or the argument that is made a reference.
    pub(super) value: Value,
    /// Whether the result may be null, and then nothing is held.
    pub(super) nullable: bool,
    /// The helpers that release it.
    pub(super) released_by: Vec<String>,
}

/// All that a function acquires.
pub(in crate::mir) struct Tokens {
    pub(in crate::mir) list: Vec<Token>,
    /// By value, the tokens that it may be.
    origins: Table<Value, Vec<usize>>,
    acquired: BTreeMap<Inst, Vec<usize>>,
    released: BTreeMap<Inst, Vec<usize>>,
    used: BTreeMap<Inst, Vec<usize>>,
    escaped: BTreeMap<Inst, Vec<usize>>,
    /// Calls that release what no call acquired, and where that comes from.
    pub(super) unowned: Vec<(Inst, Inst)>,
}

/// The row of what an instruction calls, and the arguments.
fn callee<'r>(
    func: &Function,
    inst: Inst,
    externs: &[String],
    registry: &'r Registry,
) -> Option<(&'r Helper, Vec<Value>)> {
    let (name, args) = match &func.insts[inst].op {
        Op::CallHelper { name, args, .. } => (name.as_str(), args),
        Op::CallKfunc { callee, args } => (externs.get(callee.index())?.as_str(), args),
        _ => return None,
    };
    let row = &registry.helper(registry.find_helper(name)?).row;
    Some((row, args.clone()))
}

/// The helpers that release the result of another: those that its row names, or those that take such a thing away.
fn releasers(row: &Helper, registry: &Registry) -> Vec<String> {
    if !row.returns.released_by.is_empty() {
        return row.returns.released_by.clone();
    }
    let matches = |kind: &ArgumentKind| match (kind, &row.returns.kind) {
        (ArgumentKind::Kernel(a), ResultKind::Kernel(b)) => a == b,
        (ArgumentKind::Reserved, ResultKind::Mem(_)) => true,
        _ => false,
    };
    let takes = |helper: &Helper| helper.args.iter().any(|a| a.releases && matches(&a.kind));
    registry.helpers().filter(|(_, h)| takes(&h.row)).map(|(_, h)| h.row.name.clone()).collect()
}

impl Tokens {
    pub(in crate::mir) fn new(func: &Function, externs: &[String], registry: &Registry) -> Self {
        let mut tokens = Tokens {
            list: Vec::new(),
            origins: func.values.keys().map(|_| Vec::new()).collect(),
            acquired: BTreeMap::new(),
            released: BTreeMap::new(),
            used: BTreeMap::new(),
            escaped: BTreeMap::new(),
            unowned: Vec::new(),
        };
        for (_, inst) in func.each_inst() {
            let Some((row, args)) = callee(func, inst, externs, registry) else { continue };
            let mut add = |value: Value, nullable, released_by| {
                tokens.acquired.entry(inst).or_default().push(tokens.list.len());
                tokens.list.push(Token { inst, name: row.name.clone(), value, nullable, released_by });
            };
            if let (true, Some(result)) = (row.returns.acquired, func.insts[inst].result) {
                add(result, func.type_of(result).is_nullable(), releasers(row, registry));
            }
            for (arg, value) in row.args.iter().zip(args) {
                if !arg.released_by.is_empty() && base_slot(func, value).is_some() {
                    add(value, false, arg.released_by.clone());
                }
            }
        }
        tokens.follow(func);
        tokens.note_uses(func, externs, registry);
        tokens.note_releasers(func, externs, registry);
        tokens
    }

    /// The tokens that a value may be.
    pub(in crate::mir) fn origins(&self, value: Value) -> impl Iterator<Item = usize> + '_ {
        self.origins.get(value).into_iter().flatten().copied()
    }

    pub(super) fn acquired_by(&self, inst: Inst) -> impl Iterator<Item = usize> + '_ {
        self.acquired.get(&inst).into_iter().flatten().copied()
    }

    pub(super) fn released_by(&self, inst: Inst) -> impl Iterator<Item = usize> + '_ {
        self.released.get(&inst).into_iter().flatten().copied()
    }

    /// Those that an instruction reads, writes or releases.
    pub(super) fn used_by(&self, inst: Inst) -> impl Iterator<Item = usize> + '_ {
        self.used.get(&inst).into_iter().flatten().copied()
    }

    /// Those that an instruction puts where they are not followed.
    pub(super) fn escaped_by(&self, inst: Inst) -> impl Iterator<Item = usize> + '_ {
        self.escaped.get(&inst).into_iter().flatten().copied()
    }

    /// What releases an object of a map depends on what it is: the calls tell that are there.
    fn note_releasers(&mut self, func: &Function, externs: &[String], registry: &Registry) {
        for (inst, tokens) in &self.released {
            let Some((row, _)) = callee(func, *inst, externs, registry) else { continue };
            if row.args.len() > 1 {
                continue;
            }
            for token in tokens {
                let token = &mut self.list[*token];
                let from = registry.find_helper(&token.name).map(|id| &registry.helper(id).row.returns.kind);
                if matches!(from, Some(ResultKind::Kptr(_))) && !token.released_by.contains(&row.name) {
                    token.released_by.push(row.name.clone());
                }
            }
        }
    }

    /// Finds which values may be which tokens.
    fn follow(&mut self, func: &Function) {
        for (at, token) in self.list.iter().enumerate() {
            if func.insts[token.inst].result == Some(token.value) {
                self.origins[token.value].push(at);
            }
        }
        // A dynptr is its slot.
        let slots: Vec<(usize, Slot)> = self
            .list
            .iter()
            .enumerate()
            .filter(|(_, t)| func.insts[t.inst].result != Some(t.value))
            .filter_map(|(at, t)| Some((at, base_slot(func, t.value)?)))
            .collect();
        let mut changed = true;
        while changed {
            changed = false;
            for (_, inst) in func.each_inst() {
                let data = &func.insts[inst];
                for call in data.op.targets() {
                    for (param, arg) in func.blocks[call.block].params.iter().zip(&call.args) {
                        changed |= self.flow(*arg, *param);
                    }
                }
                let Some(result) = data.result else { continue };
                match &data.op {
                    Op::Refine(a) | Op::PtrAdd(a, _) | Op::FieldAddr { base: a, .. } => {
                        changed |= self.flow(*a, result);
                    }
                    Op::Select(_, [a, b]) => {
                        changed |= self.flow(*a, result);
                        changed |= self.flow(*b, result);
                    }
                    Op::SlotAddr(slot) => {
                        for (token, _) in slots.iter().filter(|(_, s)| s == slot) {
                            if !self.origins[result].contains(token) {
                                self.origins[result].push(*token);
                                changed = true;
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    fn flow(&mut self, from: Value, to: Value) -> bool {
        let new: Vec<usize> = self.origins(from).filter(|t| !self.origins[to].contains(t)).collect();
        self.origins[to].extend(&new);
        !new.is_empty()
    }

    fn note_uses(&mut self, func: &Function, externs: &[String], registry: &Registry) {
        let mut unowned = Vec::new();
        for (_, inst) in func.each_inst() {
            let of = |value: &Value| self.origins(*value).collect::<Vec<_>>();
            let (mut used, mut released, mut escaped) = (Vec::new(), Vec::new(), Vec::new());
            match &func.insts[inst].op {
                Op::Load { ptr, .. } | Op::MemSet { dst: ptr, .. } => used = of(ptr),
                Op::Store { ptr, value, .. } | Op::Atomic { ptr, value, .. } => {
                    used = of(ptr);
                    escaped = of(value);
                }
                Op::MemCopy { dst, src, .. } => used = [of(dst), of(src)].concat(),
                Op::Call { args, .. } => escaped = args.iter().flat_map(of).collect(),
                Op::Return(Some(value)) => escaped = of(value),
                Op::PtrToInt(_) | Op::Refine(_) => {}
                Op::CallHelper { args, .. } | Op::CallKfunc { args, .. } => {
                    let acquired: Vec<usize> = self.acquired_by(inst).collect();
                    let row = callee(func, inst, externs, registry).map(|(row, _)| row);
                    for (at, arg) in args.iter().enumerate() {
                        let these: Vec<usize> =
                            of(arg).into_iter().filter(|t| !acquired.contains(t)).collect();
                        if row.and_then(|r| r.args.get(at)).is_some_and(|a| a.releases) {
                            released.extend(&these);
                            if of(arg).is_empty() {
                                unowned.extend(borrowed(func, *arg).map(|from| (inst, from)));
                            }
                        }
                        used.extend(these);
                    }
                }
                _ => {}
            }
            for (list, to) in
                [(used, &mut self.used), (released, &mut self.released), (escaped, &mut self.escaped)]
            {
                if !list.is_empty() {
                    to.insert(inst, list);
                }
            }
        }
        self.unowned = unowned;
    }
}

/// Where a pointer to a kernel object comes from that the function only borrows: a call that acquires nothing, or memory of
/// the kernel or of a map.
fn borrowed(func: &Function, value: Value) -> Option<Inst> {
    let is_object = |v: Value| func.type_of(v).region() == Some(Region::Kernel);
    let ValueDef::Inst(inst) = func.values.get(value)?.def else { return None };
    match &func.insts[inst].op {
        Op::Refine(from) => borrowed(func, *from),
        Op::CallHelper { .. } | Op::CallKfunc { .. } if is_object(value) => Some(inst),
        Op::Load { ptr, .. } if is_object(value) => {
            let from = func.type_of(*ptr).region();
            matches!(from, Some(Region::Kernel | Region::MapValue)).then_some(inst)
        }
        _ => None,
    }
}

/// The slot that a pointer leads to the start of.
fn base_slot(func: &Function, value: Value) -> Option<Slot> {
    match &func.def(value)?.op {
        Op::SlotAddr(slot) => Some(*slot),
        Op::Refine(a) => base_slot(func, *a),
        _ => None,
    }
}

//! The shape of a function, and the walk over its code: rules M010 to M016.
//!
//! Promises: [`check_shape`] decides whether the function can be renumbered and analysed; [`Check`] visits each
//! reachable block behind those that dominate it, then the others. Leaves out: single instructions (`ops.rs`, `calls.rs`).

use super::Found;
use super::nulls::KnownPointers;
use super::ops::Known;
use crate::entity::Table;
use crate::mir::analysis::{Cfg, Dominators};
use crate::mir::{
    Block, BlockCall, Function, FunctionKind, Inst, InstData, Linkage, Module, Op, Type, Value, ValueDef,
};
use crate::source::Span;

/// Checks what the tables and the layout must be for anything else to make sense.
pub(super) fn check_shape(module: &Module, func: &Function, checked: bool, found: &mut Found) -> bool {
    let before = found.list.len();
    found.place(func.span, "the function");
    let span = Some(func.span);
    if let FunctionKind::Program { section, program_type, .. } = &func.kind
        && [section, program_type].into_iter().any(|t| t.is_empty() || t.contains('\0'))
    {
        found.add("M010", span, "the program does not name its section and its program type");
    }
    let mut blocks: Table<Block, bool> = func.blocks.keys().map(|_| false).collect();
    let mut insts: Table<Inst, bool> = func.insts.keys().map(|_| false).collect();
    let mut values: Table<Value, bool> = func.values.keys().map(|_| false).collect();
    if func.layout.is_empty() {
        found.add("M011", span, "there is no block");
    }
    for &block in &func.layout {
        let Some(seen) = blocks.get_mut(block) else {
            found.add("M011", span, format!("{block} is in the layout and does not exist"));
            continue;
        };
        if std::mem::replace(seen, true) {
            found.add("M011", span, format!("{block} is in the layout twice"));
        }
        for &param in &func.blocks[block].params {
            define(func, &mut values, param, ValueDef::Param(block), span, found);
        }
        for &inst in &func.blocks[block].insts {
            let Some(data) = func.insts.get(inst) else {
                found.add("M011", span, format!("{inst} of {block} does not exist"));
                continue;
            };
            if std::mem::replace(&mut insts[inst], true) {
                found.add("M011", span, format!("{inst} is in two places"));
                continue;
            }
            if let Some(result) = data.result {
                define(func, &mut values, result, ValueDef::Inst(inst), Some(data.span), found);
            }
        }
    }
    for (slot, data) in func.slots.iter() {
        found.place(data.span, &format!("{slot}"));
        let name = data.name.escape_debug();
        if data.name.contains('\0') {
            found.add("M016", Some(data.span), format!("the name of slot `{name}` holds a NUL"));
        }
        if data.size == 0 || !matches!(data.align, 1 | 2 | 4 | 8) {
            let message = format!("slot `{name}` has {} bytes with alignment {}", data.size, data.align);
            found.add("M016", Some(data.span), message);
        }
    }
    if found.list.iter().skip(before).any(|v| v.rule == "M011") {
        return false;
    }
    check_signature(module, func, checked, found);
    true
}

fn define(
    func: &Function,
    values: &mut Table<Value, bool>,
    value: Value,
    def: ValueDef,
    span: Option<Span>,
    found: &mut Found,
) {
    match func.values.get(value) {
        Some(data) if data.def == def && !values[value] => values[value] = true,
        Some(_) => found.add("M011", span, format!("{value} belongs to another definition")),
        None => found.add("M011", span, format!("{value} is defined and does not exist")),
    }
}

fn check_signature(module: &Module, func: &Function, checked: bool, found: &mut Found) {
    let span = Some(func.span);
    let Some(entry) = func.entry() else { return };
    let values = &func.blocks[entry].params;
    let inlined = func.kind == FunctionKind::Subprogram(Linkage::Inline) && !checked;
    if func.params.len() > 5 && !inlined {
        found.add("M010", span, format!("there are {} parameters; BPF passes five", func.params.len()));
    }
    if func.params.len() != values.len() {
        let message =
            format!("there are {} parameters, and the entry has {}", func.params.len(), values.len());
        found.add("M010", span, message);
    }
    for (param, value) in func.params.iter().zip(values) {
        if param.name.contains('\0') {
            found.add("M001", span, format!("parameter `{}` holds a NUL", param.name.escape_debug()));
        }
        let (has, ty) = (func.type_of(*value), module.machine_type(param.ty));
        let same = match (has, ty) {
            (Type::Ptr { region: a, .. }, Some(Type::Ptr { region: b, .. })) => a == b,
            (has, ty) => Some(has) == ty,
        };
        if !same {
            let message = format!(
                "parameter `{}` is {}, and the entry has {has}",
                param.name,
                ty.map_or_else(|| module.types.display(param.ty), |ty| ty.to_string())
            );
            found.add("M010", span, message);
        }
    }
}

/// The check of one function, compacted.
pub(super) struct Check<'a> {
    pub(super) module: &'a Module,
    pub(super) func: &'a Function,
    pub(super) found: &'a mut Found,
    pub(super) cfg: Cfg,
    dominators: Dominators,
    pub(super) known: Known,
    pub(super) non_null: KnownPointers,
    /// Whether the block looked at is reachable: where nothing ever runs, only types count.
    pub(super) reachable: bool,
    /// Whether null checks must be in place.
    pub(super) checked: bool,
    /// The place of the instruction looked at.
    span: Span,
}

impl<'a> Check<'a> {
    pub(super) fn new(module: &'a Module, func: &'a Function, checked: bool, found: &'a mut Found) -> Self {
        let cfg = Cfg::new(func);
        let dominators = Dominators::new(func, &cfg);
        Self {
            module,
            func,
            found,
            cfg,
            dominators,
            known: Known::new(func),
            non_null: KnownPointers::new(func),
            reachable: true,
            checked,
            span: func.span,
        }
    }

    /// Checks all blocks.
    pub(super) fn run(mut self) {
        enum Step {
            Enter(Block),
            Leave,
        }
        let func = self.func;
        let mut work: Vec<Step> = self.cfg.entry().map(Step::Enter).into_iter().collect();
        while let Some(step) = work.pop() {
            match step {
                Step::Leave => self.non_null.leave(),
                Step::Enter(block) => {
                    self.non_null.enter(func, &self.cfg, block);
                    self.block(block);
                    work.push(Step::Leave);
                    work.extend(self.dominators.children(block).iter().rev().map(|b| Step::Enter(*b)));
                }
            }
        }
        self.reachable = false;
        for &block in &func.layout {
            if !self.cfg.is_reachable(block) {
                self.block(block);
            }
        }
    }

    /// Notes a breach at the instruction looked at.
    pub(super) fn add(&mut self, rule: &'static str, message: impl Into<String>) {
        self.found.add(rule, Some(self.span), message);
    }

    fn block(&mut self, block: Block) {
        let func = self.func;
        let insts = &func.blocks[block].insts;
        for (at, &inst) in insts.iter().enumerate() {
            let data = &func.insts[inst];
            self.span = data.span;
            self.found.place(data.span, "an instruction");
            let is_last = at + 1 == insts.len();
            if data.op.is_terminator() != is_last {
                let what =
                    if is_last { "does not end in a terminator" } else { "goes on behind a terminator" };
                self.add("M012", format!("{block} {what}"));
            }
            if self.uses(block, at, data) {
                self.targets(&data.op);
                self.instruction(data);
            }
        }
        if insts.is_empty() {
            self.span = func.span;
            self.add("M012", format!("{block} is empty"));
        }
    }

    /// Whether all operands exist, so that their types can be asked for.
    fn uses(&mut self, block: Block, at: usize, data: &InstData) -> bool {
        let mut exist = true;
        for value in data.op.args() {
            if self.func.values.get(value).is_none() {
                self.add("M015", "a value is used that nothing defines");
                exist = false;
            } else if self.reachable && !self.dominators.is_defined_at(self.func, value, block, at) {
                self.add("M015", format!("{value} is not defined on every way to its use in {block}"));
            }
        }
        exist
    }

    fn targets(&mut self, op: &Op) {
        for BlockCall { block, args } in op.targets() {
            let Some(target) = self.func.blocks.get(*block) else {
                self.add("M013", "a block is gone to that is not in the layout");
                continue;
            };
            if self.func.entry() == Some(*block) {
                self.add("M013", "the entry is gone to");
            }
            if args.len() != target.params.len() {
                self.add(
                    "M014",
                    format!("{block} takes {} values and gets {}", target.params.len(), args.len()),
                );
            }
            for (arg, param) in args.iter().zip(&target.params) {
                let (has, wants) = (self.func.type_of(*arg), self.func.type_of(*param));
                if !assignable(has, wants) {
                    self.add("M014", format!("{param} of {block} is {wants} and gets {arg}, which is {has}"));
                }
            }
        }
    }
}

/// Whether a value of type `from` may stand where one of type `to` is wanted: the same type, or a pointer that is
/// not null for one that may be.
pub(super) fn assignable(from: Type, to: Type) -> bool {
    match (from, to) {
        (Type::Ptr { region: a, nullable }, Type::Ptr { region: b, nullable: may }) => {
            a == b && (may || !nullable)
        }
        _ => from == to,
    }
}

//! Which values the verifier knows exactly, because it walks the code: they are computed from constants and from the
//! counters of loops.
//!
//! A value is walked if on each way it is one number, which may depend on the way; it is not a choice of two constants.
//!
//! Promises: a value is exact only if on every round of the loops around it it has one value, whichever way was taken, that
//! follows from the numbers of the rounds. A loop that begins with a call of a kernel function is one around an iterator,
//! which the verifier does not walk round by round. Leaves out: whether the other loops are walked; what is known on
//! one way only.

use std::collections::HashMap;

use pbpf_core::entity::Table;
use pbpf_core::mir::analysis::{Cfg, Loops};
use pbpf_core::mir::{BinaryOp, Block, Function, Op, Value};

/// The exact values of a function.
pub(super) struct Exact {
    /// The headers of the loops whose rounds decide the value.
    headers: Table<Value, Option<Vec<Block>>>,
    /// Whether the value is computed from constants on each way.
    walked: Table<Value, bool>,
}

impl Exact {
    /// Those of `func`.
    pub(super) fn new(func: &Function, cfg: &Cfg, loops: &Loops) -> Self {
        let mut exact = Self {
            headers: func.values.keys().map(|_| None).collect(),
            walked: func.values.keys().map(|_| true).collect(),
        };
        for &block in cfg.reverse_post_order() {
            let header = loops.innermost(block).filter(|id| loops.loops[*id].header == block);
            if let Some(id) = header {
                let counted = func.blocks[block]
                    .insts
                    .iter()
                    .any(|i| matches!(func.insts[*i].op, Op::CallKfunc { .. }));
                if !counted && func.entry() != Some(block) {
                    for (at, param) in func.blocks[block].params.iter().enumerate() {
                        let inside = |pred: Block| loops.contains(id, pred);
                        exact.headers[*param] = exact.counter(func, cfg, block, at, *param, inside);
                    }
                }
            }
            for &inst in &func.blocks[block].insts {
                let data = &func.insts[inst];
                let Some(result) = data.result.filter(|r| func.type_of(*r).is_int()) else { continue };
                exact.headers[result] = match &data.op {
                    Op::Iconst(_) => Some(Vec::new()),
                    // Of a quotient the verifier knows nothing, although it knows both sides.
                    Op::Binary(op, _) if op.divides() => None,
                    Op::Binary(..) | Op::Unary(..) | Op::Cast(..) | Op::Icmp(..) | Op::Select(..) => {
                        exact.all(data.op.args())
                    }
                    _ => None,
                };
            }
        }
        exact.walk(func, cfg, loops);
        exact
    }

    /// Takes for walked what nothing speaks against, until nothing more does.
    fn walk(&mut self, func: &Function, cfg: &Cfg, loops: &Loops) {
        for &block in cfg.reverse_post_order() {
            let header = loops.innermost(block).filter(|id| loops.loops[*id].header == block);
            let unknown = func.entry() == Some(block) || (header.is_some() && is_counted(func, block));
            for &param in &func.blocks[block].params {
                self.walked[param] = !unknown && func.type_of(param).is_int();
            }
        }
        self.forget_chosen(func, cfg, loops);
        let mut changed = true;
        while changed {
            changed = false;
            for &block in cfg.reverse_post_order() {
                for &inst in &func.blocks[block].insts {
                    let data = &func.insts[inst];
                    for call in data.op.targets() {
                        for (param, arg) in func.blocks[call.block].params.iter().zip(&call.args) {
                            if self.walked[*param] && !self.walked[*arg] {
                                self.walked[*param] = false;
                                changed = true;
                            }
                        }
                    }
                    let Some(result) = data.result.filter(|r| self.walked[*r]) else { continue };
                    let from_numbers = match &data.op {
                        Op::Iconst(_) => true,
                        Op::Binary(op, _) if op.divides() => false,
                        Op::Binary(..) | Op::Unary(..) | Op::Cast(..) | Op::Icmp(..) | Op::Select(..) => {
                            data.op.args().into_iter().all(|v| self.walked[v] && func.type_of(v).is_int())
                        }
                        _ => false,
                    };
                    if !from_numbers {
                        self.walked[result] = false;
                        changed = true;
                    }
                }
            }
        }
    }

    /// Forgets where two constants meet: LLVM computes a choice of constants from what decides it, which need not be a
    /// number that the verifier knows ("math between map_value pointer and register with unbounded min value").
    fn forget_chosen(&mut self, func: &Function, cfg: &Cfg, loops: &Loops) {
        let mut first: HashMap<Value, i64> = HashMap::new();
        for &block in cfg.reverse_post_order() {
            for &inst in &func.blocks[block].insts {
                for call in func.insts[inst].op.targets() {
                    if loops.innermost(call.block).is_some_and(|id| loops.loops[id].header == call.block) {
                        continue;
                    }
                    for (param, arg) in func.blocks[call.block].params.iter().zip(&call.args) {
                        let Some(number) = func.constant(*arg) else { continue };
                        if *first.entry(*param).or_insert(number) != number {
                            self.walked[*param] = false;
                        }
                    }
                }
            }
        }
    }

    /// Whether the verifier, walking, always knows the number.
    pub(super) fn is_walked(&self, value: Value) -> bool {
        self.walked.get(value) == Some(&true)
    }

    /// The headers of the loops whose rounds decide the value, if they do.
    pub(super) fn headers(&self, value: Value) -> Option<&[Block]> {
        self.headers.get(value)?.as_deref()
    }

    fn all(&self, values: impl IntoIterator<Item = Value>) -> Option<Vec<Block>> {
        let mut out: Vec<Block> = Vec::new();
        for value in values {
            for header in self.headers(value)? {
                if !out.contains(header) {
                    out.push(*header);
                }
            }
        }
        Some(out)
    }

    /// A parameter that starts from something exact, and that each round changes by the same constant.
    fn counter(
        &self,
        func: &Function,
        cfg: &Cfg,
        header: Block,
        at: usize,
        param: Value,
        inside: impl Fn(Block) -> bool,
    ) -> Option<Vec<Block>> {
        if !func.type_of(param).is_int() {
            return None;
        }
        let (mut starts, mut step) = (Vec::new(), None);
        for &pred in cfg.predecessors(header).iter().filter(|p| cfg.is_reachable(**p)) {
            let terminator = func.terminator(pred)?;
            for call in func.insts[terminator].op.targets().into_iter().filter(|c| c.block == header) {
                let arg = *call.args.get(at)?;
                if inside(pred) {
                    let by = step_of(func, param, arg)?;
                    if *step.get_or_insert(by) != by {
                        return None;
                    }
                } else {
                    starts.push(arg);
                }
            }
        }
        // Two ways in with two starts are two values.
        let first = *starts.first()?;
        let same = |v: &Value| {
            *v == first || (func.constant(*v).is_some() && func.constant(*v) == func.constant(first))
        };
        let mut headers = starts.iter().all(same).then(|| self.headers(first)).flatten()?.to_vec();
        if !headers.contains(&header) {
            headers.push(header);
        }
        Some(headers)
    }
}

/// Whether a loop is counted by an iterator.
fn is_counted(func: &Function, header: Block) -> bool {
    func.blocks[header].insts.iter().any(|i| matches!(func.insts[*i].op, Op::CallKfunc { .. }))
}

/// The constant that is added to `param` to make `arg`.
fn step_of(func: &Function, param: Value, arg: Value) -> Option<i64> {
    match func.def(arg)?.op {
        Op::Binary(BinaryOp::Add, [a, b]) if a == param => func.constant(b),
        Op::Binary(BinaryOp::Add, [a, b]) if b == param => func.constant(a),
        Op::Binary(BinaryOp::Sub, [a, b]) if a == param => func.constant(b)?.checked_neg(),
        _ => None,
    }
}

//! Which values the verifier knows exactly, because it walks the code: they are computed from constants and from the
//! counters of loops.
//!
//! Promises: a value is exact only if on every round of the loops around it it has one value, whichever way was taken, that
//! follows from the numbers of the rounds. A loop that begins with a call of a kernel function is one around an iterator,
//! which the verifier does not walk round by round. Leaves out: whether the other loops are walked; what is known on
//! one way only.

use pbpf_core::entity::Table;
use pbpf_core::mir::analysis::{Cfg, Loops};
use pbpf_core::mir::{BinaryOp, Block, Function, Op, Value};

/// The exact values of a function.
pub(super) struct Exact {
    /// The headers of the loops whose rounds decide the value.
    headers: Table<Value, Option<Vec<Block>>>,
}

impl Exact {
    /// Those of `func`.
    pub(super) fn new(func: &Function, cfg: &Cfg, loops: &Loops) -> Self {
        let mut exact = Self { headers: func.values.keys().map(|_| None).collect() };
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
                    Op::Binary(..) | Op::Unary(..) | Op::Cast(..) | Op::Icmp(..) | Op::Select(..) => {
                        exact.all(data.op.args())
                    }
                    _ => None,
                };
            }
        }
        exact
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

/// The constant that is added to `param` to make `arg`.
fn step_of(func: &Function, param: Value, arg: Value) -> Option<i64> {
    match func.def(arg)?.op {
        Op::Binary(BinaryOp::Add, [a, b]) if a == param => func.constant(b),
        Op::Binary(BinaryOp::Add, [a, b]) if b == param => func.constant(a),
        Op::Binary(BinaryOp::Sub, [a, b]) if a == param => func.constant(b)?.checked_neg(),
        _ => None,
    }
}

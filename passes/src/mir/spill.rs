//! `spill`: keeps narrow values that wait long in memory of their width, where registers and slots would not fit the stack.
//!
//! ```text
//! Before                                After
//!   v1: i32 = trunc v0                    v9 = slot_addr slot0  ; `waiting`, 4 bytes for each value
//!   v2: i64 = call_helper ...             ...                   ; v10: the same address, opaque
//!   ...                                   v1: i32 = trunc v0
//!   v8: i32 = xor v7, v1                  store v10, v1
//!                                         v2: i64 = call_helper ...
//!                                         ...
//!                                         v11: i32 = load v10
//!                                         v8: i32 = xor v7, v11
//! ```
//!
//! Where the slots of a function and what LLVM is likely to put on its stack are more than there is, numbers of up to 32
//! bits that live across a call and are used in one block only go to a slot, as many as are needed. What several blocks use
//! stays: the verifier would not know behind a second load what a comparison of the first has told.
//!
//! Requires: `legalise`, which makes slots. Keeps: what the program does.
//!
//! Why: LLVM puts each register on the stack with eight bytes, whatever it holds, so that sixty 32-bit numbers take 448 of the
//! 512 bytes: `Looks like the BPF stack limit is exceeded`.

use super::scratch::pressure;
use super::stack::{Frame, marked};
use pbpf_core::mir::{Block, Builder, Function, Module, Op, Region, Type, UnaryOp, Value};
use pbpf_core::pass::{Context, Level, MirPass, PassInfo};
use std::collections::BTreeMap;

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spill;

/// What a function may take, with some room for what is not counted.
const ROOM: u32 = 512 - 32;

/// What is left to functions that are called, frames counting in multiples of 32: "combined stack size of 2 calls is 544. Too
/// large".
const CALLED: u32 = 64;

/// Bytes of each value.
const WIDTH: u32 = 4;

impl MirPass for Spill {
    fn info(&self) -> PassInfo {
        PassInfo::new("spill", Level::Mir, "keeps narrow values that wait in memory of their width")
            .after(&["legalise"])
            .before(&["stack"])
            .optional()
    }

    fn run(&self, module: &mut Module, cx: &mut Context<'_>) {
        for func in module.functions.values_mut() {
            let needed = pressure::bytes(func) + Frame::of(&marked(func)).size;
            let room = if calls(func) { ROOM - CALLED } else { ROOM };
            let Some(over) = needed.checked_sub(room).filter(|over| *over > 0) else { continue };
            // Each saves the eight bytes of a register and takes four; one register holds the address.
            let wanted = (over + 8).div_ceil(8 - WIDTH) as usize;
            let mut waiting = candidates(func);
            waiting.truncate(wanted);
            if waiting.is_empty() {
                continue;
            }
            cx.explain(func.span, || {
                format!("`{}`: {} numbers wait in memory, four bytes each", func.name, waiting.len())
            });
            spill(func, &waiting);
        }
    }
}

/// Whether it calls functions of the module.
fn calls(func: &Function) -> bool {
    func.each_inst().any(|(_, inst)| matches!(func.insts[inst].op, Op::Call { .. }))
}

/// The narrow numbers that live across a call and are used in one block, in order of definition.
fn candidates(func: &Function) -> Vec<Value> {
    // Where each value is defined and used, and the calls up to there: a block, and a position or none at its start.
    let mut defined: BTreeMap<Value, (Block, usize)> = BTreeMap::new();
    let mut used: BTreeMap<Value, Option<(Block, usize)>> = BTreeMap::new();
    let mut order = Vec::new();
    for &block in &func.layout {
        let mut calls = 0;
        for &inst in &func.blocks[block].insts {
            let data = &func.insts[inst];
            for arg in data.op.args() {
                let place = used.entry(arg).or_insert(Some((block, calls)));
                if place.is_some_and(|(other, _)| other != block) {
                    *place = None;
                }
            }
            calls += usize::from(pressure::is_call(&data.op));
            if let Some(result) = data.result
                && matches!(func.type_of(result), Type::I8 | Type::I16 | Type::I32)
                && pressure::is_kept(func, result)
            {
                defined.insert(result, (block, calls));
                order.push(result);
            }
        }
    }
    order
        .into_iter()
        .filter(|value| match (defined[value], used.get(value).copied().flatten()) {
            ((block, calls), Some((other, seen))) => block != other || seen > calls,
            _ => false,
        })
        .collect()
}

fn spill(func: &mut Function, waiting: &[Value]) {
    let Some(entry) = func.entry() else { return };
    let span = func.span;
    let mut b = Builder::before(func, entry, 0, span);
    let slot = b.slot("waiting", waiting.len() as u32 * WIDTH, 8);
    let address = b.op(Op::SlotAddr(slot));
    // Behind the copy LLVM does not know the memory, and leaves the numbers in it.
    let number = b.op(Op::PtrToInt(address));
    let number = b.op(Op::Unary(UnaryOp::Opaque, number));
    let base = b.value(Op::IntToPtr(number), Type::ptr(Region::Stack));
    let offsets: BTreeMap<Value, i32> =
        waiting.iter().enumerate().map(|(i, value)| (*value, i as i32 * WIDTH as i32)).collect();
    for block in func.layout.clone() {
        // What this block has loaded already.
        let mut loaded: BTreeMap<Value, Value> = BTreeMap::new();
        let mut at = 0;
        while let Some(&inst) = func.blocks[block].insts.get(at) {
            let span = func.insts[inst].span;
            for arg in func.insts[inst].op.args() {
                let Some(offset) = offsets.get(&arg).copied().filter(|_| !loaded.contains_key(&arg)) else {
                    continue;
                };
                let ty = func.type_of(arg);
                let value = Builder::before(func, block, at, span).load(ty, base, offset);
                loaded.insert(arg, value);
                at += 1;
            }
            func.insts[inst].op.map_args(|v| loaded.get(&v).copied().unwrap_or(v));
            at += 1;
            let result = func.insts[inst].result;
            if let Some((value, offset)) = result.and_then(|v| Some((v, *offsets.get(&v)?))) {
                Builder::before(func, block, at, span).store(base, offset, value);
                at += 1;
            }
        }
    }
}

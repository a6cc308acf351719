//! `arena`: names the arena in functions that use its memory.
//!
//! ```text
//! Before                      After
//! block0(v0: ptr.ctx):        block0(v0: ptr.ctx):
//!   v1: ptr.arena? = load v2    v5 = map_addr map0
//!   ...                         v6 = ptr_to_int v5
//!                               v7 = opaque v6
//!                               v1: ptr.arena? = load v2
//! ```
//!
//! Requires: nothing. Keeps: everything.
//!
//! Why: a program works with the arena whose map it mentions; one that only follows pointers mentions none:
//! "addr_space_cast insn can only be used in a program that has an associated arena".

use pbpf_core::diag::Diagnostic;
use pbpf_core::mir::{Builder, Function, Inst, MapId, Module, Op, Type, UnaryOp};
use pbpf_core::pass::{Context, Level, MirPass, PassInfo};
use pbpf_core::types::Region;

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct Arena;

impl MirPass for Arena {
    fn info(&self) -> PassInfo {
        PassInfo::new("arena", Level::Mir, "names the arena in functions that use its memory")
            .after(&["legalise"])
    }

    fn run(&self, module: &mut Module, cx: &mut Context<'_>) {
        let arenas: Vec<MapId> =
            module.maps.iter().filter(|(_, m)| m.kind == "arena").map(|(id, _)| id).collect();
        for func in module.functions.values_mut() {
            let Some(first) = func.each_inst().map(|(_, inst)| inst).find(|inst| uses(func, *inst)) else {
                continue;
            };
            let named = |inst: Inst| matches!(func.insts[inst].op, Op::MapAddr(map) if arenas.contains(&map));
            if func.each_inst().any(|(_, inst)| named(inst)) {
                continue;
            }
            let span = func.insts[first].span;
            let (Some(entry), [arena]) = (func.entry(), arenas.as_slice()) else {
                let message = match arenas.len() {
                    0 => "this is memory of an arena, and the file has none",
                    _ => "this is memory of an arena, and the file has several",
                };
                cx.emit(
                    Diagnostic::error("bad-map", message)
                        .at(span)
                        .help("declare one `Arena(max_entries=PAGES)`"),
                );
                continue;
            };
            let mut b = Builder::before(func, entry, 0, span);
            let map = b.value(Op::MapAddr(*arena), Type::ptr(Region::Map));
            let number = b.op(Op::PtrToInt(map));
            b.op(Op::Unary(UnaryOp::Opaque, number));
        }
    }
}

/// Whether an instruction reads or writes memory of an arena.
fn uses(func: &Function, inst: Inst) -> bool {
    let in_arena = |value| func.type_of(value).region() == Some(Region::Arena);
    match &func.insts[inst].op {
        Op::Load { ptr, .. }
        | Op::Store { ptr, .. }
        | Op::Atomic { ptr, .. }
        | Op::MemSet { dst: ptr, .. } => in_arena(*ptr),
        Op::MemCopy { dst, src, .. } => in_arena(*dst) || in_arena(*src),
        _ => false,
    }
}

//! `legalise`: makes abstract instructions concrete by the program type's rules.
//!
//! ```text
//! Before                                   After
//!   v1: ptr.packet = ctx_load v0, data       v5: i32 = load v0
//!                                            v6: i64 = zext v5
//!                                            v1: ptr.packet = int_to_ptr v6
//!   v2 = map_lookup map0, v3  ; v3: i32      slot_live slot0
//!                                            v7 = slot_addr slot0
//!                                            store v7, v3
//!                                            v8 = map_addr map0
//!                                            v2: ptr.map_value? = call_helper bpf_map_lookup_elem#1(v8, v7)
//!                                            slot_dead slot0
//!   v4: i64 = load v9+8                      v10 = ptr_add v9, v11  ; v11 = 8
//!     ; v9: ptr.kernel_untrusted             v12 = slot_addr slot1
//!                                            call_helper bpf_probe_read_kernel#113(v12, v13, v10)
//!                                            v4: i64 = load v12
//! ```
//!
//! - Context: `ctx_load` and `ctx_store` follow the field's row (offset, width, what it gives) or, in an open context, the
//!   kernel's struct by a relocated address; `ctx_arg` and `ctx_return` read words or, by architecture, registers.
//!   An element that a number chooses of a short array is read or written with all the others, each at its offset.
//! - Memory: an access is a load or store, a call of the helper that the region's rule names, or refused
//!   (`forbidden-memory`). A fault while copying reads as zero. In a region other than the kernel's and the context,
//!   `field_addr` of a kernel struct becomes a constant: packets do not change with the kernel.
//! - Maps: `map_lookup`, `map_update` and `map_delete` become helpers 1, 2 and 3; keys and values that are numbers, or
//!   that lie where helpers cannot read, go through slots. A number that several operations take as their key is put
//!   into memory once.
//! - `load_bits` becomes a read of the word that holds the bitfield, and two shifts, all relocated.
//! - `print` becomes `bpf_trace_printk`, or from four values on `bpf_trace_vprintk`.
//!
//! Subprograms have the rules on which all programs that call them agree; where they do not and it matters, the diagnostic
//! is `mixed-program-types`.
//!
//! Requires: `bounds` (it asks where `ctx_load` gives the packet's start and end, by name), `null_checks`. Keeps:
//! effects and their order. New slots live from just before to just behind their instruction, and the next takes the same;
//! those of keys that are used again live as `stack` finds. They are wholly written before a helper reads them.
//!
//! Why: the verifier knows one form of each: `dereference of modified ctx ptr R1 off=4 disallowed`,
//! `R1 invalid mem access 'scalar'`, `invalid read from stack`.

mod bits;
mod context;
mod elements;
mod helper;
mod maps;
mod memory;
mod print;
mod slots;

use super::rules::{FunctionRules, Rules};
use pbpf_core::diag::Diagnostic;
use pbpf_core::entity::Entity;
use pbpf_core::mir::{Block, Builder, Function, FunctionKind, Inst, Linkage, Module, Op, Slot, Type, Value};
use pbpf_core::pass::{Context, Level, MirPass, PassInfo};
use pbpf_core::source::{FileId, Span};

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct Legalise;

impl MirPass for Legalise {
    fn info(&self) -> PassInfo {
        let doc = "makes abstract instructions concrete by the program type's rules";
        PassInfo::new("legalise", Level::Mir, doc).after(&["null_checks", "bounds"]).makes_concrete()
    }

    fn run(&self, module: &mut Module, cx: &mut Context<'_>) {
        let (rules, missing) = Rules::new(module, cx.registry);
        cx.diagnostics.extend(missing);
        for id in module.functions.keys() {
            // The module is needed beside the function: for its types, and for text that is printed.
            let nowhere = Span::new(FileId::new(0), 0, 0);
            let nothing = Function::new("", FunctionKind::Subprogram(Linkage::Static), None, nowhere);
            let mut func = std::mem::replace(&mut module.functions[id], nothing);
            legalise(module, &mut func, rules.of(id), cx);
            module.functions[id] = func;
        }
    }
}

fn legalise(module: &mut Module, func: &mut Function, rules: FunctionRules<'_, '_>, cx: &mut Context<'_>) {
    let mut slots = slots::Slots::new(func);
    for mut block in func.layout.clone() {
        for inst in std::mem::take(&mut func.blocks[block].insts) {
            let span = func.insts[inst].span;
            let (slots, dead) = (&mut slots, Vec::new());
            let mut site = Site { module, func, rules, cx, block, inst, span, slots, dead };
            let op = site.func.insts[inst].op.clone();
            let op = site.concrete(op);
            let dead = std::mem::take(&mut site.dead);
            // What it became may go several ways, which meet again.
            block = site.block;
            func.insts[inst].op = op;
            func.blocks[block].insts.push(inst);
            slots.free(func, &dead);
            for slot in dead {
                let mark = func.make_inst(Op::SlotDead(slot), None, span);
                func.blocks[block].insts.push(mark);
            }
        }
    }
}

/// An instruction that is made concrete, at the end of what its block has so far.
struct Site<'a, 'r, 'c> {
    module: &'a mut Module,
    func: &'a mut Function,
    rules: FunctionRules<'a, 'r>,
    cx: &'a mut Context<'c>,
    block: Block,
    inst: Inst,
    span: Span,
    slots: &'a mut slots::Slots,
    /// Slots that hold nothing behind it.
    dead: Vec<Slot>,
}

impl Site<'_, '_, '_> {
    /// What the instruction becomes, after those that this puts in front.
    fn concrete(&mut self, op: Op) -> Op {
        match op {
            Op::CtxLoad { ctx, field } => self.context_load(ctx, &field),
            Op::CtxStore { ctx, field, value } => self.context_store(ctx, &field, value),
            Op::CtxArg { ctx, index } => self.argument(ctx, index),
            Op::CtxReturn { ctx } => self.returned(ctx),
            Op::MapLookup { map, key } => self.map_lookup(map, key),
            Op::MapUpdate { map, key, value, flags } => self.map_update(map, key, value, flags),
            Op::MapDelete { map, key } => self.map_delete(map, key),
            Op::Print { format, args } => self.print(&format, &args),
            Op::Load { ptr, offset } => self.load(ptr, offset),
            Op::Store { ptr, offset, value } => self.store(ptr, offset, value),
            Op::MemCopy { dst, src, len } => self.copy(dst, src, len),
            Op::TextCopy { dst, src, len } => self.copy_text(dst, src, len),
            Op::MemSet { dst, byte, len } => {
                self.writable(dst, len);
                Op::MemSet { dst, byte, len }
            }
            Op::Atomic { op, ptr, offset, value } => {
                self.writable(ptr, self.func.type_of(value).bytes());
                self.shared(ptr);
                Op::Atomic { op, ptr, offset, value }
            }
            Op::FieldAddr { base, record, path } => self.field(base, record, path),
            Op::LoadBits { base, record, path } => self.load_bits(base, record, &path),
            other => other,
        }
    }

    fn build(&mut self) -> Builder<'_> {
        Builder::at_end(self.func, self.block, self.span)
    }

    fn op(&mut self, op: Op) -> Value {
        self.build().op(op)
    }

    fn value(&mut self, op: Op, ty: Type) -> Value {
        self.build().value(op, ty)
    }

    /// The type of the instruction's result.
    fn result_type(&self) -> Type {
        self.func.insts[self.inst].result.map_or(Type::I64, |v| self.func.type_of(v))
    }

    /// The pointer moved by bytes.
    fn moved(&mut self, ptr: Value, by: i64) -> Value {
        if by == 0 {
            return ptr;
        }
        let by = self.build().iconst(Type::I64, by);
        self.op(Op::PtrAdd(ptr, by))
    }

    /// Says what is wrong; the instruction stays as something harmless of the right type.
    fn refuse(&mut self, diagnostic: Diagnostic) -> Op {
        self.cx.emit(diagnostic.at(self.span));
        match self.result_type() {
            Type::Ptr { .. } => {
                let zero = self.build().iconst(Type::I64, 0);
                Op::IntToPtr(zero)
            }
            _ => Op::Iconst(0),
        }
    }
}

//! `perf_buffers`: ring buffers become perf buffers, where `ring-buffers = "perf"` is set.
//!
//! ```text
//! Before                                         After
//!   map map1 events kind ringbuf 27                map map1 events kind perf_event_array 4
//!   v1: ptr.mem? = call_helper reserve(v0, ..)     v8 = slot_addr slot0  ; set to zero
//!                                                  v9 = ptr_to_int v8
//!                                                  v1: ptr.mem? = int_to_ptr v9
//!   ...                                            ...
//!   call_helper submit(v2, v3)                     v10: i64 = call_helper bpf_perf_event_output(v7, v0, .., v2, ..)
//! ```
//!
//! A record that was reserved is kept on the stack until it is submitted, so it may be too large where a ring buffer had room;
//! `large-locals = "map"` moves it off. One that is discarded is forgotten. Flags of ring buffers, which say when to wake a
//! reader, have no counterpart and are dropped. Records come in the order of each processor, not of all.
//!
//! What a helper does with a record is in its row. The context is an argument of the helper that sends: where a function has
//! none, and for what only ring buffers can do, there is the diagnostic `no-perf-buffer`.
//!
//! Requires: `references`, which has seen that each record is handed over once. Keeps: which records user space gets.
//!
//! Why: ring buffers came with kernel 5.8.

use super::references::Tokens;
use pbpf_core::diag::Diagnostic;
use pbpf_core::entity::Entity;
use pbpf_core::mir::{Block, Builder, Function, Inst, Map, MapId, MapValue, Module, Op, Region, Type, Value};
use pbpf_core::pass::{Context, Level, MirPass, PassInfo, RingBuffers};
use pbpf_core::registry::Registry;
use pbpf_core::rows::RecordUse;
use pbpf_core::source::Span;
use pbpf_core::types::Types;
use std::collections::BTreeSet;

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct PerfBuffers;

/// The helper that sends, and its number.
pub(crate) const OUTPUT: (&str, u32) = ("bpf_perf_event_output", 25);

/// The map kinds, as rows and `enum bpf_map_type` have them.
pub(crate) const RING: &str = "ringbuf";
const PERF: (&str, u32) = ("perf_event_array", 4);

/// The buffer of the processor that the program runs on (`BPF_F_CURRENT_CPU`).
const CURRENT_CPU: i64 = 0xffff_ffff;

impl MirPass for PerfBuffers {
    fn info(&self) -> PassInfo {
        PassInfo::new("perf_buffers", Level::Mir, "ring buffers become perf buffers, where that is set")
            .after(&["references"])
            .before(&["scratch", "legalise", "stack"])
    }

    fn run(&self, module: &mut Module, cx: &mut Context<'_>) {
        if cx.options.ring_buffers != RingBuffers::Perf {
            return;
        }
        let inner: BTreeSet<MapId> = module.maps.values().flat_map(inside).collect();
        let rings: Vec<MapId> =
            module.maps.iter().filter(|(_, map)| map.kind == RING).map(|(id, _)| id).collect();
        for id in &rings {
            let map = &mut module.maps[*id];
            if inner.contains(id) {
                let message = format!("`{}` is in another map, and cannot become a perf buffer", map.name);
                cx.emit(Diagnostic::error("no-perf-buffer", message).at(map.span).help(
                    "a perf buffer has a part for each processor, which user space makes: declare it as a map of its own",
                ));
                continue;
            }
            become_perf(map, &mut module.types);
            let name = &map.name;
            cx.explain(map.span, || format!("`{name}` becomes a perf buffer"));
        }
        let names: Vec<String> = module.externs.values().map(|e| e.name.clone()).collect();
        let maps: Vec<String> = module.maps.values().map(|map| map.name.clone()).collect();
        for id in module.functions.keys() {
            let func = &mut module.functions[id];
            let tokens = Tokens::new(func, &names, cx.registry);
            Converter { func, tokens: &tokens, rings: &rings, maps: &maps }.convert(cx);
        }
    }
}

/// The maps that are in it, or say what may be.
fn inside(map: &Map) -> Vec<MapId> {
    let values = map.values.iter().filter_map(|(_, value)| match value {
        MapValue::Map(id) => Some(*id),
        MapValue::Func(_) => None,
    });
    map.inner.into_iter().chain(values).collect()
}

fn become_perf(map: &mut Map, types: &mut Types) {
    let word = types.int(32, false);
    (map.kind, map.kind_id) = (PERF.0.to_owned(), PERF.1);
    (map.key, map.value, map.sizes_only) = (Some(word), Some(word), true);
    // An entry for each processor.
    map.max_entries = 0;
    (map.flags, map.numa_node) = (0, None);
}

/// What a row says that a call does with a record.
fn record_use(op: &Op, registry: &Registry) -> Option<RecordUse> {
    let Op::CallHelper { name, .. } = op else { return None };
    registry.helper(registry.find_helper(name)?).row.record
}

/// A function while its calls are replaced.
struct Converter<'f> {
    func: &'f mut Function,
    tokens: &'f Tokens,
    rings: &'f [MapId],
    maps: &'f [String],
}

impl Converter<'_> {
    fn convert(mut self, cx: &mut Context<'_>) {
        // What a submit sends is known from the call that reserved it, which is replaced too.
        let sent: Vec<(Inst, Result<Sent, Diagnostic>)> = self
            .func
            .each_inst()
            .filter(|(_, inst)| {
                record_use(&self.func.insts[*inst].op, cx.registry) == Some(RecordUse::Submit)
            })
            .map(|(_, inst)| (inst, self.sent(inst)))
            .collect();
        for block in self.func.layout.clone() {
            let mut at = 0;
            while let Some(inst) = self.func.blocks[block].insts.get(at).copied() {
                let done = match record_use(&self.func.insts[inst].op, cx.registry) {
                    Some(RecordUse::Output) => self.output(block, at, inst),
                    Some(RecordUse::Reserve) => self.reserve(block, at, inst, cx),
                    Some(RecordUse::Submit) => match sent.iter().find(|(i, _)| *i == inst) {
                        Some((_, Ok(sent))) => self.submit(block, at, inst, *sent),
                        Some((_, Err(error))) => Err(error.clone()),
                        None => Ok(1),
                    },
                    Some(RecordUse::Discard) => {
                        self.func.blocks[block].insts.remove(at);
                        Ok(0)
                    }
                    None => self.other(inst).map_or(Ok(1), Err),
                };
                at += done.unwrap_or_else(|error| {
                    cx.emit(error);
                    1
                });
            }
        }
    }

    fn span(&self, inst: Inst) -> Span {
        self.func.insts[inst].span
    }

    fn args(&self, inst: Inst) -> Vec<Value> {
        self.func.insts[inst].op.args()
    }

    /// The ring buffer that a value is.
    fn ring(&self, value: Value) -> Option<MapId> {
        match self.func.def(value)?.op {
            Op::MapAddr(map) if self.rings.contains(&map) => Some(map),
            _ => None,
        }
    }

    /// A call that only ring buffers have.
    fn other(&self, inst: Inst) -> Option<Diagnostic> {
        let Op::CallHelper { name, args, .. } = &self.func.insts[inst].op else { return None };
        let map = args.iter().find_map(|arg| self.ring(*arg))?;
        let message =
            format!("`{name}` is for ring buffers, and `{}` becomes a perf buffer", self.maps[map.index()]);
        let error = Diagnostic::error("no-perf-buffer", message).at(self.span(inst));
        Some(error.help("a perf buffer takes records by `output`, `reserve`, `submit` and `discard`"))
    }

    /// The context, which the helper that sends takes.
    fn context(&self, inst: Inst) -> Result<Value, Diagnostic> {
        let entry = self.func.entry().map(|block| self.func.blocks[block].params.as_slice());
        let context = entry
            .into_iter()
            .flatten()
            .copied()
            .find(|param| self.func.type_of(*param) == Type::ptr(Region::Ctx));
        context.ok_or_else(|| {
            let message =
                format!("a perf buffer is sent to with the context, which `{}` has not", self.func.name);
            Diagnostic::error("no-perf-buffer", message)
                .at(self.span(inst))
                .help("give the function the context as an argument, or send in the program itself")
        })
    }

    /// Puts the call that sends in place of an instruction; gives how many instructions there are now.
    fn send(
        &mut self,
        block: Block,
        at: usize,
        inst: Inst,
        sent: Sent,
        data: Value,
    ) -> Result<usize, Diagnostic> {
        let context = self.context(inst)?;
        let result = self.func.insts[inst].result;
        let span = self.span(inst);
        let mut b = Builder::before(self.func, block, at, span);
        let map = b.op(Op::MapAddr(sent.map));
        let flags = b.iconst(Type::I64, CURRENT_CPU);
        let size = match sent.size {
            Size::Known(size) => b.iconst(Type::I64, size),
            Size::Value(size) => size,
        };
        let args = vec![context, map, flags, data, size];
        let added = b.position() - at;
        if result.is_some() {
            self.func.insts[inst].op = Op::CallHelper { name: OUTPUT.0.to_owned(), id: OUTPUT.1, args };
            return Ok(added + 1);
        }
        b.helper(OUTPUT.0, OUTPUT.1, args, Type::I64);
        self.func.blocks[block].insts.remove(at + added + 1);
        Ok(added + 1)
    }

    fn output(&mut self, block: Block, at: usize, inst: Inst) -> Result<usize, Diagnostic> {
        let [map, data, size, _] = self.args(inst)[..] else { return Ok(1) };
        let map = self.ring(map).ok_or_else(|| self.unknown(inst))?;
        self.send(block, at, inst, Sent { map, size: Size::Value(size) }, data)
    }

    fn submit(&mut self, block: Block, at: usize, inst: Inst, sent: Sent) -> Result<usize, Diagnostic> {
        let [record, _] = self.args(inst)[..] else { return Ok(1) };
        self.send(block, at, inst, sent, record)
    }

    /// A record of the stack in place of one of the buffer, zero as the verifier wants it of what is sent.
    fn reserve(
        &mut self,
        block: Block,
        at: usize,
        inst: Inst,
        cx: &mut Context<'_>,
    ) -> Result<usize, Diagnostic> {
        let Some(Sent { map, size: Size::Known(size) }) = self.reserved(inst) else {
            return Err(self.unknown(inst));
        };
        let span = self.span(inst);
        let name = &self.maps[map.index()];
        cx.explain(span, || format!("a record of `{name}` is kept on the stack until it is sent"));
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        let mut b = Builder::before(self.func, block, at, span);
        let slot = b.slot(&format!("record of {name}"), size, 8);
        let address = b.op(Op::SlotAddr(slot));
        if size > 0 {
            b.effect(Op::MemSet { dst: address, byte: 0, len: size });
        }
        let number = b.op(Op::PtrToInt(address));
        let added = b.position() - at;
        self.func.insts[inst].op = Op::IntToPtr(number);
        Ok(added + 1)
    }

    /// What a call reserves.
    fn reserved(&self, inst: Inst) -> Option<Sent> {
        let [map, size, _] = self.args(inst)[..] else { return None };
        Some(Sent { map: self.ring(map)?, size: Size::Known(self.func.constant(size)?) })
    }

    /// What a submit sends, by what reserved it.
    fn sent(&self, submit: Inst) -> Result<Sent, Diagnostic> {
        let record = self.args(submit).first().copied();
        let tokens = record.into_iter().flat_map(|record| self.tokens.origins(record));
        let mut found = tokens.map(|token| self.reserved(self.tokens.list[token].inst));
        let first = found.next().flatten();
        match first {
            Some(sent) if found.all(|other| other == Some(sent)) => Ok(sent),
            _ => Err(self.unknown(submit)),
        }
    }

    fn unknown(&self, inst: Inst) -> Diagnostic {
        let message = "which perf buffer this record goes to, and how large it is, is not known here";
        Diagnostic::error("no-perf-buffer", message)
            .at(self.span(inst))
            .note("a perf buffer is told both when the record is sent, not when it is reserved")
            .help("reserve and submit in one function, on each way from one buffer")
    }
}

/// What is sent where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sent {
    map: MapId,
    size: Size,
}

/// How many bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Size {
    Known(i64),
    Value(Value),
}

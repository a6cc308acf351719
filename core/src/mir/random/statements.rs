//! Random statements that use memory, maps, helpers and the context.
//!
//! Promises: each leaves the block that it is in open. Leaves out: branches and loops (`body.rs`).

use super::body::Body;
use crate::entity::Entity;
use crate::mir::{
    AtomicOp, BinaryOp, Block, BlockCall, CastKind, Cond, ExternId, FieldQuery, FieldStep, FuncId, Function,
    FunctionKind, GlobalId, MapId, Op, Query, RecordQuery, Region, Type, UnaryOp, Value,
};

/// Maps with 32-bit keys and 64-bit values.
const PLAIN_MAPS: [usize; 3] = [0, 1, 3];
const RINGBUF: usize = 4;
const QUEUE: usize = 5;

impl Body<'_> {
    pub(super) fn arithmetic(&mut self) {
        let ty = self.width();
        let (a, b) = (self.int(ty), self.int(ty));
        let value = match self.below(4) {
            0 | 1 => {
                let ops: Vec<BinaryOp> = BinaryOp::ALL
                    .into_iter()
                    .filter(|op| {
                        let floor = matches!(op, BinaryOp::Floordiv | BinaryOp::Floormod);
                        let needs_v4 = matches!(op, BinaryOp::Sdiv | BinaryOp::Srem);
                        self.shape.with_abstract || !(floor || needs_v4)
                    })
                    .collect();
                let op = *self.names.random.pick(&ops);
                self.binary(op, a, b)
            }
            2 => {
                let op = *self.names.random.pick(&UnaryOp::ALL);
                let narrow = match op {
                    UnaryOp::Bswap => ty == Type::I8,
                    UnaryOp::Opaque => ty.bits() < 32,
                    UnaryOp::Neg | UnaryOp::Not => false,
                };
                self.plain(Op::Unary(if narrow { UnaryOp::Neg } else { op }, a))
            }
            _ => {
                let cond = self.truth();
                self.ints.push(cond);
                self.plain(Op::Select(cond, [a, b]))
            }
        };
        self.ints.push(value);
    }

    pub(super) fn memory(&mut self) {
        let (ptr, ty) = (self.slot(), self.width());
        let places = 16 / ty.bytes() as usize;
        let offset = (self.below(places) as u32 * ty.bytes()) as i32;
        match self.below(6) {
            0 => {
                let value = self.int(ty);
                self.effect(Op::Store { ptr, offset, value });
            }
            1 => {
                let by = self.constant(Type::I64, i64::from(offset));
                let moved = self.plain(Op::PtrAdd(ptr, by));
                let back = self.plain(Op::PtrSub([moved, ptr]));
                let value = self.value(Op::Load { ptr: moved, offset: -offset }, ty);
                self.ints.extend([back, value]);
            }
            2 => {
                let (dst, src) = (self.slot(), self.slot());
                if dst != src {
                    let len = 1 + self.below(16) as u32;
                    self.effect(Op::MemCopy { dst, src, len });
                }
            }
            3 => {
                let ty = *self.names.random.pick(&[Type::I32, Type::I64]);
                let value = self.int(ty);
                let fetches = self.shape.with_abstract || self.shape.kernel.is_some();
                let op = if fetches { *self.names.random.pick(&AtomicOp::ALL) } else { AtomicOp::Add };
                let op = Op::Atomic { op, ptr, offset: 8, value };
                if fetches && self.chance(50) {
                    let old = self.value(op, ty);
                    self.ints.push(old);
                } else {
                    self.effect(op);
                }
            }
            4 => {
                let path = match self.below(3) {
                    0 => vec![FieldStep::Field("a".to_owned())],
                    1 => vec![FieldStep::Field("bytes".to_owned()), FieldStep::Index(5)],
                    _ => vec![FieldStep::Field("bytes".to_owned())],
                };
                let field = self.plain(Op::FieldAddr { base: ptr, record: self.known.record, path });
                let value = self.value(Op::Load { ptr: field, offset: 0 }, Type::I8);
                self.ints.push(value);
            }
            _ => {
                let ty = if self.chance(20) { Type::I1 } else { ty };
                let value = self.value(Op::Load { ptr, offset }, ty);
                self.ints.push(value);
            }
        }
    }

    pub(super) fn globals(&mut self) {
        let global = GlobalId::new(self.below(4));
        let ptr = self.plain(Op::GlobalAddr(global));
        if global.index() != 2 && self.chance(50) {
            let value = self.int(Type::I64);
            self.effect(Op::Store { ptr, offset: 0, value });
        } else {
            let value = self.value(Op::Load { ptr, offset: 0 }, Type::I64);
            self.ints.push(value);
        }
    }

    fn helper(&mut self, name: &str, id: u32, args: Vec<Value>) -> Value {
        let value = self.value(Op::CallHelper { name: name.to_owned(), id, args }, Type::I64);
        self.ints.push(value);
        value
    }

    pub(super) fn map(&mut self) {
        // A per-CPU value depends on where the kernel runs the program.
        let plain = if self.shape.kernel.is_some() { &PLAIN_MAPS[..2] } else { &PLAIN_MAPS[..] };
        let map = MapId::new(*self.names.random.pick(plain));
        let abstracted = self.shape.with_abstract && self.chance(60);
        let (flags, key_value) = (self.constant(Type::I64, 0), self.int(Type::I32));
        if abstracted {
            let key = if self.chance(50) { key_value } else { self.in_slot(Type::I32) };
            match self.below(4) {
                0 => self.effect(Op::MapDelete { map, key }),
                1 => {
                    let value = self.int(Type::I64);
                    let status = self.plain(Op::MapUpdate { map, key, value, flags });
                    self.ints.push(status);
                }
                _ => {
                    let found = self.plain(Op::MapLookup { map, key });
                    self.found(found, Region::MapValue);
                }
            }
            return;
        }
        let key = self.slot();
        self.effect(Op::Store { ptr: key, offset: 0, value: key_value });
        let handle = self.plain(Op::MapAddr(map));
        if self.chance(40) {
            let value = self.in_slot(Type::I64);
            self.helper("bpf_map_update_elem", 2, vec![handle, key, value, flags]);
            return;
        }
        let ty = Type::nullable(Region::MapValue);
        let name = "bpf_map_lookup_elem".to_owned();
        let found = self.value(Op::CallHelper { name, id: 1, args: vec![handle, key] }, ty);
        self.found(found, Region::MapValue);
    }

    /// Tests a pointer for null and uses the eight bytes behind it.
    fn found(&mut self, found: Value, region: Region) {
        let null = self.value(Op::Null, Type::nullable(region));
        let (some, join) = (self.func.add_block(), self.func.add_block());
        let result = self.func.add_block_param(join, Type::I64);
        let otherwise = self.int(Type::I64);
        let cond = *self.names.random.pick(&[Cond::Eq, Cond::Ne]);
        let test = self.plain(Op::Icmp(cond, [found, null]));
        let some_call = BlockCall { block: some, args: Vec::new() };
        let none_call = BlockCall { block: join, args: vec![otherwise] };
        let (then, otherwise) =
            if cond == Cond::Ne { (some_call, none_call) } else { (none_call, some_call) };
        self.effect(Op::Branch { cond: test, then, otherwise });
        self.block = some;
        let ptr = self.plain(Op::Refine(found));
        let old = self.value(Op::Load { ptr, offset: 0 }, Type::I64);
        let value = self.int(Type::I64);
        self.effect(Op::Store { ptr, offset: 0, value });
        if region == Region::Mem {
            let flags = self.constant(Type::I64, 0);
            let (name, id) =
                *self.names.random.pick(&[("bpf_ringbuf_submit", 132), ("bpf_ringbuf_discard", 133)]);
            self.effect(Op::CallHelper { name: name.to_owned(), id, args: vec![ptr, flags] });
        }
        self.jump(join, vec![old]);
        self.block = join;
        self.ints.push(result);
    }

    pub(super) fn helpers(&mut self) {
        match self.below(6) {
            0 | 1 if self.shape.kernel.is_some() => self.arithmetic(),
            0 => {
                let (name, id) = *self.names.random.pick(&[
                    ("bpf_ktime_get_ns", 5),
                    ("bpf_get_current_pid_tgid", 14),
                    ("bpf_get_prandom_u32", 7),
                ]);
                self.helper(name, id, Vec::new());
            }
            1 => {
                let (ptr, len) = (self.slot(), self.constant(Type::I64, 16));
                self.effect(Op::CallHelper {
                    name: "bpf_get_current_comm".to_owned(),
                    id: 16,
                    args: vec![ptr, len],
                });
            }
            2 => {
                let map = self.plain(Op::MapAddr(MapId::new(RINGBUF)));
                let (len, flags) = (self.constant(Type::I64, 8), self.constant(Type::I64, 0));
                let op = Op::CallHelper {
                    name: "bpf_ringbuf_reserve".to_owned(),
                    id: 131,
                    args: vec![map, len, flags],
                };
                let found = self.value(op, Type::nullable(Region::Mem));
                self.found(found, Region::Mem);
            }
            3 => {
                let map = self.plain(Op::MapAddr(MapId::new(QUEUE)));
                let (ptr, flags) = (self.slot(), self.constant(Type::I64, 0));
                if self.chance(50) {
                    self.helper("bpf_map_push_elem", 87, vec![map, ptr, flags]);
                } else {
                    self.helper("bpf_map_pop_elem", 88, vec![map, ptr]);
                }
            }
            4 if self.shape.with_abstract => {
                let args = vec![self.int(Type::I64), self.slot(), self.int(Type::I64)];
                self.effect(Op::Print { format: "%d \"%.3s\"\n%llx %%".to_owned(), args });
            }
            _ => self.back(),
        }
    }

    /// A callback, called a few times.
    fn back(&mut self) {
        let callbacks: Vec<FuncId> = self
            .module
            .functions
            .iter()
            .filter(|(_, f)| f.kind == FunctionKind::Callback)
            .map(|(id, _)| id)
            .collect();
        if callbacks.is_empty() || self.loops > 0 {
            return;
        }
        let callback = *self.names.random.pick(&callbacks);
        let callback = self.plain(Op::FuncAddr(callback));
        let count = self.constant(Type::I64, 2);
        let (data, flags) = (self.slot(), self.constant(Type::I64, 0));
        self.helper("bpf_loop", 181, vec![count, callback, data, flags]);
    }

    pub(super) fn context(&mut self) {
        let Some(ctx) = self.ctx else { return self.arithmetic() };
        if self.shape.kernel.is_some() {
            // The interface, which `input` gives as test runs do.
            let value = self.value(Op::Load { ptr: ctx, offset: 12 }, Type::I32);
            return self.ints.push(value);
        }
        let value = match self.below(5) {
            0 if self.shape.with_abstract => {
                let value = self.int(Type::I32);
                return self.effect(Op::CtxStore { ctx, field: "mark".to_owned(), value });
            }
            1 if self.shape.with_abstract => {
                let index = self.below(3) as u32;
                self.value(Op::CtxArg { ctx, index }, Type::I64)
            }
            2 if self.shape.with_abstract => self.value(Op::CtxReturn { ctx }, Type::I64),
            3 if self.shape.with_abstract => {
                self.value(Op::CtxLoad { ctx, field: "mark".to_owned() }, Type::I32)
            }
            _ => self.value(Op::Load { ptr: ctx, offset: 16 }, Type::I64),
        };
        self.ints.push(value);
    }

    pub(super) fn packet(&mut self) {
        let Some(ctx) = self.ctx else { return self.arithmetic() };
        let bound = |me: &mut Self, field: &str, offset, region| {
            if me.shape.with_abstract && me.chance(50) {
                return me.value(Op::CtxLoad { ctx, field: field.to_owned() }, Type::ptr(region));
            }
            let low = me.value(Op::Load { ptr: ctx, offset }, Type::I32);
            let wide = me.value(Op::Cast(CastKind::Zext, low), Type::I64);
            me.value(Op::IntToPtr(wide), Type::ptr(region))
        };
        let data = bound(self, "data", 0, Region::Packet);
        let end = bound(self, "data_end", 4, Region::PacketEnd);
        let len = 1 + self.below(40) as i64;
        let by = self.constant(Type::I64, len);
        let last = self.plain(Op::PtrAdd(data, by));
        let test = self.plain(Op::Icmp(Cond::Ule, [last, end]));
        let (inside, join) = (self.func.add_block(), self.func.add_block());
        self.branch(test, inside, join);
        self.block = inside;
        let offset = self.below(len as usize) as i32;
        let old = self.value(Op::Load { ptr: data, offset }, Type::I8);
        let changed = self.plain(Op::Unary(UnaryOp::Not, old));
        self.effect(Op::Store { ptr: data, offset, value: changed });
        self.jump(join, Vec::new());
        self.block = join;
    }

    pub(super) fn kernel(&mut self) {
        if self.shape.kernel.is_some() {
            return self.arithmetic();
        }
        if self.chance(30) {
            let (number, ptr) = (self.int(Type::I64), self.slot());
            let args = vec![number, ptr];
            let value = self.value(Op::CallKfunc { callee: ExternId::new(0), args }, Type::I32);
            return self.ints.push(value);
        }
        let ty = Type::ptr(Region::KernelUntrusted);
        let name = "bpf_get_current_task".to_owned();
        let task = self.value(Op::CallHelper { name, id: 35, args: Vec::new() }, ty);
        if self.chance(30) {
            let field = *self.names.random.pick(&["flags", "parent", "u"]);
            let ask = *self.names.random.pick(&FieldQuery::ALL);
            let path = vec![FieldStep::Field(field.to_owned())];
            let answer = self.plain(Op::Query(Query::Field(ask, self.known.kernel, path)));
            return self.ints.push(answer);
        }
        if self.chance(20) {
            let ask = *self.names.random.pick(&[RecordQuery::Exists, RecordQuery::Size]);
            let answer = self.plain(Op::Query(Query::Record(ask, self.known.kernel)));
            return self.ints.push(answer);
        }
        let field = *self.names.random.pick(&["flags", "parent", "u"]);
        let path = vec![FieldStep::Field(field.to_owned())];
        let at = self.plain(Op::FieldAddr { base: task, record: self.known.kernel, path });
        if self.shape.with_abstract && self.chance(50) {
            let value = self.value(Op::Load { ptr: at, offset: 0 }, Type::I32);
            return self.ints.push(value);
        }
        let (dst, len) = (self.slot(), self.constant(Type::I64, 4));
        self.helper("bpf_probe_read_kernel", 113, vec![dst, len, at]);
    }

    pub(super) fn call(&mut self) {
        let has_ctx = self.ctx.is_some();
        let fits = |f: &Function| {
            let takes_ctx = f.blocks[Block::new(0)].params.iter().any(|p| !f.type_of(*p).is_int());
            matches!(f.kind, FunctionKind::Subprogram(_)) && (has_ctx || !takes_ctx)
        };
        let all: Vec<FuncId> =
            self.module.functions.iter().filter(|(_, f)| fits(f)).map(|(id, _)| id).collect();
        // The kernel allows eight frames; callbacks take one as well.
        if all.is_empty() || self.func.kind == FunctionKind::Callback {
            return self.arithmetic();
        }
        let callee = *self.names.random.pick(&all);
        let func = &self.module.functions[callee];
        let types: Vec<Type> = func.blocks[Block::new(0)].params.iter().map(|p| func.type_of(*p)).collect();
        let ret = func.ret;
        let mut args = Vec::new();
        for ty in types {
            args.push(if ty.is_int() { self.int(ty) } else { self.ctx.unwrap_or(Value::new(0)) });
        }
        match ret {
            Some(ty) => {
                let value = self.value(Op::Call { callee, args }, ty);
                self.ints.push(value);
            }
            None => self.effect(Op::Call { callee, args }),
        }
    }
}

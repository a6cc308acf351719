//! The instructions of MIR.
//!
//! Promises: one closed enum; what an instruction reads and writes is told by [`Op::args`] and [`Op::has_effect`].
//! Leaves out: typing rules, which the verifier of the level holds.

use super::{
    AtomicOp, BinaryOp, Block, CastKind, Cond, ExternId, FuncId, GlobalId, MapId, Query, Slot, Type, UnaryOp,
    Value,
};
use crate::types::RecordId;

/// A block and the values for its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockCall {
    /// The block.
    pub block: Block,
    /// One value for each parameter.
    pub args: Vec<Value>,
}

/// One step of a path into a record, by name or, in an array, by position.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FieldStep {
    /// A field; the steps through anonymous members are left out.
    Field(String),
    /// An element of an array field.
    Index(u32),
}

/// What an instruction does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    // Values.
    /// An integer constant of the result's type.
    Iconst(i64),
    /// The null pointer of the result's type.
    Null,
    /// See [`BinaryOp`].
    Binary(BinaryOp, [Value; 2]),
    /// See [`UnaryOp`].
    Unary(UnaryOp, Value),
    /// Compares; gives `i1`. Pointers compare with `eq`, `ne` and the unsigned conditions.
    Icmp(Cond, [Value; 2]),
    /// See [`CastKind`]; the result's type says how wide.
    Cast(CastKind, Value),
    /// `cond ? a : b`.
    Select(Value, [Value; 2]),

    // Addresses.
    /// The address of a slot: `ptr.stack`.
    SlotAddr(Slot),
    /// The address of a global variable: `ptr.map_value`.
    GlobalAddr(GlobalId),
    /// A map: `ptr.map`.
    MapAddr(MapId),
    /// A function of this module: `ptr.func`.
    FuncAddr(FuncId),
    /// The address of a kernel variable or of an option of the kernel's configuration: a pointer, as the result says.
    ExternAddr(ExternId),
    /// What the kernel answers to a question when the object is loaded (`i64`).
    Query(Query),
    /// Pointer plus a number of bytes (`i64`, signed).
    PtrAdd(Value, Value),
    /// Bytes from the second pointer to the first (`i64`).
    PtrSub([Value; 2]),
    /// The address of a field. In a kernel record the offset is relocated when the object is loaded.
    FieldAddr {
        /// A pointer to the record.
        base: Value,
        /// The record.
        record: RecordId,
        /// The way into it; not empty.
        path: Vec<FieldStep>,
    },
    /// A pointer as a number (`i64`).
    PtrToInt(Value),
    /// A number (`i64`) as a pointer of the result's type.
    IntToPtr(Value),
    /// The same pointer with a stronger type: not null, after a check that dominates it.
    Refine(Value),

    // Memory.
    /// Reads a value of the result's type at pointer plus offset.
    Load {
        /// The pointer.
        ptr: Value,
        /// Bytes.
        offset: i32,
    },
    /// Writes a value at pointer plus offset.
    Store {
        /// The pointer.
        ptr: Value,
        /// Bytes.
        offset: i32,
        /// The value.
        value: Value,
    },
    /// Copies `len` bytes from `src` to `dst`; they do not overlap.
    MemCopy {
        /// To.
        dst: Value,
        /// From.
        src: Value,
        /// Bytes.
        len: u32,
    },
    /// Copies the text at `src` to `dst`: at most `len` bytes, of which the last is its NUL. What `dst` has behind the NUL is
    /// not said. Text that cannot be read is empty. Abstract: made concrete by `legalise`.
    TextCopy {
        /// To.
        dst: Value,
        /// From.
        src: Value,
        /// Bytes, not 0.
        len: u32,
    },
    /// Fills `len` bytes.
    MemSet {
        /// Where.
        dst: Value,
        /// The byte.
        byte: u8,
        /// Bytes.
        len: u32,
    },
    /// See [`AtomicOp`]; on `i32` or `i64` at pointer plus offset. The result, if any, is the old value.
    Atomic {
        /// What.
        op: AtomicOp,
        /// The pointer.
        ptr: Value,
        /// Bytes.
        offset: i32,
        /// The operand.
        value: Value,
    },
    /// From here on the slot holds something.
    SlotLive(Slot),
    /// From here on the slot holds nothing.
    SlotDead(Slot),

    // Calls.
    /// Calls a helper by number; `name` is its kernel name.
    CallHelper {
        /// Kernel name (`bpf_ktime_get_ns`).
        name: String,
        /// Number in `enum bpf_func_id`.
        id: u32,
        /// Arguments, at most five.
        args: Vec<Value>,
    },
    /// Calls a kernel function.
    CallKfunc {
        /// Its declaration.
        callee: ExternId,
        /// Arguments, at most five.
        args: Vec<Value>,
    },
    /// Calls a function of this module.
    Call {
        /// The function.
        callee: FuncId,
        /// Arguments, at most five.
        args: Vec<Value>,
    },

    // Abstract: made concrete by `bitfields` and `legalise`.
    /// Reads a bitfield of a kernel record, with the sign of its type, as an integer of the result's type.
    LoadBits {
        /// A pointer to the record.
        base: Value,
        /// The record.
        record: RecordId,
        /// The way to the bitfield; not empty.
        path: Vec<FieldStep>,
    },
    /// Reads a field of the context, by name; the program type's row says what it gives.
    CtxLoad {
        /// The context.
        ctx: Value,
        /// The field's name in the row.
        field: String,
    },
    /// Writes a field of the context.
    CtxStore {
        /// The context.
        ctx: Value,
        /// The field's name in the row.
        field: String,
        /// The value.
        value: Value,
    },
    /// Reads argument `index` of the traced function, event or callback.
    CtxArg {
        /// The context.
        ctx: Value,
        /// From 0.
        index: u32,
    },
    /// The return value of the traced function.
    CtxReturn {
        /// The context.
        ctx: Value,
    },
    /// Looks a key up: a pointer to the value, or null. The key is an integer of the key's size, or a pointer to one.
    MapLookup {
        /// The map.
        map: MapId,
        /// The key.
        key: Value,
    },
    /// Stores a value under a key; key and value are integers or pointers. Gives 0 or a negative errno (`i64`).
    MapUpdate {
        /// The map.
        map: MapId,
        /// The key.
        key: Value,
        /// The value.
        value: Value,
        /// `BPF_ANY` (0), `BPF_NOEXIST` (1), `BPF_EXIST` (2).
        flags: Value,
    },
    /// Removes a key. Gives 0 or a negative errno (`i64`).
    MapDelete {
        /// The map.
        map: MapId,
        /// The key.
        key: Value,
    },
    /// The value of the entry of a map at a position, from 0 on, in no order; null if there are not so many. Only in the
    /// header of a loop, which `outline` makes a callback.
    MapEntry {
        /// The map.
        map: MapId,
        /// The position.
        position: Value,
    },
    /// The key of an entry that is there.
    MapEntryKey {
        /// The map.
        map: MapId,
        /// The position.
        position: Value,
    },
    /// Prints to the trace pipe. The format has one `%` conversion of `bpf_trace_printk` for each argument.
    Print {
        /// Format, without the final NUL.
        format: String,
        /// Integers (`i64`) and, for `%s`, pointers.
        args: Vec<Value>,
    },

    // Terminators.
    /// Goes to a block.
    Jump(BlockCall),
    /// Goes to the first block if the `i1` is 1, to the second otherwise.
    Branch {
        /// The condition.
        cond: Value,
        /// Where to if 1.
        then: BlockCall,
        /// Where to if 0.
        otherwise: BlockCall,
    },
    /// Goes to the block of the case that equals the value.
    Switch {
        /// The value.
        value: Value,
        /// Cases, distinct.
        cases: Vec<(i64, BlockCall)>,
        /// Where to otherwise.
        default: BlockCall,
    },
    /// Leaves the function.
    Return(Option<Value>),
}

impl Op {
    /// The values it reads, in order, those for block parameters last.
    pub fn args(&self) -> Vec<Value> {
        let mut out = Vec::new();
        self.clone().map_args(|v| {
            out.push(v);
            v
        });
        out
    }

    /// Replaces each value that it reads.
    pub fn map_args(&mut self, mut f: impl FnMut(Value) -> Value) {
        let mut all = |vs: &mut [Value]| vs.iter_mut().for_each(|v| *v = f(*v));
        match self {
            Op::Iconst(_)
            | Op::Null
            | Op::SlotAddr(_)
            | Op::GlobalAddr(_)
            | Op::MapAddr(_)
            | Op::FuncAddr(_)
            | Op::ExternAddr(_)
            | Op::Query(_)
            | Op::SlotLive(_)
            | Op::SlotDead(_)
            | Op::Return(None) => {}
            Op::Binary(_, vs) | Op::Icmp(_, vs) | Op::PtrSub(vs) => all(vs),
            Op::Unary(_, v)
            | Op::Cast(_, v)
            | Op::PtrToInt(v)
            | Op::IntToPtr(v)
            | Op::Refine(v)
            | Op::Return(Some(v))
            | Op::Load { ptr: v, .. }
            | Op::FieldAddr { base: v, .. }
            | Op::LoadBits { base: v, .. }
            | Op::MemSet { dst: v, .. }
            | Op::CtxLoad { ctx: v, .. }
            | Op::CtxArg { ctx: v, .. }
            | Op::CtxReturn { ctx: v }
            | Op::MapLookup { key: v, .. }
            | Op::MapDelete { key: v, .. }
            | Op::MapEntry { position: v, .. }
            | Op::MapEntryKey { position: v, .. } => all(std::slice::from_mut(v)),
            Op::Select(c, vs) => {
                all(std::slice::from_mut(c));
                all(vs);
            }
            Op::PtrAdd(a, b)
            | Op::Store { ptr: a, value: b, .. }
            | Op::MemCopy { dst: a, src: b, .. }
            | Op::TextCopy { dst: a, src: b, .. }
            | Op::Atomic { ptr: a, value: b, .. }
            | Op::CtxStore { ctx: a, value: b, .. } => {
                all(std::slice::from_mut(a));
                all(std::slice::from_mut(b));
            }
            Op::CallHelper { args, .. }
            | Op::CallKfunc { args, .. }
            | Op::Call { args, .. }
            | Op::Print { args, .. } => all(args),
            Op::MapUpdate { key, value, flags, .. } => {
                all(std::slice::from_mut(key));
                all(std::slice::from_mut(value));
                all(std::slice::from_mut(flags));
            }
            Op::Jump(call) => all(&mut call.args),
            Op::Branch { cond, then, otherwise } => {
                all(std::slice::from_mut(cond));
                all(&mut then.args);
                all(&mut otherwise.args);
            }
            Op::Switch { value, cases, default } => {
                all(std::slice::from_mut(value));
                for (_, call) in cases {
                    all(&mut call.args);
                }
                all(&mut default.args);
            }
        }
    }

    /// The blocks it may go to, with the values it hands over; empty for all but terminators.
    pub fn targets(&self) -> Vec<&BlockCall> {
        match self {
            Op::Jump(call) => vec![call],
            Op::Branch { then, otherwise, .. } => vec![then, otherwise],
            Op::Switch { cases, default, .. } => {
                cases.iter().map(|(_, call)| call).chain(std::iter::once(default)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The blocks it may go to, mutably.
    pub fn targets_mut(&mut self) -> Vec<&mut BlockCall> {
        match self {
            Op::Jump(call) => vec![call],
            Op::Branch { then, otherwise, .. } => vec![then, otherwise],
            Op::Switch { cases, default, .. } => {
                cases.iter_mut().map(|(_, call)| call).chain(std::iter::once(default)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether it ends a block.
    pub fn is_terminator(&self) -> bool {
        matches!(self, Op::Jump(_) | Op::Branch { .. } | Op::Switch { .. } | Op::Return(_))
    }

    /// Whether it must stay although its result is not used: it writes, calls or ends a block.
    pub fn has_effect(&self) -> bool {
        self.is_terminator()
            || matches!(
                self,
                Op::Store { .. }
                    | Op::MemCopy { .. }
                    | Op::TextCopy { .. }
                    | Op::MemSet { .. }
                    | Op::Atomic { .. }
                    | Op::SlotLive(_)
                    | Op::SlotDead(_)
                    | Op::CallHelper { .. }
                    | Op::CallKfunc { .. }
                    | Op::Call { .. }
                    | Op::CtxStore { .. }
                    | Op::MapUpdate { .. }
                    | Op::MapDelete { .. }
                    | Op::Print { .. }
            )
    }

    /// Whether it is one of the abstract instructions, which emission does not know.
    pub fn is_abstract(&self) -> bool {
        matches!(
            self,
            Op::Binary(BinaryOp::Floordiv | BinaryOp::Floormod, _)
                | Op::LoadBits { .. }
                | Op::TextCopy { .. }
                | Op::CtxLoad { .. }
                | Op::CtxStore { .. }
                | Op::CtxArg { .. }
                | Op::CtxReturn { .. }
                | Op::MapLookup { .. }
                | Op::MapUpdate { .. }
                | Op::MapDelete { .. }
                | Op::MapEntry { .. }
                | Op::MapEntryKey { .. }
                | Op::Print { .. }
        )
    }
}

impl Op {
    /// The result's type where the operands alone decide it; `type_of` gives the operands' types.
    pub fn inferred_type(&self, mut type_of: impl FnMut(Value) -> Type) -> Option<Type> {
        use super::Region;
        Some(match self {
            Op::Binary(_, [a, _]) | Op::Unary(_, a) | Op::Select(_, [a, _]) => type_of(*a),
            Op::Icmp(..) => Type::I1,
            Op::SlotAddr(_) => Type::ptr(Region::Stack),
            Op::GlobalAddr(_) => Type::ptr(Region::MapValue),
            Op::MapAddr(_) => Type::ptr(Region::Map),
            Op::FuncAddr(_) => Type::ptr(Region::Func),
            Op::PtrAdd(base, _) | Op::FieldAddr { base, .. } => type_of(*base),
            Op::PtrSub(_) | Op::PtrToInt(_) | Op::Query(_) | Op::MapUpdate { .. } | Op::MapDelete { .. } => {
                Type::I64
            }
            Op::Refine(v) => Type::ptr(type_of(*v).region()?),
            Op::MapLookup { .. } | Op::MapEntry { .. } => Type::nullable(Region::MapValue),
            Op::MapEntryKey { .. } => Type::ptr(Region::Mem),
            _ => return None,
        })
    }
}

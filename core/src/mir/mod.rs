//! MIR: the level where every decision is made.
//!
//! SSA with block parameters, machine types, and pointers that carry a [`Region`]. Abstract instructions (a field of
//! the context, a map operation, print) stay abstract until a pass makes them concrete by the program type's rules.
//! The text form, specified in `docs/mir.md`, is also the wire format of passes outside this tree.
//!
//! Promises: each instruction has a span; slots are declared per function; nothing here depends on LLVM.
//! Leaves out: the passes.
//!
//! The nouns: [`Module`], [`Function`], [`Block`], [`Inst`] with its [`Op`], [`Value`], [`Slot`].

pub mod analysis;
mod compact;
mod function;
mod inst;
pub mod interp;
mod lex;
mod module;
mod opcode;
mod parse;
mod path;
mod print;
mod query;
pub mod random;
mod verify;

pub use function::{
    Block, BlockData, Builder, Function, Inst, InstData, Param, Slot, SlotData, Value, ValueData, ValueDef,
};
pub use inst::{BlockCall, FieldStep, Op};
pub use module::{
    Callee, Extern, ExternId, ExternKind, FuncId, FunctionKind, Global, GlobalId, Init, Linkage, Map, MapId,
    MapValue, Module, Section, StructOps, StructOpsMember, StructOpsValue,
};

pub use opcode::{AtomicOp, BinaryOp, CastKind, Cond, UnaryOp};
pub use parse::{MAX_TYPE_DEPTH, parse};
pub use path::{FieldPlace, follow};
pub use print::{TEXT_VERSION, print, print_annotated, print_function};
pub use query::{EnumQuery, FieldQuery, Query, RecordQuery, enumerator};

pub use verify::{Violation, verify, verify_concrete};

pub use crate::types::Region;

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// A truth value.
    I1,
    /// 8 bits.
    I8,
    /// 16 bits.
    I16,
    /// 32 bits.
    I32,
    /// 64 bits.
    I64,
    /// A pointer.
    Ptr {
        /// Where it points.
        region: Region,
        /// Whether it may be null.
        nullable: bool,
    },
}

impl Type {
    /// The integer type of `bits` (1, 8, 16, 32 or 64).
    pub fn int(bits: u32) -> Option<Type> {
        Some(match bits {
            1 => Type::I1,
            8 => Type::I8,
            16 => Type::I16,
            32 => Type::I32,
            64 => Type::I64,
            _ => return None,
        })
    }

    /// A pointer that is not null.
    pub fn ptr(region: Region) -> Type {
        Type::Ptr { region, nullable: false }
    }

    /// A pointer that may be null.
    pub fn nullable(region: Region) -> Type {
        Type::Ptr { region, nullable: true }
    }

    /// Width in bits; a pointer has 64.
    pub fn bits(self) -> u32 {
        match self {
            Type::I1 => 1,
            Type::I8 => 8,
            Type::I16 => 16,
            Type::I32 => 32,
            Type::I64 | Type::Ptr { .. } => 64,
        }
    }

    /// Bytes in memory.
    pub fn bytes(self) -> u32 {
        self.bits().div_ceil(8)
    }

    /// Whether it is an integer (I1 included).
    pub fn is_int(self) -> bool {
        !matches!(self, Type::Ptr { .. })
    }

    /// The region, of a pointer.
    pub fn region(self) -> Option<Region> {
        match self {
            Type::Ptr { region, .. } => Some(region),
            _ => None,
        }
    }

    /// Whether it is a pointer that may be null.
    pub fn is_nullable(self) -> bool {
        matches!(self, Type::Ptr { nullable: true, .. })
    }
}

/// `i64`, `ptr.stack`, `ptr.map_value?`.
impl std::fmt::Display for Type {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Type::Ptr { region, nullable } => {
                write!(f, "ptr.{}{}", region.as_str(), if *nullable { "?" } else { "" })
            }
            int => write!(f, "i{}", int.bits()),
        }
    }
}

//! An interpreter for MIR, abstract or concrete: for tests of passes, and for a machine that grants no privileges.
//!
//! Promises: the same run gives the same result everywhere; every error is typed and has its place; steps, calls and
//! memory are limited, so that any module ends. Maps and global variables keep their content between runs. A pass can
//! be checked by running a function before and after it. Leaves out: what only the kernel has (attaching, BTF pointers
//! it walks itself, most helpers), and what only its verifier refuses.
//!
//! Reads through `kernel`, `kernel_untrusted` and `user` pointers that lead nowhere give zeros, as the kernel's
//! copying helpers and its fault handler do.

mod arithmetic;
mod context;
mod environment;
mod exec;
mod fault;
mod format;
mod helpers;
mod iterators;
mod maps;
mod memory;

pub use context::{Context, Input, Place};
pub use environment::{Deterministic, Environment};
pub use fault::{Fault, FaultKind};
pub use memory::Memory;

use super::{FuncId, GlobalId, Init, MapId, Module, Region, Section};
use crate::entity::{Entity, Table};
use crate::source::Span;
use maps::Store;

/// What one run may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Instructions.
    pub steps: u64,
    /// Bytes of all objects together.
    pub memory: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { steps: 1_000_000, memory: 64 << 20 }
    }
}

/// What a run gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The result, with the sign of its width; none if the function gives none.
    pub value: Option<i64>,
    /// Instructions run.
    pub steps: u64,
    /// The context as the program left it.
    pub context: Vec<u8>,
    /// The packet as the program left it.
    pub packet: Option<Vec<u8>>,
}

/// Why a run stopped; the place is put in where the instruction is known.
#[derive(Debug)]
struct Stop {
    kind: FaultKind,
    at: Option<(String, Span)>,
}

impl From<FaultKind> for Stop {
    fn from(kind: FaultKind) -> Self {
        Self { kind, at: None }
    }
}

type Run<T> = Result<T, Stop>;

/// The addresses of maps and functions, which are no memory.
const MAP_BASE: u64 = 0x5000_0000_0000;
const FUNC_BASE: u64 = 0x6000_0000_0000;
const STEP: u64 = 1 << 16;

/// A module with its maps and global variables, in an environment.
#[derive(Debug)]
pub struct Machine<'m, E> {
    module: &'m Module,
    /// The world around the program.
    pub environment: E,
    limits: Limits,
    memory: Memory,
    maps: Table<MapId, Store>,
    globals: Table<GlobalId, u64>,
    /// For each function, the slots that have a `slot_live`; made when it is first called.
    marked: Table<FuncId, Option<Vec<bool>>>,
    context: Context,
    context_at: u64,
    printed: Vec<String>,
    steps: u64,
    depth: u32,
}

impl<'m, E: Environment> Machine<'m, E> {
    /// A machine with empty maps, and global variables at their initial values.
    pub fn new(module: &'m Module, environment: E) -> Result<Self, FaultKind> {
        Self::with_limits(module, environment, Limits::default())
    }

    /// A machine with other limits.
    pub fn with_limits(module: &'m Module, environment: E, limits: Limits) -> Result<Self, FaultKind> {
        super::verify::check_types(module).map_err(|v| FaultKind::Invalid(v.message))?;
        let mut memory = Memory::new(limits.memory);
        let mut globals = Table::new();
        for global in module.globals.values() {
            let size = module.types.size_of(global.ty) as usize;
            if size as u64 > limits.memory {
                return Err(FaultKind::MemoryLimit);
            }
            let mut bytes = vec![0; size];
            match &global.init {
                Init::Zero => {}
                Init::Int(n) => bytes.iter_mut().zip(n.to_le_bytes()).for_each(|(to, from)| *to = from),
                Init::Bytes(init) => bytes.iter_mut().zip(init).for_each(|(to, from)| *to = *from),
            }
            let name = format!("global variable `{}`", global.name);
            let base = memory.add(Region::MapValue, &name, bytes)?;
            if global.section == Section::Rodata {
                memory.protect(base);
            }
            globals.push(base);
        }
        Ok(Self {
            module,
            environment,
            limits,
            memory,
            maps: module.maps.values().map(|m| Store::new(m, &module.types)).collect(),
            globals,
            marked: module.functions.keys().map(|_| None).collect(),
            context: Context::default(),
            context_at: 0,
            printed: Vec::new(),
            steps: 0,
            depth: 0,
        })
    }

    /// Runs a program: a function whose parameter, if it has one, is the context.
    pub fn run(&mut self, func: FuncId, input: &Input) -> Result<Outcome, Fault> {
        let mut context = input.context.clone();
        let packet = match &input.packet {
            Some(bytes) => {
                let added = self.memory.add(Region::Packet, "the packet", bytes.clone());
                Some(added.map_err(|kind| self.fault(func, kind.into()))?)
            }
            None => None,
        };
        if let Some(data) = packet {
            let end = data + input.packet.as_ref().map_or(0, Vec::len) as u64;
            for place in input.context.fields.values() {
                match place.region {
                    Some(Region::Packet | Region::PacketMeta) => context.put(*place, data),
                    Some(Region::PacketEnd) => context.put(*place, end),
                    _ => {}
                }
            }
        }
        let added = self.memory.add(Region::Ctx, "the context", context.bytes.clone());
        self.context_at = added.map_err(|kind| self.fault(func, kind.into()))?;
        self.context = context;
        let takes = self.module.functions.get(func).is_some_and(|f| !f.params.is_empty());
        let args = if takes { vec![self.context_at] } else { Vec::new() };
        let value = self.call(func, args);
        let context = self.memory.object(self.context_at).map(<[u8]>::to_vec).unwrap_or_default();
        let packet = packet.and_then(|base| self.memory.object(base)).map(<[u8]>::to_vec);
        self.memory.clear(Region::Packet);
        self.memory.clear(Region::Ctx);
        let (value, steps) = value?;
        Ok(Outcome { value, steps, context, packet })
    }

    /// Calls a function with numbers and addresses; gives its result and the number of instructions run.
    pub fn call(&mut self, func: FuncId, args: Vec<u64>) -> Result<(Option<i64>, u64), Fault> {
        self.steps = 0;
        self.depth = 0;
        let mut result = self.invoke(func, args);
        if result.is_ok()
            && let Some(store) = self.maps.values().find(|s| !s.reserved.is_empty())
        {
            result = Err(FaultKind::Leak(store.name.clone()).into());
        }
        for store in self.maps.values_mut() {
            store.settle(&mut self.memory);
        }
        self.memory.clear(Region::Stack);
        let value = result.map_err(|stop| self.fault(func, stop))?;
        let ty = self.module.functions.get(func).and_then(|f| f.ret);
        let value = value.map(|v| arithmetic::signed(v, ty.map_or(64, super::Type::bits)));
        Ok((value, self.steps))
    }

    fn fault(&self, func: FuncId, stop: Stop) -> Fault {
        let start = Span::new(crate::source::FileId::new(0), 0, 0);
        let (function, span) = stop.at.unwrap_or_else(|| {
            self.module
                .functions
                .get(func)
                .map_or_else(|| (func.to_string(), start), |f| (f.name.clone(), f.span))
        });
        Fault { kind: stop.kind, function, span }
    }

    /// What was printed since this was last asked, one text for each call.
    pub fn take_printed(&mut self) -> Vec<String> {
        std::mem::take(&mut self.printed)
    }

    /// The memory, for objects that tests and environments add.
    pub fn memory(&mut self) -> &mut Memory {
        &mut self.memory
    }

    /// The bytes of a global variable.
    pub fn global(&self, id: GlobalId) -> Option<&[u8]> {
        self.memory.object(*self.globals.get(id)?)
    }

    /// Sets the first bytes of a global variable, as user space would.
    pub fn set_global(&mut self, id: GlobalId, bytes: &[u8]) -> Result<(), FaultKind> {
        match self.globals.get(id) {
            Some(base) => self.memory.write(*base, bytes),
            None => Err(FaultKind::BadArgument(format!("there is no global variable {id}"))),
        }
    }

    /// The keys of a map, in the order of their bytes; of an array those that were looked at.
    pub fn map_keys(&self, map: MapId) -> Vec<Vec<u8>> {
        self.maps.get(map).map(Store::keys).unwrap_or_default()
    }

    /// The value of a key: one, or one for each processor of a per-CPU map.
    pub fn map_get(&self, map: MapId, key: &[u8]) -> Option<Vec<Vec<u8>>> {
        self.maps.get(map)?.read(&self.memory, key)
    }

    /// Stores a value under a key, as user space would; of a per-CPU map for the first processor.
    pub fn map_put(&mut self, map: MapId, key: &[u8], value: &[u8]) -> Result<i64, FaultKind> {
        match self.maps.get_mut(map) {
            Some(store)
                if store.key_size as usize == key.len() && store.value_size as usize == value.len() =>
            {
                store.update(&mut self.memory, key, value, 0, 0)
            }
            _ => Err(FaultKind::BadArgument(format!("{map} takes another key or value"))),
        }
    }

    /// Takes the records of a ring buffer or perf array.
    pub fn take_records(&mut self, map: MapId) -> Vec<Vec<u8>> {
        self.maps.get_mut(map).map(Store::take_records).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;

//! Whether a subprogram becomes a part of its callers.
//!
//! Promises: the same module gives the same decisions; each has its reason in words. Leaves out: doing it.

use pbpf_core::mir::{FuncId, Function, FunctionKind, Linkage, Module, Op, Region, Type};
use std::fmt;

/// So many instructions cost hardly more than a call.
const SHORT: usize = 24;
/// So many instructions the copies may add.
const LITTLE: usize = 200;
/// So many they may add where the function takes the context or memory.
const MUCH: usize = 2_000;
/// Slots of caller and callee together that are likely to go over the 512 bytes, registers and keys counted.
const DEEP: u32 = 320;
/// The most instructions that a caller may come to have.
pub(super) const MEASURE: usize = 20_000;

/// What becomes of a subprogram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decision {
    /// Whether it becomes a part of its callers.
    pub(super) inlined: bool,
    /// Whether it must, because no call can pass its arguments or the user said so.
    pub(super) forced: bool,
    sites: usize,
    reason: String,
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.inlined, self.sites) {
            (true, 1) => write!(f, "becomes a part of its only caller: {}", self.reason),
            (true, n) => write!(f, "becomes a part of each of its {n} callers: {}", self.reason),
            (false, _) => write!(f, "stays a function that is called: {}", self.reason),
        }
    }
}

/// Decides on a function whose own calls are done, `callers` having it once for each call; nothing for what is no subprogram, or is not called.
pub(super) fn decide(module: &Module, id: FuncId, callers: &[FuncId]) -> Option<Decision> {
    let func = &module.functions[id];
    let linkage = match func.kind {
        FunctionKind::Subprogram(linkage) => linkage,
        // What a helper calls back and the program calls too.
        FunctionKind::Callback => Linkage::Static,
        FunctionKind::Program { .. } => return None,
    };
    let sites = callers.len();
    if sites == 0 {
        return None;
    }
    let verdict = |inlined, forced, reason: String| Some(Decision { inlined, forced, sites, reason });
    let size = size(func);
    match linkage {
        Linkage::Inline if func.params.len() > 5 => {
            return verdict(true, true, format!("a call passes five values, and not {}", func.params.len()));
        }
        Linkage::Inline => return verdict(true, true, "it is declared so".to_owned()),
        Linkage::NoInline => return verdict(false, false, "it is declared so".to_owned()),
        Linkage::Global => return verdict(false, false, "it is verified on its own".to_owned()),
        Linkage::Static => {}
    }
    if sites == 1 {
        return verdict(true, false, format!("there is one call, and {size} instructions"));
    }
    if size <= SHORT {
        return verdict(true, false, format!("{size} instructions are short"));
    }
    let added = size * (sites - 1);
    if added <= LITTLE {
        return verdict(true, false, format!("copies add {added} instructions"));
    }
    if added <= MUCH {
        if let Some(param) = func.params.iter().zip(inputs(func)).find(|(_, ty)| carries_proofs(*ty)) {
            let reason = format!("what its callers know of `{}` holds in it", param.0.name);
            return verdict(true, false, reason);
        }
        let own = stack(func);
        let deepest = callers.iter().map(|f| stack(&module.functions[*f])).max().unwrap_or(0);
        if own > 0 && own.saturating_add(deepest) > DEEP {
            let reason = format!("its {own} bytes of stack and its caller's {deepest} share their place");
            return verdict(true, false, reason);
        }
    }
    verdict(false, false, format!("copies would add {added} instructions"))
}

/// Whether what is proved of a value before a call would be lost behind it.
fn carries_proofs(ty: Type) -> bool {
    let memory = |r| {
        matches!(
            r,
            Region::Ctx
                | Region::Packet
                | Region::PacketMeta
                | Region::MapValue
                | Region::Mem
                | Region::Kernel
        )
    };
    ty.region().is_some_and(memory)
}

fn inputs(func: &Function) -> impl Iterator<Item = Type> {
    let entry: &[_] = func.entry().map_or(&[], |b| &func.blocks[b].params);
    entry.iter().map(|v| func.type_of(*v))
}

/// The instructions that cost something.
pub(super) fn size(func: &Function) -> usize {
    let free = |op: &Op| {
        matches!(
            op,
            Op::Iconst(_)
                | Op::Null
                | Op::SlotAddr(_)
                | Op::SlotLive(_)
                | Op::SlotDead(_)
                | Op::Refine(_)
                | Op::Jump(_)
        )
    };
    func.each_inst().filter(|(_, i)| !free(&func.insts[*i].op)).count()
}

fn stack(func: &Function) -> u32 {
    func.slots.values().fold(0, |sum: u32, slot| sum.saturating_add(slot.size))
}

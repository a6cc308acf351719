//! What instructions touch of a packet.
//!
//! Promises: every byte that an instruction reads or writes through a packet pointer itself, or has a helper read or write.
//! Leaves out: what a called function touches.

use crate::mir::ranges::Ranges;
use pbpf_core::entity::Entity;
use pbpf_core::mir::{Block, Function, Inst, MapId, Module, Op, Value};
use pbpf_core::registry::Registry;
use pbpf_core::rows::{ArgumentKind, Helper};

/// Bytes behind a pointer that an instruction touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Access {
    /// The pointer.
    pub(super) ptr: Value,
    /// First byte.
    pub(super) offset: i64,
    /// How many; none if that is not known.
    pub(super) size: Option<i64>,
}

/// What is asked of while looking at a function.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) module: &'a Module,
    pub(super) registry: &'a Registry,
    pub(super) ranges: &'a Ranges<'a>,
}

/// What an instruction touches, through pointers of any region.
pub(super) fn accesses(asked: Asked<'_>, func: &Function, block: Block, inst: Inst) -> Vec<Access> {
    let whole = |ptr: Value, size: i64| Access { ptr, offset: 0, size: Some(size) };
    let key = |map: MapId| asked.module.maps.get(map).and_then(|m| m.key);
    let value = |map: MapId| asked.module.maps.get(map).and_then(|m| m.value);
    let size =
        |ty: Option<pbpf_core::types::TypeId>| ty.map_or(0, |t| i64::from(asked.module.types.size_of(t)));
    let data = &func.insts[inst];
    match &data.op {
        Op::Load { ptr, offset } => {
            let bytes = data.result.map_or(0, |r| func.type_of(r).bytes());
            vec![Access { ptr: *ptr, offset: i64::from(*offset), size: Some(i64::from(bytes)) }]
        }
        Op::Store { ptr, offset, value } | Op::Atomic { ptr, offset, value, .. } => {
            let bytes = func.type_of(*value).bytes();
            vec![Access { ptr: *ptr, offset: i64::from(*offset), size: Some(i64::from(bytes)) }]
        }
        Op::MemCopy { dst, src, len } => vec![whole(*dst, i64::from(*len)), whole(*src, i64::from(*len))],
        Op::MemSet { dst, len, .. } | Op::TextCopy { dst, len, .. } => vec![whole(*dst, i64::from(*len))],
        Op::MapLookup { map, key: k } | Op::MapDelete { map, key: k } => vec![whole(*k, size(key(*map)))],
        Op::MapUpdate { map, key: k, value: v, .. } => {
            vec![whole(*k, size(key(*map))), whole(*v, size(value(*map)))]
        }
        Op::CallHelper { name, args, .. } => match asked.registry.find_helper(name) {
            Some(id) => by_helper(asked, func, block, &asked.registry.helper(id).row, args),
            None => Vec::new(),
        },
        Op::CallKfunc { callee, args } => {
            let name = asked.module.externs.get(*callee).map_or("", |e| e.name.as_str());
            match asked.registry.find_helper(name) {
                Some(id) => by_helper(asked, func, block, &asked.registry.helper(id).row, args),
                None => Vec::new(),
            }
        }
        _ => Vec::new(),
    }
}

fn by_helper(asked: Asked<'_>, func: &Function, block: Block, row: &Helper, args: &[Value]) -> Vec<Access> {
    let map = args.iter().find_map(|arg| match func.def(*arg)?.op {
        Op::MapAddr(map) => asked.module.maps.get(map),
        _ => None,
    });
    let item = |ty: Option<pbpf_core::types::TypeId>| ty.map(|t| i64::from(asked.module.types.size_of(t)));
    args.iter()
        .zip(&row.args)
        .filter_map(|(arg, is)| {
            let size = match &is.kind {
                ArgumentKind::MapKey => item(map?.key),
                ArgumentKind::MapValue | ArgumentKind::MapValueOut => item(map?.value),
                ArgumentKind::Object(size) => Some(i64::from(*size)),
                ArgumentKind::MemIn | ArgumentKind::MemOut | ArgumentKind::Text => {
                    let at =
                        row.args.iter().position(|other| other.kind == ArgumentKind::SizeOf(is.name.clone()));
                    let size = at.and_then(|at| args.get(at)).map(|size| asked.ranges.seen(*size, block));
                    size.filter(|r| r.is_natural() && r.hi <= i64::from(u32::MAX)).map(|r| r.hi)
                }
                _ => return None,
            };
            Some(Access { ptr: *arg, offset: 0, size })
        })
        .collect()
}

/// Whether a helper or kernel function moves packet data.
pub(in crate::mir) fn moves(module: &Module, registry: &Registry, op: &Op) -> bool {
    let name = match op {
        Op::CallHelper { name, .. } => name,
        Op::CallKfunc { callee, .. } => match module.externs.get(*callee) {
            Some(callee) => &callee.name,
            None => return false,
        },
        _ => return false,
    };
    registry.find_helper(name).is_some_and(|id| registry.helper(id).row.moves_packet)
}

/// For each function of the module, whether it moves packet data, by others too.
pub(in crate::mir) fn movers(module: &Module, registry: &Registry) -> Vec<bool> {
    let own: Vec<bool> = module
        .functions
        .values()
        .map(|f| f.each_inst().any(|(_, i)| moves(module, registry, &f.insts[i].op)))
        .collect();
    let reaches = |id| crate::mir::rules::reach(module, id).iter().any(|r| own.get(r.index()) == Some(&true));
    module.functions.keys().map(reaches).collect()
}

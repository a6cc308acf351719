//! The parts of a module that nothing reaches.
//!
//! Promises: order of what stays is kept; ids are renumbered everywhere. Leaves out: maps and the user's globals, which
//! user space may want although no program does.

use pbpf_core::entity::{Entity, Table};
use pbpf_core::mir::{
    ExternId, FuncId, FunctionKind, Global, GlobalId, Linkage, MapValue, Module, Op, StructOpsValue,
};

/// Drops static functions, compiler-made constants and externs that nothing reaches.
pub(super) fn drop_unused(module: &mut Module) {
    let functions = reached_functions(module);
    let mut globals: Table<GlobalId, bool> =
        module.globals.values().map(|g: &Global| !g.name.starts_with('.')).collect();
    let mut externs: Table<ExternId, bool> = module.externs.keys().map(|_| false).collect();
    for (_, func) in module.functions.iter().filter(|(id, _)| functions[*id]) {
        for (_, inst) in func.each_inst() {
            match func.insts[inst].op {
                Op::GlobalAddr(id) => set(&mut globals, id),
                Op::CallKfunc { callee, .. } | Op::ExternAddr(callee) => set(&mut externs, callee),
                _ => {}
            }
        }
    }
    if functions.values().chain(globals.values()).chain(externs.values()).all(|kept| *kept) {
        return;
    }
    let function_ids = keep(&mut module.functions, &functions);
    let global_ids = keep(&mut module.globals, &globals);
    let extern_ids = keep(&mut module.externs, &externs);
    for inst in module.functions.values_mut().flat_map(|f| f.insts.values_mut()) {
        // Instructions outside the layout may name what is gone; they are dead, so any id will do.
        match &mut inst.op {
            Op::GlobalAddr(id) => *id = renumber(&global_ids, *id),
            Op::FuncAddr(id) | Op::Call { callee: id, .. } => *id = renumber(&function_ids, *id),
            Op::CallKfunc { callee, .. } | Op::ExternAddr(callee) => *callee = renumber(&extern_ids, *callee),
            _ => {}
        }
    }
    for (_, value) in module.maps.values_mut().flat_map(|map| &mut map.values) {
        if let MapValue::Func(id) = value {
            *id = renumber(&function_ids, *id);
        }
    }
    for member in module.struct_ops.iter_mut().flat_map(|ops| &mut ops.members) {
        if let StructOpsValue::Func(id) = &mut member.value {
            *id = renumber(&function_ids, *id);
        }
    }
}

fn set<K: Entity>(marks: &mut Table<K, bool>, id: K) {
    if let Some(mark) = marks.get_mut(id) {
        *mark = true;
    }
}

fn reached_functions(module: &Module) -> Table<FuncId, bool> {
    let is_root = |kind: &FunctionKind| {
        matches!(kind, FunctionKind::Program { .. } | FunctionKind::Subprogram(Linkage::Global))
    };
    let mut reached: Table<FuncId, bool> = module.functions.keys().map(|_| false).collect();
    let mut work: Vec<FuncId> =
        module.functions.iter().filter(|(_, f)| is_root(&f.kind)).map(|(id, _)| id).collect();
    for member in module.struct_ops.iter().flat_map(|ops| &ops.members) {
        if let StructOpsValue::Func(id) = member.value {
            work.push(id);
        }
    }
    // A module without programs is a library or a test: all of it stays that is not only a part of others.
    if work.is_empty() {
        let part = |kind: &FunctionKind| *kind == FunctionKind::Subprogram(Linkage::Inline);
        work.extend(module.functions.iter().filter(|(_, f)| !part(&f.kind)).map(|(id, _)| id));
    }
    while let Some(id) = work.pop() {
        let Some(mark) = reached.get_mut(id) else { continue };
        if std::mem::replace(mark, true) {
            continue;
        }
        let func = &module.functions[id];
        for (_, inst) in func.each_inst() {
            if let Op::FuncAddr(callee) | Op::Call { callee, .. } = func.insts[inst].op {
                work.push(callee);
            }
        }
    }
    reached
}

/// Keeps what is marked; gives the new ids by old ones.
fn keep<K: Entity, V>(table: &mut Table<K, V>, marks: &Table<K, bool>) -> Vec<Option<K>> {
    let mut ids = Vec::with_capacity(table.len());
    let mut kept = Table::new();
    for (item, marked) in std::mem::take(table).into_values().zip(marks.values()) {
        ids.push(marked.then(|| kept.push(item)));
    }
    *table = kept;
    ids
}

fn renumber<K: Entity>(ids: &[Option<K>], old: K) -> K {
    ids.get(old.index()).copied().flatten().unwrap_or_else(|| K::new(u32::MAX as usize))
}

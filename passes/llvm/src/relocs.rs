//! CO-RE: field offsets that are patched when the object is loaded.
//!
//! An offset is a load from a variable that does not exist. Its name `<any>:<kind>:<offset here>$<access>` and its
//! metadata (the record) tell the backend which relocation to write for the instruction that the load becomes.
//! This is the form that LLVM's own pass lowers `llvm.preserve.*.access.index` to. The intrinsics are not used, for
//! that pass keeps the variables by name for the life of the process: the second module that makes the same access
//! gets a variable of the first ("Referencing global in another module!", or a crash). The attribute `btf_ama`, by
//! which the backend knows the variable, has no setter in LLVM-C; hence the text.
//!
//! Promises: one variable for each field used; any number of modules in one process, on any threads.
//! Leaves out: sizes, shifts and existence of fields, which MIR does not ask for.

use crate::errors::Fault;
use crate::header::Header;
use crate::text::quoted;
use pbpf_core::mir::{FieldStep, Op, follow};
use pbpf_core::types::{Origin, RecordId};
use std::collections::HashMap;
use std::fmt::Write;

/// `BPF_CORE_FIELD_BYTE_OFFSET`.
const BYTE_OFFSET: u32 = 0;

/// The names of the variables, by what they are the offset of.
pub(crate) type Offsets = HashMap<(RecordId, Vec<FieldStep>), String>;

/// Declares a variable for each kernel field that the module takes the address of.
pub(crate) fn declare(header: &mut Header<'_>) -> Result<Offsets, Fault> {
    let module = header.module;
    let mut offsets = Offsets::new();
    for func in module.functions.values() {
        for (_, inst) in func.each_inst() {
            let inst = &func.insts[inst];
            let Op::FieldAddr { record, path, .. } = &inst.op else { continue };
            let Some(data) = module.types.records.get(*record) else { continue };
            let key = (*record, path.clone());
            if data.origin != Origin::Kernel || offsets.contains_key(&key) {
                continue;
            }
            let place = follow(&module.types, *record, path).map_err(|e| Fault::mir(e).at(inst.span))?;
            // The 0 is the record itself: `&record[0].field`.
            let mut name = format!("{}.{record}:{BYTE_OFFSET}:{}$0", data.name, place.offset());
            for position in &place.positions {
                let _ = write!(name, ":{position}");
            }
            let node = header.types.record(&mut header.md, *record);
            let _ = writeln!(
                header.globals,
                "@{} = external global i64, !llvm.preserve.access.index {node} #{}",
                quoted(&name),
                crate::header::RELOCATED
            );
            offsets.insert(key, name);
        }
    }
    Ok(offsets)
}

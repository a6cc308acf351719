//! CO-RE: answers of the kernel that are patched into the instructions when the object is loaded.
//!
//! An answer is a load from a variable that does not exist. Its name `<any>:<kind>:<answer here>$<access>` and its
//! metadata (the record or enum) tell the backend which relocation to write for the instruction that the load becomes.
//! This is the form that LLVM's own pass lowers `llvm.preserve.*.access.index` to. The intrinsics are not used, for
//! that pass keeps the variables by name for the life of the process: the second module that makes the same access
//! gets a variable of the first ("Referencing global in another module!", or a crash). The attribute `btf_ama`, by
//! which the backend knows the variable, has no setter in LLVM-C; hence the text.
//!
//! Promises: one variable for each question asked; any number of modules in one process, on any threads.
//! Leaves out: which questions are asked, which MIR says.

use crate::errors::Fault;
use crate::header::{Header, RELOCATED, TYPE_ID};
use crate::text::quoted;
use pbpf_core::mir::{FieldQuery, Op, Query, RecordQuery, enumerator, follow};
use pbpf_core::types::Origin;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt::Write;

/// The variables of a module.
#[derive(Default)]
pub(crate) struct Relocations {
    /// Their names, by what they answer.
    names: HashMap<Query, String>,
    /// Whether the module asks what the kernel has. Answers about what it may not have then stay where they are asked for:
    /// LLVM takes a load from a variable out of a loop or a branch, and the loader makes an answer that the kernel has not
    /// an instruction that the verifier refuses ("invalid func unknown#195896080").
    pub(crate) guarded: bool,
}

impl Relocations {
    /// The name of the variable that holds the answer.
    pub(crate) fn name(&self, query: &Query) -> Result<&str, Fault> {
        let name = self.names.get(query).map(String::as_str);
        name.ok_or_else(|| Fault::mir("a relocation is not declared"))
    }
}

/// The bits of the variable: the backend patches an offset or an enumerator into a 64-bit constant.
pub(crate) fn bits(query: &Query) -> u32 {
    match query {
        Query::Field(FieldQuery::Offset, ..) | Query::Enum(..) | Query::Record(RecordQuery::LocalId, _) => 64,
        Query::Field(..) | Query::Record(..) => 32,
    }
}

/// Declares a variable for each question that the module asks; the address of a kernel field asks for its offset.
pub(crate) fn declare(header: &mut Header<'_>) -> Result<Relocations, Fault> {
    let module = header.module;
    let mut relocations = Relocations::default();
    for func in module.functions.values() {
        for (_, inst) in func.each_inst() {
            let inst = &func.insts[inst];
            let query = match &inst.op {
                Op::Query(query) => query.clone(),
                Op::FieldAddr { record, path, .. } => {
                    let origin = module.types.records.get(*record).map(|r| r.origin);
                    if origin != Some(Origin::Kernel) {
                        continue;
                    }
                    Query::Field(FieldQuery::Offset, *record, path.clone())
                }
                _ => continue,
            };
            relocations.guarded |= query.is_existence();
            if let Entry::Vacant(entry) = relocations.names.entry(query) {
                let name = variable(header, entry.key()).map_err(|e| Fault::mir(e).at(inst.span))?;
                entry.insert(name);
            }
        }
    }
    Ok(relocations)
}

fn variable(header: &mut Header<'_>, query: &Query) -> Result<String, String> {
    let types = &header.module.types;
    let here = query.answer(types)?;
    let kind = query.kind();
    let (name, node) = match query {
        Query::Field(_, record, path) => {
            let data = types.records.get(*record).ok_or("the record does not exist")?;
            // The 0 is the record itself: `&record[0].field`.
            let mut name = format!("{}.{record}:{kind}:{here}$0", data.name);
            for position in follow(types, *record, path)?.positions {
                let _ = write!(name, ":{position}");
            }
            (name, header.types.record(&mut header.md, *record))
        }
        // Of these the backend reads the kind alone.
        Query::Record(RecordQuery::LocalId, record) => {
            (format!("llvm.btf_type_id.{record}${kind}"), header.types.record(&mut header.md, *record))
        }
        Query::Record(_, record) => {
            let data = types.records.get(*record).ok_or("the record does not exist")?;
            let name = format!("{}.{record}:{kind}:{here}$0", data.name);
            (name, header.types.record(&mut header.md, *record))
        }
        Query::Enum(_, id, enumerator_name) => {
            let (position, _) = enumerator(types, *id, enumerator_name)?;
            let name = format!("{enumerator_name}.{id}:{kind}:{here}${position}");
            (name, header.types.enumeration(&mut header.md, *id))
        }
    };
    let _ = writeln!(
        header.globals,
        "@{} = external global i{}, !llvm.preserve.access.index {node} #{}",
        quoted(&name),
        bits(query),
        if matches!(query, Query::Record(RecordQuery::LocalId, _)) { TYPE_ID } else { RELOCATED }
    );
    Ok(name)
}

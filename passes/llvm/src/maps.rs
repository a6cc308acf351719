//! Maps: a variable in section `.maps` whose debug info says everything.
//!
//! Promises: the encoding of libbpf's BTF-defined maps: a struct whose members are pointers, an integer attribute N as a
//! pointer to an array of N `int`, a type attribute as a pointer to the type; the variable's bytes say nothing.
//! Leaves out: maps of maps and program arrays with initial values, which MIR does not have.

use crate::header::Header;
use crate::text::{Node, quoted};
use crate::types::{array, composite, member, pointer};
use pbpf_core::mir::Map;
use std::fmt::Write;

/// `LIBBPF_PIN_BY_NAME`.
const PIN_BY_NAME: u32 = 1;
/// `BPF_MAP_TYPE_PERF_EVENT_ARRAY`, which has no typed key and value: both are file descriptors.
const PERF_EVENT_ARRAY: u32 = 4;

/// Declares a map.
pub(crate) fn declare(header: &mut Header<'_>, map: &Map) {
    let mut members: Vec<(&str, Node)> = vec![("type", number(header, map.kind_id))];
    if map.max_entries != 0 {
        members.push(("max_entries", number(header, map.max_entries)));
    }
    if map.flags != 0 {
        members.push(("map_flags", number(header, map.flags)));
    }
    if map.pinned {
        members.push(("pinning", number(header, PIN_BY_NAME)));
    }
    if map.kind_id == PERF_EVENT_ARRAY {
        members.push(("key_size", number(header, 4)));
        members.push(("value_size", number(header, 4)));
    } else {
        for (name, ty) in [("key", map.key), ("value", map.value)] {
            if let Some(ty) = ty {
                let to = header.types.node(&mut header.md, ty);
                members.push((name, header.md.add(pointer(to))));
            }
        }
    }
    let count = members.len();
    let members: Vec<String> = members
        .into_iter()
        .enumerate()
        .map(|(i, (name, ty))| header.md.add(member(name, Some(ty), 64, i as u64 * 64, None)).to_string())
        .collect();
    let ty = header.md.add(composite("structure", "", count as u64 * 64, &members));
    let dbg = header.variable(&map.name, Some(ty), map.span, false);
    let fields = vec!["ptr"; count].join(", ");
    let _ = writeln!(
        header.globals,
        "@{} = global {{{fields}}} zeroinitializer, section \".maps\", align 8, !dbg {dbg}",
        quoted(&map.name)
    );
}

fn number(header: &mut Header<'_>, value: u32) -> Node {
    let int = header.types.node(&mut header.md, header.module.types.int(32, true));
    let array = header.md.add(array(int, u64::from(value) * 4, value));
    header.md.add(pointer(Some(array)))
}

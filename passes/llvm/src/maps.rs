//! Maps: a variable in section `.maps` whose debug info says everything.
//!
//! Promises: the encoding of libbpf's BTF-defined maps: a struct whose members are pointers, an integer attribute N as a
//! pointer to an array of N `int`, a type attribute as a pointer to the type; the variable's bytes say nothing, but for
//! what a map holds from the start, whose addresses are relocations.
//! Leaves out: which kinds of maps there are, and what they take.

use crate::header::Header;
use crate::text::{Node, quoted};
use crate::types::{array, composite, member, pointer, subroutine};
use pbpf_core::mir::{Map, MapValue};
use std::fmt::Write;

/// `LIBBPF_PIN_BY_NAME`.
const PIN_BY_NAME: u32 = 1;

/// Declares a map; one that only says how inner maps are made is no variable.
pub(crate) fn declare(header: &mut Header<'_>, map: &Map) {
    if map.template {
        return;
    }
    let mut members = members(header, map);
    let plain = members.len();
    let element = match map.inner.and_then(|id| header.module.maps.get(id)) {
        Some(inner) => {
            let inner = self::members(header, inner);
            Some(structure(header, &inner, None))
        }
        // A program: `int (void *)`.
        None if !map.values.is_empty() => {
            let int = header.types.node(&mut header.md, header.module.types.int(32, true));
            let context = header.md.add(pointer(None));
            Some(header.md.add(subroutine(int, &[Some(context)])))
        }
        None => None,
    };
    let slots = map.values.iter().map(|(at, _)| *at as usize + 1).max().unwrap_or(0);
    if let Some(element) = element {
        let pointer = header.md.add(pointer(Some(element)));
        // An array without a length, as C writes `__array(values, ...)`.
        let list = "elements: !{!DISubrange(count: -1)}";
        let list = format!("!DICompositeType(tag: DW_TAG_array_type, baseType: {pointer}, size: 0, {list})");
        members.push(("values", header.md.add(list)));
    }
    let ty = structure(header, &members, element.map(|_| plain));
    let dbg = header.variable(&map.name, Some(ty), map.span, false);
    let mut fields = vec!["ptr".to_owned(); plain];
    let mut values = vec!["ptr null".to_owned(); plain];
    if element.is_some() {
        fields.push(format!("[{slots} x ptr]"));
        let list: Vec<String> = (0..slots)
            .map(|at| match map.values.iter().find(|(place, _)| *place as usize == at) {
                Some((_, MapValue::Map(id))) => header
                    .module
                    .maps
                    .get(*id)
                    .map_or("ptr null".to_owned(), |m| format!("ptr @{}", quoted(&m.name))),
                Some((_, MapValue::Func(id))) => header
                    .module
                    .functions
                    .get(*id)
                    .map_or("ptr null".to_owned(), |f| format!("ptr @{}", quoted(&f.name))),
                None => "ptr null".to_owned(),
            })
            .collect();
        values.push(format!("[{slots} x ptr] [{}]", list.join(", ")));
    }
    let (fields, values) = (fields.join(", "), values.join(", "));
    let value = if slots == 0 { "zeroinitializer".to_owned() } else { format!("{{ {values} }}") };
    let _ = writeln!(
        header.globals,
        "@{} = global {{{fields}}} {value}, section \".maps\", align 8, !dbg {dbg}",
        quoted(&map.name)
    );
}

/// What a map's struct says, in order.
fn members(header: &mut Header<'_>, map: &Map) -> Vec<(&'static str, Node)> {
    let mut members: Vec<(&str, Node)> = vec![("type", number(header, map.kind_id))];
    let numbers = [
        ("max_entries", (map.max_entries != 0).then_some(map.max_entries)),
        ("map_flags", (map.flags != 0).then_some(map.flags)),
        ("numa_node", map.numa_node),
        ("map_extra", (map.map_extra != 0).then_some(map.map_extra)),
        ("pinning", map.pinned.then_some(PIN_BY_NAME)),
    ];
    for (name, value) in numbers {
        if let Some(value) = value {
            members.push((name, number(header, value)));
        }
    }
    for (name, size, ty) in [("key", "key_size", map.key), ("value", "value_size", map.value)] {
        let Some(ty) = ty else { continue };
        if map.sizes_only {
            let bytes = header.module.types.size_of(ty);
            members.push((size, number(header, bytes)));
        } else {
            let to = header.types.node(&mut header.md, ty);
            members.push((name, header.md.add(pointer(to))));
        }
    }
    members
}

/// A struct of such members; the one at `empty` has no size.
fn structure(header: &mut Header<'_>, members: &[(&str, Node)], empty: Option<usize>) -> Node {
    let nodes: Vec<String> = members
        .iter()
        .enumerate()
        .map(|(i, (name, ty))| {
            let size = if empty == Some(i) { 0 } else { 64 };
            header.md.add(member(name, Some(*ty), size, i as u64 * 64, None)).to_string()
        })
        .collect();
    let count = members.len() - usize::from(empty.is_some());
    header.md.add(composite("structure", "", count as u64 * 64, &nodes))
}

fn number(header: &mut Header<'_>, value: u32) -> Node {
    let int = header.types.node(&mut header.md, header.module.types.int(32, true));
    let array = header.md.add(array(int, u64::from(value) * 4, value));
    header.md.add(pointer(Some(array)))
}

//! Types, records and enums: rules M003 to M005.
//!
//! Promises: says whether every type can be asked for its size and parts, which all other rules rely on.
//! Leaves out: what types are used for.

use super::Found;
use crate::entity::Table;
use crate::mir::{MAX_TYPE_DEPTH, Module};
use crate::types::{Origin, Record, RecordId, Type, TypeId, Types};
use std::collections::BTreeSet;

/// Checks the types, and that everything names types that exist.
pub(super) fn check(module: &Module, found: &mut Found) -> bool {
    let before = found.list.len();
    check_types(&module.types, found);
    check_names(module, found);
    if found.list.len() > before {
        return false;
    }
    check_nesting(&module.types, found);
    if found.list.len() > before {
        return false;
    }
    for record in module.types.records.values() {
        check_record(&module.types, record, found);
    }
    for e in module.types.enums.values() {
        let name = &e.name;
        if !matches!(e.size, 1 | 2 | 4 | 8) {
            found.add("M005", None, format!("enum `{name}` has {} bytes", e.size));
            return false;
        }
        let mut names = BTreeSet::new();
        for (variant, value) in &e.variants {
            if variant.is_empty() || variant.contains('\0') || !names.insert(variant) {
                found.add(
                    "M005",
                    None,
                    format!("enum `{name}` names `{}` twice or not at all", variant.escape_debug()),
                );
            }
            if !fits(*value, e.size * 8) {
                found.add(
                    "M005",
                    None,
                    format!("`{variant}` of enum `{name}` does not fit {} bytes", e.size),
                );
            }
        }
    }
    true
}

/// Whether an integer type of `bits` has a value that is written `value`, with or without a sign.
pub(super) fn fits(value: i64, bits: u32) -> bool {
    match bits {
        64.. => true,
        1 => matches!(value, 0 | 1),
        bits => (-(1i64 << (bits - 1))..1i64 << bits).contains(&value),
    }
}

fn check_types(types: &Types, found: &mut Found) {
    let mut depths: Table<TypeId, u32> = Table::new();
    for (id, ty) in types.iter() {
        let mut parts = Vec::new();
        match ty {
            Type::Void | Type::Bool | Type::Str { .. } | Type::Map(_) => {}
            Type::Int { bits, .. } => {
                if !matches!(bits, 8 | 16 | 32 | 64) {
                    found.add("M003", None, format!("type `{id}` is an integer of {bits} bits"));
                }
            }
            Type::Ptr { to: part, .. } | Type::Array { element: part, .. } | Type::Kptr(part) => {
                parts.push(*part);
            }
            Type::Func { params, ret } => {
                parts.extend(params.iter().map(|(_, ty)| *ty));
                parts.push(*ret);
            }
            Type::Record(r) | Type::GraphRoot { record: r, .. } => {
                if types.records.get(*r).is_none() {
                    found.add("M003", None, format!("type `{id}` is record `{r}`, which does not exist"));
                }
            }
            Type::Enum(e) => {
                if types.enums.get(*e).is_none() {
                    found.add("M003", None, format!("type `{id}` is enum `{e}`, which does not exist"));
                }
            }
        }
        let mut depth = 0;
        for part in parts {
            match depths.get(part) {
                Some(d) => depth = depth.max(d + 1),
                None => {
                    found.add(
                        "M003",
                        None,
                        format!("type `{id}` is made of `{part}`, which is not above it"),
                    );
                }
            }
        }
        // Of a chain the first that is too deep is told.
        if depth == MAX_TYPE_DEPTH + 1 {
            found.add("M003", None, format!("type `{id}` nests deeper than {MAX_TYPE_DEPTH}"));
        }
        depths.push(depth);
    }
}

fn check_names(module: &Module, found: &mut Found) {
    let types = &module.types;
    let mut check = |ty: TypeId, what: &str| {
        if types.try_get(ty).is_none() {
            found.add("M003", None, format!("{what} has type `{ty}`, which does not exist"));
        }
    };
    for r in types.records.values() {
        r.fields.iter().for_each(|f| check(f.ty, &format!("field `{}` of `{}`", f.name, r.name)));
    }
    for m in module.maps.values() {
        m.key.iter().chain(&m.value).for_each(|ty| check(*ty, &format!("map `{}`", m.name)));
    }
    for g in module.globals.values() {
        check(g.ty, &format!("global variable `{}`", g.name));
    }
    for e in module.externs.values() {
        check(e.ty, &format!("kernel symbol `{}`", e.name));
    }
    for ops in &module.struct_ops {
        ops.members.iter().for_each(|m| check(m.ty, &format!("member `{}` of `{}`", m.name, ops.name)));
    }
    for func in module.functions.values() {
        func.params.iter().for_each(|p| check(p.ty, &format!("parameter `{}` of `{}`", p.name, func.name)));
    }
}

/// The record that a field of type `ty` holds by value.
fn held(types: &Types, mut ty: TypeId) -> Option<RecordId> {
    loop {
        match types.get(ty) {
            Type::Array { element, .. } => ty = *element,
            Type::Record(r) => return Some(*r),
            _ => return None,
        }
    }
}

/// No record holds itself, and records nest only so deep.
fn check_nesting(types: &Types, found: &mut Found) {
    let mut depths: Table<RecordId, Option<u32>> = types.records.keys().map(|_| None).collect();
    let mut open: Table<RecordId, bool> = types.records.keys().map(|_| false).collect();
    for root in types.records.keys() {
        if depths[root].is_some() {
            continue;
        }
        let mut stack = vec![(root, 0usize, 0u32)];
        open[root] = true;
        while let Some((record, next, depth)) = stack.last_mut() {
            if let Some(field) = types.records[*record].fields.get(*next) {
                *next += 1;
                let Some(inner) = held(types, field.ty) else { continue };
                if open[inner] {
                    let name = &types.records[inner].name;
                    found.add(
                        "M004",
                        types.records[inner].span,
                        format!("record `{inner}` (`{name}`) holds itself"),
                    );
                    return;
                }
                if let Some(known) = depths[inner] {
                    *depth = (*depth).max(known + 1);
                } else {
                    open[inner] = true;
                    stack.push((inner, 0, 0));
                }
            } else {
                let (record, depth) = (*record, *depth);
                if depth > MAX_TYPE_DEPTH {
                    let name = &types.records[record].name;
                    found.add(
                        "M004",
                        types.records[record].span,
                        format!("record `{name}` nests deeper than {MAX_TYPE_DEPTH}"),
                    );
                    return;
                }
                depths[record] = Some(depth);
                open[record] = false;
                stack.pop();
                if let Some((_, _, above)) = stack.last_mut() {
                    *above = (*above).max(depth + 1);
                }
            }
        }
    }
}

fn check_record(types: &Types, record: &Record, found: &mut Found) {
    let name = &record.name;
    if let Some(span) = record.span {
        found.place(span, &format!("record `{name}`"));
    }
    // BTF does not say how kernel records are aligned.
    if record.origin != Origin::Kernel && !record.align.is_power_of_two() {
        found.add("M004", record.span, format!("record `{name}` has alignment {}", record.align));
    }
    let mut names = BTreeSet::new();
    for field in &record.fields {
        let what = &field.name;
        if !what.is_empty() && (what.contains('\0') || !names.insert(what)) {
            found.add(
                "M004",
                record.span,
                format!("record `{name}` has two fields `{}`", what.escape_debug()),
            );
        }
        let bits = match field.bit_size {
            Some(bits) => {
                let whole = 8 * u64::from(types.size_of(field.ty));
                if bits == 0 || u64::from(bits) > whole {
                    let message = format!("bitfield `{what}` of `{name}` has {bits} bits of {whole}");
                    found.add("M004", record.span, message);
                }
                u64::from(bits)
            }
            None => 8 * u64::from(types.size_of(field.ty)),
        };
        let end = u64::from(field.bit_offset) + bits;
        if end > 8 * u64::from(record.size) || (field.bit_size.is_none() && field.bit_offset % 8 != 0) {
            let message = format!("field `{what}` does not lie inside the {} bytes of `{name}`", record.size);
            found.add("M004", record.span, message);
        }
        if matches!(types.get(field.ty), Type::Void | Type::Map(_) | Type::Func { .. }) {
            found.add("M004", record.span, format!("field `{what}` of `{name}` has no size"));
        }
    }
}

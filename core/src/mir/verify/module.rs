//! Names, maps, global variables, kernel functions and struct_ops: rules M001, M002 and M006 to M009.
//!
//! Promises: one look at each declaration. Leaves out: types (`records.rs`) and code.

use super::Found;
use super::records::fits;
use crate::mir::{ExternKind, FunctionKind, Global, Init, MapValue, Module, Section, StructOpsValue, Type};
use crate::types::{Type as LangType, TypeId};
use std::collections::BTreeSet;

pub(super) fn check(module: &Module, found: &mut Found) {
    check_names(module, found);
    check_maps(module, found);
    for global in module.globals.values() {
        found.place(global.span, &format!("global variable `{}`", global.name));
        check_global(module, global, found);
    }
    check_externs(module, found);
    check_struct_ops(module, found);
}

fn check_names(module: &Module, found: &mut Found) {
    let mut names = BTreeSet::new();
    let all = module
        .functions
        .values()
        .map(|f| (&f.name, Some(f.span)))
        .chain(module.maps.values().map(|m| (&m.name, Some(m.span))))
        .chain(module.globals.values().map(|g| (&g.name, Some(g.span))))
        .chain(module.externs.values().map(|e| (&e.name, None)))
        .chain(module.struct_ops.iter().map(|s| (&s.name, Some(s.span))));
    for (name, span) in all {
        if name.is_empty() {
            found.add("M001", span, "a name is empty");
        } else if name.contains('\0') {
            found.add("M001", span, format!("the name `{}` holds a NUL", name.escape_debug()));
        } else if !names.insert(name) {
            found.add("M001", span, format!("two things are named `{}`", name.escape_debug()));
        }
    }
    let texts = module.files.iter().chain(&module.license);
    for text in texts.filter(|t| t.contains('\0')) {
        found.add("M001", None, format!("`{}` holds a NUL", text.escape_debug()));
    }
}

fn has_size(module: &Module, ty: TypeId) -> bool {
    module.types.size_of(ty) > 0
}

fn check_maps(module: &Module, found: &mut Found) {
    for map in module.maps.values() {
        let name = &map.name;
        let span = Some(map.span);
        found.place(map.span, &format!("map `{name}`"));
        if map.kind.is_empty() || map.kind.contains('\0') {
            found.add("M006", span, format!("map `{name}` has no kind"));
        }
        if map.key.is_some_and(|ty| !has_size(module, ty)) {
            found.add("M006", span, format!("the key of map `{name}` has no size"));
        }
        if map.value.is_some_and(|ty| !has_size(module, ty)) {
            found.add("M006", span, format!("the value of map `{name}` has no size"));
        }
        if map.key.is_some() && map.value.is_none() {
            found.add("M006", span, format!("map `{name}` has a key and no value"));
        }
        if let Some(inner) = map.inner
            && module.maps.get(inner).is_none_or(|inner| inner.inner.is_some())
        {
            found.add("M006", span, format!("the inner map of `{name}` is none, or has inner maps itself"));
        }
        let mut places = BTreeSet::new();
        for (at, value) in &map.values {
            let known = match value {
                MapValue::Map(id) => map.inner.is_some() && module.maps.get(*id).is_some_and(|m| !m.template),
                MapValue::Func(id) => {
                    module.functions.get(*id).is_some_and(|f| matches!(f.kind, FunctionKind::Program { .. }))
                }
            };
            if !known || *at >= map.max_entries || !places.insert(*at) {
                let message = format!("the value of `{name}` at {at} cannot be there");
                found.add("M006", span, message);
            }
        }
    }
}

fn check_global(module: &Module, global: &Global, found: &mut Found) {
    let name = &global.name;
    let mut add = |message: String| found.add("M007", Some(global.span), message);
    if !has_size(module, global.ty) {
        add(format!("global variable `{name}` has a type without a size"));
    }
    if global.section == Section::Bss && global.init != Init::Zero {
        add(format!("global variable `{name}` in `bss` has an initial value"));
    }
    match &global.init {
        Init::Zero => {}
        Init::Int(n) => match module.machine_type(global.ty) {
            Some(ty) if ty.is_int() && (fits(*n, ty.bits()) || ty == Type::I1) => {}
            _ => add(format!("the initial value {n} does not fit the type of global variable `{name}`")),
        },
        Init::Bytes(bytes) => {
            let size = module.types.size_of(global.ty) as usize;
            if bytes.len() != size {
                add(format!("global variable `{name}` has {size} bytes and {} initial ones", bytes.len()));
            }
        }
    }
}

fn check_externs(module: &Module, found: &mut Found) {
    let scalar = |ty: TypeId| module.machine_type(ty).is_some();
    for e in module.externs.values() {
        let name = &e.name;
        let is_function = matches!(module.types.get(e.ty), LangType::Func { .. });
        if e.kind != ExternKind::Function {
            let sized = module.types.size_of(e.ty) > 0;
            if is_function || (e.kind == ExternKind::Config && !sized) {
                found.add("M008", None, format!("kernel variable `{name}` has no type of a variable"));
            }
            continue;
        }
        match module.types.get(e.ty) {
            LangType::Func { params, ret } => {
                if params.len() > 5 || !params.iter().all(|(_, ty)| scalar(*ty)) {
                    let message = format!("kernel function `{name}` takes other than at most five scalars");
                    found.add("M008", None, message);
                }
                if params.iter().any(|(name, _)| name.contains('\0')) {
                    found.add("M001", None, format!("a parameter of `{name}` has a NUL in its name"));
                }
                if *ret != module.types.void() && !scalar(*ret) {
                    found.add("M008", None, format!("kernel function `{name}` does not give a scalar"));
                }
            }
            _ => found.add("M008", None, format!("kernel function `{name}` has no function type")),
        }
    }
}

fn check_struct_ops(module: &Module, found: &mut Found) {
    for ops in &module.struct_ops {
        let name = &ops.name;
        let span = Some(ops.span);
        found.place(ops.span, &format!("struct_ops variable `{name}`"));
        if ops.record.is_empty() || ops.record.contains('\0') {
            found.add("M009", span, format!("struct_ops variable `{name}` names no struct of the kernel"));
        }
        let mut names = BTreeSet::new();
        for member in &ops.members {
            let what = &member.name;
            if what.is_empty() || what.contains('\0') || !names.insert(what) {
                let message = format!("`{name}` sets member `{}` twice", what.escape_debug());
                found.add("M009", span, message);
            }
            let ty = module.types.get(member.ty);
            let right = match &member.value {
                StructOpsValue::Func(id) => {
                    let program = module.functions.get(*id).map(|f| &f.kind);
                    if !matches!(program, Some(FunctionKind::Program { .. })) {
                        let message = format!("member `{what}` of `{name}` is no program of the module");
                        found.add("M009", span, message);
                    }
                    is_function(module, ty)
                }
                StructOpsValue::Int(n) => {
                    let ty = module.machine_type(member.ty).filter(|ty| ty.is_int());
                    ty.is_some_and(|ty| fits(*n, ty.bits()))
                }
                StructOpsValue::Str(text) => match ty {
                    LangType::Str { len } => text.len() < *len as usize && !text.contains('\0'),
                    LangType::Array { element, len } => {
                        module.types.size_of(*element) == 1
                            && text.len() < *len as usize
                            && !text.contains('\0')
                    }
                    _ => false,
                },
            };
            if !right {
                found.add(
                    "M009",
                    span,
                    format!("the value of member `{what}` of `{name}` does not fit its type"),
                );
            }
        }
    }
}

/// A function type, or a pointer to one.
fn is_function(module: &Module, ty: &LangType) -> bool {
    match ty {
        LangType::Func { .. } => true,
        LangType::Ptr { to, .. } => matches!(module.types.get(*to), LangType::Func { .. }),
        _ => false,
    }
}

//! Declarations of functions: their types, sections, linkage, attributes and debug info.
//!
//! Promises: every function has a subprogram node and every parameter a name, without which the kernel refuses all BTF
//! ("Invalid arg#1"); global subprograms say by tags what their pointers are. Bodies are filled in later.
//! Leaves out: instructions.

use crate::header::{ATTRIBUTES, Header, STAYS_A_CALL};
use crate::text::{Node, or_null, quoted, tuple};
use crate::types::subroutine;
use pbpf_core::mir::{Extern, Function, FunctionKind, Linkage, Param, Type as Machine};
use pbpf_core::types::{Region, Type, TypeId};
use std::borrow::Cow;
use std::fmt::Write;

/// The LLVM type of a machine type.
pub(crate) fn llvm_type(ty: Machine) -> &'static str {
    match ty {
        Machine::I1 => "i1",
        Machine::I8 => "i8",
        Machine::I16 => "i16",
        Machine::I32 => "i32",
        Machine::I64 => "i64",
        Machine::Ptr { region: Region::Arena, .. } => "ptr addrspace(1)",
        Machine::Ptr { .. } => "ptr",
    }
}

/// How a value narrower than a register fills it: as C's calling convention says, by its sign.
fn extension(ty: Machine, signed: bool) -> &'static str {
    match ty {
        Machine::I8 | Machine::I16 if signed => " signext",
        Machine::I1 | Machine::I8 | Machine::I16 => " zeroext",
        _ => "",
    }
}

/// Declares a function of the module, with a body that is replaced later.
pub(crate) fn declare(header: &mut Header<'_>, func: &Function) {
    let dbg = subprogram(header, func);
    let ret = func.ret.map_or_else(
        || "void".to_owned(),
        |ty| format!("{} {}", extension(ty, false), llvm_type(ty)).trim_start().to_owned(),
    );
    let entry: &[_] = func.entry().map_or(&[], |b| &func.blocks[b].params);
    let params: Vec<String> = entry
        .iter()
        .enumerate()
        .map(|(i, value)| {
            let ty = func.type_of(*value);
            let signed = func.params.get(i).is_some_and(|p| is_signed(header, p.ty));
            format!("{}{}", llvm_type(ty), extension(ty, signed))
        })
        .collect();
    // Weak: LLVM must not carry what it learns of one global subprogram into its callers, for the verifier proves each
    // on its own, and would not know it.
    let (linkage, attributes, section) = match &func.kind {
        FunctionKind::Program { section, .. } => ("", ATTRIBUTES, format!(" section {}", quoted(section))),
        FunctionKind::Subprogram(Linkage::Global) => ("weak ", STAYS_A_CALL, String::new()),
        FunctionKind::Subprogram(Linkage::Static | Linkage::Inline) => {
            ("internal ", ATTRIBUTES, String::new())
        }
        // External: "callback function not static".
        FunctionKind::Subprogram(Linkage::NoInline) | FunctionKind::Callback => {
            ("internal ", STAYS_A_CALL, String::new())
        }
    };
    let _ = writeln!(
        header.functions,
        "define {linkage}{ret} @{}({}) #{attributes}{section} !dbg {dbg} {{ unreachable }}",
        quoted(&func.name),
        params.join(", ")
    );
}

/// The name of a kernel function in the object. libbpf looks for what stands before the last `___`, which some names of the
/// kernel have themselves (`scx_bpf_dsq_insert___v2`).
pub(crate) fn extern_name(name: &str) -> Cow<'_, str> {
    if name.contains("___") { format!("{name}___kernel").into() } else { name.into() }
}

/// Declares a kernel function.
pub(crate) fn declare_extern(header: &mut Header<'_>, callee: &Extern) {
    let module = header.module;
    let Type::Func { params, ret } = module.types.get(callee.ty) else { return };
    let machine = |ty: TypeId| {
        module.machine_type(ty).map(|m| (llvm_type(m), extension(m, is_signed_type(module.types.get(ty)))))
    };
    let args: Vec<String> = params
        .iter()
        .filter_map(|(_, ty)| machine(*ty))
        .map(|(ty, extension)| format!("{ty}{extension}"))
        .collect();
    let ret_text = machine(*ret)
        .map_or_else(|| "void".to_owned(), |(ty, e)| format!("{e} {ty}").trim_start().to_owned());
    let ret = header.types.node(&mut header.md, *ret);
    let params: Vec<_> = params.iter().map(|(_, ty)| header.types.node(&mut header.md, *ty)).collect();
    let ty = header.md.add(subroutine(ret, &params));
    let file = header.first_file();
    let dbg = header.md.add(format_args!(
        "!DISubprogram(name: {}, scope: {file}, file: {file}, type: {ty}, flags: DIFlagPrototyped, spFlags: DISPFlagOptimized)",
        quoted(&extern_name(&callee.name))
    ));
    let _ = writeln!(
        header.functions,
        "declare !dbg {dbg} {}{ret_text} @{}({}) section \".ksyms\"",
        if callee.weak { "extern_weak " } else { "" },
        quoted(&extern_name(&callee.name)),
        args.join(", ")
    );
}

fn is_signed(header: &Header<'_>, ty: TypeId) -> bool {
    is_signed_type(header.module.types.get(ty))
}

fn is_signed_type(ty: &Type) -> bool {
    matches!(ty, Type::Int { signed: true, .. })
}

/// The node of a function: its type, and its parameters as retained variables, which is where BTF takes their names from.
fn subprogram(header: &mut Header<'_>, func: &Function) -> Node {
    let (file, line) = header.place(func.span);
    let node = header.md.reserve();
    let ret = func.ret.and_then(|ty| header.types.machine(&mut header.md, ty));
    let (mut types, mut variables) = (Vec::new(), Vec::new());
    for (i, param) in func.params.iter().enumerate() {
        let (ty, tags) = parameter(header, param, &func.kind);
        let annotations = if tags.is_empty() {
            String::new()
        } else {
            let tags = tags.iter().map(|tag| format!("!{{!\"btf_decl_tag\", !\"{tag}\"}}"));
            format!(", annotations: {}", tuple(tags))
        };
        let name = crate::names::parameter(&param.name, i);
        let variable = header.md.add(format_args!(
            "!DILocalVariable(name: {}, arg: {}, scope: {node}, file: {file}, line: {line}, type: {}{annotations})",
            quoted(&name),
            i + 1,
            or_null(ty)
        ));
        types.push(ty);
        variables.push(variable.to_string());
    }
    let ty = header.md.add(subroutine(ret, &types));
    let is_local = match func.kind {
        FunctionKind::Program { .. } | FunctionKind::Subprogram(Linkage::Global) => "",
        FunctionKind::Subprogram(_) | FunctionKind::Callback => "DISPFlagLocalToUnit | ",
    };
    let unit = header.unit;
    header.md.define(node, format_args!(
        "distinct !DISubprogram(name: {}, scope: {file}, file: {file}, line: {line}, type: {ty}, scopeLine: {line}, \
         flags: DIFlagPrototyped, spFlags: {is_local}DISPFlagDefinition | DISPFlagOptimized, unit: {unit}, retainedNodes: {})",
        quoted(&func.name),
        tuple(variables)
    ));
    node
}

/// The type of a parameter as BTF has it, and the tags by which the verifier knows what a function that it verifies on its
/// own takes.
fn parameter(
    header: &mut Header<'_>,
    param: &Param,
    kind: &FunctionKind,
) -> (Option<Node>, Vec<&'static str>) {
    use FunctionKind::{Callback, Program, Subprogram};
    let tags = match (kind, header.module.types.get(param.ty)) {
        // "arg#0 type tag is not supported in static functions"
        (Callback, _) => Vec::new(),
        (Subprogram(linkage), _) if linkage.is_static() => Vec::new(),
        // The one form that holds for every program type; a typed pointer only for those whose struct the kernel knows.
        // Of a program it only spares the log a line: "arg#0 reference type('UNKNOWN ') size cannot be determined".
        (_, Type::Ptr { region: Region::Ctx, .. }) => {
            return (Some(header.types.void_pointer(&mut header.md)), vec!["arg:ctx"]);
        }
        (Program { .. }, _) => Vec::new(),
        (_, Type::Ptr { region: Region::Kernel, nullable: false, .. }) => vec!["arg:trusted"],
        (_, Type::Ptr { region: Region::Kernel, nullable: true, .. }) => vec!["arg:trusted", "arg:nullable"],
        (_, Type::Ptr { nullable: false, region: Region::Stack | Region::MapValue | Region::Mem, .. }) => {
            vec!["arg:nonnull"]
        }
        _ => Vec::new(),
    };
    (header.types.node(&mut header.md, param.ty), tags)
}

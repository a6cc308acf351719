//! Global variables, constants of the compiler's, variables of the kernel, and the license.
//!
//! Promises: variables that user space may set are never folded; constants of the compiler's are in `.rodata` and have no
//! name in BTF. Leaves out: maps and struct_ops variables.

use crate::header::Header;
use crate::text::{Quoted, quoted};
use pbpf_core::entity::Entity;
use pbpf_core::mir::{Extern, ExternKind, Global, Init, Section};
use pbpf_core::source::{FileId, Span};
use pbpf_core::types::Type;
use std::fmt::Write;

/// Declares a variable or a constant.
pub(crate) fn declare(header: &mut Header<'_>, global: &Global) {
    let types = &header.module.types;
    // BTF does not say how kernel records are aligned.
    let align = types.align_of(global.ty).next_power_of_two();
    let size = types.size_of(global.ty);
    let value = match (&global.init, types.get(global.ty)) {
        (Init::Zero, _) => format!("[{size} x i8] zeroinitializer"),
        (Init::Bytes(bytes), _) => format!("[{} x i8] c{}", bytes.len(), Quoted(bytes)),
        (Init::Int(value), Type::Int { .. } | Type::Enum(_)) => format!("i{} {value}", size * 8),
        (Init::Int(value), Type::Bool) => format!("i8 {}", u8::from(*value != 0)),
        // An integer for what is no integer: its bytes.
        (Init::Int(value), _) => {
            let mut bytes = value.to_le_bytes().to_vec();
            bytes.resize(size as usize, 0);
            format!("[{size} x i8] c{}", Quoted(&bytes))
        }
    };
    let name = quoted(&global.name);
    if global.name.starts_with('.') {
        // Not `unnamed_addr`: LLVM would make the section mergeable, and one module would have two sections `.rodata`.
        let (kind, section) = match global.section {
            Section::Data | Section::Bss => ("externally_initialized global", ".data"),
            Section::Rodata => ("constant", ".rodata"),
        };
        let _ = writeln!(
            header.globals,
            "@{name} = private {kind} {value}, section \"{section}\", align {align}"
        );
        return;
    }
    let ty = header.types.node(&mut header.md, global.ty);
    let dbg = header.variable(&global.name, ty, global.span, false);
    let (kind, mut section) = match global.section {
        Section::Data => ("global", ".data".to_owned()),
        Section::Bss => ("global", ".bss".to_owned()),
        // User space writes it before loading, so its value here is only a default.
        Section::Rodata => ("externally_initialized constant", ".rodata".to_owned()),
    };
    if let Some(rest) = &global.subsection {
        let _ = write!(section, ".{rest}");
    }
    let _ = writeln!(
        header.globals,
        "@{name} = {kind} {value}, section \"{section}\", align {align}, !dbg {dbg}"
    );
}

/// Declares a kernel variable, or an option of the kernel's configuration.
pub(crate) fn declare_extern(header: &mut Header<'_>, external: &Extern) {
    let types = &header.module.types;
    let size = types.size_of(external.ty);
    let (section, node) = match external.kind {
        ExternKind::Config => {
            // libbpf knows an option by its type: an integer, `bool`, `enum libbpf_tristate`, or an array of `char`.
            (".kconfig", header.types.node(&mut header.md, external.ty))
        }
        ExternKind::Symbol | ExternKind::Function => {
            let node = header.types.node(&mut header.md, external.ty);
            // Of a symbol of which only the address is wanted, libbpf wants a `const void`.
            (
                ".ksyms",
                Some(node.unwrap_or_else(|| {
                    header.md.add("!DIDerivedType(tag: DW_TAG_const_type, baseType: null)")
                })),
            )
        }
    };
    let dbg = header.variable(&external.name, node, Span::new(FileId::new(0), 0, 0), false);
    let llvm = match types.get(external.ty) {
        Type::Int { .. } | Type::Enum(_) => format!("i{}", size * 8),
        Type::Bool => "i8".to_owned(),
        _ => format!("[{size} x i8]"),
    };
    let _ = writeln!(
        header.globals,
        "@{} = {} global {llvm}, section \"{section}\", !dbg {dbg}",
        quoted(&external.name),
        if external.weak { "extern_weak" } else { "external" },
    );
}

/// Declares the license.
pub(crate) fn license(header: &mut Header<'_>, license: &str) {
    let mut bytes = license.as_bytes().to_vec();
    bytes.push(0);
    let _ = writeln!(
        header.globals,
        "@.license = global [{} x i8] c{}, section \"license\", align 1",
        bytes.len(),
        Quoted(&bytes)
    );
}

//! Variables of kernel structs of callbacks (struct_ops).
//!
//! Promises: debug info and bytes have one layout; the struct has the kernel's name and the members that are set, which
//! libbpf finds by name. Leaves out: the callbacks, which are programs.

use crate::header::Header;
use crate::text::{Quoted, quoted};
use crate::types::{array, composite, member, pointer};
use pbpf_core::mir::{StructOps, StructOpsValue};
use pbpf_core::types::Type;
use std::fmt::Write;

/// Declares a variable.
pub(crate) fn declare(header: &mut Header<'_>, ops: &StructOps) {
    let module = header.module;
    let (mut end, mut members, mut fields, mut values) = (0u32, Vec::new(), Vec::new(), Vec::new());
    for m in &ops.members {
        let (size, align, ty, field, value) = match &m.value {
            StructOpsValue::Func(func) => {
                let to = header.types.node(&mut header.md, m.ty);
                // libbpf takes a function only where the member is a pointer to one: "cannot relocate non func ptr".
                let ty = match module.types.get(m.ty) {
                    Type::Ptr { .. } => to,
                    _ => Some(header.md.add(pointer(to))),
                };
                let name = &module.functions[*func].name;
                (8, 8, ty, "ptr".to_owned(), format!("ptr @{}", quoted(name)))
            }
            StructOpsValue::Int(value) => {
                let (size, align) = (module.types.size_of(m.ty), module.types.align_of(m.ty));
                let ty = header.types.node(&mut header.md, m.ty);
                let int = format!("i{}", size * 8);
                let value = format!("{int} {value}");
                (size, align, ty, int, value)
            }
            StructOpsValue::Str(text) => {
                let mut bytes = text.as_bytes().to_vec();
                bytes.push(0);
                if let Type::Str { len } = module.types.get(m.ty) {
                    bytes.resize(*len as usize, 0);
                }
                let len = bytes.len() as u32;
                let char_type = header.types.node(&mut header.md, module.types.int(8, true));
                let ty = Some(header.md.add(array(char_type, u64::from(len), len)));
                let field = format!("[{len} x i8]");
                let value = format!("{field} c{}", Quoted(&bytes));
                (len, 1, ty, field, value)
            }
        };
        let offset = end.next_multiple_of(align.max(1));
        end = offset + size;
        let node = header.md.add(member(&m.name, ty, u64::from(size) * 8, u64::from(offset) * 8, None));
        members.push(node.to_string());
        fields.push(field);
        values.push(value);
    }
    // The LLVM type is no packed struct of naturally aligned fields: same layout, tail included, in a variable of align 8.
    let size = end.next_multiple_of(8);
    if size > end {
        fields.push(format!("[{} x i8]", size - end));
        values.push(format!("[{} x i8] zeroinitializer", size - end));
    }
    let ty = header.md.add(composite("structure", &ops.record, u64::from(size) * 8, &members));
    let dbg = header.variable(&ops.name, Some(ty), ops.span, false);
    let section = if ops.link { ".struct_ops.link" } else { ".struct_ops" };
    let _ = writeln!(
        header.globals,
        "@{} = global {{{}}} {{{}}}, section \"{section}\", align 8, !dbg {dbg}",
        quoted(&ops.name),
        fields.join(", "),
        values.join(", ")
    );
}

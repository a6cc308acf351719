//! Everything of the module but the instructions, as LLVM IR text: variables, declarations and debug info.
//!
//! It is text because what BPF needs is out of reach of LLVM-C: the source text of a file (the backend copies lines
//! into `.BTF.ext`; without it, it would open files by their path), the attribute of relocated offsets, tags on
//! parameters, the suppression of DWARF. Functions get the body `unreachable` here and their own body later.
//!
//! Promises: the order is the module's; no path but the names of the files as the user gave them.
//! Leaves out: instructions.

use crate::errors::Fault;
use crate::relocs::Relocations;
use crate::text::{Metadata, Node, or_null, quoted, tuple};
use crate::types::TypeNodes;
use crate::{functions, globals, maps, relocs, struct_ops};
use pbpf_core::entity::Entity;
use pbpf_core::mir::{ExternKind, Module};
use pbpf_core::source::{SourceMap, Span};

/// The attribute group of functions.
pub(crate) const ATTRIBUTES: u32 = 0;
/// The attribute group of functions that must not be inlined.
pub(crate) const STAYS_A_CALL: u32 = 1;
/// The attribute group of what is relocated.
pub(crate) const RELOCATED: u32 = 2;
/// The attributes of variables that hold the number of a type.
pub(crate) const TYPE_ID: u32 = 3;

/// What LLVM must not make of a function: loops into calls of a C library ("A call to built-in function 'memset' is not
/// supported"), switches into tables, of which each would be a map of its own.
const FORBIDDEN: &str = "\"no-builtins\" \"no-jump-tables\"=\"true\"";

/// The text under construction.
pub(crate) struct Header<'a> {
    pub(crate) module: &'a Module,
    sources: &'a SourceMap,
    pub(crate) md: Metadata,
    pub(crate) types: TypeNodes<'a>,
    pub(crate) globals: String,
    pub(crate) functions: String,
    pub(crate) unit: Node,
    files: Vec<Node>,
    unit_globals: Vec<Node>,
}

/// The text, and the variables that hold what is relocated.
pub(crate) struct Declared {
    pub(crate) text: String,
    pub(crate) relocations: Relocations,
}

/// Writes the text. `layout` is the target's data layout; `dwarf` asks for DWARF beside BTF.
pub(crate) fn declare(
    module: &Module,
    sources: &SourceMap,
    layout: &str,
    dwarf: bool,
) -> Result<Declared, Fault> {
    let mut md = Metadata::default();
    let unit = md.reserve();
    let mut header = Header {
        module,
        sources,
        md,
        types: TypeNodes::new(&module.types),
        globals: String::new(),
        functions: String::new(),
        unit,
        files: Vec::new(),
        unit_globals: Vec::new(),
    };
    header.declare_files();
    if let Some(license) = &module.license {
        globals::license(&mut header, license);
    }
    module.maps.values().for_each(|map| maps::declare(&mut header, map));
    module.globals.values().for_each(|global| globals::declare(&mut header, global));
    module.struct_ops.iter().for_each(|ops| struct_ops::declare(&mut header, ops));
    module.functions.values().for_each(|func| functions::declare(&mut header, func));
    for external in module.externs.values() {
        match external.kind {
            ExternKind::Function => functions::declare_extern(&mut header, external),
            ExternKind::Symbol | ExternKind::Config => globals::declare_extern(&mut header, external),
        }
    }
    let relocations = relocs::declare(&mut header)?;
    Ok(Declared { text: header.finish(layout, dwarf), relocations })
}

impl Header<'_> {
    /// One node for each file. All have their text or none has: "inconsistent use of embedded source".
    fn declare_files(&mut self) {
        for (i, name) in self.module.files.iter().enumerate() {
            let text = self.sources.get(Entity::new(i)).map_or("", |f| f.text.as_str());
            let node = self.md.add(format_args!(
                "!DIFile(filename: {}, directory: \"\", source: {})",
                quoted(name),
                quoted(text)
            ));
            self.files.push(node);
        }
        if self.files.is_empty() {
            let node = self.md.add("!DIFile(filename: \"<none>\", directory: \"\", source: \"\")");
            self.files.push(node);
        }
    }

    /// The first file.
    pub(crate) fn first_file(&self) -> Node {
        self.files[0]
    }

    /// File and line of a place; line 0 where the text is not at hand.
    pub(crate) fn place(&self, span: Span) -> (Node, u32) {
        let file = self.files.get(span.file.index()).copied().unwrap_or(self.files[0]);
        (file, self.sources.start(span).map_or(0, |at| at.line))
    }

    /// The node to attach to a variable.
    pub(crate) fn variable(&mut self, name: &str, ty: Option<Node>, span: Span, is_local: bool) -> Node {
        let (file, line) = self.place(span);
        let variable = self.md.add(format_args!(
            "distinct !DIGlobalVariable(name: {}, scope: {}, file: {file}, line: {line}, type: {}, isLocal: {is_local}, isDefinition: true)",
            quoted(name),
            self.unit,
            or_null(ty)
        ));
        let node =
            self.md.add(format_args!("!DIGlobalVariableExpression(var: {variable}, expr: !DIExpression())"));
        self.unit_globals.push(node);
        node
    }

    fn finish(mut self, layout: &str, dwarf: bool) -> String {
        let globals = tuple(self.unit_globals.iter().map(Node::to_string));
        self.md.define(self.unit, format_args!(
            "distinct !DICompileUnit(language: DW_LANG_C11, file: {}, producer: \"pbpf\", isOptimized: true, runtimeVersion: 0, \
             emissionKind: FullDebug, globals: {globals}, nameTableKind: None)",
            self.files[0]
        ));
        let mut flags = vec![self.md.add("!{i32 2, !\"Debug Info Version\", i32 3}")];
        if dwarf {
            flags.push(self.md.add("!{i32 2, !\"Dwarf Version\", i32 5}"));
        } else {
            // LLVM leaves DWARF out of a module that asks for CodeView, and writes CodeView for Windows only; BTF stays.
            flags.push(self.md.add("!{i32 2, !\"CodeView\", i32 1}"));
        }
        let flags = tuple(flags.iter().map(Node::to_string));
        let name = self.module.files.first().map_or("<none>", String::as_str);
        format!(
            "source_filename = {}\n\
             target datalayout = {}\n\
             target triple = \"bpfel\"\n\
             {}{}\
             attributes #{ATTRIBUTES} = {{ nounwind {FORBIDDEN} }}\n\
             attributes #{STAYS_A_CALL} = {{ noinline nounwind {FORBIDDEN} }}\n\
             attributes #{RELOCATED} = {{ \"btf_ama\" }}\n\
             attributes #{TYPE_ID} = {{ \"btf_type_id\" }}\n\
             !llvm.module.flags = {flags}\n\
             !llvm.dbg.cu = !{{{}}}\n\
             {}",
            quoted(name),
            quoted(layout),
            self.globals,
            self.functions,
            self.unit,
            self.md.into_text()
        )
    }
}

//! The back end: concrete MIR to LLVM IR to a BPF object, in this process.
//!
//! [`emit`] writes the module's declarations and debug info as IR text (`header`), parses that, fills in the bodies with
//! one arm for each instruction (`body`, `insts`, `memory`, `calls`), runs LLVM's passes and takes the bytes (`machine`).
//!
//! Promises: the same module and options give the same bytes; no path but the names of the source files as the user gave
//! them gets into an object; an error of LLVM's is a diagnostic at a Python place, and nothing is printed; any number of
//! modules may be compiled in one process, on any threads. The object carries BTF, with the text of the Python lines, so
//! that the verifier's log names them.
//! Leaves out: decisions. They are all in MIR. Abstract instructions are refused.

mod body;
mod calls;
mod errors;
mod functions;
mod globals;
mod header;
mod insts;
mod layout;
mod machine;
mod maps;
mod memory;
mod names;
mod nulls;
mod opaque;
mod relocs;
mod session;
mod struct_ops;
mod text;
mod types;

use inkwell::context::Context;
use inkwell::memory_buffer::MemoryBuffer;
use pbpf_core::diag::Diagnostic;
use pbpf_core::mir::{self, Module};
use pbpf_core::source::SourceMap;
use pbpf_core::target::Cpu;
use std::cell::Cell;

/// How hard LLVM tries. There is no level 0: what it makes, the verifier refuses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OptLevel {
    /// Less.
    O1,
    /// As clang does for BPF.
    #[default]
    O2,
    /// More.
    O3,
    /// For size.
    Os,
    /// For size above all.
    Oz,
}

impl OptLevel {
    /// All of them.
    pub const ALL: [OptLevel; 5] = [OptLevel::O1, OptLevel::O2, OptLevel::O3, OptLevel::Os, OptLevel::Oz];

    /// The name, as LLVM has it.
    pub fn as_str(self) -> &'static str {
        match self {
            OptLevel::O1 => "O1",
            OptLevel::O2 => "O2",
            OptLevel::O3 => "O3",
            OptLevel::Os => "Os",
            OptLevel::Oz => "Oz",
        }
    }

    /// The level of that name.
    pub fn parse(text: &str) -> Option<OptLevel> {
        OptLevel::ALL.into_iter().find(|level| level.as_str() == text)
    }
}

/// What to emit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Artifact {
    /// The ELF object.
    Object,
    /// LLVM IR after LLVM's passes.
    LlvmIr,
    /// LLVM IR as it was made from MIR.
    LlvmIrBefore,
    /// BPF assembly.
    Assembly,
}

/// How to emit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmitOptions {
    /// The BPF instruction set.
    pub cpu: Cpu,
    /// How hard to optimise.
    pub opt: OptLevel,
    /// What is wanted.
    pub emit: Vec<Artifact>,
    /// Whether the object carries DWARF beside BTF. Loaders have no use for it; it doubles the object. LLVM writes the
    /// section `.debug_frame`, 24 bytes a function, in any case.
    pub dwarf: bool,
}

impl Default for EmitOptions {
    fn default() -> Self {
        Self { cpu: Cpu::default(), opt: OptLevel::default(), emit: vec![Artifact::Object], dwarf: false }
    }
}

/// What was emitted: all that was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Artifacts {
    /// [`Artifact::Object`].
    pub object: Option<Vec<u8>>,
    /// [`Artifact::LlvmIr`].
    pub llvm_ir: Option<String>,
    /// [`Artifact::LlvmIrBefore`].
    pub llvm_ir_before: Option<String>,
    /// [`Artifact::Assembly`].
    pub assembly: Option<String>,
}

/// Emits a module of concrete MIR. `sources` gives lines and their text; a file that is not in it has neither.
///
/// # Errors
/// Diagnostics of code `backend` for limits of BPF that only LLVM sees passed and for names that the kernel does not take, of code `mir-invalid` for a module that
/// breaks the rules of concrete MIR.
pub fn emit(
    module: &Module,
    sources: &SourceMap,
    options: &EmitOptions,
) -> Result<Artifacts, Vec<Diagnostic>> {
    let broken = mir::verify_concrete(module, options.cpu);
    if !broken.is_empty() {
        return Err(broken.iter().map(mir::Violation::diagnostic).collect());
    }
    let refused = names::check(module);
    if !refused.is_empty() {
        return Err(refused);
    }
    // Copies, for a thread that met a fatal error keeps what it works on for ever.
    let mut job = (module.clone(), sources.clone(), options.clone());
    for record in job.0.types.records.values_mut() {
        // BTF must have members by offset: "Invalid member bits_offset".
        record.fields.sort_by_key(|f| f.bit_offset);
    }
    match session::run(move || build(&job.0, &job.1, &job.2)) {
        Ok(result) => result,
        Err(message) => Err(vec![errors::from_llvm(&message, module, sources)]),
    }
}

fn build(module: &Module, sources: &SourceMap, options: &EmitOptions) -> Result<Artifacts, Vec<Diagnostic>> {
    let report = |message: String| vec![errors::from_llvm(&message, module, sources)];
    // Before the module, so that they are dropped after it.
    let context = Context::create();
    let reports = session::Reports::of(&context);
    let machine = machine::create(options.cpu, options.opt).map_err(report)?;
    let layout = machine.get_target_data().get_data_layout();
    let layout = layout.as_str().to_string_lossy();
    let declared =
        header::declare(module, sources, &layout, options.dwarf).map_err(|f| vec![f.into_diagnostic()])?;
    let text = MemoryBuffer::create_from_memory_range_copy(declared.text.as_bytes(), "module");
    let llvm = context.create_module_from_ir(text).map_err(|e| report(e.to_string()))?;
    let unit = body::Unit {
        context: &context,
        llvm: &llvm,
        mir: module,
        sources,
        relocations: &declared.relocations,
        sequence: Cell::new(0),
    };
    for func in module.functions.values() {
        body::emit(&unit, func).map_err(|f| vec![f.into_diagnostic()])?;
    }
    llvm.verify().map_err(|e| report(e.to_string()))?;
    let artifacts = machine::emit(&machine, &llvm, options);
    let errors = reports.take();
    if !errors.is_empty() {
        return Err(errors.iter().map(|e| errors::from_llvm(e, module, sources)).collect());
    }
    artifacts.map_err(report)
}

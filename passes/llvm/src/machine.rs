//! The target machine: passes, then bytes.
//!
//! Promises: initialises the BPF target only, once. Leaves out: what the module holds.

use crate::errors::Fault;
use crate::{Artifact, Artifacts, EmitOptions, OptLevel};
use inkwell::OptimizationLevel;
use inkwell::llvm_sys::support::LLVMParseCommandLineOptions;
use inkwell::module::Module;
use inkwell::passes::PassBuilderOptions;
use inkwell::targets::{
    CodeModel, FileType, InitializationConfig, RelocMode, Target, TargetMachine, TargetTriple,
};
use pbpf_core::target::Cpu;
use std::sync::Once;

/// Little-endian BPF.
const TRIPLE: &str = "bpfel";

/// Makes the target machine.
pub(crate) fn create(cpu: Cpu, opt: OptLevel) -> Result<TargetMachine, String> {
    static INITIALISE: Once = Once::new();
    INITIALISE.call_once(|| {
        Target::initialize_bpf(&InitializationConfig {
            asm_parser: false,
            disassembler: false,
            ..InitializationConfig::default()
        });
        set_options();
    });
    let triple = TargetTriple::create(TRIPLE);
    let target = Target::from_triple(&triple).map_err(|e| e.to_string())?;
    // Never `None`: the backend would then load a relocated offset as an address ("R1 invalid mem access 'scalar'").
    let level = match opt {
        OptLevel::O1 => OptimizationLevel::Less,
        OptLevel::O2 | OptLevel::Os | OptLevel::Oz => OptimizationLevel::Default,
        OptLevel::O3 => OptimizationLevel::Aggressive,
    };
    target
        .create_target_machine(&triple, cpu.as_str(), "", level, RelocMode::Default, CodeModel::Default)
        .ok_or_else(|| format!("LLVM has no target machine for {TRIPLE}"))
}

/// Sets the options of LLVM that it has no other way to set; they hold for the process.
#[allow(unsafe_code, reason = "inkwell has no call for LLVM's own options")]
fn set_options() {
    // The sum of a loop would become a closed form, which multiplies in 128 bits:
    // "A call to built-in function '__multi3' is not supported."
    let arguments = [c"pbpf".as_ptr(), c"-replexitval=never".as_ptr()];
    // SAFETY: as many strings as said, which outlive the call; no overview is given.
    unsafe {
        LLVMParseCommandLineOptions(arguments.len() as i32, arguments.as_ptr(), std::ptr::null());
    }
}

/// Optimises the module and gives what was asked for.
pub(crate) fn emit(
    machine: &TargetMachine,
    module: &Module<'_>,
    options: &EmitOptions,
) -> Result<Artifacts, String> {
    let wants = |kind| options.emit.contains(&kind);
    let mut artifacts = Artifacts::default();
    if wants(Artifact::LlvmIrBefore) {
        artifacts.llvm_ir_before = Some(module.print_to_string().to_string());
    }
    if !(wants(Artifact::LlvmIr) || wants(Artifact::Assembly) || wants(Artifact::Object)) {
        return Ok(artifacts);
    }
    let passes = format!("default<{}>", options.opt.as_str());
    let tuning = PassBuilderOptions::create();
    // BPF has no vectors.
    tuning.set_loop_vectorization(false);
    tuning.set_loop_interleaving(false);
    module.run_passes(&passes, machine, tuning).map_err(|e| e.to_string())?;
    crate::nulls::hide(module).map_err(Fault::message)?;
    crate::layout::order(module).map_err(Fault::message)?;
    if wants(Artifact::LlvmIr) {
        artifacts.llvm_ir = Some(module.print_to_string().to_string());
    }
    let bytes = |module: &Module<'_>, kind| {
        machine
            .write_to_memory_buffer(module, kind)
            .map(|buffer| buffer.as_slice().to_vec())
            .map_err(|e| e.to_string())
    };
    // Code generation changes the module, so only the last one may have the original.
    if wants(Artifact::Assembly) {
        let text = if wants(Artifact::Object) {
            bytes(&module.clone(), FileType::Assembly)?
        } else {
            bytes(module, FileType::Assembly)?
        };
        artifacts.assembly = Some(String::from_utf8_lossy(&text).into_owned());
    }
    if wants(Artifact::Object) {
        artifacts.object = Some(bytes(module, FileType::Object)?);
    }
    Ok(artifacts)
}

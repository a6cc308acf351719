//! Calls in the MIR interpreter: `f(1, 2)`.
//!
//! Promises: what the program prints and what it returns go to standard output. A program is handed a context of zeros,
//! and an empty packet where it reads one.
//! Leaves out: kernels; the world is the interpreter's deterministic one.

use crate::args::MessageFormat;
use crate::report;
use crate::setup::bad_option;
use pbpf_core::diag::Diagnostic;
use pbpf_core::mir::interp::{Context, Deterministic, Input, Machine};
use pbpf_core::mir::{FuncId, FunctionKind, Module};
use pbpf_core::source::SourceMap;
use std::fmt::Write as _;

/// Room for the widest context.
const CONTEXT_BYTES: usize = 4096;

/// Runs the call.
pub(crate) fn run(module: &Module, call: &str, format: MessageFormat) -> u8 {
    match interpret(module, call) {
        Ok(text) => {
            report::out(&text);
            report::DONE
        }
        Err(error) => report::fail(vec![error], &SourceMap::new(), format),
    }
}

/// What the call prints and gives, a line each.
pub(crate) fn interpret(module: &Module, call: &str) -> Result<String, Diagnostic> {
    let (func, args) = parse(module, call)?;
    let fault = |message: String| Diagnostic::error("interpreter-fault", message);
    let mut machine = Machine::new(module, Deterministic::default()).map_err(|e| fault(e.to_string()))?;
    let function = &module.functions[func];
    let value = if matches!(function.kind, FunctionKind::Program { .. }) {
        let input = Input { context: Context::new(CONTEXT_BYTES), packet: Some(Vec::new()) };
        machine.run(func, &input).map(|outcome| outcome.value)
    } else {
        machine.call(func, args).map(|(value, _)| value)
    };
    let mut text = String::new();
    for line in machine.take_printed() {
        let _ = writeln!(text, "{}", line.trim_end_matches('\n'));
    }
    match value {
        Ok(Some(value)) => {
            let _ = writeln!(text, "{value}");
        }
        Ok(None) => {}
        Err(error) => return Err(fault(format!("the interpreter stopped {error}"))),
    }
    Ok(text)
}

fn parse(module: &Module, call: &str) -> Result<(FuncId, Vec<u64>), Diagnostic> {
    let wrong = || bad_option(&format!("`{call}` is no call"), "write it as `f(1, 2)`");
    let (name, rest) = call.trim().split_once('(').ok_or_else(wrong)?;
    let inner = rest.trim_end().strip_suffix(')').ok_or_else(wrong)?;
    let func = module.find_function(name.trim()).ok_or_else(|| {
        let names = module.functions.values().map(|f| f.name.as_str());
        let near = pbpf_core::names::nearest(name, names).map(|n| format!("did you mean `{n}`?"));
        Diagnostic::error("bad-option", format!("there is no function `{}`", name.trim())).maybe_help(near)
    })?;
    let mut args = Vec::new();
    for part in inner.split(',').map(str::trim).filter(|p| !p.is_empty()) {
        let value: i128 = part.parse().map_err(|_| wrong())?;
        let word = i64::try_from(value)
            .map(i64::cast_unsigned)
            .or_else(|_| u64::try_from(value))
            .map_err(|_| wrong())?;
        args.push(word);
    }
    let function = &module.functions[func];
    let program = matches!(function.kind, FunctionKind::Program { .. });
    let wanted = function.entry().map_or(0, |b| function.blocks[b].params.len());
    if !program && wanted != args.len() {
        return Err(bad_option(
            &format!("`{}` takes {wanted} arguments, not {}", function.name, args.len()),
            "write it as `f(1, 2)`",
        ));
    }
    Ok((func, args))
}

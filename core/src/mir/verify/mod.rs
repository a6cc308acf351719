//! The rules that MIR keeps, with numbers.
//!
//! Promises: [`verify`] finds every breach of the rules below on any value of the Rust types, without panic and without
//! deep recursion. What [`verify_concrete`] accepts, emission can emit. Values and blocks in messages have the numbers
//! that [`print`](super::print) gives them. Leaves out: what the kernel's verifier decides by following paths: bounds of
//! packets and variable indices, what is written before it is read, and whether loops end.
//!
//! The module:
//! - M001: names of functions, maps, global variables, kernel functions and struct_ops variables are distinct; no name is empty or holds a NUL.
//! - M002: the file of every place is one of the module's.
//! - M003: every type, record and enum that is named exists; a type is made of earlier types and nests at most 64 deep.
//! - M004: the fields of a record lie inside it, have distinct names, and are not of that record itself; its alignment is a power of two.
//! - M005: an enum has 1, 2, 4 or 8 bytes, and its names are distinct and its values fit.
//! - M006: a map has a kind; its key and value types have a size; it has no key without a value; what it holds from the start exists and has a place; inner maps hold no maps.
//! - M007: the initial value of a global variable fits its type; one in `bss` is zero.
//! - M008: a kernel function has a function type of at most five scalars with a scalar or no result; a variable of the kernel has another type,
//!   and an option one with a size.
//! - M009: the members of a struct_ops variable are distinct and fit their types; its functions are programs.
//!
//! A function:
//! - M010: it has at most five parameters (in concrete MIR only, if it is `inline`), as many as its entry block, of the same types; a program names its section and its program type.
//! - M011: its layout names existing blocks once each, the entry first; an instruction is in one place; values belong to what defines them.
//! - M012: a block ends in a terminator and holds no other.
//! - M013: blocks gone to are in the layout; nothing goes to the entry.
//! - M014: a block gets a value for each parameter, of its type.
//! - M015: a value is defined on every way to its use.
//! - M016: a slot that is named exists; slots are not empty and their alignment is 1, 2, 4 or 8.
//! - M017: an instruction has a result exactly if it gives one, of the type that it gives.
//! - M018: a constant fits its type.
//! - M019: operands have the types that the instruction takes.
//! - M020: global variables, maps and functions that are named exist; `func_addr` names a callback or a static subprogram.
//! - M021: the path of `field_addr` leads to a field of its record that is no bitfield.
//! - M022: `refine` takes a pointer that may be null. Where no test proves it, it asks `null_checks` for one.
//! - M024: memory is accessed through pointers into memory: not `packet_end`, `per_cpu`, `dynptr`, `map` or `func`.
//! - M025: an access at a known place in a slot or a global variable lies inside it.
//! - M026: a call has at most five arguments; one of an `inline` function only in concrete MIR.
//! - M027: a call fits the declaration of what it calls, which is a kernel function, a subprogram or a callback; where a `global` one takes `ptr.mem`, `ptr.stack` and `ptr.map_value` fit too.
//! - M028: functions do not call themselves, not by way of others either.
//! - M029: context instructions take the context, and name a field.
//! - M030: map instructions name a map with keys, and take a key and a value of its sizes or pointers to them; a position is an `i64`.
//! - M031: a format has a conversion for each argument: `%s` for a pointer, another for an `i64`.
//! - M032: the cases of a switch are distinct.
//! - M033: a function returns a value of its result's type, or none if it has none.
//! - M034: what is asked about is a record or enum of the kernel by name, and a field or enumerator that it lists; `type_id` asks of any record.
//! - M035: `load_bits` leads to a bitfield of a record of the kernel.
//! - M036: `extern_addr` names a variable or an option, and gives a pointer to it.
//!
//! Concrete MIR, by [`verify_concrete`]:
//! - M040: no instruction is abstract.
//! - M041: user memory and untrusted kernel memory are not accessed directly.
//! - M042: the instruction set has the instruction: `sdiv` and `srem` need v4, atomics other than `atomic.add` without a result need v3.
//! - M043: nothing reads, writes or moves a pointer that may be null, user memory and untrusted kernel memory aside.
//! - M044: `refine` is behind a test that the pointer is not null.

mod calls;
mod concrete;
mod function;
mod module;
mod nulls;
mod ops;
mod records;

pub(in crate::mir) use ops::is_address;

use super::{Function, Module};
use crate::diag::Diagnostic;
use crate::source::Span;
use crate::target::Cpu;

/// A breach of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The rule's number, as in the list above.
    pub rule: &'static str,
    /// The function, if it is one's.
    pub function: Option<String>,
    /// What is wrong.
    pub message: String,
    /// Where it comes from in the source, if it is of the module's files.
    pub span: Option<Span>,
}

impl Violation {
    /// As a diagnostic with code `mir-invalid`.
    pub fn diagnostic(&self) -> Diagnostic {
        let place = self.function.as_ref().map(|f| format!(" in `{f}`")).unwrap_or_default();
        let message = format!("invalid MIR{place}: {} ({})", self.message, self.rule);
        let diagnostic = Diagnostic::error("mir-invalid", message)
            .note("MIR is made by passes: the one that ran last made this")
            .help(format!("`docs/mir.md` has the rule {}", self.rule));
        match self.span {
            Some(span) => diagnostic.at(span),
            None => diagnostic,
        }
    }
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.function {
            Some(function) => write!(f, "{} in `{function}`: {}", self.rule, self.message),
            None => write!(f, "{}: {}", self.rule, self.message),
        }
    }
}

/// Every breach of rules M001 to M036, in the order of the module; empty for MIR that is right.
pub fn verify(module: &Module) -> Vec<Violation> {
    check(module, None)
}

/// Every breach of all rules: with none, emission for `cpu` cannot fail.
pub fn verify_concrete(module: &Module, cpu: Cpu) -> Vec<Violation> {
    check(module, Some(cpu))
}

fn check(module: &Module, concrete: Option<Cpu>) -> Vec<Violation> {
    let mut found = Found { files: module.files.len(), function: None, list: Vec::new() };
    if !records::check(module, &mut found) {
        // Everything else asks types for their size.
        return found.list;
    }
    module::check(module, &mut found);
    for func in module.functions.values() {
        found.function = Some(func.name.clone());
        if !function::check_shape(module, func, concrete.is_some(), &mut found) {
            continue;
        }
        // From here on things have the numbers that the text gives them.
        let mut func: Function = func.clone();
        func.compact();
        function::Check::new(module, &func, concrete.is_some(), &mut found).run();
        if let Some(cpu) = concrete {
            concrete::check(&func, cpu, &mut found);
        }
    }
    found.function = None;
    calls::check_recursion(module, &mut found);
    found.list
}

/// What is wrong with the types, so that their sizes cannot be asked for.
pub(in crate::mir) fn check_types(module: &Module) -> Result<(), Violation> {
    let mut found = Found { files: module.files.len(), function: None, list: Vec::new() };
    let right = records::check(module, &mut found);
    if right { Ok(()) } else { found.list.into_iter().next().map_or(Ok(()), Err) }
}

/// Where breaches are noted.
struct Found {
    files: usize,
    function: Option<String>,
    list: Vec<Violation>,
}

impl Found {
    fn add(&mut self, rule: &'static str, span: Option<Span>, message: impl Into<String>) {
        // A place in a file that is not there would be shown in another.
        let span = span.filter(|s| crate::entity::Entity::index(s.file) < self.files);
        let function = self.function.clone();
        self.list.push(Violation { rule, function, message: message.into(), span });
    }

    fn place(&mut self, span: Span, what: &str) {
        let file = crate::entity::Entity::index(span.file);
        if file >= self.files {
            self.add(
                "M002",
                None,
                format!("the place of {what} is in file {file}, which the module does not have"),
            );
        }
    }
}

#[cfg(test)]
mod tests;

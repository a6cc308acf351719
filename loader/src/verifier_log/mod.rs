//! The verifier's log, read: why a program was refused, where, and how the verifier got there.
//!
//! Promises: pure functions from text; any text gives a [`Refusal`], if only one with the raw log. Both forms
//! are read: that of kernels up to 6.x, which ends in one or two lines of the verifier's own words, and that
//! of 7.3, which adds an explanation. The logs in `tests/logs`, written by kernels 6.1, 6.12, 6.18 and 7.3,
//! hold it to that.
//! Leaves out: getting logs (`load`), what a refusal means to the user (`refusal`), and logs of level 2,
//! which show all paths.
//!
//! Source: `kernel/bpf/verifier.c`, `kernel/bpf/log.c` of the kernel.

mod explained;
mod stats;
mod walk;

pub use explained::{KernelExplanation, PathStep};
pub use stats::{Stats, SubprogramStats};
pub use walk::{Register, Step};

use std::fmt;

/// A place in the user's source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, as the debug info names it.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1; `None` where neither the log nor the object tells.
    pub column: Option<u32>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)?;
        self.column.map_or(Ok(()), |column| write!(f, ":{column}"))
    }
}

/// Where an instruction comes from, by the object's line info. Kernels before 6.9 print no places, and none
/// before 7.3 a column: with these, all have both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceLine {
    /// The first instruction of that place; it holds up to the next.
    pub instruction: u32,
    /// The place.
    pub place: Place,
    /// The line's text, as it was when the object was made; may be empty.
    pub text: String,
}

/// Why the verifier refused a program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// The program.
    pub program: String,
    /// The verifier's own words, one line: `R0 invalid mem access 'map_value_or_null'`. Empty where the log
    /// has none.
    pub message: String,
    /// What it adds: `R0 min value is outside of the allowed memory range`.
    pub details: Vec<String>,
    /// The instruction refused, as numbered in the program with its subprograms.
    pub instruction: Option<u32>,
    /// That instruction, in the verifier's notation: `(79) r1 = *(u64 *)(r0 +0)`.
    pub instruction_text: Option<String>,
    /// Where that is in the source.
    pub place: Option<Place>,
    /// The text of that line.
    pub source_text: String,
    /// What the verifier knew before that instruction, in the function that it is in, registers first.
    pub registers: Vec<Register>,
    /// The source lines on the way there, oldest first, the refused one last; at most 256.
    pub trail: Vec<Step>,
    /// The explanation of kernels from 7.3 on.
    pub explanation: Option<KernelExplanation>,
    /// The numbers.
    pub stats: Stats,
    /// The whole log.
    pub raw: String,
}

/// Reads a log. `lines` is the object's line info for the program, ordered by instruction; it may be empty.
pub fn parse(program: &str, log: &str, lines: &[SourceLine]) -> Refusal {
    let walked = walk::walk(log);
    let explanation = explained::parse(log);
    let mut words = walked.words.into_iter();
    let message = words.next().unwrap_or_default();
    let instruction = named_instruction(&message).or(walked.instruction);
    let known = instruction.and_then(|i| lookup(lines, i));
    let mut trail = walked.trail;
    if let (Some((text, place)), Some(instruction)) = (walked.pending, instruction) {
        trail.push(Step { place, text, instruction });
    }
    let last_seen = trail.last();
    let explained_place = explanation.as_ref().and_then(|e| e.place.clone());
    let place = known.map(|l| l.place.clone()).or(explained_place).or_else(|| last_seen?.place.clone());
    let source_text =
        known.map(|l| l.text.clone()).or_else(|| Some(last_seen?.text.clone())).unwrap_or_default();
    for step in &mut trail {
        if let Some(line) = lookup(lines, step.instruction) {
            step.place = Some(line.place.clone());
        }
    }
    let mut registers = walked.registers;
    for register in &mut registers {
        if let Some(line) = register.instruction.and_then(|i| lookup(lines, i)) {
            register.place = Some(line.place.clone());
        }
    }
    Refusal {
        program: program.to_owned(),
        message,
        details: words.collect(),
        instruction,
        instruction_text: walked.instruction_text.filter(|_| instruction == walked.instruction),
        place,
        source_text: source_text.trim().to_owned(),
        registers,
        trail,
        explanation,
        stats: Stats::parse(log),
        raw: log.to_owned(),
    }
}

/// The line info that covers an instruction.
fn lookup(lines: &[SourceLine], instruction: u32) -> Option<&SourceLine> {
    let after = lines.partition_point(|line| line.instruction <= instruction);
    lines.get(after.checked_sub(1)?)
}

/// `infinite loop detected at insn 1`, `unreachable insn 5`, `jump out of range from insn 2 to 9`: the
/// message names the instruction, which need not be the one that the log showed last. `alloc_insn=4` is
/// another matter.
fn named_instruction(message: &str) -> Option<u32> {
    let rest = message.split_once(" insn ")?.1;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

//! The part of a log that all kernels write: source lines, instructions, register states, and the verifier's
//! words at the end.
//!
//! Promises: one pass over the lines; bounded memory also for logs of a million lines.
//! Leaves out: the explanation of 7.3, which comes behind the words (`explained`), and the numbers (`stats`).
//!
//! ```text
//! 0: R1=ctx() R10=fp0                                          state before
//! ; value = counts.lookup(key) @ prog.py:6                     source line (no place before 6.9)
//! 6: (85) call bpf_map_lookup_elem#1    ; R0=map_value_or_null(id=1,map=counts,ks=4,vs=8)
//! 8: (85) call pc+1                                            instruction ; state after
//! caller:
//!  R10=fp0
//! callee:
//!  frame1: R1=map_value_or_null(id=1,map=counts,ks=4,vs=8) R10=fp0
//! from 4 to 20: R0=0 R10=fp0                                   another path begins
//! 10: (79) r0 = *(u64 *)(r1 +0)                                the instruction refused has no state after it
//! R1 invalid mem access 'map_value_or_null'                    words
//! ```

use super::Place;
use std::collections::{BTreeMap, VecDeque};

/// The longest trail kept.
pub(super) const MAX_STEPS: usize = 256;
/// The most lines of words kept.
const MAX_WORDS: usize = 32;

/// What the verifier knew of a register or stack slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Register {
    /// `R0` to `R10`, `fp-8`.
    pub name: String,
    /// In the verifier's notation: `map_value_or_null(id=1,map=counts,ks=4,vs=8)`.
    pub state: String,
    /// The instruction that last changed it; `None` where it came so.
    pub instruction: Option<u32>,
    /// Where that is in the source.
    pub place: Option<Place>,
}

/// A source line that the verifier walked over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its place, where known.
    pub place: Option<Place>,
    /// Its text.
    pub text: String,
    /// The first instruction of it that was walked.
    pub instruction: u32,
}

/// What the walk gave.
#[derive(Debug, Default)]
pub(super) struct Walked {
    pub(super) words: Vec<String>,
    pub(super) instruction: Option<u32>,
    pub(super) instruction_text: Option<String>,
    pub(super) registers: Vec<Register>,
    pub(super) trail: Vec<Step>,
    /// A source line that no instruction followed: its instruction was refused before it was walked.
    pub(super) pending: Option<(String, Option<Place>)>,
}

#[derive(Default)]
struct Walker {
    frames: BTreeMap<u32, BTreeMap<(u8, u32), Register>>,
    frame: u32,
    trail: VecDeque<Step>,
    source: Option<(String, Option<Place>)>,
    words: Vec<String>,
    instruction: Option<(u32, String)>,
    /// Whether the last instruction was a call.
    called: bool,
}

pub(super) fn walk(log: &str) -> Walked {
    let mut walker = Walker::default();
    for line in log.lines() {
        if line.starts_with("Verification failed: ") {
            // Words come before it; what comes behind repeats them, but for a last line that kernels of old
            // put there.
            break;
        }
        walker.line(line);
    }
    let Walker { mut frames, frame, trail, words, instruction, source: pending, .. } = walker;
    let (instruction, instruction_text) = instruction.unzip();
    let registers = frames.remove(&frame).unwrap_or_default().into_values().collect();
    Walked { words, instruction, instruction_text, registers, trail: trail.into(), pending }
}

impl Walker {
    fn line(&mut self, line: &str) {
        if let Some(source) = line.strip_prefix("; ") {
            self.source = Some(source_line(source));
        } else if let Some((index, rest)) = numbered(line) {
            self.words.clear();
            if rest.starts_with('(') {
                self.executed(index, rest);
            } else {
                self.state(rest);
            }
        } else if let Some(rest) = line.strip_prefix("from ") {
            match rest.split_once(": ") {
                // Another path: what was known on the one before does not hold.
                Some((_, state)) if rest.split(' ').nth(1) == Some("to") => {
                    self.frames.clear();
                    self.words.clear();
                    self.state(state);
                }
                _ => self.word(line),
            }
        } else if let Some(state) = line.strip_prefix(' ').filter(|rest| rest.starts_with(['R', 'f'])) {
            self.state(state);
        } else if !is_noise(line) {
            self.word(line);
        }
    }

    fn executed(&mut self, index: u32, rest: &str) {
        // The states after an instruction follow `; `, behind at least one blank.
        let (text, state) = match rest.split_once(" ; ") {
            Some((text, state)) => (text.trim_end(), Some(state)),
            None => (rest.trim_end(), None),
        };
        self.finish_call();
        self.called = text.contains(") call ");
        self.instruction = Some((index, text.to_owned()));
        if let Some((text, place)) = self.source.take() {
            let same = self.trail.back().is_some_and(|last| last.place == place && last.text == text);
            if !same {
                if self.trail.len() == MAX_STEPS {
                    self.trail.pop_front();
                }
                self.trail.push_back(Step { place, text, instruction: index });
            }
        }
        if let Some(state) = state {
            self.state(state);
        }
    }

    /// A call that was not refused leaves nothing in the registers of its arguments; the log does not say so.
    fn finish_call(&mut self) {
        if std::mem::take(&mut self.called) {
            let registers = self.frames.entry(self.frame).or_default();
            (1..=5).for_each(|number| drop(registers.remove(&(0, number))));
        }
    }

    /// `frame1: R1=scalar() R10=fp0 fp-8=0000???? refs=2`
    fn state(&mut self, text: &str) {
        self.finish_call();
        let mut text = text.trim();
        let mut frame = 0;
        if let Some((number, rest)) = text.strip_prefix("frame").and_then(|rest| rest.split_once(':')) {
            let Ok(number) = number.parse() else { return };
            (frame, text) = (number, rest.trim_start());
        }
        self.frame = frame;
        // Returning to a caller ends what the callee knew.
        self.frames.retain(|known, _| *known <= frame);
        let place = self.trail.back().and_then(|step| step.place.clone());
        let registers = self.frames.entry(frame).or_default();
        for (name, state) in assignments(text) {
            let Some(order) = order(name) else { continue };
            // The log repeats what an instruction read beside what it wrote.
            if registers.get(&order).is_none_or(|known| known.state != state) {
                let (instruction, place) = (self.instruction.as_ref().map(|i| i.0), place.clone());
                let (name, state) = (name.to_owned(), state.to_owned());
                registers.insert(order, Register { name, state, instruction, place });
            }
        }
    }

    fn word(&mut self, line: &str) {
        if self.words.len() < MAX_WORDS {
            self.words.push(line.trim().to_owned());
        }
    }
}

/// `TEXT @ FILE:LINE`, or only `TEXT`.
fn source_line(source: &str) -> (String, Option<Place>) {
    let place = || {
        let (text, place) = source.rsplit_once("@ ")?;
        let (file, line) = place.rsplit_once(':')?;
        let place = Place { file: file.to_owned(), line: line.trim().parse().ok()?, column: None };
        Some((text.trim().to_owned(), Some(place)))
    };
    place().unwrap_or_else(|| (source.trim().to_owned(), None))
}

/// `12: REST`
fn numbered(line: &str) -> Option<(u32, &str)> {
    let (number, rest) = line.split_once(": ")?;
    Some((number.parse().ok()?, rest))
}

/// The `name=value` pairs of a state; values have blanks inside parentheses only.
fn assignments(text: &str) -> Vec<(&str, &str)> {
    let mut pairs = Vec::new();
    let (mut depth, mut start) = (0i32, 0);
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match c {
            '(' | '{' => depth += 1,
            ')' | '}' => depth -= 1,
            ' ' if depth <= 0 => {
                if let Some((name, value)) = text[start..at].split_once('=') {
                    pairs.push((name.split('_').next().unwrap_or(name), value));
                }
                start = at + 1;
            }
            _ => {}
        }
    }
    pairs
}

/// Registers by number, then stack slots from the top down; `None` for `refs=2` and the like.
fn order(name: &str) -> Option<(u8, u32)> {
    if let Some(number) = name.strip_prefix("fp-") {
        return Some((1, number.parse().ok()?));
    }
    Some((0, name.strip_prefix('R')?.parse().ok()?))
}

/// Lines that say nothing of the reason.
fn is_noise(line: &str) -> bool {
    const PREFIXES: &[&str] = &[
        "processed ",
        "verification time ",
        "stack depth ",
        "subprog ",
        "caller:",
        "callee:",
        "returning from callee:",
        "to caller at ",
        "cur state:",
        "old state:",
        "mark_precise:",
        "propagating ",
        "last_idx ",
        "regs=",
        "parent ",
        "func#",
        "Live regs before insn",
        "Validating ",
        "Func#",
        "reg type unsupported for arg#",
    ];
    // What `void *` as the context's type gives on kernels that look at it: "arg#0 reference type('UNKNOWN ')
    // size cannot be ..."
    let untyped = line.starts_with("arg#") && line.contains(" reference type('UNKNOWN ')");
    line.trim().is_empty() || line == ";" || untyped || PREFIXES.iter().any(|prefix| line.starts_with(prefix))
}

//! What came of a case on one kernel, and the table and the closing line over all of them.
//!
//! Promises: a report is data (JSON), so that it leaves a VM as one line; a skip is counted and its reason printed; the table is
//! the same for the same results. Leaves out: printing.

use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt::Write};

/// What came of a case on one kernel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Name of the case.
    pub case: String,
    /// How it ended.
    pub outcome: Outcome,
    /// What the kernel said of each program, where it was asked.
    pub programs: Vec<Program>,
    /// Something that a reader should know and that is no failure.
    pub notes: Vec<String>,
}

/// How a case ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// All that was asked for was seen.
    Passed,
    /// Something was not; one text for each.
    Failed(Vec<String>),
    /// The kernel lacks something: all or the rest of the plan was not tried.
    Unmet(String),
    /// It was not tried.
    Skipped(String),
}

/// What the kernel said of one program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// Its name.
    pub name: String,
    /// Whether it was accepted.
    pub accepted: bool,
    /// Instructions in the object.
    pub instructions: u64,
    /// Instructions that the verifier went through; 0 if not known.
    pub processed: u64,
    /// Why it was refused; empty if it was not.
    pub reason: String,
}

impl Report {
    /// A report without programs.
    pub fn new(case: &str, outcome: Outcome) -> Self {
        Self { case: case.to_owned(), outcome, programs: Vec::new(), notes: Vec::new() }
    }

    /// The report of a case that had to fail, saying `wanted`.
    #[must_use]
    pub fn of_failure(mut self, wanted: &str) -> Self {
        self.outcome = match self.outcome {
            Outcome::Failed(failures) if failures.iter().any(|failure| failure.contains(wanted)) => {
                Outcome::Passed
            }
            Outcome::Failed(failures) => {
                Outcome::Failed(vec![format!("failed without saying \"{wanted}\": {}", failures.join("; "))])
            }
            Outcome::Passed => Outcome::Failed(vec![format!("passed, and had to fail saying \"{wanted}\"")]),
            other => other,
        };
        self
    }
}

/// All results, by case and kernel. The kernel `""` stands for what needs none: compiling, diagnostics, golden text.
#[derive(Debug, Default)]
pub struct Results {
    reports: BTreeMap<(String, String), Report>,
}

/// Numbers of results.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Passed.
    pub passed: usize,
    /// Failed.
    pub failed: usize,
    /// Skipped.
    pub skipped: usize,
}

impl Counts {
    /// The line that `cargo test` prints for a test program, so that who adds such lines up needs no special case.
    pub fn closing_line(self) -> String {
        let word = if self.failed == 0 { "ok" } else { "FAILED" };
        format!(
            "test result: {word}. {} passed; {} failed; {} ignored",
            self.passed, self.failed, self.skipped
        )
    }
}

impl Results {
    /// Adds a report.
    pub fn add(&mut self, kernel: &str, report: Report) {
        self.reports.insert((report.case.clone(), kernel.to_owned()), report);
    }

    /// The reports in order, with their kernels.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Report)> {
        self.reports.iter().map(|((_, kernel), report)| (kernel.as_str(), report))
    }

    /// How many passed, failed and were skipped. A need that one kernel does not meet is a skip unless another ran the same case
    /// to its end; where `strict`, it is a failure then.
    pub fn counts(&self, strict: bool) -> Counts {
        let mut counts = Counts::default();
        for ((case, kernel), report) in &self.reports {
            match &report.outcome {
                Outcome::Passed => counts.passed += 1,
                Outcome::Failed(_) => counts.failed += 1,
                Outcome::Skipped(_) => counts.skipped += 1,
                Outcome::Unmet(_) if self.ran_elsewhere(case, kernel) => {}
                Outcome::Unmet(_) if strict => counts.failed += 1,
                Outcome::Unmet(_) => counts.skipped += 1,
            }
        }
        counts
    }

    /// Whether another kernel ran the whole case, and it passed.
    pub fn ran_elsewhere(&self, case: &str, kernel: &str) -> bool {
        let all = self.reports.iter().filter(|((c, k), _)| c == case && k != kernel && !k.is_empty());
        all.into_iter().any(|(_, r)| r.outcome == Outcome::Passed)
    }

    /// Needs that no kernel met: one text for each case and kernel.
    pub fn never_met(&self) -> Vec<String> {
        let unmet = self.reports.iter().filter_map(|((case, kernel), report)| match &report.outcome {
            Outcome::Unmet(need) if !self.ran_elsewhere(case, kernel) => {
                Some(format!("{case} on {kernel}: {need}"))
            }
            _ => None,
        });
        unmet.collect()
    }

    /// The table of cases and kernels in Markdown.
    pub fn table(&self) -> String {
        let mut out = String::from(
            "| case | kernel | result | program | accepted | instructions | processed | reason |\n|---|---|---|---|---|---|---|---|\n",
        );
        for ((case, kernel), report) in self.reports.iter().filter(|((_, kernel), _)| !kernel.is_empty()) {
            let result = match &report.outcome {
                Outcome::Passed => "passed",
                Outcome::Failed(_) => "FAILED",
                Outcome::Unmet(_) => "in part",
                Outcome::Skipped(_) => "skipped",
            };
            let why = match &report.outcome {
                Outcome::Passed => String::new(),
                Outcome::Failed(failures) => failures.first().cloned().unwrap_or_default(),
                Outcome::Unmet(reason) | Outcome::Skipped(reason) => reason.clone(),
            };
            // Writing to a string does not fail.
            if report.programs.is_empty() {
                let _ = writeln!(out, "| {case} | {kernel} | {result} | | | | | {} |", cell(&why));
            }
            for program in &report.programs {
                let reason = if program.reason.is_empty() { &why } else { &program.reason };
                let _ = writeln!(
                    out,
                    "| {case} | {kernel} | {result} | {} | {} | {} | {} | {} |",
                    program.name,
                    if program.accepted { "yes" } else { "no" },
                    program.instructions,
                    if program.processed == 0 { "?".to_owned() } else { program.processed.to_string() },
                    cell(reason),
                );
            }
        }
        out
    }
}

/// The kernels that have a column in a page, the oldest first.
const COLUMNS: [&str; 4] = ["6.1", "6.12", "6.18", "7.3"];

impl Results {
    /// A table of programs with a column for each kernel: the instructions that its verifier processed, `no` where it refuses the
    /// program, `lacks` where it lacks what the case needs. Of the cases whose names begin so.
    pub fn by_kernel(&self, cases: &str) -> String {
        #[derive(Default)]
        struct Row<'a> {
            instructions: u64,
            said: BTreeMap<&'a str, String>,
        }
        let mut rows: BTreeMap<(&str, &str), Row<'_>> = BTreeMap::new();
        for ((case, kernel), report) in self.reports.iter().filter(|((case, _), _)| case.starts_with(cases)) {
            for program in &report.programs {
                let row = rows.entry((case, &program.name)).or_default();
                row.instructions = program.instructions;
                let said = match (program.accepted, program.processed) {
                    (false, _) => "no".to_owned(),
                    (true, 0) => "yes".to_owned(),
                    (true, processed) => processed.to_string(),
                };
                row.said.insert(kernel, said);
            }
        }
        let mut out = format!("| case | program | instructions | {} |\n", COLUMNS.join(" | "));
        out.push_str("|---|---|---|---|---|---|---|\n");
        for ((case, program), Row { instructions, said }) in rows {
            let lacks = |kernel: &str| {
                let report = self.reports.get(&(case.to_owned(), kernel.to_owned()));
                let unmet = report.is_some_and(|r| matches!(r.outcome, Outcome::Unmet(_)));
                if unmet { "lacks" } else { "" }.to_owned()
            };
            let cells = COLUMNS.map(|kernel| said.get(kernel).cloned().unwrap_or_else(|| lacks(kernel)));
            // Writing to a string does not fail.
            let _ = writeln!(out, "| {case} | {program} | {instructions} | {} |", cells.join(" | "));
        }
        out
    }
}

/// One line, without what would end a table's cell.
fn cell(text: &str) -> String {
    text.lines().next().unwrap_or("").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unmet_needs_are_skips_unless_a_vm_did_it() {
        let unmet = Outcome::Unmet("no kprobes here".to_owned());
        let mut results = Results::default();
        results.add("6.18", Report::new("a", unmet.clone()));
        results.add("6.18", Report::new("b", unmet));
        results.add("6.12", Report::new("a", Outcome::Passed));
        results.add("", Report::new("a", Outcome::Passed));
        assert_eq!(results.counts(false), Counts { passed: 2, failed: 0, skipped: 1 });
        assert_eq!(results.counts(true), Counts { passed: 2, failed: 1, skipped: 0 });
        assert_eq!(results.never_met(), ["b on 6.18: no kprobes here"]);
        assert!(results.counts(false).closing_line().ends_with("ok. 2 passed; 0 failed; 1 ignored"));
    }

    #[test]
    fn failures_can_be_wanted() {
        let failed = Report::new("a", Outcome::Failed(vec!["is 3, expected == 4".to_owned()]));
        assert_eq!(failed.clone().of_failure("is 3").outcome, Outcome::Passed);
        assert!(matches!(failed.of_failure("is 5").outcome, Outcome::Failed(_)));
        assert!(matches!(Report::new("a", Outcome::Passed).of_failure("is 5").outcome, Outcome::Failed(_)));
    }

    #[test]
    fn a_page_has_a_column_for_each_kernel() {
        let mut report = Report::new("p/a", Outcome::Passed);
        let program = Program {
            name: "f".to_owned(),
            accepted: true,
            instructions: 9,
            processed: 8,
            reason: String::new(),
        };
        report.programs.push(program);
        let mut results = Results::default();
        results.add("7.3", report.clone());
        results.add("6.1", Report::new("p/a", Outcome::Unmet("kprobes".to_owned())));
        report.case = "q/a".to_owned();
        results.add("7.3", report);
        let page = results.by_kernel("p/");
        assert!(page.ends_with("| p/a | f | 9 | lacks |  |  | 8 |\n"), "{page}");
    }

    #[test]
    fn the_table_has_a_line_for_each_program() {
        let mut report = Report::new("x/y", Outcome::Failed(vec!["a | b\nc".to_owned()]));
        let program = Program {
            name: "f".to_owned(),
            accepted: false,
            instructions: 7,
            processed: 0,
            reason: String::new(),
        };
        report.programs.push(program);
        let mut results = Results::default();
        results.add("7.3", report);
        let table = results.table();
        assert!(table.ends_with("| x/y | 7.3 | FAILED | f | no | 7 | ? | a \\| b |\n"), "{table}");
    }
}

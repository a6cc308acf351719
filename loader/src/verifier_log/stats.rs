//! The numbers at the end of a verifier log.
//!
//! Promises: reads them from logs of every kernel from 5.2 on; a number that a kernel does not print is
//! `None`.
//! Leaves out: everything else in the log.
//!
//! ```text
//! verification time 55 usec
//! stack depth 8+16                                                            up to 6.x: one number a function
//! stack depth max 32                                                          7.3: the deepest chain of calls,
//! subprog 0 (hello) main insns_self 40 insns_total 61 stack 8                 and one line a function
//! processed 61 insns (limit 1000000) max_states_per_insn 0 total_states 4 peak_states 4 mark_read 2
//! ```

/// What the verifier counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Instructions that it walked, each as often as it walked it.
    pub processed: Option<u64>,
    /// How many it may walk.
    pub limit: Option<u64>,
    /// States kept at the busiest instruction.
    pub max_states_per_insn: Option<u64>,
    /// States made in all.
    pub total_states: Option<u64>,
    /// States kept at once.
    pub peak_states: Option<u64>,
    /// Longest chain of marks; gone in kernels that track liveness otherwise.
    pub mark_read: Option<u64>,
    /// Stack bytes of the program and of each of its subprograms, in the verifier's order.
    pub stack: Vec<u64>,
    /// Stack bytes of the deepest chain of calls, where the kernel says (7.3).
    pub stack_max: Option<u64>,
    /// What it says of each function (7.3).
    pub subprograms: Vec<SubprogramStats>,
    /// Microseconds that it took; printed with the numbers (log level 4) only.
    pub micros: Option<u64>,
}

/// What the verifier counted in one function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubprogramStats {
    /// Its name.
    pub name: String,
    /// Instructions walked in it.
    pub instructions: u64,
    /// Instructions walked in it and in what it calls.
    pub total_instructions: u64,
}

impl Stats {
    /// Reads the numbers out of a log.
    pub fn parse(log: &str) -> Self {
        let mut stats = Self::default();
        for line in log.lines() {
            if let Some(rest) = line.strip_prefix("verification time ") {
                stats.micros = rest.split_whitespace().next().and_then(|n| n.parse().ok());
            } else if let Some(rest) = line.strip_prefix("stack depth max ") {
                stats.stack_max = rest.trim().parse().ok();
            } else if let Some(rest) = line.strip_prefix("stack depth ") {
                stats.stack = rest.trim().split('+').map_while(|n| n.parse().ok()).collect();
            } else if let Some(rest) = line.strip_prefix("subprog ") {
                stats.subprogram(rest);
            } else if line.starts_with("processed ") {
                stats.counts(line);
            }
        }
        stats
    }

    /// `0 (hello) main insns_self 40 insns_total 61 stack 8`
    fn subprogram(&mut self, rest: &str) {
        let Some((name, rest)) = rest.split_once('(').and_then(|(_, rest)| rest.split_once(')')) else {
            return;
        };
        let words: Vec<&str> = rest.split_whitespace().collect();
        let number =
            |word: &str| words.windows(2).find(|pair| pair[0] == word).and_then(|pair| pair[1].parse().ok());
        self.stack.extend(number("stack"));
        self.subprograms.push(SubprogramStats {
            name: name.to_owned(),
            instructions: number("insns_self").unwrap_or_default(),
            total_instructions: number("insns_total").unwrap_or_default(),
        });
    }

    fn counts(&mut self, line: &str) {
        let words: Vec<&str> = line
            .split(|c: char| c.is_whitespace() || matches!(c, '(' | ')'))
            .filter(|w| !w.is_empty())
            .collect();
        for pair in words.windows(2) {
            let Ok(number) = pair[1].parse() else { continue };
            let place = match pair[0] {
                "processed" => &mut self.processed,
                "limit" => &mut self.limit,
                "max_states_per_insn" => &mut self.max_states_per_insn,
                "total_states" => &mut self.total_states,
                "peak_states" => &mut self.peak_states,
                "mark_read" => &mut self.mark_read,
                _ => continue,
            };
            *place = Some(number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_numbers_are_read() {
        let log = "verification time 55 usec\nstack depth 8+16\nprocessed 61 insns (limit 1000000) max_states_per_insn 1 total_states 4 peak_states 3 mark_read 2\n";
        assert_eq!(
            Stats::parse(log),
            Stats {
                processed: Some(61),
                limit: Some(1_000_000),
                max_states_per_insn: Some(1),
                total_states: Some(4),
                peak_states: Some(3),
                mark_read: Some(2),
                stack: vec![8, 16],
                micros: Some(55),
                ..Stats::default()
            }
        );
        let log = "stack depth max 400\nsubprog 0 (a) main insns_self 6 insns_total 11 stack 16\nsubprog 1 (b) static insns_self 5 insns_total 5 stack 400\n";
        let stats = Stats::parse(log);
        assert_eq!((stats.stack_max, stats.stack), (Some(400), vec![16, 400]));
        let b = SubprogramStats { name: "b".into(), instructions: 5, total_instructions: 5 };
        assert_eq!(stats.subprograms[1], b);
    }

    #[test]
    fn missing_numbers_are_none() {
        assert_eq!(Stats::parse("R0 !read_ok\n"), Stats::default());
        assert_eq!(Stats::parse("processed many insns").processed, None);
    }
}

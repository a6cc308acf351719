//! The nearest name to one that is not known, for "did you mean" in diagnostics; names that Python does not have.
//!
//! Promises: one answer for one set of candidates, whatever their order; the distances of rustc's suggestions; under
//! 10 ms for the 56,000 functions of a kernel. Leaves out: knowing the names, and meaning (`exit` is not near `quit`).

/// Longer names are only compared for equality. No name of a kernel is longer, and the distance of two names takes the
/// product of their lengths.
const MAX_LEN: usize = 128;

/// Python's keywords: they cannot stand where Python wants a name.
const KEYWORDS: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def",
    "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is",
    "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// Whether Python does not take `name` for one.
pub fn is_keyword(name: &str) -> bool {
    KEYWORDS.contains(&name)
}

/// The candidate nearest to `name`, if one is near enough to be meant.
///
/// In this order: the same but for case and `-` or `_`; at most a third of the name's characters (but at least one)
/// added, left out, replaced or swapped with their neighbour; the same words in another order. Of equally near ones the one
/// with the longer common prefix, then the first in the alphabet. A candidate that equals `name` is no suggestion.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let mut search = Search::new(name);
    let mut best: Option<(Rank, &'a str)> = None;
    for candidate in candidates {
        if candidate == name {
            continue;
        }
        let limit = match best {
            Some((Rank { nearness: Nearness::Edits(edits), .. }, _)) => edits,
            Some((Rank { nearness: Nearness::Folded, .. }, _)) => 0,
            _ => search.limit,
        };
        let Some(nearness) = search.nearness(candidate, limit) else { continue };
        let common = name.chars().zip(candidate.chars()).take_while(|(a, b)| a == b).count();
        let rank = Rank { nearness, unlike: usize::MAX - common };
        if best.is_none_or(|held| (rank, candidate) < held) {
            best = Some((rank, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Smaller is nearer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    nearness: Nearness,
    unlike: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Nearness {
    Folded,
    Edits(usize),
    SameWords,
}

/// The name looked for, and room to compare it in.
struct Search {
    name: Vec<char>,
    folded: Vec<char>,
    words: Vec<String>,
    limit: usize,
    other: Vec<char>,
    rows: [Vec<usize>; 3],
}

impl Search {
    fn new(name: &str) -> Search {
        let chars: Vec<char> = name.chars().collect();
        Search {
            limit: (chars.len() / 3).max(1),
            folded: fold(name).collect(),
            words: words(name),
            name: chars,
            other: Vec::new(),
            rows: [Vec::new(), Vec::new(), Vec::new()],
        }
    }

    fn nearness(&mut self, candidate: &str, limit: usize) -> Option<Nearness> {
        if fold(candidate).eq(self.folded.iter().copied()) {
            return Some(Nearness::Folded);
        }
        if self.name.len() > MAX_LEN || candidate.len() > MAX_LEN * 4 {
            return None;
        }
        self.other.clear();
        self.other.extend(candidate.chars());
        if let Some(edits) = self.edits(limit) {
            return Some(Nearness::Edits(edits));
        }
        let same_words =
            self.words.len() > 1 && self.name.len() == self.other.len() && words(candidate) == self.words;
        same_words.then_some(Nearness::SameWords)
    }

    /// How many characters are to be added, left out, replaced or swapped with their neighbour to make the name the
    /// candidate, where that is at most `limit`. No place is changed twice ("optimal string alignment").
    fn edits(&mut self, limit: usize) -> Option<usize> {
        let (name, other) = (&self.name, &self.other);
        if name.len().abs_diff(other.len()) > limit {
            return None;
        }
        let [before, above, row] = &mut self.rows;
        above.clear();
        above.extend(0..=other.len());
        before.clone_from(above);
        for (i, a) in name.iter().enumerate() {
            row.clear();
            row.push(i + 1);
            for (j, b) in other.iter().enumerate() {
                let mut cost = (above[j] + usize::from(a != b)).min(above[j + 1] + 1).min(row[j] + 1);
                if i > 0 && j > 0 && *a == other[j - 1] && name[i - 1] == *b {
                    cost = cost.min(before[j - 1] + 1);
                }
                row.push(cost);
            }
            // A swap reaches back two rows, so one row over the limit decides nothing.
            let least = |row: &[usize]| row.iter().min().is_some_and(|least| *least > limit);
            if least(row) && least(above) {
                return None;
            }
            std::mem::swap(before, above);
            std::mem::swap(above, row);
        }
        above.last().copied().filter(|edits| *edits <= limit)
    }
}

/// The name without case, `-` as `_`.
fn fold(name: &str) -> impl Iterator<Item = char> {
    name.chars().flat_map(char::to_lowercase).map(|c| if c == '-' { '_' } else { c })
}

fn words(name: &str) -> Vec<String> {
    let folded: String = fold(name).collect();
    let mut words: Vec<String> = folded.split('_').map(str::to_owned).collect();
    words.sort();
    words
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[track_caller]
    fn near(name: &str, candidates: &[&str], expected: Option<&str>) {
        assert_eq!(nearest(name, candidates.iter().copied()), expected, "{name}");
        assert_eq!(nearest(name, candidates.iter().rev().copied()), expected, "{name}, candidates reversed");
    }

    #[test]
    fn one_edit_of_each_kind() {
        near("task_strukt", &["task_struct", "sk_buff"], Some("task_struct"));
        near("task_struc", &["task_struct", "sk_buff"], Some("task_struct"));
        near("task_structs", &["task_struct", "sk_buff"], Some("task_struct"));
        near("taks_struct", &["task_struct", "sk_buff"], Some("task_struct"));
    }

    #[test]
    fn a_swap_is_one_edit() {
        near("pdi", &["pid", "xdp"], Some("pid"));
        near("dip", &["pid"], None);
    }

    #[test]
    fn a_third_of_the_name_and_no_more() {
        near("tigd", &["tgid"], Some("tgid"));
        near("abcdef", &["abcdxy", "nothing"], Some("abcdxy"));
        near("abcdef", &["abcxyz"], None);
        near("ktime_get_ns", &["bpf_ktime_get_ns"], Some("bpf_ktime_get_ns"));
        near("x", &["y"], Some("y"));
        near("x", &["yz"], None);
        near("", &["a", "bc"], Some("a"));
        near("pid", &[], None);
    }

    #[test]
    fn case_and_dashes_come_first() {
        near("xdp_pass", &["xdp_past", "XDP_PASS"], Some("XDP_PASS"));
        near("sched-ext", &["sched_ext", "sched-exp"], Some("sched_ext"));
        near("STRASSE", &["strasse"], Some("strasse"));
    }

    #[test]
    fn words_in_another_order_come_last() {
        near("pid_get_current", &["get_current_pid"], Some("get_current_pid"));
        near("map_lookup_elem", &["lookup_elem_map", "map_lookup_item"], Some("map_lookup_item"));
        near("drop", &["prod"], None);
    }

    #[test]
    fn ties_are_broken_by_prefix_then_alphabet() {
        near("tcp_x", &["udp_x", "tcp_y", "tcp_z"], Some("tcp_y"));
        near("bat", &["cat", "bad", "bar"], Some("bad"));
    }

    #[test]
    fn the_name_itself_is_no_suggestion() {
        near("pid", &["pid"], None);
        near("pid", &["pid", "tid"], Some("tid"));
        near("", &[""], None);
    }

    #[test]
    fn other_scripts() {
        near("größe", &["grösse", "größen"], Some("größen"));
        near("имя", &["имяя", "name"], Some("имяя"));
    }

    #[test]
    fn long_names_take_no_time() {
        let long = "x".repeat(1_000_000);
        let longer = format!("{long}y");
        near(&long, &[&longer, "x"], None);
        near("x", &[&long], None);
        near(&long, &[&long.to_uppercase()], Some(&long.to_uppercase()));
    }

    /// The plain recurrence, to hold the early ends of [`super::Search::edits`] against.
    fn edits(a: &[char], b: &[char]) -> usize {
        match (a, b) {
            ([], rest) | (rest, []) => rest.len(),
            ([a @ .., x], [b @ .., y]) => {
                let replaced = edits(a, b) + usize::from(x != y);
                let best =
                    replaced.min(edits(a, &[b, &[*y]].concat()) + 1).min(edits(&[a, &[*x]].concat(), b) + 1);
                match (a, b) {
                    ([a @ .., u], [b @ .., v]) if x == v && u == y => best.min(edits(a, b) + 1),
                    _ => best,
                }
            }
        }
    }

    #[test]
    fn the_distance_is_the_recurrence() {
        let words: Vec<String> = (0..3_u32.pow(5))
            .map(|n| (0..n % 6).map(|i| ['a', 'b', 'c'][(n / 3_u32.pow(i) % 3) as usize]).collect())
            .collect();
        for a in words.iter().step_by(7) {
            for b in words.iter().step_by(11) {
                let expected = edits(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>());
                for limit in 0..6 {
                    let mut search = super::Search::new(a);
                    search.other = b.chars().collect();
                    assert_eq!(
                        search.edits(limit),
                        (expected <= limit).then_some(expected),
                        "{a} {b} {limit}"
                    );
                }
            }
        }
    }
}

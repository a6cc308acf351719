//! Patterns of section names.
//!
//! Promises: `a/{x}/{y}` matches `a/b/c/d` with x = `b` and y = `c/d`; `a[/{x}]` also matches `a`. Text and holes
//! alternate with slashes only. Leaves out: what the holes mean.

/// What stood in the holes of a pattern, by name.
pub type Holes = Vec<(String, String)>;

/// A parsed pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    parts: Vec<Part>,
    /// Parts from here on may be missing, all together.
    optional_from: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Hole(String),
}

impl Pattern {
    /// Parses a pattern; the error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Pattern, String> {
        let bad = |why: &str| Err(format!("section pattern `{text}`: {why}"));
        let (required, optional) = match text.split_once('[') {
            Some((r, o)) => match o.strip_suffix(']') {
                Some(o) => (r, o.strip_prefix('/').unwrap_or(o)),
                None => return bad("`[` is not closed at the end"),
            },
            None => (text, ""),
        };
        let mut parts = Vec::new();
        for piece in required.split('/') {
            parts.push(part(piece).map_err(|why| format!("section pattern `{text}`: {why}"))?);
        }
        let optional_from = parts.len();
        if !optional.is_empty() {
            for piece in optional.split('/') {
                parts.push(part(piece).map_err(|why| format!("section pattern `{text}`: {why}"))?);
            }
        }
        if !matches!(parts.first(), Some(Part::Text(_))) {
            return bad("it must begin with text");
        }
        Ok(Pattern { parts, optional_from })
    }

    /// The text up to the first slash.
    pub fn head(&self) -> &str {
        match self.parts.first() {
            Some(Part::Text(text)) => text,
            _ => "",
        }
    }

    /// What stands in the holes, if the section name matches.
    pub fn matches(&self, section: &str) -> Option<Holes> {
        self.matches_parts(section, self.parts.len()).or_else(|| {
            (self.optional_from < self.parts.len())
                .then(|| self.matches_parts(section, self.optional_from))
                .flatten()
        })
    }

    /// Whether it is one name, without holes.
    pub fn is_whole(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, Part::Text(_)))
    }

    /// Whether some section name matches both patterns.
    pub fn overlaps(&self, other: &Pattern) -> bool {
        let forms = |p: &Pattern| [p.parts.len(), p.optional_from];
        forms(self)
            .iter()
            .any(|a| forms(other).iter().any(|b| parts_overlap(&self.parts[..*a], &other.parts[..*b])))
    }

    fn matches_parts(&self, section: &str, count: usize) -> Option<Holes> {
        let mut holes = Vec::new();
        let mut rest = Some(section);
        for (i, part) in self.parts[..count].iter().enumerate() {
            let text = rest?;
            let last = i + 1 == count;
            let (piece, next) = match (last, part) {
                (true, Part::Hole(_)) => (text, None),
                _ => text.split_once('/').map_or((text, None), |(p, n)| (p, Some(n))),
            };
            match part {
                Part::Text(expected) if expected == piece => {}
                Part::Hole(name) if !piece.is_empty() => holes.push((name.clone(), piece.to_owned())),
                _ => return None,
            }
            rest = next;
        }
        rest.is_none().then_some(holes)
    }
}

/// Whether some section name has both shapes; a hole at the end takes the rest of the name.
fn parts_overlap(a: &[Part], b: &[Part]) -> bool {
    let (Some((first_a, rest_a)), Some((first_b, rest_b))) = (a.split_first(), b.split_first()) else {
        return a.is_empty() && b.is_empty();
    };
    if matches!((first_a, first_b), (Part::Text(x), Part::Text(y)) if x != y) {
        return false;
    }
    let takes_rest = |part: &Part, rest: &[Part]| rest.is_empty() && matches!(part, Part::Hole(_));
    takes_rest(first_a, rest_a) || takes_rest(first_b, rest_b) || parts_overlap(rest_a, rest_b)
}

fn part(piece: &str) -> Result<Part, &'static str> {
    if let Some(name) = piece.strip_prefix('{').and_then(|p| p.strip_suffix('}')) {
        if name.is_empty() {
            return Err("a hole has no name");
        }
        return Ok(Part::Hole(name.to_owned()));
    }
    if piece.is_empty() || piece.contains(['{', '}', '[', ']']) {
        return Err("each part between slashes is text or one `{hole}`");
    }
    Ok(Part::Text(piece.to_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test may panic")]
    use super::*;

    #[test]
    fn holes_take_parts_and_the_last_takes_the_rest() {
        let p = Pattern::parse("tp/{category}/{event}").unwrap();
        assert_eq!(
            p.matches("tp/a/b").unwrap(),
            [("category".into(), "a".into()), ("event".into(), "b".into())]
        );
        assert_eq!(p.matches("tp/a/b/c").unwrap()[1].1, "b/c");
        assert_eq!(p.matches("tp/a"), None);
        let p = Pattern::parse("one[/{what}]").unwrap();
        assert_eq!(p.matches("one").unwrap(), []);
        assert_eq!(p.matches("one/x/y").unwrap(), [("what".into(), "x/y".into())]);
        assert_eq!(p.matches("one/"), None);
        assert_eq!(p.matches("ones"), None);
    }

    #[test]
    fn overlaps_are_those_of_names() {
        let overlap = |a: &str, b: &str| {
            let (a, b) = (Pattern::parse(a).unwrap(), Pattern::parse(b).unwrap());
            assert_eq!(a.overlaps(&b), b.overlaps(&a));
            a.overlaps(&b)
        };
        assert!(overlap("a/{x}", "a/b"));
        assert!(overlap("a/{x}", "a/b/c"));
        assert!(overlap("a[/{x}]", "a"));
        assert!(overlap("a/{x}/c", "a/b/{y}"));
        assert!(!overlap("a", "a/{x}"));
        assert!(!overlap("a/b", "a/c"));
        assert!(!overlap("a/{x}/c", "a/b/d"));
        assert!(!overlap("a", "a.b"));
    }

    #[test]
    fn bad_patterns_are_refused() {
        for text in ["", "{a}", "a/{", "a[/b", "a//b", "a/{}"] {
            assert!(Pattern::parse(text).is_err(), "{text}");
        }
    }
}

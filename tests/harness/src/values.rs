//! Numbers in directives: literals, the names of program results, comparisons, and values known only at run time.
//!
//! Promises: what a case writes as `== XDP_PASS`, `>= 5` or `$pid` means the same on the host and in a VM.
//! Leaves out: the types of the compared things; both sides are cut to the width of the thing that was read.

use crate::scan::Cursor;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Results of programs by the names of the kernel's headers (`linux/bpf.h`, `linux/pkt_cls.h`).
const NAMES: &[(&str, i64)] = &[
    ("XDP_ABORTED", 0),
    ("XDP_DROP", 1),
    ("XDP_PASS", 2),
    ("XDP_TX", 3),
    ("XDP_REDIRECT", 4),
    ("TC_ACT_UNSPEC", -1),
    ("TC_ACT_OK", 0),
    ("TC_ACT_RECLASSIFY", 1),
    ("TC_ACT_SHOT", 2),
    ("TC_ACT_PIPE", 3),
    ("TC_ACT_STOLEN", 4),
    ("TC_ACT_REDIRECT", 7),
    ("SK_DROP", 0),
    ("SK_PASS", 1),
    ("True", 1),
    ("False", 0),
];

/// Takes a number or one of the known names.
pub fn number(c: &mut Cursor<'_>) -> Result<i64, String> {
    if let Ok(n) = c.integer() {
        return Ok(n);
    }
    let mut ahead = c.clone();
    let name = ahead.name().map_err(|_| c.wanted("a number or the name of a result"))?;
    match NAMES.iter().find(|(known, _)| *known == name) {
        Some((_, value)) => {
            *c = ahead;
            Ok(*value)
        }
        None => Err(c.wanted("a number or the name of a result")),
    }
}

/// The name of a result with this prefix, for messages: `describe("XDP_", 2)` is `XDP_PASS`.
pub fn name_of(prefix: &str, value: i64) -> Option<&'static str> {
    NAMES.iter().find(|(name, v)| *v == value && name.starts_with(prefix)).map(|(name, _)| *name)
}

/// How two numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operator {
    /// `==`
    Equal,
    /// `!=`
    Unequal,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

const OPERATORS: [(&str, Operator); 6] = [
    ("==", Operator::Equal),
    ("!=", Operator::Unequal),
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

impl Operator {
    /// Takes one of `== != <= >= < >`.
    pub fn parse(c: &mut Cursor<'_>) -> Result<Self, String> {
        OPERATORS
            .iter()
            .find(|(text, _)| c.eat(text))
            .map(|(_, operator)| *operator)
            .ok_or_else(|| c.wanted("a comparison (== != < <= > >=)"))
    }

    /// Whether `left OP right` holds.
    pub fn holds<T: PartialOrd + Copy>(self, left: T, right: T) -> bool {
        match self {
            Self::Equal => left == right,
            Self::Unequal => left != right,
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::Greater => left > right,
            Self::AtLeast => left >= right,
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = OPERATORS.iter().find(|(_, o)| o == self).map_or("?", |(text, _)| text);
        f.write_str(text)
    }
}

/// A number that a case writes down, or one that only the run knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scalar {
    /// A literal or a named result.
    Number(i64),
    /// `$pid`: the process id of the last workload.
    Pid,
    /// `$ppid`: the process id of the workload's parent, which is the process that runs the plan.
    ParentPid,
    /// `"text"`: its bytes, filled with zeros to the width of the place.
    Text(String),
    /// `hex(0a0b)`: these bytes, filled with zeros.
    Bytes(Vec<u8>),
}

/// What the run knows about its last workload.
#[derive(Debug, Clone, Default)]
pub struct Variables {
    /// Process id of the workload.
    pub pid: u32,
    /// Process id of its parent.
    pub parent: u32,
    /// The name that the kernel shows for the workload (`comm`).
    pub comm: String,
}

impl Scalar {
    /// Takes a number, `$pid`, `$ppid`, a quoted text or `hex(...)`.
    pub fn parse(c: &mut Cursor<'_>) -> Result<Self, String> {
        if c.eat("$") {
            return match c.name()? {
                "pid" => Ok(Self::Pid),
                "ppid" => Ok(Self::ParentPid),
                other => Err(format!("`${other}` is not known here; there are $pid and $ppid")),
            };
        }
        if c.rest().starts_with('"') {
            return c.quoted().map(Self::Text);
        }
        if c.eat_word("hex") {
            return hex_in_parentheses(c).map(Self::Bytes);
        }
        number(c).map(Self::Number)
    }

    /// The value as `width` little-endian bytes; `None` if a text or bytes do not fit.
    pub fn bytes(&self, width: usize, variables: &Variables) -> Option<Vec<u8>> {
        let mut bytes = match self {
            Self::Number(n) => {
                let fill = if *n < 0 { 0xff } else { 0 };
                let mut bytes = n.to_le_bytes().to_vec();
                bytes.resize(width.max(8), fill);
                bytes.truncate(width);
                bytes
            }
            Self::Pid => u64::from(variables.pid).to_le_bytes().into_iter().take(width).collect(),
            Self::ParentPid => u64::from(variables.parent).to_le_bytes().into_iter().take(width).collect(),
            Self::Text(text) => text.clone().into_bytes(),
            Self::Bytes(bytes) => bytes.clone(),
        };
        if bytes.len() > width {
            return None;
        }
        bytes.resize(width, 0);
        Some(bytes)
    }
}

/// Takes `( 0a 0b ... )`.
pub fn hex_in_parentheses(c: &mut Cursor<'_>) -> Result<Vec<u8>, String> {
    c.expect("(")?;
    let digits: String = c.until(")").chars().filter(|c| !c.is_whitespace() && *c != '_').collect();
    c.expect(")")?;
    hex(&digits)
}

/// The bytes that an even number of hexadecimal digits names.
pub fn hex(digits: &str) -> Result<Vec<u8>, String> {
    if !digits.len().is_multiple_of(2) {
        return Err(format!("`{digits}` has an odd number of hexadecimal digits"));
    }
    (0..digits.len())
        .step_by(2)
        .map(|at| {
            let pair = digits.get(at..at + 2).unwrap_or("");
            u8::from_str_radix(pair, 16).map_err(|_| format!("`{digits}` is not hexadecimal"))
        })
        .collect()
}

/// `text` with `$ppid`, `$pid` and `$comm` replaced.
pub fn expand(text: &str, variables: &Variables) -> String {
    text.replace("$ppid", &variables.parent.to_string())
        .replace("$pid", &variables.pid.to_string())
        .replace("$comm", &variables.comm)
}

/// The unsigned number that at most eight little-endian bytes mean.
pub fn little_endian(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).rev().fold(0, |n, byte| (n << 8) | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]
    use super::*;

    #[test]
    fn scalars_become_bytes() {
        let v = Variables { pid: 0x1234, parent: 7, comm: "work".to_owned() };
        let bytes = |text: &str, width| Scalar::parse(&mut Cursor::new(text)).unwrap().bytes(width, &v);
        assert_eq!(bytes("XDP_PASS", 4), Some(vec![2, 0, 0, 0]));
        assert_eq!(bytes("-1", 12), Some(vec![0xff; 12]));
        assert_eq!(bytes("$pid", 4), Some(vec![0x34, 0x12, 0, 0]));
        assert_eq!(bytes("\"ab\"", 3), Some(vec![97, 98, 0]));
        assert_eq!(bytes("hex(01 02 03)", 2), None);
        assert_eq!(expand("$ppid/$pid/$comm", &v), "7/4660/work");
    }

    #[test]
    fn unknown_names_are_refused() {
        assert!(Scalar::parse(&mut Cursor::new("$tid")).is_err());
        assert!(Scalar::parse(&mut Cursor::new("NO_SUCH")).is_err());
        assert!(hex("abc").is_err());
        assert!(hex("zz").is_err());
        assert!(hex("\u{e9}\u{e9}").is_err());
    }

    #[test]
    fn comparisons() {
        assert!(Operator::AtLeast.holds(5, 5));
        assert_eq!(Operator::parse(&mut Cursor::new("<= 3")).unwrap(), Operator::AtMost);
        assert_eq!(Operator::Unequal.to_string(), "!=");
        assert_eq!(name_of("XDP_", 1), Some("XDP_DROP"));
    }
}

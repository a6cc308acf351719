//! The text that `bpf_trace_printk` and its kin make.
//!
//! Promises: flags, widths, precisions, `l` and `h`, `%d %i %u %x %X %o %c %s %p`, and `%pks %pus %pI4 %pI6`; arguments
//! of conversions without `l` are cut to 32 bits, as the kernel does. Leaves out: the kernel's check of formats: a
//! conversion that is not known is printed as it stands.

use super::Memory;
use std::fmt::Write as _;

/// Longer texts are cut.
const MAX_TEXT: usize = 4096;

/// A conversion, taken apart.
#[derive(Default)]
struct Spec {
    left: bool,
    zero: bool,
    plus: bool,
    space: bool,
    alternate: bool,
    width: usize,
    precision: Option<usize>,
    bits: u32,
}

/// Makes text of a format; `next` gives the arguments.
pub(super) fn format(format: &[u8], memory: &Memory, mut next: impl FnMut() -> u64) -> String {
    let mut out = String::new();
    let text = String::from_utf8_lossy(format);
    let mut rest = text.as_ref();
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let (spec, conversion, behind) = parse(&rest[at + 1..]);
        let shown = match conversion {
            '%' => Some("%".to_owned()),
            'd' | 'i' => Some(number(&spec, next(), true, 10)),
            'u' => Some(number(&spec, next(), false, 10)),
            'x' => Some(number(&spec, next(), false, 16)),
            'X' => Some(number(&spec, next(), false, 16).to_uppercase()),
            'o' => Some(number(&spec, next(), false, 8)),
            'c' => Some(char::from(next() as u8).to_string()),
            's' => Some(string(&spec, memory, next())),
            'p' => {
                let (shown, more) = pointer(behind, memory, next());
                out.push_str(&pad(&spec, &shown));
                rest = &behind[more..];
                continue;
            }
            _ => None,
        };
        let as_it_stands = &rest[at..rest.len() - behind.len()];
        match shown {
            Some(text) if conversion == '%' => out.push_str(&text),
            Some(text) => out.push_str(&pad(&spec, &text)),
            None => out.push_str(as_it_stands),
        }
        rest = behind;
        if out.len() > MAX_TEXT {
            break;
        }
    }
    out.push_str(rest);
    out.chars().take(MAX_TEXT).collect()
}

/// Flags, width, precision, length, conversion, and what is behind it.
fn parse(text: &str) -> (Spec, char, &str) {
    let mut spec = Spec { bits: 32, ..Spec::default() };
    let mut chars = text.chars();
    let mut c = chars.next();
    while let Some(flag @ ('-' | '0' | '+' | ' ' | '#')) = c {
        match flag {
            '-' => spec.left = true,
            '0' => spec.zero = true,
            '+' => spec.plus = true,
            ' ' => spec.space = true,
            _ => spec.alternate = true,
        }
        c = chars.next();
    }
    let digits = |c: &mut Option<char>, chars: &mut std::str::Chars<'_>| {
        let mut n = 0usize;
        while let Some(d) = c.and_then(|c| c.to_digit(10)) {
            n = (n * 10 + d as usize).min(MAX_TEXT);
            *c = chars.next();
        }
        n
    };
    spec.width = digits(&mut c, &mut chars);
    if c == Some('.') {
        c = chars.next();
        spec.precision = Some(digits(&mut c, &mut chars));
    }
    while let Some(length @ ('l' | 'h' | 'z' | 'L')) = c {
        spec.bits = match length {
            'h' if spec.bits == 16 => 8,
            'h' => 16,
            _ => 64,
        };
        c = chars.next();
    }
    (spec, c.unwrap_or('\0'), chars.as_str())
}

fn number(spec: &Spec, value: u64, is_signed: bool, base: u32) -> String {
    let value = super::arithmetic::cut(value, spec.bits);
    let signed = super::arithmetic::signed(value, spec.bits);
    let (magnitude, negative) = if is_signed { (signed.unsigned_abs(), signed < 0) } else { (value, false) };
    let mut digits = match base {
        16 => format!("{magnitude:x}"),
        8 => format!("{magnitude:o}"),
        _ => magnitude.to_string(),
    };
    if let Some(precision) = spec.precision {
        digits = format!("{digits:0>precision$}");
    }
    let sign = match (negative, is_signed) {
        (true, _) => "-",
        (false, true) if spec.plus => "+",
        (false, true) if spec.space => " ",
        _ if spec.alternate && base == 16 && magnitude != 0 => "0x",
        _ => "",
    };
    if spec.zero && !spec.left && spec.precision.is_none() {
        let width = spec.width.saturating_sub(sign.len());
        return format!("{sign}{digits:0>width$}");
    }
    format!("{sign}{digits}")
}

fn string(spec: &Spec, memory: &Memory, address: u64) -> String {
    if address == 0 {
        return "(null)".to_owned();
    }
    let bytes = memory.text(address, spec.precision.unwrap_or(512));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A pointer conversion; gives the letters behind `%p` that belong to it.
fn pointer(behind: &str, memory: &Memory, address: u64) -> (String, usize) {
    for kind in ["ks", "us"] {
        if behind.starts_with(kind) {
            return (String::from_utf8_lossy(&memory.text(address, 512)).into_owned(), 2);
        }
    }
    if behind.starts_with("I4") || behind.starts_with("i4") {
        let shown = match memory.read(address, 4).as_deref() {
            Ok([a, b, c, d]) => format!("{a}.{b}.{c}.{d}"),
            _ => "(efault)".to_owned(),
        };
        return (shown, 2);
    }
    if behind.starts_with("I6") || behind.starts_with("i6") {
        let mut shown = String::new();
        for (i, pair) in memory.read(address, 16).unwrap_or_default().chunks(2).enumerate() {
            let _ = write!(shown, "{}{:02x}{:02x}", if i == 0 { "" } else { ":" }, pair[0], pair[1]);
        }
        return (shown, 2);
    }
    (format!("{address:016x}"), usize::from(behind.starts_with(['x', 'K', 'B', 'S'])))
}

fn pad(spec: &Spec, text: &str) -> String {
    let width = spec.width;
    if spec.left { format!("{text:<width$}") } else { format!("{text:>width$}") }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test may panic")]
    use super::*;
    use crate::mir::Region;

    #[test]
    fn conversions() {
        let mut memory = Memory::new(1 << 20);
        let text = memory.add(Region::MapValue, "t", b"abc\0def".to_vec()).unwrap();
        let shown = |f: &str, args: &[u64]| {
            let mut args = args.iter().copied();
            format(f.as_bytes(), &memory, || args.next().unwrap_or(0))
        };
        for (f, args, wants) in [
            ("pid %d%%", &[u64::MAX][..], "pid -1%"),
            ("%u %lu", &[u64::MAX, u64::MAX], "4294967295 18446744073709551615"),
            ("%lld|%5d|%-5d|%05d", &[1 << 40, 7, 7, 7], "1099511627776|    7|7    |00007"),
            ("%x %#x %08lx %X", &[255, 255, 255, 255], "ff 0xff 000000ff FF"),
            ("%+d % d %.3d %o", &[1, 1, 1, 8], "+1  1 001 10"),
            ("%hhd %hd", &[255, 65535], "-1 -1"),
            ("[%s] [%6s] [%-6s] [%.2s]", &[text, text, text, text], "[abc] [   abc] [abc   ] [ab]"),
            ("%s", &[0], "(null)"),
            ("%px %pks %pI4", &[16, text, text], "0000000000000010 abc 97.98.99.0"),
            ("%c%c", &[104, 105], "hi"),
            ("%q %", &[], "%q %"),
            ("é %d", &[1], "é 1"),
        ] {
            assert_eq!(shown(f, args), wants, "{f}");
        }
        assert!(shown("%99999999d", &[1]).len() <= MAX_TEXT);
    }
}

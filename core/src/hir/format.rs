//! How a value is printed: the part of Python's format specifications that the kernel can do.
//!
//! Promises: what is here has a meaning for some type of value; `check` knows for which.
//! Leaves out: the kernel's own conversions, which `lower` chooses.

use std::fmt;

/// How a value is printed: `{value!r:<+#08x}`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Format {
    /// The letter.
    pub kind: FormatKind,
    /// `!r` or `!a`: text stands in quotes.
    pub quoted: bool,
    /// `!r`, `!a` or `!s`: the value has become text before it is formatted.
    pub converted: bool,
    /// `<` is true, `>` false.
    pub left: Option<bool>,
    /// `+` or a space in front of a number that is not negative.
    pub sign: Option<char>,
    /// `#`: `0x` in front.
    pub prefix: bool,
    /// Zeros fill the width.
    pub zero: bool,
    /// The least number of characters; 0: as many as it takes.
    pub width: u8,
}

/// The letter of a format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FormatKind {
    /// None: as the type is printed.
    #[default]
    Plain,
    /// `d`.
    Decimal,
    /// `u`: the 64 bits as an unsigned number, which Python does not have.
    Unsigned,
    /// `x`.
    Hex,
    /// `X`.
    HexUpper,
    /// `c`: the character of that number.
    Char,
    /// `s`.
    Text,
    /// `p`: an address, as the kernel prints it.
    Pointer,
}

impl FormatKind {
    /// As written.
    pub fn as_str(self) -> &'static str {
        match self {
            FormatKind::Plain => "",
            FormatKind::Decimal => "d",
            FormatKind::Unsigned => "u",
            FormatKind::Hex => "x",
            FormatKind::HexUpper => "X",
            FormatKind::Char => "c",
            FormatKind::Text => "s",
            FormatKind::Pointer => "p",
        }
    }
}

impl Format {
    /// Whether nothing is asked for but the letter.
    pub fn is_bare(self) -> bool {
        self == Format {
            kind: self.kind,
            quoted: self.quoted,
            converted: self.converted,
            ..Format::default()
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.quoted {
            f.write_str("!r")?;
        }
        if self.is_bare() && self.kind == FormatKind::Plain {
            return Ok(());
        }
        f.write_str(":")?;
        match self.left {
            Some(true) => f.write_str("<")?,
            Some(false) => f.write_str(">")?,
            None => {}
        }
        if let Some(sign) = self.sign {
            write!(f, "{sign}")?;
        }
        f.write_str(if self.prefix { "#" } else { "" })?;
        f.write_str(if self.zero { "0" } else { "" })?;
        if self.width > 0 {
            write!(f, "{}", self.width)?;
        }
        f.write_str(self.kind.as_str())
    }
}

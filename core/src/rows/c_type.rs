//! The C types that rows may name.
//!
//! Promises: one closed set, read from the kernel's spelling. Leaves out: layout, and anything the kernel's callbacks do
//! not take or give.

/// A C type of a callback's parameter, of its result, or of a member of a kernel struct of callbacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CType {
    /// Nothing.
    Void,
    /// A truth value, one byte.
    Bool,
    /// An integer.
    Int {
        /// Width.
        bits: u8,
        /// Whether negative values exist.
        signed: bool,
    },
    /// A pointer: `struct NAME *`, `void *` and `char *`; ` nullable` behind it says that it may be null.
    Pointer {
        /// The struct, if it points to one.
        record: Option<String>,
        /// Whether it may be null.
        nullable: bool,
    },
    /// Text of at most that many bytes, its NUL counted: `char[N]`.
    Chars(u32),
}

impl CType {
    /// Reads a type; none if it is not one of these.
    pub fn parse(text: &str) -> Option<CType> {
        let text = text.trim();
        if let Some((bits, signed)) = c_int(text).filter(|_| text != "bool") {
            return Some(CType::Int { bits, signed });
        }
        if let Some(len) = text.strip_prefix("char[").and_then(|t| t.strip_suffix(']')) {
            return len.parse().ok().map(CType::Chars);
        }
        let (pointer, nullable) = match text.strip_suffix(" nullable") {
            Some(pointer) => (pointer, true),
            None => (text, false),
        };
        let pointee = pointer.strip_suffix(" *").map(|t| t.strip_prefix("const ").unwrap_or(t));
        match (text, pointee) {
            ("void", _) => Some(CType::Void),
            ("bool", _) => Some(CType::Bool),
            (_, Some("void" | "char")) => Some(CType::Pointer { record: None, nullable }),
            (_, Some(pointee)) => {
                let record = pointee.strip_prefix("struct ").filter(|name| !name.is_empty())?;
                Some(CType::Pointer { record: Some(record.to_owned()), nullable })
            }
            _ => None,
        }
    }
}

/// The C integer types that rows may name: width in bits and whether signed.
pub fn c_int(name: &str) -> Option<(u8, bool)> {
    Some(match name {
        "u8" | "unsigned char" | "bool" => (8, false),
        "u16" => (16, false),
        "u32" | "unsigned int" => (32, false),
        "u64" | "unsigned long" => (64, false),
        "s8" | "char" => (8, true),
        "s16" => (16, true),
        "s32" | "int" => (32, true),
        "s64" | "long" => (64, true),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_as_the_kernel_spells_them() {
        let pointer = |record: Option<&str>, nullable| {
            Some(CType::Pointer { record: record.map(str::to_owned), nullable })
        };
        assert_eq!(CType::parse("void"), Some(CType::Void));
        assert_eq!(CType::parse("bool"), Some(CType::Bool));
        assert_eq!(CType::parse("s32"), Some(CType::Int { bits: 32, signed: true }));
        assert_eq!(CType::parse("char[128]"), Some(CType::Chars(128)));
        assert_eq!(CType::parse("const char *"), pointer(None, false));
        assert_eq!(CType::parse("const struct cpumask *"), pointer(Some("cpumask"), false));
        assert_eq!(CType::parse("struct task_struct * nullable"), pointer(Some("task_struct"), true));
        for bad in ["", "task_struct *", "struct *", "int **", "char[]", "void nullable"] {
            assert_eq!(CType::parse(bad), None, "{bad}");
        }
    }
}

//! Initial values of global variables, set before an object is loaded.
//!
//! Promises: only the bytes of the variable change; a value that does not fit its type is an error that says why.
//! Leaves out: variables that the compiler made, which BTF does not name.

use crate::layout::{Layout, Misfit};
use crate::object::Object;
use crate::value::Value;

/// Why a variable is not set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetError {
    /// There is no such variable.
    NoSuchGlobal {
        /// The name.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// The value does not fit.
    Misfit {
        /// The variable.
        name: String,
        /// Why.
        misfit: Misfit,
    },
}

impl std::fmt::Display for SetError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            SetError::NoSuchGlobal { name, known } if known.is_empty() => {
                write!(f, "there is no global variable `{name}`: the object has none")
            }
            SetError::NoSuchGlobal { name, known } => {
                write!(f, "there is no global variable `{name}`; there are {}", known.join(", "))
            }
            SetError::Misfit { name, misfit } => match misfit.path.as_str() {
                "" => write!(f, "global variable `{name}` cannot be set: {}", misfit.reason),
                path => write!(f, "global variable `{name}` cannot be set: {path}: {}", misfit.reason),
            },
        }
    }
}

impl std::error::Error for SetError {}

impl Object {
    /// Sets the initial value of a global variable, in whatever section it is. `.rodata` can be set only so: the kernel
    /// freezes it when the object is loaded.
    pub fn set_global(&mut self, name: &str, value: &Value) -> Result<(), SetError> {
        self.set_with(name, |layout| layout.encode(value))
    }

    /// Sets it from text as a user writes it: a number (`5`, `-3`, `0x1f`), `true`, `false`, or text.
    pub fn set_global_text(&mut self, name: &str, text: &str) -> Result<(), SetError> {
        self.set_with(name, |layout| layout.encode(&read(layout, text)))
    }

    /// Sets what the options say.
    pub(crate) fn set_from_options(&mut self) -> Result<(), SetError> {
        for (name, text) in self.options.globals.clone() {
            self.set_global_text(&name, &text)?;
        }
        Ok(())
    }

    fn set_with(
        &mut self,
        name: &str,
        bytes: impl Fn(&Layout) -> Result<Vec<u8>, Misfit>,
    ) -> Result<(), SetError> {
        let mut known = Vec::new();
        let sections: Vec<_> = self.maps().into_iter().filter(|m| m.name.starts_with('.')).collect();
        for section in &sections {
            let Layout::Struct { members, .. } = &section.value else { continue };
            known.extend(members.iter().map(|m| m.name.clone()));
            let Some(member) = members.iter().find(|m| m.name == name) else { continue };
            let misfit = |misfit| SetError::Misfit { name: name.to_owned(), misfit };
            let bytes = bytes(&member.layout).map_err(misfit)?;
            for mut map in self.open.maps_mut() {
                if crate::object::plain_map_name(&map.name().to_string_lossy()) != section.name {
                    continue;
                }
                let Some(memory) = map.initial_value_mut() else { continue };
                let at = member.bit_offset / 8;
                if let Some(place) = memory.get_mut(at..at + bytes.len()) {
                    place.copy_from_slice(&bytes);
                    return Ok(());
                }
            }
        }
        Err(SetError::NoSuchGlobal { name: name.to_owned(), known })
    }
}

/// What a text means for a variable of that layout.
fn read(layout: &Layout, text: &str) -> Value {
    match (layout, text) {
        (Layout::Bool { .. } | Layout::Int { .. }, "true" | "True") => Value::Int(1),
        (Layout::Bool { .. } | Layout::Int { .. }, "false" | "False") => Value::Int(0),
        (Layout::Array { element, .. }, _) if **element == Layout::Char => Value::Str(text.to_owned()),
        _ => {
            let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
            let number = match digits.strip_prefix("0x") {
                Some(hex) => i128::from_str_radix(hex, 16),
                None => digits.parse(),
            };
            number.map_or_else(|_| Value::Str(text.to_owned()), |n| Value::Int(if negative { -n } else { n }))
        }
    }
}

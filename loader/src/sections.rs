//! What libbpf makes of section names.
//!
//! Promises: answers are libbpf's own, asked at run time. Leaves out: targets behind the name.

#![allow(unsafe_code)] // two functions of libbpf that take a string.

use crate::message;
use std::ffi::CString;

/// The numbers that libbpf loads a program of a section with: `enum bpf_prog_type` and `enum bpf_attach_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SectionType {
    /// The program type.
    pub program_type: u32,
    /// The attach type, 0 where it has none.
    pub attach_type: u32,
}

/// What libbpf takes a section name for; none: it does not know it.
pub fn section_type(name: &str) -> Option<SectionType> {
    let name = CString::new(name).ok()?;
    let (mut program_type, mut attach_type) = (0, 0);
    // SAFETY: the name ends in a NUL, and both results are places of our own.
    let result = unsafe {
        libbpf_sys::libbpf_prog_type_by_name(name.as_ptr(), &raw mut program_type, &raw mut attach_type)
    };
    (result == 0).then_some(SectionType { program_type, attach_type })
}

/// All section names that libbpf knows, without what may stand behind them.
pub fn section_names() -> Vec<String> {
    let (_, messages) = message::capture_details(|| section_type("pbpf asks for the list"));
    let list = messages
        .iter()
        .find_map(|m| m.text.split_once("section(type) names are:").map(|(_, l)| l.to_owned()));
    list.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libbpf_knows_its_sections() {
        assert!(section_names().len() > 80, "{:?}", section_names());
        assert!(section_type("xdp").is_some() && section_type("kprobe/x").is_some());
        assert_eq!(section_type("kprbe/x"), None);
    }
}

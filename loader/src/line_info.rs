//! The source line of each instruction, by the object's debug info.
//!
//! Promises: instructions are numbered as the verifier numbers them: the program first, then its subprograms
//! in the order that libbpf put them; so the object must be prepared (relocated) and not loaded yet.
//! Leaves out: reading the sources: the text of a line is what the compiler copied into the object.

#![allow(unsafe_code)] // libbpf-rs shows line info of loaded programs only.

use crate::verifier_log::{Place, SourceLine};
use std::ffi::CStr;

/// The line info of `program`, by instruction; empty where there is none.
///
/// # Safety
/// `object` must be valid, `program` one of its programs, and neither may change meanwhile.
pub(crate) unsafe fn lines(
    object: *const libbpf_sys::bpf_object,
    program: *const libbpf_sys::bpf_program,
) -> Vec<SourceLine> {
    // SAFETY: by the caller; libbpf's records and strings live as long as the object does not change.
    unsafe {
        let btf = libbpf_sys::bpf_object__btf(object);
        let records = libbpf_sys::bpf_program__line_info(program);
        if btf.is_null() || records.is_null() {
            return Vec::new();
        }
        let count = libbpf_sys::bpf_program__line_info_cnt(program) as usize;
        let records = std::slice::from_raw_parts(records, count);
        let text = |offset| {
            let text = libbpf_sys::btf__str_by_offset(btf, offset);
            if text.is_null() { String::new() } else { CStr::from_ptr(text).to_string_lossy().into_owned() }
        };
        let mut lines: Vec<SourceLine> = records.iter().map(|record| source_line(record, text)).collect();
        lines.sort_by_key(|line| line.instruction);
        lines
    }
}

/// `line_col` holds the line in its upper 22 bits and the column in its lower 10
/// (`include/uapi/linux/bpf.h`).
fn source_line(record: &libbpf_sys::bpf_line_info, text: impl Fn(u32) -> String) -> SourceLine {
    let column = record.line_col & 0x3ff;
    let place = Place {
        file: text(record.file_name_off),
        line: record.line_col >> 10,
        column: (column != 0).then_some(column),
    };
    SourceLine { instruction: record.insn_off, place, text: text(record.line_off) }
}

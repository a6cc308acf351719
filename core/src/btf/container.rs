//! Where in a file the sections of BTF lie: the BTF header, and the `.BTF` section of an ELF file.
//!
//! Promises ranges that are within the bytes, from a few reads at known places. Leaves out the types themselves
//! (`index`), compressed sections and compressed kernel images.

use super::BtfError;
use std::ops::Range;

const MAGIC: u16 = 0xeb9f;
/// Header up to and including `str_len`; kernels from 7.1 append `layout_off` and `layout_len`.
const HEADER: usize = 24;
const HEADER_WITH_LAYOUT: u32 = 32;

/// The sections of one BTF blob, as ranges of the whole file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sections {
    pub(super) types: Range<usize>,
    pub(super) strings: Range<usize>,
    /// Empty when the file has none.
    pub(super) layout: Range<usize>,
}

/// Reads the header, of bare BTF or of the `.BTF` section of an ELF file.
pub(super) fn locate(file: &[u8]) -> Result<Sections, BtfError> {
    let start = if file.starts_with(b"\x7fELF") { elf_section(file, b".BTF")? } else { 0..file.len() };
    let base = start.start;
    let btf = &file[start];
    if btf.len() < HEADER {
        return Err(BtfError::TooShort { len: btf.len() });
    }
    match u16_at(btf, 0) {
        Some(MAGIC) => {}
        Some(0x9feb) => return Err(BtfError::BigEndian),
        magic => return Err(BtfError::NotBtf { magic: magic.unwrap_or(0) }),
    }
    if btf[2] != 1 {
        return Err(BtfError::Version { version: btf[2] });
    }
    let word = |at| u32_at(btf, at).unwrap_or(0);
    let header = word(4);
    if (header as usize) < HEADER {
        return Err(BtfError::OutOfBounds { what: "header", end: HEADER as u64, len: header as usize });
    }
    if header as usize > btf.len() {
        return Err(BtfError::OutOfBounds { what: "header", end: u64::from(header), len: btf.len() });
    }
    let section = |what, offset: u32, len: u32| {
        let from = u64::from(header) + u64::from(offset);
        let end = from + u64::from(len);
        if end > btf.len() as u64 {
            return Err(BtfError::OutOfBounds { what, end, len: btf.len() });
        }
        Ok(base + from as usize..base + end as usize)
    };
    let types = section("type section", word(8), word(12))?;
    let strings = section("string section", word(16), word(20))?;
    let layout = if header >= HEADER_WITH_LAYOUT {
        section("layout section", word(24), word(28))?
    } else {
        Range::default()
    };
    let text = &file[strings.clone()];
    if text.first() != Some(&0) || text.last() != Some(&0) {
        return Err(BtfError::Strings);
    }
    Ok(Sections { types, strings, layout })
}

/// The range of the section `name` in a 64-bit little-endian ELF image.
fn elf_section(image: &[u8], name: &[u8]) -> Result<Range<usize>, BtfError> {
    const ELF64: u8 = 2;
    const BIG_ENDIAN: u8 = 2;
    const COMPRESSED: u64 = 1 << 11;
    if image.get(5) == Some(&BIG_ENDIAN) {
        return Err(BtfError::BigEndian);
    }
    if image.get(4) != Some(&ELF64) {
        return Err(BtfError::NoSection);
    }
    let find = || {
        let table = usize::try_from(u64_at(image, 0x28)?).ok()?;
        let entry = u16_at(image, 0x3a)? as usize;
        let count = u16_at(image, 0x3c)? as usize;
        let names_index = u16_at(image, 0x3e)? as usize;
        let head = |i: usize| table.checked_add(entry.checked_mul(i)?);
        let range = |at: usize| {
            let from = usize::try_from(u64_at(image, at.checked_add(0x18)?)?).ok()?;
            let len = usize::try_from(u64_at(image, at.checked_add(0x20)?)?).ok()?;
            let range = from..from.checked_add(len)?;
            image.get(range.clone()).map(|_| range)
        };
        let names = &image[range(head(names_index)?)?];
        for i in 0..count {
            let at = head(i)?;
            let text = names.get(u32_at(image, at)? as usize..).unwrap_or_default();
            if text.starts_with(name) && text.get(name.len()) == Some(&0) {
                let flags = u64_at(image, at.checked_add(8)?)?;
                return if flags & COMPRESSED == 0 { range(at) } else { None };
            }
        }
        None
    };
    find().ok_or(BtfError::NoSection)
}

/// The little-endian `u16` at byte `at`.
pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|b| u16::from_le_bytes(*b))
}

/// The little-endian `u32` at byte `at`.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|b| u32::from_le_bytes(*b))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|b| u64::from_le_bytes(*b))
}

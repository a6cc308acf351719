//! What a shared library says of itself, read from the file.
//!
//! Promises: no code of the library runs; few small reads, however large the file; any bytes give an answer or a
//! diagnostic. Leaves out: the manifest's content.

use object::elf::{self, FileHeader64};
use object::read::elf::{FileHeader, SectionHeader, Sym};
use object::{Endianness, ReadCache, ReadRef};
use pbpf_core::diag::Diagnostic;
use pbpf_plugin::abi;
use std::fs::File;
use std::mem::offset_of;
use std::path::Path;

/// A manifest larger than this is refused.
const MAX_MANIFEST: u64 = 16 << 20;

/// What a library says of itself.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    pub(crate) abi: (u16, u16),
    pub(crate) id: String,
    pub(crate) sdk: String,
    pub(crate) manifest: String,
}

#[cfg(target_arch = "x86_64")]
const MACHINE: u16 = elf::EM_X86_64;
#[cfg(target_arch = "aarch64")]
const MACHINE: u16 = elf::EM_AARCH64;
#[cfg(target_arch = "riscv64")]
const MACHINE: u16 = elf::EM_RISCV;
#[cfg(target_arch = "s390x")]
const MACHINE: u16 = elf::EM_S390;
#[cfg(target_arch = "powerpc64")]
const MACHINE: u16 = elf::EM_PPC64;

/// Reads a library; `shown` is its path for messages.
pub(crate) fn read(path: &Path, shown: &Path) -> Result<Image, Diagnostic> {
    let shown = shown.display();
    let file = File::open(path).map_err(|error| {
        Diagnostic::error("plugin-missing", format!("cannot read the plugin `{shown}`: {error}"))
    })?;
    let cache = ReadCache::new(file);
    let not_library = |why: &str| {
        Diagnostic::error("plugin-not-library", format!("the plugin `{shown}` is no shared library: {why}"))
            .help("a plugin is an ELF shared library, or a TOML file whose name ends in `.toml`")
    };
    let symbols = find(&cache).map_err(|why| not_library(&why))?;
    let [descriptor, manifest] = symbols;
    let need = |found: Option<Found>, name: &str| {
        found.ok_or_else(|| {
            Diagnostic::error("plugin-symbol", format!("the plugin `{shown}` does not export `{name}`"))
                .note("a plugin exports `pbpf_plugin_v1` and `pbpf_plugin_manifest`, both as data")
                .help("in Rust, `pbpf_plugin::export!` does it; in C, define both as the header says")
        })
    };
    let descriptor = need(descriptor, abi::SYMBOL)?;
    let manifest = need(manifest, abi::MANIFEST_SYMBOL)?;

    let bytes = descriptor.read(&cache, u64::from(abi::PLUGIN_SIZE_1_0)).map_err(|why| not_library(&why))?;
    let (size, major, minor) = header(bytes).ok_or_else(|| short(&shown.to_string(), bytes.len()))?;
    // The versions come first: a descriptor of another major version may have any size.
    if major != abi::MAJOR || minor > abi::MINOR {
        let (ours, theirs) = (format!("{}.{}", abi::MAJOR, abi::MINOR), format!("{major}.{minor}"));
        let what = format!("the plugin `{shown}` is made for plugin ABI {theirs}, and this pbpf has {ours}");
        let help = if (major, minor) > (abi::MAJOR, abi::MINOR) {
            "use a newer pbpf, or build the plugin with an older SDK"
        } else {
            "build the plugin again with this pbpf's SDK or header"
        };
        return Err(Diagnostic::error("plugin-abi", what)
            .note(format!("the major version must be {}, the minor one at most {}", abi::MAJOR, abi::MINOR))
            .help(help));
    }
    if (bytes.len() as u64) < u64::from(size.min(abi::PLUGIN_SIZE_1_0)) || size < abi::PLUGIN_SIZE_1_0 {
        return Err(short(&shown.to_string(), bytes.len().min(size as usize)));
    }
    let text = |at: usize, len: usize| {
        let field = &bytes[at..at + len];
        let end = field.iter().position(|b| *b == 0)?;
        std::str::from_utf8(&field[..end]).ok().map(str::to_owned)
    };
    let bad_text = |name: &str| {
        let message =
            format!("the plugin `{shown}`: the descriptor's `{name}` is no text that ends in a NUL");
        Diagnostic::error("plugin-manifest", message)
    };
    let id = text(offset_of!(abi::Plugin, id), 64).ok_or_else(|| bad_text("id"))?;
    let sdk = text(offset_of!(abi::Plugin, sdk), 32).ok_or_else(|| bad_text("sdk"))?;

    if manifest.size > MAX_MANIFEST {
        let message = format!("the plugin `{shown}` has a manifest of {} bytes", manifest.size);
        return Err(Diagnostic::error("plugin-manifest", message).note("16 MiB is the most that is read"));
    }
    let bytes = manifest.read(&cache, MAX_MANIFEST).map_err(|why| not_library(&why))?;
    // A C string has a NUL at its end.
    let end = bytes.iter().rposition(|b| *b != 0).map_or(0, |i| i + 1);
    let manifest = std::str::from_utf8(&bytes[..end]).map_err(|error| {
        let message = format!("the plugin `{shown}`: its manifest is not UTF-8: {error}");
        Diagnostic::error("plugin-manifest", message)
    })?;
    Ok(Image { abi: (major, minor), id, sdk, manifest: manifest.to_owned() })
}

fn short(shown: &str, len: usize) -> Diagnostic {
    let least = abi::PLUGIN_SIZE_1_0;
    let message = format!("the plugin `{shown}`: its descriptor has {len} bytes, and {least} is the least");
    Diagnostic::error("plugin-abi", message)
        .note("`size` must be `sizeof(struct pbpf_plugin_v1)` of `pbpf_plugin.h`")
        .help("build the plugin again with this pbpf's SDK or header")
}

/// `size`, `abi_major`, `abi_minor`.
fn header(bytes: &[u8]) -> Option<(u32, u16, u16)> {
    let size = u32::from_ne_bytes(*bytes.first_chunk()?);
    let major = u16::from_ne_bytes(*bytes.get(offset_of!(abi::Plugin, abi_major)..)?.first_chunk()?);
    let minor = u16::from_ne_bytes(*bytes.get(offset_of!(abi::Plugin, abi_minor)..)?.first_chunk()?);
    Some((size, major, minor))
}

/// Where a symbol's data are in the file.
#[derive(Clone, Copy, Debug)]
struct Found {
    offset: u64,
    size: u64,
}

impl Found {
    fn read(self, data: &ReadCache<File>, most: u64) -> Result<&[u8], String> {
        data.read_bytes_at(self.offset, self.size.min(most)).map_err(|()| "it is cut short".to_owned())
    }
}

/// Finds the two symbols among the dynamic ones. The error says why this is no library for this machine.
fn find(data: &ReadCache<File>) -> Result<[Option<Found>; 2], String> {
    let text = |error: object::read::Error| format!("its ELF is damaged ({error})");
    let ident = data.read_bytes_at(0, 16).map_err(|()| "it is too short".to_owned())?;
    if !ident.starts_with(&elf::ELFMAG) {
        return Err("it does not begin as an ELF file".to_owned());
    }
    let native = if cfg!(target_endian = "little") { elf::ELFDATA2LSB } else { elf::ELFDATA2MSB };
    if ident[4] != elf::ELFCLASS64 || ident[5] != native {
        return Err("it is made for another kind of machine".to_owned());
    }
    let header = FileHeader64::<Endianness>::parse(data).map_err(text)?;
    let endian = header.endian().map_err(text)?;
    if header.e_machine(endian) != MACHINE {
        return Err("it is made for another kind of machine".to_owned());
    }
    if header.e_type(endian) != elf::ET_DYN {
        return Err("it is another kind of ELF file".to_owned());
    }
    let sections = header.sections(endian, data).map_err(text)?;
    let symbols = sections.symbols(endian, data, elf::SHT_DYNSYM).map_err(text)?;
    let mut found = [None, None];
    for symbol in symbols.iter() {
        // Only a plugin's own data are looked at, so that the names of all that it imports need not be read.
        if symbol.is_undefined(endian) || symbol.st_type() != elf::STT_OBJECT {
            continue;
        }
        let name = symbols.symbol_name(endian, symbol).map_err(text)?;
        let slot = match name {
            n if n == abi::SYMBOL.as_bytes() => &mut found[0],
            n if n == abi::MANIFEST_SYMBOL.as_bytes() => &mut found[1],
            _ => continue,
        };
        let section =
            sections.section(object::SectionIndex(usize::from(symbol.st_shndx(endian)))).map_err(text)?;
        let (value, size) = (symbol.st_value(endian), symbol.st_size(endian));
        let inside = value
            .checked_sub(section.sh_addr(endian))
            .filter(|at| at.checked_add(size).is_some_and(|end| end <= section.sh_size(endian)));
        if let (Some(at), Some((start, _))) = (inside, section.file_range(endian)) {
            *slot = start.checked_add(at).map(|offset| Found { offset, size });
        }
    }
    Ok(found)
}

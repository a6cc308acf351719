//! An object file, opened and not yet loaded.
//!
//! Promises: opening needs no privileges; any bytes give an object or an [`OpenError`]; which programs will
//! load is chosen here. The environment is not read: `LIBBPF_BPF_TOKEN_PATH`, which libbpf would honour, is
//! overridden.
//! Leaves out: loading (`load`) and parsing ELF (libbpf does).

#![allow(unsafe_code)] // Calls libbpf for what libbpf-rs has no option for; each call says why it is sound.

use crate::errno::Errno;
use crate::error::OpenError;
use crate::layout::Layout;
use crate::layout_btf;
use crate::loaded::raw_btf;
use crate::message::{self, Message};
use libbpf_rs::{AsRawLibbpf as _, OpenObject};
use pbpf_core::btf::{Btf, Kind, Linkage, Type};
use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::ptr::{self, NonNull};
use std::sync::Arc;

/// Which programs of an object load.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Programs {
    /// All of them.
    #[default]
    All,
    /// Only these.
    Only(Vec<String>),
    /// All but these.
    Except(Vec<String>),
}

impl Programs {
    pub(crate) fn includes(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.iter().any(|n| n == name),
            Self::Except(names) => !names.iter().any(|n| n == name),
        }
    }

    fn names(&self) -> &[String] {
        match self {
            Self::All => &[],
            Self::Only(names) | Self::Except(names) => names,
        }
    }
}

/// How much the verifier writes about programs that it accepts. A refused program always gets the log of the
/// path that led there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogDetail {
    /// Numbers only; costs nothing.
    #[default]
    Stats,
    /// Each instruction and register state of every path; slow, and megabytes for large programs.
    All,
}

impl LogDetail {
    /// The kernel's `log_level`: `BPF_LOG_LEVEL2` and `BPF_LOG_STATS` of `include/linux/bpf_verifier.h`.
    pub(crate) fn level(self) -> u32 {
        match self {
            Self::Stats => 4,
            Self::All => 2 | 4,
        }
    }
}

/// How to open and load an object.
#[derive(Clone, Debug, Default)]
pub struct OpenOptions {
    /// The object's name, which prefixes the kernel's names of data-section maps. Default: the file's name up
    /// to its first dot, or `object` for bytes.
    pub name: Option<String>,
    /// BTF of the kernel to relocate against (raw, or an ELF file with a `.BTF` section), where it is not the
    /// running kernel's.
    pub btf: Option<PathBuf>,
    /// Folder on a bpffs for maps that are pinned by name. Default: `/sys/fs/bpf`.
    pub pin_root: Option<PathBuf>,
    /// Initial values of global variables, by name, as text: a number, `true`, `false`, or the text itself.
    pub globals: Vec<(String, String)>,
    /// The network interface, by index, that XDP programs are bound to: they may then ask the device about a packet, and
    /// attach to no other.
    pub device: Option<u32>,
    /// Which programs load.
    pub programs: Programs,
    /// The log of accepted programs.
    pub log: LogDetail,
}

/// A program of an opened object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramEntry {
    /// Its name: the function's.
    pub name: String,
    /// Its section, as written.
    pub section: String,
    /// Instructions in the object, subprograms not counted.
    pub instructions: usize,
    /// Whether it will load.
    pub selected: bool,
}

/// A map of an opened object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapEntry {
    /// Its name; of a data section, the section's name.
    pub name: String,
    /// The kernel's number of its type (`enum bpf_map_type`).
    pub kind: u32,
    /// Its keys.
    pub key: Layout,
    /// Its values; of a data section, one struct of all its variables.
    pub value: Layout,
    /// Entries; 0 where the loader fills it in.
    pub max_entries: u32,
}

/// An opened object.
#[derive(Debug)]
pub struct Object {
    pub(crate) bytes: Vec<u8>,
    pub(crate) options: OpenOptions,
    pub(crate) open: OpenObject,
    pub(crate) messages: Vec<Message>,
}

impl Object {
    /// Opens the object in a file.
    pub fn open(path: impl AsRef<Path>, options: &OpenOptions) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let bytes = std::fs::read(path)
            .map_err(|error| OpenError::Read { path: path.to_owned(), errno: Errno::from(&error) })?;
        let mut options = options.clone();
        let stem = || {
            path.file_name()
                .and_then(OsStr::to_str)
                .and_then(|n| n.split('.').next())
                .filter(|n| !n.is_empty())
        };
        options.name = options.name.or_else(|| stem().map(str::to_owned));
        Self::open_bytes(bytes, &options)
    }

    /// Opens the object in `bytes`.
    pub fn open_bytes(bytes: impl Into<Vec<u8>>, options: &OpenOptions) -> Result<Self, OpenError> {
        let bytes = bytes.into();
        let (open, messages) = message::capture(|| open_raw(&bytes, options));
        let open = match open? {
            Ok(open) => open,
            Err(errno) => return Err(OpenError::NotAnObject { errno, messages }),
        };
        let mut object = Self { bytes, options: options.clone(), open, messages };
        let known: Vec<String> = object.programs().into_iter().map(|p| p.name).collect();
        if let Some(name) = options.programs.names().iter().find(|name| !known.contains(name)) {
            return Err(OpenError::NoSuchProgram { name: name.clone(), known });
        }
        for mut program in object.open.progs_mut() {
            let selected = options.programs.includes(&program.name().to_string_lossy());
            program.set_autoload(selected);
        }
        object.set_from_options().map_err(OpenError::Global)?;
        Ok(object)
    }

    /// Its programs, in libbpf's order: by section.
    pub fn programs(&self) -> Vec<ProgramEntry> {
        let entry = |program: libbpf_rs::OpenProgram<'_>| ProgramEntry {
            name: program.name().to_string_lossy().into_owned(),
            section: program.section().to_string_lossy().into_owned(),
            instructions: program.insn_cnt(),
            selected: program.autoload(),
        };
        self.open.progs().map(entry).collect()
    }

    /// The kernel functions that it calls.
    pub fn kernel_functions(&self) -> Vec<String> {
        // Of the file: libbpf makes them the object's own.
        let Ok(btf) = Btf::new(Arc::new(self.bytes.clone())) else { return Vec::new() };
        let is_extern = |id| matches!(btf.get(id), Type::Func(f) if f.linkage == Linkage::Extern);
        btf.names(Kind::Func).filter(|(_, id)| is_extern(*id)).map(|(name, _)| name.to_owned()).collect()
    }

    /// Its maps, in the object's order; data sections are maps too.
    pub fn maps(&self) -> Vec<MapEntry> {
        // SAFETY: the object is valid as long as `self`.
        let btf = unsafe { raw_btf(self.open.as_libbpf_object().as_ptr()) };
        let btf = btf.and_then(|bytes| Btf::new(Arc::new(bytes)).ok());
        let entry = |map: libbpf_rs::OpenMap<'_>| {
            let raw = map.as_libbpf_object().as_ptr();
            // SAFETY: the map belongs to the object.
            let (kind, key_id, value_id) = unsafe {
                let key_id = libbpf_sys::bpf_map__btf_key_type_id(raw);
                (libbpf_sys::bpf_map__type(raw), key_id, libbpf_sys::bpf_map__btf_value_type_id(raw))
            };
            MapEntry {
                name: plain_map_name(&map.name().to_string_lossy()).to_owned(),
                kind,
                key: layout_btf::layout(btf.as_ref(), key_id, map.key_size() as usize),
                value: layout_btf::layout(btf.as_ref(), value_id, map.value_size() as usize),
                max_entries: map.max_entries(),
            }
        };
        self.open.maps().map(entry).collect()
    }

    /// What libbpf said while it opened the object.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }
}

/// The name of a map as the program's author knows it. libbpf calls the map of a data section `OBJECT.bss`;
/// no other map's name has a dot.
pub(crate) fn plain_map_name(name: &str) -> &str {
    name.find('.').map_or(name, |dot| &name[dot..])
}

/// Opens `bytes`; the inner error is libbpf's.
pub(crate) fn open_raw(bytes: &[u8], options: &OpenOptions) -> Result<Result<OpenObject, Errno>, OpenError> {
    let c_string = |bytes: &[u8], option| CString::new(bytes).map_err(|_| OpenError::NulByte { option });
    let c_path = |path: &Option<PathBuf>, option| {
        path.as_ref().map(|p| c_string(p.as_os_str().as_bytes(), option)).transpose()
    };
    let name = c_string(options.name.as_deref().unwrap_or("object").as_bytes(), "name")?;
    let btf = c_path(&options.btf, "btf")?;
    let pin_root = c_path(&options.pin_root, "pin_root")?;
    let or_null = |path: &Option<CString>| path.as_ref().map_or(ptr::null(), |p| p.as_ptr());
    let opts = libbpf_sys::bpf_object_open_opts {
        sz: size_of::<libbpf_sys::bpf_object_open_opts>() as libbpf_sys::size_t,
        object_name: name.as_ptr(),
        btf_custom_path: or_null(&btf),
        pin_root_path: or_null(&pin_root),
        // The empty path means "no token"; without it libbpf reads an environment variable.
        bpf_token_path: c"".as_ptr(),
        ..Default::default()
    };
    // SAFETY: the buffer and the strings live past the call, and libbpf copies what it keeps (it is done with
    // the ELF image when open returns). `opts.sz` is the size of the struct given.
    let object = unsafe {
        libbpf_sys::bpf_object__open_mem(
            bytes.as_ptr().cast(),
            bytes.len() as libbpf_sys::size_t,
            &raw const opts,
        )
    };
    Ok(match NonNull::new(object) {
        // SAFETY: libbpf 1.x returns null for failure and otherwise an object that the caller owns, opened
        // and not loaded.
        Some(object) => Ok(unsafe { OpenObject::from_ptr(object) }),
        None => Err(Errno::last()),
    })
}

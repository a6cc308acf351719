//! An object in the kernel: its programs and maps.
//!
//! Promises: programs and maps keep the order of the object; each keeps the object in the kernel by itself,
//! so that handles may outlive this value. When the last is gone, the object leaves the kernel unless
//! something pinned or attached holds it.
//! Leaves out: what can be done with each (`program`, `attach`, `map`, `test_run`).

#![allow(unsafe_code)] // The object's BTF is only reachable as a pointer.

use crate::classify::ProgramLog;
use crate::map::Map;
use crate::message::Message;
use crate::program::Program;
use libbpf_rs::AsRawLibbpf as _;
use pbpf_core::btf::Btf;
use std::sync::{Arc, Mutex};

/// libbpf's object, shared by everything that needs it alive.
#[derive(Debug)]
pub(crate) struct Handle {
    pub(crate) object: libbpf_rs::Object,
    /// Held while attaching: libbpf keeps unguarded state for that in the object (the USDT manager).
    pub(crate) attaching: Mutex<()>,
}

/// A loaded object.
#[derive(Debug)]
pub struct Loaded {
    programs: Vec<Program>,
    maps: Vec<Map>,
    messages: Vec<Message>,
}

impl Loaded {
    pub(crate) fn new(object: libbpf_rs::Object, logs: &[ProgramLog], mut messages: Vec<Message>) -> Self {
        let btf = object_btf(&object);
        let handle = Arc::new(Handle { object, attaching: Mutex::new(()) });
        let count = handle.object.progs().count();
        let programs: Vec<Program> = (0..count).filter_map(|i| Program::new(&handle, i, logs)).collect();
        let mut maps = Vec::new();
        for raw in handle.object.maps() {
            match Map::new(&handle, &raw, btf.as_ref()) {
                Ok(map) => maps.push(map),
                // Out of file descriptors: the map works in the kernel, but cannot be reached from here.
                Err(message) => messages.push(message),
            }
        }
        Self { programs, maps, messages }
    }

    /// The loaded programs, in the object's order.
    pub fn programs(&self) -> &[Program] {
        &self.programs
    }

    /// The program of that name.
    pub fn program(&self, name: &str) -> Option<&Program> {
        self.programs.iter().find(|program| program.name() == name)
    }

    /// The maps, in the object's order; data sections are maps named `.bss`, `.data`, `.rodata`.
    pub fn maps(&self) -> &[Map] {
        &self.maps
    }

    /// The map of that name.
    pub fn map(&self, name: &str) -> Option<&Map> {
        self.maps.iter().find(|map| map.name() == name)
    }

    /// What libbpf said during the load.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// The messages that say something was lost although the object loaded: a rejected BTF, above all.
    pub fn warnings(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter().filter(|message| message.is_warning())
    }
}

/// The object's BTF, if it has one.
pub(crate) fn object_btf(object: &libbpf_rs::Object) -> Option<Btf> {
    // SAFETY: the object is valid, and its BTF and the bytes of that live as long; they are copied here.
    let bytes = unsafe { raw_btf(object.as_libbpf_object().as_ptr()) }?;
    Btf::new(Arc::new(bytes)).ok()
}

/// # Safety
/// `object` must be valid.
pub(crate) unsafe fn raw_btf(object: *const libbpf_sys::bpf_object) -> Option<Vec<u8>> {
    // SAFETY: by the caller; libbpf returns null where there is no BTF, and bytes that live as long as it.
    unsafe {
        let btf = libbpf_sys::bpf_object__btf(object);
        if btf.is_null() {
            return None;
        }
        let mut size = 0;
        let data = libbpf_sys::btf__raw_data(btf, &raw mut size);
        (!data.is_null()).then(|| std::slice::from_raw_parts(data.cast::<u8>(), size as usize).to_vec())
    }
}

//! The string section: a name at an offset, and all offsets of a name.
//!
//! Promises that each name is searched for once, and that a name which is the end of a longer string is found too: no
//! encoder is known to share such endings, but the format allows it. Leaves out who uses an offset.

use memchr::{memchr, memmem};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Longer names read as empty. The kernel's limit for identifiers is 512; without one, a hostile section would make
/// each name as long as itself.
const MAX_NAME: usize = 4096;

/// The offsets of the names asked for so far.
#[derive(Debug, Default)]
pub(super) struct Names {
    known: Mutex<BTreeMap<Box<str>, Arc<[u32]>>>,
}

impl Names {
    /// Every offset at which `name` stands with its closing zero, in order. `None` where there is none, and for a
    /// name that can be no name.
    pub(super) fn offsets(&self, section: &[u8], name: &str) -> Option<Arc<[u32]>> {
        if name.is_empty() || name.len() > MAX_NAME || name.contains('\0') {
            return None;
        }
        // A panic while the lock is held leaves a map that is complete and correct.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(offsets) = known.get(name) {
            return (!offsets.is_empty()).then(|| Arc::clone(offsets));
        }
        let closed = format!("{name}\0");
        let offsets: Arc<[u32]> = memmem::find_iter(section, closed.as_bytes()).map(|at| at as u32).collect();
        known.insert(name.into(), Arc::clone(&offsets));
        (!offsets.is_empty()).then_some(offsets)
    }
}

/// Whether `offset` is among the sorted `offsets`, of which there is nearly always one.
pub(super) fn contains(offsets: &[u32], offset: u32) -> bool {
    match offsets {
        [one] => *one == offset,
        many => many.binary_search(&offset).is_ok(),
    }
}

/// The string at `offset`; empty where it is not within the section, too long, or not UTF-8.
pub(super) fn text(section: &[u8], offset: u32) -> &str {
    let from = section.get(offset as usize..).unwrap_or_default();
    let from = &from[..from.len().min(MAX_NAME + 1)];
    let Some(end) = memchr(0, from) else { return "" };
    std::str::from_utf8(&from[..end]).unwrap_or_default()
}

//! SHA-256 of files.
//!
//! Promises: lower-case hexadecimal. Leaves out: when it is needed; discovery asks only for pinned and doubled plugins.

use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::path::Path;

/// The SHA-256 of a file.
pub(crate) fn sha256(path: &Path) -> std::io::Result<String> {
    let mut hasher = Sha256::new();
    std::io::copy(&mut std::fs::File::open(path)?, &mut hasher)?;
    let mut out = String::new();
    for byte in hasher.finalize() {
        let _ = write!(out, "{byte:02x}");
    }
    Ok(out)
}

/// Whether a text can be a SHA-256.
pub(crate) fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

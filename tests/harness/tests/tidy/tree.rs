//! The files of the repository.
//!
//! Promises: what git tracks or would track, in order, read as text. Leaves out: binary files, and what git ignores.

use pbpf_tests::places::Places;
use std::{fs, process::Command};

/// One file.
pub(crate) struct File {
    /// Its path from the root of the repository, with `/`.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
}

impl File {
    /// The extension, or nothing.
    pub(crate) fn extension(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or("");
        name.rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    /// `path:line`.
    pub(crate) fn at(&self, line: usize) -> String {
        format!("{}:{line}", self.path)
    }

    /// The text of the file from its first line on, without Rust's test modules at its end.
    pub(crate) fn without_tests(&self) -> &str {
        self.text.split("\n#[cfg(test)]").next().unwrap_or("")
    }

    /// Whether the file holds tests only.
    pub(crate) fn is_test(&self) -> bool {
        self.path.starts_with("tests/") || self.path.contains("/tests/") || self.path.ends_with("/tests.rs")
    }
}

/// All files.
pub(crate) fn files() -> Vec<File> {
    let root = Places::find().unwrap().root;
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(&root)
        .output()
        .expect("git lists the files");
    assert!(listed.status.success(), "git ls-files: {}", String::from_utf8_lossy(&listed.stderr));
    let mut files: Vec<File> = String::from_utf8(listed.stdout)
        .unwrap()
        .lines()
        // A file that is deleted and not yet committed is still listed; one that is not text is not ours to judge.
        .filter_map(|path| {
            Some(File { path: path.to_owned(), text: fs::read_to_string(root.join(path)).ok()? })
        })
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(files.len() > 50, "only {} files found", files.len());
    files
}

/// The Rust files.
pub(crate) fn rust_files() -> Vec<File> {
    files().into_iter().filter(|file| file.extension() == "rs").collect()
}

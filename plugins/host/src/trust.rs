//! Who else could change a plugin.
//!
//! Promises: refuses a file that others may write, or that lies in a folder in which others may replace it; for plugins
//! that were found rather than named, also one that belongs to a stranger. Group-writable is accepted where the group has
//! the owner's number: that is the private group that Debian and Fedora give each user, whose umask leaves the bit set.
//! A folder with the sticky bit (`/tmp`) is accepted: nobody can replace another's file in it.
//! Leaves out: folders further up, and access control lists beyond what the mode bits show of them.

#![allow(unsafe_code, reason = "std does not tell the effective user")]

use pbpf_core::diag::Diagnostic;
use std::fs::Metadata;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The users whose files are run anyway.
#[derive(Clone, Debug)]
pub(crate) struct Owners(Vec<u32>);

impl Owners {
    /// Root, the user, and whoever owns the executable (and so could change that).
    pub(crate) fn new(executable: Option<&Path>) -> Self {
        // SAFETY: geteuid has no preconditions.
        let user = unsafe { libc::geteuid() };
        let mut owners = vec![0, user];
        owners.extend(executable.and_then(|p| p.metadata().ok()).map(|m| m.uid()));
        Self(owners)
    }
}

/// Holds that `path` is a file that only its owner (one of `owners`, if given) can change, and gives its real path.
pub(crate) fn check(path: &Path, owners: Option<&Owners>) -> Result<PathBuf, Diagnostic> {
    let shown = path.display();
    let missing = |error: std::io::Error| {
        let message = match error.kind() {
            ErrorKind::NotFound => format!("there is no plugin `{shown}`"),
            _ => format!("cannot read the plugin `{shown}`: {error}"),
        };
        Diagnostic::error("plugin-missing", message)
            .help("check the path; `pbpf plugin list` shows what is found and where")
    };
    let real = std::fs::canonicalize(path).map_err(missing)?;
    let file = real.metadata().map_err(missing)?;
    if !file.is_file() {
        let what = if file.is_dir() { "a folder" } else { "no regular file" };
        return Err(Diagnostic::error("plugin-not-library", format!("the plugin `{shown}` is {what}")));
    }
    refuse(&shown.to_string(), "it", &real, &file, owners)?;
    // The folder with the link decides which file is meant, the folder with the file what is in it.
    let link = path.parent().and_then(|p| std::fs::canonicalize(p).ok());
    for folder in link.iter().map(PathBuf::as_path).chain(real.parent()) {
        let metadata = folder.metadata().map_err(missing)?;
        if metadata.mode() & libc::S_ISVTX == 0 {
            refuse(&shown.to_string(), "its folder", folder, &metadata, owners)?;
        }
    }
    Ok(real)
}

fn refuse(
    shown: &str,
    what: &str,
    path: &Path,
    metadata: &Metadata,
    owners: Option<&Owners>,
) -> Result<(), Diagnostic> {
    let (mode, owner, group) = (metadata.mode() & 0o7777, metadata.uid(), metadata.gid());
    let place = path.display();
    let error = |why: String, fix: String| {
        Err(Diagnostic::error("plugin-writable", format!("the plugin `{shown}` is refused: {what} {why}"))
            .note(format!("`{place}` has mode {mode:o}, owner {owner}, group {group}"))
            .note("whoever can write it could run code as you")
            .help(fix))
    };
    if mode & 0o002 != 0 {
        return error("can be written by everybody".into(), format!("`chmod o-w {place}`"));
    }
    if mode & 0o020 != 0 && owner != group {
        return error(format!("can be written by group {group}"), format!("`chmod g-w {place}`"));
    }
    if owners.is_some_and(|o| !o.0.contains(&owner)) {
        return error(
            format!("belongs to user {owner}"),
            "name the plugin with `--plugin` or in the configuration, or change its owner".into(),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test may panic")]
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn folder(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("pbpf-trust-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        set(&dir, 0o755);
        std::fs::write(dir.join("a"), "").unwrap();
        set(&dir.join("a"), 0o644);
        dir
    }

    fn set(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_others_can_write_is_refused() {
        let dir = folder("write");
        let file = dir.join("a");
        assert!(check(&file, Some(&Owners::new(None))).is_ok());
        for (path, mode, ok) in [(&file, 0o666, false), (&file, 0o644, true), (&dir, 0o777, false)] {
            set(path, mode);
            let result = check(&file, None);
            assert_eq!(result.is_ok(), ok, "{mode:o} {result:?}");
        }
        // Sticky, as /tmp is.
        set(&dir, 0o1777);
        assert!(check(&file, None).is_ok());
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_strangers_file_is_refused_where_it_was_only_found() {
        let dir = folder("owner");
        let file = dir.join("a");
        assert_eq!(check(&file, Some(&Owners(vec![]))).unwrap_err().code, "plugin-writable");
        assert!(check(&file, None).is_ok());
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn the_folder_of_a_link_and_of_the_file_both_count() {
        let (from, to) = (folder("from"), folder("to"));
        let link = from.join("l");
        let _ = std::fs::remove_file(&link);
        std::os::unix::fs::symlink(to.join("a"), &link).unwrap();
        assert_eq!(check(&link, None).unwrap(), std::fs::canonicalize(to.join("a")).unwrap());
        set(&to, 0o777);
        assert_eq!(check(&link, None).unwrap_err().code, "plugin-writable");
        set(&to, 0o755);
        set(&from, 0o777);
        assert_eq!(check(&link, None).unwrap_err().code, "plugin-writable");
        assert_eq!(check(&from.join("none"), None).unwrap_err().code, "plugin-missing");
        std::fs::remove_dir_all(from).unwrap();
        std::fs::remove_dir_all(to).unwrap();
    }
}

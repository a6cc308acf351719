//! Builds plugins into folders that only their test uses.
//!
//! Promises: a folder is empty at the start and writable by its owner only. Leaves out: removing what was built.

use pbpf_core::diag::Diagnostic;
use pbpf_plugin_host::{Plugins, Search};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};

/// The plugins of third parties.
pub(crate) fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/plugins")
}

/// An empty folder.
pub(crate) fn folder(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("plugins").join(name);
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).unwrap();
    chmod(&dir, 0o755);
    dir
}

/// Sets the mode of a file or folder.
pub(crate) fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Writes a file that only its owner may write.
pub(crate) fn write(path: &Path, content: impl AsRef<[u8]>) {
    std::fs::write(path, content).unwrap();
    chmod(path, 0o644);
}

/// Compiles a C plugin of `tests/plugins` to `out`; every warning is an error.
pub(crate) fn cc(source: &str, flags: &[&str], out: &Path) {
    cc_file(&sources().join(source), flags, out);
}

/// Compiles a C plugin.
pub(crate) fn cc_file(source: &Path, flags: &[&str], out: &Path) {
    let include = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk/include");
    let output = Command::new("cc")
        .args(["-std=c11", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fPIC", "-shared"])
        .args(["-fvisibility=hidden", "-I"])
        .arg(include)
        .args(flags)
        .arg(source)
        .arg("-o")
        .arg(out)
        .output()
        .unwrap();
    assert!(output.status.success(), "cc {}: {}", source.display(), String::from_utf8_lossy(&output.stderr));
    chmod(out, 0o755);
}

/// `tests/plugins/bad`, spoilt as the flags say.
pub(crate) fn bad(dir: &Path, flags: &[&str]) -> PathBuf {
    let out = dir.join("libpbpf_bad.so");
    cc("bad/bad.c", flags, &out);
    out
}

/// Builds the Rust plugin in `dir` as its own workspace, against its lock file, and gives the library.
pub(crate) fn cargo(dir: &Path, library: &str) -> PathBuf {
    cargo_with(dir, library, &["--locked"])
}

/// The same for a plugin that has no lock file yet.
pub(crate) fn cargo_unlocked(dir: &Path, library: &str) -> PathBuf {
    cargo_with(dir, library, &[])
}

fn cargo_with(dir: &Path, library: &str, flags: &[&str]) -> PathBuf {
    // The builds share a target folder, and two at once would wait for each other with a message on standard error.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("third-party");
    let output = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--offline", "--target-dir"])
        .arg(&target)
        .args(flags)
        .current_dir(dir)
        .output()
        .unwrap();
    assert!(output.status.success(), "cargo {}: {}", dir.display(), String::from_utf8_lossy(&output.stderr));
    target.join("debug").join(library)
}

/// Builds a Rust plugin of `tests/plugins` that must not build, and gives what the compiler says.
pub(crate) fn cargo_refused(name: &str, config: &str) -> String {
    let output = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--offline", "--locked", "--config", config, "--target-dir"])
        .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("refused"))
        .current_dir(sources().join(name))
        .output()
        .unwrap();
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The library of `tests/plugins/socket-filter`.
pub(crate) fn socket_filter() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| cargo(&sources().join("socket-filter"), "libpbpf_socket_filter.so"))
}

/// The library of `tests/plugins/panics`.
pub(crate) fn panics() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| cargo(&sources().join("panics"), "libpbpf_panics.so"))
}

/// Plugins named as with `--plugin`.
pub(crate) fn named(paths: &[&Path]) -> Result<Plugins, Vec<Diagnostic>> {
    let options = paths.iter().map(|p| p.to_path_buf()).collect();
    Plugins::discover(&Search { options, ..Search::default() })
}

/// The one error of a search.
pub(crate) fn refusal(result: Result<Plugins, Vec<Diagnostic>>) -> Diagnostic {
    let errors = result.unwrap_err();
    assert_eq!(errors.len(), 1, "{errors:?}");
    errors.into_iter().next().unwrap()
}

/// Whether this process has opened a file of that name.
pub(crate) fn is_open(path: &Path) -> bool {
    let name = std::fs::canonicalize(path).unwrap();
    std::fs::read_to_string("/proc/self/maps").unwrap().contains(name.to_str().unwrap())
}

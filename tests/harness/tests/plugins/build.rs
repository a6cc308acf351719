//! Builds plugins as their authors would, and runs pbpf with them.
//!
//! Promises: a folder is empty at the start and writable by its owner only; no plugin of the user's own takes part.
//! Leaves out: removing what was built.

use pbpf_loader::{Object, OpenOptions, TestRun};
use pbpf_tests::{
    places::Places,
    process::{self, Finished},
};
use std::{
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, OnceLock},
    time::Duration,
};

const LIMIT: Duration = Duration::from_secs(120);

pub(crate) fn places() -> &'static Places {
    static PLACES: OnceLock<Places> = OnceLock::new();
    PLACES.get_or_init(|| {
        let places = Places::find().unwrap();
        places.build_pbpf().unwrap();
        places
    })
}

/// An empty folder.
pub(crate) fn folder(name: &str) -> PathBuf {
    let dir = places().target.join("test-plugins").join(name);
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).unwrap();
    chmod(dir.parent().unwrap(), 0o755);
    chmod(&dir, 0o755);
    dir
}

pub(crate) fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Writes a file that only its owner may write.
pub(crate) fn write(path: &Path, content: impl AsRef<[u8]>) {
    fs::write(path, content).unwrap();
    chmod(path, 0o644);
}

/// The plugins of third parties.
pub(crate) fn sources() -> PathBuf {
    places().root.join("tests/plugins")
}

/// Compiles a C plugin of `tests/plugins` against the header.
pub(crate) fn cc(source: &str, flags: &[&str], out: &Path) {
    let mut command = Command::new("cc");
    command.args([
        "-std=c11",
        "-O1",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-fPIC",
        "-shared",
        "-fvisibility=hidden",
    ]);
    command.arg("-I").arg(places().root.join("plugins/sdk/include")).args(flags);
    let done = process::run(command.arg(sources().join(source)).arg("-o").arg(out), LIMIT).unwrap();
    assert_eq!(done.status, Some(0), "cc {source}: {}", done.stderr);
    chmod(out, 0o755);
}

/// Builds a Rust plugin as its own workspace and gives the library.
pub(crate) fn cargo(dir: &Path, flags: &[&str], library: &str) -> PathBuf {
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let target = places().target.join("third-party");
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["build", "--quiet", "--offline", "--target-dir"]).arg(&target).args(flags).current_dir(dir);
    let done = process::run(&mut command, LIMIT).unwrap();
    assert_eq!(done.status, Some(0), "cargo in {}: {}", dir.display(), done.stderr);
    target.join("debug").join(library)
}

/// The library of `tests/plugins/NAME`, in Rust, built against its lock file.
pub(crate) fn rust(name: &str) -> String {
    let library = format!("libpbpf_{}.so", name.replace('-', "_"));
    path(&cargo(&sources().join(name), &["--locked"], &library))
}

/// A path as an argument.
pub(crate) fn path(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// Runs pbpf in a folder.
pub(crate) fn pbpf_in(dir: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Finished {
    let mut command = Command::new(&places().pbpf);
    command.args(arguments).current_dir(dir).env_remove("PBPF_PLUGIN_PATH");
    command.env("XDG_DATA_HOME", places().target.join("test-plugins/no-home"));
    let done = process::run(command.envs(variables.iter().copied()), LIMIT).unwrap();
    assert!(!done.stderr.contains("panicked at"), "{arguments:?}: {}", done.stderr);
    done
}

/// Runs pbpf in the root of the repository.
pub(crate) fn pbpf(arguments: &[&str]) -> Finished {
    pbpf_in(&places().root, &[], arguments)
}

/// Runs pbpf, which must succeed, and gives its standard output.
pub(crate) fn good(arguments: &[&str]) -> String {
    let done = pbpf(arguments);
    assert_eq!(done.status, Some(0), "{arguments:?}: {}{}", done.stdout, done.stderr);
    done.stdout
}

/// Runs pbpf, which must end with that status and, if it is not 0, that code.
pub(crate) fn ends(done: &Finished, status: i32, code: &str) {
    assert_eq!(done.status, Some(status), "wanted {code}: {}{}", done.stdout, done.stderr);
    assert!(status == 0 || done.stderr.contains(&format!("[{code}]")), "wanted {code}: {}", done.stderr);
}

/// Whether programs can be loaded here; if not, the test is skipped, which is said, and fails where a kernel is promised.
pub(crate) fn can_load(test: &str) -> bool {
    let root = fs::metadata("/proc/self").is_ok_and(|m| std::os::unix::fs::MetadataExt::uid(&m) == 0);
    if !root {
        skip(test, "loading needs root");
    }
    root
}

/// Says that a part of a test cannot be tried here.
pub(crate) fn skip(test: &str, why: &str) {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{test}: {why}");
    let _ = writeln!(std::io::stderr(), "skipped: {test}: {why}");
}

/// Builds a program and runs it on packets of these lengths; gives what it returned for each.
pub(crate) fn test_runs(arguments: &[&str], out: &Path, lengths: &[usize]) -> Vec<u32> {
    good(&[&["build", "-o", out.to_str().unwrap()], arguments].concat());
    let loaded = Object::open(out, &OpenOptions::default()).unwrap().load().unwrap();
    let run = |len: &usize| loaded.programs()[0].test_run(&TestRun::packet(vec![0; *len])).unwrap().value;
    lengths.iter().map(run).collect()
}

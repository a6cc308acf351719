//! A control group of a plan's own.
//!
//! Promises: it is in the unified hierarchy, and removed at the end. Leaves out: controllers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

/// How many this process has made.
static MADE: AtomicU32 = AtomicU32::new(0);

/// A control group; dropping it removes it.
#[derive(Debug)]
pub struct ControlGroup {
    /// Its folder.
    pub folder: PathBuf,
}

impl ControlGroup {
    /// Makes one where the unified hierarchy is mounted.
    pub fn make() -> Result<Self, String> {
        let mounts = fs::read_to_string("/proc/mounts").map_err(|e| format!("/proc/mounts: {e}"))?;
        let mut fields = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
        let mount = fields.find(|f| f.get(2) == Some(&"cgroup2")).and_then(|f| f.get(1).copied());
        let root = mount.ok_or("no unified hierarchy of control groups is mounted")?;
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let folder = Path::new(root).join(format!("pbpf-{}-{number}", process::id()));
        fs::create_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        Ok(Self { folder })
    }
}

impl Drop for ControlGroup {
    fn drop(&mut self) {
        // The kernel removes a group when the last process of it is gone; workloads are.
        let _ = fs::remove_dir(&self.folder);
    }
}

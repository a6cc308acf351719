//! Where things are: the repository, the executable under test, the kernels, the folder for what the tests make.
//!
//! Promises: everything made goes under cargo's target folder. Leaves out: making it.
//!
//! `PBPF` names another executable to test, `PBPF_KERNELS` another folder of VM kernels.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

/// The places of one test run.
#[derive(Debug, Clone)]
pub struct Places {
    /// The repository.
    pub root: PathBuf,
    /// Cargo's target folder.
    pub target: PathBuf,
    /// The executable under test.
    pub pbpf: PathBuf,
    /// The VM kernels, one folder each.
    pub kernels: PathBuf,
}

impl Places {
    /// Finds them from the running test program, which cargo put into `TARGET/PROFILE/deps`.
    pub fn find() -> Result<Self, String> {
        let me = env::current_exe().map_err(|e| format!("this program has no path: {e}"))?;
        let profile = me.ancestors().nth(2).ok_or("this program is not where cargo puts tests")?;
        let root =
            Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).ok_or("no repository")?.to_owned();
        let target = profile.parent().ok_or("no target folder")?.to_owned();
        Ok(Self {
            kernels: env::var_os("PBPF_KERNELS").map_or_else(|| target.join("kernels"), PathBuf::from),
            pbpf: env::var_os("PBPF").map_or_else(|| profile.join("pbpf"), PathBuf::from),
            root,
            target,
        })
    }

    /// Builds the executable under test and the shipped plugins, unless `PBPF` names one: `cargo test -p pbpf-tests` alone would not.
    pub fn build_pbpf(&self) -> Result<(), String> {
        if env::var_os("PBPF").is_some() {
            return if self.pbpf.exists() {
                Ok(())
            } else {
                Err(format!("{} is missing", self.pbpf.display()))
            };
        }
        self.cargo(&["build", "--quiet"], |_| ())
    }

    /// Runs cargo in the repository.
    pub fn cargo(&self, arguments: &[&str], prepare: impl FnOnce(&mut Command)) -> Result<(), String> {
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.current_dir(&self.root).args(arguments);
        prepare(&mut command);
        let output = command.output().map_err(|e| format!("cargo: {e}"))?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let errors: Vec<&str> = said.lines().filter(|line| !line.starts_with("warning")).collect();
        let tail = &errors[errors.len().saturating_sub(20)..];
        Err(format!("`cargo {}` failed:\n{}", arguments.join(" "), tail.join("\n")))
    }

    /// The folder of a kernel, if the kernel was fetched.
    pub fn kernel(&self, version: &str) -> Option<PathBuf> {
        let folder = self.kernels.join(version);
        folder.join("VERSION").exists().then_some(folder)
    }

    /// The object file of a case.
    pub fn object(&self, case: &str) -> PathBuf {
        self.target.join("test-cases").join(format!("{case}.o"))
    }

    /// The folder of tables and logs.
    pub fn report(&self) -> PathBuf {
        self.target.join("test-report")
    }
}

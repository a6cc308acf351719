//! The world around a program: clock, current task, randomness, and helpers that the interpreter does not know.
//!
//! Promises: [`Deterministic`] gives the same answers in every run. Leaves out: helpers that need only the program's
//! own memory and maps, which the interpreter has.

use super::Memory;
use crate::mir::Region;
use std::collections::BTreeMap;

/// The world around a program.
pub trait Environment {
    /// `bpf_ktime_get_ns` and its kin.
    fn ktime_ns(&mut self) -> u64;
    /// `bpf_get_current_pid_tgid`: process in the high half, thread in the low.
    fn pid_tgid(&mut self) -> u64;
    /// `bpf_get_current_uid_gid`: group in the high half, user in the low.
    fn uid_gid(&mut self) -> u64;
    /// `bpf_get_current_comm`, at most 15 bytes of it.
    fn comm(&mut self) -> Vec<u8>;
    /// `bpf_get_smp_processor_id`.
    fn cpu(&mut self) -> u32;
    /// `bpf_get_prandom_u32`.
    fn random(&mut self) -> u32;
    /// `bpf_get_current_cgroup_id`.
    fn cgroup_id(&mut self) -> u64;
    /// `bpf_get_current_task`: the address of an object in `memory`, or 0.
    fn current_task(&mut self, memory: &mut Memory) -> u64;

    /// Any other helper, by kernel name; none if it is not known.
    fn helper(&mut self, name: &str, args: &[u64], memory: &mut Memory) -> Option<u64> {
        let _ = (name, args, memory);
        None
    }

    /// A kernel function, by name; none if it is not known.
    fn kfunc(&mut self, name: &str, args: &[u64], memory: &mut Memory) -> Option<u64> {
        let _ = (name, args, memory);
        None
    }
}

/// An environment whose answers are settable and otherwise always the same.
#[derive(Clone, Debug)]
pub struct Deterministic {
    /// Nanoseconds; each question adds 1000.
    pub now: u64,
    /// The process.
    pub pid: u32,
    /// The thread.
    pub tid: u32,
    /// The user.
    pub uid: u32,
    /// The group.
    pub gid: u32,
    /// The task's name.
    pub comm: String,
    /// The processor.
    pub cpu: u32,
    /// The state of the random numbers.
    pub seed: u64,
    /// The cgroup.
    pub cgroup: u64,
    /// The bytes of the current task's struct; empty: there is none.
    pub task: Vec<u8>,
    /// Answers of kernel functions and other helpers, by name.
    pub answers: BTreeMap<String, u64>,
    /// Where that struct is, once it was asked for.
    pub task_address: Option<u64>,
}

impl Default for Deterministic {
    fn default() -> Self {
        Self {
            now: 1_000_000_000,
            pid: 1000,
            tid: 1000,
            uid: 1000,
            gid: 1000,
            comm: "pbpf".to_owned(),
            cpu: 0,
            seed: 1,
            cgroup: 1,
            task: Vec::new(),
            answers: BTreeMap::new(),
            task_address: None,
        }
    }
}

impl Environment for Deterministic {
    fn ktime_ns(&mut self) -> u64 {
        self.now = self.now.wrapping_add(1000);
        self.now
    }

    fn pid_tgid(&mut self) -> u64 {
        u64::from(self.pid) << 32 | u64::from(self.tid)
    }

    fn uid_gid(&mut self) -> u64 {
        u64::from(self.gid) << 32 | u64::from(self.uid)
    }

    fn comm(&mut self) -> Vec<u8> {
        self.comm.as_bytes().to_vec()
    }

    fn cpu(&mut self) -> u32 {
        self.cpu
    }

    fn random(&mut self) -> u32 {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 32) as u32
    }

    fn cgroup_id(&mut self) -> u64 {
        self.cgroup
    }

    fn current_task(&mut self, memory: &mut Memory) -> u64 {
        if self.task.is_empty() {
            return 0;
        }
        if let Some(base) = self.task_address.filter(|base| memory.object(*base).is_some()) {
            return base;
        }
        let base = memory.add(Region::Kernel, "the current task", self.task.clone()).unwrap_or(0);
        self.task_address = Some(base);
        base
    }

    fn helper(&mut self, name: &str, _args: &[u64], _memory: &mut Memory) -> Option<u64> {
        self.answers.get(name).copied()
    }

    fn kfunc(&mut self, name: &str, _args: &[u64], _memory: &mut Memory) -> Option<u64> {
        self.answers.get(name).copied()
    }
}

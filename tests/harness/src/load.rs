//! Loads for schedulers: work that takes processors, work that wakes, and two that compete for one processor.
//!
//! Promises: each ends by itself when its time is over. Leaves out: what the scheduler made of it.

use crate::{
    control_group::ControlGroup,
    plan::{Rivals, Work},
    sys, workload,
};
use std::{
    fs,
    io::{self, Read as _, Write as _},
    path::Path,
    thread,
    time::{Duration, Instant},
};

/// Pairs of threads that hand a byte to each other through pipes, each asleep until it comes; the hand-overs.
pub(crate) fn wake(pairs: u32, time: Duration) -> io::Result<u64> {
    let until = Instant::now() + time;
    let pairs: Vec<_> = (0..pairs).map(|_| thread::spawn(move || hand_over(until))).collect();
    let counts = pairs.into_iter().map(|pair| pair.join().unwrap_or(Ok(0)));
    counts.sum()
}

fn hand_over(until: Instant) -> io::Result<u64> {
    let ((mut from_me, mut to_it), (mut from_it, mut to_me)) = (io::pipe()?, io::pipe()?);
    let echo = thread::spawn(move || {
        let mut byte = [0];
        // The other side closes its end.
        while from_me.read_exact(&mut byte).is_ok() && to_me.write_all(&byte).is_ok() {}
    });
    let (mut byte, mut count) = ([1], 0);
    while Instant::now() < until {
        to_it.write_all(&byte)?;
        from_it.read_exact(&mut byte)?;
        count += 2;
    }
    drop(to_it);
    // A thread that panicked has said so.
    let _ = echo.join();
    Ok(count)
}

/// Rounds on the first processor with a nice value, without giving it away.
pub(crate) fn busy(nice: i32, time: Duration) -> io::Result<u64> {
    sys::only_on_first_processor()?;
    sys::set_nice(nice)?;
    let until = Instant::now() + time;
    let mut rounds = 0;
    while Instant::now() < until {
        rounds += 1;
    }
    Ok(rounds)
}

/// Two processes that want the first processor for themselves; the share of the one with more weight, in percent.
pub(crate) fn share(rivals: Rivals, milliseconds: u32) -> io::Result<u64> {
    let groups = match rivals {
        Rivals::Nice => None,
        Rivals::Groups => Some((group(1000)?, group(100)?)),
    };
    let folders = groups.as_ref().map(|(a, b)| (a.folder.clone(), b.folder.clone()));
    let (heavy, light) = folders.map_or((None, None), |(a, b)| (Some(a), Some(b)));
    let nice = if rivals == Rivals::Nice { 10 } else { 0 };
    let start = |nice: i32, folder: Option<std::path::PathBuf>| {
        thread::spawn(move || rounds(nice, milliseconds, folder.as_deref()))
    };
    let (heavy, light) = (start(0, heavy), start(nice, light));
    let count = |rival: thread::JoinHandle<io::Result<u64>>| rival.join().unwrap_or(Ok(0));
    let (heavy, light) = (count(heavy)?, count(light)?);
    Ok(heavy * 100 / (heavy + light).max(1))
}

fn rounds(nice: i32, milliseconds: u32, group: Option<&Path>) -> io::Result<u64> {
    workload::run(&Work::Busy(nice, milliseconds), group).map(|(_, count)| count).map_err(io::Error::other)
}

/// A control group with a weight, which its controller must be on for.
fn group(weight: u32) -> io::Result<ControlGroup> {
    let group = ControlGroup::make().map_err(io::Error::other)?;
    if let Some(parent) = group.folder.parent() {
        fs::write(parent.join("cgroup.subtree_control"), "+cpu")?;
    }
    fs::write(group.folder.join("cpu.weight"), weight.to_string())?;
    Ok(group)
}

//! Ring buffers and perf event arrays: the records that programs send, as they come.
//!
//! Promises: each record is handed over once, in the order of a ring buffer, or of one CPU in a perf event
//! array; one poll ends also when programs send faster than records are taken. Records lost for want of room
//! are counted where the kernel tells (perf event arrays; a ring buffer refuses the program instead).
//! Leaves out: the meaning of the bytes; [`crate::Layout::decode`] reads them.

#![allow(unsafe_code)] // poll() on the descriptor that libbpf waits with.

use crate::errno::Errno;
use crate::error::MapError;
use crate::map::Map;
use crate::message;
use libbpf_rs::{PerfBuffer, PerfBufferBuilder, RingBuffer, RingBufferBuilder};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Records taken out of a ring buffer at once.
const BATCH: usize = 1024;
/// Pages of each CPU's buffer of a perf event array.
const PERF_PAGES: usize = 64;

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The CPU that sent it; ring buffers do not tell.
    pub cpu: Option<u32>,
    /// The bytes. A perf event array adds up to 7 bytes of padding at the end.
    pub bytes: Vec<u8>,
}

#[derive(Debug, Default)]
struct Inbox {
    records: VecDeque<Record>,
    lost: u64,
}

/// The reading end of a ring buffer or perf event array. There should be one per map: readers take records
/// from each other.
#[derive(Debug)]
pub struct Records {
    buffer: Buffer,
    inbox: Arc<Mutex<Inbox>>,
    map: String,
}

#[derive(Debug)]
enum Buffer {
    Ring(RingBuffer<'static>),
    Perf(PerfBuffer<'static>),
}

impl Map {
    /// Opens the reading end; an error for maps that are not polled.
    pub fn records(&self) -> Result<Records, MapError> {
        let inbox = Arc::new(Mutex::new(Inbox::default()));
        let (buffer, messages) = message::capture(|| match self.kind() {
            libbpf_sys::BPF_MAP_TYPE_RINGBUF => self.ring(&inbox).map(Buffer::Ring),
            libbpf_sys::BPF_MAP_TYPE_PERF_EVENT_ARRAY => self.perf(&inbox).map(Buffer::Perf),
            _ => Err(libbpf_rs::Error::from_raw_os_error(Errno::EINVAL.0)),
        });
        match buffer {
            Ok(buffer) => Ok(Records { buffer, inbox, map: self.name().to_owned() }),
            Err(error) => Err(MapError::Type {
                map: self.name().to_owned(),
                what: format!("records of a {}", self.kind_name()),
                reason: messages.last().map_or_else(|| format!("{error:#}"), |m| m.text.clone()),
            }),
        }
    }

    fn ring(&self, inbox: &Arc<Mutex<Inbox>>) -> libbpf_rs::Result<RingBuffer<'static>> {
        let inbox = Arc::clone(inbox);
        let mut builder = RingBufferBuilder::new();
        builder.add(&self.handle, move |bytes| {
            push(&inbox, None, bytes);
            0
        })?;
        builder.build()
    }

    fn perf(&self, inbox: &Arc<Mutex<Inbox>>) -> libbpf_rs::Result<PerfBuffer<'static>> {
        let (samples, losses) = (Arc::clone(inbox), Arc::clone(inbox));
        PerfBufferBuilder::new(&self.handle)
            .pages(PERF_PAGES)
            .sample_cb(move |cpu, bytes| push(&samples, u32::try_from(cpu).ok(), bytes))
            .lost_cb(move |_, count| losses.lock().unwrap_or_else(PoisonError::into_inner).lost += count)
            .build()
    }
}

fn push(inbox: &Mutex<Inbox>, cpu: Option<u32>, bytes: &[u8]) {
    let mut inbox = inbox.lock().unwrap_or_else(PoisonError::into_inner);
    inbox.records.push_back(Record { cpu, bytes: bytes.to_vec() });
}

impl Records {
    /// Waits up to `timeout` for records and hands over those that are there; returns how many. A record that
    /// comes ends the wait.
    pub fn poll(&self, timeout: Duration, mut take: impl FnMut(Record)) -> Result<usize, MapError> {
        let fail = |errno| MapError::Kernel { map: self.map.clone(), doing: "poll", errno };
        let millis = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
        let code = match &self.buffer {
            Buffer::Ring(ring) => {
                let mut poll = libc::pollfd { fd: ring.epoll_fd(), events: libc::POLLIN, revents: 0 };
                // SAFETY: one entry, valid for the call.
                let ready = unsafe { libc::poll(&raw mut poll, 1, millis) };
                if ready < 0 { -Errno::last().0 } else { ring.consume_raw_n(BATCH) }
            }
            // libbpf takes what was there when it looked, and no more.
            Buffer::Perf(perf) => {
                let mut poll = libc::pollfd { fd: perf.epoll_fd(), events: libc::POLLIN, revents: 0 };
                // SAFETY: one entry, valid for the call.
                let ready = unsafe { libc::poll(&raw mut poll, 1, millis) };
                match ready {
                    0 => 0,
                    1.. => perf.consume().map_or_else(|_| -Errno::last().0, |()| 0),
                    _ => -Errno::last().0,
                }
            }
        };
        match Errno::from_return(code) {
            // A signal ends the wait early.
            None | Some(Errno(libc::EINTR)) => {}
            Some(errno) => return Err(fail(errno)),
        }
        let records = std::mem::take(&mut self.inbox.lock().unwrap_or_else(PoisonError::into_inner).records);
        let count = records.len();
        records.into_iter().for_each(&mut take);
        Ok(count)
    }

    /// Records that the kernel dropped so far.
    pub fn lost(&self) -> u64 {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner).lost
    }
}

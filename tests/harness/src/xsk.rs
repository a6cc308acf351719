//! An AF_XDP socket: frames that a program redirects to user space, without the kernel's network stack.
//!
//! Promises: what `next` gives are the frames of one queue of one device, whole and in their order; each frame's memory goes back to the
//! kernel once it was read. Leaves out: sending, several queues and zero copy, which a veth device has not.
//!
//! The memory and both rings are shared with the kernel (`linux/if_xdp.h`): the fill ring says where frames may be put, the receive
//! ring where they are.

#![allow(
    unsafe_code,
    reason = "rings in memory shared with the kernel; each block says why it stays inside them"
)]

use std::{
    io,
    os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd},
    ptr,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

/// Frames in the memory, and places in each ring; a power of two.
const FRAMES: u32 = 64;

/// Bytes for one frame: the smallest that every kernel takes is 2048.
const FRAME: u32 = 2048;

/// A socket at work.
#[derive(Debug)]
pub struct Xsk {
    fill: Ring,
    receive: Ring,
    memory: Mapping,
    socket: OwnedFd,
}

impl Xsk {
    /// Takes what is redirected from the first queue of `device`, which is in this thread's network namespace.
    pub fn open(device: u32) -> io::Result<Self> {
        // SAFETY: takes numbers only, and the new descriptor has no other owner.
        let socket = unsafe {
            let fd = libc::socket(libc::AF_XDP, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0);
            OwnedFd::from_raw_fd(check(fd)?)
        };
        let fd = socket.as_raw_fd();
        let size = FRAMES as usize * FRAME as usize;
        let memory = Mapping::new(size, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0)?;
        // SAFETY: all zeros is a valid `xdp_umem_reg`.
        let mut area: libc::xdp_umem_reg = unsafe { std::mem::zeroed() };
        area.addr = memory.at as u64;
        area.len = size as u64;
        area.chunk_size = FRAME;
        set(fd, libc::XDP_UMEM_REG, &area)?;
        // The completion ring belongs to sending, but without it `bind` says EINVAL.
        for ring in [libc::XDP_UMEM_FILL_RING, libc::XDP_UMEM_COMPLETION_RING, libc::XDP_RX_RING] {
            set(fd, ring, &FRAMES)?;
        }
        let offsets = offsets(fd)?;
        let (at, entry) = (libc::XDP_UMEM_PGOFF_FILL_RING as libc::off_t, size_of::<u64>());
        let mut fill = Ring::new(fd, &offsets.fr, entry, at)?;
        let (at, entry) = (libc::XDP_PGOFF_RX_RING as libc::off_t, size_of::<libc::xdp_desc>());
        let receive = Ring::new(fd, &offsets.rx, entry, at)?;
        for frame in 0..FRAMES {
            fill.give(u64::from(frame) * u64::from(FRAME));
        }
        let address = libc::sockaddr_xdp {
            sxdp_family: libc::AF_XDP as libc::sa_family_t,
            sxdp_flags: libc::XDP_COPY,
            sxdp_ifindex: device,
            sxdp_queue_id: 0,
            sxdp_shared_umem_fd: 0,
        };
        let length = size_of::<libc::sockaddr_xdp>() as libc::socklen_t;
        // SAFETY: the address lives through the call, which is given its size.
        check(unsafe { libc::bind(fd, (&raw const address).cast(), length) })?;
        Ok(Self { fill, receive, memory, socket })
    }

    /// The next frame; `None` if none comes in time.
    pub fn next(&mut self, patience: Duration) -> io::Result<Option<Vec<u8>>> {
        let mut wait = libc::pollfd { fd: self.socket.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        let milliseconds = i32::try_from(patience.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: one descriptor, as the call is told.
        check(unsafe { libc::poll(&raw mut wait, 1, milliseconds) })?;
        let Some(found) = self.receive.take::<libc::xdp_desc>() else { return Ok(None) };
        let (start, length) = (found.addr as usize, found.len as usize);
        if start.checked_add(length).is_none_or(|end| end > self.memory.size) {
            return Err(io::Error::other("the kernel names a frame that is outside of the memory"));
        }
        // SAFETY: the range is in the memory, and the frame is ours until it is given back.
        let bytes = unsafe { std::slice::from_raw_parts(self.memory.at.add(start), length) }.to_vec();
        // The kernel may have left room before the frame; what it takes is where the place for frames begins.
        self.fill.give(found.addr - found.addr % u64::from(FRAME));
        Ok(Some(bytes))
    }
}

impl AsRawFd for Xsk {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

fn set<T>(fd: RawFd, option: libc::c_int, value: &T) -> io::Result<()> {
    let size = size_of::<T>() as libc::socklen_t;
    // SAFETY: the value lives through the call, which is given its size.
    check(unsafe { libc::setsockopt(fd, libc::SOL_XDP, option, ptr::from_ref(value).cast(), size) }).map(drop)
}

fn offsets(fd: RawFd) -> io::Result<libc::xdp_mmap_offsets> {
    let mut size = size_of::<libc::xdp_mmap_offsets>() as libc::socklen_t;
    // SAFETY: all zeros is a valid value, which lives through the call; that is given its size.
    unsafe {
        let mut offsets: libc::xdp_mmap_offsets = std::mem::zeroed();
        let to = (&raw mut offsets).cast();
        check(libc::getsockopt(fd, libc::SOL_XDP, libc::XDP_MMAP_OFFSETS, to, &raw mut size))?;
        Ok(offsets)
    }
}

/// Memory that is unmapped when it is dropped.
#[derive(Debug)]
struct Mapping {
    at: *mut u8,
    size: usize,
}

impl Mapping {
    fn new(size: usize, flags: libc::c_int, fd: RawFd, offset: libc::off_t) -> io::Result<Self> {
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new mapping where the kernel likes it.
        let at = unsafe { libc::mmap(ptr::null_mut(), size, access, flags, fd, offset) };
        if at == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(Self { at: at.cast(), size })
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: mapped by `new`, and nothing that points into it outlives this.
        unsafe { libc::munmap(self.at.cast(), self.size) };
    }
}

/// A ring with `FRAMES` places, of which this side writes one end and the kernel the other.
#[derive(Debug)]
struct Ring {
    memory: Mapping,
    producer: usize,
    consumer: usize,
    entries: usize,
}

impl Ring {
    fn new(fd: RawFd, offsets: &libc::xdp_ring_offset, entry: usize, page: libc::off_t) -> io::Result<Self> {
        let entries = offsets.desc as usize;
        let size = entries + FRAMES as usize * entry;
        let memory = Mapping::new(size, libc::MAP_SHARED | libc::MAP_POPULATE, fd, page)?;
        Ok(Self { memory, producer: offsets.producer as usize, consumer: offsets.consumer as usize, entries })
    }

    fn counter(&self, offset: usize) -> &AtomicU32 {
        // SAFETY: the kernel said that an aligned 32-bit counter is there, in the mapping, and both sides use it atomically.
        unsafe { AtomicU32::from_ptr(self.memory.at.add(offset).cast()) }
    }

    /// Where the entry with this number is.
    fn place<T>(&self, number: u32) -> *mut T {
        let at = self.entries + (number % FRAMES) as usize * size_of::<T>();
        // SAFETY: the mapping has `FRAMES` entries from there on.
        unsafe { self.memory.at.add(at).cast() }
    }

    /// Gives the kernel an entry. There is always a place: no more frames are given than the ring has.
    fn give(&mut self, entry: u64) {
        let number = self.counter(self.producer).load(Ordering::Relaxed);
        // SAFETY: the kernel does not read the place before the counter says so.
        unsafe { self.place::<u64>(number).write(entry) };
        self.counter(self.producer).store(number.wrapping_add(1), Ordering::Release);
    }

    /// Takes the oldest entry, if there is one.
    fn take<T: Copy>(&mut self) -> Option<T> {
        let number = self.counter(self.consumer).load(Ordering::Relaxed);
        if self.counter(self.producer).load(Ordering::Acquire) == number {
            return None;
        }
        // SAFETY: the kernel has written the entry, and does not touch it before the counter says so.
        let entry = unsafe { self.place::<T>(number).read() };
        self.counter(self.consumer).store(number.wrapping_add(1), Ordering::Release);
        Some(entry)
    }
}

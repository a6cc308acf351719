//! Attaching programs and struct_ops maps.
//!
//! Promises: a [`Link`] detaches when it drops, and keeps its object in the kernel until then; errors name
//! the program, the target, the number and what libbpf said. The kernel decides what goes where: this file
//! knows targets, not program types.
//! Leaves out: leaving something attached past the process (pin it by other means).

#![allow(unsafe_code)] // libbpf's attach functions are called directly for their error numbers.

use crate::errno::Errno;
use crate::error::AttachError;
use crate::loaded::{Handle, Loaded};
use crate::map::Map;
use crate::message::{self, Message};
use crate::places::{self, AtSockets, Hook};
use crate::program::Program;
use crate::traffic_control::{Direction, Filter};
use libbpf_rs::{AsRawLibbpf as _, MapCore as _};
use std::fs::File;
use std::io::Read as _;
use std::os::fd::{AsFd as _, AsRawFd as _, FromRawFd as _, OwnedFd, RawFd};
use std::path::PathBuf;
use std::ptr::{self, NonNull};
use std::sync::{Arc, PoisonError};

/// Where a program attaches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Target {
    /// Where its section says.
    #[default]
    Section,
    /// To a network interface, by index.
    Interface {
        /// As in `/sys/class/net/NAME/ifindex`.
        index: u32,
        /// The kernel's flags for that kind of link, 0 for its default; 2 asks for the generic
        /// (driver-independent) mode of `XDP_FLAGS_SKB_MODE` in `include/uapi/linux/if_link.h`.
        flags: u32,
    },
    /// To a control group, by the path of its folder.
    Cgroup(PathBuf),
    /// To a network namespace, by the path of its file.
    NetNamespace(PathBuf),
    /// To a clock of each processor, which runs out so many times a second.
    Clock(u64),
    /// To a hook of netfilter.
    Hook(Hook),
    /// To the sockets of a map of the object, by its name.
    Sockets(String),
    /// To a socket of this process, by its descriptor: as a filter of what it gets, or as what chooses among the sockets that
    /// share its address. It stays as long as the socket.
    Socket(RawFd),
}

impl Target {
    fn describe(&self, program: &Program) -> String {
        match self {
            Self::Section => format!("its section '{}'", program.section()),
            Self::Interface { index, .. } => format!("interface {index}"),
            Self::Cgroup(path) => format!("cgroup {}", path.display()),
            Self::NetNamespace(path) => format!("network namespace {}", path.display()),
            Self::Clock(frequency) => format!("a clock of {frequency} Hz"),
            Self::Hook(hook) => format!("netfilter hook {} of family {}", hook.number, hook.family),
            Self::Socket(fd) => format!("socket {fd}"),
            Self::Sockets(map) => format!("the sockets of map '{map}'"),
        }
    }
}

/// A program, or a set of struct_ops callbacks, at work. Dropping it detaches.
#[derive(Debug)]
#[must_use = "dropping a link detaches at once"]
pub struct Link {
    kind: LinkKind,
    name: String,
    /// Dropped after the link: libbpf's link of a struct_ops map uses the map's descriptor.
    _object: Arc<Handle>,
}

#[derive(Debug)]
enum LinkKind {
    Libbpf(libbpf_rs::Link),
    Descriptor(OwnedFd),
    Filter(#[expect(dead_code, reason = "it detaches when it drops")] Filter),
    Several(#[expect(dead_code, reason = "they detach when they drop")] Vec<libbpf_rs::Link>),
    /// It goes with the socket.
    Socket,
    Sockets(#[expect(dead_code, reason = "it detaches when it drops")] AtSockets),
}

impl Link {
    /// The program or map attached.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs an iterator program once and returns what it wrote. Any other link gives an error.
    pub fn read_iterator(&self) -> Result<Vec<u8>, Errno> {
        let fd = match &self.kind {
            LinkKind::Libbpf(link) => link.as_fd().as_raw_fd(),
            LinkKind::Descriptor(fd) => fd.as_raw_fd(),
            LinkKind::Filter(_) | LinkKind::Several(_) | LinkKind::Sockets(_) | LinkKind::Socket => {
                return Err(Errno::EINVAL);
            }
        };
        // SAFETY: `fd` is open; on success the kernel returns a new descriptor, which `File` takes.
        let mut file = unsafe {
            let fd = libbpf_sys::bpf_iter_create(fd);
            match Errno::from_return(fd) {
                Some(errno) => return Err(errno),
                None => File::from_raw_fd(fd),
            }
        };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|error| Errno::from(&error))?;
        Ok(bytes)
    }
}

/// What [`Loaded::attach_all`] did.
#[derive(Debug, Default)]
pub struct Attached {
    /// What is at work, in the object's order.
    pub links: Vec<Link>,
    /// Programs whose section names no place and that no target was given for: their names.
    pub unattached: Vec<String>,
}

impl Loaded {
    /// The programs for sockets of a map, with their place: the object's one map of sockets.
    pub fn programs_at_sockets(&self) -> Vec<(String, Target)> {
        let mut maps = self.maps().iter().filter(|m| m.holds_sockets());
        let (Some(map), None) = (maps.next(), maps.next()) else { return Vec::new() };
        let programs = self.programs().iter().filter(|p| p.is_for_sockets());
        programs.map(|p| (p.name().to_owned(), Target::Sockets(map.name().to_owned()))).collect()
    }

    /// Attaches everything: each program to its target in `targets` (by program name), otherwise where its
    /// section says, otherwise to `fallback`; then each struct_ops map. Programs without any place are listed
    /// in [`Attached::unattached`]. On an error all that was attached is detached again.
    pub fn attach_all(
        &self,
        targets: &[(String, Target)],
        fallback: Option<&Target>,
    ) -> Result<Attached, AttachError> {
        let mut attached = Attached::default();
        for program in self.programs() {
            if program.is_callback() {
                continue;
            }
            let given = targets.iter().find(|(name, _)| name == program.name()).map(|(_, target)| target);
            let mut result = program.attach(given.unwrap_or(&Target::Section));
            if let (Err(error), None, Some(fallback)) = (&result, given, fallback)
                && error.needs_target()
            {
                result = program.attach(fallback);
            }
            match result {
                Ok(link) => attached.links.push(link),
                Err(error) if error.needs_target() => attached.unattached.push(program.name().to_owned()),
                Err(error) => return Err(error),
            }
        }
        for map in self.maps().iter().filter(|map| map.is_struct_ops()) {
            attached.links.push(map.attach()?);
        }
        Ok(attached)
    }
}

impl Program {
    /// Attaches it.
    pub fn attach(&self, target: &Target) -> Result<Link, AttachError> {
        let (result, messages) = message::capture(|| match target {
            Target::Section => self.attach_by_section(),
            Target::Interface { index, flags } => self.attach_to_interface(*index, *flags),
            Target::Cgroup(path) | Target::NetNamespace(path) => {
                let file = File::open(path).map_err(|error| Errno::from(&error))?;
                self.attach_to(file.as_raw_fd(), 0)
            }
            Target::Clock(frequency) => {
                let raw = self.raw().ok_or(Errno::EINVAL)?;
                places::sample(raw.as_ptr(), *frequency).map(LinkKind::Several)
            }
            Target::Hook(hook) => {
                let raw = self.raw().ok_or(Errno::EINVAL)?;
                places::hook(raw.as_ptr(), *hook).map(LinkKind::Libbpf)
            }
            Target::Sockets(map) => self.attach_to_sockets(map),
            Target::Socket(socket) => self.attach_to_socket(*socket),
        });
        match result {
            Ok(kind) => Ok(Link { kind, name: self.name().to_owned(), _object: Arc::clone(&self.handle) }),
            Err(errno) => Err(AttachError {
                name: self.name().to_owned(),
                target: target.describe(self),
                errno,
                messages,
            }),
        }
    }

    /// Whether it is attached to a map of sockets.
    fn is_for_sockets(&self) -> bool {
        let places = [
            libbpf_sys::BPF_SK_SKB_STREAM_PARSER,
            libbpf_sys::BPF_SK_SKB_STREAM_VERDICT,
            libbpf_sys::BPF_SK_SKB_VERDICT,
            libbpf_sys::BPF_SK_MSG_VERDICT,
        ];
        // SAFETY: the program is valid as long as `self`.
        self.raw().is_some_and(|raw| {
            places.contains(&unsafe { libbpf_sys::bpf_program__expected_attach_type(raw.as_ptr()) })
        })
    }

    /// Whether it is a callback of a struct_ops map, which attaches with the map.
    fn is_callback(&self) -> bool {
        // SAFETY: the program is valid as long as `self`.
        self.raw().is_some_and(|raw| unsafe { libbpf_sys::bpf_program__type(raw.as_ptr()) } == libbpf_sys::BPF_PROG_TYPE_STRUCT_OPS)
    }

    fn attach_by_section(&self) -> Result<LinkKind, Errno> {
        let raw = self.raw().ok_or(Errno::EINVAL)?;
        let _guard = self.handle.attaching.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: the program is valid and loaded; the lock keeps libbpf's per-object attach state to one
        // thread.
        let link = unsafe { libbpf_sys::bpf_program__attach(raw.as_ptr()) };
        take_link(link).map(LinkKind::Libbpf)
    }

    fn attach_to_socket(&self, socket: RawFd) -> Result<LinkKind, Errno> {
        let (Some(raw), Some(fd)) = (self.raw(), self.fd()) else { return Err(Errno::EINVAL) };
        // SAFETY: the program is valid as long as `self`.
        let option = match unsafe { libbpf_sys::bpf_program__type(raw.as_ptr()) } {
            libbpf_sys::BPF_PROG_TYPE_SOCKET_FILTER => libc::SO_ATTACH_BPF,
            libbpf_sys::BPF_PROG_TYPE_SK_REUSEPORT => libc::SO_ATTACH_REUSEPORT_EBPF,
            _ => return Err(Errno::EOPNOTSUPP),
        };
        places::attach_to_socket(fd, socket, option).map(|()| LinkKind::Socket)
    }

    fn attach_to_sockets(&self, map: &str) -> Result<LinkKind, Errno> {
        let (Some(raw), Some(fd)) = (self.raw(), self.fd()) else { return Err(Errno::EINVAL) };
        let map = self.handle.object.maps().find(|m| m.name() == map).ok_or(Errno::EINVAL)?;
        // SAFETY: the program is valid as long as `self`.
        let how = unsafe { libbpf_sys::bpf_program__expected_attach_type(raw.as_ptr()) };
        AtSockets::attach(fd, map.as_fd(), how).map(LinkKind::Sockets)
    }

    /// Makes a link, or a filter of traffic control for a program that no link is made for: one whose section names
    /// no direction, and any such program before Linux 6.6.
    fn attach_to_interface(&self, index: u32, flags: u32) -> Result<LinkKind, Errno> {
        let (Some(raw), Some(fd)) = (self.raw(), self.fd()) else { return Err(Errno::EINVAL) };
        // SAFETY: the program is valid as long as `self`.
        let (kind, attach_type) = unsafe {
            let raw = raw.as_ptr();
            (libbpf_sys::bpf_program__type(raw), libbpf_sys::bpf_program__expected_attach_type(raw))
        };
        let direction = match attach_type {
            _ if kind != libbpf_sys::BPF_PROG_TYPE_SCHED_CLS => return self.attach_to(index as i32, flags),
            libbpf_sys::BPF_TCX_INGRESS => Direction::In,
            libbpf_sys::BPF_TCX_EGRESS => Direction::Out,
            0 => return Filter::attach(fd.as_raw_fd(), index, Direction::In).map(LinkKind::Filter),
            _ => return self.attach_to(index as i32, 0),
        };
        // The flags are XDP's.
        match self.attach_to(index as i32, 0) {
            Err(Errno::EINVAL) => Filter::attach(fd.as_raw_fd(), index, direction).map(LinkKind::Filter),
            result => result,
        }
    }

    /// Makes the kernel's link between the program and `target`: an interface index or a descriptor, as the
    /// program's expected attach type (which libbpf sets from the section) wants it.
    fn attach_to(&self, target: i32, flags: u32) -> Result<LinkKind, Errno> {
        let (Some(raw), Some(fd)) = (self.raw(), self.fd()) else { return Err(Errno::EINVAL) };
        let options = libbpf_sys::bpf_link_create_opts {
            sz: size_of::<libbpf_sys::bpf_link_create_opts>() as libbpf_sys::size_t,
            flags,
            ..Default::default()
        };
        // SAFETY: descriptors and options are valid for the call; a non-negative result is a new descriptor.
        unsafe {
            let attach_type = libbpf_sys::bpf_program__expected_attach_type(raw.as_ptr());
            let options = if flags == 0 { ptr::null() } else { &raw const options };
            let link = libbpf_sys::bpf_link_create(fd.as_raw_fd(), target, attach_type, options);
            match Errno::from_return(link) {
                Some(errno) => Err(errno),
                None => Ok(LinkKind::Descriptor(OwnedFd::from_raw_fd(link))),
            }
        }
    }
}

impl Map {
    /// Puts the callbacks of a struct_ops map to work.
    pub fn attach(&self) -> Result<Link, AttachError> {
        let fail = |errno, messages: Vec<Message>| AttachError {
            name: self.name().to_owned(),
            target: "the kernel's callbacks".to_owned(),
            errno,
            messages,
        };
        let Some(map) = self.object.object.maps().nth(self.index).filter(|_| self.is_struct_ops()) else {
            return Err(fail(Errno::EINVAL, Vec::new()));
        };
        let (link, messages) = message::capture(|| {
            let _guard = self.object.attaching.lock().unwrap_or_else(PoisonError::into_inner);
            // SAFETY: the map is a loaded struct_ops map of an object that `self.object` keeps.
            take_link(unsafe { libbpf_sys::bpf_map__attach_struct_ops(map.as_libbpf_object().as_ptr()) })
                .map(LinkKind::Libbpf)
        });
        match link {
            Ok(kind) => Ok(Link { kind, name: self.name().to_owned(), _object: Arc::clone(&self.object) }),
            Err(errno) => Err(fail(errno, messages)),
        }
    }
}

/// Owns what a libbpf attach function returned.
pub(crate) fn take_link(link: *mut libbpf_sys::bpf_link) -> Result<libbpf_rs::Link, Errno> {
    match NonNull::new(link) {
        // SAFETY: libbpf 1.x returns null for failure and otherwise a link that the caller owns.
        Some(link) => Ok(unsafe { libbpf_rs::Link::from_ptr(link) }),
        None => Err(Errno::last()),
    }
}

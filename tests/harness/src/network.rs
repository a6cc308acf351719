//! Network devices of a plan's own, in namespaces that nobody else sees and that vanish with the process.
//!
//! Promises: addresses, MACs and neighbours are fixed and IPv6 is off, so that the only packets are those of the workloads; the
//! machine's own devices are not touched. Leaves out: the traffic.
//!
//! `Loopback`: `lo` of a new namespace, up. `Veth`: 10.77.0.1 on `veth0` here, 10.77.0.2 on `veth1` there; made with the `ip` command.

use crate::{plan::Place, sys};
use std::{
    fs::{self, File},
    io,
    os::fd::AsFd,
    process::{self, Command},
};

/// The devices of one plan.
#[derive(Debug)]
pub struct Network {
    /// Index of the device that programs attach to.
    pub device: u32,
    /// Whether programs run in the driver-independent mode: the loopback device has no other.
    pub generic: bool,
    sides: Option<(File, File)>,
}

impl Network {
    /// Moves this thread to a new namespace with the devices for `place`.
    pub fn open(place: Place) -> Result<Option<Self>, String> {
        let made = match place {
            Place::Nowhere | Place::Cgroup | Place::Clock | Place::Socket => return Ok(None),
            Place::Loopback | Place::NetNamespace | Place::LocalIn => {
                Self::loopback().map_err(|e| e.to_string())
            }
            Place::Veth => Self::veth(false),
            Place::VethGeneric => Self::veth(true),
        };
        made.map(Some).map_err(|e| format!("no network of its own: {e}"))
    }

    fn loopback() -> io::Result<Self> {
        sys::unshare_network()?;
        quiet();
        sys::raise_loopback()?;
        Ok(Self { device: sys::device_index(c"lo")?, generic: true, sides: None })
    }

    fn veth(generic: bool) -> Result<Self, String> {
        let open = || File::open("/proc/thread-self/ns/net");
        let there = new_side(open)?;
        let here = new_side(open)?;
        let namespace = format!("/proc/{}/fd/{}", process::id(), std::os::fd::AsRawFd::as_raw_fd(&there));
        ip("link add veth0 address 02:00:00:00:00:01 type veth peer name veth1 address 02:00:00:00:00:02")?;
        ip(&format!("link set veth1 netns {namespace}"))?;
        set_up("veth0", "10.77.0.1", "10.77.0.2", "02:00:00:00:00:02")?;
        let network = Self {
            device: sys::device_index(c"veth0").map_err(|e| e.to_string())?,
            generic,
            sides: Some((here, there)),
        };
        network.on_the_other_side(|| set_up("veth1", "10.77.0.2", "10.77.0.1", "02:00:00:00:00:01"))?;
        Ok(network)
    }

    /// Does `work` where the workloads are: in the other namespace, if there is one.
    pub fn on_the_other_side<T>(&self, work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
        let Some((here, there)) = &self.sides else { return work() };
        let enter = |side: &File| {
            sys::enter_network(side.as_fd()).map_err(|e| format!("cannot change the namespace: {e}"))
        };
        enter(there)?;
        let result = work();
        enter(here)?;
        result
    }
}

fn new_side(open: impl Fn() -> io::Result<File>) -> Result<File, String> {
    let made = sys::unshare_network().and_then(|()| open()).map_err(|e| e.to_string());
    quiet();
    made
}

/// Turns IPv6 off for devices to come: its neighbour discovery would be counted by programs under test.
fn quiet() {
    // A kernel without IPv6 has no such file, and nothing to turn off.
    for scope in ["all", "default"] {
        let _ = fs::write(format!("/proc/sys/net/ipv6/conf/{scope}/disable_ipv6"), "1");
    }
}

fn set_up(device: &str, address: &str, peer: &str, peer_mac: &str) -> Result<(), String> {
    ip("link set lo up")?;
    ip(&format!("address add {address}/24 dev {device}"))?;
    ip(&format!("link set {device} up"))?;
    ip(&format!("neighbour replace {peer} lladdr {peer_mac} dev {device} nud permanent"))
}

fn ip(arguments: &str) -> Result<(), String> {
    let output = Command::new("ip")
        .args(arguments.split(' '))
        .output()
        .map_err(|e| format!("the command `ip` (package iproute2): {e}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("`ip {arguments}`: {}", String::from_utf8_lossy(&output.stderr).trim()))
}

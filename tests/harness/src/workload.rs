//! Workloads: processes that do one known thing a known number of times, so that a program's counts can be held against it.
//!
//! Promises: the work is done by the process whose id is reported, and by no other; every workload ends by itself; nothing but the
//! program that runs the plan is needed on the machine (a VM has no shell).
//! Leaves out: what the programs made of it.
//!
//! The runner starts itself again with [`FLAG`]; its `main` must call [`main_if_asked`] before anything else.

use crate::{load, plan::Work, sockets, static_probe as probe, sys, values::Variables};
use std::{
    env, fs,
    io::{self, Read as _, Write},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{self, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// The argument with which a runner starts itself as a workload.
pub const FLAG: &str = "--pbpf-workload";

/// The variable with the folder of the control group to join.
const GROUP: &str = "PBPF_WORKLOAD_CGROUP";

/// The name that the kernel shows for a workload.
const NAME: &std::ffi::CStr = c"pbpf-work";

/// How long a reply may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long it may take where programs under test may drop everything.
const IMPATIENCE: Duration = Duration::from_millis(200);

/// Calls without arguments and without effect, for counting.
const CALLS: &[(&str, libc::c_long)] = &[
    ("getpid", libc::SYS_getpid),
    ("getppid", libc::SYS_getppid),
    ("getuid", libc::SYS_getuid),
    ("getgid", libc::SYS_getgid),
    ("gettid", libc::SYS_gettid),
    ("sched_yield", libc::SYS_sched_yield),
    ("getpgrp", libc::SYS_getpgrp),
];

/// Whether `Work::Syscall` knows the call.
pub fn knows_call(name: &str) -> bool {
    CALLS.iter().any(|(known, _)| *known == name)
}

/// Does `work` in a process of its own and waits for its end: what is known about the process, and the count that it reports.
/// It joins `group`, the folder of a control group, before.
pub fn run(work: &Work, group: Option<&Path>) -> Result<(Variables, u64), String> {
    let failed = |e: io::Error| format!("the workload cannot be started: {e}");
    let me = env::current_exe().map_err(failed)?;
    let json = serde_json::to_string(work).map_err(|e| e.to_string())?;
    // The standard library starts it by one `execve`, the first that `Work::Exec` counts.
    let child = Command::new(me)
        .args([FLAG, &json])
        .envs(group.map(|group| (GROUP, group)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let variables =
        Variables { pid: child.id(), parent: process::id(), comm: NAME.to_string_lossy().into_owned() };
    let output = child.wait_with_output().map_err(failed)?;
    let said = String::from_utf8_lossy(&output.stdout);
    match said.trim().parse() {
        Ok(count) if output.status.success() => Ok((variables, count)),
        _ => Err(format!("the workload failed: {}", String::from_utf8_lossy(&output.stderr).trim())),
    }
}

/// Does the work and ends the process, if this process was started as a workload.
pub fn main_if_asked() {
    let mut arguments = env::args().skip(1);
    if arguments.next().as_deref() != Some(FLAG) {
        return;
    }
    sys::set_name(NAME);
    let joined = match env::var_os(GROUP) {
        Some(group) => fs::write(PathBuf::from(group).join("cgroup.procs"), "0"),
        None => Ok(()),
    };
    let result = match serde_json::from_str(&arguments.next().unwrap_or_default()) {
        _ if joined.is_err() => Err("the control group cannot be joined".to_owned()),
        Ok(work) => perform(&work).map_err(|e| e.to_string()),
        Err(e) => Err(format!("not a workload: {e}")),
    };
    let status = match result {
        Ok(count) => writeln!(io::stdout(), "{count}").is_err().into(),
        Err(message) => {
            // Nobody is left to tell if this fails.
            let _ = writeln!(io::stderr(), "{message}");
            1
        }
    };
    process::exit(status);
}

fn perform(work: &Work) -> io::Result<u64> {
    match work {
        Work::Exec(times) if *times > 1 => {
            let rest = serde_json::to_string(&Work::Exec(times - 1))?;
            Err(Command::new(env::current_exe()?).args([FLAG, &rest]).exec())
        }
        Work::Exec(_) => Ok(1),
        Work::Unlink(name) => {
            let folder = own_folder()?;
            let result = fs::write(folder.join(name), "x").and_then(|()| fs::remove_file(folder.join(name)));
            fs::remove_dir_all(&folder)?;
            result.map(|()| 1)
        }
        Work::Open(times) => {
            let missing = (0..*times).filter(|_| fs::File::open("/pbpf-no-such-file").is_err());
            Ok(missing.count() as u64)
        }
        Work::Syscall(name, times) => {
            let (_, number) =
                CALLS.iter().find(|(known, _)| known == name).ok_or(io::Error::other("no such call"))?;
            (0..*times).for_each(|_| sys::call(*number));
            Ok(u64::from(*times))
        }
        Work::Sleep(milliseconds) => {
            thread::sleep(Duration::from_millis(u64::from(*milliseconds)));
            Ok(1)
        }
        Work::Spin(threads, milliseconds) => {
            let until = Instant::now() + Duration::from_millis(u64::from(*milliseconds));
            let workers: Vec<_> = (0..*threads).map(|_| thread::spawn(move || spin(until))).collect();
            Ok(workers.into_iter().map(|w| w.join().unwrap_or(0)).sum())
        }
        Work::Wake(pairs, milliseconds) => {
            load::wake(*pairs, Duration::from_millis(u64::from(*milliseconds)))
        }
        Work::Busy(nice, milliseconds) => load::busy(*nice, Duration::from_millis(u64::from(*milliseconds))),
        Work::Share(rivals, milliseconds) => load::share(*rivals, *milliseconds),
        Work::Probe(times) => {
            for round in 1..=*times {
                probe::pass(round);
                probe::pbpf_traced(round, c"round".as_ptr(), -i64::from(round));
            }
            Ok(u64::from(*times))
        }
        Work::Sockets(4) => sockets::internet(Ipv4Addr::LOCALHOST.into()),
        Work::Sockets(6) => sockets::internet(Ipv6Addr::LOCALHOST.into()),
        Work::Sockets(_) => {
            let folder = own_folder()?;
            let done = sockets::unix(&folder);
            fs::remove_dir_all(&folder)?;
            done
        }
        Work::Ping(address, times) => ping(address, *times),
        Work::Udp(address, times) => {
            let socket = UdpSocket::bind("0.0.0.0:0")?;
            let sent =
                (0..*times).filter(|n| socket.send_to(format!("{n}").as_bytes(), address.as_str()).is_ok());
            Ok(sent.count() as u64)
        }
        Work::Tcp(address, times) => {
            let address: SocketAddr = address.parse().map_err(io::Error::other)?;
            let answered = (0..*times).filter(|_| match TcpStream::connect_timeout(&address, IMPATIENCE) {
                Ok(_) => true,
                Err(error) => error.kind() == io::ErrorKind::ConnectionRefused,
            });
            Ok(answered.count() as u64)
        }
        Work::Frame(frame, answer) => {
            let socket = sys::frame_socket(c"veth1")?;
            socket.send(frame)?;
            let Some(answer) = answer else { return Ok(1) };
            let until = Instant::now() + PATIENCE;
            let mut buffer = [0; 2048];
            loop {
                let left = until.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return Ok(0);
                }
                socket.set_read_timeout(Some(left))?;
                // What came may be longer, as short frames are filled up.
                if socket.recv(&mut buffer).is_ok_and(|length| buffer[..length].starts_with(answer)) {
                    return Ok(1);
                }
            }
        }
        Work::TcpEcho(times) => tcp_echo(*times),
        Work::UdpEcho(address, times) => {
            let receiver = UdpSocket::bind(address.as_str())?;
            receiver.set_read_timeout(Some(PATIENCE))?;
            let sender = UdpSocket::bind("0.0.0.0:0")?;
            let mut arrived = 0;
            for n in 0..*times {
                sender.send_to(format!("{n}").as_bytes(), address.as_str())?;
                arrived += u64::from(receiver.recv(&mut [0; 64]).is_ok());
            }
            Ok(arrived)
        }
    }
}

fn own_folder() -> io::Result<PathBuf> {
    let folder = env::temp_dir().join(format!("pbpf-work-{}", process::id()));
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn spin(until: Instant) -> u64 {
    let mut rounds = 0;
    while Instant::now() < until {
        rounds += 1;
        // Giving the processor away now and then is what makes work for a scheduler.
        if rounds % 1000 == 0 {
            thread::yield_now();
        }
    }
    rounds
}

/// Lines of 16 bytes to a server and back; the bytes that came back.
fn tcp_echo(times: u32) -> io::Result<u64> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let server = thread::spawn(move || -> io::Result<()> {
        let (mut stream, _) = listener.accept()?;
        let mut line = [0; 16];
        for _ in 0..times {
            stream.read_exact(&mut line)?;
            stream.write_all(&line)?;
        }
        Ok(())
    });
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let (mut line, mut came) = ([b'x'; 16], 0);
    for _ in 0..times {
        stream.write_all(&line)?;
        stream.read_exact(&mut line)?;
        came += 16;
    }
    server.join().unwrap_or_else(|_| Err(io::Error::other("the server panicked")))?;
    Ok(came)
}

fn ping(address: &str, times: u32) -> io::Result<u64> {
    let target: SocketAddr = format!("{address}:0").parse().map_err(io::Error::other)?;
    let socket = sys::icmp_socket()?;
    // After the first lost reply, not long for each: a program under test may drop them all.
    let mut patience = PATIENCE;
    let id = (process::id() as u16).to_be_bytes();
    let mut replies = 0;
    for n in 0..times {
        let number = (n as u16).to_be_bytes();
        let mut request = vec![8, 0, 0, 0, id[0], id[1], number[0], number[1]];
        request.extend(b"pbpf test traffic");
        let sum = crate::packets::checksum(&[&request]).to_be_bytes();
        request[2..4].copy_from_slice(&sum);
        socket.send_to(&request, target)?;
        if await_reply(&socket, &request[4..8], patience)? {
            replies += 1;
        } else {
            patience = IMPATIENCE;
        }
    }
    Ok(replies)
}

/// Whether an echo reply with this id and number comes in time. A raw socket sees every ICMP packet, with its IPv4 header.
fn await_reply(socket: &UdpSocket, wanted: &[u8], patience: Duration) -> io::Result<bool> {
    let until = Instant::now() + patience;
    let mut buffer = [0; 256];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(false);
        }
        socket.set_read_timeout(Some(left))?;
        let Ok(length) = socket.recv(&mut buffer) else { return Ok(false) };
        let header = usize::from(buffer[0] & 15) * 4;
        if length >= header + 8 && buffer[header] == 0 && buffer[header + 4..header + 8] == *wanted {
            return Ok(true);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]
    use super::*;

    #[test]
    fn work_in_this_process() {
        assert_eq!(perform(&Work::Unlink("a".to_owned())).unwrap(), 1);
        assert_eq!(perform(&Work::Open(3)).unwrap(), 3);
        assert_eq!(perform(&Work::Syscall("getppid".to_owned(), 4)).unwrap(), 4);
        assert!(perform(&Work::Syscall("reboot".to_owned(), 1)).is_err());
        assert!(perform(&Work::Spin(2, 5)).unwrap() > 0);
        assert!(perform(&Work::Wake(1, 5)).unwrap() > 0);
        assert_eq!(perform(&Work::UdpEcho("127.0.0.1:0".to_owned(), 0)).unwrap(), 0);
    }
}

//! Sockets that talk to each other in one process: every call that has an address.
//!
//! Promises: what is bound, connected, sent, received and asked for is so by the process itself, on the loopback device or beside a file.
//! Leaves out: what programs make of the addresses; a call that fails is not counted.

use std::{
    io,
    net::{IpAddr, TcpListener, TcpStream, UdpSocket},
    os::unix::net::{UnixDatagram, UnixListener, UnixStream},
    path::Path,
    time::Duration,
};

/// Datagrams and a connection between sockets of an address; the calls that succeeded, 9 of them if all do.
pub(crate) fn internet(address: IpAddr) -> io::Result<u64> {
    let mut done = 0;
    let mut count = |succeeded: bool| done += u64::from(succeeded);
    let receiver = UdpSocket::bind((address, 0))?;
    receiver.set_read_timeout(Some(Duration::from_secs(1)))?;
    let sender = UdpSocket::bind((address, 0))?;
    let to = receiver.local_addr()?;
    count(sender.send_to(b"unconnected", to).is_ok());
    count(receiver.recv_from(&mut [0; 16]).is_ok());
    count(sender.connect(to).is_ok());
    count(sender.send(b"connected").is_ok());
    count(receiver.recv_from(&mut [0; 16]).is_ok());
    let listener = TcpListener::bind((address, 0))?;
    let stream = TcpStream::connect(listener.local_addr()?);
    count(stream.is_ok());
    if let Ok(stream) = stream {
        count(listener.accept().is_ok());
        count(stream.peer_addr().is_ok());
        count(stream.local_addr().is_ok());
    }
    Ok(done)
}

/// The same of sockets that are named by files in a folder; 7 calls if all succeed.
pub(crate) fn unix(folder: &Path) -> io::Result<u64> {
    let mut done = 0;
    let mut count = |succeeded: bool| done += u64::from(succeeded);
    let (to, from) = (folder.join("to"), folder.join("from"));
    let receiver = UnixDatagram::bind(&to)?;
    receiver.set_read_timeout(Some(Duration::from_secs(1)))?;
    let sender = UnixDatagram::bind(&from)?;
    count(sender.send_to(b"unconnected", &to).is_ok());
    count(receiver.recv_from(&mut [0; 16]).is_ok());
    count(sender.connect(&to).is_ok());
    // The end of a stream that connects has no name to tell.
    count(receiver.local_addr().is_ok());
    let listener = UnixListener::bind(folder.join("stream"))?;
    let stream = UnixStream::connect(folder.join("stream"));
    count(stream.is_ok());
    if let Ok(stream) = stream {
        count(listener.accept().is_ok());
        count(stream.peer_addr().is_ok());
    }
    Ok(done)
}

use crate::KernelError;
use flumen_abi::{Addr, PortBe};
use procfs_core::net::{TcpNetEntries, TcpState, UdpNetEntries};
use procfs_core::{ExplicitSystemInfo, FromReadSI};
use std::fs::File;
use std::io::ErrorKind;
use std::net::SocketAddr;

/// A socket of the host that waits for packets of one remote end alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectedSocket {
    /// IP protocol: TCP or UDP.
    pub proto: u8,
    /// Its own end.
    pub local: (Addr, PortBe),
    /// The other.
    pub remote: (Addr, PortBe),
}

const TCP: u8 = 6;
const UDP: u8 = 17;

/// Every TCP connection, and every UDP socket with a remote end, of the calling thread's network namespace.
pub(crate) fn connected_sockets() -> Result<Vec<ConnectedSocket>, KernelError> {
    let mut sockets = Vec::new();
    for name in ["tcp", "tcp6"] {
        let Some(TcpNetEntries(entries)) = table(name)? else { continue };
        let connected = entries.iter().filter(|entry| entry.state != TcpState::Listen);
        sockets.extend(connected.map(|entry| socket(TCP, entry.local_address, entry.remote_address)));
    }
    for name in ["udp", "udp6"] {
        let Some(UdpNetEntries(entries)) = table(name)? else { continue };
        let connected = entries.iter().filter(|entry| entry.remote_address.port() != 0);
        sockets.extend(connected.map(|entry| socket(UDP, entry.local_address, entry.remote_address)));
    }
    Ok(sockets)
}

/// A socket table of `/proc`; none on a host without the protocol.
fn table<T: FromReadSI>(name: &str) -> Result<Option<T>, KernelError> {
    let path = format!("/proc/thread-self/net/{name}");
    let failed = |error| KernelError::system(format!("read {path}"), error);
    let file = match File::open(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(failed)?,
    };
    // Of these only the byte order has a meaning for socket tables.
    let system = ExplicitSystemInfo {
        boot_time_secs: 0,
        ticks_per_second: 0,
        page_size: 0,
        is_little_endian: cfg!(target_endian = "little"),
    };
    T::from_read(file, &system).map(Some).map_err(|error| failed(std::io::Error::other(error)))
}

fn socket(proto: u8, local: SocketAddr, remote: SocketAddr) -> ConnectedSocket {
    let end = |address: SocketAddr| (Addr::from(address.ip()), PortBe::new(address.port()));
    ConnectedSocket { proto, local: end(local), remote: end(remote) }
}

#[cfg(test)]
mod tests {
    use super::{TCP, UDP, connected_sockets, socket};
    use std::net::{TcpListener, TcpStream, UdpSocket};

    #[test]
    fn connections_and_connected_udp_sockets_are_seen_and_those_that_merely_wait_are_not() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let waiting = UdpSocket::bind("[::1]:0").unwrap();
        let asking = UdpSocket::bind("[::1]:0").unwrap();
        asking.connect(waiting.local_addr().unwrap()).unwrap();
        let seen = connected_sockets().unwrap();
        for wanted in [
            socket(TCP, stream.local_addr().unwrap(), stream.peer_addr().unwrap()),
            socket(UDP, asking.local_addr().unwrap(), asking.peer_addr().unwrap()),
        ] {
            assert!(seen.contains(&wanted), "{wanted:?}");
        }
        let local = |address: std::net::SocketAddr| {
            move |s: &&super::ConnectedSocket| s.local.1.get() == address.port()
        };
        assert_eq!(seen.iter().find(local(waiting.local_addr().unwrap())), None);
    }
}

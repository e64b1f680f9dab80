use crate::KernelError;
use std::fmt;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::Duration;

/// Somebody who is to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// To ping.
    Ping(IpAddr),
    /// To a SYN.
    Tcp(SocketAddr),
}

/// A look waits so long for an answer.
const PATIENCE: Duration = Duration::from_secs(1);

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Ping(address) => write!(f, "ping of {address}"),
            Target::Tcp(to) => write!(f, "TCP to {to}"),
        }
    }
}

/// Why `target` does not answer within a second; none when it does. The answer may take that long.
///
/// # Errors
/// When nobody can be asked: for a ping without the right to send one (`CAP_NET_RAW`, or a group in
/// `net.ipv4.ping_group_range`).
pub(crate) fn reach(target: &Target) -> Result<Option<String>, KernelError> {
    let failed = |error| KernelError::system(target.to_string(), error);
    match target {
        Target::Ping(address) => match ping::ping(*address, PATIENCE) {
            Ok(_) => Ok(None),
            Err(ping::Error::Timeout) => Ok(Some("no answer within a second".to_owned())),
            Err(ping::Error::IoError { error }) if cannot_be_asked(&error) => Err(failed(error)),
            // No route, a prohibited route, a link that is down: whatever keeps a packet from leaving.
            Err(other) => Ok(Some(other.to_string())),
        },
        Target::Tcp(to) => match TcpStream::connect_timeout(to, PATIENCE) {
            Ok(_) => Ok(None),
            Err(error) => match error.kind() {
                ErrorKind::TimedOut => Ok(Some("no answer within a second".to_owned())),
                _ if cannot_be_asked(&error) => Err(failed(error)),
                _ => Ok(Some(error.to_string())),
            },
        },
    }
}

/// Nothing is known of the target: this process lacks a right, a descriptor or memory.
fn cannot_be_asked(error: &std::io::Error) -> bool {
    use nix::errno::Errno;
    let errno = error.raw_os_error().map(Errno::from_raw);
    let lacking = [Errno::EACCES, Errno::EPERM, Errno::EMFILE, Errno::ENFILE, Errno::ENOBUFS, Errno::ENOMEM];
    errno.is_some_and(|errno| lacking.contains(&errno))
}

/// How a TCP connection of this host stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionState {
    /// It is there; what was sent is acknowledged, or may still be.
    Alive,
    /// What was sent was sent again so many times, without an answer.
    Unanswered {
        /// Since the last answer.
        retransmits: u32,
    },
    /// There is none, or none any more.
    Gone,
}

/// Segments that were sent again so often in a row are not answered any more: on a path that loses one in ten, that happens
/// once in a hundred times.
const UNANSWERED: u32 = 2;

/// How the TCP connection from `from` to `to`, an address and port of this host, stands.
///
/// # Errors
/// When the kernel's table cannot be read.
pub(crate) fn connection(from: SocketAddr, to: SocketAddr) -> Result<ConnectionState, KernelError> {
    for name in ["tcp", "tcp6"] {
        let path = format!("/proc/thread-self/net/{name}");
        let table = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            read => read.map_err(|error| KernelError::system(format!("read {path}"), error))?,
        };
        if let Some(state) = find(&table, name == "tcp6", from, to) {
            return Ok(state);
        }
    }
    Ok(ConnectionState::Gone)
}

/// Looks a connection up in a socket table (`tcp4_seq_show`, net/ipv4/tcp_ipv4.c): own end, other end, state, queues,
/// timer, retransmits.
fn find(table: &str, is_v6: bool, from: SocketAddr, to: SocketAddr) -> Option<ConnectionState> {
    const ESTABLISHED: &str = "01";
    let (own, other) = (end(to, is_v6)?, end(from, is_v6)?);
    let mut lines = table.lines().skip(1).map(|line| line.split_ascii_whitespace().collect::<Vec<_>>());
    let line = lines.find(|line| line.get(1) == Some(&&*own) && line.get(2) == Some(&&*other))?;
    let retransmits = line.get(6).and_then(|hex| u32::from_str_radix(hex, 16).ok())?;
    Some(match line.get(3) {
        Some(&ESTABLISHED) if retransmits < UNANSWERED => ConnectionState::Alive,
        Some(&ESTABLISHED) => ConnectionState::Unanswered { retransmits },
        _ => ConnectionState::Gone,
    })
}

/// An end as the tables write it: words of the address in this machine's order; none when the table cannot hold it.
fn end(address: SocketAddr, is_v6: bool) -> Option<String> {
    let words = |octets: &[u8]| -> String {
        let words = octets.chunks_exact(4);
        words
            .map(|word| format!("{:08X}", u32::from_ne_bytes([word[0], word[1], word[2], word[3]])))
            .collect()
    };
    let text = match (address.ip().to_canonical(), is_v6) {
        (IpAddr::V4(v4), false) => words(&v4.octets()),
        (IpAddr::V4(v4), true) => words(&v4.to_ipv6_mapped().octets()),
        (IpAddr::V6(v6), true) => words(&v6.octets()),
        (IpAddr::V6(_), false) => return None,
    };
    Some(format!("{text}:{:04X}", address.port()))
}

#[cfg(test)]
mod tests {
    use super::{ConnectionState, Target, connection, find, reach};
    use std::net::{Ipv6Addr, SocketAddr, TcpListener, TcpStream};

    #[test]
    fn a_port_that_listens_answers_and_a_closed_one_does_not() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let to = listener.local_addr().unwrap();
        assert_eq!(reach(&Target::Tcp(to)).unwrap(), None);
        drop(listener);
        assert!(reach(&Target::Tcp(to)).unwrap().unwrap().contains("refused"));
    }

    #[test]
    fn a_connection_lives_until_an_end_is_closed_and_is_found_by_both_families() {
        for bound in ["127.0.0.1:0", "[::1]:0", "[::]:0"] {
            let listener = TcpListener::bind(bound).unwrap();
            let mut to = listener.local_addr().unwrap();
            if to.ip() == Ipv6Addr::UNSPECIFIED {
                to.set_ip([127, 0, 0, 1].into());
            }
            let client = TcpStream::connect(to).unwrap();
            let (server, from) = listener.accept().unwrap();
            let from = SocketAddr::new(from.ip().to_canonical(), from.port());
            assert_eq!(connection(from, to).unwrap(), ConnectionState::Alive, "{bound}");
            assert_eq!(connection(from, "192.0.2.1:22".parse().unwrap()).unwrap(), ConnectionState::Gone);
            drop((client, server));
            assert_eq!(connection(from, to).unwrap(), ConnectionState::Gone, "{bound}");
        }
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn segments_that_are_sent_again_and_again_are_not_answered() {
        let table = |retransmits: &str| {
            format!(
                "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
                 0: 017100CB:0016 090200C0:C822 01 00000024:00000000 01:00000018 {retransmits}     0        0 1 4\n"
            )
        };
        let look = |retransmits: &str| {
            let (from, to) = ("192.0.2.9:51234".parse().unwrap(), "203.0.113.1:22".parse().unwrap());
            find(&table(retransmits), false, from, to)
        };
        assert_eq!(look("00000000"), Some(ConnectionState::Alive));
        assert_eq!(look("00000001"), Some(ConnectionState::Alive));
        assert_eq!(look("00000005"), Some(ConnectionState::Unanswered { retransmits: 5 }));
        assert_eq!(look("x"), None);
    }
}

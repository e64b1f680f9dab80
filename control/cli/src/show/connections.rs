use crate::failure::Failure;
use crate::table::Table;
use procfs_core::net::{TcpNetEntries, TcpState, UdpNetEntries};
use procfs_core::{ExplicitSystemInfo, FromBufReadSI};
use serde::Serialize;
use std::fs::File;
use std::io::{BufReader, ErrorKind};
use std::net::SocketAddr;

/// What `show system connections` prints.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct ConnectionsReport {
    /// TCP, then UDP.
    pub(crate) connections: Vec<Connection>,
}

/// A socket of the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Connection {
    /// `tcp` or `udp`.
    pub(crate) protocol: &'static str,
    /// Own end.
    pub(crate) local: SocketAddr,
    /// Other end; unspecified where there is none.
    pub(crate) remote: SocketAddr,
    /// In the words of RFC 9293; empty for UDP.
    pub(crate) state: &'static str,
}

/// The sockets of this host, which the kernel keeps: sessions that pass the gateway are elsewhere.
///
/// # Errors
/// When the kernel does not tell.
pub(crate) fn read() -> Result<ConnectionsReport, Failure> {
    let mut connections = Vec::new();
    for path in ["/proc/net/tcp", "/proc/net/tcp6"] {
        if let Some(TcpNetEntries(entries)) = table(path)? {
            connections.extend(entries.into_iter().map(|entry| Connection {
                protocol: "tcp",
                local: entry.local_address,
                remote: entry.remote_address,
                state: state(&entry.state),
            }));
        }
    }
    for path in ["/proc/net/udp", "/proc/net/udp6"] {
        if let Some(UdpNetEntries(entries)) = table(path)? {
            connections.extend(entries.into_iter().map(|entry| Connection {
                protocol: "udp",
                local: entry.local_address,
                remote: entry.remote_address,
                state: "",
            }));
        }
    }
    Ok(ConnectionsReport { connections })
}

/// A table of the kernel; none where the kernel has not this family.
fn table<T: FromBufReadSI>(path: &str) -> Result<Option<T>, Failure> {
    let failed = |error: String| Failure::Failed(format!("cannot read {path}: {error}"));
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error.to_string())),
    };
    // Addresses are written in the byte order of the machine; the rest is not asked for.
    let machine = ExplicitSystemInfo {
        boot_time_secs: 0,
        ticks_per_second: 100,
        page_size: 4096,
        is_little_endian: cfg!(target_endian = "little"),
    };
    T::from_buf_read(BufReader::new(file), &machine).map(Some).map_err(|error| failed(error.to_string()))
}

const fn state(state: &TcpState) -> &'static str {
    match state {
        TcpState::Established => "ESTABLISHED",
        TcpState::SynSent => "SYN-SENT",
        TcpState::SynRecv | TcpState::NewSynRecv => "SYN-RECEIVED",
        TcpState::FinWait1 => "FIN-WAIT-1",
        TcpState::FinWait2 => "FIN-WAIT-2",
        TcpState::TimeWait => "TIME-WAIT",
        TcpState::Close => "CLOSED",
        TcpState::CloseWait => "CLOSE-WAIT",
        TcpState::LastAck => "LAST-ACK",
        TcpState::Listen => "LISTEN",
        TcpState::Closing => "CLOSING",
    }
}

/// One line each.
pub(crate) fn render(report: &ConnectionsReport) -> String {
    let mut table = Table::new(["PROTOCOL", "LOCAL", "REMOTE", "STATE"]);
    for connection in &report.connections {
        let remote = if connection.remote.port() == 0 && connection.remote.ip().is_unspecified() {
            "*".to_owned()
        } else {
            connection.remote.to_string()
        };
        let (protocol, local) = (connection.protocol.to_owned(), connection.local.to_string());
        table.row([protocol, local, remote, connection.state.to_owned()]);
    }
    table.print()
}

#[cfg(test)]
mod tests {
    use super::{read, render};
    use crate::show::plain;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn sockets_of_both_families_are_shown_with_their_state() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = listener.local_addr().unwrap();
        let client = TcpStream::connect(own).unwrap();
        let text = plain(&render(&read().unwrap()));
        let line = |wanted: &str| text.lines().any(|line| line.contains(wanted));
        assert!(text.lines().any(|line| {
            line.starts_with("tcp") && line.contains(&own.to_string()) && line.ends_with("LISTEN")
        }));
        assert!(line(&format!("{}", client.local_addr().unwrap())), "{text}");
        if let Ok(listener) = TcpListener::bind("[::1]:0") {
            let own = listener.local_addr().unwrap().to_string();
            assert!(plain(&render(&read().unwrap())).contains(&own));
        }
    }
}

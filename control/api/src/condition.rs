use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// What must hold until a commit is confirmed; else the configuration of before comes back early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Condition {
    /// What is looked at, once a second.
    pub watched: Watched,
    /// So many looks in a row may fail; the last of them ends the commit. At least 1.
    #[serde(default = "default_tolerance")]
    pub tolerance: u32,
}

/// What a condition looks at. All but a connection can be written: `ping:ADDRESS`, `tcp:ADDRESS:PORT`, `drops:NUMBER`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Watched {
    /// An address answers to ping.
    Ping {
        /// IPv4 or IPv6.
        address: IpAddr,
    },
    /// A TCP port accepts connections.
    Tcp {
        /// Address and port.
        to: SocketAddr,
    },
    /// A TCP connection of the gateway itself lives: that by which it is managed.
    Connection {
        /// The other end.
        from: SocketAddr,
        /// The gateway's end.
        to: SocketAddr,
    },
    /// At most so many frames are dropped in a second, over all interfaces.
    Drops {
        /// The bound.
        max_pps: u64,
    },
}

/// A text that is no [`Watched`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is nothing to watch: use ping:ADDRESS, tcp:ADDRESS:PORT (tcp:[ADDRESS]:PORT for IPv6), management, or drops:NUMBER"
)]
pub struct WatchedError {
    text: String,
}

impl Condition {
    /// Failed looks in a row that end a commit unless something else is said: one lost packet is no reason.
    pub const TOLERANCE: u32 = 3;

    /// With the default tolerance.
    pub const fn of(watched: Watched) -> Condition {
        Condition { watched, tolerance: Condition::TOLERANCE }
    }
}

fn default_tolerance() -> u32 {
    Condition::TOLERANCE
}

impl FromStr for Watched {
    type Err = WatchedError;

    fn from_str(text: &str) -> Result<Watched, WatchedError> {
        let watched = match text.split_once(':') {
            Some(("ping", address)) => address.parse().ok().map(|address| Watched::Ping { address }),
            Some(("tcp", to)) => {
                let to = to.parse().ok().filter(|to: &SocketAddr| to.port() != 0);
                to.map(|to| Watched::Tcp { to })
            }
            Some(("drops", number)) => number.parse().ok().map(|max_pps| Watched::Drops { max_pps }),
            _ => None,
        };
        watched.ok_or_else(|| WatchedError { text: text.to_owned() })
    }
}

impl fmt::Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Watched::Ping { address } => write!(f, "ping:{address}"),
            Watched::Tcp { to } => write!(f, "tcp:{to}"),
            Watched::Connection { from, to } => write!(f, "connection:{from}-{to}"),
            Watched::Drops { max_pps } => write!(f, "drops:{max_pps}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Watched;

    #[test]
    fn what_is_watched_is_written_as_it_is_read() {
        for text in
            ["ping:192.0.2.1", "ping:2001:db8::1", "tcp:192.0.2.1:22", "tcp:[2001:db8::1]:443", "drops:0"]
        {
            assert_eq!(text.parse::<Watched>().unwrap().to_string(), text);
        }
        for text in ["", "ping", "ping:", "ping:gw", "tcp:192.0.2.1", "tcp:192.0.2.1:0", "drops:-1"] {
            assert!(text.parse::<Watched>().is_err(), "{text}");
        }
    }
}

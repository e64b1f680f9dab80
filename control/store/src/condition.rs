use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// What must hold until a commit is confirmed (`commit confirmed … probe`); else the gateway returns early.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Condition {
    /// What is looked at.
    pub watched: Watched,
    /// So many looks in a row may fail, one a second; the last of them ends the commit. At least 1.
    pub tolerance: u32,
}

/// What a condition looks at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Watched {
    /// An address answers.
    Answers {
        /// IPv4 or IPv6.
        address: IpAddr,
    },
    /// A TCP port accepts connections.
    Connects {
        /// Address and port.
        to: SocketAddr,
    },
    /// The TCP connection by which the gateway is managed still lives.
    ManagementConnection {
        /// The other end.
        from: SocketAddr,
        /// The gateway's end.
        to: SocketAddr,
    },
    /// At most so many packets are dropped in a second, over all interfaces.
    DropRate {
        /// The bound.
        max_pps: u64,
    },
}

/// What a look found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It holds.
    Holds,
    /// It does not; what was found, for the message.
    Fails(String),
    /// It cannot be told yet, or any more: neither good nor bad.
    Unknown,
}

/// Looks at conditions. The caller's; asked by [`crate::Store::tick`], and must not wait.
pub trait Probes {
    /// What is found now.
    fn look(&mut self, watched: &Watched) -> Finding;
}

impl fmt::Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Watched::Answers { address } => write!(f, "{address} answers"),
            Watched::Connects { to } => write!(f, "{to} accepts connections"),
            Watched::ManagementConnection { from, to } => {
                write!(f, "the connection from {from} to {to} lives")
            }
            Watched::DropRate { max_pps } => write!(f, "at most {max_pps} packets are dropped in a second"),
        }
    }
}

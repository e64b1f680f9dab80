//! The address plan of the gateway topology.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::packet::Mac;

/// A link between the gateway and one host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Segment {
    /// The client's side: 10.1.0.0/24, 2001:db8:1::/64.
    Lan,
    /// The server's side: 203.0.113.0/24, 2001:db8:2::/64.
    Wan,
    /// A third side: 10.3.0.0/24, 2001:db8:3::/64.
    Dmz,
}

/// Addresses of one end of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// MAC address.
    pub mac: Mac,
    /// IPv4 address in a /24.
    pub v4: Ipv4Addr,
    /// IPv6 address in a /64.
    pub v6: Ipv6Addr,
}

// === impl Segment ===

impl Segment {
    /// The gateway's interface on it: `lan`, `wan` or `dmz`.
    pub const fn dev(self) -> &'static str {
        match self {
            Self::Lan => "lan",
            Self::Wan => "wan",
            Self::Dmz => "dmz",
        }
    }

    /// The gateway's addresses on it; they end in 1.
    pub fn gateway(self) -> Addresses {
        self.end(1)
    }

    /// The host's addresses on it; they end in 2.
    pub fn host(self) -> Addresses {
        self.end(2)
    }

    fn end(self, host: u8) -> Addresses {
        let (number, v4) = match self {
            Self::Lan => (1, Ipv4Addr::new(10, 1, 0, host)),
            Self::Wan => (2, Ipv4Addr::new(203, 0, 113, host)),
            Self::Dmz => (3, Ipv4Addr::new(10, 3, 0, host)),
        };
        Addresses {
            mac: Mac([2, 0, 0, 0, number, host]),
            v4,
            v6: Ipv6Addr::new(0x2001, 0xdb8, number.into(), 0, 0, 0, 0, host.into()),
        }
    }
}

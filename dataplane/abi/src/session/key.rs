use crate::{Addr, PortBe, ZoneId};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// One direction of one session, as its packets arrive: what session rows are found by.
///
/// 40 bytes, no padding, network byte order. An ICMP query keeps its identifier in `sport`, a reply in
/// `dport`, so that the reverse of one is the other; protocols without ports have zeroes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SessionKey {
    /// Source as it arrives.
    pub src: Addr,
    /// Destination as it arrives.
    pub dst: Addr,
    /// Source port.
    pub sport: PortBe,
    /// Destination port.
    pub dport: PortBe,
    /// Zone it arrives in.
    pub zone: ZoneId,
    /// IP protocol number.
    pub proto: u8,
    /// Zero.
    pub reserved: u8,
}
const _: () = assert!(size_of::<SessionKey>() == 40);

/// Direction of a packet within its session.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Direction {
    /// From the side that opened the session.
    Forward = 0,
    /// Back to it.
    Reverse = 1,
}

// === impl SessionKey ===

impl SessionKey {
    /// True when the addresses are IPv4. Both are of one family.
    #[inline(always)]
    pub const fn is_v4(&self) -> bool {
        self.src.is_v4()
    }
}

// === impl Direction ===

impl Direction {
    /// The other way.
    #[inline(always)]
    pub const fn other(self) -> Direction {
        match self {
            Direction::Forward => Direction::Reverse,
            Direction::Reverse => Direction::Forward,
        }
    }
}

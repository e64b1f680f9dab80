use crate::{Addr, PortBe, ZoneId};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Key of the `fragments` table: one fragmented packet on its way. 40 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct FragmentKey {
    /// Source as it arrives.
    pub src: Addr,
    /// Destination as it arrives.
    pub dst: Addr,
    /// Identification: 16 bits of IPv4, 32 of IPv6; host order.
    pub identification: u32,
    /// Zone it arrives in.
    pub zone: ZoneId,
    /// IP protocol number; 0 for IPv6, where later fragments need not know it (RFC 8200 §4.5).
    pub proto: u8,
    /// Zero.
    pub reserved: u8,
}
const _: () = assert!(size_of::<FragmentKey>() == 40);

/// Value of the `fragments` table: what only the first fragment has. 16 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct FragmentRow {
    /// Source port as it arrives.
    pub sport: PortBe,
    /// Destination port as it arrives.
    pub dport: PortBe,
    /// When the first fragment came, milliseconds of the monotonic clock, truncated to 32 bits.
    pub seen_ms: u32,
    /// Destination port, or ICMP type and code, as rules see it.
    pub service: u16,
    /// Transport protocol.
    pub proto: u8,
    /// Zero.
    pub reserved: u8,
    /// Zero.
    pub reserved2: u32,
}
const _: () = assert!(size_of::<FragmentRow>() == 16);

impl FragmentRow {
    /// Reassembly time limit (RFC 791 asks 15 s, Linux waits 30 s).
    pub const LIFETIME_MS: u32 = 30_000;
}

//! ARP for IPv4 over Ethernet (RFC 826).

use zerocopy::byteorder::network_endian::U16;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// ARP packet, 28 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct Arp {
    /// Hardware type; 1 is Ethernet.
    pub htype: U16,
    /// Protocol type; 0x0800 is IPv4.
    pub ptype: U16,
    /// Hardware address length; 6.
    pub hlen: u8,
    /// Protocol address length; 4.
    pub plen: u8,
    /// 1 request, 2 reply.
    pub operation: U16,
    /// Sender hardware address.
    pub sha: [u8; 6],
    /// Sender protocol address.
    pub spa: [u8; 4],
    /// Target hardware address.
    pub tha: [u8; 6],
    /// Target protocol address.
    pub tpa: [u8; 4],
}

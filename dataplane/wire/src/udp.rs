//! UDP (RFC 768).

use zerocopy::byteorder::network_endian::U16;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// UDP header, 8 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct Udp {
    /// Source port.
    pub sport: U16,
    /// Destination port.
    pub dport: U16,
    /// Header and data, bytes.
    pub length: U16,
    /// Checksum over pseudo-header, header and data; 0 is "none" over IPv4.
    pub checksum: U16,
}

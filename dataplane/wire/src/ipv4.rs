//! IPv4 (RFC 791).

use zerocopy::byteorder::network_endian::U16;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// IPv4 header without options, 20 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct Ipv4 {
    /// Version (4 bits), header length in words (4 bits).
    pub version_ihl: u8,
    /// DSCP (6 bits), ECN (2 bits).
    pub tos: u8,
    /// Header and payload, bytes.
    pub total_length: U16,
    /// Identification.
    pub identification: U16,
    /// Flags (3 bits), fragment offset in units of 8 bytes (13 bits).
    pub flags_fragment: U16,
    /// Time to live.
    pub ttl: u8,
    /// Protocol number.
    pub protocol: u8,
    /// Header checksum.
    pub checksum: U16,
    /// Source address.
    pub src: [u8; 4],
    /// Destination address.
    pub dst: [u8; 4],
}

/// Don't fragment.
pub const DF: u16 = 0x4000;
/// More fragments.
pub const MF: u16 = 0x2000;
/// Bits of the fragment offset.
pub const OFFSET: u16 = 0x1fff;

impl Ipv4 {
    /// Version field.
    #[inline(always)]
    pub fn version(&self) -> u8 {
        self.version_ihl >> 4
    }

    /// Header length in bytes, 0–60.
    #[inline(always)]
    pub fn header_length(&self) -> u16 {
        ((self.version_ihl & 0x0f) as u16) << 2
    }

    /// True when the sender forbids fragmentation.
    #[inline(always)]
    pub fn dont_fragment(&self) -> bool {
        self.flags_fragment.get() & DF != 0
    }

    /// Offset of this fragment in bytes.
    #[inline(always)]
    pub fn fragment_offset(&self) -> u32 {
        ((self.flags_fragment.get() & OFFSET) as u32) << 3
    }

    /// True when fragments follow.
    #[inline(always)]
    pub fn more_fragments(&self) -> bool {
        self.flags_fragment.get() & MF != 0
    }
}

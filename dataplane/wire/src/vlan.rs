//! 802.1Q and 802.1ad tags.

use zerocopy::byteorder::network_endian::U16;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// A VLAN tag as it follows the addresses' EtherType: 4 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct VlanTag {
    /// Priority (3 bits), drop eligible (1), identifier (12).
    pub tci: U16,
    /// EtherType of what follows.
    pub ethertype: U16,
}

impl VlanTag {
    /// The VLAN identifier, 0–4095; 0 is a priority tag.
    #[inline(always)]
    pub fn vid(&self) -> u16 {
        self.tci.get() & 0x0fff
    }
}

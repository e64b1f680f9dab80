//! VXLAN (RFC 7348).

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// VXLAN header behind the UDP header, 8 bytes. The inner Ethernet frame follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct Vxlan {
    /// [`VALID_VNI`] and reserved bits, which receivers ignore.
    pub flags: u8,
    /// Reserved.
    pub reserved: [u8; 3],
    /// VXLAN network identifier, network order.
    pub vni: [u8; 3],
    /// Reserved.
    pub reserved2: u8,
}

/// The I flag: the VNI is valid.
pub const VALID_VNI: u8 = 0x08;

impl Vxlan {
    /// The network identifier; `None` when the header says that it has none (RFC 7348 §5).
    #[inline(always)]
    pub fn network(&self) -> Option<u32> {
        let [a, b, c] = self.vni;
        if self.flags & VALID_VNI != 0 { Some(u32::from_be_bytes([0, a, b, c])) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::Vxlan;
    use zerocopy::transmute;

    #[test]
    fn the_identifier_has_24_bits_and_counts_only_with_its_flag() {
        let header: Vxlan = transmute!([0x08_u8, 0, 0, 0, 0x12, 0x34, 0x56, 0xff]);
        assert_eq!(header.network(), Some(0x12_3456));
        let reserved_bits: Vxlan = transmute!([0xff_u8, 1, 2, 3, 0, 0, 1, 4]);
        assert_eq!(reserved_bits.network(), Some(1));
        let none: Vxlan = transmute!([0xf7_u8, 0, 0, 0, 0, 0, 1, 0]);
        assert_eq!(none.network(), None);
    }
}

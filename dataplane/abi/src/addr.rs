use zerocopy::byteorder::network_endian::U16;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// A transport port, or an ICMP query identifier, in network byte order.
pub type PortBe = U16;

/// IP version of a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[repr(u8)]
pub enum Family {
    /// RFC 791.
    V4 = 4,
    /// RFC 8200.
    V6 = 6,
}

/// An IPv4 or IPv6 address: 16 bytes, network byte order; IPv4 is stored IPv4-mapped (RFC 4291 §2.5.5.2).
///
/// Kept as two words of 64 bits: equality is two comparisons and never a call to `memcmp`, which eBPF has not,
/// and copies on the eBPF stack are aligned, which the verifier demands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Addr {
    halves: [u64; 2],
}
const _: () = assert!(size_of::<Addr>() == 16);

impl Addr {
    /// `::`, which no packet of a session carries: "none" in rows.
    pub const UNSPECIFIED: Addr = Addr { halves: [0; 2] };

    /// From the bytes of an IPv4 header.
    #[inline(always)]
    pub const fn v4(octets: [u8; 4]) -> Addr {
        Addr { halves: [0, (0xffff_0000_0000 | u32::from_be_bytes(octets) as u64).to_be()] }
    }

    /// From the bytes of an IPv4 header, read as one word.
    #[inline(always)]
    pub const fn v4_from_word(memory: u32) -> Addr {
        Addr::v4(memory.to_ne_bytes())
    }

    /// From the bytes of an IPv6 header.
    #[inline(always)]
    pub const fn v6(o: [u8; 16]) -> Addr {
        Addr {
            halves: [
                u64::from_ne_bytes([o[0], o[1], o[2], o[3], o[4], o[5], o[6], o[7]]),
                u64::from_ne_bytes([o[8], o[9], o[10], o[11], o[12], o[13], o[14], o[15]]),
            ],
        }
    }

    /// The IPv4 octets when this is an IPv4-mapped address; callers know the family from the packet.
    #[inline(always)]
    pub const fn v4_octets(self) -> [u8; 4] {
        (u64::from_be(self.halves[1]) as u32).to_be_bytes()
    }

    /// All sixteen octets in network byte order.
    #[inline(always)]
    pub const fn octets(self) -> [u8; 16] {
        let (a, b) = (self.halves[0].to_ne_bytes(), self.halves[1].to_ne_bytes());
        [a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]
    }

    /// Two halves as they lie in memory (network byte order), for checksums.
    #[inline(always)]
    pub const fn halves(self) -> [u64; 2] {
        self.halves
    }

    /// From two halves as they lie in memory.
    #[inline(always)]
    pub const fn from_halves(halves: [u64; 2]) -> Addr {
        Addr { halves }
    }

    /// The last 32 bits as they lie in memory: the whole of an IPv4 address.
    #[inline(always)]
    pub const fn v4_word(self) -> u32 {
        u32::from_ne_bytes(self.v4_octets())
    }

    /// The address as a number, high half first: what the classifier compares.
    #[inline(always)]
    pub const fn number(self) -> [u64; 2] {
        [u64::from_be(self.halves[0]), u64::from_be(self.halves[1])]
    }

    /// Copies half by half: an assignment between places that may overlap would become a call to `memmove` in eBPF.
    #[inline(always)]
    pub const fn copy_to(self, into: &mut Addr) {
        into.halves[0] = self.halves[0];
        into.halves[1] = self.halves[1];
    }

    /// True for `::` only.
    #[inline(always)]
    pub const fn is_unspecified(self) -> bool {
        self.halves[0] | self.halves[1] == 0
    }

    /// True for `::ffff:a.b.c.d`.
    #[inline(always)]
    pub const fn is_v4(self) -> bool {
        self.halves[0] == 0 && u64::from_be(self.halves[1]) >> 32 == 0xffff
    }
}

impl From<core::net::IpAddr> for Addr {
    fn from(address: core::net::IpAddr) -> Addr {
        match address {
            core::net::IpAddr::V4(v4) => Addr::v4(v4.octets()),
            core::net::IpAddr::V6(v6) => Addr::v6(v6.octets()),
        }
    }
}

impl From<Addr> for core::net::IpAddr {
    fn from(address: Addr) -> core::net::IpAddr {
        if address.is_v4() {
            core::net::IpAddr::V4(address.v4_octets().into())
        } else {
            core::net::IpAddr::V6(address.octets().into())
        }
    }
}

impl core::fmt::Debug for Addr {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Display::fmt(&core::net::IpAddr::from(*self), f)
    }
}

impl core::fmt::Display for Addr {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Display::fmt(&core::net::IpAddr::from(*self), f)
    }
}

#[cfg(test)]
mod tests {
    use super::Addr;

    #[test]
    fn an_ipv4_address_is_stored_mapped_and_comes_back() {
        let address = Addr::v4([192, 0, 2, 1]);
        assert_eq!(address.octets(), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1]);
        assert!(address.is_v4());
        assert_eq!(address.v4_octets(), [192, 0, 2, 1]);
        assert_eq!(address.number(), [0, 0xffff_c000_0201]);
    }
}

use crate::{Addr, IfIndex, InterfaceId, Word64, ZoneId};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// VLAN tags of a frame, outermost first; an identifier of 0 means "not tagged". Host order, 12 bits each.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Vlan {
    /// 802.1Q, or 802.1ad when `inner` is set.
    pub outer: u16,
    /// 802.1Q inside 802.1ad.
    pub inner: u16,
}

/// Key of the `interfaces` table: where a frame arrived. 16 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(8))]
pub struct InterfaceKey {
    /// Ruleset slot, 0 or 1.
    pub slot: u32,
    /// The device that the program is attached to.
    pub device: IfIndex,
    /// Tags of the frame.
    pub vlan: Vlan,
    /// Zero.
    pub reserved: u32,
}
const _: () = assert!(size_of::<InterfaceKey>() == 16);

/// Value of the `interfaces` table. 16 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct InterfaceRow {
    /// The device that has the addresses: the VLAN device, or the same as the key's.
    pub link: IfIndex,
    /// Zone.
    pub zone: ZoneId,
    /// Counter index.
    pub id: InterfaceId,
    /// Link address that frames must be sent to ([`InterfaceRow::station`]); 0 when any will do.
    pub station: u64,
}
const _: () = assert!(size_of::<InterfaceRow>() == 16);

impl InterfaceRow {
    /// A link address as one word: six bytes as they lie in memory, and two of zero.
    #[inline(always)]
    pub const fn station(mac: [u8; 6]) -> u64 {
        let [a, b, c, d, e, f] = mac;
        u64::from_ne_bytes([a, b, c, d, e, f, 0, 0])
    }

    /// Copies word by word, as [`Addr::copy_to`] does and for its reason.
    #[inline(always)]
    pub const fn copy_to(&self, into: &mut InterfaceRow) {
        into.link = self.link;
        into.zone = self.zone;
        into.id = self.id;
        into.station = self.station;
    }

    /// Stands for an interface that is not configured.
    pub const NONE: InterfaceRow =
        InterfaceRow { link: IfIndex(0), zone: ZoneId::NONE, id: InterfaceId::NONE, station: 0 };
}

/// Key of the `links` table: an L3 device that a route may leave by. 8 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(8))]
pub struct LinkKey {
    /// Ruleset slot, 0 or 1.
    pub slot: u32,
    /// The device that has the addresses.
    pub link: IfIndex,
}

/// Value of the `links` table: index into the slot's half of the `ports` array. 4 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct LinkIndex {
    /// The interface.
    pub interface: InterfaceId,
    /// Zero.
    pub reserved: u16,
}

/// Element of the `ports` array, [`InterfaceId::COUNT`] for each ruleset: an egress interface. 64 bytes.
/// Configuration says zone and tags; the kernel says MTU and addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct LinkRow {
    /// Primary IPv4 address, [`Addr::UNSPECIFIED`] when there is none: source NAT and ICMP errors use it.
    pub v4: Addr,
    /// Primary global IPv6 address, likewise.
    pub v6: Addr,
    /// The device that frames are sent out of.
    pub device: IfIndex,
    /// Tags that frames get.
    pub vlan: Vlan,
    /// Largest IP packet, bytes.
    pub mtu: u32,
    /// Zone.
    pub zone: ZoneId,
    /// Counter index: the element's own place.
    pub id: InterfaceId,
    /// Link address of the device.
    pub mac: [u8; 6],
    /// [`LinkRow::KERNEL_SENDS`] and so on.
    pub flags: u16,
    /// The device that has the addresses: the VLAN device, or the same as `device`.
    pub link: IfIndex,
    /// Zero.
    pub reserved: u32,
}
const _: () = assert!(size_of::<LinkRow>() == 64);

impl LinkRow {
    /// The device takes no frames from XDP: the kernel must send.
    pub const KERNEL_SENDS: u16 = 1;
    /// The device cannot send: down, without carrier, or not there.
    pub const DOWN: u16 = 1 << 1;
    /// The device takes frames of one buffer alone from XDP: the kernel must send the others.
    pub const ONE_BUFFER: u16 = 1 << 2;
}

/// Key of the `locals` table: an address of the host, or the broadcast address of one of its subnets.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct LocalKey {
    /// The address.
    pub addr: Addr,
}

/// Value of the `locals` table. 8 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct LocalRow {
    /// The device it is on.
    pub link: IfIndex,
    /// 1 for a subnet's broadcast address, which is never a source; 0 for the host's own.
    pub broadcast: u32,
}

/// The one element of the `local_filter` array: which addresses may be in the `locals` table, one bit for each hash of an
/// address. Of a hundred addresses asked for that are not in a table of eighty, one asks the table in vain. 1,024 bytes.
#[derive(Debug, FromBytes, IntoBytes, KnownLayout)]
#[repr(C)]
pub struct LocalFilter {
    /// Bits, from the lowest of the first word.
    pub words: [Word64; 128],
}
const _: () = assert!(size_of::<LocalFilter>() == 1024);

impl Default for LocalFilter {
    fn default() -> LocalFilter {
        LocalFilter { words: [const { Word64::new(0) }; 128] }
    }
}

impl LocalFilter {
    /// False when `addr` is not in the table for sure.
    #[inline(always)]
    pub fn may_hold(&self, addr: Addr) -> bool {
        let (word, bit) = Self::place(addr);
        self.words[word & 127].load() >> bit & 1 != 0
    }

    /// Lets it be in the table.
    pub fn add(&self, addr: Addr) {
        let (word, bit) = Self::place(addr);
        let word = &self.words[word & 127];
        word.store(word.load() | 1 << bit);
    }

    /// Becomes `other`, word by word; a bit that both have is never gone.
    pub fn copy_from(&self, other: &LocalFilter) {
        for (word, other) in self.words.iter().zip(&other.words) {
            word.store(other.load());
        }
    }

    /// Word and bit of an address.
    #[inline(always)]
    fn place(addr: Addr) -> (usize, u32) {
        let [high, low] = addr.halves();
        let product = (high ^ low.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ((product >> 57) as usize, (product >> 51) as u32 & 63)
    }
}

#[cfg(test)]
mod tests {
    use super::LocalFilter;
    use crate::Addr;

    fn addr(number: u32) -> Addr {
        Addr::v4(number.to_be_bytes())
    }

    #[test]
    fn the_filter_overlooks_no_address_that_it_was_given() {
        let filter = LocalFilter::default();
        let own: [Addr; 80] = core::array::from_fn(|n| addr(0x0a00_0001 + 256 * n as u32));
        assert!(own.iter().all(|own| !filter.may_hold(*own)));
        own.iter().for_each(|own| filter.add(*own));
        assert!(own.iter().all(|own| filter.may_hold(*own)));
        let in_vain = (0..10_000).filter(|n| filter.may_hold(addr(0xc000_0200 + n))).count();
        assert!(in_vain < 300, "{in_vain} of 10,000 other addresses are asked for in the table");
        filter.copy_from(&LocalFilter::default());
        assert!(own.iter().all(|own| !filter.may_hold(*own)));
    }
}

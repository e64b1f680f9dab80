//! Services in front of the pipeline: traffic mirrors, and clearing of DF.

use crate::{Addr, InterfaceId, PortBe, SessionKey, ZoneId};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Element of the `services` array, [`InterfaceId::COUNT`] for each ruleset: what is done on an interface before the
/// pipeline. 8 bytes; all zero where there is nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct ServiceRow {
    /// UDP destination port of packets whose DF is cleared; host order.
    pub df_port: u16,
    /// IPv4 total length above which it is.
    pub df_over: u16,
    /// [`ServiceRow::CLEARS_DF`] and the others.
    pub flags: u16,
    /// Percent of the flows whose DF is cleared, with [`ServiceRow::SHARED`].
    pub share: u16,
}
const _: () = assert!(size_of::<ServiceRow>() == 8);

/// Key of the `mirrors` table: VXLAN that a traffic mirror takes. 16 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(8))]
pub struct MirrorKey {
    /// Ruleset slot, 0 or 1.
    pub slot: u32,
    /// Interface that it arrives on.
    pub interface: InterfaceId,
    /// Outer UDP destination port.
    pub port: PortBe,
    /// VXLAN network identifier, 24 bits, host order; [`MirrorKey::ANY_VNI`] for the row that says that a mirror listens
    /// on the port at all.
    pub vni: u32,
    /// Zero.
    pub reserved: u32,
}
const _: () = assert!(size_of::<MirrorKey>() == 16);

/// Value of the `mirrors` table. 8 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct MirrorRow {
    /// The mirror's own zone: of its rules and its inner fragments, not of any interface ([`MirrorRow::zone`]).
    pub zone: ZoneId,
    /// Interface that inner packets leave by; [`InterfaceId::NONE`]: the one that the kernel's route says.
    pub output: InterfaceId,
    /// IPv4 total length of inner packets above which DF is cleared.
    pub df_over: u16,
    /// [`MirrorRow::RULES`] and the others.
    pub flags: u16,
}
const _: () = assert!(size_of::<MirrorRow>() == 8);

/// What is counted of the services of an interface, beside the reasons.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Tally {
    /// Frames that arrived.
    Total = 0,
    /// VXLAN to the port of a mirror.
    Vxlan = 1,
    /// Inner frames that were unwrapped and could be read.
    Inner = 2,
    /// Inner packets that a rule translated.
    NatApplied = 3,
    /// DF cleared, of inner packets or of others.
    DfCleared = 4,
    /// Inner packets sent on, by us or by the kernel.
    Forwarded = 5,
    /// Inner packets sent out of a port by us.
    Redirected = 6,
    /// VXLAN to the port of a mirror that was dropped, but not by a rule.
    Errors = 7,
}

/// Index into the per-CPU `tallies` array: one row of [`TallyIndex::PER_INTERFACE`] for each interface.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TallyIndex(pub u32);

// === impl ServiceRow ===

impl ServiceRow {
    /// DF of packets to `df_port` that are longer than `df_over` is cleared.
    pub const CLEARS_DF: u16 = 1;
    /// UDP checksums of those are set to zero.
    pub const ZEROES_UDP: u16 = 1 << 1;
    /// The interface has traffic mirrors.
    pub const MIRRORS: u16 = 1 << 2;
    /// DF is cleared of a share of the flows alone; somebody else sees to the rest.
    pub const SHARED: u16 = 1 << 3;

    /// Where an IPv4 flow stands among all: less than 100, always the same for the same flow, and as often one as another. Shares
    /// that grow keep the flows that they have.
    #[inline(always)]
    pub fn percentile(flow: &SessionKey) -> u16 {
        // Multiplying by an odd constant spreads every bit upwards (Knuth, TAOCP 6.4); twice, so that low bits tell, too.
        const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
        let word = |addr: Addr| u32::from_be_bytes(addr.v4_octets()) as u64;
        let ports = (flow.sport.get() as u64) << 16 | flow.dport.get() as u64;
        let addresses = (word(flow.src) << 32 | word(flow.dst)).wrapping_mul(SPREAD);
        let mixed = (addresses ^ addresses >> 29 ^ ports << 8 ^ flow.proto as u64).wrapping_mul(SPREAD);
        let spread = (mixed ^ mixed >> 32).wrapping_mul(SPREAD);
        (((spread >> 32) * 100) >> 32) as u16
    }
}

// === impl MirrorKey ===

impl MirrorKey {
    /// Greater than any VNI.
    pub const ANY_VNI: u32 = u32::MAX;
}

// === impl MirrorRow ===

impl MirrorRow {
    /// The mirror has rules.
    pub const RULES: u16 = 1;
    /// DF of inner packets longer than `df_over` is cleared.
    pub const CLEARS_DF: u16 = 1 << 1;
    /// UDP checksums of those are set to zero.
    pub const ZEROES_UDP: u16 = 1 << 2;
    /// Inner frames keep their link addresses and TTL; no route is asked for.
    pub const KEEPS_LINK: u16 = 1 << 3;

    /// The zone of the mirror with this number, beyond those of interfaces.
    pub const fn zone(number: u16) -> ZoneId {
        ZoneId(0x8000 | number)
    }
}

// === impl Tally ===

impl Tally {
    /// Every one, by number.
    pub const ALL: [Tally; 8] = [
        Tally::Total,
        Tally::Vxlan,
        Tally::Inner,
        Tally::NatApplied,
        Tally::DfCleared,
        Tally::Forwarded,
        Tally::Redirected,
        Tally::Errors,
    ];
}

// === impl TallyIndex ===

impl TallyIndex {
    /// Counters of one interface.
    pub const PER_INTERFACE: u32 = Tally::ALL.len() as u32;
    /// Elements of the array.
    pub const COUNT: u32 = InterfaceId::COUNT as u32 * Self::PER_INTERFACE;

    /// Where `tally` of `interface` is.
    #[inline(always)]
    pub const fn new(interface: InterfaceId, tally: Tally) -> TallyIndex {
        TallyIndex(interface.0 as u32 * Self::PER_INTERFACE + tally as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::{MirrorRow, ServiceRow, Tally, TallyIndex};
    use crate::{Addr, InterfaceId, SessionKey, ZoneId, limits};

    #[test]
    fn flows_are_spread_evenly_whatever_of_them_varies() {
        let key = |src: u32, dst: u32, sport: u16| SessionKey {
            src: Addr::v4(src.to_be_bytes()),
            dst: Addr::v4(dst.to_be_bytes()),
            sport: sport.into(),
            dport: 31765.into(),
            zone: ZoneId::NONE,
            proto: 17,
            reserved: 0,
        };
        let kinds: [&dyn Fn(u32) -> SessionKey; 4] = [
            &|number| key(0x0a00_0001, 0x0a00_0002, number as u16),
            &|number| key(0x0a00_0000 + number, 0x0a00_0002, 4000),
            &|number| key(0x0a00_0001, 0xc0a8_0000 + (number << 8), 4000),
            &|number| key(0x0a00_0000 + number, 0x0a00_0000 + number, number as u16),
        ];
        for flow in kinds {
            let mut counts = [0_u32; 100];
            for number in 0..20_000 {
                let percentile = ServiceRow::percentile(&flow(number));
                assert_eq!(percentile, ServiceRow::percentile(&flow(number)));
                counts[usize::from(percentile)] += 1;
            }
            let spread = (counts.iter().min(), counts.iter().max());
            assert!(counts.iter().all(|count| (120..290).contains(count)), "{spread:?}");
            let tenth: u32 = counts[..10].iter().sum();
            assert!((1800..2200).contains(&tenth), "{tenth}");
        }
    }

    #[test]
    fn tallies_of_the_last_interface_end_with_the_array() {
        let last = TallyIndex::new(InterfaceId(InterfaceId::COUNT - 1), Tally::Errors);
        assert_eq!(last.0, TallyIndex::COUNT - 1);
        assert!(Tally::ALL.iter().enumerate().all(|(place, tally)| *tally as usize == place));
    }

    #[test]
    fn no_zone_of_interfaces_is_a_mirrors() {
        assert!(u32::from(MirrorRow::zone(0).0) >= limits::ZONES);
        assert_ne!(MirrorRow::zone(0), MirrorRow::zone(limits::MIRRORS as u16 - 1));
    }
}

use super::{Direction, Hop, IdleTimeout, Occupancy, SessionFlags, SessionKey, SessionRow, SessionSlot};
use crate::{Addr, InterfaceId, PortBe, Word8, Word16, Word32, Word64, ZoneId};
use zerocopy::{FromBytes, IntoBytes, KnownLayout};

/// What rows of both families have: the place's occupancy, the session, and this direction's part of what changes. Every
/// field is a word that any CPU stores whole. 48 bytes.
///
/// Counts are those since the last carry into the session's record: a row is one cache line for IPv4, and a packet
/// touches no other.
#[derive(Default, Debug, FromBytes, IntoBytes, KnownLayout)]
#[repr(C)]
pub struct Flow {
    /// [`Occupancy`] of the place.
    pub occupancy: Word32,
    /// [`SessionSlot`].
    pub slot: Word32,
    /// Source and destination port as they arrive, four bytes as they lie in memory.
    pub ports: Word32,
    /// [`ZoneId`] it arrives in.
    pub zone: Word8,
    /// IP protocol number.
    pub proto: Word8,
    /// [`ZoneId`] it leaves by.
    pub egress: Word8,
    /// [`SessionFlags`].
    pub flags: Word8,
    /// Ports on departure, likewise.
    pub new_ports: Word32,
    /// Time of this direction's last packet, or at which the row was freed: milliseconds of the monotonic clock,
    /// truncated to 32 bits.
    pub last_seen_ms: Word32,
    /// Bytes of IP packets since the last carry.
    pub bytes: Word32,
    /// Packets since the last carry, at most [`Flow::CARRY`].
    pub packets: Word8,
    /// Zero. Whoever is about to ask for the row stores it again, so that its cache line is fetched meanwhile.
    pub asked: Word8,
    /// [`IdleTimeout`]: the session ends this long after the last packet of either direction.
    pub timeout: Word16,
    /// One's-complement sum to add to the IPv4 header checksum (RFC 1624), native order.
    pub l3_delta: Word16,
    /// [`Hop::interface`].
    pub hop_interface: Word16,
    /// [`Hop::epoch`].
    pub hop_epoch: Word32,
    /// [`Hop::ingress`].
    pub hop_ingress: Word16,
    /// [`Hop::mac`].
    pub hop_mac: [Word16; 3],
}
const _: () = assert!(size_of::<Flow>() == 48);
const _: () = assert!(crate::limits::ZONES <= 256, "rows keep a zone in one byte");

/// Element of the `sessions4` array: one direction of an IPv4 session. 64 bytes, one cache line.
#[derive(Default, Debug, FromBytes, IntoBytes, KnownLayout)]
#[repr(C, align(64))]
pub struct SessionRow4 {
    /// What both families have. First: an optional row is then an optional [`Flow`] without arithmetic, which the eBPF
    /// verifier refuses on a pointer that may be null.
    pub flow: Flow,
    /// Source as it arrives, as it lies in memory.
    pub src: Word32,
    /// Destination as it arrives.
    pub dst: Word32,
    /// Source on departure.
    pub new_src: Word32,
    /// Destination on departure.
    pub new_dst: Word32,
}
const _: () = assert!(size_of::<SessionRow4>() == 64);

/// Element of the `sessions6` array: one direction of an IPv6 session. 128 bytes, two cache lines.
#[derive(Default, Debug, FromBytes, IntoBytes, KnownLayout)]
#[repr(C, align(128))]
pub struct SessionRow6 {
    /// As in [`SessionRow4`].
    pub flow: Flow,
    /// Zero.
    pub reserved: [Word64; 2],
    /// Source as it arrives, as it lies in memory.
    pub src: [Word64; 2],
    /// Destination as it arrives.
    pub dst: [Word64; 2],
    /// Source on departure.
    pub new_src: [Word64; 2],
    /// Destination on departure.
    pub new_dst: [Word64; 2],
}
const _: () = assert!(size_of::<SessionRow6>() == 128);

/// A row as it lies in its table.
pub trait StoredRow {
    /// What rows of both families have.
    fn flow(&self) -> &Flow;
    /// True when the row is that of `key`; says nothing about whether it is taken.
    fn matches(&self, key: &SessionKey) -> bool;
    /// The key.
    fn key(&self) -> SessionKey;
    /// Writes all but the occupancy, for a session that begins; its times and counts come last, by
    /// [`Flow::begin`].
    fn write(&self, key: &SessionKey, row: &SessionRow);
    /// Copies out what the pipeline works with; `l4_delta` is left alone: it follows from key and row.
    fn read(&self, into: &mut SessionRow);
}

// === impl Flow ===

impl Flow {
    /// Packets at which counts are carried into the record; so many of 65,535 bytes fit 32 bits.
    pub const CARRY: u8 = 1 << 7;

    /// The place's occupancy.
    #[inline(always)]
    pub fn occupancy(&self) -> Occupancy {
        Occupancy(self.occupancy.load())
    }

    /// The row's flags.
    #[inline(always)]
    pub fn flags(&self) -> SessionFlags {
        SessionFlags(self.flags.load())
    }

    /// The session's record.
    #[inline(always)]
    pub fn slot(&self) -> SessionSlot {
        SessionSlot(self.slot.load())
    }

    /// The idle time at which the session ends.
    #[inline(always)]
    pub fn timeout(&self) -> IdleTimeout {
        IdleTimeout(self.timeout.load())
    }

    /// Starts this direction's clock and counts.
    #[inline(always)]
    pub fn begin(&self, now_ms: u32, timeout: IdleTimeout) {
        self.last_seen_ms.store(now_ms);
        self.bytes.store(0);
        self.packets.store(0);
        self.timeout.store(timeout.0);
    }

    /// Time since this direction's last packet; 0 when another CPU has seen one after `now_ms`.
    #[inline(always)]
    pub fn idle_ms(&self, now_ms: u32) -> u32 {
        let idle = now_ms.wrapping_sub(self.last_seen_ms.load());
        if (idle as i32) < 0 { 0 } else { idle }
    }

    /// Time that this direction gives the session without another packet; 0 when that is over.
    #[inline(always)]
    pub fn left_ms(&self, now_ms: u32) -> u32 {
        self.timeout().ms().saturating_sub(self.idle_ms(now_ms))
    }

    /// Notes the next hop, all but its epoch. Other CPUs may read it meanwhile: they take it only with the epoch, which
    /// the caller clears before and sets after.
    #[inline(always)]
    pub fn learn(&self, hop: &Hop) {
        self.hop_interface.store(hop.interface.0);
        self.hop_ingress.store(hop.ingress.0);
        self.hop_mac[0].store(hop.mac[0]);
        self.hop_mac[1].store(hop.mac[1]);
        self.hop_mac[2].store(hop.mac[2]);
    }

    #[inline(always)]
    fn matches(&self, key: &SessionKey) -> bool {
        self.ports.load() == ports(key.sport, key.dport)
            && self.zone.load() == key.zone.0 as u8
            && self.proto.load() == key.proto
    }

    #[inline(always)]
    fn write(&self, key: &SessionKey, row: &SessionRow) {
        self.slot.store(row.slot.0);
        self.ports.store(ports(key.sport, key.dport));
        self.zone.store(key.zone.0 as u8);
        self.proto.store(key.proto);
        self.egress.store(row.egress.0 as u8);
        self.flags.store(row.flags.0);
        self.new_ports.store(ports(row.sport, row.dport));
        self.l3_delta.store(row.l3_delta);
        self.learn(&row.hop);
        self.hop_epoch.store(row.hop.epoch); // nobody looks at a row that is being written
    }

    #[inline(always)]
    fn read(&self, into: &mut SessionRow) {
        let new_ports = self.new_ports.load().to_ne_bytes();
        into.sport = PortBe::from_bytes([new_ports[0], new_ports[1]]);
        into.dport = PortBe::from_bytes([new_ports[2], new_ports[3]]);
        into.l3_delta = self.l3_delta.load();
        into.slot = self.slot();
        into.egress = ZoneId(self.egress.load() as u16);
        into.flags = self.flags();
        into.hop.epoch = self.hop_epoch.load();
        into.hop.interface = InterfaceId(self.hop_interface.load());
        into.hop.ingress = InterfaceId(self.hop_ingress.load());
        into.hop.mac[0] = self.hop_mac[0].load();
        into.hop.mac[1] = self.hop_mac[1].load();
        into.hop.mac[2] = self.hop_mac[2].load();
    }

    #[inline(always)]
    fn key(&self, src: Addr, dst: Addr) -> SessionKey {
        let ports = self.ports.load().to_ne_bytes();
        SessionKey {
            src,
            dst,
            sport: PortBe::from_bytes([ports[0], ports[1]]),
            dport: PortBe::from_bytes([ports[2], ports[3]]),
            zone: ZoneId(self.zone.load() as u16),
            proto: self.proto.load(),
            reserved: 0,
        }
    }

    /// Direction that the row serves.
    #[inline(always)]
    pub fn direction(&self) -> Direction {
        self.flags().direction()
    }
}

/// Two ports as they lie in memory.
#[inline(always)]
fn ports(sport: PortBe, dport: PortBe) -> u32 {
    let (sport, dport) = (sport.to_bytes(), dport.to_bytes());
    u32::from_ne_bytes([sport[0], sport[1], dport[0], dport[1]])
}

// === impl SessionRow4 ===

impl StoredRow for SessionRow4 {
    #[inline(always)]
    fn flow(&self) -> &Flow {
        &self.flow
    }

    #[inline(always)]
    fn matches(&self, key: &SessionKey) -> bool {
        self.src.load() == key.src.v4_word() && self.dst.load() == key.dst.v4_word() && self.flow.matches(key)
    }

    #[inline(always)]
    fn key(&self) -> SessionKey {
        self.flow.key(Addr::v4_from_word(self.src.load()), Addr::v4_from_word(self.dst.load()))
    }

    #[inline(always)]
    fn write(&self, key: &SessionKey, row: &SessionRow) {
        self.src.store(key.src.v4_word());
        self.dst.store(key.dst.v4_word());
        self.new_src.store(row.src.v4_word());
        self.new_dst.store(row.dst.v4_word());
        self.flow.write(key, row);
    }

    #[inline(always)]
    fn read(&self, into: &mut SessionRow) {
        into.src = Addr::v4_from_word(self.new_src.load());
        into.dst = Addr::v4_from_word(self.new_dst.load());
        self.flow.read(into);
    }
}

// === impl SessionRow6 ===

#[inline(always)]
fn holds(words: &[Word64; 2], addr: Addr) -> bool {
    let [high, low] = addr.halves();
    words[0].load() == high && words[1].load() == low
}

#[inline(always)]
fn load(words: &[Word64; 2]) -> Addr {
    Addr::from_halves([words[0].load(), words[1].load()])
}

#[inline(always)]
fn store(words: &[Word64; 2], addr: Addr) {
    let [high, low] = addr.halves();
    words[0].store(high);
    words[1].store(low);
}

impl StoredRow for SessionRow6 {
    #[inline(always)]
    fn flow(&self) -> &Flow {
        &self.flow
    }

    #[inline(always)]
    fn matches(&self, key: &SessionKey) -> bool {
        holds(&self.src, key.src) && holds(&self.dst, key.dst) && self.flow.matches(key)
    }

    #[inline(always)]
    fn key(&self) -> SessionKey {
        self.flow.key(load(&self.src), load(&self.dst))
    }

    #[inline(always)]
    fn write(&self, key: &SessionKey, row: &SessionRow) {
        store(&self.src, key.src);
        store(&self.dst, key.dst);
        store(&self.new_src, row.src);
        store(&self.new_dst, row.dst);
        self.flow.write(key, row);
    }

    #[inline(always)]
    fn read(&self, into: &mut SessionRow) {
        into.src = load(&self.new_src);
        into.dst = load(&self.new_dst);
        self.flow.read(into);
    }
}

#[cfg(test)]
mod tests {
    use super::{SessionRow4, SessionRow6, StoredRow};
    use crate::{Addr, Hop, InterfaceId, SessionFlags, SessionKey, SessionRow, SessionSlot, ZoneId};

    const V4: [Addr; 3] = [Addr::v4([192, 0, 2, 1]), Addr::v4([198, 51, 100, 7]), Addr::v4([203, 0, 113, 1])];
    const V6: [Addr; 3] = [Addr::v6([1; 16]), Addr::v6([2; 16]), Addr::v6([3; 16])];

    fn session([src, dst, new_src]: [Addr; 3]) -> (SessionKey, SessionRow) {
        let key = SessionKey {
            src,
            dst,
            sport: 4000.into(),
            dport: 53.into(),
            zone: ZoneId(3),
            proto: 17,
            reserved: 0,
        };
        let row = SessionRow {
            src: new_src,
            dst,
            sport: 1025.into(),
            dport: 53.into(),
            l3_delta: 0x1234,
            l4_delta: 0,
            slot: SessionSlot(77),
            egress: ZoneId(255),
            flags: SessionFlags(SessionFlags::SOURCE).with_tcp(2),
            hop: Hop::new(9, InterfaceId(2), InterfaceId(7), [1, 2, 3, 4, 5, 6]),
        };
        (key, row)
    }

    fn whole(stored: &impl StoredRow, addresses: [Addr; 3]) {
        let (key, row) = session(addresses);
        assert!(!stored.matches(&key));
        stored.write(&key, &row);
        let mut read = SessionRow::EMPTY;
        stored.read(&mut read);
        assert_eq!((stored.key(), read), (key, row));
        assert!(stored.matches(&key));
        for other in [
            SessionKey { sport: 4001.into(), ..key },
            SessionKey { dport: 54.into(), ..key },
            SessionKey { proto: 6, ..key },
            SessionKey { zone: ZoneId(4), ..key },
            SessionKey { src: key.dst, ..key },
            SessionKey { dst: key.src, ..key },
        ] {
            assert!(!stored.matches(&other), "{other:?}");
        }
    }

    #[test]
    fn a_session_is_whole_in_the_row_of_its_family_and_only_its_own_key_matches() {
        whole(&SessionRow4::default(), V4);
        whole(&SessionRow6::default(), V6);
    }
}

use crate::{Addr, Generation, IfIndex, InterfaceId, PolicyId, PortBe, Word8, Word32, Word64, ZoneId};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Key of the `sessions` table, and of `sessions6` in BPF maps: one direction of one session, as its packets arrive.
///
/// 40 bytes, no padding, network byte order. An ICMP query keeps its identifier in `sport`, a reply in
/// `dport`, so that the reverse of one is the other; protocols without ports have zeroes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SessionKey {
    /// Source as it arrives.
    pub src: Addr,
    /// Destination as it arrives.
    pub dst: Addr,
    /// Source port.
    pub sport: PortBe,
    /// Destination port.
    pub dport: PortBe,
    /// Zone it arrives in.
    pub zone: ZoneId,
    /// IP protocol number.
    pub proto: u8,
    /// Zero.
    pub reserved: u8,
}
const _: () = assert!(size_of::<SessionKey>() == 40);

/// Index of a session's [`SessionRecord`], shared by its two rows.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Debug,
    Default,
    FromBytes,
    IntoBytes,
    Immutable,
    KnownLayout,
)]
#[repr(transparent)]
pub struct SessionSlot(pub u32);

/// Direction of a packet within its session.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Direction {
    /// From the side that opened the session.
    Forward = 0,
    /// Back to it.
    Reverse = 1,
}

/// Bits of [`SessionRow::flags`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct SessionFlags(pub u8);

impl SessionFlags {
    /// The row serves packets back to the side that opened the session.
    pub const REVERSE: u8 = 1;
    /// The row rewrites the source.
    pub const SOURCE: u8 = 1 << 1;
    /// The row rewrites the destination.
    pub const DESTINATION: u8 = 1 << 2;

    /// Direction that the row serves.
    #[inline(always)]
    pub const fn direction(self) -> Direction {
        if self.0 & Self::REVERSE == 0 { Direction::Forward } else { Direction::Reverse }
    }

    /// True when packets leave with other addresses or ports than they came with.
    #[inline(always)]
    pub const fn translates(self) -> bool {
        self.0 & (Self::SOURCE | Self::DESTINATION) != 0
    }

    /// True when the source is rewritten.
    #[inline(always)]
    pub const fn rewrites_source(self) -> bool {
        self.0 & Self::SOURCE != 0
    }

    /// True when the destination is rewritten.
    #[inline(always)]
    pub const fn rewrites_destination(self) -> bool {
        self.0 & Self::DESTINATION != 0
    }
}

/// Value of the `sessions` table: what one direction's packets become, and where they went last. The first part is
/// written once, then only read; the hop is a note that any CPU may renew.
///
/// 64 bytes, no padding. The reverse direction's key is this row's addresses and ports swapped, in `egress` zone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SessionRow {
    /// Source on departure.
    pub src: Addr,
    /// Destination on departure.
    pub dst: Addr,
    /// Source port on departure.
    pub sport: PortBe,
    /// Destination port on departure.
    pub dport: PortBe,
    /// One's-complement sum to add to the IPv4 header checksum (RFC 1624), native order.
    pub l3_delta: u16,
    /// One's-complement sum to add to the transport checksum, native order.
    pub l4_delta: u16,
    /// The session's record.
    pub slot: SessionSlot,
    /// Zone it leaves by.
    pub egress: ZoneId,
    /// [`SessionFlags`].
    pub flags: SessionFlags,
    /// Zero.
    pub reserved: u8,
    /// Next hop, as long as its epoch is the current one.
    pub hop: Hop,
}
const _: () = assert!(size_of::<SessionRow>() == 64);

/// The kernel's routing decision for one direction of a session, kept until routes or neighbours change. 16 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Hop {
    /// [`crate::Control`]'s word when it was learnt; 0 for none.
    pub epoch: u32,
    /// Egress interface.
    pub interface: InterfaceId,
    /// Link address of the next hop, three words as they lie in memory.
    pub mac: [u16; 3],
    /// L3 device that the packet arrived on: routing rules may look at it, and forwarding is a switch of its own.
    pub ingress: IfIndex,
}

impl Hop {
    /// A hop by `interface` to `mac`, for packets from `ingress`.
    #[inline(always)]
    pub const fn new(epoch: u32, interface: InterfaceId, mac: [u8; 6], ingress: IfIndex) -> Hop {
        let [a, b, c, d, e, f] = mac;
        let mac = [u16::from_ne_bytes([a, b]), u16::from_ne_bytes([c, d]), u16::from_ne_bytes([e, f])];
        Hop { epoch, interface, mac, ingress }
    }

    /// The link address as it is on the wire.
    #[inline(always)]
    pub const fn mac(&self) -> [u8; 6] {
        let [a, b, c] = [self.mac[0].to_ne_bytes(), self.mac[1].to_ne_bytes(), self.mac[2].to_ne_bytes()];
        [a[0], a[1], b[0], b[1], c[0], c[1]]
    }

    /// Copies word by word: an assignment of the whole would become a call to `memmove` in eBPF, byte by byte.
    #[inline(always)]
    pub const fn copy_to(&self, into: &mut Hop) {
        into.epoch = self.epoch;
        into.interface = self.interface;
        into.mac[0] = self.mac[0];
        into.mac[1] = self.mac[1];
        into.mac[2] = self.mac[2];
        into.ingress = self.ingress;
    }
}

/// Key of the `sessions4` table: a [`SessionKey`] whose addresses are IPv4. 16 bytes, network byte order.
///
/// IPv4 has a table of its own because it pays: 104 bytes per row instead of 152, and a shorter hash
/// (docs/adr/0003-session-records.md).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(8))]
pub struct SessionKey4 {
    /// Source as it arrives, as it lies in memory.
    pub src: u32,
    /// Destination as it arrives.
    pub dst: u32,
    /// Source port.
    pub sport: PortBe,
    /// Destination port.
    pub dport: PortBe,
    /// Zone it arrives in.
    pub zone: ZoneId,
    /// IP protocol number.
    pub proto: u8,
    /// Zero.
    pub reserved: u8,
}
const _: () = assert!(size_of::<SessionKey4>() == 16);

/// Value of the `sessions4` table: a [`SessionRow`] whose addresses are IPv4. 40 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(8))]
pub struct SessionRow4 {
    /// Source on departure, as it lies in memory.
    pub src: u32,
    /// Destination on departure.
    pub dst: u32,
    /// Source port on departure.
    pub sport: PortBe,
    /// Destination port on departure.
    pub dport: PortBe,
    /// As in [`SessionRow`].
    pub l3_delta: u16,
    /// As in [`SessionRow`].
    pub l4_delta: u16,
    /// The session's record.
    pub slot: SessionSlot,
    /// Zone it leaves by.
    pub egress: ZoneId,
    /// [`SessionFlags`].
    pub flags: SessionFlags,
    /// Zero.
    pub reserved: u8,
    /// As in [`SessionRow`].
    pub hop: Hop,
}
const _: () = assert!(size_of::<SessionRow4>() == 40);

impl SessionKey4 {
    /// The compact form of an IPv4 key.
    #[inline(always)]
    pub const fn new(key: &SessionKey) -> SessionKey4 {
        SessionKey4 {
            src: key.src.v4_word(),
            dst: key.dst.v4_word(),
            sport: key.sport,
            dport: key.dport,
            zone: key.zone,
            proto: key.proto,
            reserved: 0,
        }
    }

    /// The key it stands for.
    pub const fn expand(&self) -> SessionKey {
        SessionKey {
            src: Addr::v4_from_word(self.src),
            dst: Addr::v4_from_word(self.dst),
            sport: self.sport,
            dport: self.dport,
            zone: self.zone,
            proto: self.proto,
            reserved: 0,
        }
    }
}

impl SessionRow4 {
    /// The compact form of an IPv4 row.
    #[inline(always)]
    pub const fn new(row: &SessionRow) -> SessionRow4 {
        SessionRow4 {
            src: row.src.v4_word(),
            dst: row.dst.v4_word(),
            sport: row.sport,
            dport: row.dport,
            l3_delta: row.l3_delta,
            l4_delta: row.l4_delta,
            slot: row.slot,
            egress: row.egress,
            flags: row.flags,
            reserved: 0,
            hop: row.hop,
        }
    }

    /// The row it stands for.
    pub const fn row(&self) -> SessionRow {
        let mut row = SessionRow {
            src: Addr::UNSPECIFIED,
            dst: Addr::UNSPECIFIED,
            sport: self.sport,
            dport: self.dport,
            l3_delta: 0,
            l4_delta: 0,
            slot: self.slot,
            egress: self.egress,
            flags: self.flags,
            reserved: 0,
            hop: self.hop,
        };
        self.expand(&mut row);
        row
    }

    /// Writes the row it stands for.
    #[inline(always)]
    pub const fn expand(&self, into: &mut SessionRow) {
        into.src = Addr::v4_from_word(self.src);
        into.dst = Addr::v4_from_word(self.dst);
        into.sport = self.sport;
        into.dport = self.dport;
        into.l3_delta = self.l3_delta;
        into.l4_delta = self.l4_delta;
        into.slot = self.slot;
        into.egress = self.egress;
        into.flags = self.flags;
        into.reserved = 0;
        self.hop.copy_to(&mut into.hop);
    }
}

impl SessionKey {
    /// True when the key belongs into the `sessions4` table. Both addresses are of one family.
    #[inline(always)]
    pub const fn is_v4(&self) -> bool {
        self.src.is_v4()
    }

    /// The key under which the other direction of the session is found, given this direction's row.
    #[inline(always)]
    pub const fn reverse(&self, row: &SessionRow) -> SessionKey {
        SessionKey {
            src: row.dst,
            dst: row.src,
            sport: row.dport,
            dport: row.sport,
            zone: row.egress,
            proto: self.proto,
            reserved: 0,
        }
    }
}

/// Element of the `records` array: the part of a session that changes, shared by both directions.
///
/// 64 bytes, one cache line. User space maps the array and reads it while packets write it: ageing a million sessions
/// is one pass over memory, without a system call (docs/adr/0003-session-records.md).
#[derive(Default, Debug, FromBytes, IntoBytes, KnownLayout)]
#[repr(C, align(64))]
pub struct SessionRecord {
    /// Time of the last packet, milliseconds of the monotonic clock, truncated to 32 bits.
    pub last_seen_ms: Word32,
    /// The session ends this long after its last packet; 0 marks a free record. At most 2^31 - 1.
    pub timeout_ms: Word32,
    /// TCP flags seen so far, by [`Direction`] of travel; each byte is written by its own direction only.
    pub tcp_seen: [Word8; 2],
    /// Zero.
    pub reserved: [Word8; 2],
    /// [`PolicyId`] that admitted it.
    pub policy: Word32,
    /// Packets by [`Direction`].
    pub packets: [Word64; 2],
    /// Bytes of IP packets by [`Direction`].
    pub bytes: [Word64; 2],
    /// Monotonic seconds at which it was admitted.
    pub created_s: Word32,
    /// [`Generation`] of the ruleset that admitted it.
    pub generation: Word32,
    /// Zero.
    pub reserved2: Word64,
}
const _: () = assert!(size_of::<SessionRecord>() == 64);

/// Element of the `owners` array, beside the record of the same index: the forward direction's key, by which the
/// session is removed when its time is over. 40 bytes.
#[derive(Default, Debug, FromBytes, IntoBytes, KnownLayout)]
#[repr(C)]
pub struct SessionOwner {
    /// The [`SessionKey`] in five words.
    pub key: [Word64; 5],
}
const _: () = assert!(size_of::<SessionOwner>() == 40);

impl SessionOwner {
    /// The key.
    #[inline(always)]
    pub fn load(&self) -> SessionKey {
        let [a, b, c, d, e] = &self.key;
        let words = [a.load(), b.load(), c.load(), d.load(), e.load()];
        zerocopy::transmute!(words)
    }

    /// Replaces the key.
    #[inline(always)]
    pub fn store(&self, key: &SessionKey) {
        let words: [u64; 5] = zerocopy::transmute!(*key);
        self.key[0].store(words[0]);
        self.key[1].store(words[1]);
        self.key[2].store(words[2]);
        self.key[3].store(words[3]);
        self.key[4].store(words[4]);
    }
}

impl SessionRecord {
    /// True when `timeout_ms` has passed since the last packet. A free record is not expired.
    #[inline(always)]
    pub fn expired(&self, now_ms: u32) -> bool {
        let timeout = self.timeout_ms.load();
        // A packet on another CPU may have stored a later time than `now_ms`: that difference is negative.
        let idle = now_ms.wrapping_sub(self.last_seen_ms.load()) as i32;
        timeout != 0 && idle >= 0 && idle as u32 >= timeout
    }

    /// True when no session owns the record.
    #[inline(always)]
    pub fn is_free(&self) -> bool {
        self.timeout_ms.load() == 0
    }

    /// Copies every field of `other`, word by word.
    pub fn copy_from(&self, other: &SessionRecord) {
        for direction in 0..2 {
            self.packets[direction].store(other.packets[direction].load());
            self.bytes[direction].store(other.bytes[direction].load());
            self.tcp_seen[direction].store(other.tcp_seen[direction].load());
        }
        self.policy.store(other.policy.load());
        self.created_s.store(other.created_s.load());
        self.generation.store(other.generation.load());
        self.last_seen_ms.store(other.last_seen_ms.load());
        self.timeout_ms.store(other.timeout_ms.load());
    }

    /// Makes it a free record, with counters at zero for the next session.
    pub fn end(&self) {
        for direction in 0..2 {
            self.packets[direction].store(0);
            self.bytes[direction].store(0);
            self.tcp_seen[direction].store(0);
        }
        self.timeout_ms.store(0);
    }

    /// Starts a new session on a free record, whose counters are zero; `timeout_ms` comes last, which makes it live.
    #[inline(always)]
    pub fn begin(&self, policy: PolicyId, generation: Generation, now_ns: u64, timeout_ms: u32) {
        self.policy.store(policy.0);
        self.created_s.store((now_ns / 1_000_000_000) as u32);
        self.generation.store(generation.0);
        self.last_seen_ms.store((now_ns / 1_000_000) as u32);
        self.timeout_ms.store(timeout_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::{Hop, SessionFlags, SessionKey, SessionOwner, SessionRecord, SessionRow, SessionSlot};
    use super::{SessionKey4, SessionRow4};
    use crate::{Addr, Generation, PolicyId, ZoneId};

    fn key() -> SessionKey {
        SessionKey {
            src: Addr::v4([192, 0, 2, 1]),
            dst: Addr::v4([198, 51, 100, 7]),
            sport: 4000.into(),
            dport: 53.into(),
            zone: ZoneId(3),
            proto: 17,
            reserved: 0,
        }
    }

    #[test]
    fn a_record_expires_at_its_deadline_and_not_before() {
        let record = SessionRecord::default();
        assert!(record.is_free() && !record.expired(5_000));
        record.begin(PolicyId(9), Generation(2), 1_000_000_000, 60_000);
        assert!(!record.expired(60_999));
        assert!(record.expired(61_000));
    }

    #[test]
    fn an_ipv4_session_is_whole_in_its_compact_form() {
        let row = SessionRow {
            src: Addr::v4([203, 0, 113, 1]),
            dst: Addr::v4([198, 51, 100, 7]),
            sport: 1025.into(),
            dport: 53.into(),
            l3_delta: 0x1234,
            l4_delta: 0xfedc,
            slot: SessionSlot(77),
            egress: ZoneId(4),
            flags: SessionFlags(SessionFlags::SOURCE),
            reserved: 0,
            hop: Hop::new(9, crate::InterfaceId(2), [1, 2, 3, 4, 5, 6], crate::IfIndex(7)),
        };
        assert_eq!(SessionRow4::new(&row).row(), row);
        assert_eq!(row.hop.mac(), [1, 2, 3, 4, 5, 6]);
        assert_eq!(SessionKey4::new(&key()).expand(), key());
        let owner = SessionOwner::default();
        owner.store(&key());
        assert_eq!(owner.load(), key());
    }

    #[test]
    fn the_clock_may_wrap_and_may_lag_behind_another_cpu() {
        let record = SessionRecord::default();
        record.begin(PolicyId(9), Generation(2), u64::from(u32::MAX) * 1_000_000, 10);
        assert!(!record.expired(u32::MAX - 5), "seen later on another CPU");
        assert!(!record.expired(3));
        assert!(record.expired(9));
    }
}

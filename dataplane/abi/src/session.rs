use crate::{Addr, Generation, InterfaceId, PolicyId, PortBe, Word8, Word32, Word64, ZoneId};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Key of the `sessions` table: one direction of one session, as its packets arrive.
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
    /// [`crate::Control::epoch`] that it was learnt in; 0 for none.
    pub epoch: u32,
    /// Egress interface.
    pub interface: InterfaceId,
    /// Link address of the next hop.
    pub mac: [u8; 6],
    /// Zero.
    pub reserved: u32,
}

impl SessionKey {
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

/// Element of the `session_records` array: the part of a session that changes, shared by both directions.
///
/// 96 bytes. User space maps the array and reads it while packets write it: ageing a million sessions is one
/// pass over memory, without a system call (docs/adr/0003-session-records.md). The first 48 bytes are what
/// the fast path touches.
#[derive(Default, Debug, FromBytes, IntoBytes, KnownLayout)]
#[repr(C)]
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
    /// The [`SessionKey`] of the forward direction, in five words.
    pub key: [Word64; 5],
    /// Monotonic seconds at which it was admitted.
    pub created_s: Word32,
    /// [`Generation`] of the ruleset that admitted it.
    pub generation: Word32,
}
const _: () = assert!(size_of::<SessionRecord>() == 96);

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

    /// The forward direction's key.
    #[inline(always)]
    pub fn key(&self) -> SessionKey {
        let words = [
            self.key[0].load(),
            self.key[1].load(),
            self.key[2].load(),
            self.key[3].load(),
            self.key[4].load(),
        ];
        zerocopy::transmute!(words)
    }

    /// Copies every field of `other`, word by word.
    pub fn copy_from(&self, other: &SessionRecord) {
        let words = |from: &[Word64], to: &[Word64]| {
            for (from, to) in from.iter().zip(to) {
                to.store(from.load());
            }
        };
        words(&other.key, &self.key);
        words(&other.packets, &self.packets);
        words(&other.bytes, &self.bytes);
        for direction in 0..2 {
            self.tcp_seen[direction].store(other.tcp_seen[direction].load());
        }
        self.policy.store(other.policy.load());
        self.created_s.store(other.created_s.load());
        self.generation.store(other.generation.load());
        self.last_seen_ms.store(other.last_seen_ms.load());
        self.timeout_ms.store(other.timeout_ms.load());
    }

    /// Sets every field for a new session; `timeout_ms` last, which makes it live.
    #[inline(always)]
    pub fn begin(
        &self,
        key: &SessionKey,
        policy: PolicyId,
        generation: Generation,
        now_ns: u64,
        timeout_ms: u32,
    ) {
        let words: [u64; 5] = zerocopy::transmute!(*key);
        self.key[0].store(words[0]);
        self.key[1].store(words[1]);
        self.key[2].store(words[2]);
        self.key[3].store(words[3]);
        self.key[4].store(words[4]);
        self.tcp_seen[0].store(0);
        self.tcp_seen[1].store(0);
        self.policy.store(policy.0);
        self.packets[0].store(0);
        self.packets[1].store(0);
        self.bytes[0].store(0);
        self.bytes[1].store(0);
        self.created_s.store((now_ns / 1_000_000_000) as u32);
        self.generation.store(generation.0);
        self.last_seen_ms.store((now_ns / 1_000_000) as u32);
        self.timeout_ms.store(timeout_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::{SessionKey, SessionRecord};
    use crate::{Addr, Generation, InterfaceId, PolicyId, ZoneId};

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
        record.begin(&key(), PolicyId(9), Generation(2), 1_000_000_000, 60_000);
        assert_eq!(record.key(), key());
        assert!(!record.expired(60_999));
        assert!(record.expired(61_000));
    }

    #[test]
    fn the_clock_may_wrap_and_may_lag_behind_another_cpu() {
        let record = SessionRecord::default();
        record.begin(&key(), PolicyId(9), Generation(2), u64::from(u32::MAX) * 1_000_000, 10);
        assert!(!record.expired(u32::MAX - 5), "seen later on another CPU");
        assert!(!record.expired(3));
        assert!(record.expired(9));
    }
}

use super::{Direction, IdleTimeout};
use crate::{Family, Generation, PolicyId, Word8, Word32, Word64};
use zerocopy::{FromBytes, IntoBytes, KnownLayout};

/// Index of a session's [`SessionRecord`], shared by its two rows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[repr(transparent)]
pub struct SessionSlot(pub u32);

/// Index of a row in the table of its family.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(transparent)]
pub struct SessionPlace(pub u32);

impl SessionPlace {
    /// No row; no table is so large.
    pub const NONE: SessionPlace = SessionPlace(u32::MAX);

    /// Where the other direction of a session is at home whose key is at home here, unless it is translated or
    /// both have one end.
    #[inline(always)]
    pub const fn beside(self) -> SessionPlace {
        SessionPlace(self.0 ^ 1)
    }
}

/// Element of the `records` array: what both directions of a session share and packets seldom touch.
///
/// 64 bytes, one cache line. User space maps the array: looking a million sessions over is one pass over memory, without
/// a system call (docs/adr/0003-session-records.md).
#[derive(Default, Debug, FromBytes, IntoBytes, KnownLayout)]
#[repr(C, align(64))]
pub struct SessionRecord {
    /// When to look whether the session has ended, milliseconds of the monotonic clock, truncated and odd; 0 marks a
    /// free record. Never after the session's end, and most often before it: packets do not move it.
    pub look_at_ms: Word32,
    /// [`SessionPlace`] of the rows by [`Direction`].
    pub places: [Word32; 2],
    /// [`PolicyId`] that admitted it.
    pub policy: Word32,
    /// Packets by [`Direction`], without those that the rows still count.
    pub packets: [Word64; 2],
    /// Bytes of IP packets by [`Direction`], likewise.
    pub bytes: [Word64; 2],
    /// Monotonic seconds at which it was admitted.
    pub created_s: Word32,
    /// [`Generation`] of the ruleset that admitted it.
    pub generation: Word32,
    /// TCP flags seen so far, by [`Direction`] of travel; each byte is written by its own direction only.
    pub tcp_seen: [Word8; 2],
    /// [`Family`] as a number.
    pub family: Word8,
    /// Zero.
    pub reserved: Word8,
    /// Zero.
    pub reserved2: Word32,
}
const _: () = assert!(size_of::<SessionRecord>() == 64);

/// Element of the `free_links` array, beside the record of the same index. 8 bytes: eight of them in a cache line, where
/// records would be eight lines that wait for one another.
#[derive(Default, Debug, FromBytes, IntoBytes, KnownLayout)]
#[repr(C)]
pub struct FreeLink {
    /// The free record below this one on the stack, plus one; 0 for none. Has a meaning for free records only.
    pub below: Word32,
    /// Zero.
    pub reserved: Word32,
}
const _: () = assert!(size_of::<FreeLink>() == 8);

/// The one element of the `free` array: the stack of free records, linked through [`FreeLink`]s.
/// 64 bytes, a cache line that no other data shares.
#[derive(Default, Debug, FromBytes, IntoBytes, KnownLayout)]
#[repr(C, align(64))]
pub struct FreeRecords {
    /// Slot on top plus one in the low half, 0 for none; a count of changes in the high half, so that a stack that looks
    /// as before but is not is told apart.
    pub top: Word64,
    /// Zero.
    pub reserved: [Word64; 7],
}
const _: () = assert!(size_of::<FreeRecords>() == 64);

// === impl SessionRecord ===

impl SessionRecord {
    /// True when no session owns the record.
    #[inline(always)]
    pub fn is_free(&self) -> bool {
        self.look_at_ms.load() == 0
    }

    /// IP version of the session.
    #[inline(always)]
    pub fn family(&self) -> Family {
        if self.family.load() == Family::V4 as u8 { Family::V4 } else { Family::V6 }
    }

    /// The row of one direction.
    #[inline(always)]
    pub fn place(&self, direction: Direction) -> SessionPlace {
        SessionPlace(self.places[direction as usize].load())
    }

    /// A time to look, as the field keeps it.
    #[inline(always)]
    pub const fn look_at(now_ms: u32, in_ms: u32) -> u32 {
        now_ms.wrapping_add(in_ms) | 1
    }

    /// True when it is time to look whether the session has ended.
    #[inline(always)]
    pub fn is_due(&self, now_ms: u32) -> bool {
        let look_at = self.look_at_ms.load();
        look_at != 0 && now_ms.wrapping_add(1).wrapping_sub(look_at) as i32 >= 0
    }

    /// Makes it a free record, with counters at zero for the next session.
    #[inline(always)]
    pub fn end(&self) {
        self.packets[0].store(0);
        self.packets[1].store(0);
        self.bytes[0].store(0);
        self.bytes[1].store(0);
        self.tcp_seen[0].store(0);
        self.tcp_seen[1].store(0);
        self.places[0].store(SessionPlace::NONE.0);
        self.places[1].store(SessionPlace::NONE.0);
        self.look_at_ms.store(0);
    }

    /// Starts a new session on a free record, whose counters are zero; the time to look comes last, which makes it live.
    #[inline(always)]
    pub fn begin(
        &self,
        [forward, reverse]: [SessionPlace; 2],
        policy: PolicyId,
        generation: Generation,
        family: Family,
        now_ns: u64,
        timeout: IdleTimeout,
    ) {
        self.places[0].store(forward.0);
        self.places[1].store(reverse.0);
        self.policy.store(policy.0);
        self.created_s.store((now_ns / 1_000_000_000) as u32);
        self.generation.store(generation.0);
        self.family.store(family as u8);
        self.look_at_ms.store(Self::look_at((now_ns / 1_000_000) as u32, timeout.ms()));
    }

    /// Copies every field of `other`, word by word.
    #[cfg(not(target_arch = "bpf"))]
    pub fn copy_from(&self, other: &SessionRecord) {
        for direction in 0..2 {
            self.packets[direction].store(other.packets[direction].load());
            self.bytes[direction].store(other.bytes[direction].load());
            self.tcp_seen[direction].store(other.tcp_seen[direction].load());
            self.places[direction].store(other.places[direction].load());
        }
        self.policy.store(other.policy.load());
        self.created_s.store(other.created_s.load());
        self.generation.store(other.generation.load());
        self.family.store(other.family.load());
        self.look_at_ms.store(other.look_at_ms.load());
    }
}

#[cfg(test)]
mod tests {
    use super::{SessionPlace, SessionRecord};
    use crate::{Family, Generation, IdleTimeout, PolicyId};

    #[test]
    fn a_record_is_looked_at_when_the_session_may_end_and_never_when_it_is_free() {
        let record = SessionRecord::default();
        assert!(record.is_free() && !record.is_due(5_000));
        record.begin(
            [SessionPlace::NONE; 2],
            PolicyId(9),
            Generation(2),
            Family::V4,
            1_000_000_000,
            IdleTimeout::from_secs(60),
        );
        assert!(!record.is_due(60_999));
        assert!(record.is_due(61_000) && record.is_due(70_000));
        record.end();
        assert!(record.is_free() && !record.is_due(70_000));
    }

    #[test]
    fn the_clock_may_wrap() {
        let record = SessionRecord::default();
        let now_ns = u64::from(u32::MAX) * 1_000_000;
        record.begin(
            [SessionPlace::NONE; 2],
            PolicyId(9),
            Generation(2),
            Family::V4,
            now_ns,
            IdleTimeout::from_secs(1),
        );
        assert!(!record.is_due(u32::MAX) && !record.is_due(900));
        assert!(record.is_due(1_000));
    }
}

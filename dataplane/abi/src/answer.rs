use crate::Word32;
use zerocopy::{FromBytes, IntoBytes, KnownLayout};

/// Element of the per-CPU `answers` array: ICMP errors sent within one second. 8 bytes.
#[derive(Default, Debug, FromBytes, IntoBytes, KnownLayout)]
#[repr(C)]
pub struct AnswerBudget {
    /// Monotonic second that `used` belongs to.
    pub second: Word32,
    /// Answers sent in it.
    pub used: Word32,
}

impl AnswerBudget {
    /// Takes one answer out of this second's `limit`; false when none is left.
    #[inline(always)]
    pub fn take(&self, now_ns: u64, limit: u32) -> bool {
        let second = (now_ns / 1_000_000_000) as u32;
        if self.second.load() != second {
            self.second.store(second);
            self.used.store(0);
        }
        if self.used.load() >= limit {
            return false;
        }
        self.used.add(1);
        true
    }
}

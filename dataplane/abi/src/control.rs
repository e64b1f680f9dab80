use crate::{Slot, Word32};
use zerocopy::{FromBytes, IntoBytes, KnownLayout};

/// The one element of the `control` array: what every packet reads first. 16 bytes; user space maps it.
#[derive(Default, Debug, FromBytes, IntoBytes, KnownLayout)]
#[repr(C)]
pub struct Control {
    /// Ruleset slot in force. One store switches rulesets.
    pub active: Word32,
    /// Counts changes of the host's routes, rules, neighbours, links and addresses, and of rulesets; never 0 once
    /// somebody counts.
    pub epoch: Word32,
    /// Milliseconds of the monotonic clock, truncated, until which somebody vouches for `epoch`. When a daemon dies,
    /// what was learnt in an epoch stops being used: every packet asks the kernel again.
    pub epoch_until_ms: Word32,
    /// Zero.
    pub reserved: Word32,
}
const _: () = assert!(size_of::<Control>() == 16);

impl Control {
    /// The ruleset in force.
    #[inline(always)]
    pub fn slot(&self) -> Slot {
        Slot::new(self.active.load())
    }

    /// The current epoch, or 0 when nobody vouches for it.
    #[inline(always)]
    pub fn epoch(&self, now_ms: u32) -> u32 {
        // All ones while time is left. No branch: the eBPF verifier would follow both of its ends through the whole
        // pipeline.
        let left = self.epoch_until_ms.load().wrapping_sub(now_ms).wrapping_sub(1) as i32;
        self.epoch.load() & !(left >> 31) as u32
    }

    /// Begins another epoch.
    pub fn advance(&self) {
        let next = self.epoch.load().wrapping_add(1);
        self.epoch.store(if next == 0 { 1 } else { next });
    }
}

#[cfg(test)]
mod tests {
    use super::Control;

    #[test]
    fn an_epoch_counts_only_while_somebody_vouches_for_it() {
        let control = Control::default();
        control.advance();
        assert_eq!(control.epoch(0), 0);
        control.epoch_until_ms.store(2_000);
        assert_eq!((control.epoch(1_999), control.epoch(2_000)), (1, 0));
        control.epoch_until_ms.store(5); // the clock has wrapped
        assert_eq!((control.epoch(u32::MAX), control.epoch(6)), (1, 0));
    }
}

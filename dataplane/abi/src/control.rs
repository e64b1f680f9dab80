use crate::{Slot, Word32, Word64};
use zerocopy::{FromBytes, IntoBytes, KnownLayout};

/// The one element of the `control` array: what every packet reads first. 32 bytes; user space maps it.
#[derive(Default, Debug, FromBytes, IntoBytes, KnownLayout)]
#[repr(C)]
pub struct Control {
    /// Ruleset slot in force in the lowest bit, a count above it. The whole word names the epoch: it changes with routes,
    /// rules, neighbours, links and addresses of the host, and with the slot. So one store switches rulesets and forgets
    /// what was learnt under the old one, and no packet sees half of it.
    pub word: Word32,
    /// Milliseconds of the monotonic clock, truncated, until which somebody vouches for the epoch. When a daemon dies,
    /// what was learnt in an epoch stops being used: every packet asks the kernel again.
    pub vouched_until_ms: Word32,
    /// Buckets of the `sessions4` array, each of [`crate::limits::BUCKET`] rows.
    pub buckets4: Word32,
    /// Buckets of the `sessions6` array.
    pub buckets6: Word32,
    /// Makes the places of sessions unforeseeable to those who choose their tuples.
    pub seed: Word64,
    /// Zero.
    pub reserved: Word64,
}
const _: () = assert!(size_of::<Control>() == 32);

impl Control {
    /// The ruleset in force, and the current epoch; 0 instead of that when nobody vouches for it.
    #[inline(always)]
    pub fn read(&self, now_ms: u32) -> (Slot, u32) {
        let word = self.word.load();
        // All ones while time is left. No branch: the eBPF verifier would follow both of its ends through the whole
        // pipeline.
        let left = self.vouched_until_ms.load().wrapping_sub(now_ms).wrapping_sub(1) as i32;
        (Slot::new(word), word & !(left >> 31) as u32)
    }

    /// The ruleset in force.
    pub fn slot(&self) -> Slot {
        Slot::new(self.word.load())
    }

    /// Begins another epoch of the same ruleset.
    #[cfg(not(target_arch = "bpf"))]
    pub fn advance(&self) {
        self.word.update(|word| next(word) | (word & 1));
    }

    /// Switches to `slot`, which begins another epoch.
    #[cfg(not(target_arch = "bpf"))]
    pub fn activate(&self, slot: Slot) {
        self.word.update(|word| next(word) | slot.index());
    }
}

/// The next count; never 0, which names no epoch.
#[cfg(not(target_arch = "bpf"))]
const fn next(word: u32) -> u32 {
    let count = (word & !1).wrapping_add(2);
    if count == 0 { 2 } else { count }
}

#[cfg(test)]
mod tests {
    use super::Control;
    use crate::Slot;

    #[test]
    fn an_epoch_counts_only_while_somebody_vouches_for_it() {
        let control = Control::default();
        control.advance();
        assert_eq!(control.read(0), (Slot::new(0), 0));
        control.vouched_until_ms.store(2_000);
        assert_eq!((control.read(1_999).1, control.read(2_000).1), (2, 0));
        control.vouched_until_ms.store(5); // the clock has wrapped
        assert_eq!((control.read(u32::MAX).1, control.read(6).1), (2, 0));
    }

    #[test]
    fn a_switch_of_rulesets_is_one_store_and_an_epoch_of_its_own() {
        let control = Control::default();
        control.vouched_until_ms.store(2_000);
        control.advance();
        let before = control.read(0);
        control.activate(Slot::new(1));
        let after = control.read(0);
        assert_eq!((before.0, after.0), (Slot::new(0), Slot::new(1)));
        assert_ne!(before.1, after.1);
        control.advance();
        assert_eq!(control.slot(), Slot::new(1));
    }

    #[test]
    fn the_count_wraps_around_the_number_that_names_no_epoch() {
        let control = Control::default();
        control.vouched_until_ms.store(2_000);
        control.word.store(u32::MAX - 1);
        control.advance();
        assert_ne!(control.read(0).1, 0);
    }
}

/// The word by which a place of a session table is claimed: whether its row is taken, and how far the keys whose home it
/// is have strayed. Changed by compare-and-exchange alone.
///
/// Bits from the lowest: 2 state, 8 reach, 8 displacement, 14 version.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(transparent)]
pub struct Occupancy(pub u32);

const STATE: u32 = 0b11;
/// Never taken.
const EMPTY: u32 = 0;
/// Taken before, and free again; packets that found it then may still be on their way.
const FREED: u32 = 1;
/// Taken, and being written.
const CLAIMED: u32 = 2;
/// Taken, and found by look-ups.
const LIVE: u32 = 3;

const REACH_SHIFT: u32 = 2;
const DISPLACEMENT_SHIFT: u32 = 10;
const VERSION_SHIFT: u32 = 18;

impl Occupancy {
    /// A row that look-ups may find.
    #[inline(always)]
    pub const fn is_live(self) -> bool {
        self.0 & STATE == LIVE
    }

    /// A row that is there, or about to be.
    #[inline(always)]
    pub const fn is_taken(self) -> bool {
        self.0 & STATE >= CLAIMED
    }

    /// Never taken since the table was made.
    #[inline(always)]
    pub const fn is_empty(self) -> bool {
        self.0 & STATE == EMPTY
    }

    /// As an index of the probe sequence, the farthest place at which a key lies whose home this place is.
    #[inline(always)]
    pub const fn reach(self) -> u32 {
        self.0 >> REACH_SHIFT & 0xff
    }

    /// Index of this place in the probe sequence of the key that lies here.
    #[inline(always)]
    pub const fn displacement(self) -> u32 {
        self.0 >> DISPLACEMENT_SHIFT & 0xff
    }

    /// Taken for a key that lies at index `displacement` of its sequence.
    #[inline(always)]
    pub const fn claimed(self, displacement: u32) -> Occupancy {
        let kept = self.0 & !(STATE | 0xff << DISPLACEMENT_SHIFT);
        Occupancy(kept | CLAIMED | displacement << DISPLACEMENT_SHIFT).stepped()
    }

    /// Found from here on.
    #[inline(always)]
    pub const fn live(self) -> Occupancy {
        Occupancy(self.0 | LIVE)
    }

    /// Free again.
    #[inline(always)]
    pub const fn freed(self) -> Occupancy {
        Occupancy(self.0 & !STATE | FREED)
    }

    /// With another reach.
    #[inline(always)]
    pub const fn with_reach(self, reach: u32) -> Occupancy {
        Occupancy(self.0 & !(0xff << REACH_SHIFT) | reach << REACH_SHIFT).stepped()
    }

    /// The next version: whoever exchanges an earlier one fails.
    #[inline(always)]
    const fn stepped(self) -> Occupancy {
        Occupancy(self.0.wrapping_add(1 << VERSION_SHIFT))
    }
}

#[cfg(test)]
mod tests {
    use super::Occupancy;

    #[test]
    fn state_reach_and_displacement_do_not_touch_each_other() {
        for reach in [0, 1, 255] {
            for displacement in [0, 7, 255] {
                let empty = Occupancy::default().with_reach(reach);
                assert!(empty.is_empty() && !empty.is_taken());
                let claimed = empty.claimed(displacement);
                assert!(claimed.is_taken() && !claimed.is_live());
                let live = claimed.live();
                assert!(live.is_live());
                assert_eq!((live.reach(), live.displacement()), (reach, displacement));
                let freed = live.freed();
                assert!(!freed.is_taken() && !freed.is_empty());
                assert_eq!(freed.reach(), reach);
            }
        }
    }

    #[test]
    fn a_place_that_was_claimed_again_does_not_look_as_before() {
        let first = Occupancy::default().claimed(3).live();
        assert_ne!(first.freed().claimed(3).live(), first);
        assert_ne!(first.with_reach(first.reach()), first);
    }
}

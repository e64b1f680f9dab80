use super::table::SessionTables;
use crate::environment::{Environment, Turn, attempt};
use flumen_abi::SessionSlot;

/// Times that the top of the stack is exchanged while other CPUs do the same; each time one of them has succeeded.
const ATTEMPTS: u32 = 256;

/// A record that no session owns; never the same one to two CPUs. `None` when all are taken.
#[inline(always)]
pub fn take_record<T: SessionTables, E: Environment>(tables: &T) -> Option<SessionSlot> {
    let mut pop = Pop { tables, taken: 0 };
    attempt::<E, _>(ATTEMPTS, &mut pop);
    pop.taken.checked_sub(1).map(SessionSlot)
}

struct Pop<'a, T> {
    tables: &'a T,
    taken: u32,
}

impl<T: SessionTables> Turn for Pop<'_, T> {
    #[inline(always)]
    fn take(&mut self, _: u32) -> bool {
        let Some(free) = self.tables.free_records() else { return false };
        let top = free.top.load();
        let slot = top as u32;
        let Some(link) = slot.checked_sub(1).and_then(|slot| self.tables.free_link(SessionSlot(slot))) else {
            return false;
        };
        // The record may have been taken since: then the count in the top has changed, and this is not used.
        let below = above(top, link.below.load());
        if self.tables.exchange64(&free.top, top, below) {
            self.taken = slot;
            return false;
        }
        true
    }
}

/// Gives back a record of [`take_record`] that no row points to.
#[inline(always)]
pub fn give_record<T: SessionTables, E: Environment>(tables: &T, slot: SessionSlot) {
    E::repeat(ATTEMPTS, &mut Push { tables, slot });
}

struct Push<'a, T> {
    tables: &'a T,
    slot: SessionSlot,
}

impl<T: SessionTables> Turn for Push<'_, T> {
    #[inline(always)]
    fn take(&mut self, _: u32) -> bool {
        let (Some(free), Some(link)) = (self.tables.free_records(), self.tables.free_link(self.slot)) else {
            return false;
        };
        let top = free.top.load();
        link.below.store(top as u32);
        !self.tables.exchange64(&free.top, top, above(top, self.slot.0 + 1))
    }
}

/// The word after `top` when `slot` (plus one) comes on top.
#[inline(always)]
fn above(top: u64, slot: u32) -> u64 {
    (top >> 32).wrapping_add(1) << 32 | slot as u64
}

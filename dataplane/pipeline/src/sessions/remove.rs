use super::free::give_record;
use super::table::{SessionTables, flow};
use crate::environment::{Environment, Turn};
use flumen_abi::{Direction, Family, Flow, Occupancy, SessionPlace, SessionRow, SessionSlot};

/// Times that a row is tried to be freed while others change the reach in the same word.
const ATTEMPTS: u32 = 8;

/// Removes the session of `slot`: both rows, then its record. True when there was one.
#[inline(always)]
pub fn end<T: SessionTables, E: Environment>(tables: &T, slot: SessionSlot, now_ms: u32) -> bool {
    let Some(record) = tables.record(slot) else { return false };
    if record.is_free() {
        return false;
    }
    let family = record.family();
    let (forward, reverse) = (record.place(Direction::Forward), record.place(Direction::Reverse));
    remove::<T, E>(tables, family, forward, slot, now_ms);
    remove::<T, E>(tables, family, reverse, slot, now_ms);
    record.end();
    give_record::<T, E>(tables, slot);
    true
}

/// Removes the session that a packet has found by its `row` at `place`: both rows. The record is left to who ages
/// sessions, so that it is not freed twice.
///
/// Who frees the row that was found removes the other one: until then the record was the session's, and said where that
/// is. Whoever comes later leaves it alone, since the record may be another session's by now.
#[inline(always)]
pub fn remove_found<T: SessionTables, E: Environment>(
    tables: &T,
    family: Family,
    place: SessionPlace,
    row: &SessionRow,
    now_ms: u32,
) {
    let Some(record) = tables.record(row.slot) else { return };
    let other = record.place(row.flags.direction().other());
    if remove::<T, E>(tables, family, place, row.slot, now_ms) {
        remove::<T, E>(tables, family, other, row.slot, now_ms);
    }
}

/// Removes the row at `place` if it is still that of `slot`; true when it did. Its content stays for a while
/// ([`super::REST_MS`]).
#[inline(never)]
pub fn remove<T: SessionTables, E: Environment>(
    tables: &T,
    family: Family,
    place: SessionPlace,
    slot: SessionSlot,
    now_ms: u32,
) -> bool {
    let Some(flow) = flow(tables, family, place) else { return false };
    if flow.slot() != slot {
        return false;
    }
    let displacement = free(tables, flow, now_ms);
    if displacement == NOT_FREED {
        return false;
    }
    if displacement != 0 {
        shorten::<T, E>(tables, family, SessionPlace(place.0 ^ displacement), displacement);
    }
    true
}

const NOT_FREED: u32 = u32::MAX;

/// Frees a row; returns its displacement.
#[inline(always)]
fn free<T: SessionTables>(tables: &T, flow: &Flow, now_ms: u32) -> u32 {
    for _ in 0..ATTEMPTS {
        let live = flow.occupancy();
        if !live.is_live() {
            return NOT_FREED;
        }
        flow.last_seen_ms.store(now_ms);
        if tables.exchange(&flow.occupancy, live.0, live.freed().0) {
            return live.displacement();
        }
    }
    NOT_FREED
}

/// Lowers the reach of `home` when the row that had strayed farthest is gone. If somebody inserts meanwhile, it stays:
/// look-ups go farther than they need, and nothing is lost.
#[inline(always)]
fn shorten<T: SessionTables, E: Environment>(tables: &T, family: Family, home: SessionPlace, gone: u32) {
    let Some(flow) = flow(tables, family, home) else { return };
    let before = flow.occupancy();
    // Farther than any row that is there, when an earlier removal met an insertion.
    let reach = before.reach();
    if reach < gone {
        return;
    }
    let mut search = Farthest { tables, family, home, gone: reach, reach: 0 };
    E::repeat(reach, &mut search);
    if search.reach == reach {
        return;
    }
    let _inserted_meanwhile = tables.exchange(&flow.occupancy, before.0, before.with_reach(search.reach).0);
}

/// Looks for the farthest row of a home, from `gone` downwards.
struct Farthest<'a, T> {
    tables: &'a T,
    family: Family,
    home: SessionPlace,
    gone: u32,
    reach: u32,
}

impl<T: SessionTables> Turn for Farthest<'_, T> {
    #[inline(always)]
    fn take(&mut self, index: u32) -> bool {
        let at = self.gone - index;
        let occupancy = match flow(self.tables, self.family, SessionPlace(self.home.0 ^ at)) {
            Some(flow) => flow.occupancy(),
            None => Occupancy::default(),
        };
        // A row at this distance from its home, seen from here, has its home here.
        if occupancy.is_taken() && occupancy.displacement() == at {
            self.reach = at;
            return false;
        }
        true
    }
}

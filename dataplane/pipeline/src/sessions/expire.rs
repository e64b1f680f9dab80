use super::remove::end;
use super::table::{SessionTables, live_flow};
use crate::environment::Environment;
use flumen_abi::{Direction, SessionRecord, SessionSlot};

/// What is to be done with a session at some time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Age {
    /// No session owns the record.
    Free,
    /// It cannot have ended yet.
    Lives,
    /// Its time is over.
    Ended,
}

/// Looks whether the session of `slot` has ended. If it has not, the record is told when to look again.
#[inline(always)]
pub fn age<T: SessionTables>(tables: &T, slot: SessionSlot, now_ms: u32) -> Age {
    let Some(record) = tables.record(slot) else { return Age::Free };
    let look_at = record.look_at_ms.load();
    if look_at == 0 {
        return Age::Free;
    }
    if !record.is_due(now_ms) {
        return Age::Lives;
    }
    let left_ms = left(tables, record, slot, Direction::Forward, now_ms).max(left(
        tables,
        record,
        slot,
        Direction::Reverse,
        now_ms,
    ));
    if left_ms == 0 {
        return Age::Ended;
    }
    // Exchanged: a packet may set an earlier time meanwhile, or the session may end.
    let _set_meanwhile =
        tables.exchange(&record.look_at_ms, look_at, SessionRecord::look_at(now_ms, left_ms));
    Age::Lives
}

/// Longer than any timeout, and with the longest timeout less than half the way round the clock.
const SILENT_MS: u32 = 1 << 30;

/// Milliseconds that one direction gives the session; 0 when it has no row.
#[inline(always)]
fn left<T: SessionTables>(
    tables: &T,
    record: &SessionRecord,
    slot: SessionSlot,
    direction: Direction,
    now_ms: u32,
) -> u32 {
    let Some(flow) = live_flow(tables, record.family(), record.place(direction), slot) else { return 0 };
    // Long silent: kept from looking like a packet to come, when the clock has gone half way round.
    let seen = flow.last_seen_ms.load();
    if flow.idle_ms(now_ms) > SILENT_MS {
        let _seen_meanwhile = tables.exchange(&flow.last_seen_ms, seen, now_ms.wrapping_sub(SILENT_MS));
    }
    flow.left_ms(now_ms)
}

/// Removes the session of `slot` if its time is over at `now_ms`; true when it did.
#[inline(always)]
pub fn expire<T: SessionTables, E: Environment>(tables: &T, slot: SessionSlot, now_ms: u32) -> bool {
    matches!(age(tables, slot, now_ms), Age::Ended) && end::<T, E>(tables, slot, now_ms)
}

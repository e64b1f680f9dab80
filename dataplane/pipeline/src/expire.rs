use crate::tables::Tables;
use flumen_abi::{SessionRow, SessionSlot};

/// Removes the session of `slot`, whose deadline has passed at `now_ms`: its rows, then its record. True when it did.
///
/// A packet may have come since the caller looked, or the pipeline may have removed the rows already, and another
/// session may have taken their keys since: only rows that point to this record are removed.
#[inline(always)]
pub fn expire<T: Tables>(tables: &T, slot: SessionSlot, now_ms: u32, row: &mut SessionRow) -> bool {
    let (Some(record), Some(owner)) = (tables.record(slot), tables.owner(slot)) else { return false };
    if record.is_free() || !record.expired(now_ms) {
        return false;
    }
    let key = owner.load();
    if tables.session(&key, row) && row.slot == slot {
        let reverse = key.reverse(row);
        tables.remove_session(&key);
        if tables.session(&reverse, row) && row.slot == slot {
            tables.remove_session(&reverse);
        }
    }
    record.end();
    tables.give_record(slot);
    true
}

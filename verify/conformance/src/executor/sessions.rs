//! Session tables of any engine, read and changed beside it.

use super::{RecordView, SessionTable};
use flumen_abi::{
    Direction, Flow, Occupancy, SessionKey, SessionPlace, SessionRecord, SessionRow, SessionSlot,
};
use flumen_native::{direction_of, free_all_records, live_rows};
use flumen_pipeline::{SessionTables, sessions};

/// Every session.
pub fn all(tables: &impl SessionTables) -> SessionTable {
    let mut table = SessionTable::default();
    for (key, row) in live_rows(tables) {
        add(tables, &mut table, key, row);
    }
    table
}

/// Adds a row with its record to `table`.
pub fn add(tables: &impl SessionTables, table: &mut SessionTable, key: SessionKey, row: SessionRow) {
    table.add(key, row);
    let Some(record) = tables.record(row.slot) else { return };
    let both = [Direction::Forward, Direction::Reverse].map(|way| direction_of(tables, row.slot, way));
    if let [Some((forward, _, key)), reverse] = both {
        let flows = [Some(forward), reverse.map(|(flow, ..)| flow)];
        table.records.insert(row.slot.0, RecordView::of(record, flows, key));
    }
}

/// Makes every session `ms` milliseconds older.
pub fn age(tables: &impl SessionTables, ms: u32) {
    for slot in slots(tables) {
        let Some(record) = tables.record(slot).filter(|record| !record.is_free()) else { continue };
        record.look_at_ms.store(record.look_at_ms.load().wrapping_sub(ms) | 1);
        for direction in [Direction::Forward, Direction::Reverse] {
            if let Some((flow, ..)) = direction_of(tables, slot, direction) {
                flow.last_seen_ms.store(flow.last_seen_ms.load().wrapping_sub(ms));
            }
        }
    }
}

/// Makes the tables as they were when they were made.
pub fn clear(tables: &impl SessionTables) {
    let forget = |flow: &Flow| flow.occupancy.store(Occupancy::default().0);
    (0..).map_while(|place| tables.row4(SessionPlace(place))).for_each(|row| forget(&row.flow));
    (0..).map_while(|place| tables.row6(SessionPlace(place))).for_each(|row| forget(&row.flow));
    slots(tables).filter_map(|slot| tables.record(slot)).for_each(SessionRecord::end);
    tables.free_records().expect("a stack of free records").top.store(0);
    free_all_records(tables);
}

/// Takes records away until `count` are free.
pub fn leave_free_records(tables: &impl SessionTables, count: u32) {
    let mut taken: Vec<_> =
        std::iter::from_fn(|| sessions::take_record::<_, flumen_native::Loops>(tables)).collect();
    for slot in (0..count).map_while(|_| taken.pop()) {
        sessions::give_record::<_, flumen_native::Loops>(tables, slot);
    }
}

fn slots(tables: &impl SessionTables) -> impl Iterator<Item = SessionSlot> {
    (0..).map(SessionSlot).take_while(|slot| tables.record(*slot).is_some())
}

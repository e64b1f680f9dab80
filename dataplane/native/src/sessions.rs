use crate::environment::NativeEnvironment;
use crate::routes::RouteTable;
use flumen_abi::{
    Control, Direction, Family, Flow, FreeLink, FreeRecords, IdleTimeout, SessionKey, SessionPlace,
    SessionRecord, SessionRow, SessionRow4, SessionRow6, SessionSlot, StoredRow, Word32, Word64, limits,
};
use flumen_pipeline::{SessionTables, sessions};
use zerocopy::FromZeros;

/// The loops of session look-ups, outside a packet's way.
pub type Loops = NativeEnvironment<RouteTable>;

/// A session of another engine, copied.
#[derive(Debug)]
pub struct FoundSession {
    /// Its rows.
    pub directions: Vec<FoundRow>,
    /// What they share.
    pub record: SessionRecord,
}

/// One direction of it.
#[derive(Clone, Copy, Debug)]
pub struct FoundRow {
    /// As its packets arrive.
    pub key: SessionKey,
    /// What they become.
    pub row: SessionRow,
    /// Time of the last one, milliseconds, truncated.
    pub last_seen_ms: u32,
    /// Idle time at which the session ends.
    pub timeout: IdleTimeout,
}

/// Sessions that live elsewhere: asked for keys that the tables do not have, never written.
pub trait SessionSource {
    /// The session that `key` is a direction of.
    fn find(&self, key: &SessionKey) -> Option<FoundSession>;
}

/// The arrays that hold sessions, in memory. Threads may share them.
#[derive(Debug)]
pub struct SessionArrays {
    pub(crate) control: Control,
    rows4: Box<[SessionRow4]>,
    rows6: Box<[SessionRow6]>,
    records: Box<[SessionRecord]>,
    links: Box<[FreeLink]>,
    free: FreeRecords,
}

// === impl SessionArrays ===

impl SessionArrays {
    /// Room for `sessions` of either family.
    pub fn new(sessions: u32) -> SessionArrays {
        let buckets = limits::session_buckets(sessions);
        let arrays = SessionArrays {
            control: Control::default(),
            rows4: zeroed(buckets * limits::BUCKET),
            rows6: zeroed(buckets * limits::BUCKET),
            records: zeroed(sessions),
            links: zeroed(sessions),
            free: FreeRecords::default(),
        };
        arrays.control.buckets4.store(buckets);
        arrays.control.buckets6.store(buckets);
        // Not keyed against attackers: this engine sees chosen traffic only.
        arrays.control.seed.store(0x243f_6a88_85a3_08d3);
        free_all_records(&arrays);
        arrays
    }

    /// Sessions that there is room for.
    pub fn limit(&self) -> u32 {
        self.records.len() as u32
    }

    /// How many rows are live.
    pub fn row_count(&self) -> usize {
        live_rows(self).len()
    }

    /// Ends sessions whose time is over at `now_ms`; returns how many.
    pub fn sweep(&self, now_ms: u32) -> u32 {
        let mut ended = 0;
        for slot in (0..self.limit()).map(SessionSlot) {
            ended += u32::from(sessions::expire::<_, Loops>(self, slot, now_ms));
        }
        ended
    }

    /// Copies a session of another engine, under a record of our own.
    pub(crate) fn adopt(&self, found: &FoundSession) -> bool {
        let Some(slot) = sessions::take_record::<_, Loops>(self) else { return false };
        let Some(record) = self.record(slot) else { return false };
        record.copy_from(&found.record);
        for direction in &found.directions {
            let row = SessionRow { slot, ..direction.row };
            let (last_seen_ms, timeout) = (direction.last_seen_ms, direction.timeout);
            let place = sessions::insert::<_, Loops>(
                self,
                &direction.key,
                sessions::home(self, &direction.key),
                &row,
                last_seen_ms,
                timeout,
            );
            let place = place.unwrap_or(SessionPlace::NONE);
            record.places[row.flags.direction() as usize].store(place.0);
        }
        true
    }
}

fn zeroed<T: FromZeros>(rows: u32) -> Box<[T]> {
    <[T]>::new_box_zeroed_with_elems(rows as usize).expect("memory for the rows that were asked for")
}

/// Every row that is live, in no order.
pub fn live_rows(tables: &impl SessionTables) -> Vec<(SessionKey, SessionRow)> {
    let mut rows = Vec::new();
    for place in (0..).map(SessionPlace) {
        let Some(row) = tables.row4(place) else { break };
        rows.extend(live_row(tables, place, row));
    }
    for place in (0..).map(SessionPlace) {
        let Some(row) = tables.row6(place) else { break };
        rows.extend(live_row(tables, place, row));
    }
    rows
}

fn live_row(
    tables: &impl SessionTables,
    place: SessionPlace,
    stored: &impl StoredRow,
) -> Option<(SessionKey, SessionRow)> {
    if !stored.flow().occupancy().is_live() {
        return None;
    }
    let (key, mut row) = (stored.key(), SessionRow::EMPTY);
    sessions::read(tables, &key, place, &mut row).then_some((key, row))
}

/// The row of `key`.
pub fn find_row(tables: &impl SessionTables, key: &SessionKey) -> Option<SessionRow> {
    let place = sessions::find::<_, Loops>(tables, key);
    let mut row = SessionRow::EMPTY;
    sessions::read(tables, key, place, &mut row).then_some(row)
}

/// One direction of the session of `slot`, as it lies in its table: its row's common part, place and key.
pub fn direction_of(
    tables: &impl SessionTables,
    slot: SessionSlot,
    direction: Direction,
) -> Option<(&Flow, SessionPlace, SessionKey)> {
    let record = tables.record(slot)?;
    let place = record.place(direction);
    let key = match record.family() {
        Family::V4 => tables.row4(place)?.key(),
        Family::V6 => tables.row6(place)?.key(),
    };
    let flow = sessions::live_flow(tables, record.family(), place, slot)?;
    Some((flow, place, key))
}

/// Puts every record on the free stack, the lowest on top, so that records in use stay close together.
pub fn free_all_records(tables: &impl SessionTables) {
    let records = (0..).map(SessionSlot).take_while(|slot| tables.record(*slot).is_some()).count() as u32;
    for slot in (0..records).rev() {
        sessions::give_record::<_, Loops>(tables, SessionSlot(slot));
    }
}

impl SessionTables for SessionArrays {
    #[inline(always)]
    fn control(&self) -> Option<&Control> {
        Some(&self.control)
    }

    #[inline(always)]
    fn row4(&self, place: SessionPlace) -> Option<&SessionRow4> {
        self.rows4.get(place.0 as usize)
    }

    #[inline(always)]
    fn row6(&self, place: SessionPlace) -> Option<&SessionRow6> {
        self.rows6.get(place.0 as usize)
    }

    #[inline(always)]
    fn record(&self, slot: SessionSlot) -> Option<&SessionRecord> {
        self.records.get(slot.0 as usize)
    }

    #[inline(always)]
    fn free_link(&self, slot: SessionSlot) -> Option<&FreeLink> {
        self.links.get(slot.0 as usize)
    }

    #[inline(always)]
    fn free_records(&self) -> Option<&FreeRecords> {
        Some(&self.free)
    }

    #[inline(always)]
    fn exchange(&self, word: &Word32, old: u32, new: u32) -> bool {
        word.exchange(old, new)
    }

    #[inline(always)]
    fn exchange64(&self, word: &Word64, old: u64, new: u64) -> bool {
        word.exchange(old, new)
    }

    #[inline(always)]
    fn barrier(&self) {
        std::sync::atomic::fence(std::sync::atomic::Ordering::Release);
    }

    #[inline(always)]
    fn import(&self, _: &SessionKey) -> bool {
        false
    }
}

#[cfg(test)]
mod tests;

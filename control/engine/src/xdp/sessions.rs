use super::arrays::Records;
use super::clock::Now;
use super::rows::Rows;
use crate::{EngineError, FoundSession, SessionView};
use flumen_abi::{
    Counter, Direction, Generation, PolicyId, SessionKey, SessionRecord, SessionRow, SessionSlot,
};
use std::ops::ControlFlow;
use std::time::Duration;

/// Puts every record on the free stack, the lowest on top, so that records in use stay close together.
pub(crate) fn fill_free_records(rows: &mut Rows, records: usize) -> Result<(), EngineError> {
    (0..records as u32).rev().try_for_each(|slot| rows.push_free_record(slot))
}

/// Calls `visit` for every live session.
pub(crate) fn visit(
    rows: &Rows,
    records: Records<'_>,
    visit: &mut dyn FnMut(SessionView) -> ControlFlow<()>,
) -> Result<(), EngineError> {
    let now = Now::read()?;
    for (slot, record) in records.records.iter().enumerate() {
        if record.is_free() || record.expired(now.ms) {
            continue;
        }
        let key = records.owners[slot].load();
        // A record in the middle of admission or removal has no row of its own: not a session, yet or still.
        let Some(row) = rows.session(&key)? else { continue };
        if row.slot != SessionSlot(slot as u32) {
            continue;
        }
        if visit(view(key, row, record, &now)).is_break() {
            break;
        }
    }
    Ok(())
}

fn view(key: SessionKey, row: SessionRow, record: &SessionRecord, now: &Now) -> SessionView {
    let counter = |direction: Direction| Counter {
        packets: record.packets[direction as usize].load(),
        bytes: record.bytes[direction as usize].load(),
    };
    // A packet may have come after the clock was read.
    let idle_ms = (now.ms.wrapping_sub(record.last_seen_ms.load()) as i32).max(0) as u64;
    let age_s = now.s.wrapping_sub(record.created_s.load()) as i32;
    SessionView {
        key,
        row,
        policy: PolicyId(record.policy.load()),
        generation: Generation(record.generation.load()),
        forward: counter(Direction::Forward),
        reverse: counter(Direction::Reverse),
        tcp_seen: [record.tcp_seen[0].load(), record.tcp_seen[1].load()],
        age: Duration::from_secs(age_s.max(0) as u64),
        idle: Duration::from_millis(idle_ms),
        timeout: Duration::from_millis(u64::from(record.timeout_ms.load())),
    }
}

/// Copies the session that `key` is a direction of.
pub(crate) fn find(
    rows: &Rows,
    records: Records<'_>,
    key: &SessionKey,
) -> Result<Option<FoundSession>, EngineError> {
    let Some(row) = rows.session(key)? else { return Ok(None) };
    let record = SessionRecord::default();
    if let Some(live) = records.records.get(row.slot.0 as usize) {
        record.copy_from(live);
    }
    Ok(Some(FoundSession { row, record }))
}

/// Removes the session with the forward key `key`.
pub(crate) fn remove(rows: &mut Rows, records: Records<'_>, key: &SessionKey) -> Result<bool, EngineError> {
    let Some(row) = rows.session(key)? else { return Ok(false) };
    if row.flags.direction() == Direction::Reverse {
        return Ok(false);
    }
    rows.remove_session(key)?;
    rows.remove_session(&key.reverse(&row))?;
    if let Some(record) = records.records.get(row.slot.0 as usize) {
        free(rows, record, row.slot)?;
    }
    Ok(true)
}

/// Gives a record back. It is marked free before anybody else can take it.
fn free(rows: &mut Rows, record: &SessionRecord, slot: SessionSlot) -> Result<(), EngineError> {
    record.end();
    rows.push_free_record(slot.0)
}

/// Sessions whose deadline has passed at `now_ms`, at most `limit`, from `first` on; and how many live on before the
/// place where the search may go on.
pub(crate) fn find_expired(
    records: Records<'_>,
    now_ms: u32,
    first: usize,
    limit: usize,
) -> (Vec<u32>, u64, Option<usize>) {
    let mut expired = Vec::new();
    let mut live = 0;
    for (slot, record) in records.records.iter().enumerate().skip(first) {
        if record.expired(now_ms) {
            if expired.len() == limit {
                return (expired, live, Some(slot));
            }
            expired.push(slot as u32);
        } else if !record.is_free() {
            live += 1;
        }
    }
    (expired, live, None)
}

use super::arrays::Arrays;
use super::clock::Now;
use crate::{EngineError, FoundRow, FoundSession, SessionView};
use flumen_abi::{
    Counter, Direction, Flow, Generation, PolicyId, SessionKey, SessionRecord, SessionRow, SessionSlot,
    limits,
};
use flumen_native::{direction_of, find_row, free_all_records};
use flumen_pipeline::SessionTables;
use flumen_pipeline::sessions::{self, Age};
use std::ops::ControlFlow;
use std::time::Duration;

/// Makes new, empty tables usable: sizes, the seed of the hash, and every record on the free stack, the lowest on top, so
/// that records in use stay close together.
pub(crate) fn prepare(arrays: &Arrays) -> Result<(), EngineError> {
    let [rows4, rows6] = arrays.row_counts();
    let control = arrays.control();
    control.buckets4.store(rows4 / limits::BUCKET);
    control.buckets6.store(rows6 / limits::BUCKET);
    control.seed.store(seed()?);
    free_all_records(arrays);
    Ok(())
}

fn seed() -> Result<u64, EngineError> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)
        .map_err(|error| super::pins::system("draw a random number".to_owned(), error.into()))?;
    Ok(u64::from_ne_bytes(bytes))
}

/// Calls `visit` for every live session from the record `first` on.
pub(crate) fn visit(
    arrays: &Arrays,
    first: SessionSlot,
    visit: &mut dyn FnMut(SessionView) -> ControlFlow<()>,
) -> Result<(), EngineError> {
    let now = Now::read()?;
    for (slot, record) in arrays.records().iter().enumerate().skip(first.0 as usize) {
        let slot = SessionSlot(slot as u32);
        if matches!(sessions::age(arrays, slot, now.ms), Age::Lives) {
            // A record in the middle of admission or removal has no row of its own: not a session, yet or still.
            let Some(view) = view(arrays, slot, record, &now) else { continue };
            if visit(view).is_break() {
                break;
            }
        }
    }
    Ok(())
}

fn view(arrays: &Arrays, slot: SessionSlot, record: &SessionRecord, now: &Now) -> Option<SessionView> {
    let (forward, place, key) = direction_of(arrays, slot, Direction::Forward)?;
    let reverse = direction_of(arrays, slot, Direction::Reverse).map(|(flow, ..)| flow);
    let mut row = SessionRow::EMPTY;
    if !sessions::read(arrays, &key, place, &mut row) {
        return None;
    }
    let counter = |flow: Option<&Flow>, direction: Direction| {
        let carried = direction as usize;
        Counter {
            packets: record.packets[carried].load() + flow.map_or(0, |flow| u64::from(flow.packets.load())),
            bytes: record.bytes[carried].load() + flow.map_or(0, |flow| u64::from(flow.bytes.load())),
        }
    };
    let idle_ms = reverse.map_or(u32::MAX, |flow| flow.idle_ms(now.ms)).min(forward.idle_ms(now.ms));
    let age_s = now.s.wrapping_sub(record.created_s.load()) as i32;
    Some(SessionView {
        key,
        row,
        policy: PolicyId(record.policy.load()),
        generation: Generation(record.generation.load()),
        forward: counter(Some(forward), Direction::Forward),
        reverse: counter(reverse, Direction::Reverse),
        tcp_seen: [record.tcp_seen[0].load(), record.tcp_seen[1].load()],
        age: Duration::from_secs(age_s.max(0) as u64),
        idle: Duration::from_millis(u64::from(idle_ms)),
        timeout: Duration::from_millis(u64::from(forward.timeout().ms())),
    })
}

/// Copies the session that `key` is a direction of.
pub(crate) fn find(arrays: &Arrays, key: &SessionKey) -> Option<FoundSession> {
    let row = find_row(arrays, key)?;
    let live = arrays.record(row.slot)?;
    let record = SessionRecord::default();
    record.copy_from(live);
    let directions = [Direction::Forward, Direction::Reverse].into_iter().filter_map(|direction| {
        let (flow, place, key) = direction_of(arrays, row.slot, direction)?;
        let mut row = SessionRow::EMPTY;
        let (last_seen_ms, timeout) = (flow.last_seen_ms.load(), flow.timeout());
        sessions::read(arrays, &key, place, &mut row).then_some(FoundRow { key, row, last_seen_ms, timeout })
    });
    Some(FoundSession { directions: directions.collect(), record })
}

/// The session whose forward direction has `key`.
pub(crate) fn find_slot(arrays: &Arrays, key: &SessionKey) -> Option<SessionSlot> {
    let row = find_row(arrays, key)?;
    (row.flags.direction() == Direction::Forward).then_some(row.slot)
}

/// Sessions whose time is over at `now_ms`, at most `limit`, from `first` on; and how many live on before the
/// place where the search may go on.
pub(crate) fn find_expired(
    arrays: &Arrays,
    now_ms: u32,
    first: usize,
    limit: usize,
) -> (Vec<SessionSlot>, u64, Option<usize>) {
    let mut expired = Vec::new();
    let mut live = 0;
    for (slot, record) in arrays.records().iter().enumerate().skip(first) {
        if !record.is_due(now_ms) {
            live += u64::from(!record.is_free());
            continue;
        }
        match sessions::age(arrays, SessionSlot(slot as u32), now_ms) {
            Age::Free => {}
            Age::Lives => live += 1,
            Age::Ended if expired.len() == limit => return (expired, live, Some(slot)),
            Age::Ended => expired.push(SessionSlot(slot as u32)),
        }
    }
    (expired, live, None)
}

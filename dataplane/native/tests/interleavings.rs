//! CPUs that meet in the session tables: interleavings replayed one by one, and a churn of threads that yield anywhere.
#![allow(clippy::unwrap_used)]

use flumen_abi::{
    Addr, Control, Direction, Family, FreeLink, FreeRecords, Generation, IdleTimeout, PolicyId, SessionFlags,
    SessionKey, SessionPlace, SessionRecord, SessionRow, SessionRow4, SessionRow6, SessionSlot, Word32,
    Word64, ZoneId,
};
use flumen_native::{Loops, SessionArrays, direction_of, find_row, live_rows};
use flumen_pipeline::SessionTables;
use flumen_pipeline::sessions::{self, InsertError};
use std::cell::Cell;
use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, Ordering};

const TIMEOUT: IdleTimeout = IdleTimeout::from_secs(60);
const LATER_MS: u32 = 1_000_000;

/// Tables at which something happens between two looks at them.
struct Interrupted<'a> {
    inner: &'a SessionArrays,
    between: Box<dyn Fn() + 'a>,
}

impl<'a> Interrupted<'a> {
    /// Calls `other` before look number `look`.
    fn at(inner: &'a SessionArrays, look: u32, other: impl Fn() + 'a) -> Interrupted<'a> {
        let left = Cell::new(look);
        let between = move || {
            left.set(left.get().saturating_sub(1));
            if left.get() == 1 {
                other();
            }
        };
        Interrupted { inner, between: Box::new(between) }
    }

    /// Gives the processor away before one look in forty.
    fn anywhere(inner: &'a SessionArrays, seed: u32) -> Interrupted<'a> {
        let numbers = Numbers(Cell::new(u64::from(seed) | 1));
        let between = move || {
            if numbers.below(40) == 0 {
                std::thread::yield_now();
            }
        };
        Interrupted { inner, between: Box::new(between) }
    }

    fn look(&self) -> &'a SessionArrays {
        (self.between)();
        self.inner
    }
}

impl SessionTables for Interrupted<'_> {
    fn control(&self) -> Option<&Control> {
        self.inner.control()
    }

    fn row4(&self, place: SessionPlace) -> Option<&SessionRow4> {
        self.look().row4(place)
    }

    fn row6(&self, place: SessionPlace) -> Option<&SessionRow6> {
        self.look().row6(place)
    }

    fn record(&self, slot: SessionSlot) -> Option<&SessionRecord> {
        self.look().record(slot)
    }

    fn free_link(&self, slot: SessionSlot) -> Option<&FreeLink> {
        self.look().free_link(slot)
    }

    fn free_records(&self) -> Option<&FreeRecords> {
        self.look().free_records()
    }

    fn exchange(&self, word: &Word32, old: u32, new: u32) -> bool {
        self.look().exchange(word, old, new)
    }

    fn exchange64(&self, word: &Word64, old: u64, new: u64) -> bool {
        self.look().exchange64(word, old, new)
    }

    fn barrier(&self) {
        self.inner.barrier();
    }

    fn import(&self, _: &SessionKey) -> bool {
        false
    }
}

/// Numbers that spread (xorshift).
struct Numbers(Cell<u64>);

impl Numbers {
    fn below(&self, limit: u32) -> u32 {
        let mut x = self.0.get();
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.0.set(x);
        (x >> 16) as u32 % limit
    }
}

fn key(number: u32) -> SessionKey {
    let [a, b, c, d] = number.to_be_bytes();
    SessionKey {
        src: Addr::v4([10, b, c, d]),
        dst: Addr::v4([192, 0, 2, a]),
        sport: 4000.into(),
        dport: 53.into(),
        zone: ZoneId(1),
        proto: 17,
        reserved: 0,
    }
}

fn reverse(key: &SessionKey) -> SessionKey {
    SessionKey { src: key.dst, dst: key.src, sport: key.dport, dport: key.sport, zone: ZoneId(2), ..*key }
}

fn row(slot: SessionSlot, direction: Direction) -> SessionRow {
    SessionRow {
        src: key(7).src,
        dst: key(7).dst,
        slot,
        egress: ZoneId(2),
        flags: SessionFlags(direction as u8),
        ..SessionRow::EMPTY
    }
}

fn insert<T: SessionTables>(
    tables: &T,
    key: &SessionKey,
    row: &SessionRow,
    now_ms: u32,
) -> Result<SessionPlace, InsertError> {
    sessions::insert::<_, Loops>(tables, key, sessions::home(tables, key), row, now_ms, TIMEOUT)
}

/// Opens a session as the pipeline does.
fn open<T: SessionTables>(tables: &T, forward: &SessionKey, now_ms: u32) -> Option<SessionSlot> {
    let slot = sessions::take_record::<_, Loops>(tables)?;
    let opened =
        insert(tables, &reverse(forward), &row(slot, Direction::Reverse), now_ms).and_then(|reverse| {
            insert(tables, forward, &row(slot, Direction::Forward), now_ms)
                .map(|forward| [forward, reverse])
                .inspect_err(|_| {
                    sessions::remove::<_, Loops>(tables, Family::V4, reverse, slot, now_ms);
                })
        });
    match opened {
        Ok(places) => {
            let now_ns = u64::from(now_ms) * 1_000_000;
            let record = tables.record(slot)?;
            record.begin(places, PolicyId(1), Generation(1), Family::V4, now_ns, TIMEOUT);
            Some(slot)
        }
        Err(_) => {
            sessions::give_record::<_, Loops>(tables, slot);
            None
        }
    }
}

#[test]
fn of_two_cpus_that_add_a_key_where_a_row_has_just_rested_one_succeeds_at_most() {
    for look in 1..30 {
        for strayed in [false, true] {
            let table = SessionArrays::new(16);
            let (ours, slot) = (key(1), SessionSlot(1));
            let place = insert(&table, &ours, &row(slot, Direction::Forward), LATER_MS).unwrap();
            if strayed {
                let shares_home = |other: &SessionKey| {
                    insert(&SessionArrays::new(16), other, &row(slot, Direction::Forward), LATER_MS)
                        == Ok(place)
                };
                let other = (2..100_000).map(key).find(shares_home).unwrap();
                insert(&table, &other, &row(SessionSlot(9), Direction::Forward), LATER_MS).unwrap();
            }
            sessions::remove::<_, Loops>(&table, Family::V4, place, slot, LATER_MS);
            // The other's packet began a millisecond before: to it the row still rests.
            let other = Cell::new(None);
            let interrupted = Interrupted::at(&table, look, || {
                other.set(Some(insert(
                    &table,
                    &ours,
                    &row(SessionSlot(3), Direction::Forward),
                    LATER_MS + 63,
                )));
            });
            let first = insert(&interrupted, &ours, &row(SessionSlot(2), Direction::Forward), LATER_MS + 64);
            let both = first.is_ok() && other.get().is_some_and(|other| other.is_ok());
            assert!(!both, "before look {look}: {first:?} and {:?}", other.get());
        }
    }
}

#[test]
fn a_packet_that_found_an_ended_session_leaves_the_next_one_of_its_record_alone() {
    let table = SessionArrays::new(16);
    let (first, second) = (key(1), key(2));
    let slot = open(&table, &first, LATER_MS).unwrap();
    let now_ms = LATER_MS + 60_001;
    let at = sessions::find::<_, Loops>(&table, &first);
    let mut found = SessionRow::EMPTY;
    assert!(sessions::read(&table, &first, at, &mut found));
    // Meanwhile the ageing pass ends it, and another CPU gets its record.
    assert_eq!(table.sweep(now_ms), 1);
    assert_eq!(open(&table, &second, now_ms), Some(slot));
    sessions::remove_found::<_, Loops>(&table, Family::V4, at, &found, now_ms);
    assert!(find_row(&table, &second).is_some() && find_row(&table, &reverse(&second)).is_some());
}

#[test]
fn a_session_with_one_direction_silent_for_25_days_ends_when_the_other_stops() {
    const DAY_MS: u32 = 86_400_000;
    let table = SessionArrays::new(16);
    let slot = open(&table, &key(1), LATER_MS).unwrap();
    for day in 1..=25 {
        let now_ms = LATER_MS + day * DAY_MS;
        direction_of(&table, slot, Direction::Forward).unwrap().0.last_seen_ms.store(now_ms);
        table.record(slot).unwrap().look_at_ms.store(now_ms | 1);
        assert_eq!(table.sweep(now_ms), 0);
    }
    assert_eq!(table.sweep(LATER_MS + 25 * DAY_MS + 3_600_000), 1, "an hour after its last packet");
}

#[test]
fn churn_leaves_whole_sessions_and_loses_no_record() {
    const SESSIONS: u32 = 160;
    let table = SessionArrays::new(SESSIONS);
    let clock = AtomicU32::new(0xffff_0000); // it wraps
    std::thread::scope(|scope| {
        for seed in 0..4 {
            let (table, clock) = (&table, &clock);
            scope.spawn(move || {
                let tables = Interrupted::anywhere(table, seed);
                let numbers = Numbers(Cell::new(u64::from(seed) + 77));
                for _ in 0..30_000 {
                    let now_ms = clock.fetch_add(1, Ordering::Relaxed);
                    let key = key(numbers.below(SESSIONS * 5 / 4));
                    let at = sessions::find::<_, Loops>(&tables, &key);
                    let mut found = SessionRow::EMPTY;
                    if sessions::read(&tables, &key, at, &mut found) {
                        let flow = &table.row4(at).unwrap().flow;
                        if sessions::lives(&tables, Family::V4, flow, now_ms) {
                            continue;
                        }
                        sessions::remove_found::<_, Loops>(&tables, Family::V4, at, &found, now_ms);
                    }
                    open(&tables, &key, now_ms);
                }
            });
        }
        let (table, clock) = (&table, &clock);
        scope.spawn(move || {
            let tables = Interrupted::anywhere(table, 99);
            for slot in (0..SESSIONS).cycle().take(20_000).map(SessionSlot) {
                let now_ms = clock.fetch_add(20, Ordering::Relaxed);
                sessions::expire::<_, Loops>(&tables, slot, now_ms);
            }
        });
    });
    let rows = live_rows(&table);
    let mut owned = HashSet::new();
    for (key, row) in &rows {
        let (_, _, whole) =
            direction_of(&table, row.slot, row.flags.direction()).expect("its record names it");
        assert_eq!(whole, *key);
        owned.insert(row.slot);
    }
    assert_eq!(rows.len(), 2 * owned.len(), "each session has both rows");
    // What packets removed is left to the ageing pass; all others are on the stack.
    table.sweep(clock.load(Ordering::Relaxed).wrapping_add(TIMEOUT.ms()));
    let free: HashSet<_> = std::iter::from_fn(|| sessions::take_record::<_, Loops>(&table)).collect();
    assert_eq!((free.len() as u32, table.row_count()), (SESSIONS, 0));
}

use super::{Loops, SessionArrays, direction_of, find_row};
use flumen_abi::{
    Addr, Direction, Family, Generation, IdleTimeout, PolicyId, SessionFlags, SessionKey, SessionPlace,
    SessionRow, SessionSlot, ZoneId,
};
use flumen_pipeline::SessionTables;
use flumen_pipeline::sessions::{self, InsertError};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};

const TIMEOUT: IdleTimeout = IdleTimeout::from_secs(60);
/// Long after rows have rested.
const LATER_MS: u32 = 1_000_000;

fn key(family: Family, number: u32) -> SessionKey {
    let [a, b, c, d] = number.to_be_bytes();
    let (src, dst) = match family {
        Family::V4 => (Addr::v4([10, b, c, d]), Addr::v4([192, 0, 2, a])),
        Family::V6 => (
            Addr::v6([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d]),
            Addr::v6([0x20, 1, 0xd, 0xb8, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
        ),
    };
    SessionKey { src, dst, sport: 4000.into(), dport: 53.into(), zone: ZoneId(1), proto: 17, reserved: 0 }
}

fn row(slot: u32) -> SessionRow {
    let key = key(Family::V4, 7);
    SessionRow { src: key.src, dst: key.dst, slot: SessionSlot(slot), egress: ZoneId(2), ..SessionRow::EMPTY }
}

fn insert(
    table: &SessionArrays,
    key: &SessionKey,
    slot: u32,
    now_ms: u32,
) -> Result<SessionPlace, InsertError> {
    loop {
        let inserted =
            sessions::insert::<_, Loops>(table, key, sessions::home(table, key), &row(slot), now_ms, TIMEOUT);
        if inserted != Err(InsertError::Busy) {
            return inserted;
        }
    }
}

fn find(table: &SessionArrays, key: &SessionKey) -> Option<SessionSlot> {
    find_row(table, key).map(|row| row.slot)
}

fn remove(table: &SessionArrays, key: &SessionKey, slot: u32, now_ms: u32) {
    let family = if key.is_v4() { Family::V4 } else { Family::V6 };
    let place = sessions::find::<_, Loops>(table, key);
    sessions::remove::<_, Loops>(table, family, place, SessionSlot(slot), now_ms);
}

#[test]
fn a_key_is_taken_once_and_free_again_when_removed() {
    for family in [Family::V4, Family::V6] {
        let table = SessionArrays::new(16);
        let key = key(family, 1);
        assert_eq!(find(&table, &key), None);
        insert(&table, &key, 5, LATER_MS).expect("there is room");
        assert_eq!(insert(&table, &key, 6, LATER_MS), Err(InsertError::Exists));
        assert_eq!(find(&table, &key), Some(SessionSlot(5)), "the first row stays");
        remove(&table, &key, 6, LATER_MS);
        assert_eq!(find(&table, &key), Some(SessionSlot(5)), "not that session's row");
        remove(&table, &key, 5, LATER_MS);
        assert_eq!(find(&table, &key), None);
        insert(&table, &key, 7, LATER_MS).expect("there is room");
        assert_eq!((find(&table, &key), table.row_count()), (Some(SessionSlot(7)), 1));
    }
}

#[test]
fn a_bucket_takes_as_many_keys_as_it_has_rows_and_finds_each() {
    let table = SessionArrays::new(16); // one bucket
    let keys: Vec<_> = (0..257).map(|number| key(Family::V4, number)).collect();
    for (slot, key) in keys[..256].iter().enumerate() {
        insert(&table, key, slot as u32, LATER_MS).expect("there is room");
    }
    assert_eq!(insert(&table, &keys[256], 256, LATER_MS), Err(InsertError::Full));
    assert_eq!(insert(&table, &keys[9], 256, LATER_MS), Err(InsertError::Exists), "also when it is full");
    for (slot, key) in keys[..256].iter().enumerate() {
        assert_eq!(find(&table, key), Some(SessionSlot(slot as u32)));
    }
    assert_eq!(find(&table, &keys[256]), None);
}

#[test]
fn the_row_of_an_ended_session_rests_before_another_takes_it() {
    let table = SessionArrays::new(16);
    let old = key(Family::V4, 1);
    let place = insert(&table, &old, 1, LATER_MS).expect("there is room");
    remove(&table, &old, 1, LATER_MS);
    // also for a packet that began before the one that freed it
    for now_ms in [LATER_MS - 4, LATER_MS, LATER_MS + 63] {
        assert_ne!(insert(&table, &old, 2, now_ms), Ok(place));
        remove(&table, &old, 2, now_ms);
    }
    assert_eq!(insert(&table, &old, 3, LATER_MS + 64), Ok(place));
}

#[test]
fn look_ups_do_not_go_farther_once_the_rows_that_strayed_are_gone() {
    let table = SessionArrays::new(16);
    let reach = |table: &SessionArrays| -> u32 {
        (0..256)
            .filter_map(|place| table.row4(SessionPlace(place)))
            .map(|row| row.flow.occupancy().reach())
            .sum()
    };
    for round in 0..3 {
        let now_ms = LATER_MS * (round + 1);
        let keys: Vec<_> = (0..200).map(|number| key(Family::V4, round * 1_000 + number)).collect();
        for (slot, key) in keys.iter().enumerate() {
            insert(&table, key, slot as u32, now_ms).expect("there is room");
        }
        assert!(reach(&table) > 0);
        for (slot, key) in keys.iter().enumerate() {
            remove(&table, key, slot as u32, now_ms);
        }
        assert_eq!((table.row_count(), reach(&table)), (0, 0));
    }
}

#[test]
fn a_table_that_has_its_sessions_finds_room_for_both_rows_of_each() {
    const SESSIONS: u32 = 100_000;
    let table = SessionArrays::new(SESSIONS);
    let mut strayed = 0;
    for number in 0..2 * SESSIONS {
        insert(&table, &key(Family::V4, number), number, LATER_MS).expect("there is room");
    }
    for number in 0..2 * SESSIONS {
        let key = key(Family::V4, number);
        assert_eq!(find(&table, &key), Some(SessionSlot(number)));
        let place = sessions::find::<_, Loops>(&table, &key);
        let occupancy = table.row4(place).expect("it was found there").flow.occupancy();
        strayed += occupancy.displacement();
    }
    let mean = f64::from(strayed) / f64::from(2 * SESSIONS);
    assert!(mean < 2.5, "at two thirds full, keys lie {mean} places from home on average");
}

/// Random insertions and removals against a map that cannot be wrong.
#[test]
fn it_behaves_as_a_map() {
    let table = SessionArrays::new(64); // one bucket, as crowded as can be
    let mut map = HashMap::new();
    let mut state = 1_u64;
    let mut now_ms = LATER_MS;
    for step in 0..200_000_u32 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let number = (state >> 33) as u32 % 300;
        let key = key(Family::V4, number);
        now_ms += 1;
        if state >> 62 == 0 {
            if let Some(slot) = map.remove(&key) {
                remove(&table, &key, slot, now_ms);
            }
        } else {
            let inserted = insert(&table, &key, step, now_ms);
            match map.get(&key) {
                Some(_) => assert_eq!(inserted, Err(InsertError::Exists)),
                None if inserted.is_ok() => {
                    map.insert(key, step);
                }
                None => assert_eq!(inserted, Err(InsertError::Full)),
            }
        }
        assert_eq!(find(&table, &key), map.get(&key).map(|slot| SessionSlot(*slot)));
    }
    assert_eq!(table.row_count(), map.len());
    assert!(map.len() > 150, "the table was crowded");
}

#[test]
fn of_threads_that_add_the_same_key_at_once_one_succeeds() {
    const KEYS: u32 = 20_000;
    let table = SessionArrays::new(KEYS);
    let wins: Vec<AtomicU32> = (0..KEYS).map(|_| AtomicU32::new(0)).collect();
    let gate = std::sync::Barrier::new(4);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (table, wins, gate) = (&table, &wins, &gate);
            scope.spawn(move || {
                gate.wait();
                for number in 0..KEYS {
                    if insert(table, &key(Family::V4, number), thread, LATER_MS).is_ok() {
                        wins[number as usize].fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let twice = wins.iter().filter(|wins| wins.load(Ordering::Relaxed) > 1).count();
    let never = (0..KEYS).filter(|number| find(&table, &key(Family::V4, *number)).is_none()).count();
    assert_eq!((twice, never), (0, 0));
    assert_eq!(table.row_count(), KEYS as usize);
}

#[test]
fn threads_that_insert_and_remove_at_once_leave_an_empty_table() {
    let table = SessionArrays::new(64);
    std::thread::scope(|scope| {
        for thread in 0..4_u32 {
            let table = &table;
            scope.spawn(move || {
                for round in 0..20_000_u32 {
                    let key = key(Family::V4, (thread << 16) | (round % 40));
                    let now_ms = round * 100;
                    if let Ok(place) = insert(table, &key, thread, now_ms) {
                        assert_eq!(find(table, &key), Some(SessionSlot(thread)));
                        sessions::remove::<_, Loops>(table, Family::V4, place, SessionSlot(thread), now_ms);
                        assert_eq!(find(table, &key), None);
                    }
                }
            });
        }
    });
    assert_eq!(table.row_count(), 0);
}

#[test]
fn a_free_record_is_given_to_one_thread_at_a_time() {
    let table = SessionArrays::new(8);
    let owned: Vec<AtomicU32> = (0..8).map(|_| AtomicU32::new(0)).collect();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let (table, owned) = (&table, &owned);
            scope.spawn(move || {
                for _ in 0..50_000 {
                    let Some(slot) = sessions::take_record::<_, Loops>(table) else { continue };
                    assert_eq!(owned[slot.0 as usize].fetch_add(1, Ordering::SeqCst), 0);
                    owned[slot.0 as usize].fetch_sub(1, Ordering::SeqCst);
                    sessions::give_record::<_, Loops>(table, slot);
                }
            });
        }
    });
    let mut all: Vec<_> = std::iter::from_fn(|| sessions::take_record::<_, Loops>(&table)).collect();
    all.sort();
    assert_eq!(all, (0..8).map(SessionSlot).collect::<Vec<_>>(), "none is lost, none is there twice");
}

#[test]
fn a_session_lives_as_long_as_one_of_its_directions() {
    let table = SessionArrays::new(4);
    let slot = sessions::take_record::<_, Loops>(&table).expect("there is room");
    let record = table.record(slot).expect("it was given");
    record.begin([SessionPlace::NONE; 2], PolicyId(1), Generation(1), Family::V4, 0, TIMEOUT);
    let now_ms = 1_000;
    for (direction, number) in [(Direction::Forward, 1), (Direction::Reverse, 2)] {
        let flags = SessionFlags(direction as u8);
        let row = SessionRow { flags, ..row(slot.0) };
        let key = key(Family::V4, number);
        let place =
            sessions::insert::<_, Loops>(&table, &key, sessions::home(&table, &key), &row, now_ms, TIMEOUT);
        record.places[direction as usize].store(place.expect("there is room").0);
    }
    assert_eq!(table.sweep(60_999), 0);
    direction_of(&table, slot, Direction::Reverse).expect("it is live").0.last_seen_ms.store(50_000);
    let (forward, ..) = direction_of(&table, slot, Direction::Forward).expect("it is live");
    assert!(sessions::lives(&table, Family::V4, forward, 109_999));
    assert!(!sessions::lives(&table, Family::V4, forward, 110_000));
    assert_eq!((table.sweep(109_999), table.row_count()), (0, 2));
    assert_eq!((table.sweep(110_000), table.row_count()), (1, 0));
    assert!(record.is_free());
}

use super::table::{RowTable, SessionTables, Table4, Table6, home, home_in, live_flow};
use crate::environment::{Environment, Turn};
use crate::translate::transport_delta;
use flumen_abi::{Family, Flow, SessionKey, SessionPlace, SessionRow, StoredRow};

/// The home of `key`, whose line the processor begins to fetch; [`SessionPlace::NONE`] when there are no tables.
///
/// By a store, which nobody waits for: eBPF has no instruction that only asks for memory, and a load would hold up all that
/// comes after it.
#[inline(always)]
pub(crate) fn ask<T: SessionTables>(tables: &T, key: &SessionKey) -> SessionPlace {
    let home = if key.is_v4() { ask_in::<Table4, T>(tables, key) } else { ask_in::<Table6, T>(tables, key) };
    home.map_or(SessionPlace::NONE, SessionPlace)
}

#[inline(always)]
fn ask_in<R: RowTable, T: SessionTables>(tables: &T, key: &SessionKey) -> Option<u32> {
    let home = home_in::<R, T>(tables, key)?;
    R::row(tables, home)?.flow().asked.store(0);
    Some(home)
}

/// The row of `key`: [`SessionPlace::NONE`] when there is none.
#[inline(always)]
pub fn find<T: SessionTables, E: Environment>(tables: &T, key: &SessionKey) -> SessionPlace {
    find_from::<T, E>(tables, key, home(tables, key))
}

/// The same, when the home of `key` is known.
#[inline(always)]
pub(crate) fn find_from<T: SessionTables, E: Environment>(
    tables: &T,
    key: &SessionKey,
    home: SessionPlace,
) -> SessionPlace {
    let place = find_here::<T, E>(tables, key, home);
    if place != SessionPlace::NONE || !tables.import(key) {
        return place;
    }
    find_here::<T, E>(tables, key, home)
}

#[inline(always)]
fn find_here<T: SessionTables, E: Environment>(
    tables: &T,
    key: &SessionKey,
    home: SessionPlace,
) -> SessionPlace {
    SessionPlace(if key.is_v4() {
        find_in::<Table4, T, E>(tables, key, home.0)
    } else {
        find_in::<Table6, T, E>(tables, key, home.0)
    })
}

const NONE: u32 = SessionPlace::NONE.0;

#[inline(always)]
fn find_in<R: RowTable, T: SessionTables, E: Environment>(tables: &T, key: &SessionKey, home: u32) -> u32 {
    let Some(row) = R::row(tables, home) else { return NONE };
    let occupancy = row.flow().occupancy();
    if occupancy.is_live() && row.matches(key) {
        return home;
    }
    if occupancy.reach() == 0 { NONE } else { strayed::<R, T, E>(tables, key, home, occupancy.reach()) }
}

/// Looks for a key that was not at home. Not inlined: in eBPF it has a stack of its own.
#[inline(never)]
fn strayed<R: RowTable, T: SessionTables, E: Environment>(
    tables: &T,
    key: &SessionKey,
    home: u32,
    reach: u32,
) -> u32 {
    let mut probe = Probe::<R, T> { tables, key, home, found: NONE, table: core::marker::PhantomData };
    E::repeat(reach, &mut probe);
    probe.found
}

struct Probe<'a, R, T> {
    tables: &'a T,
    key: &'a SessionKey,
    home: u32,
    found: u32,
    table: core::marker::PhantomData<R>,
}

impl<R: RowTable, T: SessionTables> Turn for Probe<'_, R, T> {
    #[inline(always)]
    fn take(&mut self, index: u32) -> bool {
        let place = self.home ^ (index + 1);
        match R::row(self.tables, place) {
            Some(row) if row.flow().occupancy().is_live() && row.matches(self.key) => {
                self.found = place;
                false
            }
            Some(_) => true,
            None => false,
        }
    }
}

/// Copies out the row of `key` at `place`; false when there is none.
#[inline(always)]
pub fn read<T: SessionTables>(
    tables: &T,
    key: &SessionKey,
    place: SessionPlace,
    into: &mut SessionRow,
) -> bool {
    let there = if key.is_v4() {
        tables.row4(place).map(|row| row.read(into))
    } else {
        tables.row6(place).map(|row| row.read(into))
    };
    into.l4_delta = 0;
    if into.flags.translates() {
        into.l4_delta = transport_delta(into.l3_delta, key, into);
    }
    there.is_some()
}

/// True when the session's time is not over: a packet of this direction was seen within its timeout, or of the other.
#[inline(always)]
pub fn lives<T: SessionTables>(tables: &T, family: Family, flow: &Flow, now_ms: u32) -> bool {
    flow.left_ms(now_ms) != 0 || other(tables, family, flow).is_some_and(|other| other.left_ms(now_ms) != 0)
}

/// The other direction of a session, if it is still there.
#[inline(always)]
pub(crate) fn other<'a, T: SessionTables>(tables: &'a T, family: Family, this: &Flow) -> Option<&'a Flow> {
    let slot = this.slot();
    let place = tables.record(slot)?.place(this.direction().other());
    live_flow(tables, family, place, slot)
}

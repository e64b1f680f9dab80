use super::table::{RowTable, SessionTables, Table4, Table6};
use super::{AHEAD_MS, REST_MS};
use crate::environment::{Environment, Turn};
use flumen_abi::{Flow, IdleTimeout, Occupancy, SessionKey, SessionPlace, SessionRow, StoredRow, limits};

/// Why a row was not inserted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InsertError {
    /// A row with this key exists; it was left as it is.
    Exists,
    /// There is no room where the key may lie.
    Full,
    /// Another CPU was faster in the same place; to try again makes sense.
    Busy,
}

/// Adds one direction. Of CPUs that add the same key at once, one succeeds at most. `home` is that of `key`.
///
/// # Errors
/// [`InsertError`]; nothing was changed.
#[inline(always)]
pub fn insert<T: SessionTables, E: Environment>(
    tables: &T,
    key: &SessionKey,
    home: SessionPlace,
    row: &SessionRow,
    now_ms: u32,
    timeout: IdleTimeout,
) -> Result<SessionPlace, InsertError> {
    if tables.import(key) {
        return Err(InsertError::Exists);
    }
    let new = New { key, home, row, now_ms, timeout };
    match if key.is_v4() { add::<Table4, T, E>(tables, &new) } else { add::<Table6, T, E>(tables, &new) } {
        EXISTS => Err(InsertError::Exists),
        FULL => Err(InsertError::Full),
        BUSY => Err(InsertError::Busy),
        place => Ok(SessionPlace(place)),
    }
}

/// What is being inserted.
struct New<'a> {
    key: &'a SessionKey,
    home: SessionPlace,
    row: &'a SessionRow,
    now_ms: u32,
    timeout: IdleTimeout,
}

// An answer is a place or one of these: a plain number, which the eBPF verifier forgets, so that it follows what comes
// after once.
const EXISTS: u32 = u32::MAX;
const FULL: u32 = u32::MAX - 1;
const BUSY: u32 = u32::MAX - 2;

/// Not inlined: in eBPF it has a stack of its own.
#[inline(never)]
fn add<R: RowTable, T: SessionTables, E: Environment>(tables: &T, new: &New<'_>) -> u32 {
    let at_home = new.home.0;
    let Some(home) = R::row(tables, at_home) else { return FULL };
    let before = home.flow().occupancy();
    let index = if before.reach() == 0 && claimable(home.flow(), before, new.now_ms) {
        0
    } else {
        room::<R, T, E>(tables, new, at_home, before.reach())
    };
    if index >= BUSY {
        return index;
    }
    let place = at_home ^ index;
    let Some(row) = R::row(tables, place) else { return FULL };
    let flow = row.flow();
    // At home the word that was read first: what another added under it meanwhile may have the same key.
    let free = if index == 0 { before } else { flow.occupancy() };
    let claimed = free.claimed(index);
    if free.is_taken() || !tables.exchange(&flow.occupancy, free.0, claimed.0) {
        return BUSY;
    }
    row.write(new.key, new.row);
    flow.begin(new.now_ms, new.timeout);
    // Whoever changes the home's word first has its key: all that add the same key must pass here, one by one, and see
    // the rows of those before.
    let (before, after) = if index == 0 {
        (claimed, claimed.with_reach(claimed.reach()).live())
    } else {
        (before, before.with_reach(before.reach().max(index)))
    };
    if tables.exchange(&home.flow().occupancy, before.0, after.0) && (index == 0 || publish(tables, flow)) {
        return place;
    }
    withdraw(tables, flow);
    BUSY
}

/// True when nobody may still be looking at what the row held before.
#[inline(always)]
fn claimable(flow: &Flow, occupancy: Occupancy, now_ms: u32) -> bool {
    // The CPU that freed it may have been ahead of this packet's time.
    let rested_ms = now_ms.wrapping_sub(flow.last_seen_ms.load()).wrapping_add(AHEAD_MS);
    occupancy.is_empty() || (!occupancy.is_taken() && rested_ms >= REST_MS + AHEAD_MS)
}

/// Times that the word of a claimed row is exchanged while others change the reach in it.
const ATTEMPTS: u32 = 4;

/// Lets look-ups find a row that was claimed.
#[inline(always)]
fn publish<T: SessionTables>(tables: &T, flow: &Flow) -> bool {
    for _ in 0..ATTEMPTS {
        let claimed = flow.occupancy();
        if tables.exchange(&flow.occupancy, claimed.0, claimed.live().0) {
            return true;
        }
    }
    false
}

/// Gives a claimed row back.
#[inline(always)]
fn withdraw<T: SessionTables>(tables: &T, flow: &Flow) {
    for _ in 0..ATTEMPTS {
        let claimed = flow.occupancy();
        if tables.exchange(&flow.occupancy, claimed.0, claimed.freed().0) {
            return;
        }
    }
}

/// Index of the first claimable place of the probe sequence of `home`, after a look at all places where the key may
/// be.
#[inline(never)]
fn room<R: RowTable, T: SessionTables, E: Environment>(
    tables: &T,
    new: &New<'_>,
    home: u32,
    reach: u32,
) -> u32 {
    let mut search =
        Search::<R, T> { tables, new, home, reach, index: FULL, kind: core::marker::PhantomData };
    E::repeat(limits::BUCKET, &mut search);
    search.index
}

struct Search<'a, R, T> {
    tables: &'a T,
    new: &'a New<'a>,
    home: u32,
    reach: u32,
    index: u32,
    kind: core::marker::PhantomData<R>,
}

impl<R: RowTable, T: SessionTables> Turn for Search<'_, R, T> {
    #[inline(always)]
    fn take(&mut self, index: u32) -> bool {
        let Some(row) = R::row(self.tables, self.home ^ index) else { return false };
        let occupancy = row.flow().occupancy();
        if occupancy.is_taken() {
            if row.matches(self.new.key) {
                self.index = EXISTS;
                return false;
            }
        } else if self.index == FULL && claimable(row.flow(), occupancy, self.new.now_ms) {
            self.index = index;
        }
        index < self.reach || self.index == FULL
    }
}

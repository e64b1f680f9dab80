use flumen_abi::{
    Addr, Control, Family, Flow, FreeLink, FreeRecords, PortBe, SessionKey, SessionPlace, SessionRecord,
    SessionRow4, SessionRow6, SessionSlot, StoredRow, Word32, Word64, limits,
};

/// The arrays that hold sessions, and the instructions by which CPUs agree on who takes what.
pub trait SessionTables {
    /// Sizes of the arrays, and the seed of the hash.
    fn control(&self) -> Option<&Control>;
    /// A row of IPv4.
    fn row4(&self, place: SessionPlace) -> Option<&SessionRow4>;
    /// A row of IPv6.
    fn row6(&self, place: SessionPlace) -> Option<&SessionRow6>;
    /// What both directions of a session share.
    fn record(&self, slot: SessionSlot) -> Option<&SessionRecord>;
    /// Which record lies below this one on the stack of free ones.
    fn free_link(&self, slot: SessionSlot) -> Option<&FreeLink>;
    /// The stack of free records.
    fn free_records(&self) -> Option<&FreeRecords>;
    /// Replaces `word` by `new` if it is `old`, as one step for all CPUs; true when it was. What was stored before is
    /// seen by whoever sees `new`.
    fn exchange(&self, word: &Word32, old: u32, new: u32) -> bool;
    /// The same for 64 bits.
    fn exchange64(&self, word: &Word64, old: u64, new: u64) -> bool;
    /// What was stored before is stored before what comes after: the compiler does not mix them.
    fn barrier(&self);
    /// Copies the session of `key` from another engine, if there is one; true when it did.
    fn import(&self, key: &SessionKey) -> bool;
}

/// The part of a row that both families have.
#[inline(always)]
pub(crate) fn flow<T: SessionTables>(tables: &T, family: Family, place: SessionPlace) -> Option<&Flow> {
    match family {
        Family::V4 => tables.row4(place).map(|row| &row.flow),
        Family::V6 => tables.row6(place).map(|row| &row.flow),
    }
}

/// The same, while the row is that of the session of `slot`.
#[inline(always)]
pub fn live_flow<T: SessionTables>(
    tables: &T,
    family: Family,
    place: SessionPlace,
    slot: SessionSlot,
) -> Option<&Flow> {
    flow(tables, family, place).filter(|flow| flow.slot() == slot && flow.occupancy().is_live())
}

/// One of the two arrays.
pub(super) trait RowTable {
    type Row: StoredRow;
    fn row<T: SessionTables>(tables: &T, place: u32) -> Option<&Self::Row>;
    fn buckets(control: &Control) -> u32;
    /// Each end of the key in a word: the same for an end that sends as for one that receives.
    fn ends(key: &SessionKey, seed: u64) -> [u64; 2];
}

/// `sessions4`.
pub(super) struct Table4;
/// `sessions6`.
pub(super) struct Table6;

impl RowTable for Table4 {
    type Row = SessionRow4;

    #[inline(always)]
    fn row<T: SessionTables>(tables: &T, place: u32) -> Option<&SessionRow4> {
        tables.row4(SessionPlace(place))
    }

    #[inline(always)]
    fn buckets(control: &Control) -> u32 {
        control.buckets4.load()
    }

    #[inline(always)]
    fn ends(key: &SessionKey, _: u64) -> [u64; 2] {
        let end = |addr: Addr, port: PortBe| ((addr.v4_word() as u64) << 16) | port.get() as u64;
        [end(key.src, key.sport), end(key.dst, key.dport)]
    }
}

impl RowTable for Table6 {
    type Row = SessionRow6;

    #[inline(always)]
    fn row<T: SessionTables>(tables: &T, place: u32) -> Option<&SessionRow6> {
        tables.row6(SessionPlace(place))
    }

    #[inline(always)]
    fn buckets(control: &Control) -> u32 {
        control.buckets6.load()
    }

    #[inline(always)]
    fn ends(key: &SessionKey, seed: u64) -> [u64; 2] {
        let end = |addr: Addr, port: PortBe| {
            let [high, low] = addr.halves();
            mix(mix(seed, high), low) ^ port.get() as u64
        };
        [end(key.src, key.sport), end(key.dst, key.dport)]
    }
}

/// Takes a word into a hash: an odd factor spreads it upwards, the shift back down. The seed comes first, so that which
/// keys meet cannot be computed without it.
#[inline(always)]
fn mix(hash: u64, word: u64) -> u64 {
    let product = (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    product ^ (product >> 32)
}

/// The place where a key lies if nobody was there before: the start of its probe sequence. Index `i` of the sequence is
/// this place with the bits of `i` flipped, so that all of it lies in one bucket and its start in one memory page.
///
/// Without translation the other direction has the same ends: it lies beside this one, in the line that processors fetch
/// with it. Zones are left out, since the two differ in them.
#[inline(always)]
pub(super) fn home_in<R: RowTable, T: SessionTables>(tables: &T, key: &SessionKey) -> Option<u32> {
    let control = tables.control()?;
    let seed = control.seed.load();
    let [from, to] = R::ends(key, seed);
    let swapped = from > to;
    let (low, high) = if swapped { (to, from) } else { (from, to) };
    let hash = mix(mix(mix(seed, low), high), key.proto as u64);
    // The high half chooses the bucket (a product instead of a remainder), the low bits the place in it.
    let bucket = ((hash >> 32) * R::buckets(control) as u64) >> 32;
    let pair = hash as u32 & (limits::BUCKET - 2);
    Some((bucket as u32).wrapping_mul(limits::BUCKET) | pair | swapped as u32)
}

/// The same in the array of the key's family; [`SessionPlace::NONE`] when there are no tables.
#[inline(always)]
pub fn home<T: SessionTables>(tables: &T, key: &SessionKey) -> SessionPlace {
    let home =
        if key.is_v4() { home_in::<Table4, T>(tables, key) } else { home_in::<Table6, T>(tables, key) };
    home.map_or(SessionPlace::NONE, SessionPlace)
}

use super::pins::system;
use super::program::Loaded;
use crate::EngineError;
use flumen_abi::{
    Control, FreeLink, FreeRecords, LocalFilter, NatRow, NodeRow, PolicyRow, RuleRow, SessionKey,
    SessionPlace, SessionRecord, SessionRow4, SessionRow6, SessionSlot, Slot, Word32, Word64,
};
use flumen_pipeline::SessionTables;
use memmap2::MmapRaw;
use std::marker::PhantomData;
use std::ops::Deref;
use std::os::fd::AsFd;
use std::sync::Arc;
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// The array tables, mapped into this process: written and read without system calls.
pub(crate) struct Arrays {
    pub(crate) nodes: Mapped<NodeRow>,
    pub(crate) leaves: Mapped<NumberCell>,
    pub(crate) rules: Mapped<RuleRow>,
    pub(crate) policies: Mapped<PolicyRow>,
    pub(crate) nat: Mapped<NatRow>,
    rows4: Mapped<SessionRow4>,
    rows6: Mapped<SessionRow6>,
    records: Mapped<SessionRecord>,
    free_links: Mapped<FreeLink>,
    free: Mapped<FreeRecords>,
    local_filter: Mapped<LocalFilter>,
    control: Arc<ControlWord>,
    expired: Mapped<NumberCell>,
}

/// The mapped `control` array, shared with the thread that watches routes.
pub(crate) struct ControlWord(Mapped<Control>);

/// A `u32` in an array map, whose elements are rounded up to eight bytes.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub(crate) struct NumberCell {
    pub(crate) number: u32,
    pub(crate) padding: u32,
}

/// An array map in memory.
pub(crate) struct Mapped<T> {
    memory: MmapRaw,
    len: usize,
    row: PhantomData<T>,
}

impl Arrays {
    pub(crate) fn map(program: &Loaded) -> Result<Arrays, EngineError> {
        Ok(Arrays {
            nodes: Mapped::open(program, "NODES")?,
            leaves: Mapped::open(program, "LEAVES")?,
            rules: Mapped::open(program, "RULES")?,
            policies: Mapped::open(program, "POLICIES")?,
            nat: Mapped::open(program, "NAT")?,
            rows4: Mapped::open(program, "SESSIONS4")?,
            rows6: Mapped::open(program, "SESSIONS6")?,
            records: Mapped::open(program, "RECORDS")?,
            free_links: Mapped::open(program, "FREE_LINKS")?,
            free: Mapped::open(program, "FREE")?,
            local_filter: Mapped::open(program, "LOCAL_FILTER")?,
            expired: Mapped::open(program, "EXPIRED")?,
            control: Arc::new(ControlWord(Mapped::open(program, "CONTROL")?)),
        })
    }

    /// What every packet reads first.
    pub(crate) fn control(&self) -> &Arc<ControlWord> {
        &self.control
    }

    /// Lists sessions for the `expire` program, at most [`flumen_abi::limits::EXPIRED_AT_ONCE`]; those that have not
    /// ended at `now_ms` are for it to remove if `all`.
    pub(crate) fn list_expired(&mut self, now_ms: u32, all: bool, slots: &[SessionSlot]) {
        let head = [slots.len() as u32, now_ms, u32::from(all)];
        let numbers = head.into_iter().chain(slots.iter().map(|slot| slot.0));
        let list: Vec<_> = numbers.map(|number| NumberCell { number, padding: 0 }).collect();
        self.expired.write_at(0, &list);
    }

    /// Which addresses may be in the `locals` table.
    pub(crate) fn local_filter(&self) -> &LocalFilter {
        &self.local_filter.words()[0]
    }

    /// What both directions of each session share.
    pub(crate) fn records(&self) -> &[SessionRecord] {
        self.records.words()
    }

    /// Rows that there are for each family.
    pub(crate) fn row_counts(&self) -> [u32; 2] {
        [self.rows4.len as u32, self.rows6.len as u32]
    }
}

/// Sessions where they lie: packets change them while we read.
impl SessionTables for Arrays {
    fn control(&self) -> Option<&Control> {
        Some(&self.control)
    }

    fn row4(&self, place: SessionPlace) -> Option<&SessionRow4> {
        self.rows4.words().get(place.0 as usize)
    }

    fn row6(&self, place: SessionPlace) -> Option<&SessionRow6> {
        self.rows6.words().get(place.0 as usize)
    }

    fn record(&self, slot: SessionSlot) -> Option<&SessionRecord> {
        self.records.words().get(slot.0 as usize)
    }

    fn free_link(&self, slot: SessionSlot) -> Option<&FreeLink> {
        self.free_links.words().get(slot.0 as usize)
    }

    fn free_records(&self) -> Option<&FreeRecords> {
        self.free.words().first()
    }

    fn exchange(&self, word: &Word32, old: u32, new: u32) -> bool {
        word.exchange(old, new)
    }

    fn exchange64(&self, word: &Word64, old: u64, new: u64) -> bool {
        word.exchange(old, new)
    }

    fn barrier(&self) {
        std::sync::atomic::fence(std::sync::atomic::Ordering::Release);
    }

    fn import(&self, _: &SessionKey) -> bool {
        false
    }
}

/// Rows that packets write while we read: made of atomics only.
pub(crate) trait Words {}
impl Words for SessionRecord {}
impl Words for SessionRow4 {}
impl Words for SessionRow6 {}
impl Words for FreeLink {}
impl Words for FreeRecords {}
impl Words for LocalFilter {}
impl Words for Control {}

impl<T: Words> Mapped<T> {
    fn words(&self) -> &[T] {
        let start: *const T = self.memory.as_ptr().cast();
        // SAFETY: the mapping holds `len` rows (checked in `open`), lives as long as `self`, and is page aligned; rows
        // are made of atomics, so that writers elsewhere are no data race.
        unsafe { std::slice::from_raw_parts(start, self.len) }
    }
}

impl<T> Mapped<T> {
    fn open(program: &Loaded, name: &str) -> Result<Mapped<T>, EngineError> {
        let data = program.array(name)?;
        let entries =
            data.info().map_err(|error| super::program::bpf("read a table's size", &error))?.max_entries();
        let len = entries as usize;
        let memory = memmap2::MmapOptions::new()
            .len(len * size_of::<T>())
            .map_raw(&data.fd().as_fd())
            .map_err(|source| system(format!("map table {name}"), source))?;
        Ok(Mapped { memory, len, row: PhantomData })
    }
}

impl<T: FromBytes + IntoBytes + Immutable> Mapped<T> {
    /// Writes `rows` at the start of `slot`'s half; [`super::install::check_sizes`] has seen that they fit. No packet
    /// reads the inactive half: the slot was left at least one RCU grace period ago (`grace::wait`).
    pub(crate) fn write(&mut self, slot: Slot, rows: &[T]) {
        self.write_at(slot.index() as usize * (self.len / 2), rows);
    }

    /// Writes `rows` from `first` on; what does not fit is left out.
    fn write_at(&mut self, first: usize, rows: &[T]) {
        let rows = &rows[..rows.len().min(self.len.saturating_sub(first))];
        let start: *mut T = self.memory.as_mut_ptr().cast();
        // SAFETY: `first` and what is written from there lie within the `len` rows of the mapping, and `&mut self` keeps
        // other writers away.
        unsafe { std::ptr::copy_nonoverlapping(rows.as_ptr(), start.add(first.min(self.len)), rows.len()) };
    }
}

impl Deref for ControlWord {
    type Target = Control;

    fn deref(&self) -> &Control {
        &self.0.words()[0]
    }
}

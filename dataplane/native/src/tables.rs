use crate::fragments::FragmentTable;
use crate::ruleset::RulesetRows;
use crate::sessions::{SessionSource, SessionTable};
use flumen_abi::{
    Addr, AnswerBudget, Control, Counter, CounterIndex, FragmentKey, FragmentRow, Hop, InterfaceId,
    InterfaceKey, InterfaceRow, LinkKey, LinkRow, LocalRow, NatRow, NodeRow, PolicyId, PolicyRow, RootKey,
    RootRow, RuleRow, SessionKey, SessionOwner, SessionRecord, SessionRow, SessionSlot, Settings, Slot,
    limits,
};
use flumen_pipeline::{InsertError, Tables};
use hashbrown::HashMap;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// Sizes of the tables that the pipeline itself fills.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Sessions; twice as many rows.
    pub sessions: usize,
    /// Fragmented packets under way.
    pub fragments: usize,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds { sessions: 4_096, fragments: limits::FRAGMENTS as usize }
    }
}

/// All tables, in memory.
pub struct NativeTables<'a> {
    control: Control,
    rulesets: [RulesetRows; 2],
    locals: HashMap<Addr, LocalRow>,
    sessions: RefCell<SessionTable>,
    records: Vec<SessionRecord>,
    owners: Vec<SessionOwner>,
    free_records: RefCell<Vec<u32>>,
    fragments: RefCell<FragmentTable>,
    counters: Vec<Cell<Counter>>,
    hits: RefCell<BTreeMap<PolicyId, Counter>>,
    answers: AnswerBudget,
    source: Option<&'a dyn SessionSource>,
}

// === impl NativeTables ===

impl<'a> NativeTables<'a> {
    /// Empty tables.
    pub fn new(bounds: Bounds) -> NativeTables<'a> {
        NativeTables {
            control: Control::default(),
            rulesets: [RulesetRows::default(), RulesetRows::default()],
            locals: HashMap::new(),
            sessions: RefCell::new(SessionTable::new(2 * bounds.sessions)),
            records: std::iter::repeat_with(SessionRecord::default).take(bounds.sessions).collect(),
            owners: std::iter::repeat_with(SessionOwner::default).take(bounds.sessions).collect(),
            free_records: RefCell::new((0..bounds.sessions as u32).rev().collect()),
            fragments: RefCell::new(FragmentTable::new(bounds.fragments)),
            counters: vec![Cell::default(); CounterIndex::COUNT as usize],
            hits: RefCell::default(),
            answers: AnswerBudget::default(),
            source: None,
        }
    }

    /// Asks `source` for sessions that are not in these tables.
    pub fn with_source(mut self, source: &'a dyn SessionSource) -> NativeTables<'a> {
        self.source = Some(source);
        self
    }

    /// Room for as many sessions as the bounds allow, taken now.
    pub fn reserve(&mut self) {
        let rows = 2 * self.records.len();
        self.sessions.get_mut().reserve(rows);
    }

    /// The rows of one ruleset.
    pub fn ruleset_mut(&mut self, slot: Slot) -> &mut RulesetRows {
        &mut self.rulesets[slot.index() as usize]
    }

    /// Switches to `slot`.
    pub fn activate(&self, slot: Slot) {
        self.control.activate(slot);
    }

    /// Lets sessions keep their next hops until [`NativeTables::activate`] or [`Control::advance`], and until
    /// `until_ms` of the clock.
    pub fn vouch(&self, until_ms: u32) -> &Control {
        self.control.vouched_until_ms.store(until_ms);
        if self.control.word.load() < 2 {
            self.control.advance();
        }
        &self.control
    }

    /// The host's addresses.
    pub fn locals_mut(&mut self) -> &mut HashMap<Addr, LocalRow> {
        &mut self.locals
    }

    /// A counter.
    pub fn counter(&self, index: CounterIndex) -> Counter {
        self.counters.get(index.0 as usize).map(Cell::get).unwrap_or_default()
    }

    /// Every counter that is not zero.
    pub fn counters(&self) -> BTreeMap<u32, Counter> {
        let all = self.counters.iter().enumerate().map(|(index, cell)| (index as u32, cell.get()));
        all.filter(|(_, counter)| *counter != Counter::default()).collect()
    }

    /// Hits by policy.
    pub fn hits(&self) -> BTreeMap<PolicyId, Counter> {
        self.hits.borrow().clone()
    }

    /// Every session row, in no order.
    pub fn session_rows(&self) -> Vec<(SessionKey, SessionRow)> {
        self.sessions.borrow().iter().copied().collect()
    }

    /// Session rows there are.
    pub fn session_row_count(&self) -> usize {
        self.sessions.borrow().len()
    }

    /// Every fragment row, in no order.
    pub fn fragment_rows(&self) -> Vec<(FragmentKey, FragmentRow)> {
        self.fragments.borrow().iter().map(|(key, row)| (*key, *row)).collect()
    }

    fn ruleset(&self, slot: Slot) -> &RulesetRows {
        &self.rulesets[slot.index() as usize]
    }

    /// Takes a session over from the source, under a record of our own.
    #[cold]
    fn import(&self, key: &SessionKey) -> Option<SessionRow> {
        let found = self.source?.find(key)?;
        let slot = self.take_record()?;
        self.records.get(slot.0 as usize)?.copy_from(&found.record);
        let row = SessionRow { slot, ..found.row };
        self.sessions.borrow_mut().insert(key, &row).ok()?;
        Some(row)
    }
}

impl Tables for NativeTables<'_> {
    #[inline(always)]
    fn control(&self) -> Option<&Control> {
        Some(&self.control)
    }

    #[inline(always)]
    fn settings(&self, slot: Slot, into: &mut Settings) -> bool {
        set(self.ruleset(slot).settings.as_ref(), into)
    }

    #[inline(always)]
    fn interface(&self, key: &InterfaceKey, into: &mut InterfaceRow) -> bool {
        let ruleset = self.ruleset(Slot::new(key.slot));
        set(ruleset.interfaces.get(&InterfaceKey { slot: 0, ..*key }), into)
    }

    #[inline(always)]
    fn link(&self, key: &LinkKey) -> Option<InterfaceId> {
        let ruleset = self.ruleset(Slot::new(key.slot));
        ruleset.links.get(&LinkKey { slot: 0, ..*key }).copied()
    }

    #[inline(always)]
    fn port(&self, slot: Slot, interface: InterfaceId, into: &mut LinkRow) -> bool {
        set(self.ruleset(slot).ports.get(usize::from(interface.0)), into)
    }

    #[inline(always)]
    fn local(&self, addr: Addr) -> Option<LocalRow> {
        self.locals.get(&addr).copied()
    }

    #[inline(always)]
    fn root(&self, key: &RootKey, into: &mut RootRow) -> bool {
        let ruleset = self.ruleset(Slot::new(u32::from(key.slot)));
        set(ruleset.roots.get(&RootKey { slot: 0, ..*key }), into)
    }

    #[inline(always)]
    fn node(&self, slot: Slot, index: u32) -> Option<NodeRow> {
        self.ruleset(slot).nodes.get(index as usize).copied()
    }

    #[inline(always)]
    fn leaf(&self, slot: Slot, index: u32) -> Option<u32> {
        self.ruleset(slot).leaves.get(index as usize).copied()
    }

    #[inline(always)]
    fn rule(&self, slot: Slot, index: u32) -> Option<RuleRow> {
        self.ruleset(slot).rules.get(index as usize).copied()
    }

    #[inline(always)]
    fn policy(&self, slot: Slot, index: u32) -> Option<PolicyRow> {
        self.ruleset(slot).policies.get(index as usize).copied()
    }

    #[inline(always)]
    fn nat(&self, slot: Slot, index: u32, into: &mut NatRow) -> bool {
        set(self.ruleset(slot).nat.get(index as usize), into)
    }

    #[inline(always)]
    fn session(&self, key: &SessionKey, into: &mut SessionRow) -> bool {
        if set(self.sessions.borrow().find(key), into) {
            return true;
        }
        self.source.is_some() && set(self.import(key).as_ref(), into)
    }

    fn learn_hop(&self, key: &SessionKey, hop: &Hop) {
        if let Some(row) = self.sessions.borrow_mut().find_mut(key) {
            row.hop = *hop;
        }
    }

    fn insert_session(&self, key: &SessionKey, row: &SessionRow) -> Result<(), InsertError> {
        if self.source.is_some_and(|source| source.find(key).is_some()) {
            return Err(InsertError::Exists);
        }
        self.sessions.borrow_mut().insert(key, row)
    }

    fn remove_session(&self, key: &SessionKey) {
        self.sessions.borrow_mut().remove(key);
    }

    #[inline(always)]
    fn record(&self, slot: SessionSlot) -> Option<&SessionRecord> {
        self.records.get(slot.0 as usize)
    }

    fn owner(&self, slot: SessionSlot) -> Option<&SessionOwner> {
        self.owners.get(slot.0 as usize)
    }

    fn take_record(&self) -> Option<SessionSlot> {
        self.free_records.borrow_mut().pop().map(SessionSlot)
    }

    fn give_record(&self, slot: SessionSlot) {
        self.free_records.borrow_mut().push(slot.0);
    }

    fn fragment(&self, key: &FragmentKey) -> Option<FragmentRow> {
        self.fragments.borrow().find(key)
    }

    fn insert_fragment(&self, key: &FragmentKey, row: &FragmentRow) {
        self.fragments.borrow_mut().insert(key, row);
    }

    #[inline(always)]
    fn count(&self, index: CounterIndex, bytes: u32) {
        if let Some(cell) = self.counters.get(index.0 as usize) {
            cell.set(plus(cell.get(), bytes));
        }
    }

    fn hit(&self, policy: PolicyId, bytes: u32) {
        let mut hits = self.hits.borrow_mut();
        let counter = hits.entry(policy).or_default();
        *counter = plus(*counter, bytes);
    }

    fn answers(&self) -> Option<&AnswerBudget> {
        Some(&self.answers)
    }
}

#[inline(always)]
fn set<T: Copy>(row: Option<&T>, into: &mut T) -> bool {
    match row {
        Some(row) => {
            *into = *row;
            true
        }
        None => false,
    }
}

#[inline(always)]
fn plus(counter: Counter, bytes: u32) -> Counter {
    Counter { packets: counter.packets + 1, bytes: counter.bytes + u64::from(bytes) }
}

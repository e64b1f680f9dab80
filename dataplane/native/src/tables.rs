use crate::fragments::FragmentTable;
use crate::ruleset::RulesetRows;
use crate::services::Tallies;
use crate::sessions::{SessionArrays, SessionSource, find_row, live_rows};
use flumen_abi::{
    Addr, AnswerBudget, Control, Counter, CounterIndex, FragmentKey, FragmentRow, FreeLink, FreeRecords,
    InterfaceId, InterfaceKey, InterfaceRow, LinkKey, LinkRow, LocalRow, NatRow, NodeRow, PolicyId,
    PolicyRow, RootKey, RootRow, RuleRow, SessionKey, SessionPlace, SessionRecord, SessionRow, SessionRow4,
    SessionRow6, SessionSlot, Settings, Slot, Word32, Word64, limits,
};
use flumen_pipeline::{SessionTables, Tables};
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
    rulesets: [RulesetRows; 2],
    locals: HashMap<Addr, LocalRow>,
    sessions: SessionArrays,
    fragments: RefCell<FragmentTable>,
    counters: Vec<Cell<Counter>>,
    hits: RefCell<BTreeMap<PolicyId, Counter>>,
    answers: AnswerBudget,
    pub(crate) tallies: Tallies,
    source: Option<&'a dyn SessionSource>,
}

// === impl NativeTables ===

impl<'a> NativeTables<'a> {
    /// Empty tables.
    pub fn new(bounds: Bounds) -> NativeTables<'a> {
        NativeTables {
            rulesets: [RulesetRows::default(), RulesetRows::default()],
            locals: HashMap::new(),
            sessions: SessionArrays::new(bounds.sessions as u32),
            fragments: RefCell::new(FragmentTable::new(bounds.fragments)),
            counters: vec![Cell::default(); CounterIndex::COUNT as usize],
            hits: RefCell::default(),
            answers: AnswerBudget::default(),
            tallies: Tallies::default(),
            source: None,
        }
    }

    /// Asks `source` for sessions that are not in these tables.
    pub fn with_source(mut self, source: &'a dyn SessionSource) -> NativeTables<'a> {
        self.source = Some(source);
        self
    }

    /// The rows of one ruleset.
    pub fn ruleset_mut(&mut self, slot: Slot) -> &mut RulesetRows {
        &mut self.rulesets[slot.index() as usize]
    }

    /// Switches to `slot`.
    pub fn activate(&self, slot: Slot) {
        self.sessions.control.activate(slot);
    }

    /// Lets sessions keep their next hops until [`NativeTables::activate`] or [`Control::advance`], and until
    /// `until_ms` of the clock.
    pub fn vouch(&self, until_ms: u32) -> &Control {
        let control = &self.sessions.control;
        control.vouched_until_ms.store(until_ms);
        if control.word.load() < 2 {
            control.advance();
        }
        control
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

    /// Sessions.
    pub fn sessions(&self) -> &SessionArrays {
        &self.sessions
    }

    /// Every session row, in no order.
    pub fn session_rows(&self) -> Vec<(SessionKey, SessionRow)> {
        live_rows(&self.sessions)
    }

    /// Session rows there are.
    pub fn session_row_count(&self) -> usize {
        self.sessions.row_count()
    }

    /// Every fragment row, in no order.
    pub fn fragment_rows(&self) -> Vec<(FragmentKey, FragmentRow)> {
        self.fragments.borrow().iter().map(|(key, row)| (*key, *row)).collect()
    }

    pub(crate) fn ruleset(&self, slot: Slot) -> &RulesetRows {
        &self.rulesets[slot.index() as usize]
    }

    #[cold]
    fn adopt(&self, source: &dyn SessionSource, key: &SessionKey) -> bool {
        source.find(key).is_some_and(|found| self.sessions.adopt(&found))
    }
}

impl SessionTables for NativeTables<'_> {
    #[inline(always)]
    fn control(&self) -> Option<&Control> {
        self.sessions.control()
    }

    #[inline(always)]
    fn row4(&self, place: SessionPlace) -> Option<&SessionRow4> {
        self.sessions.row4(place)
    }

    #[inline(always)]
    fn row6(&self, place: SessionPlace) -> Option<&SessionRow6> {
        self.sessions.row6(place)
    }

    #[inline(always)]
    fn record(&self, slot: SessionSlot) -> Option<&SessionRecord> {
        self.sessions.record(slot)
    }

    #[inline(always)]
    fn free_link(&self, slot: SessionSlot) -> Option<&FreeLink> {
        self.sessions.free_link(slot)
    }

    #[inline(always)]
    fn free_records(&self) -> Option<&FreeRecords> {
        self.sessions.free_records()
    }

    #[inline(always)]
    fn exchange(&self, word: &Word32, old: u32, new: u32) -> bool {
        self.sessions.exchange(word, old, new)
    }

    #[inline(always)]
    fn exchange64(&self, word: &Word64, old: u64, new: u64) -> bool {
        self.sessions.exchange64(word, old, new)
    }

    #[inline(always)]
    fn barrier(&self) {
        self.sessions.barrier();
    }

    #[inline(always)]
    fn import(&self, key: &SessionKey) -> bool {
        match self.source {
            Some(source) => find_row(&self.sessions, key).is_none() && self.adopt(source, key),
            None => false,
        }
    }
}

impl Tables for NativeTables<'_> {
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
